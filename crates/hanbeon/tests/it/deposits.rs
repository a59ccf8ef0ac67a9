//! Virtual accounts: the money comes later, may be taken back, and may never come.
use crate::buyer::Buyer;
use crate::events::told;
use crate::support::{World, until};
use serde_json::json;
use toss_sandbox::{NewPayment, WebhookEndpoint};

/// A bank that takes deposits back does so within a moment.
const HASTY: &str = "[payments]\ndeposit_settle_ms = 1500\n";

/// A buyer with a virtual account that waits for the money.
async fn waiting(world: &World) -> Buyer {
    let mut buyer = Buyer::ready(world, 30_000).await;
    let account = NewPayment::card(&buyer.toss_order, 30_000).by("가상계좌");
    buyer.key = world.toss.authenticate(&account).unwrap();
    buyer.confirm(&world.api).await.is(200, &buyer.view_by(r#""가상계좌""#, "WAITING_FOR_DEPOSIT"));
    buyer
}

/// A world to which Toss tells what happens.
async fn told_by_webhooks(settings: &str) -> World {
    let world = World::with(settings).await;
    let url = format!("{}/webhooks/toss", world.api.url);
    world.toss.add_webhook_endpoint(WebhookEndpoint::new(url)).unwrap();
    world
}

#[tokio::test]
async fn g1_an_account_that_waits_is_told_as_waiting_and_not_as_paid() {
    let world = told_by_webhooks(HASTY).await;
    let buyer = waiting(&world).await;
    assert_eq!(told(&world, &buyer).await, ["payment.waiting_for_deposit"]);
    world.toss.deposit(&buyer.key).unwrap();
    world.until_stored(&buyer.key, "paid").await;
    buyer.read(&world.api).await.is(200, &buyer.view_by(r#""가상계좌""#, "DONE"));
}

#[tokio::test]
async fn g2_a_deposit_is_told_as_paid_once_it_has_settled() {
    let world = told_by_webhooks(HASTY).await;
    let buyer = waiting(&world).await;
    world.toss.deposit(&buyer.key).unwrap();
    world.until_stored(&buyer.key, "paid").await;
    assert_eq!(told(&world, &buyer).await, ["payment.waiting_for_deposit"], "not yet");
    let paid = ["payment.waiting_for_deposit", "payment.paid"];
    until("it has settled", async || (told(&world, &buyer).await == paid).then_some(())).await;
    world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn g2_a_deposit_that_is_taken_back_at_once_is_never_told_as_paid() {
    let world = told_by_webhooks("[payments]\ndeposit_settle_ms = 3000\n").await;
    let buyer = waiting(&world).await;
    world.toss.deposit(&buyer.key).unwrap();
    world.until_stored(&buyer.key, "paid").await;
    world.toss.reverse_deposit(&buyer.key).unwrap();
    world.until_stored(&buyer.key, "waiting_for_deposit").await;
    buyer.read(&world.api).await.is(200, &buyer.view_by(r#""가상계좌""#, "WAITING_FOR_DEPOSIT"));
    // The buyer pays again, and this time it stays.
    world.toss.deposit(&buyer.key).unwrap();
    let paid = ["payment.waiting_for_deposit", "payment.paid"];
    until("it has settled", async || (told(&world, &buyer).await == paid).then_some(())).await;
}

#[tokio::test]
async fn g2_a_deposit_that_is_taken_back_late_is_told_too() {
    let world = told_by_webhooks("[payments]\ndeposit_settle_ms = 0\n").await;
    let buyer = waiting(&world).await;
    world.toss.deposit(&buyer.key).unwrap();
    until("it is told", async || (told(&world, &buyer).await.len() == 2).then_some(())).await;
    world.toss.reverse_deposit(&buyer.key).unwrap();
    let reverted = ["payment.waiting_for_deposit", "payment.paid", "payment.deposit_reverted"];
    until("its reversal is told", async || (told(&world, &buyer).await == reverted).then_some(())).await;
    world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn g4_a_deposit_that_no_webhook_tells_is_found_within_the_hour() {
    let mut world = World::without_server(HASTY).await;
    world.open_toss();
    let clock = world.folder.path().join("clock");
    let set = |seconds: u64| {
        let new = clock.with_extension("new");
        std::fs::write(&new, seconds.to_string()).unwrap();
        std::fs::rename(new, &clock).unwrap();
    };
    set(0);
    world.environment.push(("HANBEON_CLOCK_FILE", clock.display().to_string()));
    world.start().await;
    let buyer = waiting(&world).await;
    world.toss.deposit(&buyer.key).unwrap();
    assert_eq!(world.stored(&buyer.key).as_deref(), Some("waiting_for_deposit"), "nobody told us");
    set(3_600 + 60);
    world.until_stored(&buyer.key, "paid").await;
    let paid = ["payment.waiting_for_deposit", "payment.paid"];
    until("it is told", async || (told(&world, &buyer).await == paid).then_some(())).await;
}

#[tokio::test]
async fn g6_an_account_that_has_closed_is_told_as_expired_and_its_order_can_be_paid_again() {
    let world = World::with(HASTY).await;
    let buyer = waiting(&world).await;
    world.toss.expire(&buyer.key).unwrap();
    // Toss tells nobody that an account has closed; a look shows it.
    let hint = json!({"eventType": "PAYMENT_STATUS_CHANGED", "createdAt": "2026-01-01T00:00:00.000000",
        "data": {"paymentKey": buyer.key, "orderId": buyer.toss_order, "status": "EXPIRED"}});
    crate::support::send(world.api.post("/webhooks/toss", hint.to_string())).await.has_status(200);
    world.until_stored(&buyer.key, "expired").await;
    assert_eq!(told(&world, &buyer).await, ["payment.waiting_for_deposit", "payment.expired"]);
    let mut again =
        Buyer { key: world.authenticate(&format!("{}-2", buyer.toss_order), 30_000), ..buyer.clone() };
    again.toss_order = format!("{}-2", buyer.toss_order);
    again.confirm(&world.api).await.is(200, &again.view("DONE"));
    assert_eq!(told(&world, &buyer).await.last().unwrap(), "payment.paid");
}
