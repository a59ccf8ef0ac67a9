//! The shop gives money back: in parts, at once, during the charge, and what somebody else gave back in Toss's console.
use crate::buyer::Buyer;
use crate::shop::{Shop, fresh_key, refund};
use crate::support::{Answer, World, at_once, send, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, Operation, When};

const MANY: usize = 64;

/// A shop with a payment of so much.
async fn shop_with(world: &World, amount: i64) -> (Shop, Buyer) {
    let buyer = Buyer::paid(world, amount).await;
    (Shop::of(world, &buyer).await, buyer)
}

/// What was given back at Toss, in order; nothing was dropped there because it came too quickly.
fn given(world: &World, buyer: &Buyer) -> Vec<i64> {
    let effects = world.effects(&buyer.key);
    assert!(effects.iter().all(|(effect, _)| *effect != EffectKind::Dropped), "{effects:?}");
    let canceled = effects.iter().filter(|(effect, _)| *effect == EffectKind::Canceled);
    canceled.map(|(_, amount)| amount.expect("an amount")).collect()
}

#[track_caller]
fn done(answer: &Answer, amount: i64) -> Value {
    let body = answer.has_status(200);
    assert_eq!((&body["refund"]["state"], &body["refund"]["amount"]), (&json!("done"), &json!(amount)));
    body
}

#[track_caller]
fn conflict(answer: &Answer, code: &str) {
    assert_eq!(answer.has_status(409)["code"], code);
    answer.is_refusal();
}

#[tokio::test]
async fn a_refund_is_shown_with_its_payment_and_stays_in_the_list() {
    let world = World::new().await;
    let (shop, buyer) = shop_with(&world, 10_000).await;
    assert_eq!(shop.refunds().await, Vec::<Value>::new());
    let part = done(&shop.refund(&fresh_key(), Some(4_000)).await, 4_000);
    let payment = &part["payment"];
    for (field, want) in [
        ("id", json!(shop.payment)),
        ("state", json!("partially_canceled")),
        ("tossPaymentStatus", json!("PARTIAL_CANCELED")),
        ("refundedAmount", json!(4_000)),
        ("refundableAmount", json!(6_000)),
    ] {
        assert_eq!(payment[field], want, "{field}");
    }
    let rest = done(&shop.refund(&fresh_key(), None).await, 6_000);
    assert_eq!(
        (&rest["payment"]["state"], &rest["payment"]["refundableAmount"]),
        (&json!("canceled"), &json!(0))
    );
    assert_eq!(shop.refunds().await, [part["refund"].clone(), rest["refund"].clone()]);
    let at_toss = world.toss.payment(&buyer.key).unwrap();
    for (refund, cancel) in shop.refunds().await.iter().zip(at_toss["cancels"].as_array().unwrap()) {
        assert_eq!(refund["transactionKey"], cancel["transactionKey"]);
        assert_eq!(refund["reason"], "단순 변심");
    }
    conflict(&shop.refund(&fresh_key(), None).await, "ALREADY_CANCELED_PAYMENT");
}

#[tokio::test]
async fn f1_the_same_refund_64_times_at_once_is_given_once() {
    let world = World::new().await;
    let (shop, buyer) = shop_with(&world, 1_000).await;
    let key = fresh_key();
    let tries = (0..MANY).map(|_| {
        let (shop, key) = (shop.clone(), key.clone());
        async move { shop.refund(&key, Some(400)).await }
    });
    let answers = at_once(tries).await;
    let first = shop.refund_until_answered(&key, Some(400)).await;
    done(&first, 400);
    for answer in answers {
        match answer.status {
            200 => answer.is(200, &first.body),
            _ => conflict(&answer, "IDEMPOTENT_REQUEST_PROCESSING"),
        }
    }
    assert_eq!(given(&world, &buyer), [400]);
    shop.until_amounts(&[("done", 400)]).await;
}

#[tokio::test]
async fn f2_of_64_parts_at_once_as_many_are_given_as_the_balance_has() {
    let world = World::new().await;
    let (shop, buyer) = shop_with(&world, 1_000).await;
    let tries = (0..MANY).map(|_| {
        let (shop, key) = (shop.clone(), fresh_key());
        async move { (shop.refund(&key, Some(300)).await, key) }
    });
    let mut accepted = Vec::new();
    for (answer, key) in at_once(tries).await {
        match answer.status {
            200 | 202 => accepted.push(key),
            _ => conflict(&answer, "NOT_CANCELABLE_AMOUNT"),
        }
    }
    assert_eq!(accepted.len(), 3);
    shop.until_amounts(&[("done", 300); 3]).await;
    assert_eq!(given(&world, &buyer), [300; 3]);
    conflict(&shop.refund(&fresh_key(), Some(101)).await, "NOT_CANCELABLE_AMOUNT");
    done(&shop.refund(&fresh_key(), None).await, 100);
    assert_eq!(world.toss.payment(&buyer.key).unwrap()["balanceAmount"], 0);
}

#[tokio::test]
async fn f2_two_parts_that_exceed_the_balance_are_one_refund_and_one_409() {
    let world = World::new().await;
    for _ in 0..4 {
        let (shop, buyer) = shop_with(&world, 1_000).await;
        let parts = [700, 600].map(|part| {
            let shop = shop.clone();
            async move { (part, shop.refund(&fresh_key(), Some(part)).await) }
        });
        let mut answers = at_once(parts).await;
        answers.sort_by_key(|(_, answer)| answer.status);
        let [(part, given_back), (_, refused)] = &answers[..] else { panic!("{answers:?}") };
        done(given_back, *part);
        conflict(refused, "NOT_CANCELABLE_AMOUNT");
        assert_eq!(given(&world, &buyer), [*part]);
    }
}

#[tokio::test]
async fn f4_two_legitimate_equal_parts_are_two_cancels_and_two_rows() {
    let world = World::new().await;
    let (shop, buyer) = shop_with(&world, 1_000).await;
    let parts = [(); 2].map(|()| {
        let shop = shop.clone();
        async move { shop.refund(&fresh_key(), Some(400)).await }
    });
    for answer in at_once(parts).await {
        done(&answer, 400);
    }
    assert_eq!(given(&world, &buyer), [400, 400]);
    let rows = shop.refunds().await;
    let keys: BTreeSet<_> = rows.iter().map(|row| row["transactionKey"].as_str().unwrap()).collect();
    assert_eq!((rows.len(), keys.len()), (2, 2), "{rows:?}");
}

#[tokio::test]
async fn f6_parts_that_come_within_a_second_are_spaced_and_all_given() {
    let world = World::new().await;
    let (shop, buyer) = shop_with(&world, 1_000).await;
    let parts = [10, 20, 30].map(|part| {
        let shop = shop.clone();
        async move { (part, shop.refund(&fresh_key(), Some(part)).await) }
    });
    for (part, answer) in at_once(parts).await {
        done(&answer, part);
    }
    let mut parts = given(&world, &buyer);
    parts.sort_unstable();
    assert_eq!(parts, [10, 20, 30]);
    assert_eq!(world.calls(Operation::Cancel), 3, "none was dropped and repeated");
    assert_eq!(shop.read().await["refundedAmount"], 60);
}

#[tokio::test]
async fn a_refund_that_is_not_done_in_time_is_202_and_goes_on() {
    let world = World::with("[limits]\nanswer_within_ms = 300\n").await;
    let (shop, buyer) = shop_with(&world, 1_000).await;
    world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms: 1_500, when: When::Before });
    let (first, second) = (fresh_key(), fresh_key());
    let sending = shop.refund(&first, Some(400)).await;
    assert_eq!(sending.has_status(202)["refund"]["state"], "sending");
    let queued = shop.refund(&second, Some(300)).await;
    assert_eq!(queued.has_status(202)["refund"]["state"], "queued");
    assert_eq!(shop.amounts().await.last(), Some(&("queued".to_owned(), 300)));
    conflict(&shop.refund(&fresh_key(), Some(301)).await, "NOT_CANCELABLE_AMOUNT");
    shop.until_amounts(&[("done", 400), ("done", 300)]).await;
    assert_eq!(given(&world, &buyer), [400, 300]);
    // The answer of a key is what it was; what became of the refund is in the list.
    shop.refund(&first, Some(400)).await.is(202, &sending.body);
    shop.refund(&second, Some(300)).await.is(202, &queued.body);
}

#[tokio::test]
async fn too_many_that_wait_are_turned_away_for_now() {
    let world = World::with("[limits]\nanswer_within_ms = 100\n").await;
    let (shop, buyer) = shop_with(&world, 1_000).await;
    world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms: 3_000, when: When::Before });
    shop.refund(&fresh_key(), Some(100)).await.has_status(202);
    world.spoiled().await;
    for _ in 0..20 {
        shop.refund(&fresh_key(), Some(1)).await.has_status(202);
    }
    let key = fresh_key();
    let crowded = shop.refund(&key, Some(1)).await;
    conflict(&crowded, "TOO_MANY_REFUNDS_WAITING");
    assert!(!crowded.header("retry-after").is_empty());
    // "Later" is no answer: the same key is tried anew as soon as there is room.
    until("there is room", async || (shop.refund(&key, Some(1)).await.status == 202).then_some(())).await;
    assert_eq!(given(&world, &buyer)[0], 100);
}

#[tokio::test]
async fn tosss_refusal_is_passed_on_with_its_status_code_and_words_and_kept() {
    let world = World::new().await;
    let (shop, buyer) = shop_with(&world, 1_000).await;
    let code = "NOT_CANCELABLE_PAYMENT";
    world.spoil(FaultOperation::Cancel, FaultKind::FailBefore { status: 403, code: Some(code.to_owned()) });
    let key = fresh_key();
    let refused = shop.refund(&key, Some(400)).await;
    assert_eq!(refused.has_status(403)["code"], code);
    refused.is_refusal();
    let calls = world.calls(Operation::Cancel);
    shop.refund(&key, Some(400)).await.is(403, &refused.body);
    assert_eq!(world.calls(Operation::Cancel), calls, "the same key asks nobody again");
    assert_eq!(shop.refunds().await[0]["failure"], refused.json());
    done(&shop.refund(&fresh_key(), Some(1_000)).await, 1_000);
    assert_eq!(given(&world, &buyer), [1_000]);
}

#[tokio::test]
async fn what_cannot_be_refunded_is_404_or_409_and_toss_hears_nothing() {
    let world = World::new().await;
    for id in ["01e79a1568cc4b39ae5d4c8eeef9d590", "x"] {
        let (path, key) = (format!("/v1/payments/{id}/cancel"), fresh_key());
        for _ in 0..2 {
            let missing = world.api.once(&key, &path, &refund(None)).await;
            assert_eq!(missing.has_status(404)["code"], "NOT_FOUND");
        }
        let list = world.api.shop_get(&format!("/v1/payments/{id}/refunds")).await;
        assert_eq!(list.has_status(404)["code"], "NOT_FOUND");
    }
    let (shop, _) = shop_with(&world, 1_000).await;
    conflict(&shop.refund(&fresh_key(), Some(1_001)).await, "NOT_CANCELABLE_AMOUNT");
    let mut declined = Buyer::ready(&world, 1_000).await;
    let card = toss_sandbox::NewPayment::card(&declined.toss_order, 1_000);
    declined.key = world.toss.authenticate(&card.refused_with("REJECT_CARD_PAYMENT")).unwrap();
    declined.confirm(&world.api).await.has_status(403);
    let declined = Shop::of(&world, &declined).await;
    conflict(&declined.refund(&fresh_key(), None).await, "NOT_CANCELABLE_PAYMENT");
    for wrong in [
        json!({}),
        json!({"cancelReason": ""}),
        json!({"cancelReason": "변심", "cancelAmount": 0}),
        json!({"cancelReason": "변심", "amount": 1}),
    ] {
        world.api.once(&fresh_key(), &shop.path(), &wrong).await.has_status(400);
    }
    let stranger = world.api.post(&shop.path(), refund(None).to_string());
    send(stranger.header("idempotency-key", fresh_key())).await.has_status(401);
    assert_eq!(world.calls(Operation::Cancel), 0);
}

#[tokio::test]
async fn d5_a_refund_during_the_confirm_waits_for_it_and_ends_canceled() {
    let world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 1_000, when: When::Before });
    let confirm = tokio::spawn({
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.confirm(&api).await }
    });
    world.spoiled().await;
    let shop = Shop::of(&world, &buyer).await;
    assert_eq!(shop.read().await["state"], "confirming");
    let canceled = done(&shop.refund(&fresh_key(), None).await, 1_000);
    assert_eq!(canceled["payment"]["state"], "canceled");
    assert_eq!(confirm.await.unwrap().status, 200);
    buyer.read(&world.api).await.is(200, &buyer.view("CANCELED"));
    let all = [(EffectKind::Approved, Some(1_000)), (EffectKind::Canceled, Some(1_000))];
    assert_eq!(world.effects(&buyer.key), all);
}

#[tokio::test]
async fn f5_a_cancel_in_tosss_console_is_shown_as_elsewhere_and_the_budget_shrinks() {
    let world = World::new().await;
    let (shop, buyer) = shop_with(&world, 1_000).await;
    world.toss.cancel_in_dashboard(&buyer.key, Some(400)).unwrap();
    let notice = crate::webhooks::changed(&buyer, "PARTIAL_CANCELED");
    send(world.api.post("/webhooks/toss", notice)).await.is(200, "{}");
    shop.until_amounts(&[("elsewhere", 400)]).await;
    let at_toss = world.toss.payment(&buyer.key).unwrap();
    assert_eq!(shop.refunds().await[0]["transactionKey"], at_toss["cancels"][0]["transactionKey"]);
    let payment = shop.read().await;
    assert_eq!(
        (&payment["state"], &payment["refundableAmount"]),
        (&json!("partially_canceled"), &json!(600))
    );
    conflict(&shop.refund(&fresh_key(), Some(601)).await, "NOT_CANCELABLE_AMOUNT");
    done(&shop.refund(&fresh_key(), None).await, 600);
    shop.until_amounts(&[("elsewhere", 400), ("done", 600)]).await;
    assert_eq!(given(&world, &buyer), [400, 600]);
}
