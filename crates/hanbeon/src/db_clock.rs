//! The database's clock: what many servers share. A lease that one of them writes ends for all of them at the same moment,
//! whatever their own clocks say, and however they jump.
//!
//! Asked every [`REFRESHED_EVERY`]; in between, the time that has passed is added. What is told never goes back.
use crate::cli::Failure;
#[cfg(feature = "failpoints")]
use crate::failpoints::ENV;
use hanbeon_app::Env;
#[cfg(not(feature = "failpoints"))]
use hanbeon_app::env::SystemEnv as ENV;
use hanbeon_domain::Timestamp;
use hanbeon_store::StoreError;
use hanbeon_store_postgres::PostgresStore;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::warn;

/// Two quartz clocks drift apart by a fraction of a millisecond in that time.
const REFRESHED_EVERY: Duration = Duration::from_secs(10);

/// The time as the database tells it.
pub(crate) struct DatabaseClock {
    /// What our own steady clock counts from.
    origin: Instant,
    /// The database's time at the origin, in microseconds.
    then: AtomicI64,
    /// The latest time that was told.
    told: AtomicI64,
}

impl DatabaseClock {
    /// Asks once, and goes on asking until nobody needs the clock any more.
    ///
    /// # Errors
    /// When the database does not tell.
    pub(crate) async fn start(store: Arc<PostgresStore>) -> Result<Arc<Self>, Failure> {
        let clock = Self { origin: Instant::now(), then: AtomicI64::new(0), told: AtomicI64::new(0) };
        clock.set(&store).await?;
        let clock = Arc::new(clock);
        tokio::spawn(refresh(Arc::downgrade(&clock), store));
        Ok(clock)
    }

    /// The answer was made half way between question and receipt, within half of what that took.
    async fn set(&self, store: &PostgresStore) -> Result<(), StoreError> {
        let asked = self.passed();
        let told = store.time().await?.as_micros();
        self.then.store(told - asked.midpoint(self.passed()), Relaxed);
        Ok(())
    }

    fn passed(&self) -> i64 {
        i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

async fn refresh(clock: Weak<DatabaseClock>, store: Arc<PostgresStore>) {
    loop {
        sleep(REFRESHED_EVERY).await;
        let Some(clock) = clock.upgrade() else { return };
        if let Err(error) = clock.set(&store).await {
            warn!(%error, "the database does not tell the time; ours goes on from the last answer");
        }
    }
}

impl Env for DatabaseClock {
    fn now(&self) -> Timestamp {
        let now = self.then.load(Relaxed).saturating_add(self.passed());
        Timestamp::from_micros(now.max(self.told.fetch_max(now, Relaxed)))
    }

    fn random(&self) -> [u8; 32] {
        ENV.random()
    }

    fn reached(&self, point: &'static str) {
        ENV.reached(point);
    }
}
