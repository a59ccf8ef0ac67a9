//! What went wrong, as a status and a code. Toss's own codes where it has them.
use crate::answer::coded;
use crate::merchant::problem::{again_in_a_second, refused, unavailable};
use axum::http::StatusCode;
use axum::response::Response;
use hanbeon_app::billing::BillingError;
use tracing::error;

pub(in crate::merchant) fn answer(error: &BillingError) -> Response {
    let message = error.to_string();
    let (status, code) = match error {
        BillingError::NoVault => (StatusCode::NOT_IMPLEMENTED, "BILLING_NOT_CONFIGURED"),
        BillingError::Shut(_) => {
            error!(%error, "a merchant request needs a billing key that does not open");
            (StatusCode::CONFLICT, "NOT_MATCHES_CUSTOMER_KEY")
        }
        BillingError::NotFound(_) => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        BillingError::CustomerKeyTaken => (StatusCode::CONFLICT, "DUPLICATED_CUSTOMER_KEY"),
        BillingError::OtherCustomerKey => (StatusCode::CONFLICT, "NOT_MATCHES_CUSTOMER_KEY"),
        BillingError::KeyTaken => (StatusCode::CONFLICT, "ALREADY_REGISTERED_BILLING_KEY"),
        BillingError::TooManyKeys => (StatusCode::CONFLICT, "TOO_MANY_BILLING_KEYS"),
        BillingError::KeyNotActive => (StatusCode::CONFLICT, "BILLING_KEY_NOT_ACTIVE"),
        BillingError::Schedule(_) | BillingError::Subscription(_) => {
            (StatusCode::BAD_REQUEST, "INVALID_SUBSCRIPTION")
        }
        BillingError::Refused(refusal) => return refused(refusal),
        BillingError::Crowded => {
            return again_in_a_second(coded(StatusCode::CONFLICT, "CONCURRENT_CHANGE", &message));
        }
        BillingError::Store(cause) => return unavailable(cause),
    };
    coded(status, code, &message)
}
