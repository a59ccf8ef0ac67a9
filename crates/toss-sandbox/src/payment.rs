//! A payment: its facts, its state, and every transition (Toss state machine, Legal transitions).
//!
//! The facts that never change sit behind one `Arc`, so that a snapshot for a reply, or for the replay of one,
//! is a small copy.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::auth::MerchantId;
use crate::clock::{DAY, HOUR, Korea, MINUTE, Ms};
use crate::codes::{self, Code};
use crate::ids::{Ids, Transaction};
use crate::means::Means;

/// From the opening of the window until the buyer must have authenticated.
pub(crate) const TO_AUTHENTICATE: Ms = 30 * MINUTE;
/// From the authentication until the merchant must have confirmed.
pub(crate) const TO_CONFIRM: Ms = 10 * MINUTE;
/// From the issue of a virtual account until it can no longer be paid into (Toss: `validHours` defaults to 168).
const TO_DEPOSIT: Ms = 168 * HOUR;
/// From the cancel of a deposited virtual account until the money is back.
const TO_REFUND: Ms = 2 * DAY;

/// The facts of a payment that are fixed when its window opens.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) key: Arc<str>,
    pub(crate) order: Arc<str>,
    pub(crate) order_name: Box<str>,
    pub(crate) merchant: MerchantId,
    pub(crate) mid: Arc<str>,
    pub(crate) version: Arc<str>,
    pub(crate) origin: Arc<str>,
    pub(crate) amount: i64,
    pub(crate) tax_free: i64,
    pub(crate) requested_at: Ms,
    pub(crate) terms: Terms,
}

/// What a request for a payment may add to its order and amount.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// The method asked for before the buyer chose.
    pub(crate) asked: Option<Means>,
    /// Opened by `widgets()`, by `payment()`, or by a server.
    pub(crate) surface: Option<Surface>,
    pub(crate) customer_name: Option<Box<str>>,
    pub(crate) customer_phone: Option<Box<str>>,
    pub(crate) success_url: Option<Box<str>>,
    pub(crate) fail_url: Option<Box<str>>,
    pub(crate) metadata: Option<Box<Value>>,
    /// Full cancels only: overseas cards, escrow under way.
    pub(crate) whole_cancels_only: bool,
    /// An instant discount, in won.
    pub(crate) discount: i64,
}

/// The SDK call that opened the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Surface {
    Widgets,
    Payment,
}

impl Surface {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Widgets => "widgets",
            Self::Payment => "payment",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ready,
    InProgress,
    WaitingForDeposit,
    Done,
    Canceled,
    PartialCanceled,
    Aborted,
    Expired,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::InProgress => "IN_PROGRESS",
            Self::WaitingForDeposit => "WAITING_FOR_DEPOSIT",
            Self::Done => "DONE",
            Self::Canceled => "CANCELED",
            Self::PartialCanceled => "PARTIAL_CANCELED",
            Self::Aborted => "ABORTED",
            Self::Expired => "EXPIRED",
        }
    }

    /// Whether nothing can happen to the payment any more except a cancel: such ones may be forgotten.
    pub(crate) fn is_finished(self) -> bool {
        !matches!(self, Self::Ready | Self::InProgress | Self::WaitingForDeposit)
    }
}

/// A payment at one moment. Cloning it takes a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) about: Arc<About>,
    pub(crate) status: Status,
    pub(crate) means: Option<Means>,
    pub(crate) authenticated_at: Option<Ms>,
    pub(crate) approved_at: Option<Ms>,
    pub(crate) last: Option<Transaction>,
    pub(crate) balance: i64,
    pub(crate) tax_free: i64,
    pub(crate) cancels: Vec<Cancel>,
    pub(crate) failure: Option<Code>,
    pub(crate) account: Option<Account>,
    /// The refusal that the issuer will answer a confirm with, if a test asked for one.
    pub(crate) outcome: Option<Code>,
    /// A confirm is under way: a second one meets `[S008]`.
    pub(crate) confirming: bool,
}

/// One cancel of a payment.
#[derive(Clone, Debug)]
pub(crate) struct Cancel {
    pub(crate) transaction: Transaction,
    pub(crate) reason: Arc<str>,
    pub(crate) amount: i64,
    pub(crate) tax_free: i64,
    pub(crate) left: i64,
    pub(crate) at: Ms,
}

/// The virtual account of a payment.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) number: Arc<str>,
    pub(crate) secret: Arc<str>,
    pub(crate) due: Ms,
    pub(crate) expired: bool,
    pub(crate) depositor: Option<Arc<str>>,
    pub(crate) refund: Refund,
}

/// `virtualAccount.refundStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refund {
    None,
    Pending { since: Ms },
    Completed,
}

/// What a cancel takes: the parts that remain after every rule was checked.
#[derive(Debug)]
pub(crate) struct Taking<'a> {
    pub(crate) reason: &'a str,
    pub(crate) amount: i64,
    pub(crate) tax_free: i64,
}

impl Payment {
    pub(crate) fn open(about: About) -> Self {
        Self {
            status: Status::Ready,
            means: None,
            authenticated_at: None,
            approved_at: None,
            last: None,
            balance: about.amount,
            tax_free: about.tax_free,
            cancels: Vec::new(),
            failure: None,
            account: None,
            outcome: None,
            confirming: false,
            about: Arc::new(about),
        }
    }

    /// Lets the clocks strike that are due: 30 and 10 minutes, the account's due date, the refund's arrival.
    ///
    /// An expired account keeps `WAITING_FOR_DEPOSIT` (Toss state machine, Clocks). True when the payment itself
    /// has just become EXPIRED, which is told by a webhook.
    pub(crate) fn refresh(&mut self, now: Ms) -> bool {
        let expires = match self.status {
            Status::Ready => Some(self.about.requested_at + TO_AUTHENTICATE),
            Status::InProgress => self.authenticated_at.map(|at| at + TO_CONFIRM),
            _ => None,
        };
        let strikes = expires.is_some_and(|at| now >= at);
        if strikes {
            self.expire();
        }
        if let Some(account) = &mut self.account {
            if self.status == Status::WaitingForDeposit && now >= account.due {
                account.expired = true;
            }
            if let Refund::Pending { since } = account.refund
                && now >= since + TO_REFUND
            {
                account.refund = Refund::Completed;
            }
        }
        strikes
    }

    /// READY or `IN_PROGRESS` → EXPIRED; the sample of an expired payment shows no method.
    pub(crate) fn expire(&mut self) {
        self.status = Status::Expired;
        self.means = None;
        self.failure = Some(codes::EXPIRED_PAYMENT);
    }

    /// READY → `IN_PROGRESS`: the buyer has authenticated. Doing it twice changes nothing, the clock included.
    pub(crate) fn authenticate(&mut self, means: Means, outcome: Option<Code>, now: Ms) -> Result<(), Code> {
        match self.status {
            Status::Ready => {
                self.status = Status::InProgress;
                self.means = Some(means);
                self.outcome = outcome;
                self.authenticated_at = Some(now);
                Ok(())
            }
            Status::InProgress => Ok(()),
            Status::Expired => Err(codes::NOT_FOUND_PAYMENT_SESSION),
            _ => Err(codes::ALREADY_PROCESSED_PAYMENT),
        }
    }

    /// `IN_PROGRESS` → DONE, or `WAITING_FOR_DEPOSIT` for a virtual account.
    pub(crate) fn approve(&mut self, ids: &mut Ids, now: Ms) -> Transaction {
        let transaction = ids.transaction();
        self.last = Some(transaction);
        if matches!(self.means, Some(Means::VirtualAccount(_))) {
            self.status = Status::WaitingForDeposit;
            self.account = Some(Account {
                number: ids.account_number().into(),
                secret: ids.secret().into(),
                due: now + TO_DEPOSIT,
                expired: false,
                depositor: None,
                refund: Refund::None,
            });
        } else {
            self.status = Status::Done;
            self.approved_at = Some(now);
        }
        transaction
    }

    /// `IN_PROGRESS` → ABORTED: the issuer refused.
    pub(crate) fn abort(&mut self, code: Code) {
        self.status = Status::Aborted;
        self.failure = Some(code);
    }

    /// Takes money back. CANCELED only when one cancel takes all; after a partial one the status stays
    /// `PARTIAL_CANCELED`, also with a balance of 0.
    pub(crate) fn cancel(&mut self, taking: &Taking<'_>, ids: &mut Ids, now: Ms) -> Transaction {
        let transaction = ids.transaction();
        self.balance -= taking.amount;
        self.tax_free -= taking.tax_free;
        self.cancels.push(Cancel {
            transaction,
            reason: Arc::from(taking.reason),
            amount: taking.amount,
            tax_free: taking.tax_free,
            left: self.balance,
            at: now,
        });
        self.last = Some(transaction);
        if let Some(account) = &mut self.account
            && self.status != Status::WaitingForDeposit
        {
            account.refund = Refund::Pending { since: now };
        }
        let whole = self.balance == 0 && self.status != Status::PartialCanceled;
        self.status = if whole { Status::Canceled } else { Status::PartialCanceled };
        transaction
    }

    /// `WAITING_FOR_DEPOSIT` → DONE: the exact amount arrived on the account.
    pub(crate) fn deposit(&mut self, by: Option<&str>, ids: &mut Ids, now: Ms) -> Result<Transaction, Code> {
        let Some(account) = self.account.as_mut().filter(|_| self.status == Status::WaitingForDeposit) else {
            return Err(codes::INVALID_REQUEST);
        };
        if account.expired {
            return Err(codes::NOT_AVAILABLE_PAYMENT);
        }
        account.depositor = Some(Arc::from(by.unwrap_or_else(|| self.about.customer())));
        self.status = Status::Done;
        self.approved_at = Some(now);
        let transaction = ids.transaction();
        self.last = Some(transaction);
        Ok(transaction)
    }

    /// DONE → `WAITING_FOR_DEPOSIT`: the bank reports the deposit as an error, and the buyer must pay again.
    pub(crate) fn reverse_deposit(&mut self, ids: &mut Ids) -> Result<(), Code> {
        let Some(account) = self.account.as_mut().filter(|_| self.status == Status::Done) else {
            return Err(codes::INVALID_REQUEST);
        };
        account.depositor = None;
        self.status = Status::WaitingForDeposit;
        self.approved_at = None;
        self.last = Some(ids.transaction());
        Ok(())
    }

    /// Lets the clock of the moment strike now: an open window or session ends, an account's due date passes.
    pub(crate) fn expire_now(&mut self) -> Result<(), Code> {
        match (self.status, &mut self.account) {
            (Status::Ready | Status::InProgress, _) => self.expire(),
            (Status::WaitingForDeposit, Some(account)) => account.expired = true,
            _ => return Err(codes::INVALID_REQUEST),
        }
        Ok(())
    }

    /// Whether the last cancel is less than so long ago.
    pub(crate) fn was_canceled_within(&self, window: Duration, now: Ms) -> bool {
        let window = Ms::try_from(window.as_millis()).unwrap_or(Ms::MAX);
        self.cancels.last().is_some_and(|cancel| now.saturating_sub(cancel.at) < window)
    }

    /// Whether the method's deadline for cancels has passed (Toss core API, Cancel, deadlines).
    pub(crate) fn is_past_refund_due(&self, now: Ms) -> bool {
        let Some(approved) = self.approved_at else { return false };
        match self.means {
            Some(Means::Transfer(_)) => now > approved + 180 * DAY,
            Some(Means::VirtualAccount(_)) => now > approved + 365 * DAY,
            Some(Means::MobilePhone) => Korea(now).month() != Korea(approved).month(),
            _ => false,
        }
    }
}

impl About {
    /// The buyer's name, or the one that Korean forms use for anybody.
    pub(crate) fn customer(&self) -> &str {
        self.terms.customer_name.as_deref().unwrap_or("홍길동")
    }
}
