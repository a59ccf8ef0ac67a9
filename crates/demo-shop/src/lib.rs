//! A small shop that pays through hanbeon over HTTP, exactly as any other shop would.
//!
//! It exists to be looked at and to be copied. Its browser side is plain ES modules under `assets/`, one per
//! page, with no build step; its server side does the one thing that a browser must never do: it computes the
//! price from its own catalogue and tells hanbeon what the order costs, with the merchant's key.
//!
//! What it never does: depend on another crate of this workspace, reach hanbeon by anything but HTTP, let a
//! browser name a price, or show a browser the merchant's key.
//!
//! In reading order:
//!
//! 1. [`catalogue`]: what is for sale, and what a cart of it costs (pure).
//! 2. [`orders`]: `POST /shop/orders`, from the buyer's cart to an order in hanbeon.
//! 3. [`membership`]: a card that is registered once and charged each month.
//! 4. [`desk`]: what the shop's own people see of an order, and giving money back.
//! 5. [`hanbeon`]: the calls of hanbeon's merchant API; [`refusal`]: what the browser hears when there is nothing to give.
//! 6. [`pages`]: the pages, their assets and their security headers.
//!
//! The shop is served from hanbeon's own origin, because the amount that the browser saves before it pays
//! belongs to hanbeon's session cookie.

mod catalogue;
mod desk;
mod hanbeon;
mod membership;
mod orders;
mod pages;
mod refusal;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

/// A cart of twenty lines and a buyer fit into a fraction of this (bytes).
const MAX_BODY_BYTES: usize = 16 * 1024;
/// How many calls that make or move something may be on their way to hanbeon at once; one more is told to try again.
const MAX_CALLS_IN_FLIGHT: usize = 32;

/// What the shop needs to know to sell.
#[derive(Clone)]
pub struct Config {
    /// Where hanbeon answers, without a trailing path, for example `http://127.0.0.1:8080`.
    pub hanbeon_url: String,
    /// The merchant's API key, sent as a Bearer token; never shown by `Debug` and never sent to a browser.
    pub api_key: String,
    /// Where hanbeon mounts its storefront API, for example `/payments`; may be empty.
    pub storefront_prefix: String,
    /// The address of Toss's browser SDK, version 2: the real one or the sandbox's.
    pub sdk_url: String,
    /// Toss's client key, which is public: `…_gck_…` shows the payment widget, `…_ck_…` the payment window.
    pub client_key: String,
    /// The client key that registers cards, which a widget key cannot: `…_ck_…`. Without it the page says so.
    pub billing_client_key: Option<String>,
    /// Whether the shop's desk is mounted. It asks nobody who they are: only for a shop that listens on loopback.
    pub desk: bool,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("hanbeon_url", &self.hanbeon_url)
            .field("api_key", &"[redacted]")
            .field("storefront_prefix", &self.storefront_prefix)
            .field("sdk_url", &self.sdk_url)
            .field("client_key", &self.client_key)
            .field("billing_client_key", &self.billing_client_key)
            .field("desk", &self.desk)
            .finish()
    }
}

/// What every handler shares.
struct Shop {
    hanbeon: hanbeon::Merchant,
    calls_in_flight: Semaphore,
    page_headers: pages::PageHeaders,
    browser_config: pages::BrowserConfig,
}

/// The shop's routes: `/`, `/success`, `/fail`, `/orders`, `/orders/{id}`, `/subscription`, `/desk/{id}` and `/shop/*`.
///
/// It has no fallback, so that it can be merged into hanbeon's own listener. An `sdk_url` that is not an
/// http(s) address is not let through the pages' Content-Security-Policy, and the order page says that the
/// payment methods could not be loaded.
pub fn router(config: Config) -> Router {
    let desk = Router::new()
        .route("/desk/{id}", get(pages::desk))
        .route("/shop/desk/orders/{id}", get(desk::order))
        .route("/shop/desk/payments/{id}/refunds", post(desk::refund))
        .layer(from_fn(desk::only_here));
    let desk = if config.desk { desk } else { Router::new() };
    let shop = Shop {
        page_headers: pages::PageHeaders::new(&config.sdk_url),
        browser_config: pages::BrowserConfig::new(&config),
        hanbeon: hanbeon::Merchant::new(&config.hanbeon_url, config.api_key),
        calls_in_flight: Semaphore::new(MAX_CALLS_IN_FLIGHT),
    };
    Router::new()
        .route("/", get(pages::order))
        .route("/success", get(pages::success))
        .route("/fail", get(pages::fail))
        .route("/orders", get(pages::orders))
        .route("/orders/{id}", get(pages::order_view))
        .route("/shop/config.json", get(pages::config))
        .route("/shop/goods.json", get(pages::goods))
        .route("/shop/assets/{file}", get(pages::asset))
        .route("/shop/orders", post(orders::create))
        .route("/subscription", get(pages::subscription))
        .route("/shop/members", post(membership::join))
        .route("/shop/subscriptions", post(membership::start))
        .route("/shop/subscriptions/{id}", get(membership::show))
        .route("/shop/subscriptions/{id}/cancel", post(membership::cancel))
        .merge(desk)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::new(shop))
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_api_key_is_not_in_debug_output() {
        let config = Config {
            hanbeon_url: "http://127.0.0.1:8080".into(),
            api_key: "hb_very_secret".into(),
            storefront_prefix: "/payments".into(),
            sdk_url: "http://127.0.0.1:8081/v2/standard".into(),
            client_key: "test_gck_demo".into(),
            billing_client_key: None,
            desk: false,
        };
        let shown = format!("{config:?}");
        assert!(!shown.contains("hb_very_secret"), "{shown}");
        assert!(shown.contains("test_gck_demo"), "{shown}");
    }
}
