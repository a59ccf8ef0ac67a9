//! Cancels of a wallet abroad: Toss takes one, and the wallet ends it later, either way. `status` and balance move when it
//! was carried out, and not before (Toss state machine, cancel sub-state).
use super::bank::{Account, Order, refused};
use hanbeon_domain::payment::Policy;
use hanbeon_domain::{PendingCancel, Timestamp, TossStatus, Verdict, Won};
use std::time::Duration;

/// What becomes of the cancels of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abroad {
    /// So long after it was taken a cancel ends.
    pub ends_after: Duration,
    /// So many of the first ones are given up.
    pub gives_up: u32,
}

/// A cancel that was only taken.
pub(super) struct Taken {
    idempotency_key: String,
    amount: Won,
    compensates: bool,
    ends_at: Timestamp,
    /// It has ended, and nothing of it happens any more.
    pub(super) given_up: bool,
}

/// How a cancel ended.
pub(super) struct End {
    pub(super) carried_out: bool,
    pub(super) compensates: bool,
}

impl Account {
    pub(super) fn take(&mut self, order: &Order, amount: Won, abroad: Abroad, now: Timestamp) -> Verdict {
        let mut under_way = self.taken.iter().filter(|taken| !taken.given_up);
        let spoken_for = under_way.try_fold(amount, |sum, taken| sum.plus(taken.amount));
        if spoken_for.is_none_or(|sum| self.balance < sum) {
            return refused("NOT_CANCELABLE_AMOUNT", order);
        }
        let ends_at = now.plus(abroad.ends_after);
        self.canceled_at = Some(now);
        // Nobody need tell us of the end: it is asked for.
        self.told_at = self.told_at.max(ends_at.plus(Policy::default().cancel_poll));
        self.taken.push(Taken {
            idempotency_key: order.idempotency_key.clone(),
            amount,
            compensates: order.compensates,
            ends_at,
            given_up: false,
        });
        self.show(&format!("taken {}", order.idempotency_key))
    }

    /// Lets what was taken end, in its order.
    pub(super) fn end_cancels(&mut self, now: Timestamp) -> Vec<End> {
        let mut ends = Vec::new();
        while let Some(at) = self.taken.iter().position(|taken| !taken.given_up && taken.ends_at <= now) {
            let carried_out = !self.gives_up() && self.carry_out(at);
            ends.push(End { carried_out, compensates: self.taken[at].compensates });
            if carried_out {
                self.taken.remove(at);
            } else {
                self.taken[at].given_up = true;
            }
        }
        ends
    }

    fn gives_up(&mut self) -> bool {
        let super::bank::Deposit::Abroad(abroad) = &mut self.deposit else { return false };
        let gives_up = abroad.gives_up > 0;
        abroad.gives_up = abroad.gives_up.saturating_sub(1);
        gives_up
    }

    fn carry_out(&mut self, at: usize) -> bool {
        let Taken { idempotency_key, amount, .. } = &self.taken[at];
        let Some(left) = self.balance.minus(*amount) else { return false };
        self.cancels.push((idempotency_key.clone(), *amount));
        let whole = left.is_zero() && self.status != TossStatus::PartialCanceled;
        self.status = if whole { TossStatus::Canceled } else { TossStatus::PartialCanceled };
        self.balance = left;
        true
    }

    pub(super) fn shown_taken(&self) -> Vec<PendingCancel> {
        let show = |taken: &Taken| PendingCancel {
            request: Some(taken.idempotency_key.clone()),
            amount: taken.amount,
            aborted: taken.given_up,
        };
        self.taken.iter().map(show).collect()
    }
}
