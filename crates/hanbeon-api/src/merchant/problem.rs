//! What went wrong, as `{"code":"…","message":"…"}`: a code to branch on, and words that say what to do.
use crate::answer::{coded, problem_from};
use crate::extract::body::BadBody;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hanbeon_app::StoreError;
use hanbeon_app::orders::OrderError;
use tracing::error;

/// A request that came to nothing. Nothing has changed.
#[derive(Debug)]
pub(crate) enum Problem {
    /// No key.
    NoKey,
    /// A key that is not in force.
    UnknownKey,
    /// The body.
    Body(BadBody),
    /// A new order.
    Order(OrderError),
    /// Something that is not there.
    NotFound(&'static str),
    /// The store.
    Store(StoreError),
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
            Self::NotFound(what) => coded(StatusCode::NOT_FOUND, "NOT_FOUND", what),
            Self::Order(OrderError::Store(cause)) | Self::Store(cause) => unavailable(&cause),
        }
    }
}

fn unavailable(cause: &StoreError) -> Response {
    error!(%cause, "the store failed a merchant request");
    let message = "the store cannot answer now and nothing has changed; try again";
    let answer = coded(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", message);
    ([(header::RETRY_AFTER, "1")], answer).into_response()
}

problem_from!(BadBody => Body, OrderError => Order, StoreError => Store);
