//! The queue and the log of webhooks in one: bounded, part of the world and behind its lock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use tokio::sync::Notify;

use crate::clock::Ms;
use crate::config::Config;
use crate::ids::Ids;
use crate::payment::Payment;
use crate::webhooks::body::News;
use crate::webhooks::endpoint::{MOST_ENDPOINTS, WebhookEndpoint};
use crate::webhooks::faults::{Faults, Spoiled, WebhookFault};
use crate::webhooks::forge::WebhookForgery;
use crate::webhooks::parcel::{End, Parcel, SentWebhook, Stand};
use crate::webhooks::{WebhookError, WebhookEvent};

/// How often to look at the clock while something waits for it: it may be one that a test moves.
const LOOK: Duration = Duration::from_millis(100);
/// How long to wait when there is nobody to send to: the bell ends it.
const IDLE: Duration = Duration::from_secs(3_600);

/// All webhooks, pending and past.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outbox {
    endpoints: BTreeMap<u64, Arc<WebhookEndpoint>>,
    next_endpoint: u64,
    /// The number of the oldest webhook in the log; the others follow without a gap.
    first: u64,
    log: VecDeque<Parcel>,
    /// What is due, and when.
    due: BTreeSet<(Ms, u64)>,
    #[serde(skip)]
    faults: Faults,
    most: usize,
    /// Whether an endpoint may be on another machine.
    anywhere: bool,
    /// Webhooks that were pushed out of the log before they were over.
    forgotten: u64,
    compression: u32,
    /// Rings when there may be something to send.
    #[serde(skip)]
    bell: Arc<Notify>,
}

/// A stretch of the log.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) parcels: Vec<(u64, Parcel)>,
    pub(crate) last: u64,
    pub(crate) forgotten: u64,
}

impl Outbox {
    pub(crate) fn new(config: &Config) -> Result<Self, WebhookError> {
        let mut outbox = Self {
            endpoints: BTreeMap::new(),
            next_endpoint: 1,
            first: 1,
            log: VecDeque::new(),
            due: BTreeSet::new(),
            faults: Faults::default(),
            most: config.max_webhooks.max(1),
            anywhere: config.webhooks_anywhere,
            forgotten: 0,
            compression: config.webhook_compression,
            bell: Arc::new(Notify::new()),
        };
        for endpoint in &config.webhooks {
            outbox.register(endpoint.clone())?;
        }
        Ok(outbox)
    }

    /// Goes on from a file: receivers that the configuration names and the file does not are added, and what a rule
    /// held back is due, for rules are not kept.
    pub(crate) fn resume(&mut self, config: &Config, now: Ms) -> Result<(), WebhookError> {
        self.anywhere = config.webhooks_anywhere;
        self.compression = config.webhook_compression;
        for endpoint in &config.webhooks {
            if self.endpoints.values().all(|known| known.url != endpoint.url) {
                self.register(endpoint.clone())?;
            }
        }
        let ids = self.first..self.next();
        let held: Vec<u64> =
            ids.zip(&self.log).filter(|(_, parcel)| parcel.stand == Stand::Held).map(|(id, _)| id).collect();
        for id in held {
            self.stand(id, Stand::Due(now));
        }
        Ok(())
    }

    pub(crate) fn register(&mut self, endpoint: WebhookEndpoint) -> Result<u64, WebhookError> {
        endpoint.check(self.anywhere)?;
        if self.endpoints.len() >= MOST_ENDPOINTS {
            return Err(WebhookError::TooMany);
        }
        let id = self.next_endpoint;
        self.next_endpoint += 1;
        self.endpoints.insert(id, Arc::new(endpoint));
        self.ring();
        Ok(id)
    }

    pub(crate) fn endpoints(&self) -> Vec<(u64, WebhookEndpoint)> {
        self.endpoints.iter().map(|(id, endpoint)| (*id, WebhookEndpoint::clone(endpoint))).collect()
    }

    /// Nothing new goes there; what is under way still does.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        self.endpoints.remove(&id).is_some()
    }

    /// A payment has changed: one webhook for each event and each endpoint that wants it.
    pub(crate) fn tell(&mut self, payment: &Payment, ids: &mut Ids, now: Ms) {
        self.tell_events(payment, WebhookEvent::of(payment), ids, now);
    }

    /// An asynchronous cancel of a payment has come to its end: nothing else tells of it (Toss webhooks, Which
    /// transition emits what).
    pub(crate) fn tell_end(&mut self, payment: &Payment, ids: &mut Ids, now: Ms) {
        self.tell_events(payment, &[WebhookEvent::CancelStatusChanged], ids, now);
    }

    fn tell_events(&mut self, payment: &Payment, events: &[WebhookEvent], ids: &mut Ids, now: Ms) {
        if self.endpoints.is_empty() {
            return;
        }
        let snapshot = Arc::new(payment.clone());
        for event in events {
            self.publish(*event, &News::Payment(Arc::clone(&snapshot)), ids, now);
        }
    }

    /// A billing key was removed.
    pub(crate) fn tell_billing_deleted(&mut self, key: &str, reason: Option<&str>, ids: &mut Ids, now: Ms) {
        let news = News::BillingDeleted { key: key.into(), reason: reason.map(Into::into) };
        self.publish(WebhookEvent::BillingDeleted, &news, ids, now);
    }

    fn publish(&mut self, event: WebhookEvent, news: &News, ids: &mut Ids, now: Ms) {
        let endpoints: Vec<_> = self.endpoints.values().cloned().collect();
        for endpoint in endpoints.into_iter().filter(|endpoint| endpoint.events.contains(&event)) {
            let id: Arc<str> = ids.transmission().into();
            self.post(Parcel::new(endpoint, event, id, news.clone(), now), now);
        }
        self.ring();
    }

    fn post(&mut self, mut parcel: Parcel, now: Ms) {
        let id = self.next();
        let mut released = Vec::new();
        match self.faults.take(
            id,
            parcel.event,
            parcel.news.payment().map_or("", |payment| &payment.about.order),
        ) {
            Spoiled::No => {}
            Spoiled::Dropped => parcel.stand = Stand::Dropped,
            Spoiled::Copied(copies) => parcel.copies = copies,
            Spoiled::Delayed(ms) => parcel.stand = Stand::Due(now + i64::try_from(ms).unwrap_or(0)),
            Spoiled::Held => parcel.stand = Stand::Held,
            Spoiled::Released(order) => {
                parcel.stand = Stand::Held;
                released = order;
            }
        }
        self.keep(parcel, now);
        self.release(&released, now);
    }

    /// Writes a webhook into the log, and forgets the oldest ones beyond its bound.
    fn keep(&mut self, parcel: Parcel, now: Ms) -> u64 {
        let id = self.next();
        if let Stand::Due(at) = parcel.stand {
            self.due.insert((at, id));
        }
        self.log.push_back(parcel);
        while self.log.len() > self.most {
            self.forget_oldest(now);
        }
        id
    }

    /// Sends what was held back, each when the one before it has come to an end.
    fn release(&mut self, order: &[u64], now: Ms) {
        let order: Vec<u64> = order.iter().copied().filter(|id| self.parcel(*id).is_some()).collect();
        for (at, id) in order.iter().enumerate() {
            let then = order.get(at + 1).copied();
            let Some(parcel) = self.parcel(*id) else { continue };
            parcel.then = then;
            parcel.stand = Stand::Behind;
        }
        if let Some(first) = order.first() {
            self.stand(*first, Stand::Due(now));
        }
    }

    /// Takes what is due, at most so many, and says how long there is nothing more to do.
    pub(crate) fn take_due(&mut self, now: Ms, room: usize) -> (Vec<(u64, Parcel)>, Duration) {
        let mut taken = Vec::new();
        while taken.len() < room
            && let Some((at, id)) = self.due.first().copied()
            && at <= now
        {
            self.stand(id, Stand::Flying);
            self.due.remove(&(at, id));
            if let Some(parcel) = self.parcel(id) {
                taken.push((id, parcel.clone()));
            }
        }
        let pause = if self.endpoints.is_empty() && self.due.is_empty() { IDLE } else { LOOK };
        (taken, pause)
    }

    /// A try has come to its end.
    pub(crate) fn tried(&mut self, id: u64, at: Ms, end: End, now: Ms) {
        let compression = self.compression;
        let Some(parcel) = self.parcel(id) else { return };
        parcel.tried(at, end, now, compression);
        let (stand, then) = (parcel.stand, parcel.then.take());
        self.stand(id, stand);
        self.follow(then, now);
        self.ring();
    }

    /// What was under way when its deliverer went away is due again.
    pub(crate) fn recover(&mut self, now: Ms) {
        let ids = self.first..self.next();
        let flying: Vec<u64> = ids
            .zip(&self.log)
            .filter(|(_, parcel)| parcel.stand == Stand::Flying)
            .map(|(id, _)| id)
            .collect();
        for id in flying {
            self.stand(id, Stand::Due(now));
        }
    }

    /// Resends by hand: one try, now; the schedule stays what it was.
    pub(crate) fn resend(&mut self, id: u64, now: Ms) -> Result<(), WebhookError> {
        let parcel = self.parcel(id).ok_or(WebhookError::Unknown)?;
        let before = parcel.stand;
        if !parcel.by_hand(now) {
            return Err(WebhookError::Busy);
        }
        if let Stand::Due(at) = before {
            self.due.remove(&(at, id));
        }
        self.due.insert((now, id));
        self.ring();
        Ok(())
    }

    /// Sends so many copies of a webhook now, side by side and beside itself; no rule spoils them.
    pub(crate) fn duplicate(&mut self, id: u64, copies: u32, now: Ms) -> Result<Vec<u64>, WebhookError> {
        if !(1..=100).contains(&copies) {
            return Err(WebhookError::Copies);
        }
        let copy = self.parcel(id).ok_or(WebhookError::Unknown)?.duplicate(id, now);
        let ids = (0..copies).map(|_| self.keep(copy.clone(), now)).collect();
        self.ring();
        Ok(ids)
    }

    /// Sends a webhook of nothing that happened to every endpoint, whatever it has subscribed to; no rule spoils it.
    pub(crate) fn forge(
        &mut self,
        forgery: &WebhookForgery,
        about: Option<Payment>,
        ids: &mut Ids,
        now: Ms,
    ) -> Result<Vec<u64>, WebhookError> {
        if self.endpoints.is_empty() {
            return Err(WebhookError::NoEndpoint);
        }
        let (event, body) = forgery.write(about.as_ref(), ids, now)?;
        let news = News::Forged { about: about.map(Arc::new), body: body.into() };
        let endpoints: Vec<_> = self.endpoints.values().cloned().collect();
        let mut sent = Vec::new();
        for endpoint in endpoints {
            let id: Arc<str> = ids.transmission().into();
            sent.push(self.keep(Parcel::new(endpoint, event, id, news.clone(), now), now));
        }
        self.ring();
        Ok(sent)
    }

    /// At most `limit` webhooks whose number is above `after`, oldest first.
    pub(crate) fn page(&self, after: u64, limit: usize) -> Page {
        let skip = usize::try_from(after.saturating_add(1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        let parcels = (self.first..).zip(&self.log).skip(skip).take(limit);
        let parcels = parcels.map(|(id, parcel)| (id, parcel.clone())).collect();
        Page { parcels, last: self.next() - 1, forgotten: self.forgotten }
    }

    /// The newest `limit` webhooks about a payment, oldest first.
    pub(crate) fn about(&self, payment: &str, limit: usize) -> Vec<SentWebhook> {
        let newest = (self.first..self.next()).rev().zip(self.log.iter().rev());
        let about = newest
            .filter(|(_, parcel)| parcel.news.payment().is_some_and(|told| *told.about.key == *payment))
            .take(limit);
        let mut webhooks: Vec<_> = about.map(|(id, parcel)| parcel.show(id)).collect();
        webhooks.reverse();
        webhooks
    }

    /// Forgets every webhook, pending ones too; numbers, endpoints and rules stay.
    pub(crate) fn clear(&mut self) {
        self.first = self.next();
        self.log.clear();
        self.due.clear();
    }

    pub(crate) fn add_fault(&mut self, fault: WebhookFault) -> Result<(), WebhookError> {
        self.faults.add(fault)
    }

    pub(crate) fn faults(&self) -> Vec<WebhookFault> {
        self.faults.list()
    }

    /// Deletes the rules and lets go of what they hold back.
    pub(crate) fn clear_faults(&mut self, now: Ms) {
        for id in self.faults.clear() {
            self.stand(id, Stand::Due(now));
        }
        self.ring();
    }

    pub(crate) fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    /// The number of the next webhook.
    fn next(&self) -> u64 {
        self.first + u64::try_from(self.log.len()).unwrap_or(0)
    }

    fn parcel(&mut self, id: u64) -> Option<&mut Parcel> {
        let at = usize::try_from(id.checked_sub(self.first)?).ok()?;
        self.log.get_mut(at)
    }

    fn stand(&mut self, id: u64, stand: Stand) {
        let Some(parcel) = self.parcel(id) else { return };
        parcel.stand = stand;
        if let Stand::Due(at) = stand {
            self.due.insert((at, id));
        }
    }

    /// Whoever waited behind a webhook that is over, or gone, is next.
    fn follow(&mut self, then: Option<u64>, now: Ms) {
        if let Some(id) = then {
            self.stand(id, Stand::Due(now));
        }
    }

    fn forget_oldest(&mut self, now: Ms) {
        let Some(parcel) = self.log.pop_front() else { return };
        let id = self.first;
        self.first += 1;
        if let Stand::Due(at) = parcel.stand {
            self.due.remove(&(at, id));
        }
        if !parcel.is_over() {
            self.forgotten += 1;
        }
        self.follow(parcel.then, now);
    }
}
