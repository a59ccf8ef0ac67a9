//! Who may go on with a payment.
use super::Tables;
use hanbeon_domain::{PaymentId, Timestamp};
use hanbeon_store::{Turn, gives_turns};

impl Tables {
    pub(in super::super) fn lease_due(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<Turn> {
        let due = self.payments.values().filter_map(|row| {
            let due = row.due.filter(|due| *due <= now)?;
            Some((due, row.sequence, row.payment.id))
        });
        let mut due: Vec<_> = due.collect();
        due.sort_unstable();
        due.into_iter().take(limit).filter_map(|(.., id)| self.take(id, until)).collect()
    }

    pub(in super::super) fn lease(
        &mut self,
        id: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Option<Turn> {
        let row = self.payments.get(&id)?;
        let free = !row.held || row.due.is_some_and(|due| due <= now);
        if free { self.take(id, until) } else { None }
    }

    pub(in super::super) fn next_due(&self) -> Option<Timestamp> {
        self.payments.values().filter_map(|row| row.due).min()
    }

    /// The reason to look stays until a step rests for good: whoever took it may die before they have looked.
    fn take(&mut self, id: PaymentId, until: Timestamp) -> Option<Turn> {
        let waiting = self.oldest_queued(id);
        let row = self.payments.get_mut(&id)?;
        row.payment.version += 1;
        (row.held, row.due) = (true, Some(until));
        (row.look, row.noticed) = (row.look || row.noticed, false);
        let waiting = waiting.filter(|_| gives_turns(row.payment.state.name()));
        Some(Turn { payment: row.payment.clone(), notice: row.look, waiting })
    }
}
