//! Webhooks on request dropped, doubled, delayed, and in the wrong order.

use std::time::Duration;

use serde_json::json;
use toss_sandbox::{WebhookFault, WebhookFaultKind, WebhookState};

use crate::client::{Ask, Toss};
use crate::receiver::Heard;
use crate::webhooks::{DAY, are_all, delivered, log, toss_and};

#[tokio::test]
async fn a_rule_drops_the_next_webhooks_for_good() {
    let (toss, receiver) = toss_and(&[200]).await;
    let rule = json!({ "kind": "drop", "times": 2, "event": "PAYMENT_STATUS_CHANGED" });
    assert_eq!(toss.send(Ask::post("/sandbox/webhooks/faults", rule)).await.status, 204);
    for order in ["ord-drop-1", "ord-drop-2", "ord-drop-3"] {
        toss.approved(order, 1_000, "카드").await;
    }
    toss.sandbox.advance(30 * DAY);
    let heard = receiver.wait(1).await;
    assert_eq!(heard.iter().map(Heard::order).collect::<Vec<_>>(), ["ord-drop-3"]);
    let states: Vec<_> = log(&toss.sandbox).iter().take(2).map(|webhook| webhook.state).collect();
    assert_eq!(states, [WebhookState::Dropped; 2]);
    toss.sandbox.resend_webhook(1).unwrap();
    assert_eq!(receiver.wait(2).await[1].order(), "ord-drop-1");
}

#[tokio::test]
async fn e9_a_rule_sends_a_webhook_more_often_than_it_should_be() {
    let (toss, receiver) = toss_and(&[200]).await;
    let twice_more = WebhookFaultKind::Duplicate { copies: 2 };
    toss.sandbox.add_webhook_fault(WebhookFault::new(twice_more).on_order("ord-copied")).unwrap();
    toss.approved("ord-once", 1_000, "카드").await;
    toss.approved("ord-copied", 1_000, "카드").await;
    let heard = receiver.wait(4).await;
    delivered(&toss).await;
    let copied: Vec<_> = heard.iter().filter(|heard| heard.order() == "ord-copied").collect();
    assert_eq!((heard.len(), copied.len()), (4, 3));
    for copy in &copied {
        assert_eq!(copy.body, copied[0].body);
        assert_eq!(copy.header("transmission-id"), copied[0].header("transmission-id"));
    }
}

#[tokio::test]
async fn a_rule_delays_a_webhook_on_the_sandboxs_clock() {
    let (toss, receiver) = toss_and(&[200]).await;
    let late = WebhookFaultKind::Delay { ms: 60_000 };
    toss.sandbox.add_webhook_fault(WebhookFault::new(late)).unwrap();
    toss.approved("ord-late", 1_000, "카드").await;
    toss.approved("ord-prompt", 1_000, "카드").await;
    receiver.wait(1).await;
    toss.sandbox.advance(Duration::from_secs(60));
    let heard = receiver.wait(2).await;
    assert_eq!(heard.iter().map(Heard::order).collect::<Vec<_>>(), ["ord-prompt", "ord-late"]);
    assert_eq!(heard[1].header("transmission-time"), "2026-03-02T14:06:09+09:00");
    assert_eq!(heard[1].json()["createdAt"], "2026-03-02T14:05:09.000000", "the event is as old as it is");
}

#[tokio::test]
async fn e4_a_rule_turns_the_order_of_webhooks_round() {
    let (toss, receiver) = toss_and(&[200]).await;
    toss.sandbox.add_webhook_fault(WebhookFault::new(WebhookFaultKind::Reorder).times(3)).unwrap();
    let key = toss.approved("ord-turned", 1_000, "카드").await;
    toss.cancel(&key, json!({ "cancelReason": "x", "cancelAmount": 300 })).await;
    assert!(are_all(&toss.sandbox, WebhookState::Held) && receiver.heard().is_empty());
    toss.approved("ord-last", 1_000, "카드").await;
    let heard = receiver.wait(3).await;
    assert_eq!(
        heard.iter().map(Heard::tells).collect::<Vec<_>>(),
        ["P:DONE", "P:PARTIAL_CANCELED", "P:DONE"]
    );
    assert_eq!(heard[0].order(), "ord-last");
    toss.approved("ord-usual", 1_000, "카드").await;
    receiver.wait(4).await;
    delivered(&toss).await;
}

#[tokio::test]
async fn a_train_of_reordered_webhooks_goes_on_over_a_failure() {
    let (toss, receiver) = toss_and(&[500, 200]).await;
    toss.sandbox.add_webhook_fault(WebhookFault::new(WebhookFaultKind::Reorder).times(2)).unwrap();
    for order in ["ord-first", "ord-second"] {
        toss.approved(order, 1_000, "카드").await;
    }
    receiver.wait(2).await;
    toss.sandbox.advance(Duration::from_secs(60));
    let heard = receiver.wait(3).await;
    assert_eq!(heard.iter().map(Heard::order).collect::<Vec<_>>(), ["ord-second", "ord-first", "ord-second"]);
}

#[tokio::test]
async fn deleting_the_rules_lets_go_of_what_they_held_back() {
    let (toss, receiver) = toss_and(&[200]).await;
    toss.sandbox.add_webhook_fault(WebhookFault::new(WebhookFaultKind::Reorder).times(9)).unwrap();
    for order in ["ord-held-1", "ord-held-2"] {
        toss.approved(order, 1_000, "카드").await;
    }
    assert!(are_all(&toss.sandbox, WebhookState::Held));
    let rules = toss.send(Ask::get("/sandbox/webhooks/faults")).await.json();
    assert_eq!(rules, json!({ "faults": [{ "times": 7, "kind": "reorder" }] }));
    let delete = Ask::new("DELETE", "/sandbox/webhooks/faults", Vec::new());
    assert_eq!(toss.send(delete).await.status, 204);
    receiver.wait(2).await;
    delivered(&toss).await;
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused() {
    let toss = Toss::start().await;
    for body in [
        json!({ "kind": "reorder" }),
        json!({ "kind": "reorder", "times": 1_001 }),
        json!({ "kind": "duplicate", "copies": 0 }),
        json!({ "kind": "duplicate", "copies": 101 }),
        json!({ "kind": "delay", "ms": 86_400_001_u64 }),
        json!({ "kind": "delay" }),
        json!({ "kind": "explode" }),
        json!({}),
    ] {
        let shown = body.to_string();
        assert_eq!(toss.send(Ask::post("/sandbox/webhooks/faults", body)).await.status, 400, "{shown}");
    }
}
