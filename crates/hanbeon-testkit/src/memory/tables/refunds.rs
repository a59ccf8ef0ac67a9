//! Refunds: those that wait for their turn, and what is read of all of them.
use super::{Tables, corrupt};
use hanbeon_domain::{CancelRequest, PaymentId, RefundId, RefundOutcome, Refusal, Timestamp};
use hanbeon_store::{NewRefund, Progress, Queued, RefundRecord, Sealed, StoreError, gives_turns};

impl Tables {
    pub(in super::super) fn refund_account(&self, id: RefundId) -> Option<Sealed> {
        self.accounts.get(&id).cloned()
    }

    pub(in super::super) fn queue_refund(
        &mut self,
        new: &NewRefund,
        from: Timestamp,
    ) -> Result<Queued, StoreError> {
        let payment = self.one(new.payment).ok_or_else(|| corrupt("refunds", new.request.id))?;
        let others: Vec<_> = self.refunds_of(new.payment).cloned().collect();
        let record = match new.beside(payment.amount, payment.refunded, &others) {
            Ok(record) => record,
            Err(end) => return Ok(end),
        };
        if self.refunds.contains_key(&record.refund.id) {
            return Err(corrupt("refunds", record.refund.id));
        }
        let state = payment.state.name();
        self.accounts.extend(new.account.clone().map(|sealed| (record.refund.id, sealed)));
        self.put_refund(record);
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
        self.accounts.remove(&id);
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
        let waits = self.refunds_of(payment).find(|record| record.progress == Progress::Queued)?;
        Some(waits.refund.clone().into())
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
