//! Each way to pay, on its own page of the window: what the buyer chooses there is what the payment says.
use crate::bench::{self, Act, CLIENT_KEY};
use crate::buyer::TEE;
use crate::stage::{Screen, Setup, play};
use Act::{Choose, Click, Write};
use serde_json::{Value, json};

/// The request beside order and amount, what the buyer does in the window, and what the payment says.
type Way = (&'static str, &'static [Act], &'static [(&'static str, &'static str)]);

const WAYS: [Way; 8] = [
    (
        "method: 'CARD', card: { freeInstallmentPlans: [{ company: 'SAMSUNG', months: [3] }] }",
        &[
            Click("[data-issuer='51']"),
            Choose("#installment", "3"),
            Click("#card-points"),
            Click("#card-kind summary"),
            Choose("#owner-type", "법인"),
        ],
        &[
            ("/card/issuerCode", "\"51\""),
            ("/card/installmentPlanMonths", "3"),
            ("/card/isInterestFree", "true"),
            ("/card/ownerType", "\"법인\""),
            ("/card/useCardPoint", "true"),
        ],
    ),
    (
        "method: 'CARD', card: { flowMode: 'DIRECT', easyPay: '토스페이' }",
        &[Click("[data-source=CARD]"), Choose("#wallet-card", "61"), Write("#points", "2000")],
        &[
            ("/easyPay/provider", "\"토스페이\""),
            ("/easyPay/discountAmount", "2000"),
            ("/card/issuerCode", "\"61\""),
            ("/card/amount", "48000"),
        ],
    ),
    (
        "method: 'TRANSFER'",
        &[Choose("#bank", "88"), Click("[data-receipt=지출증빙]")],
        &[("/transfer/bankCode", "\"88\""), ("/cashReceipt/type", "\"지출증빙\"")],
    ),
    (
        "method: 'VIRTUAL_ACCOUNT', virtualAccount: { validHours: 24, cashReceipt: { type: '미발행' } }",
        &[Choose("#bank", "88"), Write("#depositor", "이입금")],
        &[
            ("/status", "\"WAITING_FOR_DEPOSIT\""),
            ("/virtualAccount/bankCode", "\"88\""),
            ("/virtualAccount/customerName", "\"이입금\""),
        ],
    ),
    (
        "method: 'MOBILE_PHONE', mobilePhone: { mobileCarriers: ['KT', 'LGU'] }",
        &[Click("[data-carrier=LGU]"), Write("#phone", "010-9876-5432"), Write("#code", "000000")],
        &[("/mobilePhone/customerMobilePhone", "\"01098765432\"")],
    ),
    ("method: 'CULTURE_GIFT_CERTIFICATE'", &[Write("#gift-id", "buyer")], &[("/method", "\"문화상품권\"")]),
    ("method: 'BOOK_GIFT_CERTIFICATE'", &[], &[("/method", "\"도서문화상품권\"")]),
    ("method: 'GAME_GIFT_CERTIFICATE'", &[], &[("/method", "\"게임문화상품권\"")]),
];

#[tokio::test]
async fn every_way_of_the_widget_leads_from_the_shop_to_a_record_and_back_by_a_cancel() {
    let ways = [
        ("TOSSPAY", "간편결제"),
        ("TRANSFER", "계좌이체"),
        ("MOBILE_PHONE", "휴대폰"),
        ("BOOK_GIFT_CERTIFICATE", "도서문화상품권"),
    ];
    play("ways-shop", Setup::on(Screen::Desktop), async move |stage| {
        for (code, method) in ways {
            stage.go_shopping().await?;
            stage.choose_method(code).await?;
            stage.press_pay().await?;
            if code == "MOBILE_PHONE" {
                stage.act(&[Write("#code", "000000")]).await?;
            }
            stage.approve().await?;
            stage.see_result("paid").await?;
            let order = stage.text("#order-number").await?;
            stage.assert_stored(&order, method, "DONE", TEE).await?;
            stage.act(&[Click("#view-order"), Click("#cancel-open"), Click("#cancel-confirm")]).await?;
            stage.read("#order-status", "취소 완료").await?;
            stage.assert_stored(&order, method, "CANCELED", TEE).await?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_a_buyer_chooses_on_each_page_of_the_window_is_what_the_payment_says() {
    play("ways", Setup::on(Screen::Desktop), async |stage| {
        let page = bench::serve(&stage).await?;
        for (request, acts, facts) in WAYS {
            stage.stand(&page, &asking(request)).await?;
            stage.pay().await?;
            stage.fits(request).await?;
            stage.act(acts).await?;
            stage.click("#pay-approve").await?;
            stage.leave().await?;
            let outcome = stage.outcome().await?;
            let payment = stage.confirm(&outcome["value"]).await?;
            says(&payment, facts);
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_buyer_from_abroad_pays_in_dollars_and_comes_back_by_redirect() {
    play("abroad", Setup::on(Screen::Desktop), async |stage| {
        let page = bench::serve(&stage).await?;
        let script = format!(
            "return TossPayments('{CLIENT_KEY}').payment({{ customerKey: 'buyer-1' }}).requestPayment(order({{
                method: 'FOREIGN_EASY_PAY', amount: {{ currency: 'USD', value: 42.5 }}, ...ways(),
                foreignEasyPay: {{ provider: 'PAYPAL', country: 'US' }} }}));"
        );
        stage.stand(&page, &script).await?;
        stage.pay().await?;
        stage.read("[data-testid=amount]", "US$42.50").await?;
        stage.fits("the page of a wallet from abroad").await?;
        stage.click("#pay-approve").await?;
        stage.leave().await?;
        stage.arrive("/ok").await?;
        assert_eq!(stage.query("kept").await?, "1");
        assert_eq!(stage.query("amount").await?.trim_end_matches('0'), "42.5");
        let result = json!({
            "paymentKey": stage.query("paymentKey").await?,
            "orderId": stage.query("orderId").await?,
            "amount": { "value": 42.5 },
        });
        let payment = stage.confirm(&result).await?;
        says(&payment, &[("/status", "\"DONE\""), ("/currency", "\"USD\""), ("/totalAmount", "42.5")]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_page_of_the_window_says_what_is_missing_and_takes_it_from_there() {
    play("missing", Setup::on(Screen::Desktop), async |stage| {
        let page = bench::serve(&stage).await?;
        stage.stand(&page, &asking("method: 'MOBILE_PHONE'")).await?;
        stage.pay().await?;
        stage.click("#pay-approve").await?;
        stage.see("#code[aria-invalid=true]").await?;
        assert_eq!(stage.ask("document.activeElement.id").await?, "code");
        stage.read("#code-below", "인증번호가 맞지 않습니다. 테스트에서는 000000입니다.").await?;
        stage.act(&[Click("#lang-en"), Click("#pay-approve")]).await?;
        stage.read("#code-below", "Wrong code. In a test it is 000000.").await?;
        stage.act(&[Write("#code", "000000"), Click("#pay-approve")]).await?;
        stage.leave().await?;
        assert_eq!(stage.outcome().await?["value"]["amount"]["value"], 50_000);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn every_page_of_the_window_fits_a_phone() {
    play("window-phone", Setup::on(Screen::Phone), async |stage| {
        let issuer = "method: 'CARD', card: { flowMode: 'DIRECT', cardCompany: 'HYUNDAI' }";
        let abroad = "method: 'CARD', card: { useInternationalCardOnly: true }";
        let page = bench::serve(&stage).await?;
        for request in WAYS.map(|(request, ..)| request).into_iter().chain([issuer, abroad]) {
            stage.stand(&page, &asking(&format!("{request}, ...ways()"))).await?;
            stage.pay().await?;
            stage.click("#pay-decline").await?;
            stage.fits(request).await?;
        }
        Ok(())
    })
    .await;
}

/// A request of `payment()`: 50,000 won, in the words of the SDK.
fn asking(request: &str) -> String {
    format!(
        "return TossPayments('{CLIENT_KEY}').payment({{ customerKey: 'buyer-1' }}).requestPayment(order({{
            amount: {{ currency: 'KRW', value: 50000 }}, {request} }}));"
    )
}

fn says(payment: &Value, facts: &[(&str, &str)]) {
    for (pointer, expected) in facts {
        let said = payment.pointer(pointer).map(Value::to_string);
        assert_eq!(said.as_deref(), Some(*expected), "{pointer} of {payment:#}");
    }
}
