//! A billing key, without the key: that is a secret, and kept sealed beside this.
use crate::{BillingKeyId, CustomerId, Refusal, Timestamp};

/// From the buyer's word to the key's end. Read it freely; the version grows with every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingKey {
    /// Ours.
    pub id: BillingKeyId,
    /// Whose card or account it is.
    pub customer: CustomerId,
    /// When the shop asked for it.
    pub created_at: Timestamp,
    /// The fencing token, as a payment's.
    pub version: u64,
    /// Where it stands.
    pub state: KeyState,
    /// What it charges, for people: a method and a masked number.
    pub label: Option<String>,
    /// When somebody who may be Toss said that it is deleted. The next charge tells.
    pub doubted_at: Option<Timestamp>,
}

/// Where a billing key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// The wish is durable, with the buyer's one-time proof; Toss may or may not have made the key. Asked again under
    /// the same idempotency key, Toss tells the same one.
    Issuing {
        /// Calls without a fact.
        tries: u32,
    },
    /// It can be charged.
    Active,
    /// It charges nobody from now on. What is under way is resolved, then Toss is told.
    Deleting {
        /// Calls without a fact.
        tries: u32,
    },
    /// Gone.
    Deleted,
    /// Toss did not make it. The buyer registers again.
    Refused(Box<Refusal>),
}

impl KeyState {
    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Issuing { .. } => "issuing",
            Self::Active => "active",
            Self::Deleting { .. } => "deleting",
            Self::Deleted => "deleted",
            Self::Refused(_) => "refused",
        }
    }
}

impl BillingKey {
    /// A wish for a key.
    #[must_use]
    pub const fn wished(id: BillingKeyId, customer: CustomerId, now: Timestamp) -> Self {
        let state = KeyState::Issuing { tries: 0 };
        Self { id, customer, created_at: now, version: 1, state, label: None, doubted_at: None }
    }

    /// The `Idempotency-Key` of its issue.
    #[must_use]
    pub fn issue_key(&self) -> String {
        format!("hanbeon-{}-issue", self.id)
    }

    /// The next version, in this state.
    #[must_use]
    pub fn becomes(&self, state: KeyState) -> Self {
        Self { state, version: self.version + 1, ..self.clone() }
    }
}
