//! When the clocks of open payments strike: so that an expiry is told without anybody looking.
//!
//! The payment itself decides whether its clock has struck; this only says when it is worth asking.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Ms;
use crate::kept::pairs;
use crate::payment::{TO_AUTHENTICATE, TO_CONFIRM};

/// Two queues, each in order of time because each has one length of clock; and the clocks of any length.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Timers {
    to_authenticate: VecDeque<(Ms, Arc<str>)>,
    to_confirm: VecDeque<(Ms, Arc<str>)>,
    /// By time, and by a number that tells clocks of one moment apart.
    #[serde(with = "pairs")]
    at: BTreeMap<(Ms, u64), Arc<str>>,
    next: u64,
}

impl Timers {
    /// A window was opened.
    pub(crate) fn opened(&mut self, key: &Arc<str>, now: Ms, most: usize) {
        wind(&mut self.to_authenticate, key, now + TO_AUTHENTICATE, most);
    }

    /// A buyer has authenticated.
    pub(crate) fn authenticated(&mut self, key: &Arc<str>, now: Ms, most: usize) {
        wind(&mut self.to_confirm, key, now + TO_CONFIRM, most);
    }

    /// Something else happens to the payment at this time.
    pub(crate) fn wind_to(&mut self, key: &Arc<str>, at: Ms, most: usize) {
        self.next += 1;
        self.at.insert((at, self.next), Arc::clone(key));
        while self.at.len() > most {
            self.at.pop_first();
        }
    }

    /// A payment whose clock may have struck; asked again until there is none.
    pub(crate) fn strike(&mut self, now: Ms) -> Option<Arc<str>> {
        if let Some(first) = self.at.first_entry().filter(|first| first.key().0 <= now) {
            return Some(first.remove());
        }
        let queues = [&mut self.to_authenticate, &mut self.to_confirm];
        let due = queues.into_iter().find(|queue| queue.front().is_some_and(|(at, _)| *at <= now))?;
        due.pop_front().map(|(_, key)| key)
    }
}

/// Under a clock that never moves the oldest timers go with the payments that the store forgets.
fn wind(queue: &mut VecDeque<(Ms, Arc<str>)>, key: &Arc<str>, at: Ms, most: usize) {
    queue.push_back((at, Arc::clone(key)));
    while queue.len() > most {
        queue.pop_front();
    }
}
