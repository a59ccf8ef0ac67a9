//! The Payment object: everything that Toss documents, and everything that it has not invented yet.

use proptest::prelude::*;
use serde_json::{Value, json};
use toss_client::{
    Amount, ErrorCode, Payment,
    model::{
        AccountType, AcquireStatus, BankCode, CardCompany, CardType, Currency, EasyPayProvider, Method,
        OwnerType, PaymentStatus, PaymentType, RefundStatus, Sensitive, TossTime,
    },
};

use crate::kept::assert_round_trip;

const FIXTURES: [(&str, &str); 6] = [
    ("card, done", include_str!("../fixtures/card-done.json")),
    ("card, partly cancelled", include_str!("../fixtures/partial-cancel.json")),
    ("virtual account, waiting", include_str!("../fixtures/virtual-account.json")),
    ("expired", include_str!("../fixtures/expired.json")),
    ("dollars, partly cancelled", include_str!("../fixtures/paypal-partial-cancel.json")),
    ("every field at once", include_str!("../fixtures/every-field.json")),
];

fn fixture(name: &str) -> &'static str {
    FIXTURES.iter().find(|(known, _)| *known == name).expect(name).1
}

fn payment(json: &str) -> Payment {
    serde_json::from_str(json).expect("a payment")
}

#[test]
fn every_documented_payment_survives_a_round_trip_without_unknown_fields() {
    for (name, text) in FIXTURES {
        let decoded = assert_round_trip::<Payment>(&serde_json::from_str(text).expect(name));
        assert!(decoded.extra.is_empty(), "{name}: {:?}", decoded.extra);
        let nested = [
            decoded.card.as_ref().map(|card| &card.extra),
            decoded.virtual_account.as_ref().map(|account| &account.extra),
            decoded.easy_pay.as_ref().map(|easy| &easy.extra),
            decoded.transfer.as_ref().map(|transfer| &transfer.extra),
            decoded.mobile_phone.as_ref().map(|phone| &phone.extra),
            decoded.gift_certificate.as_ref().map(|gift| &gift.extra),
            decoded.cash_receipt.as_ref().map(|receipt| &receipt.extra),
            decoded.failure.as_ref().map(|failure| &failure.extra),
            decoded.cancels.as_ref().map(|cancels| &cancels[0].extra),
            decoded.cash_receipts.as_ref().map(|receipts| &receipts[0].extra),
        ];
        for extra in nested.into_iter().flatten() {
            assert!(extra.is_empty(), "{name}: {extra:?}");
        }
    }
}

#[test]
fn a_card_payment_reads_field_by_field() {
    let done = payment(fixture("card, done"));
    assert_eq!(done.status, PaymentStatus::Done);
    assert_eq!(done.kind, Some(PaymentType::Normal));
    assert_eq!(done.method.as_ref().and_then(Method::english), Some("CARD"));
    assert_eq!(done.currency, Some(Currency::Krw));
    assert_eq!(done.m_id.as_deref(), Some("tvivarepublica"));
    assert_eq!((done.total_amount, done.balance_amount), (42_900.into(), 42_900.into()));
    assert_eq!((done.supplied_amount, done.vat), (Some(39_000.into()), Some(3_900.into())));
    let at = done.approved_at.as_ref().and_then(TossTime::timestamp);
    assert_eq!(at.map(|at| at.to_string()).as_deref(), Some("2026-03-02T05:05:41Z"));
    assert!(done.cancels.is_none() && !done.is_fully_canceled());
    let card = done.card.expect("a card");
    assert_eq!(card.issuer_code.as_ref().and_then(CardCompany::korean), Some("현대"));
    assert_eq!(card.acquirer_code, Some(CardCompany::Bc));
    assert_eq!((card.card_type, card.owner_type), (Some(CardType::Credit), Some(OwnerType::Personal)));
    assert_eq!((card.acquire_status, card.installment_plan_months), (Some(AcquireStatus::Ready), Some(0)));
}

#[test]
fn cancels_virtual_accounts_and_failures_read_field_by_field() {
    let part = payment(fixture("card, partly cancelled"));
    let cancels = part.cancels.as_deref().expect("cancels");
    assert_eq!(cancels[0].cancel_amount.as_won(), Some(12_900));
    assert_eq!(cancels[0].refundable_amount, Some(part.balance_amount));
    assert_eq!(cancels[0].transaction_key, part.last_transaction_key);

    let waiting = payment(fixture("virtual account, waiting"));
    assert_eq!(waiting.secret.as_ref().map(Sensitive::expose), Some("ps_k3Jf9sLqW2mZx8Rb"));
    let account = waiting.virtual_account.expect("an account");
    assert_eq!((account.bank_code, account.account_type), (Some(BankCode::Woori), Some(AccountType::Normal)));
    assert_eq!(account.refund_status, Some(RefundStatus::None));

    let expired = payment(fixture("expired"));
    assert_eq!(expired.failure.map(|failure| failure.code), Some(ErrorCode::ExpiredPayment));
    assert_eq!((expired.method, expired.approved_at, expired.use_escrow), (None, None, None));
}

#[test]
fn a_refund_is_complete_when_nothing_is_left_whatever_the_status_says() {
    for (status, balance, complete) in [
        ("CANCELED", 0, true),
        ("PARTIAL_CANCELED", 0, true),
        ("PARTIAL_CANCELED", 1, false),
        ("DONE", 42_900, false),
        ("EXPIRED", 0, false),
    ] {
        let mut json: Value = serde_json::from_str(fixture("card, done")).expect("JSON");
        json["status"] = status.into();
        json["balanceAmount"] = balance.into();
        assert_eq!(payment(&json.to_string()).is_fully_canceled(), complete, "{status} {balance}");
    }
}

#[test]
fn dollars_are_exact_and_won_may_have_a_decimal_point() {
    let paypal = payment(fixture("dollars, partly cancelled"));
    assert_eq!(paypal.total_amount.in_units(2), Some(72_624));
    assert_eq!(paypal.total_amount.as_won(), None);
    assert_eq!(paypal.easy_pay.and_then(|easy| easy.provider), Some(EasyPayProvider::from("PAYPAL")));

    let pointed = fixture("card, done").replace("42900", "42900.0");
    assert_eq!(payment(&pointed), payment(fixture("card, done")));
}

#[test]
fn only_the_essence_of_a_payment_is_required() {
    let bare = json!({"paymentKey": "k", "orderId": "o", "status": "DONE", "totalAmount": 1000, "balanceAmount": 1000});
    let decoded = assert_round_trip::<Payment>(&bare);
    assert_eq!(decoded.order_name, None);
    for name in ["paymentKey", "orderId", "status", "totalAmount", "balanceAmount"] {
        let mut cut = bare.clone();
        cut.as_object_mut().expect("an object").remove(name);
        assert!(serde_json::from_value::<Payment>(cut).is_err(), "{name}");
    }
}

#[test]
fn debug_of_a_payment_shows_no_secret_and_no_personal_data() {
    let shown = format!("{:?}", payment(fixture("every field at once")));
    for hidden in [
        "ps_k3Jf9sLqW2mZx8Rb",
        "홍길동",
        "김철수",
        "110123456789",
        "X6505636518308",
        "010****4567",
        "\"app\"",
    ] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
    assert!(shown.contains("ord-20260302-0007") && shown.contains("42900"));
}

/// Any amount that JSON can spell, with up to four decimals.
fn any_amount() -> impl Strategy<Value = String> {
    (any::<i32>(), prop::option::of("[0-9]{1,4}")).prop_map(|(whole, decimals)| {
        decimals.map_or(whole.to_string(), |decimals| format!("{whole}.{decimals}"))
    })
}

/// A JSON number without what does not change it: a leading or trailing zero, a point with nothing behind it.
fn bare(number: &str) -> String {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let (whole, decimals) = (whole.trim_start_matches('0'), decimals.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    match decimals {
        "" if whole == "0" => "0".to_owned(),
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{decimals}"),
    }
}

proptest! {
    #[test]
    fn an_amount_of_any_size_is_exact_or_refused_and_never_wraps(
        number in "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?",
    ) {
        match serde_json::from_str::<Amount>(&number) {
            Ok(amount) => prop_assert_eq!(amount.to_string(), bare(&number)),
            Err(_) => prop_assert!(bare(&number).chars().filter(char::is_ascii_digit).count() > 18),
        }
    }

    #[test]
    fn any_amount_survives_to_the_last_decimal(total in any_amount(), balance in any_amount()) {
        let text = format!(
            r#"{{"paymentKey":"k","orderId":"o","status":"DONE","totalAmount":{total},"balanceAmount":{balance}}}"#
        );
        let decoded = payment(&text);
        let again = payment(&serde_json::to_string(&decoded).expect("encodes"));
        prop_assert_eq!(&again, &decoded);
        let (whole, decimals) = total.split_once('.').unwrap_or((&total, ""));
        let units: i64 = format!("{whole}{decimals:0<4}").parse().expect("fits");
        prop_assert_eq!(decoded.total_amount.in_units(4), Some(units));
    }
}
