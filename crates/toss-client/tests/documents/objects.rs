//! Every object of Toss's documents, bent in every way in which Toss may bend it without notice.

use proptest::prelude::*;
use serde_json::Value;
use toss_client::{
    Billing, Payment, Settlement, Transaction,
    model::{
        ArsReservation, BankCode, Cancellation, CardPromotions, CashReceiptPage, ChangedCustomer,
        DeletedBillingKey, Extra, LinkOrder, Payout, Promotion, Seller, SettlementRequested, UpdatedMethod,
    },
    webhook::{Deposit, EntityEvent, Event},
};

use crate::kept::{any_json, assert_round_trip};

#[derive(Debug)]
struct Document {
    name: &'static str,
    text: &'static str,
    round_trip: fn(&Value),
    /// Fields without which the object means nothing: the only ones whose loss may be an error.
    required: &'static [&'static str],
}

macro_rules! documents {
    ($($name:literal: $type:ty, [$($required:literal),*];)+) => {
        [$( Document {
            name: $name,
            text: include_str!(concat!("../fixtures/", $name, ".json")),
            round_trip: |json| drop(assert_round_trip::<$type>(json)),
            required: &[$($required),*],
        } ),+]
    };
}

const DOCUMENTS: [Document; 22] = documents! {
    "card-done": Payment, ["paymentKey", "orderId", "status", "totalAmount", "balanceAmount"];
    "partial-cancel": Payment, ["paymentKey", "orderId", "status", "totalAmount", "balanceAmount", "cancelAmount"];
    "virtual-account": Payment, ["paymentKey", "orderId", "status", "totalAmount", "balanceAmount"];
    "expired": Payment, ["paymentKey", "orderId", "status", "totalAmount", "balanceAmount", "code"];
    "paypal-partial-cancel": Payment, ["paymentKey", "orderId", "status", "totalAmount", "balanceAmount", "cancelAmount"];
    "every-field": Payment, ["paymentKey", "orderId", "status", "totalAmount", "balanceAmount", "cancelAmount", "code"];
    "billing-card": Billing, ["billingKey"];
    "billing-every-field": Billing, ["billingKey"];
    "transactions": Vec<Transaction>, ["transactionKey", "paymentKey", "orderId", "status", "amount"];
    "settlements": Vec<Settlement>, ["transactionKey", "paymentKey", "orderId", "amount", "cancelAmount"];
    "cash-receipts": CashReceiptPage, ["hasNext", "data", "code"];
    "promotions-card": CardPromotions, [];
    "promotions": Vec<Promotion>, [];
    "webhook-payment-status-changed": Event<Payment>,
        ["eventType", "data", "paymentKey", "orderId", "status", "totalAmount", "balanceAmount"];
    "webhook-deposit-callback": Deposit, [];
    "webhook-cancel-status-changed": Event<Cancellation>, ["eventType", "data", "cancelAmount"];
    "webhook-billing-deleted": Event<DeletedBillingKey>, ["eventType", "data", "billingKey"];
    "webhook-method-updated": Event<UpdatedMethod>, ["eventType", "data"];
    "webhook-customer-status-changed": Event<ChangedCustomer>, ["eventType", "data"];
    "webhook-order-payment-status-changed": Event<LinkOrder>,
        ["eventType", "data", "paymentKey", "orderId", "status", "totalAmount", "balanceAmount"];
    "webhook-payout-changed": EntityEvent<Payout>, ["eventType", "entityBody", "id", "value"];
    "webhook-ars-reservation-changed": EntityEvent<ArsReservation>, ["eventType", "entityBody"];
};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn every_documented_object_survives_a_round_trip() {
    for document in &DOCUMENTS {
        (document.round_trip)(&json(document.text));
    }
    let asked = assert_round_trip::<SettlementRequested>(&json(r#"{"result":true}"#));
    assert!(asked.result && asked.extra.is_empty());
    assert_round_trip::<Event<Extra>>(&json(r#"{"eventType":"TOMORROW","createdAt":null,"data":{"x":1}}"#));
}

#[test]
fn a_sellers_bank_of_three_digits_is_written_with_two() {
    let seller = include_str!("../fixtures/webhook-seller-changed.json");
    let mut written = json(seller);
    let read: EntityEvent<Seller> = serde_json::from_str(seller).expect("a seller");
    let account = read.entity_body.account.as_ref().expect("an account");
    assert_eq!(account.bank_code, Some(BankCode::TossBank));
    written["entityBody"]["account"]["bankCode"] = "92".into();
    assert_round_trip::<EntityEvent<Seller>>(&written);
    let shown = format!("{read:?}");
    for hidden in ["홍길동", "110123456789", "1234567890", "gold"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

#[test]
fn no_documented_field_is_unknown() {
    fn unknown<'a>(shown: &'a str, name: &str) -> Option<&'a str> {
        shown.split("extra: {").skip(1).find(|rest| !rest.starts_with('}')).inspect(|rest| {
            panic!("{name}: {}", &rest[..rest.find('}').unwrap_or(rest.len())]);
        })
    }
    macro_rules! check {
        ($($name:literal: $type:ty;)+) => { $(
            let read: $type = serde_json::from_str(include_str!(concat!("../fixtures/", $name, ".json"))).expect($name);
            assert_eq!(unknown(&format!("{read:?}"), $name), None);
        )+ };
    }
    check! {
        "every-field": Payment;
        "billing-every-field": Billing;
        "transactions": Vec<Transaction>;
        "settlements": Vec<Settlement>;
        "cash-receipts": CashReceiptPage;
        "promotions-card": CardPromotions;
        "promotions": Vec<Promotion>;
        "webhook-payment-status-changed": Event<Payment>;
        "webhook-deposit-callback": Deposit;
        "webhook-cancel-status-changed": Event<Cancellation>;
        "webhook-billing-deleted": Event<DeletedBillingKey>;
        "webhook-method-updated": Event<UpdatedMethod>;
        "webhook-customer-status-changed": Event<ChangedCustomer>;
        "webhook-payout-changed": EntityEvent<Payout>;
        "webhook-seller-changed": EntityEvent<Seller>;
        "webhook-ars-reservation-changed": EntityEvent<ArsReservation>;
    }
}

/// The addresses (RFC 6901) of everything in a document.
fn addresses(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                addresses(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(rows) => {
            for (index, value) in rows.iter().enumerate() {
                addresses(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The addresses of what `wanted` picks.
fn all(document: &Value, wanted: impl Fn(&str, &Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    addresses(document, "", &mut found);
    found.retain(|at| wanted(at, document.pointer(at).expect("it was found there")));
    found
}

fn last(address: &str) -> &str {
    address.rsplit('/').next().unwrap_or_default()
}

fn any_document() -> impl Strategy<Value = &'static Document> {
    (0..DOCUMENTS.len()).prop_map(|index| &DOCUMENTS[index])
}

proptest! {
    #[test]
    fn a_field_of_tomorrow_is_kept_in_any_object(
        document in any_document(),
        at in any::<prop::sample::Index>(),
        name in "new[A-Z][a-z]{1,8}",
        value in any_json(),
    ) {
        let mut bent = json(document.text);
        let objects = all(&bent, |_, value| value.is_object());
        let object = bent.pointer_mut(&objects[at.index(objects.len())]).expect("it is there");
        object[&name] = value;
        (document.round_trip)(&bent);
    }

    #[test]
    fn any_text_may_be_another_one(
        document in any_document(),
        at in any::<prop::sample::Index>(),
        // No capital letters: a word of a vocabulary would be written in its one spelling.
        text in "[a-z0-9가-깋 :+_-]{0,20}",
    ) {
        let mut bent = json(document.text);
        let texts = all(&bent, |_, value| value.is_string());
        *bent.pointer_mut(&texts[at.index(texts.len())]).expect("it is there") = text.into();
        (document.round_trip)(&bent);
    }

    #[test]
    fn whatever_is_not_the_essence_may_be_null_or_gone(
        document in any_document(),
        at in any::<prop::sample::Index>(),
        gone: bool,
    ) {
        let mut bent = json(document.text);
        let is_row = |at: &str| last(at).parse::<usize>().is_ok();
        let fields = all(&bent, |at, _| {
            !at.is_empty() && !is_row(at) && !document.required.contains(&last(at))
        });
        let field = &fields[at.index(fields.len())];
        let (parent, name) = field.rsplit_once('/').expect("an address");
        let parent = bent.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        if gone {
            parent.remove(name);
        } else {
            parent.insert(name.to_owned(), Value::Null);
        }
        (document.round_trip)(&bent);
    }

    #[test]
    fn a_number_may_have_a_point_and_is_the_same_number(document in any_document()) {
        fn pointed(value: &Value) -> String {
            match value {
                Value::Object(fields) => {
                    let fields: Vec<_> = fields.iter().map(|(name, value)| {
                        let whole = ["installmentPlanMonths", "lastCursor", "installmentFreeMonths"];
                        let value = if whole.contains(&name.as_str()) { value.to_string() } else { pointed(value) };
                        format!("{}:{value}", Value::from(name.as_str()))
                    }).collect();
                    format!("{{{}}}", fields.join(","))
                }
                Value::Array(rows) => {
                    format!("[{}]", rows.iter().map(pointed).collect::<Vec<_>>().join(","))
                }
                Value::Number(number) if number.is_i64() => format!("{number}.0"),
                other => other.to_string(),
            }
        }
        prop_assume!(!document.name.contains("order-payment"), "its articles keep numbers as they come");
        (document.round_trip)(&json(&pointed(&json(document.text))));
    }
}

#[test]
fn the_order_of_fields_does_not_matter() {
    fn turned(value: &Value) -> String {
        match value {
            Value::Object(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .rev()
                    .map(|(name, value)| format!("\"{name}\":{}", turned(value)))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }
            Value::Array(rows) => format!("[{}]", rows.iter().map(turned).collect::<Vec<_>>().join(",")),
            other => other.to_string(),
        }
    }
    let done = json(include_str!("../fixtures/every-field.json"));
    let read: Payment = serde_json::from_str(&turned(&done)).expect("a payment");
    assert_eq!(read, serde_json::from_value::<Payment>(done).expect("a payment"));
}
