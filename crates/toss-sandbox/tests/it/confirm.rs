//! Confirm.

use std::time::Duration;

use serde_json::{Value, json};
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, Mismatch, NewPayment, When};

use crate::client::{Ask, Toss, with};

#[tokio::test]
async fn an_approved_payment_has_every_field_in_the_documented_order() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-20260302-0007", 42_900);
    toss.sandbox.advance(Duration::from_secs(32));
    let reply = toss.confirm(&key, "ord-20260302-0007", 42_900).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let payment = reply.json();
    let transaction = payment["lastTransactionKey"].as_str().expect("a transaction");
    assert!(transaction.len() == 32 && transaction.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')));
    let expected = concat!(
        r#"{"mId":"tvivarepublica","version":"2022-11-16","paymentKey":"KEY","lastTransactionKey":"TX","#,
        r#""orderId":"ord-20260302-0007","orderName":"sandbox order","type":"NORMAL","method":"카드","#,
        r#""status":"DONE","requestedAt":"2026-03-02T14:05:09+09:00","approvedAt":"2026-03-02T14:05:41+09:00","#,
        r#""useEscrow":false,"cultureExpense":false,"currency":"KRW","country":"KR","totalAmount":42900,"#,
        r#""balanceAmount":42900,"suppliedAmount":39000,"vat":3900,"taxFreeAmount":0,"taxExemptionAmount":0,"#,
        r#""isPartialCancelable":true,"card":{"issuerCode":"61","acquirerCode":"31","number":"43301234****123*","#,
        r#""installmentPlanMonths":0,"isInterestFree":false,"interestPayer":null,"approveNo":"00000000","#,
        r#""useCardPoint":false,"cardType":"신용","ownerType":"개인","acquireStatus":"READY","amount":42900},"#,
        r#""virtualAccount":null,"transfer":null,"mobilePhone":null,"giftCertificate":null,"easyPay":null,"#,
        r#""cashReceipt":null,"cashReceipts":null,"discount":null,"cancels":null,"secret":null,"failure":null,"#,
        r#""metadata":null,"receipt":{"url":"https://dashboard.tosspayments.com/receipt/redirection?"#,
        r#"transactionId=KEY&ref=PX"},"checkout":{"url":"http://127.0.0.1:8081/v1/payments/KEY/checkout"}}"#,
    );
    let expected = expected.replace("KEY", &key).replace("TX", transaction);
    assert_eq!(reply.text(), expected);
}

#[tokio::test]
async fn each_method_is_approved_with_its_own_object() {
    let toss = Toss::start().await;
    let unsettled = json!("INCOMPLETED");
    let table = [
        ("카드", "카드", "card", "approveNo", json!("00000000")),
        ("CARD", "카드", "card", "issuerCode", json!("61")),
        ("간편결제", "간편결제", "easyPay", "provider", json!("토스페이")),
        ("NAVERPAY", "간편결제", "easyPay", "provider", json!("네이버페이")),
        ("계좌이체", "계좌이체", "transfer", "bankCode", json!("20")),
        ("TRANSFER", "계좌이체", "transfer", "settlementStatus", unsettled.clone()),
        ("MOBILE_PHONE", "휴대폰", "mobilePhone", "settlementStatus", unsettled),
        ("CULTURE_GIFT_CERTIFICATE", "문화상품권", "giftCertificate", "approveNo", json!("00000000")),
        ("도서문화상품권", "도서문화상품권", "giftCertificate", "approveNo", json!("00000000")),
    ];
    let objects = ["card", "virtualAccount", "transfer", "mobilePhone", "giftCertificate", "easyPay"];
    for (at, (method, name, object, field, value)) in table.into_iter().enumerate() {
        let key = toss.approved(&format!("ord-method-{at}"), 10_000, method).await;
        let payment = toss.read(&key).await.json();
        assert_eq!((&payment["method"], &payment["status"]), (&json!(name), &json!("DONE")), "{method}");
        assert_eq!(payment[object][field], value, "{method}");
        for other in objects.iter().filter(|other| **other != object) {
            assert_eq!(payment[*other], Value::Null, "{method} has a {other}");
        }
    }
}

#[tokio::test]
async fn a_wallet_pays_by_its_linked_card_or_by_its_own_money() {
    let toss = Toss::start().await;
    for (order, card, card_amount, wallet_amount) in [
        ("ord-wallet-money", json!(null), json!(null), json!(10_000)),
        ("ord-wallet-card", json!({ "issuerCode": "41" }), json!(10_000), json!(0)),
    ] {
        let body = json!({ "orderId": order, "amount": 10_000, "method": "EASY_PAY", "easyPay": "TOSSPAY", "card": card });
        let key = toss.send(Ask::post("/sandbox/payments", body)).await.json()["paymentKey"].clone();
        let payment = toss.confirm(key.as_str().unwrap(), order, 10_000).await.json();
        assert_eq!(payment["card"]["amount"], card_amount, "{order}");
        assert_eq!(payment["easyPay"]["amount"], wallet_amount, "{order}");
    }
}

#[tokio::test]
async fn a_second_confirm_after_success_is_refused_and_takes_nothing() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-confirmed-twice", 1_000, "카드").await;
    let again = toss.confirm(&key, "ord-confirmed-twice", 1_000).await;
    assert_eq!(again.verdict(), "400 ALREADY_PROCESSED_PAYMENT");
    assert_eq!(again.json()["message"], "이미 처리된 결제 입니다.");
    let effects: Vec<_> = toss.journal().iter().map(|entry| entry.effect).collect();
    assert_eq!(effects, [EffectKind::Approved, EffectKind::None]);
}

#[tokio::test]
async fn a_second_confirm_while_the_first_runs_meets_s008() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-concurrent", 1_000);
    let slow = FaultKind::Delay { ms: 300, when: When::Before };
    toss.sandbox.add_fault(FaultRule::new(FaultOperation::Confirm, slow)).unwrap();
    let first = toss.confirm(&key, "ord-concurrent", 1_000);
    let second = async {
        toss.until("the first confirm is under way", |sandbox| sandbox.faults(1).is_empty()).await;
        toss.confirm(&key, "ord-concurrent", 1_000).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.status, 200);
    assert_eq!(second.verdict(), "500 FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING");
    assert_eq!(second.json()["message"], "[S008] 기존 요청을 처리중입니다.");
}

#[tokio::test]
async fn a_confirm_for_another_amount_or_order_is_refused_and_the_payment_stays_confirmable() {
    for (mismatch, verdict) in [
        (Mismatch::InvalidRequest, "400 INVALID_REQUEST"),
        (Mismatch::ForbiddenRequest, "403 FORBIDDEN_REQUEST"),
    ] {
        let toss = Toss::start_with(with(|switches| switches.mismatch = mismatch)).await;
        let key = toss.authenticated("ord-mismatch", 1_000);
        assert_eq!(toss.confirm(&key, "ord-mismatch", 999).await.verdict(), verdict);
        assert_eq!(toss.confirm(&key, "ord-mismatched", 1_000).await.verdict(), verdict);
        assert_eq!(toss.status(&key), "IN_PROGRESS");
        assert_eq!(toss.confirm(&key, "ord-mismatch", 1_000).await.status, 200);
    }
}

#[tokio::test]
async fn a_refusal_of_the_issuer_aborts_the_payment_and_is_kept_in_it() {
    let toss = Toss::start().await;
    let table = [
        ("REJECT_CARD_PAYMENT", 403, "한도초과 혹은 잔액부족으로 결제에 실패했습니다."),
        ("INVALID_STOPPED_CARD", 400, "정지된 카드 입니다."),
        (
            "UNKNOWN_PAYMENT_ERROR",
            500,
            "결제에 실패했어요. 같은 문제가 반복된다면 은행이나 카드사로 문의해주세요.",
        ),
    ];
    for (code, status, message) in table {
        let order = format!("ord-{code}");
        let key = toss.sandbox.authenticate(&NewPayment::card(&order, 1_000).refused_with(code)).unwrap();
        let reply = toss.confirm(&key, &order, 1_000).await;
        assert_eq!((reply.status, reply.json()), (status, json!({ "code": code, "message": message })));
        let payment = toss.read(&key).await.json();
        assert_eq!(payment["status"], "ABORTED", "{code}");
        assert_eq!(payment["failure"], json!({ "code": code, "message": message }));
        assert_eq!((&payment["approvedAt"], &payment["lastTransactionKey"]), (&json!(null), &json!(null)));
        assert_eq!(
            toss.journal().iter().find(|e| e.status == Some(status)).unwrap().effect,
            EffectKind::Aborted
        );
        toss.sandbox.clear_journal();
    }
}

#[tokio::test]
async fn an_amount_that_a_method_cannot_take_is_refused_by_it() {
    let toss = Toss::start().await;
    for (method, amount, verdict) in [
        ("카드", 99, "400 BELOW_MINIMUM_AMOUNT"),
        ("카드", 100, "200"),
        ("토스페이", 99, "400 BELOW_MINIMUM_AMOUNT"),
        ("계좌이체", 199, "400 BELOW_MINIMUM_AMOUNT"),
        ("계좌이체", 10_000_000, "200"),
        ("계좌이체", 10_000_001, "400 EXCEEDS_TRANSFER_AMOUNT_MAXIMUM"),
        ("가상계좌", 199, "400 BELOW_MINIMUM_AMOUNT"),
    ] {
        let order = format!("ord-limit-{amount}-{}", method.len());
        let key = toss.sandbox.authenticate(&NewPayment::card(&order, amount).by(method)).unwrap();
        assert_eq!(toss.confirm(&key, &order, amount).await.verdict(), verdict, "{method} {amount}");
    }
}

#[tokio::test]
async fn a_confirm_later_than_ten_minutes_finds_no_session_and_the_payment_is_expired() {
    let toss = Toss::start().await;
    let (early, late) = (toss.authenticated("ord-in-time", 1_000), toss.authenticated("ord-too-late", 1_000));
    toss.sandbox.advance(Duration::from_secs(599));
    assert_eq!(toss.confirm(&early, "ord-in-time", 1_000).await.status, 200);
    toss.sandbox.advance(Duration::from_secs(1));
    let reply = toss.confirm(&late, "ord-too-late", 1_000).await;
    assert_eq!(reply.verdict(), "404 NOT_FOUND_PAYMENT_SESSION");
    let payment = toss.read(&late).await.json();
    assert_eq!(payment["status"], "EXPIRED");
    assert_eq!(
        payment["failure"],
        json!({ "code": "EXPIRED_PAYMENT", "message": "결제가 만료되었습니다. 다시 시도해주세요." })
    );
    for field in ["method", "useEscrow", "lastTransactionKey", "approvedAt", "card", "receipt", "secret"] {
        assert_eq!(payment[field], Value::Null, "{field}");
    }
    assert_eq!((&payment["vat"], &payment["isPartialCancelable"]), (&json!(91), &json!(true)));
}

#[tokio::test]
async fn a_confirm_that_is_not_one_is_refused_before_anything_is_looked_up() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-malformed", 1_000);
    let missing = "400 INVALID_REQUIRED_PARAM";
    let invalid = "400 INVALID_REQUEST";
    let table = [
        (json!({ "orderId": "ord-malformed", "amount": 1_000 }), missing),
        (json!({ "paymentKey": key, "amount": 1_000 }), missing),
        (json!({ "paymentKey": key, "orderId": "ord-malformed" }), missing),
        (json!({ "paymentKey": key, "orderId": "ord-malformed", "amount": null }), missing),
        (json!({ "paymentKey": 1, "orderId": "ord-malformed", "amount": 1_000 }), invalid),
        (json!({ "paymentKey": key, "orderId": "ord-malformed", "amount": 1_000.5 }), invalid),
        (json!({ "paymentKey": key, "orderId": "ord-malformed", "amount": "1000won" }), invalid),
        (json!({ "paymentKey": "k".repeat(201), "orderId": "ord-malformed", "amount": 1_000 }), invalid),
        (json!([]), invalid),
        (
            json!({ "paymentKey": "unknown", "orderId": "ord-malformed", "amount": 1_000 }),
            "404 NOT_FOUND_PAYMENT",
        ),
        // Unknown fields are ignored, and a string of digits is an amount.
        (json!({ "paymentKey": key, "orderId": "ord-malformed", "amount": "1000", "more": [1] }), "200"),
    ];
    for (body, verdict) in table {
        let shown = body.to_string();
        assert_eq!(toss.send(Ask::post("/v1/payments/confirm", body)).await.verdict(), verdict, "{shown}");
    }
    let broken = Ask::new("POST", "/v1/payments/confirm", b"{\"paymentKey\":".to_vec());
    assert_eq!(toss.send(broken).await.verdict(), invalid);
}

#[tokio::test]
async fn a_payment_that_nobody_authenticated_has_no_session_to_confirm() {
    let toss = Toss::start().await;
    let body = json!({ "orderId": "ord-ready", "orderName": "mug", "amount": 1_000 });
    let key = toss.send(Ask::post("/v1/payments", body)).await.json()["paymentKey"].clone();
    let reply = toss.confirm(key.as_str().unwrap(), "ord-ready", 1_000).await;
    assert_eq!(reply.verdict(), "404 NOT_FOUND_PAYMENT_SESSION");
    assert_eq!(toss.status(key.as_str().unwrap()), "READY");
}

#[tokio::test]
async fn a_second_attempt_for_an_order_that_was_approved_is_a_duplicate() {
    let toss = Toss::start().await;
    let (first, second) =
        (toss.authenticated("ord-two-tabs", 1_000), toss.authenticated("ord-two-tabs", 1_000));
    assert_eq!(toss.confirm(&first, "ord-two-tabs", 1_000).await.status, 200);
    let reply = toss.confirm(&second, "ord-two-tabs", 1_000).await;
    assert_eq!(reply.verdict(), "400 DUPLICATED_ORDER_ID");
    assert_eq!(toss.status(&second), "IN_PROGRESS");
    assert!(toss.sandbox.authenticate(&NewPayment::card("ord-two-tabs", 1_000)).is_err());
}

#[tokio::test]
async fn a_test_code_answers_with_its_own_status_and_nothing_is_executed() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-test-code", 1_000);
    let table = [
        ("REJECT_CARD_PAYMENT", 403),
        ("ALREADY_PROCESSED_PAYMENT", 400),
        ("IDEMPOTENT_REQUEST_PROCESSING", 409),
        ("DUPLICATED_ORDER_ID", 400),
        ("FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", 500),
        ("COMMON_ERROR", 500),
    ];
    for payment_key in [key.as_str(), "dummy"] {
        for (code, status) in table {
            let ask = Ask::confirm(payment_key, "ord-test-code", 1_000).with("tosspayments-test-code", code);
            assert_eq!(toss.send(ask).await.verdict(), format!("{status} {code}"));
        }
        let ask =
            Ask::confirm(payment_key, "ord-test-code", 1_000).with("tosspayments-test-code", "NO_SUCH_CODE");
        assert_eq!(toss.send(ask).await.verdict(), "400 INVALID_TEST_CODE");
    }
    assert_eq!(toss.confirm(&key, "ord-test-code", 1_000).await.status, 200);
}
