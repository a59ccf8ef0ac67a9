//! Which copy of the books this is, and what it forgets.
use super::{Saved, Tables};
use hanbeon_domain::{SessionId, Timestamp};
use hanbeon_store::{
    EVENTS_PER_GENERATION, EventRecord, GENERATION_MAX, Generation, Horizon, NewEvent, StoreError,
};
use std::collections::BTreeSet;

impl Tables {
    pub(in super::super) fn raise_generation(
        &mut self,
        above: u64,
        now: Timestamp,
    ) -> Result<Generation, StoreError> {
        let number = self.generation.number.max(above).saturating_add(1);
        if number > GENERATION_MAX {
            return Err(StoreError::Unavailable(format!("generation {number} is more than there can be")));
        }
        self.generation = Generation { number, restored_at: Some(now) };
        Ok(self.generation)
    }

    /// Numbers an event, if there is one.
    pub(super) fn tell(&mut self, event: Option<NewEvent>) {
        let last = self.events.last().map_or(0, |record| record.number);
        let number = last.max(self.generation.number * EVENTS_PER_GENERATION) + 1;
        self.events.extend(event.map(|event| EventRecord { number, event }));
    }

    pub(in super::super) fn purge(&mut self, older: &Horizon, limit: usize) -> usize {
        let mut left = limit;
        let mut goes = |is_old: bool| {
            let goes = is_old && left > 0;
            left -= usize::from(goes);
            goes
        };
        let mut left_alone = BTreeSet::new();
        self.saved.retain(|(session, _), Saved { at, .. }| {
            let stays = !goes(*at < older.saved_amounts);
            left_alone.extend((!stays).then_some(*session));
            stays
        });
        self.claims.retain(|_, known| !goes(known.until < older.claims));
        for id in self.webhooks.before(older.webhooks) {
            if goes(true) {
                self.webhooks.remove(id);
            }
        }
        left_alone.retain(|session| !self.is_named(*session));
        self.sessions.retain(|session| !left_alone.contains(session));
        limit - left
    }

    fn is_named(&self, session: SessionId) -> bool {
        self.saved.keys().any(|(saver, _)| *saver == session)
            || self.payments.values().any(|row| row.payment.payer == Some(session))
    }
}
