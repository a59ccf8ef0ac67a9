//! `POST /v1/customers/{id}/billing-keys`: a key from the `authKey` of the billing window, or one that Toss issued to the
//! shop before. `GET` lists them; `DELETE …/{key}` ends one. Nothing here ever shows what Toss calls the key.
use super::view::{KeyList, KeyView};
use super::{billing, customer_id};
use crate::extract::body::Body;
use crate::merchant::idempotent::Once;
use crate::merchant::key::Merchant;
use crate::merchant::problem::Problem;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hanbeon_app::billing::{BillingError, Secret};
use hanbeon_app::claims::Operation;
use hanbeon_domain::billing::{BillingKey, KeyState};
use hanbeon_domain::{BillingKeyId, CustomerKey};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(untagged)]
enum KeyBody {
    Issue(IssueBody),
    Import(ImportBody),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IssueBody {
    auth_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ImportBody {
    billing_key: String,
    customer_key: String,
}

pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    _: Merchant,
    once: Once,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let once = once.required()?;
    let (wish, raw) = body.parse_and_keep::<KeyBody>()?;
    let (billing, customer) = (billing(&api)?, customer_id(&id)?);
    let work = move |operation: Operation| async move {
        let key = match wish {
            KeyBody::Issue(IssueBody { auth_key }) => {
                billing.issue_key(operation, customer, Secret::new(auth_key)).await?
            }
            KeyBody::Import(ImportBody { billing_key, customer_key }) => {
                let issued_for = CustomerKey::parse(customer_key)?;
                billing.import_key(operation, customer, &issued_for, Secret::new(billing_key)).await?
            }
        };
        Ok::<_, Problem>((status(&key, StatusCode::CREATED), Json(KeyView::of(key))).into_response())
    };
    Ok(once.run(&api.app, &raw, work).await)
}

pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<KeyList>, Problem> {
    let record = billing(&api)?.customer(customer_id(&id)?).await?;
    Ok(Json(KeyList::of(record.keys)))
}

pub(crate) async fn remove(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path((id, key)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (billing, customer) = (billing(&api)?, customer_id(&id)?);
    let key = BillingKeyId::parse(&key).map_err(|_| BillingError::NotFound("billing key"))?;
    // A caller who leaves stops nothing.
    let work = async move { billing.delete_key(customer, key).await };
    let key = api.app.on_its_own(work).await.map_err(|_| BillingError::Crowded)??;
    Ok((status(&key, StatusCode::OK), Json(KeyView::of(key))).into_response())
}

/// 202 while it is not known what Toss has done.
fn status(key: &BillingKey, done: StatusCode) -> StatusCode {
    match key.state {
        KeyState::Issuing { .. } | KeyState::Deleting { .. } => StatusCode::ACCEPTED,
        KeyState::Active | KeyState::Deleted | KeyState::Refused(_) => done,
    }
}
