//! A card for every month, in the demo shop: registered, charged once, planned, and ended.
use crate::pictures::picture;
use crate::stage::{Done, Screen, Setup, Stage, play};

#[tokio::test]
async fn a_card_is_registered_charged_once_and_forgotten_at_a_desk() {
    play("monthly-desktop", Setup::on(Screen::Desktop), async |stage| subscribe(&stage, "desktop").await)
        .await;
}

#[tokio::test]
async fn a_card_is_registered_charged_once_and_forgotten_on_a_phone() {
    play("monthly-phone", Setup::on(Screen::Phone), async |stage| subscribe(&stage, "phone").await).await;
}

async fn subscribe(stage: &Stage, screen: &str) -> Done {
    stage.visit("/subscription").await?;
    stage.click("#plan-start").await?;
    stage.enter_window().await?;
    stage.click("#pay-close").await?;
    stage.leave().await?;
    stage.see("#plan-notice[data-kind=info]").await?;

    stage.click("#plan-start").await?;
    stage.enter_window().await?;
    stage.leave().await?;
    picture(stage, &format!("billing-{screen}")).await?;
    stage.enter_window().await?;
    stage.click("#pay-approve").await?;
    stage.leave().await?;
    stage.read("#plan-notice", "정기배송을 시작했습니다.").await?;
    stage.read("#plan-status", "이용 중").await?;
    stage.read("#charges li .chip", "결제 완료").await?;
    picture(stage, &format!("monthly-{screen}")).await?;
    let address = stage.browser.current_url().await?;
    assert_eq!((address.path(), address.query()), ("/subscription", None), "the authKey is spent");
    stage.browser.refresh().await?;
    stage.read("#plan-status", "이용 중").await?;
    assert_eq!(charges(stage).await?, [Some(9_900)]);

    stage.click("#plan-end").await?;
    stage.fits("the question before the end").await?;
    stage.click("#end-confirm").await?;
    stage.read("#plan-status", "해지됨").await?;
    stage.see("#plan-start").await?;
    assert_eq!(charges(stage).await?, [Some(9_900)]);
    Ok(())
}

/// What was charged without a window, in won.
async fn charges(stage: &Stage) -> Done<Vec<Option<i64>>> {
    let approved = stage.effects("billing_charge", "approved").await?;
    Ok(approved.iter().map(|entry| entry["effectAmount"].as_i64()).collect())
}
