//! Which charge of a subscription is next. A period is left behind only when its charge is done, or by the shop's word.
use super::{Charge, ChargeState, Schedule};
use crate::order::{NAME_MAX, TOTAL_MAX};
use crate::{BillingKeyId, CustomerId, Refusal, SubscriptionId, Timestamp, Won};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a subscription rests while its charge is under way. Whoever settles the charge wakes it; this is the net.
const WHILE_CHARGING: Duration = Duration::from_secs(60 * 60);

/// An agreement to charge a buyer again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Ours.
    pub id: SubscriptionId,
    /// Who is charged.
    pub customer: CustomerId,
    /// By which key.
    pub key: BillingKeyId,
    /// How much.
    pub amount: Won,
    /// What the buyer reads on the receipt.
    pub name: String,
    /// When.
    pub schedule: Schedule,
    /// When the shop made it.
    pub created_at: Timestamp,
    /// The fencing token, as a payment's.
    pub version: u64,
    /// The period that is charged, or is to be next; the first is 0.
    pub period: u32,
    /// Where it stands.
    pub status: Status,
    /// The shop asked for one more charge of a period whose charges were refused.
    pub retry_now: bool,
    /// When to look next.
    pub due_at: Option<Timestamp>,
}

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All that was due is paid, or being charged.
    Active,
    /// The last charge was refused; another one follows.
    PastDue,
    /// Refused for the last time. Nothing more is charged until the shop resumes it.
    Unpaid,
    /// The shop wants no charges for now.
    Paused,
    /// It is over.
    Canceled,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Active, Self::PastDue, Self::Unpaid, Self::Paused, Self::Canceled];

    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
        }
    }

    /// Reads what was stored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The type of the event that tells the shop of it.
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::Active => "subscription.active",
            Self::PastDue => "subscription.past_due",
            Self::Unpaid => "subscription.unpaid",
            Self::Paused => "subscription.paused",
            Self::Canceled => "subscription.canceled",
        }
    }
}

/// What the shop is told of a subscription: that it stands elsewhere now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionNews {
    /// Where.
    pub status: Status,
    /// Since when.
    pub at: Timestamp,
    /// Why, if a charge was refused.
    pub refusal: Option<Refusal>,
}

/// After which waits a refused charge is tried again, each as a new charge. After the last, the subscription is unpaid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dunning {
    /// From a refusal to the next charge.
    pub waits: Vec<Duration>,
}

impl Default for Dunning {
    /// On the first, third and fifth day after the first refusal: payday is often among them.
    fn default() -> Self {
        Self { waits: vec![DAY, DAY * 2, DAY * 2] }
    }
}

/// What is next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// A charge of the period, together with this change.
    Charge {
        /// The subscription as it will be.
        next: Subscription,
        /// Which charge of the period.
        ordinal: u32,
    },
    /// Nothing is sent.
    Rest {
        /// The subscription as it will be.
        next: Subscription,
    },
}

/// A subscription that does not make sense, or a change that may not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSubscription {
    /// Nothing to pay, or too much.
    #[error("amount must be 1 to {TOTAL_MAX} won")]
    Amount,
    /// An empty or overlong name.
    #[error("orderName must be 1 to {NAME_MAX} characters")]
    Name,
    /// It is over.
    #[error("the subscription is {}", .0.as_str())]
    NotNow(Status),
}

/// What is charged makes sense.
///
/// # Errors
/// [`BadSubscription`].
pub fn check(amount: Won, name: &str) -> Result<(), BadSubscription> {
    if amount.is_zero() || TOTAL_MAX < amount.get() {
        return Err(BadSubscription::Amount);
    }
    let fits = (1..=NAME_MAX).contains(&name.chars().count());
    if fits { Ok(()) } else { Err(BadSubscription::Name) }
}

impl Subscription {
    /// What to do now, when `last` is the newest charge of the period. Whoever asks holds the subscription.
    #[must_use]
    pub fn plan(&self, last: Option<&Charge>, now: Timestamp, dunning: &Dunning) -> Planned {
        if !matches!(self.status, Status::Active | Status::PastDue) {
            return self.rest(None);
        }
        let due_at = self.schedule.charged_at(self.period);
        match last.map(|charge| (&charge.state, charge.period.map_or(0, |period| period.ordinal))) {
            None if due_at <= now => self.charge(0, now),
            None => self.rest(Some(due_at)),
            Some((ChargeState::Charging { .. }, _)) => self.rest(Some(now.plus(WHILE_CHARGING))),
            Some((ChargeState::Done { .. }, _)) => self.next_period(now),
            Some((ChargeState::Refused { refusal, at }, ordinal)) => {
                self.after_refusal(refusal, *at, ordinal, now, dunning)
            }
        }
    }

    /// No charges from now on, until it is resumed. One that is under way is resolved.
    ///
    /// # Errors
    /// [`BadSubscription::NotNow`] when it is over.
    pub fn pause(&self) -> Result<Self, BadSubscription> {
        self.is_not_over()?;
        Ok(Self { status: Status::Paused, retry_now: false, due_at: None, ..self.changed() })
    }

    /// No charges any more. One that is under way is resolved.
    #[must_use]
    pub fn cancel(&self) -> Self {
        Self { status: Status::Canceled, retry_now: false, due_at: None, ..self.changed() }
    }

    /// Charges again, by this key if one is named. What came due while it was paused is not charged; a period that is
    /// unpaid is charged once more, now.
    ///
    /// # Errors
    /// [`BadSubscription::NotNow`] when it is over.
    pub fn resume(&self, key: Option<BillingKeyId>, now: Timestamp) -> Result<Self, BadSubscription> {
        self.is_not_over()?;
        let key = key.unwrap_or(self.key);
        let next = Self { key, due_at: Some(now), ..self.changed() };
        Ok(match self.status {
            Status::Paused => {
                let period = (self.period..=u32::MAX).find(|period| now <= self.schedule.charged_at(*period));
                Self { status: Status::Active, period: period.unwrap_or(self.period), ..next }
            }
            Status::PastDue | Status::Unpaid => Self { status: Status::PastDue, retry_now: true, ..next },
            Status::Active | Status::Canceled => next,
        })
    }

    /// What a change from `before` to this tells, when `last` is the charge that it follows: nothing, unless the status is
    /// another one. Written with the change, which names the version before it, it is told once.
    #[must_use]
    pub fn news(&self, before: &Self, last: Option<&Charge>, at: Timestamp) -> Option<SubscriptionNews> {
        let refusal = last.and_then(|charge| match &charge.state {
            ChargeState::Refused { refusal, .. } => Some((**refusal).clone()),
            ChargeState::Charging { .. } | ChargeState::Done { .. } => None,
        });
        (self.status != before.status).then_some(SubscriptionNews { status: self.status, at, refusal })
    }

    fn is_not_over(&self) -> Result<(), BadSubscription> {
        match self.status {
            Status::Canceled => Err(BadSubscription::NotNow(self.status)),
            _ => Ok(()),
        }
    }

    fn after_refusal(
        &self,
        refusal: &Refusal,
        refused_at: Timestamp,
        ordinal: u32,
        now: Timestamp,
        dunning: &Dunning,
    ) -> Planned {
        if self.retry_now {
            return self.charge(ordinal + 1, now);
        }
        let wait = usize::try_from(ordinal).ok().and_then(|at| dunning.waits.get(at));
        let next_at = wait.filter(|_| may_be_taken_later(refusal)).map(|wait| refused_at.plus(*wait));
        match next_at {
            Some(at) if at <= now => self.charge(ordinal + 1, now),
            Some(at) => self.rest_as(Status::PastDue, Some(at)),
            None => self.rest_as(Status::Unpaid, None),
        }
    }

    /// Periods that were missed (the server was off) are charged one a day: a buyer is never charged for many at once.
    fn next_period(&self, now: Timestamp) -> Planned {
        let period = self.period.saturating_add(1);
        let due_at = self.schedule.charged_at(period);
        let due_at = if now < due_at { due_at } else { now.plus(DAY) };
        let next =
            Self { period, status: Status::Active, retry_now: false, due_at: Some(due_at), ..self.changed() };
        Planned::Rest { next }
    }

    fn charge(&self, ordinal: u32, now: Timestamp) -> Planned {
        let due_at = Some(now.plus(WHILE_CHARGING));
        Planned::Charge { next: Self { due_at, retry_now: false, ..self.changed() }, ordinal }
    }

    fn rest(&self, due_at: Option<Timestamp>) -> Planned {
        self.rest_as(self.status, due_at)
    }

    fn rest_as(&self, status: Status, due_at: Option<Timestamp>) -> Planned {
        Planned::Rest { next: Self { status, due_at, ..self.changed() } }
    }

    /// Not by its key, which is not there any more.
    #[must_use]
    pub fn unpaid(&self) -> Self {
        Self { status: Status::Unpaid, retry_now: false, due_at: None, ..self.changed() }
    }

    fn changed(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }
}

/// Toss says 400 of what stays as it is: a card that is stopped, a key that is deleted, a request that is wrong. A
/// refusal of the moment (no money, too often today) is a 403; a 401 is our own key's (Toss error codes, Billing charge).
fn may_be_taken_later(refusal: &Refusal) -> bool {
    refusal.evidence.http_status != 400
}

#[cfg(test)]
mod tests;
