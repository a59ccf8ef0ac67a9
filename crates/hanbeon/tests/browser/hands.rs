//! Without a mouse: a whole purchase by keyboard.
use crate::buyer::TEE;
use crate::stage::{Done, Screen, Setup, Stage, play};
use fantoccini::Locator;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;

/// More focus stops than any page has.
const MOST_STOPS: usize = 80;
/// Which element has the focus, as a name that the tests can compare.
const FOCUSED: &str = "(() => { const at = document.activeElement; \
    return at?.id || [at?.closest('[data-goods-id]')?.dataset.goodsId, at?.className].filter(Boolean).join(' '); })()";

#[tokio::test]
async fn an_order_can_be_paid_with_the_keyboard_alone() {
    play("keyboard", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        tab_to(&stage, "mug qty-plus").await?;
        press(&stage, Key::Enter).await?;
        stage.read("#total-amount", "66,000원").await?;
        tab_to(&stage, "card-company").await?;
        press(&stage, Key::Down).await?;
        tab_to(&stage, "pay-button").await?;
        press(&stage, Key::Enter).await?;

        stage.enter_window().await?;
        stage.leave().await?;
        tab_to(&stage, "pay-approve").await?;
        press(&stage, Key::Enter).await?;
        stage.arrive("/success").await?;
        stage.see_result("paid").await?;
        let order = stage.text("#order-number").await?;
        tab_to(&stage, "view-order").await?;
        press(&stage, Key::Enter).await?;
        stage.arrive(&format!("/orders/{order}")).await?;
        stage.read("#order-status", "결제 완료").await?;
        stage.assert_stored(&order, "카드", "DONE", TEE + 16_000).await?;
        stage.assert_charged_once(TEE + 16_000).await
    })
    .await;
}

/// Presses Tab until the focus is there.
async fn tab_to(stage: &Stage, name: &str) -> Done {
    let mut passed = Vec::new();
    for _ in 0..MOST_STOPS {
        let now = focused(stage).await?;
        if now == name {
            return Ok(());
        }
        passed.push(now);
        press(stage, Key::Tab).await?;
    }
    Err(format!("Tab never reached {name}; it passed {passed:?}").into())
}

/// What has the focus: in the page, or in the frame that has it.
async fn focused(stage: &Stage) -> Done<String> {
    let name = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let here = name(stage.ask(FOCUSED).await?);
    if !here.starts_with("toss-sandbox-") {
        return Ok(here);
    }
    stage.browser.find(Locator::Id(&here)).await?.enter_frame().await?;
    let inside = name(stage.ask(FOCUSED).await?);
    stage.leave().await?;
    Ok(inside)
}

async fn press(stage: &Stage, key: Key) -> Done {
    let value = char::from(key);
    let keys = KeyActions::new("keyboard".to_owned());
    let keys = keys.then(KeyAction::Down { value }).then(KeyAction::Up { value });
    Ok(stage.browser.perform_actions(keys).await?)
}
