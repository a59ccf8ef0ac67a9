//! The one way forward. A fresh request and a crash recovery both run [`App::drive`].
//!
//! 1. **act**: one call to Toss, which ends in a verdict;
//! 2. **step**: the transition table says what that means;
//! 3. **record**: one transaction; a store that hesitates is asked again for a while;
//! 4. from the top, until the step says "rest".
//!
//! If the store will not take the record of a charge, the charge is taken back: see [`App::compensate`].
use crate::{App, Unrecorded};
use hanbeon_domain::payment::CanceledBy;
use hanbeon_domain::payment::LateSuccess;
use hanbeon_domain::verdict::Snapshot;
use hanbeon_domain::{
    Action, Actor, Event, Moment, Payment, Policy, Refund, Refused, State, Step, Timestamp, Verdict,
};
use hanbeon_store::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::{Instrument as _, debug, error, info, warn};

/// Moves in one go. Confirm → look up → confirm → look up is as far as one holder should go; the rest is the
/// recovery's, in its own time.
const STEPS_MAX: u32 = 4;
/// The first wait before a hesitating store is asked again; it doubles up to [`RECORD_RETRY_CAP`].
const RECORD_RETRY_FIRST: Duration = Duration::from_millis(50);
/// Often enough to use the few seconds that we have.
const RECORD_RETRY_CAP: Duration = Duration::from_millis(500);

/// Why a payment could not be carried further by this holder. It stays where it is stored, and is due.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// Somebody else holds it now.
    #[error("somebody else took the payment over")]
    Superseded,
    /// It would claim an order that another payment holds.
    #[error("another payment holds the order")]
    OrderTaken,
    /// The result could not be recorded.
    #[error("the result of a call could not be recorded")]
    Store(#[source] StoreError),
    /// The table refused; a defect.
    #[error("the transition table refused")]
    Refused(#[from] Refused),
}

impl App {
    /// Carries a payment, which the caller holds until `held_until` at least, to its next rest.
    pub(crate) async fn drive(
        self: &Arc<Self>,
        mut payment: Payment,
        mut todo: Action,
        actor: Actor,
        mut held_until: Timestamp,
    ) -> Result<Payment, DriveError> {
        for _ in 0..STEPS_MAX {
            let asked_at = self.now();
            // Whoever has slept through its lease moves no money any more: a call that leaves so late could still land
            // when its successor has ruled that out.
            if matches!(todo, Action::Confirm | Action::Cancel) && held_until <= asked_at {
                break;
            }
            let Some(event) = self.act(&payment, todo).await else { break };
            let judged_at = if speaks_of_then(todo, &event) { asked_at } else { self.now() };
            let approval = approval_in(&payment, &event);
            let event = match &approval {
                // Somebody who could not record it is taking it back.
                Some(seen) if self.is_to_be_undone(&payment).await? => Event::CompensationDue(seen.clone()),
                _ => event,
            };
            let late = payment.leaves_order_free().then(|| event.clone());
            let mut step = payment.step(event, self.moment(judged_at, actor))?;
            let mut recorded = self.record(&step, self.settings.store_retry).await;
            if let (Err(DriveError::OrderTaken), Some(event)) = (&recorded, late) {
                // Late money was to be kept, but something else has paid the order since.
                let policy = Policy { late_success: LateSuccess::Cancel, ..self.settings.policy };
                step = payment.step(event, Moment { policy: &policy, ..self.moment(self.now(), actor) })?;
                recorded = self.record(&step, self.settings.store_retry).await;
            }
            match (recorded, approval) {
                (Ok(()), _) => {
                    held_until = step.at.plus(self.settings.lease);
                    (payment, todo) = (step.next, step.then);
                }
                (Err(DriveError::Store(cause)), Some(seen))
                    if self.settings.unrecorded == Unrecorded::Cancel =>
                {
                    error!(payment.id = %payment.id, error = %cause, "approved, but cannot be stored");
                    // Rare, and large: no charge is to carry the room for it.
                    let compensated = Box::pin(self.compensate(payment, step, seen, held_until));
                    (payment, todo) = compensated.await?;
                }
                (Err(error @ DriveError::Store(_)), _) => {
                    self.offer_on(step, held_until);
                    return Err(error);
                }
                (Err(error), _) => return Err(error),
            }
        }
        if payment.is_moving() {
            self.left_work.notify_one();
        }
        Ok(payment)
    }

    /// One call, one verdict. `None` is rest.
    async fn act(&self, payment: &Payment, todo: Action) -> Option<Event> {
        let started = Instant::now();
        if matches!(todo, Action::Confirm | Action::Lookup | Action::Cancel) {
            self.env.reached("before the call");
        }
        let verdict = match (todo, &payment.state) {
            (Action::Confirm, _) => self.psp.confirm(payment).await,
            (Action::Lookup, _) => self.psp.lookup(payment).await,
            (Action::Cancel, State::Canceling { refund, .. }) => self.cancel_at_toss(payment, refund).await,
            (Action::GiveUp, _) => return Some(Event::TriesExhausted),
            (Action::Cancel | Action::Rest { .. }, _) => return None,
        };
        if todo == Action::Confirm {
            self.charges.toss_took(started.elapsed());
        }
        self.env.reached("verdict in hand");
        self.counters.verdict(&verdict);
        if let Verdict::NotOurs(why) = &verdict {
            error!(payment.id = %payment.id, psp.call = ?todo, why, "Toss answered about another payment; not believed");
        }
        if self.breaker.note(payment.id, &verdict, self.now()) {
            self.counters.breaker_opened();
            error!("Toss does not answer: no new payment window is opened for a while");
        }
        let event = Event::PspSaid(verdict);
        debug!(
            payment.id = %payment.id, psp.call = ?todo, psp.verdict = event.name(),
            duration_ms = started.elapsed().as_millis(), "asked Toss"
        );
        Some(event)
    }

    async fn cancel_at_toss(&self, payment: &Payment, refund: &Refund) -> Verdict {
        if !payment.needs_refund_account() {
            return self.psp.cancel(payment, refund).await;
        }
        match self.refund_account(refund.id).await {
            Ok(Some(account)) => self.psp.cancel_into(payment, refund, &account).await,
            // Toss says what is missing.
            Ok(None) => self.psp.cancel(payment, refund).await,
            Err(why) => Verdict::NotSent(format!("the refund account cannot be had: {why}")),
        }
    }

    /// Has somebody promised to take this charge back? Nobody but us has ever held the first version. As long as the store
    /// does not tell, nothing may be recorded.
    async fn is_to_be_undone(&self, payment: &Payment) -> Result<bool, DriveError> {
        if payment.version == 1 {
            return Ok(false);
        }
        let give_up_at = Instant::now() + self.settings.store_retry;
        let mut wait = RECORD_RETRY_FIRST;
        loop {
            match self.store.undo_promised(payment.id).await {
                Ok(promised) => return Ok(promised),
                Err(cause) if give_up_at <= Instant::now() + wait => return Err(DriveError::Store(cause)),
                Err(_) => self.counters.store_retried(),
            }
            sleep(wait).await;
            wait = (wait * 2).min(RECORD_RETRY_CAP);
        }
    }

    /// Writes a step, offering it again as long as `patience` lasts if the store hesitates.
    async fn record(&self, step: &Step, patience: Duration) -> Result<(), DriveError> {
        let give_up_at = Instant::now() + patience;
        let mut wait = RECORD_RETRY_FIRST;
        let mut hesitated = false;
        loop {
            let cause = match self.store.commit(step, self.lease_until()).await {
                Ok(()) => break,
                // The first offer may have been taken and only its receipt lost.
                Err(StoreError::Superseded) if hesitated && self.is_recorded(step).await => break,
                Err(StoreError::Superseded) => {
                    self.counters.superseded();
                    return Err(DriveError::Superseded);
                }
                Err(StoreError::OrderTaken) => return Err(DriveError::OrderTaken),
                Err(cause) => cause,
            };
            if give_up_at <= Instant::now() + wait {
                return Err(DriveError::Store(cause));
            }
            warn!(payment.id = %step.next.id, error = %cause, "the store hesitates; offering the result again");
            self.counters.store_retried();
            hesitated = true;
            sleep(wait).await;
            wait = (wait * 2).min(RECORD_RETRY_CAP);
        }
        self.env.reached("recorded");
        self.recorded(step).await;
        Ok(())
    }

    /// What is on record needs no promise.
    async fn recorded(&self, step: &Step) {
        self.note(step);
        let Payment { id, state, .. } = &step.next;
        if !matches!(state, State::Confirming { .. }) {
            self.store.forget_undo(*id).await;
        }
    }

    /// Goes on offering a result to a store that is down, for as long as the payment is ours, so that nobody has
    /// to wait for the end of the lease once the store is back. Only a result that is the end of a turn: what
    /// would have to be done after it is the recovery's.
    fn offer_on(self: &Arc<Self>, step: Step, held_until: Timestamp) {
        if !matches!(step.then, Action::Rest { .. }) {
            return;
        }
        let left = held_until.as_micros().saturating_sub(self.now().as_micros());
        let patience = Duration::from_micros(u64::try_from(left).unwrap_or(0));
        let app = Arc::clone(self);
        let offer = async move {
            match app.record(&step, patience).await {
                Ok(()) => app.left_work.notify_one(),
                Err(error) => warn!(payment.id = %step.next.id, %error, "left to the recovery"),
            }
        };
        self.tasks.spawn(offer.in_current_span());
    }

    async fn is_recorded(&self, step: &Step) -> bool {
        let stored = self.store.payment_by_key(&step.next.key).await;
        matches!(stored, Ok(Some(stored)) if stored == step.next)
    }

    pub(crate) fn note(&self, step: &Step) {
        let Step { next, from, event, actor, .. } = step;
        let to = next.state.name();
        self.counters.state(to);
        if matches!(next.state, State::Canceled { by: CanceledBy::Compensation }) {
            self.counters.compensated();
        }
        if let State::NeedsReview { why } = &next.state {
            error!(payment.id = %next.id, payment.order = %next.order, why, "a payment needs review");
        }
        // An intent is in the journal, and is followed by its outcome here: one line per payment is enough.
        if next.is_moving() {
            debug!(payment.id = %next.id, payment.state = %to, actor = actor.as_str(), event, "payment moves");
        } else {
            info!(
                payment.id = %next.id, payment.order = %next.order, payment.from = %from, payment.state = %to,
                actor = actor.as_str(), event, "payment moved"
            );
        }
    }

    /// The money is taken and the store would not take the record of it. Take the money back.
    ///
    /// If the store has come back, the decision is recorded first and the ordinary way goes on from there. If not,
    /// it is promised beside the tables ([`Store::promise_undo`](hanbeon_store::Store::promise_undo)) before the cancel
    /// is sent: whoever finds the payment `confirming` and the charge still there takes it back, too, under the same
    /// key. The buyer hears "failed" only once Toss has said "cancelled".
    ///
    /// No promise, no cancel: then the recovery decides.
    async fn compensate(
        self: &Arc<Self>,
        payment: Payment,
        approval: Step,
        seen: Box<Snapshot>,
        held_until: Timestamp,
    ) -> Result<(Payment, Action), DriveError> {
        self.env.reached("before compensating");
        let actor = approval.actor;
        let decided = payment.step(Event::CompensationDue(seen), self.moment(self.now(), actor))?;
        match self.store.commit(&decided, self.lease_until()).await {
            Ok(()) => {
                self.recorded(&decided).await;
                return Ok((decided.next, decided.then));
            }
            Err(StoreError::Superseded) => return Err(DriveError::Superseded),
            Err(cause) => warn!(payment.id = %payment.id, error = %cause, "the store is still down"),
        }
        match self.promise(&payment, &decided).await {
            Ok(Stored::Intent) => {}
            Ok(Stored::Decision) => return Ok((decided.next, decided.then)),
            Ok(Stored::Another) => return Err(DriveError::Superseded),
            Err(cause) => {
                self.offer_on(approval, held_until);
                return Err(DriveError::Store(cause));
            }
        }
        self.env.reached("before the unrecorded cancel");
        let Some(event) = self.act(&decided.next, decided.then).await else {
            return Err(DriveError::Superseded);
        };
        self.env.reached("after the unrecorded cancel");
        match event {
            Event::PspSaid(Verdict::Seen(canceled))
                if canceled.balance.is_zero() && !canceled.is_giving_back() =>
            {
                let found = Event::PspSaid(Verdict::Seen(canceled));
                let step = payment.step(found, self.moment(self.now(), actor))?;
                let canceled = step.next.clone();
                self.offer_on(step, held_until);
                Ok((canceled, Action::Rest { due: None }))
            }
            _ => Err(DriveError::Store(StoreError::Unavailable("and the cancel is unclear".to_owned()))),
        }
    }

    /// Promises to take the charge back, unless the tables show that there is nothing to promise: the approval or the
    /// decision is on disk after all, with only its receipt lost, or somebody has taken the payment over. Looked at
    /// again once the promise stands: who took the payment over before that may not have seen it, and record the
    /// charge; who does so later sees it.
    async fn promise(&self, payment: &Payment, decided: &Step) -> Result<Stored, StoreError> {
        let stored = self.stored(payment, decided).await?;
        if stored != Stored::Intent {
            return Ok(stored);
        }
        self.store.promise_undo(payment.id).await?;
        self.stored(payment, decided).await
    }

    async fn stored(&self, payment: &Payment, decided: &Step) -> Result<Stored, StoreError> {
        Ok(match self.store.payment_by_key(&payment.key).await? {
            Some(stored) if stored == decided.next => Stored::Decision,
            Some(stored) if stored.version == payment.version => Stored::Intent,
            _ => Stored::Another,
        })
    }
}

/// What is on disk of a payment whose charge is to be taken back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// The intent to charge, as we hold it.
    Intent,
    /// That it is taken back.
    Decision,
    /// What somebody else has made of it.
    Another,
}

/// Is this the answer to a question about a moment, or a "no"? It is judged by the time of the question: a process that
/// slept before it could judge must not take an old answer for one that comes after every window has closed.
fn speaks_of_then(todo: Action, event: &Event) -> bool {
    todo == Action::Lookup || matches!(event, Event::PspSaid(Verdict::Absent | Verdict::Refused(_)))
}

/// Does this event tell that money was just taken on an intent of ours?
fn approval_in(payment: &Payment, event: &Event) -> Option<Box<Snapshot>> {
    use hanbeon_domain::TossStatus as T;
    match (&payment.state, event) {
        (State::Confirming { .. }, Event::PspSaid(Verdict::Seen(seen)))
            if matches!(seen.status, T::Done | T::WaitingForDeposit) =>
        {
            Some(seen.clone())
        }
        _ => None,
    }
}
