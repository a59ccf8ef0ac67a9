//! One state, looked at: what the parts of the model share while they say what can happen next. Of states that differ
//! in nothing that can ever matter, it makes one.
use super::checker::{Kind, Move};
use super::rules::Rule;
use super::scope::{Bug, Scope};
use super::table::Table;
use super::world::{At, Client, Due, Ended, KeyNo, PaymentNo, Said, Todo, Worker, World, small};
use super::{Label, Payments};

/// See the module.
pub(super) struct Lens<'a> {
    pub(super) scope: &'a Scope,
    pub(super) table: &'a mut Table,
    pub(super) from: &'a World,
    pub(super) into: &'a mut Vec<Move<Payments>>,
}

// Who makes progress independently of whom; see `Kind::Progress`.

/// Toss, carrying out what somebody waits for.
pub(super) const TOSS: u8 = 0;
/// Of each payment: taking it over when it is due, and the end of its lease.
pub(super) const RECOVERY: u8 = 22;
/// The server, deciding on a client's request.
pub(super) const CLIENT: u8 = 2;
/// The same for a wish.
pub(super) const WISHER: u8 = 4;
/// A worker.
pub(super) const WORKER: u8 = 6;
/// Toss's notices, and the reconciliation, of each payment.
pub(super) const NOTICE: u8 = 24;
/// The network, with a call that nobody waits for any more.
pub(super) const STRAY: u8 = 20;
/// Toss's clock of open sessions.
pub(super) const SESSIONS: u8 = 21;

impl Lens<'_> {
    /// This can happen.
    pub(super) fn add(
        &mut self,
        who: (&'static str, u8),
        what: &'static str,
        said: Option<Said>,
        kind: Kind,
        to: &World,
    ) {
        self.object(who, what, said, kind, to, None);
    }

    /// This can happen, and may be wrong in itself.
    pub(super) fn object(
        &mut self,
        who: (&'static str, u8),
        what: &'static str,
        said: Option<Said>,
        kind: Kind,
        to: &World,
        objection: Option<Rule>,
    ) {
        let mut to = *to;
        if !self.scope.apart {
            if !self.has(Bug::NoFencing) && !self.has(Bug::RefundsAreNotClaimed) {
                retire(&mut to);
            }
            forget(self.table, &mut to);
            settle_notices(&mut to);
            settle_time(self.table, &mut to);
            settle_rounds(self.table, &mut to);
        }
        self.into.push(Move { label: Label { who, what, said }, kind, to, objection });
    }

    /// Is this bug planted, alone or with another?
    pub(super) fn has(&self, bug: Bug) -> bool {
        let both = matches!(bug, Bug::FreshKeys | Bug::ChargesTwice);
        self.scope.bug == Some(bug) || (both && self.scope.bug == Some(Bug::FreshKeysAndChargesTwice))
    }
}

/// A notice of a payment that nobody works on is what whoever takes it over finds: a reason to look.
fn settle_notices(world: &mut World) {
    let workers = world.workers;
    for (row, at) in world.rows.iter_mut().zip(0..) {
        let Some(row) = row.as_mut().filter(|row| row.due == Due::Now) else { continue };
        if !workers.iter().flatten().any(|worker| worker.row == at && !worker.stale) {
            (row.look, row.noticed) = (row.look || row.noticed, false);
        }
    }
}

/// Only what is before what matters, so the times in use are numbered 0, 1, 2 …: the same situation an hour later is
/// the same state.
fn settle_time(table: &mut Table, world: &mut World) {
    let mut used = 1_u32 << world.now;
    for no in payments(world) {
        used |= table.times(*no).fold(0, |used, time| used | 1 << time);
    }
    for time in askings(world) {
        used |= 1 << *time;
    }
    if used & (used + 1) == 0 {
        return;
    }
    let anew = |time| rank(used, time);
    for no in payments(world) {
        *no = table.retime(*no, anew);
    }
    for time in askings(world) {
        *time = anew(*time);
    }
    world.now = anew(world.now);
}

/// Rounds likewise: one that nobody speaks of any more has no number. The first one keeps its own.
fn settle_rounds(table: &mut Table, world: &mut World) {
    let mut used = 1_u32;
    for no in payments(world) {
        used |= 1 << table.round(*no);
    }
    for key in keys(world) {
        used |= 1 << table.round_of(*key);
    }
    if used & (used + 1) == 0 {
        return;
    }
    for key in keys(world) {
        *key = table.rekey(*key, |round| rank(used, round));
    }
    for no in payments(world) {
        *no = table.reround(*no, |round| rank(used, round));
    }
    world.flights.sort_unstable();
    world.memory.sort_unstable();
}

/// How many of the numbers in use are smaller.
fn rank(used: u32, number: u8) -> u8 {
    u8::try_from((used & ((1 << number) - 1)).count_ones()).unwrap_or(u8::MAX)
}

/// The store takes nothing from a worker that is superseded, so what it does and hears makes no difference, except
/// for two things: it may still send what it was about to send, and what it has sent is still on its way; and it may
/// still refuse a wish whose turn it thinks it is.
fn retire(world: &mut World) {
    for slot in 0..world.workers.len() {
        let Some(Worker { at, stale: true, waiting, .. }) = world.workers[slot] else { continue };
        if matches!(at, At::Todo(Todo::Confirm | Todo::Cancel)) {
            continue;
        }
        let waits = |wish: u8| world.ended(0, wish) == Ended::Queued;
        if at == At::Todo(Todo::GiveBack) && waiting.is_some_and(waits) {
            continue;
        }
        world.workers[slot] = None;
        for flight in world.flights.iter_mut().flatten() {
            flight.waits = flight.waits.filter(|waits| *waits != small(slot));
        }
    }
    world.flights.sort_unstable();
}

/// A call that nobody waits for, under an idempotency key that is answered already or on its way already, makes no
/// difference. Nor does what Toss keeps of a key that nobody can send any more: a new round has a new key.
fn forget(table: &Table, world: &mut World) {
    for place in 0..world.flights.len() {
        let Some(flight) = world.flights[place] else { continue };
        let again = world.flights[..place].contains(&Some(flight)) || world.recall(flight.key).is_some();
        if flight.waits.is_none() && !flight.answered && again {
            world.flights[place] = None;
        }
    }
    world.flights.sort_unstable();
    if world.memory.iter().all(Option::is_none) {
        return;
    }
    let mut live = 0_u64;
    for no in payments(world) {
        live |= table.own_key(*no).map_or(0, |key| 1 << key.0);
    }
    for flight in world.flights.iter().flatten() {
        live |= 1 << flight.key.0;
    }
    for kept in &mut world.memory {
        *kept = kept.filter(|(key, _)| live & (1 << key.0) != 0);
    }
    world.memory.sort_unstable();
}

fn payments(world: &mut World) -> impl Iterator<Item = &mut PaymentNo> {
    let rows = world.rows.iter_mut().flatten().map(|row| &mut row.payment);
    let workers = world.workers.iter_mut().flatten().map(|worker| &mut worker.payment);
    let clients = world.clients.iter_mut().filter_map(|client| match client {
        Client::Decided(no) => Some(no),
        Client::Away | Client::Served => None,
    });
    rows.chain(workers).chain(clients)
}

fn keys(world: &mut World) -> impl Iterator<Item = &mut KeyNo> {
    let flights = world.flights.iter_mut().flatten().map(|flight| &mut flight.key);
    flights.chain(world.memory.iter_mut().flatten().map(|(key, _)| key))
}

fn askings(world: &mut World) -> impl Iterator<Item = &mut u8> {
    world.workers.iter_mut().flatten().filter_map(|Worker { at, .. }| match at {
        At::Waits(asked) | At::Heard(_, Some(asked)) => Some(asked),
        At::Todo(_) | At::Heard(_, None) => None,
    })
}
