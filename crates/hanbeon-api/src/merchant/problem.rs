//! What went wrong, as `{"code":"…","message":"…"}`: a code to branch on, and words that say what to do.
use super::idempotent::NotOnce;
use crate::answer::{coded, problem_from};
use crate::extract::body::BadBody;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hanbeon_app::StoreError;
use hanbeon_app::billing::BillingError;
use hanbeon_app::cancel::CancelError;
use hanbeon_app::orders::OrderError;
use hanbeon_app::read::AccountUnknown;
use hanbeon_app::receipts::ReceiptError;
use hanbeon_domain::ids::BadId;
use hanbeon_domain::receipt::{BadNumber, Reason};
use hanbeon_domain::{Refusal, Refused, StateName};
use tracing::{error, warn};

/// A request that came to nothing. Nothing has changed.
#[derive(Debug)]
pub(crate) enum Problem {
    /// No key.
    NoKey,
    /// A key that is not in force.
    UnknownKey,
    /// The body.
    Body(BadBody),
    /// The idempotency key.
    NotOnce(NotOnce),
    /// A new order.
    Order(OrderError),
    /// A refund that was not even queued.
    Cancel(CancelError),
    /// A refund that Toss refused, or that had become impossible when its turn came.
    RefundRefused(Refusal),
    /// Something in the query.
    Query(&'static str),
    /// A name that is none.
    Id(BadId),
    /// A charge without a window, or what belongs to it.
    Billing(BillingError),
    /// Something that is not there.
    NotFound(&'static str),
    /// A cash receipt that was not even begun.
    Receipt(ReceiptError),
    /// A cash receipt that there is not.
    NoReceipt(Reason),
    /// Whom a cash receipt is for.
    BuyerNumber(BadNumber),
    /// Where to pay in.
    Account(AccountUnknown),
    /// The store.
    Store(StoreError),
}

impl Problem {
    pub(super) const NO_PAYMENT: Self = Self::NotFound("there is no payment with this id");
    pub(super) const NO_ACCOUNT: Self = Self::NotFound("the payment does not wait for a deposit");
    pub(super) const BAD_PAGE: Self =
        Self::Query("`after` must be the number of an event, or 0, and `limit` 1 to 1000");
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::NoKey => {
                let how = "send `Authorization: Bearer <api key>`; make a key with `hanbeon keys create`";
                coded(StatusCode::UNAUTHORIZED, "MISSING_API_KEY", how)
            }
            Self::UnknownKey => {
                let why = "this API key is unknown or revoked; make one with `hanbeon keys create`";
                coded(StatusCode::UNAUTHORIZED, "UNAUTHORIZED_KEY", why)
            }
            Self::Body(bad) => coded(bad.status(), "INVALID_REQUEST", &bad.to_string()),
            Self::Order(OrderError::Bad(bad)) => {
                coded(StatusCode::BAD_REQUEST, "INVALID_ORDER", &bad.to_string())
            }
            Self::Order(taken @ OrderError::ReferenceTaken(_)) => {
                coded(StatusCode::CONFLICT, "DUPLICATED_MERCHANT_REFERENCE", &taken.to_string())
            }
            Self::NotOnce(why) => not_once(&why),
            Self::Cancel(error) => cancel(error),
            Self::RefundRefused(refusal) => refused(&refusal),
            Self::Account(cause) => {
                error!(%cause, "a virtual account cannot be shown");
                let message = "Toss does not tell the virtual account now; try again";
                again_in_a_second(coded(StatusCode::SERVICE_UNAVAILABLE, "PROVIDER_UNAVAILABLE", message))
            }
            Self::Receipt(error) => super::receipts::refused(&error),
            Self::NoReceipt(reason) => super::receipts::not_issued(&reason),
            Self::BuyerNumber(bad) => coded(StatusCode::BAD_REQUEST, "INVALID_REQUEST", &bad.to_string()),
            Self::Query(what) => coded(StatusCode::BAD_REQUEST, "INVALID_REQUEST", what),
            Self::Id(bad) => coded(StatusCode::BAD_REQUEST, "INVALID_REQUEST", &bad.to_string()),
            Self::Billing(error) => super::billing::problem::answer(&error),
            Self::NotFound(what) => coded(StatusCode::NOT_FOUND, "NOT_FOUND", what),
            Self::Order(OrderError::Store(cause)) | Self::Store(cause) => unavailable(&cause),
        }
    }
}

/// The codes are Toss's own for its own key, where it has one (Toss core API, Idempotency-Key).
fn not_once(why: &NotOnce) -> Response {
    let message = why.to_string();
    match why {
        NotOnce::BadKey => coded(StatusCode::BAD_REQUEST, "INVALID_IDEMPOTENCY_KEY", &message),
        NotOnce::NoKey => coded(StatusCode::BAD_REQUEST, "MISSING_IDEMPOTENCY_KEY", &message),
        NotOnce::Running => {
            again_in_a_second(coded(StatusCode::CONFLICT, "IDEMPOTENT_REQUEST_PROCESSING", &message))
        }
        NotOnce::OtherRequest => {
            coded(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_OF_ANOTHER_REQUEST", &message)
        }
    }
}

fn cancel(error: CancelError) -> Response {
    match error {
        CancelError::UnknownPayment => Problem::NO_PAYMENT.into_response(),
        CancelError::NotAllowed => {
            coded(StatusCode::FORBIDDEN, "FORBIDDEN_REQUEST", "this key may not cancel this payment")
        }
        CancelError::Refused(reason) => {
            warn!(%reason, "cancel refused");
            coded(StatusCode::CONFLICT, code_of(&reason), &reason.to_string())
        }
        CancelError::NoVault => {
            coded(StatusCode::NOT_IMPLEMENTED, "VAULT_NOT_CONFIGURED", &CancelError::NoVault.to_string())
        }
        CancelError::Fenced(_) => {
            let message = "this copy of the books is not the youngest, or cannot tell; nothing was sent";
            again_in_a_second(coded(StatusCode::SERVICE_UNAVAILABLE, "FENCED", message))
        }
        CancelError::Crowded => {
            let message = "too many refunds of this payment are waiting for their turn; try again";
            again_in_a_second(coded(StatusCode::CONFLICT, "TOO_MANY_REFUNDS_WAITING", message))
        }
        CancelError::Store(cause) => unavailable(&cause),
        CancelError::Doubtful(cause) => {
            error!(%cause, "it is not known whether a refund was taken");
            let message = "it is not known whether the refund was taken; repeat it with the same Idempotency-Key: it is \
                           made once";
            again_in_a_second(coded(StatusCode::SERVICE_UNAVAILABLE, "REFUND_UNKNOWN", message))
        }
    }
}

/// Toss's own codes for the same refusals (Toss error codes, Cancel).
fn code_of(reason: &Refused) -> &'static str {
    match reason {
        Refused::NotNow { state: StateName::Canceled, .. } => "ALREADY_CANCELED_PAYMENT",
        Refused::NotNow { .. } => "NOT_CANCELABLE_PAYMENT",
        Refused::OverBalance { .. } | Refused::NotInParts { .. } | Refused::NothingAsked => {
            "NOT_CANCELABLE_AMOUNT"
        }
        Refused::PartialBeforeDeposit => "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT",
        Refused::NoRefundAccount => "NEED_REFUND_ACCOUNT_DETAIL",
        Refused::PastRefundDue => "EXCEED_MAX_REFUND_DUE",
    }
}

/// Toss's refusal with its own status, code and words; one that we foresaw when its turn came is a conflict, like one
/// that we foresee at once.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let status = match StatusCode::from_u16(refusal.evidence.http_status) {
        _ if refusal.evidence.body.is_empty() => StatusCode::CONFLICT,
        // It is our key that Toss would not take: the shop's was right.
        Ok(StatusCode::UNAUTHORIZED) => StatusCode::FORBIDDEN,
        Ok(status) if status.is_client_error() => status,
        Ok(_) | Err(_) => StatusCode::CONFLICT,
    };
    coded(status, &refusal.code, &refusal.message)
}

pub(super) fn unavailable(cause: &StoreError) -> Response {
    error!(%cause, "the store failed a merchant request");
    let message = "the store cannot answer now; try again, with the same Idempotency-Key if you sent one";
    again_in_a_second(coded(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", message))
}

pub(super) fn again_in_a_second(answer: Response) -> Response {
    ([(header::RETRY_AFTER, "1")], answer).into_response()
}

problem_from!(BadBody => Body, NotOnce => NotOnce, OrderError => Order, CancelError => Cancel,
    AccountUnknown => Account, StoreError => Store, BillingError => Billing, BadId => Id, ReceiptError => Receipt);
