//! What the shop says when it does not do what the browser asks for: `{ code, message }`, the message for buyers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::catalogue::BadCart;
use crate::hanbeon::{Answer, NoAnswer, NoOrder};

/// The longest id that anybody here makes (characters).
const MAX_ID: usize = 64;

/// An id that may stand in an address or in a name of a request: letters, digits, `-` and `_`.
pub(crate) fn id(text: &str) -> Result<&str, Refusal> {
    let fits = (1..=MAX_ID).contains(&text.len());
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if fits && plain { Ok(text) } else { Err(Refusal::BadBody(StatusCode::BAD_REQUEST)) }
}

/// Why the buyer does not get it.
#[derive(Debug)]
pub(crate) enum Refusal {
    BadBody(StatusCode),
    BadCart(BadCart),
    BadCustomer,
    Busy,
    Unreachable,
    HanbeonRefused,
    /// Nobody knows; whoever repeats the request under the same name hears it.
    Unknown,
    /// It is under way; whoever repeats the request hears how it ended.
    NotYet,
    /// In hanbeon's own words, or Toss's.
    Hanbeon(Answer),
    /// In Toss's words.
    Toss {
        code: String,
        message: String,
    },
}

#[derive(Deserialize)]
struct Said {
    code: String,
    message: String,
}

/// Of what may have moved money nobody says "no" without having heard it.
impl From<NoAnswer> for Refusal {
    fn from(why: NoAnswer) -> Self {
        why.log();
        Self::Unknown
    }
}

/// An order that was not made is no loss: nothing has been paid.
impl From<NoOrder> for Refusal {
    fn from(why: NoOrder) -> Self {
        match why {
            NoOrder::NoAnswer(why) => {
                why.log();
                if matches!(why, NoAnswer::Unreachable(_)) { Self::Unreachable } else { Self::HanbeonRefused }
            }
            NoOrder::Refused { status } => {
                tracing::warn!(status, "hanbeon refused a new order");
                Self::HanbeonRefused
            }
            NoOrder::NotOurOrder => {
                tracing::warn!("hanbeon answered a new order with something else");
                Self::HanbeonRefused
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = match &self {
            Self::BadBody(status) => (*status, "INVALID_REQUEST", "요청을 읽을 수 없습니다."),
            Self::BadCart(bad) => (StatusCode::BAD_REQUEST, bad.code(), bad.message()),
            Self::BadCustomer => (
                StatusCode::BAD_REQUEST,
                "INVALID_CUSTOMER",
                "주문자 이름, 이메일, 휴대폰 번호를 다시 확인해 주세요.",
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "SHOP_BUSY",
                "주문이 몰리고 있습니다. 잠시 후 다시 시도해 주세요.",
            ),
            Self::Unreachable => (
                StatusCode::BAD_GATEWAY,
                "HANBEON_UNREACHABLE",
                "결제 서버에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요. 결제는 이루어지지 않았습니다.",
            ),
            Self::HanbeonRefused => (
                StatusCode::BAD_GATEWAY,
                "HANBEON_REFUSED",
                "결제 서버가 주문을 받지 못했습니다. 잠시 후 다시 시도해 주세요. 결제는 이루어지지 않았습니다.",
            ),
            Self::Unknown => (
                StatusCode::GATEWAY_TIMEOUT,
                "UNKNOWN",
                "결과를 아직 확인하지 못했습니다. 잠시 후 다시 확인해 주세요. 두 번 처리되는 일은 없습니다.",
            ),
            Self::NotYet => (
                StatusCode::SERVICE_UNAVAILABLE,
                "NOT_YET",
                "아직 처리하고 있습니다. 잠시 후 다시 확인해 주세요.",
            ),
            Self::Hanbeon(answer) => return in_its_words(answer),
            Self::Toss { code, message } => (StatusCode::CONFLICT, code.as_str(), message.as_str()),
        };
        told(status, code, message)
    }
}

fn in_its_words(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    match answer.read::<Said>() {
        // A key that hanbeon does not know is the shop's own trouble.
        Ok(_) | Err(_) if status == StatusCode::UNAUTHORIZED => Refusal::HanbeonRefused.into_response(),
        Ok(Said { code, message }) => told(status, &code, &message),
        Err(_) => Refusal::HanbeonRefused.into_response(),
    }
}

fn told(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(serde_json::json!({ "code": code, "message": message }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn an_id_cannot_leave_its_place_in_an_address() {
        assert!(id("01e79a1568cc4b39ae5d4c8eeef9d590").is_ok() && id("a-B_9").is_ok());
        for wrong in ["", "../keys", "a/b", "a?b", "a%2fb", "가", &"a".repeat(65)] {
            assert!(id(wrong).is_err(), "{wrong}");
        }
    }
}
