//! The signature of `payout.changed` and `seller.changed` (Toss webhooks, verification per event). No other webhook is
//! signed: a payment's is proven by a read, a deposit's by the payment's own `secret`.
//!
//! Toss signs the bytes that it sends, so they are needed as they came: the same JSON written anew has another
//! signature.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::keys::KeyError;

/// The header with the signatures: `v1:<base64>,v1:<base64>`. While a key is changed, each of the two is of another key.
pub const SIGNATURE: &str = "tosspayments-webhook-signature";
/// The developer centre shows 32 bytes in hexadecimal.
const KEY_DIGITS: usize = 64;
/// Toss sends two; this bounds the work that a stranger's header can ask for.
const MOST_VALUES: usize = 8;

/// The security key of the developer centre: 64 hexadecimal digits. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct SecurityKey {
    text: String,
    bytes: Vec<u8>,
}

impl SecurityKey {
    /// Checks the format and takes the key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        let bytes = bytes.filter(|_| text.len() == KEY_DIGITS).ok_or(KeyError::SecurityKeyFormat)?;
        Ok(Self { text: text.to_owned(), bytes })
    }

    /// Has Toss signed this body, as it came, in a webhook with these two headers ([`SIGNATURE`] and
    /// [`TRANSMISSION_TIME`](crate::webhook::TRANSMISSION_TIME))? One of the values must be right; each is compared in
    /// constant time.
    ///
    /// Whether Toss takes the key as text or as the bytes that it stands for is not documented, so both count. Neither
    /// can be made without the key.
    #[must_use]
    pub fn has_signed(&self, body: &[u8], transmission_time: &str, signature: &str) -> bool {
        let values = signature.split(',').take(MOST_VALUES);
        let claimed = values.filter_map(|value| STANDARD.decode(value.trim().strip_prefix("v1:")?).ok());
        let mut signed = false;
        for claimed in claimed {
            for key in [self.text.as_bytes(), &self.bytes] {
                signed |=
                    mac(key, body, transmission_time).is_some_and(|mac| mac.verify_slice(&claimed).is_ok());
            }
        }
        signed
    }
}

impl fmt::Debug for SecurityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecurityKey(***)")
    }
}

/// `body:transmission-time` under this key. A key of any length will do; should that ever change, nothing is signed.
fn mac(key: &[u8], body: &[u8], transmission_time: &str) -> Option<Hmac<Sha256>> {
    let mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    Some(mac.chain_update(body).chain_update(b":").chain_update(transmission_time))
}

/// Of two hexadecimal digits.
fn byte(digits: &[u8]) -> Option<u8> {
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then(|| std::str::from_utf8(digits).ok())??;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "4f2d7c1a9b3e5d60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8";
    const TIME: &str = "2024-09-05T12:19:21+09:00";
    const BODY: &[u8] =
        br#"{"eventType":"payout.changed", "entityBody":{"id":"FPA_1","status":"COMPLETED"}}"#;
    // Made with OpenSSL: printf '%s:%s' "$BODY" "$TIME" | openssl dgst -sha256 -hmac "$KEY" -binary | base64, and with
    // -mac HMAC -macopt hexkey:$KEY.
    const BY_TEXT: &str = "rPy91sOqLy1+sLtxt8ycxSgy4mgnrUehJ7ZFU/y69Tw=";
    const BY_BYTES: &str = "O+QvZ+73wSY1HTI9dS+pkHJaYmH/6cpGRMvpVIelYNw=";
    /// Another key's.
    const OF_ANOTHER: &str = "GfE1QDyURLs31xH6pnYMpfhORlN9+24VD7tIXrwU504=";

    fn is_signed(body: &[u8], time: &str, signature: &str) -> bool {
        SecurityKey::parse(KEY).unwrap().has_signed(body, time, signature)
    }

    #[test]
    fn e12_either_of_two_values_and_either_reading_of_the_key_will_do() {
        for right in [BY_TEXT, BY_BYTES] {
            for signature in [
                format!("v1:{right}"),
                format!("v1:{right},v1:{OF_ANOTHER}"),
                format!("v1:{OF_ANOTHER},v1:{right}"),
                format!(" v1:{OF_ANOTHER} , v1:{right} "),
            ] {
                assert!(is_signed(BODY, TIME, &signature), "{signature}");
            }
        }
    }

    #[test]
    fn e12_what_was_changed_on_its_way_is_not_signed() {
        let signature = format!("v1:{BY_TEXT},v1:{BY_BYTES}");
        let again: serde_json::Value = serde_json::from_slice(BODY).unwrap();
        let again = serde_json::to_vec(&again).unwrap();
        assert_ne!(again, BODY, "the same JSON in other bytes");
        let forged = String::from_utf8(BODY.to_vec()).unwrap().replace("COMPLETED", "FAILED");
        for body in [again.as_slice(), forged.as_bytes(), &[BODY, b"\n"].concat(), &BODY[1..], b""] {
            assert!(!is_signed(body, TIME, &signature), "{}", String::from_utf8_lossy(body));
        }
        for time in ["2024-09-05T12:19:22+09:00", "2024-09-05T03:19:21Z", ""] {
            assert!(!is_signed(BODY, time, &signature), "{time}");
        }
        // What is between body and time is part of neither.
        assert!(!is_signed(&[BODY, b":"].concat(), TIME, &signature));
        let other = SecurityKey::parse(&KEY.replace('4', "5")).unwrap();
        assert!(!other.has_signed(BODY, TIME, &signature));
    }

    #[test]
    fn e12_what_is_no_signature_is_none() {
        let cut = &BY_TEXT[..BY_TEXT.len() - 4];
        for signature in [
            String::new(),
            "v1:".to_owned(),
            ",,,".to_owned(),
            BY_TEXT.to_owned(),
            format!("v2:{BY_TEXT}"),
            format!("v1:{cut}"),
            format!("v1:{}", BY_TEXT.trim_end_matches('=')),
            format!("v1:{OF_ANOTHER},v1:{OF_ANOTHER}"),
            format!("v1:{BY_TEXT}{BY_TEXT}"),
            format!("v1: {BY_TEXT}"),
            // Beyond as many as Toss could mean.
            format!("{}v1:{BY_TEXT}", "v1:AAAA,".repeat(MOST_VALUES)),
        ] {
            assert!(!is_signed(BODY, TIME, &signature), "{signature}");
        }
    }

    #[test]
    fn e12_a_security_key_is_64_hexadecimal_digits_and_is_not_printed() {
        for wrong in [
            "",
            " ",
            "test_sk_abc",
            &KEY[1..],
            &format!("{KEY}0"),
            &KEY.replace('4', "g"),
            &KEY.replace('4', "+"),
        ] {
            assert!(SecurityKey::parse(wrong).is_err(), "{wrong}");
        }
        let key = SecurityKey::parse(&KEY.to_uppercase()).unwrap();
        assert!(key.has_signed(BODY, TIME, &format!("v1:{BY_BYTES}")), "the bytes are the same");
        assert_eq!(format!("{key:?}"), "SecurityKey(***)");
    }
}
