//! Reading a request for a payment: the same checks for the browser's door, the server's and the tests'.
//!
//! The codes are those of the window's parameters (Toss error codes, window codes; browser SDK v2, errors).

use serde::Deserialize;
use serde_json::Value;

use crate::codes::{self, Code};
use crate::means::{Means, Wish};
use crate::money::Won;
use crate::payment::{Surface, Terms};
use crate::urls;

/// What a payment request carries, wherever it comes from. Unknown fields are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Wanted {
    pub(crate) order_id: Option<String>,
    pub(crate) order_name: Option<String>,
    pub(crate) amount: Option<Amount>,
    pub(crate) currency: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) easy_pay: Option<String>,
    pub(crate) card: Option<CardWish>,
    pub(crate) bank: Option<String>,
    pub(crate) surface: Option<Surface>,
    pub(crate) customer_name: Option<String>,
    pub(crate) customer_email: Option<String>,
    pub(crate) customer_mobile_phone: Option<String>,
    pub(crate) tax_free_amount: Option<Won>,
    pub(crate) success_url: Option<String>,
    pub(crate) fail_url: Option<String>,
    pub(crate) metadata: Option<Value>,
    pub(crate) confirm_outcome: Option<String>,
    pub(crate) is_partial_cancelable: Option<bool>,
    pub(crate) discount_amount: Option<Won>,
}

/// The SDK sends `{currency, value}`, a server a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Amount {
    Plain(Won),
    WithCurrency { currency: String, value: Won },
}

/// The card in a request; fields that the sandbox has no use for are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CardWish {
    pub(crate) issuer_code: Option<String>,
    pub(crate) installment_plan_months: Option<u8>,
    pub(crate) card_company: Option<String>,
    pub(crate) card_installment_plan: Option<u8>,
    pub(crate) easy_pay: Option<String>,
}

/// A request whose parts are all right.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) order_id: String,
    pub(crate) order_name: String,
    pub(crate) amount: i64,
    pub(crate) tax_free: i64,
    pub(crate) terms: Terms,
    pub(crate) outcome: Option<Code>,
}

impl Wanted {
    /// Checks every part.
    pub(crate) fn accept(self) -> Result<Accepted, Code> {
        let amount = self.won()?;
        let asked = self.asked()?;
        let outcome = self.outcome()?;
        let order_id = self.order_id.filter(|id| is_order_id(id)).ok_or(codes::INVALID_ORDER_ID)?;
        let order_name = self.order_name.filter(|name| is_text(name)).ok_or(codes::INVALID_ORDER_NAME)?;
        for text in [&self.customer_name, &self.customer_email].into_iter().flatten() {
            if !is_text(text) {
                return Err(codes::INVALID_PARAMETERS);
            }
        }
        if self.customer_mobile_phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            return Err(codes::INVALID_PARAMETERS);
        }
        check_urls(self.success_url.as_deref(), self.fail_url.as_deref())?;
        if self.metadata.as_ref().is_some_and(|metadata| !is_metadata(metadata)) {
            return Err(codes::INVALID_METADATA);
        }
        let tax_free = self.tax_free_amount.map_or(0, |won| won.0);
        let discount = self.discount_amount.map_or(0, |won| won.0);
        if !(0..=amount).contains(&tax_free) || !(0..amount).contains(&discount) {
            return Err(codes::INVALID_PARAMETERS);
        }
        let terms = Terms {
            asked,
            surface: self.surface,
            customer_name: self.customer_name.map(Into::into),
            customer_phone: self.customer_mobile_phone.map(Into::into),
            success_url: self.success_url.map(Into::into),
            fail_url: self.fail_url.map(Into::into),
            metadata: self.metadata.map(Box::new),
            whole_cancels_only: self.is_partial_cancelable == Some(false),
            discount,
        };
        Ok(Accepted { order_id, order_name, amount, tax_free, terms, outcome })
    }

    fn won(&self) -> Result<i64, Code> {
        let (currency, won) = match &self.amount {
            None => return Err(codes::INVALID_AMOUNT_VALUE),
            Some(Amount::Plain(won)) => (self.currency.as_deref().unwrap_or("KRW"), won),
            Some(Amount::WithCurrency { currency, value }) => (currency.as_str(), value),
        };
        if currency != "KRW" {
            return Err(codes::INVALID_AMOUNT_CURRENCY);
        }
        if won.0 <= 0 { Err(codes::BELOW_ZERO_AMOUNT) } else { Ok(won.0) }
    }

    /// The method, if the request names one.
    fn asked(&self) -> Result<Option<Means>, Code> {
        let wish =
            wish(self.method.as_deref(), self.easy_pay.as_deref(), self.card.as_ref(), self.bank.as_deref());
        if self.method.is_none() && self.easy_pay.is_none() {
            return Ok(None);
        }
        Means::read(wish).map(Some)
    }

    fn outcome(&self) -> Result<Option<Code>, Code> {
        outcome(self.confirm_outcome.as_deref())
    }
}

/// The refusal that a test wants of a later confirm.
pub(crate) fn outcome(name: Option<&str>) -> Result<Option<Code>, Code> {
    name.map(|name| Code::find(name).ok_or(codes::INVALID_TEST_CODE)).transpose()
}

/// The method words of a request, from wherever it keeps them.
pub(crate) fn wish<'a>(
    method: Option<&'a str>,
    easy_pay: Option<&'a str>,
    card: Option<&'a CardWish>,
    bank: Option<&'a str>,
) -> Wish<'a> {
    let issuer = card.and_then(|card| card.issuer_code.as_deref().or(card.card_company.as_deref()));
    let months = card.and_then(|card| card.installment_plan_months.or(card.card_installment_plan));
    let easy_pay = easy_pay.or(card.and_then(|card| card.easy_pay.as_deref()));
    Wish { method, easy_pay, issuer, months: months.unwrap_or(0), bank }
}

/// 6 to 64 of `[A-Za-z0-9_=-]`.
fn is_order_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=');
    (6..=64).contains(&id.len()) && id.bytes().all(allowed)
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 100
}

fn is_phone(phone: &str) -> bool {
    (8..=15).contains(&phone.len()) && phone.bytes().all(|byte| byte.is_ascii_digit())
}

/// At most 5 pairs, keys up to 40 characters without brackets, texts up to 2000 (Toss core API, Conventions).
fn is_metadata(metadata: &Value) -> bool {
    let Some(pairs) = metadata.as_object() else { return false };
    pairs.len() <= 5
        && pairs.iter().all(|(key, value)| {
            let key_fits = !key.is_empty() && key.chars().count() <= 40 && !key.contains(['[', ']']);
            key_fits && value.as_str().is_some_and(|text| text.chars().count() <= 2_000)
        })
}

/// Both or neither, and each absolute.
fn check_urls(success: Option<&str>, fail: Option<&str>) -> Result<(), Code> {
    if success.is_some_and(|url| !urls::is_absolute(url)) {
        return Err(codes::INCORRECT_SUCCESS_URL_FORMAT);
    }
    if fail.is_some_and(|url| !urls::is_absolute(url)) {
        return Err(codes::INCORRECT_FAIL_URL_FORMAT);
    }
    if success.is_some() == fail.is_some() { Ok(()) } else { Err(codes::INVALID_PARAMETERS) }
}
