//! What must be true of the whole store: every chain of seals is whole, every history goes on where it stood, every sum
//! adds up. Reads only, in pages, beside a running server.
//!
//! A seal shows that a line was altered, removed, or put elsewhere by somebody who did not seal it again. It is no
//! signature: whoever can write the database and knows this code can seal a forged history.
use futures_util::future::join_all;
use hanbeon_domain::{News, Payment, PaymentId, RefundOutcome, State, StateName, Won};
use hanbeon_store::{
    CHAIN_START, JournalLine, OrderRecord, PaymentRecord, Progress, RefundRecord, Store, StoreError,
};

/// Payments that are read at once.
const PAGE: usize = 200;
/// What belongs to them is asked for so many at once: one after the other, the store would wait for us each time, and we for it.
pub(crate) const AT_ONCE: usize = 32;
/// More findings than this say nothing new.
pub const FINDINGS_MAX: usize = 100;

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Payments.
    pub payments: u64,
    /// Journal lines with a seal.
    pub sealed_lines: u64,
    /// Journal lines from before lines were sealed.
    pub unsealed_lines: u64,
    /// Refunds.
    pub refunds: u64,
    /// Events.
    pub events: u64,
    /// Payments from before there were events, of which the shop was told nothing since.
    pub untold: u64,
    /// What is wrong, in the order in which it was found; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The invariant that is broken (docs/failures.md).
    pub invariant: &'static str,
    /// Of which payment; `None`, when a row cannot even be read.
    pub payment: Option<PaymentId>,
    /// Which row, and how.
    pub what: String,
}

/// Looks at everything. A row that cannot even be read is the last thing that is found.
///
/// # Errors
/// When the store cannot be asked.
pub async fn verify(store: &dyn Store) -> Result<Verified, StoreError> {
    let mut verified = Verified::default();
    match verified.look_at_all(store).await {
        Err(StoreError::Corrupt { table, row }) => {
            let what = format!("{table} holds a row that cannot be: {row}; nothing after it was looked at");
            verified.findings.push(Finding { invariant: "S12", payment: None, what });
            Ok(verified)
        }
        ended => ended.map(|()| verified),
    }
}

impl Verified {
    async fn look_at_all(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let mut after = None;
        // One at a time once a page holds a row that cannot be read, so that what comes before it is looked at.
        let mut size = PAGE;
        loop {
            let page = match store.records_after(after, size).await {
                Err(StoreError::Corrupt { .. }) if size > 1 => {
                    size = 1;
                    continue;
                }
                page => page?,
            };
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.payment.id);
            for some in page.chunks(AT_ONCE) {
                let orders = join_all(some.iter().map(|record| store.order(record.payment.order))).await;
                for (record, order) in some.iter().zip(orders) {
                    self.look_at(record, order?.as_ref());
                    if self.findings.len() >= FINDINGS_MAX {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Looks at one payment, and at the order that it pays.
    pub fn look_at(&mut self, record: &PaymentRecord, order: Option<&OrderRecord>) {
        self.payments += 1;
        self.refunds += count(record.refunds.len());
        self.events += count(record.events.len());
        self.untold += u64::from(record.events.is_empty() && record.payment.told.is_some());
        let sealed = record.history.iter().filter(|line| line.seal.is_some()).count();
        self.sealed_lines += count(sealed);
        self.unsealed_lines += count(record.history.len() - sealed);
        let mut object = |invariant, what| {
            self.findings.push(Finding { invariant, payment: Some(record.payment.id), what });
        };
        chain(record, &mut object);
        walk(record, &mut object);
        sums(record, &mut object);
        told(record, &mut object);
        taxed(record, order, &mut object);
        holder(&record.payment, order, &mut object);
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Every seal is over its line and the one before it, and none is missing or too many at the end. Only the first broken line is
/// named: after it nothing can be right.
fn chain(record: &PaymentRecord, object: &mut impl FnMut(&'static str, String)) {
    let mut previous = CHAIN_START;
    let mut begun = false;
    for line in &record.history {
        match line.seal {
            None if begun => return object("S12", format!("journal line {} has no seal", line.version)),
            None => {}
            Some(seal) if seal == line.sealed_after(&previous, record.payment.id) => {
                (previous, begun) = (seal, true);
            }
            Some(_) => {
                return object(
                    "S12",
                    format!("journal line {} is not the one that was sealed", line.version),
                );
            }
        }
    }
    let last = record.seal.unwrap_or(CHAIN_START);
    if last == previous {
        return;
    }
    let what = if let Some(line) = record.history.iter().find(|line| line.seal == Some(last)) {
        format!("journal lines were added after line {}", line.version)
    } else {
        let end = record.history.last().map_or(0, |line| line.version);
        format!("journal lines are missing after line {end}")
    };
    object("S12", what);
}

/// Each line goes on where the one before it ended, and the last one ends where the payment stands.
fn walk(record: &PaymentRecord, object: &mut impl FnMut(&'static str, String)) {
    let mut at = StateName::Ready.as_str();
    let mut version = 0;
    for JournalLine { version: next, from, to, .. } in &record.history {
        if from != at {
            object("S6", format!("journal line {next} leaves {from}, but the payment was {at}"));
        }
        if *next <= version {
            object("S13", format!("journal line {next} does not come after line {version}"));
        }
        (at, version) = (to.as_str(), *next);
    }
    let state = record.payment.state.name();
    if state.as_str() != at {
        object("S13", format!("the payment is {state}, but its last journal line left it {at}"));
    }
    if record.payment.version < version {
        object("S17", format!("version {} is older than journal line {version}", record.payment.version));
    }
}

/// What is refunded is the sum of the refunds, and no more than was captured is refunded or promised.
fn sums(record: &PaymentRecord, object: &mut impl FnMut(&'static str, String)) {
    let payment = &record.payment;
    let spoken_for = payment.refunded.plus(payment.reserved());
    if spoken_for.is_none_or(|spoken_for| payment.captured < spoken_for) || payment.amount < payment.captured
    {
        object(
            "S7",
            format!(
                "captured {} of {}, refunded {}, reserved {}",
                payment.captured,
                payment.amount,
                payment.refunded,
                payment.reserved()
            ),
        );
    }
    let mut done = record.refunds.iter().filter(|refund| is_done(refund)).map(|refund| refund.refund.amount);
    let done = done.try_fold(Won::ZERO, Won::plus);
    // One that was imported has no name of Toss's, and may be listed a second time under it.
    let mut named = record.refunds.iter().filter(|refund| refund.transaction_key().is_some());
    let named = named.try_fold(Won::ZERO, |sum, refund| sum.plus(refund.refund.amount));
    // A human's word has no refund behind it, and what needs a human has no sum yet.
    let by_word = record.history.iter().any(|line| line.event.starts_with("operator_said"));
    let unknown = by_word || matches!(payment.state, State::NeedsReview { .. });
    let refunded = Some(payment.refunded);
    if !unknown && !payment.captured.is_zero() && done != refunded && named != refunded {
        let done = done.map_or_else(|| "more than can be counted".to_owned(), |done| done.to_string());
        object(
            "S9",
            format!("refunded {}, but its refunds that are done add up to {done}", payment.refunded),
        );
    }
    let sending = record.refunds.iter().filter(|refund| refund.progress == Progress::Sending).count();
    if sending != usize::from(payment.state.name() == StateName::Canceling) {
        object("S9", format!("{sending} refunds are under way while it is {}", payment.state.name()));
    }
}

/// The shop was told where the payment stands, and the last event says what it was told.
fn told(record: &PaymentRecord, object: &mut impl FnMut(&'static str, String)) {
    let payment = &record.payment;
    if let Some(standing) = payment.standing().filter(|standing| payment.told != Some(*standing)) {
        object("S14", format!("it is {}, and the shop was told {:?}", standing.state, payment.told));
    }
    let last = record.events.last().and_then(|last| last.about.news()).map(News::state);
    let told = payment.told.map(|told| told.state);
    if last.is_some() && last != told {
        object("S14", format!("the last event says {last:?}, and the shop was told {told:?}"));
    }
    let mut before = 0;
    for event in &record.events {
        if event.sequence <= before {
            object("S14", format!("event {} does not come after event {before}", event.sequence));
        }
        before = event.sequence;
    }
}

/// What is left is divided as Toss says, and what was not taxed of the order has gone back or is left.
fn taxed(record: &PaymentRecord, order: Option<&OrderRecord>, object: &mut impl FnMut(&'static str, String)) {
    let payment = &record.payment;
    let rests = matches!(payment.state, State::Paid | State::PartiallyCanceled | State::Canceled { .. });
    // A human's word says nothing of the parts.
    let by_word = record.history.iter().any(|line| line.event.starts_with("operator_said"));
    let (Some(tax), Some(OrderRecord { order, .. })) = (payment.toss.tax, order) else { return };
    let left = payment.captured.minus(payment.refunded);
    if !rests || by_word || payment.captured.is_zero() {
        return;
    }
    if tax.sum() != left {
        let left = left.unwrap_or_default();
        return object(
            "S20",
            format!("the parts that Toss divides it into are not the {left} won that are left"),
        );
    }
    let mut returned =
        record.refunds.iter().filter(|refund| is_done(refund)).map(|refund| refund.refund.untaxed);
    // A refund of which nobody said it leaves nothing to compare.
    let Some(Some(all)) = returned.try_fold(Some(tax.untaxed), |sum, part| Some(sum?.plus(part?))) else {
        return;
    };
    if all != order.untaxed {
        let (said, took) = (order.untaxed, all);
        object(
            "S20",
            format!(
                "of its order {} won are tax free and {} exempt, and to Toss {} and {}",
                said.free, said.exempt, took.free, took.exempt
            ),
        );
    }
}

fn is_done(refund: &RefundRecord) -> bool {
    matches!(refund.progress, Progress::Elsewhere { .. } | Progress::Settled(RefundOutcome::Done { .. }))
}

/// The amount is the order's, and at most one payment holds the order. The order was read after the payment, which may
/// have moved on meanwhile: only what belongs together is compared.
fn holder(payment: &Payment, order: Option<&OrderRecord>, object: &mut impl FnMut(&'static str, String)) {
    let Some(OrderRecord { order, payments }) = order else {
        return object("S2", format!("its order {} is missing", payment.order));
    };
    if order.total != payment.amount {
        object("S2", format!("it is over {} won, its order over {}", payment.amount, order.total));
    }
    let holders: Vec<_> = payments.iter().filter(|payment| !payment.leaves_order_free()).collect();
    if holders.len() > 1 && holders.iter().any(|holder| holder.id == payment.id) {
        object("S3", format!("{} payments hold its order {}", holders.len(), order.id));
    }
}
