//! A payment: its facts, its state, and what happens to it before money moves (Toss state machine, Legal transitions).
//! What happens to a virtual account is in `account`, what is given back in `refund`.
//!
//! The facts that never change sit behind one `Arc`, so that a snapshot for a reply, or for the replay of one,
//! is a small copy.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::{Account, Numbers};
use crate::auth::MerchantId;
use crate::billing::Charged;
use crate::cash::CashReceipt;
use crate::choice::{Chosen, More};
use crate::clock::{MINUTE, Ms};
use crate::codes::{self, Code};
use crate::ids::{Ids, Transaction};
use crate::means::Means;
use crate::money::{Currency, Split, split};
use crate::refund::Cancel;
use crate::terms::{Extras, Requested};

/// From the opening of the window until the buyer must have authenticated.
pub(crate) const TO_AUTHENTICATE: Ms = 30 * MINUTE;
/// From the authentication until the merchant must have confirmed.
pub(crate) const TO_CONFIRM: Ms = 10 * MINUTE;

/// The facts of a payment that are fixed when its window opens. Amounts are in the currency's smallest unit.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) key: Arc<str>,
    pub(crate) order: Arc<str>,
    pub(crate) order_name: Box<str>,
    pub(crate) merchant: MerchantId,
    pub(crate) mid: Arc<str>,
    pub(crate) version: Arc<str>,
    pub(crate) origin: Arc<str>,
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
    pub(crate) tax_free: i64,
    pub(crate) tax_exempt: i64,
    pub(crate) requested_at: Ms,
    pub(crate) terms: Terms,
}

/// What a request for a payment may add to its order and amount.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// The method asked for before the buyer chose.
    pub(crate) asked: Option<Chosen>,
    /// The terms of its methods, if it names any.
    pub(crate) requested: Option<Box<Requested>>,
    /// Opened by `widgets()`, by `payment()`, or by a server.
    pub(crate) surface: Option<Surface>,
    pub(crate) customer_name: Option<Box<str>>,
    pub(crate) customer_phone: Option<Box<str>>,
    pub(crate) success_url: Option<Box<str>>,
    pub(crate) fail_url: Option<Box<str>>,
    pub(crate) metadata: Option<Box<Value>>,
    /// Full cancels only, whatever the method.
    pub(crate) whole_cancels_only: bool,
    /// An instant discount, in won.
    pub(crate) discount: i64,
    /// What a charge without a buyer takes its money from.
    pub(crate) billing: Option<Charged>,
}

/// The SDK call that opened the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) about: Arc<About>,
    pub(crate) status: Status,
    pub(crate) means: Option<Means>,
    /// The particulars of the means that are texts.
    pub(crate) more: Option<Arc<More>>,
    pub(crate) authenticated_at: Option<Ms>,
    pub(crate) approved_at: Option<Ms>,
    pub(crate) last: Option<Transaction>,
    pub(crate) balance: i64,
    pub(crate) tax_free: i64,
    pub(crate) tax_exempt: i64,
    pub(crate) cancels: Vec<Cancel>,
    /// The asynchronous cancel that came to its end last.
    pub(crate) ended: Option<Transaction>,
    pub(crate) failure: Option<Code>,
    pub(crate) account: Option<Account>,
    pub(crate) cash: Option<Arc<CashReceipt>>,
    /// The refusal that the issuer will answer a confirm with, if a test asked for one.
    pub(crate) outcome: Option<Code>,
    /// A confirm is under way: a second one meets `[S008]`.
    #[serde(skip)]
    pub(crate) confirming: bool,
}

/// What a look at the clock found: what has to be told to somebody.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Struck {
    /// The payment has become EXPIRED.
    pub(crate) expired: bool,
    /// The bank has taken the deposit back.
    pub(crate) reversed: bool,
    /// The account can no longer be paid into.
    pub(crate) freed: bool,
    /// This asynchronous cancel, by its `cancelRequestId`, has to come to its end.
    pub(crate) ends: Option<Arc<str>>,
}

impl Payment {
    pub(crate) fn open(about: About) -> Self {
        Self {
            status: Status::Ready,
            means: None,
            more: None,
            authenticated_at: None,
            approved_at: None,
            last: None,
            balance: about.amount,
            tax_free: about.tax_free,
            tax_exempt: about.tax_exempt,
            cancels: Vec::new(),
            ended: None,
            failure: None,
            account: None,
            cash: None,
            outcome: None,
            confirming: false,
            about: Arc::new(about),
        }
    }

    /// Lets the clocks strike that are due: 30 and 10 minutes, the account's, and the end of a cancel.
    pub(crate) fn refresh(&mut self, now: Ms) -> Struck {
        let end = match self.status {
            Status::Ready => Some(self.about.requested_at + TO_AUTHENTICATE),
            Status::InProgress => self.authenticated_at.map(|at| at + TO_CONFIRM),
            _ => None,
        };
        let expired = end.is_some_and(|at| now >= at);
        if expired {
            self.expire();
        }
        let (freed, reversed) =
            if self.account.is_some() { self.refresh_account(now) } else { (false, false) };
        Struck { expired, reversed, freed, ends: self.due_cancel(now) }
    }

    /// READY or `IN_PROGRESS` → EXPIRED; the sample of an expired payment shows no method.
    pub(crate) fn expire(&mut self) {
        self.status = Status::Expired;
        self.means = None;
        self.more = None;
        self.failure = Some(codes::EXPIRED_PAYMENT);
    }

    /// READY → `IN_PROGRESS`: the buyer has authenticated. Doing it twice changes nothing, the clock included.
    pub(crate) fn authenticate(
        &mut self,
        chosen: Chosen,
        outcome: Option<Code>,
        now: Ms,
    ) -> Result<(), Code> {
        match self.status {
            Status::Ready if !chosen.means.takes(self.about.currency) => Err(codes::INVALID_CURRENCY),
            Status::Ready if self.is_past_due(chosen.means, now) => Err(codes::NOT_FOUND_PAYMENT_SESSION),
            Status::Ready => {
                self.status = Status::InProgress;
                self.means = Some(chosen.means);
                self.more = chosen.more;
                self.outcome = outcome;
                self.authenticated_at = Some(now);
                Ok(())
            }
            Status::InProgress => Ok(()),
            Status::Expired => Err(codes::NOT_FOUND_PAYMENT_SESSION),
            _ => Err(codes::ALREADY_PROCESSED_PAYMENT),
        }
    }

    /// Whether the request allowed less time than the window has; of a virtual account it is the time to deposit.
    fn is_past_due(&self, means: Means, now: Ms) -> bool {
        let requested = self.about.terms.requested.as_ref();
        let due = requested.and_then(|requested| requested.of(means).due(self.about.requested_at));
        !matches!(means, Means::VirtualAccount(_)) && due.is_some_and(|due| now >= due)
    }

    /// `IN_PROGRESS` → DONE, or `WAITING_FOR_DEPOSIT` for a virtual account.
    pub(crate) fn approve(&mut self, ids: &mut Ids, numbers: &mut Numbers, now: Ms) -> Transaction {
        let transaction = ids.transaction();
        self.last = Some(transaction);
        if matches!(self.means, Some(Means::VirtualAccount(_))) {
            self.status = Status::WaitingForDeposit;
            self.account = Some(self.issue(ids, numbers, now));
        } else {
            self.status = Status::Done;
            self.approved_at = Some(now);
            self.write_cash_receipt(ids, now);
        }
        transaction
    }

    /// `IN_PROGRESS` → ABORTED: the issuer refused.
    pub(crate) fn abort(&mut self, code: Code) {
        self.status = Status::Aborted;
        self.failure = Some(code);
    }

    /// The method, or before the buyer chose the one that was asked for.
    pub(crate) fn method(&self) -> Option<Means> {
        self.means.or(self.about.terms.asked.as_ref().map(|asked| asked.means))
    }

    /// The terms of the request for the method.
    pub(crate) fn extras(&self) -> &Extras {
        match (&self.about.terms.requested, self.method()) {
            (Some(requested), Some(means)) => requested.of(means),
            (Some(requested), None) => &requested.common,
            (None, _) => Extras::silent(),
        }
    }

    /// The supply and the tax of what is left.
    pub(crate) fn split(&self) -> Split {
        split(self.balance, self.tax_free + self.tax_exempt)
    }

    /// Whether a part can be cancelled at all: not of an overseas card's payment, nor of a card's with an exempt part
    /// (Toss core API, Cancel, `taxExemptionAmount`).
    pub(crate) fn is_partial_cancelable(&self) -> bool {
        let means = self.method();
        let exempt_card = self.about.tax_exempt > 0 && matches!(means, Some(Means::Card(_)));
        !self.about.terms.whole_cancels_only && !exempt_card && !means.is_some_and(Means::is_cancelled_whole)
    }

    /// The buyer's name, or the one that Korean forms use for anybody.
    pub(crate) fn customer(&self) -> &str {
        let chosen = self.more.as_ref().and_then(|more| more.customer.as_deref());
        chosen.or(self.about.terms.customer_name.as_deref()).unwrap_or("홍길동")
    }
}
