//! `POST /v1/subscriptions`, `GET /v1/subscriptions/{id}`, `…/charges`, and `POST …/pause`, `…/resume`, `…/cancel`.
use super::view::{ChargeList, SubscriptionView};
use super::{billing, customer_id};
use crate::extract::body::Body;
use crate::extract::fields;
use crate::merchant::idempotent::Once;
use crate::merchant::key::Merchant;
use crate::merchant::problem::Problem;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use hanbeon_app::billing::BillingError;
use hanbeon_app::billing::subscriptions::{Change, NewSubscription};
use hanbeon_app::claims::Operation;
use hanbeon_domain::billing::{Day, Schedule};
use hanbeon_domain::{BillingKeyId, SubscriptionId, Won};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SubscriptionBody {
    customer: String,
    billing_key: String,
    #[serde(deserialize_with = "fields::amount")]
    amount: Won,
    order_name: String,
    /// The first day that may be charged, `YYYY-MM-DD` in Korea.
    start: String,
    /// Day of the month.
    anchor: u8,
    #[serde(default = "one")]
    interval_months: u8,
}

const fn one() -> u8 {
    1
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResumeBody {
    #[serde(default)]
    billing_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NothingBody {}

pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    _: Merchant,
    once: Once,
    body: Body,
) -> Result<Response, Problem> {
    let (body, raw) = body.parse_and_keep::<SubscriptionBody>()?;
    let billing = billing(&api)?;
    let start = Day::parse(&body.start).map_err(BillingError::from)?;
    let new = NewSubscription {
        customer: customer_id(&body.customer)?,
        key: BillingKeyId::parse(&body.billing_key).map_err(|_| BillingError::KeyNotActive)?,
        amount: body.amount,
        name: body.order_name,
        schedule: Schedule::new(start, body.anchor, body.interval_months).map_err(BillingError::from)?,
    };
    let work = move |operation: Operation| async move {
        let made = billing.subscribe(operation, new).await?;
        Ok::<_, Problem>((StatusCode::CREATED, Json(SubscriptionView::of(made))))
    };
    Ok(once.run(&api.app, &raw, work).await)
}

pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<SubscriptionView>, Problem> {
    Ok(Json(SubscriptionView::of(billing(&api)?.subscription(named(&id)?).await?)))
}

pub(crate) async fn charges(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<ChargeList>, Problem> {
    Ok(Json(ChargeList::of(billing(&api)?.charges(named(&id)?).await?)))
}

pub(crate) async fn pause(
    state: State<Arc<Api>>,
    _: Merchant,
    once: Once,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let (NothingBody {}, raw) = body.parse_and_keep()?;
    change(state, once, &id, Change::Pause, &raw).await
}

pub(crate) async fn cancel(
    state: State<Arc<Api>>,
    _: Merchant,
    once: Once,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let (NothingBody {}, raw) = body.parse_and_keep()?;
    change(state, once, &id, Change::Cancel, &raw).await
}

pub(crate) async fn resume(
    state: State<Arc<Api>>,
    _: Merchant,
    once: Once,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let (ResumeBody { billing_key }, raw) = body.parse_and_keep()?;
    let key = billing_key.as_deref().map(BillingKeyId::parse).transpose();
    let key = key.map_err(|_| BillingError::KeyNotActive)?;
    change(state, once, &id, Change::Resume(key), &raw).await
}

async fn change(
    State(api): State<Arc<Api>>,
    once: Once,
    id: &str,
    change: Change,
    raw: &axum::body::Bytes,
) -> Result<Response, Problem> {
    let (billing, id) = (billing(&api)?, named(id)?);
    let work = move |_: Operation| async move {
        let changed = billing.change(id, change).await?;
        Ok::<_, Problem>(Json(SubscriptionView::of(changed)))
    };
    Ok(once.run(&api.app, raw, work).await)
}

fn named(id: &str) -> Result<SubscriptionId, BillingError> {
    SubscriptionId::parse(id).map_err(|_| BillingError::NotFound("subscription"))
}
