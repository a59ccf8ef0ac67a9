//! The list of approvals and cancels (Toss core API, Transactions).
//!
//! The documents have no table of errors for it; the codes are those of the general list that fit.

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::Call;
use crate::api::lists::{given, limit};
use crate::auth::MerchantId;
use crate::clock::{Ms, korean};
use crate::codes::{self, Code};
use crate::journal::Effect;
use crate::ledger::Wanted;
use crate::state::World;

/// Rows of a page when none is asked for, and the most that can be.
const LIMITS: (usize, usize) = (100, 5_000);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    start_date: Option<String>,
    end_date: Option<String>,
    starting_after: Option<String>,
    limit: Option<String>,
}

/// A list whose own parts are right.
pub(crate) struct Ask {
    from: Ms,
    until: Ms,
    after: Option<String>,
    limit: usize,
}

impl Ask {
    pub(crate) fn read(uri: &Uri) -> Result<Self, Code> {
        let query = Query::<Parameters>::try_from_uri(uri).map_err(|_| codes::INVALID_REQUEST)?.0;
        let (Some(start), Some(end)) = (query.start_date, query.end_date) else {
            return Err(codes::INVALID_REQUIRED_PARAM);
        };
        let read = |text: &str| korean(text).ok_or(codes::INVALID_ISO_DATE_FORMAT);
        let (from, until) = (read(&start)?, read(&end)?);
        if until < from {
            return Err(codes::INVALID_DATE);
        }
        Ok(Self { from, until, after: given(query.starting_after), limit: limit(query.limit, LIMITS)? })
    }
}

pub(crate) fn execute(world: &World, merchant: MerchantId, ask: &Ask, call: &Call, now: Ms) -> Outcome {
    let lag = Ms::try_from(world.switches.transactions_lag_ms).unwrap_or(Ms::MAX);
    let wanted = Wanted {
        merchant,
        from: ask.from,
        until: ask.until.min(now.saturating_sub(lag)),
        after: ask.after.as_deref(),
        limit: ask.limit,
    };
    match world.ledger.page(&wanted) {
        Ok(rows) => {
            let said = Said::Transactions(rows, world.switches.cancel_sign);
            Outcome { answer: Answer { said, lang: call.lang }, effect: Effect::NONE }
        }
        Err(code) => Outcome::refused(code, call),
    }
}
