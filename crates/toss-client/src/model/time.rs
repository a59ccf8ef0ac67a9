//! Instants as Toss writes them.

use std::fmt;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::Offset,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::open_enum::Text;

/// Korea has kept this offset since 1988; Toss's times without an offset are Korean.
const KOREA: Offset = Offset::constant(9);

/// A point in time, kept together with the text that it came as.
///
/// Reads `2026-03-02T14:05:09+09:00` and the form without offset but with fractions of a second, which is
/// taken as Korean time. A text that is neither still decodes, with no [`timestamp`](Self::timestamp).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TossTime {
    text: Box<str>,
    at: Option<Timestamp>,
}

impl TossTime {
    /// The instant, `None` when the text is no time that we know.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.at
    }

    /// The text as Toss wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn read(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| KOREA.to_timestamp(text.parse::<DateTime>().ok()?).ok())
}

impl From<&str> for TossTime {
    fn from(text: &str) -> Self {
        Self { at: read(text), text: text.into() }
    }
}

impl From<String> for TossTime {
    fn from(text: String) -> Self {
        Self { at: read(&text), text: text.into_boxed_str() }
    }
}

impl fmt::Display for TossTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TossTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for TossTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for TossTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text::new())
    }
}

/// A day as Toss writes it, `2026-03-02`; a text that is none still decodes, with no [`date`](Self::date).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TossDate(String);

impl TossDate {
    /// The day in Korea, `None` when the text is no day that we know.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        self.0.parse().ok()
    }

    /// The text as Toss wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for TossDate {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_time_are_read_and_the_text_is_kept() {
        for (text, utc) in [
            ("2026-03-02T14:05:09+09:00", Some("2026-03-02T05:05:09Z")),
            ("2026-03-02T05:05:09Z", Some("2026-03-02T05:05:09Z")),
            ("2026-03-02T14:05:09", Some("2026-03-02T05:05:09Z")),
            ("2022-01-01T00:00:00.000000", Some("2021-12-31T15:00:00Z")),
            ("2022-01-01T00:00:00.123456", Some("2021-12-31T15:00:00.123456Z")),
            ("", None),
            ("soon", None),
        ] {
            let time: TossTime = serde_json::from_value(text.into()).expect(text);
            assert_eq!(time.timestamp().map(|at| at.to_string()).as_deref(), utc, "{text}");
            assert_eq!(serde_json::to_value(&time).expect(text), text);
        }
    }
}
