//! The list of transactions: one row for each approval and each cancel (Toss core API, Transactions).
//!
//! A virtual account makes a row of amount 0 when it is issued and one of the whole amount when it is paid; a
//! deposit that the bank takes back makes none. Rows are kept in the order of their effects and never go back in
//! time, so that a page is found by halving.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::auth::MerchantId;
use crate::clock::{Korea, Ms, SECOND};
use crate::codes::{self, Code};
use crate::ids::Transaction;
use crate::lang::Lang;
use crate::means::Means;
use crate::money::Shown;
use crate::payment::{About, Payment, Status};
use crate::switches::CancelSign;
use crate::view::receipt_url;

/// One row; what belongs to the payment is shared with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) about: Arc<About>,
    pub(crate) means: Option<Means>,
    status: Status,
    pub(crate) transaction: Transaction,
    pub(crate) at: Ms,
    /// In the currency's smallest unit; never negative here.
    pub(crate) amount: i64,
    pub(crate) is_cancel: bool,
    escrow: bool,
}

impl Row {
    /// The row of the payment's newest transaction.
    pub(crate) fn of(payment: &Payment, transaction: Transaction, amount: i64, at: Ms) -> Self {
        Self {
            about: Arc::clone(&payment.about),
            means: payment.means,
            status: payment.status,
            transaction,
            at,
            amount,
            escrow: payment.extras().escrow,
            is_cancel: payment.cancels.iter().rev().any(|cancel| cancel.transaction == transaction),
        }
    }
}

/// What a page is asked for; the times are milliseconds, both ends belong to it.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) merchant: MerchantId,
    pub(crate) from: Ms,
    pub(crate) until: Ms,
    pub(crate) after: Option<&'a str>,
    pub(crate) limit: usize,
}

/// The rows, bounded: the oldest are forgotten first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    rows: VecDeque<Row>,
    most: usize,
}

impl Ledger {
    pub(crate) fn new(most: usize) -> Self {
        Self { rows: VecDeque::new(), most }
    }

    pub(crate) fn write(&mut self, mut row: Row) {
        // A clock that was set back must not break the order that the pages rely on.
        row.at = row.at.max(self.rows.back().map_or(row.at, |last| last.at));
        self.rows.push_back(row);
        while self.rows.len() > self.most {
            self.rows.pop_front();
        }
    }

    /// The merchant's rows from one moment until before another, oldest first.
    pub(crate) fn between(&self, merchant: MerchantId, from: Ms, until: Ms) -> impl Iterator<Item = &Row> {
        let first = self.rows.partition_point(|row| row.at < from);
        let rest = self.rows.iter().skip(first).take_while(move |row| row.at < until);
        rest.filter(move |row| row.about.merchant == merchant)
    }

    /// A page, oldest first; a `startingAfter` that names no row of the merchant is a bad paging key.
    pub(crate) fn page(&self, wanted: &Wanted<'_>) -> Result<Arc<[Row]>, Code> {
        let own = |row: &&Row| row.about.merchant == wanted.merchant;
        let second = |row: &Row| row.at - row.at.rem_euclid(SECOND);
        let mut first = self.rows.partition_point(|row| second(row) < wanted.from);
        if let Some(key) = wanted.after {
            let named = |row: &Row| own(&row) && row.transaction.to_string() == key;
            let place = Transaction::is_spelled(key).then(|| self.rows.iter().position(named)).flatten();
            first = first.max(place.ok_or(codes::INVALID_PAGING_KEY)? + 1);
        }
        let rest = self.rows.iter().skip(first).take_while(|row| second(row) <= wanted.until);
        Ok(rest.filter(own).take(wanted.limit).cloned().collect())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowView<'a> {
    m_id: &'a str,
    transaction_key: Transaction,
    payment_key: &'a str,
    order_id: &'a str,
    method: Option<&'static str>,
    customer_key: Option<&'a str>,
    use_escrow: bool,
    receipt_url: Option<String>,
    status: &'static str,
    transaction_at: Korea,
    currency: &'static str,
    amount: Shown,
}

/// A page as JSON: a plain array.
pub(crate) fn to_json(rows: &[Row], sign: CancelSign, lang: Lang) -> Vec<u8> {
    let views: Vec<_> = rows
        .iter()
        .map(|row| RowView {
            m_id: &row.about.mid,
            transaction_key: row.transaction,
            payment_key: &row.about.key,
            order_id: &row.about.order,
            method: row.means.map(|means| means.name(lang)),
            customer_key: row.about.terms.billing.as_ref().map(|charged| &*charged.source.customer),
            use_escrow: row.escrow,
            receipt_url: row.means.map(|means| receipt_url(means, &row.about.key)),
            status: row.status.name(),
            transaction_at: Korea(row.at),
            currency: row.about.currency.code(),
            amount: {
                let negative = row.is_cancel && sign == CancelSign::Negative;
                row.about.currency.show(if negative { -row.amount } else { row.amount })
            },
        })
        .collect();
    serde_json::to_vec(&views).expect("a row has string keys only")
}
