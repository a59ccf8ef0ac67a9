//! The names of the states: what is stored, shown in logs, and drawn in the diagram.
use super::{CanceledBy, State};
use std::fmt;

/// The name of a [`State`], without its facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateName {
    /// See [`State::Ready`].
    Ready,
    /// See [`State::Confirming`].
    Confirming,
    /// See [`State::WaitingForDeposit`].
    WaitingForDeposit,
    /// See [`State::Paid`].
    Paid,
    /// See [`State::Canceling`].
    Canceling,
    /// See [`State::PartiallyCanceled`].
    PartiallyCanceled,
    /// See [`State::Canceled`].
    Canceled,
    /// See [`State::Declined`].
    Declined,
    /// See [`State::Expired`].
    Expired,
    /// See [`State::NeedsReview`].
    NeedsReview,
}

impl StateName {
    /// Every state, in the order of a payment's life.
    pub const ALL: [Self; 10] = [
        Self::Ready,
        Self::Confirming,
        Self::WaitingForDeposit,
        Self::Paid,
        Self::Canceling,
        Self::PartiallyCanceled,
        Self::Canceled,
        Self::Declined,
        Self::Expired,
        Self::NeedsReview,
    ];

    /// The name as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Confirming => "confirming",
            Self::WaitingForDeposit => "waiting_for_deposit",
            Self::Paid => "paid",
            Self::Canceling => "canceling",
            Self::PartiallyCanceled => "partially_canceled",
            Self::Canceled => "canceled",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::NeedsReview => "needs_review",
        }
    }

    /// Reads a stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

impl CanceledBy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Request, Self::Compensation, Self::Elsewhere];

    /// The name as it is stored and told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Compensation => "compensation",
            Self::Elsewhere => "elsewhere",
        }
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl State {
    /// The name of this state.
    #[must_use]
    pub const fn name(&self) -> StateName {
        match self {
            Self::Ready => StateName::Ready,
            Self::Confirming { .. } => StateName::Confirming,
            Self::WaitingForDeposit => StateName::WaitingForDeposit,
            Self::Paid => StateName::Paid,
            Self::Canceling { .. } => StateName::Canceling,
            Self::PartiallyCanceled => StateName::PartiallyCanceled,
            Self::Canceled { .. } => StateName::Canceled,
            Self::Declined { .. } => StateName::Declined,
            Self::Expired => StateName::Expired,
            Self::NeedsReview { .. } => StateName::NeedsReview,
        }
    }
}
