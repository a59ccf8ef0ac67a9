//! One charge of a billing key. The intent is on disk before Toss hears of it; what is not known is asked by the order's
//! name, and until it is known nothing is sent but the same request under the same key.
use crate::{
    Actor, BillingKeyId, ChargeId, ConfirmRequest, Customer, CustomerId, Event, MerchantReference, Moment,
    Order, OrderId, Payment, PaymentId, PaymentKey, Refusal, Snapshot, Step, SubscriptionId, Timestamp,
    TossOrderId, TossStatus as T, Untaxed, Verdict as V, Won,
};

/// Reads that must find nothing before the request is repeated: right after a call that timed out, "there is none" may
/// only mean "not yet".
const LOOKS_BEFORE_REPEATING: u32 = 3;

/// A charge. Read it freely; it changes through [`Charge::step`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Ours; the payment and the order that it ends in have the same bytes.
    pub id: ChargeId,
    /// Who is charged.
    pub customer: CustomerId,
    /// By which key.
    pub key: BillingKeyId,
    /// The period of a subscription that it is for.
    pub period: Option<For>,
    /// The order's name at Toss: follows from the ids, and is charged once (Toss core API, Billing).
    pub toss_order: TossOrderId,
    /// How much.
    pub amount: Won,
    /// What the buyer reads on the receipt.
    pub name: String,
    /// When the intent was written.
    pub created_at: Timestamp,
    /// The fencing token, as a payment's.
    pub version: u64,
    /// Where it stands.
    pub state: ChargeState,
}

/// What a charge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct For {
    /// Which subscription.
    pub subscription: SubscriptionId,
    /// Which period of it; the first is 0.
    pub period: u32,
    /// Which charge of that period; another one follows only a refusal.
    pub ordinal: u32,
}

/// Where a charge stands. None of these means "not sent yet".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargeState {
    /// The intent is durable; Toss may or may not have heard of it.
    Charging {
        /// Calls without a fact.
        tries: u32,
        /// Part of the idempotency key; see [`crate::State::Confirming`].
        round: u32,
        /// Has an error been answered in this round?
        answered: bool,
        /// A refusal that came when an earlier call was still unknown. It counts once a read has shown that none took
        /// the money.
        refusal: Option<Box<Refusal>>,
    },
    /// The money is taken: see its payment.
    Done {
        /// When we knew.
        at: Timestamp,
    },
    /// Nothing was taken.
    Refused {
        /// In Toss's words.
        refusal: Box<Refusal>,
        /// When we knew.
        at: Timestamp,
    },
}

impl ChargeState {
    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Charging { .. } => "charging",
            Self::Done { .. } => "done",
            Self::Refused { .. } => "refused",
        }
    }
}

/// How a call ended, and about which payment of Toss's it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What it means.
    pub verdict: V,
    /// Toss's name for the payment that was seen.
    pub key: Option<PaymentKey>,
}

/// What to do once the new state is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeAction {
    /// Charge.
    Charge,
    /// Ask.
    Lookup,
    /// Nothing; or nothing until `due`.
    Rest {
        /// When to ask again.
        due: Option<Timestamp>,
    },
}

/// One move, finished in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeStep {
    /// The charge as it will be.
    pub next: Charge,
    /// What to do then.
    pub then: ChargeAction,
    /// The payment that it ends in, written in the same transaction.
    pub born: Option<Box<Born>>,
}

/// The payment that a charge ends in: it goes through the table of every payment, intent and outcome at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Born {
    /// What it pays.
    pub order: Order,
    /// Its first move.
    pub intent: Step,
    /// Its second.
    pub outcome: Step,
}

/// What a charge is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCharge {
    /// Its name.
    pub id: ChargeId,
    /// Who is charged.
    pub customer: CustomerId,
    /// By which key.
    pub key: BillingKeyId,
    /// What for.
    pub period: Option<For>,
    /// How much.
    pub amount: Won,
    /// What the buyer reads.
    pub name: String,
}

impl Charge {
    /// The intent to charge. It is to be on disk before anybody is asked.
    #[must_use]
    pub fn intended(new: NewCharge, now: Timestamp) -> Self {
        let NewCharge { id, customer, key, period, amount, name } = new;
        let toss_order = toss_order(id, period);
        let state = ChargeState::Charging { tries: 0, round: 0, answered: false, refusal: None };
        Self { id, customer, key, period, toss_order, amount, name, created_at: now, version: 1, state }
    }

    /// The `Idempotency-Key` that every worker and every restart sends: it follows from what is stored.
    #[must_use]
    pub fn charge_key(&self) -> String {
        let round = if let ChargeState::Charging { round, .. } = self.state { round } else { 0 };
        format!("hanbeon-{}-charge-{round}", self.id)
    }

    /// Is its outcome unknown?
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, ChargeState::Charging { .. })
    }

    /// Has it been asked for so long that a human should look?
    #[must_use]
    pub fn needs_review(&self, moment: Moment<'_>) -> bool {
        matches!(self.state, ChargeState::Charging { tries, .. } if moment.policy.tries_max <= tries)
    }

    /// What becomes of this charge when a call has ended so. `None` when it has ended already.
    #[must_use]
    pub fn step(&self, heard: Heard, moment: Moment<'_>) -> Option<ChargeStep> {
        let ChargeState::Charging { tries, round, answered, refusal } = &self.state else { return None };
        let Heard { verdict, key } = heard;
        let again = |answered_now: bool, refusal: Option<Box<Refusal>>, then| {
            let answered = *answered || answered_now;
            self.move_to(ChargeState::Charging { tries: tries + 1, round: *round, answered, refusal }, then)
        };
        let later = ChargeAction::Rest { due: Some(self.retry_at(*tries, moment)) };
        Some(match (verdict, key) {
            (V::Seen(seen), Some(key))
                if matches!(seen.status, T::Done | T::PartialCanceled | T::Canceled) =>
            {
                self.done(&seen, key, moment)?
            }
            (V::Seen(seen), _) if matches!(seen.status, T::Aborted | T::Expired) => {
                self.refused(Box::new(crate::payment::refusal_from(*seen)), moment)
            }
            (V::Refused(refusal), _) if *tries == 0 => self.refused(Box::new(refusal), moment),
            (V::Refused(refusal), _) => again(false, Some(Box::new(refusal)), later),
            (V::ReadIt, _) => again(false, refusal.clone(), ChargeAction::Lookup),
            (V::Absent, _) => match refusal {
                Some(refusal) if self.window_is_over(*tries, moment) => self.refused(refusal.clone(), moment),
                None if *answered && self.window_is_over(*tries, moment) => {
                    let state = ChargeState::Charging {
                        tries: tries + 1,
                        round: round + 1,
                        answered: false,
                        refusal: None,
                    };
                    self.move_to(state, ChargeAction::Charge)
                }
                None if LOOKS_BEFORE_REPEATING <= *tries => again(false, None, ChargeAction::Charge),
                refusal => again(false, refusal.clone(), later),
            },
            (V::Unclear { answered, .. }, _) => again(answered, refusal.clone(), later),
            (V::Seen(_) | V::NotSent(_) | V::NotOurs(_), _) => again(false, refusal.clone(), later),
        })
    }

    /// A payment that is asked about as this charge is: for comparing what Toss shows.
    #[must_use]
    pub fn payment(&self, key: PaymentKey, now: Timestamp) -> Payment {
        let order = self.order(now);
        let request = ConfirmRequest {
            order: order.id,
            toss_order: self.toss_order.clone(),
            key,
            amount: self.amount,
            session: None,
        };
        Payment::ready(&order, request, PaymentId::from_uuid(self.id.uuid()), now)
    }

    fn done(&self, seen: &Snapshot, key: PaymentKey, moment: Moment<'_>) -> Option<ChargeStep> {
        let at = moment.now;
        let moment = Moment { actor: Actor::Merchant, ..moment };
        let intent = self.payment(key, at).step(Event::ConfirmRequested, moment).ok()?;
        let seen = Event::PspSaid(V::Seen(Box::new(seen.clone())));
        let outcome = intent.next.step(seen, moment).ok()?;
        let step = self.move_to(ChargeState::Done { at }, ChargeAction::Rest { due: None });
        Some(ChargeStep { born: Some(Box::new(Born { order: self.order(at), intent, outcome })), ..step })
    }

    fn refused(&self, refusal: Box<Refusal>, moment: Moment<'_>) -> ChargeStep {
        let at = moment.now;
        self.move_to(ChargeState::Refused { refusal, at }, ChargeAction::Rest { due: None })
    }

    fn move_to(&self, state: ChargeState, then: ChargeAction) -> ChargeStep {
        ChargeStep { next: Self { state, version: self.version + 1, ..self.clone() }, then, born: None }
    }

    fn retry_at(&self, tries: u32, moment: Moment<'_>) -> Timestamp {
        let salt = self.id.uuid().as_u64_pair().1;
        moment.policy.retry_at(moment.now, tries, salt)
    }

    /// Is "there is none" a fact by now?
    fn window_is_over(&self, tries: u32, moment: Moment<'_>) -> bool {
        let over_at = self.created_at.plus(moment.policy.confirm_window);
        moment.policy.window_tries <= tries && over_at <= moment.now
    }

    fn order(&self, now: Timestamp) -> Order {
        Order {
            id: OrderId::from_uuid(self.id.uuid()),
            reference: MerchantReference::parse(self.toss_order.as_str()).expect("it is printable"),
            name: self.name.clone(),
            total: self.amount,
            lines: Vec::new(),
            customer: Customer::default(),
            created_at: now,
            expires_at: None,
            untaxed: Untaxed::NONE,
        }
    }
}

/// Unique, for it is made of what is.
fn toss_order(id: ChargeId, period: Option<For>) -> TossOrderId {
    let text = match period {
        Some(For { subscription, period, ordinal }) => format!("hb-{subscription}-{period}-{ordinal}"),
        None => format!("hb-{id}"),
    };
    TossOrderId::parse(text).expect("letters, digits and dashes, and not too many")
}

#[cfg(test)]
mod tests;
