//! The sandbox's console: what a developer sees and moves there.
use crate::stage::{Done, Screen, Setup, Stage, play, until};
use serde_json::{Value, json};

/// `base64("test_sk_…:")` of Toss's public documentation pair.
const SECRET: &str = "Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOg==";
/// A name that would run, were it ever taken for markup.
const HOSTILE: &str =
    "<img src=x onerror='document.title=\"broken\"'><script>document.title=\"broken\"</script>";

#[tokio::test]
async fn a_payment_appears_in_the_console_and_is_deposited_by_a_click() {
    play("console-deposit", Setup::on(Screen::Desktop), async |stage| {
        stage.browser.goto(&format!("{}/", stage.sandbox)).await?;
        stage.read("h1", "결제").await?;
        let key = waiting_for_deposit(&stage, "ord-console-1").await?;
        stage.click("[data-order=ord-console-1]").await?;
        stage.read("h1 + .chip", "입금 대기").await?;
        stage.see("#story [data-kind=call]").await?;
        stage.read("#story li:nth-child(2) strong", "승인").await?;
        assert_eq!(stage.ask("document.querySelectorAll('main img, main script').length").await?, 0);
        let named =
            format!("return document.querySelector('.facts').innerText.includes({});", json!(HOSTILE));
        assert_eq!(stage.browser.execute(&named, Vec::new()).await?, true, "the name is shown as it is");

        stage.see("[name=depositorName]").await?.send_keys("김토스").await?;
        stage.click("#deed-deposit button").await?;
        stage.read("h1 + .chip", "결제 완료").await?;
        stage.read("#story [data-kind=deposit] strong", "입금 완료").await?;
        stage.read("#story [data-kind=deposit] .line-of", "김토스").await?;
        let paid = ask(&stage, "GET", &format!("/v1/payments/{key}"), &Value::Null).await?;
        assert_eq!(paid["status"], "DONE");

        stage.click("#language").await?;
        stage.read("h1 + .chip", "DONE").await?;
        stage.read("#nav-webhooks", "Webhooks").await?;
        assert_ne!(stage.browser.title().await?, "broken");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_phone_moves_the_clock_and_adds_a_fault() {
    play("console-phone", Setup::on(Screen::Phone), async |stage| {
        authenticated(&stage, "ord-console-2", "CARD").await?;
        stage.browser.goto(&format!("{}/sandbox", stage.sandbox)).await?;
        stage.see("[data-order=ord-console-2]").await?;
        stage.read("#payments .chip", "승인 대기").await?;
        fits(&stage, "the list of payments").await?;
        stage.click("#clock summary").await?;
        fits(&stage, "the clock").await?;
        stage.click("[id='clock-15d']").await?;
        stage.read("#notice", "시계를 돌렸습니다.").await?;
        stage.click("#clock summary").await?;
        stage.read("#payments .chip", "만료").await?;

        stage.click("#nav-faults").await?;
        stage.read("h1", "장애").await?;
        stage.see("[name=kind]").await?.select_by_value("fail_after").await?;
        stage.see("[name=orderId]").await?.send_keys("ord-console-3").await?;
        stage.click("#add-fault button").await?;
        stage.read("#fault-list td:nth-child(3)", "ord-console-3").await?;
        fits(&stage, "the faults").await?;
        let faults = ask(&stage, "GET", "/sandbox/faults", &Value::Null).await?;
        let (kind, status) = (&faults["faults"][0]["kind"], &faults["faults"][0]["status"]);
        assert_eq!((kind, status), (&json!("fail_after"), &json!(500)));
        stage.click("#fault-list button").await?;
        until("the fault to be gone", async || {
            let faults = ask(&stage, "GET", "/sandbox/faults", &Value::Null).await?;
            Ok((faults["faults"] == json!([])).then_some(()))
        })
        .await?;
        for page in ["webhooks", "billing", "switches"] {
            stage.click(&format!("#nav-{page}")).await?;
            stage.see(&format!("#nav-{page}[aria-current]")).await?;
            fits(&stage, page).await?;
        }
        Ok(())
    })
    .await;
}

/// A virtual account that waits for its deposit; its payment key.
async fn waiting_for_deposit(stage: &Stage, order: &str) -> Done<String> {
    let key = authenticated(stage, order, "VIRTUAL_ACCOUNT").await?;
    let confirm = json!({ "paymentKey": key, "orderId": order, "amount": 42_900 });
    let waiting = ask(stage, "POST", "/v1/payments/confirm", &confirm).await?;
    assert_eq!(waiting["status"], "WAITING_FOR_DEPOSIT", "{waiting}");
    Ok(key)
}

/// A payment that could be confirmed, with a name that would like to run; its payment key.
async fn authenticated(stage: &Stage, order: &str, method: &str) -> Done<String> {
    let wish = json!({ "orderId": order, "amount": 42_900, "method": method, "orderName": HOSTILE });
    let opened = ask(stage, "POST", "/sandbox/payments", &wish).await?;
    Ok(opened["paymentKey"].as_str().ok_or_else(|| format!("no payment: {opened}"))?.to_owned())
}

/// One call of the sandbox, as a merchant's server makes it.
async fn ask(stage: &Stage, method: &str, path: &str, body: &Value) -> Done<Value> {
    let url = format!("{}{path}", stage.sandbox);
    let request = stage.http.request(method.parse()?, url).header("authorization", SECRET);
    let request = if body.is_null() { request } else { request.json(body) };
    Ok(request.send().await?.json().await?)
}

/// Nothing is wider than the screen.
async fn fits(stage: &Stage, what: &str) -> Done {
    let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(stage.ask(over).await?, 0, "{what} runs off the side");
    Ok(())
}
