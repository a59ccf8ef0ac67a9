//! `GET /payments/{backendOrderId}`: the payment of an order, from our database only.
use super::problem::Problem;
use super::view::PaymentView;
use crate::routes::Api;
use axum::extract::{Path, State};
use hanbeon_domain::OrderId;
use std::sync::Arc;

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    Path(backend_order_id): Path<String>,
) -> Result<PaymentView, Problem> {
    let order = OrderId::parse(&backend_order_id).map_err(|_| Problem::NoPayment)?;
    let payment = api.app.payment_of_order(order).await?.ok_or(Problem::NoPayment)?;
    Ok(PaymentView::of(&payment))
}
