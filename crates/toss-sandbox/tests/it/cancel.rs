//! Cancel: full, partial, the rest, and every rule that refuses one.

use std::time::Duration;

use serde_json::{Value, json};
use toss_sandbox::{Config, EffectKind, Merchant, NewPayment};

use crate::client::{Ask, Toss, config};

fn reason() -> Value {
    json!({ "cancelReason": "order withdrawn" })
}

fn part(amount: i64) -> Value {
    json!({ "cancelReason": "size exchange", "cancelAmount": amount })
}

#[tokio::test]
async fn a_full_cancel_takes_all_back_and_a_second_one_is_refused() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-full-cancel", 42_900, "카드").await;
    let payment = toss.cancel(&key, reason()).await.json();
    assert_eq!(payment["status"], "CANCELED");
    for field in ["balanceAmount", "suppliedAmount", "vat", "taxFreeAmount", "taxExemptionAmount"] {
        assert_eq!(payment[field], 0, "{field}");
    }
    assert_eq!(
        (&payment["totalAmount"], &payment["card"]["acquireStatus"]),
        (&json!(42_900), &json!("READY"))
    );
    assert_eq!(payment["approvedAt"], "2026-03-02T14:05:09+09:00");
    assert_eq!(toss.cancel(&key, reason()).await.verdict(), "400 ALREADY_CANCELED_PAYMENT");
}

#[tokio::test]
async fn a_partial_cancel_is_appended_and_the_tax_is_computed_on_the_rest() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-partial-cancel", 42_900, "카드").await;
    toss.sandbox.advance(Duration::from_secs(86_400));
    let reply = toss.cancel(&key, part(12_900)).await;
    let payment = reply.json();
    assert_eq!(payment["status"], "PARTIAL_CANCELED");
    let amounts = ["balanceAmount", "suppliedAmount", "vat"].map(|field| payment[field].clone());
    assert_eq!(amounts, [json!(30_000), json!(27_273), json!(2_727)]);
    let transaction = payment["lastTransactionKey"].as_str().unwrap();
    let cancels = concat!(
        r#""cancels":[{"transactionKey":"TX","cancelReason":"size exchange","cancelAmount":12900,"#,
        r#""taxFreeAmount":0,"taxExemptionAmount":0,"refundableAmount":30000,"cardDiscountAmount":0,"#,
        r#""transferDiscountAmount":0,"easyPayDiscountAmount":0,"canceledAt":"2026-03-03T14:05:09+09:00","#,
        r#""receiptKey":null,"cancelStatus":"DONE","cancelRequestId":null}]"#,
    );
    assert!(reply.text().contains(&cancels.replace("TX", transaction)), "{}", reply.text());
}

#[tokio::test]
async fn after_a_partial_cancel_the_exact_rest_leaves_partial_canceled_with_nothing_to_cancel() {
    let toss = Toss::start().await;
    for (order, rest) in [("ord-rest-named", part(600)), ("ord-rest-omitted", reason())] {
        let key = toss.approved(order, 1_000, "카드").await;
        assert_eq!(toss.cancel(&key, part(400)).await.status, 200);
        let payment = toss.cancel(&key, rest).await.json();
        assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("PARTIAL_CANCELED"), &json!(0)));
        assert_eq!(payment["cancels"].as_array().unwrap().len(), 2);
        assert_eq!(toss.cancel(&key, reason()).await.verdict(), "403 NOT_CANCELABLE_AMOUNT");
    }
}

#[tokio::test]
async fn a_cancel_that_breaks_a_rule_is_refused_and_changes_nothing() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-cancel-rules", 1_000, "카드").await;
    let table = [
        (json!({}), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "cancelReason": " " }), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "cancelReason": "x".repeat(201) }), "400 INVALID_REQUEST"),
        (part(0), "400 INVALID_REQUEST"),
        (part(-1), "400 INVALID_REQUEST"),
        (part(1_001), "403 NOT_CANCELABLE_AMOUNT"),
        (
            json!({ "cancelReason": "x", "cancelAmount": 1, "refundableAmount": 999 }),
            "400 NOT_MATCHES_REFUNDABLE_AMOUNT",
        ),
        (json!({ "cancelReason": "x", "currency": "USD" }), "400 INVALID_CURRENCY"),
        (json!({ "cancelReason": "x", "cancelAmount": "a lot" }), "400 INVALID_REQUEST"),
    ];
    let before = toss.read(&key).await.text();
    for (body, verdict) in table {
        let shown = body.to_string();
        assert_eq!(toss.cancel(&key, body).await.verdict(), verdict, "{shown}");
    }
    assert_eq!(toss.read(&key).await.text(), before);
    assert_eq!(toss.cancel("unknown", reason()).await.verdict(), "404 NOT_FOUND_PAYMENT");
    let whole = json!({ "cancelReason": "x", "refundableAmount": 1_000, "currency": "KRW" });
    assert_eq!(toss.cancel(&key, whole).await.status, 200);
}

#[tokio::test]
async fn only_approved_payments_can_be_cancelled() {
    let toss = Toss::start().await;
    let in_progress = toss.authenticated("ord-in-progress", 1_000);
    let refused = NewPayment::card("ord-aborted", 1_000).refused_with("REJECT_CARD_PAYMENT");
    let aborted = toss.sandbox.authenticate(&refused).unwrap();
    toss.confirm(&aborted, "ord-aborted", 1_000).await;
    let expired = toss.authenticated("ord-expired", 1_000);
    toss.sandbox.expire(&expired).unwrap();
    let window = json!({ "orderId": "ord-ready", "orderName": "mug", "amount": 1_000 });
    let ready = toss.send(Ask::post("/v1/payments", window)).await.json()["paymentKey"].clone();
    for (key, status) in [
        (in_progress.as_str(), "IN_PROGRESS"),
        (aborted.as_str(), "ABORTED"),
        (expired.as_str(), "EXPIRED"),
        (ready.as_str().unwrap(), "READY"),
    ] {
        assert_eq!(toss.cancel(key, reason()).await.verdict(), "403 NOT_CANCELABLE_PAYMENT", "{status}");
        assert_eq!(toss.status(key), status);
    }
}

#[tokio::test]
async fn each_method_has_its_own_deadline_for_cancels() {
    let toss = Toss::start().await;
    let day = 86_400;
    // The clock stands at the second of March.
    for (method, days, verdict) in [
        ("카드", 400, "200"),
        ("계좌이체", 180, "200"),
        ("계좌이체", 181, "403 EXCEED_MAX_REFUND_DUE"),
        ("휴대폰", 0, "200"),
        ("휴대폰", 31, "403 EXCEED_MAX_REFUND_DUE"),
    ] {
        let key = toss.approved(&format!("ord-due-{days}-{}", method.len()), 1_000, method).await;
        toss.sandbox.advance(Duration::from_secs(days * day));
        assert_eq!(toss.cancel(&key, reason()).await.verdict(), verdict, "{method} after {days} days");
    }
}

#[tokio::test]
async fn what_cannot_be_split_is_cancelled_whole_and_never_below_its_discount() {
    let toss = Toss::start().await;
    for (order, extra, amount, verdict) in [
        ("ord-whole-1", json!({ "isPartialCancelable": false }), 400, "403 NOT_ALLOWED_PARTIAL_REFUND"),
        ("ord-whole-2", json!({ "isPartialCancelable": false }), 1_000, "200"),
        ("ord-discount-1", json!({ "discountAmount": 300 }), 299, "400 EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT"),
        ("ord-discount-2", json!({ "discountAmount": 300 }), 300, "200"),
    ] {
        let mut body = json!({ "orderId": order, "amount": 1_000 });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let key = toss.send(Ask::post("/sandbox/payments", body)).await.json()["paymentKey"].clone();
        let key = key.as_str().unwrap();
        assert_eq!(toss.confirm(key, order, 1_000).await.status, 200);
        assert_eq!(toss.cancel(key, part(amount)).await.verdict(), verdict, "{order}");
    }
}

#[tokio::test]
async fn the_tax_free_part_shrinks_with_the_cancels_of_a_mixed_merchant() {
    let merchants = vec![Merchant { mixed_tax: true, ..Merchant::docs_api() }];
    let toss = Toss::start_with(Config { merchants, ..config() }).await;
    let body = json!({ "orderId": "ord-mixed-tax", "amount": 11_000, "taxFreeAmount": 10_000 });
    let payment = toss.send(Ask::post("/sandbox/payments", body)).await.json();
    let parts = |payment: &Value| {
        ["balanceAmount", "taxFreeAmount", "suppliedAmount", "vat"].map(|f| payment[f].clone())
    };
    assert_eq!(parts(&payment), [json!(11_000), json!(10_000), json!(909), json!(91)]);
    let key = payment["paymentKey"].as_str().unwrap();
    assert_eq!(toss.confirm(key, "ord-mixed-tax", 11_000).await.status, 200);
    // More taxable money than is left, then more tax-free money than is cancelled.
    for tax_free in [4_000, 6_000] {
        let body = json!({ "cancelReason": "x", "cancelAmount": 5_500, "taxFreeAmount": tax_free });
        assert_eq!(toss.cancel(key, body).await.verdict(), "400 INVALID_REQUEST", "{tax_free}");
    }
    let body = json!({ "cancelReason": "x", "cancelAmount": 5_500, "taxFreeAmount": 5_000 });
    let payment = toss.cancel(key, body).await.json();
    assert_eq!(parts(&payment), [json!(5_500), json!(5_000), json!(455), json!(45)]);
    let payment = toss.cancel(key, reason()).await.json();
    assert_eq!(parts(&payment), [json!(0), json!(0), json!(0), json!(0)]);
    assert_eq!(payment["cancels"][1]["taxFreeAmount"], 5_000);
}

#[tokio::test]
async fn an_ordinary_merchants_tax_free_amount_is_ignored() {
    let toss = Toss::start().await;
    let body = json!({ "orderId": "ord-ordinary-tax", "amount": 11_000, "taxFreeAmount": 10_000 });
    let payment = toss.send(Ask::post("/sandbox/payments", body)).await.json();
    assert_eq!((&payment["taxFreeAmount"], &payment["vat"]), (&json!(0), &json!(1_000)));
}

#[tokio::test]
async fn without_a_lock_the_same_partial_cancel_goes_through_twice() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-cancel-twice", 1_000, "카드").await;
    for _ in 0..2 {
        assert_eq!(toss.cancel(&key, part(400)).await.status, 200);
    }
    let locked = json!({ "cancelReason": "x", "cancelAmount": 100, "refundableAmount": 600 });
    assert_eq!(toss.cancel(&key, locked).await.verdict(), "400 NOT_MATCHES_REFUNDABLE_AMOUNT");
    let journal = toss.journal();
    let given_back: i64 =
        journal.iter().filter(|e| e.effect == EffectKind::Canceled).filter_map(|e| e.effect_amount).sum();
    assert_eq!(given_back, 800);
}
