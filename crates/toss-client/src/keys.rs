//! Keys of the developer centre and idempotency keys.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Longer than any key that Toss has issued.
const MAX_KEY: usize = 200;
/// Toss core API, Idempotency-Key: at most 300 characters.
const MAX_IDEMPOTENCY_KEY: usize = 300;

/// Whether a key moves real money. Test and live share one host: only the key decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Nothing moves.
    Test,
    /// Real money.
    Live,
}

/// Which product a key belongs to. A payment is confirmed, read and cancelled with the pair that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyFamily {
    /// Payment-widget keys (`gck`, `gsk`).
    Widget,
    /// Individual API keys, one pair per merchant id (`ck`, `sk`).
    Api,
    /// Keys of old accounts (`ak`).
    Legacy,
}

/// Why a text is not the key that was asked for. Never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing was given.
    #[error("the key is empty")]
    Empty,
    /// Neither `test_…` nor `live_…`.
    #[error("the key must start with test_ or live_ (no blanks, quotes or byte-order mark around it)")]
    Mode,
    /// A client key where the secret key belongs.
    #[error("this is a client key (ck or gck); the secret key (sk or gsk) is needed here")]
    ClientKeyGiven,
    /// A secret key where the client key belongs: it would reach the browser.
    #[error(
        "this is a secret key (sk or gsk), which must never reach a browser; the client key (ck or gck) is needed here"
    )]
    SecretKeyGiven,
    /// Not a family that Toss issues.
    #[error("the part after test_ or live_ must be sk or gsk for a secret key, ck or gck for a client key")]
    Family,
    /// A security key that is not 64 hexadecimal digits.
    #[error("the security key is 64 hexadecimal digits")]
    SecurityKeyFormat,
    /// Letters, digits and `_` only, at most 200 characters.
    #[error("the key must be made of letters, digits and _ only, at most 200 characters")]
    Format,
}

/// A secret key: `test_sk_…`, `live_sk_…`, `test_gsk_…`, `live_gsk_…` or the old `…_ak_…`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(Key);

/// A client key: `test_ck_…`, `live_ck_…`, `test_gck_…` or `live_gck_…`. Public, yet not printed whole.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientKey(Key);

impl SecretKey {
    /// Checks the format and takes the key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (tag, key) = Key::parse(text)?;
        match tag {
            "sk" | "gsk" | "ak" => Ok(Self(key)),
            "ck" | "gck" => Err(KeyError::ClientKeyGiven),
            _ => Err(KeyError::Family),
        }
    }

    /// Whether the key moves real money.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Which product the key belongs to.
    #[must_use]
    pub fn family(&self) -> KeyFamily {
        self.0.family
    }

    /// Whether the key belongs to the payment widget.
    #[must_use]
    pub fn is_widget(&self) -> bool {
        self.0.family == KeyFamily::Widget
    }

    /// The key itself. Whoever calls this takes over the duty not to log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0.text
    }

    /// The value of the `Authorization` header: the key as user, an empty password, padded base64.
    pub(crate) fn basic_auth(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:", self.0.text)))
    }
}

impl ClientKey {
    /// Checks the format and takes the key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (tag, key) = Key::parse(text)?;
        match tag {
            "ck" | "gck" => Ok(Self(key)),
            "sk" | "gsk" | "ak" => Err(KeyError::SecretKeyGiven),
            _ => Err(KeyError::Family),
        }
    }

    /// Whether the key moves real money.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Which product the key belongs to.
    #[must_use]
    pub fn family(&self) -> KeyFamily {
        self.0.family
    }

    /// Whether the key belongs to the payment widget.
    #[must_use]
    pub fn is_widget(&self) -> bool {
        self.0.family == KeyFamily::Widget
    }

    /// The key, to hand to the browser SDK.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}***)", self.0.prefix())
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientKey({}***)", self.0.prefix())
    }
}

/// What both kinds share. No `Debug`: its holders print themselves.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    text: Box<str>,
    mode: Mode,
    family: KeyFamily,
}

impl Key {
    /// The family's tag (`sk`, `gck`, …) and the key.
    fn parse(text: &str) -> Result<(&str, Self), KeyError> {
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        let (mode, rest) = match (text.strip_prefix("test_"), text.strip_prefix("live_")) {
            (Some(rest), _) => (Mode::Test, rest),
            (None, Some(rest)) => (Mode::Live, rest),
            (None, None) => return Err(KeyError::Mode),
        };
        let (tag, body) = rest.split_once('_').ok_or(KeyError::Family)?;
        let family = match tag {
            "gck" | "gsk" => KeyFamily::Widget,
            "ck" | "sk" => KeyFamily::Api,
            "ak" => KeyFamily::Legacy,
            _ => return Err(KeyError::Family),
        };
        let plain = body.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if body.is_empty() || !plain || text.len() > MAX_KEY {
            return Err(KeyError::Format);
        }
        Ok((tag, Self { text: text.into(), mode, family }))
    }

    /// `test_gsk_`: everything up to the second underscore, which tells nothing secret.
    fn prefix(&self) -> &str {
        let end = self.text.match_indices('_').nth(1).map_or(0, |(at, _)| at + 1);
        &self.text[..end]
    }
}

/// An idempotency key: 1 to 300 visible ASCII characters.
///
/// Toss remembers a key for 15 days together with the API key, the URL and the method, but not the body: never
/// use one key for two different requests.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Box<str>);

/// A text that cannot be an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key must be 1 to 300 visible ASCII characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Checks the format and takes the key.
    pub fn parse(text: &str) -> Result<Self, IdempotencyKeyError> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > MAX_IDEMPOTENCY_KEY || !visible {
            return Err(IdempotencyKeyError);
        }
        Ok(Self(text.into()))
    }

    /// The key as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdempotencyKey({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_keys_tell_mode_and_family_and_never_themselves() {
        for (text, mode, family, shown) in [
            ("test_sk_zXLkKEypNArWmo50nX3lmeaxYG5R", Mode::Test, KeyFamily::Api, "SecretKey(test_sk_***)"),
            ("live_sk_abc", Mode::Live, KeyFamily::Api, "SecretKey(live_sk_***)"),
            (
                "test_gsk_docs_OaPz8L5KdmQXkzRz3y47BMw6",
                Mode::Test,
                KeyFamily::Widget,
                "SecretKey(test_gsk_***)",
            ),
            ("live_gsk_abc", Mode::Live, KeyFamily::Widget, "SecretKey(live_gsk_***)"),
            ("test_ak_abc", Mode::Test, KeyFamily::Legacy, "SecretKey(test_ak_***)"),
        ] {
            let key = SecretKey::parse(text).expect(text);
            assert_eq!((key.mode(), key.family(), key.expose()), (mode, family, text));
            assert_eq!(key.is_widget(), family == KeyFamily::Widget);
            assert_eq!(format!("{key:?}"), shown);
        }
    }

    #[test]
    fn client_keys_are_told_from_secret_keys_in_both_directions() {
        let client = ClientKey::parse("test_gck_docs_Ovk5rk1EwkEbP0W43n07xlzm").expect("a widget client key");
        assert!(client.is_widget() && client.mode() == Mode::Test);
        assert_eq!(format!("{client:?}"), "ClientKey(test_gck_***)");
        assert_eq!(ClientKey::parse("live_ck_abc").map(|key| key.family()), Ok(KeyFamily::Api));
        for (text, error) in [
            ("", KeyError::Empty),
            ("sk_abc", KeyError::Mode),
            ("\u{feff}test_sk_abc", KeyError::Mode),
            (" test_sk_abc", KeyError::Mode),
            ("test_ck_abc", KeyError::ClientKeyGiven),
            ("live_gck_abc", KeyError::ClientKeyGiven),
            ("test_xx_abc", KeyError::Family),
            ("test_sk", KeyError::Family),
            ("test_sk_", KeyError::Format),
            ("test_sk_a b", KeyError::Format),
            ("test_sk_abc\n", KeyError::Format),
            ("test_sk_한글", KeyError::Format),
        ] {
            assert_eq!(SecretKey::parse(text).map(|_| ()), Err(error), "{text}");
        }
        for text in ["test_sk_abc", "live_gsk_abc", "test_ak_abc"] {
            assert_eq!(ClientKey::parse(text).map(|_| ()), Err(KeyError::SecretKeyGiven), "{text}");
        }
        assert!(KeyError::ClientKeyGiven.to_string().contains("client key"));
    }

    #[test]
    fn basic_auth_keeps_the_colon_and_the_padding() {
        let auth = |text| SecretKey::parse(text).expect(text).basic_auth();
        assert_eq!(auth("test_sk_abc"), "Basic dGVzdF9za19hYmM6");
        assert_eq!(auth("test_sk_abcd"), "Basic dGVzdF9za19hYmNkOg==");
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii_up_to_300() {
        assert!(IdempotencyKey::parse(&"k".repeat(300)).is_ok());
        assert_eq!(IdempotencyKey::parse("a:b-c=").expect("visible").as_str(), "a:b-c=");
        for text in ["", "with blank", "줄", "line\n", &"k".repeat(301)] {
            assert_eq!(IdempotencyKey::parse(text), Err(IdempotencyKeyError), "{text}");
        }
    }
}
