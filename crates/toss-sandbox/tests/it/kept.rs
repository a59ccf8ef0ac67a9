//! The state in a file: what has happened survives the process.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use toss_sandbox::{Config, ConfigError, Merchant, NewBillingAuth, Sandbox, WebhookForgery};

use crate::client::{Ask, BOUND, Reply, Toss, config};
use crate::receiver::Receiver;

/// A sandbox that is served until it is told to stop.
struct Served {
    toss: Toss,
    stop: oneshot::Sender<()>,
    end: JoinHandle<std::io::Result<()>>,
}

impl Served {
    async fn start(config: Config) -> Self {
        let sandbox = Sandbox::new(config).expect("a valid configuration");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let (stop, stopped) = oneshot::channel::<()>();
        let served = sandbox.clone();
        let shutdown = async move { drop(stopped.await) };
        let end = tokio::spawn(async move { served.serve(listener, shutdown).await });
        Self { toss: Toss { sandbox, address }, stop, end }
    }

    async fn stop(self) {
        self.stop.send(()).expect("it runs");
        self.end.await.expect("no panic").expect("a written file");
    }
}

fn kept_in(file: &Path) -> Config {
    Config { state: Some(file.to_owned()), ..config() }
}

fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}.json", std::process::id()));
    fs::remove_file(&path).ok();
    path
}

/// A payment of each way to pay that the documents know, each in another state.
async fn live_through(toss: &Toss) -> Vec<String> {
    let wishes = [
        json!({ "method": "CARD", "card": { "issuerCode": "61", "installmentPlanMonths": 3 }, "discountAmount": 500 }),
        json!({ "easyPay": "NAVERPAY", "card": { "points": 3_000 } }),
        json!({ "method": "TRANSFER", "transfer": { "bank": "88",
            "cashReceipt": { "type": "소득공제", "registrationNumber": "01012345678" } } }),
        json!({ "method": "VIRTUAL_ACCOUNT", "virtualAccount": { "bank": "20", "customerName": "김토스", "validHours": 24,
            "refundReceiveAccount": { "bank": "88", "accountNumber": "110123456789", "holderName": "김토스" } } }),
        json!({ "method": "MOBILE_PHONE", "mobilePhone": { "carrier": "SKT", "number": "01098765432",
            "mobileCarriers": ["SKT", "KT"] } }),
        json!({ "method": "BOOK_GIFT_CERTIFICATE" }),
        json!({ "method": "CARD", "confirmOutcome": "REJECT_CARD_PAYMENT" }),
    ];
    let mut keys = Vec::new();
    for (n, wish) in wishes.into_iter().enumerate() {
        let order = format!("ord-kept-{n}");
        let mut body = json!({ "orderId": order, "amount": 60_000, "metadata": { "cart": "c-1" } });
        body.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
        let opened = toss.send(Ask::post("/sandbox/payments", body)).await;
        assert_eq!(opened.status, 200, "{opened:?}");
        let key = opened.json()["paymentKey"].as_str().unwrap().to_owned();
        toss.send(Ask::confirm(&key, &order, 60_000).key(&format!("confirm-{n}"))).await;
        keys.push(key);
    }
    let part = json!({ "cancelReason": "a part", "cancelAmount": 1_000 });
    assert_eq!(toss.cancel(&keys[2], part).await.status, 200);
    toss.sandbox.deposit(&keys[3]).unwrap();
    keys.push(toss.sandbox.authenticate_as(json!({ "orderId": "ord-kept-open", "amount": 7_000 })).unwrap());
    keys
}

async fn seen(toss: &Toss, keys: &[String]) -> Vec<(String, Value)> {
    let list = "/v1/transactions?startDate=2026-03-01T00:00:00&endDate=2026-03-31T00:00:00";
    let paths = keys.iter().map(|key| format!("/v1/payments/{key}"));
    let lists =
        [list, "/v1/cash-receipts?requestDate=2026-03-02", "/sandbox/clock", "/sandbox/webhooks/endpoints"];
    let mut seen = Vec::new();
    for path in paths.chain(lists.map(String::from)) {
        let reply: Reply = toss.send(Ask::get(&path)).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        seen.push((path, reply.json()));
    }
    seen
}

#[tokio::test]
async fn everything_that_has_happened_is_there_after_another_start() {
    let file = file("whole");
    let shop = Receiver::start(&[500]).await;
    let first = Served::start(kept_in(&file)).await;
    shop.subscribe(&first.toss.sandbox);
    let keys = live_through(&first.toss).await;
    let auth = first.toss.sandbox.authenticate_billing(&NewBillingAuth::card("customer-1")).unwrap();
    let issue = json!({ "authKey": auth, "customerKey": "customer-1" });
    let issued = first.toss.send(Ask::post("/v1/billing/authorizations/issue", issue)).await.json();
    let receipt = json!({ "amount": 9_000, "orderId": "ord-receipt", "orderName": "컵",
        "customerIdentityNumber": "01012345678", "type": "소득공제" });
    assert_eq!(first.toss.send(Ask::post("/v1/cash-receipts", receipt)).await.status, 200);
    let forgery = WebhookForgery {
        payment_key: Some(keys[0].clone()),
        event: Some("NEWS".into()),
        ..WebhookForgery::default()
    };
    let forged = first.toss.sandbox.forge_webhook(&forgery);
    assert!(forged.is_ok(), "{forged:?}");
    first.toss.sandbox.advance(Duration::from_secs(20));
    first.toss.sandbox.freeze();
    let replayed = Ask::confirm(&keys[0], "ord-kept-0", 60_000).key("confirm-0");
    let (before, answer) = (seen(&first.toss, &keys).await, first.toss.send(replayed.clone()).await);
    let sent = first.toss.sandbox.webhooks(0, 100).len();
    assert!(sent > 10, "{sent} webhooks");
    let written = first.toss.sandbox.journal(0, 1_000).last_seq;
    first.stop().await;

    let second = Served::start(kept_in(&file)).await;
    let journal = second.toss.sandbox.journal(0, 1_000);
    assert_eq!(journal.last_seq, written, "the journal goes on");
    for ((path, before), (_, after)) in before.into_iter().zip(seen(&second.toss, &keys).await) {
        assert_eq!(before, after, "{path}");
    }
    let again = second.toss.send(replayed).await;
    assert_eq!((again.status, again.json()), (200, answer.json()), "a stored answer is given again");
    let charge =
        json!({ "amount": 5_000, "customerKey": "customer-1", "orderId": "ord-charge", "orderName": "컵" });
    let path = format!("/v1/billing/{}", issued["billingKey"].as_str().unwrap());
    let charged = second.toss.send(Ask::post(&path, charge)).await;
    assert_eq!((charged.status, charged.json()["status"].as_str()), (200, Some("DONE")), "{charged:?}");
    assert_ne!(charged.json()["paymentKey"], issued["billingKey"]);
    let confirmed = second.toss.confirm(keys.last().unwrap(), "ord-kept-open", 7_000).await;
    assert_eq!(confirmed.status, 200, "what was open can be confirmed: {confirmed:?}");
    assert!(second.toss.sandbox.webhooks(0, 100).len() > sent, "webhooks go on, and the old ones are there");
    second.toss.sandbox.advance(Duration::from_secs(120));
    second
        .toss
        .until("the webhooks are tried again", |sandbox| {
            let webhooks = sandbox.webhooks(0, sent);
            webhooks.iter().all(|webhook| webhook.deliveries.len() > 1)
        })
        .await;
    second.stop().await;
}

#[tokio::test]
async fn a_file_is_refused_when_it_is_in_use_or_not_its_own_and_stays_as_it_is() {
    let file = file("refused");
    let first = Served::start(kept_in(&file)).await;
    first.toss.approved("ord-refused", 1_000, "CARD").await;
    let why = |config: Config| match Sandbox::new(config) {
        Err(ConfigError::State { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(kept_in(&file)), "another sandbox uses it");
    first.stop().await;
    let whole = fs::read(&file).unwrap();
    let strangers = vec![Merchant::new("다른 상점", "tother", "test_ck_other", "test_sk_other")];
    let told = why(Config { merchants: strangers, ..kept_in(&file) });
    assert_eq!(told, "it was made for the merchants tvivarepublica, tvivawidgetdoc, in this order");
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(why(kept_in(&file)).starts_with("it is not a state of this version: EOF"));
    assert_eq!(fs::read(&file).unwrap().len(), whole.len() / 2, "nothing was written over it");
}

#[tokio::test]
async fn a_program_that_is_killed_goes_on_from_the_last_moment() {
    let file = file("killed");
    let (mut running, toss) = program(&file);
    let key =
        toss.send(Ask::post("/sandbox/payments", json!({ "orderId": "ord-killed", "amount": 3_000 }))).await;
    let key = key.json()["paymentKey"].as_str().unwrap().to_owned();
    assert_eq!(toss.confirm(&key, "ord-killed", 3_000).await.status, 200);
    let until = Instant::now() + BOUND;
    while !fs::read_to_string(&file).is_ok_and(|text| text.contains(r#""status":"Done""#)) {
        assert!(Instant::now() < until, "the file was not written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.0.kill().expect("SIGKILL");
    drop(running);
    let (_running, toss) = program(&file);
    assert_eq!(toss.read(&key).await.json()["status"], "DONE");
}

fn program(file: &Path) -> (Running, Toss) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_toss-sandbox"));
    program.args(["--listen", "127.0.0.1:0", "--key", "test_ck_one:test_sk_one", "--state"]).arg(file);
    let mut running = Running(program.stdout(Stdio::piped()).spawn().expect("the program starts"));
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).expect("an address");
    let toss = Toss { sandbox: Sandbox::new(config()).unwrap(), address: address.parse().unwrap() };
    (running, toss)
}

/// A program that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
