//! What may go wrong, named.
use std::time::Duration;

/// What may go wrong with a call that moves money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection is refused.
    NotSent,
    /// The request is lost on its way; silence.
    RequestLost,
    /// It happens; the reply is lost.
    ReplyLost,
    /// The bank says no, for good.
    Declines,
    /// The bank says no, and nothing else: the payment stays as it is.
    Refuses,
    /// The bank takes its time, and answers.
    Slow,
    /// It happens after the caller has given up waiting.
    Late,
    /// An error is answered, and nothing happened. Toss repeats the error for the same idempotency key.
    ErrorBefore,
    /// An error is answered, and it happened all the same. Repeated likewise.
    ErrorAfter,
    /// An error is answered, and it happens later. Repeated likewise.
    ErrorLate,
    /// "A request with this idempotency key is being processed", and nothing happens.
    Busy,
    /// The reply shows another payment; nothing happened to ours.
    WrongPayment,
    /// It happens, but look-ups do not know of the payment for a while.
    Hidden,
    /// The same, for longer than Toss's window: we must give the payment up, and find out later.
    LongHidden,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::None,
        Self::NotSent,
        Self::RequestLost,
        Self::ReplyLost,
        Self::Declines,
        Self::Refuses,
        Self::Slow,
        Self::Late,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::ErrorLate,
        Self::Busy,
        Self::WrongPayment,
        Self::Hidden,
        Self::LongHidden,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "money: fine",
            Self::NotSent => "money: not sent",
            Self::RequestLost => "money: request lost",
            Self::ReplyLost => "money: reply lost",
            Self::Declines => "money: declined",
            Self::Refuses => "money: refused",
            Self::Slow => "money: slow",
            Self::Late => "money: late",
            Self::ErrorBefore => "money: error, nothing happened",
            Self::ErrorAfter => "money: error, happened",
            Self::ErrorLate => "money: error, happens later",
            Self::Busy => "money: busy",
            Self::WrongPayment => "money: wrong payment shown",
            Self::Hidden => "money: hidden from look-ups",
            Self::LongHidden => "money: hidden for longer than the window",
        }
    }
}

/// What may go wrong with a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing.
    Fine,
    /// Silence.
    Silent,
    /// An error is answered.
    Error,
    /// "I do not know this payment."
    Absent,
    /// Another payment is shown.
    Wrong,
}

impl Look {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Fine, Self::Silent, Self::Error, Self::Absent, Self::Wrong];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Fine => "look: fine",
            Self::Silent => "look: silence",
            Self::Error => "look: error",
            Self::Absent => "look: absent",
            Self::Wrong => "look: wrong payment shown",
        }
    }
}

/// What may go wrong with a call to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hiccup {
    /// Unavailable, and nothing was written.
    Before,
    /// Written, and the acknowledgement is lost.
    After,
}

/// A time in which the store answers nobody, or takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// It begins with this call of the process to the store, counted from 1.
    pub at: u32,
    /// How that first call fails.
    pub how: Hiccup,
    /// How long it lasts.
    pub span: Duration,
    /// Can the store still be read, like one whose disk is full?
    pub readable: bool,
}

/// How long a paused process sleeps: longer than its lease.
pub(super) const PAUSE: Duration = Duration::from_secs(100);

/// The process dies at its `at`-th call to the outside, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// At which call.
    pub at: u32,
    /// After it took effect, or before?
    pub after: bool,
}

/// An intent whose connection has ended is written so long after that at the latest.
pub(super) const LATEST_INTENT: Duration = Duration::from_secs(3);

/// How long the bank takes when it is slow: it lands while the caller still waits, but after the buyer's patience.
pub(super) const SLOW: Duration = Duration::from_secs(25);
/// And when it is late: nobody waits any more.
pub(super) const LATE: Duration = Duration::from_secs(63);
/// How long look-ups do not know a hidden payment.
pub(super) const HIDDEN: Duration = Duration::from_secs(20);
/// And one that is hidden for longer than the window.
pub(super) const LONG_HIDDEN: Duration = Duration::from_secs(30 * 60);

/// How often things go wrong by chance: "once in", 0 is never.
#[derive(Clone, Debug, Default)]
pub(super) struct Odds {
    pub(super) crash: u64,
    pub(super) hiccup: u64,
    pub(super) pause: u64,
    /// The store stops taking anything just when an approval is to be recorded.
    pub(super) approvals: u64,
    /// The store is a server of its own: a connection ends, and the intent that came over it is written later all the same.
    pub(super) late_intents: u64,
    pub(super) money: u64,
    pub(super) look: u64,
    /// The faults that may come up.
    pub(super) faults: Vec<Fault>,
    /// Every process's wall clock is off by at most so many seconds.
    pub(super) skew: u64,
    /// Small delays everywhere, so that the order of things changes from seed to seed.
    pub(super) jitter: bool,
}
