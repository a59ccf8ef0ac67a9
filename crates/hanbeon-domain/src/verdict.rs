//! Everything that a call to the payment provider can end in. There is no error beside it.
use crate::{DepositSecret, Tax, Timestamp, Untaxed, Won};
use std::fmt;
use std::sync::Arc;

/// The end of one call, as far as money is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Toss showed the payment, and it is ours: same paymentKey, orderId, amount and merchant.
    Seen(Box<Snapshot>),
    /// Toss said no, and no means that nothing happened.
    Refused(Refusal),
    /// Toss said that it has been done before: a reason to read, not yet a fact.
    ReadIt,
    /// Toss does not know the payment. Inside the 10 minutes after authentication that is not a fact.
    Absent,
    /// The request never left this machine: refused connection, name or TLS failure.
    NotSent(String),
    /// Anything may have happened.
    Unclear {
        /// Did an answer come at all? An answered error may be kept by Toss under our idempotency key and be
        /// repeated to us; silence is not.
        answered: bool,
        /// For the journal.
        why: String,
    },
    /// A payment was shown that is not the one we asked about. Never believed.
    NotOurs(String),
}

/// What Toss says of a payment (Toss core API, Payment object), reduced to what decisions need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Toss's status.
    pub status: TossStatus,
    /// Payment method in Toss's Korean words, `None` before authentication. An open set.
    pub method: Option<String>,
    /// What can still be cancelled. `balance == 0` is the test of a full refund, never the status.
    pub balance: Won,
    /// How Toss says that the balance is taxed.
    pub tax: Option<Tax>,
    /// When the payment window was opened.
    pub requested_at: Option<Timestamp>,
    /// When the money was taken.
    pub approved_at: Option<Timestamp>,
    /// The newest approval or cancel.
    pub last_transaction_key: Option<String>,
    /// Every cancel that Toss carried out, ours or not, oldest first.
    pub cancels: Vec<TossCancel>,
    /// Every cancel that Toss took and has not carried out: it is still at it, or has failed.
    pub pending: Vec<PendingCancel>,
    /// What a notice of a deposit must prove to know.
    pub secret: Option<DepositSecret>,
    /// The virtual account, if it is paid by one. Its number is of no use here: banks give it to the next buyer.
    pub account: Option<Account>,
    /// Why it is ABORTED or EXPIRED.
    pub failure: Option<Failure>,
    /// Toss's answer, as it came.
    pub evidence: Evidence,
}

/// What decisions need of a virtual account (Toss core API, `VirtualAccount` object).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Until when it can be paid into.
    pub closes_at: Option<Timestamp>,
    /// Toss says that it cannot be paid into any more. The payment's status stays `WAITING_FOR_DEPOSIT`.
    pub is_closed: bool,
}

/// One cancel that Toss carried out (Toss core API, Cancel object).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TossCancel {
    /// Toss's name for it; unique.
    pub transaction_key: String,
    /// How much was given back.
    pub amount: Won,
    /// What of it is not taxed, if Toss says.
    pub untaxed: Option<Untaxed>,
    /// What could still be cancelled afterwards, if Toss says.
    pub balance_after: Option<Won>,
    /// When.
    pub canceled_at: Option<Timestamp>,
    /// Why, in the words of whoever cancelled.
    pub reason: String,
    /// The name that whoever asked gave it; kept of asynchronous cancels only.
    pub request: Option<String>,
}

/// A cancel that Toss only took for now, as of a wallet abroad (Toss state machine, Cancel sub-state).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCancel {
    /// The name that whoever asked gave it.
    pub request: Option<String>,
    /// How much is to be given back.
    pub amount: Won,
    /// Has it failed? Then nothing of it happens any more.
    pub aborted: bool,
}

/// Code and message of a failed payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Toss's error code; an open set.
    pub code: String,
    /// Toss's words.
    pub message: String,
}

/// A definite refusal, with the answer that the buyer gets unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Toss's error code; an open set.
    pub code: String,
    /// Toss's words.
    pub message: String,
    /// Toss's answer, as it came.
    pub evidence: Evidence,
}

/// An answer of Toss, byte for byte. `Debug` shows its size only: it holds personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The HTTP status.
    pub http_status: u16,
    /// The body.
    pub body: Arc<[u8]>,
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evidence({}, {} bytes)", self.http_status, self.body.len())
    }
}

/// Toss's `Payment.status`. Open: a status we never met is [`TossStatus::Unknown`], and decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TossStatus {
    /// The window is open; the buyer has not authenticated.
    Ready,
    /// Authenticated; we have to confirm.
    InProgress,
    /// A virtual account is issued; the money is not in.
    WaitingForDeposit,
    /// The money is taken.
    Done,
    /// Cancelled in one step.
    Canceled,
    /// Cancelled in part, or in parts until nothing was left.
    PartialCanceled,
    /// The confirm was refused.
    Aborted,
    /// The 30- or 10-minute clock ran out.
    Expired,
    /// A status we never met.
    Unknown,
}

impl Snapshot {
    /// Is Toss still at a cancel that it has taken? Whether the balance shows it already is not documented.
    #[must_use]
    pub fn is_giving_back(&self) -> bool {
        self.pending.iter().any(|cancel| !cancel.aborted)
    }

    /// Will no deposit come any more? Only Toss can tell: its clock may differ from ours.
    #[must_use]
    pub fn is_closed_account(&self) -> bool {
        self.status == TossStatus::WaitingForDeposit && self.account.is_some_and(|account| account.is_closed)
    }
}

impl TossStatus {
    /// Every status, in the order of a payment's life.
    pub const ALL: [Self; 9] = [
        Self::Ready,
        Self::InProgress,
        Self::WaitingForDeposit,
        Self::Done,
        Self::Canceled,
        Self::PartialCanceled,
        Self::Aborted,
        Self::Expired,
        Self::Unknown,
    ];

    /// Toss's own spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::InProgress => "IN_PROGRESS",
            Self::WaitingForDeposit => "WAITING_FOR_DEPOSIT",
            Self::Done => "DONE",
            Self::Canceled => "CANCELED",
            Self::PartialCanceled => "PARTIAL_CANCELED",
            Self::Aborted => "ABORTED",
            Self::Expired => "EXPIRED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Reads Toss's spelling; anything else is [`TossStatus::Unknown`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|status| status.as_str() == text).unwrap_or(Self::Unknown)
    }
}
