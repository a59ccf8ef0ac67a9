//! Each named point, alone: what is on disk and at Toss when the process is gone, and what becomes of it.
use crate::buyer::Buyer;
use crate::support::{DATABASE_ERROR, World};
use std::os::unix::process::ExitStatusExt as _;
use tokio::task::JoinHandle;
use toss_sandbox::{EffectKind, Operation};

const CHARGED: (EffectKind, Option<i64>) = (EffectKind::Approved, Some(1_000));
const RETURNED: (EffectKind, Option<i64>) = (EffectKind::Canceled, Some(1_000));

/// The next life of the server ends at this point.
pub(crate) async fn restart_dying_at(world: &mut World, point: &str, count: u64) {
    world.environment = vec![("HANBEON_FAILPOINT", format!("{point}:{count}"))];
    world.restart().await;
}

/// It has ended there; the next life is an ordinary one.
pub(crate) async fn died(world: &mut World) {
    let status = world.ended().await;
    assert_eq!(status.signal(), Some(9), "{status}");
    world.environment.clear();
}

/// A confirm that the server does not live to answer.
pub(crate) async fn confirm_in_vain(world: &mut World, buyer: &Buyer) {
    assert!(buyer.try_confirm(&world.api).await.is_none(), "the server died over it");
    died(world).await;
}

/// The restarted server finds out, and everybody hears the same.
pub(crate) async fn found_out(world: &World, buyer: &Buyer) {
    world.until_stored(&buyer.key, "paid").await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), [CHARGED]);
    assert_eq!(world.status_at_toss(&buyer.key), "DONE");
}

pub(crate) fn begin_confirm(world: &World, buyer: &Buyer) -> JoinHandle<Option<crate::support::Answer>> {
    let (buyer, api) = (buyer.clone(), world.api.clone());
    tokio::spawn(async move { buyer.try_confirm(&api).await })
}

#[tokio::test]
async fn b1_killed_between_the_intent_and_the_call() {
    let mut world = World::new().await;
    for point in ["intent stored", "before the call"] {
        let buyer = Buyer::ready(&world, 1_000).await;
        restart_dying_at(&mut world, point, 1).await;
        confirm_in_vain(&mut world, &buyer).await;
        assert_eq!(world.effects(&buyer.key), [], "{point}: Toss has heard nothing");
        assert_eq!(world.stored(&buyer.key).as_deref(), Some("confirming"), "{point}");
        world.start().await;
        found_out(&world, &buyer).await;
    }
    assert_eq!(world.calls(Operation::Confirm), 2);
}

#[tokio::test]
async fn b3_killed_with_the_verdict_in_hand() {
    let mut world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    restart_dying_at(&mut world, "verdict in hand", 1).await;
    confirm_in_vain(&mut world, &buyer).await;
    assert_eq!(world.effects(&buyer.key), [CHARGED]);
    assert_eq!(world.stored(&buyer.key).as_deref(), Some("confirming"));
    world.start().await;
    found_out(&world, &buyer).await;
    assert_eq!(world.calls(Operation::Confirm), 1, "the recovery asked and did not charge");
}

#[tokio::test]
async fn b5_killed_around_the_record_the_event_is_told_once_and_stays_the_same() {
    let mut world = World::new().await;
    for (point, stored) in [("verdict in hand", false), ("recorded", true), ("before answering", true)] {
        let buyer = Buyer::ready(&world, 1_000).await;
        restart_dying_at(&mut world, point, 1).await;
        confirm_in_vain(&mut world, &buyer).await;
        world.start().await;
        let early = crate::feed::of_order(&world, &buyer.order).await;
        assert!(!stored || early.len() == 1, "{point}: it was on disk with the record: {early:?}");
        found_out(&world, &buyer).await;
        let events = crate::feed::of_order(&world, &buyer.order).await;
        assert_eq!(
            events.iter().map(|event| &event["type"]).collect::<Vec<_>>(),
            ["payment.paid"],
            "{point}"
        );
        assert!(early.is_empty() || early == events, "{point}: {early:?}");
    }
}

#[tokio::test]
async fn b4_killed_between_the_record_and_the_answer() {
    let mut world = World::new().await;
    for point in ["recorded", "before answering"] {
        let buyer = Buyer::ready(&world, 1_000).await;
        restart_dying_at(&mut world, point, 1).await;
        confirm_in_vain(&mut world, &buyer).await;
        assert_eq!(world.stored(&buyer.key).as_deref(), Some("paid"), "{point}");
        world.start().await;
        found_out(&world, &buyer).await;
    }
    assert_eq!((world.calls(Operation::Confirm), world.calls(Operation::Read)), (2, 0), "nobody had to ask");
}

/// B8 too: a commit whose receipt is lost, and one that did not come to be, look the same to the next life.
#[tokio::test]
async fn b8_killed_before_and_after_every_commit_of_a_purchase() {
    let mut deaths = 0;
    for point in ["before COMMIT", "after COMMIT"] {
        for count in 1..=8 {
            let mut world = World::new().await;
            let buyer = Buyer::ready(&world, 1_000).await;
            world.environment = vec![("HANBEON_FAILPOINT", format!("{point}:{count}"))];
            world.kill().await;
            // The first commits are those of the health check.
            if world.try_start().await.is_err() {
                world.environment.clear();
                world.start().await;
                continue;
            }
            let confirmed = buyer.try_confirm(&world.api).await;
            let canceled = buyer.try_cancel(&world.api).await;
            if confirmed.is_none() || canceled.is_none() {
                deaths += 1;
                died(&mut world).await;
                world.start().await;
            }
            buyer.confirm(&world.api).await.has_status(200);
            buyer.cancel(&world.api).await.has_status(200);
            buyer.read(&world.api).await.is(200, &buyer.view("CANCELED"));
            assert_eq!(world.effects(&buyer.key), [CHARGED, RETURNED], "{point} {count}");
        }
    }
    assert!(deaths >= 6, "intent, outcome, intent to refund, refund: only {deaths} deaths among them");
}

#[tokio::test]
async fn b11_killed_whenever_it_takes_the_payment_over() {
    let mut world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    restart_dying_at(&mut world, "before the call", 1).await;
    confirm_in_vain(&mut world, &buyer).await;
    for point in ["leased", "before the call", "verdict in hand", "leased"] {
        world.environment = vec![("HANBEON_FAILPOINT", format!("{point}:1"))];
        if world.try_start().await.is_ok() {
            died(&mut world).await;
        }
    }
    world.environment.clear();
    world.start().await;
    found_out(&world, &buyer).await;
}

#[tokio::test]
async fn f3_killed_at_every_point_of_a_cancel() {
    let mut world = World::new().await;
    for point in ["intent stored", "before the call", "verdict in hand", "recorded", "before answering"] {
        let buyer = Buyer::paid(&world, 1_000).await;
        restart_dying_at(&mut world, point, 1).await;
        assert!(buyer.try_cancel(&world.api).await.is_none(), "the server died over it");
        died(&mut world).await;
        world.start().await;
        world.until_stored(&buyer.key, "canceled").await;
        buyer.cancel(&world.api).await.has_status(200);
        buyer.read(&world.api).await.is(200, &buyer.view("CANCELED"));
        assert_eq!(world.effects(&buyer.key), [CHARGED, RETURNED], "{point}");
    }
}

#[tokio::test]
async fn b7_killed_around_the_cancel_of_a_charge_that_cannot_be_stored() {
    let everything = "'paid', 'canceling', 'canceled'";
    for (point, refused, end) in [
        ("before compensating", "'paid'", "paid"),
        ("recorded", "'paid'", "canceled"),
        ("before the unrecorded cancel", everything, "canceled"),
        ("after the unrecorded cancel", everything, "canceled"),
    ] {
        let mut world = World::with("[limits]\nstore_retry_ms = 100\n").await;
        let buyer = Buyer::ready(&world, 1_000).await;
        restart_dying_at(&mut world, point, 1).await;
        let trigger = format!(
            "CREATE TRIGGER refused BEFORE UPDATE ON payments WHEN NEW.state IN ({refused})
             BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END"
        );
        world.db().execute_batch(&trigger).unwrap();
        confirm_in_vain(&mut world, &buyer).await;
        world.db().execute_batch("DROP TRIGGER refused").unwrap();
        world.start().await;
        world.until_stored(&buyer.key, end).await;
        if end == "paid" {
            // Nobody was told that it failed, and the money is there: the sale stands.
            found_out(&world, &buyer).await;
        } else {
            buyer.confirm(&world.api).await.is(500, DATABASE_ERROR);
            assert_eq!(world.effects(&buyer.key), [CHARGED, RETURNED], "{point}");
        }
    }
}
