//! What happened, counted. Plain numbers: whoever shows them knows how.
use hanbeon_domain::{StateName, Timestamp, Verdict};
use hanbeon_store::WebhookVerdict;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// The kinds of things that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// A call to Toss ended in this verdict.
    Verdict(&'static str),
    /// A payment came into this state.
    State(StateName),
    /// A write came too late: somebody else had taken over.
    Superseded,
    /// A result was offered to the store again.
    StoreRetried,
    /// An approval could not be stored, or came too late, and was cancelled.
    Compensated,
    /// Toss fell silent, and no new payment window was opened for a while.
    BreakerOpened,
    /// A webhook came, and this is what we thought of it.
    Webhook(WebhookVerdict),
    /// A webhook came again.
    WebhookRepeated,
    /// Toss lists money that no payment of ours explains.
    Orphan,
    /// Something that moves money was not begun: an older copy of the books sends nothing.
    Fenced,
    /// A buyer came while there was no room for another charge.
    TurnedAway,
    /// What is past its date could not be archived or forgotten.
    RetentionFailed,
}

const VERDICTS: [&str; 7] = ["seen", "refused", "read_it", "absent", "not_sent", "unclear", "not_ours"];

/// Counters since the start of the process.
#[derive(Debug, Default)]
pub struct Counters {
    verdicts: [AtomicU64; VERDICTS.len()],
    states: [AtomicU64; StateName::ALL.len()],
    superseded: AtomicU64,
    store_retried: AtomicU64,
    compensated: AtomicU64,
    breaker_opened: AtomicU64,
    webhooks: [AtomicU64; WebhookVerdict::ALL.len()],
    webhooks_repeated: AtomicU64,
    orphans: AtomicU64,
    turned_away: AtomicU64,
    turned_away_in: AtomicI64,
    fenced: AtomicU64,
    retention_failed: AtomicU64,
    forgotten: AtomicU64,
}

impl Counters {
    /// All of them, with what they count.
    pub fn read(&self) -> impl Iterator<Item = (Counted, u64)> + '_ {
        let verdicts = VERDICTS.into_iter().map(Counted::Verdict).zip(&self.verdicts);
        let states = StateName::ALL.into_iter().map(Counted::State).zip(&self.states);
        let single = [
            (Counted::Superseded, &self.superseded),
            (Counted::StoreRetried, &self.store_retried),
            (Counted::Compensated, &self.compensated),
            (Counted::BreakerOpened, &self.breaker_opened),
            (Counted::WebhookRepeated, &self.webhooks_repeated),
            (Counted::Orphan, &self.orphans),
            (Counted::TurnedAway, &self.turned_away),
            (Counted::Fenced, &self.fenced),
            (Counted::RetentionFailed, &self.retention_failed),
        ];
        let webhooks = WebhookVerdict::ALL.into_iter().map(Counted::Webhook).zip(&self.webhooks);
        verdicts.chain(states).chain(webhooks).chain(single).map(|(what, count)| (what, count.load(Relaxed)))
    }

    /// Rows past their date that went.
    pub fn rows_forgotten(&self) -> u64 {
        self.forgotten.load(Relaxed)
    }

    pub(crate) fn verdict(&self, verdict: &Verdict) {
        let at = match verdict {
            Verdict::Seen(_) => 0,
            Verdict::Refused(_) => 1,
            Verdict::ReadIt => 2,
            Verdict::Absent => 3,
            Verdict::NotSent(_) => 4,
            Verdict::Unclear { .. } => 5,
            Verdict::NotOurs(_) => 6,
        };
        self.verdicts[at].fetch_add(1, Relaxed);
    }

    pub(crate) fn state(&self, state: StateName) {
        if let Some(at) = StateName::ALL.into_iter().position(|name| name == state) {
            self.states[at].fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn superseded(&self) {
        self.superseded.fetch_add(1, Relaxed);
    }

    pub(crate) fn store_retried(&self) {
        self.store_retried.fetch_add(1, Relaxed);
    }

    pub(crate) fn breaker_opened(&self) {
        self.breaker_opened.fetch_add(1, Relaxed);
    }

    pub(crate) fn webhook(&self, verdict: WebhookVerdict, repeated: bool) {
        if let Some(at) = WebhookVerdict::ALL.into_iter().position(|known| known == verdict) {
            self.webhooks[at].fetch_add(1, Relaxed);
        }
        self.webhooks_repeated.fetch_add(u64::from(repeated), Relaxed);
    }

    pub(crate) fn orphan(&self) {
        self.orphans.fetch_add(1, Relaxed);
    }

    /// Says whether it is the first one in this second: a line in the log for each would cost more than what is refused.
    pub(crate) fn turned_away(&self, now: Timestamp) -> bool {
        self.turned_away.fetch_add(1, Relaxed);
        let second = now.as_micros() / 1_000_000;
        self.turned_away_in.swap(second, Relaxed) != second
    }

    pub(crate) fn fenced(&self) {
        self.fenced.fetch_add(1, Relaxed);
    }

    pub(crate) fn retention_failed(&self) {
        self.retention_failed.fetch_add(1, Relaxed);
    }

    pub(crate) fn forgotten(&self, rows: usize) {
        self.forgotten.fetch_add(u64::try_from(rows).unwrap_or(0), Relaxed);
    }

    pub(crate) fn compensated(&self) {
        self.compensated.fetch_add(1, Relaxed);
    }
}
