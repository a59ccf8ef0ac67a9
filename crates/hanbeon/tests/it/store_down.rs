//! A database that refuses: before the intent nobody is asked, after the charge the money goes back, and what the
//! buyer was told stays true.
use crate::buyer::Buyer;
use crate::crashes::refuse_states;
use crate::support::{DATABASE_ERROR, FOREVER_MS, World, send, until};
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, NewPayment, Operation, When};

/// A store that is given up soon.
const HASTY: &str = "[limits]\nstore_retry_ms = 300\n";
const APPROVALS: &str = "'paid', 'waiting_for_deposit'";
const EVERYTHING: &str = "'paid', 'waiting_for_deposit', 'canceling', 'canceled', 'partially_canceled'";
const CHARGED_AND_RETURNED: [(EffectKind, Option<i64>); 2] =
    [(EffectKind::Approved, Some(1_000)), (EffectKind::Canceled, Some(1_000))];

fn refuse(world: &World, states: &str) {
    world.db().execute_batch(&refuse_states(states)).unwrap();
}

fn mend(world: &World) {
    world.db().execute_batch("DROP TRIGGER refused").unwrap();
}

/// The charge was taken back, everybody hears so from now on, and the order can be paid again.
async fn failed_and_payable_again(world: &World, buyer: &Buyer) {
    world.until_stored(&buyer.key, "canceled").await;
    buyer.confirm(&world.api).await.is(500, DATABASE_ERROR);
    buyer.read(&world.api).await.is(200, &buyer.view("CANCELED"));
    assert_eq!(world.effects(&buyer.key), CHARGED_AND_RETURNED);
    let mut again = buyer.clone();
    again.toss_order.push_str("-again");
    again.key = world.authenticate(&again.toss_order, 1_000);
    again.confirm(&world.api).await.is(200, &again.view("DONE"));
    buyer.read(&world.api).await.is(200, &again.view("DONE"));
    buyer.confirm(&world.api).await.is(500, DATABASE_ERROR);
}

#[tokio::test]
async fn b6_an_approval_that_cannot_be_stored_is_cancelled_and_the_buyer_hears_the_contracts_500() {
    let world = World::with(HASTY).await;
    refuse(&world, APPROVALS);
    let buyer = Buyer::ready(&world, 1_000).await;
    let answer = buyer.confirm(&world.api).await;
    answer.is(500, DATABASE_ERROR);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(world.status_at_toss(&buyer.key), "CANCELED");
    buyer.confirm(&world.api).await.is(500, DATABASE_ERROR);
    mend(&world);
    failed_and_payable_again(&world, &buyer).await;
}

#[tokio::test]
async fn b6_a_store_that_takes_nothing_at_all_is_told_when_it_is_back() {
    let world = World::with(HASTY).await;
    refuse(&world, EVERYTHING);
    let buyer = Buyer::ready(&world, 1_000).await;
    buyer.confirm(&world.api).await.is(500, DATABASE_ERROR);
    assert_eq!(world.effects(&buyer.key), CHARGED_AND_RETURNED, "returned before the buyer is told");
    assert_eq!(world.stored(&buyer.key).as_deref(), Some("confirming"), "the intent still says: ask Toss");
    mend(&world);
    failed_and_payable_again(&world, &buyer).await;
}

#[tokio::test]
async fn b6_a_store_that_hesitates_keeps_the_charge() {
    let world = World::new().await;
    refuse(&world, APPROVALS);
    let buyer = Buyer::ready(&world, 1_000).await;
    let confirm = tokio::spawn({
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.confirm(&api).await }
    });
    until("the result is offered again", async || {
        world.logs().contains("offering the result again").then_some(())
    })
    .await;
    mend(&world);
    confirm.await.unwrap().is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), CHARGED_AND_RETURNED[..1]);
}

#[tokio::test]
async fn b6_with_finish_the_buyer_is_told_pending_and_the_charge_stays() {
    let settings =
        "[storefront]\nunrecorded = \"finish\"\n[limits]\nstore_retry_ms = 300\nanswer_within_ms = 1500\n";
    let world = World::with(settings).await;
    refuse(&world, EVERYTHING);
    let buyer = Buyer::ready(&world, 1_000).await;
    buyer.confirm(&world.api).await.is(202, &buyer.view_by("null", "IN_PROGRESS"));
    assert_eq!(world.status_at_toss(&buyer.key), "DONE");
    mend(&world);
    world.until_stored(&buyer.key, "paid").await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), CHARGED_AND_RETURNED[..1]);
}

#[tokio::test]
async fn b6_a_virtual_account_that_cannot_be_stored_is_cancelled_too() {
    let world = World::with(HASTY).await;
    refuse(&world, APPROVALS);
    let mut buyer = Buyer::ready(&world, 1_000).await;
    let account = NewPayment::card(&buyer.toss_order, 1_000).by("가상계좌");
    buyer.key = world.toss.authenticate(&account).unwrap();
    buyer.confirm(&world.api).await.is(500, DATABASE_ERROR);
    assert_eq!(world.status_at_toss(&buyer.key), "CANCELED");
    world.until_stored(&buyer.key, "canceled").await;
}

#[tokio::test]
async fn b7_a_compensating_cancel_whose_outcome_is_unclear_is_carried_to_its_end() {
    let world = World::with(HASTY).await;
    refuse(&world, APPROVALS);
    for kind in [
        FaultKind::LoseReply,
        FaultKind::Drop,
        FaultKind::FailAfter { status: 500, code: None },
        FaultKind::FailBefore { status: 500, code: None },
        FaultKind::Html { status: 502 },
        FaultKind::CutBody { bytes: 100 },
    ] {
        let what = format!("{kind:?}");
        let buyer = Buyer::ready(&world, 1_000).await;
        world.spoil(FaultOperation::Cancel, kind);
        let answer = buyer.confirm(&world.api).await;
        assert_eq!((answer.status, &*answer.body), (500, DATABASE_ERROR), "{what}");
        assert_eq!(world.effects(&buyer.key), CHARGED_AND_RETURNED, "{what}");
        buyer.read(&world.api).await.is(200, &buyer.view("CANCELED"));
    }
}

#[tokio::test]
async fn b7_killed_in_the_compensating_cancel() {
    for states in [APPROVALS, EVERYTHING] {
        let mut world = World::with(HASTY).await;
        refuse(&world, states);
        let buyer = Buyer::ready(&world, 1_000).await;
        world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms: FOREVER_MS, when: When::After });
        let confirm = tokio::spawn({
            let (buyer, api) = (buyer.clone(), world.api.clone());
            async move { buyer.try_confirm(&api).await }
        });
        world.spoiled().await;
        world.kill().await;
        assert!(confirm.await.unwrap().is_none());
        mend(&world);
        world.start().await;
        failed_and_payable_again(&world, &buyer).await;
    }
}

/// The next life finds the charge as it was, and the cancel of the last one lands when it likes.
#[tokio::test]
async fn b7_killed_with_the_compensating_cancel_still_on_its_way() {
    let mut world = World::with(HASTY).await;
    for ms in [1_000, 3_000] {
        refuse(&world, EVERYTHING);
        let buyer = Buyer::ready(&world, 1_000).await;
        world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms, when: When::Before });
        let confirm = tokio::spawn({
            let (buyer, api) = (buyer.clone(), world.api.clone());
            async move { buyer.try_confirm(&api).await }
        });
        world.spoiled().await;
        world.kill().await;
        assert!(confirm.await.unwrap().is_none());
        assert!(promises(&world), "it was promised before it was sent");
        mend(&world);
        world.start().await;
        failed_and_payable_again(&world, &buyer).await;
        until("the promise is forgotten", async || (!promises(&world)).then_some(())).await;
    }
}

/// Is there a charge that the server has promised to take back?
fn promises(world: &World) -> bool {
    let file = std::fs::read(format!("{}.undo", world.database().display())).unwrap();
    file.iter().any(|byte| *byte != 0)
}

#[tokio::test]
async fn i1_an_intent_that_cannot_be_stored_reaches_nobody() {
    let world = World::new().await;
    let refused = "CREATE TRIGGER refused BEFORE INSERT ON payments
                   BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    world.db().execute_batch(refused).unwrap();
    let buyer = Buyer::ready(&world, 1_000).await;
    for _ in 0..3 {
        buyer.confirm(&world.api).await.is(500, DATABASE_ERROR);
    }
    assert_eq!(world.journal(), [], "Toss was not asked");
    buyer.read(&world.api).await.has_status(404);
    mend(&world);
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));

    let refused = "CREATE TRIGGER refused BEFORE INSERT ON refunds
                   BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    world.db().execute_batch(refused).unwrap();
    buyer.cancel(&world.api).await.is(500, DATABASE_ERROR);
    assert_eq!(world.calls(Operation::Cancel), 0, "Toss was not asked");
    buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
    mend(&world);
    buyer.cancel(&world.api).await.has_status(200);
    assert_eq!(world.effects(&buyer.key), CHARGED_AND_RETURNED);
}

#[tokio::test]
async fn i5_a_database_that_another_process_holds_is_a_500_before_any_money_moves() {
    let world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    let holder = world.db();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (confirm, ready) = tokio::join!(buyer.confirm(&world.api), send(world.api.get("/readyz")));
    confirm.is(500, DATABASE_ERROR);
    assert_eq!(ready.has_status(503)["status"], "not ready");
    // Reading goes on meanwhile.
    buyer.read(&world.api).await.has_status(404);
    send(world.api.get("/healthz")).await.has_status(200);
    assert_eq!(world.journal(), [], "Toss was not asked");
    holder.execute_batch("ROLLBACK").unwrap();
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    send(world.api.get("/readyz")).await.has_status(200);
}

#[tokio::test]
async fn f3_a_cancel_whose_result_cannot_be_stored_is_not_repeated() {
    let world = World::with("[limits]\nstore_retry_ms = 300\nanswer_within_ms = 1500\n").await;
    let buyer = Buyer::paid(&world, 1_000).await;
    refuse(&world, "'canceled', 'partially_canceled'");
    assert_eq!(buyer.cancel_part(&world.api, 400).await.has_status(202)["code"], "CANCEL_IN_PROGRESS");
    mend(&world);
    world.until_stored(&buyer.key, "partially_canceled").await;
    assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(400))]);
    assert_eq!(world.calls(Operation::Cancel), 1);
    assert_eq!(buyer.cancel(&world.api).await.has_status(200)["balanceAmount"], 0);
}
