//! Virtual accounts: their numbers, their deposits and the bank's second thoughts (Toss state machine, Virtual-account
//! sub-states).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::auth::MerchantId;
use crate::clock::{DAY, HOUR, Ms};
use crate::codes::{self, Code};
use crate::ids::{Ids, Transaction};
use crate::kept::pairs;
use crate::means::Means;
use crate::payment::{Payment, Status, TO_AUTHENTICATE};
use crate::refund::Cancel;

/// From the issue of a virtual account until it can no longer be paid into (Toss: `validHours` defaults to 168).
const TO_DEPOSIT: Ms = 168 * HOUR;
/// From the cancel of a deposited virtual account until the money is back.
const TO_REFUND: Ms = 2 * DAY;

/// The virtual account of a payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) number: Arc<str>,
    /// Whether it stays the customer's.
    pub(crate) is_fixed: bool,
    pub(crate) secret: Arc<str>,
    pub(crate) due: Ms,
    pub(crate) expired: bool,
    pub(crate) depositor: Option<Arc<str>>,
    pub(crate) refund: Refund,
    /// When the bank takes the deposit back.
    pub(crate) reverses: Option<Ms>,
    /// Whether the refund account that the window collected can still be read.
    pub(crate) shows_refund_to: bool,
}

/// `virtualAccount.refundStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refund {
    None,
    Pending { since: Ms },
    Completed,
    Failed,
    PartialFailed,
}

/// The numbers of virtual accounts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Numbers {
    /// Numbers that can be issued again, the oldest first.
    free: VecDeque<Arc<str>>,
    /// The customers' own, by merchant, bank and `accountKey`.
    #[serde(with = "pairs")]
    fixed: HashMap<(MerchantId, Box<str>, Box<str>), Arc<str>>,
    most: usize,
}

/// A deposit as a test makes it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deposit<'a> {
    pub(crate) by: Option<&'a str>,
    /// Won; the exact amount by default.
    pub(crate) amount: Option<i64>,
    /// The bank takes it back after so many milliseconds.
    pub(crate) reverses_after: Option<Ms>,
}

impl Numbers {
    pub(crate) fn new(most: usize) -> Self {
        Self { free: VecDeque::new(), fixed: HashMap::new(), most }
    }

    /// A number that nobody can pay into any more goes back to the pool.
    pub(crate) fn give_back(&mut self, account: &Account) {
        if !account.is_fixed && self.free.len() < self.most {
            self.free.push_back(Arc::clone(&account.number));
        }
    }

    fn take(&mut self, ids: &mut Ids) -> Arc<str> {
        self.free.pop_front().unwrap_or_else(|| ids.account_number().into())
    }

    fn fixed(&mut self, merchant: MerchantId, bank: &str, key: &str, ids: &mut Ids) -> Arc<str> {
        if self.fixed.len() >= self.most {
            self.fixed.clear();
        }
        let number = self
            .fixed
            .entry((merchant, bank.into(), key.into()))
            .or_insert_with(|| ids.account_number().into());
        Arc::clone(number)
    }
}

impl Payment {
    /// A number for this payment, new or the customer's own.
    pub(crate) fn issue(&self, ids: &mut Ids, numbers: &mut Numbers, now: Ms) -> Account {
        let extras = self.extras();
        let bank = self.means.map_or("", Means::bank_code);
        let number = match extras.account_key.as_deref() {
            Some(key) => numbers.fixed(self.about.merchant, bank, key, ids),
            None => numbers.take(ids),
        };
        Account {
            number,
            is_fixed: extras.account_key.is_some(),
            secret: ids.secret().into(),
            due: extras.due(now).unwrap_or(now + TO_DEPOSIT),
            expired: false,
            depositor: None,
            refund: Refund::None,
            reverses: None,
            shows_refund_to: self.refund_to_is_readable(now),
        }
    }

    /// Lets the account's clocks strike: whether it has just expired, and whether its deposit went back.
    ///
    /// An expired account keeps `WAITING_FOR_DEPOSIT` and tells nobody (Toss state machine, Clocks).
    pub(crate) fn refresh_account(&mut self, now: Ms) -> (bool, bool) {
        let readable = self.refund_to_is_readable(now);
        let (waits, done) = (self.status == Status::WaitingForDeposit, self.status == Status::Done);
        let Some(account) = &mut self.account else { return (false, false) };
        account.shows_refund_to = readable;
        let expires = waits && !account.expired && now >= account.due;
        account.expired |= expires;
        if let Refund::Pending { since } = account.refund
            && now >= since + TO_REFUND
        {
            account.refund = Refund::Completed;
        }
        let reverses = done && account.reverses.is_some_and(|at| now >= at);
        (expires, reverses)
    }

    /// `WAITING_FOR_DEPOSIT` → DONE: the exact amount arrived on the account; the bank refuses any other.
    pub(crate) fn deposit(
        &mut self,
        deposit: Deposit<'_>,
        ids: &mut Ids,
        now: Ms,
    ) -> Result<Transaction, Code> {
        let by: Arc<str> = Arc::from(deposit.by.unwrap_or_else(|| self.customer()));
        let Some(account) = self.account.as_mut().filter(|_| self.status == Status::WaitingForDeposit) else {
            return Err(codes::INVALID_REQUEST);
        };
        if account.expired {
            return Err(codes::NOT_AVAILABLE_PAYMENT);
        }
        if deposit.amount.is_some_and(|amount| amount != self.about.amount) {
            return Err(codes::INVALID_REQUEST);
        }
        account.depositor = Some(by);
        account.reverses = deposit.reverses_after.map(|after| now + after);
        self.status = Status::Done;
        self.approved_at = Some(now);
        let transaction = ids.transaction();
        self.last = Some(transaction);
        self.write_cash_receipt(ids, now);
        Ok(transaction)
    }

    /// The bank reports the deposit as an error: DONE → `WAITING_FOR_DEPOSIT`, and the buyer must pay again; before
    /// the dated API versions DONE → CANCELED.
    /// `own_key`: whether that is a transaction of its own.
    pub(crate) fn reverse_deposit(&mut self, own_key: bool, ids: &mut Ids, now: Ms) -> Result<(), Code> {
        let cancels = self.about.version.starts_with("1.");
        let Some(account) = self.account.as_mut().filter(|_| self.status == Status::Done) else {
            return Err(codes::INVALID_REQUEST);
        };
        account.reverses = None;
        let transaction = self.last.filter(|_| !own_key).unwrap_or_else(|| ids.transaction());
        self.last = Some(transaction);
        self.cash = None;
        if cancels {
            let whole = Cancel::of_the_bank(transaction, self, now);
            self.take(whole);
        } else {
            account.depositor = None;
            self.status = Status::WaitingForDeposit;
            self.approved_at = None;
        }
        Ok(())
    }

    /// Lets the clock of the moment strike now: an open window or session ends, an account's due date passes.
    pub(crate) fn expire_now(&mut self) -> Result<(), Code> {
        match (self.status, &mut self.account) {
            (Status::Ready | Status::InProgress, _) => self.expire(),
            (Status::WaitingForDeposit, Some(account)) if !account.expired => account.expired = true,
            _ => return Err(codes::INVALID_REQUEST),
        }
        Ok(())
    }

    /// The transfer of a refund fails: a closed account, say.
    pub(crate) fn fail_refund(&mut self) -> Result<(), Code> {
        let whole = self.status == Status::Canceled;
        match &mut self.account {
            Some(account) if matches!(account.refund, Refund::Pending { .. }) => {
                account.refund = if whole { Refund::Failed } else { Refund::PartialFailed };
                Ok(())
            }
            _ => Err(codes::INVALID_REQUEST),
        }
    }

    /// What the window collected can be read for 30 minutes after it opened.
    fn refund_to_is_readable(&self, now: Ms) -> bool {
        now < self.about.requested_at + TO_AUTHENTICATE
    }
}
