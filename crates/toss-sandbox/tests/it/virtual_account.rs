//! Virtual accounts: issue, deposit, reversal, expiry, and cancels on both sides of the deposit.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Ask, Toss};

async fn issued(toss: &Toss, order: &str) -> (String, Value) {
    let key = toss.approved(order, 42_900, "가상계좌").await;
    let payment = toss.read(&key).await.json();
    (key, payment)
}

fn refund_to(bank: &str, number: &str, holder: &str) -> Value {
    let account = json!({ "bank": bank, "accountNumber": number, "holderName": holder });
    json!({ "cancelReason": "order withdrawn", "refundReceiveAccount": account })
}

#[tokio::test]
async fn a_confirmed_virtual_account_waits_with_a_number_a_due_date_and_a_secret() {
    let toss = Toss::start().await;
    let (_, payment) = issued(&toss, "ord-account").await;
    assert_eq!((&payment["status"], &payment["approvedAt"]), (&json!("WAITING_FOR_DEPOSIT"), &json!(null)));
    assert!(payment["secret"].as_str().unwrap().starts_with("ps_"));
    let mut account = payment["virtualAccount"].clone();
    let number = account["accountNumber"].take();
    let number = number.as_str().unwrap();
    assert!(number.starts_with('X') && number[1..].bytes().all(|byte| byte.is_ascii_digit()), "{number}");
    assert_eq!(
        account,
        json!({
            "accountType": "일반", "accountNumber": null, "bankCode": "20", "customerName": "홍길동",
            "depositorName": null, "dueDate": "2026-03-09T14:05:09+09:00", "expired": false,
            "settlementStatus": "INCOMPLETED", "refundStatus": "NONE", "refundReceiveAccount": null,
        })
    );
}

#[tokio::test]
async fn a_deposit_makes_it_done_and_the_bank_can_take_it_back() {
    let toss = Toss::start().await;
    let (key, issued) = issued(&toss, "ord-deposit").await;
    let door = |deed: &str| Ask::post(&format!("/sandbox/payments/{key}/{deed}"), json!({}));
    assert_eq!(toss.send(door("reverse-deposit")).await.status, 400, "nothing to reverse");
    let paid = Ask::post(&format!("/sandbox/payments/{key}/deposit"), json!({ "depositorName": "김토스" }));
    let paid = toss.send(paid).await.json();
    assert_eq!((&paid["status"], &paid["approvedAt"]), (&json!("DONE"), &json!("2026-03-02T14:05:09+09:00")));
    assert_eq!(paid["virtualAccount"]["depositorName"], "김토스");
    assert_ne!(paid["lastTransactionKey"], issued["lastTransactionKey"]);
    assert_eq!(toss.send(door("deposit")).await.status, 400, "already paid");
    let back = toss.send(door("reverse-deposit")).await.json();
    assert_eq!((&back["status"], &back["approvedAt"]), (&json!("WAITING_FOR_DEPOSIT"), &json!(null)));
    assert_eq!(back["virtualAccount"]["depositorName"], json!(null));
    toss.sandbox.deposit(&key).unwrap();
    assert_eq!(toss.status(&key), "DONE");
}

#[tokio::test]
async fn an_account_past_its_due_date_keeps_waiting_and_takes_no_money() {
    let toss = Toss::start().await;
    let (by_clock, _) = issued(&toss, "ord-due-by-clock").await;
    toss.sandbox.advance(Duration::from_secs(168 * 3_600 - 1));
    assert_eq!(toss.read(&by_clock).await.json()["virtualAccount"]["expired"], false);
    toss.sandbox.advance(Duration::from_secs(1));
    let (by_hand, _) = issued(&toss, "ord-due-by-hand").await;
    toss.sandbox.expire(&by_hand).unwrap();
    for key in [by_clock, by_hand] {
        let payment = toss.read(&key).await.json();
        assert_eq!(payment["status"], "WAITING_FOR_DEPOSIT");
        assert_eq!(payment["virtualAccount"]["expired"], true);
        assert!(toss.sandbox.deposit(&key).is_err());
    }
}

#[tokio::test]
async fn before_the_deposit_only_a_full_cancel_is_allowed_and_needs_no_account() {
    let toss = Toss::start().await;
    let (key, _) = issued(&toss, "ord-cancel-waiting").await;
    let part = json!({ "cancelReason": "x", "cancelAmount": 100 });
    assert_eq!(toss.cancel(&key, part).await.verdict(), "403 NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT");
    let payment = toss.cancel(&key, json!({ "cancelReason": "x" })).await.json();
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("CANCELED"), &json!(0)));
    assert_eq!(payment["virtualAccount"]["refundStatus"], "NONE");
    assert!(toss.sandbox.deposit(&key).is_err());
}

#[tokio::test]
async fn after_the_deposit_a_cancel_needs_an_account_that_can_take_the_money() {
    let toss = Toss::start().await;
    let (key, _) = issued(&toss, "ord-refund").await;
    toss.sandbox.deposit(&key).unwrap();
    let no_bank = json!({ "accountNumber": "1", "holderName": "홍길동" });
    let table = [
        (json!({ "cancelReason": "x" }), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "cancelReason": "x", "refundReceiveAccount": no_bank }), "400 INVALID_REQUIRED_PARAM"),
        (refund_to("99", "110123456789", "홍길동"), "400 INVALID_BANK"),
        (refund_to("88", "110-123-456789", "홍길동"), "400 INVALID_REFUND_ACCOUNT_NUMBER"),
        (refund_to("88", &"1".repeat(21), "홍길동"), "400 INVALID_REFUND_ACCOUNT_NUMBER"),
        (refund_to("88", "110123456789", ""), "400 INVALID_REFUND_ACCOUNT_INFO"),
        (refund_to("88", "110123456789", "홍길동"), "200"),
    ];
    for (body, verdict) in table {
        let shown = body.to_string();
        assert_eq!(toss.cancel(&key, body).await.verdict(), verdict, "{shown}");
    }
    let refund_status = |payment: Value| payment["virtualAccount"]["refundStatus"].clone();
    assert_eq!(refund_status(toss.read(&key).await.json()), "PENDING");
    toss.sandbox.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(refund_status(toss.read(&key).await.json()), "COMPLETED");
}

#[tokio::test]
async fn a_refund_account_names_its_bank_by_code_in_korean_or_in_english() {
    let toss = Toss::start().await;
    for (at, bank) in ["88", "신한", "SHINHAN", "ST"].into_iter().enumerate() {
        let (key, _) = issued(&toss, &format!("ord-bank-{at}")).await;
        toss.sandbox.deposit(&key).unwrap();
        assert_eq!(toss.cancel(&key, refund_to(bank, "110123456789", "홍길동")).await.status, 200, "{bank}");
    }
}
