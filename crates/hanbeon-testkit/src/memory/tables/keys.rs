//! Idempotency keys and API keys.
use super::{Claimant, Tables};
use hanbeon_domain::{ApiKeyHash, Timestamp};
use hanbeon_store::{AnswerRecord, ApiKey, Claim, Claimed, StoreError};

impl Tables {
    pub(in super::super) fn claim(&mut self, claim: &Claim, now: Timestamp, until: Timestamp) -> Claimed {
        let claimant = || Claimant { claim: claim.clone(), until, released: false, answer: None };
        let Some(known) = self.claims.get_mut(&claim.key) else {
            self.claims.insert(claim.key.clone(), claimant());
            return Claimed::Ours(claim.operation);
        };
        if known.claim.request != claim.request {
            if !known.released {
                return Claimed::OtherRequest;
            }
            *known = claimant();
            return Claimed::Ours(claim.operation);
        }
        if let Some(answer) = &known.answer {
            return Claimed::Answered(answer.clone());
        }
        if now < known.until && !known.released {
            return Claimed::Running;
        }
        (known.until, known.released) = (until, false);
        Claimed::Ours(known.claim.operation)
    }

    /// The first answer stays: somebody may have heard it already.
    pub(in super::super) fn keep_answer(&mut self, key: &str, answer: &AnswerRecord) -> AnswerRecord {
        let Some(known) = self.claims.get_mut(key) else { return answer.clone() };
        known.released = false;
        known.answer.get_or_insert_with(|| answer.clone()).clone()
    }

    /// The operation stays: what it made may be there although nobody heard of it.
    pub(in super::super) fn release_claim(&mut self, key: &str) {
        if let Some(known) = self.claims.get_mut(key) {
            known.released = known.answer.is_none();
        }
    }

    pub(in super::super) fn insert_api_key(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let name_is_taken = self.api_keys.values().any(|(other, live)| *live && other.name == key.name);
        if name_is_taken || self.api_keys.contains_key(&key.hash) {
            return Err(StoreError::NameTaken("the API key's name"));
        }
        self.api_keys.insert(key.hash, (key.clone(), true));
        Ok(())
    }

    pub(in super::super) fn api_key(&self, hash: ApiKeyHash) -> Option<ApiKey> {
        self.api_keys.get(&hash).filter(|(_, live)| *live).map(|(key, _)| key.clone())
    }

    pub(in super::super) fn api_keys(&self) -> Vec<ApiKey> {
        let mut keys: Vec<_> =
            self.api_keys.values().filter(|(_, live)| *live).map(|(key, _)| key.clone()).collect();
        keys.sort_by(|a, b| (a.created_at, &a.name).cmp(&(b.created_at, &b.name)));
        keys
    }

    pub(in super::super) fn revoke_api_key(&mut self, name: &str) -> bool {
        let Some((_, live)) = self.api_keys.values_mut().find(|(key, live)| *live && key.name == name) else {
            return false;
        };
        *live = false;
        true
    }
}
