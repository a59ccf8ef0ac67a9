//! The control door and the journal.

use serde_json::{Value, json};

use crate::client::{API_SECRET, Ask, Toss, WIDGET_BASIC};

#[tokio::test]
async fn a_payment_is_made_ready_to_confirm_in_one_call() {
    let toss = Toss::start().await;
    let body = json!({ "orderId": "ord-control", "amount": 1_000, "orderName": "mug", "method": "계좌이체" });
    let payment = toss.send(Ask::post("/sandbox/payments", body)).await.json();
    assert_eq!((&payment["status"], &payment["method"]), (&json!("IN_PROGRESS"), &json!("계좌이체")));
    let key = payment["paymentKey"].as_str().unwrap();
    assert_eq!(toss.confirm(key, "ord-control", 1_000).await.status, 200);
}

#[tokio::test]
async fn the_control_door_asks_for_the_merchants_key_and_a_sensible_payment() {
    let toss = Toss::start().await;
    let good = json!({ "orderId": "ord-control", "amount": 1_000 });
    let ask = |body: Value| Ask::post("/sandbox/payments", body);
    let table = [
        (ask(good.clone()).without("authorization"), "401 UNAUTHORIZED_KEY"),
        (ask(json!({ "orderId": "ord-control" })), "400 INVALID_AMOUNT_VALUE"),
        (ask(json!({ "orderId": "x", "amount": 1 })), "400 INVALID_ORDER_ID"),
        (ask(json!({ "orderId": "ord-control", "amount": 1, "method": "수표" })), "400 NOT_SUPPORTED_METHOD"),
        (
            ask(json!({ "orderId": "ord-control", "amount": 1, "confirmOutcome": "NO" })),
            "400 INVALID_TEST_CODE",
        ),
        (ask(json!("payment")), "400 INVALID_REQUEST"),
        (ask(good).with("authorization", WIDGET_BASIC), "200"),
    ];
    for (ask, verdict) in table {
        assert_eq!(toss.send(ask).await.verdict(), verdict);
    }
}

#[tokio::test]
async fn the_journal_tells_every_call_in_order_with_its_effect() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-journal", 1_000);
    let calls = [
        Ask::confirm(&key, "ord-journal", 999),
        Ask::confirm(&key, "ord-journal", 1_000).key("intent"),
        Ask::confirm(&key, "ord-journal", 1_000).key("intent"),
        Ask::get(&format!("/v1/payments/{key}")),
        Ask::get("/v1/payments/orders/ord-journal"),
        Ask::post(&format!("/v1/payments/{key}/cancel"), json!({ "cancelReason": "x", "cancelAmount": 300 })),
        Ask::get(&format!("/v1/payments/{key}")).without("authorization"),
        Ask::post("/v1/payments", json!({ "orderId": "ord-journal-2", "orderName": "mug", "amount": 5_000 })),
    ];
    for call in calls {
        toss.send(call).await;
    }
    let journal = toss.send(Ask::get("/sandbox/journal")).await.json();
    let fields = ["seq", "operation", "amount", "status", "code", "replayed", "effect", "effectAmount"];
    let rows: Vec<Value> = journal["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| fields.iter().map(|field| entry[*field].clone()).collect())
        .collect();
    assert_eq!(
        rows,
        [
            json!([1, "confirm", 999, 400, "INVALID_REQUEST", false, "none", null]),
            json!([2, "confirm", 1_000, 200, null, false, "approved", 1_000]),
            json!([3, "confirm", 1_000, 200, null, true, "none", null]),
            json!([4, "read", null, 200, null, false, "none", null]),
            json!([5, "read_by_order", null, 200, null, false, "none", null]),
            json!([6, "cancel", 300, 200, null, false, "canceled", 300]),
            json!([7, "read", null, 401, "UNAUTHORIZED_KEY", false, "none", null]),
            json!([8, "create", 5_000, 200, null, false, "none", null]),
        ]
    );
    let approved = &journal["entries"][1];
    assert_eq!(approved["idempotencyKey"], "intent");
    assert_eq!(approved["at"], "2026-03-02T14:05:09+09:00");
    assert_eq!(approved["transactionKey"].as_str().map(str::len), Some(32));
    for entry in &journal["entries"].as_array().unwrap()[..6] {
        assert_eq!(
            (&entry["orderId"], &entry["paymentKey"]),
            (&json!("ord-journal"), &json!(key)),
            "{entry}"
        );
    }
    assert_eq!(journal["entries"][7]["orderId"], "ord-journal-2");
    let page = toss.send(Ask::get("/sandbox/journal?after=6&limit=1")).await.json();
    assert_eq!((&page["entries"][0]["seq"], &page["lastSeq"]), (&json!(7), &json!(8)));
    assert_eq!(toss.send(Ask::new("DELETE", "/sandbox/journal", Vec::new())).await.status, 204);
    let empty = toss.send(Ask::get("/sandbox/journal")).await.json();
    assert_eq!((&empty["entries"], &empty["lastSeq"]), (&json!([]), &json!(8)));
    assert!(!journal.to_string().contains(API_SECRET));
}

#[tokio::test]
async fn the_list_shows_payments_by_page_and_by_order() {
    let toss = Toss::start().await;
    for order in ["ord-list-1", "ord-list-2", "ord-list-2", "ord-list-3"] {
        toss.authenticated(order, 1_000);
    }
    let orders = |list: Value| -> Vec<String> {
        let payments = list["payments"].as_array().unwrap().clone();
        payments.iter().map(|payment| payment["orderId"].as_str().unwrap().to_owned()).collect()
    };
    for (query, found) in [
        ("", vec!["ord-list-1", "ord-list-2", "ord-list-2", "ord-list-3"]),
        ("?offset=1&limit=2", vec!["ord-list-2", "ord-list-2"]),
        ("?orderId=ord-list-3", vec!["ord-list-3"]),
        ("?limit=0", vec![]),
        ("?offset=9", vec![]),
    ] {
        let list = toss.send(Ask::get(&format!("/sandbox/payments{query}"))).await.json();
        assert_eq!(list["total"], 4);
        assert_eq!(orders(list), found, "{query}");
    }
}

#[tokio::test]
async fn the_clock_is_moved_forward_and_never_back() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-clock", 1_000);
    let moved = toss.send(Ask::post("/sandbox/clock", json!({ "advanceSeconds": 600 }))).await.json();
    assert_eq!(moved, json!({ "now": "2026-03-02T14:15:09+09:00", "frozen": false }));
    assert_eq!(toss.status(&key), "EXPIRED");
    for body in [json!({ "advanceSeconds": -1 }), json!({}), json!({ "advanceSeconds": i64::MAX })] {
        assert_eq!(toss.send(Ask::post("/sandbox/clock", body)).await.status, 400);
    }
}
