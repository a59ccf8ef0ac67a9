//! `POST /v1/customers`: a buyer who may be charged without a window; the answer has the `customerKey` that the billing
//! window is opened with. `GET /v1/customers/{id}`.
use super::view::CustomerView;
use super::{billing, customer_id};
use crate::extract::body::Body;
use crate::merchant::idempotent::Once;
use crate::merchant::key::Merchant;
use crate::merchant::problem::Problem;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use hanbeon_app::claims::Operation;
use hanbeon_domain::CustomerKey;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CustomerBody {
    /// The shop's own, when it has billing keys that were issued for it.
    #[serde(default)]
    customer_key: Option<String>,
}

pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    _: Merchant,
    once: Once,
    body: Body,
) -> Result<Response, Problem> {
    let (CustomerBody { customer_key }, raw) = body.parse_and_keep()?;
    let key = customer_key.map(CustomerKey::parse).transpose()?;
    let billing = billing(&api)?;
    let work = move |operation: Operation| async move {
        let record = billing.create_customer(operation, key).await?;
        Ok::<_, Problem>((StatusCode::CREATED, Json(CustomerView::of(record))))
    };
    Ok(once.run(&api.app, &raw, work).await)
}

pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<CustomerView>, Problem> {
    let record = billing(&api)?.customer(customer_id(&id)?).await?;
    Ok(Json(CustomerView::of(record)))
}
