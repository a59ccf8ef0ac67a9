//! One charge: the intent, the call, what became of it.
use super::{Billing, BillingError};
use crate::claims::Operation;
use hanbeon_domain::billing::charge::NewCharge;
use hanbeon_domain::billing::subscription::check;
use hanbeon_domain::billing::{Charge, ChargeAction, ChargeState, ChargeStep, Heard};
use hanbeon_domain::{Actor, BillingKeyId, ChargeId, CustomerId, Refusal, Timestamp, Verdict, Won};
use hanbeon_store::{BegunCharge, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

/// Moves in one go; the rest is the recovery's.
const STEPS_MAX: u32 = 4;
/// The first wait before a store that hesitates is asked again; it doubles.
const RECORD_RETRY_FIRST: Duration = Duration::from_millis(50);
/// Toss's word for a key that is no more (Toss error codes, Billing charge).
const REMOVED: &str = "ALREADY_REMOVED_BILLING_KEY";

impl Billing {
    /// Charges a customer once, outside any subscription; for one operation once, however often it is asked.
    ///
    /// # Errors
    /// [`BillingError`]; nothing was charged then.
    pub async fn charge_once(
        self: &Arc<Self>,
        operation: Operation,
        customer: CustomerId,
        key: BillingKeyId,
        amount: Won,
        name: String,
    ) -> Result<Charge, BillingError> {
        check(amount, &name)?;
        self.customer(customer).await?;
        let id = ChargeId::from_uuid(operation.uuid());
        if let Some(known) = self.store.charge(id).await? {
            return Ok(known);
        }
        let record = self.key(key).await?;
        if record.key.customer != customer {
            return Err(BillingError::KeyNotActive);
        }
        self.open(&record).await?;
        let held_until = self.app.lease_until();
        let charge =
            Charge::intended(NewCharge { id, customer, key, period: None, amount, name }, self.app.now());
        match self.store.begin_charge(&charge, None, held_until).await? {
            BegunCharge::Fresh => {
                self.app.env.reached("intent stored");
                self.carry(charge, ChargeAction::Charge, held_until).await
            }
            BegunCharge::Known => self.charge(id).await,
            BegunCharge::NoKey | BegunCharge::Taken => Err(BillingError::KeyNotActive),
        }
    }

    /// One charge.
    ///
    /// # Errors
    /// [`BillingError::NotFound`], or what the store says.
    pub async fn charge(&self, id: ChargeId) -> Result<Charge, BillingError> {
        self.store.charge(id).await?.ok_or(BillingError::NotFound("charge"))
    }

    /// Carries a charge, which the caller holds until `held_until` at least, to its next rest.
    pub(super) async fn carry(
        &self,
        mut charge: Charge,
        mut todo: ChargeAction,
        mut held_until: Timestamp,
    ) -> Result<Charge, BillingError> {
        for _ in 0..STEPS_MAX {
            let asked_at = self.app.now();
            // Whoever has slept through its lease moves no money any more.
            if todo == ChargeAction::Charge && held_until <= asked_at {
                break;
            }
            let Some(heard) = self.ask(&charge, todo).await? else { break };
            let speaks_of_then = matches!(heard.verdict, Verdict::Absent | Verdict::Refused(_));
            let judged_at = if speaks_of_then { asked_at } else { self.app.now() };
            let moment = self.app.moment(judged_at, Actor::Recovery);
            if charge.needs_review(moment) {
                error!(charge.id = %charge.id, "Toss does not tell what became of a charge: look for its order there");
            }
            let Some(step) = charge.step(heard, moment) else { break };
            self.record(&step).await?;
            held_until = self.app.lease_until();
            (charge, todo) = (step.next, step.then);
        }
        self.left_work.notify_one();
        Ok(charge)
    }

    /// One call, one verdict. `None` is rest.
    async fn ask(&self, charge: &Charge, todo: ChargeAction) -> Result<Option<Heard>, BillingError> {
        let heard = match todo {
            ChargeAction::Rest { .. } => return Ok(None),
            ChargeAction::Lookup => self.psp.look(charge).await,
            ChargeAction::Charge => {
                let record = self.key(charge.key).await?;
                if record.sealed.is_none() {
                    // Gone meanwhile. What was sent before may have been taken, and is asked for.
                    let gone = Refusal::ours(400, REMOVED, "이미 삭제된 빌링키입니다");
                    Heard { verdict: Verdict::Refused(gone), key: None }
                } else {
                    let (customer, secret) = self.open(&record).await?;
                    self.app.env.reached("before the call");
                    self.psp.charge(charge, &customer, &secret).await
                }
            }
        };
        self.app.env.reached("verdict in hand");
        self.app.counters.verdict(&heard.verdict);
        if let Verdict::NotOurs(why) = &heard.verdict {
            error!(charge.id = %charge.id, why, "Toss answered about another payment; not believed");
        }
        Ok(Some(heard))
    }

    /// Writes a step, offering it again for a while if the store hesitates. A result that cannot be written is not lost:
    /// the intent is, so somebody will ask.
    async fn record(&self, step: &ChargeStep) -> Result<(), BillingError> {
        let give_up_at = Instant::now() + self.app.settings.store_retry;
        let mut wait = RECORD_RETRY_FIRST;
        loop {
            match self.store.commit_charge(step, self.app.now(), self.app.lease_until()).await {
                Ok(()) => break,
                Err(cause @ (StoreError::Unavailable(_) | StoreError::Full))
                    if Instant::now() + wait < give_up_at =>
                {
                    warn!(charge.id = %step.next.id, error = %cause, "the store hesitates; offering the result again");
                    sleep(wait).await;
                    wait *= 2;
                }
                Err(cause) => return Err(cause.into()),
            }
        }
        self.app.env.reached("recorded");
        self.note(step).await;
        Ok(())
    }

    async fn note(&self, step: &ChargeStep) {
        let Charge { id, key, state, .. } = &step.next;
        if let Some(born) = &step.born {
            self.app.note(&born.outcome);
        }
        if let ChargeState::Refused { refusal, .. } = state {
            info!(charge.id = %id, code = refusal.code, "a charge was refused");
            if refusal.code == REMOVED
                && let Err(error) = self.key_is_gone(*key).await
            {
                warn!(billing.key = %key, %error, "a key that is gone is not marked; its next charge tells again");
            }
        }
    }
}
