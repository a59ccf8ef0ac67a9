//! Sending: one task that watches the clock, and one for each webhook that is on its way.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinSet;

use crate::clock::{Korea, Ms};
use crate::shared::Shared;
use crate::webhooks::parcel::{End, Parcel};

/// Webhooks on their way at once: a receiver that hangs holds up others only beyond it.
const MOST_FLIGHTS: usize = 256;
/// Bytes of an answer that are read: its status alone counts.
const MOST_ANSWER: usize = 64 * 1024;

type Http = Client<HttpConnector, Body>;

/// Delivers until it is dropped. A second one waits for the first to go.
pub(crate) async fn deliver(shared: Arc<Shared>) -> Infallible {
    let _turn = shared.delivering.lock().await;
    let bell = {
        let mut world = shared.world();
        world.outbox.recover(shared.now());
        world.outbox.bell()
    };
    let http = client(shared.config.webhook_timeout);
    let mut flights = JoinSet::new();
    loop {
        let (due, pause) = {
            let now = shared.now();
            let mut world = shared.world();
            world.strike(now);
            let (mut due, pause) = world.outbox.take_due(now, MOST_FLIGHTS.saturating_sub(flights.len()));
            if world.switches.fresh_webhook_ids {
                for (_, parcel) in due.iter_mut().filter(|(_, parcel)| parcel.retried > 0) {
                    parcel.transmission = world.ids.transmission().into();
                }
            }
            (due, pause)
        };
        for (id, parcel) in due {
            flights.spawn(fly(Arc::clone(&shared), http.clone(), id, parcel));
        }
        tokio::select! {
            () = bell.notified() => {}
            Some(_) = flights.join_next() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn fly(shared: Arc<Shared>, http: Http, id: u64, parcel: Parcel) {
    let at = shared.now();
    let end = send(&http, &parcel, at, shared.config.webhook_timeout).await;
    let now = shared.now();
    shared.world().outbox.tried(id, at, end, now);
}

async fn send(http: &Http, parcel: &Parcel, at: Ms, timeout: Duration) -> End {
    let request = Request::builder()
        .method(Method::POST)
        .uri(&parcel.endpoint.url)
        .header(header::CONTENT_TYPE, "application/json")
        .header("tosspayments-webhook-transmission-time", Korea(at).to_string())
        .header("tosspayments-webhook-transmission-retried-count", u16::from(parcel.retried))
        .header("tosspayments-webhook-transmission-id", &*parcel.transmission)
        .body(Body::from(parcel.bytes()));
    let Ok(request) = request else { return End::Connection };
    let exchange = async {
        let response = http.request(request).await.ok()?;
        let status = response.status().as_u16();
        // Reading to its end lets the receiver finish in good order; how it ends changes nothing.
        to_bytes(Body::new(response.into_body()), MOST_ANSWER).await.ok();
        Some(status)
    };
    match tokio::time::timeout(timeout, exchange).await {
        Ok(Some(status)) => End::Status(status),
        Ok(None) => End::Connection,
        Err(_) => End::Timeout,
    }
}

/// A connection for each try: no kept one can break on the way and be taken for the receiver's failure.
fn client(timeout: Duration) -> Http {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(timeout));
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .retry_canceled_requests(false)
        .build(connector)
}
