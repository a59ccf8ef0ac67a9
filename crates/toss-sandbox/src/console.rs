//! The console: a page on which a developer sees and moves everything that the control door offers.
//!
//! `guard` keeps foreign pages out of it and of the control door; `feed` answers the questions that the control
//! door does not: the newest payments of a kind, the story of one payment, and what a switch means. Everything else that the page does is
//! a call of the control door.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::lang::Lang;
use crate::shared::Shared;
use crate::window::{CSS, HTML, JS, file, missing};

mod feed;
mod guard;

const PAGE: &str = include_str!("../assets/console/index.html");

/// The token in the page that stands for the language it opens in.
const LANGUAGE: &str = "__LANGUAGE__";

/// Everything that the page may load beside what it shares with the payment window.
const FILES: [(&str, &str, &str); 15] = [
    ("console.css", CSS, include_str!("../assets/console/console.css")),
    ("parts.css", CSS, include_str!("../assets/console/parts.css")),
    ("tables.css", CSS, include_str!("../assets/console/tables.css")),
    ("main.js", JS, include_str!("../assets/console/main.js")),
    ("server.js", JS, include_str!("../assets/console/server.js")),
    ("words.js", JS, include_str!("../assets/console/words.js")),
    ("parts.js", JS, include_str!("../assets/console/parts.js")),
    ("clock.js", JS, include_str!("../assets/console/clock.js")),
    ("payments.js", JS, include_str!("../assets/console/payments.js")),
    ("payment.js", JS, include_str!("../assets/console/payment.js")),
    ("story.js", JS, include_str!("../assets/console/story.js")),
    ("webhooks.js", JS, include_str!("../assets/console/webhooks.js")),
    ("billing.js", JS, include_str!("../assets/console/billing.js")),
    ("switches.js", JS, include_str!("../assets/console/switches.js")),
    ("faults.js", JS, include_str!("../assets/console/faults.js")),
];

/// Nothing from elsewhere, and in nobody's frame: a click here moves money of the sandbox.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the console.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(home))
        .route("/sandbox", get(page))
        .route("/sandbox/console/{file}", get(asset))
        .merge(feed::routes())
}

/// Keeps other pages of the same browser from using these routes.
pub(crate) fn guarded(routes: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
    routes.layer(from_fn(guard::refuse_foreign_pages))
}

async fn home() -> Redirect {
    Redirect::temporary("/sandbox")
}

async fn page(headers: HeaderMap) -> Response {
    let page = PAGE.replace(LANGUAGE, Lang::of(&headers).pick("ko", "en"));
    let mut response = file(HTML, page);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

async fn asset(Path(name): Path<String>) -> Response {
    let found = FILES.iter().find(|(file, _, _)| *file == name);
    found.map_or_else(missing, |(_, media, text)| file(media, *text)).into_response()
}
