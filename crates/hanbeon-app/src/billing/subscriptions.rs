//! Subscriptions: what the shop says, and the turn in which the next charge begins.
use super::{Billing, BillingError, CHANGES_MAX};
use crate::claims::Operation;
use hanbeon_domain::billing::charge::NewCharge;
use hanbeon_domain::billing::subscription::check;
use hanbeon_domain::billing::{Charge, ChargeAction, For, KeyState, Planned, Schedule, Status, Subscription};
use hanbeon_domain::{BillingKeyId, ChargeId, CustomerId, SubscriptionId, Won};
use hanbeon_store::{BegunCharge, StoreError};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tracing::{error, info};
use uuid::Builder;

/// When a subscription is looked at again whose period somebody else has just begun to charge.
const LATER: Duration = Duration::from_secs(60);
/// Charges of a subscription that are shown: five years of months.
pub const SHOWN_MAX: usize = 60;

/// What the shop sends.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Who is charged.
    pub customer: CustomerId,
    /// By which key.
    pub key: BillingKeyId,
    /// How much.
    pub amount: Won,
    /// What the buyer reads.
    pub name: String,
    /// When.
    pub schedule: Schedule,
}

/// What the shop wants of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// No charges for now.
    Pause,
    /// Charges again, by this key if one is named.
    Resume(Option<BillingKeyId>),
    /// No charges any more.
    Cancel,
}

impl Billing {
    /// Makes a subscription; for one operation one and the same.
    ///
    /// # Errors
    /// [`BillingError`]; nothing was made then.
    pub async fn subscribe(
        &self,
        operation: Operation,
        new: NewSubscription,
    ) -> Result<Subscription, BillingError> {
        self.vault()?;
        let NewSubscription { customer, key, amount, name, schedule } = new;
        check(amount, &name)?;
        self.customer(customer).await?;
        self.is_active(key, customer).await?;
        let id = SubscriptionId::from_uuid(operation.uuid());
        let (created_at, due_at) = (self.app.now(), Some(schedule.charged_at(0)));
        let (version, period, status, retry_now) = (1, 0, Status::Active, false);
        let new = Subscription {
            id,
            customer,
            key,
            amount,
            name,
            schedule,
            created_at,
            version,
            period,
            status,
            retry_now,
            due_at,
        };
        self.store.insert_subscription(&new).await?;
        self.left_work.notify_one();
        self.subscription(id).await
    }

    /// One subscription.
    ///
    /// # Errors
    /// [`BillingError::NotFound`], or what the store says.
    pub async fn subscription(&self, id: SubscriptionId) -> Result<Subscription, BillingError> {
        self.store.subscription(id).await?.ok_or(BillingError::NotFound("subscription"))
    }

    /// Its charges, newest first, at most [`SHOWN_MAX`].
    ///
    /// # Errors
    /// What the store says.
    pub async fn charges(&self, of: SubscriptionId) -> Result<Vec<Charge>, BillingError> {
        self.subscription(of).await?;
        Ok(self.store.charges(of, SHOWN_MAX).await?)
    }

    /// Changes a subscription.
    ///
    /// # Errors
    /// [`BillingError`]; it is as it was then.
    pub async fn change(&self, id: SubscriptionId, change: Change) -> Result<Subscription, BillingError> {
        for tries in 0..CHANGES_MAX {
            self.give_way(tries).await;
            let stored = self.subscription(id).await?;
            let next = match change {
                Change::Pause => stored.pause()?,
                Change::Cancel => stored.cancel(),
                Change::Resume(key) => {
                    self.is_active(key.unwrap_or(stored.key), stored.customer).await?;
                    stored.resume(key, self.app.now())?
                }
            };
            let news = next.news(&stored, None, self.app.now());
            match self.store.commit_subscription(&next, news.as_ref()).await {
                Ok(()) => {
                    self.left_work.notify_one();
                    return Ok(next);
                }
                Err(StoreError::Superseded) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Err(BillingError::Crowded)
    }

    /// Does what is next for a subscription that the caller holds.
    pub(super) async fn take_turn(&self, held: Subscription) -> Result<(), BillingError> {
        let last = self.store.last_charge(held.id, held.period).await?;
        let now = self.app.now();
        let (next, ordinal) = match held.plan(last.as_ref(), now, &self.dunning) {
            Planned::Rest { next } => return self.rest(&held, &next, last.as_ref()).await,
            Planned::Charge { next, ordinal } => (next, ordinal),
        };
        let record = self.key(held.key).await?;
        if record.key.state == KeyState::Active {
            self.open(&record).await?;
        }
        let Subscription { id, customer, key, period, amount, .. } = held;
        let period = For { subscription: id, period, ordinal };
        let new = NewCharge {
            id: charge_for(period),
            customer,
            key,
            period: Some(period),
            amount,
            name: held.name.clone(),
        };
        let charge = Charge::intended(new, now);
        let held_until = self.app.lease_until();
        match self.store.begin_charge(&charge, Some(&next), held_until).await? {
            BegunCharge::Fresh => {
                self.app.env.reached("intent stored");
                self.carry(charge, ChargeAction::Charge, held_until).await.map(drop)
            }
            BegunCharge::NoKey => self.rest(&held, &held.unpaid(), None).await,
            BegunCharge::Known | BegunCharge::Taken => {
                let later =
                    Subscription { due_at: Some(now.plus(LATER)), version: held.version + 1, ..held.clone() };
                self.rest(&held, &later, None).await
            }
        }
    }

    /// `last` is the charge after which it rests, if there is one.
    async fn rest(
        &self,
        held: &Subscription,
        next: &Subscription,
        last: Option<&Charge>,
    ) -> Result<(), BillingError> {
        let news = next.news(held, last, self.app.now());
        self.store.commit_subscription(next, news.as_ref()).await?;
        self.app.env.reached("recorded");
        match next.status {
            Status::Unpaid if held.status != Status::Unpaid => {
                error!(subscription.id = %next.id, subscription.period = next.period, "a subscription is unpaid");
            }
            status => {
                info!(subscription.id = %next.id, subscription.period = next.period, status = status.as_str(), "a subscription rests");
            }
        }
        self.left_work.notify_one();
        Ok(())
    }

    async fn is_active(&self, key: BillingKeyId, customer: CustomerId) -> Result<(), BillingError> {
        let record = self.store.billing_key(key).await?.ok_or(BillingError::KeyNotActive)?;
        let usable = record.key.customer == customer && record.key.state == KeyState::Active;
        if usable { Ok(()) } else { Err(BillingError::KeyNotActive) }
    }
}

/// The same, whoever begins it: books that were restored, and have forgotten this charge, send it under the key under which
/// Toss has answered it already.
fn charge_for(For { subscription, period, ordinal }: For) -> ChargeId {
    let mut hash = Sha256::new();
    hash.update(subscription.uuid().as_bytes());
    hash.update(period.to_be_bytes());
    hash.update(ordinal.to_be_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    ChargeId::from_uuid(Builder::from_custom_bytes(id).into_uuid())
}
