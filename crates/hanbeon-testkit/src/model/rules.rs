//! What must be true: always, and in the end. The names are those of the catalogue.
use super::scope::TOTAL;
use super::table::Table;
use super::world::{Account, Client, Due, Ended, Row, Wisher, World};
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
    /// A refund was carried out twice, or it is not as was told.
    S10RefundOnce,
    /// A holder that was superseded wrote.
    S17SupersededWrote,
}

/// Is something wrong now? Whoever asks the server hears what is in the store, and somebody may ask at any instant;
/// so whatever is in the store has been told.
pub(super) fn objection(table: &Table, world: &World) -> Option<Rule> {
    let holds = world.accounts.iter().filter(|account| account.holds_money()).count();
    if 1 < holds || world.accounts.iter().any(|account| 1 < account.charges) {
        return Some(Rule::S3ChargedTwice);
    }
    for (row, account) in world.rows.iter().zip(&world.accounts) {
        if let Some(rule) = row.and_then(|row| told_wrong(table.payment(row.payment), row, *account)) {
            return Some(rule);
        }
    }
    let turned_away = world.turned_away.iter().zip(&world.rows).zip(&world.accounts);
    for ((turned_away, row), account) in turned_away {
        if *turned_away && row.is_none() && (0 < account.charges || account.holds_money()) {
            return Some(Rule::S5ToldFailedButCharged);
        }
    }
    for (wish, ended) in world.refunds.iter().enumerate() {
        let times: u8 = world.accounts.iter().map(|account| account.cancels[wish]).sum();
        let wrong = match ended {
            Ended::Done => times != 1,
            Ended::Refused => times != 0,
            Ended::NotBegun | Ended::Open | Ended::Review => 1 < times,
        };
        if wrong {
            return Some(Rule::S10RefundOnce);
        }
    }
    None
}

fn told_wrong(payment: &Payment, row: Row, account: Account) -> Option<Rule> {
    let promised = payment.reserved().plus(payment.refunded);
    if account.overdrawn || promised.is_none_or(|promised| payment.captured < promised) {
        return Some(Rule::S7OverBudget);
    }
    if row.told_failed && account.holds_money() {
        return Some(Rule::S5ToldFailedButCharged);
    }
    let wrong = match payment.state.name() {
        StateName::Paid => account.charges != 1 || account.balance != TOTAL,
        StateName::PartiallyCanceled => account.charges != 1 || account.balance == TOTAL,
        StateName::Canceled => 0 < account.balance,
        StateName::Declined | StateName::Expired => 0 < account.charges,
        _ => false,
    };
    wrong.then_some(Rule::S4ToldWrong)
}

/// Is all quiet, and do our records and Toss's books agree?
pub(super) fn is_goal(table: &Table, world: &World, patient: bool) -> bool {
    is_quiet(table, world)
        && (0..world.rows.len()).all(|row| agrees(table, world, row, patient))
        && world.refunds.iter().enumerate().all(|(wish, ended)| is_settled(world, wish, *ended, patient))
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

fn agrees(table: &Table, world: &World, row: usize, patient: bool) -> bool {
    let account = world.accounts[row];
    let Some(Row { payment, .. }) = world.rows[row] else {
        return account.charges == 0 && !account.holds_money();
    };
    let payment = table.payment(payment);
    let left = payment.captured.minus(payment.refunded).map(Won::get);
    let balance = left == Some(i64::from(account.balance));
    match payment.state.name() {
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
        // A human knows of it, if Toss did not speak in as many tries as we have patience for.
        StateName::NeedsReview => !patient,
        StateName::Ready | StateName::Confirming | StateName::Canceling => false,
    }
}

fn is_settled(world: &World, wish: usize, ended: Ended, patient: bool) -> bool {
    let times: u8 = world.accounts.iter().map(|account| account.cancels[wish]).sum();
    match ended {
        Ended::Done => times == 1,
        Ended::NotBegun | Ended::Refused => times == 0,
        Ended::Open => false,
        Ended::Review => !patient,
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
                Due::Noticed => "due to be looked at",
                Due::Held => "held",
            };
            parts.push(format!("record {row}: {:?}, {due}", payment.state));
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
    for (wish, ended) in world.refunds.iter().enumerate() {
        if *ended != Ended::NotBegun {
            parts.push(format!("refund {wish}: {ended:?}"));
        }
    }
    parts.join("; ")
}
