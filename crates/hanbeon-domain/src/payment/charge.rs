//! Until the money is in: what the arms of [`Payment::step`] do while a charge is intended, and while a virtual
//! account waits for its deposit.
use super::step::{Move, rest_until_deposit};
use super::{Action, CanceledBy, Moment, Payment, State, TossFacts};
use crate::refund::{Cause, Refund};
use crate::verdict::{Evidence, Failure, Snapshot, TossStatus as T};
use crate::{Refusal, Won};

const REST: Action = Action::Rest { due: None };

impl Payment {
    pub(super) fn charge(&self) -> Move {
        let state = State::Confirming { tries: 0, round: 0, answered: false };
        let toss = TossFacts { status: T::InProgress, ..self.toss.clone() };
        (Self { toss, state, ..self.clone() }, Action::Confirm, None)
    }

    pub(super) fn confirm_seen(&self, seen: Snapshot, moment: Moment<'_>) -> Move {
        match seen.status {
            // Whether it stays taken or goes back shows once that cancel has ended.
            T::PartialCanceled | T::Canceled if seen.is_giving_back() => {
                self.try_again(true, self.rest_until_retry(moment))
            }
            // Found cancelled before we could record the approval: our own compensation, sent while the
            // store was down, or somebody at Toss. The order may be paid again in either case.
            T::Done | T::PartialCanceled | T::Canceled => {
                self.captured_at_toss(&seen, CanceledBy::Compensation)
            }
            T::WaitingForDeposit => self.deposit_awaited(&seen, moment),
            T::Aborted => self.decline(refusal_from(seen)),
            T::Expired => self.expire(),
            T::InProgress => self.confirm_again(),
            T::Ready | T::Unknown => self.try_again(true, self.rest_until_retry(moment)),
        }
    }

    /// The money was taken; how much of it is still ours, Toss's balance says, and never its status.
    pub(super) fn captured_at_toss(&self, seen: &Snapshot, by: CanceledBy) -> Move {
        let refunded = self.amount.minus(seen.balance).unwrap_or(Won::ZERO);
        let state = match (seen.balance.is_zero(), refunded.is_zero()) {
            (true, _) => State::Canceled { by },
            (false, true) => State::Paid,
            (false, false) => State::PartiallyCanceled,
        };
        (Self { captured: self.amount, refunded, state, ..self.with_facts(seen) }, REST, None)
    }

    pub(super) fn deposit_awaited(&self, seen: &Snapshot, moment: Moment<'_>) -> Move {
        let nothing_in = Self { captured: Won::ZERO, refunded: Won::ZERO, ..self.with_facts(seen) };
        if seen.is_closed_account() {
            return nothing_in.expire();
        }
        let closes_at = seen.account.and_then(|account| account.closes_at);
        let next = Self { state: State::WaitingForDeposit, ..nothing_in };
        (next, rest_until_deposit(closes_at, moment), None)
    }

    /// A read has shown that nothing has happened yet: charge, with the same key unless Toss has already
    /// answered that key with an error, which it may repeat for ever.
    fn confirm_again(&self) -> Move {
        let State::Confirming { tries, round, answered } = self.state else {
            return (self.clone(), REST, None);
        };
        // A read that brought a fact is no try without one; but there has been a call that we know nothing of.
        let state =
            State::Confirming { tries: tries.max(1), round: round + u32::from(answered), answered: false };
        (Self { state, ..self.clone() }, Action::Confirm, None)
    }

    pub(super) fn try_again(&self, was_answered: bool, then: Action) -> Move {
        let State::Confirming { tries, round, answered } = self.state else {
            return (self.clone(), then, None);
        };
        let state = State::Confirming { tries: tries + 1, round, answered: answered || was_answered };
        (Self { state, ..self.clone() }, then, None)
    }

    pub(super) fn decline(&self, refusal: Refusal) -> Move {
        let toss = TossFacts { status: T::Aborted, ..self.toss.clone() };
        let state = State::Declined { refusal: Box::new(refusal) };
        (Self { toss, state, ..self.clone() }, REST, None)
    }

    pub(super) fn expire(&self) -> Move {
        let toss = TossFacts { status: T::Expired, ..self.toss.clone() };
        (Self { state: State::Expired, toss, ..self.clone() }, REST, None)
    }

    pub(super) fn compensate(&self, seen: &Snapshot, moment: Moment<'_>) -> Move {
        let refund = Refund::undoing(self.id, self.amount, Cause::Compensation, moment.now);
        let state = State::canceling(refund);
        // Nobody has paid into a virtual account that was issued this moment.
        let captured = if seen.status == T::WaitingForDeposit { Won::ZERO } else { self.amount };
        (Self { captured, state, ..self.with_facts(seen) }, Action::Cancel, None)
    }

    pub(super) fn deposit_seen(&self, seen: &Snapshot, moment: Moment<'_>) -> Move {
        match seen.status {
            T::Done | T::PartialCanceled => self.captured_at_toss(seen, CanceledBy::Elsewhere),
            T::Canceled => {
                let state = State::Canceled { by: CanceledBy::Elsewhere };
                (Self { state, ..self.with_facts(seen) }, REST, None)
            }
            T::Aborted | T::Expired => self.expire(),
            T::WaitingForDeposit => self.deposit_awaited(seen, moment),
            T::Ready | T::InProgress | T::Unknown => (self.clone(), rest_until_deposit(None, moment), None),
        }
    }
}

/// An ABORTED payment keeps its refusal in `failure`; told to the buyer in the shape of Toss's error answer.
pub(crate) fn refusal_from(seen: Snapshot) -> Refusal {
    let Failure { code, message } = seen.failure.unwrap_or_else(|| Failure {
        code: "PAY_PROCESS_ABORTED".to_owned(),
        message: "결제가 취소되었거나 진행되지 않았습니다.".to_owned(),
    });
    Refusal { code, message, evidence: Evidence { http_status: 400, body: [].into() } }
}
