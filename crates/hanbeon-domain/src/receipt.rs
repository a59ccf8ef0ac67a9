//! The cash receipt of a payment: issued on its own, and cancelled when money of the payment goes back, until what is in
//! force is what is left of the payment (Toss core API, Cash receipts). Those that a buyer asks for in the payment window
//! are Toss's, and go with the payment by themselves.
//!
//! The same idea as a payment: the intent first, one call, and what is not known is asked. There is one question only: the
//! list of a day. And one thing that is never sent again: the request to issue, for the buyer's number is stored nowhere.
mod number;
mod step;
#[cfg(test)]
mod tests;

pub use number::{BadNumber, BuyerNumber};
pub use step::{Listed, ReceiptAction, ReceiptHeard, ReceiptStep};

use crate::{Payment, PaymentId, ReceiptId, State, StateName, Timestamp, Won};

/// The methods whose payments may have a receipt, in Toss's words: cash. A card's sales slip is proof enough.
const CASH: [&str; 2] = ["가상계좌", "계좌이체"];

/// A receipt. Read it freely; it changes through its own functions only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Ours; its name at Toss follows from it.
    pub id: ReceiptId,
    /// Of which payment.
    pub payment: PaymentId,
    /// What for.
    pub kind: ReceiptKind,
    /// What it was issued over, in won. Never changes.
    pub amount: Won,
    /// When the intent was written.
    pub created_at: Timestamp,
    /// The fencing token, as a payment's.
    pub version: u64,
    /// Toss's side of it, once it is issued.
    pub paper: Option<Paper>,
    /// Every cancel of it that Toss carried out, oldest first.
    pub cancels: Vec<ReceiptCancel>,
    /// Where it stands.
    pub state: ReceiptState,
}

/// What a buyer wants it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptKind {
    /// 소득공제: a person deducts it from income.
    IncomeDeduction,
    /// 지출증빙: a business proves an expense.
    ExpenseProof,
}

/// What Toss calls an issued receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// `receiptKey`: what cancels it.
    pub key: String,
    /// Where the buyer can see it.
    pub url: Option<String>,
}

/// A cancel that Toss carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptCancel {
    /// How much, in won.
    pub amount: Won,
    /// `requestedAt`. Together with the amount it tells one cancel from another: whether their keys differ is not
    /// documented.
    pub at: Timestamp,
}

/// Where a receipt stands. None of these means "not sent yet".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptState {
    /// The intent is durable; Toss may or may not have heard of it.
    Issuing {
        /// Calls and looks without a fact.
        tries: u32,
    },
    /// In force, over what is not cancelled.
    Issued,
    /// The intent to cancel is durable; Toss may or may not have heard of it.
    Canceling(Canceling),
    /// All of it is cancelled.
    Canceled,
    /// There is none: Toss or, maybe days later, the tax service refused, or it is certain that nobody was asked. Or a
    /// human has closed it: what Toss still shows of it is theirs to settle.
    Failed(Reason),
    /// We cannot know, or cannot do it. Alarmed; a human decides.
    NeedsReview {
        /// What we know.
        why: String,
        /// The cancel that was under way.
        cancel: Option<Canceling>,
    },
}

/// A cancel that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canceling {
    /// How much.
    pub amount: Won,
    /// When the intent was written: it is not listed before.
    pub since: Timestamp,
    /// When the last call was decided on.
    pub called_at: Timestamp,
    /// Calls and looks without a fact.
    pub tries: u32,
    /// Part of the idempotency key; see [`crate::State::Confirming`].
    pub round: u32,
    /// Has Toss answered with an error in this round, which it may repeat for ever?
    pub answered: bool,
    /// May a call whose end is unknown still take effect?
    pub landing: bool,
    /// A refusal that came. It counts once a list has shown that nothing was cancelled, and nothing can be any more.
    pub refusal: Option<Reason>,
}

/// Why there is no receipt, or no cancel: a code to branch on, and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Toss's code, or ours.
    pub code: String,
    /// For people.
    pub message: String,
}

/// Why a payment has no receipt now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReceipt {
    /// A card, or what we do not know.
    #[error("a cash receipt is for cash: a payment by {} has none", .0.as_deref().unwrap_or("an unknown method"))]
    NotCash(Option<String>),
    /// Nothing is paid, or nothing is left, or it is moving.
    #[error("a payment that is {0} has no cash receipt now")]
    NotNow(StateName),
    /// The bank may take the deposit back.
    #[error("the deposit has not settled yet; try again in a few minutes")]
    NotSettled,
}

impl ReceiptKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::IncomeDeduction, Self::ExpenseProof];

    /// Toss's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IncomeDeduction => "소득공제",
            Self::ExpenseProof => "지출증빙",
        }
    }

    /// Reads Toss's word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl ReceiptState {
    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Issuing { .. } => "issuing",
            Self::Issued => "issued",
            Self::Canceling(_) => "canceling",
            Self::Canceled => "canceled",
            Self::Failed(_) => "failed",
            Self::NeedsReview { .. } => "needs_review",
        }
    }
}

impl Receipt {
    /// The intent to issue a receipt over what is left of a payment. It is to be on disk before anybody is asked.
    ///
    /// # Errors
    /// [`NoReceipt`].
    pub fn intended(
        id: ReceiptId,
        payment: &Payment,
        kind: ReceiptKind,
        now: Timestamp,
    ) -> Result<Self, NoReceipt> {
        let method = payment.toss.method.as_deref();
        if !method.is_some_and(|method| CASH.contains(&method)) {
            return Err(NoReceipt::NotCash(method.map(str::to_owned)));
        }
        let amount = receiptable(payment);
        if !matches!(payment.state, State::Paid | State::PartiallyCanceled) || amount.is_zero() {
            return Err(NoReceipt::NotNow(payment.state.name()));
        }
        if payment.settles_at.is_some() {
            return Err(NoReceipt::NotSettled);
        }
        let state = ReceiptState::Issuing { tries: 0 };
        let (payment, version) = (payment.id, 1);
        Ok(Self {
            id,
            payment,
            kind,
            amount,
            created_at: now,
            version,
            paper: None,
            cancels: Vec::new(),
            state,
        })
    }

    /// Its order's name at Toss: nobody else's, so that the list of a day tells what became of it.
    #[must_use]
    pub fn toss_order(&self) -> String {
        format!("hbr-{}", self.id)
    }

    /// Whose name at Toss this is, if it is one of ours.
    #[must_use]
    pub fn named(toss_order: &str) -> Option<ReceiptId> {
        ReceiptId::parse(toss_order.strip_prefix("hbr-")?).ok()
    }

    /// The `Idempotency-Key` of the one request to issue.
    #[must_use]
    pub fn issue_key(&self) -> String {
        format!("hanbeon-{}-receipt", self.id)
    }

    /// The `Idempotency-Key` that every worker and every restart sends for this cancel: it follows from what is stored.
    #[must_use]
    pub fn cancel_key(&self, canceling: &Canceling) -> String {
        let (nth, round) = (self.cancels.len(), canceling.round);
        format!("hanbeon-{}-receipt-cancel-{nth}-{round}", self.id)
    }

    /// What Toss has cancelled of it.
    #[must_use]
    pub fn canceled(&self) -> Won {
        let sum = self.cancels.iter().try_fold(Won::ZERO, |sum, cancel| sum.plus(cancel.amount));
        sum.map_or(self.amount, |sum| sum.min(self.amount))
    }

    /// What it proves: issued, less cancelled. Nothing before it is issued.
    #[must_use]
    pub fn in_force(&self) -> Won {
        match (&self.paper, &self.state) {
            (None, _) | (_, ReceiptState::Failed(_)) => Won::ZERO,
            (Some(_), _) => self.amount.minus(self.canceled()).unwrap_or(Won::ZERO),
        }
    }

    /// Is a call under way or due, so that an asker had better wait?
    #[must_use]
    pub const fn is_moving(&self) -> bool {
        matches!(self.state, ReceiptState::Issuing { .. } | ReceiptState::Canceling(_))
    }

    /// Does it stand in the way of another one of the same payment?
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, ReceiptState::Canceled | ReceiptState::Failed(_))
    }
}

/// What a receipt of this payment may prove: what was taken and has not gone back.
#[must_use]
pub fn receiptable(payment: &Payment) -> Won {
    payment.captured.minus(payment.refunded).unwrap_or(Won::ZERO)
}
