//! The server at work: `App::drive`, the recovery that takes over what is due, and how it dies.
use super::checker::Kind;
use super::lens::{Lens, RECOVERY as CLASS_RECOVERY, WORKER};
use super::rules::Rule;
use super::scope::Bug;
use super::table::{Happens, Moved};
use super::world::{
    At, Call, Client, Due, Ended, Flight, RECOVERY, Row, Said, Todo, WORKERS, Wisher, Worker, World, at,
    small,
};
use hanbeon_domain::{State, StateName, TossStatus};

/// Everything that the server may do next, and its end.
pub(super) fn moves(lens: &mut Lens<'_>) {
    for slot in 0..WORKERS {
        if let Some(worker) = lens.from.workers[slot] {
            match worker.at {
                At::Todo(Todo::Confirm | Todo::Cancel) => sends(lens, slot, worker),
                At::Todo(Todo::Lookup) => looks(lens, slot, worker),
                At::Todo(Todo::GiveUp) => hears(lens, slot, Said::Exhausted, Kind::Progress(class(slot))),
                At::Todo(Todo::Rest | Todo::RestUntilDue) | At::Waits(_) => {}
                At::Heard(said, asked) => records(lens, slot, worker, said, asked),
            }
        }
    }
    for row in 0..lens.from.rows.len() {
        if let Some(kept) = lens.from.rows[row] {
            lease_ends(lens, row, kept);
            taken_over(lens, row, kept);
            webhook_comes(lens, row, kept);
        }
    }
    dies(lens);
}

impl Worker {
    /// The call has ended.
    pub(super) fn hear(&mut self, said: Said) {
        if let At::Waits(asked) = self.at {
            self.at = At::Heard(said, asked);
        }
    }
}

fn class(slot: usize) -> u8 {
    WORKER + small(slot)
}

/// A call that moves money leaves.
fn sends(lens: &mut Lens<'_>, slot: usize, worker: Worker) {
    let mut to = *lens.from;
    let (call, what) = match worker.at {
        At::Todo(Todo::Cancel) => (lens.table.cancel(worker.payment), "sends cancel"),
        _ => (Call::Confirm, "sends confirm"),
    };
    let mut key = lens.table.own_key(worker.payment).expect("a payment that moves is about a call");
    if lens.has(Bug::FreshKeys) {
        key = lens.table.fresh_key(to.calls);
        to.calls += 1;
    }
    to.send(Flight { row: worker.row, call, key, waits: Some(small(slot)), answered: false });
    to.workers[slot] = Some(Worker { at: At::Waits(to.now), ..worker });
    let objection = (!has_intent(lens, worker, call)).then_some(Rule::S1IntentBeforeEffect);
    let kind = Kind::Progress(class(slot));
    lens.object(("worker", small(slot)), what, None, kind, to, objection);
    if 0 < lens.from.left.faults {
        hears(lens, slot, Said::NotSent, Kind::Fault);
    }
}

/// Is what a worker is about to do in the store, or was it, as it is about to be done?
fn has_intent(lens: &Lens<'_>, worker: Worker, call: Call) -> bool {
    let Some(row) = lens.from.rows[at(worker.row)] else { return false };
    let (stored, own) = (lens.table.payment(row.payment), lens.table.payment(worker.payment));
    let same = stored.id == own.id && stored.key == own.key && stored.amount == own.amount;
    let round = match (&stored.state, &own.state) {
        (State::Confirming { round, .. }, State::Confirming { round: own, .. }) => own <= round,
        (State::Canceling { round, refund, .. }, State::Canceling { round: own, refund: own_refund, .. }) => {
            refund.id != own_refund.id || own <= round
        }
        _ => true,
    };
    let begun = match call {
        Call::Confirm => true,
        Call::Cancel { wish, .. } => lens.from.refunds[at(wish)] != Ended::NotBegun,
    };
    same && round && begun
}

/// Asks, and has the answer.
fn looks(lens: &mut Lens<'_>, slot: usize, worker: Worker) {
    let account = lens.from.accounts[at(worker.row)];
    let progress = Kind::Progress(class(slot));
    hears(lens, slot, account.shows(), progress);
    if account.status == TossStatus::Expired {
        hears(lens, slot, Said::Absent, progress);
    }
    if 0 < lens.from.left.faults {
        hears(lens, slot, Said::Silence, Kind::Fault);
        hears(lens, slot, Said::NotOurs, Kind::Fault);
        let young = lens.table.times(worker.payment).next() == Some(lens.from.now);
        if young && account.status != TossStatus::Expired {
            hears(lens, slot, Said::Absent, Kind::Fault);
        }
    }
}

fn hears(lens: &mut Lens<'_>, slot: usize, said: Said, kind: Kind) {
    let mut to = *lens.from;
    if let Some(worker) = to.workers[slot].as_mut() {
        worker.at = At::Heard(said, to.now);
    }
    if kind == Kind::Fault {
        to.left.faults -= 1;
    }
    lens.add(("worker", small(slot)), "hears", Some(said), kind, to);
}

/// One step, and one transaction: `Store::commit`.
fn records(lens: &mut Lens<'_>, slot: usize, worker: Worker, said: Said, asked: u8) {
    let mut to = *lens.from;
    let kind = Kind::Progress(class(slot));
    let who = ("worker", small(slot));
    let judged = if lens.has(Bug::JudgedLate) { to.now } else { asked };
    let Some(moved) = step(lens, worker, said, judged) else {
        to.workers[slot] = None;
        return lens.object(who, "is refused by the table", None, kind, to, Some(Rule::S6IllegalMove));
    };
    let gone = to.rows[at(worker.row)].is_none();
    if gone || (worker.stale && !lens.has(Bug::NoFencing)) {
        to.workers[slot] = None;
        return lens.add(who, "is superseded, and writes nothing", None, kind, to);
    }
    let objection = if worker.stale {
        Some(Rule::S17SupersededWrote)
    } else {
        (!moved.legal).then_some(Rule::S6IllegalMove)
    };
    write(lens, &mut to, worker, moved);
    to.wrote(worker.row, Some(slot));
    let next = Worker { payment: moved.next, at: At::Todo(moved.then), stale: false, ..worker };
    let rests = matches!(moved.then, Todo::Rest | Todo::RestUntilDue);
    to.workers[slot] = (!rests).then_some(next);
    lens.object(who, "records", Some(said), kind, to, objection);
}

fn step(lens: &mut Lens<'_>, worker: Worker, said: Said, judged: u8) -> Option<Moved> {
    let mut judged = judged;
    let said = match said {
        Said::Silence if lens.has(Bug::SilenceMeansNo) => Said::Refused,
        Said::Absent if lens.has(Bug::AbsentBelieved) => {
            judged += 1;
            Said::Absent
        }
        said => said,
    };
    let mut payment = worker.payment;
    if said == Said::Refused && lens.has(Bug::LateRefusalBelieved) {
        payment = lens.table.without_tries(payment);
    }
    lens.table.step(payment, Happens::Heard(said), judged)
}

fn write(lens: &Lens<'_>, to: &mut World, worker: Worker, moved: Moved) {
    let Some(row) = to.rows[at(worker.row)].as_mut() else { return };
    row.payment = moved.next;
    row.due = match moved.then {
        Todo::RestUntilDue if lens.has(Bug::NobodyComesBack) => Due::Never,
        // The last step wanted another look.
        Todo::RestUntilDue => Due::Noticed,
        Todo::Rest => Due::Never,
        Todo::Confirm | Todo::Lookup | Todo::Cancel | Todo::GiveUp => Due::Held,
    };
    let next = lens.table.payment(moved.next);
    let nothing_taken = matches!(next.state.name(), StateName::Declined | StateName::Expired);
    row.told_failed |= nothing_taken || (next.leaves_order_free() && next.refunded == next.captured);
    if let Some((wish, ended)) = moved.settled {
        to.refunds[at(wish)] = ended;
    }
}

/// A lease ends when nobody is there to extend it, or, as a fault, while its holder sleeps.
fn lease_ends(lens: &mut Lens<'_>, row: usize, kept: Row) {
    if kept.due != Due::Held {
        return;
    }
    let mut to = *lens.from;
    to.rows[row] = Some(Row { due: Due::Now, ..kept });
    let holds = |worker: &Worker| at(worker.row) == row && !worker.stale;
    if !to.workers.iter().flatten().any(holds) {
        let kind = Kind::Progress(CLASS_RECOVERY);
        lens.add(("the lease of payment", small(row)), "ends", None, kind, to);
    } else if 0 < to.left.lapses {
        to.left.lapses -= 1;
        lens.add(("the lease of payment", small(row)), "ends while its holder sleeps", None, Kind::Fault, to);
    }
}

/// A recovery tick: `Store::lease_due`, then [`Payment::resume`](hanbeon_domain::Payment::resume).
fn taken_over(lens: &mut Lens<'_>, row: usize, kept: Row) {
    if !matches!(kept.due, Due::Now | Due::Noticed) || lens.from.workers[RECOVERY].is_some() {
        return;
    }
    let mut to = *lens.from;
    to.wrote(small(row), None);
    let todo = lens.table.resume(kept.payment, kept.due == Due::Noticed);
    let due = match todo {
        Todo::Rest => Due::Never,
        Todo::RestUntilDue => Due::Now,
        Todo::Confirm | Todo::Lookup | Todo::Cancel | Todo::GiveUp => {
            let (row, payment) = (small(row), kept.payment);
            to.workers[RECOVERY] = Some(Worker { row, payment, at: At::Todo(todo), stale: false });
            Due::Held
        }
    };
    to.rows[row] = Some(Row { due, ..kept });
    let kind = Kind::Progress(CLASS_RECOVERY);
    lens.add(("the recovery", small(RECOVERY)), "takes over a payment that is due", None, kind, to);
}

/// It makes a payment due, whoever works on it, and nothing else: anybody can send one.
fn webhook_comes(lens: &mut Lens<'_>, row: usize, kept: Row) {
    if lens.from.left.webhooks == 0 {
        return;
    }
    let mut to = *lens.from;
    to.left.webhooks -= 1;
    to.rows[row] = Some(Row { due: Due::Noticed, ..kept });
    if lens.has(Bug::WebhookIsBelieved) {
        let said = paid_in_full();
        if let Some(moved) = lens.table.step(kept.payment, Happens::Heard(said), to.now) {
            to.rows[row] = Some(Row { payment: moved.next, due: Due::Never, ..kept });
        }
        to.wrote(small(row), None);
    }
    lens.add(("a webhook about payment", small(row)), "comes", None, Kind::Request, to);
}

/// "DONE", made up by a stranger.
fn paid_in_full() -> Said {
    let cancels = [None; super::scope::WISHES];
    let shown = super::world::Shown { status: TossStatus::Done, balance: super::scope::TOTAL, cancels };
    Said::Seen(shown)
}

/// The process is killed. What is in the store stays; a server that starts knows that nobody else is at work.
fn dies(lens: &mut Lens<'_>) {
    let mut to = *lens.from;
    let deciding = to.clients.iter().any(|client| matches!(client, Client::Decided(_)))
        || to.wishes.iter().any(|wisher| matches!(wisher, Wisher::Decided { .. }));
    let at_work = deciding || to.workers.iter().any(Option::is_some);
    if to.left.crashes == 0 || !at_work {
        return;
    }
    to.left.crashes -= 1;
    to.workers = [None; WORKERS];
    for client in &mut to.clients {
        if let Client::Decided(_) = client {
            *client = Client::Away;
        }
    }
    for wisher in &mut to.wishes {
        if let Wisher::Decided { .. } = wisher {
            *wisher = Wisher::Away;
        }
    }
    for flight in to.flights.iter_mut().flatten() {
        flight.waits = None;
    }
    to.flights.sort_unstable();
    for row in to.rows.iter_mut().flatten() {
        if row.due == Due::Held {
            row.due = Due::Now;
        }
    }
    lens.add(("the server", 0), "dies, and starts again", None, Kind::Fault, to);
}
