//! What a human decides: payments of which Toss would not tell the outcome, or told what cannot be.
use crate::App;
use hanbeon_domain::{
    Actor, Event, Moment, OperatorSays, Payment, PaymentId, Policy, Refused, StateName, Timestamp,
};
use hanbeon_store::{Hint, Store, StoreError};

/// Most payments that are listed at once: whoever has more has another problem.
pub const LIST_MAX: usize = 1_000;

/// How a payment is resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Ask Toss once more, and follow what it says.
    AskToss,
    /// Toss's own records have been looked at by a human.
    Said {
        /// What they found.
        says: OperatorSays,
        /// Who they are, and how they know.
        note: String,
    },
}

/// Why nothing was resolved. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// No such payment.
    #[error("there is no payment {0}")]
    Unknown(PaymentId),
    /// It does not wait for a human, or what they say contradicts what is known.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store.
    #[error("the store cannot be asked")]
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

/// The payments that wait for a human.
///
/// # Errors
/// What the store says.
pub async fn list(store: &dyn Store) -> Result<Vec<Payment>, StoreError> {
    store.payments_in(StateName::NeedsReview, LIST_MAX).await
}

/// Resolves one. Works beside a running server, which does the asking.
///
/// # Errors
/// [`ResolveError`]; nothing has changed then.
pub async fn resolve(
    store: &dyn Store,
    now: Timestamp,
    id: PaymentId,
    how: Resolution,
) -> Result<Payment, ResolveError> {
    let payment = store.payment(id).await?.ok_or(ResolveError::Unknown(id))?.payment;
    if payment.state.name() != StateName::NeedsReview {
        return Err(Refused::NotNow { state: payment.state.name(), event: "operator_said" }.into());
    }
    match how {
        Resolution::AskToss => {
            store.notice(&Hint::Key(payment.key.clone()), now, now).await?;
            Ok(payment)
        }
        Resolution::Said { says, note } => {
            let policy = Policy::default();
            let moment = Moment { now, actor: Actor::Operator, policy: &policy };
            let step = payment.step(Event::OperatorSaid { says, note }, moment)?;
            store.commit(&step, now).await?;
            Ok(step.next)
        }
    }
}
