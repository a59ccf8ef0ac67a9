//! What must be true when all is quiet: nothing is under way, nothing fails any more.
use super::bank::{Account, Bank};
use super::heard::{Heard, refund_of, sum};
use super::world::World;
use hanbeon_domain::payment::CanceledBy;
use hanbeon_domain::{OrderId, Payment, PaymentKey, RefundOutcome, State, TossStatus as T, Won};
use hanbeon_store::{RefundRecord, Store};
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// Holds records, books and what clients heard against each other; objections are kept.
    pub(super) async fn check(&self) {
        let mut records = BTreeMap::new();
        for (payment, due) in self.store.all_payments() {
            let record = self.store.payment(payment.id).await.ok().flatten();
            let refunds = record.map(|record| record.refunds).unwrap_or_default();
            if due.is_some() && payment.state != State::WaitingForDeposit {
                self.object(format!("L3 {} is still due while it is {}", payment.key, payment.state.name()));
            }
            records.insert(payment.key.clone(), (payment, refunds));
        }
        let bank = self.bank();
        if !bank.is_idle() {
            self.object("the world was checked before all was quiet".to_owned());
        }
        for (key, account) in &bank.accounts {
            let record = match records.get(key) {
                Some((payment, refunds)) => compare(payment, refunds, account, &bank),
                None if account.charges.is_empty() && account.status != T::WaitingForDeposit => Ok(()),
                None => Err("S4 charged without a record".to_owned()),
            };
            let promises = check_promises(&self.heard(), key, account);
            for what in [record, check_books(account), promises].into_iter().filter_map(Result::err) {
                self.object(format!("{key}: {what} ({})", say(account)));
            }
        }
        for order in orders_paid_twice(&bank) {
            self.object(format!("S3 two payments hold money for order {order}"));
        }
        self.check_heard(&bank);
    }

    fn check_heard(&self, bank: &Bank) {
        let heard = self.heard();
        let done: BTreeSet<_> =
            bank.accounts.values().flat_map(|a| a.cancels.iter().map(|(key, _)| refund_of(key))).collect();
        for cancel in heard.canceled.iter().filter(|cancel| !done.contains(cancel.as_str())) {
            self.object(format!("told that {cancel} is done, and it is not"));
        }
        for cancel in heard.refused.iter().filter(|cancel| done.contains(cancel.as_str())) {
            self.object(format!("told that {cancel} is refused, and it is done"));
        }
    }
}

/// The record of a payment against the account at Toss.
fn compare(
    payment: &Payment,
    refunds: &[RefundRecord],
    account: &Account,
    bank: &Bank,
) -> Result<(), String> {
    let name = payment.state.name();
    let Account { status, balance, amount, charges, .. } = account;
    let agrees = match &payment.state {
        State::Paid => *status == T::Done && balance == amount && charges.len() == 1,
        State::PartiallyCanceled => *status == T::PartialCanceled && !balance.is_zero() && balance < amount,
        State::Canceled { .. } => balance.is_zero(),
        // Refused without an end at Toss: nobody confirms it any more, and its session runs out.
        State::Declined { .. } => {
            charges.is_empty() && matches!(status, T::Aborted | T::Expired | T::InProgress)
        }
        State::Expired => charges.is_empty() && matches!(status, T::Aborted | T::Expired),
        State::WaitingForDeposit => *status == T::WaitingForDeposit,
        State::NeedsReview { .. } => bank.excused.contains(&payment.key),
        State::Ready | State::Confirming { .. } | State::Canceling { .. } => false,
    };
    if !agrees {
        return Err(format!("S4/S5/L1 our record is {name}: {:?}", payment.state));
    }
    if matches!(payment.state, State::NeedsReview { .. }) {
        return Ok(());
    }
    if !payment.captured.is_zero() && payment.captured.minus(payment.refunded) != Some(*balance) {
        return Err(format!(
            "S8 we have {} − {} won, Toss has {balance}",
            payment.captured, payment.refunded
        ));
    }
    compare_refunds(payment, refunds, account)
}

/// Refunds against cancels, one to one.
fn compare_refunds(payment: &Payment, refunds: &[RefundRecord], account: &Account) -> Result<(), String> {
    let mut done = BTreeMap::<String, Won>::new();
    for RefundRecord { refund, outcome, .. } in refunds {
        match outcome {
            Some(RefundOutcome::Done { .. }) => {
                done.insert(refund.idempotency_key(), refund.amount);
            }
            Some(RefundOutcome::Refused(_)) => {}
            Some(RefundOutcome::NeedsReview) | None => {
                return Err(format!("L2 refund {} has no outcome: {outcome:?}", refund.id));
            }
        }
    }
    // A compensation that was sent while the store was down has no row; it is found in the account.
    if payment.state == (State::Canceled { by: CanceledBy::Compensation }) {
        done.entry(format!("hanbeon-{}-cancel", payment.id)).or_insert(payment.amount);
    }
    let of = |(key, amount): &(String, Won)| (refund_of(key).to_owned(), *amount);
    let at_toss: BTreeMap<_, _> = account.cancels.iter().map(of).collect();
    if done == at_toss { Ok(()) } else { Err(format!("S9 our refunds are {done:?}")) }
}

/// What no bank's books may say of us.
fn check_books(account: &Account) -> Result<(), String> {
    if account.charges.len() > 1 {
        return Err("S3 charged more than once".to_owned());
    }
    if sum(&account.cancels).is_none_or(|sum| account.amount < sum) {
        return Err("S7 more is cancelled than was paid".to_owned());
    }
    let keys: BTreeSet<_> = account.cancels.iter().map(|(key, _)| refund_of(key)).collect();
    if keys.len() != account.cancels.len() {
        return Err("S10 one refund was carried out twice".to_owned());
    }
    Ok(())
}

fn check_promises(heard: &Heard, key: &PaymentKey, account: &Account) -> Result<(), String> {
    let wishes = heard.wishes.get(key);
    if heard.paid.contains(key) {
        if account.charges.len() != 1 {
            return Err("told paid, and it is not charged".to_owned());
        }
        if wishes.is_none() && account.balance != account.amount {
            return Err("told paid, and it was given back without a wish".to_owned());
        }
    }
    let holds_money = !account.charges.is_empty() && !account.balance.is_zero();
    if heard.failed.contains(key) && holds_money {
        return Err("told failed, and it is charged".to_owned());
    }
    let never = heard.asked.get(key) == Some(&0);
    if never && (!account.charges.is_empty() || account.status == T::WaitingForDeposit) {
        return Err("told that nothing was charged, and it is".to_owned());
    }
    let compensations = usize::from(account.cancels.iter().any(|(_, amount)| *amount == account.amount));
    let most = usize::try_from(wishes.copied().unwrap_or(0)).unwrap_or(usize::MAX);
    if account.cancels.len() > most.saturating_add(compensations) {
        return Err(format!("{} cancels for {most} wishes", account.cancels.len()));
    }
    Ok(())
}

fn orders_paid_twice(bank: &Bank) -> Vec<OrderId> {
    let mut held = BTreeMap::<OrderId, u32>::new();
    for account in bank.accounts.values() {
        let holds = match account.status {
            T::Done | T::PartialCanceled => !account.balance.is_zero(),
            T::WaitingForDeposit => true,
            _ => false,
        };
        *held.entry(account.pays).or_default() += u32::from(holds);
    }
    held.into_iter().filter(|(_, payments)| *payments > 1).map(|(order, _)| order).collect()
}

fn say(account: &Account) -> String {
    let Account { status, balance, charges, cancels, .. } = account;
    format!("at Toss: {}, balance {balance}, charges {charges:?}, cancels {cancels:?}", status.as_str())
}
