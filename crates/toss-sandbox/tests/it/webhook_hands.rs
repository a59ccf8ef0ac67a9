//! Webhooks by hand: sent twice, and forged.

use serde_json::{Value, json};
use toss_sandbox::{Config, NewPayment, WebhookEndpoint, WebhookEvent, WebhookForgery, WebhookState};

use crate::client::{Ask, Reply, Toss, config};
use crate::receiver::{Heard, Receiver};
use crate::webhooks::{delivered, log, toss_and};

async fn forge(toss: &Toss, body: Value) -> Reply {
    toss.send(Ask::post("/sandbox/webhooks/forge", body)).await
}

#[tokio::test]
async fn a_webhook_is_duplicated_by_hand_with_its_own_id_and_bytes() {
    let (toss, receiver) = toss_and(&[200]).await;
    toss.approved("ord-doubled", 1_000, "카드").await;
    delivered(&toss).await;
    let copied = toss.send(Ask::post("/sandbox/webhooks/1/duplicate", json!({ "copies": 3 }))).await;
    assert_eq!((copied.status, copied.json()), (202, json!({ "ids": [2, 3, 4] })));
    let once = Ask::new("POST", "/sandbox/webhooks/1/duplicate", Vec::new());
    assert_eq!(toss.send(once).await.json(), json!({ "ids": [5] }));
    let heard = receiver.wait(5).await;
    delivered(&toss).await;
    for copy in &heard {
        assert_eq!(copy.body, heard[0].body);
        assert_eq!(copy.header("transmission-id"), heard[0].header("transmission-id"));
        assert_eq!(copy.header("transmission-retried-count"), "0");
    }
    let origins: Vec<_> = log(&toss.sandbox).iter().map(|sent| sent.duplicate_of).collect();
    assert_eq!(origins, [None, Some(1), Some(1), Some(1), Some(1)]);
}

#[tokio::test]
async fn a_webhook_that_is_on_its_way_is_duplicated_beside_itself() {
    let toss = Toss::start().await;
    let hanging = Receiver::hanging().await;
    hanging.subscribe(&toss.sandbox);
    toss.approved("ord-race", 1_000, "카드").await;
    hanging.wait(1).await;
    toss.sandbox.duplicate_webhook(1, 2).unwrap();
    hanging.wait(3).await;
    assert!(log(&toss.sandbox).iter().all(|sent| sent.state == WebhookState::Sending));
}

#[tokio::test]
async fn duplicates_are_bounded_and_of_something() {
    let (toss, receiver) = toss_and(&[200]).await;
    toss.approved("ord-few", 1_000, "카드").await;
    receiver.wait(1).await;
    for (path, body, status) in [
        ("/sandbox/webhooks/9/duplicate", json!({}), 404),
        ("/sandbox/webhooks/1/duplicate", json!({ "copies": 0 }), 400),
        ("/sandbox/webhooks/1/duplicate", json!({ "copies": 101 }), 400),
        ("/sandbox/webhooks/1/duplicate", json!({ "copy": 1 }), 400),
    ] {
        let shown = format!("{path} {body}");
        assert_eq!(toss.send(Ask::post(path, body)).await.status, status, "{shown}");
    }
    assert_eq!(log(&toss.sandbox).len(), 1);
}

#[tokio::test]
async fn e1_a_forged_webhook_looks_like_a_real_one_and_only_the_log_knows_better() {
    let (toss, receiver) = toss_and(&[200]).await;
    let key = toss.authenticated("ord-forged", 42_900);
    let lie = json!({ "paymentKey": key, "status": "DONE", "amount": 100 });
    let forged = forge(&toss, lie).await;
    assert_eq!((forged.status, forged.json()), (202, json!({ "ids": [1] })));
    let heard = receiver.wait(1).await.remove(0);
    let body = heard.json();
    assert_eq!(body["eventType"], "PAYMENT_STATUS_CHANGED");
    let data = &body["data"];
    assert_eq!((&data["paymentKey"], &data["orderId"]), (&json!(key), &json!("ord-forged")));
    assert_eq!((&data["status"], &data["totalAmount"]), (&json!("DONE"), &json!(100)));
    assert!(heard.header("transmission-id").starts_with("whtrans_"));
    assert_eq!(heard.header("transmission-retried-count"), "0");
    delivered(&toss).await;
    let sent = log(&toss.sandbox).remove(0);
    assert_eq!((sent.forged, sent.payment_key, sent.status), (true, Some(key.clone()), None));
    assert_eq!(sent.event, WebhookEvent::PaymentStatusChanged);
    assert_eq!(toss.status(&key), "IN_PROGRESS", "nothing happened to the payment");
    assert!(toss.journal().is_empty());
}

#[tokio::test]
async fn a_forger_knows_the_secret_or_does_not() {
    let (toss, receiver) = toss_and(&[200]).await;
    let key = toss.approved("ord-secret", 1_000, "가상계좌").await;
    receiver.wait(2).await;
    let truth = toss.read(&key).await.json()["secret"].clone();
    let secret = async |secret: &str| {
        let before = receiver.heard().len();
        let lie =
            json!({ "paymentKey": key, "event": "DEPOSIT_CALLBACK", "status": "DONE", "secret": secret });
        assert_eq!(forge(&toss, lie).await.status, 202);
        receiver.wait(before + 1).await[before].json()
    };
    let wrong = secret("wrong").await;
    assert_eq!((&wrong["status"], &wrong["orderId"]), (&json!("DONE"), &json!("ord-secret")));
    assert!(wrong["secret"].as_str().is_some_and(|wrong| wrong.starts_with("ps_") && *wrong != truth));
    assert!(secret("none").await.get("secret").is_none());
    assert_eq!(secret("right").await["secret"], truth);
    assert_eq!(toss.status(&key), "WAITING_FOR_DEPOSIT");
}

#[tokio::test]
async fn a_forged_webhook_can_be_of_a_type_that_nobody_knows_or_of_a_billing_key() {
    let (toss, receiver) = toss_and(&[200]).await;
    let key = toss.authenticated("ord-unknown", 1_000);
    forge(&toss, json!({ "paymentKey": key, "event": "PAYMENT_TELEPORTED" })).await;
    assert_eq!(receiver.wait(1).await[0].json()["eventType"], "PAYMENT_TELEPORTED");
    let forgery = WebhookForgery {
        event: Some("BILLING_DELETED".into()),
        billing_key: Some("made-up".into()),
        ..WebhookForgery::default()
    };
    assert_eq!(toss.sandbox.forge_webhook(&forgery), Ok(vec![2]));
    let body = receiver.wait(2).await[1].json();
    assert_eq!(
        (&body["eventType"], &body["data"]["billingKey"]),
        (&json!("BILLING_DELETED"), &json!("made-up"))
    );
    let events: Vec<_> = log(&toss.sandbox).iter().map(|sent| sent.event).collect();
    assert_eq!(events, [WebhookEvent::Unknown, WebhookEvent::BillingDeleted]);
}

#[tokio::test]
async fn forgeries_that_cannot_be_written_are_refused_and_nothing_is_sent() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-refused", 1_000);
    assert_eq!(forge(&toss, json!({ "paymentKey": key })).await.status, 400, "nobody to send it to");
    let receiver = Receiver::start(&[200]).await;
    receiver.subscribe(&toss.sandbox);
    for (body, status) in [
        (json!({}), 404),
        (json!({ "paymentKey": "nobody's" }), 404),
        (json!({ "paymentKey": key, "event": "CANCEL_STATUS_CHANGED" }), 400),
        (json!({ "paymentKey": key, "event": "BILLING_DELETED" }), 400),
        (json!({ "paymentKey": key, "event": "DEPOSIT_CALLBACK", "amount": 1 }), 400),
        (json!({ "paymentKey": key, "status": "X".repeat(301) }), 400),
        (json!({ "paymentKey": key, "secret": "guessed" }), 400),
        (json!({ "paymentKey": key, "signature": "v1:" }), 400),
    ] {
        let shown = body.to_string();
        assert_eq!(forge(&toss, body).await.status, status, "{shown}");
    }
    assert!(log(&toss.sandbox).is_empty());
}

#[tokio::test]
async fn nobody_subscribes_to_an_event_that_toss_does_not_have() {
    let toss = Toss::start().await;
    let body = json!({ "url": "http://127.0.0.1:9/", "events": ["UNKNOWN"] });
    assert_eq!(toss.send(Ask::post("/sandbox/webhooks/endpoints", body)).await.status, 400);
}

#[tokio::test]
async fn webhooks_leave_this_machine_only_when_they_are_allowed_to() {
    let elsewhere = json!({ "url": "http://shop.example:8080/webhooks/toss" });
    let toss = Toss::start().await;
    let refused = toss.send(Ask::post("/sandbox/webhooks/endpoints", elsewhere.clone())).await;
    assert!(refused.status == 400 && refused.text().contains("--webhooks-anywhere"), "{refused:?}");
    let allowed = Toss::start_with(Config { webhooks_anywhere: true, ..config() }).await;
    assert_eq!(allowed.send(Ask::post("/sandbox/webhooks/endpoints", elsewhere)).await.status, 200);
    assert_eq!(allowed.sandbox.add_webhook_endpoint(WebhookEndpoint::new("http://10.0.0.1/")), Ok(()));
    let secret = WebhookEndpoint::new("https://shop.example/");
    assert!(allowed.sandbox.add_webhook_endpoint(secret).is_err(), "no TLS here");
}

#[tokio::test]
async fn what_was_forged_can_be_duplicated_and_is_still_marked() {
    let (toss, receiver) = toss_and(&[200]).await;
    let key = toss.sandbox.authenticate(&NewPayment::card("ord-both", 1_000)).unwrap();
    forge(&toss, json!({ "paymentKey": key })).await;
    toss.sandbox.duplicate_webhook(1, 1).unwrap();
    let heard = receiver.wait(2).await;
    assert_eq!(heard.iter().map(Heard::order).collect::<Vec<_>>(), ["ord-both"; 2]);
    assert!(log(&toss.sandbox).iter().all(|sent| sent.forged));
}
