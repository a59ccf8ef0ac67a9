//! Bugs that are planted on purpose: a simulation that does not object to them is blind.
use super::bank::snapshot;
use super::world::{Said, World};
use async_trait::async_trait;
use hanbeon_domain::{
    Action, Evidence, Payment, PaymentId, Refund, Refusal, Step, Timestamp, TossStatus, Verdict, Won,
};
use hanbeon_psp::{Page, Psp};
use hanbeon_store::{Begun, NewRefund, Queued, Store, StoreError};
use std::sync::Arc;

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Toss keeps no idempotency keys, a paymentKey can be charged twice, and the store lets a superseded
    /// worker write.
    NothingStopsASecondCharge,
    /// The store says that an intent is written, and it never is.
    IntentsAreNotDurable,
    /// Silence is taken for a "no".
    SilenceMeansNo,
    /// "I do not know this payment", inside the 10 minutes, is taken for "expired".
    AbsentMeansExpired,
    /// The store forgets when a payment is due.
    NobodyComesBack,
    /// A cancel of everything is answered without asking Toss.
    CancelsAreMadeUp,
    /// A promise to take a charge back is said to be stored, and is not.
    PromisesAreLost,
    /// A wish to refund is said to be stored, and is not.
    WishesAreLost,
    /// What a webhook says is taken for what Toss says.
    WebhooksAreBelieved,
    /// An intent is taken for not stored while its transaction is still on its way.
    AnEarlyNoIsBelieved,
}

/// The store's `begin`, as processes see it.
pub(super) async fn begin(world: &World, step: &Step, lease_until: Timestamp) -> Result<Begun, StoreError> {
    if world.bug == Some(Bug::IntentsAreNotDurable) {
        return Ok(Begun::Fresh);
    }
    let begun = world.store.begin(step, lease_until).await?;
    if begun == Begun::Fresh {
        world.spy().wrote(world, step);
    }
    Ok(begun)
}

/// The store's `commit`, as processes see it.
pub(super) async fn commit(world: &World, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
    let mut step = step.clone();
    if world.bug == Some(Bug::NobodyComesBack) {
        step.then = Action::Rest { due: None };
    }
    if world.bug == Some(Bug::NothingStopsASecondCharge)
        && let Some(stored) = world.store.payment_by_key(&step.next.key).await?
    {
        step.next.version = stored.version + 1;
    }
    world.store.commit(&step, lease_until).await?;
    world.spy().wrote(world, &step);
    Ok(())
}

/// The store's `promise_undo`, as processes see it.
pub(super) async fn promise_undo(world: &World, payment: PaymentId) -> Result<(), StoreError> {
    if world.bug == Some(Bug::PromisesAreLost) {
        return Ok(());
    }
    world.store.promise_undo(payment).await?;
    world.spy().promised(payment);
    world.count("undo: promised");
    Ok(())
}

/// The store's `queue_refund`, as processes see it.
pub(super) async fn queue_refund(
    world: &World,
    new: &NewRefund,
    from: Timestamp,
) -> Result<Queued, StoreError> {
    if world.bug == Some(Bug::WishesAreLost) {
        return Ok(Queued::New);
    }
    world.store.queue_refund(new, from).await
}

/// The line to the bank, as processes see it.
pub(super) fn psp(world: &World, line: Arc<dyn Psp>) -> Arc<dyn Psp> {
    match world.bug {
        Some(
            bug @ (Bug::SilenceMeansNo
            | Bug::AbsentMeansExpired
            | Bug::CancelsAreMadeUp
            | Bug::WebhooksAreBelieved),
        ) => {
            let said = Arc::clone(&world.said);
            Arc::new(Misheard { line, bug, said })
        }
        _ => line,
    }
}

struct Misheard {
    line: Arc<dyn Psp>,
    bug: Bug,
    said: Arc<Said>,
}

#[async_trait]
impl Psp for Misheard {
    async fn confirm(&self, payment: &Payment) -> Verdict {
        let verdict = self.line.confirm(payment).await;
        match (self.bug, verdict) {
            (Bug::SilenceMeansNo, Verdict::Unclear { answered: false, why }) => {
                let evidence = Evidence { http_status: 504, body: [].into() };
                Verdict::Refused(Refusal { code: "TIMEOUT".to_owned(), message: why, evidence })
            }
            (_, verdict) => verdict,
        }
    }

    async fn lookup(&self, payment: &Payment) -> Verdict {
        match self.line.lookup(payment).await {
            Verdict::Absent if self.bug == Bug::AbsentMeansExpired => {
                Verdict::Seen(Box::new(snapshot(TossStatus::Expired, payment.amount, "made up")))
            }
            verdict => match self.said.about(&payment.key) {
                Some(status) if self.bug == Bug::WebhooksAreBelieved => {
                    let left = if status == TossStatus::Canceled { Won::ZERO } else { payment.amount };
                    Verdict::Seen(Box::new(snapshot(status, left, "a webhook said so")))
                }
                _ => verdict,
            },
        }
    }

    async fn cancel(&self, payment: &Payment, refund: &Refund) -> Verdict {
        if self.bug == Bug::CancelsAreMadeUp && refund.whole {
            return Verdict::Seen(Box::new(snapshot(TossStatus::Canceled, Won::ZERO, "made up")));
        }
        self.line.cancel(payment, refund).await
    }

    async fn transactions(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<Page, String> {
        self.line.transactions(from, until, after).await
    }
}
