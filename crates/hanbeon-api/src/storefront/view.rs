//! What the buyer gets. The order of the fields is part of the contract.
use super::problem;
use crate::answer::coded;
use axum::Json;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hanbeon_app::cancel::CancelAnswer;
use hanbeon_domain::payment::CanceledBy;
use hanbeon_domain::refund::Cause;
use hanbeon_domain::{Evidence, Payment, Refusal, State, TossStatus};
use serde::Serialize;

/// A payment, in the four fields of the contract.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentView {
    backend_order_id: String,
    toss_payment_method: Option<String>,
    toss_payment_status: &'static str,
    total_amount: i64,
    #[serde(skip)]
    pending: bool,
}

impl PaymentView {
    /// Shows a payment as it is known now.
    pub(crate) fn of(payment: &Payment) -> Self {
        let pending = is_pending(payment);
        let status = if pending { TossStatus::InProgress } else { payment.toss.status };
        Self {
            backend_order_id: payment.order.to_string(),
            toss_payment_method: payment.toss.method.clone(),
            toss_payment_status: status.as_str(),
            total_amount: payment.amount.get(),
            pending: false,
        }
    }
}

impl IntoResponse for PaymentView {
    fn into_response(self) -> Response {
        let status = if self.pending { StatusCode::ACCEPTED } else { StatusCode::OK };
        (status, Json(self)).into_response()
    }
}

/// Has the charge no outcome yet that we could tell? Neither has one that we are taking back.
fn is_pending(payment: &Payment) -> bool {
    match &payment.state {
        State::Ready | State::Confirming { .. } | State::NeedsReview { .. } => true,
        State::Canceling { refund, .. } => refund.cause == Cause::Compensation,
        State::WaitingForDeposit
        | State::Paid
        | State::PartiallyCanceled
        | State::Canceled { .. }
        | State::Declined { .. }
        | State::Expired => false,
    }
}

/// The answer to a confirm: the payment, or why there is none.
pub(super) fn confirmed(payment: &Payment) -> Response {
    match &payment.state {
        State::Declined { refusal } => refused(refusal),
        State::Expired => problem::session_expired(),
        State::Canceled { by: CanceledBy::Compensation } => problem::database(),
        _ => PaymentView { pending: is_pending(payment), ..PaymentView::of(payment) }.into_response(),
    }
}

/// The answer to a cancel: Toss's own, or that it is not known yet.
pub(super) fn canceled(answer: CancelAnswer) -> Response {
    match answer {
        CancelAnswer::Toss(evidence) => passed_through(&evidence),
        CancelAnswer::Pending => {
            let message = "취소 결과를 확인하고 있습니다. 잠시 후 결제 상태를 다시 확인해주세요.";
            coded(StatusCode::ACCEPTED, "CANCEL_IN_PROGRESS", message)
        }
    }
}

/// Toss's refusal as it came; one that we only read about is told in the same shape.
fn refused(refusal: &Refusal) -> Response {
    if refusal.evidence.body.is_empty() {
        let status = StatusCode::from_u16(refusal.evidence.http_status).unwrap_or(StatusCode::BAD_REQUEST);
        return coded(status, &refusal.code, &refusal.message);
    }
    passed_through(&refusal.evidence)
}

fn passed_through(evidence: &Evidence) -> Response {
    let status = StatusCode::from_u16(evidence.http_status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(evidence.body.to_vec())).into_response()
}
