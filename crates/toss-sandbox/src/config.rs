//! What a sandbox can be told: its merchants, its clock, its limits, and how to read the documents' gaps.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, system_clock};
use crate::promotions::Promotion;
use crate::settlements::Fees;
use crate::switches::Switches;
use crate::webhooks::{WebhookEndpoint, WebhookError};

/// Everything a sandbox needs to know. `Config::default()` is a working one.
#[derive(Clone)]
pub struct Config {
    /// The merchants, one per key pair. The default is Toss's two public documentation pairs.
    pub merchants: Vec<Merchant>,
    /// Where the time comes from. Moving it is [`Sandbox::advance`](crate::Sandbox::advance)'s work too.
    pub clock: Clock,
    /// Makes every made-up key repeatable; `None` takes a random seed.
    pub seed: Option<u64>,
    /// A file in which everything that happens is kept, so that another start goes on from it; in memory alone by
    /// default. It is read by [`Sandbox::new`](crate::Sandbox::new) and written under
    /// [`Sandbox::serve`](crate::Sandbox::serve), about once a second and at the end: a kill loses the last moment.
    pub state: Option<PathBuf>,
    /// The origin in `checkout.url` of payments that are made in-process, without a request to take it from.
    pub public_origin: String,
    /// What it does where Toss's documents are silent; to be changed while it runs, too.
    pub switches: Switches,
    /// Who is sent webhooks from the start; more by `POST /sandbox/webhooks/endpoints`.
    pub webhooks: Vec<WebhookEndpoint>,
    /// Whether webhooks may go to other machines, such as another container's; loopback addresses only by default.
    pub webhooks_anywhere: bool,
    /// Divides the minutes between the tries of a webhook: 60 makes seconds of them. 1 by default.
    pub webhook_compression: u32,
    /// How long a receiver of a webhook may take to answer 200: 10 s, as at Toss.
    pub webhook_timeout: Duration,
    /// Webhooks kept, pending ones and past ones; beyond it the oldest are forgotten, sent or not.
    pub max_webhooks: usize,
    /// Rows of the list of transactions kept; beyond it the oldest are forgotten.
    pub max_transactions: usize,
    /// Payments kept; beyond it the oldest finished ones are forgotten. [`Config::keep_payments`] sets it together with
    /// what belongs to them, and says how much memory they take.
    pub max_payments: usize,
    /// The fees of settlements.
    pub fees: Fees,
    /// What card companies and banks give to buyers.
    pub promotions: Vec<Promotion>,
    /// Billing keys kept, and as many authentications; beyond it the oldest are forgotten.
    pub max_billing_keys: usize,
    /// Stand-alone cash receipts kept; beyond it the oldest are forgotten.
    pub max_cash_receipts: usize,
    /// Journal entries kept; beyond it the oldest are forgotten.
    pub max_journal: usize,
    /// Idempotency keys kept; beyond it the oldest are forgotten before their 15 days are over.
    pub max_idempotency_keys: usize,
    /// Connections served at once; further ones wait to be accepted.
    pub max_connections: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            merchants: vec![Merchant::docs_api(), Merchant::docs_widget()],
            clock: system_clock(),
            seed: None,
            state: None,
            public_origin: String::from("http://127.0.0.1:8081"),
            switches: Switches::default(),
            webhooks: Vec::new(),
            webhooks_anywhere: false,
            webhook_compression: 1,
            webhook_timeout: Duration::from_secs(10),
            max_webhooks: 10_000,
            max_transactions: 1_000_000,
            max_payments: 1_000_000,
            fees: Fees::default(),
            promotions: Promotion::examples(),
            max_billing_keys: 100_000,
            max_cash_receipts: 100_000,
            max_journal: 1_000_000,
            max_idempotency_keys: 1_000_000,
            max_connections: 8_192,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("merchants", &self.merchants).finish_non_exhaustive()
    }
}

/// A merchant: one pair of test keys and the name that the window shows.
#[derive(Clone)]
pub struct Merchant {
    /// Shown to the buyer.
    pub name: String,
    /// `Payment.mId`, at most 14 characters; its first five open every payment key.
    pub mid: Arc<str>,
    /// `test_ck_…` or `test_gck_…`.
    pub client_key: String,
    /// `test_sk_…` or `test_gsk_…`, of the same family as the client key.
    pub secret_key: String,
    /// A `test_ck_…` of the same merchant beside its `test_gck_…`, for a shop whose one page shows the widget and
    /// another registers cards. At Toss these are two pairs; here the one secret key stands for both.
    pub api_client_key: Option<String>,
    /// `Payment.version`.
    pub version: Arc<str>,
    /// Whether tax-free parts count. An ordinary merchant's `taxFreeAmount` is 0 whatever it sends.
    pub mixed_tax: bool,
}

impl Merchant {
    /// A merchant of one key pair, with an ordinary tax status.
    #[must_use]
    pub fn new(name: &str, mid: &str, client_key: &str, secret_key: &str) -> Self {
        Self {
            name: name.to_owned(),
            mid: mid.into(),
            client_key: client_key.to_owned(),
            secret_key: secret_key.to_owned(),
            api_client_key: None,
            version: "2022-11-16".into(),
            mixed_tax: false,
        }
    }

    /// Toss's public documentation pair for `payment()` and the server API.
    #[must_use]
    pub fn docs_api() -> Self {
        let secret = "test_sk_zXLkKEypNArWmo50nX3lmeaxYG5R";
        Self::new("토스페이먼츠", "tvivarepublica", "test_ck_D5GePWvyJnrK0W0k6q8gLzN97Eoq", secret)
    }

    /// Toss's public documentation pair for `widgets()`.
    #[must_use]
    pub fn docs_widget() -> Self {
        let secret = "test_gsk_docs_OaPz8L5KdmQXkzRz3y47BMw6";
        Self::new("토스페이먼츠", "tvivawidgetdoc", "test_gck_docs_Ovk5rk1EwkEbP0W43n07xlzm", secret)
    }

    /// Every key that a page of this merchant's may show.
    pub(crate) fn client_keys(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.client_key).chain(&self.api_client_key)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |why| Err(ConfigError::Merchant { mid: self.mid.to_string(), why });
        if self.client_key.starts_with("live_") || self.secret_key.starts_with("live_") {
            return refuse("live keys never belong in a sandbox");
        }
        let pairs = [("test_ck_", "test_sk_"), ("test_gck_", "test_gsk_")];
        let fits = |(client, secret): &(&str, &str)| {
            self.client_key.starts_with(client) && self.secret_key.starts_with(secret)
        };
        if !pairs.iter().any(fits) {
            return refuse("the keys are not a pair of test_ck_/test_sk_ or test_gck_/test_gsk_");
        }
        if self.api_client_key.as_ref().is_some_and(|key| !key.starts_with("test_ck_")) {
            return refuse("the client key for payment() is no test_ck_");
        }
        if self.mid.is_empty() || self.mid.len() > 14 || !self.mid.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return refuse("a mid has 1 to 14 letters and digits");
        }
        Ok(())
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant")
            .field("name", &self.name)
            .field("mid", &self.mid)
            .field("client_key", &self.client_key)
            .field("secret_key", &"…")
            .finish_non_exhaustive()
    }
}

/// Which SDK surface a client key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Widget,
    Api,
}

impl Family {
    pub(crate) fn of(client_key: &str) -> Self {
        if client_key.starts_with("test_gck_") { Self::Widget } else { Self::Api }
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// One merchant cannot be served.
    #[error("merchant {mid}: {why}")]
    Merchant {
        /// The merchant's id.
        mid: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A merchant that was named by something else than a pair of keys.
    #[error("a merchant is a pair of keys, CLIENT:SECRET, for example test_ck_a:test_sk_a")]
    Pair,
    /// Two merchants share a key or an id.
    #[error("two merchants share {0}")]
    Shared(&'static str),
    /// A receiver of webhooks cannot be served.
    #[error("a receiver of webhooks was refused")]
    Webhook(#[from] WebhookError),
    /// A promotion of an organisation that Toss does not know, or a rate outside 1 to 30 percent.
    #[error("the promotion of {0} cannot be served")]
    Promotion(String),
    /// The state file cannot be read or written, is another sandbox's, or is in use.
    #[error("the state file {}: {why}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The system gave no random seed.
    #[error("no random seed")]
    Seed(#[source] getrandom::Error),
}

impl Config {
    /// One more merchant, by its pair of test keys: `test_ck_…:test_sk_…`. One that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// No pair of keys; what the keys themselves are is looked at when the sandbox is made.
    pub fn add_merchant(&mut self, pair: &str) -> Result<(), ConfigError> {
        let both = pair.split_once(':').filter(|(client, secret)| !client.is_empty() && !secret.is_empty());
        let (client, secret) = both.ok_or(ConfigError::Pair)?;
        if self.merchants.iter().all(|known| known.secret_key != secret) {
            let mid = format!("tlocal{}", self.merchants.len());
            self.merchants.push(Merchant::new("테스트 상점", &mid, client, secret));
        }
        Ok(())
    }

    /// Keeps at most so many payments, rows of the list of transactions, idempotency keys and journal entries each; the
    /// oldest are forgotten first. A confirmed payment with one of each takes about 2.4 kB.
    pub fn keep_payments(&mut self, most: usize) {
        self.max_payments = most;
        self.max_transactions = most;
        self.max_idempotency_keys = most;
        self.max_journal = most;
    }

    /// Refuses what could not be served: live keys, mixed families, shared keys.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if let Some(promotion) = self.promotions.iter().find(|promotion| !promotion.is_known()) {
            return Err(ConfigError::Promotion(promotion.company.clone()));
        }
        for (at, merchant) in self.merchants.iter().enumerate() {
            merchant.check()?;
            for other in &self.merchants[..at] {
                let shares_a_page =
                    other.client_keys().any(|key| merchant.client_keys().any(|own| own == key));
                if other.secret_key == merchant.secret_key || shares_a_page {
                    return Err(ConfigError::Shared("a key"));
                }
                if other.mid == merchant.mid {
                    return Err(ConfigError::Shared("a mid"));
                }
            }
        }
        Ok(())
    }
}
