//! Charges without a window, for the shop's server: customers, billing keys, charges, subscriptions.
//!
//! One file per thing: [`customers`], [`keys`], [`charges`], [`subscriptions`]; then [`view`], what the shop gets, and
//! [`problem`], what went wrong. [`deleted`] is what Toss tells of a key.
pub(crate) mod charges;
pub(crate) mod customers;
pub(crate) mod deleted;
pub(crate) mod keys;
pub(super) mod problem;
pub(crate) mod subscriptions;
mod view;

use super::problem::Problem;
use crate::routes::Api;
use axum::Router;
use axum::routing::{delete, get, post};
use hanbeon_app::billing::{Billing, BillingError};
use hanbeon_domain::CustomerId;
use std::sync::Arc;

/// Every URL of it.
pub(crate) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/v1/customers", post(customers::create))
        .route("/v1/customers/{id}", get(customers::show))
        .route("/v1/customers/{id}/billing-keys", post(keys::create).get(keys::list))
        .route("/v1/customers/{id}/billing-keys/{key}", delete(keys::remove))
        .route("/v1/customers/{id}/charges", post(charges::create))
        .route("/v1/charges/{id}", get(charges::show))
        .route("/v1/subscriptions", post(subscriptions::create))
        .route("/v1/subscriptions/{id}", get(subscriptions::show))
        .route("/v1/subscriptions/{id}/charges", get(subscriptions::charges))
        .route("/v1/subscriptions/{id}/pause", post(subscriptions::pause))
        .route("/v1/subscriptions/{id}/resume", post(subscriptions::resume))
        .route("/v1/subscriptions/{id}/cancel", post(subscriptions::cancel))
}

/// The half of the application that charges without a window.
fn billing(api: &Api) -> Result<Arc<Billing>, Problem> {
    api.billing.clone().ok_or(Problem::Billing(BillingError::NoVault))
}

fn customer_id(text: &str) -> Result<CustomerId, Problem> {
    CustomerId::parse(text).map_err(|_| Problem::Billing(BillingError::NotFound("customer")))
}
