//! Basic auth, language, traces, and routes that do not exist.

use serde_json::json;
use toss_sandbox::{Config, Merchant, NewPayment, Sandbox};

use crate::client::{API_BASIC, Ask, Toss, WIDGET_BASIC, WIDGET_SECRET, config};

#[tokio::test]
async fn a_wrong_authorization_is_refused_with_the_documented_status_and_code() {
    let toss = Toss::start().await;
    let unauthorized = "401 UNAUTHORIZED_KEY";
    let malformed = "403 INCORRECT_BASIC_AUTH_FORMAT";
    let table = [
        ("no header", None, unauthorized),
        // The key without its colon.
        ("no colon", Some("Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVS"), malformed),
        ("no padding", Some("Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOg"), malformed),
        // test_sk_abc:
        ("unknown key", Some("Basic dGVzdF9za19hYmM6"), unauthorized),
        // test_ck_D5GePWvyJnrK0W0k6q8gLzN97Eoq:
        ("client key", Some("Basic dGVzdF9ja19ENUdlUFd2eUpuckswVzBrNnE4Z0x6Tjk3RW9xOg=="), unauthorized),
        // live_sk_abc:
        ("live key", Some("Basic bGl2ZV9za19hYmM6"), unauthorized),
        ("another scheme", Some("Bearer test_sk_abc"), unauthorized),
        // The key, a colon, and a password.
        ("password", Some("Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOng="), unauthorized),
        ("right key", Some(API_BASIC), "404 NOT_FOUND_PAYMENT"),
    ];
    for (case, header, verdict) in table {
        let ask = Ask::get("/v1/payments/tviva20260302140509Ab3Xz").without("authorization");
        let ask = header.map_or(ask.clone(), |header| ask.with("authorization", header));
        assert_eq!(toss.send(ask).await.verdict(), verdict, "{case}");
    }
}

#[tokio::test]
async fn a_payment_of_another_key_pair_is_an_invalid_api_key_and_its_order_is_not_found() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-another-pair", 1_000);
    let table = [
        (Ask::get(&format!("/v1/payments/{key}")), "400 INVALID_API_KEY"),
        (Ask::confirm(&key, "ord-another-pair", 1_000), "400 INVALID_API_KEY"),
        (
            Ask::post(&format!("/v1/payments/{key}/cancel"), json!({ "cancelReason": "x" })),
            "400 INVALID_API_KEY",
        ),
        (Ask::get("/v1/payments/orders/ord-another-pair"), "404 NOT_FOUND_PAYMENT"),
    ];
    for (ask, verdict) in table {
        let reply = toss.send(ask.with("authorization", WIDGET_BASIC)).await;
        assert_eq!(reply.verdict(), verdict);
    }
    assert_eq!(toss.status(&key), "IN_PROGRESS");
}

#[tokio::test]
async fn messages_and_named_values_come_in_english_on_request() {
    let toss = Toss::start().await;
    let unknown = Ask::get("/v1/payments/nothing");
    for (language, message) in [
        (None, "존재하지 않는 결제 정보 입니다."),
        (Some("ko-KR"), "존재하지 않는 결제 정보 입니다."),
        (Some("en-US"), "The payment does not exist."),
    ] {
        let ask =
            language.map_or(unknown.clone(), |language| unknown.clone().with("accept-language", language));
        assert_eq!(toss.send(ask).await.json()["message"], message, "{language:?}");
    }
    let key = toss.approved("ord-english", 1_000, "카드").await;
    let english = Ask::get(&format!("/v1/payments/{key}")).with("accept-language", "en-US");
    let payment = toss.send(english).await.json();
    assert_eq!((&payment["method"], &payment["card"]["ownerType"]), (&json!("CARD"), &json!("PERSONAL")));
}

#[tokio::test]
async fn every_answer_carries_a_trace_of_its_own() {
    let toss = Toss::start().await;
    let mut traces = Vec::new();
    for ask in [
        Ask::get("/v1/payments/nothing"),
        Ask::get("/v1/payments/nothing").without("authorization"),
        Ask::get("/v1/no/such/route"),
        Ask::get("/v1/payments/confirm"),
    ] {
        let reply = toss.send(ask).await;
        let trace = reply.header("x-tosspayments-trace-id").expect("a trace").to_owned();
        assert!(trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()), "{trace}");
        assert!(!traces.contains(&trace), "{trace} twice");
        traces.push(trace);
    }
}

#[tokio::test]
async fn an_unknown_route_is_answered_by_the_gateway_and_a_wrong_method_by_toss() {
    let toss = Toss::start().await;
    let unknown = toss.send(Ask::get("/v1/refunds")).await;
    assert_eq!(unknown.status, 404);
    assert!(serde_json::from_slice::<serde_json::Value>(&unknown.body).is_err(), "{}", unknown.text());
    let wrong = toss.send(Ask::get("/v1/payments/confirm")).await;
    assert_eq!(wrong.verdict(), "404 NOT_FOUND_HTTP_METHOD");
    for brandpay in
        [Ask::get("/v1/brandpay/terms?customerKey=a"), Ask::post("/v1/brandpay/payments/confirm", json!({}))]
    {
        assert_eq!(toss.send(brandpay).await.verdict(), "400 NOT_SUPPORTED_METHOD");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_of_an_address_changes_nothing() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-slash", 1_000);
    let body = json!({ "paymentKey": key, "orderId": "ord-slash", "amount": 1_000 });
    assert_eq!(toss.send(Ask::post("/v1/payments/confirm/", body)).await.status, 200);
    let days = "?startDate=2026-03-02&endDate=2026-03-03";
    for path in [
        format!("/v1/payments/{key}/"),
        String::from("/v1/payments/orders/ord-slash/"),
        format!("/v1/transactions/{days}"),
        format!("/v1/settlements/{days}"),
        String::from("/v1/cash-receipts/?requestDate=2026-03-02"),
        String::from("/v1/promotions/card/"),
    ] {
        assert_eq!(toss.send(Ask::get(&path)).await.status, 200, "{path}");
    }
    let cancel = json!({ "cancelReason": "x" });
    assert_eq!(toss.send(Ask::post(&format!("/v1/payments/{key}/cancel/"), cancel)).await.status, 200);
    assert_eq!(toss.status(&key), "CANCELED");
}

#[tokio::test]
async fn a_body_may_begin_with_a_byte_order_mark_and_write_digits_as_a_number() {
    let toss = Toss::start().await;
    let key = toss.authenticated("20260302", 1_000);
    let marked = format!("\u{feff}{{\"paymentKey\":\"{key}\",\"orderId\":20260302,\"amount\":1000}}");
    let confirm = Ask::new("POST", "/v1/payments/confirm", marked.into_bytes());
    assert_eq!(toss.send(confirm).await.json()["orderId"], "20260302");
    let card = json!({
        "customerKey": "customer-1", "cardNumber": 9_410_001_234_567_890_u64, "cardExpirationYear": 30,
        "cardExpirationMonth": 12, "customerIdentityNumber": 900_101,
    });
    let billing = toss.send(Ask::post("/v1/billing/authorizations/card", card)).await;
    assert_eq!(billing.json()["card"]["number"], "94100012****789*", "{}", billing.text());
    // What is never digits alone is not guessed at.
    let wrong = json!({ "customerKey": 1, "authKey": "x" });
    let wrong = toss.send(Ask::post("/v1/billing/authorizations/issue", wrong)).await;
    assert_eq!(wrong.verdict(), "400 INVALID_REQUEST");
}

#[tokio::test]
async fn a_body_beyond_64_kib_is_refused_before_it_is_read() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-large-body", 1_000);
    let fits =
        json!({ "paymentKey": key, "orderId": "ord-large-body", "amount": 1_001, "x": "y".repeat(60_000) });
    assert_eq!(toss.send(Ask::post("/v1/payments/confirm", fits)).await.verdict(), "400 INVALID_REQUEST");
    let large =
        json!({ "paymentKey": key, "orderId": "ord-large-body", "amount": 1_000, "x": "y".repeat(66_000) });
    assert_eq!(toss.send(Ask::post("/v1/payments/confirm", large)).await.status, 413);
    assert_eq!(toss.status(&key), "IN_PROGRESS");
}

#[test]
fn a_sandbox_with_live_or_mismatched_or_shared_keys_does_not_start() {
    let table = [
        ("live", vec![Merchant::new("m", "mid", "live_ck_a", "live_sk_a")]),
        ("mixed families", vec![Merchant::new("m", "mid", "test_gck_a", "test_sk_a")]),
        ("swapped", vec![Merchant::new("m", "mid", "test_sk_a", "test_ck_a")]),
        ("no mid", vec![Merchant::new("m", "", "test_ck_a", "test_sk_a")]),
        (
            "shared mid",
            vec![
                Merchant::new("m", "mid", "test_ck_a", "test_sk_a"),
                Merchant::new("m", "mid", "test_ck_b", "test_sk_b"),
            ],
        ),
        ("shared key", vec![Merchant::docs_api(), Merchant { mid: "other".into(), ..Merchant::docs_api() }]),
    ];
    for (case, merchants) in table {
        assert!(Sandbox::new(Config { merchants, ..config() }).is_err(), "{case}");
    }
    assert!(Sandbox::new(config()).is_ok());
}

#[test]
fn a_secret_key_is_never_printed() {
    let printed = format!("{:?} {:?}", config(), Sandbox::new(config()).expect("a valid configuration"));
    assert!(!printed.contains(WIDGET_SECRET) && !printed.contains("test_sk_"), "{printed}");
}

#[test]
fn the_same_seed_makes_the_same_keys() {
    let key = |seed| {
        let sandbox = Sandbox::new(Config { seed: Some(seed), ..config() }).expect("a valid configuration");
        sandbox.authenticate(&NewPayment::card("ord-seeded", 1_000)).expect("a payment")
    };
    assert_eq!(key(1), key(1));
    assert_ne!(key(1), key(2));
    assert!(key(1).starts_with("tviva20260302140509"), "{}", key(1));
}
