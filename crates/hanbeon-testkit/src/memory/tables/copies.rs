//! Which copy of the books this is, and what it forgets.
use super::{Claimant, Saved, Tables};
use hanbeon_domain::{SessionId, Timestamp, TossOrderId};
use hanbeon_store::{
    EVENTS_PER_GENERATION, EventRecord, Expired, ExpiredAmount, ExpiredClaim, GENERATION_MAX, Generation,
    Horizon, NewEvent, StoreError,
};

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

    pub(in super::super) fn expired(&self, older: &Horizon, limit: usize) -> Vec<Expired> {
        let amounts = self.saved.iter().filter(|(_, saved)| saved.at < older.saved_amounts);
        let amounts = amounts.map(|(name, saved)| Expired::SavedAmounts(self.expired_amount(name, saved)));
        let claims = self.claims.values().filter(|known| known.until < older.claims);
        let claims = claims.map(|known| Expired::Claims(known.expired()));
        let webhooks = self.webhooks.expired(older).map(Expired::Webhooks);
        amounts.chain(claims).chain(webhooks).take(limit).collect()
    }

    fn expired_amount(
        &self,
        (session, toss_order): &(SessionId, TossOrderId),
        saved: &Saved,
    ) -> ExpiredAmount {
        ExpiredAmount {
            session_id: *session,
            session_created_at: self.sessions.get(session).copied().unwrap_or(saved.at),
            toss_order_id: toss_order.as_str().to_owned(),
            amount: saved.amount.get(),
            saved_at: saved.at,
            consumed_at: saved.consumed,
        }
    }

    pub(in super::super) fn purge(&mut self, expired: &[Expired]) -> usize {
        let there = self.saved.len() + self.claims.len() + self.webhooks.len();
        for row in expired {
            match row {
                Expired::SavedAmounts(amount) => self.forget_amount(amount),
                Expired::Claims(claim) => self.claims.retain(|_, known| known.expired() != *claim),
                Expired::Webhooks(webhook) => self.webhooks.remove(webhook.webhook_id.unsigned_abs()),
            }
        }
        there - (self.saved.len() + self.claims.len() + self.webhooks.len())
    }

    fn forget_amount(&mut self, amount: &ExpiredAmount) {
        let mut saved = std::mem::take(&mut self.saved);
        saved.retain(|name, saved| self.expired_amount(name, saved) != *amount);
        self.saved = saved;
        if !self.is_named(amount.session_id) {
            self.sessions.remove(&amount.session_id);
        }
    }

    fn is_named(&self, session: SessionId) -> bool {
        self.saved.keys().any(|(saver, _)| *saver == session)
            || self.payments.values().any(|row| row.payment.payer == Some(session))
    }
}

impl Claimant {
    fn expired(&self) -> ExpiredClaim {
        ExpiredClaim {
            idempotency_key: self.claim.key.clone(),
            request: self.claim.request,
            operation: self.claim.operation,
            until: self.until,
            released: self.released,
            answer_status: self.answer.as_ref().map(|answer| i64::from(answer.status)),
            answer_body: self.answer.as_ref().map(|answer| answer.body.clone()),
        }
    }
}
