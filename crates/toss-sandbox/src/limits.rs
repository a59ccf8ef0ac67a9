//! The limits of Toss's test mode: so many requests in a minute, and no request twice in a row. Off by default.

use std::collections::HashMap;
use std::sync::Arc;

use crate::auth::MerchantId;
use crate::clock::{MINUTE, Ms};
use crate::journal::Operation;

/// What is remembered of the last requests; beyond it those that are over are forgotten.
const MOST_SUBJECTS: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// The minute that a merchant's calls of one kind are counted in, and how many they are.
    minutes: HashMap<(MerchantId, Operation), (Ms, u32)>,
    last: HashMap<(Operation, Arc<str>), Ms>,
}

impl Limits {
    /// Counts a call; true when it is one too many of its minute. Zero is no limit.
    pub(crate) fn exceeds(&mut self, who: MerchantId, what: Operation, most: u32, now: Ms) -> bool {
        if most == 0 {
            return false;
        }
        let (since, count) = self.minutes.entry((who, what)).or_insert((now, 0));
        if now >= *since + MINUTE {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count > most
    }

    /// Whether this call follows the last one of its kind and subject within so many milliseconds.
    pub(crate) fn repeats(&mut self, what: Operation, subject: Arc<str>, window: u64, now: Ms) -> bool {
        let window = Ms::try_from(window).unwrap_or(Ms::MAX);
        if window == 0 || !matches!(what, Operation::Read | Operation::ReadByOrder | Operation::Cancel) {
            return false;
        }
        if self.last.len() >= MOST_SUBJECTS {
            self.last.retain(|_, at| now.saturating_sub(*at) < window);
        }
        if self.last.len() >= MOST_SUBJECTS {
            self.last.clear();
        }
        self.last.insert((what, subject), now).is_some_and(|at| now.saturating_sub(at) < window)
    }
}
