//! The sandbox's clock: injected, movable, and written the way Toss writes instants.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize, Serializer};

/// Where the sandbox takes the time from. Tests inject their own; [`system_clock`] is the default.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Milliseconds since the epoch: what the store keeps.
pub(crate) type Ms = i64;

pub(crate) const SECOND: Ms = 1_000;
pub(crate) const MINUTE: Ms = 60 * SECOND;
pub(crate) const HOUR: Ms = 60 * MINUTE;
pub(crate) const DAY: Ms = 24 * HOUR;

/// The machine's clock.
#[must_use]
pub fn system_clock() -> Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place of this crate that reads the time; all else takes it as a value"
    )]
    Arc::new(Timestamp::now)
}

/// A clock that a test can move and stop.
pub(crate) struct Movable {
    clock: Clock,
    /// What the clock was moved by, in milliseconds.
    moved: AtomicI64,
    /// The instant at which it stands still; [`RUNNING`] otherwise.
    frozen: AtomicI64,
}

/// A clock as a file keeps it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Hands {
    moved: Ms,
    frozen: Option<Ms>,
}

/// No instant of any calendar.
const RUNNING: Ms = Ms::MIN;

impl Movable {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, moved: AtomicI64::new(0), frozen: AtomicI64::new(RUNNING) }
    }

    pub(crate) fn now(&self) -> Ms {
        match self.frozen.load(Ordering::Relaxed) {
            RUNNING => (self.clock)().as_millisecond() + self.moved.load(Ordering::Relaxed),
            frozen => frozen,
        }
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed) != RUNNING
    }

    /// Where the hands are: what it was moved by, and where it stands still.
    pub(crate) fn hands(&self) -> Hands {
        Hands {
            moved: self.moved.load(Ordering::Relaxed),
            frozen: self.is_frozen().then(|| self.frozen.load(Ordering::Relaxed)),
        }
    }

    /// Puts the hands where they were.
    pub(crate) fn set(&self, hands: Hands) {
        self.moved.store(hands.moved, Ordering::Relaxed);
        self.frozen.store(hands.frozen.unwrap_or(RUNNING), Ordering::Relaxed);
    }

    /// Moves the clock, whether it runs or stands still.
    pub(crate) fn advance(&self, ms: Ms) {
        let hand = if self.is_frozen() { &self.frozen } else { &self.moved };
        hand.fetch_add(ms, Ordering::Relaxed);
    }

    /// Stops the clock where it is, or lets it run on from there.
    pub(crate) fn freeze(&self, frozen: bool) {
        let now = self.now();
        if frozen {
            self.frozen.store(now, Ordering::Relaxed);
        } else if self.is_frozen() {
            self.moved.store(now - (self.clock)().as_millisecond(), Ordering::Relaxed);
            self.frozen.store(RUNNING, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Movable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Movable")
            .field("moved", &self.moved)
            .field("frozen", &self.frozen)
            .finish_non_exhaustive()
    }
}

/// An instant as Toss prints it: Korea time, seconds, `2026-03-02T14:05:09+09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Korea(pub(crate) Ms);

impl Korea {
    fn civil(self) -> jiff::civil::DateTime {
        let whole = self.0.div_euclid(SECOND);
        // Beyond jiff's years there is no right answer; the epoch is a visible one.
        let instant = Timestamp::from_second(whole).unwrap_or(Timestamp::UNIX_EPOCH);
        Offset::constant(9).to_datetime(instant)
    }

    /// `20260302140509`, the middle of a payment key.
    pub(crate) fn compact(self) -> String {
        let at = self.civil();
        format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }

    /// The midnight at which its day began.
    pub(crate) fn midnight(self) -> Ms {
        self.0 - (self.0 + 9 * HOUR).rem_euclid(DAY)
    }

    pub(crate) fn is_weekend(self) -> bool {
        matches!(self.civil().weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// `2026-03-02`.
    pub(crate) fn day(self) -> String {
        self.civil().date().to_string()
    }

    /// Year and month: the calendar month of a mobile-phone payment.
    pub(crate) fn month(self) -> (i16, i8) {
        let at = self.civil();
        (at.year(), at.month())
    }
}

/// A date-time as Toss's lists are asked with, `2026-03-01T00:00:00` or a bare date: Korean, without an offset.
pub(crate) fn korean(text: &str) -> Option<Ms> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'T' | b'.');
    if !text.bytes().all(plain) || text.matches('-').count() != 2 {
        return None;
    }
    let at: jiff::civil::DateTime = text.parse().ok()?;
    Offset::constant(9).to_timestamp(at).ok().map(Timestamp::as_millisecond)
}

/// The midnight of a Korean day, `2026-03-01`.
pub(crate) fn korean_day(text: &str) -> Option<Ms> {
    if text.len() == 10 { korean(text) } else { None }
}

/// An instant as Toss's webhooks print it: Korea time without an offset, `2026-03-02T14:05:41.652330`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KoreaLocal(pub(crate) Ms);

impl fmt::Display for KoreaLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = Korea(self.0).to_string();
        let local = whole.strip_suffix("+09:00").unwrap_or(&whole);
        write!(f, "{local}.{:06}", self.0.rem_euclid(SECOND) * 1_000)
    }
}

impl fmt::Display for Korea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+09:00",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }
}

impl Serialize for Korea {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
