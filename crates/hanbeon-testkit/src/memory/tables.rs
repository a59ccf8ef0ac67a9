//! The tables, and the verbs on them. A verb looks first and writes after it has found nothing wrong.
use hanbeon_domain::{
    Action, ApiKeyHash, Checkout, ConfirmRequest, MerchantReference, Order, OrderId, Payment, PaymentId,
    PaymentKey, RefundId, SessionId, State, StateName, Step, Timestamp, TossOrderId, Won,
};
use hanbeon_store::{
    ApiKey, Begun, Inserted, JournalLine, OrderRecord, PaymentRecord, RefundRecord, SAVED_AMOUNTS_MAX,
    SavedAmount, StoreError,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(super) struct Tables {
    orders: BTreeMap<OrderId, Order>,
    references: BTreeMap<MerchantReference, OrderId>,
    sessions: BTreeSet<SessionId>,
    saved: BTreeMap<(SessionId, TossOrderId), Saved>,
    /// Grows with every amount that is saved and every payment that is begun: what came first.
    sequence: u64,
    payments: BTreeMap<PaymentId, Row>,
    by_key: BTreeMap<PaymentKey, PaymentId>,
    /// Oldest first.
    of_order: BTreeMap<OrderId, Vec<PaymentId>>,
    refunds: BTreeMap<RefundId, RefundRecord>,
    /// Oldest first.
    of_payment: BTreeMap<PaymentId, Vec<RefundId>>,
    journal: BTreeMap<PaymentId, Vec<JournalLine>>,
    api_keys: BTreeMap<ApiKeyHash, (ApiKey, bool)>,
}

#[derive(Debug)]
struct Saved {
    amount: Won,
    sequence: u64,
    consumed: bool,
}

#[derive(Debug)]
struct Row {
    payment: Payment,
    due: Option<Timestamp>,
    sequence: u64,
}

/// What a step does to the refunds, once it is known that it may.
enum RefundMove {
    None,
    Begin(RefundRecord),
    Settle(RefundId),
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
        let payments = self.ids_of_order(id).iter().filter_map(|id| self.one(*id)).cloned().collect();
        Some(OrderRecord { order, payments })
    }

    pub(super) fn session_exists(&self, session: SessionId) -> bool {
        self.sessions.contains(&session)
    }

    pub(super) fn save_amount(&mut self, saved: &SavedAmount) {
        let SavedAmount { session, toss_order, amount } = saved.clone();
        self.sessions.insert(session);
        let sequence = self.next_sequence();
        self.saved.insert((session, toss_order), Saved { amount, sequence, consumed: false });
        let mut own: Vec<_> = self.saved.iter().filter(|((whose, _), _)| *whose == session).collect();
        own.sort_by_key(|(_, saved)| std::cmp::Reverse(saved.sequence));
        let too_many: Vec<_> = own.iter().skip(SAVED_AMOUNTS_MAX).map(|(name, _)| (*name).clone()).collect();
        for name in too_many {
            self.saved.remove(&name);
        }
    }

    pub(super) fn consume_amount(&mut self, wanted: &SavedAmount) -> bool {
        let Some(saved) = self.saved.get_mut(&(wanted.session, wanted.toss_order.clone())) else {
            return false;
        };
        let taken = saved.amount == wanted.amount && !saved.consumed;
        saved.consumed |= taken;
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

    pub(super) fn begin(&mut self, step: &Step, lease_until: Timestamp) -> Result<Begun, StoreError> {
        let payment = &step.next;
        let fresh = payment.version == 1;
        if fresh && !self.orders.contains_key(&payment.order) {
            return Err(corrupt("payments", payment.id));
        }
        let free = if fresh { self.may_claim(payment) } else { self.is_before(step) };
        if !free || self.refund_is_taken(step) {
            return Ok(Begun::Taken);
        }
        let refund = self.refund_move(step)?;
        if fresh {
            self.sessions.extend(payment.payer);
            self.by_key.insert(payment.key.clone(), payment.id);
            self.of_order.entry(payment.order).or_default().push(payment.id);
        }
        self.write(step, Some(lease_until), refund);
        Ok(Begun::Fresh)
    }

    pub(super) fn commit(&mut self, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
        if !self.is_before(step) {
            return Err(StoreError::Superseded);
        }
        if self.refund_is_taken(step) {
            return Err(corrupt("refunds", step.next.id));
        }
        let refund = self.refund_move(step)?;
        let due = match step.then {
            Action::Rest { due } => due,
            Action::Confirm | Action::Lookup | Action::Cancel | Action::GiveUp => Some(lease_until),
        };
        self.write(step, due, refund);
        Ok(())
    }

    pub(super) fn lease_due(&mut self, now: Timestamp, until: Timestamp, limit: usize) -> Vec<Payment> {
        let is_due = |row: &&mut Row| row.due.is_some_and(|due| due <= now);
        let mut due: Vec<_> = self.payments.values_mut().filter(is_due).collect();
        due.sort_by_key(|row| (row.due, row.sequence));
        let lease = |row: &mut Row| {
            row.due = Some(until);
            row.payment.version += 1;
            row.payment.clone()
        };
        due.into_iter().take(limit).map(lease).collect()
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.payments.values().filter_map(|row| row.due).min()
    }

    pub(super) fn payment(&self, id: PaymentId) -> Option<PaymentRecord> {
        let payment = self.one(id)?.clone();
        let refunds = self.refunds_of(id).cloned().collect();
        Some(PaymentRecord { payment, refunds, history: self.journal.get(&id).cloned().unwrap_or_default() })
    }

    pub(super) fn payment_of_order(&self, order: OrderId) -> Option<Payment> {
        self.ids_of_order(order).last().and_then(|id| self.one(*id)).cloned()
    }

    pub(super) fn payment_by_key(&self, key: &PaymentKey) -> Option<Payment> {
        self.by_key.get(key).and_then(|id| self.one(*id)).cloned()
    }

    pub(super) fn refund(&self, id: RefundId) -> Option<RefundRecord> {
        self.refunds.get(&id).cloned()
    }

    pub(super) fn whole_refund(&self, payment: PaymentId) -> Option<RefundRecord> {
        self.refunds_of(payment).filter(|record| record.refund.whole).last().cloned()
    }

    pub(super) fn insert_api_key(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let name_is_taken = self.api_keys.values().any(|(other, live)| *live && other.name == key.name);
        if name_is_taken || self.api_keys.contains_key(&key.hash) {
            return Err(StoreError::NameTaken("the API key's name"));
        }
        self.api_keys.insert(key.hash, (key.clone(), true));
        Ok(())
    }

    pub(super) fn api_key(&self, hash: ApiKeyHash) -> Option<ApiKey> {
        self.api_keys.get(&hash).filter(|(_, live)| *live).map(|(key, _)| key.clone())
    }

    pub(super) fn api_keys(&self) -> Vec<ApiKey> {
        let mut keys: Vec<_> =
            self.api_keys.values().filter(|(_, live)| *live).map(|(key, _)| key.clone()).collect();
        keys.sort_by(|a, b| (a.created_at, &a.name).cmp(&(b.created_at, &b.name)));
        keys
    }

    pub(super) fn revoke_api_key(&mut self, name: &str) -> bool {
        let Some((_, live)) = self.api_keys.values_mut().find(|(key, live)| *live && key.name == name) else {
            return false;
        };
        *live = false;
        true
    }

    pub(super) fn all_payments(&self) -> Vec<(Payment, Option<Timestamp>)> {
        let mut rows: Vec<_> = self.payments.values().collect();
        rows.sort_by_key(|row| row.sequence);
        rows.into_iter().map(|row| (row.payment.clone(), row.due)).collect()
    }

    fn one(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.get(&id).map(|row| &row.payment)
    }

    fn ids_of_order(&self, order: OrderId) -> &[PaymentId] {
        self.of_order.get(&order).map_or(&[], Vec::as_slice)
    }

    fn refunds_of(&self, payment: PaymentId) -> impl Iterator<Item = &RefundRecord> {
        self.of_payment.get(&payment).into_iter().flatten().filter_map(|id| self.refunds.get(id))
    }

    /// Are the id and the payment key new, and does nobody hold the order?
    fn may_claim(&self, payment: &Payment) -> bool {
        let mut others = self.ids_of_order(payment.order).iter().filter_map(|id| self.one(*id));
        !self.payments.contains_key(&payment.id)
            && !self.by_key.contains_key(&payment.key)
            && others.all(Payment::leaves_order_free)
    }

    fn is_before(&self, step: &Step) -> bool {
        self.one(step.next.id).is_some_and(|stored| stored.version + 1 == step.next.version)
    }

    fn refund_is_taken(&self, step: &Step) -> bool {
        let State::Canceling { refund, .. } = &step.next.state else { return false };
        let under_way = self.refunds_of(step.next.id).any(|record| record.outcome.is_none());
        step.from != StateName::Canceling && (under_way || self.refunds.contains_key(&refund.id))
    }

    fn refund_move(&self, step: &Step) -> Result<RefundMove, StoreError> {
        if let Some((id, _)) = step.settled {
            let record = self.refunds.get(&id);
            let ours =
                record.is_some_and(|record| record.payment == step.next.id && record.outcome.is_none());
            return if ours { Ok(RefundMove::Settle(id)) } else { Err(corrupt("refunds", id)) };
        }
        match &step.next.state {
            State::Canceling { refund, .. } if step.from != StateName::Canceling => {
                Ok(RefundMove::Begin(RefundRecord {
                    refund: (**refund).clone(),
                    payment: step.next.id,
                    outcome: None,
                    settled_at: None,
                }))
            }
            _ => Ok(RefundMove::None),
        }
    }

    fn write(&mut self, step: &Step, due: Option<Timestamp>, refund: RefundMove) {
        let id = step.next.id;
        match refund {
            RefundMove::None => {}
            RefundMove::Begin(record) => {
                self.of_payment.entry(id).or_default().push(record.refund.id);
                self.refunds.insert(record.refund.id, record);
            }
            RefundMove::Settle(refund) => {
                if let Some(record) = self.refunds.get_mut(&refund) {
                    record.outcome = step.settled.as_ref().map(|(_, outcome)| outcome.clone());
                    record.settled_at = Some(step.at);
                }
            }
        }
        self.journal.entry(id).or_default().push(JournalLine {
            version: step.next.version,
            at: step.at,
            actor: step.actor.as_str().to_owned(),
            from: step.from.as_str().to_owned(),
            to: step.next.state.name().as_str().to_owned(),
            event: step.event.clone(),
        });
        let sequence = self.payments.get(&id).map_or_else(|| self.sequence + 1, |row| row.sequence);
        self.sequence = self.sequence.max(sequence);
        self.payments.insert(id, Row { payment: step.next.clone(), due, sequence });
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

fn corrupt(table: &'static str, row: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table, row: format!("{row}") }
}
