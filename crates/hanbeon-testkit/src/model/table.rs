//! The real transition table, with small numbers in front of it: [`Payment::step`], [`Payment::resume`] and
//! [`Checkout::decide`] run here and nowhere else, once for every different question.
//!
//! Three things of a payment are made smaller, so that there are finitely many. That this leaves nothing out is not
//! only argued: [`Table::step`] asks every question a second time with larger values, and insists on the same answer.
//! - **version**: 0. Every write raises it, and every write asks only whether it is still the same; so the model
//!   keeps, with every copy, whether anybody wrote since ([`Worker::stale`](super::world::Worker::stale)).
//! - **tries**: none, or [some](Table::tries_told_apart). The table asks no more of them.
//! - **times**: counted in confirm windows. The table asks only whether a whole window lies between two of them. One
//!   that lies a window ahead (`landing_until`) counts as the moment from which it was counted. When a refund was
//!   asked for is no question at all.
use super::scope::{Scope, Wish};
use super::words::{
    before_window, ended, event, instant, order, record, request, request_for, retimed, todo, units, windows,
    wish_of, won,
};
use super::world::{Call, Ended, KeyNo, PaymentNo, Refund, Said, Todo, small};
use hanbeon_domain::payment::LateSuccess;
use hanbeon_domain::{
    Actor, Checkout, Decision, Moment, Payment, PaymentId, Policy, Refund as RealRefund, State, StateName,
    Step, Timestamp, Won,
};
use hanbeon_store::{NewRefund, Queued, due_at_rest, gives_turns};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use uuid::Uuid;

/// See the module.
pub(super) struct Table {
    policy: Policy,
    tries_told_apart: u32,
    tells_ages: bool,
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Happens {
    Wished(u8, Wish),
    Heard(Said),
    /// What makes late money go back, whatever the policy is.
    HeardTooLate(Said),
}

/// [`Step`], in small.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) next: PaymentNo,
    pub(super) then: Todo,
    /// A refund that has ended, and how.
    pub(super) settled: Option<(u8, Ended)>,
    /// Is it due, should it come to rest? If no refund waits and no notice came; if a refund does; a notice did; both.
    due: [bool; 4],
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

impl Moved {
    /// Is the payment due, now that it rests?
    pub(super) const fn is_due(&self, waits: bool, notice: bool) -> bool {
        match (waits, notice) {
            (false, false) => self.due[0],
            (true, false) => self.due[1],
            (false, true) => self.due[2],
            (true, true) => self.due[3],
        }
    }
}

impl Table {
    pub(super) fn new(scope: &Scope) -> Self {
        let tries_max = scope.patience.map_or(u32::MAX, u32::from);
        let late_success = if scope.keeps_late { LateSuccess::Keep } else { LateSuccess::Cancel };
        Self {
            policy: Policy {
                tries_max,
                // Only whole windows are told apart here.
                window_tries: 0,
                cancel_spacing: Duration::ZERO,
                cancel_poll: Duration::ZERO,
                notice_spacing: Duration::ZERO,
                late_success,
                ..Policy::default()
            },
            tells_ages: scope.may_need_a_human(),
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
        assert!(
            moved == larger,
            "only what the module says may be made smaller: {what:?}, {:?}",
            self.payment(no)
        );
        self.steps.insert((no, what, now), moved);
        moved
    }

    /// [`Payment::admit`], before any other wish is known of: how much it would be.
    pub(super) fn admits(&self, no: PaymentNo, wish: Wish) -> Option<u8> {
        self.payment(no).admit(&request_for(0, wish), Won::ZERO, Timestamp::default()).ok().map(units)
    }

    /// [`NewRefund::beside`]: may so much be queued, of a wish for `wish`? Otherwise, what is left.
    pub(super) fn beside(&self, no: PaymentNo, wish: Wish, amount: u8, others: &[Refund]) -> Result<(), u8> {
        let payment = self.payment(no);
        let new = NewRefund {
            account: None,
            payment: payment.id,
            request: request_for(0, wish),
            amount: won(amount),
            actor: Actor::Merchant,
            requested_at: Timestamp::default(),
            join_equal: false,
        };
        let records = others.iter().filter_map(|other| record(payment, *other));
        match new.beside(payment.amount, payment.refunded, &records.collect::<Vec<_>>()) {
            Ok(_) => Ok(()),
            Err(Queued::OverBalance(left)) => Err(units(left)),
            Err(Queued::New | Queued::Known(_) | Queued::Full) => Err(0),
        }
    }

    /// May a refund that waits have its turn?
    pub(super) fn gives_turns(&self, no: PaymentNo) -> bool {
        gives_turns(self.payment(no).state.name())
    }

    /// Does it hold its order?
    pub(super) fn holds_order(&self, no: PaymentNo) -> bool {
        !self.payment(no).leaves_order_free()
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
        let RealRefund { id, amount, balance_before, .. } = &**refund;
        Call::Cancel { wish: wish_of(*id), amount: units(*amount), balance_before: units(*balance_before) }
    }

    /// The times of a payment that matter, as windows.
    pub(super) fn times(&self, no: PaymentNo) -> impl Iterator<Item = u8> {
        let Payment { created_at, last_cancel_at, state, .. } = self.payment(no);
        let landing = match state {
            State::Canceling { landing_until, .. } => landing_until.map(before_window),
            _ => None,
        };
        let ages = [Some(*created_at), *last_cancel_at].into_iter().flatten();
        let ages = ages.filter(|_| self.tells_age(state));
        ages.chain(landing).map(windows)
    }

    /// Is this payment being charged, and has it had no whole window for that?
    pub(super) fn is_young(&self, no: PaymentNo, now: u8) -> bool {
        windows(self.payment(no).created_at) == now
    }

    /// Does it matter how old such a payment is, and its last cancel? While it is charged, yes. Later the table asks only
    /// when a read contradicts us; in a scope in which everything must end without a human, that would be a finding,
    /// whatever the age: no state of need would be a goal, and no read that is due again without end.
    const fn tells_age(&self, state: &State) -> bool {
        self.tells_ages || matches!(state, State::Confirming { .. })
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

    /// The same payment with something about it forgotten; only planted bugs want it.
    pub(super) fn forgetting(&mut self, no: PaymentNo, what: impl Fn(&mut State)) -> PaymentNo {
        let mut payment = self.payment(no).clone();
        what(&mut payment.state);
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
        if let State::Canceling { refund, .. } = &mut payment.state {
            refund.requested_at = instant(0, factor).plus(Duration::from_micros(u64::from(tries)));
        }
        payment.version = 4;
        let policy = match what {
            Happens::HeardTooLate(_) => Policy { late_success: LateSuccess::Cancel, ..self.policy },
            Happens::Wished(..) | Happens::Heard(_) => self.policy,
        };
        let moment = Moment { policy: &policy, ..self.moment(now, factor) };
        let step = payment.step(event(what), moment).ok()?;
        assert_eq!(step.next.version, 5, "every move raises the version by one");
        let next = retimed(step.next, |time| Timestamp::from_micros(time.as_micros() / factor));
        Some(self.moved(Step { next, ..step }))
    }

    fn moved(&mut self, step: Step) -> Moved {
        let (from, to) = (step.from, step.next.state.name());
        self.made.insert((from, to));
        let published = || self.legal.contains(&(from.as_str().to_owned(), to.as_str().to_owned()));
        let legal = from == to || published();
        let due = [(false, false), (true, false), (false, true), (true, true)]
            .map(|(waits, notice)| due_at_rest(&step, waits, notice).is_some());
        let settled = step.settled.map(|(id, outcome)| (wish_of(id), ended(outcome)));

        Moved { next: self.number(step.next), then: todo(step.then), settled, due, legal }
    }

    fn number(&mut self, mut payment: Payment) -> PaymentNo {
        payment.version = 0;
        // What the shop was told moves nothing.
        payment.told = None;
        if !self.tells_age(&payment.state) {
            payment.created_at = Timestamp::default();
            payment.last_cancel_at = payment.last_cancel_at.map(|_| Timestamp::default());
        }
        if let State::Canceling { refund, .. } = &mut payment.state {
            refund.requested_at = Timestamp::default();
        }
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
