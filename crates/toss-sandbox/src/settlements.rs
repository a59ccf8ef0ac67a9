//! What Toss pays out: amount, fees, and when (Toss core API, Settlements).
//!
//! Toss has settlements for live keys only, so nothing here is measured: the fees and the two days are made up, and
//! [`Fees`] changes them. What always holds is documented: what is paid out is the amount without the fees, and the
//! fees are divided into a supply and its tax.

use serde_json::{Value, json};

use crate::clock::{DAY, Korea, Ms};
use crate::ledger::Row;
use crate::means::Means;
use crate::money::{Shown, split};
use crate::payment::Payment;
use crate::switches::CancelSign;
use crate::{lang::Lang, view};

/// Business days from the sale to the money, Saturdays and Sundays apart; no other holidays are known here.
const DAYS_TO_PAY_OUT: u8 = 2;
/// What a row shows of its payment, in the same shape.
const SHARED: [&str; 6] = ["card", "easyPay", "giftCertificate", "mobilePhone", "transfer", "virtualAccount"];
/// What a payment says of a cancel and a settlement does not.
const NOT_SETTLED: [&str; 5] = [
    "cardDiscountAmount",
    "transferDiscountAmount",
    "easyPayDiscountAmount",
    "cancelStatus",
    "cancelRequestId",
];

/// The fees, tax included: shares in ten-thousandths of the amount, made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Of a card and of a wallet.
    pub card: u16,
    /// Of a bank transfer.
    pub transfer: u16,
    /// Of a mobile phone.
    pub mobile_phone: u16,
    /// Of a gift certificate.
    pub gift_certificate: u16,
    /// Of a wallet from outside of Korea.
    pub foreign: u16,
    /// Of a virtual account: won for each deposit, whatever its amount. A cancel does not give it back.
    pub virtual_account_won: u16,
    /// For each month of an instalment plan whose interest the merchant pays.
    pub installment: u16,
}

impl Default for Fees {
    fn default() -> Self {
        Self {
            card: 300,
            transfer: 180,
            mobile_phone: 350,
            gift_certificate: 600,
            foreign: 400,
            virtual_account_won: 400,
            installment: 50,
        }
    }
}

/// The fees of one row, in the currency's smallest unit.
struct Charged {
    base: i64,
    installment: i64,
}

impl Fees {
    fn of(&self, means: Means, amount: i64, is_cancel: bool) -> Charged {
        let share = |rate: u16| (amount * i64::from(rate) + 5_000) / 10_000;
        let base = match means {
            Means::Card(_) | Means::EasyPay(_) => share(self.card),
            Means::Transfer(_) => share(self.transfer),
            Means::MobilePhone => share(self.mobile_phone),
            Means::Gift(_) => share(self.gift_certificate),
            Means::Foreign(_) => share(self.foreign),
            Means::VirtualAccount(_) if is_cancel => 0,
            Means::VirtualAccount(_) => i64::from(self.virtual_account_won).min(amount),
        };
        let free = means.card().filter(|card| card.is_interest_free);
        let installment = free.map_or(0, |card| share(self.installment) * i64::from(card.months));
        Charged { base, installment }
    }
}

/// The midnight of the day on which the money of this moment is paid out.
pub(crate) fn paid_out(sold: Ms) -> Ms {
    let mut day = Korea(sold).midnight();
    for _ in 0..DAYS_TO_PAY_OUT {
        day += DAY;
        while Korea(day).is_weekend() {
            day += DAY;
        }
    }
    day
}

/// The row of a transaction of this payment; `None` while no money has come in.
pub(crate) fn show(row: &Row, payment: &Payment, fees: &Fees, sign: CancelSign, lang: Lang) -> Option<Value> {
    let (means, approved_at) = (row.means?, payment.approved_at?);
    if row.amount == 0 {
        return None;
    }
    let charged = fees.of(means, row.amount, row.is_cancel);
    let fee = charged.base + charged.installment;
    let parts = split(fee, 0);
    let direction = if row.is_cancel && sign == CancelSign::Negative { -1 } else { 1 };
    let currency = row.about.currency;
    let won = |amount: i64| -> Shown { currency.show(direction * amount) };
    let mut listed = vec![json!({ "type": "BASE", "fee": won(charged.base) })];
    if charged.installment > 0 {
        listed.push(json!({ "type": "INSTALLMENT", "fee": won(charged.installment) }));
    }
    let mut whole = view::to_value(payment, lang);
    let mut settled = json!({
        "mId": &*row.about.mid,
        "paymentKey": &*row.about.key,
        "transactionKey": row.transaction,
        "orderId": &*row.about.order,
        "currency": currency.code(),
        "method": means.name(lang),
        "amount": won(row.amount),
        "interestFee": won(charged.installment),
        "fees": listed,
        "supplyAmount": won(parts.supplied),
        "vat": won(parts.vat),
        "payOutAmount": won(row.amount - fee),
        "approvedAt": Korea(approved_at),
        "soldDate": Korea(row.at).day(),
        "paidOutDate": Korea(paid_out(row.at)).day(),
        "cancel": cancel(&whole, &row.transaction.to_string()),
    });
    for field in SHARED {
        settled[field] = whole[field].take();
    }
    Some(settled)
}

/// The cancel of this transaction, if it is one.
fn cancel(payment: &Value, transaction: &str) -> Option<Value> {
    let cancels = payment["cancels"].as_array()?;
    let mut cancel = cancels.iter().find(|cancel| cancel["transactionKey"] == transaction)?.clone();
    let fields = cancel.as_object_mut()?;
    for field in NOT_SETTLED {
        fields.remove(field);
    }
    Some(cancel)
}
