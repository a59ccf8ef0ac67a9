//! The buyer's session, and the amounts that it saved before the payment window opened.
//!
//! The cookie holds 32 random bytes; we store their SHA-256 only, so a stolen database opens no session. A
//! value that we did not make ourselves is not taken over, so nobody can plant one.
use crate::App;
use hanbeon_domain::{SessionId, TossOrderId, Won};
use hanbeon_store::{SavedAmount, StoreError};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;

/// The secret in a cookie: 64 hex digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret(String);

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(***)")
    }
}

impl SessionSecret {
    /// Reads a cookie's value; `None` when it cannot be one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let ours = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        ours.then(|| Self(text.to_owned()))
    }

    /// The value for the cookie. Goes nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The name under which the session is stored.
    #[must_use]
    pub fn id(&self) -> SessionId {
        SessionId::from_bytes(Sha256::digest(self.0.as_bytes()).into())
    }
}

/// Why no payment window should be opened. Nothing has happened.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Toss does not answer: a buyer who authenticated now would wait for nothing.
    #[error("Toss does not answer")]
    TossIsDown {
        /// When to try again.
        retry_after: Duration,
    },
    /// The amount could not be stored.
    #[error("the amount could not be stored")]
    Store(#[from] StoreError),
}

/// The session of a request.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its stored name.
    pub id: SessionId,
    /// Set when it is new: the browser has to be told.
    pub fresh: Option<SessionSecret>,
}

impl App {
    /// The session that the cookie names, or a new one. A new one is stored by the first verb that uses it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn session(&self, cookie: Option<&SessionSecret>) -> Result<Session, StoreError> {
        if let Some(secret) = cookie
            && self.store.session_exists(secret.id()).await?
        {
            return Ok(Session { id: secret.id(), fresh: None });
        }
        let secret = SessionSecret(hex(&self.env.random()));
        Ok(Session { id: secret.id(), fresh: Some(secret) })
    }

    /// Keeps what the session says it will pay. Compared in confirm, never believed.
    ///
    /// # Errors
    /// [`SaveError`]. It is the last word before the payment window opens, and so the place to say that Toss cannot be
    /// reached.
    pub async fn save_amount(
        &self,
        session: SessionId,
        toss_order: TossOrderId,
        amount: Won,
    ) -> Result<(), SaveError> {
        if let Some(retry_after) = self.breaker.closed_for(self.now()) {
            return Err(SaveError::TossIsDown { retry_after });
        }
        Ok(self.store.save_amount(&SavedAmount { session, toss_order, amount }, self.now()).await?)
    }

    /// Is this what the session saved? True once: the saved amount is taken by it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn verify_amount(
        &self,
        session: SessionId,
        toss_order: TossOrderId,
        amount: Won,
    ) -> Result<bool, StoreError> {
        self.store.consume_amount(&SavedAmount { session, toss_order, amount }, self.now()).await
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
