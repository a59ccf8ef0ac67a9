//! Cash receipts that stand alone.

use serde_json::{Value, json};
use toss_sandbox::{Config, FaultKind, FaultOperation, FaultRule, Merchant, Operation};

use crate::client::{Ask, Reply, Toss, WIDGET_BASIC, config};
use crate::webhooks::DAY;

fn wanted(order: &str, amount: i64) -> Value {
    json!({
        "amount": amount, "orderId": order, "orderName": "mug", "type": "소득공제",
        "customerIdentityNumber": "01012345678",
    })
}

async fn issue(toss: &Toss, order: &str, amount: i64) -> Value {
    let reply = toss.send(Ask::post("/v1/cash-receipts", wanted(order, amount))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

async fn cancel(toss: &Toss, key: &Value, body: Value) -> Reply {
    toss.send(Ask::post(&format!("/v1/cash-receipts/{}/cancel", key.as_str().unwrap()), body)).await
}

async fn list(toss: &Toss, query: &str) -> Reply {
    toss.send(Ask::get(&format!("/v1/cash-receipts?{query}"))).await
}

fn column(page: &Value, name: &str) -> Vec<Value> {
    page["data"]
        .as_array()
        .unwrap_or_else(|| panic!("no rows: {page}"))
        .iter()
        .map(|row| row[name].clone())
        .collect()
}

#[tokio::test]
async fn a_receipt_says_what_was_paid_and_hides_by_whom() {
    let toss = Toss::start().await;
    let receipt = issue(&toss, "ord-cash", 42_900).await;
    let expected = json!({
        "receiptKey": receipt["receiptKey"], "orderId": "ord-cash", "orderName": "mug", "type": "소득공제",
        "issueNumber": receipt["issueNumber"], "receiptUrl": receipt["receiptUrl"], "businessNumber": "0000000000",
        "transactionType": "CONFIRM", "amount": 42_900, "taxFreeAmount": 0, "issueStatus": "IN_PROGRESS",
        "failure": null, "customerIdentityNumber": "010*******8", "requestedAt": "2026-03-02T14:05:09+09:00",
    });
    assert_eq!(receipt, expected);
    let issued = toss.journal().pop().unwrap();
    assert_eq!(
        (issued.operation, issued.order_id.as_deref()),
        (Operation::CashReceiptIssue, Some("ord-cash"))
    );
}

#[tokio::test]
async fn the_same_order_is_issued_twice_but_for_an_idempotency_key() {
    let toss = Toss::start().await;
    let (first, second) = (issue(&toss, "ord-twice", 1_000).await, issue(&toss, "ord-twice", 1_000).await);
    assert_ne!(first["receiptKey"], second["receiptKey"]);
    toss.sandbox.add_fault(FaultRule::new(FaultOperation::CashReceiptIssue, FaultKind::LoseReply)).unwrap();
    let ask = || Ask::post("/v1/cash-receipts", wanted("ord-keyed", 1_000)).key("receipt-1");
    assert!(toss.try_send(ask()).await.is_err());
    let (replayed, again) = (toss.send(ask()).await, toss.send(ask()).await);
    assert_eq!(replayed.text(), again.text());
    let page = list(&toss, "requestDate=2026-03-02").await.json();
    assert_eq!(column(&page, "orderId"), ["ord-twice", "ord-twice", "ord-keyed"]);
}

#[tokio::test]
async fn a_receipt_is_cancelled_in_parts_until_nothing_is_left() {
    let toss = Toss::start().await;
    let receipt = issue(&toss, "ord-parts", 10_000).await;
    let key = &receipt["receiptKey"];
    let part = cancel(&toss, key, json!({ "amount": 3_000 })).await.json();
    assert_eq!((&part["transactionType"], &part["amount"]), (&json!("CANCEL"), &json!(3_000)));
    assert_eq!(part["receiptKey"], format!("c_{}", key.as_str().unwrap()));
    assert_eq!(cancel(&toss, key, json!({ "amount": 7_001 })).await.verdict(), "403 NOT_CANCELABLE_AMOUNT");
    assert_eq!(cancel(&toss, key, json!({ "amount": 0 })).await.verdict(), "400 INVALID_REQUEST");
    let rest = cancel(&toss, key, json!({})).await.json();
    assert_eq!(rest["amount"], 7_000);
    assert_eq!(cancel(&toss, key, json!({})).await.verdict(), "403 NOT_CANCELABLE_AMOUNT");
    assert_eq!(cancel(&toss, &part["receiptKey"], json!({})).await.verdict(), "404 NOT_FOUND");
    assert_eq!(cancel(&toss, &json!("unknown"), json!({})).await.verdict(), "404 NOT_FOUND");
    let path = format!("/v1/cash-receipts/{}/cancel", key.as_str().unwrap());
    let stranger = Ask::post(&path, json!({})).with("authorization", WIDGET_BASIC);
    assert_eq!(toss.send(stranger).await.verdict(), "404 NOT_FOUND");
    let page = list(&toss, "requestDate=2026-03-02").await.json();
    assert_eq!(column(&page, "transactionType"), ["CONFIRM", "CANCEL", "CANCEL"]);
}

#[tokio::test]
async fn a_day_is_listed_page_after_page() {
    let toss = Toss::start().await;
    for order in 0..5 {
        issue(&toss, &format!("ord-day-{order}"), 1_000).await;
    }
    toss.sandbox.advance(DAY);
    issue(&toss, "ord-tomorrow", 1_000).await;
    let (mut walked, mut cursor) = (Vec::new(), 0);
    loop {
        let page = list(&toss, &format!("requestDate=2026-03-02&limit=2&cursor={cursor}")).await.json();
        walked.extend(column(&page, "orderId"));
        cursor = page["lastCursor"].as_u64().unwrap();
        if page["hasNext"] == false {
            break;
        }
    }
    assert_eq!(walked, ["ord-day-0", "ord-day-1", "ord-day-2", "ord-day-3", "ord-day-4"]);
    let next = list(&toss, "requestDate=2026-03-03").await.json();
    assert_eq!(column(&next, "orderId"), ["ord-tomorrow"]);
    let empty = list(&toss, "requestDate=2026-03-04&cursor=").await.json();
    assert_eq!(empty, json!({ "hasNext": false, "lastCursor": 0, "data": [] }));
}

#[tokio::test]
async fn a_list_asked_for_wrongly_is_refused() {
    let toss = Toss::start().await;
    for (query, verdict) in [
        ("", "400 INVALID_REQUIRED_PARAM"),
        ("requestDate=", "400 INVALID_REQUIRED_PARAM"),
        ("requestDate=yesterday", "400 INVALID_DATE"),
        ("requestDate=2026-03-02T00:00:00", "400 INVALID_DATE"),
        ("requestDate=2026-02-30", "400 INVALID_DATE"),
        ("requestDate=2026-03-02&cursor=x", "400 INVALID_PAGING_KEY"),
        ("requestDate=2026-03-02&limit=0", "400 INVALID_REQUEST"),
        ("requestDate=2026-03-02&limit=10001", "400 EXCEED_MAX_QUERY_LIMIT"),
        ("requestDate=2026-03-02&limit=10000", "200"),
    ] {
        assert_eq!(list(&toss, query).await.verdict(), verdict, "{query}");
    }
    let old = Merchant { version: "1.4".into(), ..Merchant::docs_api() };
    let toss = Toss::start_with(Config { merchants: vec![old], ..config() }).await;
    assert_eq!(list(&toss, "requestDate=2026-03-02").await.verdict(), "400 API_VERSION_UPDATE_NEEDED");
}

#[tokio::test]
async fn who_deducts_gives_a_phone_or_a_card_and_a_business_its_number() {
    let toss = Toss::start().await;
    for (kind, identity, verdict) in [
        ("소득공제", "010-000-1234", "200"),
        ("소득공제", "1234567890123", "200"),
        ("소득공제", "1234567890", "400 INVALID_CASH_RECEIPT_INFO"),
        ("소득공제", "hong@example.com", "400 INVALID_CASH_RECEIPT_INFO"),
        ("지출증빙", "123-45-67890", "200"),
        ("지출증빙", "01012345678", "400 INVALID_BUSINESS_NUMBER"),
        ("미발행", "01012345678", "400 INVALID_CASH_RECEIPT_INFO"),
    ] {
        let mut body = wanted("ord-kinds", 1_000);
        (body["type"], body["customerIdentityNumber"]) = (json!(kind), json!(identity));
        assert_eq!(
            toss.send(Ask::post("/v1/cash-receipts", body)).await.verdict(),
            verdict,
            "{kind} {identity}"
        );
    }
    for (field, value, verdict) in [
        ("amount", json!(0), "400 INVALID_REQUEST"),
        ("taxFreeAmount", json!(1_001), "400 INVALID_REQUEST"),
        ("orderId", json!("x".repeat(65)), "400 INVALID_REQUEST"),
        ("orderId", json!(null), "400 INVALID_REQUIRED_PARAM"),
        ("orderName", json!(""), "400 INVALID_REQUEST"),
    ] {
        let mut body = wanted("ord-fields", 1_000);
        body[field] = value.clone();
        assert_eq!(
            toss.send(Ask::post("/v1/cash-receipts", body)).await.verdict(),
            verdict,
            "{field} {value}"
        );
    }
}

#[tokio::test]
async fn the_tax_service_answers_when_a_test_says_so() {
    let toss = Toss::start().await;
    let confirmed = issue(&toss, "ord-confirmed", 1_000).await["receiptKey"].as_str().unwrap().to_owned();
    let refused = issue(&toss, "ord-refused", 1_000).await["receiptKey"].clone();
    toss.sandbox.complete_cash_receipt(&confirmed).unwrap();
    assert_eq!(toss.sandbox.fail_cash_receipt(&confirmed).unwrap_err().code, "INVALID_REQUEST");
    let path = format!("/sandbox/cash-receipts/{}/fail", refused.as_str().unwrap());
    let body = json!({ "message": "[TS5] 중복" });
    assert_eq!(toss.send(Ask::post(&path, body)).await.json()["issueStatus"], "FAILED");
    let page = list(&toss, "requestDate=2026-03-02").await.json();
    assert_eq!(column(&page, "issueStatus"), ["COMPLETED", "FAILED"]);
    assert_eq!(
        column(&page, "failure"),
        [json!(null), json!({ "code": "NTS_ERROR", "message": "[TS5] 중복" })]
    );
    assert_eq!(cancel(&toss, &refused, json!({})).await.verdict(), "403 NOT_CANCELABLE_AMOUNT");
}
