//! Windows opened by a server.

use serde_json::json;

use crate::client::{Ask, Toss};

#[tokio::test]
async fn a_server_opens_a_window_and_its_checkout_address_leads_to_it() {
    let toss = Toss::start().await;
    let body = json!({
        "method": "CARD", "amount": 15_000, "orderId": "ord-server-window", "orderName": "mug and 1 more",
        "successUrl": "https://shop.example/ok", "failUrl": "https://shop.example/no",
        "metadata": { "table": "7" },
    });
    let payment = toss.send(Ask::post("/v1/payments", body)).await.json();
    assert_eq!((&payment["status"], &payment["method"]), (&json!("READY"), &json!(null)));
    assert_eq!(payment["metadata"], json!({ "table": "7" }));
    let url = payment["checkout"]["url"].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://{}", toss.address)).expect("an address of this sandbox");
    let reply = toss.send(Ask::get(path)).await;
    let key = payment["paymentKey"].as_str().unwrap();
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, Some(format!("/sandbox/window/{key}").as_str()))
    );
}

#[tokio::test]
async fn an_order_id_is_free_until_it_is_approved_and_stays_used_after_a_cancel() {
    let toss = Toss::start().await;
    let open =
        || Ask::post("/v1/payments", json!({ "orderId": "ord-reused", "orderName": "mug", "amount": 1_000 }));
    let first = toss.authenticated("ord-reused", 1_000);
    assert_eq!(toss.send(open()).await.status, 200, "a second attempt");
    assert_eq!(toss.confirm(&first, "ord-reused", 1_000).await.status, 200);
    assert_eq!(toss.send(open()).await.verdict(), "400 DUPLICATED_ORDER_ID");
    assert_eq!(toss.cancel(&first, json!({ "cancelReason": "x" })).await.status, 200);
    assert_eq!(toss.send(open()).await.verdict(), "400 DUPLICATED_ORDER_ID");
}

#[tokio::test]
async fn a_window_is_opened_once_under_one_key() {
    let toss = Toss::start().await;
    let body = json!({ "orderId": "ord-opened-once", "orderName": "mug", "amount": 1_000 });
    let ask = Ask::post("/v1/payments", body).key("open-1");
    let (first, second) = (toss.send(ask.clone()).await, toss.send(ask).await);
    assert_eq!(first.text(), second.text());
}
