//! Customers, keys, charges and subscriptions in memory.
use super::MemoryStore;
use super::tables::Tables;
use async_trait::async_trait;
use hanbeon_domain::billing::{
    BillingKey, Charge, ChargeAction, ChargeStep, Customer, KeyState, Status, Subscription, SubscriptionNews,
};
use hanbeon_domain::{BillingKeyId, ChargeId, CustomerId, SubscriptionId, Timestamp, TossOrderId};
use hanbeon_store::{
    Added, BegunCharge, BillingStore, BillingTurn, CustomerRecord, Fingerprint, Inserted,
    KEYS_PER_CUSTOMER_MAX, KeyRecord, StoreError,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Billing {
    customers: BTreeMap<CustomerId, Customer>,
    keys: BTreeMap<BillingKeyId, (KeyRecord, Option<Timestamp>)>,
    charges: BTreeMap<ChargeId, (Charge, Option<Timestamp>)>,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
}

impl Billing {
    fn customer(&self, id: CustomerId) -> Option<CustomerRecord> {
        let customer = self.customers.get(&id)?.clone();
        let mut keys: Vec<BillingKey> = self
            .keys
            .values()
            .map(|(record, _)| record.key.clone())
            .filter(|key| key.customer == id)
            .collect();
        keys.sort_by_key(|key| (key.created_at, key.id));
        Some(CustomerRecord { customer, keys })
    }

    fn is_taken(&self, record: &KeyRecord) -> bool {
        let mut others = self.keys.values().filter(|(other, _)| other.key.id != record.key.id);
        record.fingerprint.is_some() && others.any(|(other, _)| other.fingerprint == record.fingerprint)
    }

    /// Newest first.
    fn charges(&self, of: SubscriptionId) -> Vec<Charge> {
        let its = self.charges.values().map(|(charge, _)| charge);
        let its = its
            .filter_map(|charge| Some((charge.period.filter(|period| period.subscription == of)?, charge)));
        let mut charges: Vec<_> = its.collect();
        charges.sort_by_key(|(period, _)| Reverse(*period));
        charges.into_iter().map(|(_, charge)| charge.clone()).collect()
    }

    /// Is there another charge of its period, which is not refused?
    fn period_is_taken(&self, charge: &Charge) -> bool {
        let Some(period) = charge.period else { return false };
        self.charges(period.subscription).iter().any(|other| {
            let same = other.period.is_some_and(|other| other.period == period.period);
            same && (other.state.as_str() != "refused" || other.period == charge.period)
        })
    }

    pub(super) fn is_charging(&self, order: &TossOrderId) -> bool {
        self.charges.values().any(|(charge, _)| charge.toss_order == *order && charge.is_open())
    }

    pub(super) fn commit_subscription(&mut self, next: &Subscription) -> Result<(), StoreError> {
        let stored = self.subscriptions.get_mut(&next.id).filter(|stored| stored.version + 1 == next.version);
        *stored.ok_or(StoreError::Superseded)? = next.clone();
        Ok(())
    }

    fn next_due(&self) -> Option<Timestamp> {
        let keys = self.keys.values().filter_map(|(_, due)| *due);
        let charges = self.charges.values().filter_map(|(_, due)| *due);
        keys.chain(charges).chain(self.subscriptions.values().filter_map(|next| next.due_at)).min()
    }

    fn lease(&mut self, now: Timestamp, until: Timestamp, limit: usize) -> Vec<BillingTurn> {
        let mut turns = Vec::new();
        let mut due: Vec<_> =
            self.charges.values_mut().filter(|(_, due)| due.is_some_and(|due| due <= now)).collect();
        due.sort_by_key(|(_, due)| *due);
        for (charge, due) in due.into_iter().take(limit) {
            (charge.version, *due) = (charge.version + 1, Some(until));
            turns.push(BillingTurn::Charge(charge.clone()));
        }
        let mut due: Vec<_> =
            self.keys.values_mut().filter(|(_, due)| due.is_some_and(|due| due <= now)).collect();
        due.sort_by_key(|(_, due)| *due);
        for (record, due) in due.into_iter().take(limit - turns.len()) {
            (record.key.version, *due) = (record.key.version + 1, Some(until));
            turns.push(BillingTurn::Key(record.clone()));
        }
        let is_due = |next: &&mut Subscription| next.due_at.is_some_and(|due| due <= now);
        let mut due: Vec<_> = self.subscriptions.values_mut().filter(is_due).collect();
        due.sort_by_key(|next| next.due_at);
        for next in due.into_iter().take(limit - turns.len()) {
            (next.version, next.due_at) = (next.version + 1, Some(until));
            turns.push(BillingTurn::Subscription(next.clone()));
        }
        turns
    }
}

impl Tables {
    fn begin_charge(
        &mut self,
        charge: &Charge,
        subscription: Option<&Subscription>,
        until: Timestamp,
    ) -> Result<BegunCharge, StoreError> {
        let billing = &mut self.billing;
        if billing.charges.contains_key(&charge.id) {
            return Ok(BegunCharge::Known);
        }
        let key = billing.keys.get(&charge.key).map(|(record, _)| &record.key);
        if !key.is_some_and(|key| key.customer == charge.customer && key.state == KeyState::Active) {
            return Ok(BegunCharge::NoKey);
        }
        if billing.period_is_taken(charge) {
            return Ok(BegunCharge::Taken);
        }
        subscription.map_or(Ok(()), |next| billing.commit_subscription(next))?;
        billing.charges.insert(charge.id, (charge.clone(), Some(until)));
        Ok(BegunCharge::Fresh)
    }

    fn commit_charge(
        &mut self,
        step: &ChargeStep,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let ChargeStep { next, then, born } = step;
        let stored = self.billing.charges.get(&next.id);
        if stored.is_none_or(|(stored, _)| stored.version + 1 != next.version) {
            return Err(StoreError::Superseded);
        }
        if let Some(born) = born {
            if self.insert_order(&born.order)? != Inserted::New {
                return Err(StoreError::Superseded);
            }
            self.begin(&born.intent, until)?;
            self.commit(&born.outcome, until)?;
        }
        let due = next.is_open().then(|| match then {
            ChargeAction::Rest { due } => due.unwrap_or(until),
            ChargeAction::Charge | ChargeAction::Lookup => until,
        });
        self.billing.charges.insert(next.id, (next.clone(), due));
        let woken = next.period.filter(|_| due.is_none());
        if let Some(woken) = woken.and_then(|period| self.billing.subscriptions.get_mut(&period.subscription))
            && matches!(woken.status, Status::Active | Status::PastDue)
        {
            (woken.version, woken.due_at) = (woken.version + 1, Some(now));
        }
        Ok(())
    }
}

#[async_trait]
impl BillingStore for MemoryStore {
    async fn insert_customer(&self, customer: &Customer) -> Result<bool, StoreError> {
        let customers = &mut self.tables().billing.customers;
        if let Some(known) = customers.get(&customer.id) {
            return Ok(known.key == customer.key);
        }
        let free = customers.values().all(|other| other.key != customer.key);
        if free {
            customers.insert(customer.id, customer.clone());
        }
        Ok(free)
    }

    async fn customer(&self, id: CustomerId) -> Result<Option<CustomerRecord>, StoreError> {
        Ok(self.tables().billing.customer(id))
    }

    async fn insert_key(&self, new: &KeyRecord, due: Option<Timestamp>) -> Result<Added, StoreError> {
        let billing = &mut self.tables().billing;
        if billing.keys.contains_key(&new.key.id) {
            return Ok(Added::Known);
        }
        let Some(owner) = billing.customer(new.key.customer) else { return Ok(Added::NoCustomer) };
        let open = |key: &&BillingKey| !matches!(key.state, KeyState::Deleted | KeyState::Refused(_));
        if KEYS_PER_CUSTOMER_MAX <= owner.keys.iter().filter(open).count() {
            return Ok(Added::Full);
        }
        if billing.is_taken(new) {
            return Ok(Added::Taken);
        }
        billing.keys.insert(new.key.id, (new.clone(), due));
        Ok(Added::New)
    }

    async fn billing_key(&self, id: BillingKeyId) -> Result<Option<KeyRecord>, StoreError> {
        Ok(self.tables().billing.keys.get(&id).map(|(record, _)| record.clone()))
    }

    async fn commit_key(&self, next: &KeyRecord, due: Option<Timestamp>) -> Result<(), StoreError> {
        let billing = &mut self.tables().billing;
        if billing.is_taken(next) {
            return Err(StoreError::NameTaken("the billing key"));
        }
        let stored = billing.keys.get_mut(&next.key.id);
        let stored = stored.filter(|(stored, _)| stored.key.version + 1 == next.key.version);
        let (record, stored_due) = stored.ok_or(StoreError::Superseded)?;
        // A doubt that came meanwhile stays.
        let doubted_at = record.key.doubted_at;
        (*record, *stored_due) = (next.clone(), due);
        record.key.doubted_at = doubted_at;
        Ok(())
    }

    async fn doubt_key(&self, fingerprint: &Fingerprint, at: Timestamp) -> Result<bool, StoreError> {
        let billing = &mut self.tables().billing;
        let mut keys = billing.keys.values_mut().map(|(record, _)| record);
        let found = keys
            .find(|record| record.fingerprint == Some(*fingerprint) && record.key.state == KeyState::Active);
        Ok(found.map(|record| record.key.doubted_at = Some(at)).is_some())
    }

    async fn key_is_in_use(&self, id: BillingKeyId) -> Result<bool, StoreError> {
        let billing = &self.tables().billing;
        Ok(billing.charges.values().any(|(charge, _)| charge.key == id && charge.is_open()))
    }

    async fn begin_charge(
        &self,
        charge: &Charge,
        subscription: Option<&Subscription>,
        until: Timestamp,
    ) -> Result<BegunCharge, StoreError> {
        self.tables().begin_charge(charge, subscription, until)
    }

    async fn commit_charge(
        &self,
        step: &ChargeStep,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.tables().commit_charge(step, now, until)
    }

    async fn charge(&self, id: ChargeId) -> Result<Option<Charge>, StoreError> {
        Ok(self.tables().billing.charges.get(&id).map(|(charge, _)| charge.clone()))
    }

    async fn last_charge(&self, of: SubscriptionId, period: u32) -> Result<Option<Charge>, StoreError> {
        let charges = self.tables().billing.charges(of);
        Ok(charges.into_iter().find(|charge| charge.period.is_some_and(|its| its.period == period)))
    }

    async fn charges(&self, of: SubscriptionId, limit: usize) -> Result<Vec<Charge>, StoreError> {
        Ok(self.tables().billing.charges(of).into_iter().take(limit).collect())
    }

    async fn charges_after(&self, after: Option<ChargeId>, limit: usize) -> Result<Vec<Charge>, StoreError> {
        let tables = self.tables();
        let charges = tables.billing.charges.values().map(|(charge, _)| charge);
        Ok(charges.filter(|charge| after < Some(charge.id)).take(limit).cloned().collect())
    }

    async fn insert_subscription(&self, new: &Subscription) -> Result<(), StoreError> {
        self.tables().billing.subscriptions.entry(new.id).or_insert_with(|| new.clone());
        Ok(())
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
        Ok(self.tables().billing.subscriptions.get(&id).cloned())
    }

    async fn commit_subscription(
        &self,
        next: &Subscription,
        news: Option<&SubscriptionNews>,
    ) -> Result<(), StoreError> {
        self.tables().commit_subscription(next, news)
    }

    async fn lease_billing(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<BillingTurn>, StoreError> {
        Ok(self.tables().billing.lease(now, until, limit))
    }

    async fn next_billing_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables().billing.next_due())
    }
}
