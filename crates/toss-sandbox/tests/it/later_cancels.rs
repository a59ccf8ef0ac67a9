//! Asynchronous cancels: accepted now, ended later (Toss state machine, Cancel sub-state).

use std::time::Duration;

use serde_json::{Value, json};
use toss_sandbox::{LaterCancelMoves, WebhookEndpoint};

use crate::client::{Ask, Toss};
use crate::ways::paid;

async fn by_alipay(toss: &Toss, order: &str) -> String {
    let wish = json!({ "method": "FOREIGN_EASY_PAY", "foreignEasyPay": { "provider": "ALIPAY" } });
    let payment = paid(toss, order, json!(10_000), wish).await;
    payment["paymentKey"].as_str().unwrap().to_owned()
}

fn cancel(amount: i64, request: &str) -> Value {
    json!({ "cancelReason": "x", "cancelAmount": amount, "currency": "KRW", "cancelRequestId": request })
}

fn end(key: &str, status: &str) -> Ask {
    Ask::post(&format!("/sandbox/payments/{key}/end-cancel"), json!({ "cancelStatus": status }))
}

fn facts(payment: &Value) -> (&str, i64, Vec<&str>) {
    let cancels = payment["cancels"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stages = cancels.iter().map(|cancel| cancel["cancelStatus"].as_str().unwrap());
    (payment["status"].as_str().unwrap(), payment["balanceAmount"].as_i64().unwrap(), stages.collect())
}

#[tokio::test]
async fn an_accepted_cancel_moves_nothing_until_it_ends() {
    let toss = Toss::start().await;
    let key = by_alipay(&toss, "ord-later").await;
    let accepted = toss.cancel(&key, cancel(4_000, "request-1")).await.json();
    assert_eq!(facts(&accepted), ("DONE", 10_000, vec!["IN_PROGRESS"]));
    assert_eq!(accepted["cancels"][0]["cancelRequestId"], "request-1");
    // What is under way cannot be cancelled a second time.
    assert_eq!(toss.cancel(&key, cancel(6_001, "request-2")).await.verdict(), "403 NOT_CANCELABLE_AMOUNT");
    let ended = toss.send(end(&key, "DONE")).await.json();
    assert_eq!(facts(&ended), ("PARTIAL_CANCELED", 6_000, vec!["DONE"]));
    assert_eq!(ended["lastTransactionKey"], ended["cancels"][0]["transactionKey"]);
    assert_eq!(toss.send(end(&key, "DONE")).await.status, 400, "nothing is under way");
    let effects: Vec<_> = toss.journal().into_iter().map(|entry| (entry.operation, entry.effect)).collect();
    let tail = serde_json::to_value(&effects[effects.len() - 3..]).unwrap();
    assert_eq!(
        tail,
        json!([["cancel", "cancel_accepted"], ["cancel", "none"], ["cancel_ended", "canceled"]])
    );
}

#[tokio::test]
async fn an_aborted_cancel_leaves_its_amount_to_be_cancelled_again() {
    let toss = Toss::start().await;
    let key = by_alipay(&toss, "ord-aborted").await;
    toss.cancel(&key, cancel(10_000, "request-1")).await;
    let aborted = toss.send(end(&key, "ABORTED")).await.json();
    assert_eq!(facts(&aborted), ("DONE", 10_000, vec!["ABORTED"]));
    let again = toss.cancel(&key, cancel(10_000, "request-2")).await.json();
    assert_eq!(facts(&again), ("DONE", 10_000, vec!["ABORTED", "IN_PROGRESS"]));
    assert_eq!(facts(&toss.send(end(&key, "DONE")).await.json()), ("CANCELED", 0, vec!["ABORTED", "DONE"]));
}

#[tokio::test]
async fn an_asynchronous_cancel_needs_an_id_of_its_own() {
    let toss = Toss::start().await;
    let key = by_alipay(&toss, "ord-request-id").await;
    let without = json!({ "cancelReason": "x" });
    assert_eq!(toss.cancel(&key, without).await.verdict(), "400 INVALID_REQUIRED_PARAM");
    assert_eq!(toss.cancel(&key, cancel(1_000, "short")).await.verdict(), "400 INVALID_REQUEST");
    assert_eq!(toss.cancel(&key, cancel(1_000, "request-1")).await.status, 200);
    assert_eq!(toss.cancel(&key, cancel(1_000, "request-1")).await.verdict(), "400 DUPLICATED_REQUEST");
    // Elsewhere the id means nothing and is not shown.
    let card = toss.approved("ord-request-card", 10_000, "CARD").await;
    let cancelled = toss.cancel(&card, cancel(1_000, "request-1")).await.json();
    assert_eq!(facts(&cancelled), ("PARTIAL_CANCELED", 9_000, vec!["DONE"]));
    assert_eq!(cancelled["cancels"][0]["cancelRequestId"], json!(null));
}

#[tokio::test]
async fn an_asynchronous_cancel_ends_by_the_clock_and_only_its_end_is_told() {
    let toss = Toss::start().await;
    let key = by_alipay(&toss, "ord-by-clock").await;
    // Nobody listens there: the log of what was made is enough.
    toss.sandbox.add_webhook_endpoint(WebhookEndpoint::new("http://127.0.0.1:9/webhooks")).unwrap();
    toss.cancel(&key, cancel(4_000, "request-1")).await;
    toss.sandbox.advance(Duration::from_millis(2_999));
    assert_eq!(facts(&toss.sandbox.payment(&key).unwrap()), ("DONE", 10_000, vec!["IN_PROGRESS"]));
    assert_eq!(toss.sandbox.webhooks(0, 10).len(), 0);
    toss.sandbox.advance(Duration::from_millis(1));
    let told = toss.sandbox.webhooks(0, 10);
    assert_eq!(told.len(), 1, "nobody has looked at the payment");
    let body: Value = serde_json::from_str(&told[0].body).unwrap();
    assert_eq!(
        (&body["eventType"], &body["data"]["cancelStatus"]),
        (&json!("CANCEL_STATUS_CHANGED"), &json!("DONE"))
    );
    assert_eq!(
        (&body["data"]["cancelRequestId"], &body["data"]["refundableAmount"]),
        (&json!("request-1"), &json!(6_000))
    );
    assert_eq!(facts(&toss.sandbox.payment(&key).unwrap()), ("PARTIAL_CANCELED", 6_000, vec!["DONE"]));
}

#[tokio::test]
async fn u27_a_switch_moves_the_balance_when_the_cancel_is_accepted() {
    let mut config = crate::client::config();
    config.switches.later_cancel_moves = LaterCancelMoves::Accepted;
    let toss = Toss::start_with(config).await;
    let key = by_alipay(&toss, "ord-moves-now").await;
    let accepted = toss.cancel(&key, cancel(10_000, "request-1")).await.json();
    assert_eq!(facts(&accepted), ("CANCELED", 0, vec!["IN_PROGRESS"]));
    let aborted = toss.send(end(&key, "ABORTED")).await.json();
    assert_eq!(facts(&aborted), ("DONE", 10_000, vec!["ABORTED"]));
}
