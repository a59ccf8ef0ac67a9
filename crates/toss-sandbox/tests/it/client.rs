//! A sandbox on a free port with a clock that stands still, and a plain HTTP client that sees every byte.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use toss_sandbox::{Config, JournalEntry, NewPayment, Sandbox, Switches};

pub(crate) const API_SECRET: &str = "test_sk_zXLkKEypNArWmo50nX3lmeaxYG5R";
pub(crate) const API_CLIENT: &str = "test_ck_D5GePWvyJnrK0W0k6q8gLzN97Eoq";
pub(crate) const WIDGET_SECRET: &str = "test_gsk_docs_OaPz8L5KdmQXkzRz3y47BMw6";
pub(crate) const WIDGET_CLIENT: &str = "test_gck_docs_Ovk5rk1EwkEbP0W43n07xlzm";
/// `base64(API_SECRET + ":")`.
pub(crate) const API_BASIC: &str = "Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOg==";
/// `base64(WIDGET_SECRET + ":")`.
pub(crate) const WIDGET_BASIC: &str = "Basic dGVzdF9nc2tfZG9jc19PYVB6OEw1S2RtUVhrelJ6M3k0N0JNdzY6";

/// No test waits longer than this for anything.
pub(crate) const BOUND: Duration = Duration::from_secs(10);

/// 14:05:09 in Korea on the second of March 2026.
fn noon() -> jiff::Timestamp {
    "2026-03-02T14:05:09+09:00".parse().expect("a valid instant")
}

pub(crate) fn config() -> Config {
    Config {
        clock: Arc::new(noon),
        seed: Some(7),
        // The clock stands still here: to the rule every second cancel of a payment would be a quick one.
        switches: Switches { quick_cancels_ms: 0, ..Switches::default() },
        max_payments: 1_000,
        max_journal: 1_000,
        max_idempotency_keys: 1_000,
        ..Config::default()
    }
}

/// The usual configuration of these tests with some switches set.
pub(crate) fn with(set: impl FnOnce(&mut Switches)) -> Config {
    let mut config = config();
    set(&mut config.switches);
    config
}

pub(crate) struct Toss {
    pub(crate) sandbox: Sandbox,
    pub(crate) address: SocketAddr,
}

impl Toss {
    pub(crate) async fn start() -> Self {
        Self::start_with(config()).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        let sandbox = Sandbox::new(config).expect("a valid configuration");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let served = sandbox.clone();
        tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
        Self { sandbox, address }
    }

    /// A card payment that waits for its confirm.
    pub(crate) fn authenticated(&self, order: &str, amount: i64) -> String {
        self.sandbox.authenticate(&NewPayment::card(order, amount)).expect("an authenticated payment")
    }

    /// A payment that is confirmed.
    pub(crate) async fn approved(&self, order: &str, amount: i64, method: &str) -> String {
        let new = NewPayment::card(order, amount).by(method);
        let key = self.sandbox.authenticate(&new).expect("an authenticated payment");
        let reply = self.confirm(&key, order, amount).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        key
    }

    pub(crate) async fn confirm(&self, key: &str, order: &str, amount: i64) -> Reply {
        self.send(Ask::confirm(key, order, amount)).await
    }

    pub(crate) async fn cancel(&self, key: &str, body: Value) -> Reply {
        self.send(Ask::post(&format!("/v1/payments/{key}/cancel"), body)).await
    }

    pub(crate) async fn read(&self, key: &str) -> Reply {
        self.send(Ask::get(&format!("/v1/payments/{key}"))).await
    }

    pub(crate) async fn send(&self, ask: Ask) -> Reply {
        self.try_send(ask).await.expect("an answer")
    }

    /// Sends on a connection of its own and reads to its end.
    pub(crate) async fn try_send(&self, ask: Ask) -> std::io::Result<Reply> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(&ask.bytes(self.address)).await?;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await?;
            Reply::read(&bytes).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
        };
        tokio::time::timeout(BOUND, exchange).await.expect("an end within the bound")
    }

    pub(crate) fn journal(&self) -> Vec<JournalEntry> {
        self.sandbox.journal(0, 1_000).entries
    }

    pub(crate) fn status(&self, key: &str) -> String {
        let payment = self.sandbox.payment(key).expect("a payment");
        payment["status"].as_str().expect("a status").to_owned()
    }

    /// Waits until something is so; fails beyond the bound.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Sandbox) -> bool) {
        let wait = async {
            while !is_so(&self.sandbox) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(BOUND, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
    }
}

/// A request.
#[derive(Clone)]
pub(crate) struct Ask {
    method: &'static str,
    path: String,
    /// The name that the server is asked under; its address by default.
    host: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(method: &'static str, path: &str, body: Vec<u8>) -> Self {
        let headers = vec![("authorization".into(), API_BASIC.into())];
        Self { method, path: path.into(), host: None, headers, body }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path, Vec::new())
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads better with json!(…) in the call")]
    pub(crate) fn post(path: &str, body: Value) -> Self {
        Self::new("POST", path, body.to_string().into_bytes()).with("content-type", "application/json")
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads better with json!(…) in the call")]
    pub(crate) fn patch(path: &str, body: Value) -> Self {
        Self::new("PATCH", path, body.to_string().into_bytes()).with("content-type", "application/json")
    }

    pub(crate) fn confirm(key: &str, order: &str, amount: i64) -> Self {
        let body = json!({ "paymentKey": key, "orderId": order, "amount": amount });
        Self::post("/v1/payments/confirm", body)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn under(mut self, name: &str) -> Self {
        self.host = Some(name.into());
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.with("idempotency-key", key)
    }

    pub(crate) fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let host = self.host.clone().unwrap_or_else(|| address.to_string());
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").expect("a String takes every text");
        }
        write!(head, "content-length: {}\r\n\r\n", self.body.len()).expect("a String takes every text");
        [head.into_bytes(), self.body.clone()].concat()
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Some(Self { status, headers, body: bytes[end + 4..].to_vec() })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Status and error code, `"200"` for a success.
    pub(crate) fn verdict(&self) -> String {
        match self.json()["code"].as_str() {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }
}
