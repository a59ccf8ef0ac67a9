//! What buyers do to a server that will not live to answer all of them.
use crate::buyer::Buyer;
use crate::claims::REFUSAL;
use crate::support::{Api, World, try_send, unique, until};
use serde_json::json;
use tokio::task::JoinHandle;
use toss_sandbox::{FaultKind, FaultOperation, FaultRule, NewPayment};

const AMOUNT: i64 = 1_000;

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
        buyers.into_iter().enumerate().map(|(mood, buyer)| shop(&world.api, buyer, mood % 3)).collect();
    until("the moment has come", async || {
        let all_done = tasks.iter().all(JoinHandle::is_finished);
        (all_done || world.toss.journal(u64::MAX, 0).last_seq >= until_calls).then_some(())
    })
    .await;
}

/// Two clicks at once while another tab looks, and then perhaps second thoughts.
fn shop(api: &Api, buyer: Buyer, mood: usize) -> JoinHandle<()> {
    let api = api.clone();
    tokio::spawn(async move {
        let look = || try_send(api.get(&format!("{}/{}", api.prefix, buyer.order)));
        let (one, two, _, _) =
            tokio::join!(buyer.try_confirm(&api), buyer.try_confirm(&api), look(), async {
                look().await.ok()
            });
        let paid = [&one, &two].into_iter().flatten().any(|answer| answer.status == 200);
        // Whoever lost the server, or waits, has nothing to cancel.
        if paid && mood == 1 {
            let part = buyer.cancellation(Some(AMOUNT / 4)).to_string();
            let _ = try_send(buyer_post(&api, &buyer, part)).await;
        } else if paid && mood == 2 {
            let _ = tokio::join!(buyer.try_cancel(&api), buyer.try_cancel(&api));
        }
        let _ = look().await;
    })
}

fn buyer_post(api: &Api, buyer: &Buyer, body: String) -> reqwest::RequestBuilder {
    let request = api.post(&format!("{}/cancel", api.prefix), body);
    buyer.cookie.iter().fold(request, |request, cookie| request.header("cookie", cookie))
}
