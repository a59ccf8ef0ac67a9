//! Virtual accounts issued by a server, and what a window adds to one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Ask, Toss};
use crate::ways::{authenticated, paid};

#[expect(clippy::needless_pass_by_value, reason = "reads better with json!(…) in the call")]
fn issue(order: &str, fields: Value) -> Ask {
    let mut body = json!({
        "amount": 42_900, "orderId": order, "orderName": "mug", "customerName": "김토스", "bank": "20",
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    Ask::post("/v1/virtual-accounts", body)
}

fn deed(key: &Value, deed: &str, body: Value) -> Ask {
    Ask::post(&format!("/sandbox/payments/{}/{deed}", key.as_str().unwrap()), body)
}

#[tokio::test]
async fn a_server_issues_an_account_that_waits_like_one_of_a_window() {
    let toss = Toss::start().await;
    let fields = json!({ "bank": "SHINHAN", "validHours": "1", "useEscrow": true,
        "escrowProducts": [{ "id": "1", "name": "mug", "code": "m", "unitPrice": 42_900, "quantity": 1 }] });
    let payment = toss.send(issue("ord-issued", fields)).await.json();
    assert_eq!((&payment["status"], &payment["approvedAt"]), (&json!("WAITING_FOR_DEPOSIT"), &json!(null)));
    assert!(payment["secret"].as_str().unwrap().starts_with("ps_"));
    let account = &payment["virtualAccount"];
    assert_eq!((&account["bankCode"], &account["customerName"]), (&json!("88"), &json!("김토스")));
    assert_eq!(account["dueDate"], "2026-03-02T15:05:09+09:00");
    assert_eq!(payment["useEscrow"], true);
    let entries = toss.journal();
    let entry = entries.last().unwrap();
    assert_eq!(entry.order_id.as_deref(), Some("ord-issued"));
    assert_eq!(
        serde_json::to_value((entry.operation, entry.effect)).unwrap(),
        json!(["virtual_account", "waiting"])
    );
    assert_eq!(toss.send(issue("ord-issued", json!({}))).await.verdict(), "400 DUPLICATED_ORDER_ID");
    // An id of two characters was seen to be taken.
    assert_eq!(toss.send(issue("v1", json!({}))).await.status, 200);
}

#[tokio::test]
async fn an_account_that_could_not_be_paid_is_not_issued() {
    let toss = Toss::start().await;
    let table = [
        (json!({ "bank": null }), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "customerName": null }), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "amount": null }), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "amount": 199 }), "400 BELOW_MINIMUM_AMOUNT"),
        (json!({ "bank": "90" }), "400 INVALID_BANK"),
        (json!({ "bank": "nowhere" }), "400 INVALID_BANK"),
        (json!({ "validHours": 2_161 }), "400 EXCEED_MAX_VALID_HOURS"),
        (json!({ "validHours": 0 }), "400 INVALID_REQUEST"),
        (json!({ "dueDate": "2026-03-02T14:05:09" }), "400 INVALID_DATE"),
        (json!({ "dueDate": "tomorrow" }), "400 INVALID_DATE"),
        (json!({ "dueDate": "2026-06-01T00:00:00" }), "400 EXCEED_MAX_DUE_DATE"),
        (
            json!({ "dueDate": "2026-03-03T00:00:00", "validHours": 1 }),
            "400 INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE",
        ),
        (json!({ "accountType": "고정" }), "400 REQUIRED_ACCOUNT_KEY"),
        (json!({ "accountType": "은행" }), "400 INVALID_VIRTUAL_ACCOUNT_TYPE"),
        (json!({ "accountKey": "12345678901234" }), "400 INVALID_VIRTUAL_ACCOUNT_TYPE"),
        (json!({ "useEscrow": true }), "400 INVALID_REQUIRED_PARAM"),
        (json!({ "cashReceipt": { "type": "소득공제" } }), "400 INVALID_CASH_RECEIPT_INFO"),
        (
            json!({ "cashReceipt": { "type": "소득공제", "registrationNumber": "x" } }),
            "400 INVALID_REGISTRATION_NUMBER_TYPE",
        ),
        (json!({ "customerMobilePhone": "1" }), "400 INVALID_PARAMETERS"),
    ];
    for (fields, verdict) in table {
        let shown = fields.to_string();
        assert_eq!(toss.send(issue("ord-not-issued", fields)).await.verdict(), verdict, "{shown}");
    }
    assert!(toss.journal().iter().all(|entry| entry.effect_amount.is_none()));
}

#[tokio::test]
async fn a_fixed_account_stays_the_customers() {
    let toss = Toss::start().await;
    let mut numbers = Vec::new();
    for (order, key, bank) in [
        ("ord-fixed-1", "kim", "20"),
        ("ord-fixed-2", "kim", "20"),
        ("ord-fixed-3", "lee", "20"),
        ("ord-fixed-4", "kim", "88"),
    ] {
        let payment = toss.send(issue(order, json!({ "accountKey": key, "bank": bank }))).await.json();
        assert_eq!(payment["virtualAccount"]["accountType"], "고정");
        numbers.push(payment["virtualAccount"]["accountNumber"].clone());
    }
    assert_eq!(numbers[0], numbers[1]);
    assert!(numbers[0] != numbers[2] && numbers[0] != numbers[3]);
}

#[tokio::test]
async fn only_the_exact_amount_is_a_deposit_and_its_receipt_is_written_then() {
    let toss = Toss::start().await;
    let cash = json!({ "type": "지출증빙", "registrationNumber": "1234567890" });
    let payment = toss.send(issue("ord-exact", json!({ "cashReceipt": cash }))).await.json();
    let key = &payment["paymentKey"];
    assert_eq!(payment["cashReceipt"], json!(null));
    for amount in [42_899, 42_901] {
        assert_eq!(toss.send(deed(key, "deposit", json!({ "amount": amount }))).await.status, 400);
    }
    let done = toss.send(deed(key, "deposit", json!({ "amount": 42_900 }))).await.json();
    assert_eq!((&done["status"], &done["cashReceipt"]["type"]), (&json!("DONE"), &json!("지출증빙")));
    let back = toss.send(deed(key, "reverse-deposit", json!({}))).await.json();
    assert_eq!((&back["status"], &back["cashReceipt"]), (&json!("WAITING_FOR_DEPOSIT"), &json!(null)));
}

#[tokio::test]
async fn g2_a_deposit_can_be_taken_back_by_the_clock() {
    let toss = Toss::start().await;
    let payment = toss.send(issue("ord-by-clock", json!({}))).await.json();
    let key = &payment["paymentKey"];
    let done = toss.send(deed(key, "deposit", json!({ "reverseAfterSeconds": 120 }))).await.json();
    assert_eq!(done["status"], "DONE");
    toss.sandbox.advance(Duration::from_secs(119));
    assert_eq!(toss.status(key.as_str().unwrap()), "DONE");
    toss.sandbox.advance(Duration::from_secs(1));
    let back = toss.read(key.as_str().unwrap()).await.json();
    assert_eq!((&back["status"], &back["approvedAt"]), (&json!("WAITING_FOR_DEPOSIT"), &json!(null)));
    assert_ne!(back["lastTransactionKey"], done["lastTransactionKey"]);
}

#[tokio::test]
async fn g3_before_the_dated_versions_a_deposit_error_cancels_the_payment() {
    let mut config = crate::client::config();
    config.merchants[0].version = "1.4".into();
    let toss = Toss::start_with(config).await;
    let payment = toss.send(issue("ord-old-version", json!({}))).await.json();
    let key = &payment["paymentKey"];
    toss.send(deed(key, "deposit", json!({}))).await;
    let error = toss.send(deed(key, "reverse-deposit", json!({}))).await.json();
    assert_eq!((&error["status"], &error["balanceAmount"]), (&json!("CANCELED"), &json!(0)));
    assert_eq!(error["cancels"][0]["cancelAmount"], 42_900);
}

#[tokio::test]
async fn the_refund_account_of_the_window_is_readable_for_half_an_hour_and_good_for_ever() {
    let toss = Toss::start().await;
    let collected = json!({ "bank": "88", "accountNumber": "110123456789", "holderName": "김토스" });
    let wish = json!({
        "method": "VIRTUAL_ACCOUNT",
        "virtualAccount": { "bank": "06", "customerName": "김토스", "refundReceiveAccount": collected },
    });
    let payment = paid(&toss, "ord-collected", json!(42_900), wish).await;
    let key = payment["paymentKey"].as_str().unwrap();
    let shown = json!({ "bankCode": "88", "accountNumber": "110123456789", "holderName": "김토스" });
    assert_eq!(payment["virtualAccount"]["refundReceiveAccount"], shown);
    toss.sandbox.advance(Duration::from_secs(30 * 60));
    let later = toss.read(key).await.json();
    assert_eq!(later["virtualAccount"]["refundReceiveAccount"], json!(null));
    toss.sandbox.deposit(key).unwrap();
    assert_eq!(toss.cancel(key, json!({ "cancelReason": "x" })).await.status, 200);
    let bad = json!({ "bank": "88", "accountNumber": "1-2", "holderName": "김토스" });
    let wish = json!({ "method": "VIRTUAL_ACCOUNT", "virtualAccount": { "refundReceiveAccount": bad } });
    let reply = authenticated(&toss, "ord-bad-collected", json!(42_900), wish).await;
    assert_eq!(reply.verdict(), "400 INVALID_REFUND_ACCOUNT_NUMBER");
}

#[tokio::test]
async fn the_transfer_of_a_refund_can_fail() {
    let toss = Toss::start().await;
    let account = json!({ "bank": "88", "accountNumber": "110123456789", "holderName": "김토스" });
    for (order, amount, status) in
        [("ord-fail-whole", None, "FAILED"), ("ord-fail-part", Some(900), "PARTIAL_FAILED")]
    {
        let payment = toss.send(issue(order, json!({}))).await.json();
        let key = &payment["paymentKey"];
        assert_eq!(toss.send(deed(key, "fail-refund", json!({}))).await.status, 400, "nothing to fail");
        toss.send(deed(key, "deposit", json!({}))).await;
        let cancel = json!({ "cancelReason": "x", "cancelAmount": amount, "refundReceiveAccount": account });
        assert_eq!(toss.cancel(key.as_str().unwrap(), cancel).await.status, 200);
        let failed = toss.send(deed(key, "fail-refund", json!({}))).await.json();
        assert_eq!(failed["virtualAccount"]["refundStatus"], status);
        toss.sandbox.advance(Duration::from_secs(3 * 86_400));
        let later = toss.read(key.as_str().unwrap()).await.json();
        assert_eq!(later["virtualAccount"]["refundStatus"], status, "it stays failed");
    }
}

#[tokio::test]
async fn g5_a_number_that_nobody_can_pay_into_any_more_is_somebody_elses_next() {
    let toss = Toss::start().await;
    let number = |payment: &Value| payment["virtualAccount"]["accountNumber"].clone();
    let by_hand = toss.send(issue("ord-recycled-1", json!({}))).await.json();
    toss.sandbox.expire(by_hand["paymentKey"].as_str().unwrap()).unwrap();
    let second = toss.send(issue("ord-recycled-2", json!({ "validHours": 1 }))).await.json();
    assert_eq!(number(&second), number(&by_hand));
    // Nobody looks at it: the clock alone frees it.
    toss.sandbox.advance(Duration::from_secs(3_600));
    let third = toss.send(issue("ord-recycled-3", json!({}))).await.json();
    assert_eq!(number(&third), number(&second));
    let cancel = json!({ "cancelReason": "x" });
    assert_eq!(toss.cancel(third["paymentKey"].as_str().unwrap(), cancel.clone()).await.status, 200);
    let fourth = toss.send(issue("ord-recycled-4", json!({}))).await.json();
    assert_eq!(number(&fourth), number(&third));
    assert_eq!(toss.send(deed(&fourth["paymentKey"], "deposit", json!({}))).await.status, 200);
    // The expired one is cancelled, and its number, which is another's now, is not given away a second time.
    assert_eq!(toss.cancel(by_hand["paymentKey"].as_str().unwrap(), cancel).await.status, 200);
    let fifth = toss.send(issue("ord-recycled-5", json!({}))).await.json();
    assert_ne!(number(&fifth), number(&fourth));

    let mut config = crate::client::config();
    config.switches.recycle_accounts = false;
    let toss = Toss::start_with(config).await;
    let first = toss.send(issue("ord-kept-1", json!({}))).await.json();
    toss.sandbox.expire(first["paymentKey"].as_str().unwrap()).unwrap();
    assert_ne!(number(&toss.send(issue("ord-kept-2", json!({}))).await.json()), number(&first));
}

#[tokio::test]
async fn a_bank_can_refuse_the_refund_account_and_the_money_stays() {
    let refund = |number: &str, holder: &str| {
        let account = json!({ "bank": "88", "accountNumber": number, "holderName": holder });
        json!({ "cancelReason": "x", "cancelAmount": 100, "refundReceiveAccount": account })
    };
    for (checks, closed, stranger) in [
        (true, "400 FORBIDDEN_BANK_REFUND_REQUEST", "400 INVALID_REFUND_ACCOUNT_INFO"),
        (false, "200", "200"),
    ] {
        let mut config = crate::client::config();
        config.switches.check_refund_accounts = checks;
        let toss = Toss::start_with(config).await;
        let payment = toss.send(issue("ord-refund-account", json!({}))).await.json();
        let key = payment["paymentKey"].as_str().unwrap();
        toss.sandbox.deposit(key).unwrap();
        assert_eq!(toss.cancel(key, refund("0000000000", "김토스")).await.verdict(), closed);
        assert_eq!(toss.cancel(key, refund("110123456789", "불일치")).await.verdict(), stranger);
        let left = if checks { 42_900 } else { 42_700 };
        assert_eq!(toss.read(key).await.json()["balanceAmount"], left);
    }
}

#[tokio::test]
async fn older_documents_allow_720_hours() {
    let mut config = crate::client::config();
    config.switches.max_valid_hours = 720;
    let toss = Toss::start_with(config).await;
    let hours = |hours: u32| issue(&format!("ord-{hours}-hours"), json!({ "validHours": hours }));
    assert_eq!(toss.send(hours(720)).await.status, 200);
    assert_eq!(toss.send(hours(721)).await.verdict(), "400 EXCEED_MAX_VALID_HOURS");
}

#[tokio::test]
async fn a_deposit_error_may_keep_the_key_of_the_deposit() {
    let mut config = crate::client::config();
    config.switches.deposit_error_key = false;
    let toss = Toss::start_with(config).await;
    let payment = toss.send(issue("ord-same-key", json!({}))).await.json();
    let key = &payment["paymentKey"];
    let done = toss.send(deed(key, "deposit", json!({}))).await.json();
    let back = toss.send(deed(key, "reverse-deposit", json!({}))).await.json();
    assert_eq!(back["lastTransactionKey"], done["lastTransactionKey"]);
}
