//! What a step writes: the row, the refund, the journal line, the next due time; together or not at all.
use crate::error::{corrupt, sql};
use crate::verbs::{events, refunds, sessions};
use hanbeon_domain::{Action, PaymentId, Refusal, State, StateName, Step, Timestamp};
use hanbeon_store::{CHAIN_START, JournalLine, NewEvent, Seal, StoreError, due_at_rest};
use rusqlite::{Connection, Error, ErrorCode, OptionalExtension, params};

/// A step with what follows from it alone, worked out by the caller, so that the writer has less to do.
pub(crate) struct Prepared {
    step: Step,
    line: JournalLine,
    /// What it tells if nothing has been told of its order yet, which is usual.
    first: Option<NewEvent>,
}

impl Prepared {
    pub(crate) fn of(step: &Step) -> Self {
        Self { step: step.clone(), line: JournalLine::unsealed(step), first: NewEvent::of(step, 1) }
    }

    fn line_after(&self, last: Option<Seal>) -> JournalLine {
        self.line.clone().sealed(&last.unwrap_or(CHAIN_START), self.step.next.id)
    }
}

/// The first write of an intent.
///
/// # Errors
/// [`StoreError::Superseded`] or [`StoreError::OrderTaken`] when somebody was faster; nothing of it stays.
pub(crate) fn begin(db: &Connection, prepared: &Prepared, lease_until: Timestamp) -> Result<(), StoreError> {
    let step = &prepared.step;
    let line = if step.next.version == 1 {
        let line = prepared.line_after(None);
        insert(db, step, &line, lease_until)?;
        line
    } else {
        let before = before(db, step)?;
        let line = prepared.line_after(before.seal);
        update(db, step, &line, &before, &Turn { due: Some(lease_until), held: true, look: before.look })?;
        line
    };
    if begins_refund(step) && !refunds::begin(db, step)? {
        return Err(StoreError::Superseded);
    }
    settle(db, step)?;
    events::tell(db, step, prepared.first.as_ref())?;
    journal(db, step.next.id, &line)
}

/// Writes what an intent led to.
///
/// # Errors
/// [`StoreError::Superseded`] when the stored version is not the one before the step's;
/// [`StoreError::OrderTaken`] when another payment holds the order.
pub(crate) fn commit(db: &Connection, prepared: &Prepared, lease_until: Timestamp) -> Result<(), StoreError> {
    let step = &prepared.step;
    let before = before(db, step)?;
    let turn = match step.then {
        // A step that rests until some time wants somebody to look then.
        Action::Rest { due } => {
            Turn { due: due_at_rest(step, before.waits, before.noticed), held: false, look: due.is_some() }
        }
        Action::Confirm | Action::Lookup | Action::Cancel | Action::GiveUp => {
            Turn { due: Some(lease_until), held: true, look: before.look }
        }
    };
    let line = prepared.line_after(before.seal);
    update(db, step, &line, &before, &turn)?;
    if begins_refund(step) {
        if !refunds::begin(db, step)? {
            return Err(corrupt("refunds", format!("{}: its refund exists already", step.next.id)));
        }
    } else if let State::Canceling { refund, .. } = &step.next.state {
        refunds::rebase(db, refund)?;
    }
    settle(db, step)?;
    for cancel in &step.cancels {
        refunds::note_elsewhere(db, &step.next, cancel, step.at)?;
    }
    events::tell(db, step, prepared.first.as_ref())?;
    journal(db, step.next.id, &line)
}

/// What a step has to know of the row that it changes.
#[expect(clippy::struct_excessive_bools, reason = "columns of a row, each a question of its own")]
struct Before {
    seal: Option<Seal>,
    look: bool,
    noticed: bool,
    leaves_order_free: bool,
    /// Does a refund wait for its turn?
    waits: bool,
}

fn before(db: &Connection, step: &Step) -> Result<Before, StoreError> {
    let mut statement = db
        .prepare_cached(
            "SELECT seal, look, noticed_at IS NOT NULL, leaves_order_free,
               EXISTS (SELECT 1 FROM refunds WHERE payment_id = ?1 AND state = 'queued')
             FROM payments WHERE payment_id = ?1 AND version = ?2 - 1",
        )
        .map_err(sql("payments"))?;
    let expected = params![step.next.id.uuid().into_bytes(), version(step.next.version)?];
    let before = statement.query_row(expected, |row| {
        Ok(Before {
            seal: row.get(0)?,
            look: row.get(1)?,
            noticed: row.get(2)?,
            leaves_order_free: row.get(3)?,
            waits: row.get(4)?,
        })
    });
    before.optional().map_err(sql("payments"))?.ok_or(StoreError::Superseded)
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

fn insert(db: &Connection, step: &Step, line: &JournalLine, due: Timestamp) -> Result<(), StoreError> {
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
               answered, held, refund_from, notice_from, last_cancel_at, late, toss_secret, seal, leaves_order_free)
             VALUES (?1, ?2, (SELECT coalesce(max(attempt), 0) + 1 FROM payments WHERE order_id = ?2), ?3, ?4, ?5,
               ?6, ?7, ?8, 1, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, 1, ?21, ?22, ?23, ?24, ?25,
               ?26, ?27)
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
            step.refund_from.as_micros(),
            step.notice_from.as_micros(),
            payment.last_cancel_at.map(Timestamp::as_micros),
            payment.late,
            payment.toss.secret.as_ref().map(hanbeon_domain::DepositSecret::as_bytes),
            line.seal,
            payment.leaves_order_free(),
        ])
        .map_err(sql("payments"))?;
    // The order is held, the payment key is used, or we wrote this before and never heard of it.
    if written == 0 { Err(StoreError::Superseded) } else { Ok(()) }
}

/// Whose turn it is after a step.
struct Turn {
    due: Option<Timestamp>,
    held: bool,
    look: bool,
}

/// A step's cells, in a row that has the version before it.
macro_rules! update_payments {
    ($more:literal) => {
        concat!(
            "UPDATE payments SET version = ?2, due_at = ?3, updated_at = ?4, toss_payment_status = ?5,
               toss_payment_method = ?6, requested_at = ?7, approved_at = ?8, captured_amount = ?9,
               refunded_amount = ?10, reserved_amount = ?11, state = ?12, tries = ?13, round = ?14, answered = ?15,
               unchanged = ?16, canceled_by = ?17, refusal_status = ?18, refusal_code = ?19, refusal_message = ?20,
               refusal_body = ?21, review_reason = ?22, held = ?23, look = ?24, refund_from = ?25, notice_from = ?26,
               last_cancel_at = ?27, late = ?28, toss_secret = ?29, seal = ?30,
               landing_until = ?31, told_state = ?32, told_refunded = ?33, settles_at = ?34, supplied_amount = ?35, vat = ?36,
               tax_free_amount = ?37, tax_exemption_amount = ?38",
            $more,
            " WHERE payment_id = ?1 AND version = ?2 - 1"
        )
    };
}

/// As a rule a step lets no order go and takes none: then the index on who holds it is not even named, and left alone. The
/// table's CHECK sees to it that this is so.
const UPDATE: &str = update_payments!("");
const UPDATE_AND_ORDER: &str = update_payments!(", leaves_order_free = 1 - leaves_order_free");

fn update(
    db: &Connection,
    step: &Step,
    line: &JournalLine,
    before: &Before,
    turn: &Turn,
) -> Result<(), StoreError> {
    let payment = &step.next;
    let facts = Facts::of(&payment.state);
    let tax = payment.toss.tax;
    let free = payment.leaves_order_free();
    let mut statement = db
        .prepare_cached(if free == before.leaves_order_free { UPDATE } else { UPDATE_AND_ORDER })
        .map_err(sql("payments"))?;
    let written = statement
        .execute(params![
            payment.id.uuid().into_bytes(),
            version(payment.version)?,
            turn.due.map(Timestamp::as_micros),
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
            turn.held,
            turn.look,
            step.refund_from.as_micros(),
            step.notice_from.as_micros(),
            payment.last_cancel_at.map(Timestamp::as_micros),
            payment.late,
            payment.toss.secret.as_ref().map(hanbeon_domain::DepositSecret::as_bytes),
            line.seal,
            facts.landing_until.map(Timestamp::as_micros),
            payment.told.map(|told| told.state.as_str()),
            payment.told.map(|told| told.refunded.get()),
            payment.settles_at.map(Timestamp::as_micros),
            tax.map(|tax| tax.supplied.get()),
            tax.map(|tax| tax.vat.get()),
            tax.map(|tax| tax.untaxed.free.get()),
            tax.map(|tax| tax.untaxed.exempt.get()),
        ])
        .map_err(order_taken)?;
    if written == 0 { Err(StoreError::Superseded) } else { Ok(()) }
}

/// The one unique index that an update can run into is the one on the orders that are held.
fn order_taken(error: Error) -> StoreError {
    match &error {
        Error::SqliteFailure(failure, Some(text))
            if failure.code == ErrorCode::ConstraintViolation
                && text == "UNIQUE constraint failed: payments.order_id" =>
        {
            StoreError::OrderTaken
        }
        _ => sql("payments")(error),
    }
}

fn journal(db: &Connection, payment: PaymentId, line: &JournalLine) -> Result<(), StoreError> {
    let mut statement = db
        .prepare_cached(
            "INSERT INTO journal (payment_id, version, at, actor, from_state, to_state, event, evidence, seal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .map_err(sql("journal"))?;
    let JournalLine { at, actor, from, to, event, evidence, seal, .. } = line;
    let id = payment.uuid().into_bytes();
    let cells = params![id, version(line.version)?, at.as_micros(), actor, from, to, event, evidence, seal];
    statement.execute(cells).map(drop).map_err(sql("journal"))
}

/// A version as SQLite counts.
pub(crate) fn version(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(|_| corrupt("payments", "a version beyond counting"))
}

/// The facts of a state, as columns.
#[derive(Default)]
struct Facts<'a> {
    tries: Option<u32>,
    round: Option<u32>,
    answered: Option<bool>,
    unchanged: Option<bool>,
    landing_until: Option<Timestamp>,
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
            State::Canceling { tries, round, answered, unchanged, landing_until, .. } => Self {
                tries: Some(*tries),
                round: Some(*round),
                answered: Some(*answered),
                unchanged: Some(*unchanged),
                landing_until: *landing_until,
                ..none
            },
            State::Canceled { by } => Self { canceled_by: Some(by.as_str()), ..none },
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
