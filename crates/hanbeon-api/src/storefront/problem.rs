//! What went wrong, in the words of the contract: `{"code":400,"message":…}` where the original speaks,
//! `{"code":"NOT_FOUND_PAYMENT","message":…}` where Toss would.
use crate::answer::{coded, problem_from};
use crate::extract::body::BadBody;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hanbeon_app::StoreError;
use hanbeon_app::cancel::CancelError;
use hanbeon_app::confirm::ConfirmError;
use hanbeon_app::read::AccountUnknown;
use hanbeon_app::sessions::SaveError;
use hanbeon_domain::Refused;
use hanbeon_domain::StateName;
use hanbeon_domain::checkout::NotPayable;
use serde::Serialize;
use tracing::{error, warn};

/// When to come again after being turned away, in seconds: by then most charges of now have ended.
const FULL_RETRY_SECONDS: &str = "2";

/// A request that came to nothing. Nothing was charged and nothing has changed.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The body.
    Body(BadBody),
    /// What `saveAmount` says.
    Save(SaveError),
    /// What `verifyAmount` says.
    AmountNotValid,
    /// What `GET` says.
    NoPayment,
    /// What `confirm` says.
    Confirm(ConfirmError),
    /// What `cancel` says.
    Cancel(CancelError),
    /// An API key that is not one of ours.
    UnknownKey,
    /// Where to pay in.
    Account(AccountUnknown),
    /// The store.
    Store(StoreError),
}

#[derive(Serialize)]
struct Numbered<'a> {
    code: u16,
    message: &'a str,
}

/// The original's answer when the database fails; its fields are in this order.
#[derive(Serialize)]
struct DatabaseFailed {
    message: &'static str,
    code: u16,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Body(bad) => numbered(bad.status(), &format!("요청을 읽을 수 없습니다: {bad}")),
            Self::Save(error) => save(error),
            Self::AmountNotValid => amount_not_valid(),
            Self::NoPayment => numbered(StatusCode::NOT_FOUND, "결제 정보를 찾을 수 없습니다."),
            Self::Confirm(error) => confirm(error),
            Self::Cancel(error) => cancel(error),
            Self::UnknownKey => {
                let message = "인증되지 않은 API 키입니다. 키를 확인해주세요.";
                coded(StatusCode::UNAUTHORIZED, "UNAUTHORIZED_KEY", message)
            }
            Self::Account(cause) => {
                error!(%cause, "a virtual account cannot be shown");
                let message = "입금 계좌를 불러오지 못했습니다. 잠시 후 다시 시도해주세요.";
                ([(header::RETRY_AFTER, "1")], numbered(StatusCode::SERVICE_UNAVAILABLE, message))
                    .into_response()
            }
            Self::Store(error) => store(&error),
        }
    }
}

fn save(error: SaveError) -> Response {
    match error {
        SaveError::TossIsDown { retry_after } => {
            let message = "결제사 연결이 원활하지 않습니다. 잠시 후 다시 시도해주세요.";
            let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            let answer = numbered(StatusCode::SERVICE_UNAVAILABLE, message);
            ([(header::RETRY_AFTER, seconds.max(1).to_string())], answer).into_response()
        }
        SaveError::Store(error) => store(&error),
    }
}

fn confirm(error: ConfirmError) -> Response {
    match error {
        ConfirmError::NotPayable(reason) => {
            warn!(%reason, "confirm refused");
            not_payable(&reason)
        }
        ConfirmError::Store(error) => store(&error),
        ConfirmError::Crowded => numbered(
            StatusCode::CONFLICT,
            "같은 주문에 대한 요청이 너무 많습니다. 잠시 후 다시 시도해주세요.",
        ),
        ConfirmError::Fenced(_) => fenced(),
        ConfirmError::Doubtful(cause) => {
            error!(%cause, "it is not known whether a charge was begun");
            let message =
                "결제가 시작되었는지 확인할 수 없습니다. 다시 결제하지 마시고 잠시 후 결과를 확인해주세요.";
            let answer = numbered(StatusCode::SERVICE_UNAVAILABLE, message);
            ([(header::RETRY_AFTER, FULL_RETRY_SECONDS)], answer).into_response()
        }
        ConfirmError::Full => {
            let message =
                "결제 요청이 많아 처리할 수 없습니다. 청구된 금액이 없습니다. 잠시 후 다시 시도해주세요.";
            let answer = numbered(StatusCode::SERVICE_UNAVAILABLE, message);
            ([(header::RETRY_AFTER, FULL_RETRY_SECONDS)], answer).into_response()
        }
    }
}

/// An older copy of the books; why is in the log.
fn fenced() -> Response {
    let message = "지금은 결제 요청을 처리할 수 없습니다. 청구되거나 취소된 금액이 없습니다. 잠시 후 다시 시도해주세요.";
    let answer = numbered(StatusCode::SERVICE_UNAVAILABLE, message);
    ([(header::RETRY_AFTER, FULL_RETRY_SECONDS)], answer).into_response()
}

fn not_payable(reason: &NotPayable) -> Response {
    match reason {
        NotPayable::UnknownOrder(_) => numbered(StatusCode::NOT_FOUND, "주문 정보를 찾을 수 없습니다."),
        NotPayable::AmountDiffers { .. } => amount_not_valid(),
        NotPayable::KeyOfAnotherOrder => {
            numbered(StatusCode::CONFLICT, "다른 주문에 사용된 결제 정보입니다. 결제를 다시 시작해주세요.")
        }
        NotPayable::Taken(StateName::Confirming) => numbered(
            StatusCode::CONFLICT,
            "이 주문의 결제가 이미 진행 중입니다. 잠시 후 결과를 확인해주세요.",
        ),
        NotPayable::Taken(StateName::Canceled | StateName::Canceling) => {
            numbered(StatusCode::CONFLICT, "취소된 주문입니다. 새로 주문해주세요.")
        }
        NotPayable::Taken(_) => numbered(StatusCode::CONFLICT, "이미 결제된 주문입니다."),
        NotPayable::OrderExpired(_) => {
            numbered(StatusCode::BAD_REQUEST, "주문의 결제 기한이 지났습니다. 새로 주문해주세요.")
        }
        NotPayable::Refused(reason) => numbered(StatusCode::CONFLICT, &reason.to_string()),
    }
}

fn cancel(error: CancelError) -> Response {
    match error {
        CancelError::UnknownPayment => {
            coded(StatusCode::NOT_FOUND, "NOT_FOUND_PAYMENT", "존재하지 않는 결제 정보 입니다.")
        }
        CancelError::NotAllowed => {
            warn!("cancel refused: neither the session that paid nor the shop");
            coded(StatusCode::FORBIDDEN, "FORBIDDEN_REQUEST", "허용되지 않은 요청입니다.")
        }
        CancelError::Refused(reason) => {
            warn!(%reason, "cancel refused");
            not_cancelable(&reason)
        }
        CancelError::Store(error) => store(&error),
        CancelError::Doubtful(cause) => {
            error!(%cause, "it is not known whether a cancel was taken");
            let message = "취소 요청이 접수되었는지 확인할 수 없습니다. 잠시 후 다시 시도해주세요.";
            coded(StatusCode::SERVICE_UNAVAILABLE, "CANCEL_UNKNOWN", message)
        }
        CancelError::NoVault => {
            error!("a refund into an account was refused: this server has no vault key");
            let message = "계좌로 환불할 수 없습니다. 판매자에게 문의해주세요.";
            coded(StatusCode::NOT_IMPLEMENTED, "VAULT_NOT_CONFIGURED", message)
        }
        CancelError::Fenced(_) => fenced(),
        CancelError::Crowded => {
            let message = "반복적인 요청은 허용되지 않습니다. 잠시 후 다시 시도해주세요.";
            coded(StatusCode::CONFLICT, "FORBIDDEN_CONSECUTIVE_REQUEST", message)
        }
    }
}

/// The codes are Toss's own for the same refusals (Toss error codes, Cancel).
fn not_cancelable(reason: &Refused) -> Response {
    match reason {
        Refused::NotNow { state: StateName::Canceled, .. } => {
            coded(StatusCode::BAD_REQUEST, "ALREADY_CANCELED_PAYMENT", "이미 취소된 결제 입니다.")
        }
        Refused::NotNow { .. } => {
            coded(StatusCode::FORBIDDEN, "NOT_CANCELABLE_PAYMENT", "취소 할 수 없는 결제 입니다.")
        }
        Refused::OverBalance { .. } | Refused::NotInParts { .. } | Refused::NothingAsked => {
            coded(StatusCode::FORBIDDEN, "NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.")
        }
        Refused::PartialBeforeDeposit => {
            let code = "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT";
            coded(StatusCode::FORBIDDEN, code, "입금 대기중인 결제는 부분 환불이 불가합니다.")
        }
        Refused::NoRefundAccount => {
            coded(StatusCode::BAD_REQUEST, "NEED_REFUND_ACCOUNT_DETAIL", "환불계좌 정보를 모두 입력해주세요.")
        }
        Refused::PastRefundDue => {
            coded(StatusCode::FORBIDDEN, "EXCEED_MAX_REFUND_DUE", "환불 가능한 기간이 지났습니다.")
        }
    }
}

fn store(cause: &StoreError) -> Response {
    if matches!(cause, StoreError::Full) {
        warn!("a storefront request was turned away: too many wait for the store");
        let message = "요청이 많아 처리할 수 없습니다. 변경된 내용이 없습니다. 잠시 후 다시 시도해주세요.";
        let answer = numbered(StatusCode::SERVICE_UNAVAILABLE, message);
        return ([(header::RETRY_AFTER, FULL_RETRY_SECONDS)], answer).into_response();
    }
    error!(%cause, "the store failed a storefront request");
    database()
}

/// The contract's answer when the payment could not be stored; nothing is charged then, or no longer.
pub(super) fn database() -> Response {
    let failed = DatabaseFailed { message: "데이터베이스 오류", code: 500 };
    (StatusCode::INTERNAL_SERVER_ERROR, Json(failed)).into_response()
}

/// Toss's own answer to a confirm that comes after the 10 minutes.
pub(super) fn session_expired() -> Response {
    let message = "결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다.";
    coded(StatusCode::NOT_FOUND, "NOT_FOUND_PAYMENT_SESSION", message)
}

fn amount_not_valid() -> Response {
    numbered(StatusCode::BAD_REQUEST, "결제 금액 정보가 유효하지 않습니다.")
}

fn numbered(status: StatusCode, message: &str) -> Response {
    (status, Json(Numbered { code: status.as_u16(), message })).into_response()
}

problem_from!(BadBody => Body, SaveError => Save, ConfirmError => Confirm, CancelError => Cancel,
    AccountUnknown => Account, StoreError => Store);
