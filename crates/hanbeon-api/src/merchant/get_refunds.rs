//! `GET /v1/payments/{id}/refunds`: what was given back, waits to be, or was given back elsewhere; oldest first.
use super::key::Merchant;
use super::problem::Problem;
use super::view::RefundList;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use hanbeon_domain::PaymentId;
use std::sync::Arc;

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<RefundList>, Problem> {
    let id = PaymentId::parse(&id).map_err(|_| Problem::NO_PAYMENT)?;
    let refunds = api.app.refunds(id).await?.ok_or(Problem::NO_PAYMENT)?;
    Ok(Json(RefundList::of(refunds)))
}
