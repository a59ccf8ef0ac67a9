//! A card or an account as somebody types it in, and what billing makes of it (Toss core API, Billing; test mode, §5).

use std::sync::Arc;

use serde::Deserialize;

use crate::billing::Source;
use crate::choice::More;
use crate::clock::{Korea, Ms};
use crate::codes::{self, Code};
use crate::enums::{Bank, Issuer};
use crate::means::{Card, CardKind, Means, Owner};

/// Numbers that get a key whose charges Toss refuses with `NOT_SUPPORTED_CARD_TYPE` (measured).
const NOT_SUPPORTED: [&str; 2] = ["433012", "552022"];

/// The card in a request that carries its raw data. Unknown fields, `vbv` among them, are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CardBody {
    card_number: Option<String>,
    card_expiration_year: Option<String>,
    card_expiration_month: Option<String>,
    customer_identity_number: Option<String>,
    card_password: Option<String>,
    customer_email: Option<String>,
}

/// A card whose data are well formed.
pub(crate) struct Plastic {
    number: String,
    /// Year since 2000, and month.
    until: (i16, i8),
    /// Whether its owner is a business.
    is_corporate: bool,
}

/// What a buyer chooses in the billing window, or a test in its place.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AuthWish {
    pub(crate) customer_key: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) card: Option<CardWish>,
    pub(crate) bank: Option<String>,
    /// The refusal that every charge will meet.
    pub(crate) outcome: Option<String>,
}

/// The card in the window; all parts are optional. What else a page may send about it is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CardWish {
    issuer_code: Option<String>,
    number: Option<String>,
    card_type: Option<String>,
    owner_type: Option<String>,
}

impl CardBody {
    pub(crate) fn read(self) -> Result<Plastic, Code> {
        let (Some(number), Some(year), Some(month), Some(identity)) = (
            self.card_number,
            self.card_expiration_year,
            self.card_expiration_month,
            self.customer_identity_number,
        ) else {
            return Err(codes::INVALID_REQUIRED_PARAM);
        };
        if !is_card_number(&number) {
            return Err(codes::INVALID_CARD_NUMBER);
        }
        let two =
            |text: &str| (text.len() == 2 && is_digits(text)).then(|| text.parse::<i8>().ok()).flatten();
        let (Some(year), Some(month @ 1..=12)) = (two(&year), two(&month)) else {
            return Err(codes::INVALID_CARD_EXPIRATION);
        };
        let is_corporate = identity.len() == 10 && is_digits(&identity);
        if !is_corporate && !is_birthday(&identity) {
            return Err(codes::INVALID_BIRTH_DAY_FORMAT);
        }
        if self.card_password.as_deref().is_some_and(|password| two(password).is_none()) {
            return Err(codes::INVALID_CARD_PASSWORD);
        }
        if self.customer_email.as_deref().is_some_and(|email| !is_email(email)) {
            return Err(codes::INVALID_EMAIL);
        }
        Ok(Plastic { number, until: (2_000 + i16::from(year), month), is_corporate })
    }
}

impl Plastic {
    /// A card is good until the end of the month on it.
    pub(crate) fn check_date(&self, now: Ms) -> Result<(), Code> {
        if Korea(now).month() > self.until { Err(codes::INVALID_CARD_EXPIRATION) } else { Ok(()) }
    }

    /// What charges of this card take their money from.
    pub(crate) fn source(&self, customer: &str) -> Source {
        source(customer, self.card(), self.masked())
    }

    /// The card as far as its number and its owner's tell.
    pub(crate) fn card(&self) -> Card {
        let owner = if self.is_corporate { Owner::Corporate } else { Owner::Personal };
        let card = of_number(&self.number);
        Card { owner: if card.kind == CardKind::Unknown { Owner::Unknown } else { owner }, ..card }
    }

    pub(crate) fn masked(&self) -> String {
        mask(&self.number)
    }
}

impl AuthWish {
    /// What the buyer agreed to be charged by: a card by default, the documents' example card if nothing is said.
    pub(crate) fn source(&self) -> Result<Source, Code> {
        let customer = self.customer_key.as_deref().ok_or(codes::INVALID_REQUIRED_PARAM)?;
        check_customer(customer)?;
        match self.method.as_deref().unwrap_or("CARD") {
            "CARD" | "카드" => self
                .card
                .as_ref()
                .map_or_else(|| CardWish::default().read(customer), |card| card.read(customer)),
            "TRANSFER" | "계좌이체" => {
                let bank = self.bank.as_deref().map_or(Some(Bank::usual()), Bank::find);
                let means = Means::Transfer(bank.ok_or(codes::INVALID_BANK)?);
                let more = Arc::default();
                Ok(Source { customer: customer.into(), means, more, is_supported: true })
            }
            _ => Err(codes::NOT_SUPPORTED_METHOD),
        }
    }
}

impl CardWish {
    fn read(&self, customer: &str) -> Result<Source, Code> {
        let number = self.number.as_deref().filter(|number| !number.is_empty());
        if number.is_some_and(|number| !is_card_number(number)) {
            return Err(codes::INVALID_CARD_NUMBER);
        }
        let named = self.issuer_code.as_deref();
        let named = named.map(|word| Issuer::find(word).ok_or(codes::INVALID_CARD_COMPANY)).transpose()?;
        let usual = match (named, number) {
            (Some(issuer), _) => Card::of(issuer),
            (None, Some(number)) => of_number(number),
            (None, None) => Card::of(Issuer::usual()),
        };
        let kind = self.card_type.as_deref().map_or(Some(usual.kind), CardKind::find);
        let owner = self.owner_type.as_deref().map_or(Some(usual.owner), Owner::find);
        let (Some(kind), Some(owner)) = (kind, owner) else { return Err(codes::INVALID_PARAMETERS) };
        let card = Card { kind, owner, ..usual };
        let number = number.map_or_else(|| format!("{}****123*", card.issuer.bin), mask);
        Ok(source(customer, card, number))
    }
}

/// `customerKey`: 2 to 300 characters. Toss does not look at which; one too many ends in its database (measured).
pub(crate) fn check_customer(customer: &str) -> Result<(), Code> {
    match customer.chars().count() {
        0 | 1 => Err(codes::INVALID_CUSTOMER_KEY),
        2..=300 => Ok(()),
        _ => Err(codes::FAILED_DB_PROCESSING),
    }
}

fn source(customer: &str, card: Card, number: String) -> Source {
    let more = More { card_number: Some(number.into()), ..More::default() };
    let is_supported = card.kind != CardKind::Unknown;
    Source { customer: customer.into(), means: Means::Card(card), more: Arc::new(more), is_supported }
}

/// The card of a number: of its issuer if a made-up number of the sandbox begins like it, of an unknown kind if not.
fn of_number(number: &str) -> Card {
    let known =
        Issuer::of_number(number).filter(|_| !NOT_SUPPORTED.iter().any(|bin| number.starts_with(bin)));
    known.map_or_else(
        || Card { kind: CardKind::Unknown, owner: Owner::Unknown, ..Card::of(Issuer::usual()) },
        Card::of,
    )
}

/// `12345678****123*`: eight digits, three of the last four, stars for the rest.
fn mask(number: &str) -> String {
    let shown = |at: usize| at < 8 || (at + 4 >= number.len() && at + 1 < number.len());
    number.char_indices().map(|(at, digit)| if shown(at) { digit } else { '*' }).collect()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first six digits alone are refused (measured).
fn is_card_number(number: &str) -> bool {
    (14..=20).contains(&number.len()) && is_digits(number)
}

/// Six digits, yyMMdd.
fn is_birthday(identity: &str) -> bool {
    let part = |at: usize| identity.get(at..at + 2).and_then(|text| text.parse::<i8>().ok());
    let (Some(month), Some(day)) = (part(2), part(4)) else { return false };
    identity.len() == 6 && is_digits(identity) && (1..=12).contains(&month) && (1..=31).contains(&day)
}

fn is_email(email: &str) -> bool {
    let parts = email.split_once('@');
    email.chars().count() <= 100 && parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_number_shows_eight_digits_and_three_of_the_last_four() {
        for (number, masked) in [
            ("9410001234567890", "94100012****789*"),
            ("371012345678901", "37101234***890*"),
            ("36201234567890", "36201234**789*"),
        ] {
            assert_eq!(mask(number), masked);
        }
    }
}
