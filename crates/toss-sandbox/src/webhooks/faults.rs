//! Lies about webhooks: rules that spoil the next ones, when they are made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::webhooks::{WebhookError, WebhookEvent};

/// Rules at once.
const MOST_RULES: usize = 10_000;
/// The longest delay, in milliseconds: a day.
const LONGEST_DELAY_MS: u64 = 86_400_000;

/// One rule. It spoils the next `times` webhooks that match; each endpoint's copy of an event counts by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookFault {
    /// How many webhooks it spoils; 0 means every one until the rules are deleted, but not for `reorder`.
    #[serde(default = "once")]
    pub times: u32,
    /// Only this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<WebhookEvent>,
    /// Only about this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// What it does to them.
    #[serde(flatten)]
    pub kind: WebhookFaultKind,
}

fn once() -> u32 {
    1
}

/// What happens to a spoiled webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WebhookFaultKind {
    /// It is never sent, not even again.
    Drop,
    /// It is sent so many times more than it should be, each after the other, whatever is answered.
    Duplicate {
        /// Copies beside the one that is due; one by default.
        #[serde(default = "once")]
        copies: u32,
    },
    /// Its first try comes later.
    Delay {
        /// Milliseconds on the sandbox's clock.
        ms: u64,
    },
    /// It waits until there are `times` of them; then they are sent one after the other, the newest first.
    /// Deleting the rules lets them go.
    Reorder,
}

impl WebhookFault {
    /// A rule for the next webhook.
    #[must_use]
    pub fn new(kind: WebhookFaultKind) -> Self {
        Self { times: once(), event: None, order_id: None, kind }
    }

    /// For so many webhooks.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Only for this event.
    #[must_use]
    pub fn on_event(mut self, event: WebhookEvent) -> Self {
        self.event = Some(event);
        self
    }

    /// Only about this order.
    #[must_use]
    pub fn on_order(mut self, order_id: &str) -> Self {
        self.order_id = Some(order_id.to_owned());
        self
    }

    fn check(&self) -> Result<(), WebhookError> {
        let fits = match self.kind {
            WebhookFaultKind::Drop => true,
            WebhookFaultKind::Duplicate { copies } => (1..=100).contains(&copies),
            WebhookFaultKind::Delay { ms } => ms <= LONGEST_DELAY_MS,
            WebhookFaultKind::Reorder => (2..=1_000).contains(&self.times),
        };
        if fits { Ok(()) } else { Err(WebhookError::Fault) }
    }
}

/// What becomes of a new webhook.
pub(crate) enum Spoiled {
    No,
    Dropped,
    Copied(u32),
    Delayed(u64),
    /// Held back with the others of its rule.
    Held,
    /// The last that its rule waited for: now they all go, in this order.
    Released(Vec<u64>),
}

/// The rules in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: BTreeMap<u64, Rule>,
    next: u64,
}

#[derive(Debug)]
struct Rule {
    fault: WebhookFault,
    /// Webhooks that a reordering holds back.
    held: Vec<u64>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: WebhookFault) -> Result<(), WebhookError> {
        fault.check()?;
        if self.rules.len() >= MOST_RULES {
            return Err(WebhookError::TooMany);
        }
        self.next += 1;
        self.rules.insert(self.next, Rule { fault, held: Vec::new() });
        Ok(())
    }

    /// The rules that are still in force; `times` counts down.
    pub(crate) fn list(&self) -> Vec<WebhookFault> {
        self.rules.values().map(|rule| rule.fault.clone()).collect()
    }

    /// Deletes every rule; what they held back, in the order in which it was made.
    pub(crate) fn clear(&mut self) -> Vec<u64> {
        let mut held: Vec<u64> =
            std::mem::take(&mut self.rules).into_values().flat_map(|rule| rule.held).collect();
        held.sort_unstable();
        held
    }

    /// What the oldest rule that matches does to webhook `id`.
    pub(crate) fn take(&mut self, id: u64, event: WebhookEvent, order: &str) -> Spoiled {
        let matches = |fault: &WebhookFault| {
            fault.event.is_none_or(|wanted| wanted == event)
                && fault.order_id.as_deref().is_none_or(|wanted| wanted == order)
        };
        let Some((&at, rule)) = self.rules.iter_mut().find(|(_, rule)| matches(&rule.fault)) else {
            return Spoiled::No;
        };
        let spoiled = match rule.fault.kind {
            WebhookFaultKind::Drop => Spoiled::Dropped,
            WebhookFaultKind::Duplicate { copies } => Spoiled::Copied(copies),
            WebhookFaultKind::Delay { ms } => Spoiled::Delayed(ms),
            WebhookFaultKind::Reorder => {
                rule.held.push(id);
                if rule.fault.times > 1 {
                    Spoiled::Held
                } else {
                    Spoiled::Released(std::mem::take(&mut rule.held).into_iter().rev().collect())
                }
            }
        };
        match rule.fault.times {
            0 => {}
            1 => drop(self.rules.remove(&at)),
            _ => rule.fault.times -= 1,
        }
        spoiled
    }
}
