//! `hanbeon review`: payments that need a human are alarmed, listed and shown; the human may have Toss asked again, or
//! say what they found, and a slip of theirs changes nothing.
use crate::buyer::Buyer;
use crate::crashes::refuse_states;
use crate::shop::{Shop, fresh_key};
use crate::support::{World, until};
use crate::tool::{CURT, Said, in_review};
use serde_json::Value;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule};

const WAITING: &str = "hanbeon_payments_need_review";

#[track_caller]
fn all_in(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in:\n{text}");
    }
}

async fn review(world: &World, arguments: &[&str]) -> Said {
    world.tool(&[&["review"], arguments].concat()).await
}

/// The last line of the payment's history.
async fn last_line(shop: &Shop) -> Value {
    shop.read().await["history"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test]
async fn b11_a_payment_that_nobody_tells_about_is_alarmed_listed_and_shown() {
    let world = World::with(CURT).await;
    assert_eq!(world.metric(WAITING).await, Some(0));
    let none = review(&world, &["list"]).await;
    assert_eq!(
        (none.code, none.out.as_str(), none.err.as_str()),
        (Some(0), "", "no payment needs a human\n")
    );

    let (buyer, shop) = in_review(&world, FaultKind::LoseReply).await;
    let why = "Toss did not tell the outcome in as many tries as allowed";
    assert_eq!(world.metric(WAITING).await, Some(1));
    let logs = world.logs();
    let alarm = logs.lines().find(|line| line.contains("a payment needs review")).unwrap();
    all_in(alarm, &["ERROR", &shop.payment, &buyer.order, why]);
    let list = review(&world, &["list"]).await.well();
    assert_eq!(list.lines().count(), 1, "{list}");
    all_in(&list, &[&shop.payment, &buyer.order, "1000 won", why]);

    let shown = review(&world, &["show", &shop.payment]).await.well();
    let ways = ["--as nothing-charged --note", "--as given-back --note"];
    all_in(
        &shown,
        &[why, &buyer.key, &buyer.toss_order, "confirm_requested", "tries_exhausted", ways[0], ways[1]],
    );
    // It holds its order, and the buyer is told nothing that may become untrue.
    buyer.confirm(&world.api).await.has_status(202);
    let read = buyer.read(&world.api).await.has_status(200);
    assert_eq!(read["tossPaymentStatus"], "IN_PROGRESS");
    let mut again = Buyer { toss_order: format!("{}-again", buyer.toss_order), ..buyer.clone() };
    again.key = world.authenticate(&again.toss_order, 1_000);
    again.confirm(&world.api).await.has_status(409);
}

#[tokio::test]
async fn toss_is_asked_again_and_its_answer_followed() {
    let world = World::with(CURT).await;
    let (buyer, shop) = in_review(&world, FaultKind::LoseReply).await;
    // As long as Toss does not tell, nothing changes.
    review(&world, &["resolve", &shop.payment]).await.well();
    until("Toss was asked again", async || {
        (last_line(&shop).await["event"].as_str()?.starts_with("psp_unclear")).then_some(())
    })
    .await;
    assert_eq!(shop.read().await["state"], "needs_review");

    world.toss.clear_faults();
    let told = review(&world, &["resolve", &shop.payment]).await.well();
    all_in(&told, &["asks Toss", &format!("hanbeon review show {}", shop.payment)]);
    world.until_stored(&buyer.key, "paid").await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    assert_eq!(world.metric(WAITING).await, Some(0));
    assert_eq!(review(&world, &["list"]).await.well(), "");
    world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn f12_a_word_is_previewed_and_typed_and_a_slip_changes_nothing() {
    let world = World::with(CURT).await;
    let (buyer, shop) = in_review(&world, FaultKind::Drop).await;
    let before = shop.read().await;
    let resolve = ["review", "resolve", &shop.payment];
    let said = [&resolve[..], &["--as", "nothing-charged", "--note", "Kim: Toss's console shows no payment"]]
        .concat();

    // Slips of the command line.
    for slip in [
        &["--as", "nothing-charged"][..],
        &["--as", "paid", "--note", "x"],
        &["--note", "x"],
        &["--amount", "1000"],
    ] {
        world.tool(&[&resolve[..], slip].concat()).await.is_no_command();
    }
    let nobody = [&resolve[..], &["--as", "nothing-charged", "--note", "  ", "--amount", "1000"]].concat();
    world.tool(&nobody).await.badly("who you are, and how you know");
    // Slips of the hand: the preview is there, the amount is not.
    for typed in ["", "\n", "yes\n", "100\n", "10000\n", "-1000\n"] {
        let slip = world.tool_typing(&said, typed).await;
        slip.badly("nothing has changed");
        all_in(
            &slip.out,
            &["state expired", "0 won taken, 0 won given back, 0 won left", "cannot be undone"],
        );
    }
    world.tool(&[&said[..], &["--amount", "999"]].concat()).await.badly("over 1000 won, not \"999\"");
    assert_eq!(shop.read().await, before, "nothing has changed");

    let done = world.tool_typing(&said, "1000\n").await.well();
    all_in(&done, &["the order may be paid again", &format!("payment {} is expired now", shop.payment)]);
    let line = last_line(&shop).await;
    assert_eq!((&line["actor"], &line["to"]), (&"operator".into(), &"expired".into()));
    all_in(
        line["event"].as_str().unwrap(),
        &["operator_said", "NothingCharged", "Kim: Toss's console shows no payment"],
    );
    world.tool(&said).await.badly("it needs no human");

    // The order is free, and is paid by another payment.
    let again = Buyer { key: world.authenticate(&buyer.toss_order, 1_000), ..buyer.clone() };
    again.confirm(&world.api).await.is(200, &again.view("DONE"));
    assert_eq!(world.effects(&buyer.key), []);
    world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn f12_given_back_ends_a_refund_that_nobody_tells_about_and_what_waits_behind_it() {
    let world = World::with(CURT).await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let shop = Shop::of(&world, &buyer).await;
    world.toss_keeps_silent_about(&buyer.key);
    let silence = FaultKind::FailBefore { status: 500, code: None };
    world
        .toss
        .add_fault(FaultRule::new(FaultOperation::Cancel, silence).on_payment(&buyer.key).times(0))
        .unwrap();
    shop.refund(&fresh_key(), Some(400)).await.has_status(202);
    shop.refund(&fresh_key(), Some(250)).await.has_status(202);
    world.lose_patience_with(&buyer.key).await;
    shop.until_amounts(&[("needs_review", 400), ("queued", 250)]).await;

    // Toss has shown the charge, so "nothing charged" is not even offered.
    let shown = review(&world, &["show", &shop.payment]).await.well();
    all_in(&shown, &["--as given-back"]);
    assert!(!shown.contains("nothing-charged"), "{shown}");
    let resolve = |says| {
        [
            "review",
            "resolve",
            &shop.payment,
            "--as",
            says,
            "--note",
            "Lee, by Toss's console",
            "--amount",
            "1000",
        ]
    };
    world.tool(&resolve("nothing-charged")).await.badly("it took 1000 won");
    assert_eq!(shop.read().await["state"], "needs_review");

    world.toss.cancel_in_dashboard(&buyer.key, None).unwrap();
    let done = world.tool(&resolve("given-back")).await.well();
    all_in(
        &done,
        &[
            "1000 won taken, 1000 won given back, 0 won left",
            "a refund of 250 won that waits",
            "is canceled now",
        ],
    );
    shop.until_amounts(&[("needs_review", 400), ("refused", 250)]).await;
    let payment = shop.read().await;
    assert_eq!((&payment["state"], &payment["refundableAmount"]), (&"canceled".into(), &0.into()));
    world.until_quiet().await;
    world.tool(&["verify"]).await.well();
    assert_eq!(world.effects(&buyer.key).last(), Some(&(EffectKind::Canceled, Some(1_000))));
}

#[tokio::test]
async fn b7_a_compensation_that_toss_refuses_needs_a_human_and_follows_what_they_do_in_the_console() {
    let world = World::with("[limits]\nanswer_within_ms = 300\nstore_retry_ms = 300\n").await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.db().execute_batch(&refuse_states("'paid'")).unwrap();
    let refusal = FaultKind::FailBefore { status: 403, code: Some("NOT_CANCELABLE_PAYMENT".to_owned()) };
    world.spoil(FaultOperation::Cancel, refusal);
    buyer.confirm(&world.api).await.has_status(202);
    world.until_stored(&buyer.key, "needs_review").await;
    world.db().execute_batch("DROP TRIGGER refused").unwrap();
    let shop = Shop::of(&world, &buyer).await;
    let list = review(&world, &["list"]).await.well();
    all_in(&list, &[&shop.payment, "Toss refused to take back a charge: NOT_CANCELABLE_PAYMENT"]);

    world.toss.cancel_in_dashboard(&buyer.key, None).unwrap();
    review(&world, &["resolve", &shop.payment]).await.well();
    world.until_stored(&buyer.key, "canceled").await;
    assert_eq!(shop.read().await["refundableAmount"], 0);
    world.until_quiet().await;
    world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn a_payment_that_needs_no_human_is_refused_and_so_is_one_that_is_not_there() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let shop = Shop::of(&world, &buyer).await;
    let said = ["--as", "given-back", "--note", "Kim", "--amount", "1000"];
    for more in [&[][..], &said] {
        let resolve = |id| [&["review", "resolve", id], more].concat();
        world
            .tool(&resolve(&shop.payment))
            .await
            .badly("is paid: it needs no human, and nothing has changed");
        world.tool(&resolve("01e79a1568cc4b39ae5d4c8eeef9d590")).await.badly("there is no payment 01e7");
        world.tool(&resolve("x")).await.badly("paymentId must be 32 hex digits");
    }
    let shown = review(&world, &["show", &shop.payment]).await.well();
    all_in(&shown, &["paid", "it is paid, and needs nobody"]);
    assert!(!shown.contains("resolve"), "{shown}");
    review(&world, &["show", "01e79a1568cc4b39ae5d4c8eeef9d590"]).await.badly("there is no payment");
    assert_eq!(shop.read().await["state"], "paid");

    let help = review(&world, &["resolve", "--help"]).await.well();
    all_in(&help, &["asks Toss once more", "nothing-charged", "given-back", "cannot be undone"]);
}
