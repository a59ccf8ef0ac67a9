//! Cancel: money goes back, through the same machine as it came.
//!
//! 1. **find and authorise**: the session that paid (where the shop allows it), or the shop;
//! 2. **admit** (pure): can that much be given back? A repeat ends here with the first one's answer;
//! 3. **queue**: the wish is durable, and waits for its turn: behind a charge that is under way, behind other refunds;
//! 4. **take the turn**, if nobody else holds the payment: reserve, call, settle, as the recovery would;
//! 5. **answer** with what Toss said, byte for byte, or "pending".
use crate::confirm::{OFFER_CAP, OFFER_FIRST};
use crate::{App, env};
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{
    Actor, CancelRequest, Evidence, Payment, PaymentId, PaymentKey, RefundAccount, RefundId, RefundOutcome,
    Refused, SessionId, State, Untaxed, Won,
};
use hanbeon_psp::billing::Secret;
use hanbeon_store::{NewRefund, Progress, Queued, RefundRecord, Sealed, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument as _, warn};

/// How often "everything that is left" is worked out anew, while other wishes take from it.
const DECISIONS_MAX: u32 = 4;
/// The first wait between two looks at a refund that somebody else carries out; it doubles up to [`LOOK_CAP`].
const LOOK_FIRST: Duration = Duration::from_millis(20);
/// See [`LOOK_FIRST`].
const LOOK_CAP: Duration = Duration::from_millis(400);

/// How long a single look may take.
const ONE_LOOK: Duration = Duration::from_secs(1);

/// A wish to give money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Of which payment.
    pub key: PaymentKey,
    /// How much; `None`: everything that is left.
    pub amount: Option<Won>,
    /// What of it is not taxed; `None`: not said.
    pub untaxed: Option<Untaxed>,
    /// Why.
    pub reason: CancelReason,
    /// Who asks.
    pub caller: Caller,
    /// Where the money goes, if it was paid into a virtual account.
    pub account: Option<RefundAccount>,
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
    /// Not known yet; the wish is durable, and the recovery goes on.
    Pending,
}

/// Why a cancel was not queued. Nothing has changed then, unless it says so.
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
    /// The wish could not be stored, and so nobody was asked.
    #[error("the wish to refund could not be stored")]
    Store(#[from] StoreError),
    /// The store failed in the act, and cannot be asked: the wish may be there, and is carried out then. Asked again,
    /// it is the same wish.
    #[error("it is not known whether the wish to refund is stored")]
    Doubtful(#[source] StoreError),
    /// The operator has set no key, so the account could not be kept from whoever reads the database.
    #[error(
        "this server cannot keep a refund account: it has no vault key (HANBEON_VAULT_KEY or HANBEON_VAULT_KEY_FILE)"
    )]
    NoVault,
    /// This is an older copy of the books.
    #[error("nothing may be sent: {0}")]
    Fenced(String),
    /// Too many refunds of this payment wait already.
    #[error("too many refunds of the same payment are waiting")]
    Crowded,
}

impl App {
    /// Gives money back once, however often the same is asked at the same time: a buyer clicks twice.
    ///
    /// # Errors
    /// [`CancelError`]; nothing has changed then.
    pub async fn cancel(self: &Arc<Self>, wish: Cancel) -> Result<CancelAnswer, CancelError> {
        let deadline = Instant::now() + self.settings.answer_within;
        let payment = self.store.payment_by_key(&wish.key).await?.ok_or(CancelError::UnknownPayment)?;
        let actor = self.authorise(&payment, wish.caller)?;
        if let Some(answer) = self.repeated(&payment, &wish).await? {
            return Ok(answer);
        }
        let Cancel { amount, untaxed, reason, account, .. } = wish;
        let request = CancelRequest { id: env::refund_id(&*self.env), amount, untaxed, reason };
        let id = match same_refund(&payment, &request) {
            Some(id) => id,
            None => self.queue(payment, request, account, actor, true).await?,
        };
        Ok(self
            .settle_refund(id, deadline)
            .await
            .and_then(answered)
            .map_or(CancelAnswer::Pending, CancelAnswer::Toss))
    }

    /// Gives money back for the shop. `request.id` is the wish's name: asked twice with the same one, it is the same
    /// wish. Answers with the refund as it then stands.
    ///
    /// # Errors
    /// [`CancelError`]; nothing has changed then.
    pub async fn refund(
        self: &Arc<Self>,
        payment: PaymentId,
        request: CancelRequest,
        account: Option<RefundAccount>,
    ) -> Result<RefundRecord, CancelError> {
        let deadline = Instant::now() + self.settings.answer_within;
        if let Some(known) = self.store.refund(request.id).await? {
            return Ok(self.settle_refund(known.refund.id, deadline).await.unwrap_or(known));
        }
        let record = self.store.payment(payment).await?.ok_or(CancelError::UnknownPayment)?;
        let id = self.queue(record.payment, request, account, Actor::Merchant, false).await?;
        let lost = || StoreError::Unavailable("the refund is queued, but cannot be read".to_owned());
        self.settle_refund(id, deadline).await.ok_or_else(|| CancelError::Doubtful(lost()))
    }

    /// The refunds of a payment, oldest first; `None` when there is no such payment.
    ///
    /// # Errors
    /// What the store says.
    pub async fn refunds(&self, payment: PaymentId) -> Result<Option<Vec<RefundRecord>>, StoreError> {
        Ok(self.store.payment(payment).await?.map(|record| record.refunds))
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

    /// Makes the wish durable, and takes its turn when nobody holds the payment.
    async fn queue(
        self: &Arc<Self>,
        payment: Payment,
        request: CancelRequest,
        account: Option<RefundAccount>,
        actor: Actor,
        join_equal: bool,
    ) -> Result<RefundId, CancelError> {
        let mut amount = payment.admit(&request, Won::ZERO, self.now())?;
        if payment.needs_refund_account() && account.is_none() {
            return Err(Refused::NoRefundAccount.into());
        }
        self.may_send().await.map_err(CancelError::Fenced)?;
        let account = account.map(|account| self.sealed(&account, request.id)).transpose()?;
        let (id, payment) = (request.id, payment.id);
        for _ in 0..DECISIONS_MAX {
            let now = self.now();
            let (request, account) = (request.clone(), account.clone());
            let new = NewRefund { payment, request, amount, actor, requested_at: now, join_equal, account };
            match self.queue_surely(&new, now).await? {
                Queued::New => {
                    self.env.reached("refund queued");
                    self.take_turn(payment, actor);
                    return Ok(id);
                }
                Queued::Known(known) => return Ok(known.refund.id),
                Queued::OverBalance(left) if new.request.amount.is_none() && !left.is_zero() => amount = left,
                Queued::OverBalance(left) => return Err(Refused::OverBalance { asked: amount, left }.into()),
                Queued::Full => return Err(CancelError::Crowded),
            }
        }
        Err(CancelError::Crowded)
    }

    /// As it may be stored: only this refund can use it.
    fn sealed(&self, account: &RefundAccount, refund: RefundId) -> Result<Sealed, CancelError> {
        let vault = self.vault.as_ref().ok_or(CancelError::NoVault)?;
        let (bank, number, holder) = account.parts();
        let secret = Secret::new(format!("{bank}\n{number}\n{holder}"));
        vault.seal(&secret, refund.uuid().as_bytes(), self.env.random()).map_err(|_| CancelError::NoVault)
    }

    /// Where the money of this refund is to go, if that was said.
    ///
    /// # Errors
    /// In words for the log: what was said cannot be had now.
    pub(crate) async fn refund_account(&self, refund: RefundId) -> Result<Option<RefundAccount>, String> {
        let Some(sealed) = self.store.refund_account(refund).await.map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let vault = self.vault.as_ref().ok_or("there is no vault key")?;
        let secret = vault.open(&sealed, refund.uuid().as_bytes()).map_err(|error| error.to_string())?;
        let mut parts = secret.expose().splitn(3, '\n');
        let mut part = || parts.next().unwrap_or_default();
        RefundAccount::parse(part(), part(), part()).map(Some).map_err(|error| error.to_string())
    }

    /// When the store loses its answer, the wish may be there all the same, and will be carried out: so the store is
    /// asked, and the wish offered again where a "no" can be too early, as [`App::begin`] does with an intent.
    async fn queue_surely(
        &self,
        new: &NewRefund,
        from: hanbeon_domain::Timestamp,
    ) -> Result<Queued, CancelError> {
        let give_up_at = Instant::now() + self.settings.store_retry;
        let mut wait = OFFER_FIRST;
        loop {
            let cause = match self.store.queue_refund(new, from).await {
                Err(cause @ StoreError::Unavailable(_)) => cause,
                known => return Ok(known?),
            };
            warn!(payment.id = %new.payment, error = %cause, "the wish to refund may not be stored; asking");
            match self.store.refund(new.request.id).await {
                Ok(Some(_)) => return Ok(Queued::New),
                Ok(None) if self.store.failures_are_final() => return Err(cause.into()),
                Ok(None) | Err(_) => {}
            }
            if give_up_at <= Instant::now() + wait {
                return Err(CancelError::Doubtful(cause));
            }
            sleep(wait).await;
            wait = (wait * 2).min(OFFER_CAP);
        }
    }

    /// On a task of its own, so that a caller who leaves does not stop a refund.
    fn take_turn(self: &Arc<Self>, payment: PaymentId, actor: Actor) {
        let app = Arc::clone(self);
        let work = async move {
            let held_until = app.lease_until();
            let turn = match app.store.lease(payment, app.now(), held_until).await {
                Ok(Some(turn)) => turn,
                Ok(None) => return app.left_work.notify_one(),
                Err(error) => return warn!(payment.id = %payment, %error, "a refund waits for the recovery"),
            };
            if let Err(error) = app.turn(turn, actor, held_until).await {
                warn!(payment.id = %payment, %error, "left to the recovery");
            }
        };
        drop(self.tasks.spawn(work.in_current_span()));
    }

    /// Waits until the refund has ended, or the deadline is there; then it is as it is. `None` when it cannot be read.
    async fn settle_refund(&self, id: RefundId, deadline: Instant) -> Option<RefundRecord> {
        let mut wait = LOOK_FIRST;
        let mut seen = None;
        let looking = async {
            loop {
                seen = self.store.refund(id).await.ok().flatten().or(seen.take());
                let open = seen.as_ref().is_none_or(is_open);
                if !open || deadline <= Instant::now() + wait {
                    break;
                }
                sleep(wait).await;
                wait = (wait * 2).min(LOOK_CAP);
            }
        };
        // A store that hangs must not make the caller wait for it; but one look is worth a second, however late it is.
        let _ = timeout_at(deadline.max(Instant::now() + ONE_LOOK), looking).await;
        self.env.reached("before answering");
        seen
    }
}

fn is_open(record: &RefundRecord) -> bool {
    matches!(record.progress, Progress::Queued | Progress::Sending)
}

/// The refund under way, if it is the one that is asked for: a double click, not a second wish.
fn same_refund(payment: &Payment, request: &CancelRequest) -> Option<RefundId> {
    let State::Canceling { refund, .. } = &payment.state else { return None };
    refund.is_wished_by(request).then_some(refund.id)
}

/// What Toss answered. A refund that was taken over from another server has no answer of Toss's with it.
fn answered(record: RefundRecord) -> Option<Evidence> {
    let evidence = match record.into_outcome()? {
        RefundOutcome::Done { evidence, .. } => evidence,
        RefundOutcome::Refused(refusal) => refusal.evidence,
        RefundOutcome::NeedsReview => return None,
    };
    Some(evidence).filter(|evidence| !evidence.body.is_empty())
}
