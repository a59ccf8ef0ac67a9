//! The circuit breaker: while Toss is silent, no new buyer is sent into a payment window from which nothing would
//! come back. Whoever has authenticated already is served all the same: their intent is durable, and the recovery
//! goes on asking, a few at a time.
use hanbeon_domain::{PaymentId, Timestamp, Verdict};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Calls in a row without a fact that open it.
const FAILURES: u32 = 5;
/// Toss *answers* with errors: then they must be about so many different payments, or one poisoned payment would
/// close the shop.
const DIFFERENT: usize = 3;
/// How long it stays open at first; it doubles from time to time.
const OPEN_FIRST: Duration = Duration::from_secs(5);
/// A buyer who is sent away comes back within a minute.
const OPEN_CAP: Duration = Duration::from_secs(60);

/// Closed, open until a moment, or half open: after that moment, until the next call tells.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<Evidence>);

#[derive(Debug, Default)]
struct Evidence {
    /// In a row.
    silent: u32,
    /// Payments about which Toss answered with an error, in a row; at most [`DIFFERENT`].
    answered: BTreeSet<PaymentId>,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    until: Timestamp,
    span: Duration,
}

impl Breaker {
    /// What a call ended in. Says whether that opened it.
    pub(crate) fn note(&self, payment: PaymentId, verdict: &Verdict, now: Timestamp) -> bool {
        let mut seen = self.lock();
        match verdict {
            Verdict::NotSent(_) | Verdict::Unclear { answered: false, .. } => seen.silent += 1,
            Verdict::Unclear { answered: true, .. } => {
                if seen.answered.len() < DIFFERENT {
                    seen.answered.insert(payment);
                }
            }
            Verdict::Seen(_)
            | Verdict::Refused(_)
            | Verdict::ReadIt
            | Verdict::Absent
            | Verdict::NotOurs(_) => {
                *seen = Evidence::default();
                return false;
            }
        }
        let down = seen.silent >= FAILURES || seen.answered.len() >= DIFFERENT;
        let span = match seen.open {
            _ if !down => return false,
            Some(open) if now < open.until => return false,
            Some(open) => (open.span * 2).min(OPEN_CAP),
            None => OPEN_FIRST,
        };
        seen.open = Some(Open { until: now.plus(span), span });
        true
    }

    /// How long nobody new should begin to pay; `None` when anybody may.
    pub(crate) fn closed_for(&self, now: Timestamp) -> Option<Duration> {
        let until = self.lock().open?.until;
        // A clock that was set back must not keep the shop shut.
        (now < until).then(|| crate::turn::until(now, until).min(OPEN_CAP))
    }

    /// Has Toss given no sign of life since it was opened?
    pub(crate) fn is_tripped(&self) -> bool {
        self.lock().open.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Evidence> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn payment(number: u128) -> PaymentId {
        PaymentId::from_uuid(Uuid::from_u128(number))
    }

    fn silence() -> Verdict {
        Verdict::Unclear { answered: false, why: "silence".to_owned() }
    }

    fn error() -> Verdict {
        Verdict::Unclear { answered: true, why: "HTTP 500".to_owned() }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().plus(Duration::from_secs(seconds))
    }

    #[test]
    fn silence_opens_it_and_any_fact_closes_it() {
        let breaker = Breaker::default();
        let opened: Vec<_> = (0..5).map(|_| breaker.note(payment(1), &silence(), at(0))).collect();
        assert_eq!(opened, [false, false, false, false, true]);
        assert_eq!(breaker.closed_for(at(1)), Some(Duration::from_secs(4)));
        breaker.note(payment(1), &Verdict::Absent, at(2));
        assert_eq!((breaker.closed_for(at(2)), breaker.is_tripped()), (None, false));
    }

    #[test]
    fn one_poisoned_payment_does_not_close_the_shop() {
        let breaker = Breaker::default();
        for second in 0..100 {
            assert!(!breaker.note(payment(1), &error(), at(second)));
        }
        assert!(!breaker.note(payment(2), &error(), at(100)));
        assert!(breaker.note(payment(3), &error(), at(100)), "three payments are no accident");
    }

    #[test]
    fn it_lets_somebody_try_and_waits_longer_each_time_it_is_disappointed() {
        let breaker = Breaker::default();
        let mut now = 0;
        for span in [5, 10, 20, 40, 60, 60] {
            while !breaker.note(payment(1), &silence(), at(now)) {}
            assert_eq!(breaker.closed_for(at(now)), Some(Duration::from_secs(span)));
            assert!(!breaker.note(payment(1), &silence(), at(now)), "open is open");
            now += span;
            assert_eq!(breaker.closed_for(at(now)), None, "half open");
            assert!(breaker.is_tripped());
        }
    }

    #[test]
    fn a_clock_that_is_set_back_an_hour_keeps_it_open_for_a_minute_at_most() {
        let breaker = Breaker::default();
        while !breaker.note(payment(1), &silence(), at(3600)) {}
        assert_eq!(breaker.closed_for(at(0)), Some(Duration::from_secs(60)));
    }
}
