//! The buyer's session, and the amounts that it saved before the payment window opened.
//!
//! The cookie holds when it was made and 26 random bytes; we store the time and a SHA-256, so a stolen database opens no
//! session. A value that we did not make ourselves is not taken over, so nobody can plant one.
use crate::{App, Env, env};
use hanbeon_domain::{SessionId, TossOrderId, Won};
use hanbeon_store::{SavedAmount, StoreError};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;

/// How many bytes say when a session was made, in ms. They come first, in the cookie and in the stored name: sessions sort by
/// their age, as our UUIDs do, so that new ones share a page of the index that they are stored in.
const TIME: usize = 6;

/// The secret in a cookie: 64 hex digits, 12 of them the time.
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

    /// A new one.
    fn new(env: &dyn Env) -> Self {
        let mut bytes = env.random();
        bytes[..TIME].copy_from_slice(time_of(&env::millis(env).to_be_bytes()));
        Self(hex(&bytes))
    }

    /// The value for the cookie. Goes nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The name under which the session is stored: its time, and what fits of the SHA-256 of all of it.
    #[must_use]
    pub fn id(&self) -> SessionId {
        let mut id: [u8; 32] = Sha256::digest(self.0.as_bytes()).into();
        let millis = u64::from_str_radix(&self.0[..2 * TIME], 16).unwrap_or(0);
        id[..TIME].copy_from_slice(time_of(&millis.to_be_bytes()));
        SessionId::from_bytes(id)
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
        let secret = SessionSecret::new(&*self.env);
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

/// The bytes of a number that change in ten thousand years.
fn time_of(millis: &[u8; 8]) -> &[u8] {
    &millis[millis.len() - TIME..]
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| DIGITS[usize::from(half)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hanbeon_domain::Timestamp;

    /// A clock and dice that show what they are told to.
    struct Fixed(i64, u8);

    impl Env for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0 * 1000)
        }

        fn random(&self) -> [u8; 32] {
            [self.1; 32]
        }
    }

    #[test]
    fn sessions_sort_by_their_age_whatever_the_dice_say() {
        let older = SessionSecret::new(&Fixed(1_796_000_000_000, 0xff)).id();
        let newer = SessionSecret::new(&Fixed(1_796_000_000_001, 0x00)).id();
        assert!(older.as_bytes() < newer.as_bytes(), "{older:?} {newer:?}");
    }

    #[test]
    fn the_stored_name_tells_the_time_and_nothing_else_of_the_secret() {
        let secret = SessionSecret::new(&Fixed(1_796_000_000_000, 0x5a));
        let (cookie, id) = (secret.expose().to_owned(), secret.id());
        assert_eq!(SessionSecret::parse(&cookie).map(|secret| secret.id()), Some(id));
        let stored = hex(id.as_bytes());
        assert_eq!(stored[..2 * TIME], cookie[..2 * TIME]);
        assert!(!stored.contains("5a5a"), "{stored}");
    }
}
