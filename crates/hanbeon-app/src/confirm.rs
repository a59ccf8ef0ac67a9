//! Confirm: the buyer has authenticated the payment, and is charged here, once.
//!
//! 1. **look**: the store's view of the order and of this request, in one read;
//! 2. **decide** (pure): amounts equal? order free? A repeat ends here and gets the first one's answer;
//!    a new charge for which there is no room ends here too, before anything is written or asked;
//! 3. **begin**: the intent, durable, before Toss hears of it;
//! 4. **drive**: on a task of its own, so that a buyer who leaves does not stop a charge;
//! 5. **answer**: the truth, or "pending" when it is not known within the deadline.
use crate::{App, env};
use hanbeon_domain::checkout::NotPayable;
use hanbeon_domain::{Actor, ConfirmRequest, Decision, Payment, PaymentKey, Step};
use hanbeon_store::{Begun, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument as _, warn};

/// Reads and decisions in one request: a second one happens when two requests race, a third only by a miracle.
const DECISIONS_MAX: u32 = 3;
/// The first wait between two looks at a payment that somebody else carries out; it doubles up to
/// [`LOOK_CAP`]. Instances share nothing but the database, so waiting is looking.
const LOOK_FIRST: Duration = Duration::from_millis(20);
/// See [`LOOK_FIRST`].
const LOOK_CAP: Duration = Duration::from_millis(400);

/// Why a confirm ended without a payment. Nothing has been charged, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Refused before anyone was asked.
    #[error("the payment was refused")]
    NotPayable(#[from] NotPayable),
    /// The intent could not be stored, and so nobody was asked.
    #[error("the intent to charge could not be stored")]
    Store(#[from] StoreError),
    /// This is an older copy of the books.
    #[error("nothing may be sent: {0}")]
    Fenced(String),
    /// Other requests for the same order were always faster.
    #[error("too many requests for the same order at once")]
    Crowded,
    /// As many charges are under way as [`Settings::charges_at_once`](crate::Settings::charges_at_once) allows.
    #[error("too many charges are under way")]
    Full,
}

/// What was decided before its order's time was over is stored so long after it at the latest, as far as a store that
/// works can tell: its patience with another process is as long.
const LAST_MOMENT: Duration = Duration::from_secs(5);

/// What became of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Durable, and ours to carry out.
    Ours,
    /// Somebody was faster; look and decide again.
    Taken,
    /// The store failed in the act, and cannot be asked or shows a payment that has moved on. If the intent is
    /// there, the recovery carries it out; we must neither charge nor say that nothing will be charged.
    Unknown,
}

impl App {
    /// Charges the order once, however often this is asked, and answers with the payment as it then is. A
    /// payment that [is moving](Payment::is_moving) has no outcome yet: "pending".
    ///
    /// # Errors
    /// [`ConfirmError`]; nothing has been charged then.
    pub async fn confirm(self: &Arc<Self>, request: ConfirmRequest) -> Result<Payment, ConfirmError> {
        let deadline = Instant::now() + self.settings.answer_within;
        loop {
            match self.charge_once(&request, deadline).await {
                // Another tab may have been in time, and be about to store its charge: "too late" would not be true.
                Err(ConfirmError::NotPayable(NotPayable::OrderExpired(until)))
                    if self.now() < until.plus(LAST_MOMENT) && Instant::now() + LOOK_CAP < deadline =>
                {
                    sleep(LOOK_CAP).await;
                }
                ended => return ended,
            }
        }
    }

    async fn charge_once(
        self: &Arc<Self>,
        request: &ConfirmRequest,
        deadline: Instant,
    ) -> Result<Payment, ConfirmError> {
        for _ in 0..DECISIONS_MAX {
            let view = self.store.checkout(request).await?;
            let moment = self.moment(self.now(), Actor::Buyer);
            let step = match view.decide(request.clone(), env::payment_id(&*self.env), moment)? {
                Decision::Known(payment) => return Ok(self.settled(*payment, deadline).await),
                Decision::Begin(step) => *step,
            };
            self.may_send().await.map_err(ConfirmError::Fenced)?;
            let Ok(room) = Arc::clone(&self.charges).try_acquire_owned() else {
                self.counters.turned_away();
                return Err(ConfirmError::Full);
            };
            match self.begin(&step).await? {
                Intent::Ours => return Ok(self.carry_out(step, room, deadline).await),
                Intent::Taken => {}
                Intent::Unknown => return Ok(self.settled(step.next, deadline).await),
            }
        }
        Err(ConfirmError::Crowded)
    }

    /// Makes an intent durable. When the store fails in the act, the intent may be there all the same, and
    /// will be carried out by whoever finds it: so the store is asked, and only its "no" is a failure.
    pub(crate) async fn begin(&self, step: &Step) -> Result<Intent, StoreError> {
        let cause = match self.store.begin(step, self.lease_until()).await {
            Ok(Begun::Fresh) => {
                self.env.reached("intent stored");
                self.note(step);
                return Ok(Intent::Ours);
            }
            Ok(Begun::Taken) => return Ok(Intent::Taken),
            Err(cause @ StoreError::Unavailable(_)) => cause,
            Err(cause) => return Err(cause),
        };
        warn!(payment.id = %step.next.id, error = %cause, "the intent may not be stored; asking");
        match self.store.payment_by_key(&step.next.key).await {
            Ok(Some(stored)) if stored == step.next => Ok(Intent::Ours),
            // It was stored, and somebody has carried it on since.
            Ok(Some(stored)) if stored.id == step.next.id && step.next.version <= stored.version => {
                Ok(Intent::Unknown)
            }
            Ok(_) => Err(cause),
            Err(_) => Ok(Intent::Unknown),
        }
    }

    /// Drives an intent that is durable, on a task of its own, and waits for it until the deadline. The task keeps its
    /// room to its end, however long Toss takes and whoever still waits for it.
    async fn carry_out(
        self: &Arc<Self>,
        intent: Step,
        room: OwnedSemaphorePermit,
        deadline: Instant,
    ) -> Payment {
        let Step { next: payment, then: todo, actor, at, .. } = intent;
        let held_until = at.plus(self.settings.lease);
        let before = payment.clone();
        let app = Arc::clone(self);
        let work = async move {
            let id = payment.id;
            let driven = app.drive(payment, todo, actor, held_until).await;
            drop(room);
            if let Err(error) = &driven {
                warn!(payment.id = %id, %error, "left to the recovery");
            }
            driven.ok()
        };
        let driven = self.tasks.spawn(work.in_current_span());
        let payment = match timeout_at(deadline, driven).await {
            Ok(Ok(Some(payment))) => self.settled(payment, deadline).await,
            Ok(_) => self.settled(before, deadline).await,
            Err(_elapsed) => before,
        };
        self.env.reached("before answering");
        payment
    }

    /// Waits until the payment rests, or the deadline is there; then it is as it is.
    pub(crate) async fn settled(&self, mut payment: Payment, deadline: Instant) -> Payment {
        let mut wait = LOOK_FIRST;
        while payment.is_moving() && Instant::now() + wait < deadline {
            sleep(wait).await;
            wait = (wait * 2).min(LOOK_CAP);
            payment = self.reread(&payment.key).await.unwrap_or(payment);
        }
        payment
    }

    async fn reread(&self, key: &PaymentKey) -> Option<Payment> {
        self.store.payment_by_key(key).await.ok().flatten()
    }
}
