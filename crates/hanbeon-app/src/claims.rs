//! A request of the shop's happens once: `Idempotency-Key`, as the shop's own requests to Toss have it.
//!
//! 1. **claim** the key, by one atomic insert;
//! 2. carry the request out, under names that follow from the claim: whoever takes over a claim whose request died
//!    makes the same order, the same refund;
//! 3. **keep the answer**, byte for byte.
use crate::{App, env};
use hanbeon_domain::{OrderId, RefundId};
use hanbeon_store::{AnswerRecord, Claim, Claimed, StoreError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tracing::{Instrument as _, warn};
use uuid::Uuid;

/// How long a request may be silent before somebody who repeats it takes it over. Longer than any of ours takes.
pub const HELD: Duration = Duration::from_secs(60);

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Carry it out.
    Ours(Operation),
    /// Somebody is at it.
    Running,
    /// It has been answered, so.
    Answered(AnswerRecord),
    /// The key was used for another request.
    OtherRequest,
}

/// A request that is carried out, and the names of what it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation(Uuid);

impl Operation {
    /// The order that this request makes.
    #[must_use]
    pub const fn order(self) -> OrderId {
        OrderId::from_uuid(self.0)
    }

    /// What anything else is named after that this request makes.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The refund that this request makes.
    #[must_use]
    pub const fn refund(self) -> RefundId {
        RefundId::from_uuid(self.0)
    }
}

impl App {
    /// Runs what must not end with the request that began it: a caller who leaves does not stop it, and a stop of the
    /// server waits for it.
    pub fn on_its_own<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.tasks.spawn(work.in_current_span())
    }

    /// A request without a key: it happens as often as it is sent.
    #[must_use]
    pub fn operation(&self) -> Operation {
        Operation(env::uuid(&*self.env))
    }

    /// Claims a key for a request, which `digest` tells from any other.
    ///
    /// # Errors
    /// What the store says. The claim may be there all the same: then the key can be used again after a minute.
    pub async fn claim(&self, key: &str, digest: [u8; 32]) -> Result<Turn, StoreError> {
        let now = self.now();
        let claim = Claim { key: key.to_owned(), request: digest, operation: env::uuid(&*self.env) };
        Ok(match self.store.claim(&claim, now, now.plus(HELD)).await? {
            Claimed::Ours(operation) => Turn::Ours(Operation(operation)),
            Claimed::Running => Turn::Running,
            Claimed::Answered(answer) => Turn::Answered(answer),
            Claimed::OtherRequest => Turn::OtherRequest,
        })
    }

    /// Keeps the answer of a claimed request, and gives back the one to tell: the first, if somebody else took the claim
    /// over meanwhile.
    ///
    /// # Errors
    /// When it cannot be kept. It must not be told then: worked out anew, for whoever repeats the request, it makes nothing
    /// twice, but may be worded differently.
    pub async fn keep_answer(&self, key: &str, answer: &AnswerRecord) -> Result<AnswerRecord, StoreError> {
        self.store.keep_answer(key, answer).await
    }

    /// Gives a claim up: nothing was done, and the request may be tried again.
    pub async fn release_claim(&self, key: &str) {
        if let Err(error) = self.store.release_claim(key).await {
            warn!(%error, "a claim could not be given up; it ends by itself within a minute");
        }
    }
}
