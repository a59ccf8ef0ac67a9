//! Where servers can be reached: each has a door, which is open while it serves.
use crate::support::{Api, BOUND};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::sleep;

/// How long somebody whose server is gone looks for another one, before trying the same again.
const LOOKS_FOR: Duration = Duration::from_secs(1);

/// All of them. Clones take turns with each other.
#[derive(Clone)]
pub(crate) struct Doors {
    servers: Vec<watch::Receiver<Option<Api>>>,
    turn: Arc<AtomicUsize>,
}

impl Doors {
    pub(crate) fn new(servers: Vec<watch::Receiver<Option<Api>>>) -> Self {
        Self { servers, turn: Arc::default() }
    }

    /// The next one that is open, if any is.
    pub(crate) fn open(&self) -> Option<Api> {
        let turn = self.turn.fetch_add(1, Relaxed);
        let mut from = (0..self.servers.len()).map(|at| &self.servers[(turn + at) % self.servers.len()]);
        from.find_map(|server| server.borrow().clone())
    }

    /// Whoever serves now, or next.
    pub(crate) async fn somebody(&self) -> Api {
        let started = Instant::now();
        loop {
            if let Some(api) = self.open() {
                return api;
            }
            assert!(started.elapsed() < BOUND, "no server comes");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until somebody else than this one serves; not for long.
    pub(crate) async fn another(&self, than: &Api) {
        let started = Instant::now();
        let is_other = |server: &watch::Receiver<Option<Api>>| {
            server.borrow().as_ref().is_some_and(|api| api.url != than.url)
        };
        while started.elapsed() < LOOKS_FOR && !self.servers.iter().any(is_other) {
            sleep(Duration::from_millis(2)).await;
        }
    }
}
