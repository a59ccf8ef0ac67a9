//! `POST /v1/payments/{id}/cancel`: gives money back, once for each `Idempotency-Key`. `cancelAmount` is a part of it;
//! without it, everything that is left. `taxFreeAmount` and `taxExemptionAmount` say what of a part is not taxed: without
//! them it is all taxed, as it is to Toss; everything that is left takes all of them with it. `refundReceiveAccount` says where the money of a virtual account goes.
use super::idempotent::Once;
use super::key::Merchant;
use super::problem::Problem;
use super::view::RefundAnswer;
use crate::extract::body::Body;
use crate::extract::fields;
use crate::routes::Api;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hanbeon_app::claims::Operation;
use hanbeon_app::{App, Progress, RefundRecord};
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{CancelRequest, PaymentId, RefundAccount, RefundOutcome, Won};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CancelBody {
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
    _: Merchant,
    once: Once,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let once = once.required()?;
    let (body, raw): (CancelBody, _) = body.parse_and_keep()?;
    let app = Arc::clone(&api.app);
    let work = move |operation: Operation| async move {
        let CancelBody { cancel_reason: reason, cancel_amount: amount, refund_receive_account, .. } = body;
        let untaxed = fields::untaxed(body.tax_free_amount, body.tax_exemption_amount);
        let request = CancelRequest { id: operation.refund(), amount, untaxed, reason };
        refund(&app, &id, request, refund_receive_account).await
    };
    Ok(once.run(&api.app, &raw, work).await)
}

async fn refund(
    app: &Arc<App>,
    id: &str,
    request: CancelRequest,
    account: Option<RefundAccount>,
) -> Result<Response, Problem> {
    let id = PaymentId::parse(id).map_err(|_| Problem::NO_PAYMENT)?;
    let refund = app.refund(id, request, account).await?;
    let status = status(&refund)?;
    let record = app.payment(id).await?.ok_or(Problem::NO_PAYMENT)?;
    Ok((status, Json(RefundAnswer::of(refund, record.payment))).into_response())
}

/// 200 when the money is back, 202 while that is not known.
fn status(refund: &RefundRecord) -> Result<StatusCode, Problem> {
    match &refund.progress {
        Progress::Settled(RefundOutcome::Done { .. }) | Progress::Elsewhere { .. } => Ok(StatusCode::OK),
        Progress::Queued | Progress::Sending | Progress::Settled(RefundOutcome::NeedsReview) => {
            Ok(StatusCode::ACCEPTED)
        }
        Progress::Settled(RefundOutcome::Refused(refusal)) => Err(Problem::RefundRefused(refusal.clone())),
    }
}
