//! `GET /v1/payments/{id}/virtual-account`: where the buyer is to pay in, while the payment waits for it.
use super::key::Merchant;
use super::problem::Problem;
use crate::account::AccountView;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use hanbeon_domain::PaymentId;
use std::sync::Arc;

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<AccountView>, Problem> {
    let id = PaymentId::parse(&id).map_err(|_| Problem::NO_PAYMENT)?;
    let record = api.app.payment(id).await?.ok_or(Problem::NO_PAYMENT)?;
    let account = api.app.account(&record.payment).await?.ok_or(Problem::NO_ACCOUNT)?;
    Ok(Json(AccountView::from(account)))
}
