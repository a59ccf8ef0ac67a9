//! What the shop's server says to hanbeon: calls of its merchant API, with the merchant's key.
//!
//! Making an order moves no money, so a failure needs no recovery: the buyer presses the button again and gets a new
//! order, and the first one, if it exists, is never paid. What moves money carries an `Idempotency-Key`: whoever repeats
//! it under the same one hears how it ended.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderName;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue::Line;

/// hanbeon is a neighbour: a connection that takes longer than this is not coming.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A buyer waits for this call; after it they are better served by an apology.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// What moves money waits for Toss; hanbeon says "not known yet" when that takes too long.
const MONEY_TIMEOUT: Duration = Duration::from_secs(75);
/// The longest answer is an order with its payments (bytes).
const MAX_ANSWER_BYTES: usize = 64 * 1024;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What hanbeon is told about an order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewOrder {
    pub(crate) merchant_reference: String,
    pub(crate) order_name: String,
    /// Won; the authority that every later amount is compared with.
    pub(crate) total_amount: u64,
    pub(crate) lines: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer: Option<Customer>,
}

/// The buyer, as far as Toss and hanbeon want to know them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) mobile_phone: String,
}

impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customer([redacted])")
    }
}

/// The part of hanbeon's answer that the shop needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedOrder {
    /// 32 hex digits.
    pub(crate) id: String,
    /// Won.
    pub(crate) total_amount: u64,
    /// What of it is not taxed, which the payment window has to be told.
    #[serde(default)]
    pub(crate) tax_free_amount: u64,
}

/// What hanbeon said: nothing of it is looked into yet.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) bytes: Vec<u8>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is in it may be a buyer's.
        write!(f, "Answer({})", self.status)
    }
}

impl Answer {
    /// Was it done, or taken in hand?
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer as what it should be.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, NoAnswer> {
        serde_json::from_slice(&self.bytes).map_err(|_| NoAnswer::Nonsense)
    }
}

/// There is no usable answer. Nobody knows what became of the call.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// hanbeon could not be reached, or its answer was cut off.
    Unreachable(reqwest::Error),
    /// It is too long, or not what was asked for.
    Nonsense,
}

impl NoAnswer {
    /// For the operator: the address is configuration and may hold a password, so the reason alone.
    pub(crate) fn log(&self) {
        match self {
            Self::Unreachable(error) => {
                let reason = if error.is_timeout() { "no answer in time" } else { "no connection" };
                tracing::warn!(reason, "hanbeon could not be reached");
            }
            Self::Nonsense => tracing::warn!("hanbeon answered with something else"),
        }
    }
}

/// Why there is no order.
#[derive(Debug)]
pub(crate) enum NoOrder {
    NoAnswer(NoAnswer),
    /// hanbeon answered, and it was not `201 Created`.
    Refused {
        status: u16,
    },
    /// hanbeon answered `201 Created` with something that is not our order.
    NotOurOrder,
}

/// The shop's side of hanbeon's merchant API.
pub(crate) struct Merchant {
    client: reqwest::Client,
    url: String,
    api_key: String,
}

impl Merchant {
    pub(crate) fn new(hanbeon_url: &str, api_key: String) -> Self {
        Self { client: client(), url: hanbeon_url.trim_end_matches('/').to_owned(), api_key }
    }

    /// Tells hanbeon about an order, and believes the answer only if it is about that order.
    pub(crate) async fn create_order(&self, order: &NewOrder) -> Result<CreatedOrder, NoOrder> {
        let request = self.request(Method::POST, "/v1/orders");
        let answer = send(with_body(request, order)).await.map_err(NoOrder::NoAnswer)?;
        if answer.status != 201 {
            return Err(NoOrder::Refused { status: answer.status });
        }
        let created: CreatedOrder = answer.read().map_err(|_| NoOrder::NotOurOrder)?;
        let well_formed = created.id.len() == 32 && created.id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !well_formed || created.total_amount != order.total_amount {
            return Err(NoOrder::NotOurOrder);
        }
        Ok(created)
    }

    /// Asks.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, NoAnswer> {
        send(self.request(Method::GET, path)).await
    }

    /// Has something done once, however often it is asked for under this name.
    pub(crate) async fn once(&self, name: &str, path: &str, body: &Value) -> Result<Answer, NoAnswer> {
        let request = self.request(Method::POST, path).header(IDEMPOTENCY_KEY, name).timeout(MONEY_TIMEOUT);
        send(with_body(request, body)).await
    }

    /// Ends something.
    pub(crate) async fn delete(&self, path: &str) -> Result<Answer, NoAnswer> {
        send(self.request(Method::DELETE, path).timeout(MONEY_TIMEOUT)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.api_key)
    }
}

fn with_body(request: RequestBuilder, body: &impl Serialize) -> RequestBuilder {
    let body = serde_json::to_vec(body).expect("strings and integers always serialise");
    request.header(CONTENT_TYPE, "application/json").body(body)
}

async fn send(request: RequestBuilder) -> Result<Answer, NoAnswer> {
    let mut answer = request.send().await.map_err(NoAnswer::Unreachable)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(NoAnswer::Unreachable)? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(NoAnswer::Nonsense);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Answer { status: answer.status().as_u16(), bytes })
}

fn client() -> reqwest::Client {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT)
        // A redirect would carry the order, and perhaps the key, to an address that nobody configured.
        .redirect(Policy::none())
        // hanbeon is the shop's own server; a proxy for the outside world has no business in between.
        .no_proxy()
        .build()
        .expect("a client with fixed settings and its own TLS configuration builds")
}
