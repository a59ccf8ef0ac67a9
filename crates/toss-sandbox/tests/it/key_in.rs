//! Cards that are typed in.

use serde_json::{Value, json};
use toss_sandbox::WebhookEndpoint;

use crate::client::{Ask, Toss};

#[expect(clippy::needless_pass_by_value, reason = "reads better with json!(…) in the call")]
fn key_in(order: &str, fields: Value) -> Ask {
    let mut body = json!({
        "amount": 60_000, "orderId": order, "orderName": "mug", "cardNumber": "9410001234567890",
        "cardExpirationYear": "30", "cardExpirationMonth": "12", "customerIdentityNumber": "900101",
        "cardPassword": "12",
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    Ask::post("/v1/payments/key-in", body)
}

#[tokio::test]
async fn a_typed_in_card_pays_at_once_and_shows_only_its_masked_number() {
    let toss = Toss::start().await;
    let fields = json!({ "cardInstallmentPlan": 3, "useFreeInstallmentPlan": true, "useCardPoint": true });
    let reply = toss.send(key_in("ord-key-in", fields)).await;
    let payment = reply.json();
    assert_eq!((&payment["status"], &payment["type"]), (&json!("DONE"), &json!("NORMAL")));
    let card = &payment["card"];
    assert_eq!((&card["issuerCode"], &card["number"]), (&json!("21"), &json!("94100012****789*")));
    assert_eq!((&card["installmentPlanMonths"], &card["interestPayer"]), (&json!(3), &json!("MERCHANT")));
    assert_eq!((&card["useCardPoint"], &card["ownerType"]), (&json!(true), &json!("개인")));
    assert!(!reply.text().contains("9410001234567890"));
    let entries = toss.journal();
    let entry = entries.last().unwrap();
    let told = serde_json::to_value((entry.operation, entry.effect, entry.effect_amount)).unwrap();
    assert_eq!(told, json!(["key_in", "approved", 60_000]));
    assert_eq!(toss.send(key_in("ord-key-in", json!({}))).await.verdict(), "400 DUPLICATED_ORDER_ID");
    let key = payment["paymentKey"].as_str().unwrap();
    assert_eq!(toss.cancel(key, json!({ "cancelReason": "x" })).await.json()["status"], "CANCELED");
}

#[tokio::test]
async fn a_card_that_is_typed_wrong_pays_nothing() {
    let toss = Toss::start().await;
    let table = [
        (json!({ "cardNumber": null }), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "amount": null }), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "cardNumber": "433012" }), "400 INVALID_CARD_NUMBER"),
        (json!({ "cardNumber": "9410-0012-3456-7890" }), "400 INVALID_CARD_NUMBER"),
        (json!({ "cardNumber": "5520221234567890" }), "400 NOT_SUPPORTED_CARD_TYPE"),
        (json!({ "cardExpirationMonth": "13" }), "400 INVALID_CARD_EXPIRATION"),
        (json!({ "cardExpirationYear": "26", "cardExpirationMonth": "02" }), "400 INVALID_CARD_EXPIRATION"),
        (json!({ "customerIdentityNumber": "901301" }), "400 INVALID_BIRTH_DAY_FORMAT"),
        (json!({ "cardPassword": "1" }), "400 INVALID_CARD_PASSWORD"),
        (json!({ "customerEmail": "nobody" }), "400 INVALID_EMAIL"),
        (json!({ "orderId": "short" }), "400 INVALID_ORDER_ID"),
        (json!({ "orderName": "x".repeat(101) }), "400 INVALID_ORDER_NAME"),
        (json!({ "amount": 99 }), "400 BELOW_MINIMUM_AMOUNT"),
        (json!({ "cardInstallmentPlan": 1 }), "400 INVALID_CARD_INSTALLMENT_PLAN"),
        (
            json!({ "amount": 49_999, "cardInstallmentPlan": 2 }),
            "400 NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT",
        ),
    ];
    for (fields, verdict) in table {
        let shown = fields.to_string();
        assert_eq!(toss.send(key_in("ord-wrong-card", fields)).await.verdict(), verdict, "{shown}");
    }
    let declined = key_in("ord-wrong-card", json!({})).with("tosspayments-test-code", "REJECT_CARD_PAYMENT");
    assert_eq!(toss.send(declined).await.verdict(), "403 REJECT_CARD_PAYMENT");
    assert!(toss.journal().iter().all(|entry| entry.effect_amount.is_none()));
    assert_eq!(toss.send(key_in("ord-wrong-card", json!({}))).await.status, 200, "the order is still free");
}

#[tokio::test]
async fn whether_a_key_in_payment_is_told_is_a_switch() {
    for (tells, webhooks) in [(true, 1), (false, 0)] {
        let mut config = crate::client::config();
        config.switches.tell_key_in = tells;
        let toss = Toss::start_with(config).await;
        toss.sandbox.add_webhook_endpoint(WebhookEndpoint::new("http://127.0.0.1:9/webhooks")).unwrap();
        assert_eq!(toss.send(key_in("ord-key-in-told", json!({}))).await.status, 200);
        assert_eq!(toss.sandbox.webhooks(0, 10).len(), webhooks);
    }
}
