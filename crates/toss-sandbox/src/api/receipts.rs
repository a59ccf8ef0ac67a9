//! Cash receipts: issue, cancel, and the list of a day (Toss core API, Cash receipts).
//!
//! The documents have no table of errors for them (U11); the codes are those of the general list that fit.

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::json;

use crate::api::Outcome;
use crate::api::call::Call;
use crate::api::lists::{given, limit};
use crate::auth::MerchantId;
use crate::cash::masked;
use crate::choice::is_text;
use crate::clock::{Ms, korean_day};
use crate::codes::{self, Code};
use crate::money::Won;
use crate::receipts::About;
use crate::shared::Shared;
use crate::state::World;
use crate::terms::CashKind;

/// Rows of a page when none is asked for, and the most that can be.
const LIMITS: (usize, usize) = (100, 10_000);
/// The first version with receipts and their cancels as objects of their own.
const FIRST_VERSION: &str = "2022-07-27";

/// A call about receipts whose own parts are right.
pub(crate) enum Ask {
    Issue(Issue),
    Cancel { key: String, amount: Option<i64> },
    List { day: Ms, after: u64, limit: usize },
}

/// A receipt that is wanted.
pub(crate) struct Issue {
    pub(crate) order_id: String,
    pub(crate) amount: i64,
    order_name: String,
    tax_free: i64,
    kind: CashKind,
    identity: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssueBody {
    amount: Option<Won>,
    order_id: Option<String>,
    order_name: Option<String>,
    customer_identity_number: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    tax_free_amount: Option<Won>,
}

/// An empty body cancels everything.
#[derive(Default, Deserialize)]
pub(crate) struct CancelBody {
    amount: Option<Won>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    request_date: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

impl Ask {
    pub(crate) fn issue(body: IssueBody) -> Result<Self, Code> {
        let (Some(amount), Some(order_id), Some(order_name), Some(identity), Some(kind)) =
            (body.amount, body.order_id, body.order_name, body.customer_identity_number, body.kind)
        else {
            return Err(codes::INVALID_REQUIRED_PARAM);
        };
        let (amount, tax_free) = (amount.0, body.tax_free_amount.map_or(0, |won| won.0));
        let fits = amount > 0 && (0..=amount).contains(&tax_free);
        // No check of the order's letters: Toss looks at neither the order nor its payment.
        if !fits || order_id.is_empty() || order_id.len() > 64 || !is_text(&order_name) {
            return Err(codes::INVALID_REQUEST);
        }
        let kind = match kind.as_str() {
            "소득공제" | "INCOME_DEDUCTION" => CashKind::Income,
            "지출증빙" | "EXPENSE_PROOF" => CashKind::Expense,
            _ => return Err(codes::INVALID_CASH_RECEIPT_INFO),
        };
        check_identity(kind, &identity)?;
        Ok(Self::Issue(Issue { order_id, amount, order_name, tax_free, kind, identity }))
    }

    pub(crate) fn cancel(key: String, body: &CancelBody) -> Result<Self, Code> {
        let amount = body.amount.map(|won| won.0);
        if amount.is_some_and(|amount| amount <= 0) {
            return Err(codes::INVALID_REQUEST);
        }
        Ok(Self::Cancel { key, amount })
    }

    pub(crate) fn list(uri: &Uri) -> Result<Self, Code> {
        let query = Query::<Parameters>::try_from_uri(uri).map_err(|_| codes::INVALID_REQUEST)?.0;
        let date = given(query.request_date).ok_or(codes::INVALID_REQUIRED_PARAM)?;
        let day = korean_day(&date).ok_or(codes::INVALID_DATE)?;
        let after = given(query.cursor).map_or(Ok(0), |cursor| cursor.parse());
        let after = after.map_err(|_| codes::INVALID_PAGING_KEY)?;
        Ok(Self::List { day, after, limit: limit(query.limit, LIMITS)? })
    }

    /// Order and amount of an issue, amount of a cancel.
    pub(crate) fn names(&self) -> (Option<&str>, Option<i64>) {
        match self {
            Self::Issue(issue) => (Some(&issue.order_id), Some(issue.amount)),
            Self::Cancel { amount, .. } => (None, *amount),
            Self::List { .. } => (None, None),
        }
    }
}

/// A buyer's phone or cash-receipt card, or the tax office's own code; a business number for a business.
fn check_identity(kind: CashKind, identity: &str) -> Result<(), Code> {
    let plain = identity.len() <= 30 && identity.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let digits = identity.bytes().filter(u8::is_ascii_digit).count();
    match kind {
        CashKind::Income if plain && (identity.starts_with("01") && digits >= 10 || digits >= 13) => Ok(()),
        CashKind::Income => Err(codes::INVALID_CASH_RECEIPT_INFO),
        CashKind::Expense if plain && digits == 10 => Ok(()),
        CashKind::Expense => Err(codes::INVALID_BUSINESS_NUMBER),
    }
}

pub(crate) fn execute(
    world: &mut World,
    shared: &Shared,
    merchant: MerchantId,
    ask: &Ask,
    call: &Call,
    now: Ms,
) -> Outcome {
    let World { receipts, ids, .. } = world;
    let shop = shared.directory.merchant(merchant);
    let told = match ask {
        Ask::Issue(issue) => {
            let about = About {
                merchant,
                order: issue.order_id.as_str().into(),
                order_name: issue.order_name.as_str().into(),
                kind: issue.kind,
                identity: masked(&issue.identity).into(),
            };
            let tax_free = if shop.mixed_tax { issue.tax_free } else { 0 };
            Ok(json!(receipts.issue(about, issue.amount, tax_free, ids, now).show(call.lang)))
        }
        Ask::Cancel { key, amount } => {
            let canceled = receipts.cancel(merchant, key, *amount, ids, now);
            canceled.map(|receipt| json!(receipt.show(call.lang)))
        }
        Ask::List { .. } if *shop.version < *FIRST_VERSION => Err(codes::API_VERSION_UPDATE_NEEDED),
        Ask::List { day, after, limit } => {
            let page = receipts.page(merchant, *day, *after, *limit);
            let data: Vec<_> = page.rows.iter().map(|receipt| receipt.show(call.lang)).collect();
            Ok(json!({ "hasNext": page.has_next, "lastCursor": page.last, "data": data }))
        }
    };
    Outcome::told(told, call)
}
