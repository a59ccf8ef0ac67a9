//! Until the money is out again: what the arms of [`Payment::step`] do while a refund is intended.
use super::step::{Move, rest_until_deposit};
use super::tax::untaxed_of;
use super::{Action, CanceledBy, Moment, Payment, Refused, State};
use crate::refund::{CancelRequest, Cause, Refund, RefundOutcome};
use crate::verdict::{Evidence, Snapshot, TossStatus as T};
use crate::{Refusal, Timestamp, Won};

const REST: Action = Action::Rest { due: None };

impl Payment {
    /// From when on the next cancel of this payment may be called for.
    #[must_use]
    pub fn cancel_from(&self, moment: Moment<'_>) -> Timestamp {
        self.last_cancel_at.map_or(moment.now, |at| at.plus(moment.policy.cancel_spacing))
    }

    pub(super) fn cancel(&self, request: CancelRequest, moment: Moment<'_>) -> Result<Move, Refused> {
        let amount = self.admit(&request, Won::ZERO, moment.now)?;
        let waits = self.state == State::WaitingForDeposit;
        let balance_before = if waits { self.amount } else { self.refundable() };
        let refund = Refund {
            id: request.id,
            amount,
            untaxed: self.untaxed_of(&request, amount)?,
            whole: request.amount.is_none(),
            reason: request.reason,
            cause: Cause::Requested,
            requested_at: moment.now,
            balance_before,
        };
        Ok((Self { state: State::canceling(refund), ..self.clone() }, Action::Cancel, None))
    }

    pub(super) fn cancel_seen(&self, refund: &Refund, seen: Snapshot, moment: Moment<'_>) -> Move {
        if self.captured.is_zero() && matches!(seen.status, T::Done | T::PartialCanceled) {
            // The deposit came in after all, before our cancel.
            let held = Self { captured: self.amount, ..self.clone() };
            return held.cancel_seen(refund, seen, moment);
        }
        if seen.status == T::Unknown {
            return self.ask_again(false, self.rest_until_retry(moment));
        }
        match refund.pending_in(&seen.pending) {
            Some(accepted) if !accepted.aborted => return self.cancel_accepted(moment),
            Some(_) if refund.found_in(&seen.cancels).is_none() => {
                return self.cancel_aborted(refund, &seen, moment);
            }
            _ => {}
        }
        let (found, balance) = (refund.found_in(&seen.cancels), seen.balance);
        if balance <= refund.balance_after() && (found.is_some() || self.is_given_back(&seen)) {
            let by = found.map(|cancel| &cancel.transaction_key).or(seen.last_transaction_key.as_ref());
            let transaction_key = by.cloned();
            return self.cancel_done(refund, seen, transaction_key);
        }
        // A read that lags, or a status that tells nothing of captured money: the next one decides.
        let tells = match seen.status {
            T::Done | T::PartialCanceled | T::Canceled => true,
            T::WaitingForDeposit => balance == refund.balance_before,
            T::Aborted | T::Expired => self.captured.is_zero(),
            T::Ready | T::InProgress | T::Unknown => false,
        };
        if !tells || found.is_some() || refund.balance_before < balance {
            return self.ask_again(false, self.rest_until_retry(moment));
        }
        if balance == refund.balance_before {
            return self.cancel_again(refund.clone(), moment);
        }
        self.cancel_elsewhere(refund, &seen, moment)
    }

    /// Toss has taken the cancel and is still at it: a fact, and no reason to call again, for a call would be another
    /// cancel. The money is not back before a read says so.
    fn cancel_accepted(&self, moment: Moment<'_>) -> Move {
        let mut next = self.clone();
        if let State::Canceling { tries, unchanged, .. } = &mut next.state {
            (*tries, *unchanged) = (1, false);
        }
        (next, Action::Rest { due: Some(moment.now.plus(moment.policy.cancel_poll)) }, None)
    }

    /// Toss took the cancel and has given it up. What it was for can be cancelled again, by another wish.
    fn cancel_aborted(&self, refund: &Refund, seen: &Snapshot, moment: Moment<'_>) -> Move {
        let refusal =
            Refusal::ours(400, "REFUND_REJECTED", "환불이 거절됐습니다. 결제사에 문의 부탁드립니다.");
        if seen.balance < self.ours() && !refund.undoes_a_charge() {
            let next = self.left_at_toss(seen, CanceledBy::Elsewhere);
            return (next, REST, Some((refund.id, RefundOutcome::Refused(refusal))));
        }
        self.with_facts(seen).cancel_refused(refund, refusal, moment)
    }

    /// Does the balance alone say that the refund has happened? Only where the answer does not list its cancels
    /// with what they left, or where no money had come in.
    fn is_given_back(&self, seen: &Snapshot) -> bool {
        let dead = match seen.status {
            T::Done | T::PartialCanceled | T::Canceled => true,
            T::Aborted | T::Expired => self.captured.is_zero(),
            T::Ready | T::InProgress | T::WaitingForDeposit | T::Unknown => false,
        };
        let unlisted = seen.cancels.iter().all(|cancel| cancel.balance_after.is_none());
        dead && (unlisted || self.captured.is_zero())
    }

    fn cancel_done(&self, refund: &Refund, seen: Snapshot, transaction_key: Option<String>) -> Move {
        let by = if refund.undoes_a_charge() { CanceledBy::Compensation } else { CanceledBy::Request };
        let next = self.left_at_toss(&seen, by);
        let outcome = RefundOutcome::Done { transaction_key, evidence: seen.evidence };
        (next, REST, Some((refund.id, outcome)))
    }

    /// What Toss's balance says of captured money.
    pub(super) fn left_at_toss(&self, seen: &Snapshot, by: CanceledBy) -> Self {
        let state = if seen.balance.is_zero() { State::Canceled { by } } else { State::PartiallyCanceled };
        let refunded = self.captured.minus(seen.balance).unwrap_or(Won::ZERO);
        Self { refunded, state, ..self.with_facts(seen) }
    }

    /// Somebody cancelled at Toss's side before our call could: ours names a balance that is gone, and will be
    /// refused whenever it lands. What is left of the wish starts anew from the balance that there is.
    fn cancel_elsewhere(&self, refund: &Refund, seen: &Snapshot, moment: Moment<'_>) -> Move {
        let left = seen.balance;
        if left.is_zero() || (!refund.whole && left < refund.amount) {
            let next = self.left_at_toss(seen, CanceledBy::Elsewhere);
            let outcome = RefundOutcome::Refused(too_late(left));
            return (next, REST, Some((refund.id, outcome)));
        }
        let (amount, wanted) = if refund.whole { (left, None) } else { (refund.amount, refund.untaxed) };
        let Ok(untaxed) = untaxed_of(seen.untaxed(), left, amount, wanted) else {
            let next = self.left_at_toss(seen, CanceledBy::Elsewhere);
            return (next, REST, Some((refund.id, RefundOutcome::Refused(too_late(left)))));
        };
        let refund = Refund { amount, untaxed, balance_before: left, ..refund.clone() };
        let refunded = self.captured.minus(left).unwrap_or(Won::ZERO);
        // Answered or not: the old key was for another balance.
        let anew = self.answered_in_this_round().with_facts(seen);
        Self { refunded, ..anew }.cancel_again(Box::new(refund), moment)
    }

    fn answered_in_this_round(&self) -> Self {
        let mut next = self.clone();
        if let State::Canceling { answered, .. } = &mut next.state {
            *answered = true;
        }
        next
    }

    /// A read has shown that nothing has happened yet: cancel, with the same key unless Toss has already answered
    /// that key; but not so soon after the last call that Toss would ignore it.
    fn cancel_again(&self, refund: impl Into<Box<Refund>>, moment: Moment<'_>) -> Move {
        let refund: Box<Refund> = refund.into();
        let State::Canceling { tries, unchanged, round, answered, landing_until, .. } = self.state else {
            return (self.clone(), REST, None);
        };
        let landed = landing_until.is_none_or(|until| self.tells_after(until, moment));
        let landing_until = landing_until.filter(|_| !landed);
        let from = self.cancel_from(moment);
        if unchanged {
            // Nothing had happened, we called, and nothing has happened. This may be Toss's answer to the call, which
            // it ignored, and which it would answer so for ever under this key.
            let due = from.max(moment.policy.retry_at(moment.now, tries, self.salt()));
            let (tries, unchanged, answered) = (tries + 1, false, true);
            let state = State::Canceling { refund, tries, unchanged, round, answered, landing_until };
            return (Self { state, ..self.clone() }, Action::Rest { due: Some(due) }, None);
        }
        if tries > 0 && moment.now < from {
            let state = State::Canceling { refund, tries, unchanged, round, answered, landing_until };
            return (Self { state, ..self.clone() }, Action::Rest { due: Some(from) }, None);
        }
        let key_is_used_up = answered;
        let may_land = tries < moment.policy.window_tries || Self::may_lag(self.last_cancel_at, moment);
        if key_is_used_up && self.cancels_later() && may_land {
            // An asynchronous cancel need not show in the balance, so the balance that a call names stops no second one: only
            // time does, and so many looks with it, for a clock may have jumped.
            return self.ask_again(false, self.rest_until_retry(moment));
        }
        let state = State::Canceling {
            refund,
            tries: tries.max(1),
            unchanged: true,
            round: round + u32::from(key_is_used_up),
            answered: false,
            landing_until: if key_is_used_up {
                Some(moment.now.plus(moment.policy.confirm_window))
            } else {
                landing_until
            },
        };
        (Self { state, ..self.clone() }, Action::Cancel, None)
    }

    pub(super) fn ask_again(&self, was_answered: bool, then: Action) -> Move {
        let State::Canceling { ref refund, tries, round, answered, landing_until, .. } = self.state else {
            return (self.clone(), then, None);
        };
        let (refund, answered) = (refund.clone(), answered || was_answered);
        let (tries, unchanged) = (tries + 1, false);
        let state = State::Canceling { refund, tries, unchanged, round, answered, landing_until };
        (Self { state, ..self.clone() }, then, None)
    }

    /// Does a refusal of the last call mean that the refund will not happen? Yes when it was the only call; yes
    /// when a read has shown that nothing had happened, and no call under an earlier key can land any more.
    pub(super) const fn refuses_all(&self) -> bool {
        match &self.state {
            State::Canceling { tries: 0, .. } => true,
            State::Canceling { unchanged, landing_until, .. } => *unchanged && landing_until.is_none(),
            _ => false,
        }
    }

    pub(super) fn cancel_refused(&self, refund: &Refund, refusal: Refusal, moment: Moment<'_>) -> Move {
        if refund.undoes_a_charge() {
            return self.give_up(format!("Toss refused to take back a charge: {}", refusal.code));
        }
        let (state, then) = match (self.captured.is_zero(), self.refunded.is_zero()) {
            (true, _) => (State::WaitingForDeposit, rest_until_deposit(None, moment)),
            (false, true) => (State::Paid, REST),
            (false, false) => (State::PartiallyCanceled, REST),
        };
        (Self { state, ..self.clone() }, then, Some((refund.id, RefundOutcome::Refused(refusal))))
    }
}

impl State {
    pub(super) fn canceling(refund: Refund) -> Self {
        let refund = Box::new(refund);
        Self::Canceling { refund, tries: 0, unchanged: false, round: 0, answered: false, landing_until: None }
    }
}

/// Our own refusal, in Toss's words for it (Toss core API, Cancel).
fn too_late(left: Won) -> Refusal {
    let (code, message) = if left.is_zero() {
        ("ALREADY_CANCELED_PAYMENT", "이미 취소된 결제 입니다.")
    } else {
        ("NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.")
    };
    Refusal::ours(403, code, message)
}

impl Refusal {
    /// A refusal that we made, in the shape of Toss's.
    #[must_use]
    pub fn ours(http_status: u16, code: &str, message: &str) -> Self {
        // Codes and messages of ours contain nothing that JSON would have to escape.
        let body = format!(r#"{{"code":"{code}","message":"{message}"}}"#).into_bytes().into();
        let evidence = Evidence { http_status, body };
        Self { code: code.to_owned(), message: message.to_owned(), evidence }
    }
}
