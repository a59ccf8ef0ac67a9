//! `POST /v1/payments/{id}/cash-receipt`: a cash receipt over what is left of a payment, once for each `Idempotency-Key`.
//! `GET /v1/payments/{id}/cash-receipts`: those that we issued. The buyer's number goes through, and is in no answer.
use super::idempotent::Once;
use super::key::Merchant;
use super::problem::{Problem, again_in_a_second, unavailable};
use super::view::FailureView;
use crate::answer::{coded, korean_time};
use crate::extract::body::Body;
use crate::routes::Api;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hanbeon_app::claims::Operation;
use hanbeon_app::receipts::{ReceiptError, ReceiptWish, Receipts};
use hanbeon_domain::receipt::{Reason, ReceiptCancel};
use hanbeon_domain::{BuyerNumber, PaymentId, Receipt, ReceiptId, ReceiptKind, ReceiptState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tracing::{error, warn};

/// Both URLs.
pub(crate) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/v1/payments/{id}/cash-receipt", post(create))
        .route("/v1/payments/{id}/cash-receipts", get(list))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReceiptBody {
    #[serde(rename = "type")]
    kind: String,
    customer_identity_number: String,
}

async fn create(
    State(api): State<Arc<Api>>,
    _: Merchant,
    once: Once,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let once = once.required()?;
    let (ReceiptBody { kind, customer_identity_number }, raw) = body.parse_and_keep()?;
    let kind = ReceiptKind::parse(&kind).ok_or(Problem::Query("type must be 소득공제 or 지출증빙"))?;
    let number = BuyerNumber::parse(customer_identity_number, kind).map_err(Problem::BuyerNumber)?;
    let payment = PaymentId::parse(&id).map_err(|_| Problem::NO_PAYMENT)?;
    let receipts = receipts(&api)?;
    let work = move |operation: Operation| async move {
        let id = ReceiptId::from_uuid(operation.uuid());
        let receipt = receipts.issue(ReceiptWish { id, payment, kind, number }).await?;
        answer(receipt)
    };
    Ok(once.run(&api.app, &raw, work).await)
}

async fn list(
    State(api): State<Arc<Api>>,
    _: Merchant,
    Path(id): Path<String>,
) -> Result<Json<ReceiptList>, Problem> {
    let id = PaymentId::parse(&id).map_err(|_| Problem::NO_PAYMENT)?;
    let found = receipts(&api)?.of_payment(id).await?.ok_or(Problem::NO_PAYMENT)?;
    Ok(Json(ReceiptList { cash_receipts: found.into_iter().map(ReceiptView::from).collect() }))
}

fn receipts(api: &Api) -> Result<Arc<Receipts>, Problem> {
    api.receipts.clone().ok_or(Problem::NotFound("this server issues no cash receipts"))
}

/// 201 when it is issued, 202 while that is not known; 409 with the reason when there is none.
fn answer(receipt: Receipt) -> Result<Response, Problem> {
    let status = match &receipt.state {
        ReceiptState::Failed(reason) => return Err(Problem::NoReceipt(reason.clone())),
        ReceiptState::Issuing { .. } | ReceiptState::NeedsReview { .. } => StatusCode::ACCEPTED,
        ReceiptState::Issued | ReceiptState::Canceling(_) | ReceiptState::Canceled => StatusCode::CREATED,
    };
    Ok((status, Json(ReceiptView::from(receipt))).into_response())
}

/// Why no receipt was begun.
pub(super) fn refused(error: &ReceiptError) -> Response {
    let message = error.to_string();
    warn!(reason = %error, "no cash receipt");
    match error {
        ReceiptError::UnknownPayment => Problem::NO_PAYMENT.into_response(),
        ReceiptError::No(_) => coded(StatusCode::CONFLICT, "CASH_RECEIPT_NOT_POSSIBLE", &message),
        ReceiptError::Taken | ReceiptError::OfWindow => {
            coded(StatusCode::CONFLICT, "DUPLICATED_CASH_RECEIPT", &message)
        }
        ReceiptError::Moved => again_in_a_second(coded(StatusCode::CONFLICT, "CONCURRENT_CHANGE", &message)),
        ReceiptError::Unavailable(cause) => {
            error!(cause, "Toss does not tell whether a payment has a cash receipt");
            let message = "Toss does not answer now, and no cash receipt was issued; try again";
            again_in_a_second(coded(StatusCode::SERVICE_UNAVAILABLE, "PROVIDER_UNAVAILABLE", message))
        }
        ReceiptError::Store(cause) => unavailable(cause),
    }
}

/// Toss, the tax service or the network: there is none, and there will be none under this key.
pub(super) fn not_issued(reason: &Reason) -> Response {
    coded(StatusCode::CONFLICT, &reason.code, &reason.message)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptList {
    cash_receipts: Vec<ReceiptView>,
}

/// A receipt. `inForceAmount` is what it proves now: issued, less cancelled.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptView {
    id: String,
    payment_id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    state: &'static str,
    amount: i64,
    in_force_amount: i64,
    receipt_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
    requested_at: String,
    cancels: Vec<CancelView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CancelView {
    amount: i64,
    canceled_at: String,
}

impl From<Receipt> for ReceiptView {
    fn from(receipt: Receipt) -> Self {
        let failure = match &receipt.state {
            ReceiptState::Failed(Reason { code, message }) => {
                Some(FailureView { code: code.clone(), message: message.clone() })
            }
            ReceiptState::NeedsReview { why, .. } => {
                Some(FailureView { code: "NEEDS_REVIEW".to_owned(), message: why.clone() })
            }
            _ => None,
        };
        let cancels = receipt.cancels.iter().map(|ReceiptCancel { amount, at }| CancelView {
            amount: amount.get(),
            canceled_at: korean_time(*at),
        });
        Self {
            id: receipt.id.to_string(),
            payment_id: receipt.payment.to_string(),
            kind: receipt.kind.as_str(),
            state: receipt.state.as_str(),
            amount: receipt.amount.get(),
            in_force_amount: receipt.in_force().get(),
            cancels: cancels.collect(),
            failure,
            requested_at: korean_time(receipt.created_at),
            receipt_url: receipt.paper.and_then(|paper| paper.url),
        }
    }
}
