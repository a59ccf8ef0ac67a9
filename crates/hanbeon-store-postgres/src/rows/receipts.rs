//! The rows of cash receipts.
use super::Cells;
use hanbeon_domain::receipt::{Canceling, Paper, Reason, Receipt, ReceiptCancel, ReceiptKind, ReceiptState};
use hanbeon_domain::{PaymentId, ReceiptId, Won};
use hanbeon_store::StoreError;
use tokio_postgres::Row;

/// The columns that [`receipt`] reads.
macro_rules! receipt_columns {
    () => {
        "receipt_id, payment_id, kind, amount, created_at, version, toss_receipt_key, url, state, tries, cancel_amount, \
         cancel_since, called_at, round, answered, landing, reason_code, reason_message, review_reason, canceled_amount"
    };
}
pub(crate) use receipt_columns;

/// Reads `receipt_columns!`, with the sum of its cancels, which stand in another table.
pub(crate) fn receipt(row: &Row) -> Result<(Receipt, Won), StoreError> {
    let mut cells = Cells::new("receipts", row);
    let id = ReceiptId::from_uuid(cells.uuid()?);
    let payment = PaymentId::from_uuid(cells.uuid()?);
    let kind = cells.parse(|text: String| ReceiptKind::parse(&text))?;
    let (amount, created_at) = (cells.won()?, cells.time()?);
    let version = cells.number()?;
    let (key, url): (Option<String>, Option<String>) = (cells.take()?, cells.take()?);
    let paper = key.map(|key| Paper { key, url });
    let state = state(&mut cells)?;
    let canceled = cells.won()?;
    let cancels = Vec::new();
    Ok((Receipt { id, payment, kind, amount, created_at, version, paper, cancels, state }, canceled))
}

/// The state with its facts: all of its own, and none of another's.
fn state(cells: &mut Cells<'_>) -> Result<ReceiptState, StoreError> {
    let name: String = cells.take()?;
    let tries = cells.maybe_number()?;
    let cancel = (cells.maybe_won()?, cells.maybe_time()?, cells.maybe_time()?);
    let facts: (_, Option<bool>, Option<bool>) = (cells.maybe_number()?, cells.take()?, cells.take()?);
    let (code, message): (Option<String>, Option<String>) = (cells.take()?, cells.take()?);
    let reason = code.zip(message).map(|(code, message)| Reason { code, message });
    let why: Option<String> = cells.take()?;
    let canceling = match (cancel, facts, tries) {
        (
            (Some(amount), Some(since), Some(called_at)),
            (Some(round), Some(answered), Some(landing)),
            Some(tries),
        ) => {
            let refusal = reason.clone();
            Some(Canceling { amount, since, called_at, tries, round, answered, landing, refusal })
        }
        ((None, None, None), (None, None, None), _) => None,
        _ => return Err(cells.corrupt("half a cancel")),
    };
    match (name.as_str(), canceling, tries, reason, why) {
        ("issuing", None, Some(tries), None, None) => Ok(ReceiptState::Issuing { tries }),
        ("issued", None, None, None, None) => Ok(ReceiptState::Issued),
        ("canceling", Some(canceling), _, _, None) => Ok(ReceiptState::Canceling(canceling)),
        ("canceled", None, None, None, None) => Ok(ReceiptState::Canceled),
        ("failed", None, None, Some(reason), None) => Ok(ReceiptState::Failed(reason)),
        ("needs_review", cancel, _, _, Some(why)) => Ok(ReceiptState::NeedsReview { why, cancel }),
        _ => Err(cells.corrupt("state")),
    }
}

/// Reads `amount, canceled_at`.
pub(crate) fn cancel(row: &Row) -> Result<ReceiptCancel, StoreError> {
    let mut cells = Cells::new("receipt_cancels", row);
    Ok(ReceiptCancel { amount: cells.won()?, at: cells.time()? })
}

/// The facts of a state, as columns.
#[derive(Default)]
pub(crate) struct Facts<'a> {
    pub(crate) tries: Option<u32>,
    pub(crate) canceling: Option<&'a Canceling>,
    pub(crate) reason: Option<&'a Reason>,
    pub(crate) why: Option<&'a str>,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(state: &'a ReceiptState) -> Self {
        let none = Self::default();
        match state {
            ReceiptState::Issuing { tries } => Self { tries: Some(*tries), ..none },
            ReceiptState::Canceling(canceling) => Self::of_cancel(canceling),
            ReceiptState::Failed(reason) => Self { reason: Some(reason), ..none },
            ReceiptState::NeedsReview { why, cancel } => {
                Self { why: Some(why), ..cancel.as_ref().map_or(none, Self::of_cancel) }
            }
            ReceiptState::Issued | ReceiptState::Canceled => none,
        }
    }

    fn of_cancel(canceling: &'a Canceling) -> Self {
        let Canceling { tries, refusal, .. } = canceling;
        Self { tries: Some(*tries), canceling: Some(canceling), reason: refusal.as_ref(), why: None }
    }
}
