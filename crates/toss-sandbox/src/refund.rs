//! Giving money back: cancels, at once or asynchronous (Toss core API, Cancel; Toss state machine, Cancel sub-state).

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::account::Refund;
use crate::clock::{DAY, Korea, Ms};
use crate::codes::{self, Code};
use crate::ids::{Ids, Transaction};
use crate::means::Means;
use crate::payment::{Payment, Status};

/// One cancel of a payment. Amounts are in the currency's smallest unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cancel {
    pub(crate) transaction: Transaction,
    pub(crate) reason: Arc<str>,
    pub(crate) parts: Parts,
    /// What was left after it.
    pub(crate) left: i64,
    pub(crate) at: Ms,
    pub(crate) stage: Stage,
    /// `cancelRequestId`, of an asynchronous one.
    pub(crate) request: Option<Arc<str>>,
    /// The receipt of the cancel, if the payment had one.
    pub(crate) receipt: Option<Arc<str>>,
}

/// What a cancel takes.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Parts {
    pub(crate) amount: i64,
    pub(crate) tax_free: i64,
    pub(crate) tax_exempt: i64,
    /// Of the instant discount of a card or a transfer.
    pub(crate) discount: i64,
    /// Of a wallet's points.
    pub(crate) points: i64,
}

/// `cancelStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Done,
    /// Accepted; it ends at this time, or when a test says so. `moved`: the balance has gone down already.
    InProgress {
        ends: Option<Ms>,
        moved: bool,
    },
    Aborted,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::InProgress { .. } => "IN_PROGRESS",
            Self::Aborted => "ABORTED",
        }
    }
}

/// A cancel that every rule allows.
#[derive(Debug)]
pub(crate) struct Taking<'a> {
    pub(crate) reason: &'a str,
    pub(crate) parts: Parts,
    /// Only accepted for now, under this `cancelRequestId`.
    pub(crate) later: Option<Later<'a>>,
}

/// How an asynchronous cancel goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Later<'a> {
    pub(crate) request: &'a str,
    pub(crate) ends: Option<Ms>,
    pub(crate) moves_now: bool,
}

impl Cancel {
    /// What Toss writes when the bank takes a deposit back and the API version has no way to wait for another one.
    pub(crate) fn of_the_bank(transaction: Transaction, payment: &Payment, now: Ms) -> Self {
        let (amount, tax_free, tax_exempt) = (payment.balance, payment.tax_free, payment.tax_exempt);
        Self {
            transaction,
            reason: Arc::from("입금 오류"),
            parts: Parts { amount, tax_free, tax_exempt, ..Parts::default() },
            left: 0,
            at: now,
            stage: Stage::Done,
            request: None,
            receipt: None,
        }
    }

    /// Whether the balance shows it.
    pub(crate) fn has_moved(&self) -> bool {
        matches!(self.stage, Stage::Done | Stage::InProgress { moved: true, .. })
    }
}

impl Payment {
    /// Takes money back, or accepts to. CANCELED only when one cancel takes all; after a partial one the status stays
    /// `PARTIAL_CANCELED`, also with a balance of 0.
    pub(crate) fn cancel(&mut self, taking: &Taking<'_>, ids: &mut Ids, now: Ms) -> Transaction {
        let transaction = ids.transaction();
        let stage = match taking.later {
            Some(later) => Stage::InProgress { ends: later.ends, moved: later.moves_now },
            None => Stage::Done,
        };
        let parts = self.with_discounts(taking.parts);
        let cancel = Cancel {
            transaction,
            reason: Arc::from(taking.reason),
            parts,
            left: self.balance,
            at: now,
            stage,
            request: taking.later.map(|later| Arc::from(later.request)),
            receipt: self.receipt_of_cancel(),
        };
        let deposited = self.status != Status::WaitingForDeposit;
        if let Some(account) = self.account.as_mut().filter(|_| deposited) {
            account.refund = Refund::Pending { since: now };
        }
        self.take(cancel);
        transaction
    }

    /// Writes a cancel down, and what it moves.
    pub(crate) fn take(&mut self, mut cancel: Cancel) {
        if cancel.has_moved() {
            self.last = Some(cancel.transaction);
            self.give(cancel.parts);
            cancel.left = self.balance;
        }
        self.cancels.push(cancel);
        self.restate();
    }

    /// An asynchronous cancel comes to its end, well or not. The oldest one that has not, if none is named.
    pub(crate) fn end_cancel(
        &mut self,
        request: Option<&str>,
        well: bool,
    ) -> Result<(Parts, Transaction), Code> {
        let open = |cancel: &Cancel| {
            let named = request.is_none_or(|request| cancel.request.as_deref() == Some(request));
            named && matches!(cancel.stage, Stage::InProgress { .. })
        };
        let at = self.cancels.iter().position(open).ok_or(codes::INVALID_REQUEST)?;
        let (parts, transaction) = (self.cancels[at].parts, self.cancels[at].transaction);
        let moved = self.cancels[at].has_moved();
        self.cancels[at].stage = if well { Stage::Done } else { Stage::Aborted };
        match (well, moved) {
            (true, false) => {
                self.last = Some(transaction);
                self.give(parts);
            }
            (false, true) => self.keep(parts),
            _ => {}
        }
        self.cancels[at].left = self.balance;
        self.ended = Some(transaction);
        self.restate();
        Ok((parts, transaction))
    }

    /// The asynchronous cancel whose time to end has come.
    pub(crate) fn due_cancel(&self, now: Ms) -> Option<Arc<str>> {
        let is_due =
            |cancel: &&Cancel| matches!(cancel.stage, Stage::InProgress { ends: Some(at), .. } if now >= at);
        self.cancels.iter().find(is_due).and_then(|cancel| cancel.request.clone())
    }

    /// What can still be cancelled: the balance without what cancels under way will take of it.
    pub(crate) fn cancelable(&self) -> Parts {
        let waiting = |part: fn(&Parts) -> i64| {
            let open = |cancel: &&Cancel| matches!(cancel.stage, Stage::InProgress { moved: false, .. });
            self.cancels.iter().filter(open).map(|cancel| part(&cancel.parts)).sum::<i64>()
        };
        Parts {
            amount: self.balance - waiting(|parts| parts.amount),
            tax_free: self.tax_free - waiting(|parts| parts.tax_free),
            tax_exempt: self.tax_exempt - waiting(|parts| parts.tax_exempt),
            ..Parts::default()
        }
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
            Some(Means::Foreign(wallet)) => !wallet.cancels_later && now > approved + 180 * DAY,
            Some(Means::MobilePhone) => Korea(now).month() != Korea(approved).month(),
            _ => false,
        }
    }

    /// The instant discount goes back with the first cancel, which cannot be smaller; a wallet's points go back last.
    /// Neither is documented.
    fn with_discounts(&self, parts: Parts) -> Parts {
        let returned = |part: fn(&Parts) -> i64| {
            let made = self.cancels.iter().filter(|cancel| cancel.stage != Stage::Aborted);
            made.map(|cancel| part(&cancel.parts)).sum::<i64>()
        };
        let points = match self.means {
            Some(Means::EasyPay(easy)) => easy.points - returned(|parts| parts.points),
            _ => 0,
        };
        let left = self.cancelable().amount - parts.amount;
        Parts {
            discount: (self.about.terms.discount - returned(|parts| parts.discount)).min(parts.amount),
            points: (points - left).clamp(0, points),
            ..parts
        }
    }

    fn give(&mut self, parts: Parts) {
        self.balance -= parts.amount;
        self.tax_free -= parts.tax_free;
        self.tax_exempt -= parts.tax_exempt;
    }

    fn keep(&mut self, parts: Parts) {
        self.balance += parts.amount;
        self.tax_free += parts.tax_free;
        self.tax_exempt += parts.tax_exempt;
    }

    /// The status that the cancels leave.
    fn restate(&mut self) {
        let mut moved = self.cancels.iter().filter(|cancel| cancel.has_moved());
        self.status = match (moved.next(), moved.next()) {
            (Some(_), None) if self.balance == 0 => Status::Canceled,
            (Some(_), _) => Status::PartialCanceled,
            (None, _) => Status::Done,
        };
    }
}
