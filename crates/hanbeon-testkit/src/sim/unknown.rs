//! The table of unknown outcomes: calls that moved money, or might have, and of which the caller was told nothing
//! certain, or died before it was. It shows that the faults are real; that all is well in the end shows that somebody
//! found out.
use super::world::World;
use async_trait::async_trait;
use hanbeon_domain::{Payment, PaymentKey, Refund, Timestamp, Verdict};
use hanbeon_psp::{Page, Psp};
use std::sync::Arc;

/// Calls without a certain answer, by idempotency key.
#[derive(Default)]
pub(super) struct Unknown(Vec<(Operation, PaymentKey, String)>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Confirm,
    Cancel,
}

/// The line, watched.
pub(super) struct Watched {
    line: Arc<dyn Psp>,
    world: Arc<World>,
}

impl Watched {
    pub(super) fn over(line: Arc<dyn Psp>, world: &Arc<World>) -> Arc<dyn Psp> {
        Arc::new(Self { line, world: Arc::clone(world) })
    }

    /// Unknown from the moment in which it leaves until the answer is here, if one comes and says something.
    async fn watch(
        &self,
        call: (Operation, PaymentKey, String),
        answer: impl Future<Output = Verdict> + Send,
    ) -> Verdict {
        self.world.unknown().0.push(call.clone());
        let verdict = answer.await;
        if !matches!(verdict, Verdict::Unclear { .. } | Verdict::NotOurs(_) | Verdict::ReadIt) {
            let unknown = &mut self.world.unknown().0;
            if let Some(at) = unknown.iter().position(|known| *known == call) {
                unknown.swap_remove(at);
            }
        }
        verdict
    }
}

#[async_trait]
impl Psp for Watched {
    async fn confirm(&self, payment: &Payment) -> Verdict {
        let call = (Operation::Confirm, payment.key.clone(), payment.confirm_key());
        self.watch(call, self.line.confirm(payment)).await
    }

    async fn lookup(&self, payment: &Payment) -> Verdict {
        self.line.lookup(payment).await
    }

    async fn cancel(&self, payment: &Payment, refund: &Refund) -> Verdict {
        let call = (Operation::Cancel, payment.key.clone(), payment.cancel_key(refund));
        self.watch(call, self.line.cancel(payment, refund)).await
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

impl World {
    /// What became of the calls of which nothing certain was told: counted, when all is quiet.
    pub(super) fn tell_unknown(&self) {
        let unknown = std::mem::take(&mut self.unknown().0);
        for (operation, payment, key) in unknown {
            let bank = self.bank();
            let account = bank.accounts.get(&payment);
            let done = account.is_some_and(|account| match operation {
                Operation::Confirm => account.confirmed_by(&key),
                Operation::Cancel => account.cancels.iter().any(|(cancel, _)| *cancel == key),
            });
            let arrived = bank.has_heard_of(&key);
            self.count(match (operation, done, arrived) {
                (Operation::Confirm, true, _) => "unknown confirm: was done",
                (Operation::Confirm, false, true) => "unknown confirm: was not done",
                (Operation::Confirm, false, false) => "unknown confirm: never arrived",
                (Operation::Cancel, true, _) => "unknown cancel: was done",
                (Operation::Cancel, false, true) => "unknown cancel: was not done",
                (Operation::Cancel, false, false) => "unknown cancel: never arrived",
            });
        }
        let (carried_out, given_up) = self.bank().ended;
        (0..carried_out).for_each(|_| self.count("later cancel: carried out"));
        (0..given_up).for_each(|_| self.count("later cancel: given up"));
    }
}
