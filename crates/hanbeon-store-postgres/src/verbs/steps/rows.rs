//! Steps as rows of `payments` and `journal`: a column of each is an array, and a statement writes all of them.
use crate::tx::Tx;
use crate::verbs::numbers::version;
use hanbeon_domain::{Payment, Refusal, SessionId, State, Step, Tax, Timestamp};
use hanbeon_store::{JournalLine, Seal, StoreError};

/// A step, and what is written of it beside what it says itself.
pub(super) struct Written<'s> {
    pub(super) step: &'s Step,
    pub(super) line: JournalLine,
    pub(super) turn: Turn,
}

/// Whose turn it is after a step.
pub(super) struct Turn {
    pub(super) due: Option<Timestamp>,
    pub(super) held: bool,
    pub(super) look: bool,
}

/// A column.
fn each<'s, S, T>(rows: &'s [S], cell: impl Fn(&'s S) -> T) -> Vec<T> {
    rows.iter().map(cell).collect()
}

/// Payments, their buyers' sessions and their first lines: no payment is written whose order is held, whose payment key is
/// used, or that is there already.
///
/// # Errors
/// [`StoreError::Superseded`] when one was not written.
pub(super) async fn insert(tx: &Tx<'_>, rows: &[Written<'_>]) -> Result<(), StoreError> {
    let insert = "WITH payer AS (
          INSERT INTO sessions (session_id, created_at) SELECT * FROM unnest($1::bytea[], $2::bigint[])
          ON CONFLICT DO NOTHING),
        step AS (
          SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::bytea[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::bigint[], $15::bigint[],
            $16::bigint[], $17::bigint[], $18::bigint[], $19::text[], $20::bigint[], $21::bigint[], $22::bool[],
            $23::bigint[], $24::bigint[], $25::bigint[], $26::bool[], $27::bytea[], $28::bytea[], $29::text[],
            $30::text[], $31::text[], $32::bytea[]) AS s (payment_id, order_id, toss_order_id, toss_payment_key,
            total_amount, payer_session, created_at, at, due_at, toss_payment_status, toss_payment_method,
            requested_at, approved_at, captured_amount, refunded_amount, reserved_amount, state, tries, round,
            answered, refund_from, notice_from, last_cancel_at, late, toss_secret, seal, actor, from_state, event,
            evidence)),
        payment AS (
          INSERT INTO payments (payment_id, order_id, attempt, toss_order_id, toss_payment_key, total_amount,
            payer_session, created_at, updated_at, version, due_at, toss_payment_status, toss_payment_method,
            requested_at, approved_at, captured_amount, refunded_amount, reserved_amount, state, tries, round,
            answered, held, look, refund_from, notice_from, last_cancel_at, late, toss_secret, seal)
          SELECT payment_id, order_id,
            (SELECT coalesce(max(attempt), 0) + 1 FROM payments p WHERE p.order_id = step.order_id), toss_order_id,
            toss_payment_key, total_amount, payer_session, created_at, at, 1, due_at, toss_payment_status,
            toss_payment_method, requested_at, approved_at, captured_amount, refunded_amount, reserved_amount,
            state, tries, round, answered, TRUE, FALSE, refund_from, notice_from, last_cancel_at, late, toss_secret,
            seal FROM step
          ON CONFLICT DO NOTHING RETURNING payment_id)
        INSERT INTO journal (payment_id, version, at, actor, from_state, to_state, event, evidence, seal)
          SELECT payment_id, 1, at, actor, from_state, state, event, evidence, seal FROM step
          WHERE payment_id IN (SELECT payment_id FROM payment)";
    let of = |payment: fn(&Payment) -> i64| each(rows, |row| payment(&row.step.next));
    let facts = each(rows, |row| Facts::of(&row.step.next.state));
    let payers: Vec<&Step> =
        rows.iter().map(|row| row.step).filter(|step| step.next.payer.is_some()).collect();
    let written = tx
        .write(
            "payments",
            insert,
            &[
                &each(&payers, |step| payer(step)),
                &each(&payers, |step| step.at.as_micros()),
                &each(rows, |row| row.step.next.id.uuid()),
                &each(rows, |row| row.step.next.order.uuid()),
                &each(rows, |row| row.step.next.toss_order.as_str()),
                &each(rows, |row| row.step.next.key.as_str()),
                &of(|payment| payment.amount.get()),
                &each(rows, |row| payer(row.step)),
                &of(|payment| payment.created_at.as_micros()),
                &each(rows, |row| row.step.at.as_micros()),
                &each(rows, |row| row.turn.due.map(Timestamp::as_micros)),
                &each(rows, |row| row.step.next.toss.status.as_str()),
                &each(rows, |row| row.step.next.toss.method.as_deref()),
                &each(rows, |row| row.step.next.toss.requested_at.map(Timestamp::as_micros)),
                &each(rows, |row| row.step.next.toss.approved_at.map(Timestamp::as_micros)),
                &of(|payment| payment.captured.get()),
                &of(|payment| payment.refunded.get()),
                &of(|payment| payment.reserved().get()),
                &each(rows, |row| row.step.next.state.name().as_str()),
                &each(&facts, |facts| facts.tries),
                &each(&facts, |facts| facts.round),
                &each(&facts, |facts| facts.answered),
                &each(rows, |row| row.step.refund_from.as_micros()),
                &each(rows, |row| row.step.notice_from.as_micros()),
                &each(rows, |row| row.step.next.last_cancel_at.map(Timestamp::as_micros)),
                &each(rows, |row| row.step.next.late),
                &each(rows, |row| secret(row.step)),
                &each(rows, |row| row.line.seal.as_ref().map(Seal::as_slice)),
                &each(rows, |row| row.line.actor.as_str()),
                &each(rows, |row| row.line.from.as_str()),
                &each(rows, |row| row.line.event.as_str()),
                &each(rows, |row| row.line.evidence.as_ref().map(<[u8; 32]>::as_slice)),
            ],
        )
        .await?;
    all_of(rows, written)
}

/// Payments and their lines: none is written whose version is not the one before the step's.
///
/// # Errors
/// [`StoreError::Superseded`] when one was not written.
pub(super) async fn update(tx: &Tx<'_>, rows: &[Written<'_>]) -> Result<(), StoreError> {
    let update = "WITH payment AS (
         UPDATE payments p SET version = s.version, due_at = s.due_at, updated_at = s.at,
           toss_payment_status = s.toss_payment_status, toss_payment_method = s.toss_payment_method,
           requested_at = s.requested_at, approved_at = s.approved_at, captured_amount = s.captured_amount,
           refunded_amount = s.refunded_amount, reserved_amount = s.reserved_amount, state = s.state,
           tries = s.tries, round = s.round, answered = s.answered, unchanged = s.unchanged,
           canceled_by = s.canceled_by, refusal_status = s.refusal_status, refusal_code = s.refusal_code,
           refusal_message = s.refusal_message, refusal_body = s.refusal_body, review_reason = s.review_reason,
           held = s.held, look = s.look, refund_from = s.refund_from, notice_from = s.notice_from,
           last_cancel_at = s.last_cancel_at, late = s.late, toss_secret = s.toss_secret, seal = s.seal,
           landing_until = s.landing_until, told_state = s.told_state, told_refunded = s.told_refunded,
           settles_at = s.settles_at, supplied_amount = s.supplied_amount, vat = s.vat,
           tax_free_amount = s.tax_free_amount, tax_exemption_amount = s.tax_exemption_amount
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[],
           $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::bigint[],
           $15::bool[], $16::bool[], $17::text[], $18::bigint[], $19::text[], $20::text[], $21::bytea[],
           $22::text[], $23::bool[], $24::bool[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bool[],
           $29::bytea[], $30::bytea[], $31::bigint[], $32::text[], $33::bigint[], $34::bigint[], $35::bigint[],
           $36::bigint[], $37::bigint[], $38::bigint[], $39::text[], $40::text[], $41::text[], $42::bytea[])
           AS s (payment_id, version, due_at, at, toss_payment_status, toss_payment_method, requested_at,
           approved_at, captured_amount, refunded_amount, reserved_amount, state, tries, round, answered, unchanged,
           canceled_by, refusal_status, refusal_code, refusal_message, refusal_body, review_reason, held, look,
           refund_from, notice_from, last_cancel_at, late, toss_secret, seal, landing_until, told_state,
           told_refunded, settles_at, supplied_amount, vat, tax_free_amount, tax_exemption_amount, actor,
           from_state, event, evidence)
         WHERE p.payment_id = s.payment_id AND p.version = s.version - 1
         RETURNING s.payment_id, s.version, s.at, s.actor, s.from_state, s.state, s.event, s.evidence, s.seal)
       INSERT INTO journal (payment_id, version, at, actor, from_state, to_state, event, evidence, seal)
         SELECT * FROM payment";
    let of = |payment: fn(&Payment) -> i64| each(rows, |row| payment(&row.step.next));
    let maybe = |payment: fn(&Payment) -> Option<i64>| each(rows, |row| payment(&row.step.next));
    let tax = |part: fn(Tax) -> i64| each(rows, |row| row.step.next.toss.tax.map(part));
    let facts = each(rows, |row| Facts::of(&row.step.next.state));
    let versions = rows.iter().map(|row| version(row.step.next.version)).collect::<Result<Vec<_>, _>>()?;
    let written = tx
        .write(
            "payments",
            update,
            &[
                &each(rows, |row| row.step.next.id.uuid()),
                &versions,
                &each(rows, |row| row.turn.due.map(Timestamp::as_micros)),
                &each(rows, |row| row.step.at.as_micros()),
                &each(rows, |row| row.step.next.toss.status.as_str()),
                &each(rows, |row| row.step.next.toss.method.as_deref()),
                &maybe(|payment| payment.toss.requested_at.map(Timestamp::as_micros)),
                &maybe(|payment| payment.toss.approved_at.map(Timestamp::as_micros)),
                &of(|payment| payment.captured.get()),
                &of(|payment| payment.refunded.get()),
                &of(|payment| payment.reserved().get()),
                &each(rows, |row| row.step.next.state.name().as_str()),
                &each(&facts, |facts| facts.tries),
                &each(&facts, |facts| facts.round),
                &each(&facts, |facts| facts.answered),
                &each(&facts, |facts| facts.unchanged),
                &each(&facts, |facts| facts.canceled_by),
                &each(&facts, |facts| facts.refusal.map(|refusal| i64::from(refusal.evidence.http_status))),
                &each(&facts, |facts| facts.refusal.map(|refusal| refusal.code.as_str())),
                &each(&facts, |facts| facts.refusal.map(|refusal| refusal.message.as_str())),
                &each(&facts, |facts| facts.refusal.map(|refusal| &*refusal.evidence.body)),
                &each(&facts, |facts| facts.review_reason),
                &each(rows, |row| row.turn.held),
                &each(rows, |row| row.turn.look),
                &each(rows, |row| row.step.refund_from.as_micros()),
                &each(rows, |row| row.step.notice_from.as_micros()),
                &maybe(|payment| payment.last_cancel_at.map(Timestamp::as_micros)),
                &each(rows, |row| row.step.next.late),
                &each(rows, |row| secret(row.step)),
                &each(rows, |row| row.line.seal.as_ref().map(Seal::as_slice)),
                &each(&facts, |facts| facts.landing_until.map(Timestamp::as_micros)),
                &each(rows, |row| row.step.next.told.map(|told| told.state.as_str())),
                &maybe(|payment| payment.told.map(|told| told.refunded.get())),
                &maybe(|payment| payment.settles_at.map(Timestamp::as_micros)),
                &tax(|tax| tax.supplied.get()),
                &tax(|tax| tax.vat.get()),
                &tax(|tax| tax.untaxed.free.get()),
                &tax(|tax| tax.untaxed.exempt.get()),
                &each(rows, |row| row.line.actor.as_str()),
                &each(rows, |row| row.line.from.as_str()),
                &each(rows, |row| row.line.event.as_str()),
                &each(rows, |row| row.line.evidence.as_ref().map(<[u8; 32]>::as_slice)),
            ],
        )
        .await?;
    all_of(rows, written)
}

fn all_of(rows: &[Written<'_>], written: u64) -> Result<(), StoreError> {
    if u64::try_from(rows.len()) == Ok(written) { Ok(()) } else { Err(StoreError::Superseded) }
}

fn payer(step: &Step) -> Option<&[u8]> {
    step.next.payer.as_ref().map(|payer| SessionId::as_bytes(payer).as_slice())
}

fn secret(step: &Step) -> Option<&[u8]> {
    step.next.toss.secret.as_ref().map(|secret| secret.as_bytes().as_slice())
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
