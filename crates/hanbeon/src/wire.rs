//! The only composition: configuration in, application and router out.
use crate::archive::FileArchive;
use crate::cli::Failure;
use crate::config::{Config, TOSS_API_URL};
use crate::fence::Fence;
use crate::stores::{self, Role, Stores};
use axum::Router;
use axum::http::HeaderValue;
use hanbeon_api::{ApiConfig, Metrics};
use hanbeon_app::App;
use hanbeon_app::billing::Billing;
use hanbeon_app::receipts::Receipts;
use hanbeon_psp::TossPsp;
use hanbeon_store::Store;
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
    /// Where rows go that the store forgets.
    pub(crate) archive: Option<FileArchive>,
}

/// Puts the parts together.
///
/// # Errors
/// In words for the operator: a missing key, a store that will not open.
pub(crate) async fn wire(config: &Config) -> Result<Wired, Failure> {
    let Stores { payments: store, billing: billing_store, receipts: receipt_store, numbers, env } =
        stores::open(config, Role::Server).await?;
    let psp = TossPsp::new(toss_client(config)?, config.toss.merchant_id.clone());
    let psp = Arc::new(match &config.fence.file {
        Some(file) => psp.behind(Arc::new(Fence::new(file.clone(), Arc::clone(&store)))),
        None => psp,
    });
    let (billing_psp, receipt_psp) = (Arc::clone(&psp), Arc::clone(&psp));
    let vault = config.vault.open()?;
    let archive = config.retention.archive(&env);
    let app = App::with_vault(Arc::clone(&store), psp, env, config.settings(), vault);
    let billing = Billing::new(Arc::clone(&app), billing_store, billing_psp, config.billing.dunning());
    let receipts = Receipts::new(Arc::clone(&app), receipt_store, receipt_psp);
    let metrics = Metrics::new(Arc::clone(&app), vec![numbers]);
    let mounted = ApiConfig {
        billing: Some(Arc::clone(&billing)),
        receipts: Some(Arc::clone(&receipts)),
        ..api_config(config)?
    };
    let router = hanbeon_api::router(Arc::clone(&app), metrics, &mounted);
    Ok(Wired { app, billing, receipts, router, store, archive })
}

/// An error with its causes, for an operator.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
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
