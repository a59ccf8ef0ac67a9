//! The transition table. One `match (state, event)`; one row of the product's state diagram per arm; the last
//! arm refuses and names both.
use super::{Action, CanceledBy, Event, Moment, Payment, Refused, State, Step, TossFacts};
use crate::refund::{CancelRequest, Cause, Refund, RefundOutcome};
use crate::verdict::{Evidence, Failure, Snapshot, TossStatus as T, Verdict as V};
use crate::{RefundId, Refusal, Won};

type Settled = Option<(RefundId, RefundOutcome)>;

impl Payment {
    /// What becomes of this payment when `event` happens, and what to do then. Nothing is done here.
    ///
    /// # Errors
    /// [`Refused`] when the table has no such move, or the budget does not allow it.
    pub fn step(&self, event: Event, moment: Moment<'_>) -> Result<Step, Refused> {
        use {Event as E, State as S};
        let said = event.describe();
        let name = event.name();
        let (next, then, settled) = match (&self.state, event) {
            (S::Ready, E::ConfirmRequested) => self.charge(),
            (S::Confirming { .. }, E::PspSaid(V::Seen(seen))) => self.confirm_seen(*seen, moment),
            (S::Confirming { tries: 0, .. }, E::PspSaid(V::Refused(refusal))) => self.decline(refusal),
            (S::Confirming { .. }, E::PspSaid(V::ReadIt)) => self.try_again(true, Action::Lookup),
            (S::Confirming { .. }, E::PspSaid(V::Absent)) if self.window_is_over(moment) => self.expire(),
            (S::Confirming { tries, .. }, E::PspSaid(verdict)) => {
                self.try_again(verdict.was_answered(), rest_until_retry(*tries, moment))
            }
            (S::Confirming { .. }, E::CompensationDue(seen)) => self.compensate(&seen, moment),
            (S::WaitingForDeposit, E::PspSaid(V::Seen(seen))) => self.deposit_seen(&seen, moment),
            (S::WaitingForDeposit, E::PspSaid(_)) => (self.clone(), rest_until_deposit(moment), None),
            (S::WaitingForDeposit | S::Paid | S::PartiallyCanceled, E::CancelRequested(request)) => {
                self.cancel(request, moment)?
            }
            (S::Canceling { refund, .. }, E::PspSaid(V::Seen(seen))) => self.cancel_seen(refund, *seen),
            (S::Canceling { refund, .. }, E::PspSaid(V::Refused(refusal))) if self.refuses_all(moment) => {
                self.cancel_refused(refund, refusal, moment)
            }
            (S::Canceling { .. }, E::PspSaid(V::ReadIt)) => self.ask_again(true, Action::Lookup),
            (S::Canceling { tries, .. }, E::PspSaid(verdict)) => {
                self.ask_again(verdict.was_answered(), rest_until_retry(*tries, moment))
            }
            (S::Confirming { .. } | S::Canceling { .. }, E::TriesExhausted) => {
                self.give_up("Toss did not tell the outcome in as many tries as allowed".to_owned())
            }
            (state, _) => return Err(Refused::NotNow { state: state.name(), event: name }),
        };
        let next = Self { version: self.version + 1, ..next };
        let Moment { now: at, actor, .. } = moment;
        Ok(Step { next, from: self.state.name(), event: said, actor, at, settled, then })
    }

    fn charge(&self) -> (Self, Action, Settled) {
        let state = State::Confirming { tries: 0, round: 0, answered: false };
        let toss = TossFacts { status: T::InProgress, ..self.toss.clone() };
        (Self { toss, state, ..self.clone() }, Action::Confirm, None)
    }

    fn confirm_seen(&self, seen: Snapshot, moment: Moment<'_>) -> (Self, Action, Settled) {
        match seen.status {
            T::Done | T::PartialCanceled | T::Canceled => self.captured_at_toss(&seen),
            T::WaitingForDeposit => {
                let next = Self { state: State::WaitingForDeposit, ..self.with_facts(&seen) };
                (next, rest_until_deposit(moment), None)
            }
            T::Aborted => self.decline(refusal_from(seen)),
            T::Expired => self.expire(),
            T::InProgress => self.confirm_again(),
            T::Ready | T::Unknown => self.try_again(true, rest_until_retry(self.tries(), moment)),
        }
    }

    /// The money was taken; how much of it is still ours, Toss's balance says.
    fn captured_at_toss(&self, seen: &Snapshot) -> (Self, Action, Settled) {
        let refunded = self.amount.minus(seen.balance).unwrap_or(Won::ZERO);
        let state = match seen.status {
            T::Done if refunded.is_zero() => State::Paid,
            _ if !seen.balance.is_zero() => State::PartiallyCanceled,
            // Found cancelled before we could record the approval: our own compensation, sent while the
            // store was down, or somebody at Toss. The order may be paid again in either case.
            _ => State::Canceled { by: CanceledBy::Compensation },
        };
        let next = Self { captured: self.amount, refunded, state, ..self.with_facts(seen) };
        (next, Action::Rest { due: None }, None)
    }

    /// A read has shown that nothing has happened yet: charge, with the same key unless Toss has already
    /// answered that key with an error, which it may repeat for ever.
    fn confirm_again(&self) -> (Self, Action, Settled) {
        let State::Confirming { tries, round, answered } = self.state else {
            return (self.clone(), Action::Rest { due: None }, None);
        };
        // A read that brought a fact is no try without one; but there has been a call that we know nothing of.
        let state =
            State::Confirming { tries: tries.max(1), round: round + u32::from(answered), answered: false };
        (Self { state, ..self.clone() }, Action::Confirm, None)
    }

    fn try_again(&self, was_answered: bool, then: Action) -> (Self, Action, Settled) {
        let State::Confirming { tries, round, answered } = self.state else {
            return (self.clone(), then, None);
        };
        let state = State::Confirming { tries: tries + 1, round, answered: answered || was_answered };
        (Self { state, ..self.clone() }, then, None)
    }

    fn decline(&self, refusal: Refusal) -> (Self, Action, Settled) {
        let toss = TossFacts { status: T::Aborted, ..self.toss.clone() };
        let state = State::Declined { refusal: Box::new(refusal) };
        (Self { toss, state, ..self.clone() }, Action::Rest { due: None }, None)
    }

    fn expire(&self) -> (Self, Action, Settled) {
        let toss = TossFacts { status: T::Expired, ..self.toss.clone() };
        (Self { state: State::Expired, toss, ..self.clone() }, Action::Rest { due: None }, None)
    }

    fn compensate(&self, seen: &Snapshot, moment: Moment<'_>) -> (Self, Action, Settled) {
        let refund = Refund::compensation(self.id, self.amount, moment.now);
        let state = canceling(refund);
        (Self { captured: self.amount, state, ..self.with_facts(seen) }, Action::Cancel, None)
    }

    fn deposit_seen(&self, seen: &Snapshot, moment: Moment<'_>) -> (Self, Action, Settled) {
        match seen.status {
            T::Done | T::PartialCanceled => self.captured_at_toss(seen),
            T::Canceled => {
                let state = State::Canceled { by: CanceledBy::Elsewhere };
                (Self { state, ..self.with_facts(seen) }, Action::Rest { due: None }, None)
            }
            T::Aborted | T::Expired => self.expire(),
            T::WaitingForDeposit | T::Ready | T::InProgress | T::Unknown => {
                (self.clone(), rest_until_deposit(moment), None)
            }
        }
    }

    fn cancel(&self, request: CancelRequest, moment: Moment<'_>) -> Result<(Self, Action, Settled), Refused> {
        let waiting = self.state == State::WaitingForDeposit;
        let left = if waiting { self.amount } else { self.refundable() };
        let amount = request.amount.unwrap_or(left);
        if amount > left || left.is_zero() {
            return Err(Refused::OverBalance { asked: amount, left });
        }
        if amount.is_zero() {
            return Err(Refused::NothingAsked);
        }
        if waiting && amount != left {
            return Err(Refused::PartialBeforeDeposit);
        }
        let refund = Refund {
            id: request.id,
            amount,
            whole: request.amount.is_none(),
            reason: request.reason,
            cause: Cause::Requested,
            requested_at: moment.now,
            balance_before: left,
        };
        let state = canceling(refund);
        Ok((Self { state, ..self.clone() }, Action::Cancel, None))
    }

    fn cancel_seen(&self, refund: &Refund, seen: Snapshot) -> (Self, Action, Settled) {
        if seen.balance <= refund.balance_after() {
            return self.cancel_done(refund, seen);
        }
        if seen.balance == refund.balance_before {
            return self.cancel_again();
        }
        let why = format!("the balance at Toss is {} won, which no refund of ours explains", seen.balance);
        self.give_up(why)
    }

    fn cancel_done(&self, refund: &Refund, seen: Snapshot) -> (Self, Action, Settled) {
        let by = match refund.cause {
            Cause::Requested => CanceledBy::Request,
            Cause::Compensation => CanceledBy::Compensation,
        };
        let state = if seen.balance.is_zero() { State::Canceled { by } } else { State::PartiallyCanceled };
        let refunded = self.captured.minus(seen.balance).unwrap_or(Won::ZERO);
        let next = Self { refunded, state, ..self.with_facts(&seen) };
        let transaction_key = seen.last_transaction_key;
        let outcome = RefundOutcome::Done { transaction_key, evidence: seen.evidence };
        (next, Action::Rest { due: None }, Some((refund.id, outcome)))
    }

    /// Does a refusal of the last call mean that the refund will not happen? Yes when it was the only call; yes
    /// when a read has shown that nothing had happened, and every call had the same key. But a call of an earlier
    /// round was answered with an error and may still land: only when it has had all the time in the world.
    fn refuses_all(&self, moment: Moment<'_>) -> bool {
        let State::Canceling { refund, tries, unchanged, round, .. } = &self.state else { return false };
        let landed = refund.requested_at.plus(moment.policy.confirm_window) <= moment.now;
        *tries == 0 || (*unchanged && (*round == 0 || landed))
    }

    fn cancel_refused(
        &self,
        refund: &Refund,
        refusal: Refusal,
        moment: Moment<'_>,
    ) -> (Self, Action, Settled) {
        if refund.cause == Cause::Compensation {
            return self.give_up(format!("Toss refused our compensating cancel: {}", refusal.code));
        }
        let rest = Action::Rest { due: None };
        let (state, then) = match (self.captured.is_zero(), self.refunded.is_zero()) {
            (true, _) => (State::WaitingForDeposit, rest_until_deposit(moment)),
            (false, true) => (State::Paid, rest),
            (false, false) => (State::PartiallyCanceled, rest),
        };
        (Self { state, ..self.clone() }, then, Some((refund.id, RefundOutcome::Refused(refusal))))
    }

    /// See [`Payment::confirm_again`]: the same for a refund.
    fn cancel_again(&self) -> (Self, Action, Settled) {
        let State::Canceling { ref refund, tries, round, answered, .. } = self.state else {
            return (self.clone(), Action::Rest { due: None }, None);
        };
        let (refund, round) = (refund.clone(), round + u32::from(answered));
        let state = State::Canceling { refund, tries: tries.max(1), unchanged: true, round, answered: false };
        (Self { state, ..self.clone() }, Action::Cancel, None)
    }

    fn ask_again(&self, was_answered: bool, then: Action) -> (Self, Action, Settled) {
        let State::Canceling { ref refund, tries, round, answered, .. } = self.state else {
            return (self.clone(), then, None);
        };
        let (refund, answered) = (refund.clone(), answered || was_answered);
        let state = State::Canceling { refund, tries: tries + 1, unchanged: false, round, answered };
        (Self { state, ..self.clone() }, then, None)
    }

    fn give_up(&self, why: String) -> (Self, Action, Settled) {
        let settled = match &self.state {
            State::Canceling { refund, .. } => Some((refund.id, RefundOutcome::NeedsReview)),
            _ => None,
        };
        let next = Self { state: State::NeedsReview { why }, ..self.clone() };
        (next, Action::Rest { due: None }, settled)
    }

    fn with_facts(&self, seen: &Snapshot) -> Self {
        let toss = TossFacts {
            status: seen.status,
            method: seen.method.clone().or_else(|| self.toss.method.clone()),
            requested_at: seen.requested_at.or(self.toss.requested_at),
            approved_at: seen.approved_at.or(self.toss.approved_at),
        };
        Self { toss, ..self.clone() }
    }

    const fn tries(&self) -> u32 {
        match self.state {
            State::Confirming { tries, .. } | State::Canceling { tries, .. } => tries,
            _ => 0,
        }
    }

    fn window_is_over(&self, moment: Moment<'_>) -> bool {
        self.created_at.plus(moment.policy.confirm_window) <= moment.now
    }
}

fn canceling(refund: Refund) -> State {
    State::Canceling { refund: Box::new(refund), tries: 0, unchanged: false, round: 0, answered: false }
}

fn rest_until_retry(tries: u32, moment: Moment<'_>) -> Action {
    Action::Rest { due: Some(moment.policy.retry_at(moment.now, tries)) }
}

fn rest_until_deposit(moment: Moment<'_>) -> Action {
    Action::Rest { due: Some(moment.now.plus(moment.policy.deposit_poll)) }
}

/// An ABORTED payment keeps its refusal in `failure`; told to the buyer in the shape of Toss's error answer.
fn refusal_from(seen: Snapshot) -> Refusal {
    let Failure { code, message } = seen.failure.unwrap_or_else(|| Failure {
        code: "PAY_PROCESS_ABORTED".to_owned(),
        message: "결제가 취소되었거나 진행되지 않았습니다.".to_owned(),
    });
    Refusal { code, message, evidence: Evidence { http_status: 400, body: [].into() } }
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

    /// One journal line: the kind and its evidence, without personal data.
    fn describe(&self) -> String {
        let name = self.name();
        match self {
            Self::PspSaid(V::Seen(seen)) => {
                format!("{name} {} balance {}", seen.status.as_str(), seen.balance)
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
            _ => name.to_owned(),
        }
    }
}
