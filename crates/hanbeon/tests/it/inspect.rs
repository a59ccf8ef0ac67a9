//! `hanbeon explain` tells every kind of story in two languages, and nothing that others wrote can pass for it.
//! `hanbeon webhooks` lists what came, and has it looked at again.
use crate::buyer::Buyer;
use crate::shop::{Shop, fresh_key};
use crate::support::{World, send, unique, until};
use crate::tool::{CURT, in_review};
use crate::webhooks::changed;
use serde_json::json;
use toss_sandbox::{FaultKind, FaultOperation, NewPayment, Operation};

async fn explain(world: &World, order: &str, language: &str) -> String {
    world.tool(&["explain", order, "--lang", language]).await.well()
}

/// Both languages tell it, each with these words, and the same journal.
async fn is_told(world: &World, buyer: &Buyer, english: &[&str], korean: &[&str]) {
    let default = world.tool(&["explain", &buyer.order]).await.well();
    let shop = Shop::of(world, buyer).await.payment;
    let mut journals = Vec::new();
    for (language, words) in [("en", english), ("ko", korean)] {
        let story = explain(world, &buyer.order, language).await;
        let always = [&buyer.order, &buyer.key, &shop];
        for word in words.iter().copied().chain(always.map(String::as_str)) {
            assert!(story.contains(word), "{word:?} is not in:\n{story}");
        }
        assert!(language == "ko" || story == default, "English is the default");
        let hangul = story.chars().any(|c| ('가'..='힣').contains(&c));
        assert!(hangul || language == "en", "{story}");
        let facts =
            story.lines().filter_map(|line| line.rsplit_once(" [")).map(|(_, event)| event.to_owned());
        journals.push(facts.collect::<Vec<_>>());
    }
    assert!(!journals[0].is_empty());
    assert_eq!(journals[0], journals[1]);
}

#[tokio::test]
async fn every_kind_of_story_is_told_in_english_and_korean() {
    let world = World::with(CURT).await;
    let paid = Buyer::paid(&world, 1_000).await;
    is_told(
        &world,
        &paid,
        &[
            "costs 1000 won",
            "one of them holds it",
            "Toss took the money",
            "1000 were taken, 0 given back",
            "buyer: ready → confirming",
        ],
        &["1000원", "결제가 승인되어 완료되었습니다", "승인 1000원, 환불 완료 0원"],
    )
    .await;

    let mut declined = Buyer::ready(&world, 1_000).await;
    let card = NewPayment::card(&declined.toss_order, 1_000).refused_with("REJECT_CARD_PAYMENT");
    declined.key = world.toss.authenticate(&card).unwrap();
    declined.confirm(&world.api).await.has_status(403);
    let code = "REJECT_CARD_PAYMENT";
    is_told(
        &world,
        &declined,
        &["Toss refused the charge. Nothing was taken.", code, "none holds it: it can be paid"],
        &["승인이 거절되었습니다. 청구된 금액이 없습니다.", code, "지금 결제할 수 있습니다"],
    )
    .await;

    let lost = Buyer::ready(&world, 1_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::LoseReply);
    lost.confirm(&world.api).await;
    world.until_stored(&lost.key, "paid").await;
    let english =
        ["no clear answer: anything may have happened", "Toss showed the payment", "Toss took the money"];
    is_told(&world, &lost, &english, &["응답이 불분명함", "결제가 승인되어 완료되었습니다"]).await;

    let parts = Buyer::paid(&world, 1_000).await;
    let shop = Shop::of(&world, &parts).await;
    shop.refund(&fresh_key(), Some(300)).await;
    shop.refund(&fresh_key(), Some(200)).await;
    shop.until_amounts(&[("done", 300), ("done", 200)]).await;
    world.toss.cancel_in_dashboard(&parts.key, Some(100)).unwrap();
    send(world.api.post("/webhooks/toss", changed(&parts, "PARTIAL_CANCELED"))).await.is(200, "{}");
    shop.until_amounts(&[("done", 300), ("done", 200), ("elsewhere", 100)]).await;
    is_told(
        &world,
        &parts,
        &[
            "Some of the money was given back",
            "600 given back",
            "of 300 won: done",
            "of 200 won: done",
            "of 100 won: made at Toss's side",
            "merchant: paid → canceling",
            "단순 변심",
        ],
        &[
            "일부 금액이 환불되었습니다",
            "환불 완료 600원",
            "300원: 완료",
            "100원: 토스페이먼츠에서 직접 취소",
        ],
    )
    .await;

    let (review, _) = in_review(&world, FaultKind::LoseReply).await;
    is_told(
        &world,
        &review,
        &["A human has to look", "hanbeon review show", "asked often enough", "in as many tries as allowed"],
        &["담당자의 확인이 필요합니다", "hanbeon review show", "확인 횟수 초과"],
    )
    .await;
    world.tool(&["explain", "01e79a1568cc4b39ae5d4c8eeef9d590"]).await.badly("there is no order 01e7");
    world.tool(&["explain", "x"]).await.badly("backendOrderId must be 32 hex digits");
    world.tool(&["explain", &paid.order, "--lang", "fr"]).await.is_no_command();
}

#[tokio::test]
async fn j7_what_others_wrote_cannot_pass_for_ours_in_a_terminal() {
    let world = World::new().await;
    let evil = "\u{202e}\u{2066}<script>alert(1)</script>=cmd|' /C calc'!A0";
    let order = json!({
        "merchantReference": format!("{evil}-{}", unique()), "orderName": format!("{evil}\u{1b}]0;x\u{7}"),
        "totalAmount": 1_000, "customer": {"name": "\u{1b}[31m김"},
    });
    let made = world.api.shop_post("/v1/orders", &order).await.has_status(201);
    let mut buyer = Buyer::new(&world.api, 1_000).await;
    made["id"].as_str().unwrap().clone_into(&mut buyer.order);
    buyer.save(&world.api).await.has_status(200);
    buyer.key = world.authenticate(&buyer.toss_order, 1_000);
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    // It would clear the screen and write a line of its own.
    let reason = "변심\u{1b}[2J\r\nPayment 1 (paymentKey x): paid\u{9b}A\u{7f}";
    let shop = Shop::of(&world, &buyer).await;
    let wish = json!({"cancelReason": reason, "cancelAmount": 400});
    world.api.once(&fresh_key(), &shop.path(), &wish).await.has_status(200);
    let event = "{\"eventType\":\"\\u001b[2J\\u202e\",\"data\":{}}";
    send(world.api.post("/webhooks/toss", event)).await.is(200, "{}");

    for arguments in [
        &["explain", &buyer.order][..],
        &["explain", &buyer.order, "--lang", "ko"],
        &["review", "show", &shop.payment],
        &["webhooks", "list"],
        &["verify"],
    ] {
        let shown = world.tool(arguments).await.well();
        let moves = |c: char| {
            (c.is_control() && c != '\n')
                || ('\u{202a}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c)
        };
        assert!(!shown.contains(moves), "{arguments:?}: {shown:?}");
        assert!(!shown.lines().any(|line| line.starts_with("Payment 1")), "{arguments:?}: {shown}");
    }
    // It is shown all the same: replaced, not dropped.
    let story = explain(&world, &buyer.order, "en").await;
    assert!(story.contains("<script>alert(1)</script>") && story.contains("변심\u{fffd}[2J"), "{story}");
    let logs = world.logs();
    assert!(!logs.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{logs:?}");
}

#[tokio::test]
async fn e7_a_webhook_that_is_kept_can_be_taken_as_a_reason_to_look_again() {
    let world = World::new().await;
    let none = world.tool(&["webhooks", "list"]).await;
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (Some(0), "", "no webhook has come\n"));
    let buyer = Buyer::paid(&world, 1_000).await;
    let shop = Shop::of(&world, &buyer).await;
    // Three that came: of our payment, of nobody's, of nothing.
    let stranger = Buyer { key: "tgen_nobodys".to_owned(), ..buyer.clone() };
    let nothing = r#"{"eventType":"SOMETHING_NEW","data":{}}"#.to_owned();
    for body in [changed(&buyer, "DONE"), changed(&stranger, "DONE"), nothing] {
        send(world.api.post("/webhooks/toss", body)).await.is(200, "{}");
    }
    let list = world.tool(&["webhooks", "list", "--limit", "2"]).await.well();
    assert_eq!(list.lines().count(), 2, "{list}");
    let list = world.tool(&["webhooks", "list"]).await.well();
    let numbers: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(numbers, ["3", "2", "1"], "{list}");
    assert!(list.lines().last().unwrap().contains(&shop.payment), "{list}");

    // No webhook told of this cancel. Whatever the old one says, Toss is asked.
    world.until_quiet().await;
    world.toss.cancel_in_dashboard(&buyer.key, Some(400)).unwrap();
    let reads = world.calls(Operation::Read);
    let replayed = world.tool(&["webhooks", "replay", "9", "3", "2", "1"]).await;
    assert_eq!(replayed.code, Some(1), "{replayed:?}");
    for words in
        ["9: there is no such webhook", "3: it says nothing about a payment", "2: we have no such payment"]
    {
        assert!(replayed.err.contains(words), "{replayed:?}");
    }
    assert!(replayed.out.starts_with("1: "), "{replayed:?}");
    shop.until_amounts(&[("elsewhere", 400)]).await;
    until("it was read", async || (reads < world.calls(Operation::Read)).then_some(())).await;
    assert_eq!(world.tool(&["webhooks", "replay", "1"]).await.code, Some(0));
    for wrong in
        [&["webhooks", "replay"][..], &["webhooks", "replay", "x"], &["webhooks", "list", "--limit", "0"]]
    {
        world.tool(wrong).await.is_no_command();
    }
}
