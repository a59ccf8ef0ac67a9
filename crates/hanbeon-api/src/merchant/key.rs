//! The shop's API key, checked.
use super::problem::Problem;
use crate::extract::caller::BearerKey;
use crate::routes::Api;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::sync::Arc;

/// Proof that the request carries an API key that is in force.
pub(crate) struct Merchant;

impl FromRequestParts<Arc<Api>> for Merchant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Ok(BearerKey(key)) = BearerKey::from_request_parts(parts, api).await;
        let key = key.ok_or(Problem::NoKey)?;
        if api.app.knows_key(&key).await? { Ok(Self) } else { Err(Problem::UnknownKey) }
    }
}
