//! Those who ask: buyers, and the shop. Each request is a read, a decision, and one transaction that begins what was
//! decided, only if nobody was faster: `App::confirm` and `App::cancel`. What they hear is what the store says, at any
//! time: see [`rules`](super::rules).
use super::checker::Kind;
use super::lens::{CLIENT, Lens, WISHER};
use super::rules::Rule;
use super::scope::{Bug, CLIENTS, Wish};
use super::table::{Decided, Happens};
use super::world::{At, Client, Due, Ended, PaymentNo, Row, Wisher, Worker, at, small};
use hanbeon_domain::{Payment, TossStatus};

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
            (Wisher::Decided { row, next, stale }, _) => wisher_begins(lens, who, row, next, stale),
            (Wisher::Away | Wisher::Served, _) => {}
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
    let newest = to.newest.and_then(payment_of).filter(|_| !lens.has(Bug::OrderIsNotClaimed));
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
    lens.add(("client", small(who)), what, None, Kind::Request, to);
}

/// `Store::begin` of a new payment.
fn client_begins(lens: &mut Lens<'_>, who: usize, key: u8, payment: PaymentNo) {
    let mut to = *lens.from;
    let free = |row: &Row| lens.table.payment(row.payment).leaves_order_free();
    let claims = to.rows[at(key)].is_none() && to.rows.iter().flatten().all(free);
    let kind = Kind::Progress(CLIENT + small(who));
    if !claims && !lens.has(Bug::OrderIsNotClaimed) || to.rows[at(key)].is_some() {
        to.clients[who] = Client::Away;
        return lens.add(("client", small(who)), "was not first", None, kind, to);
    }
    let todo = At::Todo(super::world::Todo::Confirm);
    if !lens.has(Bug::IntentsAreNotDurable) {
        to.rows[at(key)] = Some(Row { payment, due: Due::Held, told_failed: false });
        to.newest = Some(key);
    }
    to.workers[who] = Some(Worker { row: key, payment, at: todo, stale: false });
    to.clients[who] = Client::Served;
    lens.add(("client", small(who)), "begins its payment", None, kind, to);
}

/// The shop wants money back, of any payment that rests; one that moves is waited for.
fn wisher_decides(lens: &mut Lens<'_>, who: usize, wish: Wish) {
    for row in 0..lens.from.rows.len() {
        let Some(Row { payment, .. }) = lens.from.rows[row] else { continue };
        if Payment::is_moving(lens.table.payment(payment)) {
            continue;
        }
        let Some(moved) = lens.table.step(payment, Happens::Wished(small(who), wish), lens.from.now) else {
            continue;
        };
        let mut to = *lens.from;
        to.wishes[who] = Wisher::Decided { row: small(row), next: moved.next, stale: false };
        let objection = (!moved.legal).then_some(Rule::S6IllegalMove);
        lens.object(("wish", small(who)), "may be granted", None, Kind::Request, to, objection);
    }
}

/// `Store::begin` of a refund.
fn wisher_begins(lens: &mut Lens<'_>, who: usize, row: u8, next: PaymentNo, stale: bool) {
    let mut to = *lens.from;
    let kind = Kind::Progress(WISHER + small(who));
    if stale && !lens.has(Bug::RefundsAreNotClaimed) {
        to.wishes[who] = Wisher::Away;
        return lens.add(("wish", small(who)), "was not first", None, kind, to);
    }
    to.wishes[who] = Wisher::Served;
    let slot = CLIENTS + who;
    if !lens.has(Bug::IntentsAreNotDurable) {
        let told_failed = to.rows[at(row)].is_some_and(|row| row.told_failed);
        to.rows[at(row)] = Some(Row { payment: next, due: Due::Held, told_failed });
        to.refunds[who] = Ended::Open;
        to.wrote(row, Some(slot));
    }
    let todo = At::Todo(super::world::Todo::Cancel);
    to.workers[slot] = Some(Worker { row, payment: next, at: todo, stale: false });
    lens.add(("wish", small(who)), "begins its refund", None, kind, to);
}
