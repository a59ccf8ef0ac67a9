//! Billing keys: issued, imported, deleted.
//!
//! The buyer's proof works once, and Toss never shows a key again. So the proof is sealed and stored before Toss is
//! asked, and the question is repeated under the same idempotency key until it is answered: a lost answer loses no key
//! and makes no second one. A deletion is a wish in the store, too: no charge begins any more, what is under way is
//! resolved, and only then Toss is told.
use super::{Billing, BillingError, CHANGES_MAX, Secret};
use crate::claims::Operation;
use hanbeon_domain::billing::{BillingKey, KeyState};
use hanbeon_domain::{BillingKeyId, CustomerId, CustomerKey, Evidence, Refusal, Timestamp};
use hanbeon_psp::billing::{Deleted, Issued};
use hanbeon_store::{Added, Fingerprint, KeyRecord, StoreError};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// How long a deletion waits before it looks again whether the key's charges are resolved.
const WHILE_IN_USE: Duration = Duration::from_secs(2);

impl Billing {
    /// Makes a key of the proof that the billing window left. When Toss does not answer, the key is being issued until it
    /// does.
    ///
    /// # Errors
    /// [`BillingError`]; [`BillingError::Refused`] when the buyer has to register again.
    pub async fn issue_key(
        self: &Arc<Self>,
        operation: Operation,
        customer: CustomerId,
        proof: Secret,
    ) -> Result<BillingKey, BillingError> {
        let owner = self.customer(customer).await?.customer;
        let key = BillingKey::wished(BillingKeyId::from_uuid(operation.uuid()), customer, self.app.now());
        let sealed = Some(self.seal(&key, &owner.key, &proof)?);
        let record = KeyRecord { key, sealed, fingerprint: None };
        let record = match self.added(&record, Some(self.app.lease_until())).await? {
            Added::New => {
                self.app.env.reached("intent stored");
                self.issue(record).await?
            }
            _ => self.key(record.key.id).await?,
        };
        match record.key.state {
            KeyState::Refused(refusal) => Err(BillingError::Refused(*refusal)),
            _ => Ok(record.key),
        }
    }

    /// Takes over a key that Toss issued to the shop before. It has to have been issued for the customer's key.
    ///
    /// # Errors
    /// [`BillingError`]; [`BillingError::OtherCustomerKey`] when it was not.
    pub async fn import_key(
        &self,
        operation: Operation,
        customer: CustomerId,
        issued_for: &CustomerKey,
        secret: Secret,
    ) -> Result<BillingKey, BillingError> {
        let owner = self.customer(customer).await?.customer;
        if owner.key != *issued_for {
            return Err(BillingError::OtherCustomerKey);
        }
        let wished = BillingKey::wished(BillingKeyId::from_uuid(operation.uuid()), customer, self.app.now());
        let key = BillingKey { state: KeyState::Active, ..wished };
        let sealed = Some(self.seal(&key, &owner.key, &secret)?);
        let record = KeyRecord { key, sealed, fingerprint: Some(fingerprint(&secret)) };
        self.added(&record, None).await?;
        Ok(self.key(record.key.id).await?.key)
    }

    /// Deletes a key. It charges nobody from now on; Toss is told as soon as no charge of it is unknown.
    ///
    /// # Errors
    /// [`BillingError`]; the key is as it was then.
    pub async fn delete_key(
        self: &Arc<Self>,
        customer: CustomerId,
        id: BillingKeyId,
    ) -> Result<BillingKey, BillingError> {
        for tries in 0..CHANGES_MAX {
            self.give_way(tries).await;
            let record = self.key(id).await?;
            if record.key.customer != customer {
                return Err(BillingError::NotFound("billing key"));
            }
            if record.key.state != KeyState::Active {
                let deleted = matches!(record.key.state, KeyState::Deleting { .. } | KeyState::Deleted);
                return if deleted { Ok(record.key) } else { Err(BillingError::KeyNotActive) };
            }
            let next = KeyRecord { key: record.key.becomes(KeyState::Deleting { tries: 0 }), ..record };
            match self.store.commit_key(&next, Some(self.app.lease_until())).await {
                Ok(()) => {
                    self.app.env.reached("intent stored");
                    return Ok(self.delete(next).await?.key);
                }
                Err(StoreError::Superseded) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Err(BillingError::Crowded)
    }

    /// Somebody who may be Toss says that this key is deleted. The next charge tells.
    ///
    /// # Errors
    /// What the store says.
    pub async fn doubt_key(&self, secret: &Secret) -> Result<bool, StoreError> {
        let known = self.store.doubt_key(&fingerprint(secret), self.app.now()).await?;
        if known {
            warn!("a billing key is said to be deleted at Toss; its next charge tells");
        }
        Ok(known)
    }

    /// One call, for a key that is being issued and that the caller holds.
    pub(super) async fn issue(&self, record: KeyRecord) -> Result<KeyRecord, BillingError> {
        let KeyState::Issuing { tries } = record.key.state else { return Ok(record) };
        let (customer, proof) = self.open(&record).await?;
        self.app.env.reached("before the call");
        let issued = self.psp.issue(&record.key, &customer, &proof).await;
        self.app.env.reached("verdict in hand");
        let next = match issued {
            Issued::Key { secret, label } => {
                let key = BillingKey { label, ..record.key.becomes(KeyState::Active) };
                let sealed = Some(self.seal(&key, &customer, &secret)?);
                KeyRecord { key, sealed, fingerprint: Some(fingerprint(&secret)) }
            }
            Issued::Refused(refusal) => refused(&record, refusal),
            Issued::OfAnother => refused(&record, not_matching()),
            Issued::Unclear(why) => {
                warn!(billing.key = %record.key.id, why, "a billing key may have been issued; asked again");
                KeyRecord {
                    key: record.key.becomes(KeyState::Issuing { tries: tries + 1 }),
                    ..record.clone()
                }
            }
        };
        self.settle_key(record, next, tries).await
    }

    /// One call, for a key that is being deleted and that the caller holds; not while a charge of it is unknown.
    pub(super) async fn delete(&self, record: KeyRecord) -> Result<KeyRecord, BillingError> {
        let KeyState::Deleting { tries } = record.key.state else { return Ok(record) };
        if self.store.key_is_in_use(record.key.id).await? {
            let next = KeyRecord { key: record.key.becomes(record.key.state.clone()), ..record };
            self.store.commit_key(&next, Some(self.app.now().plus(WHILE_IN_USE))).await?;
            self.left_work.notify_one();
            return Ok(next);
        }
        let (_, secret) = self.open(&record).await?;
        self.app.env.reached("before the call");
        let deleted = self.psp.delete(&secret).await;
        self.app.env.reached("verdict in hand");
        let next = match deleted {
            Deleted::Gone => {
                KeyRecord { key: record.key.becomes(KeyState::Deleted), sealed: None, ..record.clone() }
            }
            Deleted::Unclear(why) => {
                warn!(billing.key = %record.key.id, why, "a billing key may have been deleted; asked again");
                KeyRecord {
                    key: record.key.becomes(KeyState::Deleting { tries: tries + 1 }),
                    ..record.clone()
                }
            }
        };
        self.settle_key(record, next, tries).await
    }

    /// Toss said, in answer to a charge, that the key is no more.
    pub(super) async fn key_is_gone(&self, id: BillingKeyId) -> Result<(), BillingError> {
        let record = self.key(id).await?;
        if matches!(record.key.state, KeyState::Active | KeyState::Deleting { .. }) {
            let next = KeyRecord { key: record.key.becomes(KeyState::Deleted), sealed: None, ..record };
            self.store.commit_key(&next, None).await?;
            info!(billing.key = %id, "a billing key is deleted at Toss");
        }
        Ok(())
    }

    pub(super) async fn key(&self, id: BillingKeyId) -> Result<KeyRecord, BillingError> {
        self.store.billing_key(id).await?.ok_or(BillingError::NotFound("billing key"))
    }

    async fn settle_key(
        &self,
        record: KeyRecord,
        next: KeyRecord,
        tries: u32,
    ) -> Result<KeyRecord, BillingError> {
        let moving = matches!(next.key.state, KeyState::Issuing { .. } | KeyState::Deleting { .. });
        let due = moving.then(|| self.retry_at(record.key.id, tries));
        let settled = match self.store.commit_key(&next, due).await {
            // Toss gave us a key that another of our rows has: it stays that one's.
            Err(StoreError::NameTaken(_)) => {
                let next = refused(
                    &record,
                    Refusal::ours(409, "ALREADY_REGISTERED_BILLING_KEY", "이미 등록된 빌링키 입니다."),
                );
                self.store.commit_key(&next, None).await.map(|()| next)
            }
            ended => ended.map(|()| next),
        }?;
        info!(billing.key = %settled.key.id, billing.key_state = settled.key.state.as_str(), "a billing key moved");
        if moving {
            self.left_work.notify_one();
        }
        Ok(settled)
    }

    async fn added(&self, record: &KeyRecord, due: Option<Timestamp>) -> Result<Added, BillingError> {
        match self.store.insert_key(record, due).await? {
            added @ (Added::New | Added::Known) => Ok(added),
            Added::Taken => Err(BillingError::KeyTaken),
            Added::Full => Err(BillingError::TooManyKeys),
            Added::NoCustomer => Err(BillingError::NotFound("customer")),
        }
    }

    fn seal(
        &self,
        key: &BillingKey,
        customer: &CustomerKey,
        secret: &Secret,
    ) -> Result<hanbeon_store::Sealed, BillingError> {
        Ok(self.vault()?.seal(secret, &super::owner(key.id, customer), self.app.env.random())?)
    }

    fn retry_at(&self, id: BillingKeyId, tries: u32) -> Timestamp {
        self.app.settings.policy.retry_at(self.app.now(), tries, id.uuid().as_u64_pair().1)
    }
}

/// Toss may or may not write the padding at the end (Toss webhooks, `BILLING_DELETED`).
fn fingerprint(secret: &Secret) -> Fingerprint {
    Sha256::digest(secret.expose().trim_end_matches('=')).into()
}

fn refused(record: &KeyRecord, refusal: Refusal) -> KeyRecord {
    let key = record.key.becomes(KeyState::Refused(Box::new(refusal)));
    KeyRecord { key, sealed: None, fingerprint: None }
}

/// In Toss's own words for it (Toss error codes, Billing charge).
fn not_matching() -> Refusal {
    let message = "빌링 인증 고객키와 결제 요청 고객키가 일치하지 않습니다.".to_owned();
    let evidence = Evidence { http_status: 400, body: [].into() };
    Refusal { code: "NOT_MATCHES_CUSTOMER_KEY".to_owned(), message, evidence }
}
