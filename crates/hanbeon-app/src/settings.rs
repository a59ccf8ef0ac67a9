//! How long we wait, and for what.
use crate::retention::Retention;
use hanbeon_domain::Policy;
use std::time::Duration;

/// The rules of the application. Every limit has its reason beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The waiting times of the state machine.
    pub policy: Policy,
    /// How long whoever carries out a payment may be silent before somebody else takes over. Longer than one
    /// call to Toss ([`CALL_TIMEOUT`]), or two workers would carry out one payment as a matter of course.
    pub lease: Duration,
    /// Charges that buyers began and that may be under way in this process at once; fewer while the store is slower than
    /// usual. Whoever comes beyond that is turned away before anything is written or asked, and may come again: see
    /// [`CHARGES_AT_ONCE`].
    pub charges_at_once: usize,
    /// How long a buyer waits for an answer before hearing "pending" instead.
    pub answer_within: Duration,
    /// How long the result of a charge is offered to a store that will not take it.
    pub store_retry: Duration,
    /// And what happens then.
    pub unrecorded: Unrecorded,
    /// May the session that paid cancel its payment, or only the shop?
    pub session_may_cancel: bool,
    /// Our id at Toss (`mId`), if the operator told us: what is about another merchant is not ours.
    pub merchant_id: Option<String>,
    /// How long what is kept that nobody can ask for any more.
    pub retention: Retention,
}

/// What to do with an approval that the store would not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecorded {
    /// Cancel it at Toss, and tell the buyer that the payment failed: the contract of the storefront API.
    Cancel,
    /// Leave it to the recovery, and tell the buyer that the result is pending.
    Finish,
}

/// The longest call to Toss (Toss core API, limits: connect 5 s, read 60 s).
pub const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// See [`Settings::lease`].
pub const LEASE: Duration = Duration::from_secs(90);

/// Each charge holds one connection to Toss and mostly one of a buyer, of the 1,024 files that a process may have open
/// by default. While Toss takes half a second over a charge, so many at once are a thousand charges a second.
/// When it takes a minute, they are the backlog that memory has to hold.
pub const CHARGES_AT_ONCE: usize = 512;

// A call ends before its lease, and a lease before the window in which "absent" means nothing.
const _: () = assert!(CALL_TIMEOUT.as_secs() < LEASE.as_secs());
const _: () = assert!(LEASE.as_secs() < 11 * 60);

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            lease: LEASE,
            charges_at_once: CHARGES_AT_ONCE,
            answer_within: Duration::from_secs(15),
            store_retry: Duration::from_secs(5),
            unrecorded: Unrecorded::Cancel,
            session_may_cancel: true,
            merchant_id: None,
            retention: Retention::default(),
        }
    }
}
