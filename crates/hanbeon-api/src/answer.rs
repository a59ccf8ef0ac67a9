//! The shape of an error that Toss has too: `{"code":"…","message":"…"}`, in this order; and of an instant.
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
pub(crate) use hanbeon_app::korean_time;
use serde::Serialize;

#[derive(Serialize)]
struct Coded<'a> {
    code: &'a str,
    message: &'a str,
}

/// An error with a code to branch on, and words that say what to do.
pub(crate) fn coded(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(Coded { code, message })).into_response()
}

/// `From` for each variant of a `Problem` that wraps an error of its own type.
macro_rules! problem_from {
    ($($source:ty => $variant:ident),* $(,)?) => {
        $(impl From<$source> for Problem {
            fn from(source: $source) -> Self {
                Self::$variant(source)
            }
        })*
    };
}

pub(crate) use problem_from;
