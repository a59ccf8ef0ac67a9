//! A model of the whole, small enough to visit every state of it: two buyers, the shop, the recovery, webhooks, Toss
//! and its network, a server that dies. The transition table in it is the real one.
//!
//! What is there: for each payment the stored row; for each request and for the recovery a worker with its own copy
//! of that row and its place in `drive`; Toss's books, the calls on their way to it, and what it keeps of idempotency
//! keys. What can happen: everything that anybody may do next, in any order, with bounds from a [`Scope`].
//! Requests read, decide and begin in separate moves; so do calls and their answers, answers and their record. A refund
//! is queued first, and has its turn when the payment rests; somebody may cancel in Toss's console meanwhile.
//!
//! **Always** (checked at every state and every move): the rules in [`Rule`].
//! **In the end** (checked from every state, however it came about): once faults stop, every run reaches a state in
//! which nothing is under way and our records agree with Toss's books. `liveness` says exactly what that means.
//!
//! That a superseded holder writes nothing (S17) is built in, as the stores promise it (the conformance suite holds them
//! to it); what is shown here is that this promise is enough, and, by a planted bug, that it is needed.
//!
//! There is no clock. A confirm window may pass at any time, but only once all that was on its way has landed or
//! never will: that is what Toss promises (a scope may let it break the promise: [`Scope::lates`]), and all that is
//! needed of time. A worker may sleep through it. What an answer says of a moment is judged by the time at which the
//! question was asked: see [`Bug::JudgedLate`]. Whoever has slept through its lease sends nothing any more: see
//! [`Bug::SendsHoweverLate`].
//!
//! Not in it, and left to the simulation: a store that fails (and so the compensating cancel), deposits that are taken
//! back, amounts that differ, replies that cannot be read, a human who resolves a case, and that one holder makes no more
//! than four steps in one go.
//!
//! In reading order:
//! 1. `scope`: how large a world, and which bug is planted in it;
//! 2. `world`: everything that there is at one instant;
//! 3. `table`: the real transition table, with small numbers in front of it; `words` are the real words for them;
//! 4. `requests`, `server`, `toss`: what can happen next;
//! 5. `rules`: what must be true;
//! 6. [`checker`], `liveness`: visiting every state.

pub mod checker;
mod lens;
mod liveness;
mod requests;
mod rules;
mod scope;
mod server;
mod table;
mod toss;
mod words;
mod world;

pub use rules::Rule;
pub use scope::{Bug, CLIENTS, KEYS, Scope, TOTAL, WISHES, Wish};
pub use world::World;

use checker::{Model, Move, Report};
use lens::Lens;
use std::collections::BTreeSet;
use std::fmt;
use table::Table;
use world::Said;

/// Visits every state of the world of this scope, but no more than `limit`.
#[must_use]
pub fn check(scope: Scope, limit: usize) -> Checked {
    let mut payments = Payments { scope, table: Table::new(&scope) };
    let report = checker::check(&mut payments, limit);
    let table = payments.table;
    let made = table.made.iter().map(|(from, to)| (from.as_str().to_owned(), to.as_str().to_owned()));
    Checked { report, payments: table.len(), questions: table.asked(), made: made.collect() }
}

/// The arrows of the published state diagram.
#[must_use]
pub fn published_moves() -> BTreeSet<(String, String)> {
    table::published_moves().collect()
}

/// What was found, and how much of the transition table was used.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What was found.
    pub report: Report,
    /// How many different payments there were.
    pub payments: usize,
    /// How many different questions the transition table was asked.
    pub questions: usize,
    /// From which state to which it moved a payment.
    pub made: BTreeSet<(String, String)>,
}

/// The model.
pub struct Payments {
    scope: Scope,
    table: Table,
}

impl Model for Payments {
    type State = World;
    type Label = Label;
    type Rule = Rule;

    fn start(&mut self) -> World {
        World::new(self.scope.left())
    }

    fn moves(&mut self, from: &World, into: &mut Vec<Move<Self>>) {
        let mut lens = Lens { scope: &self.scope, table: &mut self.table, from, into };
        requests::moves(&mut lens);
        server::moves(&mut lens);
        toss::moves(&mut lens);
    }

    fn objection(&mut self, world: &World) -> Option<Rule> {
        rules::objection(&self.table, world)
    }

    fn is_goal(&mut self, world: &World) -> bool {
        rules::is_goal(&self.table, world, &self.scope)
    }

    fn show(&self, world: &World) -> String {
        rules::show(&self.table, world)
    }
}

/// What a move is called.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    who: (&'static str, u8),
    what: &'static str,
    said: Option<Said>,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who: (who, number), what, said } = self;
        write!(f, "{who} {number} {what}")?;
        said.map_or(Ok(()), |said| write!(f, ": {said:?}"))
    }
}
