//! A payment that does not come about: the buyer hears why in Toss's own words, pays nothing, and may try again.
use crate::buyer::TEE;
use crate::stage::{Screen, Setup, play};

#[tokio::test]
async fn a_refusal_in_the_window_leads_to_the_fail_page_and_charges_nothing() {
    play("refused-in-window", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        stage.choose_card().await?;
        stage.press_pay().await?;
        stage.decline("REJECT_CARD_COMPANY").await?;
        stage.arrive("/fail").await?;
        stage.read("#fail-code", "REJECT_CARD_COMPANY").await?;
        stage.read("#fail-message", "결제 승인이 거절되었습니다.").await?;
        assert_eq!(stage.effects("confirm", "approved").await?.len(), 0);
        stage.click("#try-again").await?;
        stage.await_shop().await?;
        let order = stage.buy().await?;
        stage.assert_stored(&order, "카드", "DONE", TEE).await?;
        stage.assert_charged_once(TEE).await
    })
    .await;
}

#[tokio::test]
async fn the_fail_page_shows_what_its_address_says_as_text_and_nothing_else() {
    play("fail-as-text", Setup::on(Screen::Desktop), async |stage| {
        let markup = "<img src=x onerror=document.title='taken'>";
        stage.visit(&format!("/fail?code=<b>X</b>&message={markup}&orderId=o")).await?;
        stage.read("#fail-message", markup).await?;
        stage.read("#fail-code", "<b>X</b>").await?;
        assert_eq!(stage.browser.title().await?, "결제 실패 · 한번상점");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_refusal_at_confirm_shows_toss_message_and_the_next_try_pays() {
    play("refused-at-confirm", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        stage.choose_card().await?;
        stage.press_pay().await?;
        stage.decline("REJECT_CARD_PAYMENT").await?;
        stage.arrive("/success").await?;
        stage.see_result("failed").await?;
        stage.read("#result-text", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.").await?;
        stage.read("#fail-code", "REJECT_CARD_PAYMENT").await?;
        assert_eq!(stage.effects("confirm", "aborted").await?.len(), 1);
        stage.click("#try-again").await?;
        stage.await_shop().await?;
        let order = stage.buy().await?;
        stage.assert_stored(&order, "카드", "DONE", TEE).await?;
        stage.assert_charged_once(TEE).await
    })
    .await;
}

#[tokio::test]
async fn closing_the_window_leaves_the_buyer_in_the_shop_ready_to_pay() {
    play("closed", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        stage.choose_card().await?;
        stage.press_pay().await?;
        stage.click("#pay-close").await?;
        stage.leave().await?;
        let told = "결제창을 닫으셨어요. 결제는 이루어지지 않았고, 언제든 다시 결제할 수 있습니다.";
        stage.read("#pay-notice", told).await?;
        stage.arrive("/").await?;
        assert_eq!(stage.effects("confirm", "approved").await?.len(), 0);
        stage.press_pay().await?;
        stage.approve().await?;
        stage.see_result("paid").await?;
        stage.assert_charged_once(TEE).await
    })
    .await;
}

#[tokio::test]
async fn a_card_without_its_company_is_asked_for_and_no_window_opens() {
    play("no-company", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        stage.click("#pay-button").await?;
        stage.see("#pay-notice[data-kind=error]").await?;
        assert_eq!(stage.sandbox_payments().await?.len(), 0);
        let order = stage.buy().await?;
        stage.assert_stored(&order, "카드", "DONE", TEE).await
    })
    .await;
}
