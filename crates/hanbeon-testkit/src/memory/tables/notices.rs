//! Notices: kept, and taken as a reason to look.
use super::Tables;
use hanbeon_domain::{Payment, PaymentId, Timestamp};
use hanbeon_store::{
    ExpiredWebhook, Hint, Horizon, Kept, NewWebhook, WEBHOOKS_KEPT_MAX, Webhook, WebhookId, WebhookVerdict,
};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Webhooks {
    newest: WebhookId,
    kept: BTreeMap<WebhookId, Webhook>,
    /// What has arrived, and how many that are kept say it.
    arrived: BTreeMap<Sign, u64>,
}

/// By what a repetition is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Transmission(String),
    Meaning(String),
}

impl Tables {
    pub(in super::super) fn keep_webhook(&mut self, new: &NewWebhook, from: Timestamp) -> Kept {
        let repeated = signs(new).any(|sign| self.webhooks.arrived.contains_key(&sign));
        let id = self.webhooks.push(Webhook { id: 0, new: new.clone(), repeated, payment: None });
        let follows = new.verdict == WebhookVerdict::Hint;
        let noticed = new.hint.as_ref().is_some_and(|hint| follows && self.notice(hint, from));
        match (repeated, noticed) {
            (true, _) => Kept::Repeated(id),
            (false, true) => Kept::Noticed(id),
            (false, false) => Kept::Parked(id),
        }
    }

    pub(in super::super) fn notice(&mut self, hint: &Hint, from: Timestamp) -> bool {
        let Some(row) = self.id_of_hint(hint).and_then(|id| self.payments.get_mut(&id)) else { return false };
        row.noticed = true;
        if !row.held {
            let from = from.max(row.notice_from);
            row.due = Some(row.due.map_or(from, |due| due.min(from)));
        }
        true
    }

    pub(in super::super) fn payment_of_hint(&self, hint: &Hint) -> Option<Payment> {
        self.id_of_hint(hint).and_then(|id| self.one(id)).cloned()
    }

    pub(in super::super) fn webhooks(&self, before: Option<WebhookId>, limit: usize) -> Vec<Webhook> {
        let older = self.webhooks.kept.range(..before.unwrap_or(WebhookId::MAX)).rev().take(limit);
        let with_payment = |webhook: &Webhook| {
            let payment = webhook.new.hint.as_ref().and_then(|hint| self.id_of_hint(hint));
            Webhook { payment, ..webhook.clone() }
        };
        older.map(|(_, webhook)| with_payment(webhook)).collect()
    }

    fn id_of_hint(&self, hint: &Hint) -> Option<PaymentId> {
        match hint {
            Hint::Key(key) => self.by_key.get(key),
            Hint::Order(order) => self.of_toss_order.get(order),
        }
        .copied()
    }
}

impl Webhooks {
    /// Adds it under the next id; the oldest beyond the bound goes.
    fn push(&mut self, webhook: Webhook) -> WebhookId {
        self.newest += 1;
        for sign in signs(&webhook.new) {
            *self.arrived.entry(sign).or_default() += 1;
        }
        self.kept.insert(self.newest, Webhook { id: self.newest, ..webhook });
        if let Some(oldest) = self.newest.checked_sub(WEBHOOKS_KEPT_MAX) {
            self.remove(oldest);
        }
        self.newest
    }

    pub(super) fn expired(&self, older: &Horizon) -> impl Iterator<Item = ExpiredWebhook> + '_ {
        let (then, too_many) = (older.webhooks, self.newest.saturating_sub(older.webhooks_kept));
        let old = move |webhook: &&Webhook| webhook.new.received_at < then || webhook.id <= too_many;
        self.kept.values().filter(old).map(expired)
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn remove(&mut self, id: WebhookId) {
        let gone = self.kept.remove(&id);
        for sign in gone.iter().flat_map(|webhook| signs(&webhook.new)) {
            let left = self.arrived.get(&sign).map_or(0, |count| count - 1);
            if left == 0 {
                self.arrived.remove(&sign)
            } else {
                self.arrived.insert(sign, left)
            };
        }
    }
}

fn expired(webhook: &Webhook) -> ExpiredWebhook {
    let (hint_key, hint_order) = webhook.new.hint_names();
    let (hint_key, hint_order) = (hint_key.map(str::to_owned), hint_order.map(str::to_owned));
    let NewWebhook { received_at, transmission_id, meaning, event_type, verdict, body, .. } =
        webhook.new.clone();
    ExpiredWebhook {
        webhook_id: webhook.id.cast_signed(),
        received_at,
        transmission_id,
        meaning,
        event_type,
        hint_key,
        hint_order,
        verdict: verdict.as_str().to_owned(),
        repeated: webhook.repeated,
        body,
    }
}

fn signs(new: &NewWebhook) -> impl Iterator<Item = Sign> {
    let transmission = new.transmission_id.clone().map(Sign::Transmission);
    transmission.into_iter().chain([Sign::Meaning(new.meaning.clone())])
}
