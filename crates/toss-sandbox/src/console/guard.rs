//! Who may use the control door and the console: programs, and our own page.
//!
//! Neither asks for a key, so what keeps a foreign page in the developer's browser out is what browsers say of
//! themselves. A request that changes something carries its page's `Origin`: it must be ours, or absent, as it is
//! with servers and command lines. And a page whose name was rebound to this machine is of our origin for the
//! browser, but says that name as `Host`: on loopback only this machine's own names count.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::api::reply::line_of;
use crate::codes;
use crate::control::problem;

pub(super) async fn refuse_foreign_pages(request: Request, next: Next) -> Response {
    // Where someone else serves the router, nothing is known of the connection, and it counts as loopback.
    let is_loopback = line_of(&request).is_none_or(|line| line.is_loopback());
    let headers = request.headers();
    let why = if is_loopback && !is_own_name(headers) {
        "the Host is not a name of this machine"
    } else if changes(request.method()) && !is_own_page(headers) {
        "the Origin is another page's"
    } else {
        return next.run(request).await;
    };
    problem(codes::FORBIDDEN_REQUEST.status(), codes::FORBIDDEN_REQUEST.name(), why)
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// An address or `localhost`; no browser leaves `Host` out.
fn is_own_name(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let bare = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or(v6, |(address, _)| address),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = bare.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || bare.parse::<IpAddr>().is_ok()
}

fn is_own_page(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), headers.get(HOST).map(|host| host.to_str())) else {
        return false;
    };
    // Something that speaks TLS may stand before us.
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}
