//! Addresses: our own origin, and merchants' success and fail addresses with results appended.

use axum::http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What JavaScript's `encodeURIComponent` leaves alone.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

const LONGEST: usize = 2_048;

/// A text as one component of an address.
pub(crate) fn component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// The origin behind a `Host` header: plain HTTP, and nothing but host characters.
pub(crate) fn origin(host: &HeaderValue) -> Option<String> {
    let host = host.to_str().ok()?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    let fits = !host.is_empty() && host.len() <= 255 && host.bytes().all(allowed);
    fits.then(|| format!("http://{host}"))
}

/// Whether an address has a scheme of the web and a host.
pub(crate) fn is_absolute(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let plain = !url.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    !host.is_empty() && !host.starts_with(':') && plain && url.len() <= LONGEST
}

/// Appends parameters to an address, behind its own query and before its fragment.
pub(crate) fn with_query(url: &str, parameters: &[(&str, &str)]) -> String {
    let (base, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let mut joint = match base.find('?') {
        None => "?",
        Some(at) if at + 1 == base.len() || base.ends_with('&') => "",
        Some(_) => "&",
    };
    let mut result = base.to_owned();
    for (name, value) in parameters {
        result.push_str(joint);
        result.push_str(name);
        result.push('=');
        result.extend(utf8_percent_encode(value, COMPONENT));
        joint = "&";
    }
    result + fragment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_follow_the_query_and_precede_the_fragment() {
        for (url, result) in [
            ("https://shop.example/ok", "https://shop.example/ok?a=1&m=%EA%B0%80%20b"),
            ("https://shop.example/ok?x=y", "https://shop.example/ok?x=y&a=1&m=%EA%B0%80%20b"),
            ("https://shop.example/ok?", "https://shop.example/ok?a=1&m=%EA%B0%80%20b"),
            ("http://localhost:3000/ok#top", "http://localhost:3000/ok?a=1&m=%EA%B0%80%20b#top"),
        ] {
            assert_eq!(with_query(url, &[("a", "1"), ("m", "가 b")]), result);
        }
    }

    #[test]
    fn an_absolute_address_has_a_web_scheme_and_a_host() {
        for (url, absolute) in [
            ("https://shop.example", true),
            ("http://127.0.0.1:3000/ok?x=1", true),
            ("/ok", false),
            ("shop.example/ok", false),
            ("https://", false),
            ("https:///ok", false),
            ("http://:80/", false),
            ("javascript:alert(1)", false),
            ("https://shop.example/a b", false),
        ] {
            assert_eq!(is_absolute(url), absolute, "{url}");
        }
    }
}
