//! The second cancel within one second that Toss answers with 200 and does not make; cancels in the dashboard;
//! and what a cancel says about the balance.

use std::time::Duration;

use serde_json::{Value, json};
use toss_sandbox::{Config, EffectKind, JournalEntry, Operation, Switches};

use crate::client::{Ask, Toss, config};

/// The default of the rule, with the clock of the tests: time passes only when a test moves it.
async fn strict() -> Toss {
    let switches = Switches::default();
    assert_eq!(switches.quick_cancels_ms, 1_000, "the rule holds unless it is switched off");
    Toss::start_with(Config { switches, ..config() }).await
}

fn part(key: &str, amount: i64) -> Ask {
    let body = json!({ "cancelReason": "size exchange", "cancelAmount": amount });
    Ask::post(&format!("/v1/payments/{key}/cancel"), body)
}

fn effects(journal: &[JournalEntry]) -> Vec<(Operation, EffectKind, Option<i64>)> {
    let cancels = journal
        .iter()
        .filter(|entry| matches!(entry.operation, Operation::Cancel | Operation::DashboardCancel));
    cancels.map(|entry| (entry.operation, entry.effect, entry.effect_amount)).collect()
}

#[tokio::test]
async fn f6_a_different_refund_within_one_second_is_answered_and_not_made() {
    let toss = strict().await;
    let key = toss.approved("ord-quick", 1_000, "카드").await;
    let first = toss.send(part(&key, 300).key("one")).await;
    toss.sandbox.advance(Duration::from_millis(999));
    let second = toss.send(part(&key, 200).key("two")).await;
    assert_eq!(second.status, 200);
    assert_eq!(second.text(), first.text(), "the payment comes back unchanged");
    assert_eq!(toss.read(&key).await.json()["cancels"].as_array().map(Vec::len), Some(1));
    let replay = toss.send(part(&key, 200).key("two")).await;
    assert_eq!(replay.text(), first.text(), "the answer of a dropped cancel is stored like any other");
    toss.sandbox.advance(Duration::from_millis(1));
    assert_eq!(toss.send(part(&key, 200).key("two")).await.text(), first.text(), "and stays stored");
    assert_eq!(toss.send(part(&key, 200).key("three")).await.json()["balanceAmount"], 500);
    let cancel = |effect, amount| (Operation::Cancel, effect, amount);
    assert_eq!(
        effects(&toss.journal()),
        [
            cancel(EffectKind::Canceled, Some(300)),
            cancel(EffectKind::Dropped, None),
            cancel(EffectKind::None, None),
            cancel(EffectKind::None, None),
            cancel(EffectKind::Canceled, Some(200)),
        ]
    );
}

#[tokio::test]
async fn f1_a_replay_within_one_second_is_just_a_replay() {
    let toss = strict().await;
    let key = toss.approved("ord-replay", 1_000, "카드").await;
    let first = toss.send(part(&key, 300).key("one")).await;
    let again = toss.send(part(&key, 300).key("one")).await;
    assert_eq!((again.status, again.text()), (200, first.text()));
    let journal = toss.journal();
    let last = journal.last().unwrap();
    assert!(last.replayed && last.effect == EffectKind::None, "{last:?}");
}

#[tokio::test]
async fn a_quick_cancel_that_breaks_a_rule_is_refused_all_the_same() {
    let toss = strict().await;
    let key = toss.approved("ord-quick-rules", 1_000, "카드").await;
    assert_eq!(toss.send(part(&key, 300)).await.status, 200);
    let locked = json!({ "cancelReason": "x", "cancelAmount": 100, "refundableAmount": 1_000 });
    assert_eq!(toss.cancel(&key, locked).await.verdict(), "400 NOT_MATCHES_REFUNDABLE_AMOUNT");
    assert_eq!(toss.send(part(&key, 701)).await.verdict(), "403 NOT_CANCELABLE_AMOUNT");
}

#[tokio::test]
async fn a_quick_cancel_of_another_payment_is_made() {
    let toss = strict().await;
    for order in ["ord-quick-1", "ord-quick-2"] {
        let key = toss.approved(order, 1_000, "카드").await;
        assert_eq!(toss.send(part(&key, 300)).await.json()["balanceAmount"], 700);
    }
}

#[tokio::test]
async fn switched_off_every_cancel_counts() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-unhurried", 1_000, "카드").await;
    for left in [700, 400, 100] {
        assert_eq!(toss.send(part(&key, 300)).await.json()["balanceAmount"], left);
    }
}

#[tokio::test]
async fn f5_a_cancel_in_the_dashboard_is_no_call_but_is_journaled() {
    let toss = strict().await;
    let key = toss.approved("ord-dashboard", 1_000, "카드").await;
    let door = format!("/sandbox/payments/{key}/cancel");
    let part = toss.send(Ask::post(&door, json!({ "amount": 300, "reason": "by phone" }))).await.json();
    assert_eq!((&part["status"], &part["balanceAmount"]), (&json!("PARTIAL_CANCELED"), &json!(700)));
    assert_eq!(part["cancels"][0]["cancelReason"], "by phone");
    let api = json!({ "cancelReason": "x", "cancelAmount": 100 });
    assert_eq!(toss.cancel(&key, api).await.json()["balanceAmount"], 700, "a quick one after it is dropped");
    let rest = toss.send(Ask::new("POST", &door, Vec::new())).await.json();
    assert_eq!(rest["balanceAmount"], 0);
    let journal = toss.journal();
    assert_eq!(
        effects(&journal),
        [
            (Operation::DashboardCancel, EffectKind::Canceled, Some(300)),
            (Operation::Cancel, EffectKind::Dropped, None),
            (Operation::DashboardCancel, EffectKind::Canceled, Some(700)),
        ]
    );
    let by_hand = journal.iter().find(|entry| entry.operation == Operation::DashboardCancel).unwrap();
    assert_eq!(
        (by_hand.order_id.as_deref(), by_hand.payment_key.as_deref()),
        (Some("ord-dashboard"), Some(&*key))
    );
    assert_eq!((&by_hand.idempotency_key, by_hand.status), (&None, None));
    assert_eq!(by_hand.transaction_key.as_deref(), part["lastTransactionKey"].as_str());
}

#[tokio::test]
async fn the_dashboard_keeps_the_rules_of_cancels() {
    let toss = Toss::start().await;
    let open = toss.authenticated("ord-dashboard-open", 1_000);
    let paid = toss.approved("ord-dashboard-paid", 1_000, "카드").await;
    let account = toss.approved("ord-dashboard-account", 1_000, "가상계좌").await;
    for (key, body, verdict) in [
        ("unknown", json!({}), "404 NOT_FOUND_PAYMENT"),
        (&*open, json!({}), "403 NOT_CANCELABLE_PAYMENT"),
        (&*paid, json!({ "amount": 1_001 }), "403 NOT_CANCELABLE_AMOUNT"),
        (&*paid, json!({ "amount": 0 }), "400 INVALID_REQUEST"),
        (&*paid, json!({ "amount": "x" }), "400 INVALID_REQUEST"),
        (&*account, json!({ "amount": 1 }), "403 NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT"),
    ] {
        let ask = Ask::post(&format!("/sandbox/payments/{key}/cancel"), body);
        assert_eq!(toss.send(ask).await.verdict(), verdict, "{key}");
    }
    toss.sandbox.deposit(&account).unwrap();
    toss.sandbox.cancel_in_dashboard(&account, None).unwrap();
    assert_eq!(toss.status(&account), "CANCELED", "the dashboard needs no account in the request");
    assert!(effects(&toss.journal()).iter().all(|(_, effect, _)| *effect == EffectKind::Canceled));
}

#[tokio::test]
async fn every_cancel_says_what_was_left_after_it_in_the_answer_and_in_every_read() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-left", 1_000, "카드").await;
    let mut left = 1_000;
    for (round, amount) in [400, 250, 350].into_iter().enumerate() {
        let stale = json!({ "cancelReason": "x", "cancelAmount": amount, "refundableAmount": left + 1 });
        assert_eq!(toss.cancel(&key, stale).await.verdict(), "400 NOT_MATCHES_REFUNDABLE_AMOUNT");
        let fresh = json!({ "cancelReason": "x", "cancelAmount": amount, "refundableAmount": left });
        let answered = toss.cancel(&key, fresh).await.json();
        left -= amount;
        for payment in [answered, toss.read(&key).await.json()] {
            let cancels = payment["cancels"].as_array().unwrap();
            assert_eq!(cancels.len(), round + 1);
            assert_eq!(cancels[round]["refundableAmount"], left);
            assert_eq!(payment["balanceAmount"], left);
            assert_eq!(cancels[round]["transactionKey"], payment["lastTransactionKey"]);
        }
    }
    let payment = toss.read(&key).await.json();
    let lefts: Vec<Value> =
        payment["cancels"].as_array().unwrap().iter().map(|c| c["refundableAmount"].clone()).collect();
    assert_eq!(lefts, [600, 350, 0], "an earlier cancel keeps what was left after it");
}
