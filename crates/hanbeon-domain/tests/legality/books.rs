//! The machine beside a Toss that keeps books: whatever goes wrong, in the end both say the same.
use crate::samples::{AMOUNT, at, cancel_request, policy, ready};
use crate::toss::{Fault, Toss};
use hanbeon_domain::{
    Action, Event, Payment, Policy, RefundId, RefundOutcome, State, StateName, Timestamp, TossStatus as T,
    Won,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a payment is its holder's.
const LEASE: Duration = Duration::from_secs(60);

/// What happens around one turn of the machine.
#[derive(Clone, Debug)]
struct Turn {
    wait: Duration,
    fault: Fault,
    around: Around,
}

#[derive(Clone, Copy, Debug)]
enum Around {
    Nothing,
    Wish(Option<i64>),
    Console(i64),
    Deposit,
    Notice,
}

fn turn() -> impl Strategy<Value = Turn> {
    let fault = prop_oneof![
        6 => Just(Fault::Nothing),
        8 => prop::sample::select(&[
            Fault::ReplyLost, Fault::FailsAfter, Fault::FailsBefore, Fault::Lost, Fault::NotSent, Fault::Delayed,
            Fault::FailsAndLands, Fault::KilledBefore, Fault::KilledAfter, Fault::Lags, Fault::Absent,
        ][..]),
        1 => Just(Fault::Refused),
    ];
    let amount = prop::sample::select(&[100, 200, 300, 700][..]);
    let around = prop_oneof![
        6 => Just(Around::Nothing),
        5 => prop::option::of(amount.clone()).prop_map(Around::Wish),
        2 => amount.prop_map(Around::Console),
        1 => Just(Around::Deposit),
        2 => Just(Around::Notice),
    ];
    let wait = prop_oneof![
        4 => (0_u64..3_000).prop_map(Duration::from_millis),
        2 => (0_u64..100).prop_map(Duration::from_secs),
        1 => (600_u64..3_000).prop_map(Duration::from_secs),
        1 => Just(Duration::from_secs(16 * 24 * 3600)),
    ];
    (wait, fault, around).prop_map(|(wait, fault, around)| Turn { wait, fault, around })
}

struct World {
    toss: Toss,
    payment: Payment,
    todo: Action,
    now: Timestamp,
    policy: Policy,
    /// How each refund ended, and over how much.
    ended: BTreeMap<RefundId, (RefundOutcome, Won)>,
    wishes: u128,
}

impl World {
    fn new(virtual_account: bool, keep: bool) -> Self {
        let policy = policy(keep);
        let now = Timestamp::default();
        let step = ready(AMOUNT).step(Event::ConfirmRequested, at(now, &policy)).unwrap();
        let (payment, todo) = (step.next, step.then);
        Self {
            toss: Toss::new(virtual_account),
            payment,
            todo,
            now,
            policy,
            ended: BTreeMap::new(),
            wishes: 100,
        }
    }

    fn take(&mut self, turn: &Turn) {
        self.now = self.now.plus(turn.wait);
        if turn.wait > LEASE && !matches!(self.todo, Action::Rest { .. }) {
            // Whoever sleeps before a call has lost the payment, and somebody else asks first.
            self.todo = self.payment.resume(&self.policy, true);
        }
        self.toss.land(self.now);
        match turn.around {
            Around::Nothing => {}
            Around::Wish(amount) => self.wish(amount),
            Around::Console(amount) => self.toss.cancel_in_console(amount, self.now),
            Around::Deposit => self.toss.deposit(self.now),
            Around::Notice => self.look(true),
        }
        self.look(false);
        self.act(turn.fault);
    }

    /// A wish has its turn when nothing is under way, and not too soon after the last cancel.
    fn wish(&mut self, amount: Option<i64>) {
        let rests = matches!(self.todo, Action::Rest { .. }) && !self.payment.is_moving();
        if rests && self.payment.cancel_from(at(self.now, &self.policy)) <= self.now {
            self.wishes += 1;
            self.tell(cancel_request(self.wishes, amount));
        }
    }

    /// What is due is found; at rest, only by a notice.
    fn look(&mut self, notice: bool) {
        if let Action::Rest { due } = self.todo {
            let is_due = due.is_some_and(|due| due <= self.now);
            if notice || is_due {
                self.todo = self.payment.resume(&self.policy, true);
            }
        }
    }

    fn act(&mut self, fault: Fault) {
        let (payment, now) = (&self.payment, self.now);
        let verdict = match (self.todo, &payment.state) {
            (Action::Confirm, _) => self.toss.confirm(payment, fault, now),
            (Action::Cancel, State::Canceling { refund, .. }) => {
                self.toss.cancel(payment, refund, fault, now)
            }
            (Action::Lookup, _) => self.toss.lookup(fault, now),
            (Action::GiveUp, _) => return self.tell(Event::TriesExhausted),
            (Action::Cancel | Action::Rest { .. }, _) => return,
        };
        match verdict {
            Some(verdict) => self.tell(Event::PspSaid(verdict)),
            // Killed: whoever finds the row knows nothing else.
            None => self.todo = self.payment.resume(&self.policy, true),
        }
    }

    fn tell(&mut self, event: Event) {
        let Ok(step) = self.payment.step(event, at(self.now, &self.policy)) else { return };
        if let (Some((id, outcome)), State::Canceling { refund, .. }) = (step.settled, &self.payment.state) {
            let again = self.ended.insert(id, (outcome, refund.amount));
            assert!(again.is_none(), "a refund ended twice");
        }
        (self.payment, self.todo) = (step.next, step.then);
    }

    /// Faults have stopped; whatever is on its way has arrived; somebody looks, as the daily comparison does.
    fn come_to_rest(&mut self) {
        for looks in 0..4 {
            self.now = self.now.plus(self.policy.confirm_window * 2);
            self.toss.land(self.now);
            self.look(looks > 0);
            for _ in 0..200 {
                self.act(Fault::Nothing);
                let Action::Rest { due } = self.todo else { continue };
                let Some(due) = due.filter(|_| self.payment.is_moving()) else { break };
                self.now = self.now.plus(Duration::from_millis(1)).max(due);
                self.look(false);
            }
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let (payment, toss) = (&self.payment, &self.toss);
        prop_assert!(!payment.is_moving(), "it never ends: {:?}", payment);
        let ours = payment.captured.minus(payment.refunded).unwrap();
        prop_assert_eq!(ours.get(), toss.holds(), "the books are {:?}, we are {:?}", toss.status, payment);
        let want = match (toss.status, toss.balance()) {
            (T::Done, _) => StateName::Paid,
            (T::WaitingForDeposit, _) => StateName::WaitingForDeposit,
            (T::PartialCanceled, 1..) => StateName::PartiallyCanceled,
            (T::Aborted, _) => StateName::Declined,
            _ => StateName::Canceled,
        };
        let late = payment.late && (toss.holds() == 0 || payment.state.name() == StateName::NeedsReview);
        let gone = toss.holds() == 0 && payment.leaves_order_free();
        prop_assert!(payment.state.name() == want || late || gone, "{:?} is {:?}", toss.status, payment);
        self.check_refunds()
    }

    fn check_refunds(&self) -> Result<(), TestCaseError> {
        let mut claimed = BTreeSet::new();
        for (id, (outcome, amount)) in &self.ended {
            let key = format!("hanbeon-{id}-cancel");
            let made: Vec<_> = self
                .toss
                .made_by
                .iter()
                .filter(|(_, by)| by.starts_with(&key))
                .map(|(made, _)| made)
                .collect();
            prop_assert!(made.len() <= 1, "S10 one refund was cancelled {} times", made.len());
            match outcome {
                RefundOutcome::Done { transaction_key, .. } => {
                    let cancel = self
                        .toss
                        .cancels
                        .iter()
                        .find(|c| Some(&c.transaction_key) == transaction_key.as_ref());
                    prop_assert_eq!(
                        cancel.map(|cancel| cancel.amount),
                        Some(*amount),
                        "{:?}",
                        self.toss.cancels
                    );
                    prop_assert!(claimed.insert(transaction_key.clone()), "one cancel for two refunds");
                    prop_assert!(made.iter().all(|made| Some(*made) == transaction_key.as_ref()));
                }
                RefundOutcome::Refused(_) => prop_assert!(made.is_empty(), "refused, and done all the same"),
                RefundOutcome::NeedsReview => {}
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn c10_s4_s8_s10_machine_and_books_agree_in_the_end_and_a_refund_is_one_cancel_or_none(
        virtual_account in any::<bool>(),
        keep in any::<bool>(),
        turns in prop::collection::vec(turn(), 1..40),
    ) {
        let mut world = World::new(virtual_account, keep);
        for turn in &turns {
            world.take(turn);
        }
        world.come_to_rest();
        world.check()?;
    }
}
