//! `kill -9` and SIGTERM at every place around a call. After the restart the truth is found out, and the same
//! request gets it.
use crate::buyer::Buyer;
use crate::support::{FOREVER_MS, World, at_once, until};
use std::time::Duration;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, Operation, When};

const APPROVED: [(EffectKind, Option<i64>); 1] = [(EffectKind::Approved, Some(1_000))];

/// A confirm in a task of its own, of a server that will not live to answer it.
fn begin_confirm(world: &World, buyer: &Buyer) -> tokio::task::JoinHandle<()> {
    let (buyer, api) = (buyer.clone(), world.api.clone());
    tokio::spawn(async move { assert!(buyer.try_confirm(&api).await.is_none(), "the server died over it") })
}

/// The restarted server finds out, and then everybody hears the same.
async fn found_out(world: &World, buyer: &Buyer) {
    world.until_stored(&buyer.key, "paid").await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), APPROVED);
    assert_eq!(world.status_at_toss(&buyer.key), "DONE");
}

#[tokio::test]
async fn b1_killed_before_the_request_left() {
    let mut world = World::without_toss("").await;
    let mut buyer = Buyer::new(&world.api, 1_000).await;
    buyer.save(&world.api).await.is(200, r#""Payment temp save successful""#);
    buyer.key = world.authenticate(&buyer.toss_order, 1_000);
    let confirm = begin_confirm(&world, &buyer);
    world.until_stored(&buyer.key, "confirming").await;
    world.kill().await;
    confirm.await.unwrap();
    assert_eq!(world.journal(), [], "nothing has reached Toss");
    world.open_toss();
    world.start().await;
    found_out(&world, &buyer).await;
}

#[tokio::test]
async fn b1_killed_while_the_request_had_no_effect_yet() {
    let mut world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 3_000, when: When::Before });
    let confirm = begin_confirm(&world, &buyer);
    world.spoiled().await;
    assert_eq!(
        world.stored(&buyer.key).as_deref(),
        Some("confirming"),
        "the intent is there before the effect"
    );
    world.kill().await;
    confirm.await.unwrap();
    assert_eq!(world.status_at_toss(&buyer.key), "IN_PROGRESS");
    world.start().await;
    found_out(&world, &buyer).await;
}

#[tokio::test]
async fn b1_killed_after_the_request_was_dropped_on_its_way() {
    let mut world = World::with("[limits]\nanswer_within_ms = 100\n").await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::Drop);
    buyer.confirm(&world.api).await.is(202, &buyer.view_by("null", "IN_PROGRESS"));
    world.restart().await;
    found_out(&world, &buyer).await;
}

#[tokio::test]
async fn b2_killed_after_the_request_left() {
    let mut world = World::new().await;
    let buyers = [Buyer::ready(&world, 1_000).await, Buyer::ready(&world, 1_000).await];
    let held = FaultKind::Delay { ms: FOREVER_MS, when: When::After };
    world.toss.add_fault(FaultRule::new(FaultOperation::Confirm, held).times(2)).unwrap();
    let confirms = buyers.each_ref().map(|buyer| begin_confirm(&world, buyer));
    world.spoiled().await;
    for buyer in &buyers {
        assert_eq!(world.status_at_toss(&buyer.key), "DONE");
        assert_eq!(world.stored(&buyer.key).as_deref(), Some("confirming"));
    }
    world.kill().await;
    for confirm in confirms {
        confirm.await.unwrap();
    }
    world.start().await;
    for buyer in &buyers {
        found_out(&world, buyer).await;
    }
    assert_eq!(world.calls(Operation::Confirm), 2, "the recovery asked and did not charge");
}

#[tokio::test]
async fn b3_killed_after_the_reply_before_the_commit() {
    let mut world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.db().execute_batch(&refuse_states("'paid'")).unwrap();
    let confirm = begin_confirm(&world, &buyer);
    until("the result has been offered in vain", async || {
        world.logs().contains("offering the result again").then_some(())
    })
    .await;
    world.kill().await;
    confirm.await.unwrap();
    assert_eq!(world.status_at_toss(&buyer.key), "DONE");
    assert_eq!(world.stored(&buyer.key).as_deref(), Some("confirming"));
    world.db().execute_batch("DROP TRIGGER refused").unwrap();
    world.start().await;
    found_out(&world, &buyer).await;
}

/// A database that refuses these states; `DROP TRIGGER refused` mends it.
pub(crate) fn refuse_states(states: &str) -> String {
    format!(
        "CREATE TRIGGER refused BEFORE UPDATE ON payments WHEN NEW.state IN ({states})
         BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END"
    )
}

#[tokio::test]
async fn b4_killed_after_the_answer() {
    let mut world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    world.restart().await;
    found_out(&world, &buyer).await;
    let canceled = buyer.cancel(&world.api).await;
    canceled.has_status(200);
    world.restart().await;
    buyer.cancel(&world.api).await.is(200, &canceled.body);
    buyer.read(&world.api).await.is(200, &buyer.view("CANCELED"));
    assert_eq!(world.calls(Operation::Confirm) + world.calls(Operation::Cancel), 2);
}

#[tokio::test]
async fn b11_killed_again_and_again_over_the_same_payment() {
    let mut world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: FOREVER_MS, when: When::After });
    let confirm = begin_confirm(&world, &buyer);
    world.spoiled().await;
    for _ in 0..4 {
        // Each time it dies while it asks what became of the call.
        world.spoil(FaultOperation::Read, FaultKind::Delay { ms: FOREVER_MS, when: When::Before });
        world.restart().await;
        world.spoiled().await;
    }
    confirm.await.unwrap();
    world.restart().await;
    found_out(&world, &buyer).await;
}

#[tokio::test]
async fn b7_f3_killed_in_the_middle_of_a_cancel() {
    let mut world = World::new().await;
    for when in [When::After, When::Before] {
        let buyer = Buyer::paid(&world, 1_000).await;
        let ms = if when == When::After { FOREVER_MS } else { 1_500 };
        world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms, when });
        let cancel = tokio::spawn({
            let (buyer, api) = (buyer.clone(), world.api.clone());
            async move { buyer.try_cancel(&api).await }
        });
        world.spoiled().await;
        assert_eq!(world.stored(&buyer.key).as_deref(), Some("canceling"));
        world.restart().await;
        assert!(cancel.await.unwrap().is_none());
        world.until_stored(&buyer.key, "canceled").await;
        let canceled = buyer.cancel(&world.api).await.has_status(200);
        assert_eq!(Some(canceled), world.toss.payment(&buyer.key));
        assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(1_000))]);
    }
}

#[tokio::test]
async fn f1_a_partial_cancel_that_a_crash_interrupted_is_done_once() {
    let mut world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms: FOREVER_MS, when: When::After });
    let cancel = tokio::spawn({
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move {
            crate::support::try_send(
                api.post("/payments/cancel", buyer.cancellation(Some(300)).to_string()).bearer_auth(&api.key),
            )
            .await
            .ok()
        }
    });
    world.spoiled().await;
    world.restart().await;
    assert!(cancel.await.unwrap().is_none());
    world.until_stored(&buyer.key, "partially_canceled").await;
    buyer.read(&world.api).await.is(200, &buyer.view("PARTIAL_CANCELED"));
    assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(300))]);
    assert_eq!(buyer.cancel(&world.api).await.has_status(200)["balanceAmount"], 0);
}

#[tokio::test]
async fn b12_sigterm_lets_thirty_slow_confirms_end() {
    let mut world = World::new().await;
    let mut buyers = Vec::new();
    for _ in 0..30 {
        buyers.push(Buyer::ready(&world, 1_000).await);
    }
    let slow = FaultKind::Delay { ms: 1_500, when: When::Before };
    world.toss.add_fault(FaultRule::new(FaultOperation::Confirm, slow).times(30)).unwrap();
    let confirms: Vec<_> = buyers
        .iter()
        .map(|buyer| {
            let (buyer, api) = (buyer.clone(), world.api.clone());
            tokio::spawn(async move { buyer.try_confirm(&api).await })
        })
        .collect();
    world.spoiled().await;
    world.terminate().await;
    for (confirm, buyer) in confirms.into_iter().zip(&buyers) {
        confirm.await.unwrap().expect("an answer").is(200, &buyer.view("DONE"));
    }
    let status = world.ended().await;
    assert!(status.success(), "{status}");
    world.start().await;
    for buyer in &buyers {
        found_out(&world, buyer).await;
    }
    assert_eq!(world.calls(Operation::Confirm), 30);
}

#[tokio::test]
async fn b12_l10_sigterm_leaves_what_does_not_end_in_time_to_the_next_start() {
    let mut world = World::with("[limits]\ndrain_ms = 300\n").await;
    let mut buyers = Vec::new();
    for _ in 0..10 {
        buyers.push(Buyer::ready(&world, 1_000).await);
    }
    let held = FaultKind::Delay { ms: FOREVER_MS, when: When::After };
    world.toss.add_fault(FaultRule::new(FaultOperation::Confirm, held).times(10)).unwrap();
    let confirms = buyers.iter().map(|buyer| begin_confirm(&world, buyer)).collect::<Vec<_>>();
    world.spoiled().await;
    world.terminate().await;
    // None of the calls ends by itself: `drain_ms` does.
    let status = tokio::time::timeout(Duration::from_secs(30), world.ended()).await;
    let status = status.expect("a stop ends within 30 s");
    assert!(status.success(), "{status}");
    for confirm in confirms {
        confirm.await.unwrap();
    }
    world.start().await;
    for buyer in &buyers {
        found_out(&world, buyer).await;
    }
}

#[tokio::test]
async fn a_buyer_who_leaves_does_not_stop_the_charge() {
    let world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 600, when: When::Before });
    let gone = tokio::spawn({
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.try_confirm(&api).await }
    });
    world.spoiled().await;
    gone.abort();
    found_out(&world, &buyer).await;
    assert_eq!(world.calls(Operation::Confirm), 1);
    let all = (0..8).map(|_| {
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.confirm(&api).await }
    });
    for answer in at_once(all).await {
        answer.is(200, &buyer.view("DONE"));
    }
}
