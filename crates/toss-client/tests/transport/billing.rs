//! Billing keys over the wire.

use toss_client::{
    BillingCharge, BillingKey, Error, ErrorCode, IssueBillingKey, Operation, RequestOptions, RetryClass,
    model::{CardCompany, Method, PaymentType, Sensitive},
};

use crate::client;
use crate::server::{Behaviour, Server};

const ISSUED: &str = include_str!("../fixtures/billing-card.json");
const DONE: &str = include_str!("../fixtures/card-done.json");
const KEY: &str = "Zk3tQm1xO8c2mG5pX0aYbN7dVwR4sLhU6eJfKiTqPzE";

fn charge(order_id: &str) -> BillingCharge<'_> {
    BillingCharge {
        amount: 42_900.into(),
        customer_key: "a9f0c1de",
        order_id,
        order_name: "March",
        ..BillingCharge::default()
    }
}

#[tokio::test]
async fn an_issued_key_is_read_once_and_never_printed() {
    let server = Server::start(Behaviour::answer(200, ISSUED)).await;
    let request = IssueBillingKey { auth_key: "bln_7x", customer_key: "a9f0c1de" };
    let reply =
        client(&server.url).issue_billing_key(&request, &RequestOptions::default()).await.expect("a key");
    let billing = &reply.value;
    assert_eq!(billing.billing_key, BillingKey::from(KEY), "with or without its padding");
    assert_eq!(billing.billing_key.expose(), format!("{KEY}="), "as it came");
    assert_eq!(billing.method, Some(Method::Card));
    assert_eq!(
        billing.customer_key.as_ref().map(Sensitive::expose),
        Some("a9f0c1de-77b2-4f0e-9f3a-2b1f6a1c0d55")
    );
    assert_eq!(billing.card.as_ref().and_then(|card| card.issuer_code.clone()), Some(CardCompany::Hyundai));
    let shown = format!("{reply:?}");
    assert!(!shown.contains("Zk3tQm1x") && !shown.contains("a9f0c1de"), "{shown}");
}

#[tokio::test]
async fn a_charge_answers_with_a_payment() {
    let done = DONE.replace("NORMAL", "BILLING");
    let server = Server::start(Behaviour::answer(200, &done)).await;
    let reply = client(&server.url)
        .charge_billing_key(&BillingKey::from(KEY), &charge("ord-20260302-0007"), &RequestOptions::default())
        .await
        .expect("a payment");
    assert_eq!(reply.value.kind, Some(PaymentType::Billing));
    let seen = server.requests().remove(0);
    assert!(seen.starts_with(&format!("POST /v1/billing/{KEY} HTTP/1.1\r\n")), "{seen}");
}

#[tokio::test]
async fn a_deletion_is_answered_by_nothing_at_all() {
    let server = Server::start(Behaviour::answer(200, "")).await;
    let reply = client(&server.url).delete_billing_key(&BillingKey::from(KEY)).await.expect("deleted");
    assert!(reply.raw.is_empty() && reply.http_status == 200);
    let seen = server.requests().remove(0);
    assert!(seen.starts_with(&format!("DELETE /v1/billing/{KEY} HTTP/1.1\r\n")), "{seen}");
    assert!(seen.ends_with("\r\n\r\n"), "{seen}");
}

#[tokio::test]
async fn a_key_that_is_deleted_charges_nobody() {
    let refusal = r#"{"code":"ALREADY_REMOVED_BILLING_KEY","message":"이미 삭제된 빌링키입니다"}"#;
    let server = Server::start(Behaviour::answer(400, refusal)).await;
    let client = client(&server.url);
    let key = BillingKey::from(KEY);
    let charged = client.charge_billing_key(&key, &charge("ord-1"), &RequestOptions::default()).await;
    assert_eq!(charged.expect_err("refused").class(Operation::BillingCharge), RetryClass::Final);
    let deleted = client.delete_billing_key(&key).await.expect_err("refused");
    assert_eq!(deleted.class(Operation::BillingDelete), RetryClass::MaybeDone);
    assert!(
        matches!(deleted, Error::Refused(refusal) if refusal.code == ErrorCode::AlreadyRemovedBillingKey)
    );
}

#[tokio::test]
async fn an_issue_whose_answer_is_lost_is_asked_about_by_repeating_it() {
    let server = Server::start(Behaviour::ReadThenClose).await;
    let client = client(&server.url);
    let request = IssueBillingKey { auth_key: "bln_7x", customer_key: "a9f0c1de" };
    let lost = client.issue_billing_key(&request, &RequestOptions::default()).await.expect_err("lost");
    assert_eq!(lost.class(Operation::BillingIssue), RetryClass::SameKey);
    let key = BillingKey::from(KEY);
    let lost = client
        .charge_billing_key(&key, &charge("ord-1"), &RequestOptions::default())
        .await
        .expect_err("lost");
    assert_eq!(lost.class(Operation::BillingCharge), RetryClass::Query, "a charge can be looked up");
    let shown = format!("{lost:?}");
    assert!(!shown.contains(KEY), "{shown}");
}
