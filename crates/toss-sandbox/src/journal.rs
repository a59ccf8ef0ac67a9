//! The oracle of the tests: every core call in the order it was decided, with what it did.
//!
//! An entry is written under the same lock as the effect, so the journal and the payments never disagree.
//! Entries are kept compact and in chunks: growing never copies, and dropping the oldest is dropping a chunk.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::{Korea, Ms};
use crate::codes::Code;
use crate::ids::Transaction;

/// Entries in a chunk, unless the whole journal is smaller.
const CHUNK: usize = 4_096;

/// A core call of Toss that the sandbox serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// `POST /v1/payments/confirm`.
    Confirm,
    /// `GET /v1/payments/{paymentKey}`.
    Read,
    /// `GET /v1/payments/orders/{orderId}`.
    ReadByOrder,
    /// `POST /v1/payments/{paymentKey}/cancel`.
    Cancel,
    /// `POST /v1/payments`.
    Create,
    /// `POST /v1/payments/key-in`.
    KeyIn,
    /// `POST /v1/virtual-accounts`.
    VirtualAccount,
    /// `GET /v1/transactions`.
    Transactions,
    /// `POST /v1/billing/authorizations/issue`.
    BillingIssue,
    /// `POST /v1/billing/authorizations/card`.
    BillingCard,
    /// `POST /v1/billing/{billingKey}`.
    BillingCharge,
    /// `DELETE /v1/billing/{billingKey}`.
    BillingDelete,
    /// `POST /v1/cash-receipts`.
    CashReceiptIssue,
    /// `POST /v1/cash-receipts/{receiptKey}/cancel`.
    CashReceiptCancel,
    /// `GET /v1/cash-receipts`.
    CashReceipts,
    /// `GET /v1/settlements`.
    Settlements,
    /// `POST /v1/settlements`.
    SettlementRequest,
    /// `GET /v1/promotions/card`.
    CardPromotions,
    /// `GET /v1/promotions`.
    Promotions,
    /// No call at all: a cancel that the merchant's people made in Toss's own dashboard.
    DashboardCancel,
    /// No call at all: an asynchronous cancel came to its end.
    CancelEnded,
}

/// What a call did to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EffectKind {
    /// Nothing.
    None,
    /// Money was taken: the payment is DONE.
    Approved,
    /// A virtual account was issued: the payment waits for its deposit.
    Waiting,
    /// The payment was refused: it is ABORTED.
    Aborted,
    /// Money was given back.
    Canceled,
    /// An asynchronous cancel was accepted: the money is given back when it ends, if it ends well.
    CancelAccepted,
    /// Nothing, although a cancel was answered with 200: it followed another one too quickly.
    Dropped,
}

/// One core call, or one cancel made in the dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalEntry {
    /// Its number; numbers only grow, also when the journal is cleared.
    pub seq: u64,
    /// When it was decided, Korea time.
    pub at: String,
    /// Which call it was.
    pub operation: Operation,
    /// The order: the call's own word, or that of the payment it names.
    pub order_id: Option<String>,
    /// The payment: the call's own word, or that of the order it names.
    pub payment_key: Option<String>,
    /// The amount that the call asked for, in won, or in the smallest unit of another currency; `None` for reads and for a cancel of everything left.
    pub amount: Option<i64>,
    /// Its `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// Whether it was answered with a stored answer, without running.
    pub replayed: bool,
    /// The status that was answered, or that was lost on the way; `None` for a call that was dropped unseen.
    pub status: Option<u16>,
    /// The error code that went with the status.
    pub code: Option<&'static str>,
    /// Whether the caller never got the whole answer.
    pub lost: bool,
    /// What it did.
    pub effect: EffectKind,
    /// How much was approved, awaited or given back by it, in the same unit.
    pub effect_amount: Option<i64>,
    /// The transaction that it made.
    pub transaction_key: Option<String>,
}

/// What a call did, with the facts of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Effect {
    pub(crate) kind: EffectKind,
    pub(crate) money: Option<(i64, Transaction)>,
}

impl Effect {
    pub(crate) const NONE: Self = Self { kind: EffectKind::None, money: None };
    pub(crate) const DROPPED: Self = Self { kind: EffectKind::Dropped, money: None };
    pub(crate) const ABORTED: Self = Self { kind: EffectKind::Aborted, money: None };

    pub(crate) fn moved(kind: EffectKind, amount: i64, by: Transaction) -> Self {
        Self { kind, money: Some((amount, by)) }
    }
}

/// An entry as it is kept: names shared with the payment, no text that can be made later.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) at: Ms,
    pub(crate) operation: Operation,
    pub(crate) order: Option<Arc<str>>,
    pub(crate) payment: Option<Arc<str>>,
    pub(crate) amount: Option<i64>,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) replayed: bool,
    pub(crate) lost: bool,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<Code>,
    pub(crate) effect: Effect,
}

/// The journal: a bounded queue of entries.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Journal {
    chunks: VecDeque<Vec<Entry>>,
    chunk: usize,
    most: usize,
    kept: usize,
    /// The number of the next entry.
    next: u64,
}

/// A stretch of the journal.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalPage {
    /// The entries after the asked number, oldest first.
    pub entries: Vec<JournalEntry>,
    /// The number of the newest entry that was ever written; 0 before the first.
    pub last_seq: u64,
}

impl Journal {
    pub(crate) fn new(most: usize) -> Self {
        let chunk = (most / 16).clamp(1, CHUNK);
        Self { chunks: VecDeque::new(), chunk, most: most.max(1), kept: 0, next: 1 }
    }

    pub(crate) fn write(&mut self, entry: Entry) {
        if self.chunks.back().is_none_or(|chunk| chunk.len() == self.chunk) {
            self.chunks.push_back(Vec::with_capacity(self.chunk));
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.push(entry);
        }
        self.kept += 1;
        self.next += 1;
        while let Some(oldest) = self.chunks.front()
            && self.kept - oldest.len() >= self.most
        {
            self.kept -= oldest.len();
            self.chunks.pop_front();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.chunks.clear();
        self.kept = 0;
    }

    /// At most `limit` entries whose number is above `after`.
    pub(crate) fn page(&self, after: u64, limit: usize) -> JournalPage {
        let last_seq = self.next - 1;
        let kept = u64::try_from(self.kept).unwrap_or(u64::MAX);
        let first = self.next - kept;
        let from = first.max(after.min(last_seq) + 1);
        let skip = usize::try_from(from - first).unwrap_or(usize::MAX);
        // Every chunk but the last is full, so the place of an entry is plain division.
        let chunks = self.chunks.iter().skip(skip / self.chunk);
        let entries = chunks.flatten().skip(skip % self.chunk).take(limit);
        let entries = (from..).zip(entries).map(|(seq, entry)| entry.show(seq)).collect();
        JournalPage { entries, last_seq }
    }

    /// The newest `limit` entries about a payment among the newest `look`, oldest first.
    pub(crate) fn about(&self, payment: &str, look: usize, limit: usize) -> Vec<JournalEntry> {
        let numbers = (1..self.next).rev();
        let newest = numbers.zip(self.chunks.iter().rev().flat_map(|chunk| chunk.iter().rev()));
        let about = newest.take(look).filter(|(_, entry)| entry.payment.as_deref() == Some(payment));
        let mut entries: Vec<_> = about.take(limit).map(|(seq, entry)| entry.show(seq)).collect();
        entries.reverse();
        entries
    }
}

impl Entry {
    fn show(&self, seq: u64) -> JournalEntry {
        let own = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        JournalEntry {
            seq,
            at: Korea(self.at).to_string(),
            operation: self.operation,
            order_id: own(&self.order),
            payment_key: own(&self.payment),
            amount: self.amount,
            idempotency_key: own(&self.key),
            replayed: self.replayed,
            status: self.status,
            code: self.code.map(Code::name),
            lost: self.lost,
            effect: self.effect.kind,
            effect_amount: self.effect.money.map(|(amount, _)| amount),
            transaction_key: self.effect.money.map(|(_, by)| by.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: Ms) -> Entry {
        Entry {
            at,
            operation: Operation::Read,
            order: None,
            payment: None,
            amount: None,
            key: None,
            replayed: false,
            lost: false,
            status: Some(200),
            code: None,
            effect: Effect::NONE,
        }
    }

    fn seqs(journal: &Journal, after: u64, limit: usize) -> Vec<u64> {
        journal.page(after, limit).entries.iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn a_page_begins_after_the_asked_number_and_ends_at_the_limit() {
        for most in [1_000, 32] {
            let mut journal = Journal::new(most);
            (0..10).for_each(|at| journal.write(entry(at)));
            assert_eq!(seqs(&journal, 0, 100), (1..=10).collect::<Vec<_>>(), "bound {most}");
            assert_eq!(seqs(&journal, 4, 3), [5, 6, 7], "bound {most}");
            assert_eq!(seqs(&journal, 10, 3), [0_u64; 0], "bound {most}");
            assert_eq!(seqs(&journal, u64::MAX - 1, 3), [0_u64; 0], "bound {most}");
        }
    }

    #[test]
    fn beyond_its_bound_the_oldest_entries_go_and_the_numbers_stay() {
        let mut journal = Journal::new(32);
        (0..100).for_each(|at| journal.write(entry(at)));
        let kept = seqs(&journal, 0, 1_000);
        assert!((32..=33).contains(&kept.len()), "kept {}", kept.len());
        assert_eq!(kept.last(), Some(&100));
        assert_eq!(kept.first().copied(), Some(101 - u64::try_from(kept.len()).unwrap()));
    }

    #[test]
    fn clearing_forgets_the_entries_and_keeps_counting() {
        let mut journal = Journal::new(32);
        (0..5).for_each(|at| journal.write(entry(at)));
        journal.clear();
        assert_eq!(seqs(&journal, 0, 10), [0_u64; 0]);
        journal.write(entry(6));
        assert_eq!(seqs(&journal, 0, 10), [6]);
        assert_eq!(journal.page(0, 10).last_seq, 6);
    }
}
