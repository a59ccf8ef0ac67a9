//! The configuration: one structure, read once. A flag wins over the environment, that over the file, and
//! that over the default. Unknown fields are refused; secrets come from the environment or from a file of
//! their own, and are never printed.
mod billing;
mod retention;
mod vault;

pub(crate) use billing::BillingConfig;
pub(crate) use retention::RetentionConfig;
pub(crate) use vault::VaultConfig;

use crate::cli::{Failure, Options};
use crate::fence::FenceConfig;
use hanbeon_app::claims::HELD;
use hanbeon_app::settings::{CHARGES_AT_ONCE, Settings, Unrecorded};
use hanbeon_domain::Policy;
use hanbeon_domain::payment::LateSuccess;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toss_client::{ClientKey, Mode, SecretKey};

/// Toss's API (Toss core API, transport).
pub(crate) const TOSS_API_URL: &str = "https://api.tosspayments.com";
/// Toss's browser SDK, version 2.
pub(crate) const TOSS_SDK_URL: &str = "https://js.tosspayments.com/v2/standard";
/// Whoever waits longer than a day for a bank does not want to be told.
const SETTLE_MAX_MS: u64 = 24 * 60 * 60 * 1_000;
/// More charges at once than any machine can have.
const CHARGES_MAX: usize = 1_000_000;
const SECRET_KEY_VARIABLE: &str = "HANBEON_TOSS_SECRET_KEY";

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where the server listens. Loopback, unless told otherwise.
    pub(crate) listen: SocketAddr,
    /// Where the sandbox listens, when this process runs one.
    pub(crate) sandbox_listen: SocketAddr,
    /// Where payments are stored; `None`: `sqlite://hanbeon.db`, or the demo's own.
    pub(crate) database_url: Option<String>,
    pub(crate) toss: TossConfig,
    pub(crate) storefront: StorefrontConfig,
    pub(crate) payments: PaymentsConfig,
    pub(crate) billing: BillingConfig,
    /// What keeps secrets from whoever reads the database.
    pub(crate) vault: VaultConfig,
    pub(crate) fence: FenceConfig,
    pub(crate) retention: RetentionConfig,
    pub(crate) limits: Limits,
    pub(crate) log: LogConfig,
}

/// The way to Toss.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TossConfig {
    pub(crate) api_url: Option<String>,
    pub(crate) sdk_url: Option<String>,
    pub(crate) client_key: Option<String>,
    /// A file that holds the secret key and nothing else.
    pub(crate) secret_key_file: Option<PathBuf>,
    /// Toss's name of this merchant (`mId`); when set, a payment of another merchant is never believed.
    pub(crate) merchant_id: Option<String>,
    #[serde(skip)]
    secret_key: Option<SecretKey>,
}

/// The endpoints that browsers call.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StorefrontConfig {
    /// Where the five endpoints are mounted; may be empty.
    pub(crate) prefix: String,
    /// May the session that paid cancel, or only the shop?
    pub(crate) session_may_cancel: bool,
    /// Mark the cookie `Secure` always, not only when a proxy says that the buyer came by HTTPS.
    pub(crate) secure_cookie: bool,
    /// Other origins whose pages may call.
    pub(crate) allowed_origins: Vec<String>,
    /// What to do with an approval that the store would not take.
    pub(crate) unrecorded: UnrecordedConfig,
}

/// See [`Unrecorded`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UnrecordedConfig {
    /// See [`Unrecorded::Cancel`].
    Cancel,
    /// See [`Unrecorded::Finish`].
    Finish,
}

/// What becomes of payments, whoever asked for them.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PaymentsConfig {
    /// What to do with money that turns up after its payment had been given up.
    pub(crate) late_success: LateSuccessConfig,
    /// How long a deposit must have been there before the shop is told of it.
    pub(crate) deposit_settle_ms: u64,
}

/// See [`LateSuccess`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LateSuccessConfig {
    /// See [`LateSuccess::Cancel`].
    Cancel,
    /// See [`LateSuccess::Keep`].
    Keep,
}

/// How long we wait, and how many at once.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// How long a buyer waits before hearing "pending".
    pub(crate) answer_within_ms: u64,
    /// How long a result is offered to a store that will not take it.
    pub(crate) store_retry_ms: u64,
    /// How long a connection to Toss may take to stand.
    pub(crate) toss_connect_timeout_ms: u64,
    /// How long a whole call to Toss may take; shorter than the lease of 90 s.
    pub(crate) toss_timeout_ms: u64,
    /// How long a graceful stop waits for requests that are under way.
    pub(crate) drain_ms: u64,
    /// How many charges that buyers began may be under way at once; see `CHARGES_AT_ONCE`.
    pub(crate) charges_at_once: usize,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// `text` or `json`.
    pub(crate) format: LogFormat,
    /// Which lines, in the syntax of `RUST_LOG`.
    pub(crate) filter: String,
}

/// See [`LogConfig::format`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            sandbox_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            database_url: None,
            toss: TossConfig::default(),
            storefront: StorefrontConfig::default(),
            payments: PaymentsConfig::default(),
            billing: BillingConfig::default(),
            vault: VaultConfig::default(),
            fence: FenceConfig::default(),
            retention: RetentionConfig::default(),
            limits: Limits::default(),
            log: LogConfig { format: LogFormat::Text, filter: "info".to_owned() },
        }
    }
}

impl Default for StorefrontConfig {
    fn default() -> Self {
        Self {
            prefix: "/payments".to_owned(),
            session_may_cancel: true,
            secure_cookie: false,
            allowed_origins: Vec::new(),
            unrecorded: UnrecordedConfig::Cancel,
        }
    }
}

impl Default for PaymentsConfig {
    fn default() -> Self {
        Self { late_success: LateSuccessConfig::Cancel, deposit_settle_ms: 180_000 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer_within_ms: 15_000,
            store_retry_ms: 5_000,
            toss_connect_timeout_ms: 5_000,
            toss_timeout_ms: 60_000,
            drain_ms: 30_000,
            charges_at_once: CHARGES_AT_ONCE,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Config::default().log
    }
}

impl Config {
    /// Reads file, environment and flags.
    ///
    /// # Errors
    /// In words for the operator: which setting is wrong, and what it should be.
    pub(crate) fn load(options: &Options) -> Result<Self, Failure> {
        let mut config = options.config.as_deref().map_or_else(|| Ok(Self::default()), Self::read)?;
        let Options { listen, sandbox_listen, database_url, .. } = options.clone();
        let Options { toss_api_url, toss_sdk_url, toss_client_key, .. } = options.clone();
        config.listen = listen.unwrap_or(config.listen);
        config.sandbox_listen = sandbox_listen.unwrap_or(config.sandbox_listen);
        config.database_url = database_url.or(config.database_url);
        config.toss.api_url = toss_api_url.or(config.toss.api_url);
        config.toss.sdk_url = toss_sdk_url.or(config.toss.sdk_url);
        config.toss.client_key = toss_client_key.or(config.toss.client_key);
        config.fence.file = options.fence_file.clone().or(config.fence.file);
        config.toss.read_secret_key()?;
        config.check()?;
        Ok(config)
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let text =
            std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()).into())
    }

    fn check(&self) -> Result<(), Failure> {
        let prefix = &self.storefront.prefix;
        if !prefix.is_empty() && (!prefix.starts_with('/') || prefix.contains(['{', '}', '?', '#', ' '])) {
            return Err(
                format!("storefront.prefix must be empty or a path like /payments, not {prefix:?}").into()
            );
        }
        if self.limits.toss_timeout_ms >= 90_000 {
            return Err("limits.toss_timeout_ms must be below the lease of 90000".into());
        }
        if self.payments.deposit_settle_ms > SETTLE_MAX_MS {
            return Err(format!("payments.deposit_settle_ms must be at most {SETTLE_MAX_MS}, a day").into());
        }
        if !(1..=CHARGES_MAX).contains(&self.limits.charges_at_once) {
            return Err(format!("limits.charges_at_once must be 1 to {CHARGES_MAX}").into());
        }
        if HELD <= Duration::from_millis(self.limits.answer_within_ms) {
            let held_ms = HELD.as_millis();
            return Err(format!("limits.answer_within_ms must be below {held_ms}").into());
        }
        self.retention.check()?;
        self.toss.check()
    }

    /// The effective configuration, as a file that could be read again. Secrets are in none of its fields.
    ///
    /// # Errors
    /// None that an operator could cause.
    pub(crate) fn to_toml(&self) -> Result<String, Failure> {
        let secret = match &self.toss.secret_key {
            Some(key) => format!("# toss secret key: set, {key:?}\n"),
            None => format!("# toss secret key: not set ({SECRET_KEY_VARIABLE} or toss.secret_key_file)\n"),
        };
        let mut shown = self.clone();
        shown.database_url = Some(self.database_shown());
        Ok(secret + &toml::to_string(&shown)?)
    }

    /// Where payments are stored.
    pub(crate) fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| "sqlite://hanbeon.db".to_owned())
    }

    /// The database's URL without its password.
    pub(crate) fn database_shown(&self) -> String {
        redacted(&self.database_url())
    }

    /// The application's rules.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            charges_at_once: self.limits.charges_at_once,
            answer_within: Duration::from_millis(self.limits.answer_within_ms),
            store_retry: Duration::from_millis(self.limits.store_retry_ms),
            unrecorded: match self.storefront.unrecorded {
                UnrecordedConfig::Cancel => Unrecorded::Cancel,
                UnrecordedConfig::Finish => Unrecorded::Finish,
            },
            session_may_cancel: self.storefront.session_may_cancel,
            merchant_id: self.toss.merchant_id.clone(),
            retention: self.retention.rules(),
            policy: Policy {
                late_success: match self.payments.late_success {
                    LateSuccessConfig::Cancel => LateSuccess::Cancel,
                    LateSuccessConfig::Keep => LateSuccess::Keep,
                },
                deposit_settle: Duration::from_millis(self.payments.deposit_settle_ms),
                ..Policy::default()
            },
            ..Settings::default()
        }
    }
}

impl TossConfig {
    fn read_secret_key(&mut self) -> Result<(), Failure> {
        let from_environment = std::env::var(SECRET_KEY_VARIABLE).ok().filter(|text| !text.is_empty());
        let text = match (&self.secret_key_file, from_environment) {
            (_, Some(text)) => text,
            (Some(path), None) => std::fs::read_to_string(path)
                .map_err(|e| format!("cannot read toss.secret_key_file {}: {e}", path.display()))?,
            (None, None) => return Ok(()),
        };
        let key = SecretKey::parse(text.trim()).map_err(|e| format!("the Toss secret key: {e}"))?;
        self.secret_key = Some(key);
        Ok(())
    }

    /// Keys that do not belong together would fail at the first buyer; they fail here instead.
    fn check(&self) -> Result<(), Failure> {
        let client = self.client_key.as_deref().map(ClientKey::parse).transpose();
        let client = client.map_err(|e| format!("the Toss client key: {e}"))?;
        let Some(secret) = &self.secret_key else { return Ok(()) };
        if let Some(client) = &client {
            if client.mode() != secret.mode() {
                let (client, secret) = (client.mode(), secret.mode());
                return Err(format!(
                    "the client key is {client:?} and the secret key is {secret:?}: use a pair"
                )
                .into());
            }
            if client.is_widget() != secret.is_widget() {
                return Err(
                    "one key is a widget key (gck, gsk) and the other is not (ck, sk): use a pair".into()
                );
            }
        }
        if secret.mode() == Mode::Live && self.api_url().is_some_and(is_loopback) {
            return Err("a live secret key with a sandbox: use a test key, or the real Toss".into());
        }
        Ok(())
    }

    /// The secret key, or how to set it.
    ///
    /// # Errors
    /// When it is not set.
    pub(crate) fn secret_key(&self) -> Result<SecretKey, Failure> {
        self.secret_key.clone().ok_or_else(|| {
            format!(
                "no Toss secret key: set {SECRET_KEY_VARIABLE}, or toss.secret_key_file in the configuration"
            )
            .into()
        })
    }

    /// Whether there is one.
    pub(crate) fn has_secret_key(&self) -> bool {
        self.secret_key.is_some()
    }

    /// Uses this key pair, whatever was set.
    pub(crate) fn use_pair(&mut self, client: &str, secret: SecretKey) {
        self.client_key = Some(client.to_owned());
        self.secret_key = Some(secret);
    }

    fn api_url(&self) -> Option<&str> {
        self.api_url.as_deref()
    }
}

/// Is this the address of something on this machine?
pub(crate) fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
            address.is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// A database URL without its password, of however many hosts.
fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "sqlite") else {
        return url.to_owned();
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut shown = format!("{scheme}://");
    match place.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => shown.extend([name, ":***@", host]),
            None => shown.push_str(place),
        },
        None => shown.push_str(place),
    }
    for (at, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        shown.push(if at == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if name.contains("pass") => shown.extend([name, "=***"]),
            _ => shown.push_str(pair),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_configuration_prints_and_reads_back() {
        let printed = Config::default().to_toml().unwrap();
        let read: Config = toml::from_str(&printed).unwrap();
        assert_eq!(read.to_toml().unwrap(), printed);
    }

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let documented: Config = toml::from_str(include_str!("../../../config/default.toml")).unwrap();
        assert_eq!(documented.to_toml().unwrap(), Config::default().to_toml().unwrap());
    }

    #[test]
    fn an_unknown_field_is_refused() {
        assert!(toml::from_str::<Config>("listn = \"127.0.0.1:1\"").is_err());
        assert!(toml::from_str::<Config>("[toss]\nsecret_key = \"test_sk_abc\"").is_err());
    }

    #[test]
    fn a11_keys_that_do_not_belong_together_refuse_to_start() {
        let check = |client: &str, secret: &str, api_url: Option<&str>| {
            let mut toss = TossConfig { api_url: api_url.map(str::to_owned), ..TossConfig::default() };
            toss.use_pair(client, SecretKey::parse(secret).unwrap());
            toss.check().err().map(|e| e.to_string())
        };
        assert_eq!(check("test_ck_a", "test_sk_a", None), None);
        assert_eq!(check("test_gck_a", "test_gsk_a", Some("http://127.0.0.1:8081")), None);
        assert!(check("test_ck_a", "live_sk_a", None).is_some());
        assert!(check("live_ck_a", "test_sk_a", None).is_some());
        assert!(check("test_gck_a", "test_sk_a", None).is_some());
        assert!(check("live_ck_a", "live_sk_a", Some("http://127.0.0.1:8081")).is_some());
        assert!(check("live_ck_a", "live_sk_a", Some("http://[::1]:8081")).is_some());
        assert_eq!(check("live_ck_a", "live_sk_a", None), None);
    }

    #[test]
    fn a_password_in_a_database_url_is_not_printed() {
        assert_eq!(redacted("postgres://shop:secret@db/pay"), "postgres://shop:***@db/pay");
        assert_eq!(
            redacted("postgres://shop:se@cr:et@one,two:5433/pay?sslmode=require&password=secret"),
            "postgres://shop:***@one,two:5433/pay?sslmode=require&password=***"
        );
        assert_eq!(redacted("postgres://shop@db/pay"), "postgres://shop@db/pay");
        assert_eq!(redacted("sqlite://hanbeon.db"), "sqlite://hanbeon.db");
    }
}
