//! Whose reply it is, and which of its fields decide.
use super::*;
use hanbeon_domain::payment::TossFacts;
use hanbeon_domain::refund::Cause;
use hanbeon_domain::{OrderId, PaymentId, PaymentKey, State, TossOrderId};
use serde_json::{Value, json};
use uuid::Uuid;

const MERCHANT: &str = "tvivarepublica";

fn asked_about() -> Payment {
    let round = State::Confirming { tries: 0, round: 0, answered: false };
    Payment {
        id: PaymentId::from_uuid(Uuid::from_u128(1)),
        order: OrderId::from_uuid(Uuid::from_u128(2)),
        toss_order: TossOrderId::parse("order-1").unwrap(),
        key: PaymentKey::parse("key-1").unwrap(),
        amount: Won::new(15_000).unwrap(),
        payer: None,
        created_at: Timestamp::default(),
        version: 1,
        toss: TossFacts {
            status: TossStatus::InProgress,
            method: None,
            requested_at: None,
            approved_at: None,
            secret: None,
            tax: None,
        },
        captured: Won::ZERO,
        refunded: Won::ZERO,
        last_cancel_at: None,
        late: false,
        told: None,
        settles_at: None,
        state: round,
    }
}

/// Ours, in every field that counts.
fn ours() -> Value {
    json!({
        "mId": MERCHANT, "version": "2022-11-16", "paymentKey": "key-1", "orderId": "order-1", "orderName": "mug",
        "type": "NORMAL", "method": "카드", "status": "DONE", "requestedAt": "2026-03-02T14:05:09+09:00",
        "approvedAt": "2026-03-02T14:05:41+09:00", "currency": "KRW", "totalAmount": 15_000,
        "balanceAmount": 15_000, "cancels": null,
    })
}

/// With these fields instead; a field that is [`GONE`] is not there.
fn with(fields: &Value) -> Value {
    let mut answer = ours();
    let object = answer.as_object_mut().unwrap();
    for (name, value) in fields.as_object().unwrap() {
        match value.as_str() {
            Some(GONE) => object.remove(name),
            _ => object.insert(name.clone(), value.clone()),
        };
    }
    answer
}

const GONE: &str = "<gone>";

/// What a call that can move money, and a read, make of this answer: the same.
fn judged(answer: &Value) -> Verdict {
    let payment = asked_about();
    let asked = Asked { payment: &payment, merchant_id: Some(MERCHANT) };
    let raw = answer.to_string();
    let reply = || {
        let value = serde_json::from_str(&raw).unwrap_or_else(|e| panic!("it must decode: {e}: {raw}"));
        Ok(Reply { value, http_status: 200, raw: raw.clone().into(), trace_id: None, idempotency_echo: None })
    };
    let verdict = judge(reply(), asked, Operation::Confirm);
    assert_eq!(judge_read(reply(), asked), verdict, "{answer}");
    verdict
}

#[track_caller]
fn is_not_ours(fields: &Value, differs: &str) {
    let verdict = judged(&with(fields));
    assert_eq!(verdict, Verdict::NotOurs(format!("the answer has another {differs}")), "{fields}");
}

#[track_caller]
fn seen(answer: &Value) -> Snapshot {
    match judged(answer) {
        Verdict::Seen(snapshot) => *snapshot,
        verdict => panic!("{verdict:?}: {answer}"),
    }
}

#[test]
fn s16_another_payment_key_is_not_ours() {
    for key in ["key-2", "KEY-1", "key-1 ", "key-", ""] {
        is_not_ours(&json!({"paymentKey": key}), "paymentKey");
    }
}

#[test]
fn s16_another_order_id_is_not_ours() {
    for order in ["order-2", "ORDER-1", "order-1\u{0}", ""] {
        is_not_ours(&json!({"orderId": order}), "orderId");
    }
}

#[test]
fn s16_another_total_is_not_ours_whatever_is_left_of_it() {
    for total in [json!(14_999), json!(15_001), json!(0), json!(-15_000), json!(15_000.5), json!(1_500_000)] {
        is_not_ours(&json!({"totalAmount": total}), "totalAmount");
        is_not_ours(&json!({"totalAmount": total, "balanceAmount": 0, "status": "CANCELED"}), "totalAmount");
    }
}

#[test]
fn s16_another_currency_is_not_ours() {
    for currency in ["USD", "JPY", "krw", ""] {
        is_not_ours(&json!({"currency": currency}), "currency");
    }
}

#[test]
fn s16_another_merchant_is_not_ours_where_ours_is_known() {
    for merchant in ["somebodyelse", "TVIVAREPUBLICA", ""] {
        is_not_ours(&json!({"mId": merchant}), "mId");
    }
    let payment = asked_about();
    let asked = Asked { payment: &payment, merchant_id: None };
    let shown = serde_json::from_value(with(&json!({"mId": "somebodyelse"}))).unwrap();
    assert_eq!(not_ours(&shown, asked), None);
}

#[test]
fn s16_a_success_of_another_payment_is_not_believed_whatever_it_says() {
    for status in TossStatus::ALL {
        let fields = json!({"paymentKey": "key-2", "orderId": "order-2", "status": status.as_str()});
        is_not_ours(&fields, "paymentKey");
    }
    let why = judged(&with(&json!({"paymentKey": "somebody-elses-key"})));
    assert!(
        !format!("{why:?}").contains("somebody"),
        "it names the field, and not another buyer's value: {why:?}"
    );
}

#[test]
fn b9_what_we_never_met_changes_no_decision() {
    let plain = seen(&ours());
    assert_eq!((plain.status, plain.balance.get()), (TossStatus::Done, 15_000));
    assert_eq!(plain.method.as_deref(), Some("카드"));
    for fields in [
        json!({"carbonFootprint": {"grams": 12.5}, "balance_amount": 0, "BalanceAmount": 0}),
        json!({"method": "뇌파결제"}),
        json!({"method": null, "approvedAt": null, "requestedAt": null, "currency": null, "mId": null}),
        json!({"method": GONE, "approvedAt": GONE, "requestedAt": GONE, "currency": GONE, "mId": GONE}),
        json!({"approvedAt": "the day before yesterday"}),
        json!({"type": "SUBSCRIPTION", "version": "2031-01-01", "cancels": []}),
        json!({"card": {"issuerCode": "ZZ", "acquireStatus": "DREAMT", "amount": null}, "easyPay": null}),
        json!({"cancels": [{"cancelAmount": 5, "cancelStatus": "IN_ORBIT", "transactionKey": "t-1"}]}),
    ] {
        let answer = with(&fields);
        let shown = seen(&answer);
        let decisive = |seen: &Snapshot| (seen.status, seen.balance, seen.cancels.clone());
        assert_eq!(decisive(&shown), decisive(&plain), "{fields}");
        assert_eq!(*shown.evidence.body, *answer.to_string().into_bytes(), "it is kept as it came");
    }
}

#[test]
fn b9_a_status_that_we_never_met_decides_nothing() {
    for status in ["SETTLING", "done", "DONE ", ""] {
        assert_eq!(seen(&with(&json!({"status": status}))).status, TossStatus::Unknown, "{status}");
    }
}

#[test]
fn b9_a_balance_that_is_no_amount_is_not_believed() {
    for balance in [json!(-1), json!(0.5)] {
        let verdict = judged(&with(&json!({"balanceAmount": balance})));
        assert_eq!(verdict, Verdict::NotOurs("its balance is not an amount in won".to_owned()), "{balance}");
    }
}

fn error(code: &str) -> Answer {
    let raw = json!({"code": code, "message": "-"}).to_string().into();
    let (code, message) = (ErrorCode::from(code), "-".to_owned());
    Err(Error::Refused(Box::new(ApiError {
        http_status: 400,
        code,
        message,
        data: None,
        raw,
        trace_id: None,
    })))
}

#[test]
fn done_before_is_a_reason_to_read_and_no_fact() {
    let payment = asked_about();
    let asked = Asked { payment: &payment, merchant_id: None };
    for (code, operation) in
        [("ALREADY_PROCESSED_PAYMENT", Operation::Confirm), ("ALREADY_CANCELED_PAYMENT", Operation::Cancel)]
    {
        assert_eq!(judge(error(code), asked, operation), Verdict::ReadIt, "{code}");
    }
}

#[test]
fn f6_a_cancel_that_left_the_balance_as_it_was_has_not_happened() {
    let payment = asked_about();
    let asked = Asked { payment: &payment, merchant_id: None };
    let refund = Refund::undoing(payment.id, payment.amount, Cause::Compensation, payment.created_at);
    let judged = |left: i64| {
        let raw = with(&json!({"balanceAmount": left})).to_string();
        let value = serde_json::from_str(&raw).unwrap();
        let reply =
            Reply { value, http_status: 200, raw: raw.into(), trace_id: None, idempotency_echo: None };
        judge_cancel(Ok(reply), asked, &refund)
    };
    assert!(matches!(judged(15_000), Verdict::Unclear { answered: true, .. }), "{:?}", judged(15_000));
    assert!(matches!(judged(0), Verdict::Seen(_)), "{:?}", judged(0));
}
