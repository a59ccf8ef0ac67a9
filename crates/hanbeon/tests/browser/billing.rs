//! A card, an account and a wallet that are charged later: the window registers them, the shop's server gets a key.
use crate::bench::{self, Act, CLIENT_KEY};
use crate::stage::{Done, Screen, Setup, Stage, play};
use Act::{Click, Write};
use serde_json::{Value, json};

#[tokio::test]
async fn a_card_that_is_registered_at_a_desk_can_be_charged() {
    play("billing-desk", Setup::on(Screen::Desktop), async |stage| {
        let page = bench::serve(&stage).await?;
        stage.stand(&page, &asking("method: 'CARD', selectableCardTypes: ['CORPORATE', 'PERSONAL']")).await?;
        stage.pay().await?;
        stage.fits("the page of a card for billing").await?;
        stage.act(&[Write("#identity", "12"), Click("#pay-approve")]).await?;
        stage.see("#identity[aria-invalid=true]").await?;
        stage.act(&[Write("#identity", "123-45-67890"), Click("#pay-approve")]).await?;
        stage.leave().await?;
        let billing = issue(&stage).await?;
        assert_eq!((&billing["method"], &billing["card"]["ownerType"]), (&json!("카드"), &json!("법인")));
        let charge = json!({
            "customerKey": "member-1", "amount": 9_900, "orderId": "month-1", "orderName": "구독",
        });
        let key = billing["billingKey"].as_str().ok_or("a key")?;
        let payment = stage.toss(&format!("/v1/billing/{key}"), charge).await?;
        assert_eq!((&payment["status"], &payment["type"]), (&json!("DONE"), &json!("BILLING")));

        stage.stand(&page, &asking("method: 'CARD', flowMode: 'DIRECT', easyPay: '네이버페이'")).await?;
        stage.pay().await?;
        stage
            .act(&[Click("#pay-decline"), Click("#decline-reasons [data-code=REJECT_CARD_COMPANY]")])
            .await?;
        stage.leave().await?;
        stage.arrive("/no").await?;
        assert_eq!(stage.query("code").await?, "REJECT_CARD_COMPANY");
        assert_eq!(stage.query("message").await?, "결제 승인이 거절되었습니다.");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_account_is_registered_on_a_phone_or_the_buyer_goes_back() {
    play("billing-phone", Setup::on(Screen::Phone), async |stage| {
        let page = bench::serve(&stage).await?;
        stage.stand(&page, &asking("method: 'TRANSFER'")).await?;
        stage.pay().await?;
        stage.fits("the page of an account for billing").await?;
        stage.click("#pay-close").await?;
        stage.arrive("/no").await?;
        assert_eq!(stage.query("code").await?, "PAY_PROCESS_CANCELED");

        stage.stand(&page, &asking("method: 'TRANSFER'")).await?;
        stage.pay().await?;
        stage.act(&[Write("#code", "000000"), Click("#pay-approve")]).await?;
        let billing = issue(&stage).await?;
        assert_eq!(billing["method"], "계좌이체");
        Ok(())
    })
    .await;
}

fn asking(request: &str) -> String {
    format!(
        "return TossPayments('{CLIENT_KEY}').payment({{ customerKey: 'member-1' }})
            .requestBillingAuth({{ {request}, customerName: '김토스', ...ways() }});"
    )
}

/// The billing key of the address that the buyer came back to.
async fn issue(stage: &Stage) -> Done<Value> {
    stage.arrive("/ok").await?;
    assert_eq!(
        (stage.query("kept").await?, stage.query("customerKey").await?),
        ("1".into(), "member-1".into())
    );
    let body = json!({ "authKey": stage.query("authKey").await?, "customerKey": "member-1" });
    stage.toss("/v1/billing/authorizations/issue", body).await
}
