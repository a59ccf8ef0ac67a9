//! Customers, keys, charges and subscriptions.
use crate::PostgresStore;
use crate::error::unwritten;
use async_trait::async_trait;
use hanbeon_domain::billing::{Charge, ChargeStep, Customer, Subscription};
use hanbeon_domain::{BillingKeyId, ChargeId, CustomerId, SubscriptionId, Timestamp};
use hanbeon_store::{
    Added, BegunCharge, BillingStore, BillingTurn, CustomerRecord, Fingerprint, KeyRecord, StoreError,
};

#[async_trait]
impl BillingStore for PostgresStore {
    async fn insert_customer(&self, _customer: &Customer) -> Result<bool, StoreError> {
        Err(unwritten())
    }

    async fn customer(&self, _id: CustomerId) -> Result<Option<CustomerRecord>, StoreError> {
        Err(unwritten())
    }

    async fn insert_key(&self, _new: &KeyRecord, _due: Option<Timestamp>) -> Result<Added, StoreError> {
        Err(unwritten())
    }

    async fn billing_key(&self, _id: BillingKeyId) -> Result<Option<KeyRecord>, StoreError> {
        Err(unwritten())
    }

    async fn commit_key(&self, _next: &KeyRecord, _due: Option<Timestamp>) -> Result<(), StoreError> {
        Err(unwritten())
    }

    async fn doubt_key(&self, _fingerprint: &Fingerprint, _at: Timestamp) -> Result<bool, StoreError> {
        Err(unwritten())
    }

    async fn key_is_in_use(&self, _id: BillingKeyId) -> Result<bool, StoreError> {
        Err(unwritten())
    }

    async fn begin_charge(
        &self,
        _charge: &Charge,
        _subscription: Option<&Subscription>,
        _until: Timestamp,
    ) -> Result<BegunCharge, StoreError> {
        Err(unwritten())
    }

    async fn commit_charge(
        &self,
        _step: &ChargeStep,
        _now: Timestamp,
        _until: Timestamp,
    ) -> Result<(), StoreError> {
        Err(unwritten())
    }

    async fn charge(&self, _id: ChargeId) -> Result<Option<Charge>, StoreError> {
        Err(unwritten())
    }

    async fn last_charge(&self, _of: SubscriptionId, _period: u32) -> Result<Option<Charge>, StoreError> {
        Err(unwritten())
    }

    async fn charges(&self, _of: SubscriptionId, _limit: usize) -> Result<Vec<Charge>, StoreError> {
        Err(unwritten())
    }

    async fn insert_subscription(&self, _new: &Subscription) -> Result<(), StoreError> {
        Err(unwritten())
    }

    async fn subscription(&self, _id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
        Err(unwritten())
    }

    async fn commit_subscription(&self, _next: &Subscription) -> Result<(), StoreError> {
        Err(unwritten())
    }

    async fn lease_billing(
        &self,
        _now: Timestamp,
        _until: Timestamp,
        _limit: usize,
    ) -> Result<Vec<BillingTurn>, StoreError> {
        Err(unwritten())
    }

    async fn next_billing_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Err(unwritten())
    }
}
