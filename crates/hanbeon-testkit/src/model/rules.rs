//! What must be true: always, and in the end. The names are those of the catalogue.
use super::scope::{CANCELS, ELSEWHERE, LATE, Scope, TOTAL};
use super::table::Table;
use super::world::{Account, Client, Due, Ended, Listed, Refund, Row, Wisher, World, small};
use hanbeon_domain::{Payment, StateName, TossStatus as T, Won};

/// What may be objected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A call that moves money left without an intent in the store.
    S1IntentBeforeEffect,
    /// The buyer was charged twice for one order.
    S3ChargedTwice,
    /// The store says that money was taken, or all given back, and the books say otherwise.
    S4ToldWrong,
    /// Somebody was told that nothing is charged, and it is.
    S5ToldFailedButCharged,
    /// A move that is not in the published diagram, or an answer that the table cannot place.
    S6IllegalMove,
    /// More is given back, or promised, than was taken.
    S7OverBudget,
    /// A cancel in Toss's list is two refunds of ours, or a record that the store's constraints do not let in.
    S9RefundsOneToOne,
    /// A refund was carried out twice, or it is not as was told.
    S10RefundOnce,
    /// A holder that was superseded wrote.
    S17SupersededWrote,
}

/// Is something wrong now? Whoever asks the server hears what is in the store, and somebody may ask at any instant;
/// so whatever is in the store has been told.
pub(super) fn objection(table: &Table, world: &World) -> Option<Rule> {
    let in_time = |account: &&Account| account.holds_money() && !account.late;
    if 1 < world.accounts.iter().filter(in_time).count()
        || world.accounts.iter().any(|account| 1 < account.charges)
    {
        return Some(Rule::S3ChargedTwice);
    }
    for (row, account) in world.rows.iter().zip(&world.accounts) {
        if let Some(rule) = row.and_then(|row| told_wrong(table.payment(row.payment), row, *account)) {
            return Some(rule);
        }
    }
    let turned_away = world.turned_away.iter().zip(&world.rows).zip(&world.accounts);
    for ((turned_away, row), account) in turned_away {
        let charged = 0 < account.charges || account.holds_money();
        if *turned_away && row.is_none() && charged && !account.late {
            return Some(Rule::S5ToldFailedButCharged);
        }
    }
    if places(world).any(|(row, place)| 1 < world.explained(row, place)) {
        return Some(Rule::S9RefundsOneToOne);
    }
    let holders = world.rows.iter().flatten().filter(|row| table.holds_order(row.payment)).count();
    let wrong = 1 < holders || refunds(world).any(|refund| !happened_as_told(world, refund));
    wrong.then_some(if 1 < holders { Rule::S3ChargedTwice } else { Rule::S10RefundOnce })
}

/// Every refund of ours: of which payment, in which place of Toss's list, and how it ended.
fn refunds(world: &World) -> impl Iterator<Item = (u8, usize, Ended)> {
    let wished =
        world.refunds.iter().enumerate().map(|(wish, Refund { row, ended, .. })| (*row, wish, *ended));
    let late = world.rows.iter().zip(0..).filter_map(|(row, at)| Some((at, LATE, (*row)?.late)));
    wished.chain(late)
}

/// Every cancel in Toss's lists.
fn places(world: &World) -> impl Iterator<Item = (u8, u8)> {
    let rows = (0..).zip(&world.accounts);
    rows.flat_map(|(row, account)| {
        let listed = move |place: &u8| account.listed[usize::from(*place)].is_some();
        (0..small(CANCELS)).filter(listed).map(move |place| (row, place))
    })
}

/// A cancel that somebody made in the console, of the same amount at the same moment, may stand for ours. Then ours
/// never happens.
fn happened_as_told(world: &World, (row, own, ended): (u8, usize, Ended)) -> bool {
    let account = &world.accounts[usize::from(row)];
    let times = account.cancels[own];
    match ended {
        Ended::Done(place) => {
            let listed = account.listed[usize::from(place)].is_some();
            listed && times == u8::from(usize::from(place) == own)
        }
        Ended::NotBegun | Ended::Queued | Ended::Refused => times == 0,
        Ended::Open | Ended::Review => times <= 1,
    }
}

fn told_wrong(payment: &Payment, row: Row, account: Account) -> Option<Rule> {
    let promised = payment.reserved().plus(payment.refunded);
    if account.overdrawn || promised.is_none_or(|promised| payment.captured < promised) {
        return Some(Rule::S7OverBudget);
    }
    if row.told_failed && account.holds_money() && !account.late {
        return Some(Rule::S5ToldFailedButCharged);
    }
    let wrong = match payment.state.name() {
        // What was cancelled in the console is not known at once.
        StateName::Paid => account.charges != 1 || account.balance + canceled_elsewhere(account) != TOTAL,
        StateName::PartiallyCanceled => account.charges != 1 || account.balance == TOTAL,
        StateName::Canceled => 0 < account.balance,
        StateName::Declined | StateName::Expired => 0 < account.charges && !account.late,
        _ => false,
    };
    wrong.then_some(Rule::S4ToldWrong)
}

fn canceled_elsewhere(account: Account) -> u8 {
    account.listed[ELSEWHERE].map_or(0, Listed::amount)
}

/// Is all quiet, and do our records and Toss's books agree?
pub(super) fn is_goal(table: &Table, world: &World, scope: &Scope) -> bool {
    let review = scope.may_need_a_human();
    is_quiet(table, world)
        && world.accounts.iter().filter(|account| account.holds_money()).count() <= 1
        && (0..world.rows.len()).all(|row| agrees(table, world, row, review))
        && refunds(world).all(|(.., ended)| is_settled(ended, review))
        && places(world).all(|(row, place)| world.explained(row, place) == 1 || review)
}

fn is_quiet(table: &Table, world: &World) -> bool {
    // A deposit is asked for without end, and need not come.
    let rests = |row: &Row| {
        row.due == Due::Never
            || (row.due != Due::Held
                && table.payment(row.payment).state.name() == StateName::WaitingForDeposit)
    };
    world.workers.iter().all(Option::is_none)
        && world.flights.iter().all(Option::is_none)
        && !world.clients.iter().any(|client| matches!(client, Client::Decided(_)))
        && !world.wishes.iter().any(|wisher| matches!(wisher, Wisher::Decided { .. }))
        && world.rows.iter().flatten().all(rests)
}

fn agrees(table: &Table, world: &World, row: usize, review: bool) -> bool {
    let account = world.accounts[row];
    let Some(Row { payment, .. }) = world.rows[row] else {
        return account.charges == 0 && !account.holds_money();
    };
    let payment = table.payment(payment);
    let left = payment.captured.minus(payment.refunded).map(Won::get);
    let balance = left == Some(i64::from(account.balance));
    match payment.state.name() {
        // Late money claims no order that it was not given.
        StateName::Paid | StateName::PartiallyCanceled | StateName::WaitingForDeposit if payment.late => {
            false
        }
        StateName::Paid => account.status == T::Done && balance && account.balance == TOTAL,
        StateName::PartiallyCanceled => {
            account.status == T::PartialCanceled && balance && 0 < account.balance && account.balance < TOTAL
        }
        StateName::Canceled => account.balance == 0 && (balance || payment.captured.is_zero()),
        StateName::Declined => {
            account.charges == 0 && matches!(account.status, T::Aborted | T::Expired | T::InProgress)
        }
        StateName::Expired => account.charges == 0 && account.status == T::Expired,
        StateName::WaitingForDeposit => account.status == T::WaitingForDeposit,
        StateName::NeedsReview => review,
        StateName::Ready | StateName::Confirming | StateName::Canceling => false,
    }
}

const fn is_settled(ended: Ended, review: bool) -> bool {
    match ended {
        Ended::Done(_) | Ended::NotBegun | Ended::Refused => true,
        Ended::Open => false,
        // It waits for the human, too.
        Ended::Queued | Ended::Review => review,
    }
}

/// For traces: time, store, refunds, books.
pub(super) fn show(table: &Table, world: &World) -> String {
    let mut parts = vec![format!("t{}", world.now)];
    for (row, (kept, account)) in world.rows.iter().zip(&world.accounts).enumerate() {
        if let Some(kept) = kept {
            let payment = table.payment(kept.payment);
            let due = match kept.due {
                Due::Never => "rests",
                Due::Now => "due",
                Due::Held => "held",
            };
            let why = if kept.look || kept.noticed { " to be looked at" } else { "" };
            parts.push(format!("record {row}: {:?}, {due}{why}", payment.state));
        }
        if account.status != T::Ready {
            let Account { status, balance, charges, .. } = account;
            let status = status.as_str();
            parts.push(format!("Toss {row}: {status}, charged {charges}×, {balance} of {TOTAL} left"));
        }
    }
    let on_their_way = world.flights.iter().flatten().count();
    if 0 < on_their_way {
        parts.push(format!("{on_their_way} on their way"));
    }
    for (row, place, ended) in refunds(world).filter(|(.., ended)| *ended != Ended::NotBegun) {
        parts.push(format!("refund {place} of {row}: {ended:?}"));
    }
    parts.join("; ")
}
