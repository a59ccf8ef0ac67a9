//! Keys that look like Toss's: payment keys, transaction keys, secrets, account numbers, trace ids.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::{Korea, Ms};

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A transaction key: 32 upper-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transaction(u128);

impl Transaction {
    /// Whether a text could be a key of this kind at all.
    pub(crate) fn is_spelled(text: &str) -> bool {
        text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
    }
}

impl fmt::Display for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032X}", self.0)
    }
}

impl Serialize for Transaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Transaction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(D::Error::custom)
    }
}

/// The one source of made-up keys. The same seed and the same calls give the same keys.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Mid prefix, moment, five letters: `tviva20260302140509Ab3Xz` (Toss core API, Conventions).
    pub(crate) fn payment_key(&mut self, mid: &str, now: Ms) -> String {
        let prefix: String = mid.chars().take(5).collect();
        let mut key = format!("{prefix}{}", Korea(now).compact());
        self.push(&mut key, LETTERS, 5);
        key
    }

    pub(crate) fn transaction(&mut self) -> Transaction {
        Transaction(self.wide())
    }

    /// The proof value of a virtual account, `ps_…`.
    pub(crate) fn secret(&mut self) -> String {
        let mut secret = String::from("ps_");
        self.push(&mut secret, LETTERS, 16);
        secret
    }

    /// The proof of the billing window, used once.
    pub(crate) fn auth_key(&mut self) -> String {
        let mut key = String::from("bln_");
        self.push(&mut key, LETTERS, 24);
        key
    }

    /// A billing key: 32 bytes in the base64 of addresses, 44 characters with its `=`.
    pub(crate) fn billing_key(&mut self) -> String {
        URL_SAFE.encode([self.wide().to_be_bytes(), self.wide().to_be_bytes()].concat())
    }

    /// A test account number: it starts with `X` and nobody can pay into it (Toss test mode).
    pub(crate) fn account_number(&mut self) -> String {
        let mut number = String::from("X");
        self.push(&mut number, b"0123456789", 13);
        number
    }

    /// The key of a cash receipt.
    pub(crate) fn receipt_key(&mut self) -> String {
        let mut key = String::new();
        self.push(&mut key, LETTERS, 48);
        key
    }

    /// The number under which the tax service knows a cash receipt: nine digits.
    pub(crate) fn issue_number(&mut self) -> String {
        let mut number = String::new();
        self.push(&mut number, b"0123456789", 9);
        number
    }

    /// The id of a webhook: `whtrans_` and 26 letters like those of a ULID (Toss webhooks, Headers).
    pub(crate) fn transmission(&mut self) -> String {
        let mut id = String::from("whtrans_");
        self.push(&mut id, b"0123456789abcdefghjkmnpqrstvwxyz", 26);
        id
    }

    /// The number of a trace, printed as 32 hexadecimal digits.
    pub(crate) fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    /// True once in `1000 / permille` draws.
    pub(crate) fn chance(&mut self, permille: u16) -> bool {
        self.next() % 1_000 < u64::from(permille)
    }

    fn push(&mut self, text: &mut String, letters: &[u8], count: usize) {
        let mut bits = self.next();
        for _ in 0..count {
            if bits < 1 << 16 {
                bits = self.next();
            }
            let base = u64::try_from(letters.len()).unwrap_or(1);
            let at = usize::try_from(bits % base).unwrap_or(0);
            bits /= base;
            text.push(char::from(letters[at]));
        }
    }

    // SplitMix64: small, fast, and good enough for keys that nobody has to keep secret.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
