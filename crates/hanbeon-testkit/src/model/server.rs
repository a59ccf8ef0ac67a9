//! The server at work: `App::drive`, the recovery that takes over what is due, and how it dies.
use super::checker::Kind;
use super::lens::{Lens, NOTICE, RECOVERY as CLASS_RECOVERY, WORKER};
use super::rules::Rule;
use super::scope::{Bug, CLIENTS};
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
                At::Todo(Todo::GiveBack) => gives_back(lens, slot, worker),
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
            reconciled(lens, row, kept);
        }
    }
    dies(lens);
}

impl Worker {
    /// The call has ended. A "no" speaks of the time at which it was asked for; `drive` calls that `speaks_of_then`.
    pub(super) fn hear(&mut self, said: Said) {
        if let At::Waits(asked) = self.at {
            self.at = At::Heard(said, (said == Said::Refused).then_some(asked));
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
    to.send(Flight { row: worker.row, call, key, waits: Some(small(slot)), answered: false, late: false });
    to.workers[slot] = Some(Worker { at: At::Waits(to.now), ..worker });
    let objection = (!has_intent(lens, worker, call)).then_some(Rule::S1IntentBeforeEffect);
    let kind = Kind::Progress(class(slot));
    lens.object(("worker", small(slot)), what, None, kind, &to, objection);
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
        Call::Cancel { wish, .. } => {
            !matches!(lens.from.ended(worker.row, wish), Ended::NotBegun | Ended::Queued)
        }
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
        let charged = lens.table.payment(worker.payment).state.name() != StateName::Confirming;
        if (charged || lens.table.is_young(worker.payment, lens.from.now))
            && account.status != TossStatus::Expired
        {
            hears(lens, slot, Said::Absent, Kind::Fault);
        }
    }
}

fn hears(lens: &mut Lens<'_>, slot: usize, said: Said, kind: Kind) {
    let mut to = *lens.from;
    if let Some(worker) = to.workers[slot].as_mut() {
        let asks = worker.at == At::Todo(Todo::Lookup);
        worker.at = At::Heard(said, asks.then_some(to.now));
    }
    if kind == Kind::Fault {
        to.left.faults -= 1;
    }
    lens.add(("worker", small(slot)), "hears", Some(said), kind, &to);
}

/// One step, and one transaction: `Store::commit`.
fn records(lens: &mut Lens<'_>, slot: usize, worker: Worker, said: Said, asked: Option<u8>) {
    let mut to = *lens.from;
    let kind = Kind::Progress(class(slot));
    let who = ("worker", small(slot));
    let judged = asked.filter(|_| !lens.has(Bug::JudgedLate)).unwrap_or(to.now);
    let Some(mut moved) = step(lens, worker, said, judged) else {
        to.workers[slot] = None;
        return lens.object(who, "is refused by the table", None, kind, &to, Some(Rule::S6IllegalMove));
    };
    let gone = to.rows[at(worker.row)].is_none();
    if gone || (worker.stale && !lens.has(Bug::NoFencing)) {
        to.workers[slot] = None;
        return lens.add(who, "is superseded, and writes nothing", None, kind, &to);
    }
    if order_is_taken(lens, worker.row, moved) && !lens.has(Bug::LateMoneyClaims) {
        if lens.table.holds_order(worker.payment) {
            to.workers[slot] = None;
            return lens.add(who, "may not claim the order, which is taken", None, kind, &to);
        }
        let Some(goes_back) = lens.table.step(worker.payment, Happens::HeardTooLate(said), to.now) else {
            return;
        };
        moved = goes_back;
    }
    let objection = objection(lens, worker, moved);
    let written = write(lens, &mut to, worker, moved, said);
    to.wrote(worker.row, Some(slot));
    to.workers[slot] = goes_on(lens, worker, moved);
    lens.object(who, "records", Some(said), kind, &to, objection.or(written.err()));
}

/// At rest, it is the turn of the refund that waits.
fn goes_on(lens: &Lens<'_>, worker: Worker, moved: Moved) -> Option<Worker> {
    let payment = moved.next;
    let todo = match (moved.then, worker.waiting) {
        (Todo::Rest | Todo::RestUntilDue, None) => return None,
        (Todo::Rest | Todo::RestUntilDue, _) if lens.table.payment(payment).is_moving() => return None,
        (Todo::Rest | Todo::RestUntilDue, Some(_)) => Todo::GiveBack,
        (then, _) => then,
    };
    Some(Worker { payment, at: At::Todo(todo), stale: false, ..worker })
}

fn objection(lens: &Lens<'_>, worker: Worker, moved: Moved) -> Option<Rule> {
    if worker.stale {
        return Some(Rule::S17SupersededWrote);
    }
    let name = |no| lens.table.payment(no).state.name();
    let (from, to) = (name(worker.payment), name(moved.next));
    let revives = matches!(from, StateName::Declined | StateName::Expired)
        && !matches!(to, StateName::Declined | StateName::Expired | StateName::Canceling);
    (!moved.legal || (revives && !lens.scope.keeps_late)).then_some(Rule::S6IllegalMove)
}

/// Does another payment hold the order that this one would hold?
fn order_is_taken(lens: &Lens<'_>, row: u8, moved: Moved) -> bool {
    lens.table.holds_order(moved.next) && lens.from.order_is_held(row, |no| lens.table.holds_order(no))
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
        payment = lens.table.forgetting(payment, |state| {
            if let State::Confirming { tries, .. } | State::Canceling { tries, .. } = state {
                *tries = 0;
            }
        });
    }
    if said == Said::Refused && lens.has(Bug::EarlierKeysForgotten) {
        payment = lens.table.forgetting(payment, |state| {
            if let State::Canceling { landing_until, .. } = state {
                *landing_until = None;
            }
        });
    }
    if lens.has(Bug::IgnoredKeyKept) {
        payment = lens.table.forgetting(payment, |state| {
            if let State::Canceling { answered, .. } = state {
                *answered = false;
            }
        });
    }
    lens.table.step(payment, Happens::Heard(said), judged)
}

/// What the transaction writes, if the store's constraints let it.
fn write(lens: &Lens<'_>, to: &mut World, worker: Worker, moved: Moved, said: Said) -> Result<(), Rule> {
    let waits = to.oldest_queued(worker.row).is_some();
    let next = lens.table.payment(moved.next);
    if let Some((place, ended)) = moved.settled {
        let known = |place: u8| 0 < to.explained(worker.row, place);
        if to.ended(worker.row, place) != Ended::Open || matches!(ended, Ended::Done(place) if known(place)) {
            return Err(Rule::S9RefundsOneToOne);
        }
        to.end(worker.row, place, ended, 0);
    } else if let State::Canceling { .. } = next.state {
        let Call::Cancel { wish, amount, .. } = lens.table.cancel(moved.next) else { return Ok(()) };
        let began = lens.table.payment(worker.payment).state.name() != StateName::Canceling;
        if began && to.ended(worker.row, wish) != Ended::NotBegun {
            return Err(Rule::S9RefundsOneToOne);
        }
        to.end(worker.row, wish, Ended::Open, amount);
    }
    if let Said::Seen(shown) = said {
        for (place, _) in shown.cancels.iter().enumerate().filter(|(_, cancel)| cancel.is_some()) {
            let told = 0 < to.explained(worker.row, small(place));
            to.rows[at(worker.row)].iter_mut().for_each(|row| row.elsewhere |= u8::from(!told) << place);
        }
    }
    let Some(row) = to.rows[at(worker.row)].as_mut() else { return Ok(()) };
    row.payment = moved.next;
    (row.due, row.look) = match moved.then {
        Todo::RestUntilDue if lens.has(Bug::NobodyComesBack) => (Due::Never, false),
        Todo::Rest | Todo::RestUntilDue => {
            let due = moved.is_due(waits, row.noticed);
            // The last step wanted another look.
            (if due { Due::Now } else { Due::Never }, moved.then == Todo::RestUntilDue)
        }
        Todo::Confirm | Todo::Lookup | Todo::Cancel | Todo::GiveUp | Todo::GiveBack => (Due::Held, row.look),
    };
    let nothing_taken = matches!(next.state.name(), StateName::Declined | StateName::Expired);
    row.told_failed |= nothing_taken || (next.leaves_order_free() && next.refunded == next.captured);
    Ok(())
}

/// The refund whose turn it is: `App::give_back`.
fn gives_back(lens: &mut Lens<'_>, slot: usize, worker: Worker) {
    let mut to = *lens.from;
    let kind = Kind::Progress(class(slot));
    let who = ("worker", small(slot));
    let Some((place, wish)) = worker.waiting.and_then(|wish| Some((wish, lens.scope.wishes[at(wish)]?)))
    else {
        return;
    };
    to.workers[slot] = None;
    let queued = to.ended(worker.row, place) == Ended::Queued;
    let Some(moved) = lens.table.step(worker.payment, Happens::Wished(place, wish), to.now) else {
        if queued {
            to.end(worker.row, place, Ended::Refused, 0);
        }
        to.workers[slot] = Some(Worker { at: At::Todo(Todo::Lookup), waiting: None, ..worker });
        return lens.add(who, "refuses a wish that is impossible by now", None, kind, &to);
    };
    let superseded = worker.stale && !lens.has(Bug::RefundsAreNotClaimed);
    if superseded
        || !(queued || lens.has(Bug::RefundsAreNotClaimed))
        || order_is_taken(lens, worker.row, moved)
    {
        return lens.add(who, "is superseded, and begins no refund", None, kind, &to);
    }
    if !lens.has(Bug::IntentsAreNotDurable) {
        let Call::Cancel { amount, .. } = lens.table.cancel(moved.next) else { return };
        to.end(worker.row, place, Ended::Open, amount);
        if let Some(row) = to.rows[at(worker.row)].as_mut() {
            (row.payment, row.due) = (moved.next, Due::Held);
        }
        to.wrote(worker.row, Some(slot));
    }
    let next =
        Worker { payment: moved.next, at: At::Todo(Todo::Cancel), stale: false, waiting: None, ..worker };
    to.workers[slot] = Some(next);
    let objection = (!moved.legal).then_some(Rule::S6IllegalMove);
    lens.object(who, "begins a refund", None, kind, &to, objection);
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
        let kind = Kind::Progress(CLASS_RECOVERY + small(row));
        lens.add(("the lease of payment", small(row)), "ends", None, kind, &to);
    } else if 0 < to.left.lapses {
        to.left.lapses -= 1;
        lens.add(
            ("the lease of payment", small(row)),
            "ends while its holder sleeps",
            None,
            Kind::Fault,
            &to,
        );
    }
}

/// A recovery tick: `Store::lease_due`.
fn taken_over(lens: &mut Lens<'_>, row: usize, kept: Row) {
    if kept.due != Due::Now {
        return;
    }
    let mut to = *lens.from;
    let Some(slot) = takes(lens, &mut to, small(row)) else { return };
    let kind = Kind::Progress(CLASS_RECOVERY + small(row));
    lens.add(("the recovery", small(slot)), "takes over a payment that is due", None, kind, &to);
}

/// Whoever takes a payment over: the store's `take`, and the beginning of `App::turn`. It matters to nobody who that is;
/// so it stands in the recovery's place for this payment; or, if the scope is crowded and one that is superseded is still
/// there, in another.
pub(super) fn takes(lens: &Lens<'_>, to: &mut World, row: u8) -> Option<usize> {
    let own = RECOVERY + at(row);
    let others = (CLIENTS..RECOVERY).filter(|_| lens.scope.crowded);
    let slot = [own].into_iter().chain(others).find(|slot| to.workers[*slot].is_none())?;
    to.wrote(row, None);
    let waiting = to.oldest_queued(row);
    let kept = to.rows[at(row)].as_mut()?;
    let waiting = waiting.filter(|_| lens.table.gives_turns(kept.payment));
    (kept.look, kept.noticed, kept.due) = (kept.look || kept.noticed, false, Due::Held);
    let dead =
        matches!(lens.table.payment(kept.payment).state.name(), StateName::Declined | StateName::Expired);
    let blind = dead && lens.has(Bug::TheDeadAreNotLookedAt);
    let todo = match lens.table.resume(kept.payment, !blind && (kept.look || waiting.is_none())) {
        Todo::Rest if waiting.is_none() => {
            (kept.due, kept.look) = (Due::Never, false);
            return Some(slot);
        }
        Todo::Rest => Todo::GiveBack,
        todo => todo,
    };
    let payment = kept.payment;
    to.workers[slot] = Some(Worker { row, payment, at: At::Todo(todo), stale: false, waiting });
    Some(slot)
}

/// It gives notice, whoever works on the payment, and does nothing else: anybody can send one.
fn webhook_comes(lens: &mut Lens<'_>, row: usize, kept: Row) {
    if lens.from.left.webhooks == 0 {
        return;
    }
    let mut to = *lens.from;
    to.left.webhooks -= 1;
    to.rows[row] = Some(noticed(kept));
    if lens.has(Bug::WebhookIsBelieved) {
        let said = paid_in_full();
        if let Some(moved) = lens.table.step(kept.payment, Happens::Heard(said), to.now) {
            to.rows[row] = Some(Row { payment: moved.next, due: Due::Never, ..kept });
        }
        to.wrote(small(row), None);
    }
    lens.add(("a webhook about payment", small(row)), "comes", None, Kind::Request, &to);
}

/// `Store::notice`.
const fn noticed(kept: Row) -> Row {
    let due = if matches!(kept.due, Due::Held) { Due::Held } else { Due::Now };
    Row { due, noticed: true, ..kept }
}

/// At last there is a notice of Toss's, or the reconciliation, of what no record of ours explains.
fn reconciled(lens: &mut Lens<'_>, row: usize, kept: Row) {
    let payment = lens.table.payment(kept.payment);
    let account = lens.from.accounts[row];
    let listed = account.listed.iter().zip(0..).filter(|(cancel, _)| cancel.is_some());
    let explained = |place| 0 < lens.from.explained(small(row), place);
    let known = (!account.holds_money() || !payment.captured.is_zero())
        && listed.into_iter().all(|(_, place)| explained(place));
    if known || payment.is_moving() || kept.noticed || kept.look || kept.due == Due::Held {
        return;
    }
    let mut to = *lens.from;
    to.rows[row] = Some(noticed(kept));
    let kind = Kind::Progress(NOTICE + small(row));
    lens.add(("Toss: payment", small(row)), "is listed otherwise than we know it", None, kind, &to);
}

/// "DONE", made up by a stranger.
fn paid_in_full() -> Said {
    let cancels = [None; super::scope::CANCELS];
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
    lens.add(("the server", 0), "dies, and starts again", None, Kind::Fault, &to);
}
