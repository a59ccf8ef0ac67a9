//! Settlements: the list, and the request for a manual one (Toss core API, Settlements).
//!
//! The documents have no table of errors for them (U11); the codes are those of the general list that fit.

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::Outcome;
use crate::api::call::Call;
use crate::api::lists::{given, limit};
use crate::auth::MerchantId;
use crate::clock::{DAY, Korea, Ms, korean_day};
use crate::codes::{self, Code};
use crate::payment::Status;
use crate::settlements::{paid_out, show};
use crate::shared::Shared;
use crate::state::World;

/// Rows of a page when none is asked for, and the most that can be.
const SIZES: (usize, usize) = (100, 5_000);

/// A call about settlements whose own parts are right.
pub(crate) enum Ask {
    List(List),
    Request { payment_key: String },
}

/// A page of the days from the midnight `from` until the end of the day `until`.
pub(crate) struct List {
    from: Ms,
    until: Ms,
    by: DateType,
    page: usize,
    size: usize,
}

/// `dateType`: which of a row's two days counts.
#[derive(Clone, Copy)]
enum DateType {
    Sold,
    PaidOut,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    start_date: Option<String>,
    end_date: Option<String>,
    date_type: Option<String>,
    page: Option<String>,
    size: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    payment_key: Option<String>,
}

impl Ask {
    pub(crate) fn list(uri: &Uri) -> Result<Self, Code> {
        let query = Query::<Parameters>::try_from_uri(uri).map_err(|_| codes::INVALID_REQUEST)?.0;
        let (Some(start), Some(end)) = (given(query.start_date), given(query.end_date)) else {
            return Err(codes::INVALID_REQUIRED_PARAM);
        };
        let read = |text: &str| korean_day(text).ok_or(codes::INVALID_DATE);
        let (from, until) = (read(&start)?, read(&end)?);
        if until < from {
            return Err(codes::INVALID_DATE);
        }
        let by = match given(query.date_type).as_deref() {
            None | Some("soldDate") => DateType::Sold,
            Some("paidOutDate") => DateType::PaidOut,
            Some(_) => return Err(codes::INVALID_REQUEST),
        };
        let page = given(query.page).map_or(Ok(1), |page| page.parse::<usize>());
        let page = page.ok().filter(|page| *page > 0).ok_or(codes::INVALID_REQUEST)?;
        Ok(Self::List(List { from, until, by, page, size: limit(query.size, SIZES)? }))
    }

    pub(crate) fn request(body: Body) -> Result<Self, Code> {
        let payment_key = body.payment_key.filter(|key| !key.is_empty());
        Ok(Self::Request { payment_key: payment_key.ok_or(codes::INVALID_REQUIRED_PARAM)? })
    }

    /// The payment of a request.
    pub(crate) fn payment(&self) -> Option<&str> {
        match self {
            Self::Request { payment_key } => Some(payment_key),
            Self::List(_) => None,
        }
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
    let told = match ask {
        // Toss has them for live keys only, and there are none here.
        _ if !world.switches.settlements => Err(codes::FORBIDDEN_REQUEST),
        Ask::List(list) => Ok(rows(world, shared, merchant, list, call, now)),
        Ask::Request { payment_key } => request(world, merchant, payment_key, now),
    };
    Outcome::told(told, call)
}

/// The rows exist from the day after the transaction.
fn rows(world: &World, shared: &Shared, merchant: MerchantId, list: &List, call: &Call, now: Ms) -> Value {
    let today = Korea(now).midnight();
    let sign = world.switches.settlement_cancel_sign;
    let sold = match list.by {
        DateType::Sold => (list.from, list.until + DAY),
        // Who is paid on a day sold on that day at the latest, and not two weeks before.
        DateType::PaidOut => (list.from - 14 * DAY, list.until + DAY),
    };
    let of_days = world.ledger.between(merchant, sold.0, sold.1.min(today)).filter(|row| match list.by {
        DateType::Sold => true,
        DateType::PaidOut => (list.from..=list.until).contains(&paid_out(row.at)),
    });
    let settled = of_days.filter_map(|row| {
        let payment = world.peek(&row.about.key)?;
        show(row, payment, &shared.config.fees, sign, call.lang)
    });
    settled.skip((list.page - 1).saturating_mul(list.size)).take(list.size).collect()
}

/// UNVERIFIED: what a manual settlement changes. Here it is only accepted, for a payment that was made.
fn request(world: &mut World, merchant: MerchantId, payment_key: &str, now: Ms) -> Result<Value, Code> {
    let payment = world.find(merchant, payment_key, now)?;
    match payment.status {
        Status::Done | Status::PartialCanceled => Ok(json!({ "result": true })),
        _ => Err(codes::INVALID_REQUEST),
    }
}
