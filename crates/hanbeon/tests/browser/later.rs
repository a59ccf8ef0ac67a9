//! What comes after the window: an outcome that nobody knows yet, and a change of mind.
use crate::buyer::TEE;
use crate::stage::{Screen, Setup, play};
use serde_json::json;

#[tokio::test]
async fn when_the_reply_of_a_confirm_is_lost_the_page_waits_and_then_says_paid_by_itself() {
    play("lost-reply", Setup::on(Screen::Desktop), async |stage| {
        stage.plant(json!({ "operation": "confirm", "kind": "lose_reply", "times": 1 })).await?;
        let blind = stage.plant(json!({ "operation": "any", "kind": "drop", "times": 0 })).await?;
        stage.go_shopping().await?;
        stage.choose_card().await?;
        stage.press_pay().await?;
        stage.approve().await?;
        stage.wait_for_spoiled(blind, 1).await?;
        stage.see_result("pending").await?;
        stage.read("#result-title", "결제 결과를 확인하고 있습니다").await?;
        let order = stage.text("#order-number").await?;
        let stored = stage.stored(&order).await?;
        assert_eq!(stored["tossPaymentStatus"], "IN_PROGRESS", "{stored}");
        let approved = stage.effects("confirm", "approved").await?;
        assert_eq!(approved.iter().filter(|entry| entry["lost"] == true).count(), 1, "{approved:#?}");

        stage.pull_out(blind).await?;
        stage.see_result("paid").await?;
        stage.read("#result-title", "결제가 완료되었습니다").await?;
        stage.assert_stored(&order, "카드", "DONE", TEE).await?;
        stage.assert_charged_once(TEE).await
    })
    .await;
}

#[tokio::test]
async fn a_buyer_cancels_and_gets_all_of_the_money_back_once() {
    play("cancel", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        let order = stage.buy().await?;
        stage.click("#view-order").await?;
        stage.read("#order-status", "결제 완료").await?;
        stage.click("#cancel-open").await?;
        stage.click("#cancel-back").await?;
        stage.click("#cancel-open").await?;
        stage.click("#cancel-confirm").await?;
        stage.see("#cancel-result[data-kind=good]").await?;
        let told = "50,000원이 취소되었습니다. 환불은 결제수단에 따라 며칠이 걸릴 수 있습니다.";
        stage.read("#cancel-result", told).await?;
        stage.read("#order-status", "취소 완료").await?;

        stage.assert_stored(&order, "카드", "CANCELED", TEE).await?;
        let canceled = stage.effects("cancel", "canceled").await?;
        assert_eq!(
            canceled.iter().map(|entry| entry["effectAmount"].as_i64()).collect::<Vec<_>>(),
            [Some(TEE)]
        );
        let payments = stage.sandbox_payments().await?;
        assert_eq!(payments[0]["status"], "CANCELED");
        assert_eq!(payments[0]["balanceAmount"], 0);
        assert_eq!(payments[0]["cancels"][0]["cancelReason"], "단순 변심");

        stage.browser.refresh().await?;
        stage.read("#order-status", "취소 완료").await?;
        assert!(!stage.browser.find(fantoccini::Locator::Id("cancel-open")).await?.is_displayed().await?);
        Ok(())
    })
    .await;
}
