//! What clients were told, and whether it was true when they were told it.
use super::world::World;
use hanbeon_app::cancel::{CancelAnswer, CancelError};
use hanbeon_app::confirm::ConfirmError;
use hanbeon_domain::payment::CanceledBy;
use hanbeon_domain::{Payment, PaymentKey, RefundId, State, Won};
use std::collections::{BTreeMap, BTreeSet};

/// What clients were told.
#[derive(Default)]
pub(super) struct Heard {
    /// "Paid": charged, and stays so unless somebody wishes otherwise.
    pub(super) paid: BTreeSet<PaymentKey>,
    /// "Failed": never charged in the end.
    pub(super) failed: BTreeSet<PaymentKey>,
    /// By payment: how many confirm requests were not told "nothing was charged". They died, wait, or there is a
    /// payment.
    pub(super) asked: BTreeMap<PaymentKey, u32>,
    /// By payment: how many cancels were wished for and not refused for good.
    pub(super) wishes: BTreeMap<PaymentKey, u32>,
    /// Payments of which a refund was said to be pending: then there is a wish.
    pub(super) pending: BTreeSet<PaymentKey>,
    /// Wishes that have a name.
    pub(super) named: BTreeSet<RefundId>,
    /// Refunds that clients were told are done.
    pub(super) canceled: BTreeSet<String>,
    /// Refunds that clients were told are refused.
    pub(super) refused: BTreeSet<String>,
}

impl World {
    /// A confirm is about to be asked for.
    pub(super) fn ask(&self, key: &PaymentKey) {
        *self.heard().asked.entry(key.clone()).or_default() += 1;
    }

    /// A confirm was answered; `None`: the process died first.
    pub(super) fn hear_confirm(&self, key: &PaymentKey, answer: Option<&Result<Payment, ConfirmError>>) {
        let mut heard = self.heard();
        if let Some(Err(ConfirmError::Doubtful(_))) = answer {
            self.count("told: nobody knows whether the charge was begun");
            return;
        }
        if let Some(Err(_)) = answer {
            self.count("told: nothing charged");
            if let Some(asked) = heard.asked.get_mut(key) {
                *asked = asked.saturating_sub(1);
            }
            return;
        }
        let Some(Ok(payment)) = answer else { return };
        let bank = self.bank();
        let Some(account) = bank.accounts.get(key) else { return };
        let charges = account.charges.len();
        match &payment.state {
            State::Paid => {
                self.count("told: paid");
                let may_be_gone = heard.wishes.contains_key(key) || account.was_canceled_elsewhere();
                let one = charges == 1 || account.was_taken_back;
                if !one || (account.balance != account.amount && !may_be_gone) {
                    self.object(format!("told paid, but {charges} charges and {} won left", account.balance));
                }
                heard.paid.insert(key.clone());
            }
            State::Declined { .. } | State::Expired => {
                self.count("told: failed");
                // What Toss hid for longer than its own window was given up in good faith, and goes back.
                if charges != 0 && !account.long_hidden {
                    self.object(format!("told {}, but it is charged", payment.state.name()));
                }
                heard.failed.insert(key.clone());
            }
            State::Canceled { by: CanceledBy::Compensation } => {
                self.count("told: failed, and given back");
                if !account.balance.is_zero() {
                    self.object(format!("told given back, but {} won are not", account.balance));
                }
                heard.failed.insert(key.clone());
            }
            _ => self.count("told: pending or otherwise"),
        }
    }

    /// A cancel is about to be asked for.
    pub(super) fn wish(&self, key: &PaymentKey) {
        *self.heard().wishes.entry(key.clone()).or_default() += 1;
    }

    /// A refund that has a name is about to be asked for, perhaps again: then it is no new wish.
    pub(super) fn wish_named(&self, key: &PaymentKey, id: RefundId) {
        let mut heard = self.heard();
        if heard.named.insert(id) {
            *heard.wishes.entry(key.clone()).or_default() += 1;
        }
    }

    /// And was answered. Whatever was heard, the wish may come again.
    pub(super) fn hear_refund(&self, key: &PaymentKey, answer: Option<&Result<CancelAnswer, CancelError>>) {
        let wishes = self.heard().wishes.get(key).copied();
        self.hear_cancel(key, answer);
        self.heard().wishes.extend(wishes.map(|wishes| (key.clone(), wishes)));
    }

    /// A cancel was answered; `None`: the process died first.
    pub(super) fn hear_cancel(&self, key: &PaymentKey, answer: Option<&Result<CancelAnswer, CancelError>>) {
        let mut heard = self.heard();
        let mut never_mind = || {
            if let Some(wishes) = heard.wishes.get_mut(key) {
                *wishes = wishes.saturating_sub(1);
            }
        };
        match answer {
            None => {}
            Some(Err(CancelError::Doubtful(_))) => {
                self.count("told: nobody knows whether a cancel was taken");
            }
            Some(Err(_)) => {
                self.count("told: not cancelled");
                never_mind();
            }
            Some(Ok(CancelAnswer::Pending)) => {
                self.count("told: cancel pending");
                heard.pending.insert(key.clone());
            }
            Some(Ok(CancelAnswer::Toss(evidence))) => {
                let body = String::from_utf8_lossy(&evidence.body).into_owned();
                let bank = self.bank();
                let Some(account) = bank.accounts.get(key) else { return };
                if body.starts_with(r#"{"code""#) {
                    self.count("told: cancel refused, by ourselves");
                    never_mind();
                } else if let Some(cancel) = body.strip_prefix("refused ") {
                    self.count("told: cancel refused");
                    never_mind();
                    heard.refused.insert(refund_of(cancel).to_owned());
                } else {
                    self.count("told: cancelled");
                    if account.cancels.is_empty() {
                        self.object(format!("told cancelled, but nothing is: {body}"));
                    }
                    heard.canceled.extend(body.strip_prefix("cancel ").map(|key| refund_of(key).to_owned()));
                }
            }
        }
    }
}

/// The refund that an idempotency key is about, in whatever round.
pub(super) fn refund_of(idempotency_key: &str) -> &str {
    let end = idempotency_key.find("-cancel").map_or(idempotency_key.len(), |at| at + "-cancel".len());
    &idempotency_key[..end]
}

/// The sum of cancels.
pub(super) fn sum(cancels: &[(String, Won)]) -> Option<Won> {
    cancels.iter().try_fold(Won::ZERO, |sum, (_, amount)| sum.plus(*amount))
}
