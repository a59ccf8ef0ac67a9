//! A shop's page that does what a test says, for the browser SDK itself: without our shop, and without hanbeon.
use crate::stage::{Done, Stage, until};
use axum::Router;
use axum::extract::RawQuery;
use axum::response::Html;
use axum::routing::get;
use fantoccini::Locator;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Toss's public documentation keys, which the sandbox knows.
pub(crate) const CLIENT_KEY: &str = "test_ck_D5GePWvyJnrK0W0k6q8gLzN97Eoq";
pub(crate) const WIDGET_KEY: &str = "test_gck_docs_Ovk5rk1EwkEbP0W43n07xlzm";
const SECRET_KEY: &str = "test_sk_zXLkKEypNArWmo50nX3lmeaxYG5R";

/// What a buyer does on a page of the window.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Click(&'static str),
    Choose(&'static str, &'static str),
    Write(&'static str, &'static str),
}

/// The origin of a fresh server of the page. What is behind its `?` goes to the SDK.
pub(crate) async fn serve(stage: &Stage) -> Done<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let script = format!("{}/v2/standard", stage.sandbox);
    let page = async move |RawQuery(asked): RawQuery| {
        let src = format!("{script}?{}", asked.unwrap_or_default());
        Html(include_str!("sdk/page.html").replace("{{SDK}}", &src))
    };
    let arrived = || get(async || Html("<!doctype html><title>arrived</title><p>arrived</p>"));
    let pages = Router::new().route("/", get(page)).route("/ok", arrived()).route("/no", arrived());
    tokio::spawn(async move { axum::serve(listener, pages).await });
    Ok(origin)
}

impl Stage {
    /// The page, and the script that it pays with: an async function's body.
    pub(crate) async fn stand(&self, page: &str, script: &str) -> Done {
        self.browser.goto(page).await?;
        self.stand_again(script).await
    }

    /// Another script on the page that is open.
    pub(crate) async fn stand_again(&self, script: &str) -> Done {
        let script = format!("say(''); request = async () => {{ {script} }};");
        self.browser.execute(&script, Vec::new()).await?;
        Ok(())
    }

    /// Presses the page's button and looks into the window.
    pub(crate) async fn pay(&self) -> Done {
        self.click("#pay").await?;
        self.enter_window().await
    }

    /// What the script came to: `value`, or `code` and `message`.
    pub(crate) async fn outcome(&self) -> Done<Value> {
        until("the outcome", async || {
            let said = self.browser.find(Locator::Id("outcome")).await?.text().await?;
            let said: Value = serde_json::from_str(&said)?;
            Ok(said.is_object().then_some(said))
        })
        .await
    }

    /// The code of the error that the script came to.
    pub(crate) async fn refusal(&self) -> Done<String> {
        let outcome = self.outcome().await?;
        Ok(outcome["code"].as_str().ok_or(format!("no refusal: {outcome}"))?.to_owned())
    }

    /// Does what a buyer does, one act after the other.
    pub(crate) async fn act(&self, acts: &[Act]) -> Done {
        for act in acts {
            match *act {
                Act::Click(css) => self.click(css).await?,
                Act::Choose(css, value) => self.see(css).await?.select_by_value(value).await?,
                Act::Write(css, text) => {
                    let field = self.see(css).await?;
                    field.clear().await?;
                    field.send_keys(text).await?;
                }
            }
        }
        Ok(())
    }

    /// Toss's answer to a call of the shop's server.
    pub(crate) async fn toss(&self, path: &str, body: Value) -> Done<Value> {
        let call = self.http.post(format!("{}{path}", self.sandbox)).basic_auth(SECRET_KEY, Some(""));
        Ok(call.json(&body).send().await?.json().await?)
    }

    /// Sets switches of the sandbox.
    pub(crate) async fn switch(&self, switches: Value) -> Done {
        let call = self.http.patch(format!("{}/sandbox/switches", self.sandbox)).json(&switches);
        call.send().await?.error_for_status()?;
        Ok(())
    }

    /// The payment after its confirm; `result` is what the SDK resolved to.
    pub(crate) async fn confirm(&self, result: &Value) -> Done<Value> {
        let (key, order, amount) = (&result["paymentKey"], &result["orderId"], &result["amount"]["value"]);
        let body = json!({ "paymentKey": key, "orderId": order, "amount": amount });
        self.toss("/v1/payments/confirm", body).await
    }

    /// Nothing of the page, or of the frame that is looked into, is wider than its screen.
    pub(crate) async fn fits(&self, what: &str) -> Done {
        let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(self.ask(over).await?, 0, "{what} runs off the side");
        Ok(())
    }
}
