//! The pages, their assets, and the headers that keep a page from running or framing anything but itself and
//! Toss's SDK. Everything is compiled into the binary: a fixed list, no file system, no template.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use url::Url;

use crate::catalogue::{GOODS, Goods};
use crate::{Config, Shop};

const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($($kind:ident $file:literal),* $(,)?) => {
        &[$(($file, $kind, include_str!(concat!("../assets/", $file)))),*]
    };
}

/// Every file under `/shop/assets/`: name, content type, content.
const ASSETS: &[(&str, &str, &str)] = assets![
    CSS "shop.css",
    CSS "order.css",
    CSS "result.css",
    JS "page-order.js",
    JS "page-success.js",
    JS "page-fail.js",
    JS "page-orders.js",
    JS "page-order-view.js",
    JS "page-subscription.js",
    JS "page-desk.js",
    JS "account.js",
    JS "hanbeon.js",
    JS "toss.js",
    JS "shop.js",
    JS "words.js",
    SVG "mark.svg",
    SVG "tee.svg",
    SVG "mug.svg",
    SVG "tote.svg",
    SVG "note.svg",
    SVG "socks.svg",
    SVG "sticker.svg",
];

/// What the browser may know of the configuration.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BrowserConfig {
    sdk_url: String,
    client_key: String,
    billing_client_key: Option<String>,
    storefront_prefix: String,
    desk: bool,
}

impl BrowserConfig {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            sdk_url: config.sdk_url.clone(),
            client_key: config.client_key.clone(),
            billing_client_key: config.billing_client_key.clone(),
            desk: config.desk,
            storefront_prefix: config.storefront_prefix.trim_end_matches('/').to_owned(),
        }
    }
}

/// The headers of every page, made once.
pub(crate) struct PageHeaders(HeaderMap);

impl PageHeaders {
    pub(crate) fn new(sdk_url: &str) -> Self {
        let policy = content_security_policy(sdk_url);
        let policy = HeaderValue::from_str(&policy).expect("an origin is ASCII without control characters");
        let headers: [(HeaderName, HeaderValue); 6] = [
            (header::CONTENT_TYPE, HeaderValue::from_static(HTML)),
            (header::CONTENT_SECURITY_POLICY, policy),
            // Toss (browser SDK): a card company's step may open a pop-up, which must keep its opener.
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                HeaderValue::from_static("same-origin-allow-popups"),
            ),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            // The success page's address holds the payment key: other sites get to see the origin only.
            (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        Self(HeaderMap::from_iter(headers))
    }

    fn page(&self, html: &'static str) -> Response {
        (self.0.clone(), html).into_response()
    }
}

/// Scripts, frames and calls go to this shop and to the SDK's origin, and nowhere else. The real SDK frames
/// and calls other hosts of Toss Payments too; an address that cannot be one adds nothing.
fn content_security_policy(sdk_url: &str) -> String {
    let url = Url::parse(sdk_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let origin = url.as_ref().map(|url| url.origin().ascii_serialization());
    let is_toss =
        url.as_ref().and_then(Url::host_str).is_some_and(|host| host.ends_with(".tosspayments.com"));
    let mut toss = origin.map(|origin| format!(" {origin}")).unwrap_or_default();
    if is_toss {
        toss.push_str(" https://*.tosspayments.com");
    }
    let frames = if toss.is_empty() { " 'none'" } else { toss.as_str() };
    format!(
        "default-src 'self'; script-src 'self'{toss}; frame-src{frames}; connect-src 'self'{toss}; \
         style-src 'self'; img-src 'self' data:; form-action 'self'{toss}; object-src 'none'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

/// `GET /`: the goods, the buyer and the payment widget.
pub(crate) async fn order(State(shop): State<Arc<Shop>>) -> Response {
    shop.page_headers.page(include_str!("../assets/order.html"))
}

/// `GET /success`: where Toss sends a buyer who authenticated the payment.
pub(crate) async fn success(State(shop): State<Arc<Shop>>) -> Response {
    shop.page_headers.page(include_str!("../assets/success.html"))
}

/// `GET /fail`: where Toss sends a buyer whose payment was not authenticated.
pub(crate) async fn fail(State(shop): State<Arc<Shop>>) -> Response {
    shop.page_headers.page(include_str!("../assets/fail.html"))
}

/// `GET /orders`: the buyer's own orders, and a look-up by number.
pub(crate) async fn orders(State(shop): State<Arc<Shop>>) -> Response {
    shop.page_headers.page(include_str!("../assets/orders.html"))
}

/// `GET /orders/{id}`: one order. The page reads the id from its own address.
pub(crate) async fn order_view(State(shop): State<Arc<Shop>>) -> Response {
    shop.page_headers.page(include_str!("../assets/order-view.html"))
}

/// `GET /subscription`: a card for every month.
pub(crate) async fn subscription(State(shop): State<Arc<Shop>>) -> Response {
    shop.page_headers.page(include_str!("../assets/subscription.html"))
}

/// `GET /desk/{id}`: one order, as the shop's own people see it.
pub(crate) async fn desk(State(shop): State<Arc<Shop>>) -> Response {
    shop.page_headers.page(include_str!("../assets/desk.html"))
}

/// `GET /shop/config.json`.
pub(crate) async fn config(State(shop): State<Arc<Shop>>) -> Json<BrowserConfig> {
    Json(shop.browser_config.clone())
}

/// `GET /shop/goods.json`.
pub(crate) async fn goods() -> Json<&'static [Goods]> {
    Json(GOODS)
}

/// `GET /shop/assets/{file}`.
pub(crate) async fn asset(Path(file): Path<String>) -> Response {
    let Some((_, content_type, content)) = ASSETS.iter().find(|(name, ..)| *name == file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, *content_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, *content).into_response()
}

#[cfg(test)]
mod tests {
    use super::{ASSETS, content_security_policy};
    use crate::catalogue::GOODS;

    #[test]
    fn the_policy_lets_the_sdk_in_and_nobody_else() {
        let cases = [
            ("http://127.0.0.1:8081/v2/standard", "script-src 'self' http://127.0.0.1:8081;"),
            ("http://127.0.0.1:8081/v2/standard", "frame-src http://127.0.0.1:8081;"),
            (
                "https://js.tosspayments.com/v2/standard",
                "frame-src https://js.tosspayments.com https://*.tosspayments.com;",
            ),
            ("https://tosspayments.com.evil.example/x", "frame-src https://tosspayments.com.evil.example;"),
            ("javascript:alert(1)", "script-src 'self'; frame-src 'none'; connect-src 'self';"),
            ("not an address", "script-src 'self'; frame-src 'none'; connect-src 'self';"),
        ];
        for (sdk_url, part) in cases {
            let policy = content_security_policy(sdk_url);
            assert!(policy.contains(part), "{sdk_url}: {policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
        }
    }

    #[test]
    fn every_picture_of_the_catalogue_is_among_the_assets() {
        for goods in GOODS {
            let file = goods.image.strip_prefix("/shop/assets/").unwrap();
            assert!(ASSETS.iter().any(|(name, ..)| *name == file), "{file}");
        }
    }

    #[test]
    fn every_file_that_an_asset_imports_is_among_the_assets() {
        for (name, _, content) in ASSETS.iter().filter(|(_, kind, _)| *kind == super::JS) {
            for imported in content.lines().filter_map(|line| line.split_once("from \"./")) {
                let file = imported.1.trim_end_matches("\";");
                assert!(ASSETS.iter().any(|(other, ..)| *other == file), "{name} imports {file}");
            }
        }
    }

    #[test]
    fn no_page_holds_an_inline_script_or_style() {
        let pages = [
            include_str!("../assets/order.html"),
            include_str!("../assets/success.html"),
            include_str!("../assets/fail.html"),
            include_str!("../assets/orders.html"),
            include_str!("../assets/order-view.html"),
            include_str!("../assets/subscription.html"),
            include_str!("../assets/desk.html"),
        ];
        for page in pages {
            for forbidden in ["<style", "style=", "<script>", "onclick=", "javascript:"] {
                assert!(!page.contains(forbidden), "{forbidden} is blocked by the policy");
            }
        }
    }
}
