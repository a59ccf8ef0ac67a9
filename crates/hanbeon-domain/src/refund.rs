//! Giving money back: reserved in the budget first, then asked of Toss, then settled by Toss's answer.
use crate::{Evidence, PaymentId, PendingCancel, RefundId, Refusal, Timestamp, TossCancel, Untaxed, Won};
use std::fmt;

/// Longest reason (Toss core API, Cancel: `cancelReason`).
pub const REASON_MAX: usize = 200;

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// Fresh, from the caller's environment.
    pub id: RefundId,
    /// `None`: everything that is left.
    pub amount: Option<Won>,
    /// What of it is not taxed; `None`: not said.
    pub untaxed: Option<Untaxed>,
    /// 1 to 200 characters; shown in Toss's own records.
    pub reason: CancelReason,
}

/// Why a payment is cancelled, 1 to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelReason(String);

/// A reason that Toss would not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelReason must be 1 to {REASON_MAX} characters")]
pub struct BadReason;

impl CancelReason {
    /// Checks the length.
    ///
    /// # Errors
    /// [`BadReason`] when it is empty or too long.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadReason> {
        let text = text.into();
        let fits = (1..=REASON_MAX).contains(&text.chars().count()) && !text.trim().is_empty();
        if fits { Ok(Self(text)) } else { Err(BadReason) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Of a cancel that was made elsewhere, without a reason.
    #[must_use]
    pub fn untold() -> Self {
        Self("-".to_owned())
    }

    /// The reason that we give when we undo a charge.
    #[must_use]
    pub fn undoing(cause: Cause) -> Self {
        let why = match cause {
            Cause::LateSuccess => "결제 가능 시간이 지나 자동으로 취소되었습니다.",
            Cause::Compensation | Cause::Requested => "결제 정보를 저장하지 못해 자동으로 취소되었습니다.",
        };
        Self(why.to_owned())
    }
}

/// Where the money of a virtual account goes back to (Toss core API, Cancel: `refundReceiveAccount`). It is personal
/// data: `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefundAccount {
    bank: String,
    number: String,
    holder: String,
}

/// An account that Toss would not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "refundReceiveAccount needs a bank (1 to 20 characters), an accountNumber (1 to 20 digits) and a holderName (1 to 60 characters)"
)]
pub struct BadRefundAccount;

impl RefundAccount {
    /// Checks the parts: the bank by code or name, the number in digits, the holder as the bank knows them.
    ///
    /// # Errors
    /// [`BadRefundAccount`].
    pub fn parse(bank: &str, number: &str, holder: &str) -> Result<Self, BadRefundAccount> {
        let is_text = |text: &str, most| {
            (1..=most).contains(&text.chars().count())
                && !text.trim().is_empty()
                && !text.contains(char::is_control)
        };
        let is_number = (1..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        if !(is_text(bank, 20) && is_number && is_text(holder, 60)) {
            return Err(BadRefundAccount);
        }
        Ok(Self { bank: bank.to_owned(), number: number.to_owned(), holder: holder.to_owned() })
    }

    /// Bank, number, holder.
    #[must_use]
    pub fn parts(&self) -> (&str, &str, &str) {
        (&self.bank, &self.number, &self.holder)
    }
}

impl fmt::Debug for RefundAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefundAccount(…)")
    }
}

/// An intended refund, durable before Toss hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its name, and the source of the idempotency key that we send.
    pub id: RefundId,
    /// How much; the whole balance when nothing else was asked for.
    pub amount: Won,
    /// What of it is not taxed; `None` when nobody has said it.
    pub untaxed: Option<Untaxed>,
    /// Was it asked for as "everything that is left"?
    pub whole: bool,
    /// Why.
    pub reason: CancelReason,
    /// Who wants it.
    pub cause: Cause,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// What could be cancelled at Toss before this refund: how we recognise that it happened.
    pub balance_before: Won,
}

/// Where a refund comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The buyer or the shop asked.
    Requested,
    /// We took money that we could not record.
    Compensation,
    /// The money turned up after the payment had been given up, and the order with it.
    LateSuccess,
}

impl Refund {
    /// The `Idempotency-Key` of this refund; see [`Payment::cancel_key`](crate::Payment::cancel_key) for what is
    /// sent after Toss has answered it with an error.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("hanbeon-{}-cancel", self.id)
    }

    /// Is `request` a wish for this refund: for as much (or for all that is left, both times) and for the same reason?
    #[must_use]
    pub fn is_wished_by(&self, request: &CancelRequest) -> bool {
        let parts = |untaxed: Option<Untaxed>| untaxed.unwrap_or_default();
        let same_amount = request.amount.map_or(self.whole, |wanted| {
            !self.whole && wanted == self.amount && parts(request.untaxed) == parts(self.untaxed)
        });
        same_amount && self.reason == request.reason
    }

    /// Is it one of ours to undo a charge, and not anybody's wish?
    #[must_use]
    pub const fn undoes_a_charge(&self) -> bool {
        matches!(self.cause, Cause::Compensation | Cause::LateSuccess)
    }

    /// This refund among the cancels that Toss shows: the one with its name, where Toss keeps one; otherwise the one of
    /// its amount that led to its balance. Every call names the balance that it starts from, and a balance never rises, so
    /// there is at most one.
    #[must_use]
    pub fn found_in<'a>(&self, cancels: &'a [TossCancel]) -> Option<&'a TossCancel> {
        let after = Some(self.balance_after());
        let equal = |cancel: &&TossCancel| cancel.amount == self.amount && cancel.balance_after == after;
        cancels
            .iter()
            .find(|cancel| self.is_named(cancel.request.as_deref()))
            .or_else(|| cancels.iter().find(equal))
    }

    /// Is this the name of one of our calls for this refund, as Toss keeps it of an asynchronous cancel (Toss core API,
    /// Cancel, `cancelRequestId`)?
    #[must_use]
    pub fn is_named(&self, request: Option<&str>) -> bool {
        request.is_some_and(|request| request.starts_with(&self.idempotency_key()))
    }

    /// What has become of it, if Toss took it and has not carried it out.
    #[must_use]
    pub fn pending_in<'a>(&self, pending: &'a [PendingCancel]) -> Option<&'a PendingCancel> {
        let ours = || pending.iter().filter(|cancel| self.is_named(cancel.request.as_deref()));
        ours().find(|cancel| !cancel.aborted).or_else(|| ours().next_back())
    }

    /// What must be left at Toss once this refund has happened.
    #[must_use]
    pub fn balance_after(&self) -> Won {
        self.balance_before.minus(self.amount).unwrap_or(Won::ZERO)
    }

    /// The refund that takes back a charge which we could not record, or could not keep. Its id is the
    /// payment's, so that nothing has to be stored for two workers to agree on it.
    #[must_use]
    pub fn undoing(payment: PaymentId, amount: Won, cause: Cause, now: Timestamp) -> Self {
        Self {
            id: RefundId::from_uuid(payment.uuid()),
            amount,
            untaxed: None,
            whole: true,
            reason: CancelReason::undoing(cause),
            cause,
            requested_at: now,
            balance_before: amount,
        }
    }
}

impl From<Refund> for CancelRequest {
    /// The wish, of a refund that waits for its turn.
    fn from(Refund { id, amount, untaxed, whole, reason, .. }: Refund) -> Self {
        Self { id, amount: (!whole).then_some(amount), untaxed, reason }
    }
}

/// How a refund ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    /// Toss cancelled it.
    Done {
        /// Toss's name for the cancel.
        transaction_key: Option<String>,
        /// Toss's answer, passed through to whoever asked.
        evidence: Evidence,
    },
    /// Toss refused it; the budget is free again.
    Refused(Refusal),
    /// Nobody knows; a human has to look.
    NeedsReview,
}
