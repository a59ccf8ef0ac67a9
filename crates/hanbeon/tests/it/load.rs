//! More buyers than there is room for: the surplus is turned away before Toss hears of it, and comes again.
use crate::buyer::Buyer;
use crate::support::{World, at_once, until};
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, Operation, When};

const ROOM: usize = 6;
/// Toss is slow, so that charges stay under way long after their buyers were answered.
const SLOW_MS: u64 = 6_000;

#[tokio::test]
async fn j12_at_twice_the_room_the_surplus_is_refused_before_toss_is_asked() {
    let world = World::with(&format!("[limits]\nanswer_within_ms = 500\ncharges_at_once = {ROOM}\n")).await;
    let slow = FaultKind::Delay { ms: SLOW_MS, when: When::Before };
    world.toss.add_fault(FaultRule::new(FaultOperation::Confirm, slow).times(0)).unwrap();
    let mut buyers = Vec::new();
    for _ in 0..2 * ROOM {
        buyers.push(Buyer::ready(&world, 1_000).await);
    }
    let confirms = buyers.iter().cloned().map(|buyer| {
        let api = world.api.clone();
        async move { (buyer.confirm(&api).await, buyer) }
    });
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for (answer, buyer) in at_once(confirms).await {
        if answer.status == 202 {
            accepted.push(buyer);
            continue;
        }
        answer.is(
            503,
            r#"{"code":503,"message":"결제 요청이 많아 처리할 수 없습니다. 청구된 금액이 없습니다. 잠시 후 다시 시도해주세요."}"#,
        );
        assert_eq!(answer.header("retry-after"), "2");
        refused.push(buyer);
    }
    assert_eq!((accepted.len(), refused.len()), (ROOM, ROOM));
    assert_eq!(world.metric(r#"hanbeon_incidents_total{kind="confirm_turned_away"}"#).await, Some(6));
    // Of those who were turned away nothing is on record; those who have been let in are told "pending" however
    // often they ask, and take no more room.
    for buyer in &refused {
        assert_eq!(world.stored(&buyer.key), None);
    }
    for buyer in &accepted {
        buyer.confirm(&world.api).await.has_status(202);
    }
    world.toss.clear_faults();
    for buyer in &accepted {
        world.until_stored(&buyer.key, "paid").await;
    }
    assert_eq!(
        world.calls(Operation::Confirm),
        ROOM,
        "one call for each that was accepted, none for the others"
    );
    for buyer in &refused {
        assert_eq!(world.status_at_toss(&buyer.key), "IN_PROGRESS");
        until("there is room", async || (buyer.confirm(&world.api).await.status == 200).then_some(())).await;
    }
    assert_eq!(world.calls(Operation::Confirm), 2 * ROOM);
    for buyer in &buyers {
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    }
    world.until_quiet().await;
    world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn room_for_nobody_is_no_configuration() {
    let world = World::without_server("").await;
    let config = world.folder.path().join("hanbeon.toml");
    for nonsense in ["0", "1000001"] {
        std::fs::write(&config, format!("[limits]\ncharges_at_once = {nonsense}\n")).unwrap();
        world.tool(&["serve"]).await.badly("limits.charges_at_once must be 1 to 1000000");
    }
}
