//! Which store the database URL names: `sqlite://PATH` or `postgres://…`.
use crate::cli::Failure;
use crate::config::Config;
use crate::db_clock::DatabaseClock;
#[cfg(feature = "failpoints")]
use crate::failpoints::{ENV, later_migrations, reached, unsynced};
use crate::wire::chain;
use hanbeon_api::{Number, Numbers};
use hanbeon_app::Env;
#[cfg(not(feature = "failpoints"))]
use hanbeon_app::env::SystemEnv as ENV;
use hanbeon_store::{BillingStore, ReceiptStore, Store};
use hanbeon_store_postgres::PostgresStore;
use hanbeon_store_sqlite::{Options, SqliteStore, Stats};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use hanbeon_store_sqlite::Role;

/// One database behind its three doors.
pub(crate) struct Stores {
    pub(crate) payments: Arc<dyn Store>,
    pub(crate) billing: Arc<dyn BillingStore>,
    pub(crate) receipts: Arc<dyn ReceiptStore>,
    /// What it has done, for metrics.
    pub(crate) numbers: Numbers,
    /// The clock that all servers of this database share, and the dice.
    pub(crate) env: Arc<dyn Env>,
}

/// Opens what the database URL names.
///
/// # Errors
/// When the URL is of no store that we have, or the store will not open.
pub(crate) async fn open(config: &Config, role: Role) -> Result<Stores, Failure> {
    match Place::of(&config.database_url())? {
        Place::File(path) => open_sqlite(&path, config, role),
        Place::Server(url) => open_postgres(&url, config, role).await,
    }
}

/// Where a database is.
pub(crate) enum Place {
    /// A file on this machine.
    File(PathBuf),
    /// A PostgreSQL server.
    Server(String),
}

impl Place {
    /// What a URL names.
    ///
    /// # Errors
    /// For a URL of anything else.
    pub(crate) fn of(url: &str) -> Result<Self, Failure> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Server(url.to_owned()));
        }
        match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            Some(path) if !path.is_empty() && path != ":memory:" => Ok(Self::File(PathBuf::from(path))),
            // Whatever it is, there may be a password in it.
            _ => {
                let scheme = url.split(':').next().unwrap_or_default();
                Err(format!(
                    "the database URL must be sqlite://PATH or postgres://USER@HOST/NAME, and not begin with {scheme:?}"
                )
                .into())
            }
        }
    }
}

fn open_sqlite(path: &Path, config: &Config, role: Role) -> Result<Stores, Failure> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    }
    let options = match role {
        Role::Server => Options::server(ENV.now()),
        Role::Resync => Options::resync(ENV.now()),
        Role::Tool => Options::tool(ENV.now()),
    };
    // Whoever is let in to charge finds room.
    let options = Options { queue_max: options.queue_max.max(config.limits.charges_at_once), ..options };
    #[cfg(feature = "failpoints")]
    let options = Options { reached, unsynced: unsynced(), ..options };
    let opened = SqliteStore::open(path, options);
    let store = opened.map_err(|e| format!("cannot open {}: {}", config.database_shown(), chain(&e)))?;
    let store = Arc::new(store);
    let numbers = sqlite_numbers(Arc::clone(&store));
    Ok(Stores {
        payments: store.clone(),
        billing: store.clone(),
        receipts: store,
        numbers,
        env: Arc::new(ENV),
    })
}

async fn open_postgres(url: &str, config: &Config, role: Role) -> Result<Stores, Failure> {
    use hanbeon_store_postgres::Options;
    let options = match role {
        Role::Server => Options::server(ENV.now()),
        Role::Tool | Role::Resync => Options::tool(ENV.now()),
    };
    #[cfg(feature = "failpoints")]
    let options = Options { later: later_migrations()?, ..options };
    let opened = PostgresStore::open(url, options).await;
    let store = opened.map_err(|e| format!("cannot open {}: {e}", config.database_shown()))?;
    let store = Arc::new(store);
    let env = DatabaseClock::start(Arc::clone(&store)).await?;
    let numbers = postgres_numbers(Arc::clone(&store));
    Ok(Stores { payments: store.clone(), billing: store.clone(), receipts: store, numbers, env })
}

fn sqlite_numbers(store: Arc<SqliteStore>) -> Numbers {
    Box::new(move || {
        let Stats { groups, failed_groups, verbs, commit_time, reads, turned_away, panics, .. } =
            store.stats();
        let micros = u64::try_from(commit_time.as_micros()).unwrap_or(u64::MAX);
        [
            ("store_commits", "Transactions committed, each with one flush to disk", groups),
            ("store_failed_commits", "Transactions that could not be committed", failed_groups),
            ("store_write_verbs", "Write verbs carried out; many share one commit", verbs),
            ("store_commit_microseconds", "Time spent in COMMIT, flush included", micros),
            ("store_read_verbs", "Read verbs carried out", reads),
            ("store_turned_away", "Verbs that found their queue full", turned_away),
            ("store_panics", "Verbs that panicked: a defect, contained", panics),
        ]
        .map(|(name, help, count)| Number { name, help, count })
        .into()
    })
}

fn postgres_numbers(store: Arc<PostgresStore>) -> Numbers {
    Box::new(move || {
        let stats = store.stats();
        let micros = u64::try_from(stats.commit_time.as_micros()).unwrap_or(u64::MAX);
        [
            ("store_commits", "Transactions committed, each durable", stats.commits),
            ("store_failed_commits", "Commits that were refused, or nobody knows of", stats.failed_commits),
            ("store_write_verbs", "Write verbs carried out; many share one commit", stats.verbs),
            ("store_commit_microseconds", "Time spent in COMMIT, flush and standby included", micros),
            ("store_read_verbs", "Read verbs carried out", stats.reads),
            ("store_turned_away", "Verbs that found their queue full", stats.turned_away),
            ("store_run_again", "Transactions run again because of others", stats.again),
        ]
        .map(|(name, help, count)| Number { name, help, count })
        .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_of_something_else_is_refused_without_its_password() {
        let refused = Place::of("mysql://shop:hunter2@db/shop").err().map(|error| error.to_string());
        let refused = refused.expect("MySQL is none of ours");
        assert!(refused.contains("postgres://") && !refused.contains("hunter2"), "{refused}");
        assert!(matches!(Place::of("postgres://db/shop"), Ok(Place::Server(_))));
        assert!(matches!(Place::of("sqlite://shop.db"), Ok(Place::File(_))));
    }
}
