//! Confirm: the buyer has authenticated the payment, and is charged here, once, if there is room ([`App::has_room_for`], which is
//! asked before anything else).
//!
//! 1. **look**: the store's view of the order and of this request, in one read;
//! 2. **decide** (pure): amounts equal? order free? A repeat ends here and gets the first one's answer;
//!    a new charge that others were faster than ends here too, before anything is written or asked;
//! 3. **begin**: the intent, durable, before Toss hears of it;
//! 4. **drive**: on a task of its own, so that a buyer who leaves does not stop a charge;
//! 5. **answer**: the truth, or "pending" when it is not known within the deadline.
use crate::admission::Place;
use crate::{App, env};
use hanbeon_domain::checkout::NotPayable;
use hanbeon_domain::{Actor, ConfirmRequest, Decision, Payment, PaymentKey, Step};
use hanbeon_store::{Begun, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument as _, warn};

/// Reads and decisions in one request: a second one happens when two requests race, a third only by a miracle.
const DECISIONS_MAX: u32 = 3;
/// The first wait between two looks at a payment that somebody else carries out; it doubles up to
/// [`LOOK_CAP`]. Instances share nothing but the database, so waiting is looking.
const LOOK_FIRST: Duration = Duration::from_millis(20);
/// See [`LOOK_FIRST`].
const LOOK_CAP: Duration = Duration::from_millis(400);

/// Why a confirm ended without a payment. Nothing has been charged, and nothing will be, unless it is
/// [`ConfirmError::Doubtful`].
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
    /// It is not known whether the intent was stored. If it was, the recovery charges; asking again tells.
    #[error("it is not known whether the intent to charge was stored")]
    Doubtful(#[source] StoreError),
    /// As many charges are under way as [`Settings::charges_at_once`](crate::Settings::charges_at_once) allows.
    #[error("too many charges are under way")]
    Full,
}

/// What was decided before its order's time was over is stored so long after it at the latest, as far as a store that
/// works can tell: its patience with another process is as long.
const LAST_MOMENT: Duration = Duration::from_secs(5);

/// The first wait before an intent, or a wish, is offered again to a store that lost its answer; it doubles up to [`OFFER_CAP`].
pub(crate) const OFFER_FIRST: Duration = Duration::from_millis(50);
/// See [`OFFER_FIRST`].
pub(crate) const OFFER_CAP: Duration = Duration::from_millis(500);

/// What a confirm has come to before anybody was asked.
enum Charge {
    /// It was there, or somebody has carried it on.
    Known(Box<Payment>),
    /// Durable, and ours to carry out.
    Ours(Box<Step>, Place),
}

/// What became of an intent.
#[derive(Debug)]
pub(crate) enum Intent {
    /// Durable, and ours to carry out.
    Ours,
    /// Somebody was faster; look and decide again.
    Taken,
    /// It was stored, and somebody has carried it on since.
    MovedOn,
    /// The store lost its answer, and could not be asked what became of it. If the intent is there, the recovery carries
    /// it out; we must neither charge nor say that nothing will be charged.
    Doubtful(StoreError),
}

impl App {
    /// Charges the order once, however often this is asked, and answers with the payment as it then is. A
    /// payment that [is moving](Payment::is_moving) has no outcome yet: "pending".
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn confirm(self: &Arc<Self>, request: ConfirmRequest) -> Result<Payment, ConfirmError> {
        let deadline = Instant::now() + self.settings.answer_within;
        loop {
            match self.begin_charge(&request, deadline).await {
                Ok(Charge::Known(payment)) => return Ok(self.settled(*payment, deadline).await),
                Ok(Charge::Ours(step, place)) => return Ok(self.carry_out(*step, place, deadline).await),
                // Another tab may have been in time, and be about to store its charge: "too late" would not be true.
                Err(ConfirmError::NotPayable(NotPayable::OrderExpired(until)))
                    if self.now() < until.plus(LAST_MOMENT) && Instant::now() + LOOK_CAP < deadline =>
                {
                    sleep(LOOK_CAP).await;
                }
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Is there room for a charge, or was this one let in before? To be asked first of all: a crowd is to cost little, and who is
    /// new to it is turned away before anything else is done for them. Whoever passes may still find that others were faster.
    ///
    /// # Errors
    /// [`ConfirmError::Full`], or that nobody could look.
    pub async fn has_room_for(&self, key: &PaymentKey) -> Result<(), ConfirmError> {
        if !self.charges.is_full() {
            return Ok(());
        }
        let known = self.store.payment_by_key(key).await.map_err(|cause| self.unseen(cause))?;
        if known.is_some() { Ok(()) } else { Err(self.full()) }
    }

    /// Why a confirm ends that could not even look. An earlier one for the same payment may have begun a charge, and where
    /// a failure is not final nobody may say that there is none.
    #[must_use]
    pub fn unseen(&self, cause: StoreError) -> ConfirmError {
        match cause {
            StoreError::Unavailable(_) if !self.store.failures_are_final() => ConfirmError::Doubtful(cause),
            cause => ConfirmError::Store(cause),
        }
    }

    /// Looks, decides, and makes the intent durable. A future of its own, because most of a confirm's time is the call to Toss:
    /// nothing of this is kept for so long.
    async fn begin_charge(
        &self,
        request: &ConfirmRequest,
        deadline: Instant,
    ) -> Result<Charge, ConfirmError> {
        for _ in 0..DECISIONS_MAX {
            let view = self.store.checkout(request).await.map_err(|cause| self.unseen(cause))?;
            let moment = self.moment(self.now(), Actor::Buyer);
            let step = match view.decide(request.clone(), env::payment_id(&*self.env), moment)? {
                Decision::Known(payment) => return Ok(Charge::Known(payment)),
                Decision::Begin(step) => step,
            };
            self.may_send().await.map_err(ConfirmError::Fenced)?;
            let Some(place) = self.charges.enter() else { return Err(self.full()) };
            let asked = Instant::now();
            let begun = self.begin(&step, deadline.min(asked + LAST_MOMENT));
            let Ok(begun) = timeout_at(deadline, begun).await else {
                let why = StoreError::Unavailable("it did not answer in time".to_owned());
                return Err(ConfirmError::Doubtful(why));
            };
            let begun = begun?;
            self.charges.intent_took(asked, Instant::now());
            match begun {
                Intent::Ours => return Ok(Charge::Ours(step, place)),
                Intent::Taken => {}
                Intent::MovedOn => return Ok(Charge::Known(Box::new(step.next))),
                Intent::Doubtful(cause) => return Err(ConfirmError::Doubtful(cause)),
            }
        }
        Err(ConfirmError::Crowded)
    }

    fn full(&self) -> ConfirmError {
        if self.counters.turned_away(self.now()) {
            warn!("buyers are turned away: too many charges are under way");
        }
        ConfirmError::Full
    }

    /// Makes an intent durable. When the store loses its answer, the intent may be there all the same, and will be
    /// carried out by whoever finds it. So the store is asked, and only its "no" is a failure. Where a "no" can be too
    /// early, because the transaction may still be on its way, the same intent is offered again: it is written once, and
    /// whichever of the two is answered decides.
    pub(crate) async fn begin(&self, step: &Step, give_up_at: Instant) -> Result<Intent, StoreError> {
        let (mut wait, mut in_doubt) = (OFFER_FIRST, false);
        loop {
            let cause = match self.store.begin(step, self.lease_until()).await {
                Ok(Begun::Fresh) => {
                    self.env.reached("intent stored");
                    self.note(step);
                    return Ok(Intent::Ours);
                }
                Ok(Begun::Taken) if !in_doubt => return Ok(Intent::Taken),
                Ok(Begun::Taken) => None,
                // After a doubt, no failure says that nothing was written.
                Err(cause) if in_doubt || matches!(cause, StoreError::Unavailable(_)) => Some(cause),
                Err(cause) => return Err(cause),
            };
            let stored = self.store.payment_by_key(&step.next.key).await;
            let cause = match (stored, cause) {
                (Ok(Some(stored)), _) if stored == step.next => return Ok(Intent::Ours),
                (Ok(Some(stored)), _) if stored.id == step.next.id && step.next.version <= stored.version => {
                    return Ok(Intent::MovedOn);
                }
                (Ok(_), None) => return Ok(Intent::Taken),
                (Ok(_), Some(cause)) if self.store.failures_are_final() => return Err(cause),
                (Ok(_), Some(cause)) | (Err(cause), _) => cause,
            };
            warn!(payment.id = %step.next.id, error = %cause, "the intent may not be stored");
            if give_up_at <= Instant::now() + wait {
                return Ok(Intent::Doubtful(cause));
            }
            in_doubt = true;
            sleep(wait).await;
            wait = (wait * 2).min(OFFER_CAP);
        }
    }

    /// Has an intent that is durable driven, and waits for it until the deadline.
    async fn carry_out(self: &Arc<Self>, intent: Step, place: Place, deadline: Instant) -> Payment {
        let before = intent.next.clone();
        let payment = match timeout_at(deadline, self.launch(intent, place)).await {
            Ok(Ok(Some(payment))) => payment,
            // Left to the recovery, or not known yet: it looks as long as there is time.
            Ok(_) | Err(_) => before,
        };
        let payment = self.settled(payment, deadline).await;
        self.env.reached("before answering");
        payment
    }

    /// Drives an intent on a task of its own. It keeps its place to its end, however long Toss takes and whoever still
    /// waits for it.
    fn launch(self: &Arc<Self>, intent: Step, place: Place) -> JoinHandle<Option<Payment>> {
        let Step { next: payment, then: todo, actor, at, .. } = intent;
        let held_until = at.plus(self.settings.lease);
        let app = Arc::clone(self);
        let work = async move {
            let id = payment.id;
            let driven = app.drive(payment, todo, actor, held_until).await;
            drop(place);
            if let Err(error) = &driven {
                warn!(payment.id = %id, %error, "left to the recovery");
            }
            driven.ok()
        };
        self.tasks.spawn(work.in_current_span())
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
