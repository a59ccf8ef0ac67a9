//! Watches every write that the store really made: the invariants that hold always.
use super::bank::{Order, What};
use super::world::World;
use hanbeon_domain::refund::Cause;
use hanbeon_domain::{Payment, PaymentId, Refund, State, StateName, Step, Timestamp, Won};
use std::collections::BTreeMap;

/// What has been durable so far.
#[derive(Default)]
pub(super) struct Spy {
    /// By idempotency key: whose intent, and how much.
    intents: BTreeMap<String, (PaymentId, Won)>,
    last: BTreeMap<PaymentId, (StateName, u64, Won)>,
}

impl Spy {
    /// A step was written.
    pub(super) fn wrote(&mut self, world: &World, step: &Step) {
        let next = &step.next;
        match &next.state {
            State::Confirming { .. } => {
                self.intents.insert(next.confirm_key(), (next.id, next.amount));
            }
            State::Canceling { refund, .. } => {
                self.intents.insert(next.cancel_key(refund), (next.id, refund.amount));
            }
            _ => {}
        }
        let fits = next.refunded.plus(next.reserved()).is_some_and(|spoken_for| spoken_for <= next.captured);
        if !fits {
            world.object(format!("S7 more is refunded and reserved than captured: {next:?}"));
        }
        let before = self.last.get(&next.id).map_or(StateName::Ready, |(state, ..)| *state);
        if before != step.from {
            world.object(format!("S6 {before} became {} by a move from {}", next.state.name(), step.from));
        }
        self.saw(world, next);
    }

    /// A payment was written or leased: it must not have gone back.
    pub(super) fn saw(&mut self, world: &World, payment: &Payment) {
        let Payment { id, version, amount, state, .. } = payment;
        let now = (state.name(), *version, *amount);
        if let Some((_, before, was)) = self.last.insert(*id, now) {
            if *version <= before {
                world.object(format!("S17 version {version} was written over version {before} of {id}"));
            }
            if *amount != was {
                world.object(format!("S2 the amount of {id} became {amount}, it was {was}"));
            }
        }
    }

    /// A promise to take a charge back is durable. It names the payment; amount and key follow from what is stored
    /// of that.
    pub(super) fn promised(&mut self, payment: PaymentId) {
        if let Some((.., amount)) = self.last.get(&payment) {
            let undo = Refund::undoing(payment, *amount, Cause::Compensation, Timestamp::default());
            self.intents.insert(undo.idempotency_key(), (payment, *amount));
        }
    }

    /// A call that moves money is about to leave: is its intent durable?
    pub(super) fn check_intended(&self, world: &World, payment: &Payment, order: &Order) {
        let (What::Charge { amount, .. } | What::Cancel { amount, .. }) = &order.what;
        let intended = self.intents.get(&order.idempotency_key);
        if intended != Some(&(payment.id, *amount)) {
            world.object(format!(
                "S1 {} of {amount} won left before its intent was durable",
                order.idempotency_key
            ));
        }
    }
}
