//! `POST /payments/cancel`: gives money back, and passes Toss's answer through byte for byte. `cancelAmount`
//! is Toss's own field for a part of it; without it, everything that is left. So are `taxFreeAmount`,
//! `taxExemptionAmount` (what of a part is not taxed), and `refundReceiveAccount`, into which the
//! money of a virtual account goes.
use super::problem::Problem;
use super::view;
use crate::extract::body::Body;
use crate::extract::caller::{BearerKey, Browser};
use crate::extract::fields;
use crate::routes::Api;
use axum::extract::State;
use axum::response::Response;
use hanbeon_app::cancel::{Caller, Cancel};
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{PaymentKey, RefundAccount, Won};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelBody {
    #[serde(deserialize_with = "fields::payment_key")]
    payment_key: PaymentKey,
    #[serde(deserialize_with = "fields::reason")]
    cancel_reason: CancelReason,
    #[serde(default, deserialize_with = "fields::maybe_amount")]
    cancel_amount: Option<Won>,
    #[serde(default, deserialize_with = "fields::maybe_part")]
    tax_free_amount: Option<Won>,
    #[serde(default, deserialize_with = "fields::maybe_part")]
    tax_exemption_amount: Option<Won>,
    #[serde(default, deserialize_with = "fields::maybe_refund_account")]
    refund_receive_account: Option<RefundAccount>,
}

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    browser: Browser,
    BearerKey(key): BearerKey,
    body: Body,
) -> Result<Response, Problem> {
    let body: CancelBody = body.parse()?;
    let untaxed = fields::untaxed(body.tax_free_amount, body.tax_exemption_amount);
    let caller = match key {
        Some(key) if api.app.knows_key(&key).await? => Caller::Merchant,
        Some(_) => return Err(Problem::UnknownKey),
        None => Caller::Browser(browser.cookie.map(|secret| secret.id())),
    };
    let wish = Cancel {
        key: body.payment_key,
        amount: body.cancel_amount,
        untaxed,
        reason: body.cancel_reason,
        caller,
        account: body.refund_receive_account,
    };
    Ok(view::canceled(api.app.cancel(wish).await?))
}
