//! What a developer of any language reaches with a header, a switch or the clock: no rule, no library.

use std::time::Duration;

use serde_json::json;
use toss_sandbox::EffectKind;

use crate::client::{Ask, Toss, with};

#[tokio::test]
async fn one_requests_header_spoils_that_request_alone() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-header", 1_000);
    let confirm = || Ask::confirm(&key, "ord-header", 1_000);
    let failed = toss.send(confirm().with("sandbox-fault", "fail-before=500:COMMON_ERROR")).await;
    assert_eq!(failed.verdict(), "500 COMMON_ERROR");
    assert_eq!(toss.status(&key), "IN_PROGRESS");
    let after = toss.send(confirm().with("sandbox-fault", "fail-after=503")).await;
    assert_eq!(after.status, 503);
    assert_eq!(toss.status(&key), "DONE");
    let effects: Vec<EffectKind> = toss.journal().iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [EffectKind::None, EffectKind::Approved]);
    let read = Ask::get(&format!("/v1/payments/{key}"));
    assert_eq!(toss.send(read).await.status, 200, "the header holds for its own request");
}

#[tokio::test]
async fn a_fault_header_that_does_not_parse_is_a_400_that_says_so_and_nothing_happens() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-bad-header", 1_000);
    let ask = Ask::confirm(&key, "ord-bad-header", 1_000).with("sandbox-fault", "explode");
    let refused = toss.send(ask).await;
    assert_eq!(refused.verdict(), "400 INVALID_REQUEST");
    assert!(refused.json()["message"].as_str().is_some_and(|why| why.contains("Sandbox-Fault")));
    assert_eq!((toss.status(&key).as_str(), toss.journal().len()), ("IN_PROGRESS", 0));
}

#[tokio::test]
async fn a_test_code_answers_a_get_and_a_delete_as_it_answers_a_post() {
    let toss = Toss::start().await;
    for (method, path, code, verdict) in [
        ("GET", "/v1/payments/any", "FORBIDDEN_CONSECUTIVE_REQUEST", "403 FORBIDDEN_CONSECUTIVE_REQUEST"),
        ("GET", "/v1/transactions", "COMMON_ERROR", "500 COMMON_ERROR"),
        ("DELETE", "/v1/billing/any", "NOT_FOUND_BILLING", "404 NOT_FOUND_BILLING"),
        ("POST", "/v1/virtual-accounts", "INVALID_BANK", "400 INVALID_BANK"),
        ("GET", "/v1/payments/any", "NO_SUCH_CODE", "400 INVALID_TEST_CODE"),
    ] {
        let ask = Ask::new(method, path, Vec::new()).with("tosspayments-test-code", code);
        assert_eq!(toss.send(ask).await.verdict(), verdict, "{method} {path}");
    }
    let lenient = Toss::start_with(with(|switches| switches.refuse_unknown_test_codes = false)).await;
    let ask = Ask::get("/v1/payments/any").with("tosspayments-test-code", "NO_SUCH_CODE");
    assert_eq!(lenient.send(ask).await.verdict(), "404 NOT_FOUND_PAYMENT");
}

#[tokio::test]
async fn beyond_its_requests_of_a_minute_a_merchant_is_answered_429() {
    let toss = Toss::start_with(with(|switches| switches.requests_per_minute = 2)).await;
    let key = toss.authenticated("ord-often", 1_000);
    let read = || Ask::get(&format!("/v1/payments/{key}"));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(toss.send(read()).await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(toss.confirm(&key, "ord-often", 1_000).await.status, 200, "each API is counted by itself");
    toss.sandbox.advance(Duration::from_secs(60));
    assert_eq!(toss.send(read()).await.status, 200, "the next minute");
}

#[tokio::test]
async fn quick_reads_of_one_payment_are_refused_when_the_switch_says_so() {
    let toss = Toss::start_with(with(|switches| switches.consecutive_requests_ms = 1_000)).await;
    let (one, two) = (toss.authenticated("ord-quick-1", 1_000), toss.authenticated("ord-quick-2", 1_000));
    let read = |key: &str| Ask::get(&format!("/v1/payments/{key}"));
    assert_eq!(toss.send(read(&one)).await.status, 200);
    assert_eq!(toss.send(read(&one)).await.verdict(), "403 FORBIDDEN_CONSECUTIVE_REQUEST");
    assert_eq!(toss.send(read(&two)).await.status, 200, "another payment");
    toss.sandbox.advance(Duration::from_secs(1));
    assert_eq!(toss.send(read(&one)).await.status, 200, "later");
}

#[tokio::test]
async fn a_clock_is_set_stopped_and_runs_on_and_every_window_follows_it() {
    // A machine whose clock runs, a second at each look: the sandbox's own clock must still stand.
    let ticks = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_772_427_909));
    let clock = std::sync::Arc::new(move || {
        let second = ticks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        jiff::Timestamp::from_second(second).expect("an instant")
    });
    let toss = Toss::start_with(toss_sandbox::Config { clock, ..with(|_| {}) }).await;
    let turn = |body| Ask::post("/sandbox/clock", body);
    let now = async || toss.send(Ask::get("/sandbox/clock")).await.json()["now"].clone();

    let frozen = toss.send(turn(json!({ "frozen": true }))).await.json();
    assert_eq!(frozen["frozen"], true);
    assert_eq!((now().await, now().await), (frozen["now"].clone(), frozen["now"].clone()));
    let set = toss.send(turn(json!({ "now": "2026-03-05T00:00:00+09:00" }))).await.json();
    assert_eq!(set["now"], "2026-03-05T00:00:00+09:00");
    let key = toss.authenticated("ord-frozen", 1_000);
    toss.send(turn(json!({ "advanceSeconds": 599 }))).await;
    assert_eq!(toss.status(&key), "IN_PROGRESS");
    toss.send(turn(json!({ "advanceSeconds": 1 }))).await;
    assert_eq!((toss.status(&key).as_str(), now().await), ("EXPIRED", json!("2026-03-05T00:10:00+09:00")));

    let running = toss.send(turn(json!({ "frozen": false }))).await.json();
    assert!(now().await.as_str() > running["now"].as_str(), "it runs on from where it stood");
    for wrong in [
        json!({ "now": "2026-03-01T00:00:00+09:00" }),
        json!({ "now": "soon" }),
        json!({ "advanceSeconds": 1, "frozen": true }),
        json!({ "sideways": 1 }),
    ] {
        assert_eq!(toss.send(turn(wrong.clone())).await.verdict(), "400 INVALID_REQUEST", "{wrong}");
    }
}

#[tokio::test]
async fn an_expiry_may_wait_until_somebody_looks() {
    let toss = Toss::start_with(with(|switches| switches.sweep_expiries = false)).await;
    let receiver = crate::receiver::Receiver::start(&[200]).await;
    receiver.subscribe(&toss.sandbox);
    let key = toss.authenticated("ord-unswept", 1_000);
    toss.sandbox.advance(Duration::from_secs(601));
    assert_eq!(toss.sandbox.webhooks(0, 10), [], "nobody has looked");
    assert_eq!(toss.send(Ask::get(&format!("/v1/payments/{key}"))).await.json()["status"], "EXPIRED");
    assert_eq!(receiver.wait(1).await[0].tells(), "P:EXPIRED");
}

#[tokio::test]
async fn each_try_of_a_webhook_may_have_an_id_of_its_own() {
    for (fresh, ids) in [(false, 1), (true, 2)] {
        let toss = Toss::start_with(with(|switches| switches.fresh_webhook_ids = fresh)).await;
        let receiver = crate::receiver::Receiver::start(&[500, 200]).await;
        receiver.subscribe(&toss.sandbox);
        toss.approved("ord-ids-of-tries", 1_000, "카드").await;
        receiver.wait(1).await;
        // The schedule counts from the end of the first try: move on only when that is written down.
        toss.until("the first try is over", |sandbox| sandbox.webhooks(0, 1)[0].deliveries.len() == 1).await;
        toss.sandbox.advance(Duration::from_secs(60));
        let heard = receiver.wait(2).await;
        let mut seen: Vec<&str> = heard.iter().map(|heard| heard.header("transmission-id")).collect();
        seen.dedup();
        assert_eq!(seen.len(), ids, "fresh: {fresh}");
    }
}
