//! What the shop is told: every change, once, in order, in the same bytes however often it asks.
use crate::buyer::Buyer;
use crate::support::{Answer, World, at_once};
use serde_json::Value;
use toss_sandbox::{FaultKind, FaultOperation};

/// The list from here on.
pub(crate) async fn list(world: &World, query: &str) -> Answer {
    world.api.shop_get(&format!("/v1/events{query}")).await
}

/// The types of this order's events, oldest first.
pub(crate) async fn told(world: &World, buyer: &Buyer) -> Vec<String> {
    let all = list(world, "?limit=1000").await.has_status(200);
    let of_order = |event: &&Value| event["data"]["backendOrderId"] == *buyer.order;
    let events = all["events"].as_array().unwrap().iter().filter(of_order);
    events.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn s14_the_list_says_the_same_whenever_it_is_read() {
    let mut world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    buyer.cancel_part(&world.api, 400).await.has_status(200);
    let declined = Buyer::ready(&world, 1_000).await;
    let refused = FaultKind::FailBefore { status: 403, code: Some("REJECT_CARD_PAYMENT".to_owned()) };
    world.spoil(FaultOperation::Confirm, refused);
    declined.confirm(&world.api).await.is_refusal();

    assert_eq!(told(&world, &buyer).await, ["payment.paid", "payment.partially_canceled"]);
    assert_eq!(told(&world, &declined).await, ["payment.declined"]);
    let whole = list(&world, "").await;
    let events = whole.has_status(200)["events"].as_array().unwrap().clone();
    assert_eq!(events.iter().map(|event| event["number"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    let part = &events[1];
    assert_eq!((&part["sequence"], &part["data"]["refundedAmount"]), (&2.into(), &400.into()));
    assert_eq!(part["data"]["state"], "partially_canceled");
    assert_eq!(events[2]["data"]["failure"]["code"], "REJECT_CARD_PAYMENT");
    // Asked again nothing new is told; a new life says the same.
    buyer.confirm(&world.api).await.has_status(200);
    world.restart().await;
    assert_eq!(list(&world, "").await.body, whole.body);
    world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn l4_whoever_was_away_goes_on_where_it_stood_and_delays_nobody() {
    let world = World::new().await;
    let mut buyers = Vec::new();
    for _ in 0..5 {
        buyers.push(Buyer::paid(&world, 1_000).await);
    }
    let whole = list(&world, "").await.has_status(200)["events"].as_array().unwrap().clone();
    assert_eq!(whole.len(), 5);
    // Many readers, each at its own pace, and all of them read everything.
    let readers = [1_usize, 2, 3, 5].map(|limit| {
        let api = world.api.clone();
        async move {
            let (mut read, mut after) = (Vec::new(), 0);
            loop {
                let page =
                    api.shop_get(&format!("/v1/events?after={after}&limit={limit}")).await.has_status(200);
                let events = page["events"].as_array().unwrap().clone();
                assert!(events.len() <= limit);
                after = events.last().map_or(after, |event| event["number"].as_u64().unwrap());
                read.extend(events);
                if page["hasMore"] == false {
                    return read;
                }
            }
        }
    });
    for read in at_once(readers).await {
        assert_eq!(read, whole);
    }
    let beyond = list(&world, "?after=999999").await;
    beyond.is(200, r#"{"events":[],"hasMore":false}"#);
}

#[tokio::test]
async fn only_the_shop_reads_the_list_and_a_bad_page_says_what_is_wrong() {
    let world = World::new().await;
    let bare = crate::support::send(world.api.get("/v1/events")).await;
    assert_eq!(bare.has_status(401)["code"], "MISSING_API_KEY");
    for bad in ["?after=-1", "?after=x", "?limit=0", "?limit=1001", "?limit=many"] {
        let problem = list(&world, bad).await;
        assert_eq!(problem.has_status(400)["code"], "INVALID_REQUEST", "{bad}");
        problem.is_refusal();
    }
}
