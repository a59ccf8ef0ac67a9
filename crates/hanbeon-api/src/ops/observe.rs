//! Ties an answer to its log lines: a request id on both, the time it took, and headers that every answer has.
use super::metrics::{Metrics, Route};
use crate::routes::REQUEST_ID;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;
use tracing::{Instrument, Span, debug, error, info_span, warn};

/// Longest request id that we take over from a caller.
const REQUEST_ID_MAX: usize = 64;

/// Runs each request inside a span that carries its id.
pub(crate) async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let watch = Watch::of(&request);
    let answer = next.run(request).instrument(watch.span.clone()).await;
    watch.seen(answer, &metrics)
}

/// A request that is under way.
struct Watch {
    started: Instant,
    id: HeaderValue,
    method: Method,
    route: Route,
    span: Span,
}

impl Watch {
    fn of(request: &Request) -> Self {
        let started = Instant::now();
        let id = request.headers().get(REQUEST_ID).filter(|id| is_plain(id)).cloned();
        let id = id.unwrap_or_else(fresh_id);
        let method = request.method().clone();
        let route = Route(request.extensions().get::<MatchedPath>().cloned());
        let (shown, verb) = (id.to_str().unwrap_or_default(), method.as_str());
        let span = info_span!("request", id = shown, method = verb, route = route.as_str());
        Self { started, id, method, route, span }
    }

    /// Counts the answer and gives it the headers that every answer has.
    fn seen(self, mut answer: Response, metrics: &Metrics) -> Response {
        let (status, took) = (answer.status(), self.started.elapsed());
        metrics.answered(self.method, self.route, status.as_u16(), took);
        let duration_ms = took.as_millis();
        self.span.in_scope(|| {
            // A 503 says "come again", and whoever says it has said why.
            if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
                warn!(status = status.as_u16(), duration_ms, "answered");
            } else {
                debug!(status = status.as_u16(), duration_ms, "answered");
            }
        });
        let headers = answer.headers_mut();
        headers.insert(REQUEST_ID, self.id);
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer
    }
}

/// A handler's panic is our bug: logged whole, told as nothing.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text");
    error!(panic = text, "a handler panicked");
    let body = r#"{"code":500,"message":"internal error"}"#;
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn is_plain(id: &HeaderValue) -> bool {
    let id = id.as_bytes();
    (1..=REQUEST_ID_MAX).contains(&id.len())
        && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

/// Unique in this process; a log has the time and the process beside it.
fn fresh_id() -> HeaderValue {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let text = format!("r{:08x}", NEXT.fetch_add(1, Relaxed));
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("r"))
}
