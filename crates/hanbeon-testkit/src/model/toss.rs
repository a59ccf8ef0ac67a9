//! Toss: its books, what it keeps of idempotency keys, and its clock.
//!
//! What is assumed of it, all from its documents: a paymentKey is charged at most once; a session that was not
//! confirmed ends, and then a confirm is refused; a refund that names another balance than there is, is not carried
//! out; an idempotency key is answered again as it was the first time; a call has landed, or never will, when a
//! confirm window has passed since; and from then on "I do not know this payment" is the truth.
use super::checker::{Kind, TIME};
use super::lens::{Lens, SESSIONS, STRAY, TOSS};
use super::scope::Bug;
use super::world::{Account, Call, Due, Flight, Said, World, at, small};
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
    }
    time_passes(lens);
}

fn arrives(lens: &mut Lens<'_>, place: usize, flight: Flight) {
    let says_no = match flight.call {
        Call::Confirm => 0 < lens.from.left.declines,
        Call::Cancel { .. } => 0 < lens.from.left.refusals,
    };
    for says in [Says::Yes, Says::No, Says::NotNow] {
        let twice_the_same = says == Says::NotNow && flight.call != Call::Confirm;
        if says == Says::Yes || (says_no && !twice_the_same) {
            lands(lens, place, flight, says);
        }
    }
    if flight.waits.is_none() {
        let mut to = *lens.from;
        to.land(place);
        lens.add(("a call about payment", flight.row), "never arrives", None, Kind::Progress(STRAY), to);
    }
    if 0 < lens.from.left.faults && !flight.answered {
        goes_wrong(lens, place, Said::Error);
        if flight.waits.is_some() {
            goes_wrong(lens, place, Said::Silence);
        }
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
    if says != Says::Yes {
        // Asked for a no, and it would have been one anyway, or was none at all: that is the other move.
        if said != Said::Refused || kept.is_some() || !may_be_refused(lens.from.accounts[at(flight.row)]) {
            return;
        }
        match flight.call {
            Call::Confirm => to.left.declines -= 1,
            Call::Cancel { .. } => to.left.refusals -= 1,
        }
    }
    if let Some(worker) = flight.waits.and_then(|slot| to.workers[at(slot)].as_mut()) {
        worker.hear(said);
    }
    let class = if flight.waits.is_some() { TOSS } else { STRAY };
    let what = match flight.call {
        Call::Confirm => "confirm is carried out",
        Call::Cancel { .. } => "cancel is carried out",
    };
    lens.add(("Toss: payment", flight.row), what, Some(said), Kind::Progress(class), to);
}

const fn may_be_refused(account: Account) -> bool {
    matches!(account.status, T::InProgress | T::Done | T::PartialCanceled | T::WaitingForDeposit)
}

/// Nothing is heard, or an error; what was asked may still be carried out.
fn goes_wrong(lens: &mut Lens<'_>, place: usize, said: Said) {
    let mut to = *lens.from;
    let Some(flight) = to.flights[place].as_mut() else { return };
    let waits = flight.waits.take();
    flight.answered = said == Said::Error;
    let Flight { key, row, .. } = *flight;
    if said == Said::Error {
        if to.recall(key).is_some() {
            return;
        }
        to.remember(key, said);
    }
    to.flights.sort_unstable();
    to.left.faults -= 1;
    if let Some(worker) = waits.and_then(|slot| to.workers[at(slot)].as_mut()) {
        worker.hear(said);
    }
    lens.add(("a call about payment", row), "goes wrong", Some(said), Kind::Fault, to);
}

fn carry_out(lens: &Lens<'_>, to: &mut World, flight: Flight, says: Says) -> Said {
    let twice = lens.has(Bug::ChargesTwice);
    let account = &mut to.accounts[at(flight.row)];
    match flight.call {
        Call::Confirm => match account.status {
            T::InProgress if says == Says::NotNow => Said::Refused,
            T::InProgress if says == Says::No => {
                account.status = T::Aborted;
                Said::Refused
            }
            T::InProgress if lens.scope.deposit => {
                account.status = T::WaitingForDeposit;
                account.shows()
            }
            T::InProgress => account.charge(),
            T::Done if twice => account.charge(),
            T::Expired => Said::Refused,
            _ => Said::ReadIt,
        },
        Call::Cancel { .. } if says != Says::Yes => Said::Refused,
        Call::Cancel { wish, amount, balance_before } => {
            account.cancel(at(wish), amount, balance_before, lens.scope.deposit)
        }
    }
}

impl Account {
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
                self.balance = self.balance.saturating_sub(amount);
                self.cancels[wish] += 1;
                self.listed[wish] = Some((amount, self.balance));
                let whole = self.balance == 0 && self.status != T::PartialCanceled;
                self.status = if whole { T::Canceled } else { T::PartialCanceled };
                self.shows()
            }
            T::Canceled => Said::ReadIt,
            _ => Said::Refused,
        }
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
            to,
        );
    }
}

fn deposit_comes(lens: &mut Lens<'_>, row: usize) {
    if lens.from.accounts[row].status == T::WaitingForDeposit {
        let mut to = *lens.from;
        to.accounts[row].status = T::Done;
        to.accounts[row].charges += 1;
        lens.add(("the buyer: payment", small(row)), "is deposited", None, Kind::Request, to);
    }
}

/// A confirm window passes. Everything that was on its way has arrived by then, or never will; every session that
/// was open is over, and every lease. A worker may have slept all the while. It happens only where it matters: while
/// there is a payment that is not yet so old.
fn time_passes(lens: &mut Lens<'_>) {
    let from = *lens.from;
    let on_its_way = from.flights.iter().any(Option::is_some);
    let open = from.accounts.iter().any(|account| account.status == T::InProgress);
    let matters =
        from.rows.iter().flatten().any(|row| lens.table.times(row.payment).any(|time| time == from.now));
    if on_its_way || open || !matters {
        return;
    }
    let mut to = from;
    to.now += 1;
    for row in to.rows.iter_mut().flatten() {
        if row.due == Due::Held {
            row.due = Due::Now;
        }
    }
    lens.add(("the time", 0), "passes", None, Kind::Progress(TIME), to);
}
