//! `hanbeon smoke`: one whole purchase over HTTP against a running server and its sandbox. Each step is
//! printed; the first difference from the contract ends it with a failure.
use crate::cli::Failure;
use crate::config::Config;
use crate::demo::DOCS_SECRET_KEY;
use crate::{keys, sandbox, wire};
use clap::Args;
use hanbeon_app::env::SystemEnv;
use hanbeon_app::{Env as _, keys as app_keys};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

/// What is bought, in won.
const AMOUNT: i64 = 1_000;
const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Args, Debug)]
pub(crate) struct SmokeArgs {
    /// The server [default: where it would listen].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Its sandbox [default: where it would listen].
    #[arg(long, value_name = "URL")]
    sandbox_url: Option<String>,
    /// An API key of the shop. Without one, a key is made in the database for the run, and revoked after.
    #[arg(long, value_name = "KEY", env = "HANBEON_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
}

pub(crate) async fn run(config: &Config, args: SmokeArgs) -> Result<ExitCode, Failure> {
    let url = args.url.unwrap_or_else(|| sandbox::origin(config.listen));
    let sandbox = args.sandbox_url.unwrap_or_else(|| sandbox::origin(config.sandbox_listen));
    let secret =
        config.toss.secret_key().map_or_else(|_| DOCS_SECRET_KEY.to_owned(), |key| key.expose().to_owned());
    let client = wire::http_client(TIMEOUT)?;
    let payments = format!("{}{}", url.trim_end_matches('/'), config.storefront.prefix);
    let purchase = Purchase { client, url, payments, sandbox, secret };
    let ended = match args.api_key {
        Some(key) => purchase.run(&key).await,
        None => with_own_key(config, &purchase).await,
    };
    match ended {
        Ok(()) => {
            println!("smoke: ok");
            Ok(ExitCode::SUCCESS)
        }
        Err(difference) => {
            println!("smoke: FAILED: {difference}");
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn with_own_key(config: &Config, purchase: &Purchase) -> Result<(), Failure> {
    let store = keys::open(config).await?;
    let name = format!("smoke {}", SystemEnv.now().as_micros());
    let key = app_keys::create(&*store, &SystemEnv, &name).await?;
    let ended = purchase.run(&key).await;
    store.revoke_api_key(&name, SystemEnv.now()).await?;
    ended
}

struct Purchase {
    client: Client,
    url: String,
    payments: String,
    sandbox: String,
    secret: String,
}

/// An answer: status, body, and the cookie that came with it.
struct Answer {
    status: u16,
    body: String,
    cookie: Option<String>,
}

impl Purchase {
    async fn run(&self, api_key: &str) -> Result<(), Failure> {
        let mark = SystemEnv.now().as_micros();
        let order = self.order(api_key, mark).await?;
        let toss_order = format!("smoke-{mark}");
        let amount = json!({"orderId": toss_order, "amount": AMOUNT});

        let saved = self.post("saveAmount", &amount, None).await?;
        expect("save the amount", &saved, 200, "\"Payment temp save successful\"")?;
        let cookie = saved.cookie.ok_or("saveAmount set no session cookie")?;

        let key = self.authenticate(&toss_order).await?;
        let verified = self.post("verifyAmount", &amount, Some(&cookie)).await?;
        expect("verify it", &verified, 200, "\"Payment is valid\"")?;
        let again = self.post("verifyAmount", &amount, Some(&cookie)).await?;
        let invalid = "{\"code\":400,\"message\":\"결제 금액 정보가 유효하지 않습니다.\"}";
        expect("verify it twice (refused)", &again, 400, invalid)?;

        let confirm = json!({
            "amount": AMOUNT.to_string(), "backendOrderId": order.to_uppercase(), "orderId": toss_order, "paymentKey": key,
        });
        let paid = format!(
            "{{\"backendOrderId\":\"{order}\",\"tossPaymentMethod\":\"카드\",\"tossPaymentStatus\":\"DONE\",\"totalAmount\":{AMOUNT}}}"
        );
        expect("confirm", &self.post("confirm", &confirm, Some(&cookie)).await?, 200, &paid)?;
        expect("confirm again (the same answer)", &self.post("confirm", &confirm, None).await?, 200, &paid)?;
        expect("read it", &self.get(&order).await?, 200, &paid)?;

        let cancel = json!({"paymentKey": key, "cancelReason": "단순 변심 \"smoke\""});
        let stranger = self.post("cancel", &cancel, None).await?;
        expect_status("cancel as a stranger (refused)", &stranger, 403)?;
        let canceled = self.post("cancel", &cancel, Some(&cookie)).await?;
        expect_status("cancel", &canceled, 200)?;
        let payment: Value = serde_json::from_str(&canceled.body)?;
        if payment["status"] != "CANCELED" || payment["balanceAmount"] != 0 {
            return Err(format!(
                "the cancelled payment is {} with balance {}",
                payment["status"], payment["balanceAmount"]
            )
            .into());
        }
        expect("read it again", &self.get(&order).await?, 200, &paid.replace("DONE", "CANCELED"))
    }

    async fn order(&self, api_key: &str, mark: i64) -> Result<String, Failure> {
        let order = json!({"merchantReference": format!("smoke-{mark}"), "orderName": "smoke", "totalAmount": AMOUNT});
        let request = self.client.post(format!("{}/v1/orders", self.url.trim_end_matches('/')));
        let made = send(request.bearer_auth(api_key).json(&order)).await?;
        expect_status("make an order", &made, 201)?;
        let made: Value = serde_json::from_str(&made.body)?;
        Ok(made["id"].as_str().ok_or("the order has no id")?.to_owned())
    }

    /// What the buyer does in the payment window.
    async fn authenticate(&self, toss_order: &str) -> Result<String, Failure> {
        let wish = json!({"orderId": toss_order, "amount": AMOUNT, "orderName": "smoke", "method": "카드"});
        let request = self.client.post(format!("{}/sandbox/payments", self.sandbox.trim_end_matches('/')));
        let made = send(request.basic_auth(&self.secret, Some("")).json(&wish)).await?;
        expect_status("authenticate the payment", &made, 200)?;
        let made: Value = serde_json::from_str(&made.body)?;
        Ok(made["paymentKey"].as_str().ok_or("the payment has no paymentKey")?.to_owned())
    }

    async fn post(&self, what: &str, body: &Value, cookie: Option<&str>) -> Result<Answer, Failure> {
        let request = self.client.post(format!("{}/{what}", self.payments)).json(body);
        send(cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie))).await
    }

    async fn get(&self, order: &str) -> Result<Answer, Failure> {
        send(self.client.get(format!("{}/{order}", self.payments))).await
    }
}

async fn send(request: RequestBuilder) -> Result<Answer, Failure> {
    let answer = request.send().await.map_err(|e| wire::chain(&e))?;
    let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
    Ok(Answer { status: answer.status().as_u16(), cookie, body: answer.text().await? })
}

fn expect_status(step: &str, answer: &Answer, status: u16) -> Result<(), Failure> {
    if answer.status != status {
        return Err(format!("{step}: expected {status}, got {} {}", answer.status, answer.body).into());
    }
    println!("ok    {step}");
    Ok(())
}

fn expect(step: &str, answer: &Answer, status: u16, body: &str) -> Result<(), Failure> {
    if answer.body != body {
        return Err(format!("{step}: expected {status} {body}, got {} {}", answer.status, answer.body).into());
    }
    expect_status(step, answer, status)
}
