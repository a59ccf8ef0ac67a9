//! What a step writes: the row, the refund, the journal line, the next due time; together or not at all.
//!
//! The payment is locked by the first statement, which names the version that it expects; what follows from it goes out at
//! once, in one way to the server.
use crate::error::corrupt;
use crate::rows::Cells;
use crate::tx::Tx;
use crate::verbs::numbers::version;
use crate::verbs::{events, refunds};
use hanbeon_domain::{Action, Refusal, SessionId, State, StateName, Step, Timestamp};
use hanbeon_store::{CHAIN_START, JournalLine, Seal, StoreError, due_at_rest};

/// The first write of an intent.
///
/// # Errors
/// [`StoreError::Superseded`] or [`StoreError::OrderTaken`] when somebody was faster; nothing of it stays.
pub(crate) async fn begin(tx: &Tx<'_>, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
    if step.next.version == 1 {
        let line = JournalLine::of(step, &CHAIN_START);
        let (place, ()) = tokio::try_join!(
            biased;
            events::place(tx, step),
            insert(tx, step, &line, lease_until),
        )?;
        return rest(tx, step, Begins::Intent, place).await;
    }
    let (before, place) = tokio::try_join!(
        biased;
        before(tx, step),
        events::place(tx, step),
    )?;
    let (line, turn) = (before.line(step), Turn { due: Some(lease_until), held: true, look: before.look });
    tokio::try_join!(
        biased;
        update(tx, step, &line, &turn),
        rest(tx, step, Begins::Intent, place),
    )?;
    Ok(())
}

/// Writes what an intent led to.
///
/// # Errors
/// [`StoreError::Superseded`] when the stored version is not the one before the step's;
/// [`StoreError::OrderTaken`] when another payment holds the order.
pub(crate) async fn commit(tx: &Tx<'_>, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
    let (before, place) = tokio::try_join!(
        biased;
        before(tx, step),
        events::place(tx, step),
    )?;
    let turn = match step.then {
        // A step that rests until some time wants somebody to look then.
        Action::Rest { due } => {
            Turn { due: due_at_rest(step, before.waits, before.noticed), held: false, look: due.is_some() }
        }
        Action::Confirm | Action::Lookup | Action::Cancel | Action::GiveUp => {
            Turn { due: Some(lease_until), held: true, look: before.look }
        }
    };
    let line = before.line(step);
    tokio::try_join!(
        biased;
        update(tx, step, &line, &turn),
        rest(tx, step, Begins::Outcome, place),
    )?;
    Ok(())
}

/// What is told of a refund whose id is used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    Intent,
    Outcome,
}

/// What a step writes beside its payment: refunds and an event.
async fn rest(
    tx: &Tx<'_>,
    step: &Step,
    begins: Begins,
    place: Option<events::Place>,
) -> Result<(), StoreError> {
    if begins_refund(step) {
        if !refunds::begin(tx, step).await? {
            return Err(match begins {
                Begins::Intent => StoreError::Superseded,
                Begins::Outcome => corrupt("refunds", format!("{}: its refund exists already", step.next.id)),
            });
        }
    } else if let (Begins::Outcome, State::Canceling { refund, .. }) = (begins, &step.next.state) {
        refunds::rebase(tx, refund).await?;
    }
    if let Some((id, outcome)) = &step.settled {
        refunds::settle(tx, step.next.id, *id, outcome, step.at).await?;
    }
    if begins == Begins::Outcome {
        for cancel in &step.cancels {
            refunds::note_elsewhere(tx, &step.next, cancel, step.at).await?;
        }
    }
    events::tell(tx, step, place).await
}

/// What a step has to know of the row that it changes.
struct Before {
    seal: Option<Seal>,
    look: bool,
    noticed: bool,
    /// Does a refund wait for its turn?
    waits: bool,
}

impl Before {
    fn line(&self, step: &Step) -> JournalLine {
        JournalLine::of(step, &self.seal.unwrap_or(CHAIN_START))
    }
}

/// Locks the payment, if it is where the step left from.
async fn before(tx: &Tx<'_>, step: &Step) -> Result<Before, StoreError> {
    let row = "SELECT payment_id, seal, look, noticed_at IS NOT NULL FROM payments
        WHERE payment_id = $1 AND version = $2::bigint - 1 FOR UPDATE";
    // By a statement of its own: a wish that was written while we waited for the lock is seen.
    let waits = "SELECT EXISTS (SELECT 1 FROM refunds WHERE payment_id = $1 AND state = 'queued')";
    let (id, version) = (step.next.id.uuid(), version(step.next.version)?);
    let (found, waits) = tokio::try_join!(
        biased;
        async { tx.row("payments", row, &[&id, &version]).await },
        async { tx.row("refunds", waits, &[&id]).await },
    )?;
    let (Some(found), Some(waits)) = (found, waits) else { return Err(StoreError::Superseded) };
    let mut cells = Cells::new("payments", &found);
    cells.uuid()?;
    let (seal, look, noticed) = (cells.maybe_digest()?, cells.take()?, cells.take()?);
    Ok(Before { seal, look, noticed, waits: Cells::new("refunds", &waits).take()? })
}

fn begins_refund(step: &Step) -> bool {
    step.from != StateName::Canceling && matches!(step.next.state, State::Canceling { .. })
}

/// The payment, its buyer's session and its first line, in one statement: no payment is written when the order is held, the payment key is used,
/// or we wrote this before and never heard of it.
async fn insert(tx: &Tx<'_>, step: &Step, line: &JournalLine, due: Timestamp) -> Result<(), StoreError> {
    let insert = "WITH payer AS (
          INSERT INTO sessions (session_id, created_at) SELECT $6, $8 WHERE $6::bytea IS NOT NULL
          ON CONFLICT DO NOTHING),
        payment AS (
          INSERT INTO payments (payment_id, order_id, attempt, toss_order_id, toss_payment_key, total_amount,
            payer_session, created_at, updated_at, version, due_at, toss_payment_status, toss_payment_method,
            requested_at, approved_at, captured_amount, refunded_amount, reserved_amount, state, tries, round,
            answered, held, look, refund_from, notice_from, last_cancel_at, late, toss_secret, seal)
          VALUES ($1, $2, (SELECT coalesce(max(attempt), 0) + 1 FROM payments WHERE order_id = $2), $3, $4, $5,
            $6, $7, $8, 1, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, TRUE, FALSE, $21, $22, $23,
            $24, $25, $26)
          ON CONFLICT DO NOTHING RETURNING payment_id)
        INSERT INTO journal (payment_id, version, at, actor, from_state, to_state, event, evidence, seal)
          SELECT payment_id, 1, $8, $27, $28, $17, $29, $30, $26 FROM payment";
    let payment = &step.next;
    let facts = Facts::of(&payment.state);
    let written = tx
        .write(
            "payments",
            insert,
            &[
                &payment.id.uuid(),
                &payment.order.uuid(),
                &payment.toss_order.as_str(),
                &payment.key.as_str(),
                &payment.amount.get(),
                &payment.payer.as_ref().map(|payer| SessionId::as_bytes(payer).as_slice()),
                &payment.created_at.as_micros(),
                &step.at.as_micros(),
                &due.as_micros(),
                &payment.toss.status.as_str(),
                &payment.toss.method,
                &payment.toss.requested_at.map(Timestamp::as_micros),
                &payment.toss.approved_at.map(Timestamp::as_micros),
                &payment.captured.get(),
                &payment.refunded.get(),
                &payment.reserved().get(),
                &payment.state.name().as_str(),
                &facts.tries,
                &facts.round,
                &facts.answered,
                &step.refund_from.as_micros(),
                &step.notice_from.as_micros(),
                &payment.last_cancel_at.map(Timestamp::as_micros),
                &payment.late,
                &payment.toss.secret.as_ref().map(|secret| secret.as_bytes().as_slice()),
                &line.seal.as_ref().map(Seal::as_slice),
                &line.actor,
                &line.from,
                &line.event,
                &line.evidence.as_ref().map(<[u8; 32]>::as_slice),
            ],
        )
        .await?;
    if written == 0 { Err(StoreError::Superseded) } else { Ok(()) }
}

/// Whose turn it is after a step.
struct Turn {
    due: Option<Timestamp>,
    held: bool,
    look: bool,
}

/// The payment and its line, in one statement: neither is written when somebody was faster.
async fn update(tx: &Tx<'_>, step: &Step, line: &JournalLine, turn: &Turn) -> Result<(), StoreError> {
    let update = "WITH payment AS (
         UPDATE payments SET version = $2, due_at = $3, updated_at = $4, toss_payment_status = $5,
           toss_payment_method = $6, requested_at = $7, approved_at = $8, captured_amount = $9,
           refunded_amount = $10, reserved_amount = $11, state = $12, tries = $13, round = $14, answered = $15,
           unchanged = $16, canceled_by = $17, refusal_status = $18, refusal_code = $19, refusal_message = $20,
           refusal_body = $21, review_reason = $22, held = $23, look = $24, refund_from = $25, notice_from = $26,
           last_cancel_at = $27, late = $28, toss_secret = $29, seal = $30,
           landing_until = $31, told_state = $32, told_refunded = $33, settles_at = $34, supplied_amount = $35,
           vat = $36, tax_free_amount = $37, tax_exemption_amount = $38
         WHERE payment_id = $1 AND version = $2::bigint - 1 RETURNING payment_id)
       INSERT INTO journal (payment_id, version, at, actor, from_state, to_state, event, evidence, seal)
         SELECT payment_id, $2, $4, $39, $40, $12, $41, $42, $30 FROM payment";
    let tax = step.next.toss.tax;
    let payment = &step.next;
    let facts = Facts::of(&payment.state);
    let written = tx
        .write(
            "payments",
            update,
            &[
                &payment.id.uuid(),
                &version(payment.version)?,
                &turn.due.map(Timestamp::as_micros),
                &step.at.as_micros(),
                &payment.toss.status.as_str(),
                &payment.toss.method,
                &payment.toss.requested_at.map(Timestamp::as_micros),
                &payment.toss.approved_at.map(Timestamp::as_micros),
                &payment.captured.get(),
                &payment.refunded.get(),
                &payment.reserved().get(),
                &payment.state.name().as_str(),
                &facts.tries,
                &facts.round,
                &facts.answered,
                &facts.unchanged,
                &facts.canceled_by,
                &facts.refusal.map(|refusal| i64::from(refusal.evidence.http_status)),
                &facts.refusal.map(|refusal| refusal.code.as_str()),
                &facts.refusal.map(|refusal| refusal.message.as_str()),
                &facts.refusal.map(|refusal| &*refusal.evidence.body),
                &facts.review_reason,
                &turn.held,
                &turn.look,
                &step.refund_from.as_micros(),
                &step.notice_from.as_micros(),
                &payment.last_cancel_at.map(Timestamp::as_micros),
                &payment.late,
                &payment.toss.secret.as_ref().map(|secret| secret.as_bytes().as_slice()),
                &line.seal.as_ref().map(Seal::as_slice),
                &facts.landing_until.map(Timestamp::as_micros),
                &payment.told.map(|told| told.state.as_str()),
                &payment.told.map(|told| told.refunded.get()),
                &payment.settles_at.map(Timestamp::as_micros),
                &tax.map(|tax| tax.supplied.get()),
                &tax.map(|tax| tax.vat.get()),
                &tax.map(|tax| tax.untaxed.free.get()),
                &tax.map(|tax| tax.untaxed.exempt.get()),
                &line.actor,
                &line.from,
                &line.event,
                &line.evidence.as_ref().map(<[u8; 32]>::as_slice),
            ],
        )
        .await?;
    if written == 0 { Err(StoreError::Superseded) } else { Ok(()) }
}

/// The facts of a state, as columns.
#[derive(Default)]
struct Facts<'a> {
    tries: Option<i64>,
    round: Option<i64>,
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
            State::Confirming { tries, round, answered } => Self {
                tries: Some(i64::from(*tries)),
                round: Some(i64::from(*round)),
                answered: Some(*answered),
                ..none
            },
            State::Canceling { tries, round, answered, unchanged, landing_until, .. } => Self {
                tries: Some(i64::from(*tries)),
                round: Some(i64::from(*round)),
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
