//! Idempotency keys.

use std::time::Duration;

use serde_json::json;
use toss_sandbox::{Config, EffectKind, FaultKind, FaultOperation, FaultRule, When};

use crate::client::{Ask, Toss, WIDGET_BASIC, config, with};

fn cancel(key: &str, amount: i64) -> Ask {
    let body = json!({ "cancelReason": "size exchange", "cancelAmount": amount });
    Ask::post(&format!("/v1/payments/{key}/cancel"), body)
}

#[tokio::test]
async fn a_finished_request_is_replayed_byte_for_byte_whatever_the_body_and_later_changes() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-replay", 1_000);
    let first = toss.send(Ask::confirm(&key, "ord-replay", 1_000).key("intent-1")).await;
    assert_eq!(first.header("idempotency-key"), Some("intent-1"));
    assert_eq!(toss.send(cancel(&key, 300)).await.status, 200);
    let again = toss.send(Ask::confirm(&key, "another-order", 5).key("intent-1")).await;
    assert_eq!((again.status, again.text()), (200, first.text()));
    assert_eq!(again.header("idempotency-key"), Some("intent-1"));
    let original = first.header("x-tosspayments-trace-id").unwrap();
    let (new, replayed) = again.header("x-tosspayments-trace-id").unwrap().split_once(", ").unwrap();
    assert_eq!(replayed, original);
    assert_ne!(new, original);
    let journal = toss.journal();
    assert_eq!(journal.iter().filter(|entry| entry.effect == EffectKind::Approved).count(), 1);
    assert!(journal[2].replayed && !journal[0].replayed);
}

#[tokio::test]
async fn a_refusal_is_replayed_even_when_the_body_was_corrected() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-refusal", 1_000, "카드").await;
    let refused = toss.send(cancel(&key, 1_001).key("refund-1")).await;
    assert_eq!(refused.verdict(), "403 NOT_CANCELABLE_AMOUNT");
    let corrected = toss.send(cancel(&key, 1_000).key("refund-1")).await;
    assert_eq!((corrected.status, corrected.text()), (403, refused.text()));
    assert_eq!(toss.send(cancel(&key, 1_000).key("refund-2")).await.status, 200);
}

#[tokio::test]
async fn the_identity_is_the_key_the_api_key_and_the_path() {
    let toss = Toss::start().await;
    let (one, two) = (
        toss.approved("ord-identity-1", 1_000, "카드").await,
        toss.approved("ord-identity-2", 1_000, "카드").await,
    );
    assert_eq!(toss.send(cancel(&one, 100).key("shared")).await.status, 200);
    assert_eq!(toss.send(cancel(&two, 100).key("shared")).await.json()["balanceAmount"], 900, "another path");
    let other = toss.send(cancel(&one, 100).key("shared").with("authorization", WIDGET_BASIC)).await;
    assert_eq!(other.verdict(), "400 INVALID_API_KEY", "another API key");
    assert_eq!(toss.send(cancel(&one, 100).key("other")).await.json()["balanceAmount"], 800, "another key");
}

#[tokio::test]
async fn a_request_that_still_runs_answers_409_and_its_outcome_later() {
    let toss = Toss::start().await;
    for (at, when) in [When::Before, When::After].into_iter().enumerate() {
        let order = format!("ord-running-{at}");
        let key = toss.authenticated(&order, 1_000);
        let slow = FaultKind::Delay { ms: 300, when };
        toss.sandbox.add_fault(FaultRule::new(FaultOperation::Confirm, slow)).unwrap();
        let ask = Ask::confirm(&key, &order, 1_000).key(&order);
        let second = async {
            toss.until("the first is under way", |sandbox| sandbox.faults(1).is_empty()).await;
            toss.send(ask.clone()).await
        };
        let (first, second) = tokio::join!(toss.send(ask.clone()), second);
        assert_eq!(first.status, 200, "{when:?}");
        assert_eq!(second.verdict(), "409 IDEMPOTENT_REQUEST_PROCESSING", "{when:?}");
        let third = toss.send(ask.clone()).await;
        assert_eq!((third.status, third.text()), (200, first.text()), "{when:?}");
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_stop_what_has_begun() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-hung-up", 1_000);
    let slow = FaultKind::Delay { ms: 100, when: When::Before };
    toss.sandbox.add_fault(FaultRule::new(FaultOperation::Confirm, slow)).unwrap();
    let ask = Ask::confirm(&key, "ord-hung-up", 1_000).key("hung-up");
    let impatient = tokio::time::timeout(Duration::from_millis(20), toss.try_send(ask.clone())).await;
    assert!(impatient.is_err(), "the answer came too early");
    toss.until("the payment is approved", |sandbox| sandbox.payment(&key).unwrap()["status"] == "DONE").await;
    assert_eq!(toss.send(ask).await.status, 200);
    assert_eq!(toss.journal().iter().filter(|entry| entry.effect == EffectKind::Approved).count(), 1);
}

#[tokio::test]
async fn after_fifteen_days_a_key_is_new_again() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-fifteen-days", 1_000, "카드").await;
    assert_eq!(toss.send(cancel(&key, 100).key("refund")).await.json()["balanceAmount"], 900);
    toss.sandbox.advance(Duration::from_secs(15 * 86_400 - 1));
    assert_eq!(toss.send(cancel(&key, 100).key("refund")).await.json()["balanceAmount"], 900);
    toss.sandbox.advance(Duration::from_secs(1));
    assert_eq!(toss.send(cancel(&key, 100).key("refund")).await.json()["balanceAmount"], 800);
}

#[tokio::test]
async fn a_key_has_at_most_300_characters() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-long-key", 1_000);
    let long = toss.send(Ask::confirm(&key, "ord-long-key", 1_000).key(&"k".repeat(301))).await;
    assert_eq!(long.verdict(), "400 INVALID_IDEMPOTENCY_KEY");
    assert_eq!(long.json()["message"], "멱등키는 300자 이하여야 합니다.");
    assert_eq!(toss.status(&key), "IN_PROGRESS");
    assert_eq!(toss.send(Ask::confirm(&key, "ord-long-key", 1_000).key(&"k".repeat(300))).await.status, 200);
}

#[tokio::test]
async fn a_read_ignores_the_key() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-read-key", 1_000);
    let read = Ask::get(&format!("/v1/payments/{key}")).key("reading");
    let before = toss.send(read.clone()).await;
    assert_eq!((before.header("idempotency-key"), &before.json()["status"]), (None, &json!("IN_PROGRESS")));
    toss.confirm(&key, "ord-read-key", 1_000).await;
    assert_eq!(toss.send(read).await.json()["status"], "DONE");
}

#[tokio::test]
async fn a_stored_server_error_is_replayed_or_forgotten_as_configured() {
    for (replay_server_errors, second) in [(true, 500), (false, 200)] {
        let toss =
            Toss::start_with(with(|switches| switches.replay_server_errors = replay_server_errors)).await;
        let key = toss.authenticated("ord-server-error", 1_000);
        let fails = FaultKind::FailBefore { status: 500, code: None };
        toss.sandbox.add_fault(FaultRule::new(FaultOperation::Confirm, fails)).unwrap();
        let ask = Ask::confirm(&key, "ord-server-error", 1_000).key("intent");
        assert_eq!(toss.send(ask.clone()).await.status, 500);
        assert_eq!(toss.send(ask).await.status, second, "replays: {replay_server_errors}");
    }
}

#[tokio::test]
async fn a_simulated_refusal_is_stored_only_if_configured() {
    for (store_test_code_answers, second) in [(false, 200), (true, 403)] {
        let toss =
            Toss::start_with(with(|switches| switches.store_test_code_answers = store_test_code_answers))
                .await;
        let key = toss.authenticated("ord-simulated", 1_000);
        let ask = Ask::confirm(&key, "ord-simulated", 1_000).key("intent");
        let simulated = ask.clone().with("tosspayments-test-code", "REJECT_CARD_PAYMENT");
        assert_eq!(toss.send(simulated).await.status, 403);
        assert_eq!(toss.send(ask).await.status, second, "stores: {store_test_code_answers}");
    }
}

#[tokio::test]
async fn beyond_its_bound_the_oldest_keys_are_forgotten() {
    let toss = Toss::start_with(Config { max_idempotency_keys: 2, ..config() }).await;
    let key = toss.approved("ord-many-keys", 1_000, "카드").await;
    for intent in ["one", "two", "three"] {
        toss.send(cancel(&key, 100).key(intent)).await;
    }
    assert_eq!(toss.send(cancel(&key, 100).key("three")).await.json()["balanceAmount"], 700, "still known");
    assert_eq!(toss.send(cancel(&key, 100).key("one")).await.json()["balanceAmount"], 600, "forgotten");
}
