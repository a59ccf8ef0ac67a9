//! Refunds: those that wait for their turn, and what is read of all of them.
use super::{Tables, corrupt};
use hanbeon_domain::refund::Cause;
use hanbeon_domain::{CancelRequest, PaymentId, Refund, RefundId, RefundOutcome, Refusal, Timestamp, Won};
use hanbeon_store::{NewRefund, Progress, QUEUED_REFUNDS_MAX, Queued, RefundRecord, StoreError, gives_turns};

impl Tables {
    pub(in super::super) fn queue_refund(
        &mut self,
        new: &NewRefund,
        from: Timestamp,
    ) -> Result<Queued, StoreError> {
        let payment = self.one(new.payment).ok_or_else(|| corrupt("refunds", new.request.id))?;
        if let Some(known) = self.refunds.get(&new.request.id) {
            let ours = known.payment == new.payment;
            return if ours {
                Ok(Queued::Known(Box::new(known.clone())))
            } else {
                Err(corrupt("refunds", new.request.id))
            };
        }
        if let Some(equal) =
            self.refunds_of(new.payment).find(|record| new.join_equal && is_equal(record, new))
        {
            return Ok(Queued::Known(Box::new(equal.clone())));
        }
        let waiting = self.refunds_of(new.payment).filter(|record| record.progress == Progress::Queued);
        if waiting.count() >= QUEUED_REFUNDS_MAX {
            return Ok(Queued::Full);
        }
        let open =
            self.refunds_of(new.payment).filter(|record| is_open(record)).map(|record| record.refund.amount);
        let spoken_for = open.fold(Some(payment.refunded), |sum, amount| sum?.plus(amount));
        let left = spoken_for.and_then(|spoken_for| payment.amount.minus(spoken_for)).unwrap_or(Won::ZERO);
        if left < new.amount {
            return Ok(Queued::OverBalance(left));
        }
        let state = payment.state.name();
        self.put_refund(queued(new, left));
        if let Some(row) = self.payments.get_mut(&new.payment)
            && !row.held
            && gives_turns(state)
        {
            let from = from.max(row.refund_from);
            row.due = Some(row.due.map_or(from, |due| due.min(from)));
        }
        Ok(Queued::New)
    }

    pub(in super::super) fn refuse_queued(&mut self, id: RefundId, why: &Refusal, at: Timestamp) -> bool {
        let waits = |record: &&mut RefundRecord| record.progress == Progress::Queued;
        let Some(record) = self.refunds.get_mut(&id).filter(waits) else { return false };
        record.progress = Progress::Settled(RefundOutcome::Refused(why.clone()));
        record.settled_at = Some(at);
        true
    }

    pub(in super::super) fn refund(&self, id: RefundId) -> Option<RefundRecord> {
        self.refunds.get(&id).cloned()
    }

    pub(in super::super) fn whole_refund(&self, payment: PaymentId) -> Option<RefundRecord> {
        self.refunds_of(payment).filter(|record| record.refund.whole).last().cloned()
    }

    /// Oldest first.
    pub(super) fn refunds_of(&self, payment: PaymentId) -> impl Iterator<Item = &RefundRecord> {
        self.of_payment.get(&payment).into_iter().flatten().filter_map(|id| self.refunds.get(id))
    }

    pub(super) fn oldest_queued(&self, payment: PaymentId) -> Option<CancelRequest> {
        let Refund { id, amount, whole, reason, .. } =
            &self.refunds_of(payment).find(|record| record.progress == Progress::Queued)?.refund;
        Some(CancelRequest { id: *id, amount: (!whole).then_some(*amount), reason: reason.clone() })
    }

    /// Does a refund of this payment have this transaction?
    pub(super) fn is_known(&self, payment: PaymentId, transaction: &str) -> bool {
        self.refunds_of(payment).any(|record| match &record.progress {
            Progress::Settled(RefundOutcome::Done { transaction_key, .. }) => {
                transaction_key.as_deref() == Some(transaction)
            }
            Progress::Elsewhere { transaction_key } => transaction_key == transaction,
            Progress::Queued | Progress::Sending | Progress::Settled(_) => false,
        })
    }

    /// A new one is the newest; one that is known keeps its place.
    pub(super) fn put_refund(&mut self, record: RefundRecord) {
        let (id, payment) = (record.refund.id, record.payment);
        if self.refunds.insert(id, record).is_none() {
            self.of_payment.entry(payment).or_default().push(id);
        }
    }
}

fn queued(new: &NewRefund, left: Won) -> RefundRecord {
    let CancelRequest { id, amount, reason } = new.request.clone();
    let refund = Refund {
        id,
        amount: new.amount,
        whole: amount.is_none(),
        reason,
        cause: Cause::Requested,
        requested_at: new.requested_at,
        balance_before: left,
    };
    RefundRecord { refund, payment: new.payment, progress: Progress::Queued, settled_at: None }
}

const fn is_open(record: &RefundRecord) -> bool {
    matches!(record.progress, Progress::Queued | Progress::Sending)
}

/// The same amount, or all that is left both times, for the same reason.
fn is_equal(record: &RefundRecord, new: &NewRefund) -> bool {
    let Refund { amount, whole, reason, .. } = &record.refund;
    let same_amount = new.request.amount.map_or(*whole, |wanted| !whole && wanted == *amount);
    is_open(record) && same_amount && *reason == new.request.reason
}
