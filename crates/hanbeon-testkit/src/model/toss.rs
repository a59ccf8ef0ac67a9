//! Toss: its books, what it keeps of idempotency keys, and its clock.
//!
//! What is assumed of it, all from its documents: a paymentKey is charged at most once; a session that was not
//! confirmed ends, and then a confirm is refused; a refund that names another balance than there is, is not carried
//! out; an idempotency key is answered again as it was the first time; a call has landed, or never will, when a
//! confirm window has passed since; and from then on "I do not know this payment" is the truth. Two promises it may
//! break, as faults with bounds of their own: a confirm may take effect after every window, or after a no; and a cancel
//! that comes soon after another may be answered and ignored. Somebody may cancel in its console.
use super::checker::{Kind, TIME};
use super::lens::{Lens, SESSIONS, STRAY, TOSS};
use super::scope::{Bug, ELSEWHERE, Wish};
use super::world::{Account, At, Call, Due, Flight, Listed, Said, Todo, Worker, World, at, small};
use hanbeon_domain::TossStatus as T;

/// Everything that Toss, the network and the time may do next.
pub(super) fn moves(lens: &mut Lens<'_>) {
    for (place, flight) in lens.from.flights.iter().enumerate() {
        if let Some(flight) = flight {
            arrives(lens, place, *flight);
        }
    }
    for row in 0..lens.from.accounts.len() {
        session_ends(lens, row);
        deposit_comes(lens, row);
        console_cancels(lens, row);
    }
    time_passes(lens);
}

fn arrives(lens: &mut Lens<'_>, place: usize, flight: Flight) {
    let left = lens.from.left;
    for says in [Says::Yes, Says::No, Says::NotNow, Says::Nothing] {
        let may = match (says, flight.call) {
            (Says::Yes, _) => true,
            (Says::No | Says::NotNow, Call::Confirm) => 0 < left.declines && !flight.late,
            (Says::No, Call::Cancel { .. }) => 0 < left.refusals,
            (Says::Nothing, Call::Cancel { .. }) => 0 < left.ignored,
            (Says::NotNow, Call::Cancel { .. }) | (Says::Nothing, Call::Confirm) => false,
        };
        if may {
            lands(lens, place, flight, says);
        }
    }
    if flight.waits.is_none() {
        let mut to = *lens.from;
        to.land(place);
        lens.add(("a call about payment", flight.row), "never arrives", None, Kind::Progress(STRAY), &to);
    }
    if 0 < left.faults && !flight.answered {
        goes_wrong(lens, place, Said::Error, false);
        if flight.waits.is_some() {
            goes_wrong(lens, place, Said::Silence, false);
        }
    }
    if 0 < left.lates && flight.call == Call::Confirm && flight.waits.is_some() {
        goes_wrong(lens, place, Said::Silence, true);
        goes_wrong(lens, place, Said::Refused, true);
    }
}

/// What Toss's bank says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Yes,
    /// The payment is over.
    No,
    /// The payment stays as it is.
    NotNow,
    /// Yes, and nothing happens.
    Nothing,
}

fn lands(lens: &mut Lens<'_>, place: usize, flight: Flight, says: Says) {
    let mut to = *lens.from;
    to.land(place);
    let kept = to.recall(flight.key);
    let said = match kept.filter(|_| !flight.answered) {
        Some(said) => said,
        None => carry_out(lens, &mut to, flight, says),
    };
    if to.recall(flight.key).is_none() {
        to.remember(flight.key, said);
    }
    let account = lens.from.accounts[at(flight.row)];
    // Asked for a no, and it would have been one anyway, or was none at all: that is the other move.
    let is_other = match says {
        Says::Yes => false,
        Says::No | Says::NotNow => said != Said::Refused || !may_be_refused(account),
        Says::Nothing => !may_be_ignored(account),
    };
    if says != Says::Yes && (kept.is_some() || is_other) {
        return;
    }
    match (says, flight.call) {
        (Says::Yes, _) => {}
        (Says::Nothing, _) => to.left.ignored -= 1,
        (_, Call::Confirm) => to.left.declines -= 1,
        (_, Call::Cancel { .. }) => to.left.refusals -= 1,
    }
    if let Some(worker) = flight.waits.and_then(|slot| to.workers[at(slot)].as_mut()) {
        worker.hear(said);
    }
    let class = if flight.waits.is_some() { TOSS } else { STRAY };
    let what = match flight.call {
        Call::Confirm => "confirm is carried out",
        Call::Cancel { .. } => "cancel is carried out",
    };
    lens.add(("Toss: payment", flight.row), what, Some(said), Kind::Progress(class), &to);
}

const fn may_be_refused(account: Account) -> bool {
    matches!(account.status, T::InProgress | T::Done | T::PartialCanceled | T::WaitingForDeposit)
}

/// Only a cancel that follows another.
fn may_be_ignored(account: Account) -> bool {
    let holds = matches!(account.status, T::Done | T::PartialCanceled) && 0 < account.balance;
    holds && account.listed.iter().any(Option::is_some)
}

/// Nothing is heard, or an error, or a lie; what was asked may still be carried out, and that `late`.
fn goes_wrong(lens: &mut Lens<'_>, place: usize, said: Said, late: bool) {
    let mut to = *lens.from;
    let Some(flight) = to.flights[place].as_mut() else { return };
    let waits = flight.waits.take();
    flight.answered = said != Said::Silence;
    flight.late = late;
    let Flight { key, row, .. } = *flight;
    if said != Said::Silence {
        if to.recall(key).is_some() {
            return;
        }
        to.remember(key, said);
    }
    to.flights.sort_unstable();
    if late {
        to.left.lates -= 1;
    } else {
        to.left.faults -= 1;
    }
    if let Some(worker) = waits.and_then(|slot| to.workers[at(slot)].as_mut()) {
        worker.hear(said);
    }
    let what = if late { "is held up for too long" } else { "goes wrong" };
    lens.add(("a call about payment", row), what, Some(said), Kind::Fault, &to);
}

fn carry_out(lens: &Lens<'_>, to: &mut World, flight: Flight, says: Says) -> Said {
    let twice = lens.has(Bug::ChargesTwice);
    let account = &mut to.accounts[at(flight.row)];
    match flight.call {
        Call::Confirm if flight.late && matches!(account.status, T::InProgress | T::Expired) => {
            account.late = true;
            account.confirm(lens.scope.deposit)
        }
        Call::Confirm => match account.status {
            T::InProgress if says == Says::NotNow => Said::Refused,
            T::InProgress if says == Says::No => {
                account.status = T::Aborted;
                Said::Refused
            }
            T::InProgress => account.confirm(lens.scope.deposit),
            T::Done if twice => account.charge(),
            T::Expired => Said::Refused,
            _ => Said::ReadIt,
        },
        Call::Cancel { .. } if says == Says::Nothing => account.shows(),
        Call::Cancel { .. } if says != Says::Yes => Said::Refused,
        Call::Cancel { wish, amount, balance_before } => {
            account.cancel(at(wish), amount, balance_before, lens.scope.deposit)
        }
    }
}

impl Account {
    fn confirm(&mut self, deposit: bool) -> Said {
        if deposit {
            self.status = T::WaitingForDeposit;
            return self.shows();
        }
        self.charge()
    }

    fn charge(&mut self) -> Said {
        self.status = T::Done;
        self.charges += 1;
        self.shows()
    }

    fn cancel(&mut self, wish: usize, amount: u8, balance_before: u8, deposit: bool) -> Said {
        match self.status {
            // Its refund needs a bank account, which nobody gave us.
            T::Done | T::PartialCanceled if deposit => Said::Refused,
            T::Done | T::PartialCanceled if self.balance == 0 => Said::ReadIt,
            T::Done | T::PartialCanceled if self.balance != balance_before => Said::Error,
            T::Done | T::PartialCanceled | T::WaitingForDeposit => {
                self.overdrawn |= self.balance < amount;
                self.give_back(wish, amount);
                self.shows()
            }
            T::Canceled => Said::ReadIt,
            _ => Said::Refused,
        }
    }

    fn give_back(&mut self, place: usize, amount: u8) {
        self.balance = self.balance.saturating_sub(amount);
        self.cancels[place] += 1;
        self.listed[place] = Listed::new(amount, self.balance);
        let whole = self.balance == 0 && self.status != T::PartialCanceled;
        self.status = if whole { T::Canceled } else { T::PartialCanceled };
    }
}

/// Ten minutes after the buyer has authenticated. That may be at any time, because a buyer may come late.
fn session_ends(lens: &mut Lens<'_>, row: usize) {
    if lens.from.accounts[row].status == T::InProgress {
        let mut to = *lens.from;
        to.accounts[row].status = T::Expired;
        lens.add(
            ("Toss: payment", small(row)),
            "is too old to be confirmed",
            None,
            Kind::Progress(SESSIONS),
            &to,
        );
    }
}

fn deposit_comes(lens: &mut Lens<'_>, row: usize) {
    if lens.from.accounts[row].status == T::WaitingForDeposit {
        let mut to = *lens.from;
        to.accounts[row].status = T::Done;
        to.accounts[row].charges += 1;
        lens.add(("the buyer: payment", small(row)), "is deposited", None, Kind::Request, &to);
    }
}

/// Somebody cancels in Toss's own console, at any time.
fn console_cancels(lens: &mut Lens<'_>, row: usize) {
    let mut to = *lens.from;
    let account = &mut to.accounts[row];
    let amount = match to.left.elsewhere.take() {
        Some(Wish::Whole) => account.balance,
        Some(Wish::Part(part)) => part,
        None => return,
    };
    let holds = match account.status {
        T::Done | T::PartialCanceled => true,
        T::WaitingForDeposit => amount == account.balance,
        _ => false,
    };
    if holds && 0 < amount && amount <= account.balance {
        account.give_back(ELSEWHERE, amount);
        lens.add(("the console: payment", small(row)), "is cancelled", None, Kind::Request, &to);
    }
}

/// A confirm window passes. Everything that was on its way has arrived by then, or never will; every session that
/// was open is over, and every lease. A worker may have slept all the while. If it was about to send a call, it sends
/// nothing any more: `drive` looks at its lease first, and what leaves after that look is on its way. It happens only where it matters: while
/// there is a payment that is not yet so old.
fn time_passes(lens: &mut Lens<'_>) {
    let from = *lens.from;
    let on_its_way = from.flights.iter().flatten().any(|flight| !flight.late);
    let open = from.accounts.iter().any(|account| account.status == T::InProgress);
    let matters =
        from.rows.iter().flatten().any(|row| lens.table.times(row.payment).any(|time| time == from.now));
    if on_its_way || open || !matters {
        return;
    }
    let mut to = from;
    to.now += 1;
    let mut kind = Kind::Progress(TIME);
    if !lens.has(Bug::SendsHoweverLate) {
        let misses = |worker: &Worker| matches!(worker.at, At::Todo(Todo::Confirm | Todo::Cancel));
        if to.workers.iter().flatten().any(|worker| misses(worker) && !worker.stale) {
            if to.left.lapses == 0 {
                return;
            }
            to.left.lapses -= 1;
            kind = Kind::Fault;
        }
        to.workers = to.workers.map(|worker| worker.filter(|worker| !misses(worker)));
    }
    for row in to.rows.iter_mut().flatten() {
        if row.due == Due::Held {
            row.due = Due::Now;
        }
    }
    lens.add(("the time", 0), "passes", None, kind, &to);
}
