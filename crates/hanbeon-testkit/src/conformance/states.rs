//! Every state, with every fact that it can carry, comes back as it was.
use super::world::{LEASE, TOTAL, World, refusal, seen, snapshot, unclear};
use hanbeon_domain::{ConfirmRequest, Event, Payment, StateName, TossStatus as T, Verdict};
use hanbeon_store::{Begun, Store};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The paths below reach every state that is ever stored, by the domain's own steps; what comes back is equal in
/// every field after every one of them.
pub async fn every_state_comes_back_with_all_its_facts(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let mut reached = BTreeSet::new();
    for path in paths() {
        let order = world.order().await;
        let session = Some(world.session()).filter(|_| reached.len() % 2 == 0);
        let request = ConfirmRequest { session, ..world.request(&order) };
        let step = world.intent(&order, &request);
        assert_eq!(world.offer(&step).await, Begun::Fresh);
        let mut payment = step.next;
        reached.insert(payment.state.name());
        for turn in path {
            payment = take(&mut world, &payment, turn).await;
            world.is_stored(&payment).await;
            let by_order = world.store.payment_of_order(order.id).await.expect("payment_of_order");
            assert_eq!(by_order.as_ref(), Some(&payment));
            reached.insert(payment.state.name());
        }
        let leased = world.store.lease_due(FAR, FAR.plus(LEASE), 99).await.expect("lease_due");
        let same = leased.iter().find(|turn| turn.payment.id == payment.id);
        if let Some(turn) = same {
            assert_eq!(turn.payment, Payment { version: payment.version + 1, ..payment });
        }
    }
    let all = StateName::ALL.into_iter().filter(|name| *name != StateName::Ready);
    assert_eq!(reached, all.collect::<BTreeSet<_>>(), "every state but the one that is never stored");
}

const FAR: hanbeon_domain::Timestamp = hanbeon_domain::Timestamp::from_micros(i64::MAX / 2);

enum Turn {
    Said(Verdict),
    Cancel(Option<i64>),
    Compensate,
    GiveUp,
}

async fn take(world: &mut World, payment: &Payment, turn: Turn) -> Payment {
    match turn {
        Turn::Said(verdict) => world.said(payment, verdict).await,
        Turn::Cancel(amount) => world.canceling(payment, amount).await,
        Turn::Compensate => world.commit(payment, Event::CompensationDue(snapshot(T::Done, TOTAL))).await,
        Turn::GiveUp => world.commit(payment, Event::TriesExhausted).await,
    }
}

fn paths() -> Vec<Vec<Turn>> {
    use Turn::{Cancel, Compensate, GiveUp, Said};
    let done = || Said(seen(T::Done, TOTAL));
    vec![
        // confirming with each of its facts; then paid
        vec![Said(unclear(false)), Said(unclear(true)), Said(seen(T::InProgress, TOTAL)), done()],
        // a deposit that comes, in part given back, then all
        vec![
            Said(seen(T::WaitingForDeposit, TOTAL)),
            Said(unclear(true)),
            done(),
            Cancel(Some(1)),
            Said(seen(T::PartialCanceled, TOTAL - 1)),
            Cancel(None),
            Said(unclear(true)),
            Said(seen(T::PartialCanceled, TOTAL - 1)),
            Said(unclear(false)),
            Said(seen(T::PartialCanceled, 0)),
        ],
        // a deposit that is cancelled before it comes; refused first
        vec![
            Said(seen(T::WaitingForDeposit, TOTAL)),
            Cancel(None),
            Said(Verdict::Refused(refusal())),
            Cancel(None),
            Said(seen(T::Canceled, 0)),
        ],
        // cancelled at Toss's side
        vec![Said(seen(T::WaitingForDeposit, TOTAL)), Said(seen(T::Canceled, 0))],
        // compensated
        vec![Compensate, Said(unclear(true)), Said(seen(T::Canceled, 0))],
        // declined, expired, given up
        vec![Said(Verdict::Refused(refusal()))],
        vec![Said(seen(T::Aborted, 0))],
        vec![Said(seen(T::Expired, 0))],
        vec![GiveUp],
        vec![done(), Cancel(Some(TOTAL - 1)), GiveUp],
        // a status that we never met decides nothing
        vec![Said(seen(T::Unknown, TOTAL)), done()],
    ]
}
