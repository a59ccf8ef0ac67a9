//! The only composition: configuration in, application and router out.
use crate::cli::Failure;
use crate::config::{Config, TOSS_API_URL};
#[cfg(feature = "failpoints")]
use crate::failpoints::{ENV, reached, unsynced};
use axum::Router;
use axum::http::HeaderValue;
use hanbeon_api::{ApiConfig, Metrics, Number, Numbers};
use hanbeon_app::billing::Billing;
#[cfg(not(feature = "failpoints"))]
use hanbeon_app::env::SystemEnv as ENV;
use hanbeon_app::receipts::Receipts;
use hanbeon_app::{App, Env as _};
use hanbeon_psp::TossPsp;
use hanbeon_store::{BillingStore, ReceiptStore, Store};
use hanbeon_store_sqlite::{Options, Role, SqliteStore, Stats};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use toss_client::Client;

/// A server that is ready to run.
pub(crate) struct Wired {
    pub(crate) app: Arc<App>,
    pub(crate) billing: Arc<Billing>,
    pub(crate) receipts: Arc<Receipts>,
    pub(crate) router: Router,
    pub(crate) store: Arc<dyn Store>,
}

/// Puts the parts together.
///
/// # Errors
/// In words for the operator: a missing key, a store that will not open.
pub(crate) fn wire(config: &Config) -> Result<Wired, Failure> {
    let sqlite = open_sqlite(config, Role::Server)?;
    let numbers = store_numbers(Arc::clone(&sqlite));
    let billing_store: Arc<dyn BillingStore> = sqlite.clone();
    let receipt_store: Arc<dyn ReceiptStore> = sqlite.clone();
    let store: Arc<dyn Store> = sqlite;
    let psp = Arc::new(TossPsp::new(toss_client(config)?, config.toss.merchant_id.clone()));
    let (billing_psp, receipt_psp) = (Arc::clone(&psp), Arc::clone(&psp));
    let vault = config.vault.open()?;
    let app = App::with_vault(Arc::clone(&store), psp, Arc::new(ENV), config.settings(), vault);
    let billing = Billing::new(Arc::clone(&app), billing_store, billing_psp, config.billing.dunning());
    let receipts = Receipts::new(Arc::clone(&app), receipt_store, receipt_psp);
    let metrics = Metrics::new(Arc::clone(&app), vec![numbers]);
    let mounted = ApiConfig {
        billing: Some(Arc::clone(&billing)),
        receipts: Some(Arc::clone(&receipts)),
        ..api_config(config)?
    };
    let router = hanbeon_api::router(Arc::clone(&app), metrics, &mounted);
    Ok(Wired { app, billing, receipts, router, store })
}

/// Opens the store that the database URL names.
///
/// # Errors
/// When the URL is of no store that we have, or the store will not open.
pub(crate) fn open_store(config: &Config, role: Role) -> Result<Arc<dyn Store>, Failure> {
    Ok(open_sqlite(config, role)?)
}

/// The same, as the embedded store that it is.
///
/// # Errors
/// As [`open_store`].
pub(crate) fn open_sqlite(config: &Config, role: Role) -> Result<Arc<SqliteStore>, Failure> {
    let url = config.database_url();
    let path = sqlite_path(&url)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    }
    let options = match role {
        Role::Server => Options::server(ENV.now()),
        Role::Tool => Options::tool(ENV.now()),
    };
    #[cfg(feature = "failpoints")]
    let options = Options { reached, unsynced: unsynced(), ..options };
    let store = SqliteStore::open(&path, options).map_err(|e| format!("cannot open {url}: {}", chain(&e)))?;
    Ok(Arc::new(store))
}

/// An error with its causes, for an operator.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The file of a `sqlite://` URL.
///
/// # Errors
/// For any other URL.
pub(crate) fn sqlite_path(url: &str) -> Result<PathBuf, Failure> {
    match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
        Some(path) if !path.is_empty() && path != ":memory:" => Ok(PathBuf::from(path)),
        _ => Err(format!("the database URL must be sqlite://PATH, not {url:?}").into()),
    }
}

/// The client of Toss.
///
/// # Errors
/// A missing key, or a URL that a secret key must not be sent to.
pub(crate) fn toss_client(config: &Config) -> Result<Client, Failure> {
    let url = config.toss.api_url.as_deref().unwrap_or(TOSS_API_URL);
    let client = Client::builder(config.toss.secret_key()?)
        .base_url(url)
        .connect_timeout(Duration::from_millis(config.limits.toss_connect_timeout_ms))
        .timeout(Duration::from_millis(config.limits.toss_timeout_ms))
        .build();
    client.map_err(|e| format!("Toss at {url}: {e}").into())
}

fn store_numbers(store: Arc<SqliteStore>) -> Numbers {
    Box::new(move || {
        let Stats { groups, failed_groups, verbs, commit_time, reads, turned_away, panics, .. } =
            store.stats();
        let micros = u64::try_from(commit_time.as_micros()).unwrap_or(u64::MAX);
        [
            ("store_commits", "Transactions committed, each with one flush to disk", groups),
            ("store_failed_commits", "Transactions that could not be committed", failed_groups),
            ("store_write_verbs", "Write verbs carried out; many share one commit", verbs),
            ("store_commit_microseconds", "Time spent in COMMIT, flush included", micros),
            ("store_read_verbs", "Read verbs carried out", reads),
            ("store_turned_away", "Verbs that found their queue full", turned_away),
            ("store_panics", "Verbs that panicked: a defect, contained", panics),
        ]
        .map(|(name, help, count)| Number { name, help, count })
        .into()
    })
}

fn api_config(config: &Config) -> Result<ApiConfig, Failure> {
    let origin = |origin: &String| {
        HeaderValue::from_str(origin).map_err(|e| format!("storefront.allowed_origins: {origin:?}: {e}"))
    };
    Ok(ApiConfig {
        storefront_prefix: config.storefront.prefix.clone(),
        secure_cookie: config.storefront.secure_cookie,
        allowed_origins: config.storefront.allowed_origins.iter().map(origin).collect::<Result<_, _>>()?,
        ..ApiConfig::default()
    })
}

/// A client for the commands that look at a running server. Follows no redirect.
///
/// # Errors
/// None that an operator could cause.
pub(crate) fn http_client(timeout: Duration) -> Result<reqwest::Client, Failure> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).timeout(timeout);
    Ok(client.redirect(reqwest::redirect::Policy::none()).no_proxy().build()?)
}
