//! One attempt to pay one order: what it is, and (in [`step`](Payment::step)) how it may change.
//!
//! A stored state never means "not sent yet": [`State::Confirming`] is on disk before Toss hears of it, so
//! whoever finds it *asks* before acting.
mod charge;
mod give_back;
mod name;
mod policy;
mod refund_due;
mod reread;
mod step;
#[cfg(test)]
mod table;
mod tax;
mod told;

pub(crate) use charge::refusal_from;
pub use name::StateName;
pub use policy::{LateSuccess, Policy};
pub use told::{News, Standing};

use crate::{
    DepositSecret, Evidence, OrderId, PaymentId, PaymentKey, Refund, RefundId, RefundOutcome, Refusal,
    SessionId, Tax, Timestamp, TossCancel, TossOrderId, TossStatus, Untaxed, Verdict, Won,
    refund::CancelRequest, verdict::Snapshot,
};

/// A payment. Read it freely; it changes through [`Payment::step`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Ours.
    pub id: PaymentId,
    /// The order that it pays.
    pub order: OrderId,
    /// The order's name at Toss.
    pub toss_order: TossOrderId,
    /// The payment's name at Toss; unique.
    pub key: PaymentKey,
    /// What is to be paid: the order's total at the moment of the intent. Never changes.
    pub amount: Won,
    /// The session that paid, if the buyer's browser had one.
    pub payer: Option<SessionId>,
    /// When the intent was written.
    pub created_at: Timestamp,
    /// Grows by one with every change; every write says which version it expects.
    pub version: u64,
    /// What Toss last said.
    pub toss: TossFacts,
    /// Taken from the buyer, in won.
    pub captured: Won,
    /// Given back, in won. `reserved() + refunded <= captured`, always.
    pub refunded: Won,
    /// When a cancel was last called for, or answered: Toss ignores a second one that comes within a second.
    pub last_cancel_at: Option<Timestamp>,
    /// The money turned up after the payment had let go of its order, and cannot claim it back.
    pub late: bool,
    /// What the shop was last told of it.
    pub told: Option<Standing>,
    /// A deposit that has been seen once, and is told once it is seen again from then on.
    pub settles_at: Option<Timestamp>,
    /// Where it stands.
    pub state: State,
}

/// What Toss last said of the payment; shown to buyers and shops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TossFacts {
    /// Toss's status.
    pub status: TossStatus,
    /// Toss's Korean name of the method.
    pub method: Option<String>,
    /// When the payment window was opened.
    pub requested_at: Option<Timestamp>,
    /// When the money was taken.
    pub approved_at: Option<Timestamp>,
    /// What a notice of a deposit must prove to know.
    pub secret: Option<DepositSecret>,
    /// How what is left is taxed.
    pub tax: Option<Tax>,
}

/// Where a payment stands, with the facts of that state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Only in memory: the request is here, nothing is decided.
    Ready,
    /// The intent to charge is durable; Toss may or may not have heard of it.
    Confirming {
        /// Calls that did not end in a fact.
        tries: u32,
        /// Part of the idempotency key. Grows only when Toss *answered* with an error (which it may replay to
        /// us for ever) and a later read showed that nothing had happened.
        round: u32,
        /// Has an error been answered in this round?
        answered: bool,
    },
    /// Confirmed, and a virtual account waits for the money.
    WaitingForDeposit,
    /// The money is ours.
    Paid,
    /// The intent to give money back is durable; Toss may or may not have heard of it.
    Canceling {
        /// What is to be given back.
        refund: Box<Refund>,
        /// Calls that did not end in a fact.
        tries: u32,
        /// Has a read shown, after the last call, that nothing had happened?
        unchanged: bool,
        /// As in [`State::Confirming`]. Two keys cannot give back twice: every call names the balance that it was
        /// decided on (`refundableAmount`), and Toss refuses it when that is another by then.
        round: u32,
        /// As in [`State::Confirming`], but a refusal is no error: the same key may ask again, and is refused again.
        answered: bool,
        /// Until then a call under an earlier key may still take effect. A refusal tells nothing before a read that
        /// is asked later has shown that none did.
        landing_until: Option<Timestamp>,
    },
    /// Some of the money was given back.
    PartiallyCanceled,
    /// All of it was.
    Canceled {
        /// At whose wish.
        by: CanceledBy,
    },
    /// Toss refused the charge; nothing was taken.
    Declined {
        /// What the buyer was told.
        refusal: Box<Refusal>,
    },
    /// Never confirmed in time; nothing was taken.
    Expired,
    /// We cannot know by ourselves. Alarmed; a human decides.
    NeedsReview {
        /// What we know.
        why: String,
    },
}

/// Who cancelled a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanceledBy {
    /// The buyer or the shop, through us.
    Request,
    /// We, because the approval could not be stored, or came too late.
    Compensation,
    /// Somebody at Toss's side; we only read it.
    Elsewhere,
}

/// What may happen to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The buyer wants to pay. Amounts have been compared by [`crate::Checkout::decide`].
    ConfirmRequested,
    /// Somebody entitled wants money back.
    CancelRequested(CancelRequest),
    /// Toss took the money (the snapshot says so), and the store would not take the record.
    CompensationDue(Box<Snapshot>),
    /// A call ended.
    PspSaid(Verdict),
    /// Nothing became known in as many tries as the policy allows.
    TriesExhausted,
    /// A human has looked, in Toss's own records, at a payment that needed it.
    OperatorSaid {
        /// What they found.
        says: OperatorSays,
        /// Who they are and how they know; kept in the journal.
        note: String,
    },
}

/// What a human found out about a payment that needed review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorSays {
    /// Toss never took the money.
    NothingCharged,
    /// The buyer has all of it back.
    GivenBack,
}

/// What to do once the new state is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Charge.
    Confirm,
    /// Ask.
    Lookup,
    /// Give back.
    Cancel,
    /// Hand it to a human.
    GiveUp,
    /// Nothing; or nothing until `due`.
    Rest {
        /// When to ask again.
        due: Option<Timestamp>,
    },
}

/// One move, finished in memory: the store writes it in one transaction, and only then does `then` happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The payment as it will be.
    pub next: Payment,
    /// The state that it leaves.
    pub from: StateName,
    /// For the journal: what happened, in words, without personal data.
    pub event: String,
    /// Who caused it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// Toss's answer that moved it, if one did.
    pub evidence: Option<Evidence>,
    /// Every cancel that Toss shows. Those that no refund of ours explains were made elsewhere.
    pub cancels: Vec<TossCancel>,
    /// From when on a refund that waits for its turn may have it.
    pub refund_from: Timestamp,
    /// From when on a notice that came meanwhile may be followed.
    pub notice_from: Timestamp,
    /// A refund that this move ends.
    pub settled: Option<(RefundId, RefundOutcome)>,
    /// What the shop is told of it.
    pub news: Option<News>,
    /// What to do next.
    pub then: Action,
}

/// Who causes a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A buyer's browser.
    Buyer,
    /// The shop, with an API key.
    Merchant,
    /// The recovery, which finishes what a crash or a lost answer left.
    Recovery,
    /// A human with access to this machine.
    Operator,
}

impl Actor {
    /// Its name in the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Merchant => "merchant",
            Self::Recovery => "recovery",
            Self::Operator => "operator",
        }
    }
}

/// When, by whom, under which rules.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The time, read once per request.
    pub now: Timestamp,
    /// Who acts.
    pub actor: Actor,
    /// How patient we are.
    pub policy: &'a Policy,
}

/// A change that may not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The table has no such move.
    #[error("{event} is not possible while the payment is {state}")]
    NotNow {
        /// Where it stands.
        state: StateName,
        /// What was asked.
        event: &'static str,
    },
    /// More than is left.
    #[error("{asked} won cannot be cancelled: {left} won are left")]
    OverBalance {
        /// Wanted.
        asked: Won,
        /// Cancellable.
        left: Won,
    },
    /// So much of one of the parts is not left.
    #[error(
        "a refund of {asked} won, of which {} won are tax free and {} won exempt, is not in what is left: {taxed_left} won taxed, \
         {} won tax free, {} won exempt; name its taxFreeAmount and taxExemptionAmount",
        parts.free, parts.exempt, left.free, left.exempt
    )]
    NotInParts {
        /// Wanted.
        asked: Won,
        /// What of it is not taxed.
        parts: Untaxed,
        /// What is left and taxed.
        taxed_left: Won,
        /// What is left and not taxed.
        left: Untaxed,
    },
    /// Nothing to cancel in a cancel.
    #[error("cancelAmount must be above zero")]
    NothingAsked,
    /// Toss cancels a virtual account before its deposit in full only.
    #[error("a payment that waits for its deposit can be cancelled in full only")]
    PartialBeforeDeposit,
    /// A deposit goes back into an account, and none was named.
    #[error("the money of a virtual account goes back into an account: refundReceiveAccount is missing")]
    NoRefundAccount,
    /// The method gives nothing back any more.
    #[error("the time in which this method can be refunded is over")]
    PastRefundDue,
}

impl Payment {
    /// The `Idempotency-Key` that every worker and every restart sends for this charge: it follows from what
    /// is stored, so nobody can make a second one.
    #[must_use]
    pub fn confirm_key(&self) -> String {
        let round = if let State::Confirming { round, .. } = self.state { round } else { 0 };
        format!("hanbeon-{}-confirm-{round}", self.id)
    }

    /// The same for the refund that is under way.
    #[must_use]
    pub fn cancel_key(&self, refund: &Refund) -> String {
        match self.state {
            State::Canceling { round, .. } if round > 0 => format!("{}-{round}", refund.idempotency_key()),
            _ => refund.idempotency_key(),
        }
    }

    /// What is promised to refunds that are under way.
    #[must_use]
    pub fn reserved(&self) -> Won {
        match &self.state {
            State::Canceling { refund, .. } if !self.captured.is_zero() => refund.amount,
            _ => Won::ZERO,
        }
    }

    /// What could still be given back: captured, less what was or is being refunded.
    #[must_use]
    pub fn refundable(&self) -> Won {
        self.captured.minus(self.refunded).and_then(|left| left.minus(self.reserved())).unwrap_or(Won::ZERO)
    }

    /// May another payment begin on the same order? Only when this one took nothing, or gave all of it back
    /// because *we* failed; an order that the shop cancelled is over. Money that turned up late claims no order.
    #[must_use]
    pub const fn leaves_order_free(&self) -> bool {
        self.late
            || matches!(
                self.state,
                State::Declined { .. } | State::Expired | State::Canceled { by: CanceledBy::Compensation }
            )
    }

    /// How much a wish to cancel would give back, if it came after wishes for `queued` won. The same is asked
    /// again when its turn comes.
    ///
    /// # Errors
    /// [`Refused`] when the payment cannot come into a state in which there is that much to give back.
    pub fn admit(&self, request: &CancelRequest, queued: Won, now: Timestamp) -> Result<Won, Refused> {
        let left = match &self.state {
            State::Confirming { .. } | State::WaitingForDeposit => self.amount,
            State::Paid | State::PartiallyCanceled | State::Canceling { .. } => self.refundable(),
            state => return Err(Refused::NotNow { state: state.name(), event: "cancel_requested" }),
        };
        let left = left.minus(queued).unwrap_or(Won::ZERO);
        let amount = request.amount.unwrap_or(left);
        if left < amount || left.is_zero() {
            return Err(Refused::OverBalance { asked: amount, left });
        }
        if amount.is_zero() {
            return Err(Refused::NothingAsked);
        }
        let waits = self.state == State::WaitingForDeposit;
        if waits && amount != self.amount {
            return Err(Refused::PartialBeforeDeposit);
        }
        if self.is_past_refund_due(now) {
            return Err(Refused::PastRefundDue);
        }
        if request.amount.is_some() {
            self.untaxed_of(request, amount)?;
        }
        Ok(amount)
    }

    /// Is a call to Toss under way or due, so that an asker had better wait?
    #[must_use]
    pub const fn is_moving(&self) -> bool {
        matches!(self.state, State::Confirming { .. } | State::Canceling { .. })
    }

    /// What a finder of this row, who knows nothing else, should do: ask, never act blindly. A payment at rest is
    /// asked about only when somebody gave `notice` that there may be something to see.
    #[must_use]
    pub fn resume(&self, policy: &Policy, notice: bool) -> Action {
        match self.state {
            State::Confirming { tries, .. } | State::Canceling { tries, .. } if policy.tries_max <= tries => {
                Action::GiveUp
            }
            State::Confirming { .. } | State::Canceling { .. } | State::WaitingForDeposit => Action::Lookup,
            State::Paid
            | State::PartiallyCanceled
            | State::Canceled { .. }
            | State::Declined { .. }
            | State::Expired
            | State::NeedsReview { .. }
                if notice =>
            {
                Action::Lookup
            }
            State::Ready
            | State::Paid
            | State::PartiallyCanceled
            | State::Canceled { .. }
            | State::Declined { .. }
            | State::Expired
            | State::NeedsReview { .. } => Action::Rest { due: None },
        }
    }
}
