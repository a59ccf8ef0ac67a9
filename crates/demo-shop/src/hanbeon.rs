//! The one call that the shop's server makes: `POST /v1/orders`, with the merchant's key.
//!
//! It happens before the buyer pays and moves no money, so a failure needs no recovery: the buyer presses the
//! button again and gets a new order, and the first one, if it exists, is never paid.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};

use crate::catalogue::Line;

/// hanbeon is a neighbour: a connection that takes longer than this is not coming.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A buyer waits for this call; after it they are better served by an apology.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The answer is an order of at most twenty lines (bytes).
const MAX_ANSWER_BYTES: usize = 64 * 1024;

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
}

/// Why there is no order.
#[derive(Debug)]
pub(crate) enum NoOrder {
    /// hanbeon could not be reached, or its answer was cut off.
    Unreachable(reqwest::Error),
    /// hanbeon answered, and it was not `201 Created`.
    Refused { status: u16 },
    /// hanbeon answered `201 Created` with something that is not our order.
    NotOurOrder,
}

/// The shop's side of hanbeon's merchant API.
pub(crate) struct Merchant {
    client: reqwest::Client,
    orders_url: String,
    api_key: String,
}

impl Merchant {
    pub(crate) fn new(hanbeon_url: &str, api_key: String) -> Self {
        let orders_url = format!("{}/v1/orders", hanbeon_url.trim_end_matches('/'));
        Self { client: client(), orders_url, api_key }
    }

    /// Tells hanbeon about an order, and believes the answer only if it is about that order.
    pub(crate) async fn create_order(&self, order: &NewOrder) -> Result<CreatedOrder, NoOrder> {
        let body = serde_json::to_vec(order).expect("strings and integers always serialise");
        let mut answer = self
            .client
            .post(&self.orders_url)
            .bearer_auth(&self.api_key)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(NoOrder::Unreachable)?;
        if answer.status().as_u16() != 201 {
            return Err(NoOrder::Refused { status: answer.status().as_u16() });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(NoOrder::Unreachable)? {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(NoOrder::NotOurOrder);
            }
            bytes.extend_from_slice(&chunk);
        }
        let created: CreatedOrder = serde_json::from_slice(&bytes).map_err(|_| NoOrder::NotOurOrder)?;
        let well_formed = created.id.len() == 32 && created.id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !well_formed || created.total_amount != order.total_amount {
            return Err(NoOrder::NotOurOrder);
        }
        Ok(created)
    }
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
