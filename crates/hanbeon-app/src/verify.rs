//! What must be true of the whole store: every chain of seals is whole, every history is a walk through the table,
//! every sum adds up. Reads only, in pages, beside a running server.
use hanbeon_domain::{Payment, PaymentId, RefundOutcome, State, StateName, Won};
use hanbeon_store::{
    CHAIN_START, JournalLine, OrderRecord, PaymentRecord, Progress, RefundRecord, Store, StoreError,
};

/// Payments that are read at once.
const PAGE: usize = 200;
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
    /// What is wrong, in the order in which it was found; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The invariant that is broken (docs/failures.md).
    pub invariant: &'static str,
    /// Of which payment.
    pub payment: PaymentId,
    /// Which row, and how.
    pub what: String,
}

/// Looks at everything.
///
/// # Errors
/// What the store says; a row that cannot even be read is one of them, and names itself.
pub async fn verify(store: &dyn Store) -> Result<Verified, StoreError> {
    let mut verified = Verified::default();
    let mut after = None;
    loop {
        let page = store.records_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(verified) };
        after = Some(last.payment.id);
        for record in &page {
            let order = store.order(record.payment.order).await?;
            verified.look_at(record, order.as_ref());
            if verified.findings.len() >= FINDINGS_MAX {
                return Ok(verified);
            }
        }
    }
}

impl Verified {
    fn look_at(&mut self, record: &PaymentRecord, order: Option<&OrderRecord>) {
        self.payments += 1;
        self.refunds += count(record.refunds.len());
        let sealed = record.history.iter().filter(|line| line.seal.is_some()).count();
        self.sealed_lines += count(sealed);
        self.unsealed_lines += count(record.history.len() - sealed);
        let mut object = |invariant, what| {
            self.findings.push(Finding { invariant, payment: record.payment.id, what });
        };
        chain(record, &mut object);
        walk(record, &mut object);
        sums(record, &mut object);
        holder(&record.payment, order, &mut object);
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Every seal is over its line and the one before it, and none is missing from the end. Only the first broken line is
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
    if record.seal.unwrap_or(CHAIN_START) != previous {
        let last = record.history.last().map_or(0, |line| line.version);
        object("S12", format!("journal lines are missing after line {last}"));
    }
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
            object("S6", format!("journal line {next} does not come after line {version}"));
        }
        (at, version) = (to.as_str(), *next);
    }
    let state = record.payment.state.name();
    if state.as_str() != at {
        object("S6", format!("the payment is {state}, but its last journal line left it {at}"));
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
    // A human's word has no refund behind it, and what needs a human has no sum yet.
    let by_word = record.history.iter().any(|line| line.event.starts_with("operator_said"));
    let unknown = by_word || matches!(payment.state, State::NeedsReview { .. });
    if !unknown && !payment.captured.is_zero() && done != Some(payment.refunded) {
        object("S9", format!("refunded {}, but its refunds add up to {done:?}", payment.refunded));
    }
    let sending = record.refunds.iter().filter(|refund| refund.progress == Progress::Sending).count();
    if sending != usize::from(payment.state.name() == StateName::Canceling) {
        object("S9", format!("{sending} refunds are under way while it is {}", payment.state.name()));
    }
}

fn is_done(refund: &RefundRecord) -> bool {
    matches!(refund.progress, Progress::Elsewhere { .. } | Progress::Settled(RefundOutcome::Done { .. }))
}

/// The amount is the order's, and nobody else holds the order.
fn holder(payment: &Payment, order: Option<&OrderRecord>, object: &mut impl FnMut(&'static str, String)) {
    let Some(OrderRecord { order, payments }) = order else {
        return object("S2", format!("its order {} is missing", payment.order));
    };
    if order.total != payment.amount {
        object("S2", format!("it is over {} won, its order over {}", payment.amount, order.total));
    }
    let others = payments.iter().filter(|other| other.id != payment.id && !other.leaves_order_free()).count();
    if !payment.leaves_order_free() && others > 0 {
        object("S3", format!("{others} other payments hold its order"));
    }
}
