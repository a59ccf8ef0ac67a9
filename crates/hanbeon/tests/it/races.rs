//! Two clicks, two tabs, two servers' worth of hurry: one charge, and one truth for everybody.
use crate::buyer::Buyer;
use crate::support::{World, at_once, send};
use serde_json::json;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, NewPayment, Operation, When};

const MANY: usize = 64;

#[tokio::test]
async fn a2_confirm_enforces_everything_by_itself_when_verify_is_skipped() {
    let world = World::new().await;
    let buyer = Buyer::ready(&world, 50_000).await;
    let mut cheap = buyer.confirmation();
    cheap["amount"] = json!("100");
    assert_eq!(buyer.post(&world.api, "confirm", &cheap).await.has_status(400)["code"], 400);
    assert_eq!(world.calls(Operation::Confirm), 0);
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.journal()[0].amount, Some(50_000));
}

#[tokio::test]
async fn a3_the_name_of_a_session_attribute_is_only_a_name() {
    let world = World::new().await;
    for name in ["LOGIN_USER", "__proto__", "JSESSIONID"] {
        let mut buyer = Buyer::new(&world.api, 1_000).await;
        name.clone_into(&mut buyer.toss_order);
        buyer.verify(&world.api).await.has_status(400);
        buyer.save(&world.api).await.has_status(200);
        buyer.verify(&world.api).await.is(200, r#""Payment is valid""#);
    }
}

#[tokio::test]
async fn a4_a_fresh_process_confirms_for_a_browser_that_lost_its_cookie() {
    let mut world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.restart().await;
    buyer.stranger().confirm(&world.api).await.is(200, &buyer.view("DONE"));
    buyer.stranger().read(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
}

#[tokio::test]
async fn a5_a_refreshed_success_page_gets_the_same_answer_each_time() {
    let mut world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    buyer.verify(&world.api).await.has_status(200);
    for round in 0..20 {
        if round == 10 {
            world.restart().await;
        }
        buyer
            .verify(&world.api)
            .await
            .is(400, r#"{"code":400,"message":"결제 금액 정보가 유효하지 않습니다."}"#);
        buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    }
    assert_eq!(world.calls(Operation::Confirm), 1);
}

#[tokio::test]
async fn a7_amounts_beyond_32_bits_pass_through_unchanged() {
    let world = World::new().await;
    for amount in [(1 << 31) - 1, 1 << 31, 1 << 32, 999_999_999_999] {
        let buyer = Buyer::paid(&world, amount).await;
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(amount))]);
        assert_eq!(buyer.cancel_part(&world.api, amount - 1).await.has_status(200)["balanceAmount"], 1);
    }
    // More than this Toss takes: asked for unchanged, and its refusal is the buyer's.
    for amount in [1_000_000_000_000, 9_007_199_254_740_991_i64] {
        let mut buyer = Buyer::new(&world.api, amount).await;
        buyer.key = world.authenticate(&buyer.toss_order, 1_000);
        assert_eq!(buyer.confirm(&world.api).await.has_status(400)["code"], "INVALID_REQUEST");
        assert_eq!(world.effects(&buyer.key), []);
    }
}

#[tokio::test]
async fn a8_a_payment_of_somebody_elses_does_not_pay_my_order() {
    let world = World::new().await;
    // Authenticated for another order at Toss, for less; the amount that is claimed is my order's.
    let mut buyer = Buyer::ready(&world, 50_000).await;
    let right = buyer.key.clone();
    buyer.key = world.authenticate("cheap-order-of-mine", 100);
    let refused = buyer.confirm(&world.api).await;
    refused.is_refusal();
    assert_eq!(world.effects(&buyer.key), []);
    assert_eq!(world.status_at_toss(&buyer.key), "IN_PROGRESS");
    // It is bound to this order by now, and pays no other.
    let other = Buyer { key: buyer.key.clone(), ..Buyer::new(&world.api, 50_000).await };
    other.confirm(&world.api).await.has_status(409);
    buyer.key = right;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
}

#[tokio::test]
async fn d1_d2_sixty_four_clicks_at_once_are_one_charge_and_one_answer() {
    let world = World::new().await;
    for delay_ms in [0, 300] {
        let buyer = Buyer::ready(&world, 1_000).await;
        if delay_ms > 0 {
            world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: delay_ms, when: When::Before });
        }
        let clicks = (0..MANY).map(|click| {
            // Every other one is a tab that has lost its cookie.
            let tab = if click % 2 == 0 { buyer.clone() } else { buyer.stranger() };
            let api = world.api.clone();
            async move { tab.confirm(&api).await }
        });
        for answer in at_once(clicks).await {
            answer.is(200, &buyer.view("DONE"));
        }
        let calls = world.journal().into_iter().filter(|call| call.payment_key.as_ref() == Some(&buyer.key));
        assert_eq!(calls.filter(|call| call.operation == Operation::Confirm).count(), 1);
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    }
    assert_eq!(world.calls(Operation::Cancel), 0, "nobody who came second took anything back");
}

#[tokio::test]
async fn d3_two_tabs_with_two_payments_of_one_order_charge_it_once() {
    let world = World::new().await;
    for round in 0..12 {
        let buyer = Buyer::ready(&world, 1_000).await;
        // Two windows of the same order at Toss, or two orders at Toss for the same order of ours.
        let name = if round % 2 == 0 { buyer.toss_order.clone() } else { format!("other-name-{round}") };
        let other = Buyer { key: world.authenticate(&name, 1_000), toss_order: name, ..buyer.clone() };
        if round % 3 == 0 {
            world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 200, when: When::After });
        }
        let tabs = [buyer.clone(), other.clone()].map(|tab| {
            let api = world.api.clone();
            async move { tab.confirm(&api).await }
        });
        let answers = at_once(tabs).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{answers:?}");
        let charged = [&buyer, &other].map(|tab| world.effects(&tab.key).len());
        assert_eq!(charged.iter().sum::<usize>(), 1);
        let winner = if charged[0] == 1 { &buyer } else { &other };
        winner.confirm(&world.api).await.is(200, &buyer.view("DONE"));
        buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
    }
}

#[tokio::test]
async fn d3_a_second_payment_has_its_chance_only_when_the_first_is_declined() {
    let world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    let refused = NewPayment::card(&buyer.toss_order, 1_000).refused_with("REJECT_CARD_PAYMENT");
    let refused = Buyer { key: world.toss.authenticate(&refused).unwrap(), ..buyer.clone() };
    world.toss.add_fault(slow(FaultOperation::Confirm, 1_500).on_payment(&refused.key)).unwrap();
    let api = world.api.clone();
    let first = tokio::spawn({
        let (refused, api) = (refused.clone(), api.clone());
        async move { refused.confirm(&api).await }
    });
    world.spoiled().await;
    buyer.confirm(&api).await.has_status(409);
    assert_eq!(first.await.unwrap().has_status(403)["code"], "REJECT_CARD_PAYMENT");
    buyer.confirm(&api).await.is(200, &buyer.view("DONE"));
    refused.confirm(&api).await.has_status(403);
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
}

#[tokio::test]
async fn c5_a_slow_toss_and_an_impatient_buyer_are_one_call() {
    let world = World::with("[limits]\nanswer_within_ms = 400\n").await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.toss.add_fault(slow(FaultOperation::Confirm, 4_000).on_payment(&buyer.key)).unwrap();
    for _ in 0..3 {
        let pending = buyer.confirm(&world.api).await;
        pending.is(202, &buyer.view_by("null", "IN_PROGRESS"));
        buyer.read(&world.api).await.is(200, &buyer.view_by("null", "IN_PROGRESS"));
    }
    world.until_stored(&buyer.key, "paid").await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.calls(Operation::Confirm), 1);
}

fn slow(operation: FaultOperation, ms: u64) -> FaultRule {
    FaultRule::new(operation, FaultKind::Delay { ms, when: When::Before })
}

#[tokio::test]
async fn d5_a_cancel_during_the_confirm_waits_for_it_and_gives_everything_back() {
    let world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.toss.add_fault(slow(FaultOperation::Confirm, 600)).unwrap();
    let confirm = tokio::spawn({
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.confirm(&api).await }
    });
    world.spoiled().await;
    let canceled = world.api.shop_post("/payments/cancel", &buyer.cancellation(None)).await.has_status(200);
    assert_eq!((&canceled["status"], &canceled["balanceAmount"]), (&json!("CANCELED"), &json!(0)));
    let confirmed = confirm.await.unwrap();
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    buyer.read(&world.api).await.is(200, &buyer.view("CANCELED"));
    let all = [(EffectKind::Approved, Some(1_000)), (EffectKind::Canceled, Some(1_000))];
    assert_eq!(world.effects(&buyer.key), all);
}

#[tokio::test]
async fn d5_a_cancel_of_a_confirm_that_is_declined_has_nothing_to_give_back() {
    let world = World::new().await;
    let mut buyer = Buyer::ready(&world, 1_000).await;
    let refused = NewPayment::card(&buyer.toss_order, 1_000).refused_with("REJECT_CARD_PAYMENT");
    buyer.key = world.toss.authenticate(&refused).unwrap();
    world.toss.add_fault(slow(FaultOperation::Confirm, 400)).unwrap();
    let confirm = tokio::spawn({
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.confirm(&api).await }
    });
    world.spoiled().await;
    let canceled = world.api.shop_post("/payments/cancel", &buyer.cancellation(None)).await;
    assert_eq!(canceled.has_status(403)["code"], "NOT_CANCELABLE_PAYMENT");
    confirm.await.unwrap().has_status(403);
    assert_eq!(world.calls(Operation::Cancel), 0);
}

#[tokio::test]
async fn many_cancels_at_once_give_the_money_back_once() {
    let world = World::new().await;
    for delay_ms in [1, 300] {
        let buyer = Buyer::paid(&world, 1_000).await;
        world.toss.add_fault(slow(FaultOperation::Cancel, delay_ms)).unwrap();
        let clicks = (0..32).map(|_| {
            let (buyer, api) = (buyer.clone(), world.api.clone());
            async move { buyer.cancel(&api).await }
        });
        let answers = at_once(clicks).await;
        answers[0].has_status(200);
        for answer in &answers {
            answer.is(200, &answers[0].body);
        }
        assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(1_000))]);
    }
}

#[tokio::test]
async fn f1_the_same_part_asked_for_twice_at_once_is_given_back_once() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    world.toss.add_fault(slow(FaultOperation::Cancel, 1_500)).unwrap();
    let clicks = (0..8).map(|_| {
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.cancel_part(&api, 400).await }
    });
    let answers = at_once(clicks).await;
    assert_eq!(answers[0].has_status(200)["balanceAmount"], 600);
    for answer in &answers {
        answer.is(200, &answers[0].body);
    }
    assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(400))]);
    // F4: once that one has ended, the same amount again is a second wish.
    assert_eq!(buyer.cancel_part(&world.api, 400).await.has_status(200)["balanceAmount"], 200);
}

#[tokio::test]
async fn f2_two_parts_that_together_exceed_the_balance_are_not_both_given() {
    let world = World::new().await;
    for _ in 0..8 {
        let buyer = Buyer::paid(&world, 1_000).await;
        let parts = [700, 600].map(|part| {
            let (buyer, api) = (buyer.clone(), world.api.clone());
            async move { (part, buyer.cancel_part(&api, part).await) }
        });
        let answers = at_once(parts).await;
        let given: Vec<_> = answers.iter().filter(|(_, answer)| answer.status == 200).collect();
        assert_eq!(given.len(), 1, "{answers:?}");
        let (_, refused) = answers.iter().find(|(_, answer)| answer.status != 200).unwrap();
        refused.is(403, r#"{"code":"NOT_CANCELABLE_AMOUNT","message":"취소 할 수 없는 금액 입니다."}"#);
        assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(given[0].0))]);
    }
}

#[tokio::test]
async fn f6_many_parts_at_once_are_given_one_after_the_other() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let parts = [10, 20, 30].map(|part| {
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.cancel_part(&api, part).await }
    });
    for answer in at_once(parts).await {
        answer.has_status(200);
    }
    let mut given: Vec<_> =
        world.effects(&buyer.key)[1..].iter().map(|(_, amount)| amount.unwrap()).collect();
    given.sort_unstable();
    assert_eq!(given, [10, 20, 30]);
    buyer.read(&world.api).await.is(200, &buyer.view("PARTIAL_CANCELED"));
}

#[tokio::test]
async fn d10_the_same_reference_at_once_is_one_order() {
    let world = World::new().await;
    let order = json!({"merchantReference": "once", "orderName": "한 번", "totalAmount": 1_000});
    let tries = (0..16).map(|_| {
        let (api, order) = (world.api.clone(), order.clone());
        async move { send(api.post("/v1/orders", order.to_string()).bearer_auth(&api.key)).await.status }
    });
    let statuses = at_once(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 15, "{statuses:?}");
}
