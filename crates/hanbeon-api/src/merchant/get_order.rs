//! `GET /v1/orders/{id}`: an order and what was paid on it.
use super::key::Merchant;
use super::problem::Problem;
use super::view::OrderView;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use hanbeon_domain::OrderId;
use std::sync::Arc;

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<OrderView>, Problem> {
    const MISSING: Problem = Problem::NotFound("there is no order with this id");
    let id = OrderId::parse(&id).map_err(|_| MISSING)?;
    let record = api.app.order(id).await?.ok_or(MISSING)?;
    Ok(Json(OrderView::of(record)))
}
