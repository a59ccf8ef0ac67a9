//! What steps write: the row, the refund, the journal line, the next due time; together or not at all.
//!
//! Steps that wait together are written as sets: each statement is sent once for all of them. The payments are locked by the
//! first statement, which names the versions that it expects; what follows from it goes out at once, in one way to the
//! server. When one of a set is too late, none of it is written, and each is tried alone: a set of one.
mod rows;

use crate::error::corrupt;
use crate::group::Together;
use crate::pool::Running;
use crate::rows::Cells;
use crate::tx::Tx;
use crate::verbs::numbers::version;
use crate::verbs::{events, refunds};
use futures_util::future::try_join_all;
use hanbeon_domain::{Action, State, StateName, Step, Timestamp};
use hanbeon_store::{CHAIN_START, JournalLine, Seal, StoreError, due_at_rest};
use rows::{Turn, Written};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The first write of an intent to charge: a payment that was not there. It gives nothing; when somebody was faster, or we
/// wrote it before and never heard of it, it is [`StoreError::Superseded`].
pub(crate) struct Intent {
    pub(crate) step: Step,
    pub(crate) lease_until: Timestamp,
}

impl Together for Intent {
    type Gives = ();

    fn carry_out<'t>(tx: &'t Tx<'t>, all: Vec<&'t Self>) -> Running<'t, Vec<()>> {
        Box::pin(async move {
            let steps: Vec<&Step> = all.iter().map(|intent| &intent.step).collect();
            let written = |intent: &&'t Self| Written {
                line: JournalLine::of(&intent.step, &CHAIN_START),
                turn: Turn { due: Some(intent.lease_until), held: true, look: false },
                step: &intent.step,
            };
            let written: Vec<Written<'_>> = all.iter().map(written).collect();
            let (places, ()) = tokio::try_join!(
                biased;
                events::places(tx, &steps),
                rows::insert(tx, &written),
            )?;
            tokio::try_join!(
                biased;
                refunds_of(tx, all.iter().map(|intent| (&intent.step, Begins::Intent))),
                events::tell(tx, &steps, places),
            )?;
            Ok(vec![(); all.len()])
        })
    }
}

/// Any later write: what an intent led to, or the intent to give money back. It is [`StoreError::Superseded`] when the stored
/// version is not the one before the step's, and [`StoreError::OrderTaken`] when another payment holds the order.
pub(crate) struct Change {
    pub(crate) step: Step,
    pub(crate) lease_until: Timestamp,
    pub(crate) begins: Begins,
}

/// What is told of a refund whose id is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    Intent,
    Outcome,
}

impl Together for Change {
    type Gives = ();

    fn ends(&self) -> bool {
        self.begins == Begins::Outcome
    }

    fn carry_out<'t>(tx: &'t Tx<'t>, all: Vec<&'t Self>) -> Running<'t, Vec<()>> {
        Box::pin(async move {
            let steps: Vec<&Step> = all.iter().map(|change| &change.step).collect();
            let (before, places) = tokio::try_join!(
                biased;
                before(tx, &steps),
                events::places(tx, &steps),
            )?;
            let mut written = Vec::with_capacity(all.len());
            for change in &all {
                let before = before.get(&change.step.next.id.uuid()).ok_or(StoreError::Superseded)?;
                written.push(change.after(before));
            }
            tokio::try_join!(
                biased;
                rows::update(tx, &written),
                refunds_of(tx, all.iter().map(|change| (&change.step, change.begins))),
                events::tell(tx, &steps, places),
            )?;
            Ok(vec![(); all.len()])
        })
    }
}

impl Change {
    fn after(&self, before: &Before) -> Written<'_> {
        let Self { step, lease_until, begins } = self;
        let turn = match (begins, step.then) {
            // A step that rests until some time wants somebody to look then.
            (Begins::Outcome, Action::Rest { due }) => Turn {
                due: due_at_rest(step, before.waits, before.noticed),
                held: false,
                look: due.is_some(),
            },
            _ => Turn { due: Some(*lease_until), held: true, look: before.look },
        };
        Written { step, line: JournalLine::of(step, &before.seal.unwrap_or(CHAIN_START)), turn }
    }
}

/// What a step has to know of the row that it changes.
struct Before {
    seal: Option<Seal>,
    look: bool,
    noticed: bool,
    /// Does a refund wait for its turn?
    waits: bool,
}

/// Locks the payments that are where their steps left from.
async fn before(tx: &Tx<'_>, steps: &[&Step]) -> Result<HashMap<Uuid, Before>, StoreError> {
    let to_lock = "SELECT p.payment_id, p.seal, p.look, p.noticed_at IS NOT NULL
        FROM unnest($1::uuid[], $2::bigint[]) AS s (payment_id, version)
        JOIN payments p ON p.payment_id = s.payment_id AND p.version = s.version - 1 FOR UPDATE OF p";
    // By a statement of its own: a wish that was written while we waited for a lock is seen.
    let waits = "SELECT payment_id FROM refunds WHERE payment_id = ANY($1) AND state = 'queued'";
    let ids: Vec<Uuid> = steps.iter().map(|step| step.next.id.uuid()).collect();
    let versions = steps.iter().map(|step| version(step.next.version)).collect::<Result<Vec<_>, _>>()?;
    let (found, waiting) = tokio::try_join!(
        biased;
        async { tx.rows("payments", to_lock, &[&ids, &versions]).await },
        async { tx.rows("refunds", waits, &[&ids]).await },
    )?;
    let waiting =
        waiting.iter().map(|row| Cells::new("refunds", row).uuid()).collect::<Result<HashSet<_>, _>>()?;
    let read = |row| {
        let mut cells = Cells::new("payments", row);
        let id = cells.uuid()?;
        let (seal, look, noticed) = (cells.maybe_digest()?, cells.take()?, cells.take()?);
        Ok((id, Before { seal, look, noticed, waits: waiting.contains(&id) }))
    };
    found.iter().map(read).collect()
}

/// What the steps write beside their payments: refunds. Most have none.
async fn refunds_of(tx: &Tx<'_>, steps: impl Iterator<Item = (&Step, Begins)>) -> Result<(), StoreError> {
    let with_refunds = steps.filter(|(step, _)| has_refunds(step));
    try_join_all(with_refunds.map(|(step, begins)| refunds_of_one(tx, step, begins))).await.map(drop)
}

fn has_refunds(step: &Step) -> bool {
    matches!(step.next.state, State::Canceling { .. }) || step.settled.is_some() || !step.cancels.is_empty()
}

async fn refunds_of_one(tx: &Tx<'_>, step: &Step, begins: Begins) -> Result<(), StoreError> {
    if begins_refund(step) {
        if !refunds::begin(tx, step).await? {
            return Err(match begins {
                Begins::Intent => StoreError::Superseded,
                Begins::Outcome => corrupt("refunds", format!("{}: its refund exists already", step.next.id)),
            });
        }
    } else if let (Begins::Outcome, State::Canceling { refund, .. }) = (begins, &step.next.state) {
        refunds::rebase(tx, refund).await?;
    }
    if let Some((id, outcome)) = &step.settled {
        refunds::settle(tx, step.next.id, *id, outcome, step.at).await?;
    }
    if begins == Begins::Outcome {
        for cancel in &step.cancels {
            refunds::note_elsewhere(tx, &step.next, cancel, step.at).await?;
        }
    }
    Ok(())
}

fn begins_refund(step: &Step) -> bool {
    step.from != StateName::Canceling && matches!(step.next.state, State::Canceling { .. })
}
