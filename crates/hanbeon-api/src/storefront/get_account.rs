//! `GET /payments/{backendOrderId}/virtual-account`: where to pay in, for the browser that ordered, while it is awaited.
use super::problem::Problem;
use crate::account::AccountView;
use crate::extract::caller::Browser;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use hanbeon_domain::OrderId;
use std::sync::Arc;

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    browser: Browser,
    Path(backend_order_id): Path<String>,
) -> Result<Json<AccountView>, Problem> {
    let order = OrderId::parse(&backend_order_id).map_err(|_| Problem::NoPayment)?;
    let session = browser.cookie.map(|secret| secret.id());
    let payment = api.app.payment_of_order(order).await?;
    // An account is the buyer's affair: whoever is not the payer learns no more than that there is none.
    let own = payment.filter(|payment| session.is_some() && payment.payer == session);
    let account = api.app.account(&own.ok_or(Problem::NoPayment)?).await?;
    Ok(Json(AccountView::from(account.ok_or(Problem::NoPayment)?)))
}
