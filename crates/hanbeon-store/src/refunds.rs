//! Refunds as they are stored.
use crate::Sealed;
use hanbeon_domain::refund::{CancelReason, Cause};
use hanbeon_domain::{
    Actor, CancelRequest, Payment, PaymentId, Refund, RefundId, RefundOutcome, Timestamp, TossCancel, Won,
};
use sha2::{Digest as _, Sha256};

/// Most refunds of one payment that may wait for their turn: more is a mistake, or an attack.
pub const QUEUED_REFUNDS_MAX: usize = 20;

/// A wish to give money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// Of which payment.
    pub payment: PaymentId,
    /// What is wished.
    pub request: CancelRequest,
    /// What it amounts to, as things stand; see [`hanbeon_domain::Payment::admit`].
    pub amount: Won,
    /// Who wishes it.
    pub actor: Actor,
    /// When.
    pub requested_at: Timestamp,
    /// Is an equal wish that is still open the same one? So it is for a browser, whose buyer clicks twice, and not
    /// for a shop, which has idempotency keys for that.
    pub join_equal: bool,
    /// Where the money is to go, if the payment's method does not know; kept until the refund has ended.
    pub account: Option<Sealed>,
}

impl NewRefund {
    /// What to write for this wish, on a payment of `amount` of which `refunded` was given back, beside its `others`,
    /// oldest first.
    ///
    /// # Errors
    /// What becomes of a wish for which there is nothing to write.
    pub fn beside(
        &self,
        amount: Won,
        refunded: Won,
        others: &[RefundRecord],
    ) -> Result<RefundRecord, Queued> {
        let known = others.iter().find(|other| other.refund.id == self.request.id);
        let is_equal = |other: &&RefundRecord| other.is_open() && other.refund.is_wished_by(&self.request);
        let equal = || others.iter().filter(|_| self.join_equal).find(is_equal);
        if let Some(known) = known.or_else(equal) {
            return Err(Queued::Known(Box::new(known.clone())));
        }
        if others.iter().filter(|other| other.progress == Progress::Queued).count() >= QUEUED_REFUNDS_MAX {
            return Err(Queued::Full);
        }
        let mut open = others.iter().filter(|other| other.is_open()).map(|other| other.refund.amount);
        let spoken_for = open.try_fold(refunded, Won::plus);
        let left = spoken_for.and_then(|spoken_for| amount.minus(spoken_for)).unwrap_or(Won::ZERO);
        if left < self.amount {
            return Err(Queued::OverBalance(left));
        }
        let CancelRequest { id, amount, untaxed, reason } = self.request.clone();
        let refund = Refund {
            id,
            amount: self.amount,
            untaxed,
            whole: amount.is_none(),
            reason,
            cause: Cause::Requested,
            requested_at: self.requested_at,
            balance_before: left,
        };
        let progress = Progress::Queued;
        Ok(RefundRecord { refund, payment: self.payment, progress, settled_at: None })
    }
}

/// What became of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Queued {
    /// It waits for its turn.
    New,
    /// It is this one, which was made before.
    Known(Box<RefundRecord>),
    /// That much is not left: this is.
    OverBalance(Won),
    /// Too many are waiting.
    Full,
}

/// A refund as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRecord {
    /// What was intended. Of a refund that waits for its turn, the amount and the balance are those of the moment
    /// in which it was wished.
    pub refund: Refund,
    /// Of which payment.
    pub payment: PaymentId,
    /// Where it stands.
    pub progress: Progress,
    /// When it ended.
    pub settled_at: Option<Timestamp>,
}

/// Where a refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It waits for its turn.
    Queued,
    /// It is under way.
    Sending,
    /// It has ended.
    Settled(RefundOutcome),
    /// It was made elsewhere, at Toss's side, and only read by us.
    Elsewhere {
        /// Toss's name for it.
        transaction_key: String,
    },
}

impl RefundRecord {
    /// A cancel that Toss shows and no refund of ours explains. Its id follows from Toss's name for it, so that it is
    /// the same whoever sees it first.
    #[must_use]
    pub fn elsewhere(payment: &Payment, cancel: &TossCancel, seen_at: Timestamp) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(&cancel.transaction_key)[..16]);
        let at = cancel.canceled_at.unwrap_or(seen_at);
        let refund = Refund {
            id: RefundId::from_uuid(uuid::Uuid::from_bytes(id)),
            amount: cancel.amount,
            untaxed: cancel.untaxed,
            whole: false,
            reason: CancelReason::parse(&*cancel.reason).unwrap_or_else(|_| CancelReason::untold()),
            cause: Cause::Requested,
            requested_at: at,
            balance_before: cancel
                .balance_after
                .and_then(|left| left.plus(cancel.amount))
                .unwrap_or(payment.amount),
        };
        let progress = Progress::Elsewhere { transaction_key: cancel.transaction_key.clone() };
        Self { refund, payment: payment.id, progress, settled_at: Some(at) }
    }

    /// Toss's name for it, once it has happened.
    #[must_use]
    pub fn transaction_key(&self) -> Option<&str> {
        match &self.progress {
            Progress::Settled(RefundOutcome::Done { transaction_key, .. }) => transaction_key.as_deref(),
            Progress::Elsewhere { transaction_key } => Some(transaction_key),
            Progress::Queued | Progress::Sending | Progress::Settled(_) => None,
        }
    }

    /// Is it still to be carried out, or under way?
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.progress, Progress::Queued | Progress::Sending)
    }

    /// How it ended, if it did and was ours.
    #[must_use]
    pub fn into_outcome(self) -> Option<RefundOutcome> {
        match self.progress {
            Progress::Settled(outcome) => Some(outcome),
            Progress::Queued | Progress::Sending | Progress::Elsewhere { .. } => None,
        }
    }
}
