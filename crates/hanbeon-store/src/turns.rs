//! Whose turn it is, and when: the same in every store, so it stands here once.
use hanbeon_domain::{Action, StateName, Step, Timestamp};

/// When a payment that `step` brings to rest is due again, if at all: when the step says; or from when it allows it,
/// if a refund `waits` for its turn, or somebody has given `notice` since the payment was taken.
#[must_use]
pub fn due_at_rest(step: &Step, waits: bool, notice: bool) -> Option<Timestamp> {
    let said = if let Action::Rest { due } = step.then { due } else { None };
    let turn = (waits && gives_turns(step.next.state.name())).then_some(step.refund_from);
    let look = notice.then_some(step.notice_from);
    [said, turn, look].into_iter().flatten().min()
}

/// May a refund that waits have its turn, be it to hear that nothing is left? Not while something else is under way,
/// and not before a human has said what is left.
#[must_use]
pub const fn gives_turns(state: StateName) -> bool {
    !matches!(state, StateName::Confirming | StateName::Canceling | StateName::NeedsReview)
}
