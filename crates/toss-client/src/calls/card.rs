//! The card data of the two calls that take a card without a window (extra contract; storing it is forbidden).

use std::fmt;

use serde::Serialize;

/// A card as its owner reads it out. Borrowed, sent once and kept nowhere; `Debug` shows nothing of it.
#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CardDetails<'a> {
    /// Digits only, at most 20.
    pub card_number: &'a str,
    /// `YY`.
    pub card_expiration_year: &'a str,
    /// `MM`.
    pub card_expiration_month: &'a str,
    /// The owner's date of birth (`YYMMDD`), or the 10 digits of a company's business number.
    pub customer_identity_number: &'a str,
    /// The first two digits of the card's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_password: Option<&'a str>,
    /// What 3-D Secure answered about an overseas card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vbv: Option<Vbv<'a>>,
}

/// The result of 3-D Secure for an overseas card (`vbv`).
#[derive(Clone, Copy, Serialize)]
pub struct Vbv<'a> {
    /// Cardholder authentication verification value.
    pub cavv: &'a str,
    /// Transaction identifier.
    pub xid: &'a str,
    /// Electronic commerce indicator.
    pub eci: &'a str,
}

impl fmt::Debug for CardDetails<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardDetails(***)")
    }
}

impl fmt::Debug for Vbv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vbv(***)")
    }
}
