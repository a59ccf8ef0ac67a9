//! Every page fits its screen: nothing runs off the side, at a desk and on a phone.
//!
//! With `HANBEON_SCREENSHOTS=docs/images` the walk also writes pictures there, from the workspace's root: that
//! is how the README's are made.
use crate::stage::{Done, Screen, Setup, Stage, play};
use std::path::Path;

#[tokio::test]
async fn every_page_fits_a_desk() {
    play("pictures-desktop", Setup::on(Screen::Desktop), async |stage| walk(&stage, "desktop").await).await;
}

#[tokio::test]
async fn every_page_fits_a_phone() {
    play("pictures-phone", Setup::on(Screen::Phone), async |stage| walk(&stage, "phone").await).await;
}

async fn walk(stage: &Stage, screen: &str) -> Done {
    stage.go_shopping().await?;
    stage.click("[data-goods-id=mug] .qty-plus").await?;
    stage.read("#total-amount", "66,000원").await?;
    stage.choose_card().await?;
    // The mouse off the button that it has just pressed.
    stage.click("#goods-title").await?;
    to_the_top(stage).await?;
    picture(stage, &format!("order-{screen}")).await?;
    scroll_to(stage, "#agreement").await?;
    stage.fits(&format!("the foot of the order page, {screen}")).await?;

    stage.press_pay().await?;
    stage.leave().await?;
    to_the_top(stage).await?;
    picture(stage, &format!("window-{screen}")).await?;
    stage.enter_window().await?;
    stage.click("#pay-decline").await?;
    stage.see("#decline-reasons").await?;
    stage.fits(&format!("the ways to fail, {screen}")).await?;
    stage.click("#decline-reasons [data-code=REJECT_CARD_COMPANY]").await?;
    stage.leave().await?;
    stage.read("#fail-code", "REJECT_CARD_COMPANY").await?;
    picture(stage, &format!("failure-{screen}")).await?;

    stage.click("#try-again").await?;
    stage.await_shop().await?;
    stage.buy().await?;
    picture(stage, &format!("success-{screen}")).await?;
    stage.click("#view-order").await?;
    stage.read("#order-status", "결제 완료").await?;
    picture(stage, &format!("order-view-{screen}")).await?;
    stage.click("#cancel-open").await?;
    picture(stage, &format!("cancel-{screen}")).await?;
    stage.click("#cancel-confirm").await?;
    stage.read("#order-status", "취소 완료").await?;
    stage.fits("a cancelled order").await?;
    stage.visit("/orders").await?;
    stage.read(".order-row .chip", "취소 완료").await?;
    stage.fits("the list of orders").await
}

async fn to_the_top(stage: &Stage) -> Done {
    stage.ask("window.scrollTo(0, 0)").await?;
    Ok(())
}

async fn scroll_to(stage: &Stage, css: &str) -> Done {
    stage.ask(&format!("document.querySelector('{css}').scrollIntoView({{ block: 'end' }})")).await?;
    Ok(())
}

/// It fits, and the README shows it.
pub(crate) async fn picture(stage: &Stage, name: &str) -> Done {
    stage.fits(name).await?;
    let Some(folder) = std::env::var_os("HANBEON_SCREENSHOTS") else { return Ok(()) };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    // Pictures are of pages at rest: fonts there, transitions over.
    let rested = "Promise.all([document.fonts.ready, ...document.getAnimations().map((one) => one.finished)])\
                  .then(() => arguments[0](true), () => arguments[0](false))";
    stage.browser.execute_async(rested, Vec::new()).await?;
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(format!("{name}.png")), stage.browser.screenshot().await?)?)
}
