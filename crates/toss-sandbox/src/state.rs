//! The store: all payments, orders, keys, rules and the journal. `shared` holds it behind one short-lived lock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::account::Numbers;
use crate::auth::MerchantId;
use crate::billing::Billing;
use crate::clock::Ms;
use crate::codes::{self, Code};
use crate::config::{Config, ConfigError};
use crate::faults::Faults;
use crate::idempotency::Idempotency;
use crate::ids::{Ids, Transaction};
use crate::journal::{Effect, EffectKind, Entry, Journal, Operation};
use crate::ledger::{Ledger, Row};
use crate::limits::Limits;
use crate::payment::{Payment, Struck};
use crate::receipts::Receipts;
use crate::switches::{ReadByOrder, Switches};
use crate::timers::Timers;
use crate::webhooks::{Outbox, WebhookError, WebhookForgery};

/// How many of the oldest payments are looked at to find finished ones that can be forgotten.
const EVICTION_LOOK: usize = 64;

/// Everything that changes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct World {
    payments: HashMap<Arc<str>, Box<Payment>>,
    /// One map per merchant: an order id is unique within its merchant.
    orders: Vec<HashMap<Arc<str>, Order>>,
    /// Payments by age, for listing and for forgetting.
    by_age: VecDeque<Arc<str>>,
    most_payments: usize,
    /// The origin of the newest payment: nearly always that of the next one, which then shares it.
    origin: Arc<str>,
    #[serde(skip)]
    pub(crate) switches: Switches,
    pub(crate) ids: Ids,
    pub(crate) idempotency: Idempotency,
    pub(crate) journal: Journal,
    #[serde(skip)]
    pub(crate) faults: Faults,
    #[serde(skip)]
    pub(crate) limits: Limits,
    pub(crate) ledger: Ledger,
    pub(crate) billing: Billing,
    pub(crate) receipts: Receipts,
    pub(crate) outbox: Outbox,
    pub(crate) numbers: Numbers,
    timers: Timers,
}

/// The attempts to pay one order.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    newest: Arc<str>,
    /// The attempt that was approved, or cancelled since: the order id is used up.
    spent: Option<Arc<str>>,
}

impl World {
    /// A world in which nothing has happened, for so many merchants.
    pub(crate) fn new(config: &Config, merchants: usize) -> Result<Self, ConfigError> {
        let seed = config.seed.map_or_else(getrandom::u64, Ok).map_err(ConfigError::Seed)?;
        Ok(Self {
            payments: HashMap::with_capacity(config.max_payments.min(1 << 20)),
            orders: (0..merchants).map(|_| HashMap::new()).collect(),
            by_age: VecDeque::new(),
            most_payments: config.max_payments,
            origin: config.public_origin.as_str().into(),
            switches: config.switches,
            ids: Ids::new(seed),
            idempotency: Idempotency::new(config.max_idempotency_keys),
            journal: Journal::new(config.max_journal),
            faults: Faults::default(),
            limits: Limits::default(),
            ledger: Ledger::new(config.max_transactions),
            billing: Billing::new(config.max_billing_keys),
            receipts: Receipts::new(config.max_cash_receipts),
            outbox: Outbox::new(config)?,
            numbers: Numbers::new(config.max_payments),
            timers: Timers::default(),
        })
    }

    /// Goes on from a file, for so many merchants: what the configuration says counts again, rules are gone, and what
    /// was under way when the file was written never came to its end.
    pub(crate) fn resume(&mut self, config: &Config, merchants: usize, now: Ms) -> Result<(), ConfigError> {
        self.orders.resize_with(merchants, HashMap::new);
        self.switches = config.switches;
        self.idempotency.resume();
        self.outbox.resume(config, now)?;
        Ok(())
    }

    /// The payment of this key, with its clocks struck; 404 if there is none, 400 if it is another merchant's.
    pub(crate) fn find(&mut self, merchant: MerchantId, key: &str, now: Ms) -> Result<&mut Payment, Code> {
        let payment = self.payment(key, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
        if payment.about.merchant != merchant {
            return Err(codes::INVALID_API_KEY);
        }
        Ok(payment)
    }

    /// The payment of this key, whoever's it is, with its clocks struck.
    pub(crate) fn payment(&mut self, key: &str, now: Ms) -> Option<&mut Payment> {
        loop {
            let struck = self.payments.get_mut(key)?.refresh(now);
            if struck == Struck::default() {
                break;
            }
            self.announce(key, &struck, now);
        }
        self.payments.get_mut(key).map(|payment| &mut **payment)
    }

    /// What a clock does by itself is done and told like anything else.
    fn announce(&mut self, key: &str, struck: &Struck, now: Ms) {
        let Some(payment) = self.payments.get_mut(key) else { return };
        let own_key = self.switches.deposit_error_key;
        if struck.reversed && payment.reverse_deposit(own_key, &mut self.ids, now).is_err() {
            return;
        }
        let payment = Payment::clone(payment);
        if struck.freed {
            self.free_number(&payment);
        }
        if struck.expired || struck.reversed {
            self.outbox.tell(&payment, &mut self.ids, now);
        }
        if let Some(request) = &struck.ends {
            self.end_cancel_of(key, Some(request), true, now).ok();
        }
    }

    /// An asynchronous cancel comes to its end, well or not: the oldest one under way, if none is named.
    pub(crate) fn end_cancel(
        &mut self,
        key: &str,
        request: Option<&str>,
        well: bool,
        now: Ms,
    ) -> Result<Payment, Code> {
        self.payment(key, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
        self.end_cancel_of(key, request, well, now)
    }

    fn end_cancel_of(
        &mut self,
        key: &str,
        request: Option<&str>,
        well: bool,
        now: Ms,
    ) -> Result<Payment, Code> {
        let payment = self.payments.get_mut(key).ok_or(codes::NOT_FOUND_PAYMENT)?;
        let (parts, transaction) = payment.end_cancel(request, well)?;
        let payment = Payment::clone(payment);
        if well {
            self.ledger.write(Row::of(&payment, transaction, parts.amount, now));
        }
        let moved = Effect::moved(EffectKind::Canceled, parts.amount, transaction);
        self.journal.write(Entry {
            at: now,
            operation: Operation::CancelEnded,
            order: Some(Arc::clone(&payment.about.order)),
            payment: Some(Arc::clone(&payment.about.key)),
            amount: Some(parts.amount),
            key: None,
            replayed: false,
            lost: false,
            status: None,
            code: None,
            effect: if well { moved } else { Effect::NONE },
        });
        self.outbox.tell_end(&payment, &mut self.ids, now);
        Ok(payment)
    }

    /// The payment and the sources of keys and numbers, for transitions that make a transaction.
    pub(crate) fn with_ids(&mut self, key: &str, now: Ms) -> Option<(&mut Payment, &mut Ids, &mut Numbers)> {
        self.payment(key, now)?;
        self.payments.get_mut(key).map(|payment| (&mut **payment, &mut self.ids, &mut self.numbers))
    }

    /// Lets the clocks of open payments strike that are due.
    pub(crate) fn strike(&mut self, now: Ms) {
        while self.switches.sweep_expiries
            && let Some(key) = self.timers.strike(now)
        {
            self.payment(&key, now);
        }
    }

    /// A buyer has authenticated: the 10 minutes of this payment run.
    pub(crate) fn authenticated(&mut self, key: &Arc<str>, now: Ms) {
        self.timers.authenticated(key, now, self.most_payments);
    }

    /// Something happens to this payment at this time, whoever looks.
    pub(crate) fn wind_to(&mut self, key: &Arc<str>, at: Ms) {
        self.timers.wind_to(key, at, self.most_payments);
    }

    /// Tells of a transition that has just happened: a row of the list if money moved, webhooks in any case.
    pub(crate) fn tell(&mut self, payment: &Payment, money: Option<(Transaction, i64)>, now: Ms) {
        if let Some((transaction, amount)) = money {
            self.record(payment, transaction, amount, now);
        }
        self.outbox.tell(payment, &mut self.ids, now);
    }

    /// Forges a webhook, about a payment or a billing key.
    pub(crate) fn forge_webhook(
        &mut self,
        forgery: &WebhookForgery,
        now: Ms,
    ) -> Result<Vec<u64>, WebhookError> {
        let key = forgery.payment_key.as_deref();
        let about =
            key.map(|key| self.payment(key, now).cloned().ok_or(WebhookError::NoPayment)).transpose()?;
        self.outbox.forge(forgery, about, &mut self.ids, now)
    }

    /// A row of the list alone.
    pub(crate) fn record(&mut self, payment: &Payment, transaction: Transaction, amount: i64, now: Ms) {
        self.ledger.write(Row::of(payment, transaction, amount, now));
    }

    /// Nobody can pay into the account of this payment any more, for the first time: its number may be issued again.
    pub(crate) fn free_number(&mut self, payment: &Payment) {
        if let Some(account) = payment.account.as_ref().filter(|_| self.switches.recycle_accounts) {
            self.numbers.give_back(account);
        }
    }

    /// The payment as it stands, without letting its clocks strike.
    pub(crate) fn peek(&self, key: &str) -> Option<&Payment> {
        self.payments.get(key).map(|payment| &**payment)
    }

    /// The key of the payment that a read by order is answered with.
    pub(crate) fn of_order(&self, merchant: MerchantId, order: &str, rule: ReadByOrder) -> Option<Arc<str>> {
        let order = self.orders.get(merchant)?.get(order)?;
        let key = match rule {
            ReadByOrder::Newest => &order.newest,
            ReadByOrder::ApprovedFirst => order.spent.as_ref().unwrap_or(&order.newest),
        };
        Some(Arc::clone(key))
    }

    /// Whether the order id was used up by an approval, or by a cancel since.
    pub(crate) fn is_spent(&self, merchant: MerchantId, order: &str) -> bool {
        self.orders.get(merchant).and_then(|orders| orders.get(order)).is_some_and(|o| o.spent.is_some())
    }

    /// Uses the order id of an approved payment up.
    pub(crate) fn spend(&mut self, key: &str) {
        let Some(payment) = self.payments.get(key) else { return };
        let about = &payment.about;
        if let Some(order) = self.orders[about.merchant].get_mut(&about.order) {
            order.spent = Some(Arc::clone(&about.key));
        }
    }

    /// How many payments are kept.
    pub(crate) fn count(&self) -> usize {
        self.payments.len()
    }

    /// Snapshots of a page of payments, oldest first, with their clocks struck.
    pub(crate) fn page(&mut self, offset: usize, limit: usize, order: Option<&str>, now: Ms) -> Vec<Payment> {
        let payments = &self.payments;
        let of_order = |key: &Arc<str>| {
            let payment = payments.get(key);
            payment.is_some_and(|payment| order.is_none_or(|order| *payment.about.order == *order))
        };
        let keys: Vec<Arc<str>> =
            self.by_age.iter().filter(|key| of_order(key)).skip(offset).take(limit).cloned().collect();
        keys.iter().filter_map(|key| self.payment(key, now).cloned()).collect()
    }

    /// Every payment as it stands, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Payment> {
        self.by_age.iter().rev().filter_map(|key| self.peek(key))
    }

    pub(crate) fn origin(&mut self, origin: &str) -> Arc<str> {
        if *self.origin != *origin {
            self.origin = origin.into();
        }
        Arc::clone(&self.origin)
    }

    pub(crate) fn new_key(&mut self, mid: &str, now: Ms) -> Arc<str> {
        loop {
            let key = self.ids.payment_key(mid, now);
            if !self.payments.contains_key(key.as_str()) {
                return key.into();
            }
        }
    }

    pub(crate) fn keep(&mut self, payment: Payment) {
        let (key, order) = (Arc::clone(&payment.about.key), Arc::clone(&payment.about.order));
        self.timers.opened(&key, payment.about.requested_at, self.most_payments);
        let newest = Arc::clone(&key);
        self.orders[payment.about.merchant]
            .entry(order)
            .and_modify(|order| order.newest = Arc::clone(&newest))
            .or_insert(Order { newest, spent: None });
        self.by_age.push_back(Arc::clone(&key));
        self.payments.insert(key, Box::new(payment));
    }

    /// Forgets the oldest finished payment when the store is full; false when all of the oldest are unfinished.
    pub(crate) fn make_room(&mut self, now: Ms) -> bool {
        if self.payments.len() < self.most_payments {
            return true;
        }
        for _ in 0..EVICTION_LOOK {
            let Some(key) = self.by_age.pop_front() else { return self.most_payments > 0 };
            match self.payment(&key, now).map(|payment| payment.status.is_finished()) {
                Some(false) => self.by_age.push_back(key),
                Some(true) => {
                    self.forget(&key);
                    return true;
                }
                None => {}
            }
        }
        false
    }

    fn forget(&mut self, key: &str) {
        let Some(payment) = self.payments.remove(key) else { return };
        let orders = &mut self.orders[payment.about.merchant];
        let Some(order) = orders.get_mut(&payment.about.order) else { return };
        if order.spent.as_deref() == Some(key) {
            order.spent = None;
        }
        if *order.newest == *key {
            orders.remove(&payment.about.order);
        }
    }
}
