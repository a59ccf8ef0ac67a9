//! Listeners, recovery, reconciliation, graceful stop.
//!
//! Stopping: no new connections, answers to the requests that are under way, then the calls to Toss that
//! outlive their requests, all within the drain time. What is not finished by then is on disk, and is the
//! next start's first work.
use crate::archive::FileArchive;
use crate::cli::Failure;
use crate::config::Config;
use crate::telemetry;
use crate::wire::{Wired, wire};
use hanbeon_app::App;
use hanbeon_app::retention::Archive;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// So many connections may wait to be accepted, if the kernel's `somaxconn` allows it. Whoever finds no place tries again after a
/// second: with the 128 that libraries ask for, a crowd of 2,000 took five seconds to be connected.
const BACKLOG: u32 = 4_096;

/// The server alone.
pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log);
    let wired = wire(&config).await?;
    let listener = bind(config.listen)?;
    let stop = stop_on_signal()?;
    println!("hanbeon: http://{}", listener.local_addr()?);
    info!(listen = %listener.local_addr()?, database = config.database_shown(), "hanbeon is ready");
    let drain = Duration::from_millis(config.limits.drain_ms);
    run_until(wired, listener, stop, drain).await
}

/// Serves, recovers and reconciles until `stop`, then drains.
pub(crate) async fn run_until(
    Wired { app, billing, receipts, router, archive, .. }: Wired,
    listener: TcpListener,
    stop: CancellationToken,
    drain: Duration,
) -> Result<(), Failure> {
    let recovery = tokio::spawn({
        let (app, stop) = (Arc::clone(&app), stop.clone());
        async move { app.recover_until(stop.cancelled_owned()).await }
    });
    let scheduler = tokio::spawn({
        let stop = stop.clone();
        async move { billing.recover_until(stop.cancelled_owned()).await }
    });
    let watching = tokio::spawn({
        let (receipts, stop) = (Arc::clone(&receipts), stop.clone());
        async move { stop.run_until_cancelled(receipts.watch_until(pending())).await }
    });
    let following = tokio::spawn({
        let stop = stop.clone();
        async move { receipts.recover_until(stop.cancelled_owned()).await }
    });
    let reconciliation = tokio::spawn({
        let (app, stop) = (Arc::clone(&app), stop.clone());
        // A run may be waiting for Toss's list; ending it loses nothing, for what it found is noticed already.
        async move { stop.run_until_cancelled(app.reconcile_until(pending())).await }
    });
    let forgetting = tokio::spawn({
        let (app, stop) = (Arc::clone(&app), stop.clone());
        async move { forget_until(&app, archive.as_ref(), stop).await }
    });
    let served = tokio::spawn({
        let stop = stop.clone();
        async move { axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await }
    });
    stop.cancelled().await;
    info!("stopping: no new requests");
    let finished = timeout(drain, async {
        let served = served.await;
        let _ = (recovery.await, scheduler.await, following.await, watching.await);
        let _ = (reconciliation.await, forgetting.await);
        app.drain().await;
        served
    });
    if let Ok(served) = finished.await {
        served??;
    } else {
        warn!("stopped with calls under way; the next start finishes them");
    }
    info!("stopped");
    Ok(())
}

/// Archives and forgets. Who pays waits neither for an archive that cannot be written, nor for one that hangs.
async fn forget_until(app: &App, archive: Option<&FileArchive>, stop: CancellationToken) {
    if let Some(archive) = archive
        && let Some(Err(error)) = stop.run_until_cancelled(archive.check()).await
    {
        error!(%error, "what is past its date stays until the archive can be written");
    }
    let archive = archive.map(|archive| -> &dyn Archive { archive });
    app.purge_until(archive, stop.cancelled_owned()).await;
}

/// Listens, or says who is in the way.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    listen(address).map_err(|e| format!("cannot listen on {address}: {e}").into())
}

/// As tokio does, but for [`BACKLOG`].
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Or a server that is started anew waits for connections of the old one.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A token that SIGTERM and SIGINT cancel; a second signal ends the process at once.
pub(crate) fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = stop.clone();
    tokio::spawn(async move {
        either(terminate.recv(), interrupt.recv()).await;
        token.cancel();
        either(terminate.recv(), interrupt.recv()).await;
        std::process::exit(130);
    });
    Ok(stop)
}

async fn either<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) {
    tokio::select! { _ = one => {}, _ = other => {} }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn a_crowd_is_connected_before_anybody_is_accepted() {
        let listener = bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let address = listener.local_addr().expect("its address");
        let mut crowd = Vec::new();
        // Whoever finds no place would try in vain for as long as nobody is accepted.
        for at in 0..300 {
            let connected = timeout(Duration::from_secs(20), TcpStream::connect(address)).await;
            let connected = connected.unwrap_or_else(|_| panic!("connection {at} has to wait"));
            crowd.push(connected.expect("a connection"));
        }
    }
}
