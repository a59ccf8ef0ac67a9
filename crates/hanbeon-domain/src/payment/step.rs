//! The transition table. One `match (state, event)`; one row of the product's state diagram per arm; the last
//! arm refuses and names both. What the arms do stands in three files: [`charge`](super::charge) (until the money
//! is in), [`give_back`](super::give_back) (until it is out again), and [`reread`](super::reread) (what Toss shows
//! of a payment that was at rest).
use super::{Action, Event, Moment, Payment, Refused, State, Step, TossFacts};
use crate::refund::{CancelRequest, RefundOutcome};
use crate::verdict::{Snapshot, TossStatus as T, Verdict as V};
use crate::{Evidence, RefundId, Timestamp, TossCancel};

pub(super) type Settled = Option<(RefundId, RefundOutcome)>;
/// The payment as it will be, what to do then, and a refund that ends.
pub(super) type Move = (Payment, Action, Settled);

impl Payment {
    /// What becomes of this payment when `event` happens, and what to do then. Nothing is done here.
    ///
    /// # Errors
    /// [`Refused`] when the table has no such move, or the budget does not allow it.
    pub fn step(&self, event: Event, moment: Moment<'_>) -> Result<Step, Refused> {
        use {Event as E, State as S};
        let (said, name, evidence) = (event.describe(), event.name(), event.evidence());
        let cancels = event.cancels().to_vec();
        let (next, then, settled) = match (&self.state, event) {
            (S::Ready, E::ConfirmRequested) => self.charge(),
            (S::Confirming { .. }, E::PspSaid(V::Seen(seen))) => self.confirm_seen(*seen, moment),
            (S::Confirming { tries: 0, .. }, E::PspSaid(V::Refused(refusal))) => self.decline(refusal),
            (S::Confirming { .. }, E::PspSaid(V::ReadIt)) => self.try_again(true, Action::Lookup),
            (S::Confirming { .. }, E::PspSaid(V::Absent)) if self.window_is_over(moment) => self.expire(),
            (S::Confirming { .. }, E::PspSaid(verdict)) => {
                self.try_again(verdict.was_answered(), self.rest_until_retry(moment))
            }
            (S::Confirming { .. }, E::CompensationDue(seen)) => self.compensate(&seen, moment),
            (S::WaitingForDeposit, E::PspSaid(V::Seen(seen))) => self.deposit_seen(&seen, moment),
            (S::WaitingForDeposit, E::PspSaid(_)) => (self.clone(), rest_until_deposit(None, moment), None),
            (S::WaitingForDeposit | S::Paid | S::PartiallyCanceled, E::CancelRequested(request)) => {
                self.cancel(request, moment)?
            }
            (S::Canceling { refund, .. }, E::PspSaid(V::Seen(seen))) => {
                self.cancel_seen(refund, *seen, moment)
            }
            (S::Canceling { refund, .. }, E::PspSaid(V::Refused(refusal))) if self.refuses_all() => {
                self.cancel_refused(refund, refusal, moment)
            }
            (S::Canceling { .. }, E::PspSaid(V::ReadIt)) => self.ask_again(true, Action::Lookup),
            (S::Canceling { .. }, E::PspSaid(verdict)) => {
                let uses_the_key_up = verdict.was_answered() && !matches!(verdict, V::Refused(_));
                self.ask_again(uses_the_key_up, self.rest_until_retry(moment))
            }
            (S::Confirming { .. } | S::Canceling { .. }, E::TriesExhausted) => {
                self.give_up("Toss did not tell the outcome in as many tries as allowed".to_owned())
            }
            (S::Paid | S::PartiallyCanceled, E::PspSaid(V::Seen(seen))) => {
                self.reread_captured(&seen, moment)
            }
            (S::Canceled { .. }, E::PspSaid(V::Seen(seen))) => self.reread_canceled(&seen, moment),
            (S::Declined { .. } | S::Expired, E::PspSaid(V::Seen(seen))) => self.reread_dead(&seen, moment),
            (S::NeedsReview { .. }, E::PspSaid(V::Seen(seen))) => self.reread_unknown(*seen, moment),
            (S::NeedsReview { .. }, E::OperatorSaid { says, .. }) => self.resolve(says)?,
            (state, E::PspSaid(verdict)) if *state != S::Ready => self.reread_nothing(&verdict, moment),
            (state, _) => return Err(Refused::NotNow { state: state.name(), event: name }),
        };
        let (next, then) = self.settle(next, then, name == "psp_seen", moment);
        let (next, news) = next.tell();
        let Moment { now: at, actor, policy } = moment;
        let cancels_now = then == Action::Cancel || settled.is_some();
        let last_cancel_at = if cancels_now { Some(at) } else { self.last_cancel_at };
        let next = Self { version: self.version + 1, last_cancel_at, ..next };
        let refund_from = next.cancel_from(moment).max(at);
        let notice_from = at.plus(policy.notice_spacing);
        let from = self.state.name();
        Ok(Step {
            next,
            from,
            event: said,
            actor,
            at,
            evidence,
            cancels,
            refund_from,
            notice_from,
            settled,
            news,
            then,
        })
    }

    pub(super) fn with_facts(&self, seen: &Snapshot) -> Self {
        let toss = TossFacts {
            status: seen.status,
            method: seen.method.clone().or_else(|| self.toss.method.clone()),
            requested_at: seen.requested_at.or(self.toss.requested_at),
            approved_at: seen.approved_at.or(self.toss.approved_at),
            secret: seen.secret.or(self.toss.secret),
            tax: seen.tax,
        };
        Self { toss, ..self.clone() }
    }

    pub(super) fn rest_until_retry(&self, moment: Moment<'_>) -> Action {
        let tries = match self.state {
            State::Confirming { tries, .. } | State::Canceling { tries, .. } => tries,
            _ => 0,
        };
        Action::Rest { due: Some(moment.policy.retry_at(moment.now, tries, self.salt())) }
    }

    /// Tells this payment from others; see [`super::Policy::retry_at`].
    pub(super) fn salt(&self) -> u64 {
        self.id.uuid().as_u64_pair().1
    }

    /// Has it had all the time in which Toss may confirm it?
    fn window_is_over(&self, moment: Moment<'_>) -> bool {
        self.tells_after(self.created_at.plus(moment.policy.confirm_window), moment)
    }

    /// Is this moment after `then`, by the clock, and by our own waiting, which no clock can shorten?
    pub(super) fn tells_after(&self, then: Timestamp, moment: Moment<'_>) -> bool {
        let waited = match self.state {
            State::Confirming { tries, .. } | State::Canceling { tries, .. } => {
                moment.policy.window_tries <= tries
            }
            _ => true,
        };
        waited && then <= moment.now
    }

    pub(super) fn give_up(&self, why: String) -> Move {
        let settled = match &self.state {
            State::Canceling { refund, .. } => Some((refund.id, RefundOutcome::NeedsReview)),
            _ => None,
        };
        (Self { state: State::NeedsReview { why }, ..self.clone() }, Action::Rest { due: None }, settled)
    }
}

/// Until somebody asks for the deposit again: from time to time, and once the account has closed.
pub(super) fn rest_until_deposit(closes_at: Option<Timestamp>, moment: Moment<'_>) -> Action {
    let Moment { now, policy, .. } = moment;
    let usual = now.plus(policy.deposit_poll);
    let closed = closes_at.map(|at| at.plus(policy.deposit_closing));
    let due = match closed {
        Some(closed) if closed <= now => now.plus(policy.deposit_closing),
        Some(closed) => closed.min(usual),
        None => usual,
    };
    Action::Rest { due: Some(due) }
}

impl V {
    const fn was_answered(&self) -> bool {
        match self {
            Self::Unclear { answered, .. } => *answered,
            Self::Seen(_) | Self::Refused(_) | Self::ReadIt | Self::NotOurs(_) => true,
            Self::Absent | Self::NotSent(_) => false,
        }
    }
}

impl Event {
    /// The kind of event, for refusals and tests.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ConfirmRequested => "confirm_requested",
            Self::CancelRequested(_) => "cancel_requested",
            Self::CompensationDue(_) => "compensation_due",
            Self::TriesExhausted => "tries_exhausted",
            Self::OperatorSaid { .. } => "operator_said",
            Self::PspSaid(verdict) => match verdict {
                V::Seen(_) => "psp_seen",
                V::Refused(_) => "psp_refused",
                V::ReadIt => "psp_read_it",
                V::Absent => "psp_absent",
                V::NotSent(_) => "psp_not_sent",
                V::Unclear { .. } => "psp_unclear",
                V::NotOurs(_) => "psp_not_ours",
            },
        }
    }

    /// One journal line: the kind and its facts, without personal data.
    fn describe(&self) -> String {
        let name = self.name();
        match self {
            Self::PspSaid(V::Seen(seen)) => {
                let by = seen.last_transaction_key.as_deref().unwrap_or("none");
                format!("{name} {} balance {} transaction {by}", seen.status.as_str(), seen.balance)
            }
            Self::PspSaid(V::Refused(refusal)) => {
                format!("{name} {} {}", refusal.evidence.http_status, refusal.code)
            }
            Self::PspSaid(V::NotSent(why) | V::NotOurs(why) | V::Unclear { why, .. }) => {
                format!("{name}: {why}")
            }
            Self::CancelRequested(CancelRequest { id, amount, .. }) => match amount {
                Some(amount) => format!("{name} {id} {amount} won"),
                None => format!("{name} {id} everything left"),
            },
            Self::OperatorSaid { says, note } => format!("{name} {says:?}: {note}"),
            _ => name.to_owned(),
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::PspSaid(V::Seen(seen)) | Self::CompensationDue(seen) => Some(seen.evidence.clone()),
            Self::PspSaid(V::Refused(refusal)) => Some(refusal.evidence.clone()),
            _ => None,
        }
    }

    fn cancels(&self) -> &[TossCancel] {
        match self {
            Self::PspSaid(V::Seen(seen)) if seen.status != T::Unknown => &seen.cancels,
            _ => &[],
        }
    }
}
