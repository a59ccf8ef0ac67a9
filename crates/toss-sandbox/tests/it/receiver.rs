//! A receiver of webhooks on a free port that answers as a test tells it to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use toss_sandbox::{Sandbox, WebhookEndpoint, WebhookEvent};

use crate::client::BOUND;

/// A webhook as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        let name = format!("tosspayments-webhook-{name}");
        self.headers.get(&name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("visible text")
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    pub(crate) fn content_type(&self) -> &str {
        self.headers["content-type"].to_str().expect("visible text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Event and status: `D:` for a deposit callback, `P:` for a payment status changed.
    pub(crate) fn tells(&self) -> String {
        let body = self.json();
        match body["data"]["status"].as_str() {
            Some(status) => format!("P:{status}"),
            None => format!("D:{}", body["status"].as_str().expect("a status")),
        }
    }

    pub(crate) fn order(&self) -> String {
        let body = self.json();
        let order = body["data"]["orderId"].as_str().or(body["orderId"].as_str());
        order.expect("an order").to_owned()
    }
}

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    answers: Arc<Mutex<Vec<u16>>>,
    /// Closed while the receiver hangs.
    gate: Arc<Semaphore>,
}

impl Receiver {
    /// Answers with these statuses, the last one for ever.
    pub(crate) async fn start(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/webhooks/toss", listener.local_addr().expect("a bound port"));
        let receiver = Self {
            url,
            heard: Arc::default(),
            answers: Arc::new(Mutex::new(answers.to_vec())),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        let router = Router::new().route("/webhooks/toss", post(hear)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// Takes every webhook and never answers.
    pub(crate) async fn hanging() -> Self {
        let receiver = Self::start(&[200]).await;
        receiver.gate.forget_permits(Semaphore::MAX_PERMITS);
        receiver
    }

    /// Subscribed to everything.
    pub(crate) fn subscribe(&self, sandbox: &Sandbox) {
        sandbox.add_webhook_endpoint(WebhookEndpoint::new(&self.url)).expect("a loopback address");
    }

    pub(crate) fn subscribe_to(&self, sandbox: &Sandbox, event: WebhookEvent) {
        let endpoint = WebhookEndpoint::new(&self.url).only(&[event]);
        sandbox.add_webhook_endpoint(endpoint).expect("a loopback address");
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("no test panics inside").clone()
    }

    /// Waits until so many webhooks have come; fails beyond the bound.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Heard> {
        let wait = async {
            while self.heard().len() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let done = tokio::time::timeout(BOUND, wait).await;
        assert!(done.is_ok(), "heard {} of {count}: {:?}", self.heard().len(), self.tells());
        self.heard()
    }

    /// What was told so far, sorted: the order of webhooks is nobody's promise.
    pub(crate) fn tells(&self) -> Vec<String> {
        let mut tells: Vec<String> = self.heard().iter().map(Heard::tells).collect();
        tells.sort();
        tells
    }
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    receiver.heard.lock().expect("no test panics inside").push(Heard { headers, body: body.to_vec() });
    let status = {
        let mut answers = receiver.answers.lock().expect("no test panics inside");
        if answers.len() > 1 { answers.remove(0) } else { answers[0] }
    };
    let _open = receiver.gate.acquire().await;
    StatusCode::from_u16(status).expect("a status")
}
