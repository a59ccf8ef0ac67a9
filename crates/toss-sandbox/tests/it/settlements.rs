//! Settlements: what is paid out, when, and what it costs.

use serde_json::{Value, json};
use toss_sandbox::{CancelSign, Config, Fees, NewPayment, Switches};

use crate::client::{Ask, Reply, Toss, WIDGET_BASIC, config};
use crate::webhooks::DAY;

async fn ask(toss: &Toss, query: &str) -> Reply {
    toss.send(Ask::get(&format!("/v1/settlements?{query}"))).await
}

/// The settlements of the day on which the clock of the tests begins, a Monday.
async fn monday(toss: &Toss) -> Value {
    ask(toss, "startDate=2026-03-02&endDate=2026-03-02").await.json()
}

fn column(rows: &Value, name: &str) -> Vec<Value> {
    rows.as_array().unwrap_or_else(|| panic!("no rows: {rows}")).iter().map(|row| row[name].clone()).collect()
}

#[tokio::test]
async fn a_payment_is_settled_from_the_next_day_on_without_its_fees() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-settled", 42_900, "카드").await;
    let payment = toss.read(&key).await.json();
    assert_eq!(monday(&toss).await, json!([]));
    toss.sandbox.advance(DAY);
    let rows = monday(&toss).await;
    let expected = json!([{
        "mId": "tvivarepublica", "paymentKey": key, "transactionKey": payment["lastTransactionKey"],
        "orderId": "ord-settled", "currency": "KRW", "method": "카드", "amount": 42_900, "interestFee": 0,
        "fees": [{ "type": "BASE", "fee": 1_287 }], "supplyAmount": 1_170, "vat": 117, "payOutAmount": 41_613,
        "approvedAt": "2026-03-02T14:05:09+09:00", "soldDate": "2026-03-02", "paidOutDate": "2026-03-04",
        "card": payment["card"], "easyPay": null, "giftCertificate": null, "mobilePhone": null, "transfer": null,
        "virtualAccount": null, "cancel": null,
    }]);
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn a_cancel_takes_back_what_was_settled() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-taken-back", 10_000, "카드").await;
    toss.cancel(&key, json!({ "cancelReason": "size", "cancelAmount": 4_000 })).await;
    toss.sandbox.advance(DAY);
    let rows = monday(&toss).await;
    assert_eq!(column(&rows, "amount"), [10_000, -4_000]);
    assert_eq!(column(&rows, "payOutAmount"), [9_700, -3_880]);
    let canceled = &rows[1]["cancel"];
    assert_eq!((&canceled["cancelAmount"], &canceled["cancelReason"]), (&json!(4_000), &json!("size")));
    assert_eq!((canceled.get("cancelStatus"), canceled.get("cardDiscountAmount")), (None, None));
    for row in rows.as_array().unwrap() {
        let number = |name: &str| row[name].as_i64().unwrap();
        let fee: i64 = row["fees"].as_array().unwrap().iter().map(|fee| fee["fee"].as_i64().unwrap()).sum();
        assert_eq!(number("payOutAmount"), number("amount") - fee);
        assert_eq!(number("supplyAmount") + number("vat"), fee);
    }
    let positive =
        Switches { settlement_cancel_sign: CancelSign::Positive, quick_cancels_ms: 0, ..Switches::default() };
    let toss = Toss::start_with(Config { switches: positive, ..config() }).await;
    let key = toss.approved("ord-positive", 10_000, "카드").await;
    toss.cancel(&key, json!({ "cancelReason": "x" })).await;
    toss.sandbox.advance(DAY);
    assert_eq!(column(&monday(&toss).await, "amount"), [10_000, 10_000]);
}

#[tokio::test]
async fn money_that_never_came_in_is_not_settled() {
    let toss = Toss::start().await;
    let paid = toss.approved("ord-deposited", 20_000, "가상계좌").await;
    toss.sandbox.deposit(&paid).unwrap();
    let waiting = toss.approved("ord-waiting", 20_000, "가상계좌").await;
    toss.cancel(&waiting, json!({ "cancelReason": "x" })).await;
    let refused = NewPayment::card("ord-refused", 1_000).refused_with("REJECT_CARD_PAYMENT");
    let refused = toss.sandbox.authenticate(&refused).unwrap();
    toss.confirm(&refused, "ord-refused", 1_000).await;
    toss.sandbox.advance(DAY);
    let rows = monday(&toss).await;
    assert_eq!(column(&rows, "orderId"), ["ord-deposited"]);
    assert_eq!((&rows[0]["fees"][0]["fee"], &rows[0]["payOutAmount"]), (&json!(400), &json!(19_600)));
}

#[tokio::test]
async fn pages_follow_each_other_and_either_day_counts() {
    let toss = Toss::start().await;
    for order in 0..3 {
        toss.approved(&format!("ord-monday-{order}"), 1_000, "카드").await;
    }
    toss.sandbox.advance(DAY * 4);
    toss.approved("ord-friday", 1_000, "계좌이체").await;
    toss.sandbox.advance(DAY * 10);
    let page = async |page: u8| {
        let query = format!("startDate=2026-03-02&endDate=2026-03-06&size=2&page={page}");
        column(&ask(&toss, &query).await.json(), "orderId")
    };
    assert_eq!(page(1).await, ["ord-monday-0", "ord-monday-1"]);
    assert_eq!(page(2).await, ["ord-monday-2", "ord-friday"]);
    assert!(page(3).await.is_empty());
    let paid = "startDate=2026-03-10&endDate=2026-03-10&dateType=paidOutDate";
    let rows = ask(&toss, paid).await.json();
    assert_eq!(column(&rows, "orderId"), ["ord-friday"], "no bank works on a weekend");
    let stranger = Ask::get(&format!("/v1/settlements?{paid}")).with("authorization", WIDGET_BASIC);
    assert_eq!(toss.send(stranger).await.json(), json!([]));
}

#[tokio::test]
async fn a_list_asked_for_wrongly_is_refused() {
    let toss = Toss::start().await;
    let days = "startDate=2026-03-02&endDate=2026-03-03";
    for (query, verdict) in [
        (String::new(), "400 INVALID_REQUIRED_PARAM"),
        (String::from("startDate=2026-03-02"), "400 INVALID_REQUIRED_PARAM"),
        (String::from("startDate=2026-03-02&endDate=2026-03-02T00:00:00"), "400 INVALID_DATE"),
        (String::from("startDate=2026-03-03&endDate=2026-03-02"), "400 INVALID_DATE"),
        (format!("{days}&dateType=approvedAt"), "400 INVALID_REQUEST"),
        (format!("{days}&page=0"), "400 INVALID_REQUEST"),
        (format!("{days}&size=0"), "400 INVALID_REQUEST"),
        (format!("{days}&size=5001"), "400 EXCEED_MAX_QUERY_LIMIT"),
        (format!("{days}&size=5000&page=1&dateType=soldDate"), "200"),
    ] {
        assert_eq!(ask(&toss, &query).await.verdict(), verdict, "{query}");
    }
}

#[tokio::test]
async fn a_manual_settlement_is_asked_for_a_payment_that_was_made() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-manual", 1_000, "카드").await;
    let open = toss.authenticated("ord-open", 1_000);
    let request =
        async |key: &str| toss.send(Ask::post("/v1/settlements", json!({ "paymentKey": key }))).await;
    assert_eq!(request(&key).await.json(), json!({ "result": true }));
    assert_eq!(request(&open).await.verdict(), "400 INVALID_REQUEST");
    assert_eq!(request("unknown").await.verdict(), "404 NOT_FOUND_PAYMENT");
    assert_eq!(request("").await.verdict(), "400 INVALID_REQUIRED_PARAM");
}

#[tokio::test]
async fn the_fees_are_a_table_and_settlements_a_switch() {
    let fees = Fees { card: 0, ..Fees::default() };
    let off = Switches { settlements: false, ..Switches::default() };
    let toss = Toss::start_with(Config { fees, ..config() }).await;
    toss.approved("ord-free", 1_000, "카드").await;
    toss.sandbox.advance(DAY);
    assert_eq!(column(&monday(&toss).await, "payOutAmount"), [1_000]);
    let toss = Toss::start_with(Config { switches: off, ..config() }).await;
    let refused = ask(&toss, "startDate=2026-03-02&endDate=2026-03-02").await;
    assert_eq!(refused.verdict(), "403 FORBIDDEN_REQUEST");
}
