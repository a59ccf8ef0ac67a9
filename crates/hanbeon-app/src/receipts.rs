//! Cash receipts of payments: issued when the shop asks, cancelled when money goes back.
//!
//! As for payments: **step (pure) → commit (one transaction) → act (one call) → step …**. But the request to issue is sent
//! once, by the request that has the buyer's number in hand: the number is stored nowhere, so the [recovery](mod@recover)
//! can only look for what became of it.
//!
//! 1. **admit** (pure): is it cash, and paid? 2. **ask** Toss whether the payment window issued one; 3. **begin**: the
//!    intent is durable; 4. **issue**; 5. the answer, or "not known yet".
pub mod recover;
pub mod refused;
pub mod review;
pub mod verify;

use crate::App;
use hanbeon_domain::receipt::{NoReceipt, ReceiptAction, ReceiptHeard, ReceiptState, ReceiptStep};
use hanbeon_domain::{Actor, BuyerNumber, PaymentId, Receipt, ReceiptId, ReceiptKind, Timestamp};
use hanbeon_psp::receipts::ReceiptPsp;
use hanbeon_store::{BegunReceipt, ReceiptStore, StoreError};
use std::fmt;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use tracing::{debug, error, info, warn};

/// Calls in one go; the rest is the recovery's, in its own time.
const CALLS_MAX: u32 = 4;

/// The same clock, rules and tasks as the application's; doors of its own.
pub struct Receipts {
    app: Arc<App>,
    store: Arc<dyn ReceiptStore>,
    psp: Arc<dyn ReceiptPsp>,
}

impl fmt::Debug for Receipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipts")
    }
}

/// A receipt that is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptWish {
    /// Its name: asked twice with the same one, it is the same wish.
    pub id: ReceiptId,
    /// Of which payment.
    pub payment: PaymentId,
    /// What for.
    pub kind: ReceiptKind,
    /// For whom.
    pub number: BuyerNumber,
}

/// Why no receipt was begun. Nothing has changed then, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// We have no such payment.
    #[error("there is no payment with this id")]
    UnknownPayment,
    /// It has none, or not now.
    #[error(transparent)]
    No(#[from] NoReceipt),
    /// It has one that is in force, or under way.
    #[error("the payment has a cash receipt already: GET /v1/payments/{{id}}/cash-receipts")]
    Taken,
    /// The buyer has asked for one in the payment window: it is Toss's, and goes with the payment.
    #[error("the buyer asked for a cash receipt in the payment window; Toss has issued it")]
    OfWindow,
    /// Money went back meanwhile.
    #[error("the payment has just changed; try again")]
    Moved,
    /// Toss does not tell whether there is one.
    #[error("Toss does not tell whether the payment has a cash receipt: {0}")]
    Unavailable(String),
    /// The store.
    #[error("the store cannot answer")]
    Store(#[from] StoreError),
}

/// Why a receipt could not be carried further by this holder. It stays where it is stored, and is due.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    /// Somebody else holds it now.
    #[error("somebody else took the receipt over")]
    Superseded,
    /// The store.
    #[error("the store does not take it")]
    Store(#[source] StoreError),
}

impl Receipts {
    /// Puts the parts together.
    #[must_use]
    pub fn new(app: Arc<App>, store: Arc<dyn ReceiptStore>, psp: Arc<dyn ReceiptPsp>) -> Arc<Self> {
        Arc::new(Self { app, store, psp })
    }

    /// Issues a receipt over what is left of a payment. Answers with the receipt as it then stands.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub async fn issue(self: &Arc<Self>, wish: ReceiptWish) -> Result<Receipt, ReceiptError> {
        let deadline = Instant::now() + self.app.settings.answer_within;
        let ReceiptWish { id, payment, kind, number } = wish;
        if let Some(known) = self.store.receipt(id).await? {
            return Ok(known);
        }
        let payment = self.app.payment(payment).await?.ok_or(ReceiptError::UnknownPayment)?.payment;
        let order = self.app.order(payment.order).await?.ok_or(ReceiptError::UnknownPayment)?.order;
        Receipt::intended(id, &payment, kind, self.app.now())?;
        if self.psp.has_own(&payment).await.map_err(ReceiptError::Unavailable)? {
            return Err(ReceiptError::OfWindow);
        }
        let receipt = Receipt::intended(id, &payment, kind, self.app.now())?;
        let held_until = self.app.lease_until();
        match self.store.begin_receipt(&receipt, held_until).await? {
            BegunReceipt::Fresh => {}
            BegunReceipt::Known(known) => return Ok(*known),
            BegunReceipt::Taken => return Err(ReceiptError::Taken),
            BegunReceipt::Moved => return Err(ReceiptError::Moved),
        }
        self.app.env.reached("intent stored");
        info!(receipt.id = %id, payment.id = %payment.id, "a cash receipt is wished for");
        let receipts = Arc::clone(self);
        let intent = receipt.clone();
        let work = async move {
            receipts.app.env.reached("before the call");
            let heard = receipts.psp.issue(&intent, &order.name, &number).await;
            receipts.heard(intent, heard, held_until).await
        };
        // A task of its own: a caller who leaves does not stop it.
        match timeout_at(deadline, self.app.on_its_own(work)).await {
            Ok(Ok(Ok(receipt))) => Ok(receipt),
            Ok(Ok(Err(stopped))) => {
                warn!(receipt.id = %id, error = %stopped, "left to the recovery");
                Ok(self.store.receipt(id).await?.unwrap_or(receipt))
            }
            Ok(Err(_)) | Err(_) => Ok(receipt),
        }
    }

    /// The receipts of a payment that we issued, oldest first; `None` when there is no such payment.
    ///
    /// # Errors
    /// What the store says.
    pub async fn of_payment(&self, payment: PaymentId) -> Result<Option<Vec<Receipt>>, StoreError> {
        if self.app.payment(payment).await?.is_none() {
            return Ok(None);
        }
        self.store.receipts(payment).await.map(Some)
    }

    /// A call has ended so: what follows from it, and what follows from that.
    pub(crate) async fn heard(
        &self,
        receipt: Receipt,
        heard: ReceiptHeard,
        held_until: Timestamp,
    ) -> Result<Receipt, Stopped> {
        match receipt.step(heard, self.app.moment(self.app.now(), Actor::Recovery)) {
            Some(step) => self.drive(receipt, step, held_until).await,
            None => Ok(receipt),
        }
    }

    /// Carries a receipt, which the caller holds until `held_until` at least, to its next rest.
    pub(crate) async fn drive(
        &self,
        mut receipt: Receipt,
        mut step: ReceiptStep,
        mut held_until: Timestamp,
    ) -> Result<Receipt, Stopped> {
        for calls_left in (0..=CALLS_MAX).rev() {
            if step.next != receipt {
                held_until = self.record(&step).await?;
            }
            receipt = step.next;
            let asked_at = self.app.now();
            // Whoever has slept through its lease acts no more: see `App::drive`.
            if held_until <= asked_at || calls_left == 0 {
                break;
            }
            let (heard, judged_at) = match (step.then, &receipt.state) {
                (ReceiptAction::Cancel, ReceiptState::Canceling(canceling)) => {
                    self.app.env.reached("before the call");
                    let heard = self.psp.cancel(&receipt, canceling).await;
                    (heard, self.app.now())
                }
                (ReceiptAction::Look, _) => {
                    let moment = self.app.moment(asked_at, Actor::Recovery);
                    let within = receipt.listed_within(moment);
                    // A list is judged by when it was asked for.
                    (self.psp.listed(&receipt, &within).await, asked_at)
                }
                _ => break,
            };
            self.app.env.reached("verdict in hand");
            debug!(receipt.id = %receipt.id, psp.call = ?step.then, psp.heard = heard.name(), "asked Toss about a receipt");
            match receipt.step(heard, self.app.moment(judged_at, Actor::Recovery)) {
                Some(next) => step = next,
                None => break,
            }
        }
        Ok(receipt)
    }

    /// Writes a step; until when it is held then.
    async fn record(&self, step: &ReceiptStep) -> Result<Timestamp, Stopped> {
        let (now, until) = (self.app.now(), self.app.lease_until());
        self.store.commit_receipt(step, now, until).await.map_err(|error| match error {
            StoreError::Superseded => Stopped::Superseded,
            error => Stopped::Store(error),
        })?;
        self.app.env.reached("recorded");
        let Receipt { id, payment, state, .. } = &step.next;
        match state {
            ReceiptState::NeedsReview { why, .. } => {
                error!(receipt.id = %id, payment.id = %payment, why, "a cash receipt needs review");
            }
            ReceiptState::Failed(reason) => {
                warn!(receipt.id = %id, payment.id = %payment, code = reason.code, "a cash receipt was not issued");
            }
            state => {
                info!(receipt.id = %id, payment.id = %payment, receipt.state = state.as_str(), "a cash receipt moved");
            }
        }
        Ok(until)
    }
}
