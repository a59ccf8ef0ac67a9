//! The shop's desk: money goes back in parts, and nobody elsewhere gets in.
use crate::bench::Act::Write;
use crate::pictures::picture;
use crate::stage::{Done, Screen, Setup, Stage, play};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn the_shop_gives_a_part_back_and_then_the_rest_at_a_desk() {
    play("desk-desktop", Setup::on(Screen::Desktop), async |stage| refund(&stage, "desktop").await).await;
}

#[tokio::test]
async fn the_shop_gives_a_part_back_and_then_the_rest_on_a_phone() {
    play("desk-phone", Setup::on(Screen::Phone), async |stage| refund(&stage, "phone").await).await;
}

#[tokio::test]
async fn a_refund_that_toss_refuses_is_told_in_its_words_and_one_that_is_unknown_is_found_out() {
    play("desk-trouble", Setup::on(Screen::Desktop), async |stage| {
        stage.go_shopping().await?;
        let order = stage.buy().await?;
        stage.visit(&format!("/desk/{order}")).await?;
        stage.read("#desk-state", "결제 완료").await?;
        let refusal = json!({ "operation": "cancel", "kind": "fail_before", "status": 403,
            "code": "NOT_CANCELABLE_PAYMENT", "times": 1 });
        stage.plant(refusal).await?;
        stage.click("#refund-go").await?;
        stage.see("#refund-result[data-kind=error]").await?;
        stage.see("#refunds [data-state=refused]").await?;
        stage.read("#desk-left", "50,000원").await?;

        stage.plant(json!({ "operation": "cancel", "kind": "lose_reply", "times": 1 })).await?;
        stage.click("#refund-go").await?;
        stage.read("#desk-state", "전액 취소").await?;
        stage.see("#refunds [data-state=done]").await?;
        assert_eq!(stage.effects("cancel", "canceled").await?.len(), 1);
        Ok(())
    })
    .await;
}

async fn refund(stage: &Stage, screen: &str) -> Done {
    stage.go_shopping().await?;
    let order = stage.buy().await?;
    stage.click("#view-order").await?;
    stage.click("#to-desk").await?;
    stage.read("#desk-state", "결제 완료").await?;
    stage.read("#desk-left", "50,000원").await?;
    stage.act(&[Write("#refund-amount", "50001")]).await?;
    stage.click("#refund-go").await?;
    stage.read("#cancel-error", "1원부터 50,000원까지 입력해 주세요.").await?;
    stage.act(&[Write("#refund-amount", "20000"), Write("#refund-reason", "한 개 품절")]).await?;
    stage.click("#refund-go").await?;
    stage.read("#desk-left", "30,000원").await?;
    stage.read("#desk-state", "부분 환불").await?;
    stage.read("#refund-result", "20,000원을 환불했습니다.").await?;
    picture(stage, &format!("desk-{screen}")).await?;
    stage.click("#refund-go").await?;
    stage.read("#desk-state", "전액 취소").await?;
    stage.read("#desk-left", "0원").await?;
    // Toss's word for an order that went back in parts stays this one when nothing is left.
    stage.assert_stored(&order, "카드", "PARTIAL_CANCELED", 50_000).await?;
    let canceled = stage.effects("cancel", "canceled").await?;
    let amounts: BTreeSet<_> = canceled.iter().map(|entry| entry["effectAmount"].as_i64()).collect();
    assert_eq!((canceled.len(), amounts), (2, BTreeSet::from([Some(20_000), Some(30_000)])));
    Ok(())
}
