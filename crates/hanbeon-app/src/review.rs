//! What a human decides: payments of which Toss would not tell the outcome, or told what cannot be.
//!
//! 1. [`list`] them;
//! 2. [`ask_toss`] once more, and follow what it says; or
//! 3. [`plan`] (nothing is written) what somebody found in Toss's own records, show what that means in money, and
//!    [`carry_out`] exactly this plan.
use crate::App;
use hanbeon_domain::{
    Actor, Event, Moment, OperatorSays, Payment, PaymentId, Policy, Refused, StateName, Step, Timestamp, Won,
};
use hanbeon_store::{Hint, PaymentRecord, Store, StoreError};

/// Most payments that are listed at once: whoever has more has another problem.
pub const LIST_MAX: usize = 1_000;
/// Longest note: it stands in the journal for ever, and is read in a terminal.
pub const NOTE_MAX: usize = 500;

/// Why nothing was resolved. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// No such payment.
    #[error("there is no payment {0}")]
    Unknown(PaymentId),
    /// It waits for nobody.
    #[error("payment {payment} is {state}: it needs no human, and nothing has changed")]
    NotNeeded {
        /// Which.
        payment: PaymentId,
        /// Where it stands.
        state: StateName,
    },
    /// "Nothing charged", of a payment that was.
    #[error(
        "Toss has shown that it took {0} won: \"nothing charged\" cannot be true, and nothing has changed"
    )]
    WasCharged(Won),
    /// Who, and how do they know?
    #[error("a note must be 1 to {NOTE_MAX} characters: who you are, and how you know")]
    BadNote,
    /// The server, or somebody else, was faster.
    #[error(
        "payment {0} has moved on meanwhile, and nothing has changed; look again: hanbeon review show {0}"
    )]
    MovedOn(PaymentId),
    /// The table has no such move; a defect.
    #[error("the transition table refused")]
    Refused(#[from] Refused),
    /// The store.
    #[error("the store did not do it")]
    Store(#[from] StoreError),
}

impl App {
    /// How many payments wait for a human, for the metrics; at most [`LIST_MAX`].
    ///
    /// # Errors
    /// What the store says.
    pub async fn needs_review(&self) -> Result<usize, StoreError> {
        Ok(list(&*self.store).await?.len())
    }
}

/// The payments that wait for a human, those that came last first; at most [`LIST_MAX`].
///
/// # Errors
/// What the store says.
pub async fn list(store: &dyn Store) -> Result<Vec<Payment>, StoreError> {
    store.payments_in(StateName::NeedsReview, LIST_MAX).await
}

/// Has Toss asked once more, and its answer followed. Works beside a running server, which does the asking.
///
/// # Errors
/// [`ResolveError`]; nothing has changed then.
pub async fn ask_toss(store: &dyn Store, now: Timestamp, id: PaymentId) -> Result<(), ResolveError> {
    let PaymentRecord { payment, .. } = in_review(store, id).await?;
    store.notice(&Hint::Key(payment.key), now, now).await?;
    Ok(())
}

/// What a human found, as the step that it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The payment as it would be, and the journal line.
    pub step: Step,
    /// Refunds that wait for their turn, in won: there would be nothing left for them.
    pub refused: Vec<Won>,
}

/// Works out what a human's word would mean. Writes nothing.
///
/// # Errors
/// [`ResolveError`], when it contradicts what is known.
pub async fn plan(
    store: &dyn Store,
    now: Timestamp,
    id: PaymentId,
    says: OperatorSays,
    note: &str,
) -> Result<Plan, ResolveError> {
    if note.trim().is_empty() || note.chars().count() > NOTE_MAX {
        return Err(ResolveError::BadNote);
    }
    let PaymentRecord { payment, refunds, .. } = in_review(store, id).await?;
    if says == OperatorSays::NothingCharged && !payment.captured.is_zero() {
        return Err(ResolveError::WasCharged(payment.captured));
    }
    let policy = Policy::default();
    let moment = Moment { now, actor: Actor::Operator, policy: &policy };
    let step = payment.step(Event::OperatorSaid { says, note: note.trim().to_owned() }, moment)?;
    let waiting = refunds.iter().filter(|refund| refund.progress == hanbeon_store::Progress::Queued);
    Ok(Plan { step, refused: waiting.map(|refund| refund.refund.amount).collect() })
}

/// Carries a plan out, if the payment is still the one that it was made for.
///
/// # Errors
/// [`ResolveError`]; nothing has changed then.
pub async fn carry_out(store: &dyn Store, plan: &Plan) -> Result<(), ResolveError> {
    let Step { next, at, .. } = &plan.step;
    store.commit(&plan.step, *at).await.map_err(|error| match error {
        StoreError::Superseded => ResolveError::MovedOn(next.id),
        error => error.into(),
    })
}

async fn in_review(store: &dyn Store, id: PaymentId) -> Result<PaymentRecord, ResolveError> {
    let record = store.payment(id).await?.ok_or(ResolveError::Unknown(id))?;
    match record.payment.state.name() {
        StateName::NeedsReview => Ok(record),
        state => Err(ResolveError::NotNeeded { payment: id, state }),
    }
}
