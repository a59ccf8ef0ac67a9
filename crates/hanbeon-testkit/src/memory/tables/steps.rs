//! What a step writes: the row, the refund, the journal line, the next due time.
use super::{Row, Tables, corrupt};
use hanbeon_domain::{Action, Payment, RefundId, RefundOutcome, State, StateName, Step, Timestamp};
use hanbeon_store::{
    Begun, CHAIN_START, JournalLine, NewEvent, Progress, RefundRecord, StoreError, due_at_rest,
};

/// What a step does to the refund that is under way, once it is known that it may.
enum RefundMove {
    None,
    /// Under way from now on, or with other amounts.
    Send(RefundRecord),
    Settle(RefundId, RefundOutcome),
}

impl Tables {
    pub(in super::super) fn begin(
        &mut self,
        step: &Step,
        lease_until: Timestamp,
    ) -> Result<Begun, StoreError> {
        let payment = &step.next;
        let fresh = payment.version == 1;
        if fresh && !self.orders.contains_key(&payment.order) {
            return Err(corrupt("payments", payment.id));
        }
        let is_new = !self.payments.contains_key(&payment.id) && !self.by_key.contains_key(&payment.key);
        let expected = if fresh { is_new } else { self.is_before(step) };
        if !expected || self.order_is_taken(payment) || self.refund_is_taken(step) {
            return Ok(Begun::Taken);
        }
        let refund = self.refund_move(step)?;
        if fresh {
            if let Some(payer) = payment.payer {
                self.sessions.entry(payer).or_insert(payment.created_at);
            }
            self.by_key.insert(payment.key.clone(), payment.id);
            self.of_order.entry(payment.order).or_default().push(payment.id);
            self.of_toss_order.insert(payment.toss_order.clone(), payment.id);
        }
        self.write(step, refund);
        self.hold(step, lease_until);
        Ok(Begun::Fresh)
    }

    pub(in super::super) fn commit(&mut self, step: &Step, lease_until: Timestamp) -> Result<(), StoreError> {
        if !self.is_before(step) {
            return Err(StoreError::Superseded);
        }
        if self.order_is_taken(&step.next) {
            return Err(StoreError::OrderTaken);
        }
        if self.refund_is_taken(step) {
            return Err(corrupt("refunds", step.next.id));
        }
        let refund = self.refund_move(step)?;
        self.write(step, refund);
        self.write_elsewhere(step);
        match step.then {
            Action::Rest { due } => self.rest(step, due.is_some()),
            Action::Confirm | Action::Lookup | Action::Cancel | Action::GiveUp => {
                self.hold(step, lease_until);
            }
        }
        Ok(())
    }

    fn is_before(&self, step: &Step) -> bool {
        self.one(step.next.id).is_some_and(|stored| stored.version + 1 == step.next.version)
    }

    /// Does another payment hold the order that this one would hold?
    fn order_is_taken(&self, payment: &Payment) -> bool {
        let mut others = self.payments_of(payment.order).filter(|other| other.id != payment.id);
        !payment.leaves_order_free() && others.any(|other| !other.leaves_order_free())
    }

    fn refund_is_taken(&self, step: &Step) -> bool {
        let State::Canceling { refund, .. } = &step.next.state else { return false };
        let under_way = self.refunds_of(step.next.id).any(|record| record.progress == Progress::Sending);
        let waits =
            |record: &RefundRecord| record.payment == step.next.id && record.progress == Progress::Queued;
        let used = self.refunds.get(&refund.id).is_some_and(|record| !waits(record));
        step.from != StateName::Canceling && (under_way || used)
    }

    fn refund_move(&self, step: &Step) -> Result<RefundMove, StoreError> {
        let payment = step.next.id;
        if let Some((id, outcome)) = &step.settled {
            let under_way =
                |record: &RefundRecord| record.payment == payment && record.progress == Progress::Sending;
            let named = self.refunds.get(id).is_some_and(under_way);
            let taken = if let RefundOutcome::Done { transaction_key: Some(key), .. } = outcome {
                self.is_known(payment, key)
            } else {
                false
            };
            let settles = named && !taken;
            return settles
                .then(|| RefundMove::Settle(*id, outcome.clone()))
                .ok_or_else(|| corrupt("refunds", id));
        }
        Ok(match &step.next.state {
            State::Canceling { refund, .. } => RefundMove::Send(RefundRecord {
                refund: (**refund).clone(),
                payment,
                progress: Progress::Sending,
                settled_at: None,
            }),
            _ => RefundMove::None,
        })
    }

    fn write(&mut self, step: &Step, refund: RefundMove) {
        let id = step.next.id;
        match refund {
            RefundMove::None => {}
            RefundMove::Send(record) => self.put_refund(record),
            RefundMove::Settle(refund, outcome) => {
                self.accounts.remove(&refund);
                if let Some(record) = self.refunds.get_mut(&refund) {
                    record.progress = Progress::Settled(outcome);
                    record.settled_at = Some(step.at);
                }
            }
        }
        let before = self.payments.remove(&id);
        let last = before.as_ref().and_then(|row| row.seal).unwrap_or(CHAIN_START);
        let line = JournalLine::of(step, &last);
        let sequence = before.as_ref().map_or(self.sequence + 1, |row| row.sequence);
        self.sequence = self.sequence.max(sequence);
        let row = Row {
            payment: step.next.clone(),
            sequence,
            changed_at: step.at,
            seal: line.seal,
            due: None,
            held: false,
            noticed: before.as_ref().is_some_and(|row| row.noticed),
            look: before.as_ref().is_some_and(|row| row.look),
            refund_from: step.refund_from,
            notice_from: step.notice_from,
        };
        self.payments.insert(id, row);
        self.journal.entry(id).or_default().push(line);
        let sequence = self.next_sequence(step.next.order.uuid());
        self.tell(NewEvent::of(step, sequence));
    }

    fn write_elsewhere(&mut self, step: &Step) {
        for cancel in &step.cancels {
            let record = RefundRecord::elsewhere(&step.next, cancel, step.at);
            let told = self.refunds.contains_key(&record.refund.id);
            if !told && !self.is_known(step.next.id, &cancel.transaction_key) {
                self.put_refund(record);
            }
        }
    }

    fn hold(&mut self, step: &Step, until: Timestamp) {
        if let Some(row) = self.payments.get_mut(&step.next.id) {
            (row.held, row.due) = (true, Some(until));
        }
    }

    /// A step that rests until some time wants somebody to look then.
    fn rest(&mut self, step: &Step, look: bool) {
        let waits = self.oldest_queued(step.next.id).is_some();
        if let Some(row) = self.payments.get_mut(&step.next.id) {
            (row.held, row.look) = (false, look);
            row.due = due_at_rest(step, waits, row.noticed);
        }
    }
}
