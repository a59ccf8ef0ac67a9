//! A front end that was written for the original server and for Toss's public browser SDK, and knows neither
//! hanbeon nor the sandbox. Three static pages, on an origin of their own; only addresses and the client key
//! are filled in. It sends numbers and strings as the original did, and the order's id in capitals.
use crate::buyer::CARD_COMPANY;
use crate::stage::{Done, Screen, Setup, Stage, play};
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const AMOUNT: i64 = 1_000;

#[tokio::test]
async fn a_front_end_of_the_original_server_pays_and_cancels_unchanged() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let pages = format!("http://{}", listener.local_addr().expect("a bound address"));
    let setup = Setup { config: allow(&pages), ..Setup::on(Screen::Desktop) };
    play("original", setup, async move |stage| {
        serve(listener, &stage).await?;
        let order = make_order(&stage).await?;
        let shouted = order.to_uppercase();
        stage.browser.goto(&format!("{pages}/index.html?backendOrderId={shouted}")).await?;
        stage.enter("#toss-sandbox-methods").await?;
        stage.see("#card-company").await?.select_by_value(CARD_COMPANY).await?;
        stage.leave().await?;
        stage.click("#pay").await?;
        stage.enter_window().await?;
        stage.read("[data-testid=amount]", "1,000원").await?;
        stage.click("#pay-approve").await?;
        stage.leave().await?;
        stage.arrive("/success.html").await?;

        let invalid = json!({ "code": 400, "message": "결제 금액 정보가 유효하지 않습니다." });
        let paid = json!({
            "backendOrderId": order,
            "tossPaymentMethod": "카드",
            "tossPaymentStatus": "DONE",
            "totalAmount": AMOUNT,
        });
        assert_eq!(shown(&stage, "#confirmed").await?, json!([200, paid]));
        assert_eq!(shown(&stage, "#saved").await?, json!([200, "Payment temp save successful"]));
        assert_eq!(shown(&stage, "#verified").await?, json!([200, "Payment is valid"]));
        assert_eq!(shown(&stage, "#verified-again").await?, json!([400, invalid]));
        stage.assert_charged_once(AMOUNT).await?;

        stage.click("#cancel").await?;
        let canceled = shown(&stage, "#canceled").await?;
        assert_eq!(canceled[0], 200);
        assert_eq!(canceled[1]["status"], "CANCELED");
        assert_eq!(canceled[1]["cancels"][0]["cancelReason"], "단순 변심");
        assert_eq!(canceled[1], stage.sandbox_payments().await?[0], "Toss's whole payment, as it came");
        stage.assert_stored(&order, "카드", "CANCELED", AMOUNT).await
    })
    .await;
}

#[tokio::test]
async fn a_front_end_of_the_original_server_hears_of_a_refusal_on_its_fail_page() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let pages = format!("http://{}", listener.local_addr().expect("a bound address"));
    let setup = Setup { config: allow(&pages), ..Setup::on(Screen::Desktop) };
    play("original-refused", setup, async move |stage| {
        serve(listener, &stage).await?;
        let order = make_order(&stage).await?;
        stage.browser.goto(&format!("{pages}/index.html?backendOrderId={order}")).await?;
        stage.see("#pay:enabled").await?;
        stage.choose_method("TOSSPAY").await?;
        stage.click("#pay").await?;
        stage.enter_window().await?;
        stage.decline("PAY_PROCESS_ABORTED").await?;
        stage.arrive("/fail.html").await?;
        stage.read("#code", "PAY_PROCESS_ABORTED").await?;
        stage.read("#message", "결제 진행 중 승인에 실패하여 결제가 중단되었습니다.").await?;
        assert_eq!(stage.effects("confirm", "approved").await?.len(), 0);
        Ok(())
    })
    .await;
}

/// hanbeon's configuration: pages of this origin may call.
fn allow(origin: &str) -> String {
    format!("[storefront]\nallowed_origins = [\"{origin}\"]\n")
}

/// Serves the three pages until the test ends.
async fn serve(listener: TcpListener, stage: &Stage) -> Done {
    let config: Value =
        stage.http.get(format!("{}/shop/config.json", stage.shop)).send().await?.json().await?;
    let said = |name: &str| config[name].as_str().map(str::to_owned).ok_or(format!("no {name} in {config}"));
    let (sdk, client_key) = (said("sdkUrl")?, said("clientKey")?);
    let page = |source: &str| {
        let filled = source.replace("{{SDK}}", &sdk).replace("{{CLIENT_KEY}}", &client_key);
        let html = Html(filled.replace("{{HANBEON}}", &stage.shop));
        get(async move || html)
    };
    let pages = Router::new()
        .route("/index.html", page(include_str!("original/index.html")))
        .route("/success.html", page(include_str!("original/success.html")))
        .route("/fail.html", page(include_str!("original/fail.html")));
    tokio::spawn(async move { axum::serve(listener, pages).await });
    Ok(())
}

/// The shop's server makes the order, server to server, with an API key of its own.
async fn make_order(stage: &Stage) -> Done<String> {
    let key = stage.hanbeon(&["keys", "create", "--name", "original"]).await?;
    let order = json!({
        "merchantReference": "original-1",
        "orderName": "토스 티셔츠 외 2건",
        "totalAmount": AMOUNT,
    });
    let request = stage.http.post(format!("{}/v1/orders", stage.shop)).bearer_auth(key).json(&order);
    let made: Value = request.send().await?.error_for_status()?.json().await?;
    Ok(made["id"].as_str().ok_or(format!("an order has an id: {made}"))?.to_owned())
}

/// An answer that a page shows: status and body.
async fn shown(stage: &Stage, css: &str) -> Done<Value> {
    Ok(serde_json::from_str(&stage.text(css).await?)?)
}
