//! Dates as a request spells them: Korean time, no offset, no fraction.

use jiff::{civil::DateTime, tz::Offset};
use serde::Serializer;

/// Korea has kept this offset since 1988; Toss reads times without an offset as Korean.
pub(super) const KOREA: Offset = Offset::constant(9);

/// `2026-03-01T00:00:00`
pub(super) fn local(at: DateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{date}T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

pub(super) fn serialize_local<S: Serializer>(at: &DateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&local(*at))
}
