//! The real transition table, with small numbers in front of it: [`Payment::step`], [`Payment::resume`] and
//! [`Checkout::decide`] run here and nowhere else, once for every different question.
//!
//! Three things of a payment are made smaller, so that there are finitely many. That this leaves nothing out is not
//! only argued: [`Table::step`] asks every question a second time with larger values, and insists on the same answer.
//! - **version**: 0. Every write raises it, and every write asks only whether it is still the same; so the model
//!   keeps, with every copy, whether anybody wrote since ([`Worker::stale`](super::world::Worker::stale)).
//! - **tries**: none, or [some](Table::tries_told_apart). The table asks no more of them.
//! - **times**: counted in confirm windows. The table asks only whether a whole window lies between two of them.
use super::scope::{Scope, TOTAL, WISHES, Wish};
use super::world::{Call, Ended, KeyNo, PaymentNo, Said, Shown, Todo, small};
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{
    Action, Actor, CancelRequest, Checkout, ConfirmRequest, Customer, Decision, Event, Evidence,
    MerchantReference, Moment, Order, OrderId, Payment, PaymentId, PaymentKey, Policy, Refund, RefundId,
    RefundOutcome, Refusal, Snapshot, State, StateName, Step, Timestamp, TossCancel, TossOrderId, Verdict,
    Won,
};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use uuid::Uuid;

/// See the module.
pub(super) struct Table {
    policy: Policy,
    tries_told_apart: u32,
    payments: Vec<Payment>,
    numbers: HashMap<String, PaymentNo>,
    steps: HashMap<(PaymentNo, Happens, u8), Option<Moved>>,
    /// With the payment that has it, if one does.
    keys: Vec<(String, Option<PaymentNo>)>,
    own_keys: Vec<Option<KeyNo>>,
    /// The moves that were made, for the report.
    pub(super) made: BTreeSet<(StateName, StateName)>,
    legal: BTreeSet<(String, String)>,
}

/// What may happen to a payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Happens {
    Wished(u8, Wish),
    Heard(Said),
}

/// [`Step`], in small.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) next: PaymentNo,
    pub(super) then: Todo,
    /// A refund that has ended, and how.
    pub(super) settled: Option<(u8, Ended)>,
    /// Is there such a move in the published state diagram?
    pub(super) legal: bool,
}

/// What becomes of a confirm request.
pub(super) enum Decided {
    /// It has its payment already.
    Known,
    /// It begins this one.
    Begin(PaymentNo),
    /// Another payment has the order.
    TurnedAway,
}

impl Table {
    pub(super) fn new(scope: &Scope) -> Self {
        let tries_max = scope.patience.map_or(u32::MAX, u32::from);
        Self {
            policy: Policy {
                tries_max,
                // Only whole windows are told apart here.
                window_tries: 0,
                cancel_spacing: Duration::ZERO,
                notice_spacing: Duration::ZERO,
                ..Policy::default()
            },
            tries_told_apart: scope.patience.map_or(1, u32::from),
            payments: Vec::new(),
            numbers: HashMap::new(),
            steps: HashMap::new(),
            keys: Vec::new(),
            own_keys: Vec::new(),
            made: BTreeSet::new(),
            legal: published_moves().collect(),
        }
    }

    pub(super) fn payment(&self, no: PaymentNo) -> &Payment {
        &self.payments[usize::from(no.0)]
    }

    /// How many different payments were met.
    pub(super) fn len(&self) -> usize {
        self.payments.len()
    }

    /// How many different questions the transition table was asked.
    pub(super) fn asked(&self) -> usize {
        self.steps.len()
    }

    /// [`Checkout::decide`]: the payment that has this key, and the one that was begun last.
    pub(super) fn decide(
        &mut self,
        key: u8,
        same_key: Option<PaymentNo>,
        newest: Option<PaymentNo>,
        now: u8,
    ) -> Decided {
        let view = Checkout {
            order: Some(order()),
            same_key: same_key.map(|no| self.payment(no).clone()),
            newest: newest.map(|no| self.payment(no).clone()),
            saved: None,
        };
        let fresh = PaymentId::from_uuid(Uuid::from_u128(u128::from(key) + 1));
        match view.decide(request(key), fresh, self.moment(now, 1)) {
            Ok(Decision::Known(_)) => Decided::Known,
            Ok(Decision::Begin(step)) => Decided::Begin(self.moved(*step).next),
            Err(_) => Decided::TurnedAway,
        }
    }

    /// [`Payment::step`] at this time; `None`: the table has no such move.
    pub(super) fn step(&mut self, no: PaymentNo, what: Happens, now: u8) -> Option<Moved> {
        if let Some(known) = self.steps.get(&(no, what, now)) {
            return *known;
        }
        let moved = self.step_with(no, what, now, 0, 1);
        let larger = self.step_with(no, what, now, 5, 7);
        assert!(moved == larger, "only what the module says may be made smaller: {:?}", self.payment(no));
        self.steps.insert((no, what, now), moved);
        moved
    }

    /// [`Payment::resume`].
    pub(super) fn resume(&self, no: PaymentNo, notice: bool) -> Todo {
        todo(self.payment(no).resume(&self.policy, notice))
    }

    /// The idempotency key of the call that this payment is about; `None` if it is about none.
    pub(super) fn own_key(&self, no: PaymentNo) -> Option<KeyNo> {
        self.own_keys[usize::from(no.0)]
    }

    /// A key that nobody has used; only planted bugs want it.
    pub(super) fn fresh_key(&mut self, calls: u8) -> KeyNo {
        self.key_of(format!("fresh {calls}"), None)
    }

    /// What a cancel says, from the refund that is under way.
    pub(super) fn cancel(&self, no: PaymentNo) -> Call {
        let State::Canceling { refund, .. } = &self.payment(no).state else {
            panic!("only a refund that is under way is carried out")
        };
        let Refund { id, amount, balance_before, .. } = &**refund;
        Call::Cancel { wish: wish_of(*id), amount: units(*amount), balance_before: units(*balance_before) }
    }

    /// The times that a payment bears, as windows.
    pub(super) fn times(&self, no: PaymentNo) -> impl Iterator<Item = u8> {
        let Payment { created_at, last_cancel_at, state, .. } = self.payment(no);
        let asked = match state {
            State::Canceling { refund, .. } => Some(refund.requested_at),
            _ => None,
        };
        [Some(*created_at), asked, *last_cancel_at].into_iter().flatten().map(windows)
    }

    /// The round of the intent of a payment.
    pub(super) fn round(&self, no: PaymentNo) -> u8 {
        match self.payment(no).state {
            State::Confirming { round, .. } | State::Canceling { round, .. } => {
                u8::try_from(round).expect("few rounds")
            }
            _ => 0,
        }
    }

    /// The round that an idempotency key is for.
    pub(super) fn round_of(&self, key: KeyNo) -> u8 {
        self.keys[usize::from(key.0)].1.map_or(0, |maker| self.round(maker))
    }

    /// The same payment with its round counted anew.
    pub(super) fn reround(&mut self, no: PaymentNo, anew: impl Fn(u8) -> u8) -> PaymentNo {
        let to = anew(self.round(no));
        let mut payment = self.payment(no).clone();
        if let State::Confirming { round, .. } | State::Canceling { round, .. } = &mut payment.state {
            *round = to.into();
        }
        self.number(payment)
    }

    /// The same for an idempotency key.
    pub(super) fn rekey(&mut self, key: KeyNo, anew: impl Fn(u8) -> u8) -> KeyNo {
        let Some(maker) = self.keys[usize::from(key.0)].1 else { return key };
        let maker = self.reround(maker, anew);
        self.own_key(maker).expect("it has had a key before")
    }

    /// The same payment with its times counted anew.
    pub(super) fn retime(&mut self, no: PaymentNo, anew: impl Fn(u8) -> u8) -> PaymentNo {
        let payment = retimed(self.payment(no).clone(), |time| instant(anew(windows(time)), 1));
        self.number(payment)
    }

    /// The same payment, as if nobody had been asked before; only a planted bug wants it.
    pub(super) fn without_tries(&mut self, no: PaymentNo) -> PaymentNo {
        let mut payment = self.payment(no).clone();
        if let State::Confirming { tries, .. } | State::Canceling { tries, .. } = &mut payment.state {
            *tries = 0;
        }
        self.number(payment)
    }

    fn step_with(&mut self, no: PaymentNo, what: Happens, now: u8, tries: u32, factor: i64) -> Option<Moved> {
        let mut payment = retimed(self.payment(no).clone(), |time| instant(windows(time), factor));
        if let State::Confirming { tries: so_far, .. } | State::Canceling { tries: so_far, .. } =
            &mut payment.state
            && *so_far == self.tries_told_apart
        {
            *so_far += tries;
        }
        payment.version = 4;
        let step = payment.step(event(what), self.moment(now, factor)).ok()?;
        assert_eq!(step.next.version, 5, "every move raises the version by one");
        let next = retimed(step.next, |time| Timestamp::from_micros(time.as_micros() / factor));
        Some(self.moved(Step { next, ..step }))
    }

    fn moved(&mut self, step: Step) -> Moved {
        let (from, to) = (step.from, step.next.state.name());
        self.made.insert((from, to));
        let published = || self.legal.contains(&(from.as_str().to_owned(), to.as_str().to_owned()));
        let legal = from == to || published();
        let settled = step.settled.map(|(id, outcome)| {
            let ended = match outcome {
                RefundOutcome::Done { .. } => Ended::Done,
                RefundOutcome::Refused(_) => Ended::Refused,
                RefundOutcome::NeedsReview => Ended::Review,
            };
            (wish_of(id), ended)
        });
        Moved { next: self.number(step.next), then: todo(step.then), settled, legal }
    }

    fn number(&mut self, mut payment: Payment) -> PaymentNo {
        payment.version = 0;
        if let State::Confirming { tries, .. } | State::Canceling { tries, .. } = &mut payment.state {
            *tries = (*tries).min(self.tries_told_apart);
        }
        let name = format!("{payment:?}");
        if let Some(known) = self.numbers.get(&name) {
            assert_eq!(*self.payment(*known), payment, "two payments that look the same are the same");
            return *known;
        }
        let new = PaymentNo(u16::try_from(self.payments.len()).expect("few payments"));
        let key = match &payment.state {
            State::Confirming { .. } => Some(payment.confirm_key()),
            State::Canceling { refund, .. } => Some(payment.cancel_key(refund)),
            _ => None,
        };
        let key = key.map(|key| self.key_of(key, Some(new)));
        self.own_keys.push(key);
        self.payments.push(payment);
        self.numbers.insert(name, new);
        new
    }

    fn key_of(&mut self, text: String, maker: Option<PaymentNo>) -> KeyNo {
        let found = self.keys.iter().position(|(known, _)| *known == text);
        KeyNo(small(found.unwrap_or_else(|| {
            self.keys.push((text, maker));
            self.keys.len() - 1
        })))
    }

    fn moment(&self, now: u8, factor: i64) -> Moment<'_> {
        Moment { now: instant(now, factor), actor: Actor::Recovery, policy: &self.policy }
    }
}

/// The arrows of the diagram in `ARCHITECTURE.md`, without their inscriptions.
pub(super) fn published_moves() -> impl Iterator<Item = (String, String)> {
    let page = include_str!("../../../../ARCHITECTURE.md");
    let arrows = page.lines().filter_map(|line| line.trim().split_once(" --> "));
    let states = arrows.filter_map(|(from, to)| Some((from, to.split_once(" : ")?.0)));
    states.map(|(from, to)| (from.to_owned(), to.to_owned()))
}

/// 11 minutes in microseconds: [`Policy::confirm_window`].
const WINDOW: i64 = 11 * 60 * 1_000_000;

fn instant(window: u8, factor: i64) -> Timestamp {
    Timestamp::from_micros(i64::from(window) * WINDOW * factor)
}

fn windows(time: Timestamp) -> u8 {
    u8::try_from(time.as_micros() / WINDOW).expect("few windows")
}

fn retimed(mut payment: Payment, anew: impl Fn(Timestamp) -> Timestamp) -> Payment {
    payment.created_at = anew(payment.created_at);
    payment.last_cancel_at = payment.last_cancel_at.map(&anew);
    if let State::Canceling { refund, .. } = &mut payment.state {
        refund.requested_at = anew(refund.requested_at);
    }
    payment
}

fn todo(action: Action) -> Todo {
    match action {
        Action::Confirm => Todo::Confirm,
        Action::Lookup => Todo::Lookup,
        Action::Cancel => Todo::Cancel,
        Action::GiveUp => Todo::GiveUp,
        Action::Rest { due: Some(_) } => Todo::RestUntilDue,
        Action::Rest { due: None } => Todo::Rest,
    }
}

fn event(what: Happens) -> Event {
    let evidence = |http_status| Evidence { http_status, body: [].into() };
    let words = String::new;
    let verdict = match what {
        Happens::Wished(wish, amount) => return wished(wish, amount),
        Happens::Heard(Said::Exhausted) => return Event::TriesExhausted,
        Happens::Heard(Said::Seen(shown)) => Verdict::Seen(Box::new(snapshot(shown, evidence(200)))),
        Happens::Heard(Said::Refused) => {
            Verdict::Refused(Refusal { code: words(), message: words(), evidence: evidence(403) })
        }
        Happens::Heard(Said::ReadIt) => Verdict::ReadIt,
        Happens::Heard(Said::Absent) => Verdict::Absent,
        Happens::Heard(Said::NotSent) => Verdict::NotSent(words()),
        Happens::Heard(Said::Silence) => Verdict::Unclear { answered: false, why: words() },
        Happens::Heard(Said::Error) => Verdict::Unclear { answered: true, why: words() },
        Happens::Heard(Said::NotOurs) => Verdict::NotOurs(words()),
    };
    Event::PspSaid(verdict)
}

fn wished(wish: u8, amount: Wish) -> Event {
    let amount = match amount {
        Wish::Whole => None,
        Wish::Part(part) => Some(won(part)),
    };
    let reason = CancelReason::parse("a change of mind").expect("short enough");
    Event::CancelRequested(CancelRequest { id: refund_id(wish), amount, reason })
}

fn snapshot(shown: Shown, evidence: Evidence) -> Snapshot {
    Snapshot {
        status: shown.status,
        method: None,
        balance: won(shown.balance),
        requested_at: None,
        approved_at: None,
        last_transaction_key: None,
        cancels: shown.cancels.iter().zip(0..).filter_map(|(cancel, wish)| listed(wish, *cancel)).collect(),
        secret: None,
        failure: None,
        evidence,
    }
}

fn order() -> Order {
    Order {
        id: OrderId::from_uuid(Uuid::from_u128(1)),
        reference: MerchantReference::parse("order").expect("printable"),
        name: "mug".to_owned(),
        total: won(TOTAL),
        lines: Vec::new(),
        customer: Customer::default(),
        created_at: Timestamp::default(),
        expires_at: None,
    }
}

fn request(key: u8) -> ConfirmRequest {
    ConfirmRequest {
        order: OrderId::from_uuid(Uuid::from_u128(1)),
        toss_order: TossOrderId::parse(format!("toss-order-{key}")).expect("allowed characters"),
        key: PaymentKey::parse(format!("payment-{key}")).expect("allowed characters"),
        amount: won(TOTAL),
        session: None,
    }
}

/// Refunds are numbered from here.
const REFUNDS: u128 = 100;

fn refund_id(wish: u8) -> RefundId {
    RefundId::from_uuid(Uuid::from_u128(REFUNDS + u128::from(wish)))
}

fn wish_of(id: RefundId) -> u8 {
    let wish = (0..small(WISHES)).find(|wish| refund_id(*wish) == id);
    wish.expect("every refund is somebody's wish")
}

fn won(amount: u8) -> Won {
    Won::new(amount.into()).expect("not negative")
}

fn units(amount: Won) -> u8 {
    u8::try_from(amount.get()).expect("small amounts")
}

fn listed(wish: u8, cancel: Option<(u8, u8)>) -> Option<TossCancel> {
    let (amount, left) = cancel?;
    Some(TossCancel {
        transaction_key: format!("transaction of wish {wish}"),
        amount: won(amount),
        balance_after: Some(won(left)),
        canceled_at: None,
        reason: "a change of mind".to_owned(),
    })
}
