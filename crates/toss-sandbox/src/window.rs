//! The files of the browser's side, compiled in: the SDK, the payment window, the widgets.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use crate::shared::Shared;
use crate::urls;

/// The SDK's parts, joined into one function in this order.
const SDK: [&str; 8] = [
    include_str!("../assets/sdk/10-errors.js"),
    include_str!("../assets/sdk/20-validate.js"),
    include_str!("../assets/sdk/30-overlay.js"),
    include_str!("../assets/sdk/40-widgets.js"),
    include_str!("../assets/sdk/45-order-form.js"),
    include_str!("../assets/sdk/50-payment.js"),
    include_str!("../assets/sdk/60-billing.js"),
    include_str!("../assets/sdk/90-global.js"),
];

/// The token in the SDK that stands for this sandbox's own origin.
const ORIGIN: &str = "__SANDBOX_ORIGIN__";

/// The one that stands for its switches, quotes included.
const SWITCHES: &str = "\"__SANDBOX_SWITCHES__\"";

pub(crate) const JS: &str = "text/javascript; charset=utf-8";
pub(crate) const CSS: &str = "text/css; charset=utf-8";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
const SVG: &str = "image/svg+xml";

const WINDOW: &str = include_str!("../assets/window.html");
const WIDGET: &str = include_str!("../assets/widget.html");

/// Everything that the pages may load: a name, its media type, its text.
macro_rules! files {
    ($($media:ident: $($name:literal)+;)+) => {
        &[$($(($name, $media, include_str!(concat!("../assets/", $name))),)+)+]
    };
}

const FILES: &[(&str, &str, &str)] = files! {
    CSS: "common.css" "window.css" "widget.css";
    JS: "common.js" "lists.js" "text.js" "parts.js" "session.js" "failure.js" "window.js" "widget.js"
        "widget-methods.js" "widget-agreement.js" "page-card.js" "page-wallet.js" "page-bank.js"
        "page-small.js" "page-billing.js";
    SVG: "icon.svg";
};

/// No frame-ancestors: any page of a shop may frame the window, as with Toss.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'";

/// The routes of the files.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v2/standard", get(sdk))
        .route("/sandbox/window/{payment_key}", get(window))
        .route("/sandbox/widget/{kind}", get(widget))
        .route("/sandbox/assets/{file}", get(asset))
}

/// The SDK, with this sandbox's origin and switches in it: a shop loads it from another origin than its own.
async fn sdk(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let origin = headers.get(header::HOST).and_then(urls::origin).unwrap_or_default();
    let switches = json!(shared.world().switches).to_string();
    let text = format!("(function () {{ \"use strict\";\n{}\n}})();\n", SDK.join("\n"));
    let text = text.replace(ORIGIN, &origin).replace(SWITCHES, &switches);
    let mut response = file(JS, text);
    let anyone = HeaderValue::from_static("*");
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone);
    response
}

async fn window() -> Response {
    page(WINDOW)
}

async fn widget(Path(kind): Path<String>) -> Response {
    if matches!(kind.as_str(), "methods" | "agreement") { page(WIDGET) } else { missing() }
}

async fn asset(Path(name): Path<String>) -> Response {
    let found = FILES.iter().find(|(file, _, _)| *file == name);
    found.map_or_else(missing, |(_, media, text)| file(media, *text))
}

fn page(text: &'static str) -> Response {
    let mut response = file(HTML, text);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// A file of ours, read as what it says it is and kept nowhere.
pub(crate) fn file(media: &'static str, text: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, media),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text).into_response()
}

pub(crate) fn missing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
