//! The same thing twice: a double click, a reload, the back button. One charge each time.
use crate::buyer::TEE;
use crate::stage::{Done, Screen, Setup, Stage, play};
use fantoccini::Locator;
use fantoccini::actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};

#[tokio::test]
async fn a_double_click_on_pay_opens_one_window_and_charges_one_order() {
    play("double-click", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        stage.choose_card().await?;
        double_click(&stage, "#pay-button").await?;
        stage.see("#toss-sandbox-window").await?;
        let overlays = stage.browser.find_all(Locator::Css("[data-toss-sandbox=overlay]")).await?;
        assert_eq!(overlays.len(), 1);
        stage.enter_window().await?;
        stage.approve().await?;
        stage.see_result("paid").await?;
        assert_eq!(stage.sandbox_payments().await?.len(), 1);
        stage.assert_charged_once(TEE).await
    })
    .await;
}

#[tokio::test]
async fn reloading_the_success_page_says_the_same_and_charges_once() {
    play("reload", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        let order = stage.buy().await?;
        for _ in 0..3 {
            stage.browser.refresh().await?;
            stage.see_result("paid").await?;
            stage.read("#order-number", &order).await?;
            stage.read("#result-amount", "50,000원").await?;
            stage.read("#result-method", "카드").await?;
        }
        stage.assert_charged_once(TEE).await?;
        stage.assert_stored(&order, "카드", "DONE", TEE).await
    })
    .await;
}

#[tokio::test]
async fn going_back_and_forth_after_paying_charges_nothing_more() {
    play("back", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        let order = stage.buy().await?;
        stage.browser.back().await?;
        stage.arrive("/").await?;
        stage.await_shop().await?;
        stage.browser.forward().await?;
        stage.arrive("/success").await?;
        stage.see_result("paid").await?;
        stage.read("#order-number", &order).await?;
        stage.assert_charged_once(TEE).await?;
        // Whoever goes back and buys once more wants a second order, and gets exactly that.
        stage.browser.back().await?;
        stage.await_shop().await?;
        let second = stage.buy().await?;
        assert_ne!(second, order);
        assert_eq!(stage.effects("confirm", "approved").await?.len(), 2);
        Ok(())
    })
    .await;
}

async fn double_click(stage: &Stage, css: &str) -> Done {
    let element = stage.see(css).await?;
    let mut mouse = MouseActions::new("mouse".to_owned()).then(PointerAction::MoveToElement {
        element,
        duration: None,
        x: 0.0,
        y: 0.0,
    });
    for _ in 0..2 {
        mouse = mouse.then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
        mouse = mouse.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    }
    Ok(stage.browser.perform_actions(mouse).await?)
}
