//! Cash receipts that belong to a payment: written when the money is in, cancelled with it (Toss core API, Cash receipts).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::{Korea, Ms};
use crate::ids::Ids;
use crate::lang::Lang;
use crate::means::Means;
use crate::payment::Payment;
use crate::terms::CashKind;

/// A receipt as it was issued, in won.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CashReceipt {
    pub(crate) kind: CashKind,
    pub(crate) key: Arc<str>,
    pub(crate) issue_number: Box<str>,
    /// The buyer's number, masked.
    pub(crate) identity: Box<str>,
    pub(crate) amount: i64,
    pub(crate) tax_free: i64,
    pub(crate) at: Ms,
}

impl CashKind {
    pub(crate) fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Income => lang.pick("소득공제", "INCOME_DEDUCTION"),
            Self::Expense => lang.pick("지출증빙", "EXPENSE_PROOF"),
        }
    }
}

impl Payment {
    /// Writes the receipt that the buyer of a transfer or of a virtual account asked for; without a number of the
    /// buyer's there is nobody to write it for.
    pub(crate) fn write_cash_receipt(&mut self, ids: &mut Ids, now: Ms) {
        let Some(more) = self.more.as_ref() else { return };
        let (Some(cash), Some(Means::Transfer(_) | Means::VirtualAccount(_))) = (&more.cash, self.means)
        else {
            return;
        };
        let Some(number) = cash.number.as_deref().or(self.about.terms.customer_phone.as_deref()) else {
            return;
        };
        self.cash = Some(Arc::new(CashReceipt {
            kind: cash.kind,
            key: ids.receipt_key().into(),
            issue_number: ids.issue_number().into(),
            identity: masked(number).into(),
            amount: self.balance,
            tax_free: self.tax_free,
            at: now,
        }));
    }

    /// The key of the receipt that the next cancel writes: `c_` and the first one's; how those of further partial
    /// cancels are told apart is not documented.
    pub(crate) fn receipt_of_cancel(&self) -> Option<Arc<str>> {
        let cash = self.cash.as_ref()?;
        let before = self.cancels.iter().filter(|cancel| cancel.receipt.is_some()).count();
        Some(match before {
            0 => format!("c_{}", cash.key).into(),
            more => format!("c_{}_{}", cash.key, more + 1).into(),
        })
    }
}

/// `Payment.cashReceipt`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CashView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    receipt_key: &'a str,
    issue_number: &'a str,
    receipt_url: String,
    amount: i64,
    tax_free_amount: i64,
}

/// An entry of `Payment.cashReceipts`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CashEntryView<'a> {
    pub(crate) receipt_key: &'a str,
    pub(crate) order_id: &'a str,
    pub(crate) order_name: &'a str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) issue_number: &'a str,
    pub(crate) receipt_url: String,
    pub(crate) business_number: &'static str,
    pub(crate) transaction_type: &'static str,
    pub(crate) amount: i64,
    pub(crate) tax_free_amount: i64,
    /// `IN_PROGRESS` for ever in Toss's test mode.
    pub(crate) issue_status: &'static str,
    pub(crate) failure: Option<CashFailure<'a>>,
    pub(crate) customer_identity_number: &'a str,
    pub(crate) requested_at: Korea,
}

/// Why the tax service refused a receipt.
#[derive(Serialize)]
pub(crate) struct CashFailure<'a> {
    pub(crate) code: &'static str,
    pub(crate) message: &'a str,
}

pub(crate) fn cash_view(cash: &CashReceipt, lang: Lang) -> CashView<'_> {
    CashView {
        kind: cash.kind.name(lang),
        receipt_key: &cash.key,
        issue_number: &cash.issue_number,
        receipt_url: receipt_url(&cash.key),
        amount: cash.amount,
        tax_free_amount: cash.tax_free,
    }
}

/// The receipt, and one for each cancel.
pub(crate) fn cash_views<'a>(
    payment: &'a Payment,
    cash: &'a CashReceipt,
    lang: Lang,
) -> Vec<CashEntryView<'a>> {
    let entry = |key: &'a str, transaction_type, amount, tax_free, at| CashEntryView {
        receipt_key: key,
        order_id: &payment.about.order,
        order_name: &payment.about.order_name,
        kind: cash.kind.name(lang),
        issue_number: &cash.issue_number,
        receipt_url: receipt_url(key),
        business_number: "0000000000",
        transaction_type,
        amount,
        tax_free_amount: tax_free,
        issue_status: "IN_PROGRESS",
        failure: None,
        customer_identity_number: &cash.identity,
        requested_at: Korea(at),
    };
    let cancels = payment.cancels.iter().filter_map(|cancel| {
        let key = cancel.receipt.as_deref()?;
        Some(entry(key, "CANCEL", cancel.parts.amount, cancel.parts.tax_free, cancel.at))
    });
    let first = entry(&cash.key, "CONFIRM", cash.amount, cash.tax_free, cash.at);
    std::iter::once(first).chain(cancels).collect()
}

pub(crate) fn receipt_url(key: &str) -> String {
    format!("https://dashboard.tosspayments.com/receipt/cash-receipt?receiptKey={key}")
}

/// All but the first three digits and the last one.
pub(crate) fn masked(number: &str) -> String {
    let last = number.len().saturating_sub(1);
    let hide = |(at, digit)| if at < 3 || at >= last { digit } else { '*' };
    number.chars().enumerate().map(hide).collect()
}
