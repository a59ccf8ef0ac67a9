//! Every URL of the house.
use crate::ops::metrics::Metrics;
use crate::{merchant, ops, storefront, webhook};
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::routing::{get, post};
use axum::{Router, middleware};
use hanbeon_app::App;
use hanbeon_app::billing::Billing;
use hanbeon_app::receipts::Receipts;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;

/// Largest request body, in bytes: an order of 500 lines fits twice.
pub(crate) const BODY_MAX: usize = 256 * 1024;

/// How the interface is mounted.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Where the five storefront endpoints are: `/payments`, another path, or empty for the root.
    pub storefront_prefix: String,
    /// Mark the session cookie `Secure` even if no proxy says that the buyer came by HTTPS.
    pub secure_cookie: bool,
    /// Other origins whose pages may call the storefront endpoints with the buyer's cookie.
    pub allowed_origins: Vec<HeaderValue>,
    /// Charges without a window; without it, their endpoints say that they are not set up.
    pub billing: Option<Arc<Billing>>,
    /// Cash receipts.
    pub receipts: Option<Arc<Receipts>>,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            storefront_prefix: "/payments".to_owned(),
            secure_cookie: false,
            allowed_origins: Vec::new(),
            billing: None,
            receipts: None,
        }
    }
}

/// What every handler can reach.
pub(crate) struct Api {
    pub(crate) app: Arc<App>,
    pub(crate) secure_cookie: bool,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) gate: webhook::Gate,
    pub(crate) billing: Option<Arc<Billing>>,
    pub(crate) receipts: Option<Arc<Receipts>>,
}

/// The whole interface over one application.
pub fn router(app: Arc<App>, metrics: Arc<Metrics>, config: &ApiConfig) -> Router {
    let observed = middleware::from_fn_with_state(Arc::clone(&metrics), ops::observe::observe);
    let api = Arc::new(Api {
        app,
        secure_cookie: config.secure_cookie,
        metrics,
        gate: webhook::Gate::default(),
        billing: config.billing.clone(),
        receipts: config.receipts.clone(),
    });
    let merchant = Router::new()
        .route("/v1/orders", post(merchant::create_order::handle))
        .route("/v1/orders/{id}", get(merchant::get_order::handle))
        .route("/v1/payments/{id}", get(merchant::get_payment::handle))
        .route("/v1/payments/{id}/cancel", post(merchant::cancel::handle))
        .route("/v1/payments/{id}/refunds", get(merchant::get_refunds::handle))
        .route("/v1/payments/{id}/virtual-account", get(merchant::get_account::handle))
        .route("/v1/events", get(merchant::get_events::handle));
    let merchant = merchant.merge(merchant::billing::routes()).merge(merchant::receipts::routes());
    let toss = Router::new().route("/webhooks/toss", post(webhook::handle));
    let ops = Router::new()
        .route("/healthz", get(ops::health::healthz))
        .route("/readyz", get(ops::health::readyz))
        .route("/metrics", get(ops::metrics::handle));
    storefront_routes(config)
        .merge(merchant)
        .merge(toss)
        .merge(ops)
        .fallback(ops::nowhere::no_such_url)
        .method_not_allowed_fallback(ops::nowhere::no_such_method)
        // The first is the outermost. One layer of three, for each layer of its own is boxed anew for every request.
        .layer((observed, CatchPanicLayer::custom(ops::observe::panicked), DefaultBodyLimit::max(BODY_MAX)))
        .with_state(api)
}

fn storefront_routes(config: &ApiConfig) -> Router<Arc<Api>> {
    // Whole paths: a nested router would cut the prefix off each request's.
    let prefix = config.storefront_prefix.trim_end_matches('/');
    let at = |path: &str| format!("{prefix}{path}");
    let routes = Router::new()
        .route(&at("/saveAmount"), post(storefront::save_amount::handle))
        .route(&at("/verifyAmount"), post(storefront::verify_amount::handle))
        .route(&at("/confirm"), post(storefront::confirm::handle))
        .route(&at("/cancel"), post(storefront::cancel::handle))
        .route(&at("/{backend_order_id}"), get(storefront::get_payment::handle))
        .route(&at("/{backend_order_id}/virtual-account"), get(storefront::get_account::handle))
        // Before the layer below: a fallback that is set after it would answer preflights without it.
        .method_not_allowed_fallback(ops::nowhere::no_such_method);
    if config.allowed_origins.is_empty() {
        return routes;
    }
    routes.layer(
        CorsLayer::new()
            .allow_origin(config.allowed_origins.clone())
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::CONTENT_TYPE])
            .expose_headers([header::RETRY_AFTER])
            .allow_credentials(true),
    )
}

/// The header that ties an answer to its log lines.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
