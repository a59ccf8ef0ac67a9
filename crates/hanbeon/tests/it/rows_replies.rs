//! Answers that are not what they seem: in words of tomorrow, about somebody else's payment, at the same time as a
//! webhook, or never.
use crate::buyer::Buyer;
use crate::shop::{Shop, fresh_key};
use crate::support::{World, send, until};
use crate::webhooks::{URL, changed, listed, metric, tell};
use serde_json::{Value, json};
use toss_sandbox::{
    EffectKind, FaultKind, FaultOperation, FaultRule, NewPayment, Operation, WebhookEndpoint, When,
};

/// Tells a buyer "pending" at once.
const CURT: &str = "[limits]\nanswer_within_ms = 300\n";

/// What became of a payment: here, at Toss, in the shop's list of refunds.
async fn outcome(
    world: &World,
    buyer: &Buyer,
) -> (Vec<Value>, Vec<(EffectKind, Option<i64>)>, Vec<(String, i64)>) {
    world.until_quiet().await;
    let shop = Shop::of(world, buyer).await;
    let payment = shop.read().await;
    let fields =
        ["state", "tossPaymentStatus", "totalAmount", "capturedAmount", "refundedAmount", "refundableAmount"];
    let fields = fields.iter().map(|field| payment[field].clone()).collect();
    (fields, world.effects(&buyer.key), shop.amounts().await)
}

#[tokio::test]
async fn b9_a_toss_of_tomorrow_is_understood_as_the_one_of_today() {
    let world = World::new().await;
    let mut outcomes = Vec::new();
    for is_tomorrow in [false, true] {
        let buyer = Buyer::ready(&world, 10_000).await;
        let rule = |operation, times| {
            let rule = FaultRule::new(operation, FaultKind::FutureFields).on_payment(&buyer.key).times(times);
            world.toss.add_fault(rule).unwrap();
        };
        // The confirm's answer never comes: it is found out by reads, and the first two show a status that nobody knows.
        let lost = FaultRule::new(FaultOperation::Confirm, FaultKind::LoseReply).on_payment(&buyer.key);
        world.toss.add_fault(lost).unwrap();
        if is_tomorrow {
            rule(FaultOperation::Read, 2);
            rule(FaultOperation::Cancel, 0);
        }
        buyer.confirm(&world.api).await;
        world.until_stored(&buyer.key, "paid").await;
        let shop = Shop::of(&world, &buyer).await;
        for amount in [Some(3_000), Some(2_500), None] {
            assert_eq!(shop.refund(&fresh_key(), amount).await.has_status(200)["refund"]["state"], "done");
        }
        let outcome = outcome(&world, &buyer).await;
        assert_eq!((&outcome.0[0], &outcome.0[4]), (&json!("canceled"), &json!(10_000)));
        outcomes.push(outcome);
        world.toss.clear_faults();
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test]
async fn b9_a_confirm_that_is_answered_in_words_of_tomorrow_is_paid_all_the_same() {
    let world = World::new().await;
    let buyer = Buyer::ready(&world, 10_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::FutureFields);
    // What Toss calls the method is shown as it came.
    buyer.confirm(&world.api).await.is(200, &buyer.view_by(r#""뇌파결제""#, "DONE"));
    assert_eq!(world.calls(Operation::Read), 0, "the answer was clear enough");
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(10_000))]);
    assert_eq!(buyer.cancel(&world.api).await.has_status(200)["balanceAmount"], 0);
}

#[tokio::test]
async fn c9_s16_another_payments_success_pays_nothing_here_and_is_alarmed() {
    let world = World::with(CURT).await;
    let other = Buyer::ready(&world, 1_000).await;
    other.confirm(&world.api).await;
    world.until_stored(&other.key, "paid").await;
    let buyer = Buyer::ready(&world, 1_000).await;
    let shows = |operation, times| {
        let kind = FaultKind::OtherPayment { shown: other.key.clone() };
        world.toss.add_fault(FaultRule::new(operation, kind).on_payment(&buyer.key).times(times)).unwrap();
    };
    // To the confirm, and to every read after it.
    shows(FaultOperation::Confirm, 0);
    shows(FaultOperation::Read, 0);
    buyer.confirm(&world.api).await.is(202, &buyer.view_by("null", "IN_PROGRESS"));
    let not_ours = r#"hanbeon_psp_verdicts_total{verdict="not_ours"}"#;
    until("both kinds of calls were answered so", async || {
        (metric(&world, not_ours).await.unwrap_or(0) >= 3).then_some(())
    })
    .await;
    buyer.confirm(&world.api).await.is(202, &buyer.view_by("null", "IN_PROGRESS"));
    assert_eq!(
        (world.stored(&buyer.key).as_deref(), world.effects(&buyer.key)),
        (Some("confirming"), vec![])
    );
    assert!(world.logs().contains("Toss answered about another payment"), "an alarm");
    world.toss.clear_faults();
    world.until_stored(&buyer.key, "paid").await;
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);

    // To a cancel, and the read after it: another payment was given back, and this one was not.
    other.cancel(&world.api).await;
    world.until_stored(&other.key, "canceled").await;
    shows(FaultOperation::Cancel, 1);
    shows(FaultOperation::Read, 1);
    let shop = Shop::of(&world, &buyer).await;
    shop.refund(&fresh_key(), None).await.has_status(202);
    world.until_stored(&buyer.key, "canceled").await;
    assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(1_000))]);
    shop.until_amounts(&[("done", 1_000)]).await;
    assert_eq!(
        world.effects(&other.key).len(),
        2,
        "the other one has its charge and its cancel, and no more"
    );
}

#[tokio::test]
async fn d6_a_webhook_and_the_confirms_own_reply_are_one_move() {
    let world = World::new().await;
    for webhooks in [1, 4] {
        let buyer = Buyer::ready(&world, 1_000).await;
        let slow = FaultKind::Delay { ms: 3_000, when: When::After };
        world.toss.add_fault(FaultRule::new(FaultOperation::Confirm, slow).on_payment(&buyer.key)).unwrap();
        let confirm = tokio::spawn({
            let (buyer, api) = (buyer.clone(), world.api.clone());
            async move { buyer.confirm(&api).await }
        });
        until("Toss has charged", async || (world.status_at_toss(&buyer.key) == "DONE").then_some(())).await;
        for _ in 0..webhooks {
            tell(&world, changed(&buyer, "DONE")).await.is(200, "{}");
        }
        assert_eq!(world.stored(&buyer.key).as_deref(), Some("confirming"), "the reply is not there yet");
        confirm.await.unwrap().is(200, &buyer.view("DONE"));
        tell(&world, changed(&buyer, "DONE")).await.is(200, "{}");
        world.until_quiet().await;
        let history = Shop::of(&world, &buyer).await.read().await["history"].as_array().unwrap().clone();
        let paid = history.iter().filter(|line| line["from"] != "paid" && line["to"] == "paid");
        assert_eq!(paid.count(), 1, "{history:?}");
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    }
    assert_eq!(world.calls(Operation::Confirm), 2);
}

#[tokio::test]
async fn e8_a_deposit_whose_secret_never_arrived_is_found_by_reading() {
    let world = World::with(CURT).await;
    let mut buyers = Vec::new();
    for _ in 0..2 {
        let mut buyer = Buyer::ready(&world, 30_000).await;
        let account = NewPayment::card(&buyer.toss_order, 30_000).by("가상계좌");
        buyer.key = world.toss.authenticate(&account).unwrap();
        let rule = |operation, kind| FaultRule::new(operation, kind).on_payment(&buyer.key).times(0);
        world.toss.add_fault(rule(FaultOperation::Confirm, FaultKind::LoseReply)).unwrap();
        world.toss.add_fault(rule(FaultOperation::Read, FaultKind::Drop)).unwrap();
        buyer.confirm(&world.api).await.has_status(202);
        let issued = async || (world.status_at_toss(&buyer.key) == "WAITING_FOR_DEPOSIT").then_some(());
        until("the account is issued", issued).await;
        buyers.push(buyer);
    }
    // The first one's deposit is told, with the secret that we have nothing to compare with; the second one's is not.
    world.toss.deposit(&buyers[1].key).unwrap();
    world.toss.add_webhook_endpoint(WebhookEndpoint::new(format!("{}{URL}", world.api.url))).unwrap();
    world.toss.deposit(&buyers[0].key).unwrap();
    until("its two webhooks are kept", async || (listed(&world).await.len() == 2).then_some(())).await;
    for buyer in &buyers {
        let known = "SELECT count(*) FROM payments WHERE toss_payment_key = ?1 AND toss_secret IS NOT NULL";
        let known: i64 = world.db().query_row(known, [&buyer.key], |row| row.get(0)).unwrap();
        assert_eq!((world.stored(&buyer.key).as_deref(), known), (Some("confirming"), 0));
    }
    world.toss.clear_faults();
    for buyer in &buyers {
        world.until_stored(&buyer.key, "paid").await;
        buyer.confirm(&world.api).await.is(200, &buyer.view_by(r#""가상계좌""#, "DONE"));
        let effects = world.effects(&buyer.key);
        assert_eq!(
            effects.iter().filter(|(effect, _)| *effect == EffectKind::Waiting).count(),
            1,
            "{effects:?}"
        );
    }
}

#[tokio::test]
async fn e12_a_signed_event_is_kept_and_changes_nothing() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let (before, calls) = (outcome(&world, &buyer).await, world.journal().len());
    for (event, entity) in [("payout.changed", "payout"), ("seller.changed", "seller")] {
        let body = json!({
            "eventType": event, "createdAt": "2024-09-05T12:19:21+09:00", "version": "2022-11-16", "eventId": event,
            "entityType": entity,
            "entityBody": {"id": "FPA_1", "status": "COMPLETED", "paymentKey": buyer.key, "orderId": buyer.toss_order},
            "paymentKey": buyer.key, "status": "CANCELED",
        });
        let request = world.api.post(URL, body.to_string());
        let request = request.header("tosspayments-webhook-transmission-time", "2024-09-05T12:19:21+09:00");
        let signed = request.header("tosspayments-webhook-signature", "v1:AAAA,v1:AAAA");
        send(signed).await.is(200, "{}");
    }
    let lines = listed(&world).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("unknown") && line.contains(".changed")), "{lines:?}");
    assert_eq!((outcome(&world, &buyer).await, world.journal().len()), (before, calls));
}
