//! `GET /metrics`: what happened since the start, in the text format of Prometheus.
use crate::routes::Api;
use axum::extract::{MatchedPath, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hanbeon_app::{App, Counted};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder, text,
};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// Upper bounds of the latency buckets, in seconds: from a read in memory to the buyer's deadline.
const BUCKETS_SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0];

/// How long the store may take to say how many payments wait for a human; then that line is missing.
const REVIEW_WITHIN: Duration = Duration::from_secs(2);

/// The process's metrics.
pub struct Metrics {
    registry: Registry,
    review: Arc<Review>,
    receipts: Arc<Review>,
    requests: Family<RequestLabels, Counter>,
    duration: Family<RouteLabels, Histogram>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: Verb,
    route: Route,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    route: Route,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct Verb(Method);

impl EncodeLabelValue for Verb {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.as_str().encode(encoder)
    }
}

/// The path as it is routed, shared with the router: a request allocates nothing to be counted.
#[derive(Clone, Debug)]
pub(super) struct Route(pub(super) Option<MatchedPath>);

impl Route {
    pub(super) fn as_str(&self) -> &str {
        self.0.as_ref().map_or("unmatched", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        self.as_str().encode(encoder)
    }
}

impl Metrics {
    /// The metrics of one application, and the numbers of the parts that it was put together from.
    #[must_use]
    pub fn new(app: Arc<App>, parts: Vec<Numbers>) -> Arc<Self> {
        let mut registry = Registry::with_prefix("hanbeon");
        let requests = Family::default();
        let make: fn() -> Histogram = || Histogram::new(BUCKETS_SECONDS);
        let duration = Family::new_with_constructor(make);
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_duration_seconds", "Time to the answer", duration.clone());
        let (review, receipts) = (Arc::new(Review::default()), Arc::new(Review::default()));
        let shown = AppCounters { app, review: Arc::clone(&review), receipts: Arc::clone(&receipts) };
        registry.register_collector(Box::new(shown));
        for part in parts {
            registry.register_collector(Box::new(Part(part)));
        }
        Arc::new(Self { registry, review, receipts, requests, duration })
    }

    pub(super) fn answered(&self, method: Method, route: Route, status: u16, took: Duration) {
        self.duration.get_or_create(&RouteLabels { route: route.clone() }).observe(took.as_secs_f64());
        self.requests.get_or_create(&RequestLabels { method: Verb(method), route, status }).inc();
    }
}

/// Where the numbers of a part come from; asked whenever somebody looks.
pub type Numbers = Box<dyn Fn() -> Vec<Number> + Send + Sync>;

/// A number of a part that the interface knows nothing of, counted since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// Its name, without the project's prefix.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// How many.
    pub count: u64,
}

struct Part(Numbers);

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

impl Collector for Part {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for Number { name, help, count } in (self.0)() {
            let counter = ConstCounter::new(count);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}

pub(crate) async fn handle(State(api): State<Arc<Api>>) -> Response {
    let waiting = timeout(REVIEW_WITHIN, api.app.needs_review()).await;
    api.metrics.review.set(waiting.ok().and_then(Result::ok));
    if let Some(receipts) = &api.receipts {
        let waiting = timeout(REVIEW_WITHIN, receipts.needs_review()).await;
        api.metrics.receipts.set(waiting.ok().and_then(Result::ok));
    }
    let mut page = String::new();
    if text::encode(&mut page, &api.metrics.registry).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], page).into_response()
}

/// How many payments, or cash receipts, wait for a human; `None` when the store would not tell.
#[derive(Default)]
struct Review(Mutex<Option<usize>>);

impl Review {
    fn set(&self, waiting: Option<usize>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = waiting;
    }

    fn get(&self) -> Option<usize> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the application's own numbers, read at the moment of asking.
struct AppCounters {
    app: Arc<App>,
    review: Arc<Review>,
    receipts: Arc<Review>,
}

impl fmt::Debug for AppCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppCounters")
    }
}

impl Collector for AppCounters {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.encode_gauges(&mut encoder)?;
        let forgotten = ConstCounter::new(self.app.counters().rows_forgotten());
        let help = "Rows past their date that went, into the archive if there is one";
        let rows = encoder.encode_descriptor("rows_forgotten", help, None, forgotten.metric_type())?;
        forgotten.encode(rows)?;
        self.encode_families(&mut encoder)
    }
}

impl AppCounters {
    fn encode_gauges(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let down = ConstGauge::new(u32::from(self.app.toss_is_down()));
        let help = "1 while Toss gives no sign of life, and no new payment window is opened";
        down.encode(encoder.encode_descriptor("toss_down", help, None, down.metric_type())?)?;
        let (under_way, room) = self.app.charges();
        for (name, help, charges) in [
            ("charges_under_way", "Charges that buyers began and that are under way", under_way),
            ("charges_room", "So many may be under way now; fewer while the store is slow", room),
        ] {
            let gauge = ConstGauge::new(charges);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let waiting = [
            ("payments_need_review", "Payments that wait for a human", &self.review),
            ("cash_receipts_need_review", "Cash receipts that wait for a human", &self.receipts),
        ];
        for (name, help, review) in waiting {
            if let Some(waiting) = review.get() {
                let gauge = ConstGauge::new(waiting);
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
            }
        }
        Ok(())
    }

    fn encode_families(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counters: Vec<_> = self.app.counters().read().collect();
        let mut family = |name, help, label: &'static str, pick: fn(Counted) -> Option<&'static str>| {
            let first = ConstCounter::new(0_u64);
            let mut metric = encoder.encode_descriptor(name, help, None, first.metric_type())?;
            for (value, count) in counters.iter().filter_map(|(what, count)| Some((pick(*what)?, *count))) {
                let labels = [(label, value)];
                ConstCounter::new(count).encode(metric.encode_family(&labels)?)?;
            }
            Ok::<_, fmt::Error>(())
        };
        family("psp_verdicts", "How calls to Toss ended", "verdict", |what| match what {
            Counted::Verdict(verdict) => Some(verdict),
            _ => None,
        })?;
        family("payment_transitions", "Payments that came into a state", "state", |what| match what {
            Counted::State(state) => Some(state.as_str()),
            _ => None,
        })?;
        family("webhooks", "Webhooks kept, by what we thought of them", "verdict", |what| match what {
            Counted::Webhook(verdict) => Some(verdict.as_str()),
            _ => None,
        })?;
        family("incidents", "Things that should be rare", "kind", |what| match what {
            Counted::Superseded => Some("superseded"),
            Counted::StoreRetried => Some("store_retried"),
            Counted::Compensated => Some("compensated"),
            Counted::BreakerOpened => Some("breaker_opened"),
            Counted::WebhookRepeated => Some("webhook_repeated"),
            Counted::Orphan => Some("orphan"),
            Counted::TurnedAway => Some("confirm_turned_away"),
            Counted::Fenced => Some("fenced"),
            Counted::RetentionFailed => Some("retention_failed"),
            Counted::Verdict(_) | Counted::State(_) | Counted::Webhook(_) => None,
        })
    }
}
