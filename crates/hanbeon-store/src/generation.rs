//! Which copy of the books this is. A backup that is restored becomes the next generation: the copy that it was made
//! from may still run somewhere, and of two copies only the younger one may send.
use hanbeon_domain::Timestamp;

/// Numbers of events that one generation has room for, 2^40. A generation's first is `number * 2^40 + 1`, so whatever a
/// restored copy tells has a larger number than anything that was told before and forgotten.
pub const EVENTS_PER_GENERATION: u64 = 1 << 40;
/// The last generation whose events' numbers stay below 2^53, exact as a browser's double.
pub const GENERATION_MAX: u64 = 8_190;

/// A copy of the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generation {
    /// Grows with every restore.
    pub number: u64,
    /// When it was restored, until it has been compared with Toss: until then it must not send.
    pub restored_at: Option<Timestamp>,
}
