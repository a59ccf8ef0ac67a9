//! What is to happen, and what has happened: the one place that the proxy and its connections share.
use super::fault::{Fault, Target};
use super::http::Request;
use super::record::{Record, RuleId};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A table of a thousand cases with a few rules each.
const RULES_MAX: usize = 10_000;
/// Some tens of megabytes.
const RECORDS_MAX: usize = 100_000;

#[derive(Debug)]
pub(super) struct Script {
    inner: Mutex<Inner>,
    lifted: Notify,
}

#[derive(Debug)]
struct Inner {
    rules: Vec<Rule>,
    chances: Vec<Chance>,
    next_rule: u64,
    records: VecDeque<Record>,
    next_record: u64,
    dice: Dice,
}

#[derive(Debug)]
struct Rule {
    id: RuleId,
    target: Target,
    fault: Fault,
    /// How often it still applies; `None`: until it is lifted.
    left: Option<u32>,
}

#[derive(Debug)]
struct Chance {
    id: RuleId,
    target: Target,
    fault: Fault,
    permille: u16,
}

/// What a request has met.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    pub(super) seq: u64,
    pub(super) fate: Option<(RuleId, Fault)>,
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        let inner = Inner {
            rules: Vec::new(),
            chances: Vec::new(),
            next_rule: 1,
            records: VecDeque::new(),
            next_record: 1,
            dice: Dice(seed),
        };
        Self { inner: Mutex::new(inner), lifted: Notify::new() }
    }

    pub(super) fn add(&self, target: Target, fault: Fault, left: Option<u32>) -> RuleId {
        let mut inner = self.open();
        let id = inner.new_id();
        inner.rules.push(Rule { id, target, fault, left });
        id
    }

    pub(super) fn add_chance(&self, permille: u16, target: Target, fault: Fault) -> RuleId {
        let mut inner = self.open();
        let id = inner.new_id();
        inner.chances.push(Chance { id, target, fault, permille });
        id
    }

    pub(super) fn lift(&self, which: impl Fn(RuleId) -> bool) {
        let mut inner = self.open();
        inner.rules.retain(|rule| !which(rule.id));
        inner.chances.retain(|chance| !which(chance.id));
        drop(inner);
        self.lifted.notify_waiters();
    }

    /// Waits until the rule is gone.
    pub(super) async fn is_lifted(&self, rule: RuleId) {
        loop {
            let lifted = self.lifted.notified();
            tokio::pin!(lifted);
            // Listening first: a lift between the look and the wait would be missed.
            lifted.as_mut().enable();
            if !self.open().has(rule) {
                return;
            }
            lifted.await;
        }
    }

    /// Decides what becomes of a request, and begins its record.
    pub(super) fn meet(&self, request: &Request) -> Met {
        let mut inner = self.open();
        let fate = inner.by_rule(request).or_else(|| inner.by_chance(request));
        let seq = inner.next_record;
        inner.next_record += 1;
        if inner.records.len() == RECORDS_MAX {
            inner.records.pop_front();
        }
        inner.records.push_back(Record {
            seq,
            request: request.line.clone(),
            idempotency_key: request.idempotency_key.clone(),
            fault: fate.map(|(_, fault)| fault),
            rule: fate.map(|(rule, _)| rule),
            request_bytes: request.bytes.len(),
            forwarded: 0,
            reply: None,
            reply_bytes: 0,
            returned: 0,
            done: false,
        });
        Met { seq, fate }
    }

    /// Goes on with a record, unless it has been forgotten.
    pub(super) fn note(&self, seq: u64, change: impl FnOnce(&mut Record)) {
        let mut inner = self.open();
        // They are kept without gaps.
        let oldest = inner.records.front().map_or(0, |record| record.seq);
        let at = seq.checked_sub(oldest).and_then(|at| usize::try_from(at).ok());
        if let Some(record) = at.and_then(|at| inner.records.get_mut(at)) {
            change(record);
        }
    }

    pub(super) fn records(&self, which: impl Fn(&Record) -> bool) -> Vec<Record> {
        self.open().records.iter().filter(|record| which(record)).cloned().collect()
    }

    /// A panic while the lock was held is reported by its own test; the data is still the data.
    fn open(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn new_id(&mut self) -> RuleId {
        assert!(self.rules.len() + self.chances.len() < RULES_MAX, "more than {RULES_MAX} rules");
        self.next_rule += 1;
        RuleId(self.next_rule - 1)
    }

    /// A rule that has been used up stays until it is lifted, for what it holds.
    fn has(&self, id: RuleId) -> bool {
        self.rules.iter().any(|rule| rule.id == id) || self.chances.iter().any(|chance| chance.id == id)
    }

    fn by_rule(&mut self, request: &Request) -> Option<(RuleId, Fault)> {
        let rule = self
            .rules
            .iter_mut()
            .find(|rule| rule.left != Some(0) && rule.target.means(&request.line, &request.bytes))?;
        rule.left = rule.left.map(|left| left - 1);
        let met = (rule.id, rule.fault);
        let is_spent = rule.left == Some(0) && !rule.fault.holds();
        if is_spent {
            self.rules.retain(|rule| rule.id != met.0);
        }
        Some(met)
    }

    fn by_chance(&mut self, request: &Request) -> Option<(RuleId, Fault)> {
        let Self { chances, dice, .. } = self;
        let mut meant = chances.iter().filter(|chance| chance.target.means(&request.line, &request.bytes));
        let drawn = meant.find(|chance| dice.roll(1_000) < u64::from(chance.permille))?;
        Some((drawn.id, drawn.fault))
    }
}

/// Numbers that look random and can be had again: a Weyl sequence, stirred (splitmix64).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let stirred = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let stirred = (stirred ^ (stirred >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (stirred ^ (stirred >> 31)) % sides
    }
}
