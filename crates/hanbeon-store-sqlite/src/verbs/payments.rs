//! Payments: the intent, what it led to, and whose turn it is.
use crate::error::{corrupt, sql};
use crate::rows::{self, canceled_by_to_str, select_payments};
use crate::verbs::{refunds, sessions};
use hanbeon_domain::{
    Action, OrderId, Payment, PaymentId, PaymentKey, Refusal, State, StateName, Step, Timestamp,
};
use hanbeon_store::{JournalLine, PaymentRecord, StoreError};
use rusqlite::{CachedStatement, Connection, Params, params};

/// The first write of an intent.
///
/// # Errors
/// [`StoreError::Superseded`] when somebody was faster, in whatever way; nothing of it stays.
pub(crate) fn begin(db: &Connection, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
    if step.next.version == 1 {
        insert(db, step, lease_until)?;
    } else {
        update(db, step, Some(lease_until))?;
    }
    if begins_refund(step) && !refunds::begin(db, step)? {
        return Err(StoreError::Superseded);
    }
    settle(db, step)?;
    journal(db, step)
}

/// Writes what an intent led to.
///
/// # Errors
/// [`StoreError::Superseded`] when the stored version is not the one before the step's.
pub(crate) fn commit(db: &Connection, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
    let due = match step.then {
        Action::Rest { due } => due,
        Action::Confirm | Action::Lookup | Action::Cancel | Action::GiveUp => Some(lease_until),
    };
    update(db, step, due)?;
    if begins_refund(step) && !refunds::begin(db, step)? {
        return Err(corrupt("refunds", format!("{}: its refund exists already", step.next.id)));
    }
    settle(db, step)?;
    journal(db, step)
}

fn begins_refund(step: &Step) -> bool {
    step.from != StateName::Canceling && matches!(step.next.state, State::Canceling { .. })
}

fn settle(db: &Connection, step: &Step) -> Result<(), StoreError> {
    match &step.settled {
        Some((id, outcome)) => refunds::settle(db, step.next.id, *id, outcome, step.at),
        None => Ok(()),
    }
}

fn insert(db: &Connection, step: &Step, due: Timestamp) -> Result<(), StoreError> {
    let payment = &step.next;
    if let Some(payer) = payment.payer {
        sessions::make(db, payer, step.at)?;
    }
    let facts = Facts::of(&payment.state);
    let mut statement = db
        .prepare_cached(
            "INSERT INTO payments (payment_id, order_id, attempt, toss_order_id, toss_payment_key, total_amount,
               payer_session, created_at, updated_at, version, due_at, toss_payment_status, toss_payment_method,
               requested_at, approved_at, captured_amount, refunded_amount, reserved_amount, state, tries, round,
               answered)
             VALUES (?1, ?2, (SELECT coalesce(max(attempt), 0) + 1 FROM payments WHERE order_id = ?2), ?3, ?4, ?5,
               ?6, ?7, ?8, 1, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
             ON CONFLICT DO NOTHING",
        )
        .map_err(sql("payments"))?;
    let written = statement
        .execute(params![
            payment.id.uuid().into_bytes(),
            payment.order.uuid().into_bytes(),
            payment.toss_order.as_str(),
            payment.key.as_str(),
            payment.amount.get(),
            payment.payer.as_ref().map(hanbeon_domain::SessionId::as_bytes),
            payment.created_at.as_micros(),
            step.at.as_micros(),
            due.as_micros(),
            payment.toss.status.as_str(),
            payment.toss.method,
            payment.toss.requested_at.map(Timestamp::as_micros),
            payment.toss.approved_at.map(Timestamp::as_micros),
            payment.captured.get(),
            payment.refunded.get(),
            payment.reserved().get(),
            payment.state.name().as_str(),
            facts.tries,
            facts.round,
            facts.answered,
        ])
        .map_err(sql("payments"))?;
    // The order is held, the payment key is used, or we wrote this before and never heard of it.
    if written == 0 { Err(StoreError::Superseded) } else { Ok(()) }
}

fn update(db: &Connection, step: &Step, due: Option<Timestamp>) -> Result<(), StoreError> {
    let payment = &step.next;
    let facts = Facts::of(&payment.state);
    let mut statement = db
        .prepare_cached(
            "UPDATE payments SET version = ?2, due_at = ?3, updated_at = ?4, toss_payment_status = ?5,
               toss_payment_method = ?6, requested_at = ?7, approved_at = ?8, captured_amount = ?9,
               refunded_amount = ?10, reserved_amount = ?11, state = ?12, tries = ?13, round = ?14, answered = ?15,
               unchanged = ?16, canceled_by = ?17, refusal_status = ?18, refusal_code = ?19, refusal_message = ?20,
               refusal_body = ?21, review_reason = ?22
             WHERE payment_id = ?1 AND version = ?2 - 1",
        )
        .map_err(sql("payments"))?;
    let written = statement
        .execute(params![
            payment.id.uuid().into_bytes(),
            version(payment.version)?,
            due.map(Timestamp::as_micros),
            step.at.as_micros(),
            payment.toss.status.as_str(),
            payment.toss.method,
            payment.toss.requested_at.map(Timestamp::as_micros),
            payment.toss.approved_at.map(Timestamp::as_micros),
            payment.captured.get(),
            payment.refunded.get(),
            payment.reserved().get(),
            payment.state.name().as_str(),
            facts.tries,
            facts.round,
            facts.answered,
            facts.unchanged,
            facts.canceled_by,
            facts.refusal.map(|refusal| refusal.evidence.http_status),
            facts.refusal.map(|refusal| refusal.code.as_str()),
            facts.refusal.map(|refusal| refusal.message.as_str()),
            facts.refusal.map(|refusal| &*refusal.evidence.body),
            facts.review_reason,
        ])
        .map_err(sql("payments"))?;
    if written == 0 { Err(StoreError::Superseded) } else { Ok(()) }
}

fn journal(db: &Connection, step: &Step) -> Result<(), StoreError> {
    let mut statement = db
        .prepare_cached(
            "INSERT INTO journal (payment_id, version, at, actor, from_state, to_state, event)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .map_err(sql("journal"))?;
    let line = params![
        step.next.id.uuid().into_bytes(),
        version(step.next.version)?,
        step.at.as_micros(),
        step.actor.as_str(),
        step.from.as_str(),
        step.next.state.name().as_str(),
        step.event,
    ];
    statement.execute(line).map(drop).map_err(sql("journal"))
}

/// The facts of a state, as columns.
#[derive(Default)]
struct Facts<'a> {
    tries: Option<u32>,
    round: Option<u32>,
    answered: Option<bool>,
    unchanged: Option<bool>,
    canceled_by: Option<&'static str>,
    refusal: Option<&'a Refusal>,
    review_reason: Option<&'a str>,
}

impl<'a> Facts<'a> {
    fn of(state: &'a State) -> Self {
        let none = Self::default();
        match state {
            State::Confirming { tries, round, answered } => {
                Self { tries: Some(*tries), round: Some(*round), answered: Some(*answered), ..none }
            }
            State::Canceling { tries, round, answered, unchanged, .. } => Self {
                tries: Some(*tries),
                round: Some(*round),
                answered: Some(*answered),
                unchanged: Some(*unchanged),
                ..none
            },
            State::Canceled { by } => Self { canceled_by: Some(canceled_by_to_str(*by)), ..none },
            State::Declined { refusal } => Self { refusal: Some(refusal), ..none },
            State::NeedsReview { why } => Self { review_reason: Some(why), ..none },
            State::Ready
            | State::WaitingForDeposit
            | State::Paid
            | State::PartiallyCanceled
            | State::Expired => none,
        }
    }
}

/// Takes over what is due, oldest first. A row that cannot be read is logged, and must not stop the others:
/// its turn comes again at `until`.
pub(crate) fn lease_due(
    db: &Connection,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Payment>, StoreError> {
    let mut select = db
        .prepare_cached(select_payments!("WHERE p.due_at <= ?1 ORDER BY p.due_at, p.rowid LIMIT ?2"))
        .map_err(sql("payments"))?;
    let mut due: Vec<([u8; 16], Result<Payment, StoreError>)> = Vec::new();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = select.query(params![now.as_micros(), limit]).map_err(sql("payments"))?;
    while let Some(row) = found.next().map_err(sql("payments"))? {
        due.push((row.get(0).map_err(sql("payments"))?, rows::payment(row)));
    }
    drop(found);
    let mut take = db
        .prepare_cached("UPDATE payments SET version = version + 1, due_at = ?2 WHERE payment_id = ?1")
        .map_err(sql("payments"))?;
    let mut leased = Vec::with_capacity(due.len());
    for (id, payment) in due {
        take.execute(params![id, until.as_micros()]).map_err(sql("payments"))?;
        match payment {
            Ok(payment) => leased.push(Payment { version: payment.version + 1, ..payment }),
            Err(error) => tracing::error!(%error, "a payment is due that cannot be read"),
        }
    }
    Ok(leased)
}

pub(crate) fn next_due(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT min(due_at) FROM payments WHERE due_at IS NOT NULL")
        .map_err(sql("payments"))?;
    let due: Option<i64> = statement.query_row([], |row| row.get(0)).map_err(sql("payments"))?;
    Ok(due.map(Timestamp::from_micros))
}

/// A payment, its refunds and its history.
pub(crate) fn record(db: &Connection, id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
    let mut statement =
        db.prepare_cached(select_payments!("WHERE p.payment_id = ?1")).map_err(sql("payments"))?;
    let Some(payment) = first(&mut statement, [id.uuid().into_bytes()])? else { return Ok(None) };
    let refunds = refunds::of_payment(db, id)?;
    Ok(Some(PaymentRecord { payment, refunds, history: history(db, id)? }))
}

fn history(db: &Connection, id: PaymentId) -> Result<Vec<JournalLine>, StoreError> {
    let mut statement = db
        .prepare_cached(
            "SELECT payment_id, version, at, actor, from_state, to_state, event FROM journal
             WHERE payment_id = ?1 ORDER BY version",
        )
        .map_err(sql("journal"))?;
    let mut found = statement.query([id.uuid().into_bytes()]).map_err(sql("journal"))?;
    let mut lines = Vec::new();
    while let Some(row) = found.next().map_err(sql("journal"))? {
        lines.push(rows::journal_line(row)?);
    }
    Ok(lines)
}

/// The last attempt on an order. A new one begins only when every older one has let go, so the holder, if
/// there is one, is the last.
pub(crate) fn of_order(db: &Connection, order: OrderId) -> Result<Option<Payment>, StoreError> {
    let mut statement = db
        .prepare_cached(select_payments!("WHERE p.order_id = ?1 ORDER BY p.attempt DESC LIMIT 1"))
        .map_err(sql("payments"))?;
    first(&mut statement, [order.uuid().into_bytes()])
}

pub(crate) fn by_key(db: &Connection, key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
    let mut statement =
        db.prepare_cached(select_payments!("WHERE p.toss_payment_key = ?1")).map_err(sql("payments"))?;
    first(&mut statement, [key.as_str()])
}

/// The payments that a statement finds.
pub(crate) fn all(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
) -> Result<Vec<Payment>, StoreError> {
    let mut found = statement.query(params).map_err(sql("payments"))?;
    let mut payments = Vec::new();
    while let Some(row) = found.next().map_err(sql("payments"))? {
        payments.push(rows::payment(row)?);
    }
    Ok(payments)
}

fn first(statement: &mut CachedStatement<'_>, params: impl Params) -> Result<Option<Payment>, StoreError> {
    let mut found = statement.query(params).map_err(sql("payments"))?;
    found.next().map_err(sql("payments"))?.map(rows::payment).transpose()
}

/// A version as SQLite counts.
pub(crate) fn version(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(|_| corrupt("payments", "a version beyond counting"))
}
