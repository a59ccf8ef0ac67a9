//! What must be true when all is quiet: nothing is under way, nothing fails any more.
use super::bank::{Account, Bank, ELSEWHERE};
use super::heard::{refund_of, sum};
use super::world::World;
use hanbeon_domain::payment::Policy;
use hanbeon_domain::{News, OrderId, Payment, PaymentKey, RefundOutcome, State, TossStatus as T, Won};
use hanbeon_store::{Progress, RefundRecord, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::sleep;

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
            let elsewhere = |refund: &RefundRecord| matches!(refund.progress, Progress::Elsewhere { .. });
            if self.heard().pending.contains(&payment.key) && refunds.iter().all(elsewhere) {
                self.object(format!(
                    "L2 {}: told that a refund is pending, and nobody knows of it",
                    payment.key
                ));
            }
            records.insert(payment.key.clone(), (payment, refunds));
        }
        self.check_told().await;
        let bank = self.bank();
        if !bank.is_idle() || !bank.has_ended_all() {
            self.object("the world was checked before all was quiet".to_owned());
        }
        for (key, account) in &bank.accounts {
            let record = match records.get(key) {
                Some((payment, refunds)) => compare(payment, refunds, account, &bank),
                None if account.charges.is_empty() && account.status != T::WaitingForDeposit => Ok(()),
                None => Err("S4 charged without a record".to_owned()),
            };
            let excused = bank.excused.contains(key);
            let promises = if excused { Ok(()) } else { check_promises(self, key, account) };
            for what in [record, check_books(account), promises].into_iter().filter_map(Result::err) {
                self.object(format!("{key}: {what} ({})", say(account)));
            }
        }
        for order in orders_paid_twice(&bank) {
            self.object(format!("S3 two payments hold money for order {order}"));
        }
        self.check_heard(&bank);
    }

    /// The shop was told where every payment stands.
    async fn check_told(&self) {
        for (payment, _) in self.store.all_payments() {
            let events = self.store.payment(payment.id).await.ok().flatten().map(|record| record.events);
            let last =
                events.unwrap_or_default().last().and_then(|event| event.about.news()).map(News::state);
            let stands = payment.standing();
            if stands != payment.told || last != stands.map(|standing| standing.state) {
                self.object(format!(
                    "S14 {}: it is {stands:?}, and was told {:?}, {last:?}",
                    payment.key, payment.told
                ));
            }
        }
    }

    /// L1: so long after the last fault, whatever Toss tells is known.
    pub(super) async fn check_l1(&self, patience: Duration) {
        sleep(patience).await;
        let Policy { confirm_window, window_tries, .. } = Policy::default();
        for (payment, _) in self.store.all_payments() {
            let bank = self.bank();
            let told = bank.is_idle()
                && bank.accounts.get(&payment.key).is_some_and(|account| {
                    account.hidden_until <= self.now() && account.told_at.plus(patience) <= self.now()
                });
            // A refusal after doubtful calls is believed only when none of them can land any more.
            let waits_for_a_landing =
                matches!(payment.state, State::Canceling { landing_until: Some(_), .. });
            // Nor is a cancel of a wallet abroad made again before the first can no longer turn up, by the clock and by as
            // many looks: no balance stops it.
            let waits_for_looks = matches!(payment.state, State::Canceling { answered: true, tries, .. } if tries <= window_tries);
            let by_the_clock =
                payment.last_cancel_at.is_some_and(|at| self.now() < at.plus(confirm_window).plus(patience));
            let may_turn_up = payment.cancels_later() && (waits_for_looks || by_the_clock);
            if payment.is_moving() && told && !waits_for_a_landing && !may_turn_up {
                self.object(format!(
                    "L1 {} is still {}: {:?}",
                    payment.key,
                    payment.state.name(),
                    payment.state
                ));
            }
        }
    }

    fn check_heard(&self, bank: &Bank) {
        let heard = self.heard();
        let done: BTreeSet<_> =
            bank.accounts.values().flat_map(|a| a.cancels.iter().map(|(key, _)| refund_of(key))).collect();
        // Told with the bank's own answer, so it was ours.
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
        // Or given up while every look-up hid it, and given back by ourselves or elsewhere before it was shown.
        State::Expired => {
            balance.is_zero()
                || account.is_closed()
                || (charges.is_empty() && matches!(status, T::Aborted | T::Expired))
        }
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
    compare_refunds(refunds, account, bank.excused.contains(&payment.key))
}

/// Refunds against cancels, one to one.
fn compare_refunds(refunds: &[RefundRecord], account: &Account, excused: bool) -> Result<(), String> {
    let mut done = BTreeMap::<String, Won>::new();
    for RefundRecord { refund, progress, .. } in refunds {
        let known = match progress {
            Progress::Settled(RefundOutcome::Done { .. }) => {
                done.insert(refund.idempotency_key(), refund.amount)
            }
            // The bank's name for it says whose it was.
            Progress::Elsewhere { transaction_key } => {
                let key = transaction_key.split(' ').nth(1).unwrap_or_default();
                done.insert(refund_of(key).to_owned(), refund.amount)
            }
            Progress::Settled(RefundOutcome::Refused(_)) => None,
            Progress::Settled(RefundOutcome::NeedsReview) if excused => None,
            Progress::Settled(RefundOutcome::NeedsReview) | Progress::Queued | Progress::Sending => {
                return Err(format!("L2 refund {} has no outcome: {progress:?}", refund.id));
            }
        };
        if known.is_some() {
            return Err(format!("S9 refund {} is recorded twice", refund.id));
        }
    }
    let of = |(key, amount): &(String, Won)| (refund_of(key).to_owned(), *amount);
    let mut at_toss: BTreeMap<_, _> = account.cancels.iter().map(of).collect();
    at_toss.retain(|key, amount| done.get(key) != Some(amount) || done.remove(key).is_none());
    // A cancel that somebody made elsewhere, of our amount and at our balance, cannot be told from ours: the wish
    // is fulfilled by it, and is not carried out a second time.
    for key in done.clone().into_keys() {
        let twin = at_toss
            .iter()
            .find(|(theirs, amount)| theirs.starts_with(ELSEWHERE) && done.get(&key) == Some(amount));
        if let Some(twin) = twin.map(|(theirs, _)| theirs.clone()) {
            at_toss.remove(&twin);
            done.remove(&key);
        }
    }
    if done.is_empty() && at_toss.is_empty() {
        Ok(())
    } else {
        Err(format!("S9 only we know of {done:?}, and only Toss of {at_toss:?}"))
    }
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

fn check_promises(world: &World, key: &PaymentKey, account: &Account) -> Result<(), String> {
    let heard = world.heard();
    let wishes = heard.wishes.get(key);
    if heard.paid.contains(key) {
        if account.charges.len() != 1 && !account.was_taken_back {
            return Err("told paid, and it is not charged".to_owned());
        }
        if wishes.is_none() && account.balance != account.amount && !account.was_canceled_elsewhere() {
            return Err("told paid, and it was given back without a wish".to_owned());
        }
    }
    // What was given up in good faith and turned up late went back by itself.
    let holds_money = !account.charges.is_empty() && !account.balance.is_zero();
    let kept = account.long_hidden && world.keeps_late_money();
    if heard.failed.contains(key) && holds_money && !kept {
        return Err("told failed, and it is charged".to_owned());
    }
    let never = heard.asked.get(key) == Some(&0);
    if never
        && !account.long_hidden
        && (!account.charges.is_empty() || account.status == T::WaitingForDeposit)
    {
        return Err("told that nothing was charged, and it is".to_owned());
    }
    let cancels = account.cancels.iter().filter(|(key, _)| !key.starts_with(ELSEWHERE));
    let undone = account.cancels.iter().any(|(key, amount)| *amount == account.amount || account.undoes(key));
    let compensations = usize::from(undone || account.long_hidden);
    let most = usize::try_from(wishes.copied().unwrap_or(0)).unwrap_or(usize::MAX);
    if cancels.count() > most.saturating_add(compensations) {
        return Err(format!("{} cancels for {most} wishes", account.cancels.len()));
    }
    Ok(())
}

fn orders_paid_twice(bank: &Bank) -> Vec<OrderId> {
    let mut held = BTreeMap::<OrderId, u32>::new();
    for account in bank.accounts.values() {
        let holds = match account.status {
            T::Done | T::PartialCanceled => !account.balance.is_zero(),
            T::WaitingForDeposit => !account.is_closed(),
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
