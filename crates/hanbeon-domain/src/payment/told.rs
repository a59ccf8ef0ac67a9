//! What the shop is told of a payment, and when: only what has become true, and each time that it changes.
//!
//! A payment on its way tells nothing. Money in a virtual account is told only after it has been seen there twice, with
//! the settling time between: a bank may take a deposit back within minutes (Toss state machine, Legal transitions).
use super::{Action, Moment, Payment, State, StateName};
use crate::Won;

/// Toss's names of the method that is paid by a deposit.
const VIRTUAL_ACCOUNT: [&str; 2] = ["가상계좌", "VIRTUAL_ACCOUNT"];

/// Toss's names of the wallets abroad.
const FOREIGN_EASY_PAY: [&str; 2] = ["해외간편결제", "FOREIGN_EASY_PAY"];

/// Where a payment stands, as the shop knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Never a state that is under way.
    pub state: StateName,
    /// Given back, in won.
    pub refunded: Won,
}

/// What the shop is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum News {
    /// A virtual account waits for the money.
    WaitingForDeposit,
    /// The money is here, and stays.
    Paid,
    /// The bank has taken a deposit back that was told as paid; the account waits again.
    DepositReverted,
    /// Some of the money went back.
    PartiallyCanceled,
    /// All of it did, or none will come.
    Canceled,
    /// Toss refused the charge.
    Declined,
    /// It was not paid in time.
    Expired,
    /// A human has to look.
    NeedsReview,
}

impl News {
    /// Every kind, in the order of a payment's life.
    pub const ALL: [Self; 8] = [
        Self::WaitingForDeposit,
        Self::Paid,
        Self::DepositReverted,
        Self::PartiallyCanceled,
        Self::Canceled,
        Self::Declined,
        Self::Expired,
        Self::NeedsReview,
    ];

    /// The state in which the payment then stands.
    #[must_use]
    pub const fn state(self) -> StateName {
        match self {
            Self::WaitingForDeposit | Self::DepositReverted => StateName::WaitingForDeposit,
            Self::Paid => StateName::Paid,
            Self::PartiallyCanceled => StateName::PartiallyCanceled,
            Self::Canceled => StateName::Canceled,
            Self::Declined => StateName::Declined,
            Self::Expired => StateName::Expired,
            Self::NeedsReview => StateName::NeedsReview,
        }
    }

    /// The `type` of the event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitingForDeposit => "payment.waiting_for_deposit",
            Self::Paid => "payment.paid",
            Self::DepositReverted => "payment.deposit_reverted",
            Self::PartiallyCanceled => "payment.partially_canceled",
            Self::Canceled => "payment.canceled",
            Self::Declined => "payment.declined",
            Self::Expired => "payment.expired",
            Self::NeedsReview => "payment.needs_review",
        }
    }
}

impl Payment {
    /// What the shop should know by now; `None` while nothing has become true that it does not know.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        let state = self.state.name();
        match self.state {
            State::Ready | State::Confirming { .. } | State::Canceling { .. } => None,
            State::Paid if self.settles_at.is_some() => None,
            _ => Some(Standing { state, refunded: self.refunded }),
        }
    }

    /// Keeps a deposit back until it has settled, and has it looked at once more then. `seen`: the money is there now.
    pub(super) fn settle(&self, next: Self, then: Action, seen: bool, moment: Moment<'_>) -> (Self, Action) {
        let span = moment.policy.deposit_settle;
        let settles_at = match self.settles_at.filter(|_| self.state == State::Paid) {
            _ if next.state != State::Paid || next.is_told_paid() => None,
            Some(at) if seen && at <= moment.now => None,
            // Not later than the span from now: the clock may have been set back.
            Some(at) => Some(at.min(moment.now.plus(span))),
            None if next.is_deposit() && self.state != State::Paid && !span.is_zero() => {
                Some(moment.now.plus(span))
            }
            None => None,
        };
        let then = match (then, settles_at) {
            (Action::Rest { due }, Some(at)) if moment.now < at => {
                Action::Rest { due: Some(due.map_or(at, |due| due.min(at))) }
            }
            (Action::Rest { due: None }, Some(_)) => self.look_again(moment),
            (then, _) => then,
        };
        (Self { settles_at, ..next }, then)
    }

    /// The payment once the shop has been told, and what it is told.
    pub(super) fn tell(self) -> (Self, Option<News>) {
        let Some(standing) = self.standing().filter(|standing| Some(*standing) != self.told) else {
            return (self, None);
        };
        let had_money = self.is_told_paid();
        let news = match standing.state {
            StateName::WaitingForDeposit if had_money => News::DepositReverted,
            StateName::WaitingForDeposit => News::WaitingForDeposit,
            StateName::PartiallyCanceled => News::PartiallyCanceled,
            StateName::Canceled => News::Canceled,
            StateName::Declined => News::Declined,
            StateName::Expired => News::Expired,
            StateName::NeedsReview => News::NeedsReview,
            StateName::Paid | StateName::Ready | StateName::Confirming | StateName::Canceling => News::Paid,
        };
        (Self { told: Some(standing), ..self }, Some(news))
    }

    fn is_told_paid(&self) -> bool {
        self.told.is_some_and(|told| told.state == StateName::Paid)
    }

    /// Does its refund need an account of the buyer's? Money that was paid into a virtual account goes nowhere by itself
    /// (Toss core API, Cancel: `refundReceiveAccount`).
    #[must_use]
    pub fn needs_refund_account(&self) -> bool {
        self.is_deposit() && !self.captured.is_zero()
    }

    /// May Toss only take its cancels for now, and carry them out later (Toss core API, Cancel, `cancelRequestId`)? Such a
    /// cancel has a name, and one of a part says its currency.
    #[must_use]
    pub fn cancels_later(&self) -> bool {
        self.toss.method.as_deref().is_some_and(|method| FOREIGN_EASY_PAY.contains(&method))
    }

    fn is_deposit(&self) -> bool {
        self.toss.method.as_deref().is_some_and(|method| VIRTUAL_ACCOUNT.contains(&method))
    }
}
