//! Read, by payment and by order.

use std::time::Duration;

use serde_json::json;
use toss_sandbox::{Config, ReadByOrder};

use crate::client::{Ask, Toss, config, with};

fn by_order(order: &str) -> Ask {
    Ask::get(&format!("/v1/payments/orders/{order}"))
}

#[tokio::test]
async fn a_payment_is_read_by_its_key_and_by_its_order_in_the_same_bytes() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-read-twice", 1_000, "카드").await;
    let (by_key, by_order) = (toss.read(&key).await, toss.send(by_order("ord-read-twice")).await);
    assert_eq!(by_key.status, 200);
    assert_eq!(by_key.text(), by_order.text());
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let toss = Toss::start().await;
    for ask in [Ask::get("/v1/payments/unknown"), by_order("ord-unknown")] {
        let reply = toss.send(ask).await;
        assert_eq!(reply.status, 404);
        assert_eq!(
            reply.text(),
            r#"{"code":"NOT_FOUND_PAYMENT","message":"존재하지 않는 결제 정보 입니다."}"#
        );
    }
}

#[tokio::test]
async fn an_unconfirmed_payment_can_be_read_and_has_no_particulars_yet() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-unconfirmed", 15_000);
    let payment = toss.read(&key).await.json();
    assert_eq!((&payment["status"], &payment["method"]), (&json!("IN_PROGRESS"), &json!("카드")));
    assert_eq!((&payment["suppliedAmount"], &payment["vat"]), (&json!(13_636), &json!(1_364)));
    for field in ["approvedAt", "lastTransactionKey", "card", "receipt", "cancels", "failure"] {
        assert_eq!(payment[field], json!(null), "{field}");
    }
}

#[tokio::test]
async fn a_window_that_nobody_used_for_thirty_minutes_is_expired() {
    let toss = Toss::start().await;
    let body = json!({ "orderId": "ord-abandoned", "orderName": "mug", "amount": 1_000 });
    let key = toss.send(Ask::post("/v1/payments", body)).await.json()["paymentKey"].clone();
    let key = key.as_str().unwrap();
    toss.sandbox.advance(Duration::from_secs(30 * 60 - 1));
    assert_eq!(toss.read(key).await.json()["status"], "READY");
    toss.sandbox.advance(Duration::from_secs(1));
    let payment = toss.read(key).await.json();
    assert_eq!(
        (&payment["status"], &payment["failure"]["code"]),
        (&json!("EXPIRED"), &json!("EXPIRED_PAYMENT"))
    );
}

#[tokio::test]
async fn of_several_attempts_for_an_order_the_configured_one_is_read() {
    for (read_by_order, reads_approved) in [(ReadByOrder::Newest, false), (ReadByOrder::ApprovedFirst, true)]
    {
        let toss = Toss::start_with(with(|switches| switches.read_by_order = read_by_order)).await;
        let approved = toss.authenticated("ord-attempts", 1_000);
        let newest = toss.authenticated("ord-attempts", 1_000);
        assert_eq!(toss.send(by_order("ord-attempts")).await.json()["paymentKey"], newest.as_str());
        assert_eq!(toss.confirm(&approved, "ord-attempts", 1_000).await.status, 200);
        let wanted = if reads_approved { &approved } else { &newest };
        assert_eq!(toss.send(by_order("ord-attempts")).await.json()["paymentKey"], wanted.as_str());
    }
}

#[tokio::test]
async fn beyond_its_bound_the_oldest_finished_payment_is_forgotten_and_no_other() {
    let toss = Toss::start_with(Config { max_payments: 3, ..config() }).await;
    let waiting = toss.authenticated("ord-waiting", 1_000);
    let done = toss.approved("ord-finished-first", 1_000, "카드").await;
    let later = toss.approved("ord-finished-later", 1_000, "카드").await;
    toss.authenticated("ord-one-too-many", 1_000);
    assert_eq!(toss.read(&done).await.verdict(), "404 NOT_FOUND_PAYMENT");
    assert_eq!(toss.send(by_order("ord-finished-first")).await.verdict(), "404 NOT_FOUND_PAYMENT");
    for kept in [waiting, later] {
        assert_eq!(toss.read(&kept).await.status, 200);
    }
}

#[tokio::test]
async fn beyond_one_bound_for_all_of_it_nothing_that_a_payment_leaves_behind_is_kept() {
    let mut config = config();
    config.keep_payments(16);
    let toss = Toss::start_with(config).await;
    let first = toss.authenticated("ord-of-many-0", 1_000);
    let named = Ask::confirm(&first, "ord-of-many-0", 1_000).with("Idempotency-Key", "of-many-0");
    for number in 0..50 {
        let order = format!("ord-of-many-{number}");
        let key = if number == 0 { first.clone() } else { toss.authenticated(&order, 1_000) };
        let confirm = Ask::confirm(&key, &order, 1_000).with("Idempotency-Key", &format!("of-many-{number}"));
        assert_eq!(toss.send(confirm).await.status, 200);
    }
    assert_eq!(toss.send(Ask::get("/sandbox/payments")).await.json()["total"], 16);
    let rows = toss.send(Ask::get("/v1/transactions?startDate=2026-03-02&endDate=2026-03-03")).await.json();
    assert_eq!(rows.as_array().map(Vec::len), Some(16));
    let entries = toss.send(Ask::get("/sandbox/journal?limit=1000")).await.json();
    assert!(entries["entries"].as_array().is_some_and(|entries| entries.len() <= 17), "{entries}");
    // Its key is forgotten, too: nothing is replayed.
    assert_eq!(toss.send(named).await.verdict(), "404 NOT_FOUND_PAYMENT");
}
