//! Cancel: all, a part, or the rest (Toss core API, Cancel).

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::Call;
use crate::auth::MerchantId;
use crate::choice::{RefundTo, RefundWish};
use crate::clock::Ms;
use crate::codes::{self, Code};
use crate::journal::{Effect, EffectKind, Entry, Operation};
use crate::means::Means;
use crate::money::Written;
use crate::payment::{Payment, Status};
use crate::refund::{Later, Parts, Taking};
use crate::shared::Shared;
use crate::state::World;
use crate::switches::{LaterCancelMoves, Switches};

/// A refund account that takes no money.
const CLOSED: &str = "0000000000";
/// A holder whom the bank does not know.
const NOT_THE_HOLDER: &str = "불일치";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Body {
    cancel_reason: Option<String>,
    cancel_amount: Option<Written>,
    refund_receive_account: Option<RefundWish>,
    tax_free_amount: Option<Written>,
    tax_exemption_amount: Option<Written>,
    currency: Option<String>,
    refundable_amount: Option<Written>,
    cancel_request_id: Option<String>,
}

/// A cancel whose own parts are right. Which currency its amounts are of, the payment knows.
pub(crate) struct Ask {
    payment_key: String,
    reason: String,
    pub(crate) amount: Option<Written>,
    body: Body,
}

impl Ask {
    pub(crate) fn read(payment_key: String, mut body: Body) -> Result<Self, Code> {
        let reason = body.cancel_reason.take().filter(|reason| !reason.trim().is_empty());
        let reason = reason.ok_or(codes::INVALID_REQUIRED_PARAM)?;
        let amount = body.cancel_amount;
        let parts = [body.tax_free_amount, body.tax_exemption_amount];
        let negative = parts.into_iter().flatten().any(Written::is_negative);
        if reason.chars().count() > 200 || amount.is_some_and(|amount| !amount.is_positive()) || negative {
            return Err(codes::INVALID_REQUEST);
        }
        Ok(Self { payment_key, reason, amount, body })
    }
}

pub(crate) fn execute(
    world: &mut World,
    shared: &Shared,
    merchant: MerchantId,
    ask: &Ask,
    call: &Call,
    now: Ms,
) -> Outcome {
    let mixed_tax = shared.directory.merchant(merchant).mixed_tax;
    let switches = world.switches;
    let quick = Duration::from_millis(switches.quick_cancels_ms);
    let checked = world.find(merchant, &ask.payment_key, now).and_then(|payment| {
        let parts = may_cancel(payment, ask, mixed_tax, switches, now)?;
        check_currency(payment, ask, parts.amount)?;
        let later = may_cancel_later(payment, ask, switches, now)?;
        check_account(payment, ask, switches)?;
        // Toss says 200 and does nothing: no refusal, no entry in `cancels`, no webhook.
        let dropped = payment.was_canceled_within(quick, now).then(|| payment.clone());
        Ok((Taking { reason: &ask.reason, parts, later }, dropped))
    });
    let answered = |payment, effect| {
        let said = Said::Payment(Box::new(payment));
        Outcome { answer: Answer { said, lang: call.lang }, effect }
    };
    match checked {
        Err(code) => Outcome::refused(code, call),
        Ok((_, Some(unchanged))) => answered(unchanged, Effect::DROPPED),
        Ok((taking, None)) => match world.take_back(&ask.payment_key, &taking, now) {
            Some((payment, effect)) => answered(payment, effect),
            None => Outcome::refused(codes::NOT_FOUND_PAYMENT, call),
        },
    }
}

/// A cancel that the merchant's people make in Toss's own dashboard: the same rules, but no key, no account (the
/// dashboard asks for it itself), and nothing is dropped, though it makes a quick one after it be dropped.
pub(crate) fn in_dashboard(
    world: &mut World,
    shared: &Shared,
    payment_key: String,
    amount: Option<Written>,
    reason: Option<String>,
) -> Result<Payment, Code> {
    let now = shared.now();
    let body = Body {
        cancel_reason: Some(reason.unwrap_or_else(|| String::from("상점관리자 취소"))),
        cancel_amount: amount,
        ..Body::default()
    };
    let ask = Ask::read(payment_key, body)?;
    let switches = world.switches;
    let payment = world.payment(&ask.payment_key, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
    let currency = payment.about.currency;
    let mixed_tax = shared.directory.merchant(payment.about.merchant).mixed_tax;
    let parts = may_cancel(payment, &ask, mixed_tax, switches, now)?;
    let taking = Taking { reason: &ask.reason, parts, later: None };
    let (payment, effect) =
        world.take_back(&ask.payment_key, &taking, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
    world.journal.write(Entry {
        at: now,
        operation: Operation::DashboardCancel,
        order: Some(Arc::clone(&payment.about.order)),
        payment: Some(Arc::clone(&payment.about.key)),
        amount: ask.amount.and_then(|amount| currency.read(amount)),
        key: None,
        replayed: false,
        lost: false,
        status: None,
        code: None,
        effect,
    });
    Ok(payment)
}

impl World {
    /// Gives money back, or accepts to, and tells everybody who has to hear of it: of an asynchronous cancel nobody,
    /// until it ends.
    fn take_back(&mut self, key: &str, taking: &Taking<'_>, now: Ms) -> Option<(Payment, Effect)> {
        let tells_each = self.switches.tell_repeated_partial_cancels;
        let (payment, ids, _) = self.with_ids(key, now)?;
        let could_pay_in = payment.account.as_ref().is_some_and(|account| !account.expired)
            && payment.status == Status::WaitingForDeposit;
        let repeated = payment.status == Status::PartialCanceled;
        let transaction = payment.cancel(taking, ids, now);
        let payment = payment.clone();
        let amount = taking.parts.amount;
        if let Some(later) = taking.later {
            later.ends.into_iter().for_each(|at| self.wind_to(&payment.about.key, at));
            return Some((payment, Effect::moved(EffectKind::CancelAccepted, amount, transaction)));
        }
        if could_pay_in {
            self.free_number(&payment);
        }
        if tells_each || !repeated {
            self.tell(&payment, Some((transaction, amount)), now);
        } else {
            self.record(&payment, transaction, amount, now);
        }
        Some((payment, Effect::moved(EffectKind::Canceled, amount, transaction)))
    }
}

/// The rules in the order in which they answer; what to take if none refuses.
fn may_cancel(
    payment: &Payment,
    ask: &Ask,
    mixed_tax: bool,
    switches: Switches,
    now: Ms,
) -> Result<Parts, Code> {
    match payment.status {
        Status::Canceled => return Err(codes::ALREADY_CANCELED_PAYMENT),
        Status::PartialCanceled if payment.balance == 0 => return Err(codes::NOT_CANCELABLE_AMOUNT),
        Status::WaitingForDeposit | Status::Done | Status::PartialCanceled => {}
        _ => return Err(codes::NOT_CANCELABLE_PAYMENT),
    }
    let currency = payment.about.currency;
    if ask.body.refundable_amount.is_some_and(|seen| currency.read(seen) != Some(payment.balance)) {
        return Err(codes::NOT_MATCHES_REFUNDABLE_AMOUNT);
    }
    if ask.body.currency.as_deref().is_some_and(|asked| asked != currency.code()) {
        return Err(codes::INVALID_CURRENCY);
    }
    let left = payment.cancelable();
    let amount = match ask.amount {
        None => left.amount,
        Some(written) => currency.read(written).ok_or(codes::INVALID_REQUEST)?,
    };
    if amount > left.amount || amount == 0 {
        return Err(codes::NOT_CANCELABLE_AMOUNT);
    }
    if amount < left.amount {
        may_cancel_a_part(payment, amount, switches)?;
    }
    if payment.is_past_refund_due(now) {
        return Err(codes::EXCEED_MAX_REFUND_DUE);
    }
    untaxed_parts(payment, ask, Parts { amount, ..left }, left.amount, mixed_tax)
}

fn may_cancel_a_part(payment: &Payment, amount: i64, switches: Switches) -> Result<(), Code> {
    if payment.status == Status::WaitingForDeposit {
        return Err(codes::NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT);
    }
    let by_gift = matches!(payment.means, Some(Means::Gift(_)));
    if !payment.is_partial_cancelable() || (by_gift && !switches.gift_partial_cancels) {
        return Err(codes::NOT_ALLOWED_PARTIAL_REFUND);
    }
    if amount < payment.about.terms.discount {
        return Err(codes::EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT);
    }
    Ok(())
}

/// A part of a foreign payment is asked for with its currency.
fn check_currency(payment: &Payment, ask: &Ask, amount: i64) -> Result<(), Code> {
    let in_part = amount < payment.cancelable().amount;
    let must = in_part && matches!(payment.means, Some(Means::Foreign(_)));
    if must && ask.body.currency.is_none() { Err(codes::INVALID_REQUIRED_PARAM) } else { Ok(()) }
}

/// The tax-free and the exempt part of this cancel: all of them with the rest of the money; else what is asked, the
/// tax-free one of merchants who have such goods only.
fn untaxed_parts(
    payment: &Payment,
    ask: &Ask,
    parts: Parts,
    left: i64,
    mixed_tax: bool,
) -> Result<Parts, Code> {
    if parts.amount == left {
        return Ok(parts);
    }
    let read = |written: Option<Written>| match written {
        None => Ok(0),
        Some(written) => payment.about.currency.read(written).ok_or(codes::INVALID_REQUEST),
    };
    let tax_free = if mixed_tax { read(ask.body.tax_free_amount)? } else { 0 };
    let tax_exempt = read(ask.body.tax_exemption_amount)?;
    let taxable = parts.amount - tax_free - tax_exempt;
    let taxable_left = left - parts.tax_free - parts.tax_exempt;
    let fits =
        tax_free <= parts.tax_free && tax_exempt <= parts.tax_exempt && (0..=taxable_left).contains(&taxable);
    if fits { Ok(Parts { tax_free, tax_exempt, ..parts }) } else { Err(codes::INVALID_REQUEST) }
}

/// A wallet of China or South-East Asia only accepts a cancel, under an id of the caller's. That a second cancel under
/// the same id is refused is not documented.
fn may_cancel_later<'a>(
    payment: &Payment,
    ask: &'a Ask,
    switches: Switches,
    now: Ms,
) -> Result<Option<Later<'a>>, Code> {
    if !matches!(payment.means, Some(Means::Foreign(wallet)) if wallet.cancels_later) {
        return Ok(None);
    }
    let request = ask.body.cancel_request_id.as_deref().ok_or(codes::INVALID_REQUIRED_PARAM)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=');
    if !(6..=64).contains(&request.len()) || !request.bytes().all(allowed) {
        return Err(codes::INVALID_REQUEST);
    }
    if payment.cancels.iter().any(|cancel| cancel.request.as_deref() == Some(request)) {
        return Err(codes::DUPLICATED_REQUEST);
    }
    let after = Ms::try_from(switches.later_cancel_ms).ok().filter(|after| *after > 0);
    let moves_now = switches.later_cancel_moves == LaterCancelMoves::Accepted;
    Ok(Some(Later { request, ends: after.map(|after| now + after), moves_now }))
}

/// The money of a deposited virtual account goes to the account that the call names, or that the window collected.
fn check_account(payment: &Payment, ask: &Ask, switches: Switches) -> Result<(), Code> {
    if payment.account.is_none() || payment.status == Status::WaitingForDeposit {
        return Ok(());
    }
    let collected = payment.more.as_ref().is_some_and(|more| more.refund_to.is_some());
    match &ask.body.refund_receive_account {
        Some(account) => account.read().and_then(|to| bank_takes(&to, switches)),
        None if collected => Ok(()),
        None => Err(codes::INVALID_REQUIRED_PARAM),
    }
}

/// What a bank would say of the account, for the two that stand for accounts it does not like.
fn bank_takes(to: &RefundTo, switches: Switches) -> Result<(), Code> {
    match (&*to.number, &*to.holder) {
        _ if !switches.check_refund_accounts => Ok(()),
        (CLOSED, _) => Err(codes::FORBIDDEN_BANK_REFUND_REQUEST),
        (_, NOT_THE_HOLDER) => Err(codes::INVALID_REFUND_ACCOUNT_INFO),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::account::Numbers;
    use crate::enums::Abroad;
    use crate::ids::Ids;
    use crate::means::Card;
    use crate::money::Currency;
    use crate::payment::{About, Terms};

    /// A confirmed payment: of a card in won, of `PAYPAL` in dollars, or of Alipay, which cancels later.
    fn paid(wallet: Option<&str>, amount: i64, tax_free: i64, tax_exempt: i64) -> Payment {
        let means = wallet.map_or(Means::Card(Card::usual()), |code| {
            Means::Foreign(Abroad::find(code).expect("a wallet of the table"))
        });
        let currency = if wallet == Some("PAYPAL") { Currency::Usd } else { Currency::Krw };
        let mut payment = Payment::open(About {
            key: "key".into(),
            order: "order".into(),
            order_name: "mug".into(),
            merchant: 0,
            mid: "mid".into(),
            version: "2022-11-16".into(),
            origin: "http://127.0.0.1".into(),
            amount,
            currency,
            tax_free,
            tax_exempt,
            requested_at: 0,
            terms: Terms::default(),
        });
        payment.authenticate(means.into(), None, 0).expect("an open window");
        payment.approve(&mut Ids::new(1), &mut Numbers::new(1), 0);
        payment
    }

    /// Every amount relation that must hold at any moment (Toss core API, amount relations 1, 2 and 4).
    fn adds_up(payment: &Payment) -> Result<(), TestCaseError> {
        let split = payment.split();
        let parts = [split.supplied, split.vat, payment.tax_free, payment.tax_exempt];
        prop_assert!(parts.iter().all(|part| *part >= 0), "{parts:?}");
        prop_assert_eq!(parts.iter().sum::<i64>(), payment.balance);
        let moved = payment.cancels.iter().filter(|cancel| cancel.has_moved());
        let given_back: i64 = moved.map(|cancel| cancel.parts.amount).sum();
        prop_assert_eq!(payment.balance, payment.about.amount - given_back);
        Ok(())
    }

    proptest! {
        #[test]
        fn whatever_is_cancelled_the_parts_add_up_to_the_balance(
            wallet in prop::sample::select(vec![None, Some("PAYPAL"), Some("ALIPAY")]),
            amount in 1_i64..100_000,
            (tax_free, tax_exempt) in (0_i64..50_000, 0_i64..50_000),
            mixed_tax: bool,
            moves in prop::sample::select(vec![LaterCancelMoves::Ended, LaterCancelMoves::Accepted]),
            cancels in prop::collection::vec((1_i64..40_000, 0_i64..20_000, 0_i64..20_000, any::<bool>()), 1..12),
        ) {
            let tax_free = tax_free.min(amount);
            // A card's payment with an exempt part is only cancelled as a whole; the others show more.
            let tax_exempt = if wallet.is_none() { 0 } else { tax_exempt.min(amount - tax_free) };
            let mut payment = paid(wallet, amount, tax_free, tax_exempt);
            let currency = payment.about.currency;
            let switches = Switches { later_cancel_moves: moves, later_cancel_ms: 0, ..Switches::default() };
            let mut ids = Ids::new(7);
            for (at, (amount, tax_free, tax_exempt, ends_well)) in cancels.into_iter().enumerate() {
                let body = json!({
                    "cancelReason": "x", "cancelAmount": currency.show(amount), "currency": currency.code(),
                    "taxFreeAmount": currency.show(tax_free), "taxExemptionAmount": currency.show(tax_exempt),
                    "cancelRequestId": format!("request-{at}"),
                });
                let ask = Ask::read("key".into(), serde_json::from_value(body).unwrap()).unwrap();
                let Ok(parts) = may_cancel(&payment, &ask, mixed_tax, switches, 0) else { continue };
                let later = may_cancel_later(&payment, &ask, switches, 0).unwrap();
                payment.cancel(&Taking { reason: "x", parts, later }, &mut ids, 0);
                adds_up(&payment)?;
                // Now and then one stays under way while the next one is asked for.
                if later.is_some() && at % 3 != 0 {
                    payment.end_cancel(None, ends_well).unwrap();
                    adds_up(&payment)?;
                }
            }
            while payment.end_cancel(None, true).is_ok() {
                adds_up(&payment)?;
            }
        }
    }
}
