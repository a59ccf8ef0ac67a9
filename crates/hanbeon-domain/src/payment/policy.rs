//! How patient we are. Every number has its reason beside it.
use crate::Timestamp;
use std::time::Duration;

/// The waiting times of the state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Calls without a fact before a human is asked. With the caps below, 120 tries span about two hours: an
    /// outage of Toss shorter than that needs nobody.
    pub tries_max: u32,
    /// The wait after the first try without a fact; it doubles from try to try.
    pub retry_first: Duration,
    /// The longest wait between two tries: a buyer who waits wants to know within a minute.
    pub retry_cap: Duration,
    /// Toss drops an authenticated payment that is not confirmed within 10 minutes (Toss state machine,
    /// clocks). A minute of margin for clocks that differ; before that, "absent" is not a fact.
    pub confirm_window: Duration,
    /// How often a virtual account is asked for its deposit. Toss discourages polling and sends a webhook;
    /// this is the net under it.
    pub deposit_poll: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tries_max: 120,
            retry_first: Duration::from_secs(1),
            retry_cap: Duration::from_secs(60),
            confirm_window: Duration::from_secs(11 * 60),
            deposit_poll: Duration::from_secs(10 * 60),
        }
    }
}

impl Policy {
    /// When to try again after `tries` tries without a fact.
    #[must_use]
    pub fn retry_at(&self, now: Timestamp, tries: u32) -> Timestamp {
        let doubled = self.retry_first.saturating_mul(1_u32.checked_shl(tries).unwrap_or(u32::MAX));
        now.plus(doubled.min(self.retry_cap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_cap() {
        let policy = Policy::default();
        let wait = |tries| policy.retry_at(Timestamp::default(), tries).as_micros() / 1_000_000;
        assert_eq!([0, 1, 2, 5, 6, 31, 32, 99].map(wait), [1, 2, 4, 32, 60, 60, 60, 60]);
    }
}
