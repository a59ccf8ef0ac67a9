//! A wallet from abroad: Toss only takes the cancel of one, and says later how it ended.
use crate::bench::Act::{self, Choose, Click, Write};
use crate::buyer::TEE;
use crate::pictures::picture;
use crate::stage::{Done, Screen, Setup, Stage, play, until};
use serde_json::{Value, json};

/// hanbeon says soon that it does not know the end of a refund.
const CURT: &str = "[limits]\nanswer_within_ms = 300\n";
const WALLET: &[Act] = &[Click("[data-method=FOREIGN_EASY_PAY]"), Choose("#provider", "ALIPAY")];
const METHOD: &str = "해외간편결제";

fn setup(screen: Screen) -> Setup {
    Setup { screen, config: CURT.to_owned() }
}

#[tokio::test]
async fn a_buyer_from_abroad_pays_and_has_the_money_back_when_their_wallet_says_so_at_a_desk() {
    play("abroad-desktop", setup(Screen::Desktop), async |stage| there_and_back(&stage, "desktop").await)
        .await;
}

#[tokio::test]
async fn a_buyer_from_abroad_pays_and_has_the_money_back_when_their_wallet_says_so_on_a_phone() {
    play("abroad-phone", setup(Screen::Phone), async |stage| there_and_back(&stage, "phone").await).await;
}

#[tokio::test]
async fn a_refund_that_a_wallet_abroad_gives_up_is_told_at_the_desk_and_can_be_made_again() {
    play("abroad-refused", setup(Screen::Desktop), async |stage| {
        let (order, key) = buy(&stage, "refused").await?;
        stage.visit(&format!("/desk/{order}")).await?;
        stage.act(&[Write("#refund-amount", "20000"), Click("#refund-go")]).await?;
        stage.see("#refunds [data-state=sending]").await?;
        end(&stage, &key, "ABORTED").await?;
        stage.see("#refunds [data-state=refused]").await?;
        stage.read("#desk-left", "50,000원").await?;
        stage.fits("a desk whose refund was given up").await?;

        stage.act(&[Write("#refund-amount", "20000"), Click("#refund-go")]).await?;
        stage.see("#refunds [data-state=sending]").await?;
        end(&stage, &key, "DONE").await?;
        stage.see("#refunds [data-state=done]").await?;
        stage.read("#desk-left", "30,000원").await?;
        stage.assert_stored(&order, METHOD, "PARTIAL_CANCELED", TEE).await
    })
    .await;
}

/// From the shop to the money's return, with pictures.
async fn there_and_back(stage: &Stage, screen: &str) -> Done {
    let (order, key) = buy(stage, screen).await?;
    stage.assert_stored(&order, METHOD, "DONE", TEE).await?;
    stage.click("#view-order").await?;
    stage.read("#order-status", "결제 완료").await?;
    stage.act(&[Click("#cancel-open"), Click("#cancel-confirm")]).await?;
    stage.read("#cancel-result", "취소 결과를 확인하고 있습니다. 두 번 환불되는 일은 없습니다.").await?;
    until("Toss to have taken the cancel", async || {
        Ok((cancel_status(stage).await? == "IN_PROGRESS").then_some(()))
    })
    .await?;
    stage.assert_stored(&order, METHOD, "DONE", TEE).await?;
    picture(stage, &format!("abroad-cancel-{screen}")).await?;

    end(stage, &key, "DONE").await?;
    stage.read("#order-status", "취소 완료").await?;
    stage.read("#cancel-result", "주문이 취소되었습니다.").await?;
    stage.assert_stored(&order, METHOD, "CANCELED", TEE).await?;
    assert_eq!(cancel_status(stage).await?, "DONE");
    let told = stage.hanbeon(&["webhooks", "list"]).await?;
    assert!(told.contains("CANCEL_STATUS_CHANGED"), "{told}");
    Ok(())
}

/// A paid order, and the key of its payment. Toss ends no cancel by itself.
async fn buy(stage: &Stage, screen: &str) -> Done<(String, String)> {
    stage.switch(json!({ "laterCancelMs": 0 })).await?;
    stage.go_shopping().await?;
    stage.enter("#toss-sandbox-methods").await?;
    stage.act(WALLET).await?;
    stage.fits("the wallets from abroad").await?;
    stage.leave().await?;
    stage.press_pay().await?;
    stage.fits("the page of a wallet from abroad").await?;
    assert_eq!(stage.ask("document.getElementById('country').value").await?, "CN");
    stage.leave().await?;
    if screen != "refused" {
        picture(stage, &format!("way-foreign-{screen}")).await?;
    }
    stage.enter_window().await?;
    stage.approve().await?;
    stage.see_result("paid").await?;
    stage.read("#result-method", METHOD).await?;
    Ok((stage.text("#order-number").await?, stage.query("paymentKey").await?))
}

/// The wallet ends the cancel, and Toss tells of it.
async fn end(stage: &Stage, key: &str, how: &str) -> Done {
    stage.at_toss(&format!("/sandbox/payments/{key}/end-cancel"), &json!({ "cancelStatus": how })).await
}

async fn cancel_status(stage: &Stage) -> Done<Value> {
    Ok(stage.sandbox_payments().await?[0]["cancels"][0]["cancelStatus"].clone())
}
