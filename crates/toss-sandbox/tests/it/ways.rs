//! Every way to pay: what the buyer chose comes back in the Payment, and its amounts add up.

use serde_json::{Value, json};
use toss_sandbox::WebhookEndpoint;

use crate::client::{Ask, Reply, Toss};

/// An authenticated payment with these words beside order and amount.
pub(crate) async fn authenticated(toss: &Toss, order: &str, amount: Value, wish: Value) -> Reply {
    let mut body = json!({ "orderId": order, "amount": amount });
    let (Value::Object(body_fields), Value::Object(wish)) = (&mut body, wish) else { unreachable!() };
    body_fields.extend(wish);
    toss.send(Ask::post("/sandbox/payments", body)).await
}

/// The same, confirmed.
pub(crate) async fn paid(toss: &Toss, order: &str, amount: Value, wish: Value) -> Value {
    let opened = authenticated(toss, order, amount.clone(), wish).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    let key = opened.json()["paymentKey"].clone();
    let body = json!({ "paymentKey": key, "orderId": order, "amount": amount });
    let reply = toss.send(Ask::post("/v1/payments/confirm", body)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// What a confirm of such a payment is refused with.
async fn refused(toss: &Toss, order: &str, amount: i64, wish: Value) -> String {
    let opened = authenticated(toss, order, json!(amount), wish).await;
    if opened.status != 200 {
        return opened.verdict();
    }
    let key = opened.json()["paymentKey"].as_str().unwrap().to_owned();
    toss.confirm(&key, order, amount).await.verdict()
}

#[tokio::test]
async fn a_card_comes_back_as_it_was_chosen() {
    let toss = Toss::start().await;
    let wish = json!({
        "method": "CARD",
        "card": {
            "issuerCode": "SHINHAN", "installmentPlanMonths": 3, "useCardPoint": true,
            "cardType": "CREDIT", "ownerType": "법인",
            "freeInstallmentPlans": [{ "company": "41", "months": [2, 3] }],
        },
    });
    let card = paid(&toss, "ord-card-chosen", json!(60_000), wish).await["card"].clone();
    assert_eq!(
        card,
        json!({
            "issuerCode": "41", "acquirerCode": "41", "number": "45181234****123*",
            "installmentPlanMonths": 3, "isInterestFree": true, "interestPayer": "MERCHANT",
            "approveNo": "00000000", "useCardPoint": true, "cardType": "신용", "ownerType": "법인",
            "acquireStatus": "READY", "amount": 60_000,
        })
    );
}

#[tokio::test]
async fn an_instalment_plan_keeps_to_the_request_and_its_buyer_pays_the_interest() {
    let toss = Toss::start().await;
    let months = |months: u8, terms: Value| {
        let mut card = json!({ "installmentPlanMonths": months });
        card.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        json!({ "method": "CARD", "card": card })
    };
    let table = [
        (60_000, months(2, json!({ "maxCardInstallmentPlan": 6 })), "200"),
        (60_000, months(7, json!({ "maxCardInstallmentPlan": 6 })), "400 EXCEED_MAX_CARD_INSTALLMENT_PLAN"),
        (60_000, months(3, json!({ "cardInstallmentPlan": 6 })), "400 INVALID_CARD_INSTALLMENT_PLAN"),
        (60_000, months(1, json!({})), "400 INVALID_CARD_INSTALLMENT_PLAN"),
        (60_000, months(13, json!({})), "400 INVALID_CARD_INSTALLMENT_PLAN"),
        (
            60_000,
            months(2, json!({ "cardInstallmentPlan": 2, "maxCardInstallmentPlan": 6 })),
            "400 INVALID_CARD_INSTALLMENT_PLANS_WITH_MAX_AND_SINGLE",
        ),
        (49_999, months(2, json!({})), "400 NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT"),
        (50_000, months(12, json!({})), "200"),
        (
            60_000,
            months(2, json!({ "cardType": "체크" })),
            "400 NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT",
        ),
        (
            60_000,
            months(0, json!({ "cardType": "DEBIT", "useCardPoint": true })),
            "400 NOT_ALLOWED_POINT_USE",
        ),
        (60_000, months(0, json!({ "issuerCode": "61", "cardCompany": "41" })), "400 INVALID_CARD_COMPANY"),
    ];
    for (at, (amount, wish, verdict)) in table.into_iter().enumerate() {
        let shown = wish.to_string();
        assert_eq!(refused(&toss, &format!("ord-plan-{at}"), amount, wish).await, verdict, "{shown}");
    }
    let card = paid(&toss, "ord-plan-payer", json!(60_000), months(5, json!({}))).await["card"].clone();
    assert_eq!((&card["isInterestFree"], &card["interestPayer"]), (&json!(false), &json!("BUYER")));
    // A server writes the terms beside the order.
    let wish = json!({ "method": "CARD", "cardInstallmentPlan": 4, "cardCompany": "삼성" });
    let card = paid(&toss, "ord-plan-server", json!(60_000), wish).await["card"].clone();
    assert_eq!((&card["issuerCode"], &card["installmentPlanMonths"]), (&json!("51"), &json!(4)));
}

#[tokio::test]
async fn an_overseas_card_is_of_no_known_kind_and_is_cancelled_as_a_whole() {
    let toss = Toss::start().await;
    let wish = json!({ "method": "CARD", "card": { "issuerCode": "4V" } });
    let payment = paid(&toss, "ord-visa", json!(30_000), wish).await;
    let card = &payment["card"];
    assert_eq!((&card["cardType"], &card["ownerType"]), (&json!("미확인"), &json!("미확인")));
    assert_eq!((&card["acquirerCode"], &payment["isPartialCancelable"]), (&json!("21"), &json!(false)));
    let key = payment["paymentKey"].as_str().unwrap();
    let part = json!({ "cancelReason": "x", "cancelAmount": 1_000 });
    assert_eq!(toss.cancel(key, part).await.verdict(), "403 NOT_ALLOWED_PARTIAL_REFUND");
    assert_eq!(toss.cancel(key, json!({ "cancelReason": "x" })).await.status, 200);
}

#[tokio::test]
async fn a_wallet_divides_its_total_into_card_money_and_points() {
    let toss = Toss::start().await;
    let table = [
        (json!({ "issuerCode": "11" }), Some(42_900), 0, 0),
        (json!({ "issuerCode": "11", "points": 2_900 }), Some(40_000), 0, 2_900),
        (json!({}), None, 42_900, 0),
        (json!({ "points": 900 }), None, 42_000, 900),
        (json!({ "issuerCode": "11", "points": 42_900 }), None, 0, 42_900),
    ];
    for (at, (card, by_card, money, points)) in table.into_iter().enumerate() {
        let wish = json!({ "method": "CARD", "easyPay": "TOSSPAY", "card": card });
        let payment = paid(&toss, &format!("ord-wallet-{at}"), json!(42_900), wish).await;
        assert_eq!(payment["method"], "간편결제");
        let easy = json!({ "provider": "토스페이", "amount": money, "discountAmount": points });
        assert_eq!(payment["easyPay"], easy, "{card}");
        assert_eq!(payment["card"]["amount"].as_i64(), by_card, "{card}");
        assert_eq!(by_card.unwrap_or(0) + money + points, 42_900);
    }
    let wish = json!({ "easyPay": "SAMSUNGPAY", "card": { "points": 1 } });
    assert_eq!(refused(&toss, "ord-no-points", 1_000, wish).await, "400 NOT_ALLOWED_POINT_USE");
    let wish = json!({ "easyPay": "PAYCO" });
    assert_eq!(refused(&toss, "ord-payco", 1_000, wish).await, "400 UNSUPPORTED_TEST_PHASE_PAYMENT_METHOD");
}

#[tokio::test]
async fn a_wallets_points_go_back_last_and_an_instant_discount_first() {
    let toss = Toss::start().await;
    let wish = json!({ "easyPay": "NAVERPAY", "card": { "points": 3_000 } });
    let payment = paid(&toss, "ord-points-back", json!(10_000), wish).await;
    let key = payment["paymentKey"].as_str().unwrap();
    for (amount, points) in [(6_000, 0), (2_000, 1_000), (2_000, 2_000)] {
        let body = json!({ "cancelReason": "x", "cancelAmount": amount });
        let cancelled = toss.cancel(key, body).await.json();
        let last = cancelled["cancels"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["easyPayDiscountAmount"], points);
    }
    let wish = json!({ "method": "CARD", "discountAmount": 500 });
    let payment = paid(&toss, "ord-discount-back", json!(10_000), wish).await;
    assert_eq!(
        (&payment["discount"], &payment["card"]["amount"]),
        (&json!({ "amount": 500 }), &json!(10_000))
    );
    let key = payment["paymentKey"].as_str().unwrap();
    let less = json!({ "cancelReason": "x", "cancelAmount": 499 });
    assert_eq!(toss.cancel(key, less).await.verdict(), "400 EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT");
    for (amount, discount) in [(1_000, 500), (9_000, 0)] {
        let body = json!({ "cancelReason": "x", "cancelAmount": amount });
        let cancelled = toss.cancel(key, body).await.json();
        assert_eq!(cancelled["cancels"].as_array().unwrap().last().unwrap()["cardDiscountAmount"], discount);
    }
}

#[tokio::test]
async fn a_transfer_writes_the_cash_receipt_that_was_asked_for_and_cancels_it_with_itself() {
    let toss = Toss::start().await;
    let cash = json!({ "type": "소득공제", "registrationNumber": "01012345678" });
    let wish = json!({ "method": "TRANSFER", "transfer": { "bank": "088", "cashReceipt": cash } });
    assert_eq!(refused(&toss, "ord-no-bank", 5_000, wish).await, "400 INVALID_BANK");
    let wish = json!({
        "method": "계좌이체", "transfer": { "bank": "신한", "cashReceipt": cash, "isCulturalExpenses": true },
    });
    let payment = paid(&toss, "ord-transfer", json!(5_000), wish).await;
    assert_eq!(payment["transfer"], json!({ "bankCode": "88", "settlementStatus": "INCOMPLETED" }));
    assert_eq!(payment["cultureExpense"], true);
    let receipt = &payment["cashReceipt"];
    assert_eq!((&receipt["type"], &receipt["amount"]), (&json!("소득공제"), &json!(5_000)));
    assert_eq!(receipt["issueNumber"].as_str().unwrap().len(), 9);
    let (first, receipts) = (receipt["receiptKey"].as_str().unwrap(), &payment["cashReceipts"]);
    assert_eq!((&receipts[0]["receiptKey"], receipts.as_array().unwrap().len()), (&json!(first), 1));
    assert_eq!(receipts[0]["customerIdentityNumber"], "010*******8");
    let key = payment["paymentKey"].as_str().unwrap();
    let part = json!({ "cancelReason": "x", "cancelAmount": 2_000 });
    let cancelled = toss.cancel(key, part).await.json();
    let of_cancel = format!("c_{first}");
    assert_eq!(cancelled["cancels"][0]["receiptKey"], of_cancel);
    let second = &cancelled["cashReceipts"][1];
    assert_eq!((&second["receiptKey"], &second["transactionType"]), (&json!(of_cancel), &json!("CANCEL")));
    assert_eq!(second["amount"], 2_000);
    let wish = json!({ "method": "TRANSFER", "transfer": { "cashReceipt": { "type": "미발행" } } });
    assert_eq!(paid(&toss, "ord-no-receipt", json!(5_000), wish).await["cashReceipt"], json!(null));
    for (cash, verdict) in [
        (json!({ "type": "영수증" }), "400 INVALID_CASH_RECEIPT_INFO"),
        (json!({ "type": "지출증빙", "registrationNumber": "123" }), "400 INVALID_REGISTRATION_NUMBER_TYPE"),
    ] {
        let wish = json!({ "method": "TRANSFER", "transfer": { "cashReceipt": cash } });
        assert_eq!(refused(&toss, "ord-bad-receipt", 5_000, wish).await, verdict);
    }
}

#[tokio::test]
async fn a_phone_pays_by_a_carrier_that_the_request_allows() {
    let toss = Toss::start().await;
    let wish = |carrier: &str, number: &str| {
        let phone = json!({ "carrier": carrier, "number": number, "mobileCarriers": ["SKT", "HELLO"] });
        json!({ "method": "MOBILE_PHONE", "mobilePhone": phone })
    };
    let payment = paid(&toss, "ord-phone", json!(9_900), wish("HELLO", "01098765432")).await;
    assert_eq!(payment["mobilePhone"]["customerMobilePhone"], "01098765432");
    assert_eq!(payment["mobilePhone"]["carrier"], json!(null));
    let table = [
        (9_900, wish("KT", "01098765432"), "400 NOT_SUPPORTED_CARRIER"),
        (9_900, wish("AT&T", "01098765432"), "400 NOT_SUPPORTED_CARRIER"),
        (9_900, wish("SKT", "010-9876"), "400 INVALID_PARAMETERS"),
        (1_000_001, wish("SKT", "01098765432"), "400 EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT"),
    ];
    for (amount, wish, verdict) in table {
        assert_eq!(refused(&toss, "ord-phone-no", amount, wish).await, verdict);
    }
}

#[tokio::test]
async fn each_gift_certificate_is_a_method_of_its_own() {
    let toss = Toss::start().await;
    for (code, name) in [
        ("CULTURE_GIFT_CERTIFICATE", "문화상품권"),
        ("BOOK_GIFT_CERTIFICATE", "도서문화상품권"),
        ("GAME_GIFT_CERTIFICATE", "게임문화상품권"),
    ] {
        let wish = json!({ "method": code, "giftCertificate": { "id": "reader7" } });
        let payment = paid(&toss, &format!("ord-{code}"), json!(5_000), wish).await;
        assert_eq!(payment["method"], name);
        let gift = json!({ "approveNo": "00000000", "settlementStatus": "INCOMPLETED" });
        assert_eq!(payment["giftCertificate"], gift);
    }
}

#[tokio::test]
async fn paypal_pays_in_dollars_with_two_decimals_that_always_add_up() {
    let toss = Toss::start().await;
    let wish = json!({
        "method": "FOREIGN_EASY_PAY", "currency": "USD",
        "foreignEasyPay": { "provider": "PAYPAL", "country": "DE" },
    });
    let payment = paid(&toss, "ord-paypal", json!(726.24), wish).await;
    let shown = |payment: &Value, field: &str| payment[field].to_string();
    let sums = |payment: &Value| {
        ["totalAmount", "balanceAmount", "suppliedAmount", "vat"].map(|field| shown(payment, field))
    };
    assert_eq!(sums(&payment), ["726.24", "726.24", "660.22", "66.02"]);
    assert_eq!((&payment["currency"], &payment["country"]), (&json!("USD"), &json!("DE")));
    assert_eq!((&payment["useEscrow"], &payment["receipt"]), (&json!(null), &json!(null)));
    assert_eq!(payment["easyPay"], json!({ "provider": "PAYPAL", "amount": 726.24, "discountAmount": 0 }));
    let key = payment["paymentKey"].as_str().unwrap();
    let part = |fields: Value| {
        let mut body = json!({ "cancelReason": "x", "cancelAmount": 181.56 });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    for (fields, verdict) in [
        (json!({}), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "currency": "KRW" }), "400 INVALID_CURRENCY"),
        (json!({ "currency": "USD", "refundableAmount": 726 }), "400 NOT_MATCHES_REFUNDABLE_AMOUNT"),
    ] {
        assert_eq!(toss.cancel(key, part(fields)).await.verdict(), verdict);
    }
    // The balance after it is that of a real payment (Toss core API, amount relation 3).
    let left = toss.cancel(key, part(json!({ "currency": "USD", "refundableAmount": 726.24 }))).await.json();
    assert_eq!(sums(&left), ["726.24", "544.68", "495.16", "49.52"]);
    assert_eq!(shown(&left["cancels"][0], "refundableAmount"), "544.68");
    assert_eq!(toss.journal().last().map(|entry| entry.effect_amount), Some(Some(18_156)));
    let won = json!({ "method": "FOREIGN_EASY_PAY" });
    assert_eq!(refused(&toss, "ord-paypal-won", 1_000, won).await, "400 INVALID_AMOUNT_CURRENCY");
    let card = authenticated(&toss, "ord-card-usd", json!(1.5), json!({ "currency": "USD" })).await;
    assert_eq!(card.verdict(), "400 INVALID_CURRENCY");
    let cents = authenticated(&toss, "ord-won-cents", json!(1_000.5), json!({ "method": "CARD" })).await;
    assert_eq!(cents.verdict(), "400 INVALID_AMOUNT_VALUE");
}

#[tokio::test]
async fn a_server_opens_a_window_with_terms_and_the_buyer_chooses_within_them() {
    let toss = Toss::start().await;
    let terms = json!({
        "orderId": "ord-terms", "orderName": "mug", "amount": 60_000, "method": "CARD",
        "maxCardInstallmentPlan": 3, "customerName": "김토스",
    });
    let opened = toss.send(Ask::post("/v1/payments", terms)).await.json();
    let key = opened["paymentKey"].as_str().unwrap();
    let path = format!("/sandbox/browser/payments/{key}/authenticate");
    let choose = |months: u8| Ask::post(&path, json!({ "card": { "installmentPlanMonths": months } }));
    assert_eq!(toss.send(choose(4)).await.verdict(), "400 EXCEED_MAX_CARD_INSTALLMENT_PLAN");
    assert_eq!(toss.send(choose(3)).await.status, 200);
    // The form of confirm that was in use before 2021 names the payment in its path.
    let body = json!({ "orderId": "ord-terms", "amount": 60_000 });
    let payment = toss.send(Ask::post(&format!("/v1/payments/{key}"), body)).await.json();
    assert_eq!((&payment["status"], &payment["card"]["installmentPlanMonths"]), (&json!("DONE"), &json!(3)));
    let direct = json!({
        "orderId": "ord-direct", "orderName": "mug", "amount": 60_000, "method": "CARD", "flowMode": "DIRECT",
    });
    let reply = toss.send(Ask::post("/v1/payments", direct)).await;
    assert_eq!(reply.verdict(), "400 INVALID_FLOW_MODE_PARAMETERS");
}

#[tokio::test]
async fn switches_forbid_a_gift_certificates_partial_cancel_and_the_webhooks_of_further_ones() {
    for (allowed, verdict) in [(true, "200"), (false, "403 NOT_ALLOWED_PARTIAL_REFUND")] {
        let mut config = crate::client::config();
        config.switches.gift_partial_cancels = allowed;
        config.switches.tell_repeated_partial_cancels = false;
        let toss = Toss::start_with(config).await;
        toss.sandbox.add_webhook_endpoint(WebhookEndpoint::new("http://127.0.0.1:9/webhooks")).unwrap();
        let key = toss.approved("ord-gift-part", 5_000, "BOOK_GIFT_CERTIFICATE").await;
        let part = json!({ "cancelReason": "x", "cancelAmount": 100 });
        assert_eq!(toss.cancel(&key, part.clone()).await.verdict(), verdict);
        assert_eq!(toss.cancel(&key, part).await.verdict(), verdict);
        let told: Vec<_> =
            toss.sandbox.webhooks(0, 10).into_iter().filter_map(|webhook| webhook.status).collect();
        let expected = if allowed { vec!["DONE", "PARTIAL_CANCELED"] } else { vec!["DONE"] };
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn an_exempt_part_is_no_supply_and_a_cards_payment_with_one_is_cancelled_as_a_whole() {
    let toss = Toss::start().await;
    let amounts = |payment: &Value| {
        ["balanceAmount", "suppliedAmount", "vat", "taxFreeAmount", "taxExemptionAmount"]
            .map(|field| payment[field].as_i64().unwrap())
    };
    // An ordinary merchant has no tax-free goods, whatever it sends; a deposit for a cup it may have.
    let wish =
        json!({ "method": "TRANSFER", "taxFreeAmount": 3_000, "transfer": { "taxExemptionAmount": 1_000 } });
    let payment = paid(&toss, "ord-exempt", json!(12_000), wish).await;
    assert_eq!(amounts(&payment), [12_000, 10_000, 1_000, 0, 1_000]);
    let key = payment["paymentKey"].as_str().unwrap();
    let part =
        |exempt: i64| json!({ "cancelReason": "x", "cancelAmount": 2_100, "taxExemptionAmount": exempt });
    assert_eq!(toss.cancel(key, part(1_001)).await.verdict(), "400 INVALID_REQUEST");
    let left = toss.cancel(key, part(1_000)).await.json();
    assert_eq!(amounts(&left), [9_900, 9_000, 900, 0, 0]);
    assert_eq!(left["cancels"][0]["taxExemptionAmount"], 1_000);

    let wish = json!({ "method": "CARD", "card": { "taxExemptionAmount": 1_000 } });
    let payment = paid(&toss, "ord-exempt-card", json!(12_000), wish).await;
    let key = payment["paymentKey"].as_str().unwrap();
    assert_eq!(payment["isPartialCancelable"], false);
    assert_eq!(toss.cancel(key, part(0)).await.verdict(), "403 NOT_ALLOWED_PARTIAL_REFUND");
    assert_eq!(amounts(&toss.cancel(key, json!({ "cancelReason": "x" })).await.json()), [0; 5]);
}

#[tokio::test]
async fn a_window_that_is_good_for_less_than_half_an_hour_takes_nobody_after_it() {
    let toss = Toss::start().await;
    let body = json!({
        "orderId": "ord-short", "orderName": "mug", "amount": 1_000, "method": "CARD",
        "dueDate": "2026-03-02T14:15:09",
    });
    let opened = toss.send(Ask::post("/v1/payments", body)).await.json();
    let key = opened["paymentKey"].as_str().unwrap();
    toss.sandbox.advance(std::time::Duration::from_secs(600));
    let path = format!("/sandbox/browser/payments/{key}/authenticate");
    assert_eq!(toss.send(Ask::post(&path, json!({}))).await.verdict(), "404 NOT_FOUND_PAYMENT_SESSION");
}

#[tokio::test]
async fn a_test_opens_any_way_to_pay_without_http() {
    let toss = Toss::start().await;
    let wish = json!({ "orderId": "ord-in-process", "amount": 1_000, "method": "VIRTUAL_ACCOUNT" });
    let key = toss.sandbox.authenticate_as(wish).unwrap();
    assert_eq!(toss.confirm(&key, "ord-in-process", 1_000).await.status, 200);
    toss.sandbox.deposit_for(&key, std::time::Duration::from_secs(60)).unwrap();
    assert_eq!(toss.status(&key), "DONE");
    toss.sandbox.advance(std::time::Duration::from_secs(60));
    assert_eq!(toss.status(&key), "WAITING_FOR_DEPOSIT");
    assert!(toss.sandbox.fail_refund(&key).is_err() && toss.sandbox.end_cancel(&key, None, true).is_err());
}
