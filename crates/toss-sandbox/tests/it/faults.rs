//! Lies on request, seen from the wire.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule};

use crate::client::{Ask, BOUND, Reply, Toss};

async fn rule(toss: &Toss, rule: Value) -> Reply {
    toss.send(Ask::post("/sandbox/faults", rule)).await
}

/// Everything that arrives on a connection that also wants to go on, and how it ended.
async fn raw(toss: &Toss, ask: &Ask) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(toss.address).await.unwrap();
    stream.write_all(&ask.bytes(toss.address)).await.unwrap();
    let mut bytes = Vec::new();
    let end =
        tokio::time::timeout(BOUND, stream.read_to_end(&mut bytes)).await.expect("an end within the bound");
    (bytes, end)
}

#[tokio::test]
async fn a_lost_reply_takes_effect_and_resets_the_connection_without_a_byte() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-lost-reply", 1_000);
    rule(&toss, json!({ "operation": "confirm", "kind": "lose_reply" })).await;
    let (bytes, end) = raw(&toss, &Ask::confirm(&key, "ord-lost-reply", 1_000).key("intent")).await;
    assert_eq!(bytes, b"");
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(toss.status(&key), "DONE");
    let entry = &toss.journal()[0];
    assert_eq!((entry.status, entry.lost, entry.effect), (Some(200), true, EffectKind::Approved));
    // The reply was lost, not the outcome: the same key gets it.
    let replay = toss.send(Ask::confirm(&key, "ord-lost-reply", 1_000).key("intent")).await;
    assert_eq!((replay.status, &replay.json()["status"]), (200, &json!("DONE")));
}

#[tokio::test]
async fn a_dropped_call_has_no_effect_and_resets_the_connection() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-dropped", 1_000);
    rule(&toss, json!({ "operation": "any", "kind": "drop" })).await;
    let (bytes, end) = raw(&toss, &Ask::confirm(&key, "ord-dropped", 1_000).key("intent")).await;
    assert_eq!(bytes, b"");
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let entry = &toss.journal()[0];
    assert_eq!((entry.status, entry.lost, entry.effect), (None, true, EffectKind::None));
    assert_eq!(toss.status(&key), "IN_PROGRESS");
    assert_eq!(toss.send(Ask::confirm(&key, "ord-dropped", 1_000).key("intent")).await.status, 200);
}

#[tokio::test]
async fn a_reset_ends_one_connection_and_no_other() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-other-line", 1_000);
    let mut other = TcpStream::connect(toss.address).await.unwrap();
    let ask = String::from_utf8(Ask::get(&format!("/v1/payments/{key}")).bytes(toss.address)).unwrap();
    let (first_half, second_half) = ask.split_at(20);
    other.write_all(first_half.as_bytes()).await.unwrap();
    rule(&toss, json!({ "operation": "confirm", "kind": "drop" })).await;
    raw(&toss, &Ask::confirm(&key, "ord-other-line", 1_000)).await.1.unwrap_err();
    other.write_all(second_half.as_bytes()).await.unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_cut_body_breaks_off_below_its_length() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-cut-body", 1_000);
    rule(&toss, json!({ "operation": "confirm", "kind": "cut_body", "bytes": 40 })).await;
    let (bytes, _) = raw(&toss, &Ask::confirm(&key, "ord-cut-body", 1_000)).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    assert!(length.parse::<usize>().unwrap() > 1_000, "{head}");
    assert_eq!(body, r#"{"mId":"tvivarepublica","version":"2022-11-16""#.get(..40).unwrap());
    assert_eq!(toss.status(&key), "DONE");
    assert!(toss.journal()[0].lost);
}

#[tokio::test]
async fn a_failure_lies_before_or_after_the_effect() {
    let toss = Toss::start().await;
    let table = [
        ("fail_before", json!(500), json!(null), "500 FAILED_INTERNAL_SYSTEM_PROCESSING", "IN_PROGRESS"),
        ("fail_after", json!(500), json!(null), "500 FAILED_INTERNAL_SYSTEM_PROCESSING", "DONE"),
        ("fail_before", json!(400), json!("PROVIDER_ERROR"), "400 PROVIDER_ERROR", "IN_PROGRESS"),
        ("fail_after", json!(400), json!("PROVIDER_ERROR"), "400 PROVIDER_ERROR", "DONE"),
        ("fail_before", json!(429), json!(null), "429 TOO_MANY_REQUESTS", "IN_PROGRESS"),
        ("fail_after", json!(503), json!(null), "503 FAILED_INTERNAL_SYSTEM_PROCESSING", "DONE"),
    ];
    for (at, (kind, status, code, verdict, state)) in table.into_iter().enumerate() {
        let order = format!("ord-failure-{at}");
        let key = toss.authenticated(&order, 1_000);
        let mut fault = json!({ "operation": "confirm", "kind": kind, "status": status });
        if !code.is_null() {
            fault["code"] = code;
        }
        rule(&toss, fault).await;
        assert_eq!(toss.confirm(&key, &order, 1_000).await.verdict(), verdict, "{kind}");
        assert_eq!(toss.status(&key), state, "{kind} {verdict}");
    }
}

#[tokio::test]
async fn a_gateways_page_is_html_and_nothing_behind_it_hears_of_the_call() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-gateway", 1_000);
    rule(&toss, json!({ "operation": "confirm", "kind": "html", "status": 502 })).await;
    let reply = toss.send(Ask::confirm(&key, "ord-gateway", 1_000).key("intent")).await;
    assert_eq!((reply.status, reply.header("content-type")), (502, Some("text/html; charset=utf-8")));
    assert!(reply.text().starts_with("<html>"));
    assert_eq!(toss.status(&key), "IN_PROGRESS");
    assert_eq!(toss.send(Ask::confirm(&key, "ord-gateway", 1_000).key("intent")).await.status, 200);
}

#[tokio::test]
async fn a_rule_spoils_only_its_operation_order_and_payment_and_only_so_often() {
    let toss = Toss::start().await;
    let (one, two) = (toss.authenticated("ord-rule-one", 1_000), toss.authenticated("ord-rule-two", 1_000));
    let fails = || FaultKind::FailBefore { status: 500, code: None };
    let read = |key: &str| Ask::get(&format!("/v1/payments/{key}"));
    let by_order = |order: &str| Ask::get(&format!("/v1/payments/orders/{order}"));
    let rules = [
        // A read by payment is matched by the order of the payment, and the other way round.
        FaultRule::new(FaultOperation::Read, fails()).on_order("ord-rule-one").times(2),
        FaultRule::new(FaultOperation::ReadByOrder, fails()).on_payment(&two),
    ];
    for rule in rules {
        toss.sandbox.add_fault(rule).unwrap();
    }
    let mut statuses = Vec::new();
    for ask in [
        read(&two),
        by_order("ord-rule-one"),
        read(&one),
        read(&one),
        read(&one),
        by_order("ord-rule-two"),
        by_order("ord-rule-two"),
    ] {
        statuses.push(toss.send(ask).await.status);
    }
    assert_eq!(statuses, [200, 200, 500, 500, 200, 500, 200]);
    assert!(toss.sandbox.faults(10).is_empty());
}

#[tokio::test]
async fn a_rule_without_end_holds_until_it_is_deleted() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-endless", 1_000);
    let added = rule(&toss, json!({ "kind": "fail_before", "status": 503, "times": 0 })).await.json();
    for _ in 0..3 {
        assert_eq!(toss.read(&key).await.status, 503);
    }
    let listed = toss.send(Ask::get("/sandbox/faults")).await.json();
    assert_eq!((&listed["faults"][0]["id"], &listed["faults"][0]["spoiled"]), (&added["id"], &json!(3)));
    let delete = Ask::new("DELETE", &format!("/sandbox/faults/{}", added["id"]), Vec::new());
    assert_eq!(toss.send(delete.clone()).await.status, 204);
    assert_eq!(toss.send(delete).await.status, 404);
    assert_eq!(toss.read(&key).await.status, 200);
    rule(&toss, json!({ "kind": "drop", "times": 0 })).await;
    assert_eq!(toss.send(Ask::new("DELETE", "/sandbox/faults", Vec::new())).await.status, 204);
    assert_eq!(toss.read(&key).await.status, 200);
}

#[tokio::test]
async fn a_rule_with_a_share_spoils_about_that_share() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-share", 1_000);
    rule(
        &toss,
        json!({ "operation": "read", "kind": "fail_before", "status": 500, "times": 0, "permille": 500 }),
    )
    .await;
    let mut spoiled = 0;
    for _ in 0..100 {
        spoiled += u32::from(toss.read(&key).await.status == 500);
    }
    assert!((20..=80).contains(&spoiled), "{spoiled} of 100");
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused() {
    let toss = Toss::start().await;
    for fault in [
        json!({ "operation": "confirm" }),
        json!({ "operation": "confirm", "kind": "set_on_fire" }),
        json!({ "operation": "refund", "kind": "drop" }),
        json!({ "kind": "fail_before", "status": 200 }),
        json!({ "kind": "fail_before", "status": 500, "code": "NO_SUCH_CODE" }),
        json!({ "kind": "html", "status": 99 }),
        json!({ "kind": "delay", "ms": 600_001 }),
        json!({ "kind": "drop", "permille": 0 }),
    ] {
        let shown = fault.to_string();
        assert_eq!(rule(&toss, fault).await.verdict(), "400 INVALID_REQUEST", "{shown}");
    }
}

#[tokio::test]
async fn a_replay_can_be_lost_or_spoiled_like_any_other_reply() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-lost-replay", 1_000);
    let ask = Ask::confirm(&key, "ord-lost-replay", 1_000).key("intent");
    rule(&toss, json!({ "operation": "confirm", "kind": "lose_reply", "times": 2 })).await;
    rule(&toss, json!({ "operation": "confirm", "kind": "fail_after", "status": 503 })).await;
    rule(&toss, json!({ "operation": "confirm", "kind": "delay", "ms": 1, "when": "after" })).await;
    for _ in 0..2 {
        assert_eq!(raw(&toss, &ask).await.0, b"");
    }
    assert_eq!(toss.send(ask.clone()).await.status, 503);
    for _ in 0..2 {
        assert_eq!(toss.send(ask.clone()).await.status, 200, "the stored answer is unharmed");
    }
    let told: Vec<_> =
        toss.journal().iter().map(|entry| (entry.status, entry.lost, entry.replayed)).collect();
    assert_eq!(
        told,
        [
            (Some(200), true, false),
            (Some(200), true, true),
            (Some(503), false, true),
            (Some(200), false, true),
            (Some(200), false, true),
        ]
    );
    assert_eq!(toss.journal().iter().filter(|entry| entry.effect == EffectKind::Approved).count(), 1);
}

#[tokio::test]
async fn an_answer_of_tomorrow_shows_what_happened_in_words_that_nobody_knows() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-tomorrow", 1_000);
    rule(&toss, json!({ "operation": "any", "kind": "future_fields", "times": 2 })).await;
    let confirmed = toss.send(Ask::confirm(&key, "ord-tomorrow", 1_000).key("intent")).await.json();
    let path = format!("/v1/payments/{key}");
    let read = toss.send(Ask::get(&path)).await.json();
    for (answer, status) in [(&confirmed, "DONE"), (&read, "SETTLING")] {
        assert_eq!((&answer["paymentKey"], &answer["status"]), (&json!(key), &json!(status)));
        assert_eq!((&answer["totalAmount"], &answer["balanceAmount"]), (&json!(1_000), &json!(1_000)));
        assert_eq!((&answer["approvedAt"], &answer["method"]), (&Value::Null, &json!("뇌파결제")));
        assert!(answer["carbonFootprint"].is_object(), "{answer}");
    }
    // It was a way of speaking: what is stored is the payment, and the next answer is as ever.
    let plain = toss.send(Ask::confirm(&key, "ord-tomorrow", 1_000).key("intent")).await.json();
    assert_eq!((&plain["method"], &plain["carbonFootprint"]), (&json!("카드"), &Value::Null));
    let effects: Vec<_> = toss.journal().iter().map(|entry| (entry.effect, entry.lost)).collect();
    assert_eq!(effects[..2], [(EffectKind::Approved, false), (EffectKind::None, false)]);
}

#[tokio::test]
async fn another_payments_success_is_answered_and_nothing_happens() {
    let toss = Toss::start().await;
    let (mine, other) = (toss.authenticated("ord-mine", 1_000), toss.authenticated("ord-other", 2_000));
    toss.send(Ask::confirm(&other, "ord-other", 2_000)).await;
    for shown in [other.as_str(), "nobody's"] {
        rule(&toss, json!({ "operation": "confirm", "kind": "other_payment", "shown": shown })).await;
    }
    let wrong = toss.send(Ask::confirm(&mine, "ord-mine", 1_000).key("intent")).await;
    assert_eq!((wrong.status, &wrong.json()["paymentKey"]), (200, &json!(other)));
    assert_eq!((toss.status(&mine), toss.status(&other)), ("IN_PROGRESS".into(), "DONE".into()));
    assert_eq!(toss.send(Ask::confirm(&mine, "ord-mine", 1_000)).await.status, 404);
    // Nothing was stored under the key: it still confirms.
    let right = toss.send(Ask::confirm(&mine, "ord-mine", 1_000).key("intent")).await;
    assert_eq!((right.status, &right.json()["paymentKey"]), (200, &json!(mine)));
}
