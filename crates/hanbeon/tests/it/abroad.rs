//! Wallets abroad: Toss takes their cancels, and carries them out later or not at all; and money that is not won.
use crate::buyer::Buyer;
use crate::shop::{Shop, fresh_key};
use crate::support::{SECRET_KEY, World, http_client, send, unique, until};
use serde_json::json;
use toss_sandbox::{Config, EffectKind, LaterCancelMoves, Operation, Switches, WebhookEndpoint};

/// Nobody waits long for a refund that ends when the test says so.
const CURT: &str = "[limits]\nanswer_within_ms = 300\n";

/// Beside a Toss that ends an asynchronous cancel when it is told to, and tells hanbeon by webhook.
async fn world(moves: LaterCancelMoves) -> World {
    let switches = Switches { later_cancel_ms: 0, later_cancel_moves: moves, ..Switches::default() };
    let mut world = World::beside(Config { switches, ..Config::default() }, CURT).await;
    world.open_toss();
    world.start().await;
    let url = format!("{}/webhooks/toss", world.api.url);
    world.toss.add_webhook_endpoint(WebhookEndpoint::new(url)).unwrap();
    world
}

/// Authenticated with a wallet of China, over so much of this currency.
async fn by_alipay(world: &World, amount: i64, currency: &str) -> Buyer {
    let mut buyer = Buyer::new(&world.api, amount).await;
    buyer.toss_order = format!("abroad-{}", unique());
    let window = json!({
        "orderId": buyer.toss_order, "method": "ALIPAY", "amount": {"currency": currency, "value": amount},
    });
    let request = http_client().post(format!("{}/sandbox/payments", world.toss_url));
    let made = send(request.basic_auth(SECRET_KEY, Some("")).json(&window)).await.has_status(200);
    made["paymentKey"].as_str().unwrap().clone_into(&mut buyer.key);
    buyer
}

#[tokio::test]
async fn a_refund_that_a_wallet_abroad_has_only_taken_is_given_back_when_a_read_shows_it() {
    for moves in [LaterCancelMoves::Ended, LaterCancelMoves::Accepted] {
        let world = world(moves).await;
        let buyer = by_alipay(&world, 10_000, "KRW").await;
        buyer.confirm(&world.api).await.has_status(200);
        let shop = Shop::of(&world, &buyer).await;
        let key = fresh_key();
        shop.refund(&key, Some(4_000)).await.has_status(202);
        until("Toss has taken it", async || {
            world.effects(&buyer.key).contains(&(EffectKind::CancelAccepted, Some(4_000))).then_some(())
        })
        .await;
        world.until_stored(&buyer.key, "canceling").await;
        let payment = shop.read().await;
        assert_eq!((&payment["refundedAmount"], &payment["refundableAmount"]), (&json!(0), &json!(6_000)));
        assert_eq!(shop.amounts().await, [("sending".to_owned(), 4_000)]);
        // What is reserved cannot be given twice, and what waits has its turn afterwards.
        shop.refund(&fresh_key(), Some(6_001)).await.has_status(409);
        // Without the webhook it would be asked about in ten minutes.
        world.toss.end_cancel(&buyer.key, None, true).unwrap();
        world.until_stored(&buyer.key, "partially_canceled").await;
        assert_eq!(shop.amounts().await, [("done".to_owned(), 4_000)]);
        assert_eq!(shop.read().await["refundedAmount"], 4_000);
        assert_eq!(world.calls(Operation::Cancel), 1, "one cancel, asked once");
        world.tool(&["verify"]).await.well();
    }
}

#[tokio::test]
async fn a_refund_that_a_wallet_abroad_gives_up_frees_its_money_for_another() {
    for moves in [LaterCancelMoves::Ended, LaterCancelMoves::Accepted] {
        let world = world(moves).await;
        let buyer = by_alipay(&world, 10_000, "KRW").await;
        buyer.confirm(&world.api).await.has_status(200);
        let shop = Shop::of(&world, &buyer).await;
        shop.refund(&fresh_key(), None).await.has_status(202);
        until("Toss has taken it", async || {
            world.effects(&buyer.key).contains(&(EffectKind::CancelAccepted, Some(10_000))).then_some(())
        })
        .await;
        world.until_stored(&buyer.key, "canceling").await;
        world.toss.end_cancel(&buyer.key, None, false).unwrap();
        world.until_stored(&buyer.key, "paid").await;
        let refunds = shop.refunds().await;
        assert_eq!(
            (&refunds[0]["state"], &refunds[0]["failure"]["code"]),
            (&json!("refused"), &json!("REFUND_REJECTED"))
        );
        let payment = shop.read().await;
        assert_eq!((&payment["refundedAmount"], &payment["refundableAmount"]), (&json!(0), &json!(10_000)));
        // Another wish is another cancel.
        shop.refund(&fresh_key(), None).await.has_status(202);
        until("Toss has taken it", async || (world.calls(Operation::Cancel) == 2).then_some(())).await;
        world.until_stored(&buyer.key, "canceling").await;
        world.toss.end_cancel(&buyer.key, None, true).unwrap();
        world.until_stored(&buyer.key, "canceled").await;
        world.tool(&["verify"]).await.well();
    }
}

#[tokio::test]
async fn an_order_in_another_currency_is_refused_and_an_approval_in_one_is_never_believed() {
    let world = world(LaterCancelMoves::Ended).await;
    let order = |currency: &str| {
        let reference = format!("abroad-{}", unique());
        json!({"merchantReference": reference, "orderName": "mug", "totalAmount": 100, "currency": currency})
    };
    for currency in ["USD", "JPY", "krw", ""] {
        let refused = world.api.shop_post("/v1/orders", &order(currency)).await;
        assert!(refused.has_status(400)["message"].as_str().unwrap().contains("KRW"), "{}", refused.body);
    }
    world.api.shop_post("/v1/orders", &order("KRW")).await.has_status(201);
    // The number is right, and the money is not.
    let buyer = by_alipay(&world, 100, "USD").await;
    buyer.confirm(&world.api).await.has_status(202);
    assert_eq!(world.status_at_toss(&buyer.key), "DONE");
    world.until_stored(&buyer.key, "confirming").await;
    until("it was asked about", async || (world.calls(Operation::Read) > 0).then_some(())).await;
    let payment = Shop::of(&world, &buyer).await.read().await;
    assert_eq!((&payment["state"], &payment["capturedAmount"]), (&json!("confirming"), &json!(0)));
    assert!(world.logs().contains("another currency"), "an alarm");
}
