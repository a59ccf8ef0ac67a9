//! Every way to pay, from the demo shop to the cancel, at a desk and on a phone.
use crate::bench::Act;
use crate::buyer::TEE;
use crate::pictures::picture;
use crate::stage::{Done, Screen, Setup, Stage, play};
use Act::{Choose, Click, Write};
use serde_json::json;

/// Toss's code of a way, what the buyer does in the window, and Toss's word for it afterwards.
type Way = (&'static str, &'static [Act], &'static str);

const WAYS: [Way; 7] = [
    ("CARD", &[Click("[data-issuer='51']"), Choose("#installment", "3")], "카드"),
    ("TOSSPAY", &[Click("[data-source=CARD]")], "간편결제"),
    ("TRANSFER", &[Choose("#bank", "88"), Click("[data-receipt=소득공제]")], "계좌이체"),
    ("MOBILE_PHONE", &[Click("[data-carrier=KT]"), Write("#code", "000000")], "휴대폰"),
    ("CULTURE_GIFT_CERTIFICATE", &[Write("#gift-id", "buyer")], "문화상품권"),
    ("BOOK_GIFT_CERTIFICATE", &[], "도서문화상품권"),
    ("GAME_GIFT_CERTIFICATE", &[], "게임문화상품권"),
];

#[tokio::test]
async fn every_way_to_pay_leads_from_the_shop_to_its_cancel_at_a_desk() {
    play("checkout-desktop", Setup::on(Screen::Desktop), async |stage| every_way(&stage, "desktop").await)
        .await;
}

#[tokio::test]
async fn every_way_to_pay_leads_from_the_shop_to_its_cancel_on_a_phone() {
    play("checkout-phone", Setup::on(Screen::Phone), async |stage| every_way(&stage, "phone").await).await;
}

#[tokio::test]
async fn a_deposit_arrives_while_the_buyer_looks_and_goes_back_into_an_account_of_theirs_at_a_desk() {
    play("deposit-desktop", Setup::on(Screen::Desktop), async |stage| deposit(&stage, "desktop").await).await;
}

#[tokio::test]
async fn a_deposit_arrives_while_the_buyer_looks_and_goes_back_into_an_account_of_theirs_on_a_phone() {
    play("deposit-phone", Setup::on(Screen::Phone), async |stage| deposit(&stage, "phone").await).await;
}

#[tokio::test]
async fn an_order_whose_deposit_has_not_come_is_called_off_without_a_refund() {
    play("no-deposit", Setup::on(Screen::Desktop), async |stage| {
        let order = await_deposit(&stage).await?;
        stage.click("#view-order").await?;
        stage.read("#order-status", "입금 대기").await?;
        stage.see("#account-number .account-digits").await?;
        stage.click("#cancel-open").await?;
        assert!(!stage.is_shown("#refund-account").await?);
        stage.click("#cancel-confirm").await?;
        stage.read("#cancel-result", "주문이 취소되었습니다. 입금하지 마세요.").await?;
        assert!(!stage.is_shown("#account-number").await?);
        stage.assert_stored(&order, "가상계좌", "CANCELED", TEE).await
    })
    .await;
}

async fn every_way(stage: &Stage, screen: &str) -> Done {
    for (code, acts, method) in WAYS {
        stage.go_shopping().await?;
        if code == "CARD" {
            stage.choose_card().await?;
        } else {
            stage.choose_method(code).await?;
        }
        stage.press_pay().await?;
        stage.act(acts).await?;
        stage.fits(code).await?;
        stage.leave().await?;
        if !code.starts_with("BOOK") && !code.starts_with("GAME") {
            let name = code.to_lowercase().replace('_', "-").replace("-gift-certificate", "");
            picture(stage, &format!("way-{name}-{screen}")).await?;
        }
        stage.enter_window().await?;
        stage.approve().await?;
        stage.see_result("paid").await?;
        stage.read("#result-method", method).await?;
        let order = stage.text("#order-number").await?;
        stage.click("#view-order").await?;
        stage.read("#order-status", "결제 완료").await?;
        stage.click("#cancel-open").await?;
        stage.click("#cancel-confirm").await?;
        stage.read("#order-status", "취소 완료").await?;
        stage.assert_stored(&order, method, "CANCELED", TEE).await?;
    }
    let canceled = stage.effects("cancel", "canceled").await?;
    assert_eq!((stage.effects("confirm", "approved").await?.len(), canceled.len()), (WAYS.len(), WAYS.len()));
    Ok(())
}

async fn deposit(stage: &Stage, screen: &str) -> Done {
    stage.go_shopping().await?;
    stage.choose_method("VIRTUAL_ACCOUNT").await?;
    stage.press_pay().await?;
    stage.act(&[Choose("#bank", "88")]).await?;
    stage.leave().await?;
    picture(stage, &format!("way-virtual-account-{screen}")).await?;
    stage.enter_window().await?;
    stage.approve().await?;
    stage.see_result("waiting").await?;
    let account = stage.text("#account-number .account-digits").await?;
    assert!(account.starts_with("신한"), "{account}");
    stage.read("#account-number .quiet", "입금자명 김토스").await?;
    picture(stage, &format!("deposit-{screen}")).await?;

    let key = stage.query("paymentKey").await?;
    stage.at_toss(&format!("/sandbox/payments/{key}/deposit"), &json!({})).await?;
    stage.see_result("paid").await?;
    let order = stage.text("#order-number").await?;
    stage.click("#view-order").await?;
    stage.read("#order-status", "결제 완료").await?;
    stage.click("#cancel-open").await?;
    stage.click("#cancel-confirm").await?;
    stage.read("#cancel-error", "계좌번호를 숫자로 입력해 주세요.").await?;
    assert_eq!(stage.ask("document.activeElement.id").await?, "refund-number");
    let account = [
        Choose("#refund-bank", "90"),
        Write("#refund-number", "3333-01-1234567"),
        Write("#refund-holder", "김토스"),
    ];
    stage.act(&account).await?;
    picture(stage, &format!("refund-account-{screen}")).await?;
    stage.click("#cancel-confirm").await?;
    stage.read("#order-status", "취소 완료").await?;
    stage.assert_stored(&order, "가상계좌", "CANCELED", TEE).await?;
    assert_eq!(stage.sandbox_payments().await?[0]["balanceAmount"], 0);
    Ok(())
}

/// From an empty desk to an order that waits for its deposit; its number.
async fn await_deposit(stage: &Stage) -> Done<String> {
    stage.go_shopping().await?;
    stage.choose_method("VIRTUAL_ACCOUNT").await?;
    stage.press_pay().await?;
    stage.approve().await?;
    stage.see_result("waiting").await?;
    stage.text("#order-number").await
}
