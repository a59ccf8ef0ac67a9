//! What a read shows of a payment that was at rest: a cancel made in Toss's own console, a deposit that the bank
//! took back, money that turned up late. A notice only makes somebody look; what is seen decides.
use super::charge::refusal_from;
use super::step::Move;
use super::{Action, CanceledBy, LateSuccess, Moment, OperatorSays, Payment, Refused, State};
use crate::refund::{Cause, Refund};
use crate::verdict::{Snapshot, TossStatus as T, Verdict as V};
use crate::{RefundId, Timestamp, Won};
use uuid::Uuid;

const REST: Action = Action::Rest { due: None };

impl Payment {
    /// Money that we hold: what is left of it at Toss?
    pub(super) fn reread_captured(&self, seen: &Snapshot, moment: Moment<'_>) -> Move {
        let ours = self.ours();
        match seen.status {
            _ if seen.is_giving_back() => self.wait_for_cancel(moment),
            T::Done | T::PartialCanceled | T::Canceled if seen.balance == ours => {
                (self.with_facts(seen), REST, None)
            }
            T::Done | T::PartialCanceled | T::Canceled if seen.balance < ours => {
                (self.left_at_toss(seen, CanceledBy::Elsewhere), REST, None)
            }
            T::WaitingForDeposit if self.refunded.is_zero() => self.deposit_awaited(seen, moment),
            T::Unknown => self.stay(),
            _ => self.contradicted(seen, moment),
        }
    }

    /// Money that we gave back: is it?
    pub(super) fn reread_canceled(&self, seen: &Snapshot, moment: Moment<'_>) -> Move {
        match seen.status {
            T::Done | T::PartialCanceled | T::WaitingForDeposit if !seen.balance.is_zero() => {
                self.contradicted(seen, moment)
            }
            _ => self.stay(),
        }
    }

    /// A payment that took nothing: did it, after all?
    pub(super) fn reread_dead(&self, seen: &Snapshot, moment: Moment<'_>) -> Move {
        // What was late once claims no order, whatever the policy has become since.
        let keeps = moment.policy.late_success == LateSuccess::Keep && !self.late;
        match seen.status {
            T::Done | T::PartialCanceled if seen.balance.is_zero() => self.stay(),
            // Nobody can pay into it any more.
            _ if seen.is_closed_account() => self.stay(),
            T::Done | T::PartialCanceled if keeps => self.captured_at_toss(seen, CanceledBy::Elsewhere),
            T::WaitingForDeposit if keeps => self.deposit_awaited(seen, moment),
            T::Done | T::PartialCanceled => {
                let held = self.held(seen);
                let left = held.ours();
                held.undo_late(left, moment.now)
            }
            T::WaitingForDeposit => self.with_facts(seen).undo_late(self.amount, moment.now),
            _ => self.stay(),
        }
    }

    /// The money was taken, whatever follows from it.
    fn held(&self, seen: &Snapshot) -> Self {
        let refunded = self.amount.minus(seen.balance).unwrap_or(Won::ZERO);
        Self { captured: self.amount, refunded, ..self.with_facts(seen) }
    }

    fn undo_late(self, balance: Won, now: Timestamp) -> Move {
        // Late money may turn up again after a refusal: the first refund's name, and with it the key under which
        // Toss would repeat that refusal, is used up then.
        let id =
            RefundId::from_uuid(Uuid::from_u128(self.id.uuid().as_u128() ^ u128::from(self.version + 1)));
        let state =
            State::canceling(Refund { id, ..Refund::undoing(self.id, balance, Cause::LateSuccess, now) });
        (Self { late: true, state, ..self }, Action::Cancel, None)
    }

    /// A payment that a human was asked about: does Toss tell now?
    pub(super) fn reread_unknown(&self, seen: Snapshot, moment: Moment<'_>) -> Move {
        let takes = matches!(seen.status, T::Done | T::PartialCanceled | T::Canceled);
        let left = !seen.balance.is_zero();
        match seen.status {
            _ if seen.is_giving_back() => self.wait_for_cancel(moment),
            // A cancel of ours is not seen yet, and may still be.
            _ if left && self.ours() <= seen.balance && Self::may_lag(self.last_cancel_at, moment) => {
                (self.clone(), self.look_again(moment), None)
            }
            _ if takes && left && self.late => (self.held(&seen), REST, None),
            _ if takes => self.captured_at_toss(&seen, CanceledBy::Elsewhere),
            T::WaitingForDeposit if self.refunded.is_zero() && !self.late => {
                self.deposit_awaited(&seen, moment)
            }
            T::Aborted if self.captured.is_zero() => self.decline(refusal_from(seen)),
            T::Expired if self.captured.is_zero() => self.expire(),
            _ => self.stay(),
        }
    }

    /// A human has found out what Toss would not tell us.
    pub(super) fn resolve(&self, says: OperatorSays) -> Result<Move, Refused> {
        match says {
            OperatorSays::NothingCharged if self.captured.is_zero() => Ok(self.expire()),
            OperatorSays::NothingCharged => {
                Err(Refused::NotNow { state: self.state.name(), event: "operator_said nothing charged" })
            }
            OperatorSays::GivenBack => {
                let state = State::Canceled { by: CanceledBy::Elsewhere };
                let (captured, refunded) = (self.amount, self.amount);
                Ok((Self { captured, refunded, state, ..self.clone() }, REST, None))
            }
        }
    }

    /// A read that brought no payment. Somebody had a reason to look: if nothing was learnt, look again.
    pub(super) fn reread_nothing(&self, verdict: &V, moment: Moment<'_>) -> Move {
        let then = match verdict {
            V::NotSent(_) | V::Unclear { .. } => self.look_again(moment),
            V::Seen(_) | V::Refused(_) | V::ReadIt | V::Absent | V::NotOurs(_) => REST,
        };
        (self.clone(), then, None)
    }

    /// Somebody's cancel is under way at Toss: what is left is known once it has ended.
    fn wait_for_cancel(&self, moment: Moment<'_>) -> Move {
        (self.clone(), Action::Rest { due: Some(moment.now.plus(moment.policy.cancel_poll)) }, None)
    }

    fn stay(&self) -> Move {
        (self.clone(), REST, None)
    }

    /// What Toss shows cannot be, after what we know. A read may lag behind our own call: then look again.
    fn contradicted(&self, seen: &Snapshot, moment: Moment<'_>) -> Move {
        if Self::may_lag(self.last_cancel_at.or(Some(self.created_at)), moment) {
            return (self.clone(), self.look_again(moment), None);
        }
        let state = self.state.name();
        // Whoever has let go of an order cannot claim it back: it may have been paid again.
        let late = self.leaves_order_free();
        Self { late, ..self.clone() }.give_up(format!(
            "Toss shows {} with {} won left, of a payment that is {state}",
            seen.status.as_str(),
            seen.balance
        ))
    }

    /// Was our last call so recently that a read need not show it yet?
    pub(super) fn may_lag(called_at: Option<Timestamp>, moment: Moment<'_>) -> bool {
        called_at.is_some_and(|at| moment.now < at.plus(moment.policy.confirm_window))
    }

    pub(super) fn ours(&self) -> Won {
        self.captured.minus(self.refunded).unwrap_or(Won::ZERO)
    }

    pub(super) fn look_again(&self, moment: Moment<'_>) -> Action {
        Action::Rest { due: Some(moment.policy.retry_at(moment.now, u32::MAX, self.salt())) }
    }
}
