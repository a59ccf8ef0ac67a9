//! The tables, and the verbs on them. A verb looks first and writes after it has found nothing wrong.
//!
//! 1. here: orders, sessions, and what is read of payments;
//! 2. `steps`: what a step writes; 3. `turns`: who may go on with a payment; 4. `refunds`; 5. `notices`; 6. `keys`;
//! 7. `copies`: which copy of the books this is, and what it forgets.
mod copies;
mod keys;
mod notices;
mod refunds;
mod steps;
mod turns;

use hanbeon_domain::billing::{Subscription, SubscriptionNews};
use hanbeon_domain::{
    ApiKeyHash, Checkout, ConfirmRequest, MerchantReference, Order, OrderId, Payment, PaymentId, PaymentKey,
    RefundId, SessionId, StateName, Timestamp, TossOrderId, Won,
};
use hanbeon_store::{
    AnswerRecord, ApiKey, Claim, EventRecord, Generation, Inserted, JournalLine, NewEvent, OrderRecord,
    PaymentRecord, RefundRecord, SAVED_AMOUNTS_MAX, SavedAmount, Seal, Sealed, StoreError,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Bound;
use uuid::Uuid;

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) billing: super::billing::Billing,
    pub(super) receipts: super::receipts::Receipts,
    orders: BTreeMap<OrderId, Order>,
    references: BTreeMap<MerchantReference, OrderId>,
    /// When each was made.
    sessions: BTreeMap<SessionId, Timestamp>,
    saved: BTreeMap<(SessionId, TossOrderId), Saved>,
    /// Grows with every amount that is saved and every payment that is begun: what came first.
    sequence: u64,
    payments: BTreeMap<PaymentId, Row>,
    by_key: BTreeMap<PaymentKey, PaymentId>,
    /// Oldest first.
    of_order: BTreeMap<OrderId, Vec<PaymentId>>,
    /// The newest of each.
    of_toss_order: BTreeMap<TossOrderId, PaymentId>,
    refunds: BTreeMap<RefundId, RefundRecord>,
    /// Oldest first.
    of_payment: BTreeMap<PaymentId, Vec<RefundId>>,
    journal: BTreeMap<PaymentId, Vec<JournalLine>>,
    events: Vec<EventRecord>,
    pub(super) generation: Generation,
    accounts: BTreeMap<RefundId, Sealed>,
    webhooks: notices::Webhooks,
    claims: BTreeMap<String, Claimant>,
    api_keys: BTreeMap<ApiKeyHash, (ApiKey, bool)>,
}

#[derive(Debug)]
struct Saved {
    amount: Won,
    at: Timestamp,
    sequence: u64,
    consumed: Option<Timestamp>,
}

#[derive(Debug)]
struct Row {
    payment: Payment,
    sequence: u64,
    changed_at: Timestamp,
    seal: Option<Seal>,
    due: Option<Timestamp>,
    /// Is somebody carrying it out? Then `due` is the end of the lease.
    held: bool,
    /// Has a notice come that nobody has taken up?
    noticed: bool,
    /// Does whoever takes it have a reason to look at Toss?
    look: bool,
    /// What the last step says.
    refund_from: Timestamp,
    /// What the last step says.
    notice_from: Timestamp,
}

#[derive(Debug)]
struct Claimant {
    claim: Claim,
    until: Timestamp,
    released: bool,
    answer: Option<AnswerRecord>,
}

impl Tables {
    pub(super) fn insert_order(&mut self, order: &Order) -> Result<Inserted, StoreError> {
        if let Some(taken) = self.references.get(&order.reference) {
            return Ok(Inserted::ReferenceTaken(*taken));
        }
        if self.orders.contains_key(&order.id) {
            return Err(corrupt("orders", order.id));
        }
        self.references.insert(order.reference.clone(), order.id);
        self.orders.insert(order.id, order.clone());
        Ok(Inserted::New)
    }

    pub(super) fn order(&self, id: OrderId) -> Option<OrderRecord> {
        let order = self.orders.get(&id)?.clone();
        Some(OrderRecord { order, payments: self.payments_of(id).cloned().collect() })
    }

    pub(super) fn session_exists(&self, session: SessionId) -> bool {
        self.sessions.contains_key(&session)
    }

    pub(super) fn save_amount(&mut self, saved: &SavedAmount, at: Timestamp) {
        let SavedAmount { session, toss_order, amount } = saved.clone();
        self.sessions.entry(session).or_insert(at);
        self.sequence += 1;
        let saved = Saved { amount, at, sequence: self.sequence, consumed: None };
        self.saved.insert((session, toss_order), saved);
        let mut own: Vec<_> = self.saved.iter().filter(|((whose, _), _)| *whose == session).collect();
        own.sort_by_key(|(_, saved)| Reverse(saved.sequence));
        let too_many: Vec<_> = own.iter().skip(SAVED_AMOUNTS_MAX).map(|(name, _)| (*name).clone()).collect();
        for name in too_many {
            self.saved.remove(&name);
        }
    }

    pub(super) fn consume_amount(&mut self, wanted: &SavedAmount, now: Timestamp) -> bool {
        let Some(saved) = self.saved.get_mut(&(wanted.session, wanted.toss_order.clone())) else {
            return false;
        };
        let taken = saved.amount == wanted.amount && saved.consumed.is_none();
        if taken {
            saved.consumed = Some(now);
        }
        taken
    }

    pub(super) fn checkout(&self, request: &ConfirmRequest) -> Checkout {
        let saved =
            |session| self.saved.get(&(session, request.toss_order.clone())).map(|saved| saved.amount);
        Checkout {
            order: self.orders.get(&request.order).cloned(),
            same_key: self.payment_by_key(&request.key),
            newest: self.payment_of_order(request.order),
            saved: request.session.and_then(saved),
        }
    }

    pub(super) fn payment(&self, id: PaymentId) -> Option<PaymentRecord> {
        let Row { payment, seal, .. } = self.payments.get(&id)?;
        let refunds = self.refunds_of(id).cloned().collect();
        let history = self.journal.get(&id).cloned().unwrap_or_default();
        let events =
            self.events.iter().map(|told| &told.event).filter(|told| told.about.payment() == Some(id));
        let events = events.cloned().collect();
        Some(PaymentRecord { payment: payment.clone(), refunds, history, events, seal: *seal })
    }

    pub(super) fn events(&self, after: u64, limit: usize) -> Vec<EventRecord> {
        self.events.iter().skip_while(|record| record.number <= after).take(limit).cloned().collect()
    }

    /// Of the next event about this order or subscription.
    fn next_sequence(&self, about: Uuid) -> u64 {
        let told = self.events.iter().filter(|told| told.event.about.id() == about).count();
        u64::try_from(told).unwrap_or(u64::MAX).saturating_add(1)
    }

    pub(super) fn commit_subscription(
        &mut self,
        next: &Subscription,
        news: Option<&SubscriptionNews>,
    ) -> Result<(), StoreError> {
        self.billing.commit_subscription(next)?;
        let sequence = self.next_sequence(next.id.uuid());
        self.tell(news.map(|news| NewEvent::of_subscription(next, news, sequence)));
        Ok(())
    }

    pub(super) fn payment_of_order(&self, order: OrderId) -> Option<Payment> {
        let holder = self.payments_of(order).find(|payment| !payment.leaves_order_free());
        holder.or_else(|| self.payments_of(order).last()).cloned()
    }

    pub(super) fn payment_by_key(&self, key: &PaymentKey) -> Option<Payment> {
        self.by_key.get(key).and_then(|id| self.one(*id)).cloned()
    }

    pub(super) fn payments_in(&self, state: StateName, limit: usize) -> Vec<Payment> {
        let mut rows: Vec<_> =
            self.payments.values().filter(|row| row.payment.state.name() == state).collect();
        rows.sort_by_key(|row| Reverse((row.changed_at, row.sequence)));
        rows.into_iter().take(limit).map(|row| row.payment.clone()).collect()
    }

    pub(super) fn records_after(&self, after: Option<PaymentId>, limit: usize) -> Vec<PaymentRecord> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let ids = self.payments.range((from, Bound::Unbounded)).take(limit);
        ids.filter_map(|(id, _)| self.payment(*id)).collect()
    }

    pub(super) fn all_payments(&self) -> Vec<(Payment, Option<Timestamp>)> {
        let mut rows: Vec<_> = self.payments.values().collect();
        rows.sort_by_key(|row| row.sequence);
        rows.into_iter().map(|row| (row.payment.clone(), row.due)).collect()
    }

    fn one(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.get(&id).map(|row| &row.payment)
    }

    /// Oldest first.
    fn payments_of(&self, order: OrderId) -> impl Iterator<Item = &Payment> {
        self.of_order.get(&order).into_iter().flatten().filter_map(|id| self.one(*id))
    }
}

fn corrupt(table: &'static str, row: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table, row: format!("{row}") }
}
