//! A JSON body: bounded, typed, and refused with words that help.
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use std::convert::Infallible;

/// A body that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadBody {
    /// Not announced as JSON. It must be: a form on somebody else's page cannot send that.
    #[error("the Content-Type must be application/json")]
    NotJson,
    /// Longer than we read, or cut off.
    #[error("the body must be at most {} bytes, and complete", crate::routes::BODY_MAX)]
    TooLarge,
    /// JSON, but not ours; says what and where.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
}

impl BadBody {
    /// The status that says it.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// A body that has been read, but not understood yet: each interface words its refusal in its own way.
pub(crate) struct Body(Result<Bytes, BadBody>);

impl Body {
    /// Understands it.
    pub(crate) fn parse<T: DeserializeOwned>(self) -> Result<T, BadBody> {
        Ok(self.parse_and_keep()?.0)
    }

    /// Understands it, and hands the bytes over as they came.
    pub(crate) fn parse_and_keep<T: DeserializeOwned>(self) -> Result<(T, Bytes), BadBody> {
        let bytes = self.0?;
        Ok((serde_json::from_slice(&bytes)?, bytes))
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let announced = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !announced.is_some_and(is_json) {
            return Ok(Self(Err(BadBody::NotJson)));
        }
        Ok(Self(Bytes::from_request(request, state).await.map_err(|_| BadBody::TooLarge)))
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
