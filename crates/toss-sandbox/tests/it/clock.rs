//! The clock of the sandbox, stopped and moved: what lasts long follows it and no other.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use toss_sandbox::{Config, Sandbox, WebhookState, system_clock};

use crate::client::{Ask, Toss, config};
use crate::receiver::Receiver;
use crate::webhooks::{are_all, log};

/// A sandbox whose clock would run, and is stopped.
async fn frozen() -> Toss {
    let toss = Toss::start_with(Config { clock: system_clock(), ..config() }).await;
    toss.sandbox.freeze();
    toss
}

fn later(sandbox: &Sandbox, by: Duration) -> Timestamp {
    sandbox.now() + SignedDuration::try_from(by).expect("not that long")
}

#[tokio::test]
async fn fifteen_days_of_idempotency_follow_a_frozen_clock_that_is_set() {
    let toss = frozen().await;
    let key = toss.approved("ord-fifteen-days", 1_000, "카드").await;
    let cancel = async || {
        let body = json!({ "cancelReason": "x", "cancelAmount": 100 });
        let ask = Ask::post(&format!("/v1/payments/{key}/cancel"), body).key("refund");
        toss.send(ask).await.json()["balanceAmount"].clone()
    };
    assert_eq!(cancel().await, 900);
    let over = later(&toss.sandbox, Duration::from_secs(15 * 86_400));
    assert!(toss.sandbox.set_clock(over - SignedDuration::from_millis(1)));
    assert_eq!(cancel().await, 900, "the last millisecond of its 15 days");
    assert!(toss.sandbox.set_clock(over));
    assert_eq!(toss.sandbox.now(), over);
    assert_eq!(cancel().await, 800);
}

#[tokio::test]
async fn e7_the_schedule_of_a_webhook_follows_a_frozen_clock_that_is_moved() {
    let toss = frozen().await;
    let receiver = Receiver::start(&[503]).await;
    receiver.subscribe(&toss.sandbox);
    let begun = toss.sandbox.now();
    toss.approved("ord-schedule", 1_000, "카드").await;
    let mut minutes = 0;
    for (retry, pause) in [1, 4, 16, 64, 256, 1_024, 4_096].into_iter().enumerate() {
        receiver.wait(retry + 1).await;
        let failed = |sandbox: &Sandbox| log(sandbox)[0].deliveries.len() == retry + 1;
        toss.until("the try has failed", failed).await;
        minutes += pause;
        let due = begun + SignedDuration::from_mins(minutes);
        assert!(toss.sandbox.set_clock(due - SignedDuration::from_millis(1)));
        assert_eq!(log(&toss.sandbox)[0].state, WebhookState::Pending);
        toss.sandbox.advance(Duration::from_millis(1));
        assert_eq!(toss.sandbox.now(), due);
    }
    toss.until("it has failed for good", |sandbox| are_all(sandbox, WebhookState::Failed)).await;
    // A try that came a millisecond too early would show the second before.
    let sent: Vec<Timestamp> =
        receiver.heard().iter().map(|heard| heard.header("transmission-time").parse().unwrap()).collect();
    let after: Vec<i64> = sent.iter().map(|at| (at.as_second() - sent[0].as_second()) / 60).collect();
    assert_eq!(after, [0, 1, 5, 21, 85, 341, 1_365, 5_461]);
}

#[tokio::test]
async fn a_frozen_clock_stands_still_never_goes_back_and_runs_on_from_where_it_stands() {
    let toss = frozen().await;
    let stands = toss.sandbox.now();
    toss.authenticated("ord-still", 1_000);
    assert_eq!(toss.sandbox.now(), stands);
    assert!(!toss.sandbox.set_clock(stands - SignedDuration::from_millis(1)));
    assert_eq!(toss.sandbox.now(), stands);
    let ahead = later(&toss.sandbox, Duration::from_secs(3_600));
    assert!(toss.sandbox.set_clock(ahead));
    toss.sandbox.unfreeze();
    toss.until("it runs", |sandbox| sandbox.now() > ahead).await;
    assert!(toss.sandbox.now() < ahead + SignedDuration::from_mins(30), "it ran on from there");
}
