//! Calls of whose outcome we heard nothing certain, or died before we did, and what the sandbox's journal says of them:
//! the faults are real, and everything agreeing in the end shows that somebody found out.
use crate::books::named_by;
use crate::support::World;
use rusqlite::config::DbConfig;
use std::collections::BTreeMap;
use toss_sandbox::{EffectKind, JournalEntry, Operation};

/// How many calls of which operation, of what kind of silence, had which end.
#[derive(Debug, Default)]
pub(crate) struct Unknown(BTreeMap<(&'static str, Silence), Ends>);

/// Why we did not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Silence {
    /// The answer was lost, cut off, late, or an error that says nothing.
    Spoiled,
    /// We were killed over it.
    Killed,
}

/// In this order: was done, was not done, never arrived.
type Ends = [usize; 3];

impl Unknown {
    fn add(&mut self, operation: &'static str, silence: Silence, done: bool, arrived: bool) {
        let place = if done { 0 } else { 2 - usize::from(arrived) };
        self.0.entry((operation, silence)).or_default()[place] += 1;
    }

    pub(crate) fn join(&mut self, other: Self) {
        for (which, ends) in other.0 {
            let total = self.0.entry(which).or_default();
            total.iter_mut().zip(ends).for_each(|(total, more)| *total += more);
        }
    }

    pub(crate) fn total(&self, silence: Silence) -> Ends {
        let of_it = self.0.iter().filter(|((_, why), _)| *why == silence).map(|(_, ends)| ends);
        of_it.fold(Ends::default(), |[a, b, c], [x, y, z]| [a + x, b + y, c + z])
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines =
            vec!["outcomes that we did not know: was done, was not done, never arrived".to_owned()];
        lines.extend(self.0.iter().map(|((operation, silence), [done, not_done, never])| {
            let why = match silence {
                Silence::Spoiled => "answer lost or spoiled",
                Silence::Killed => "killed over it",
            };
            format!("{done:>8} {not_done:>8} {never:>8}  {operation}, {why}")
        }));
        lines
    }
}

/// Of all calls that move money, those without a certain answer.
pub(crate) fn spoiled(journal: &[JournalEntry]) -> Unknown {
    let mut unknown = Unknown::default();
    for entry in journal {
        let Some(operation) = name(entry.operation) else { continue };
        let arrived = entry.status.is_some();
        if entry.lost || entry.status.is_none_or(|status| status >= 500) {
            // A repeat that was answered from memory: its first call had the effect.
            let its = |other: &&JournalEntry| {
                other.seq <= entry.seq && other.idempotency_key == entry.idempotency_key
            };
            let done = journal.iter().filter(its).any(|other| moves(other, entry.operation));
            unknown.add(operation, Silence::Spoiled, arrived && done, arrived);
        }
    }
    unknown
}

/// What somebody was at when the server died. (What waited for its next try is none of it.)
#[derive(Debug)]
pub(crate) struct CutOff {
    payment: String,
    /// The refund, if it is one.
    refund: Option<String>,
    /// The last call that Toss had got by then.
    seq: u64,
}

/// Looks into a database whose server has just died, and leaves it as it is for the next one.
pub(crate) fn cut_off(world: &World) -> Vec<CutOff> {
    let db = world.db();
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).expect("a setting");
    let moving = "SELECT toss_payment_key, (SELECT lower(hex(refund_id)) FROM refunds AS r
                    WHERE r.payment_id = p.payment_id AND r.state = 'sending')
                  FROM payments AS p WHERE state IN ('confirming', 'canceling') AND held = 1";
    let mut moving = db.prepare(moving).expect("a good query");
    let seq = world.toss.journal(u64::MAX, 0).last_seq;
    let moving = moving
        .query_map([], |row| Ok(CutOff { payment: row.get(0)?, refund: row.get(1)?, seq }))
        .expect("rows");
    moving.collect::<Result<_, _>>().expect("good rows")
}

/// What became of it: whatever Toss got before whoever came next asked about it.
pub(crate) fn killed(journal: &[JournalEntry], cut_off: &[CutOff]) -> Unknown {
    let mut unknown = Unknown::default();
    for CutOff { payment, refund, seq } in cut_off {
        let its = journal.iter().filter(|entry| entry.payment_key.as_ref() == Some(payment));
        let then = its.take_while(|entry| entry.seq <= *seq || entry.operation != Operation::Read);
        let wanted = if refund.is_some() { Operation::Cancel } else { Operation::Confirm };
        let is_one = |entry: &&JournalEntry| {
            let key = entry.idempotency_key.as_deref().map(named_by);
            entry.operation == wanted && refund.as_ref().is_none_or(|refund| key == Some(refund))
        };
        let calls: Vec<_> = then.filter(is_one).collect();
        let done = calls.iter().any(|entry| moves(entry, wanted));
        let arrived = calls.iter().any(|entry| entry.status.is_some());
        unknown.add(name(wanted).expect("it moves money"), Silence::Killed, done, arrived);
    }
    unknown
}

fn moves(entry: &JournalEntry, operation: Operation) -> bool {
    let effect = if operation == Operation::Confirm { EffectKind::Approved } else { EffectKind::Canceled };
    entry.operation == operation && entry.effect == effect
}

fn name(operation: Operation) -> Option<&'static str> {
    match operation {
        Operation::Confirm => Some("confirm"),
        Operation::Cancel => Some("cancel"),
        _ => None,
    }
}
