//! Reading a request for a payment: the same checks for the browser's door, the server's and the tests'.
//!
//! The codes are those of the window's parameters (Toss error codes, window codes; browser SDK v2, errors).

use serde::Deserialize;
use serde_json::Value;

use crate::auth::MerchantId;
use crate::choice::{Chosen, Wish, is_phone, is_text};
use crate::codes::{self, Code};
use crate::means::Means;
use crate::money::{Currency, Won, Written};
use crate::payment::{Surface, Terms};
use crate::shared::Opening;
use crate::terms::{Requested, TermsWish};
use crate::urls;

/// What a payment request carries, wherever it comes from. Unknown fields are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Wanted {
    pub(crate) order_id: Option<String>,
    pub(crate) order_name: Option<String>,
    pub(crate) amount: Option<Amount>,
    pub(crate) currency: Option<String>,
    pub(crate) surface: Option<Surface>,
    pub(crate) customer_name: Option<String>,
    pub(crate) customer_email: Option<String>,
    pub(crate) customer_mobile_phone: Option<String>,
    pub(crate) tax_free_amount: Option<Written>,
    pub(crate) success_url: Option<String>,
    pub(crate) fail_url: Option<String>,
    pub(crate) metadata: Option<Value>,
    pub(crate) confirm_outcome: Option<String>,
    pub(crate) is_partial_cancelable: Option<bool>,
    pub(crate) discount_amount: Option<Won>,
    /// Whether the order id may be as short as two characters.
    #[serde(skip)]
    pub(crate) lenient_order_id: bool,
    #[serde(flatten)]
    pub(crate) wish: Wish,
    #[serde(flatten)]
    pub(crate) terms: TermsWish,
}

/// The SDK sends `{currency, value}`, a server a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Amount {
    Plain(Written),
    WithCurrency { currency: String, value: Written },
}

/// A request whose parts are all right. Amounts are in the currency's smallest unit.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) order_id: String,
    pub(crate) order_name: String,
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) tax_free: i64,
    pub(crate) tax_exempt: i64,
    pub(crate) terms: Terms,
    /// What the buyer chooses if there is no window to choose in.
    pub(crate) chosen: Chosen,
    pub(crate) outcome: Option<Code>,
}

impl Wanted {
    /// Checks every part.
    pub(crate) fn accept(self) -> Result<Accepted, Code> {
        let (amount, currency) = self.price()?;
        let says_terms = self.wish.says_terms(&self.terms);
        let requested = self.wish.terms(&self.terms)?;
        let chosen = self.wish.choose(None, &requested)?;
        let asked = self.wish.names_a_method().then(|| chosen.clone());
        let means = asked.as_ref().map(|asked| asked.means);
        if means.is_some_and(|means| !means.takes(currency)) {
            return Err(codes::INVALID_AMOUNT_CURRENCY);
        }
        check_flow(&self.wish, means, &requested)?;
        let outcome = outcome(self.confirm_outcome.as_deref())?;
        self.check_texts()?;
        let is_order_id = if self.lenient_order_id { is_lenient_order_id } else { is_order_id };
        let order_id = self.order_id.filter(|id| is_order_id(id));
        let order_id = order_id.ok_or(codes::INVALID_ORDER_ID)?;
        let order_name = self.order_name.filter(|name| is_text(name)).ok_or(codes::INVALID_ORDER_NAME)?;
        let part = |part: Option<Written>| part.map_or(Some(0), |written| currency.read(written));
        let parts = part(self.tax_free_amount).zip(part(requested.exempt(means)));
        let (tax_free, tax_exempt) = parts.ok_or(codes::INVALID_PARAMETERS)?;
        let discount = self.discount_amount.map_or(0, |won| won.0);
        let fits = tax_free >= 0 && tax_exempt >= 0 && tax_free + tax_exempt <= amount;
        if !fits || !(0..amount).contains(&discount) {
            return Err(codes::INVALID_PARAMETERS);
        }
        let terms = Terms {
            asked,
            requested: says_terms.then(|| Box::new(requested)),
            surface: self.surface,
            customer_name: self.customer_name.map(Into::into),
            customer_phone: self.customer_mobile_phone.map(Into::into),
            success_url: self.success_url.map(Into::into),
            fail_url: self.fail_url.map(Into::into),
            metadata: self.metadata.map(Box::new),
            whole_cancels_only: self.is_partial_cancelable == Some(false),
            discount,
            billing: None,
        };
        Ok(Accepted { order_id, order_name, amount, currency, tax_free, tax_exempt, terms, chosen, outcome })
    }

    fn price(&self) -> Result<(i64, Currency), Code> {
        let (currency, written) = match &self.amount {
            None => return Err(codes::INVALID_AMOUNT_VALUE),
            Some(Amount::Plain(written)) => (self.currency.as_deref().unwrap_or("KRW"), written),
            Some(Amount::WithCurrency { currency, value }) => (currency.as_str(), value),
        };
        let currency = Currency::find(currency).ok_or(codes::INVALID_AMOUNT_CURRENCY)?;
        if !written.is_positive() {
            return Err(codes::BELOW_ZERO_AMOUNT);
        }
        let amount = currency.read(*written).ok_or(codes::INVALID_AMOUNT_VALUE)?;
        Ok((amount, currency))
    }

    fn check_texts(&self) -> Result<(), Code> {
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
        Ok(())
    }
}

impl Accepted {
    /// The request as the store takes it.
    pub(crate) fn opening<'a>(&'a self, merchant: MerchantId, origin: Option<&'a str>) -> Opening<'a> {
        Opening {
            merchant,
            order: &self.order_id,
            order_name: &self.order_name,
            amount: self.amount,
            currency: self.currency,
            tax_free: self.tax_free,
            tax_exempt: self.tax_exempt,
            origin,
            terms: self.terms.clone(),
        }
    }
}

/// The refusal that a test wants of a later confirm.
pub(crate) fn outcome(name: Option<&str>) -> Result<Option<Code>, Code> {
    name.map(|name| Code::find(name).ok_or(codes::INVALID_TEST_CODE)).transpose()
}

/// `DIRECT` opens one card's or one wallet's own window, so the request must say which.
fn check_flow(wish: &Wish, means: Option<Means>, requested: &Requested) -> Result<(), Code> {
    let extras = means.map_or(&requested.common, |means| requested.of(means));
    let says_which =
        extras.issuer().is_some() || wish.easy_pay.is_some() || !matches!(means, Some(Means::Card(_)));
    if extras.is_direct && !says_which { Err(codes::INVALID_FLOW_MODE_PARAMETERS) } else { Ok(()) }
}

/// 6 to 64 of `[A-Za-z0-9_=-]`.
pub(crate) fn is_order_id(id: &str) -> bool {
    id.len() >= 6 && is_lenient_order_id(id)
}

/// At least two: an id of two characters was seen to be taken.
fn is_lenient_order_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=');
    (2..=64).contains(&id.len()) && id.bytes().all(allowed)
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
