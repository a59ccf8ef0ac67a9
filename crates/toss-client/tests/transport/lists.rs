//! Settlements, cash receipts and promotions over the wire.

use serde_json::{Value, json};
use toss_client::{
    CashReceipts, Client, IssueCashReceipt, RequestOptions, Settlements,
    model::{CardCompany, CashReceiptType, FeeType, IssueStatus, PromotionType, TossDate},
};

use crate::client;
use crate::server::{Behaviour, Server};

const SETTLEMENTS: &str = include_str!("../fixtures/settlements.json");
const RECEIPTS: &str = include_str!("../fixtures/cash-receipts.json");
const CARD_PROMOTIONS: &str = include_str!("../fixtures/promotions-card.json");
const PROMOTIONS: &str = include_str!("../fixtures/promotions.json");

async fn toss(answers: &[(u16, String)]) -> (Server, Client) {
    let server = Server::start(Behaviour::answers(answers)).await;
    let client = client(&server.url);
    (server, client)
}

fn good(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

/// The first lines of the requests that the server saw.
fn asked(server: &Server) -> Vec<String> {
    let line =
        |seen: &String| seen.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    server.requests().iter().map(line).collect()
}

fn days(size: u16) -> Settlements {
    let day = |text: &str| text.parse().expect("a day");
    Settlements { size: Some(size), ..Settlements::between(day("2026-03-01"), day("2026-03-31")) }
}

#[tokio::test]
async fn settlements_are_walked_by_the_number_of_the_page() {
    let row: Value = serde_json::from_str::<Value>(SETTLEMENTS).expect("JSON")[0].clone();
    let full = json!([row, row]).to_string();
    let (server, client) = toss(&[good(&full), good(&full), good(&json!([row]).to_string())]).await;
    let mut pages = client.pages(days(2), 10);
    let mut rows = 0;
    while let Some(page) = pages.next().await.expect("a page") {
        rows += page.value.len();
    }
    assert!(rows == 5 && pages.is_complete());
    let query = "GET /v1/settlements?startDate=2026-03-01&endDate=2026-03-31";
    assert_eq!(
        asked(&server),
        [format!("{query}&size=2"), format!("{query}&page=2&size=2"), format!("{query}&page=3&size=2")]
    );

    let (server, client) = toss(&[good(&full)]).await;
    let mut pages = client.pages(days(2), 3);
    while pages.next().await.expect("a page").is_some() {}
    assert!(!pages.is_complete() && server.requests().len() == 3, "the bound ends an endless list");
}

#[tokio::test]
async fn a_settlement_tells_fees_from_the_sale() {
    let (_server, client) = toss(&[good(SETTLEMENTS)]).await;
    let reply = client.settlements(&days(100)).await.expect("a page");
    let [sale, back] = &reply.value[..] else { panic!("{:?}", reply.value) };
    assert_eq!(sale.pay_out_amount, Some(41_600.into()));
    let fees = sale.fees.as_ref().expect("fees");
    assert_eq!((&fees[0].kind, fees[0].fee), (&Some(FeeType::Base), Some(1_287.into())));
    assert_eq!(
        sale.sold_date.as_ref().and_then(TossDate::date).map(|day| day.to_string()).as_deref(),
        Some("2026-03-03")
    );
    assert_eq!(back.cancel.as_ref().map(|cancel| cancel.cancel_amount), Some(12_900.into()));
}

#[tokio::test]
async fn a_settlement_is_requested_by_payment() {
    let (server, client) = toss(&[good(r#"{"result":true}"#)]).await;
    let reply = client.request_settlement("tviva1", &RequestOptions::default()).await.expect("taken");
    assert!(reply.value.result);
    assert_eq!(asked(&server), ["POST /v1/settlements"]);
}

#[tokio::test]
async fn receipts_of_a_day_are_walked_by_cursor_and_never_in_a_circle() {
    let day = CashReceipts::of("2026-03-02".parse().expect("a day"));
    let page = |next: bool, cursor: i64| {
        good(&json!({"hasNext": next, "lastCursor": cursor, "data": [{"receiptKey": "rk"}]}).to_string())
    };
    let (server, client) = toss(&[page(true, 7), page(true, 9), page(false, 9)]).await;
    let mut pages = client.pages(day.clone(), 10);
    while pages.next().await.expect("a page").is_some() {}
    assert!(pages.is_complete());
    let query = "GET /v1/cash-receipts?requestDate=2026-03-02";
    assert_eq!(asked(&server), [query.to_owned(), format!("{query}&cursor=7"), format!("{query}&cursor=9")]);

    let (server, client) = toss(&[page(true, 7)]).await;
    let mut pages = client.pages(day, 10);
    while pages.next().await.expect("a page").is_some() {}
    assert!(!pages.is_complete() && server.requests().len() == 2);
}

#[tokio::test]
async fn a_receipt_is_issued_and_cancelled_by_its_key() {
    let receipt = serde_json::from_str::<Value>(RECEIPTS).expect("JSON")["data"][0].to_string();
    let (server, client) = toss(&[good(&receipt)]).await;
    let request = IssueCashReceipt {
        amount: 900.into(),
        order_id: "ord-1",
        order_name: "mug",
        customer_identity_number: "01012345678",
        kind: CashReceiptType::IncomeDeduction,
        tax_free_amount: None,
    };
    let options = RequestOptions::default();
    let issued = client.issue_cash_receipt(&request, &options).await.expect("a receipt").value;
    assert_eq!(issued.issue_status, Some(IssueStatus::InProgress));
    client.cancel_cash_receipt("rk_1", None, &options).await.expect("a receipt");
    assert_eq!(asked(&server), ["POST /v1/cash-receipts", "POST /v1/cash-receipts/rk_1/cancel"]);
}

#[tokio::test]
async fn promotions_name_their_card_company_by_either_field() {
    let (server, client) = toss(&[good(CARD_PROMOTIONS), good(PROMOTIONS)]).await;
    let cards = client.card_promotions().await.expect("promotions").value;
    let discount = &cards.discount_cards.expect("discounts")[0];
    assert_eq!(
        (discount.issuer(), discount.discount_amount),
        (Some(&CardCompany::Hyundai), Some(1_000.into()))
    );
    let all = client.promotions().await.expect("promotions").value;
    assert_eq!(all[1].kind, Some(PromotionType::CardInterestFree));
    let offer = all[1].card_interest_free.as_ref().expect("an offer");
    assert_eq!(offer.issuer(), Some(&CardCompany::Woori), "by its other name");
    assert_eq!(asked(&server), ["GET /v1/promotions/card", "GET /v1/promotions"]);
}
