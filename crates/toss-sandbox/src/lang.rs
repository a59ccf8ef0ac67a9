//! The language of an answer: Korean, or English when the caller asks for it.

use serde::{Deserialize, Serialize};

use axum::http::{HeaderMap, header::ACCEPT_LANGUAGE};

/// A word that a table of ours has. By this name serde reads it by our own function instead of borrowing it.
pub(crate) type Word = &'static str;

/// Which of two languages the messages and the named values come in (Toss core API, Transport).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Lang {
    Ko,
    En,
}

impl Lang {
    /// Korean unless the first language of `Accept-Language` is English.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let first = wanted.split([',', ';', '-']).next().unwrap_or("").trim();
        if first.eq_ignore_ascii_case("en") { Self::En } else { Self::Ko }
    }

    /// The word of this language.
    pub(crate) fn pick(self, ko: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Ko => ko,
            Self::En => en,
        }
    }
}
