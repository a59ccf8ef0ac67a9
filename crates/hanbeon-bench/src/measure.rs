//! One measurement: fresh processes, fresh database, prepared payments, one load.
use crate::children::{self, Child, Usage, command};
use crate::databases::Databases;
use crate::http::{self, Connection};
use crate::load::Counted;
use crate::prepare::{self, Doors, Orders};
use crate::systems::{self, Changes, Place, Server, System};
use crate::{Failure, figures, machine};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// How long the load's process may take besides what it was asked for: reading its input, the last answers.
const LOAD_SLACK: Duration = Duration::from_secs(60);

/// What all measurements of a run share.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) place: Place,
    pub(crate) databases: Databases,
}

/// What the load does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) connections: u32,
    pub(crate) seconds: u64,
    pub(crate) warm_up_ms: u64,
    /// Requests per second, if not as fast as they are answered.
    pub(crate) pace: Option<u64>,
    /// Paths are read again and again; else bodies are confirmed once.
    pub(crate) reads: bool,
}

/// A sandbox and a server in front of it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) sandbox: Child,
    pub(crate) server: Server,
    /// From the start of the process to its readiness.
    pub(crate) ready: Duration,
    /// Resident memory before the first request, in KiB.
    idle_kib: u64,
    orders: Option<Orders>,
    /// The process of the database, if it is not the server's.
    database: Option<i32>,
    folder: TempDir,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) counted: Counted,
    /// Good answers per second.
    pub(crate) rate: u64,
    /// From the start of the process to its readiness, in µs.
    pub(crate) ready_us: u64,
    /// Resident memory before the first request, in KiB.
    pub(crate) idle_kib: u64,
    /// At most, in KiB.
    pub(crate) peak_kib: u64,
    /// Processor time per answer in ns: the server's by thread name, and the sandbox's.
    pub(crate) server_cpu_ns: BTreeMap<String, u64>,
    pub(crate) sandbox_cpu_ns: u64,
    /// The same of the database, if it is a server of its own.
    pub(crate) database_cpu_ns: u64,
    /// How busy the machine was with everything that ran on it, in hundredths.
    pub(crate) machine_busy: u64,
    /// Bytes written to disk per answer.
    pub(crate) written_bytes: u64,
    /// What the store did, if the server tells.
    pub(crate) store: Option<StoreWork>,
}

/// What the store did during a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoreWork {
    /// Commits per confirm, in hundredths.
    pub(crate) commits: u64,
    /// Writes per commit, in hundredths.
    pub(crate) writes: u64,
    /// Mean time of a commit, flush included, in µs.
    pub(crate) commit_us: u64,
}

impl Measured {
    /// Processor time of the server per answer, in ns.
    pub(crate) fn server_ns(&self) -> u64 {
        self.server_cpu_ns.values().sum()
    }

    /// Processor time of the load per answer, in ns.
    pub(crate) fn load_ns(&self) -> u64 {
        figures::share(self.counted.cpu_us, self.counted.answered, 1_000)
    }
}

impl Bench {
    /// Starts a sandbox whose confirms take `latency_ms` longer, and a system in front of it.
    ///
    /// # Errors
    /// When one of them does not start.
    pub(crate) async fn stage(
        &self,
        system: System,
        latency_ms: u64,
        changes: &Changes,
    ) -> Result<Stage, Failure> {
        let place = &self.place;
        let folder = tempfile::Builder::new().prefix("hanbeon-bench-").tempdir_in(&place.folder)?;
        let mut sandbox = systems::start_sandbox(place, folder.path())?;
        sandbox.ready("/sandbox/clock").await?;
        delay(sandbox.address, latency_ms).await?;
        let (with, of) = ((place, &self.databases), (changes, folder.path()));
        let mut server = systems::start(system, with, sandbox.address, of).await?;
        let ready = server.child.ready("/readyz").await?;
        let idle_kib = server.child.usage().rss_kib;
        let orders = server.orders(place).await?;
        let database = self.databases.process(system);
        Ok(Stage { sandbox, server, ready, idle_kib, orders, database, folder })
    }

    /// Prepares so many payments, confirms them, and ends everything.
    ///
    /// # Errors
    /// When something does not run; confirms that were not answered with 200 `DONE` are in the figures.
    pub(crate) async fn confirms(
        &self,
        stage: Stage,
        (pool, load): (usize, Load),
    ) -> Result<Measured, Failure> {
        let bodies = stage.prepare(pool).await?;
        let measured = stage.load(&self.place, &bodies, load).await?;
        measured.complain();
        stage.close().await?;
        Ok(measured)
    }
}

impl Measured {
    /// Answers that were not the good one.
    pub(crate) fn others(&self) -> u64 {
        self.counted.errors + self.counted.shed + self.counted.pending
    }

    /// Says so, if there were any.
    pub(crate) fn complain(&self) {
        let Counted { errors, shed, pending, .. } = self.counted;
        if self.others() > 0 {
            println!("**not answered well: {shed} turned away, {pending} pending, {errors} otherwise**");
        }
    }
}

impl Stage {
    /// Payments that are ready to be confirmed, as the bodies that do it.
    pub(crate) async fn prepare(&self, count: usize) -> Result<Vec<String>, Failure> {
        // Unlike any other's in a database that is used again.
        let name = format!("bench-{}", self.sandbox.address.port());
        let doors = Doors { name, sandbox: self.sandbox.address, orders: self.orders.clone() };
        prepare::pool(&doors, count).await
    }

    /// Runs the load in a process of its own.
    pub(crate) async fn load(
        &self,
        place: &Place,
        lines: &[String],
        load: Load,
    ) -> Result<Measured, Failure> {
        let input = self.folder.path().join("input");
        std::fs::write(&input, lines.join("\n"))?;
        let (server, sandbox) = (&self.server.child, &self.sandbox);
        let database_ns = || self.database.map_or(0, children::family_cpu_ns);
        let before = (server.usage(), sandbox.usage(), store_counters(server.address).await);
        let database_before = database_ns();
        let ticks = machine::ticks();
        let counted = run_load(place, load, server.address, &input).await?;
        let machine_busy = busy_since(ticks);
        let database_used = database_ns().saturating_sub(database_before);
        let after = (server.usage(), sandbox.usage(), store_counters(server.address).await);
        let answered = counted.answered;
        let each = |ns: u64| figures::share(ns, answered, 1);
        Ok(Measured {
            rate: figures::per_second(counted.confirms, counted.seconds),
            ready_us: u64::try_from(self.ready.as_micros())?,
            idle_kib: self.idle_kib,
            peak_kib: after.0.peak_rss_kib,
            server_cpu_ns: cpu_between(&before.0, &after.0).map(|(name, ns)| (name, each(ns))).collect(),
            database_cpu_ns: each(database_used),
            sandbox_cpu_ns: each(cpu_between(&before.1, &after.1).map(|(_, ns)| ns).sum()),
            machine_busy,
            written_bytes: each(after.0.written_bytes.saturating_sub(before.0.written_bytes)),
            store: store_work(before.2, after.2, answered),
            counted,
        })
    }

    /// Ends both; their files go.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.server.child.stop().await?;
        self.sandbox.stop().await
    }
}

/// Makes every confirm at the sandbox take so much longer.
async fn delay(sandbox: SocketAddr, ms: u64) -> Result<(), Failure> {
    if ms == 0 {
        return Ok(());
    }
    let rule = json!({"operation": "confirm", "times": 0, "kind": "delay", "ms": ms, "when": "before"});
    let request = http::post(sandbox, "/sandbox/faults", "", &rule.to_string());
    let mut connection = Connection::open(sandbox).await?;
    let answer = connection.exchange(&request).await?;
    if answer.status == 200 { Ok(()) } else { Err(format!("the sandbox: {}", answer.text()).into()) }
}

async fn run_load(place: &Place, load: Load, server: SocketAddr, input: &Path) -> Result<Counted, Failure> {
    let Load { connections, seconds, warm_up_ms, pace, reads } = load;
    let mut run = command(&place.bench, ["load", "--url", &format!("http://{server}/payments/confirm")]);
    run.args(["--connections", &connections.to_string(), "--seconds", &seconds.to_string()]);
    run.args(["--warm-up-ms", &warm_up_ms.to_string(), "--input"]).arg(input);
    if let Some(pace) = pace {
        run.args(["--pace", &pace.to_string()]);
    }
    if reads {
        run.arg("--reads");
    }
    let within = Duration::from_secs(seconds) + Duration::from_millis(warm_up_ms) + LOAD_SLACK;
    Ok(serde_json::from_str(&children::finish("the load", run, within).await?)?)
}

fn busy_since((busy, total): (u64, u64)) -> u64 {
    let now = machine::ticks();
    figures::share(now.0.saturating_sub(busy), now.1.saturating_sub(total), 100)
}

fn cpu_between<'a>(before: &'a Usage, after: &'a Usage) -> impl Iterator<Item = (String, u64)> + 'a {
    after.cpu_ns.iter().map(|(name, ns)| {
        let earlier = before.cpu_ns.get(name).copied().unwrap_or(0);
        (name.clone(), ns.saturating_sub(earlier))
    })
}

/// What the store has counted so far.
#[derive(Clone, Copy, Debug, Default)]
struct StoreCounters {
    commits: u64,
    writes: u64,
    commit_us: u64,
}

/// From the server's metrics; `None` if it shows none.
async fn store_counters(server: SocketAddr) -> Option<StoreCounters> {
    let mut connection = Connection::open(server).await.ok()?;
    let answer = connection.exchange(&http::get(server, "/metrics")).await.ok()?;
    let page = std::str::from_utf8(answer.body).ok().filter(|_| answer.status == 200)?;
    Some(StoreCounters {
        commits: counter(page, "hanbeon_store_commits_total")?,
        writes: counter(page, "hanbeon_store_write_verbs_total")?,
        commit_us: counter(page, "hanbeon_store_commit_microseconds_total")?,
    })
}

fn counter(page: &str, name: &str) -> Option<u64> {
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

fn store_work(
    before: Option<StoreCounters>,
    after: Option<StoreCounters>,
    answered: u64,
) -> Option<StoreWork> {
    let (before, after) = (before?, after?);
    let commits = after.commits.saturating_sub(before.commits);
    Some(StoreWork {
        commits: figures::share(commits, answered, 100),
        writes: figures::share(after.writes.saturating_sub(before.writes), commits, 100),
        commit_us: figures::share(after.commit_us.saturating_sub(before.commit_us), commits, 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_counters_are_found_among_others() {
        let page = "# TYPE hanbeon_store_commits counter\nhanbeon_store_commits_total 40\n\
                    hanbeon_store_commits_total_of_something 9\nhanbeon_store_write_verbs_total 10\n# EOF\n";
        assert_eq!(counter(page, "hanbeon_store_commits_total"), Some(40));
        assert_eq!(counter(page, "hanbeon_store_write_verbs_total"), Some(10));
        assert_eq!(counter(page, "hanbeon_store_read_verbs_total"), None);
    }

    #[test]
    fn the_stores_work_is_what_was_counted_between_two_looks() {
        let before = StoreCounters { commits: 10, writes: 40, commit_us: 1_000 };
        let after = StoreCounters { commits: 30, writes: 120, commit_us: 9_000 };
        let work = StoreWork { commits: 50, writes: 400, commit_us: 400 };
        assert_eq!(store_work(Some(before), Some(after), 40), Some(work));
        assert_eq!(store_work(None, Some(after), 40), None);
    }
}
