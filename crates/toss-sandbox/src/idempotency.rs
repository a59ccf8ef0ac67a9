//! Idempotency keys, as Toss keeps them (Toss core API, Idempotency-Key).
//!
//! The identity is key, API key, URL and method; the body is not part of it. A finished request is replayed
//! byte for byte for 15 days; one that still runs answers 409. What is kept is not the bytes but the snapshot
//! they were made from, which gives the same bytes again and takes a tenth of the memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::auth::MerchantId;
use crate::clock::{DAY, Ms};

/// Longer keys are refused with 400 `INVALID_IDEMPOTENCY_KEY`.
pub(crate) const LONGEST_KEY: usize = 300;
const LIFETIME: Ms = 15 * DAY;

/// The records, bounded: the oldest are forgotten first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Idempotency {
    /// Boxed: the table is roomy, and its empty places should be small.
    records: HashMap<Arc<str>, Box<Record>>,
    /// First uses in order of time; an entry whose record is gone or newer is passed over.
    first_uses: VecDeque<(Arc<str>, Ms)>,
    most: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    since: Ms,
    finished: Option<Stored>,
}

/// A finished request: its answer and the trace id it was first sent with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) answer: Answer,
    pub(crate) trace: u128,
}

/// What is known of a key.
#[derive(Debug)]
pub(crate) enum Known {
    Nothing,
    Running,
    Finished(Stored),
}

/// The identity of a POST: everything that Toss compares, in one string.
pub(crate) fn identity(merchant: MerchantId, path: &str, key: &str) -> Arc<str> {
    format!("{merchant} POST {path} {key}").into()
}

impl Idempotency {
    pub(crate) fn new(most: usize) -> Self {
        Self { records: HashMap::with_capacity(most.min(1 << 20)), first_uses: VecDeque::new(), most }
    }

    /// What still ran when the file was written will never be finished: its key is free again.
    pub(crate) fn resume(&mut self) {
        self.records.retain(|_, record| record.finished.is_some());
    }

    pub(crate) fn look_up(&self, identity: &str, now: Ms) -> Known {
        match self.records.get(identity) {
            Some(record) if now < record.since + LIFETIME => match &record.finished {
                Some(stored) => Known::Finished(stored.clone()),
                None => Known::Running,
            },
            _ => Known::Nothing,
        }
    }

    /// Marks a key as running; its 15 days begin.
    pub(crate) fn reserve(&mut self, identity: &Arc<str>, now: Ms) {
        self.first_uses.push_back((Arc::clone(identity), now));
        self.records.insert(Arc::clone(identity), Box::new(Record { since: now, finished: None }));
        self.forget(now);
    }

    /// Stores the outcome of a reserved key.
    pub(crate) fn finish(&mut self, identity: &str, stored: Stored) {
        if let Some(record) = self.records.get_mut(identity) {
            record.finished = Some(stored);
        }
    }

    /// Gives a reserved key back: its outcome is not one that Toss stores.
    pub(crate) fn release(&mut self, identity: &str) {
        self.records.remove(identity);
    }

    fn forget(&mut self, now: Ms) {
        while let Some((identity, since)) = self.first_uses.front() {
            if self.first_uses.len() <= self.most && now < since + LIFETIME {
                break;
            }
            if self.records.get(identity).is_some_and(|record| record.since == *since) {
                self.records.remove(identity);
            }
            self.first_uses.pop_front();
        }
    }
}
