//! A purchase from the goods to the stored payment: at a desk, on a phone, in English, by virtual account.
use crate::buyer::TEE;
use crate::stage::{Screen, Setup, play};
use serde_json::json;

#[tokio::test]
async fn a_buyer_chooses_goods_pays_by_card_and_finds_the_order() {
    play("pay", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        stage.click("[data-goods-id=mug] .qty-plus").await?;
        stage.click("[data-goods-id=mug] .qty-plus").await?;
        stage.read("#total-amount", "82,000원").await?;
        stage.choose_card().await?;
        stage.press_pay().await?;
        stage.read("[data-testid=amount]", "82,000원").await?;
        stage.read("[data-testid=order-name]", "토스 티셔츠 외 1건").await?;
        stage.approve().await?;
        stage.see_result("paid").await?;
        stage.read("#result-title", "결제가 완료되었습니다").await?;
        stage.read("#result-amount", "82,000원").await?;
        stage.read("#result-method", "카드").await?;
        assert_eq!(stage.query("amount").await?, "82000");
        assert_eq!(stage.query("paymentType").await?, "NORMAL");

        let order = stage.text("#order-number").await?;
        stage.assert_stored(&order, "카드", "DONE", 82_000).await?;
        stage.assert_charged_once(82_000).await?;
        stage.click("#view-order").await?;
        stage.arrive(&format!("/orders/{order}")).await?;
        stage.read("#order-status", "결제 완료").await?;
        stage.read("#order-amount", "82,000원").await?;
        stage.visit("/orders").await?;
        stage.read(&format!("[data-order-id='{order}'] .chip"), "결제 완료").await
    })
    .await;
}

#[tokio::test]
async fn on_a_phone_the_whole_page_becomes_the_payment_window() {
    play("phone", Setup::on(Screen::Phone), async |stage| {
        stage.go_shopping().await?;
        let order = {
            stage.choose_card().await?;
            stage.press_pay().await?;
            let url = stage.browser.current_url().await?;
            assert!(url.as_str().starts_with(&format!("{}/sandbox/window/", stage.sandbox)), "{url}");
            stage.approve().await?;
            stage.see_result("paid").await?;
            stage.text("#order-number").await?
        };
        stage.assert_stored(&order, "카드", "DONE", TEE).await?;
        stage.assert_charged_once(TEE).await
    })
    .await;
}

#[tokio::test]
async fn the_shop_and_the_window_speak_english_when_asked() {
    play("english", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        stage.read("#pay-button", "50,000원 결제하기").await?;
        stage.click("#lang-switch").await?;
        stage.read("#pay-button", "Pay ₩50,000").await?;
        stage.await_shop().await?;
        assert_eq!(stage.ask("document.documentElement.lang").await?, json!("en"));
        stage.read("#goods-title", "A few things that last").await?;
        stage.choose_card().await?;
        stage.press_pay().await?;
        stage.click("#lang-en").await?;
        stage.read("[data-testid=amount]", "₩50,000").await?;
        stage.approve().await?;
        stage.see_result("paid").await?;
        stage.read("#result-title", "Payment complete").await?;
        stage.click("#view-order").await?;
        stage.read("#order-status", "Paid").await?;
        stage.assert_charged_once(TEE).await
    })
    .await;
}

#[tokio::test]
async fn a_virtual_account_is_an_order_that_waits_for_its_deposit() {
    play("virtual-account", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        stage.choose_method("VIRTUAL_ACCOUNT").await?;
        stage.press_pay().await?;
        stage.approve().await?;
        stage.see_result("waiting").await?;
        stage.read("#result-title", "입금을 기다리고 있습니다").await?;
        let order = stage.text("#order-number").await?;
        stage.assert_stored(&order, "가상계좌", "WAITING_FOR_DEPOSIT", TEE).await?;
        assert_eq!(stage.effects("confirm", "waiting").await?.len(), 1);
        assert_eq!(stage.effects("confirm", "approved").await?.len(), 0);
        stage.click("#view-order").await?;
        stage.read("#order-status", "입금 대기").await
    })
    .await;
}
