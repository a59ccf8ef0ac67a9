//! Rows are parsed, never trusted: an impossible mix is [`StoreError::Corrupt`], which names the row by its id
//! and never shows what is in it.
pub(crate) mod billing;
pub(crate) mod receipts;

use crate::error::corrupt;
use hanbeon_domain::payment::{CanceledBy, TossFacts};
use hanbeon_domain::refund::{CancelReason, Cause};
use hanbeon_domain::{
    Customer, DepositSecret, Evidence, Line, MerchantReference, Order, OrderId, Payment, PaymentId,
    PaymentKey, Refund, RefundId, RefundOutcome, Refusal, SessionId, Standing, State, StateName, Tax,
    Timestamp, TossOrderId, TossStatus, Untaxed, Won,
};
use hanbeon_store::{
    About, EventRecord, Hint, JournalLine, NewEvent, NewWebhook, Progress, RefundRecord, StoreError, Webhook,
    WebhookVerdict, hex,
};
use rusqlite::Row;
use rusqlite::types::{FromSql, ValueRef};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use uuid::Uuid;

/// The columns of an order, in the order in which [`order`] reads them.
macro_rules! order_columns {
    () => {
        "order_id, merchant_reference, order_name, total_amount, lines, customer_name, customer_email, \
         customer_phone, created_at, expires_at, tax_free_amount, tax_exemption_amount"
    };
}

/// Payments with the refund that is under way; [`payment`] reads them.
macro_rules! select_payments {
    ($rest:literal) => {
        concat!(
            "SELECT p.payment_id, p.order_id, p.toss_order_id, p.toss_payment_key, p.total_amount, \
             p.payer_session, p.created_at, p.version, p.toss_payment_status, p.toss_payment_method, \
             p.requested_at, p.approved_at, p.toss_secret, p.supplied_amount, p.vat, p.tax_free_amount, \
             p.tax_exemption_amount, p.captured_amount, p.refunded_amount, \
             p.reserved_amount, p.last_cancel_at, p.landing_until, p.late, p.told_state, \
             p.told_refunded, p.settles_at, p.state, p.tries, p.round, p.answered, p.unchanged, p.canceled_by, p.refusal_status, p.refusal_body, \
             p.refusal_code, p.refusal_message, p.review_reason, \
             r.refund_id, r.amount, r.tax_free_amount, r.tax_exemption_amount, r.whole, r.reason, r.cause, \
             r.requested_at, r.balance_before \
             FROM payments p LEFT JOIN refunds r \
             ON p.state = 'canceling' AND r.payment_id = p.payment_id AND r.state = 'sending' ",
            $rest
        )
    };
}

/// Refunds with their outcomes; [`refund_record`] reads them.
macro_rules! select_refunds {
    ($rest:literal) => {
        concat!(
            "SELECT refund_id, amount, tax_free_amount, tax_exemption_amount, whole, reason, cause, requested_at, balance_before, payment_id, state, \
             settled_at, transaction_key, reply_status, reply_body, refusal_code, refusal_message \
             FROM refunds ",
            $rest
        )
    };
}
pub(crate) use {order_columns, select_payments, select_refunds};

/// Where the facts of single states stand in [`select_payments`]: `tries` to `review_reason`.
const FACTS: std::ops::Range<usize> = 27..37;

/// A row that is read from left to right.
struct Cells<'r> {
    table: &'static str,
    row: &'r Row<'r>,
    at: usize,
}

impl<'r> Cells<'r> {
    const fn new(table: &'static str, row: &'r Row<'r>) -> Self {
        Self { table, row, at: 0 }
    }

    fn take<T: FromSql>(&mut self) -> Result<T, StoreError> {
        let at = self.at;
        self.at += 1;
        self.row.get(at).map_err(|_| self.corrupt_at(at))
    }

    /// Reads a cell and parses it.
    fn parse<T: FromSql, V>(&mut self, parse: impl FnOnce(T) -> Option<V>) -> Result<V, StoreError> {
        let at = self.at;
        let value = self.take()?;
        parse(value).ok_or_else(|| self.corrupt_at(at))
    }

    fn won(&mut self) -> Result<Won, StoreError> {
        self.parse(|won| Won::new(won).ok())
    }

    fn maybe_won(&mut self) -> Result<Option<Won>, StoreError> {
        self.parse(|won: Option<i64>| won.map(Won::new).transpose().ok())
    }

    fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.take().map(Timestamp::from_micros)
    }

    fn maybe_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.take::<Option<i64>>()?.map(Timestamp::from_micros))
    }

    fn uuid(&mut self) -> Result<Uuid, StoreError> {
        self.take().map(Uuid::from_bytes)
    }

    fn evidence(&mut self) -> Result<Evidence, StoreError> {
        let http_status = self.take()?;
        let body: Vec<u8> = self.take()?;
        Ok(Evidence { http_status, body: body.into() })
    }

    fn corrupt_at(&self, at: usize) -> StoreError {
        self.corrupt(self.row.as_ref().column_name(at).unwrap_or("a column"))
    }

    /// Names the row by its id, which is its first cell.
    fn corrupt(&self, what: &str) -> StoreError {
        let mut row = String::new();
        match self.row.get_ref(0) {
            Ok(ValueRef::Blob(id)) => row.push_str(&hex(id)),
            Ok(ValueRef::Integer(id)) => row.push_str(&id.to_string()),
            _ => {}
        }
        // Writing to a string cannot fail.
        let _ = write!(row, ": {what}");
        corrupt(self.table, row)
    }
}

/// A line as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineRow {
    name: String,
    quantity: u32,
    unit_price: i64,
}

/// The lines as JSON.
pub(crate) fn lines_to_json(lines: &[Line]) -> Result<String, StoreError> {
    let row = |line: &Line| LineRow {
        name: line.name.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price.get(),
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    serde_json::to_string(&rows).map_err(|e| corrupt("orders", e.to_string()))
}

fn lines_from_json(json: &str) -> Option<Vec<Line>> {
    if json == "[]" {
        return Some(Vec::new());
    }
    let line = |row: LineRow| {
        Some(Line { name: row.name, quantity: row.quantity, unit_price: Won::new(row.unit_price).ok()? })
    };
    serde_json::from_str::<Vec<LineRow>>(json).ok()?.into_iter().map(line).collect()
}

/// Reads `order_columns!`.
pub(crate) fn order(row: &Row<'_>) -> Result<Order, StoreError> {
    order_in(&mut Cells::new("orders", row))
}

/// The same, with what a session saved, which comes after it.
pub(crate) fn order_and_saved(row: &Row<'_>) -> Result<(Order, Option<Won>), StoreError> {
    let mut cells = Cells::new("orders", row);
    Ok((order_in(&mut cells)?, cells.maybe_won()?))
}

fn order_in(cells: &mut Cells<'_>) -> Result<Order, StoreError> {
    Ok(Order {
        id: OrderId::from_uuid(cells.uuid()?),
        reference: cells.parse(|text: String| MerchantReference::parse(text).ok())?,
        name: cells.take()?,
        total: cells.won()?,
        lines: cells.parse(|json: String| lines_from_json(&json))?,
        customer: Customer { name: cells.take()?, email: cells.take()?, mobile_phone: cells.take()? },
        created_at: cells.time()?,
        expires_at: cells.maybe_time()?,
        untaxed: Untaxed { free: cells.won()?, exempt: cells.won()? },
    })
}

/// Reads `select_payments!`.
pub(crate) fn payment(row: &Row<'_>) -> Result<Payment, StoreError> {
    let mut cells = Cells::new("payments", row);
    let id = PaymentId::from_uuid(cells.uuid()?);
    let order = OrderId::from_uuid(cells.uuid()?);
    let toss_order = cells.parse(|text: String| TossOrderId::parse(text).ok())?;
    let key = cells.parse(|text: String| PaymentKey::parse(text).ok())?;
    let amount = cells.won()?;
    let payer = cells.take::<Option<[u8; 32]>>()?.map(SessionId::from_bytes);
    let created_at = cells.time()?;
    let version = cells.parse(|version: i64| u64::try_from(version).ok())?;
    let toss = TossFacts {
        status: cells.parse(|text: String| {
            let status = TossStatus::parse(&text);
            (status.as_str() == text).then_some(status)
        })?,
        method: cells.take()?,
        requested_at: cells.maybe_time()?,
        approved_at: cells.maybe_time()?,
        secret: cells.take::<Option<[u8; 32]>>()?.map(DepositSecret::from_bytes),
        tax: tax(&mut cells)?,
    };
    let (captured, refunded, reserved) = (cells.won()?, cells.won()?, cells.won()?);
    let (last_cancel_at, landing_until, late) = (cells.maybe_time()?, cells.maybe_time()?, cells.take()?);
    let told = told(&mut cells)?;
    let settles_at = cells.maybe_time()?;
    let name = cells.parse(|text: String| StateName::parse(&text))?;
    let state = state(&mut cells, name, landing_until)?;
    let payment = Payment {
        id,
        order,
        toss_order,
        key,
        amount,
        payer,
        created_at,
        version,
        toss,
        captured,
        refunded,
        last_cancel_at,
        late,
        told,
        settles_at,
        state,
    };
    let budget = payment.reserved().plus(refunded).is_some_and(|spoken_for| spoken_for <= captured);
    if payment.reserved() != reserved || !budget {
        return Err(cells.corrupt("the amounts do not add up"));
    }
    Ok(payment)
}

/// How Toss says that what is left is taxed: four columns, all or none.
fn tax(cells: &mut Cells<'_>) -> Result<Option<Tax>, StoreError> {
    let (supplied, vat) = (cells.maybe_won()?, cells.maybe_won()?);
    let untaxed = untaxed(cells)?;
    let parts = supplied.zip(vat).zip(untaxed);
    Ok(parts.map(|((supplied, vat), untaxed)| Tax { supplied, vat, untaxed }))
}

fn untaxed(cells: &mut Cells<'_>) -> Result<Option<Untaxed>, StoreError> {
    let parts = cells.maybe_won()?.zip(cells.maybe_won()?);
    Ok(parts.map(|(free, exempt)| Untaxed { free, exempt }))
}

fn told(cells: &mut Cells<'_>) -> Result<Option<Standing>, StoreError> {
    let state = cells.parse(|text: Option<String>| match text {
        Some(text) => StateName::parse(&text).map(Some),
        None => Some(None),
    })?;
    let refunded = cells.maybe_won()?;
    Ok(state.zip(refunded).map(|(state, refunded)| Standing { state, refunded }))
}

/// The state with its facts: all of its own, and none of another's.
fn state(
    cells: &mut Cells<'_>,
    name: StateName,
    landing_until: Option<Timestamp>,
) -> Result<State, StoreError> {
    let set = |at: &usize| !matches!(cells.row.get_ref(*at), Ok(ValueRef::Null));
    let facts = FACTS.filter(set).count();
    let (want, state) = match name {
        StateName::Ready => return Err(cells.corrupt("a payment that was never begun")),
        StateName::WaitingForDeposit => (0, State::WaitingForDeposit),
        StateName::Paid => (0, State::Paid),
        StateName::PartiallyCanceled => (0, State::PartiallyCanceled),
        StateName::Expired => (0, State::Expired),
        StateName::Confirming => {
            cells.at = FACTS.start;
            let state =
                State::Confirming { tries: cells.take()?, round: cells.take()?, answered: cells.take()? };
            (3, state)
        }
        StateName::Canceling => {
            cells.at = FACTS.start;
            let (tries, round) = (cells.take()?, cells.take()?);
            let (answered, unchanged) = (cells.take()?, cells.take()?);
            cells.at = FACTS.end;
            let refund = Box::new(refund(cells)?);
            (4, State::Canceling { refund, tries, unchanged, round, answered, landing_until })
        }
        StateName::Canceled => {
            cells.at = FACTS.start + 4;
            let by = cells.parse(|by: String| canceled_by(&by))?;
            (1, State::Canceled { by })
        }
        StateName::Declined => {
            cells.at = FACTS.start + 5;
            let evidence = cells.evidence()?;
            let (code, message) = (cells.take()?, cells.take()?);
            (4, State::Declined { refusal: Box::new(Refusal { code, message, evidence }) })
        }
        StateName::NeedsReview => {
            cells.at = FACTS.end - 1;
            (1, State::NeedsReview { why: cells.take()? })
        }
    };
    if facts == want { Ok(state) } else { Err(cells.corrupt("facts of another state")) }
}

/// Reads the first nine columns of `select_refunds!`, from where the cells stand.
fn refund(cells: &mut Cells<'_>) -> Result<Refund, StoreError> {
    Ok(Refund {
        id: RefundId::from_uuid(cells.uuid()?),
        amount: cells.won()?,
        untaxed: untaxed(cells)?,
        whole: cells.take()?,
        reason: cells.parse(|text: String| CancelReason::parse(text).ok())?,
        cause: cells.parse(|text: String| cause(&text))?,
        requested_at: cells.time()?,
        balance_before: cells.won()?,
    })
}

/// Reads `select_refunds!`.
pub(crate) fn refund_record(row: &Row<'_>) -> Result<RefundRecord, StoreError> {
    let mut cells = Cells::new("refunds", row);
    let refund = refund(&mut cells)?;
    let payment = PaymentId::from_uuid(cells.uuid()?);
    let state: String = cells.take()?;
    let settled_at = cells.maybe_time()?;
    let transaction_key: Option<String> = cells.take()?;
    let progress = match (state.as_str(), transaction_key) {
        ("queued", None) => Progress::Queued,
        ("sending", None) => Progress::Sending,
        ("done", transaction_key) => {
            Progress::Settled(RefundOutcome::Done { transaction_key, evidence: cells.evidence()? })
        }
        ("refused", None) => {
            let evidence = cells.evidence()?;
            let (code, message) = (cells.take()?, cells.take()?);
            Progress::Settled(RefundOutcome::Refused(Refusal { code, message, evidence }))
        }
        ("needs_review", None) => Progress::Settled(RefundOutcome::NeedsReview),
        ("elsewhere", Some(transaction_key)) => Progress::Elsewhere { transaction_key },
        _ => return Err(cells.corrupt("state")),
    };
    let record = RefundRecord { refund, payment, progress, settled_at };
    if record.is_open() == settled_at.is_some() {
        return Err(cells.corrupt("settled_at"));
    }
    Ok(record)
}

/// Reads `payment_id, version, at, actor, from_state, to_state, event, evidence, seal`.
pub(crate) fn journal_line(row: &Row<'_>) -> Result<JournalLine, StoreError> {
    let mut cells = Cells::new("journal", row);
    cells.uuid()?;
    Ok(JournalLine {
        version: cells.parse(|version: i64| u64::try_from(version).ok())?,
        at: cells.time()?,
        actor: cells.take()?,
        from: cells.take()?,
        to: cells.take()?,
        event: cells.take()?,
        evidence: cells.take()?,
        seal: cells.take()?,
    })
}

/// Reads `about_id, payment_id, sequence, kind, at, body`.
pub(crate) fn event(row: &Row<'_>) -> Result<NewEvent, StoreError> {
    event_in(&mut Cells::new("events", row))
}

/// Reads the same with `number` behind it.
pub(crate) fn event_record(row: &Row<'_>) -> Result<EventRecord, StoreError> {
    let mut cells = Cells::new("events", row);
    let event = event_in(&mut cells)?;
    Ok(EventRecord { number: cells.parse(|number: i64| u64::try_from(number).ok())?, event })
}

fn event_in(cells: &mut Cells<'_>) -> Result<NewEvent, StoreError> {
    let id = cells.uuid()?;
    let payment = cells.take::<Option<[u8; 16]>>()?.map(|id| PaymentId::from_uuid(Uuid::from_bytes(id)));
    let sequence = cells.parse(|sequence: i64| u64::try_from(sequence).ok())?;
    Ok(NewEvent {
        about: cells.parse(|kind: String| About::parse(id, payment, &kind))?,
        sequence,
        at: cells.time()?,
        body: cells.take()?,
    })
}

/// Reads what `webhooks::before` selects.
pub(crate) fn webhook(row: &Row<'_>) -> Result<Webhook, StoreError> {
    let mut cells = Cells::new("webhooks", row);
    let id = cells.parse(|id: i64| u64::try_from(id).ok())?;
    let received_at = cells.time()?;
    let (transmission_id, meaning, event_type) = (cells.take()?, cells.take()?, cells.take()?);
    let key = cells.parse(|key: Option<String>| key.map(PaymentKey::parse).transpose().ok())?;
    let order = cells.parse(|order: Option<String>| order.map(TossOrderId::parse).transpose().ok())?;
    let hint = key.map(Hint::Key).or(order.map(Hint::Order));
    let verdict = cells.parse(|text: String| WebhookVerdict::parse(&text))?;
    let body = cells.take()?;
    let new = NewWebhook { received_at, transmission_id, meaning, event_type, hint, verdict, body };
    let repeated = cells.take()?;
    let payment = cells.take::<Option<[u8; 16]>>()?.map(|id| PaymentId::from_uuid(Uuid::from_bytes(id)));
    Ok(Webhook { id, new, repeated, payment })
}

fn canceled_by(text: &str) -> Option<CanceledBy> {
    CanceledBy::ALL.into_iter().find(|by| by.as_str() == text)
}

pub(crate) const fn cause_to_str(cause: Cause) -> &'static str {
    match cause {
        Cause::Requested => "requested",
        Cause::Compensation => "compensation",
        Cause::LateSuccess => "late_success",
    }
}

fn cause(text: &str) -> Option<Cause> {
    [Cause::Requested, Cause::Compensation, Cause::LateSuccess]
        .into_iter()
        .find(|cause| cause_to_str(*cause) == text)
}
