//! The list of transactions, page by page.

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use toss_client::{
    Client, Error, ErrorCode, Operation, RetryClass, Transactions,
    model::{Currency, Method, PaymentStatus, TossTime},
};

use crate::client;
use crate::server::{Behaviour, Server};

const ROWS: &str = include_str!("../fixtures/transactions.json");

fn march(limit: u16) -> Transactions {
    let at = |text: &str| text.parse().expect("an instant");
    let request = Transactions::between(at("2026-02-28T15:00:00Z"), at("2026-03-31T15:00:00Z"));
    Transactions { limit: Some(limit), ..request }
}

fn page(keys: &[&str]) -> (u16, String) {
    let row = |key: &&str| json!({"transactionKey": key, "paymentKey": "pk", "orderId": "ord-1", "status": "DONE", "amount": 1_000});
    (200, keys.iter().map(row).collect::<Value>().to_string())
}

async fn toss(answers: Vec<(u16, String)>) -> (Server, Client) {
    let server = Server::start(Behaviour::answers(&answers)).await;
    let client = client(&server.url);
    (server, client)
}

/// The queries that the server saw, without the dates.
fn asked(server: &Server) -> Vec<String> {
    let of_line = |seen: &String| {
        let line = seen.lines().next().unwrap_or_default();
        let (_, rest) = line.split_once("endDate=2026-04-01T00:00:00").expect("the dates come first");
        rest.trim_end_matches(" HTTP/1.1").to_owned()
    };
    server.requests().iter().map(of_line).collect()
}

#[tokio::test]
async fn a_page_of_transactions_reads_field_by_field_and_loses_nothing() {
    let (_server, client) = toss(vec![(200, ROWS.to_owned())]).await;
    let reply = client.transactions(&march(100)).await.expect("a page");
    let [approval, cancel] = &reply.value[..] else { panic!("{:?}", reply.value) };
    assert_eq!(approval.transaction_key, "4D0F2C6A9B8E4F11A7730C52D1E9B604");
    assert_eq!(
        (approval.payment_key.as_str(), approval.order_id.as_str()),
        ("tviva20260302140509Ab3Xz", "ord-20260302-0007")
    );
    assert_eq!((&approval.method, &approval.status), (&Some(Method::Card), &PaymentStatus::Done));
    assert_eq!((approval.amount.as_won(), &approval.currency), (Some(42_900), &Some(Currency::Krw)));
    let at = approval.transaction_at.as_ref().and_then(TossTime::timestamp).map(|at| at.to_string());
    assert_eq!(at.as_deref(), Some("2026-03-02T05:05:41Z"));
    assert_eq!((&cancel.status, cancel.amount.as_won()), (&PaymentStatus::PartialCanceled, Some(12_900)));
    assert!(approval.extra.is_empty() && cancel.extra.is_empty());
    let again: Value = serde_json::to_value(&reply.value).expect("encodes");
    assert_eq!(again, serde_json::from_str::<Value>(ROWS).expect("JSON"));
    assert!(!format!("{cancel:?}").contains("a9f0c1de"), "a customer key is personal");
}

#[tokio::test]
async fn a_walk_goes_on_after_the_last_row_until_a_page_is_short() {
    let (server, client) = toss(vec![page(&["a", "b"]), page(&["c", "d"]), page(&["e"])]).await;
    let mut pages = client.pages(march(2), 10);
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await.expect("a page") {
        assert_eq!(pages.is_complete(), page.value.len() < 2);
        keys.extend(page.value.into_iter().map(|row| row.transaction_key));
    }
    assert_eq!(keys, ["a", "b", "c", "d", "e"]);
    assert_eq!(asked(&server), ["&limit=2", "&startingAfter=b&limit=2", "&startingAfter=d&limit=2"]);
    assert!(pages.is_complete() && pages.place().starting_after.as_deref() == Some("e"));
}

#[tokio::test]
async fn a_stream_of_rows_goes_on_after_an_error_with_the_page_that_failed() {
    let busy = (429, json!({"code": "TOO_MANY_REQUESTS", "message": "later"}).to_string());
    let (server, client) = toss(vec![page(&["a", "b"]), busy, page(&["c"])]).await;
    let mut rows = client.pages(march(2), 10).rows();
    let mut seen = Vec::new();
    while let Some(row) = rows.next().await {
        seen.push(
            row.map_or_else(|error| format!("{:?}", error.class(Operation::Read)), |row| row.transaction_key),
        );
    }
    assert_eq!(seen, ["a", "b", "NewKey", "c"]);
    assert_eq!(asked(&server), ["&limit=2", "&startingAfter=b&limit=2", "&startingAfter=b&limit=2"]);
}

#[tokio::test]
async fn a_stream_of_rows_that_is_cut_off_says_so_once() {
    let (_server, client) = toss(vec![page(&["a", "b"]), page(&["c", "d"])]).await;
    let mut rows = client.pages(march(2), 1).rows();
    let mut seen = Vec::new();
    while let Some(row) = rows.next().await {
        seen.push(row.map_or_else(|error| format!("{error:?}"), |row| row.transaction_key));
    }
    assert_eq!((&seen[..2], seen.len()), (&["a".to_owned(), "b".to_owned()][..], 3));
    assert!(seen[2].contains("more pages"), "{seen:?}");
}

#[tokio::test]
async fn an_empty_last_page_ends_a_walk_and_keeps_its_place() {
    let (_server, client) = toss(vec![page(&["a", "b"]), page(&[])]).await;
    let mut pages = client.pages(march(2), 10);
    while pages.next().await.expect("a page").is_some() {}
    assert!(pages.is_complete() && pages.place().starting_after.as_deref() == Some("b"));
}

#[tokio::test]
async fn a_walk_ends_at_its_bound_and_says_so() {
    let (server, client) = toss(vec![page(&["a"]), page(&["b"]), page(&["c"])]).await;
    let mut pages = client.pages(march(1), 2);
    while pages.next().await.expect("a page").is_some() {}
    assert_eq!(server.requests().len(), 2);
    assert!(!pages.is_complete() && pages.place().starting_after.as_deref() == Some("b"));
}

#[tokio::test]
async fn a_server_that_gives_the_same_page_forever_is_left() {
    let (server, client) = toss(vec![page(&["a"])]).await;
    let mut pages = client.pages(march(1), 1_000);
    while pages.next().await.expect("a page").is_some() {}
    assert_eq!(server.requests().len(), 2);
    assert!(!pages.is_complete());
}

#[tokio::test]
async fn c12_after_a_429_a_walk_resumes_where_it_was() {
    let busy = (429, r#"{"code":"TOO_MANY","message":"x"}"#.to_owned());
    let (server, client) = toss(vec![page(&["a"]), busy, page(&[])]).await;
    let mut pages = client.pages(march(1), 10);
    pages.next().await.expect("a page");
    let error = pages.next().await.expect_err("busy");
    assert_eq!(error.class(Operation::Read), RetryClass::NewKey);
    assert!(matches!(error, Error::Refused(refusal) if refusal.code == ErrorCode::from("TOO_MANY")));
    assert!(!pages.is_complete());
    pages.next().await.expect("a page");
    assert!(pages.is_complete());
    assert_eq!(asked(&server)[1..], ["&startingAfter=a&limit=1", "&startingAfter=a&limit=1"]);
}
