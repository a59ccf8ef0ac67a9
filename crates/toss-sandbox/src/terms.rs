//! The terms of a request for a payment: what its merchant fixes before the buyer chooses (browser SDK v2, parameters).
//!
//! A server writes a term beside the order, the SDK into the object of the method; both are read, and the method's own
//! word counts.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::clock::{DAY, HOUR, Ms, korean};
use crate::codes::{self, Code};
use crate::enums::{CARRIERS, Issuer};
use crate::means::{Card, Means};
use crate::money::Written;

/// The longest time that a payment can be left open for, in hours: 90 days.
const MOST_HOURS: i64 = 2_160;
/// The longest instalment plan, in months.
const MOST_MONTHS: u8 = 12;

/// Terms as they are written. Unknown fields are ignored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TermsWish {
    valid_hours: Option<Hours>,
    due_date: Option<String>,
    card_installment_plan: Option<u8>,
    max_card_installment_plan: Option<u8>,
    free_installment_plans: Option<Vec<FreePlanWish>>,
    card_company: Option<String>,
    flow_mode: Option<String>,
    use_card_point: Option<bool>,
    use_escrow: Option<bool>,
    escrow_products: Option<Vec<Value>>,
    tax_exemption_amount: Option<Written>,
    is_cultural_expenses: Option<bool>,
    culture_expense: Option<bool>,
    mobile_carriers: Option<Vec<String>>,
    cash_receipt: Option<CashWish>,
    pub(crate) account_type: Option<String>,
    pub(crate) account_key: Option<String>,
}

/// A number of hours; a string of digits is taken too.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Hours {
    Number(i64),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct FreePlanWish {
    company: String,
    months: Vec<u8>,
}

/// `cashReceipt` as it is written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CashWish {
    #[serde(rename = "type")]
    kind: Option<String>,
    registration_number: Option<String>,
}

impl TermsWish {
    pub(crate) fn cash(&self) -> Option<CashWish> {
        self.cash_receipt.clone()
    }

    /// Whether escrow is wanted, and no goods are named that could be held back.
    pub(crate) fn escrows_nothing(&self) -> bool {
        self.use_escrow == Some(true) && self.escrow_products.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether the buyer, or the request, wants the points of the card to pay first.
    pub(crate) fn uses_points(&self) -> bool {
        self.use_card_point == Some(true)
    }

    pub(crate) fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

/// Terms that are all right.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the request of its own")]
pub(crate) struct Extras {
    pub(crate) valid: Option<Valid>,
    months: Option<u8>,
    most_months: Option<u8>,
    free: Vec<(&'static Issuer, Vec<u8>)>,
    company: Option<&'static Issuer>,
    pub(crate) is_direct: bool,
    pub(crate) uses_points: bool,
    pub(crate) escrow: bool,
    pub(crate) exempt: Option<Written>,
    pub(crate) culture: bool,
    #[serde(deserialize_with = "kept_carriers")]
    carriers: Vec<&'static str>,
    pub(crate) cash: Option<Cash>,
    pub(crate) account_key: Option<Box<str>>,
}

/// How long a payment, or an account, is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Valid {
    Hours(i64),
    Until(Ms),
}

/// The kind of a cash receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CashKind {
    /// 소득공제, for a buyer's taxes.
    Income,
    /// 지출증빙, for a business.
    Expense,
}

/// A cash receipt that is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cash {
    pub(crate) kind: CashKind,
    pub(crate) number: Option<Box<str>>,
}

/// The terms of a request that names none.
static SILENT: Extras = Extras {
    valid: None,
    months: None,
    most_months: None,
    free: Vec::new(),
    company: None,
    is_direct: false,
    uses_points: false,
    escrow: false,
    exempt: None,
    culture: false,
    carriers: Vec::new(),
    cash: None,
    account_key: None,
};

/// The terms of each method that the request says something about.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Requested {
    pub(crate) common: Extras,
    pub(crate) card: Option<Extras>,
    pub(crate) transfer: Option<Extras>,
    pub(crate) account: Option<Extras>,
    pub(crate) phone: Option<Extras>,
}

impl Requested {
    /// No due date is past or further away than 90 days, and no time is longer than so many hours.
    pub(crate) fn check_due(&self, now: Ms, most_hours: u64) -> Result<(), Code> {
        let own = [&self.card, &self.transfer, &self.account, &self.phone];
        own.into_iter()
            .flatten()
            .chain([&self.common])
            .try_for_each(|extras| extras.check_due(now, most_hours))
    }

    /// The terms that count for this method.
    pub(crate) fn of(&self, means: Means) -> &Extras {
        let own = match means {
            Means::Card(_) | Means::EasyPay(_) => &self.card,
            Means::Transfer(_) => &self.transfer,
            Means::VirtualAccount(_) => &self.account,
            Means::MobilePhone => &self.phone,
            Means::Gift(_) | Means::Foreign(_) => &None,
        };
        own.as_ref().unwrap_or(&self.common)
    }

    /// The exempt part that a payment begins with; before a method is chosen, of whichever method names one.
    pub(crate) fn exempt(&self, asked: Option<Means>) -> Option<Written> {
        let methods = [&self.card, &self.transfer, &self.account, &self.phone];
        let any = || methods.into_iter().flatten().find_map(|extras| extras.exempt).or(self.common.exempt);
        asked.map_or_else(any, |means| self.of(means).exempt)
    }
}

/// The method's own word, or else the common one.
macro_rules! pick {
    ($own:ident, $common:ident, $field:ident) => {
        $own.and_then(|own| own.$field.clone()).or_else(|| $common.$field.clone())
    };
}

impl Extras {
    pub(crate) fn silent() -> &'static Self {
        &SILENT
    }

    /// Checks the terms of one method.
    pub(crate) fn read(common: &TermsWish, own: Option<&TermsWish>) -> Result<Self, Code> {
        let months = pick!(own, common, card_installment_plan);
        let most_months = pick!(own, common, max_card_installment_plan);
        check_plans(months, most_months)?;
        let company = pick!(own, common, card_company);
        let company =
            company.map(|word| Issuer::find(&word).ok_or(codes::INVALID_CARD_COMPANY)).transpose()?;
        let is_direct = match pick!(own, common, flow_mode).as_deref() {
            None | Some("DEFAULT") => false,
            Some("DIRECT") => true,
            Some(_) => return Err(codes::INVALID_FLOW_MODE_PARAMETERS),
        };
        let culture = pick!(own, common, is_cultural_expenses).or(pick!(own, common, culture_expense));
        let account_key = pick!(own, common, account_key);
        if account_key.as_deref().is_some_and(|key| key.is_empty() || key.len() > 13) {
            return Err(codes::INVALID_VIRTUAL_ACCOUNT_TYPE);
        }
        Ok(Self {
            valid: valid(pick!(own, common, valid_hours), pick!(own, common, due_date))?,
            months,
            most_months,
            free: free_plans(pick!(own, common, free_installment_plans))?,
            company,
            is_direct,
            uses_points: pick!(own, common, use_card_point).unwrap_or(false),
            escrow: pick!(own, common, use_escrow).unwrap_or(false),
            exempt: pick!(own, common, tax_exemption_amount),
            culture: culture.unwrap_or(false),
            carriers: carriers(pick!(own, common, mobile_carriers))?,
            cash: pick!(own, common, cash_receipt).map_or(Ok(None), CashWish::read)?,
            account_key: account_key.map(Into::into),
        })
    }

    /// The plan that the request itself fixes.
    pub(crate) fn plan(&self) -> u8 {
        self.months.unwrap_or(0)
    }

    /// The card that the request restricts the window to.
    pub(crate) fn issuer(&self) -> Option<&'static Issuer> {
        self.company
    }

    /// A buyer's card as these terms allow it: its plan is the fixed one or within the longest, and its interest is
    /// the merchant's where a free plan fits.
    pub(crate) fn allow(&self, card: Card) -> Result<Card, Code> {
        if self.company.is_some_and(|company| company.code != card.issuer.code) {
            return Err(codes::INVALID_CARD_COMPANY);
        }
        if self.months.is_some_and(|months| months != card.months) {
            return Err(codes::INVALID_CARD_INSTALLMENT_PLAN);
        }
        if self.most_months.is_some_and(|most| card.months > most) {
            return Err(codes::EXCEED_MAX_CARD_INSTALLMENT_PLAN);
        }
        let fits = |(issuer, months): &(&'static Issuer, Vec<u8>)| {
            issuer.code == card.issuer.code && months.contains(&card.months)
        };
        let is_interest_free = card.is_interest_free || self.free.iter().any(fits);
        Ok(Card { is_interest_free, uses_points: card.uses_points || self.uses_points, ..card })
    }

    /// Whether a buyer with this carrier may pay.
    pub(crate) fn allows_carrier(&self, carrier: &str) -> bool {
        CARRIERS.contains(&carrier) && (self.carriers.is_empty() || self.carriers.contains(&carrier))
    }

    fn check_due(&self, now: Ms, most_hours: u64) -> Result<(), Code> {
        match self.valid {
            Some(Valid::Until(due)) if due <= now => Err(codes::INVALID_DATE),
            Some(Valid::Until(due)) if due > now + MOST_HOURS * HOUR => Err(codes::EXCEED_MAX_DUE_DATE),
            Some(Valid::Hours(hours)) if u64::try_from(hours).is_ok_and(|hours| hours > most_hours) => {
                Err(codes::EXCEED_MAX_VALID_HOURS)
            }
            _ => Ok(()),
        }
    }

    /// Until when it can be paid, if the request says so.
    pub(crate) fn due(&self, from: Ms) -> Option<Ms> {
        self.valid.map(|valid| match valid {
            Valid::Hours(hours) => from + hours * HOUR,
            Valid::Until(due) => due,
        })
    }
}

impl CashWish {
    /// `None` for 미발행. The number is the buyer's, up to 30 characters; a business number has 10 digits.
    pub(crate) fn read(self) -> Result<Option<Cash>, Code> {
        let kind = match self.kind.as_deref() {
            None | Some("미발행" | "ANONYMOUS" | "NONE") => return Ok(None),
            Some("소득공제" | "INCOME_DEDUCTION") => CashKind::Income,
            Some("지출증빙" | "EXPENSE_PROOF") => CashKind::Expense,
            Some(_) => return Err(codes::INVALID_CASH_RECEIPT_INFO),
        };
        let digits = |number: &str| number.bytes().filter(u8::is_ascii_digit).count();
        let fits = |number: &str| {
            let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            plain && number.len() <= 30 && digits(number) >= 8
        };
        match self.registration_number {
            Some(number) if !fits(&number) => Err(codes::INVALID_REGISTRATION_NUMBER_TYPE),
            Some(number) if kind == CashKind::Expense && digits(&number) != 10 => {
                Err(codes::INVALID_REGISTRATION_NUMBER_TYPE)
            }
            number => Ok(Some(Cash { kind, number: number.map(Into::into) })),
        }
    }
}

/// A plan of 0 or 2 to 12 months, or a longest one; not both.
fn check_plans(months: Option<u8>, most: Option<u8>) -> Result<(), Code> {
    if months.is_some() && most.is_some() {
        return Err(codes::INVALID_CARD_INSTALLMENT_PLANS_WITH_MAX_AND_SINGLE);
    }
    months.into_iter().chain(most).try_for_each(check_plan)
}

pub(crate) fn check_plan(months: u8) -> Result<(), Code> {
    match months {
        1 => Err(codes::INVALID_CARD_INSTALLMENT_PLAN),
        2..=MOST_MONTHS | 0 => Ok(()),
        _ => Err(codes::INVALID_CARD_INSTALLMENT_PLAN),
    }
}

fn valid(hours: Option<Hours>, due: Option<String>) -> Result<Option<Valid>, Code> {
    let hours = match hours {
        None => None,
        Some(Hours::Number(hours)) => Some(hours),
        Some(Hours::Text(text)) => Some(text.parse().map_err(|_| codes::INVALID_REQUEST)?),
    };
    match (hours, due) {
        (Some(_), Some(_)) => Err(codes::INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE),
        (Some(..=0), None) => Err(codes::INVALID_REQUEST),
        (Some(hours), None) if hours > MOST_HOURS => Err(codes::EXCEED_MAX_VALID_HOURS),
        (Some(hours), None) => Ok(Some(Valid::Hours(hours))),
        (None, Some(due)) => korean(&due).map(Valid::Until).map(Some).ok_or(codes::INVALID_DATE),
        (None, None) => Ok(None),
    }
}

fn free_plans(plans: Option<Vec<FreePlanWish>>) -> Result<Vec<(&'static Issuer, Vec<u8>)>, Code> {
    let read = |plan: FreePlanWish| {
        let issuer = Issuer::find(&plan.company).ok_or(codes::INVALID_CARD_COMPANY)?;
        plan.months.iter().try_for_each(|months| check_plan(*months))?;
        Ok((issuer, plan.months))
    };
    plans.unwrap_or_default().into_iter().map(read).collect()
}

fn carriers(words: Option<Vec<String>>) -> Result<Vec<&'static str>, Code> {
    let find = |word: &String| CARRIERS.into_iter().find(|carrier| *carrier == *word);
    words.unwrap_or_default().iter().map(|word| find(word).ok_or(codes::NOT_SUPPORTED_CARRIER)).collect()
}

fn kept_carriers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'static str>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    carriers(Some(words)).map_err(|code| D::Error::custom(code.name()))
}

const _: () = assert!(MOST_HOURS * HOUR == 90 * DAY);
