//! Webhooks are read as what they are, and nothing that arrives can make the reading fail badly.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use toss_client::{
    Webhook,
    model::{
        ArsStatus, BillingKey, CancelStatus, CustomerStatus, MethodStatus, PaymentStatus, PayoutStatus,
        SellerStatus, Sensitive, TossTime,
    },
    webhook::NotAWebhook,
};

const CHANGED: &str = include_str!("fixtures/webhook-payment-status-changed.json");
const DEPOSIT: &str = include_str!("fixtures/webhook-deposit-callback.json");
const PAYOUT: &str = include_str!("fixtures/webhook-payout-changed.json");
const SECRET: &str = "ps_k3Jf9sLqW2mZx8Rb";

fn parsed(body: &Value) -> Webhook {
    Webhook::parse(body.to_string().as_bytes()).expect("an object")
}

fn deposit(order: Option<&str>, secret: Option<&str>, status: Option<PaymentStatus>) -> Webhook {
    Webhook::DepositCallback {
        order_id: order.map(str::to_owned),
        secret: secret.map(Sensitive::from),
        status,
        transaction_key: Some("9B1E7C0A33D44F0E8A6655D7C2F10A9B".to_owned()),
        created_at: Some(TossTime::from("2026-03-03T10:21:07.120000")),
    }
}

#[test]
fn a_payment_status_changed_names_payment_order_status_and_transaction() {
    let webhook = Webhook::parse(CHANGED.as_bytes()).expect("a webhook");
    let Webhook::PaymentStatusChanged {
        payment_key,
        order_id,
        status,
        secret,
        last_transaction_key,
        created_at,
    } = webhook
    else {
        panic!("{webhook:?}")
    };
    assert_eq!(payment_key.as_deref(), Some("tviva20260302140509Ab3Xz"));
    assert_eq!(order_id.as_deref(), Some("ord-20260302-0007"));
    assert_eq!(status, Some(PaymentStatus::Done));
    assert_eq!(secret, None, "this body has none, as real ones do");
    assert_eq!(last_transaction_key.as_deref(), Some("4D0F2C6A9B8E4F11A7730C52D1E9B604"));
    let at = created_at.as_ref().and_then(TossTime::timestamp).map(|at| at.to_string());
    assert_eq!(at.as_deref(), Some("2026-03-02T05:05:41.65233Z"), "without an offset it is Korean time");
}

#[test]
fn a_deposit_callback_is_known_by_its_shape() {
    let whole = deposit(Some("ord-20260302-0008"), Some(SECRET), Some(PaymentStatus::Done));
    assert_eq!(Webhook::parse(DEPOSIT.as_bytes()), Ok(whole.clone()));
    let mut body: Value = serde_json::from_str(DEPOSIT).expect("JSON");
    body["eventType"] = "DEPOSIT_CALLBACK".into();
    assert_eq!(parsed(&body), whole, "an event type does not hide it");
    body["eventType"] = Value::Null;
    assert_eq!(parsed(&body), whole, "null is no event type");
    let mut without = body.clone();
    without.as_object_mut().expect("an object").remove("secret");
    assert_eq!(parsed(&without), deposit(Some("ord-20260302-0008"), None, Some(PaymentStatus::Done)));
    body["orderId"] = json!(["not", "a", "text"]);
    body["status"] = 7.into();
    assert_eq!(parsed(&body), deposit(None, Some(SECRET), None), "a field of another type is not there");
}

#[test]
fn an_event_that_is_unknown_or_unreadable_keeps_its_name() {
    let other = |name: Option<&str>| Webhook::Other { event_type: name.map(str::to_owned) };
    for (body, name) in [
        (
            json!({"eventType": "CANCEL_STATUS_CHANGED", "data": {"cancelStatus": "DONE"}}),
            Some("CANCEL_STATUS_CHANGED"),
        ),
        (json!({"eventType": "BILLING_DELETED", "secret": SECRET}), Some("BILLING_DELETED")),
        (json!({"eventType": "BILLING_DELETED", "data": {"billingKey": 7}}), Some("BILLING_DELETED")),
        (json!({"eventType": "payout.changed", "entityBody": []}), Some("payout.changed")),
        (json!({"eventType": "BRAND_NEW"}), Some("BRAND_NEW")),
        (json!({"eventType": 7}), None),
        (json!({"data": {"paymentKey": "k"}}), None),
        (json!({}), None),
    ] {
        assert_eq!(parsed(&body), other(name), "{body}");
        assert_eq!(parsed(&body).event_type(), name, "{body}");
    }
}

/// The text of a fixture.
macro_rules! body {
    ($name:literal) => {
        include_str!(concat!("fixtures/webhook-", $name, ".json"))
    };
}

#[test]
fn every_documented_event_is_read_as_what_it_is() {
    let read = |body: &str| Webhook::parse(body.as_bytes()).expect("a webhook");
    let Webhook::CancelStatusChanged(event) = read(body!("cancel-status-changed")) else {
        panic!("a cancel")
    };
    assert_eq!(event.data.cancel_request_id.as_deref(), Some("refund-0001"));
    assert_eq!(event.data.cancel_status, Some(CancelStatus::Done));
    let Webhook::BillingDeleted(event) = read(body!("billing-deleted")) else { panic!("a billing key") };
    assert_eq!(event.data.billing_key, BillingKey::from("Zk3tQm1xO8c2mG5pX0aYbN7dVwR4sLhU6eJfKiTqPzE="));
    assert_eq!(event.data.reason.as_deref(), Some("삭제 API 요청"));
    let Webhook::MethodUpdated(event) = read(body!("method-updated")) else { panic!("a method") };
    assert_eq!(event.data.status, Some(MethodStatus::Disabled));
    let Webhook::CustomerStatusChanged(event) = read(body!("customer-status-changed")) else {
        panic!("a customer")
    };
    assert_eq!(event.data.status, Some(CustomerStatus::OneTouchActivated));
    let Webhook::OrderPaymentStatusChanged(event) = read(body!("order-payment-status-changed")) else {
        panic!("an order")
    };
    assert_eq!(event.data.payment.as_ref().map(|payment| &payment.status), Some(&PaymentStatus::Done));
    let Webhook::PayoutChanged(event) = read(PAYOUT) else { panic!("a payout") };
    assert_eq!(
        (event.event_id.as_deref(), &event.entity_body.status),
        (Some("evt-01"), &Some(PayoutStatus::Completed))
    );
    assert_eq!(event.entity_body.amount.as_ref().map(|amount| amount.value), Some(1_100.into()));
    let Webhook::SellerChanged(event) = read(body!("seller-changed")) else { panic!("a seller") };
    assert_eq!(event.entity_body.status, Some(SellerStatus::PartiallyApproved));
    let Webhook::ArsReservationChanged(event) = read(body!("ars-reservation-changed")) else {
        panic!("a call")
    };
    assert_eq!(event.entity_body.status, Some(ArsStatus::Canceled));
}

#[test]
fn every_event_tells_its_name_and_none_shows_a_person_or_a_key() {
    for (body, name) in [
        (CHANGED, "PAYMENT_STATUS_CHANGED"),
        (DEPOSIT, "DEPOSIT_CALLBACK"),
        (body!("cancel-status-changed"), "CANCEL_STATUS_CHANGED"),
        (body!("billing-deleted"), "BILLING_DELETED"),
        (body!("method-updated"), "METHOD_UPDATED"),
        (body!("customer-status-changed"), "CUSTOMER_STATUS_CHANGED"),
        (body!("order-payment-status-changed"), "ORDER_PAYMENT_STATUS_CHANGED"),
        (PAYOUT, "payout.changed"),
        (body!("seller-changed"), "seller.changed"),
        (body!("ars-reservation-changed"), "ars-reservation.changed"),
    ] {
        let webhook = Webhook::parse(body.as_bytes()).expect("a webhook");
        assert_eq!(webhook.event_type(), Some(name));
        assert!(!matches!(webhook, Webhook::Other { .. }), "{name}");
        let shown = format!("{webhook:?}");
        for hidden in [SECRET, "Zk3tQm1x", "홍길동", "0101234", "a9f0c1de", "110123456789"] {
            assert!(!shown.contains(hidden), "{hidden} in {shown}");
        }
    }
}

#[test]
fn a_payment_status_changed_without_its_payment_is_still_one() {
    for body in [
        r#"{"eventType":"PAYMENT_STATUS_CHANGED"}"#,
        r#"{"eventType":"PAYMENT_STATUS_CHANGED","data":null}"#,
        r#"{"eventType":"PAYMENT_STATUS_CHANGED","data":"text"}"#,
        r#"{"eventType":"PAYMENT_STATUS_CHANGED","data":{"status":{},"paymentKey":1e999}}"#,
    ] {
        let webhook = Webhook::parse(body.as_bytes()).expect(body);
        let empty = Webhook::PaymentStatusChanged {
            payment_key: None,
            order_id: None,
            status: None,
            secret: None,
            last_transaction_key: None,
            created_at: None,
        };
        assert_eq!(webhook, empty, "{body}");
    }
}

#[test]
fn of_two_fields_with_one_name_the_last_counts() {
    let body = r#"{"eventType":"A","eventType":"B"}"#;
    assert_eq!(Webhook::parse(body.as_bytes()), Ok(Webhook::Other { event_type: Some("B".to_owned()) }));
}

#[test]
fn what_is_no_json_object_is_no_webhook() {
    for body in ["", " ", "null", "[]", "\"text\"", "7", "{", "{}{}", "<html>", "{\"a\":}", "\u{feff}{}"] {
        assert_eq!(Webhook::parse(body.as_bytes()), Err(NotAWebhook), "{body}");
    }
    assert_eq!(Webhook::parse(b"{\"eventType\":\"\xff\"}"), Err(NotAWebhook));
}

#[test]
fn e10_a_depth_bomb_costs_no_stack() {
    let depth = 1_000_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nest = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let hidden =
            format!(r#"{{"eventType":"PAYMENT_STATUS_CHANGED","data":{{"orderId":"o","x":{nest}}}}}"#);
        let Ok(Webhook::PaymentStatusChanged { order_id, .. }) = Webhook::parse(hidden.as_bytes()) else {
            panic!("the known fields are read over a nest of {open}")
        };
        assert_eq!(order_id.as_deref(), Some("o"));
        let as_text = format!(r#"{{"eventType":{nest},"data":{nest}}}"#);
        assert_eq!(Webhook::parse(as_text.as_bytes()), Ok(Webhook::Other { event_type: None }));
        assert_eq!(Webhook::parse(open.repeat(depth).as_bytes()), Err(NotAWebhook));
    }
}

#[test]
fn debug_of_a_webhook_shows_no_secret() {
    let shown = format!("{:?}", Webhook::parse(DEPOSIT.as_bytes()));
    assert!(!shown.contains(SECRET) && shown.contains("ord-20260302-0008"), "{shown}");
}

/// Any JSON, half of the time under the names that the reading looks for.
fn any_envelope() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "eventType",
            "createdAt",
            "data",
            "secret",
            "status",
            "transactionKey",
            "orderId",
            "paymentKey",
            "lastTransactionKey",
            "entityBody",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z]{1,6}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["PAYMENT_STATUS_CHANGED", "DEPOSIT_CALLBACK", "DONE"])
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        drop(Webhook::parse(&bytes));
    }

    #[test]
    fn every_json_object_is_a_webhook_and_nothing_else_is(body in any_envelope()) {
        prop_assert_eq!(Webhook::parse(body.to_string().as_bytes()).is_ok(), body.is_object());
    }

    #[test]
    fn a_webhook_that_is_cut_or_bent_never_panics(
        sample in prop::sample::select(vec![CHANGED, DEPOSIT, PAYOUT]),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = sample.as_bytes().to_vec();
        let at = at.index(bytes.len());
        prop_assert_eq!(Webhook::parse(&bytes[..at]), Err(NotAWebhook));
        bytes[at] = byte;
        drop(Webhook::parse(&bytes));
    }

    #[test]
    fn unknown_fields_change_nothing_about_a_payment(name in "x[a-zA-Z]{1,8}", value in any_envelope()) {
        for sample in [CHANGED, DEPOSIT] {
            let mut body: Value = serde_json::from_str(sample).expect("JSON");
            body[&name] = value.clone();
            if body["data"].is_object() {
                body["data"][&name] = value.clone();
            }
            prop_assert_eq!(Webhook::parse(body.to_string().as_bytes()), Webhook::parse(sample.as_bytes()));
        }
    }
}
