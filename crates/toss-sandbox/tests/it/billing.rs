//! Billing: keys from the window and from a card, charges without a buyer, and the end of a key.

use serde_json::{Value, json};
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, Merchant, NewBillingAuth, Operation};

use crate::client::{API_CLIENT, Ask, Reply, Toss, WIDGET_BASIC, WIDGET_CLIENT, config};
use crate::receiver::Receiver;

const BUYER: &str = "a9f0c1de-77b2";

async fn issue(toss: &Toss, auth_key: &str, customer: &str) -> Reply {
    let body = json!({ "authKey": auth_key, "customerKey": customer });
    toss.send(Ask::post("/v1/billing/authorizations/issue", body)).await
}

/// A key of the documents' example card, or of another agreement.
async fn key(toss: &Toss, auth: &NewBillingAuth) -> String {
    let auth_key = toss.sandbox.authenticate_billing(auth).unwrap();
    let reply = issue(toss, &auth_key, &auth.customer_key).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["billingKey"].as_str().unwrap().to_owned()
}

async fn card_key(toss: &Toss) -> String {
    key(toss, &NewBillingAuth::card(BUYER)).await
}

fn charge_of(key: &str, order: &str, amount: i64) -> Ask {
    let body = json!({ "customerKey": BUYER, "orderId": order, "orderName": "March", "amount": amount });
    Ask::post(&format!("/v1/billing/{key}"), body)
}

async fn charge(toss: &Toss, key: &str, order: &str) -> Reply {
    toss.send(charge_of(key, order, 9_900)).await
}

async fn delete(toss: &Toss, key: &str) -> Reply {
    toss.send(Ask::new("DELETE", &format!("/v1/billing/{key}"), Vec::new())).await
}

/// The data of a card that Toss's test mode takes (measured).
fn card(number: &str) -> Value {
    json!({
        "customerKey": BUYER, "cardNumber": number, "cardExpirationYear": "30",
        "cardExpirationMonth": "12", "customerIdentityNumber": "900101", "cardPassword": "12",
    })
}

async fn issue_from(toss: &Toss, body: Value) -> Reply {
    toss.send(Ask::post("/v1/billing/authorizations/card", body)).await
}

#[tokio::test]
async fn an_auth_key_becomes_a_billing_key_once() {
    let toss = Toss::start().await;
    let auth_key = toss.sandbox.authenticate_billing(&NewBillingAuth::card(BUYER)).unwrap();
    assert_eq!(issue(&toss, &auth_key, "somebody-else").await.verdict(), "400 INVALID_BILLING_AUTH");
    let issued = issue(&toss, &auth_key, BUYER).await.json();
    let billing_key = issued["billingKey"].as_str().unwrap();
    assert!(billing_key.len() == 44 && billing_key.ends_with('='), "{billing_key}");
    let expected = json!({
        "mId": "tvivarepublica", "customerKey": BUYER, "authenticatedAt": "2026-03-02T14:05:09+09:00",
        "method": "카드", "billingKey": billing_key,
        "card": { "issuerCode": "61", "acquirerCode": "31", "number": "43301234****123*",
            "cardType": "신용", "ownerType": "개인" },
        "transfers": null, "easyPay": null, "cardCompany": "현대", "cardNumber": "43301234****123*",
    });
    assert_eq!(issued, expected);
    assert_eq!(issue(&toss, &auth_key, BUYER).await.verdict(), "400 INVALID_BILLING_AUTH");
    assert_eq!(issue(&toss, "bln_unknown", BUYER).await.verdict(), "404 NOT_FOUND_BILLING");
}

#[tokio::test]
async fn a_lost_key_is_found_again_under_its_idempotency_key_and_in_no_other_way() {
    let toss = Toss::start().await;
    let auth_key = toss.sandbox.authenticate_billing(&NewBillingAuth::card(BUYER)).unwrap();
    toss.sandbox.add_fault(FaultRule::new(FaultOperation::BillingIssue, FaultKind::LoseReply)).unwrap();
    let body = json!({ "authKey": auth_key, "customerKey": BUYER });
    let ask = || Ask::post("/v1/billing/authorizations/issue", body.clone());
    assert!(toss.try_send(ask().key("issue-1")).await.is_err());
    assert_eq!(toss.send(ask()).await.verdict(), "400 INVALID_BILLING_AUTH");
    let replayed = toss.send(ask().key("issue-1")).await.json();
    assert_eq!(charge(&toss, replayed["billingKey"].as_str().unwrap(), "ord-found").await.status, 200);
}

#[tokio::test]
async fn an_account_is_listed_under_transfers_and_has_no_secret() {
    let toss = Toss::start().await;
    let auth_key = toss.sandbox.authenticate_billing(&NewBillingAuth::card(BUYER).by("TRANSFER")).unwrap();
    let issued = issue(&toss, &auth_key, BUYER).await.json();
    assert_eq!((&issued["method"], &issued["card"]), (&json!("계좌이체"), &json!(null)));
    assert_eq!(issued["transfers"], json!([{ "bankName": "우리", "bankAccountNumber": "1002****5678" }]));
    let charged = charge(&toss, issued["billingKey"].as_str().unwrap(), "ord-account").await.json();
    assert_eq!((&charged["method"], &charged["transfer"]["bankCode"]), (&json!("계좌이체"), &json!("20")));
    assert_eq!((&charged["status"], &charged["secret"]), (&json!("DONE"), &json!(null)));
}

#[tokio::test]
async fn a_charge_is_a_payment_like_any_other() {
    let toss = Toss::start().await;
    let key = card_key(&toss).await;
    let paid = charge(&toss, &key, "ord-march").await.json();
    assert_eq!((&paid["type"], &paid["status"]), (&json!("BILLING"), &json!("DONE")));
    assert!(paid["secret"].as_str().unwrap().starts_with("ps_"), "{paid}");
    assert_eq!(paid["card"]["number"], "43301234****123*");
    let payment_key = paid["paymentKey"].as_str().unwrap();
    assert_eq!(toss.read(payment_key).await.json(), paid);
    assert_eq!(toss.send(Ask::get("/v1/payments/orders/ord-march")).await.json(), paid);
    let canceled = toss.cancel(payment_key, json!({ "cancelReason": "x" })).await.json();
    assert_eq!(canceled["status"], "CANCELED");
    let rows = toss.send(Ask::get("/v1/transactions?startDate=2026-03-02&endDate=2026-03-03")).await.json();
    let seen = |row: &Value| (row["status"].clone(), row["customerKey"].clone());
    let seen: Vec<_> = rows.as_array().unwrap().iter().map(seen).collect();
    assert_eq!(seen, [(json!("DONE"), json!(BUYER)), (json!("CANCELED"), json!(BUYER))]);
    let charged =
        toss.journal().into_iter().find(|entry| entry.operation == Operation::BillingCharge).unwrap();
    assert_eq!((charged.order_id.as_deref(), charged.amount), (Some("ord-march"), Some(9_900)));
    assert_eq!((charged.effect, charged.effect_amount), (EffectKind::Approved, Some(9_900)));
    assert_eq!(charged.payment_key.as_deref(), Some(payment_key));
}

#[tokio::test]
async fn an_order_is_charged_once_and_a_lost_answer_is_replayed() {
    let toss = Toss::start().await;
    let key = card_key(&toss).await;
    let rule = FaultRule::new(FaultOperation::BillingCharge, FaultKind::LoseReply).on_order("ord-once");
    toss.sandbox.add_fault(rule).unwrap();
    assert!(toss.try_send(charge_of(&key, "ord-once", 9_900).key("charge-1")).await.is_err());
    assert_eq!(charge(&toss, &key, "ord-once").await.verdict(), "400 DUPLICATED_ORDER_ID");
    let replayed = toss.send(charge_of(&key, "ord-once", 9_900).key("charge-1")).await;
    assert_eq!((replayed.status, &replayed.json()["status"]), (200, &json!("DONE")));
    let effects = toss.journal().into_iter().filter(|entry| entry.effect == EffectKind::Approved);
    assert_eq!(effects.count(), 1);
}

#[tokio::test]
async fn a_charge_names_the_customer_of_its_key_and_stays_in_the_limits() {
    let toss = Toss::start().await;
    let key = card_key(&toss).await;
    let path = format!("/v1/billing/{key}");
    let whole = json!({ "customerKey": BUYER, "orderId": "ord-checked", "orderName": "x", "amount": 60_000 });
    for (field, value, verdict) in [
        ("customerKey", json!("somebody-else"), "400 NOT_MATCHES_CUSTOMER_KEY"),
        ("customerKey", json!(null), "400 INVALID_REQUIRED_PARAM"),
        ("amount", json!(99), "400 BELOW_MINIMUM_AMOUNT"),
        ("amount", json!(0), "400 INVALID_REQUEST"),
        ("orderId", json!("short"), "400 INVALID_REQUEST"),
        ("orderName", json!(" "), "400 INVALID_REQUEST"),
        ("taxFreeAmount", json!(60_001), "400 INVALID_REQUEST"),
        ("cardInstallmentPlan", json!(1), "400 INVALID_CARD_INSTALLMENT_PLAN"),
        ("cardInstallmentPlan", json!(13), "400 INVALID_CARD_INSTALLMENT_PLAN"),
    ] {
        let mut body = whole.clone();
        body[field] = value.clone();
        assert_eq!(toss.send(Ask::post(&path, body)).await.verdict(), verdict, "{field} {value}");
    }
    let mut body = whole.clone();
    (body["amount"], body["cardInstallmentPlan"]) = (json!(49_999), json!(3));
    let below = "400 NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT";
    assert_eq!(toss.send(Ask::post(&path, body)).await.verdict(), below);
    assert_eq!(charge(&toss, "unknown", "ord-unknown").await.verdict(), "400 INVALID_BILL_KEY_REQUEST");
    let other = charge_of(&key, "ord-other", 9_900).with("authorization", WIDGET_BASIC);
    assert_eq!(toss.send(other).await.verdict(), "400 INVALID_API_KEY");
    let read = toss.send(Ask::get("/v1/payments/orders/ord-checked")).await;
    assert_eq!(read.verdict(), "404 NOT_FOUND_PAYMENT", "no refusal left a payment");
    let mut body = whole;
    body["cardInstallmentPlan"] = json!(3);
    assert_eq!(toss.send(Ask::post(&path, body)).await.json()["card"]["installmentPlanMonths"], 3);
}

#[tokio::test]
async fn the_next_charges_of_a_key_are_refused_as_often_as_a_test_wants() {
    let toss = Toss::start().await;
    let key = card_key(&toss).await;
    let path = format!("/sandbox/billing-keys/{key}/outcome");
    let body = json!({ "code": "REJECT_CARD_PAYMENT", "times": 2 });
    assert_eq!(toss.send(Ask::post(&path, body)).await.status, 204);
    for order in ["ord-dunning-1", "ord-dunning-2"] {
        assert_eq!(charge(&toss, &key, order).await.verdict(), "403 REJECT_CARD_PAYMENT");
        let read = toss.send(Ask::get(&format!("/v1/payments/orders/{order}"))).await.json();
        assert_eq!((&read["status"], &read["secret"]), (&json!("ABORTED"), &json!(null)));
    }
    let aborted = toss.journal().into_iter().filter(|entry| entry.effect == EffectKind::Aborted);
    assert_eq!(aborted.count(), 2);
    assert_eq!(charge(&toss, &key, "ord-dunning-1").await.status, 200, "a refused order is not used up");
    toss.sandbox.refuse_charges(&key, Some("INVALID_STOPPED_CARD"), 0).unwrap();
    for order in ["ord-stopped-1", "ord-stopped-2"] {
        assert_eq!(charge(&toss, &key, order).await.verdict(), "400 INVALID_STOPPED_CARD");
    }
    let coded = charge_of(&key, "ord-coded", 9_900).with("tosspayments-test-code", "REJECT_CARD_COMPANY");
    assert_eq!(toss.send(coded).await.verdict(), "403 REJECT_CARD_COMPANY");
    let wrong = json!({ "code": "NO_SUCH_CODE" });
    assert_eq!(toss.send(Ask::post(&path, wrong)).await.verdict(), "400 INVALID_TEST_CODE");
}

#[tokio::test]
async fn a_key_that_is_deleted_charges_nobody() {
    let toss = Toss::start().await;
    let key = card_key(&toss).await;
    let encoded = key.replace('=', "%3D");
    let deleted = delete(&toss, &encoded).await;
    assert_eq!((deleted.status, deleted.body.len()), (200, 0));
    assert_eq!(charge(&toss, &key, "ord-late").await.verdict(), "400 ALREADY_REMOVED_BILLING_KEY");
    assert_eq!(delete(&toss, &key).await.verdict(), "400 ALREADY_REMOVED_BILLING_KEY");
    assert_eq!(delete(&toss, "unknown").await.verdict(), "404 NOT_FOUND_BILLING");
    let removed = toss.sandbox.remove_billing_key(&key).unwrap_err();
    assert_eq!(removed.code, "ALREADY_REMOVED_BILLING_KEY");
}

#[tokio::test]
async fn the_end_of_a_key_is_told_and_a_charge_is_not() {
    let toss = Toss::start().await;
    let receiver = Receiver::start(&[200]).await;
    receiver.subscribe(&toss.sandbox);
    let (deleted, removed) = (card_key(&toss).await, card_key(&toss).await);
    assert_eq!(charge(&toss, &deleted, "ord-silent").await.status, 200);
    delete(&toss, &deleted).await;
    let path = format!("/sandbox/billing-keys/{removed}/remove");
    assert_eq!(toss.send(Ask::post(&path, json!({ "reason": "카드 분실" }))).await.status, 204);
    let mut heard: Vec<Value> = receiver.wait(2).await.iter().map(crate::receiver::Heard::json).collect();
    heard.sort_by_key(|body| body["data"]["reason"] == "카드 분실");
    let created = "2026-03-02T14:05:09.000000";
    let told = |key: &str, reason: &str| json!({ "eventType": "BILLING_DELETED", "createdAt": created, "data": { "billingKey": key, "reason": reason } });
    assert_eq!(heard, [told(&deleted, "삭제 API 요청"), told(&removed, "카드 분실")]);
    let keys = toss.send(Ask::get("/sandbox/billing-keys")).await.json();
    assert_eq!((&keys["total"], &keys["billingKeys"][1]["removed"]), (&json!(2), &json!(true)));
}

#[tokio::test]
async fn a_card_is_read_as_toss_reads_it_in_its_test_mode() {
    let toss = Toss::start().await;
    let issued = issue_from(&toss, card("9410001234567890")).await.json();
    let expected = json!({ "issuerCode": "21", "acquirerCode": "21", "number": "94100012****789*",
        "cardType": "신용", "ownerType": "개인" });
    assert_eq!(issued["card"], expected);
    assert_eq!(charge(&toss, issued["billingKey"].as_str().unwrap(), "ord-of-card").await.status, 200);
    for number in ["4330121234567890", "5520221234567890"] {
        let issued = issue_from(&toss, card(number)).await.json();
        assert_eq!(issued["card"]["cardType"], "미확인");
        let refused = charge(&toss, issued["billingKey"].as_str().unwrap(), "ord-unknown-kind").await;
        assert_eq!(refused.verdict(), "400 NOT_SUPPORTED_CARD_TYPE");
    }
    let mut company = card("9410001234567890");
    company["customerIdentityNumber"] = json!("1234567890");
    assert_eq!(issue_from(&toss, company).await.json()["card"]["ownerType"], "법인");
}

#[tokio::test]
async fn a_card_with_a_wrong_part_gets_no_key() {
    let toss = Toss::start().await;
    for (field, value, verdict) in [
        ("cardNumber", json!("433012"), "400 INVALID_CARD_NUMBER"),
        ("cardNumber", json!("9410-0012-3456-7890"), "400 INVALID_CARD_NUMBER"),
        ("cardNumber", json!(null), "400 INVALID_REQUIRED_PARAM"),
        ("cardExpirationMonth", json!("13"), "400 INVALID_CARD_EXPIRATION"),
        ("cardExpirationYear", json!("2030"), "400 INVALID_CARD_EXPIRATION"),
        ("cardExpirationYear", json!("25"), "400 INVALID_CARD_EXPIRATION"),
        ("customerIdentityNumber", json!("901301"), "400 INVALID_BIRTH_DAY_FORMAT"),
        ("customerIdentityNumber", json!("12345678901"), "400 INVALID_BIRTH_DAY_FORMAT"),
        ("cardPassword", json!("1234"), "400 INVALID_CARD_PASSWORD"),
        ("customerEmail", json!("nobody"), "400 INVALID_EMAIL"),
        ("customerKey", json!("x"), "400 INVALID_CUSTOMER_KEY"),
        ("customerKey", json!("x".repeat(301)), "500 FAILED_DB_PROCESSING"),
    ] {
        let mut body = card("9410001234567890");
        body[field] = value.clone();
        assert_eq!(issue_from(&toss, body).await.verdict(), verdict, "{field} {value}");
    }
}

#[tokio::test]
async fn the_window_makes_an_auth_key_and_takes_no_widget_key() {
    let toss = Toss::start().await;
    let body = |client: &str| {
        json!({ "clientKey": client, "customerKey": BUYER, "method": "CARD",
            "card": { "issuerCode": "41", "number": "4518123456789012", "cardType": "체크", "ownerType": "법인",
                "expirationYear": "30" } })
    };
    let door = "/sandbox/browser/billing-auths";
    let made = toss.send(Ask::post(door, body(API_CLIENT)).without("authorization")).await.json();
    let issued = issue(&toss, made["authKey"].as_str().unwrap(), BUYER).await.json();
    let expected = json!({ "issuerCode": "41", "acquirerCode": "41", "number": "45181234****901*",
        "cardType": "체크", "ownerType": "법인" });
    assert_eq!(issued["card"], expected);
    let refused = toss.send(Ask::post(door, body(WIDGET_CLIENT))).await;
    assert_eq!(refused.verdict(), "400 NOT_SUPPORTED_WIDGET_KEY");
    let made = toss.send(Ask::post("/sandbox/billing-auths", json!({ "customerKey": BUYER }))).await.json();
    assert_eq!(issue(&toss, made["authKey"].as_str().unwrap(), BUYER).await.status, 200);
}

#[tokio::test]
async fn a_later_version_says_company_and_number_of_the_card_once() {
    let mut config = config();
    let latest = Merchant { version: "2024-06-01".into(), ..Merchant::docs_api() };
    config.merchants = vec![latest];
    let toss = Toss::start_with(config).await;
    let auth_key = toss.sandbox.authenticate_billing(&NewBillingAuth::card(BUYER)).unwrap();
    let issued = issue(&toss, &auth_key, BUYER).await.json();
    assert_eq!((issued.get("cardCompany"), issued.get("cardNumber")), (None, None));
}

#[tokio::test]
async fn beyond_its_bound_the_oldest_keys_are_forgotten() {
    let toss = Toss::start_with(toss_sandbox::Config { max_billing_keys: 2, ..config() }).await;
    let oldest = card_key(&toss).await;
    let (_, newest) = (card_key(&toss).await, card_key(&toss).await);
    assert_eq!(charge(&toss, &oldest, "ord-oldest").await.verdict(), "400 INVALID_BILL_KEY_REQUEST");
    assert_eq!(charge(&toss, &newest, "ord-newest").await.status, 200);
}

#[tokio::test]
async fn a_refused_charge_may_leave_nothing_behind() {
    let toss = Toss::start().await;
    let forgets = Ask::patch("/sandbox/switches", json!({ "keepRefusedCharges": false }));
    assert_eq!(toss.send(forgets).await.status, 200);
    let key = key(&toss, &NewBillingAuth::card(BUYER).refused_with("REJECT_CARD_PAYMENT")).await;
    assert_eq!(charge(&toss, &key, "ord-forgotten").await.verdict(), "403 REJECT_CARD_PAYMENT");
    let read = toss.send(Ask::get("/v1/payments/orders/ord-forgotten")).await;
    assert_eq!(read.verdict(), "404 NOT_FOUND_PAYMENT");
}
