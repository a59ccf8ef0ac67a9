//! Toss is down: nobody new is sent into a payment window, whoever was in one is served when it is back.
use crate::buyer::Buyer;
use crate::support::{World, send, until};
use toss_sandbox::EffectKind;

/// A buyer who is told "pending" at once.
const CURT: &str = "[limits]\nanswer_within_ms = 200\ntoss_connect_timeout_ms = 300\n";

async fn metrics(world: &World) -> String {
    send(world.api.get("/metrics")).await.body
}

#[tokio::test]
async fn c7_while_toss_is_down_no_window_opens_and_the_backlog_drains_by_itself() {
    let world = World::without_toss(CURT).await;
    let mut backlog = Vec::new();
    for _ in 0..6 {
        backlog.push(Buyer::ready(&world, 1_000).await);
    }
    assert!(metrics(&world).await.contains("hanbeon_toss_down 0"));
    for buyer in &backlog {
        buyer.confirm(&world.api).await.has_status(202);
    }
    let mut late = Buyer::new(&world.api, 1_000).await;
    let closed = until("no window is opened any more", async || {
        let answer = late.save(&world.api).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    closed.is(503, r#"{"code":503,"message":"결제사 연결이 원활하지 않습니다. 잠시 후 다시 시도해주세요."}"#);
    let seconds: u64 = closed.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let page = metrics(&world).await;
    assert!(page.contains("hanbeon_toss_down 1"), "{page}");
    assert!(page.contains("hanbeon_payments_need_review 0"), "{page}");
    assert!(!page.contains(r#"kind="breaker_opened"} 0"#), "{page}");
    // Whoever has authenticated is served all the same: the wish is durable, and "pending" is the truth.
    backlog[0].confirm(&world.api).await.has_status(202);

    world.open_toss();
    until("windows open again", async || (late.save(&world.api).await.status == 200).then_some(())).await;
    for buyer in &backlog {
        world.until_stored(&buyer.key, "paid").await;
        buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    }
    assert!(metrics(&world).await.contains("hanbeon_toss_down 0"));
    late.key = world.authenticate(&late.toss_order, 1_000);
    late.confirm(&world.api).await.is(200, &late.view("DONE"));
}
