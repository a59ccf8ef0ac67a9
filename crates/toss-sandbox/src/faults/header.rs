//! A fault asked for by the call itself, in the header `Sandbox-Fault`.
//!
//! ```text
//! fault = "lose-reply" | "drop" | "future-fields"
//!       | "delay-before=" MS | "delay-after=" MS
//!       | "fail-before=" STATUS [":" CODE] | "fail-after=" STATUS [":" CODE]
//!       | "html=" STATUS | "cut-body=" BYTES | "other-payment=" PAYMENT_KEY
//! ```
//!
//! One fault, once; anything else is a 400 that says what is wrong, and nothing is executed.

use std::str::FromStr;

use axum::http::HeaderMap;

use crate::faults::{FaultError, FaultKind, When};

const HEADER: &str = "sandbox-fault";

impl FaultKind {
    /// What the header of a request asks for, if it has one.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Result<Option<Self>, FaultError> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let text = value.to_str().map_err(|_| FaultError::Header)?;
        if values.next().is_some() {
            return Err(FaultError::Header);
        }
        let kind = parse(text.trim())?;
        kind.check()?;
        Ok(Some(kind))
    }
}

fn parse(text: &str) -> Result<FaultKind, FaultError> {
    match text.split_once('=') {
        None => parse_bare(text),
        Some((name, value)) => parse_valued(name, value),
    }
}

fn parse_bare(name: &str) -> Result<FaultKind, FaultError> {
    match name {
        "lose-reply" => Ok(FaultKind::LoseReply),
        "drop" => Ok(FaultKind::Drop),
        "future-fields" => Ok(FaultKind::FutureFields),
        _ => Err(FaultError::Header),
    }
}

fn parse_valued(name: &str, value: &str) -> Result<FaultKind, FaultError> {
    match name {
        "delay-before" => Ok(FaultKind::Delay { ms: number(value)?, when: When::Before }),
        "delay-after" => Ok(FaultKind::Delay { ms: number(value)?, when: When::After }),
        "fail-before" => error(value).map(|(status, code)| FaultKind::FailBefore { status, code }),
        "fail-after" => error(value).map(|(status, code)| FaultKind::FailAfter { status, code }),
        "html" => Ok(FaultKind::Html { status: number(value)? }),
        "cut-body" => Ok(FaultKind::CutBody { bytes: number(value)? }),
        "other-payment" if !value.is_empty() => Ok(FaultKind::OtherPayment { shown: value.to_owned() }),
        _ => Err(FaultError::Header),
    }
}

/// `500` or `500:COMMON_ERROR`.
fn error(text: &str) -> Result<(u16, Option<String>), FaultError> {
    match text.split_once(':') {
        None => Ok((number(text)?, None)),
        Some((status, code)) => Ok((number(status)?, Some(code.to_owned()))),
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, FaultError> {
    text.parse().map_err(|_| FaultError::Header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(values: &[&str]) -> Result<Option<FaultKind>, FaultError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, value.parse().expect("a value"));
        }
        FaultKind::of_headers(&headers)
    }

    #[test]
    fn a_header_names_one_fault() {
        let named = |code: &str| Some(code.to_owned());
        for (text, kind) in [
            ("lose-reply", FaultKind::LoseReply),
            (" drop ", FaultKind::Drop),
            ("future-fields", FaultKind::FutureFields),
            ("delay-before=5", FaultKind::Delay { ms: 5, when: When::Before }),
            ("delay-after=3000", FaultKind::Delay { ms: 3_000, when: When::After }),
            (
                "fail-before=500:COMMON_ERROR",
                FaultKind::FailBefore { status: 500, code: named("COMMON_ERROR") },
            ),
            ("fail-after=503", FaultKind::FailAfter { status: 503, code: None }),
            ("html=502", FaultKind::Html { status: 502 }),
            ("cut-body=10", FaultKind::CutBody { bytes: 10 }),
            ("other-payment=abc", FaultKind::OtherPayment { shown: "abc".into() }),
        ] {
            assert_eq!(asked(&[text]).expect(text), Some(kind), "{text}");
        }
        assert_eq!(asked(&[]).expect("no header"), None);
    }

    #[test]
    fn a_header_that_does_not_parse_is_refused() {
        for text in [
            "",
            "lose",
            "lose-reply=",
            "lose-reply=1",
            "drop, drop",
            "delay-after",
            "delay-after=",
            "delay-after=-1",
            "delay-after=600001",
            "fail-before=200",
            "fail-before=500:",
            "fail-before=500:NO_SUCH_CODE",
            "html=99",
            "cut-body=x",
            "other-payment=",
            "LOSE-REPLY",
        ] {
            assert!(asked(&[text]).is_err(), "{text}");
        }
        assert!(asked(&["drop", "drop"]).is_err(), "twice");
    }
}
