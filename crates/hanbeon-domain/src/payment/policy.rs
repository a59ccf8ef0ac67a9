//! How patient we are. Every number has its reason beside it.
use crate::Timestamp;
use std::time::Duration;

/// The waiting times of the state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Calls without a fact before a human is asked. With the caps below, 160 tries span about two hours: an
    /// outage of Toss shorter than that needs nobody.
    pub tries_max: u32,
    /// The wait after the first try without a fact; it doubles from try to try.
    pub retry_first: Duration,
    /// The longest wait between two tries, before the jitter: a buyer who waits wants to know within a minute.
    pub retry_cap: Duration,
    /// Toss drops an authenticated payment that is not confirmed within 10 minutes (Toss state machine,
    /// clocks). A minute of margin for clocks that differ; before that, "absent" is not a fact.
    pub confirm_window: Duration,
    /// A clock that jumps must not end the window: it is over only after so many tries, too. By their waits alone,
    /// so many take ten minutes and more, whatever the clock says.
    pub window_tries: u32,
    /// How often a virtual account is asked for its deposit. Toss discourages polling and sends a webhook;
    /// this is the net under it.
    pub deposit_poll: Duration,
    /// The same once the time to pay into it is over: Toss tells nobody that an account has closed, and its clock decides
    /// (Toss state machine, Clocks).
    pub deposit_closing: Duration,
    /// From when a deposit is first seen until the shop is told of it, provided that it is still there: a bank that takes
    /// one back does so within about two minutes (Toss state machine, Legal transitions). Zero tells it at once.
    pub deposit_settle: Duration,
    /// Between two cancels of one payment: Toss silently ignores the second of two within a second. A margin for
    /// the way there.
    pub cancel_spacing: Duration,
    /// How often an asynchronous cancel is asked for its end: a webhook tells it, and this is the net under it.
    pub cancel_poll: Duration,
    /// Between two reads of a payment that notices ask for: notices come in bursts, and anybody can send one.
    pub notice_spacing: Duration,
    /// What becomes of money that turns up after its payment had been given up.
    pub late_success: LateSuccess,
}

/// What becomes of money that turns up after its payment had been given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateSuccess {
    /// It goes back, by itself: the buyer may have paid in another way since.
    Cancel,
    /// It stays, if nothing else has paid the order since.
    Keep,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tries_max: 160,
            retry_first: Duration::from_secs(1),
            retry_cap: Duration::from_secs(45),
            confirm_window: Duration::from_secs(11 * 60),
            window_tries: 20,
            deposit_poll: Duration::from_secs(60 * 60),
            deposit_closing: Duration::from_secs(5 * 60),
            deposit_settle: Duration::from_secs(3 * 60),
            cancel_spacing: Duration::from_millis(1_250),
            cancel_poll: Duration::from_secs(10 * 60),
            notice_spacing: Duration::from_secs(3),
            late_success: LateSuccess::Cancel,
        }
    }
}

impl Policy {
    /// When to try again after `tries` tries without a fact. `salt` tells one payment from another: up to a quarter
    /// is added, another for each, so that what failed together does not come back together.
    #[must_use]
    pub fn retry_at(&self, now: Timestamp, tries: u32, salt: u64) -> Timestamp {
        let doubled = self.retry_first.saturating_mul(1_u32.checked_shl(tries).unwrap_or(u32::MAX));
        let wait = doubled.min(self.retry_cap);
        now.plus(wait + wait / 4 * jitter(salt, tries) / JITTER_MAX)
    }
}

/// See [`jitter`].
const JITTER_MAX: u32 = 255;

/// 0 to [`JITTER_MAX`], from the payment and the try: no dice in here, and yet no two alike.
fn jitter(salt: u64, tries: u32) -> u32 {
    let mixed =
        (salt ^ u64::from(tries).wrapping_mul(0xD134_2543_DE82_EF95)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    u32::from(mixed.to_be_bytes()[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_cap() {
        let policy = Policy::default();
        for salt in [0, 1, 42, u64::MAX] {
            let wait = |tries| policy.retry_at(Timestamp::default(), tries, salt).as_micros() / 1_000;
            for (tries, least) in [(0, 1), (1, 2), (2, 4), (5, 32), (6, 45), (31, 45), (32, 45), (99, 45)] {
                let least = least * 1_000;
                assert!((least..=least * 5 / 4).contains(&wait(tries)), "{tries} tries: {}", wait(tries));
            }
        }
    }

    #[test]
    fn payments_that_failed_together_do_not_come_back_together() {
        let policy = Policy::default();
        let wait = |salt| policy.retry_at(Timestamp::default(), 6, salt);
        let different: std::collections::BTreeSet<_> = (0..100).map(wait).collect();
        assert!(different.len() > 50, "{}", different.len());
    }
}
