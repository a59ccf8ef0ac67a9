//! The browser SDK as a shop's page meets it: what it refuses, what its widgets ask for, how a window ends.
use crate::bench::{self, Act, CLIENT_KEY, WIDGET_KEY};
use crate::stage::{Screen, Setup, play};
use Act::{Click, Write};
use serde_json::{Value, json};

const CARD: &str = "method: 'CARD', amount: { currency: 'KRW', value: 50000 }";

#[tokio::test]
async fn whatever_the_sdk_refuses_it_refuses_with_its_code_and_in_korean() {
    play("refusals", Setup::on(Screen::Desktop), async |stage| {
        let page = bench::serve(&stage).await?;
        stage.browser.goto(&page).await?;
        let keys = vec![json!(CLIENT_KEY), json!(WIDGET_KEY)];
        let outcome = stage.browser.execute_async(include_str!("sdk/refusals.js"), keys).await?;
        assert_eq!(outcome["wrong"], json!([]));
        assert!(outcome["rows"].as_u64() > Some(60), "{outcome}");
        assert_eq!(outcome["fine"], "amount,orderId,paymentKey");
        stage.switch(json!({ "sdkErrorCodes": "class" })).await?;
        stage.browser.goto(&format!("{page}/?reject=NETWORK_ERROR")).await?;
        stage.stand_again(&payment(CARD)).await?;
        stage.click("#pay").await?;
        assert_eq!(stage.refusal().await?, "NETWORK_ERROR");
        stage.stand_again(&format!("return {}.destroy();", instance())).await?;
        stage.click("#pay").await?;
        assert_eq!(stage.refusal().await?, "NoActivePaymentRequestError");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_phone_keeps_no_promise_opens_no_frame_and_comes_back_by_redirect() {
    play("phone-rules", Setup::on(Screen::Phone), async |stage| {
        let page = bench::serve(&stage).await?;
        stage.stand(&page, &payment(CARD)).await?;
        stage.click("#pay").await?;
        assert_eq!(stage.refusal().await?, "NOT_SUPPORTED_PROMISE");
        stage.stand_again(&payment(&format!("{CARD}, windowTarget: 'iframe', ...ways()"))).await?;
        stage.click("#pay").await?;
        assert_eq!(stage.refusal().await?, "INVALID_PARAMETERS");

        stage.stand_again(&payment(&format!("{CARD}, ...ways()"))).await?;
        stage.pay().await?;
        stage.click("#pay-close").await?;
        stage.arrive("/no").await?;
        assert_eq!(stage.query("code").await?, "PAY_PROCESS_CANCELED");
        assert_eq!(stage.query("message").await?, "사용자에 의해 결제가 취소되었습니다.");
        assert_eq!(stage.query("kept").await?, "1");
        assert!(!stage.query("orderId").await?.is_empty());

        stage.stand(&page, &payment(&format!("{CARD}, ...ways()"))).await?;
        stage.pay().await?;
        stage.click("#pay-approve").await?;
        stage.arrive("/ok").await?;
        assert_eq!(stage.query("amount").await?, "50000");
        assert!(stage.query("paymentType").await.is_err(), "payment() has no paymentType");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_window_ends_by_closing_by_a_refusal_or_by_the_clock_and_each_end_has_its_code() {
    play("ends", Setup::on(Screen::Desktop), async |stage| {
        let page = bench::serve(&stage).await?;
        let refused = "#decline-reasons [data-code=REJECT_CARD_COMPANY]";
        let ends: [(&[Act], &str); 3] = [
            (&[Click("#pay-close")], "USER_CANCEL"),
            (&[Click("#pay-decline"), Click(refused)], "REJECT_CARD_COMPANY"),
            (&[Click("#pay-decline"), Click("#pay-expire")], "PAY_PROCESS_ABORTED"),
        ];
        for (acts, code) in ends {
            stage.stand(&page, &payment(CARD)).await?;
            stage.pay().await?;
            stage.act(acts).await?;
            stage.leave().await?;
            assert_eq!(stage.refusal().await?, code);
        }
        let payments = stage.sandbox_payments().await?;
        let statuses: Vec<_> = payments.iter().map(|payment| payment["status"].as_str()).collect();
        assert_eq!(statuses, [Some("READY"), Some("READY"), Some("EXPIRED")]);

        // Where Toss's documents are silent: closing may lead to failUrl, and that may not name the order.
        stage.switch(json!({ "windowClose": "fail_url", "cancelNamesOrder": false })).await?;
        let page = format!("{page}/?lang=en");
        stage.stand(&page, &payment(&format!("{CARD}, ...ways()"))).await?;
        stage.pay().await?;
        stage.read("#pay-close", "Cancel").await?;
        stage.click("#pay-close").await?;
        stage.leave().await?;
        stage.arrive("/no").await?;
        assert_eq!(stage.query("code").await?, "PAY_PROCESS_CANCELED");
        assert!(stage.query("orderId").await.is_err());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_choice_in_the_widget_that_cannot_be_paid_is_refused_with_its_reason() {
    play("widget-choices", Setup::on(Screen::Desktop), async |stage| {
        let page = bench::serve(&stage).await?;
        let page = format!("{page}/?variants=SALE&custom=MY_POINT&unhealthy=TRANSFER&depositLimit=40000");
        let widget = format!(
            "const shop = TossPayments('{WIDGET_KEY}').widgets({{ customerKey: TossPayments.ANONYMOUS }});
             window.events = [];
             await shop.setAmount({{ currency: 'KRW', value: 50000 }});
             const methods = await shop.renderPaymentMethods({{ selector: '#methods', variantKey: 'SALE' }});
             methods.on('paymentMethodSelect', ({{ code }}) => events.push(code));
             await shop.renderAgreement({{ selector: '#agreement' }});
             window.shop = shop;"
        );
        stage.stand(&page, &widget).await?;
        stage.click("#pay").await?;
        assert_eq!(stage.outcome().await?, json!({ "value": null }));
        stage.stand_again("return shop.requestPayment(order());").await?;
        let choices = [
            ("KAKAOPAY", "UNSUPPORTED_TEST_PHASE_PAYMENT_METHOD"),
            ("MY_POINT", "CUSTOM_PAYMENT_METHOD_UNABLE_TO_PAY"),
            ("TRANSFER", "PROVIDER_STATUS_UNHEALTHY"),
            ("VIRTUAL_ACCOUNT", "EXCEED_DEPOSIT_AMOUNT_LIMIT"),
        ];
        for (method, code) in choices {
            stage.choose_method(method).await?;
            stage.ask("say('')").await?;
            stage.click("#pay").await?;
            assert_eq!(stage.refusal().await?, code, "{method}");
        }
        assert_eq!(
            stage.ask("events").await?,
            json!(["CARD", "KAKAOPAY", "MY_POINT", "TRANSFER", "VIRTUAL_ACCOUNT"])
        );

        stage.enter("#toss-sandbox-methods").await?;
        stage.click("#refund").await?;
        stage.leave().await?;
        let cheaper =
            "await shop.setAmount({ currency: 'KRW', value: 30000 }); return shop.requestPayment(order());";
        stage.stand_again(cheaper).await?;
        stage.click("#pay").await?;
        assert_eq!(stage.refusal().await?, "NEED_REFUND_ACCOUNT_DETAIL");
        stage.enter("#toss-sandbox-methods").await?;
        stage.act(&[Write("#refund-number", "11012345678"), Write("#refund-holder", "김토스")]).await?;
        stage.leave().await?;
        stage.enter("#toss-sandbox-agreement").await?;
        stage.click("#agree-all").await?;
        stage.leave().await?;
        stage.stand_again(cheaper).await?;
        stage.click("#pay").await?;
        assert_eq!(stage.refusal().await?, "NEED_AGREEMENT_WITH_REQUIRED_TERMS");
        stage.enter("#toss-sandbox-agreement").await?;
        stage.click("#agree-all").await?;
        stage.leave().await?;
        stage.stand_again(cheaper).await?;
        stage.pay().await?;
        stage.click("#pay-approve").await?;
        stage.leave().await?;
        let result = stage.outcome().await?;
        assert_eq!(result["value"]["paymentType"], "NORMAL");

        stage
            .stand_again("return shop.renderPaymentWindow({ variantKey: { paymentMethod: 'OTHER' } });")
            .await?;
        stage.click("#pay").await?;
        assert_eq!(stage.refusal().await?, "INVALID_VARIANT_KEY");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_whole_order_form_in_a_window_asks_the_page_for_the_payment() {
    play("order-form", Setup::on(Screen::Desktop), async |stage| {
        let page = bench::serve(&stage).await?;
        let form = format!(
            "const shop = TossPayments('{WIDGET_KEY}').widgets({{ customerKey: 'member-1' }});
             await shop.setAmount({{ currency: 'KRW', value: 50000 }});
             const form = await shop.renderPaymentWindow();
             return new Promise((resolve, reject) => {{
                 form.on('cancel', () => reject(Object.assign(new Error('closed'), {{ code: 'closed' }})));
                 form.on('paymentRequest', async ({{ paymentMethod }}) => {{
                     const result = await shop.requestPayment(order());
                     await form.destroy();
                     resolve({{ ...result, chosen: paymentMethod.code }});
                 }});
             }});"
        );
        stage.stand(&page, &form).await?;
        stage.click("#pay").await?;
        stage.see("#toss-sandbox-form-pay:enabled").await?;
        stage.click("#toss-sandbox-form-close").await?;
        assert_eq!(stage.refusal().await?, "closed");
        stage.stand_again(&form).await?;
        stage.click("#pay").await?;
        stage.see("#toss-sandbox-form-pay:enabled").await?;
        stage.choose_method("TOSSPAY").await?;
        stage.click("#toss-sandbox-form-pay").await?;
        stage.enter_window().await?;
        stage.click("#pay-approve").await?;
        stage.leave().await?;
        let outcome: Value = stage.outcome().await?;
        assert_eq!(
            (&outcome["value"]["chosen"], &outcome["value"]["paymentType"]),
            (&json!("TOSSPAY"), &json!("NORMAL"))
        );
        Ok(())
    })
    .await;
}

fn instance() -> String {
    format!("TossPayments('{CLIENT_KEY}').payment({{ customerKey: 'buyer-1' }})")
}

/// A request of `payment()` with these words of it.
fn payment(request: &str) -> String {
    format!("return {}.requestPayment(order({{ {request} }}));", instance())
}
