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

#[tokio::test]
async fn the_buyer_and_the_shop_see_where_to_pay_in_and_nobody_else_does() {
    let mut world = World::new().await;
    let buyer = waiting(&world).await;
    let theirs = world.toss.payment(&buyer.key).unwrap()["virtualAccount"].clone();
    let path = format!("/payments/{}/virtual-account", buyer.order);
    let ask = async |cookie: Option<&String>| {
        let request =
            cookie.into_iter().fold(world.api.get(&path), |get, cookie| get.header("cookie", cookie));
        crate::support::send(request).await
    };
    let shown = ask(buyer.cookie.as_ref()).await.has_status(200);
    for (ours, field) in
        [("bankCode", "bankCode"), ("accountNumber", "accountNumber"), ("customerName", "customerName")]
    {
        assert_eq!(shown[ours], theirs[field], "{shown}");
    }
    assert_eq!((&shown["bankName"], &shown["expired"]), (&"우리".into(), &false.into()));
    let stranger = Buyer::ready(&world, 1_000).await;
    for other in [None, stranger.cookie.as_ref()] {
        ask(other).await.has_status(404);
    }
    let shop = crate::shop::Shop::of(&world, &buyer).await;
    let path = format!("/v1/payments/{}/virtual-account", shop.payment);
    assert_eq!(world.api.shop_get(&path).await.has_status(200), shown);
    world.toss.deposit(&buyer.key).unwrap();
    world.restart().await;
    buyer.confirm(&world.api).await.has_status(200);
}

#[tokio::test]
async fn s19_no_account_number_is_written_down() {
    let mut world = World::new().await;
    let buyer = waiting(&world).await;
    let number = world.toss.payment(&buyer.key).unwrap()["virtualAccount"]["accountNumber"].clone();
    let number = number.as_str().unwrap().to_owned();
    let canceled = buyer.cancel(&world.api).await;
    assert_eq!(canceled.has_status(200)["status"], "CANCELED");
    let shown = canceled.json()["virtualAccount"]["accountNumber"].clone();
    assert!(
        shown
            .as_str()
            .is_some_and(|shown| shown.starts_with("***") && number.ends_with(&shown[shown.len() - 3..]))
    );
    world.kill().await;
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        let holds = bytes.windows(number.len()).any(|window| window == number.as_bytes());
        assert!(!holds, "the number is on disk");
    }
    assert!(!world.logs().contains(&number));
}

#[tokio::test]
async fn g5_a_number_that_the_bank_gives_to_the_next_buyer_pays_the_next_buyers_order_only() {
    let world = told_by_webhooks(HASTY).await;
    let number =
        |buyer: &Buyer| world.toss.payment(&buyer.key).unwrap()["virtualAccount"]["accountNumber"].clone();
    let first = waiting(&world).await;
    world.toss.expire(&first.key).unwrap();
    let second = waiting(&world).await;
    assert_eq!(number(&first), number(&second), "the bank has given it again");
    world.toss.deposit(&second.key).unwrap();
    world.until_stored(&second.key, "paid").await;
    let paid = ["payment.waiting_for_deposit", "payment.paid"];
    until("it is told", async || (told(&world, &second).await == paid).then_some(())).await;
    assert!(!told(&world, &first).await.contains(&"payment.paid".to_owned()));
    assert_ne!(world.stored(&first.key).as_deref(), Some("paid"));
}

/// 32 bytes that keep accounts from whoever reads the database.
const VAULT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const ACCOUNT: &str = "110123456789";

/// A world with a vault, and a buyer whose deposit is there.
async fn deposited() -> (World, Buyer) {
    let mut world = World::without_server(HASTY).await;
    world.open_toss();
    world.environment.push(("HANBEON_VAULT_KEY", VAULT.to_owned()));
    world.start().await;
    let url = format!("{}/webhooks/toss", world.api.url);
    world.toss.add_webhook_endpoint(WebhookEndpoint::new(url)).unwrap();
    let buyer = waiting(&world).await;
    world.toss.deposit(&buyer.key).unwrap();
    world.until_stored(&buyer.key, "paid").await;
    (world, buyer)
}

fn into_account(mut body: serde_json::Value, number: &str) -> serde_json::Value {
    body["refundReceiveAccount"] = json!({"bank": "88", "accountNumber": number, "holderName": "홍길동"});
    body
}

#[tokio::test]
async fn f7_a_deposit_goes_back_into_the_account_that_was_named_and_not_without_one() {
    let (world, buyer) = deposited().await;
    let shop = crate::shop::Shop::of(&world, &buyer).await;
    let path = format!("/v1/payments/{}/cancel", shop.payment);
    let calls = world.calls(toss_sandbox::Operation::Cancel);
    let missing = buyer.cancel(&world.api).await;
    assert_eq!(missing.has_status(400)["code"], "NEED_REFUND_ACCOUNT_DETAIL");
    let missing = world.api.once("shop-f7-1", &path, &json!({"cancelReason": "변심"})).await;
    assert_eq!(missing.has_status(409)["code"], "NEED_REFUND_ACCOUNT_DETAIL");
    for bad in ["", "110-123", "123456789012345678901"] {
        let refused = buyer.post(&world.api, "cancel", &into_account(buyer.cancellation(None), bad)).await;
        refused.is_refusal();
    }
    assert_eq!(world.calls(toss_sandbox::Operation::Cancel), calls, "Toss was not even asked");

    let part = into_account(json!({"cancelReason": "변심", "cancelAmount": 10_000}), ACCOUNT);
    let given = world.api.once("shop-f7-2", &path, &part).await.has_status(200);
    assert_eq!(
        (&given["refund"]["state"], &given["payment"]["refundedAmount"]),
        (&"done".into(), &10_000.into())
    );
    let rest = buyer.post(&world.api, "cancel", &into_account(buyer.cancellation(None), ACCOUNT)).await;
    assert_eq!(rest.has_status(200)["balanceAmount"], 0);
    assert_eq!(world.stored(&buyer.key).as_deref(), Some("canceled"));
}

#[tokio::test]
async fn f7_the_account_survives_a_crash_sealed_and_is_gone_when_the_money_is_back() {
    let (mut world, buyer) = deposited().await;
    world.environment.push(("HANBEON_FAILPOINT", "refund queued:1".to_owned()));
    world.restart().await;
    let wish = into_account(buyer.cancellation(None), ACCOUNT);
    let asked = crate::support::try_send(
        world.api.post("/payments/cancel", wish.to_string()).bearer_auth(&world.api.key),
    );
    assert!(asked.await.is_err(), "the server died over it");
    until("it has died", async || world.has_ended()).await;
    let on_disk = |world: &World| {
        let files = std::fs::read_dir(world.folder.path()).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default()).collect::<Vec<_>>().concat()
    };
    let holds = |bytes: &[u8]| bytes.windows(ACCOUNT.len()).any(|window| window == ACCOUNT.as_bytes());
    assert!(!holds(&on_disk(&world)), "s19: the account is on disk in clear");
    world.environment.retain(|(name, _)| *name != "HANBEON_FAILPOINT");
    world.start().await;
    world.until_stored(&buyer.key, "canceled").await;
    assert_eq!(world.status_at_toss(&buyer.key), "CANCELED");
    let left: i64 =
        world.db().query_row("SELECT count(*) FROM refund_accounts", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    assert!(!holds(&on_disk(&world)) && !world.logs().contains(ACCOUNT));
    world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn f7_an_account_that_the_bank_does_not_know_is_told_and_another_can_be_named() {
    let (world, buyer) = deposited().await;
    let wrong = into_account(buyer.cancellation(None), "0000000000");
    let refused = buyer.post(&world.api, "cancel", &wrong).await;
    assert_eq!(refused.has_status(400)["code"], "FORBIDDEN_BANK_REFUND_REQUEST");
    assert_eq!(world.stored(&buyer.key).as_deref(), Some("paid"));
    let right = buyer.post(&world.api, "cancel", &into_account(buyer.cancellation(None), ACCOUNT)).await;
    assert_eq!(right.has_status(200)["status"], "CANCELED");
}

#[tokio::test]
async fn f7_without_a_vault_an_account_is_refused_and_nothing_is_written() {
    let world = told_by_webhooks(HASTY).await;
    let buyer = waiting(&world).await;
    world.toss.deposit(&buyer.key).unwrap();
    world.until_stored(&buyer.key, "paid").await;
    let refused = buyer.post(&world.api, "cancel", &into_account(buyer.cancellation(None), ACCOUNT)).await;
    assert_eq!(refused.has_status(501)["code"], "VAULT_NOT_CONFIGURED");
    assert_eq!(world.stored(&buyer.key).as_deref(), Some("paid"));
}
