//! Those who ask: buyers, and the shop. Each request is a read, a decision, and one transaction that begins (or, of a
//! refund, queues) what was decided, only if nobody was faster: `App::confirm` and `App::cancel`. What they hear is what
//! the store says, at any time: see [`rules`](super::rules).
use super::checker::Kind;
use super::lens::{CLIENT, Lens, WISHER};
use super::scope::{Bug, Wish};
use super::server::takes;
use super::table::Decided;
use super::world::{At, Client, Due, Ended, PaymentNo, Refund, Row, Todo, Wisher, Worker, World, at, small};
use hanbeon_domain::TossStatus;

/// Everything that those who ask may do next.
pub(super) fn moves(lens: &mut Lens<'_>) {
    for (who, key) in lens.scope.clients.into_iter().enumerate() {
        match (lens.from.clients[who], key) {
            (Client::Away, Some(key)) => client_decides(lens, who, key),
            (Client::Decided(payment), Some(key)) => client_begins(lens, who, key, payment),
            (Client::Away | Client::Decided(_) | Client::Served, _) => {}
        }
    }
    for (who, wish) in lens.scope.wishes.into_iter().enumerate() {
        match (lens.from.wishes[who], wish) {
            (Wisher::Away, Some(wish)) => wisher_decides(lens, who, wish),
            (Wisher::Decided { row, amount }, Some(wish)) => wisher_queues(lens, who, wish, (row, amount)),
            (Wisher::Away | Wisher::Decided { .. } | Wisher::Served, _) => {}
        }
    }
}

/// The buyer has authenticated the payment at Toss, perhaps just now, and the server reads and decides.
fn client_decides(lens: &mut Lens<'_>, who: usize, key: u8) {
    let mut to = *lens.from;
    if to.accounts[at(key)].status == TossStatus::Ready {
        to.accounts[at(key)].status = TossStatus::InProgress;
    }
    let payment_of = |row: u8| to.rows[at(row)].map(|row| row.payment);
    let holder = to.rows.iter().flatten().map(|row| row.payment).find(|no| lens.table.holds_order(*no));
    let newest =
        holder.or_else(|| to.newest.and_then(payment_of)).filter(|_| !lens.has(Bug::OrderIsNotClaimed));
    let what = match lens.table.decide(key, payment_of(key), newest, to.now) {
        Decided::Known => {
            to.clients[who] = Client::Served;
            "asks, and has its payment"
        }
        Decided::Begin(payment) => {
            to.clients[who] = Client::Decided(payment);
            "asks, and may pay"
        }
        Decided::TurnedAway => {
            to.clients[who] = Client::Served;
            to.turned_away[at(key)] = true;
            "asks, and is told that another payment has the order"
        }
    };
    lens.add(("client", small(who)), what, None, Kind::Request, &to);
}

/// `Store::begin` of a new payment.
fn client_begins(lens: &mut Lens<'_>, who: usize, key: u8, payment: PaymentNo) {
    let mut to = *lens.from;
    let free = |row: &Row| !lens.table.holds_order(row.payment);
    let claims = to.rows[at(key)].is_none() && to.rows.iter().flatten().all(free);
    let kind = Kind::Progress(CLIENT + small(who));
    if !claims && !lens.has(Bug::OrderIsNotClaimed) || to.rows[at(key)].is_some() {
        to.clients[who] = Client::Away;
        return lens.add(("client", small(who)), "was not first", None, kind, &to);
    }
    let todo = At::Todo(Todo::Confirm);
    if !lens.has(Bug::IntentsAreNotDurable) {
        to.rows[at(key)] = Some(Row::held(payment));
        to.newest = Some(key);
    }
    to.workers[who] = Some(Worker { row: key, payment, at: todo, stale: false, waiting: None });
    to.clients[who] = Client::Served;
    lens.add(("client", small(who)), "begins its payment", None, kind, &to);
}

/// The shop wants money back, of any payment: the server reads it, and admits as much as it has.
fn wisher_decides(lens: &mut Lens<'_>, who: usize, wish: Wish) {
    for row in 0..lens.from.rows.len() {
        let Some(Row { payment, .. }) = lens.from.rows[row] else { continue };
        let Some(amount) = lens.table.admits(payment, wish) else { continue };
        let mut to = *lens.from;
        to.wishes[who] = Wisher::Decided { row: small(row), amount };
        lens.add(("wish", small(who)), "is admitted", None, Kind::Request, &to);
    }
}

/// `Store::queue_refund`: from here on the wish is durable.
fn wisher_queues(lens: &mut Lens<'_>, who: usize, wish: Wish, (row, amount): (u8, u8)) {
    let mut to = *lens.from;
    let Some(kept) = to.rows[at(row)].as_mut() else { return };
    let others = lens.from.refunds.iter().filter(|other| other.row == row).copied().collect::<Vec<_>>();
    let what = match lens.table.beside(kept.payment, wish, amount, &others) {
        Ok(()) => {
            if kept.due != Due::Held && lens.table.gives_turns(kept.payment) {
                kept.due = Due::Now;
            }
            let free = to.queue.iter_mut().find(|place| place.is_none());
            *free.expect("a place for every wish") = Some(small(who));
            to.refunds[who] = Refund { row, amount, ended: Ended::Queued };
            to.wishes[who] = Wisher::Served;
            takes_turn(lens, &mut to, row)
        }
        Err(left) if wish == Wish::Whole && 0 < left => {
            to.wishes[who] = Wisher::Decided { row, amount: left };
            "is as much as is left by now"
        }
        Err(_) => {
            to.wishes[who] = Wisher::Served;
            "is refused: so much is not left"
        }
    };
    lens.add(("wish", small(who)), what, None, Kind::Progress(WISHER + small(who)), &to);
}

/// `App::take_turn`: nobody holds the payment, or its lease is over; otherwise whoever holds it leaves it due. It is one
/// move with the queueing: if somebody else came between, that is the recovery, and does the same.
fn takes_turn(lens: &Lens<'_>, to: &mut World, row: u8) -> &'static str {
    let free = to.rows[at(row)].is_some_and(|kept| kept.due != Due::Held);
    if free && takes(lens, to, row).is_some() {
        "is queued, and takes the payment over"
    } else {
        "is queued, and waits for its turn"
    }
}
