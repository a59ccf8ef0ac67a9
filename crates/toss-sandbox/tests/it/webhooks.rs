//! Webhooks: what each transition tells, in which words, how often, and how it can go wrong.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use toss_sandbox::{Config, NewPayment, Sandbox, SentWebhook, WebhookEvent, WebhookState};

use crate::client::{Ask, Toss, config, with};
use crate::receiver::{Heard, Receiver};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) async fn toss_and(answers: &[u16]) -> (Toss, Receiver) {
    let toss = Toss::start().await;
    let receiver = Receiver::start(answers).await;
    receiver.subscribe(&toss.sandbox);
    (toss, receiver)
}

pub(crate) fn log(sandbox: &Sandbox) -> Vec<SentWebhook> {
    sandbox.webhooks(0, 1_000)
}

pub(crate) fn are_all(sandbox: &Sandbox, state: WebhookState) -> bool {
    let log = log(sandbox);
    !log.is_empty() && log.iter().all(|webhook| webhook.state == state)
}

pub(crate) async fn delivered(toss: &Toss) {
    toss.until("everything is delivered", |sandbox| are_all(sandbox, WebhookState::Delivered)).await;
}

/// Does something and answers with what it told, sorted.
async fn told(toss: &Toss, receiver: &Receiver, deed: impl AsyncFnOnce()) -> Vec<String> {
    let before = log(&toss.sandbox).len();
    deed().await;
    let told = log(&toss.sandbox).len() - before;
    let heard = receiver.wait(before + told).await;
    let mut tells: Vec<String> = heard[before..].iter().map(Heard::tells).collect();
    tells.sort();
    if before + told > 0 {
        delivered(toss).await;
    }
    tells
}

#[tokio::test]
async fn each_transition_of_a_card_payment_tells_what_the_documents_say() {
    let (toss, receiver) = toss_and(&[200]).await;
    assert!(told(&toss, &receiver, async || drop(toss.authenticated("ord-told", 1_000))).await.is_empty());
    let key = toss.authenticated("ord-told-2", 1_000);
    let confirm = async || drop(toss.confirm(&key, "ord-told-2", 1_000).await);
    assert_eq!(told(&toss, &receiver, confirm).await, ["P:DONE"]);
    assert!(told(&toss, &receiver, async || drop(toss.read(&key).await)).await.is_empty());
    assert!(told(&toss, &receiver, confirm).await.is_empty(), "a refused repeat");
    let part = json!({ "cancelReason": "x", "cancelAmount": 300 });
    let cancel = async || drop(toss.cancel(&key, part.clone()).await);
    assert_eq!(told(&toss, &receiver, cancel).await, ["P:PARTIAL_CANCELED"]);
    let dashboard = async || toss.sandbox.cancel_in_dashboard(&key, None).unwrap();
    assert_eq!(told(&toss, &receiver, dashboard).await, ["P:PARTIAL_CANCELED"]);
    let whole = toss.approved("ord-told-3", 1_000, "카드").await;
    receiver.wait(4).await;
    let cancel = async || drop(toss.cancel(&whole, json!({ "cancelReason": "x" })).await);
    assert_eq!(told(&toss, &receiver, cancel).await, ["P:CANCELED"]);
    let refused = NewPayment::card("ord-told-4", 1_000).refused_with("REJECT_CARD_PAYMENT");
    let refused = toss.sandbox.authenticate(&refused).unwrap();
    let confirm = async || drop(toss.confirm(&refused, "ord-told-4", 1_000).await);
    assert_eq!(told(&toss, &receiver, confirm).await, ["P:ABORTED"]);
}

#[tokio::test]
async fn e5_a_virtual_account_tells_every_change_twice() {
    let (toss, receiver) = toss_and(&[200]).await;
    let new = NewPayment::card("ord-twice", 1_000).by("가상계좌");
    let key = toss.sandbox.authenticate(&new).unwrap();
    let confirm = async || drop(toss.confirm(&key, "ord-twice", 1_000).await);
    let waits = ["D:WAITING_FOR_DEPOSIT", "P:WAITING_FOR_DEPOSIT"];
    assert_eq!(told(&toss, &receiver, confirm).await, waits);
    let deposit = async || toss.sandbox.deposit(&key).unwrap();
    assert_eq!(told(&toss, &receiver, deposit).await, ["D:DONE", "P:DONE"]);
    assert_eq!(told(&toss, &receiver, async || toss.sandbox.reverse_deposit(&key).unwrap()).await, waits);
    let cancel = async || drop(toss.cancel(&key, json!({ "cancelReason": "x" })).await);
    assert_eq!(told(&toss, &receiver, cancel).await, ["D:CANCELED", "P:CANCELED"]);
}

#[tokio::test]
async fn an_expiry_is_told_without_anybody_looking_and_a_due_date_is_not() {
    let (toss, receiver) = toss_and(&[200]).await;
    let window = json!({ "orderId": "ord-ready", "orderName": "mug", "amount": 1_000 });
    toss.send(Ask::post("/v1/payments", window)).await;
    toss.authenticated("ord-session", 1_000);
    toss.approved("ord-account", 1_000, "가상계좌").await;
    receiver.wait(2).await;
    let ten = async || toss.sandbox.advance(Duration::from_secs(600));
    assert_eq!(told(&toss, &receiver, ten).await, ["P:EXPIRED"]);
    let thirty = async || toss.sandbox.advance(Duration::from_secs(1_200));
    assert_eq!(told(&toss, &receiver, thirty).await, ["P:EXPIRED"]);
    assert!(told(&toss, &receiver, async || toss.sandbox.advance(7 * DAY)).await.is_empty());
    let by_hand = toss.authenticated("ord-by-hand", 1_000);
    let expire = async || toss.sandbox.expire(&by_hand).unwrap();
    assert_eq!(told(&toss, &receiver, expire).await, ["P:EXPIRED"]);
}

#[tokio::test]
async fn a_payment_status_changed_carries_the_payment_and_the_three_headers() {
    let (toss, receiver) = toss_and(&[200]).await;
    let key = toss.approved("ord-envelope", 42_900, "카드").await;
    let heard = receiver.wait(1).await.remove(0);
    let payment = toss.read(&key).await.text();
    let body = format!(
        r#"{{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-03-02T14:05:09.000000","data":{payment}}}"#
    );
    assert_eq!(String::from_utf8_lossy(&heard.body), body);
    assert_eq!(heard.content_type(), "application/json");
    assert_eq!(heard.header("transmission-time"), "2026-03-02T14:05:09+09:00");
    assert_eq!(heard.header("transmission-retried-count"), "0");
    let id = heard.header("transmission-id");
    let ulid = id.strip_prefix("whtrans_").expect("the prefix of an id");
    assert!(ulid.len() == 26 && ulid.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    assert!(!heard.has("tosspayments-webhook-signature"), "Toss signs no payment event");
    delivered(&toss).await;
    let log = toss.send(Ask::get("/sandbox/webhooks")).await.json();
    let row = &log["webhooks"][0];
    assert_eq!((&log["lastId"], &log["forgotten"]), (&json!(1), &json!(0)));
    assert_eq!((&row["id"], &row["body"], &row["state"]), (&json!(1), &json!(body), &json!("delivered")));
    assert_eq!((&row["transmissionId"], &row["event"]), (&json!(id), &json!("PAYMENT_STATUS_CHANGED")));
    assert_eq!((&row["orderId"], &row["paymentKey"]), (&json!("ord-envelope"), &json!(key)));
    let delivery = json!([{
        "at": "2026-03-02T14:05:09+09:00", "retriedCount": 0, "status": 200, "error": null, "byHand": false,
    }]);
    assert_eq!(row["deliveries"], delivery);
}

#[tokio::test]
async fn a_deposit_callback_is_flat_and_carries_the_secret() {
    let toss = Toss::start().await;
    let receiver = Receiver::start(&[200]).await;
    receiver.subscribe_to(&toss.sandbox, WebhookEvent::DepositCallback);
    let key = toss.approved("ord-flat", 1_000, "가상계좌").await;
    toss.approved("ord-card", 1_000, "카드").await;
    let heard = receiver.wait(1).await.remove(0);
    let payment = toss.read(&key).await.json();
    let body = format!(
        r#"{{"createdAt":"2026-03-02T14:05:09.000000","secret":{},"status":"WAITING_FOR_DEPOSIT","transactionKey":{},"orderId":"ord-flat"}}"#,
        payment["secret"], payment["lastTransactionKey"]
    );
    assert_eq!(String::from_utf8_lossy(&heard.body), body);
    delivered(&toss).await;
    assert_eq!(receiver.tells(), ["D:WAITING_FOR_DEPOSIT"], "nothing else was subscribed to");
}

#[tokio::test]
async fn e7_a_receiver_that_is_down_is_tried_eight_times_in_three_days_and_nineteen_hours() {
    let (toss, receiver) = toss_and(&[503]).await;
    toss.approved("ord-down", 1_000, "카드").await;
    receiver.wait(1).await;
    for (retry, minutes) in [1, 4, 16, 64, 256, 1_024, 4_096].into_iter().enumerate() {
        let waits = |sandbox: &Sandbox| log(sandbox)[0].deliveries.len() == retry + 1;
        toss.until("the try has failed", waits).await;
        toss.sandbox.advance(Duration::from_millis(60_000 * minutes - 1));
        toss.sandbox.advance(Duration::from_millis(1));
        receiver.wait(retry + 2).await;
    }
    toss.until("it has failed", |sandbox| are_all(sandbox, WebhookState::Failed)).await;
    toss.sandbox.advance(30 * DAY);
    let heard = receiver.heard();
    assert_eq!(heard.len(), 8);
    for (at, again) in heard.iter().enumerate() {
        assert_eq!(again.header("transmission-retried-count"), at.to_string());
        assert_eq!(again.header("transmission-id"), heard[0].header("transmission-id"));
        assert_eq!(again.body, heard[0].body, "byte for byte");
    }
    // A try that came a millisecond too early would show the second before.
    let times: Vec<_> = heard.iter().map(|again| again.header("transmission-time")).collect();
    assert_eq!(
        times,
        [
            "2026-03-02T14:05:09+09:00",
            "2026-03-02T14:06:09+09:00",
            "2026-03-02T14:10:09+09:00",
            "2026-03-02T14:26:09+09:00",
            "2026-03-02T15:30:09+09:00",
            "2026-03-02T19:46:09+09:00",
            "2026-03-03T12:50:09+09:00",
            "2026-03-06T09:06:09+09:00",
        ]
    );
    let statuses: Vec<_> = log(&toss.sandbox)[0].deliveries.iter().map(|delivery| delivery.status).collect();
    assert_eq!(statuses, [Some(503); 8]);
}

#[tokio::test]
async fn the_schedule_can_be_compressed_until_nobody_has_to_wait() {
    let toss = Toss::start_with(Config { webhook_compression: u32::MAX, ..config() }).await;
    let receiver = Receiver::start(&[500, 404, 201, 302, 200]).await;
    receiver.subscribe(&toss.sandbox);
    toss.approved("ord-compressed", 1_000, "카드").await;
    delivered(&toss).await;
    let deliveries = &log(&toss.sandbox)[0].deliveries;
    let statuses: Vec<_> = deliveries.iter().map(|delivery| delivery.status.unwrap()).collect();
    assert_eq!(statuses, [500, 404, 201, 302, 200], "only 200 is a success");
    assert_eq!(receiver.heard().len(), 5);
}

#[tokio::test]
async fn no_connection_and_no_answer_in_time_are_failures() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let hanging = Receiver::hanging().await;
    let webhook_timeout = Duration::from_millis(50);
    let toss = Toss::start_with(Config { webhook_timeout, ..config() }).await;
    for url in [&gone, &hanging.url] {
        let body = json!({ "url": url });
        assert_eq!(toss.send(Ask::post("/sandbox/webhooks/endpoints", body)).await.status, 200);
    }
    toss.approved("ord-nobody", 1_000, "카드").await;
    toss.until("both have failed", |sandbox| log(sandbox).iter().all(|w| w.deliveries.len() == 1)).await;
    let log = log(&toss.sandbox);
    assert_eq!(log.len(), 2);
    for webhook in &log {
        assert_eq!((webhook.state, webhook.deliveries[0].status), (WebhookState::Pending, None));
        let error = if webhook.url == gone { "connection" } else { "timeout" };
        assert_eq!(webhook.deliveries[0].error, Some(error));
        assert_eq!(webhook.next_at.as_deref(), Some("2026-03-02T14:06:09+09:00"));
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_neither_the_calls_nor_the_others() {
    let toss = Toss::start().await;
    let (hanging, other) = (Receiver::hanging().await, Receiver::start(&[200]).await);
    hanging.subscribe(&toss.sandbox);
    other.subscribe(&toss.sandbox);
    for order in 0..20 {
        toss.approved(&format!("ord-hanging-{order}"), 1_000, "카드").await;
    }
    other.wait(20).await;
    hanging.wait(20).await;
    let sending = log(&toss.sandbox).into_iter().filter(|webhook| webhook.state == WebhookState::Sending);
    assert!(sending.count() >= 20);
}

#[tokio::test]
async fn a_webhook_can_be_resent_by_hand_whatever_became_of_it() {
    let (toss, receiver) = toss_and(&[500, 500, 200, 500]).await;
    toss.approved("ord-resend", 1_000, "카드").await;
    let tried = async |count: usize| {
        let so = move |sandbox: &Sandbox| log(sandbox)[0].deliveries.len() == count;
        toss.until("it was tried", so).await;
    };
    tried(1).await;
    let resend = || Ask::new("POST", "/sandbox/webhooks/1/resend", Vec::new());
    assert_eq!(toss.send(resend()).await.status, 202);
    tried(2).await;
    let row = log(&toss.sandbox).remove(0);
    assert_eq!((row.state, row.deliveries[1].by_hand), (WebhookState::Pending, true));
    assert_eq!(row.next_at.as_deref(), Some("2026-03-02T14:06:09+09:00"), "the schedule stays what it was");
    assert_eq!(toss.send(resend()).await.status, 202);
    delivered(&toss).await;
    toss.sandbox.resend_webhook(1).unwrap();
    tried(4).await;
    assert_eq!(log(&toss.sandbox)[0].state, WebhookState::Delivered, "what was delivered stays delivered");
    let heard = receiver.wait(4).await;
    assert!(heard.iter().all(|again| again.body == heard[0].body));
    let unknown = Ask::new("POST", "/sandbox/webhooks/9/resend", Vec::new());
    assert_eq!(toss.send(unknown).await.status, 404);
}

#[tokio::test]
async fn endpoints_are_registered_listed_and_removed() {
    let toss = Toss::start().await;
    let receiver = Receiver::start(&[200]).await;
    let door = "/sandbox/webhooks/endpoints";
    let body = json!({ "url": receiver.url, "events": ["DEPOSIT_CALLBACK"] });
    let registered = toss.send(Ask::post(door, body.clone())).await.json();
    assert_eq!(registered, json!({ "id": 1, "url": receiver.url, "events": ["DEPOSIT_CALLBACK"] }));
    assert_eq!(toss.send(Ask::get(door)).await.json(), json!({ "endpoints": [registered] }));
    for (body, why) in [
        (json!({ "url": "http://example.com/" }), "loopback"),
        (json!({ "url": "https://127.0.0.1/" }), "loopback"),
        (json!({ "url": receiver.url, "events": ["PAYOUT_STATUS_CHANGED"] }), "BILLING_DELETED"),
        (json!({}), "url"),
    ] {
        let reply = toss.send(Ask::post(door, body)).await;
        assert_eq!(reply.status, 400);
        assert!(reply.text().contains(why), "{}", reply.text());
    }
    for _ in 1..16 {
        assert_eq!(toss.send(Ask::post(door, body.clone())).await.status, 200);
    }
    assert_eq!(toss.send(Ask::post(door, body)).await.status, 400, "sixteen are enough");
    let remove = |id: u32| Ask::new("DELETE", &format!("{door}/{id}"), Vec::new());
    for id in 1..=16 {
        assert_eq!(toss.send(remove(id)).await.status, 204);
    }
    assert_eq!(toss.send(remove(1)).await.status, 404);
    toss.approved("ord-nobody", 1_000, "가상계좌").await;
    assert!(log(&toss.sandbox).is_empty());
    let elsewhere = toss_sandbox::WebhookEndpoint::new("http://10.0.0.1/");
    assert!(Sandbox::new(Config { webhooks: vec![elsewhere], ..config() }).is_err());
}

#[tokio::test]
async fn beyond_its_bound_the_log_forgets_the_oldest_sent_or_not() {
    let toss = Toss::start_with(Config { max_webhooks: 3, ..config() }).await;
    let receiver = Receiver::start(&[503]).await;
    receiver.subscribe(&toss.sandbox);
    for order in 0..5 {
        toss.approved(&format!("ord-bound-{order}"), 1_000, "카드").await;
    }
    let log = toss.send(Ask::get("/sandbox/webhooks")).await.json();
    let ids: Vec<Value> = log["webhooks"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(
        (ids, &log["lastId"], &log["forgotten"]),
        (vec![json!(3), json!(4), json!(5)], &json!(5), &json!(2))
    );
    let page = toss.send(Ask::get("/sandbox/webhooks?after=3&limit=1")).await.json();
    assert_eq!(page["webhooks"].as_array().map(|rows| rows[0]["id"].clone()), Some(json!(4)));
    assert_eq!(toss.send(Ask::new("DELETE", "/sandbox/webhooks", Vec::new())).await.status, 204);
    let empty = toss.send(Ask::get("/sandbox/webhooks")).await.json();
    assert_eq!((&empty["webhooks"], &empty["lastId"]), (&json!([]), &json!(5)));
}

#[tokio::test]
async fn what_is_still_to_be_sent_waits_for_the_next_server() {
    let sandbox = Sandbox::new(config()).unwrap();
    let hanging = Receiver::hanging().await;
    hanging.subscribe(&sandbox);
    let receiver = Receiver::start(&[200]).await;
    receiver.subscribe(&sandbox);
    let key = sandbox.authenticate(&NewPayment::card("ord-restart", 1_000)).unwrap();
    sandbox.expire(&key).unwrap();
    assert!(are_all(&sandbox, WebhookState::Pending), "nobody serves yet");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let first = sandbox.clone();
    let served = tokio::spawn(async move { first.serve(listener, async { drop(stopped.await) }).await });
    hanging.wait(1).await;
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    let again = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let second = sandbox.clone();
    tokio::spawn(async move { second.serve(again, std::future::pending()).await });
    assert_eq!(hanging.wait(2).await[1].body, hanging.heard()[0].body, "what was on its way is sent again");
    assert!(!receiver.wait(1).await.is_empty());
}

#[tokio::test]
async fn a_quick_cancel_that_toss_drops_tells_nobody() {
    let toss = Toss::start_with(with(|switches| switches.quick_cancels_ms = 1_000)).await;
    let receiver = Receiver::start(&[200]).await;
    receiver.subscribe(&toss.sandbox);
    let key = toss.approved("ord-silent", 1_000, "카드").await;
    for _ in 0..2 {
        toss.cancel(&key, json!({ "cancelReason": "x", "cancelAmount": 300 })).await;
    }
    receiver.wait(2).await;
    assert_eq!(log(&toss.sandbox).len(), 2);
}
