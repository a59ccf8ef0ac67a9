//! The list of transactions.

use std::time::Duration;

use serde_json::{Value, json};
use toss_sandbox::{CancelSign, Config, FaultKind, FaultOperation, FaultRule, Operation};

use crate::client::{Ask, Toss, WIDGET_BASIC, WIDGET_SECRET, config, with};

/// The clock of the tests stands at 14:05:09 of this day.
const DAY: &str = "startDate=2026-03-02&endDate=2026-03-03";

async fn list(toss: &Toss, query: &str) -> Value {
    toss.send(Ask::get(&format!("/v1/transactions?{query}"))).await.json()
}

fn column(rows: &Value, name: &str) -> Vec<Value> {
    rows.as_array().unwrap_or_else(|| panic!("no rows: {rows}")).iter().map(|row| row[name].clone()).collect()
}

#[tokio::test]
async fn every_approval_and_every_cancel_is_a_row_and_nothing_else_is() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-rows", 1_000, "카드").await;
    toss.cancel(&key, json!({ "cancelReason": "x", "cancelAmount": 300 })).await;
    toss.sandbox.cancel_in_dashboard(&key, None).unwrap();
    toss.authenticated("ord-unpaid", 1_000);
    toss.cancel(&key, json!({ "cancelReason": "x" })).await;
    let rows = list(&toss, DAY).await;
    assert_eq!(column(&rows, "amount"), [json!(1_000), json!(300), json!(700)]);
    assert_eq!(column(&rows, "status"), ["DONE", "PARTIAL_CANCELED", "PARTIAL_CANCELED"]);
    let payment = toss.read(&key).await.json();
    let cancels = column(&payment["cancels"], "transactionKey");
    assert_eq!(column(&rows, "transactionKey")[1..], cancels[..]);
    let first = json!({
        "mId": "tvivarepublica", "transactionKey": rows[0]["transactionKey"], "paymentKey": key,
        "orderId": "ord-rows", "method": "카드", "customerKey": null, "useEscrow": false,
        "receiptUrl": payment["receipt"]["url"], "status": "DONE",
        "transactionAt": "2026-03-02T14:05:09+09:00", "currency": "KRW", "amount": 1_000,
    });
    assert_eq!(rows[0], first);
    let listed = toss.journal().into_iter().filter(|entry| entry.operation == Operation::Transactions);
    assert_eq!(listed.map(|entry| entry.status).collect::<Vec<_>>(), [Some(200)]);
}

#[tokio::test]
async fn a_virtual_account_waits_with_a_row_of_zero() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-account", 42_900, "가상계좌").await;
    toss.sandbox.deposit(&key).unwrap();
    toss.sandbox.reverse_deposit(&key).unwrap();
    toss.sandbox.deposit(&key).unwrap();
    let rows = list(&toss, DAY).await;
    assert_eq!(column(&rows, "amount"), [0, 42_900, 42_900]);
    assert_eq!(column(&rows, "status"), ["WAITING_FOR_DEPOSIT", "DONE", "DONE"]);
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_and_a_short_one_is_the_last() {
    let toss = Toss::start().await;
    for order in 0..5 {
        toss.approved(&format!("ord-page-{order}"), 1_000, "카드").await;
    }
    let whole = column(&list(&toss, DAY).await, "transactionKey");
    let (mut walked, mut after) = (Vec::new(), String::new());
    loop {
        let page = list(&toss, &format!("{DAY}&limit=2&startingAfter={after}")).await;
        let keys = column(&page, "transactionKey");
        walked.extend(keys.clone());
        if keys.len() < 2 {
            break;
        }
        after = keys[1].as_str().unwrap().to_owned();
    }
    assert_eq!((walked.len(), &walked), (5, &whole));
}

#[tokio::test]
async fn the_dates_are_korean_and_a_bare_one_is_its_midnight() {
    let toss = Toss::start().await;
    toss.approved("ord-dates", 1_000, "카드").await;
    for (query, found) in [
        ("startDate=2026-03-02T14:05:09&endDate=2026-03-02T14:05:09", 1),
        ("startDate=2026-03-02T14:05:10&endDate=2026-03-03", 0),
        ("startDate=2026-03-01&endDate=2026-03-02T14:05:08", 0),
        ("startDate=2026-03-01&endDate=2026-03-02", 0),
        ("startDate=2026-03-02&endDate=2026-03-03&limit=5000", 1),
        ("startDate=2026-03-02&endDate=2026-03-03&limit=&startingAfter=", 1),
    ] {
        assert_eq!(list(&toss, query).await.as_array().map(Vec::len), Some(found), "{query}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_understood_is_refused() {
    let toss = Toss::start().await;
    let unknown = "0".repeat(32);
    for (query, verdict) in [
        (String::new(), "400 INVALID_REQUIRED_PARAM"),
        ("startDate=2026-03-02".into(), "400 INVALID_REQUIRED_PARAM"),
        ("startDate=today&endDate=2026-03-03".into(), "400 INVALID_ISO_DATE_FORMAT"),
        ("startDate=2026-03-02T00:00:00Z&endDate=2026-03-03".into(), "400 INVALID_ISO_DATE_FORMAT"),
        ("startDate=2026-03-02T00:00:00%2B09:00&endDate=2026-03-03".into(), "400 INVALID_ISO_DATE_FORMAT"),
        ("startDate=2026-03-03&endDate=2026-03-02".into(), "400 INVALID_DATE"),
        (format!("{DAY}&limit=0"), "400 INVALID_REQUEST"),
        (format!("{DAY}&limit=many"), "400 INVALID_REQUEST"),
        (format!("{DAY}&limit=5001"), "400 EXCEED_MAX_QUERY_LIMIT"),
        (format!("{DAY}&startingAfter=x"), "400 INVALID_PAGING_KEY"),
        (format!("{DAY}&startingAfter={unknown}"), "400 INVALID_PAGING_KEY"),
    ] {
        let ask = Ask::get(&format!("/v1/transactions?{query}"));
        assert_eq!(toss.send(ask).await.verdict(), verdict, "{query}");
    }
    let stranger = Ask::get(&format!("/v1/transactions?{DAY}")).without("authorization");
    assert_eq!(toss.send(stranger).await.verdict(), "401 UNAUTHORIZED_KEY");
}

#[tokio::test]
async fn a_merchant_lists_its_own_rows_only() {
    let toss = Toss::start().await;
    let other = toss_sandbox::NewPayment::card("ord-widget", 2_000).of(WIDGET_SECRET);
    let key = toss.sandbox.authenticate(&other).unwrap();
    let confirm = Ask::confirm(&key, "ord-widget", 2_000).with("authorization", WIDGET_BASIC);
    assert_eq!(toss.send(confirm).await.status, 200);
    toss.approved("ord-own", 1_000, "카드").await;
    assert_eq!(column(&list(&toss, DAY).await, "orderId"), ["ord-own"]);
    let widget = Ask::get(&format!("/v1/transactions?{DAY}")).with("authorization", WIDGET_BASIC);
    let rows = toss.send(widget).await.json();
    assert_eq!(column(&rows, "orderId"), ["ord-widget"]);
    let foreign = rows[0]["transactionKey"].as_str().unwrap();
    let ask = Ask::get(&format!("/v1/transactions?{DAY}&startingAfter={foreign}"));
    assert_eq!(toss.send(ask).await.verdict(), "400 INVALID_PAGING_KEY");
}

#[tokio::test]
async fn the_sign_of_cancels_and_the_lag_of_fresh_rows_are_switches() {
    let toss = Toss::start_with(with(|switches| {
        switches.cancel_sign = CancelSign::Negative;
        switches.transactions_lag_ms = 60_000;
    }))
    .await;
    let key = toss.approved("ord-signs", 1_000, "카드").await;
    toss.cancel(&key, json!({ "cancelReason": "x", "cancelAmount": 300 })).await;
    toss.sandbox.advance(Duration::from_secs(59));
    assert_eq!(list(&toss, DAY).await, json!([]));
    toss.sandbox.advance(Duration::from_secs(1));
    assert_eq!(column(&list(&toss, DAY).await, "amount"), [1_000, -300]);
}

#[tokio::test]
async fn c12_a_rule_makes_the_list_answer_429() {
    let toss = Toss::start().await;
    let busy = FaultKind::FailBefore { status: 429, code: None };
    toss.sandbox.add_fault(FaultRule::new(FaultOperation::Transactions, busy)).unwrap();
    let key = toss.approved("ord-busy", 1_000, "카드").await;
    assert_eq!(toss.read(&key).await.status, 200, "the rule is about the list alone");
    let ask = Ask::get(&format!("/v1/transactions?{DAY}"));
    assert_eq!(toss.send(ask.clone()).await.verdict(), "429 TOO_MANY_REQUESTS");
    assert_eq!(toss.send(ask).await.status, 200);
}

#[tokio::test]
async fn beyond_its_bound_the_list_forgets_the_oldest_rows() {
    let toss = Toss::start_with(Config { max_transactions: 2, ..config() }).await;
    for order in ["ord-old", "ord-newer", "ord-newest"] {
        toss.approved(order, 1_000, "카드").await;
    }
    assert_eq!(column(&list(&toss, DAY).await, "orderId"), ["ord-newer", "ord-newest"]);
}
