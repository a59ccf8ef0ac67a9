//! Cancel: money goes back, through the same machine as it came.
//!
//! 1. **find and authorise**: the session that paid (where the shop allows it), or the shop;
//! 2. **wait**: a payment that is moving is waited for; the same cancel under way is joined, not repeated;
//! 3. **decide** (pure): is that much left? A repeated full cancel ends here with the first one's answer;
//! 4. **begin**: the refund is reserved in the budget, durable, before Toss hears of it;
//! 5. **drive**, and **answer** with what Toss said, byte for byte.
use crate::confirm::Intent;
use crate::{App, env};
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{
    Actor, CancelRequest, Event, Evidence, Payment, PaymentKey, Refund, RefundId, RefundOutcome, Refused,
    SessionId, State, Won,
};
use hanbeon_store::{RefundRecord, StoreError};
use std::sync::Arc;
use tokio::time::Instant;

/// Other refunds of the same payment that we let go first.
const DECISIONS_MAX: u32 = 4;

/// A wish to give money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Of which payment.
    pub key: PaymentKey,
    /// How much; `None`: everything that is left.
    pub amount: Option<Won>,
    /// Why.
    pub reason: CancelReason,
    /// Who asks.
    pub caller: Caller,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The shop, with an API key.
    Merchant,
    /// A browser, with its session if it has one.
    Browser(Option<SessionId>),
}

/// What the caller hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelAnswer {
    /// What Toss answered: the whole payment, or its refusal.
    Toss(Evidence),
    /// Not known yet; the recovery goes on.
    Pending,
}

/// Why a cancel was not even asked of Toss. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// We have no such payment.
    #[error("there is no payment with this key")]
    UnknownPayment,
    /// Neither the session that paid nor the shop.
    #[error("only the session that paid, or the shop, may cancel")]
    NotAllowed,
    /// The table or the budget says no.
    #[error("the payment cannot be cancelled so")]
    Refused(#[from] Refused),
    /// The intent could not be stored, and so nobody was asked.
    #[error("the intent to refund could not be stored")]
    Store(#[from] StoreError),
    /// Other refunds were always faster.
    #[error("too many refunds of the same payment at once")]
    Crowded,
}

impl App {
    /// Gives money back once, however often the same is asked at the same time.
    ///
    /// # Errors
    /// [`CancelError`]; nothing has changed then.
    pub async fn cancel(self: &Arc<Self>, wish: Cancel) -> Result<CancelAnswer, CancelError> {
        let deadline = Instant::now() + self.settings.answer_within;
        let mut payment = self.store.payment_by_key(&wish.key).await?.ok_or(CancelError::UnknownPayment)?;
        let actor = self.authorise(&payment, wish.caller)?;
        for _ in 0..DECISIONS_MAX {
            if let Some(refund) = same_refund(&payment, &wish) {
                self.settled(payment, deadline).await;
                return Ok(self.answer_of(refund).await);
            }
            payment = self.settled(payment, deadline).await;
            if payment.is_moving() {
                return Ok(CancelAnswer::Pending);
            }
            if let Some(answer) = self.repeated(&payment, &wish).await? {
                return Ok(answer);
            }
            let id = env::refund_id(&*self.env);
            let request = CancelRequest { id, amount: wish.amount, reason: wish.reason.clone() };
            let step = payment.step(Event::CancelRequested(request), self.moment(self.now(), actor))?;
            match self.begin(&step).await? {
                Intent::Ours => {
                    self.carry_out(step, deadline).await;
                    return Ok(self.answer_of(id).await);
                }
                Intent::Unknown => return Ok(CancelAnswer::Pending),
                Intent::Taken => {}
            }
            payment = self.store.payment_by_key(&wish.key).await?.ok_or(CancelError::UnknownPayment)?;
        }
        Err(CancelError::Crowded)
    }

    fn authorise(&self, payment: &Payment, caller: Caller) -> Result<Actor, CancelError> {
        match caller {
            Caller::Merchant => Ok(Actor::Merchant),
            Caller::Browser(Some(session))
                if self.settings.session_may_cancel && payment.payer == Some(session) =>
            {
                Ok(Actor::Buyer)
            }
            Caller::Browser(_) => Err(CancelError::NotAllowed),
        }
    }

    /// "Cancel everything" of a payment that has been cancelled by these words: the same answer again.
    async fn repeated(&self, payment: &Payment, wish: &Cancel) -> Result<Option<CancelAnswer>, StoreError> {
        if wish.amount.is_some() || !matches!(payment.state, State::Canceled { .. }) {
            return Ok(None);
        }
        Ok(self.store.whole_refund(payment.id).await?.and_then(answered).map(CancelAnswer::Toss))
    }

    async fn answer_of(&self, refund: RefundId) -> CancelAnswer {
        let record = self.store.refund(refund).await.ok().flatten();
        record.and_then(answered).map_or(CancelAnswer::Pending, CancelAnswer::Toss)
    }
}

/// The refund under way, if it is the one that is asked for: a double click, not a second wish.
fn same_refund(payment: &Payment, wish: &Cancel) -> Option<RefundId> {
    let State::Canceling { refund, .. } = &payment.state else { return None };
    let Refund { id, amount, whole, reason, .. } = &**refund;
    let same_amount = wish.amount.map_or(*whole, |wanted| !*whole && wanted == *amount);
    (same_amount && *reason == wish.reason).then_some(*id)
}

/// What Toss answered. A refund that was taken over from another server has no answer of Toss's with it.
fn answered(record: RefundRecord) -> Option<Evidence> {
    let evidence = match record.outcome? {
        RefundOutcome::Done { evidence, .. } => evidence,
        RefundOutcome::Refused(refusal) => refusal.evidence,
        RefundOutcome::NeedsReview => return None,
    };
    Some(evidence).filter(|evidence| !evidence.body.is_empty())
}
