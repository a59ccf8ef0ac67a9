//! What buyers do to a server that will not live to answer all of them.
use crate::buyer::Buyer;
use crate::claims::REFUSAL;
use crate::support::{Api, World, try_send, unique, until};
use serde_json::json;
use tokio::task::JoinHandle;
use toss_sandbox::{FaultKind, FaultOperation, FaultRule, NewPayment};

const AMOUNT: i64 = 1_000;
const PART: i64 = 250;

/// Some replies get lost, so that payments are asked about and not only answered.
pub(crate) fn lose_some_replies(world: &World) {
    for operation in [FaultOperation::Confirm, FaultOperation::Cancel] {
        let lost = FaultRule::new(operation, FaultKind::LoseReply).times(0);
        world.toss.add_fault(FaultRule { permille: 100, ..lost }).expect("a good rule");
    }
}

/// Buyers with their payment window behind them, one in six with a card that will be refused.
pub(crate) async fn buyers(world: &World, count: usize) -> Vec<Buyer> {
    let mut buyers = Vec::new();
    for number in 0..count {
        let mut buyer = Buyer::new(&world.api, AMOUNT).await;
        buyer.save(&world.api).await.has_status(200);
        let mut card = NewPayment::card(&buyer.toss_order, AMOUNT);
        if number % 6 == 5 {
            card = card.refused_with(REFUSAL);
        }
        buyer.key = world.toss.authenticate(&card).expect("a payment");
        buyers.push(buyer);
    }
    buyers
}

/// Orders of some 150 kB each: after 60 of them the server moves its log into its database.
pub(crate) async fn fat_orders(world: &World, count: usize) {
    let line = json!({"name": "가".repeat(100), "quantity": 1, "unitPrice": 10});
    let lines = vec![line; 500];
    for _ in 0..count {
        let reference = format!("fat-{}", unique());
        let order = json!({"merchantReference": reference, "orderName": "많이", "totalAmount": 5_000, "lines": lines});
        world.api.shop_post("/v1/orders", &order).await.has_status(201);
    }
}

/// Everybody pays at once, and some think again. Ends when all have, or when Toss has got so many calls.
pub(crate) async fn storm(world: &World, buyers: Vec<Buyer>, calls: usize) {
    let calls = u64::try_from(calls).expect("a number of calls");
    let until_calls = world.toss.journal(u64::MAX, 0).last_seq.saturating_add(calls);
    let tasks: Vec<_> =
        buyers.into_iter().enumerate().map(|(mood, buyer)| shop(&world.api, buyer, mood % 4)).collect();
    until("the moment has come", async || {
        let all_done = tasks.iter().all(JoinHandle::is_finished);
        (all_done || world.toss.journal(u64::MAX, 0).last_seq >= until_calls).then_some(())
    })
    .await;
}

/// Two clicks at once while another tab looks and a webhook comes, and then perhaps second thoughts.
fn shop(api: &Api, buyer: Buyer, mood: usize) -> JoinHandle<()> {
    let api = api.clone();
    tokio::spawn(async move {
        let look = || try_send(api.get(&format!("{}/{}", api.prefix, buyer.order)));
        let (one, two, _, _, ()) = tokio::join!(
            buyer.try_confirm(&api),
            buyer.try_confirm(&api),
            look(),
            async { look().await.ok() },
            notice(&api, &buyer)
        );
        // Whoever lost the server, or was refused, has nothing to cancel; whoever waits may change their mind.
        let pays = [&one, &two].into_iter().flatten().any(|answer| matches!(answer.status, 200 | 202));
        match mood {
            1 if pays => {
                // The rest comes within a second of the part, and waits for its turn.
                let part = buyer.cancellation(Some(PART)).to_string();
                let _ = try_send(buyer_post(&api, &buyer, part)).await;
                let _ = buyer.try_cancel(&api).await;
            }
            2 if pays => {
                let _ = tokio::join!(buyer.try_cancel(&api), buyer.try_cancel(&api));
            }
            3 if pays => refunds(&api, &buyer).await,
            _ => {}
        }
        let _ = tokio::join!(look(), notice(&api, &buyer));
    })
}

fn buyer_post(api: &Api, buyer: &Buyer, body: String) -> reqwest::RequestBuilder {
    let request = api.post(&format!("{}/cancel", api.prefix), body);
    buyer.cookie.iter().fold(request, |request, cookie| request.header("cookie", cookie))
}

/// Two parts at once, by the shop, each under a key: one of them has to wait, and is told so.
async fn refunds(api: &Api, buyer: &Buyer) {
    let order = api.get(&format!("/v1/orders/{}", buyer.order)).bearer_auth(&api.key);
    let Ok(order) = try_send(order).await else { return };
    let id = order.json()["payments"][0]["id"].as_str().expect("it is under way").to_owned();
    let part = || {
        let wish = json!({"cancelReason": "환불", "cancelAmount": PART}).to_string();
        let request = api.post(&format!("/v1/payments/{id}/cancel"), wish).bearer_auth(&api.key);
        try_send(request.header("idempotency-key", format!("shop-{}", unique())))
    };
    let _ = tokio::join!(part(), part());
}

/// Anybody may say that something has changed; each says it in its own words.
async fn notice(api: &Api, buyer: &Buyer) {
    let data = json!({"paymentKey": buyer.key, "orderId": buyer.toss_order, "status": "CANCELED"});
    let notice = json!({"eventType": "PAYMENT_STATUS_CHANGED", "number": unique(), "data": data});
    let _ = try_send(api.post("/webhooks/toss", notice.to_string())).await;
}
