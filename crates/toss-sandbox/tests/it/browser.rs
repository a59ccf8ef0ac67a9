//! The browser's door and the files behind it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{API_CLIENT, Ask, Reply, Toss, WIDGET_BASIC, WIDGET_CLIENT};

fn widget_order(order: &str) -> Value {
    json!({
        "clientKey": WIDGET_CLIENT, "surface": "widgets", "orderId": order, "orderName": "머그컵",
        "amount": { "currency": "KRW", "value": 42_900 }, "customerName": "김토스",
        "successUrl": "https://shop.example/ok?lang=ko#top", "failUrl": "https://shop.example/no",
        "windowTarget": "self", "origin": "https://shop.example",
    })
}

fn api_order(order: &str) -> Value {
    json!({
        "clientKey": API_CLIENT, "surface": "payment", "orderId": order, "orderName": "mug", "method": "CARD",
        "amount": { "currency": "KRW", "value": 42_900 },
    })
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

async fn open(toss: &Toss, body: Value) -> Reply {
    toss.send(Ask::post("/sandbox/browser/payments", body)).await
}

async fn opened(toss: &Toss, body: Value) -> String {
    let reply = open(toss, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["paymentKey"].as_str().unwrap().to_owned()
}

async fn door(toss: &Toss, key: &str, verb: &str, body: Value) -> Reply {
    toss.send(Ask::post(&format!("/sandbox/browser/payments/{key}/{verb}"), body)).await
}

#[tokio::test]
async fn a_client_key_tells_its_merchant_family_and_methods() {
    let toss = Toss::start().await;
    for (key, family) in [(WIDGET_CLIENT, "widget"), (API_CLIENT, "api")] {
        let config = toss.send(Ask::get(&format!("/sandbox/browser/config?clientKey={key}"))).await.json();
        assert_eq!((&config["family"], &config["mode"]), (&json!(family), &json!("test")));
        let methods = config["methods"].as_array().unwrap();
        let card = json!({ "code": "CARD", "label": "신용·체크카드", "labelEn": "Credit or debit card" });
        assert!(methods.contains(&card), "{methods:?}");
    }
    for key in ["test_ck_unknown", "live_ck_anything", ""] {
        let reply = toss.send(Ask::get(&format!("/sandbox/browser/config?clientKey={key}"))).await;
        assert_eq!(reply.verdict(), "400 INVALID_CLIENT_KEY", "{key}");
    }
}

#[tokio::test]
async fn a_buyer_goes_from_the_window_to_a_confirmed_payment() {
    let toss = Toss::start().await;
    let reply = open(&toss, widget_order("ord-through-window")).await.json();
    let key = reply["paymentKey"].as_str().unwrap();
    assert_eq!(reply["windowUrl"], format!("http://{}/sandbox/window/{key}", toss.address));
    let shown = toss.send(Ask::get(&format!("/sandbox/browser/payments/{key}"))).await.json();
    assert_eq!((&shown["status"], &shown["method"]), (&json!("READY"), &json!(null)));
    assert_eq!((&shown["amount"], &shown["customerName"]), (&json!(42_900), &json!("김토스")));
    assert!(shown["declineReasons"].as_array().unwrap().len() > 3);
    let choice = json!({ "method": "CARD", "card": { "issuerCode": "51", "installmentPlanMonths": 0 } });
    let result = door(&toss, key, "authenticate", choice).await.json();
    let redirect = format!(
        "https://shop.example/ok?lang=ko&paymentType=NORMAL&amount=42900&orderId=ord-through-window&paymentKey={key}#top"
    );
    assert_eq!(
        result,
        json!({
            "paymentKey": key, "orderId": "ord-through-window", "paymentType": "NORMAL",
            "amount": { "currency": "KRW", "value": 42_900 }, "redirectUrl": redirect,
        })
    );
    let confirm = Ask::confirm(key, "ord-through-window", 42_900).with("authorization", WIDGET_BASIC);
    let payment = toss.send(confirm).await.json();
    assert_eq!((&payment["status"], &payment["card"]["issuerCode"]), (&json!("DONE"), &json!("51")));
}

#[tokio::test]
async fn payment_promise_mode_has_no_address_and_no_payment_type() {
    let toss = Toss::start().await;
    let key = opened(&toss, api_order("ord-promise")).await;
    let result = door(&toss, &key, "authenticate", json!({})).await.json();
    assert_eq!((&result["redirectUrl"], result.get("paymentType")), (&json!(null), None));
    assert_eq!(toss.status(&key), "IN_PROGRESS");
}

#[tokio::test]
async fn giving_up_leaves_the_payment_open_and_tells_the_fail_address() {
    let toss = Toss::start().await;
    let key = opened(&toss, widget_order("ord-giving-up")).await;
    let message = "사용자에 의해 결제가 취소되었습니다.";
    let closed = door(&toss, &key, "close", json!({})).await.json();
    assert_eq!((&closed["code"], &closed["message"]), (&json!("PAY_PROCESS_CANCELED"), &json!(message)));
    let address = closed["redirectUrl"].as_str().unwrap();
    assert!(address.starts_with("https://shop.example/no?code=PAY_PROCESS_CANCELED&message=%EC%82%AC%EC%9A%A9%EC%9E%90%EC%97%90%20"), "{address}");
    assert!(address.ends_with("&orderId=ord-giving-up"), "{address}");
    toss.send(Ask::patch("/sandbox/switches", json!({ "cancelNamesOrder": false }))).await;
    let silent = door(&toss, &key, "close", json!({})).await.json();
    assert!(!silent["redirectUrl"].as_str().unwrap().contains("orderId"), "{silent}");
    let failed = door(&toss, &key, "fail", json!({ "code": "PAY_PROCESS_ABORTED" })).await.json();
    assert_eq!(failed["message"], "결제 진행 중 승인에 실패하여 결제가 중단되었습니다.");
    assert_eq!(toss.status(&key), "READY");
    assert_eq!(
        door(&toss, &key, "fail", json!({ "code": "NO_SUCH" })).await.verdict(),
        "400 INVALID_PARAMETERS"
    );
    assert_eq!(
        door(&toss, &key, "authenticate", json!({})).await.status,
        200,
        "the window can be opened again"
    );
    assert_eq!(door(&toss, &key, "close", json!({})).await.verdict(), "400 ALREADY_PROCESSED_PAYMENT");
}

#[tokio::test]
async fn a_window_whose_time_has_run_out_can_still_send_its_buyer_back() {
    let toss = Toss::start().await;
    let key = opened(&toss, widget_order("ord-run-out")).await;
    toss.sandbox.advance(Duration::from_secs(30 * 60));
    let failed = door(&toss, &key, "fail", json!({ "code": "PAY_PROCESS_ABORTED" })).await.json();
    let address = failed["redirectUrl"].as_str().unwrap();
    assert!(address.starts_with("https://shop.example/no?code=PAY_PROCESS_ABORTED&"), "{address}");
    assert_eq!(toss.status(&key), "EXPIRED");
}

#[tokio::test]
async fn a_buyer_can_choose_what_the_issuer_will_say() {
    let toss = Toss::start().await;
    let key = opened(&toss, api_order("ord-declined")).await;
    door(&toss, &key, "authenticate", json!({ "confirmOutcome": "REJECT_CARD_COMPANY" })).await;
    assert_eq!(toss.confirm(&key, "ord-declined", 42_900).await.verdict(), "403 REJECT_CARD_COMPANY");
    assert_eq!(toss.status(&key), "ABORTED");
}

#[tokio::test]
async fn authenticating_twice_changes_nothing_and_too_late_is_refused() {
    let toss = Toss::start().await;
    let key = opened(&toss, api_order("ord-double-click")).await;
    let first = door(&toss, &key, "authenticate", json!({})).await;
    toss.sandbox.advance(Duration::from_secs(599));
    let second = door(&toss, &key, "authenticate", json!({ "method": "TRANSFER" })).await;
    assert_eq!(first.text(), second.text());
    toss.sandbox.advance(Duration::from_secs(1));
    let late = door(&toss, &key, "authenticate", json!({})).await;
    assert_eq!(late.verdict(), "404 NOT_FOUND_PAYMENT_SESSION");
}

#[tokio::test]
async fn a_request_that_the_sdk_should_not_have_sent_is_refused_with_its_code() {
    let toss = Toss::start().await;
    let used = toss.approved("ord-used-up", 1_000, "카드").await;
    assert!(!used.is_empty());
    let good = || api_order("ord-parameters");
    let amount = |currency: &str, value: Value| {
        with(good(), "amount", json!({ "currency": currency, "value": value }))
    };
    let table = [
        (with(good(), "clientKey", json!("live_ck_x")), "INVALID_CLIENT_KEY"),
        (with(good(), "clientKey", json!(WIDGET_CLIENT)), "NOT_SUPPORTED_WIDGET_KEY"),
        (
            with(widget_order("ord-parameters"), "clientKey", json!(API_CLIENT)),
            "NOT_SUPPORTED_API_INDIVIDUAL_KEY",
        ),
        (with(good(), "surface", json!("brandpay")), "INVALID_PARAMETERS"),
        (with(good(), "orderId", json!("short")), "INVALID_ORDER_ID"),
        (with(good(), "orderId", json!("주문번호입니다")), "INVALID_ORDER_ID"),
        (with(good(), "orderId", json!("a".repeat(65))), "INVALID_ORDER_ID"),
        (with(good(), "orderName", json!("")), "INVALID_ORDER_NAME"),
        (with(good(), "orderName", json!("가".repeat(101))), "INVALID_ORDER_NAME"),
        (with(good(), "orderId", json!("ord-used-up")), "DUPLICATED_ORDER_ID"),
        (amount("KRW", json!(0)), "BELOW_ZERO_AMOUNT"),
        (amount("KRW", json!(-100)), "BELOW_ZERO_AMOUNT"),
        (amount("KRW", json!("a lot")), "INVALID_PARAMETERS"),
        (amount("USD", json!(100)), "INVALID_AMOUNT_CURRENCY"),
        (with(good(), "method", json!(null)), "INVALID_PARAMETERS"),
        (with(good(), "method", json!("CHEQUE")), "NOT_SUPPORTED_METHOD"),
        (with(good(), "method", json!("PAYCO")), "UNSUPPORTED_TEST_PHASE_PAYMENT_METHOD"),
        (with(good(), "easyPay", json!("NOPAY")), "INVALID_EASY_PAY"),
        (with(good(), "successUrl", json!("/ok")), "INCORRECT_SUCCESS_URL_FORMAT"),
        (with(good(), "failUrl", json!("shop.example")), "INCORRECT_FAIL_URL_FORMAT"),
        (with(good(), "successUrl", json!("https://shop.example/ok")), "INVALID_PARAMETERS"),
        (with(good(), "customerMobilePhone", json!("010-1234-5678")), "INVALID_PARAMETERS"),
        (with(good(), "metadata", json!({ "a[0]": "x" })), "INVALID_METADATA"),
        (with(good(), "taxFreeAmount", json!(42_901)), "INVALID_PARAMETERS"),
        (json!([]), "INVALID_PARAMETERS"),
    ];
    for (body, code) in table {
        let shown = body.to_string();
        assert_eq!(open(&toss, body).await.verdict(), format!("400 {code}"), "{shown}");
    }
    assert_eq!(open(&toss, good()).await.status, 200);
}

#[tokio::test]
async fn pages_of_other_origins_may_call_the_door() {
    let toss = Toss::start().await;
    let preflight = Ask::new("OPTIONS", "/sandbox/browser/payments", Vec::new())
        .with("origin", "http://localhost:3000")
        .with("access-control-request-method", "POST");
    let reply = toss.send(preflight).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, Some("*")));
    assert!(reply.header("access-control-allow-headers").unwrap().contains("content-type"));
    for ask in [
        Ask::get("/sandbox/browser/config"),
        Ask::get("/v2/standard"),
        Ask::get("/sandbox/browser/payments/x"),
    ] {
        assert_eq!(toss.send(ask).await.header("access-control-allow-origin"), Some("*"));
    }
}

#[tokio::test]
async fn the_sdk_is_one_script_that_knows_where_it_came_from() {
    let toss = Toss::start().await;
    let reply = toss.send(Ask::get("/v2/standard?lang=en")).await;
    assert_eq!(reply.header("content-type"), Some("text/javascript; charset=utf-8"));
    let script = reply.text();
    assert!(script.contains(&format!("http://{}", toss.address)));
    assert!(!script.contains("__SANDBOX_"));
    assert!(script.contains("const SWITCHES = {") && script.contains("\"windowClose\":\"rejected\""));
    assert!(script.starts_with("(function () {") && script.trim_end().ends_with("})();"));
}

#[tokio::test]
async fn the_pages_and_their_files_are_served_and_can_be_framed() {
    let toss = Toss::start().await;
    for (path, media) in [
        ("/sandbox/window/tviva20260302140509Ab3Xz", "text/html; charset=utf-8"),
        ("/sandbox/widget/methods", "text/html; charset=utf-8"),
        ("/sandbox/widget/agreement", "text/html; charset=utf-8"),
        ("/sandbox/assets/window.js", "text/javascript; charset=utf-8"),
        ("/sandbox/assets/common.css", "text/css; charset=utf-8"),
        ("/sandbox/assets/icon.svg", "image/svg+xml"),
    ] {
        let reply = toss.send(Ask::get(path)).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(media)), "{path}");
        assert_eq!(reply.header("x-frame-options"), None, "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    for path in ["/sandbox/widget/other", "/sandbox/assets/README.md", "/sandbox/assets/..%2fCargo.toml"] {
        assert_eq!(toss.send(Ask::get(path)).await.status, 404, "{path}");
    }
}
