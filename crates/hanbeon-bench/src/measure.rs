//! One measurement: fresh processes, fresh database, prepared payments, one load.
use crate::children::{self, Child, Usage, command};
use crate::http::{self, Connection};
use crate::load::Counted;
use crate::prepare::{self, Doors};
use crate::{CLIENT_KEY, Failure, SECRET_KEY, figures, machine};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How long the load's process may take besides what it was asked for: reading its input, the last answers.
const LOAD_SLACK: Duration = Duration::from_secs(60);
/// How long making a key may take.
const KEY_WITHIN: Duration = Duration::from_secs(30);

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The server without a store.
    Limit,
    /// hanbeon.
    Hanbeon,
}

/// How one measurement is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) target: Target,
    pub(crate) connections: u32,
    pub(crate) seconds: u64,
    pub(crate) warm_up_ms: u64,
    /// How many payments to prepare.
    pub(crate) pool: usize,
}

/// Where binaries and files are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// This program.
    pub(crate) bench: PathBuf,
    /// hanbeon's.
    pub(crate) hanbeon: PathBuf,
    /// Where databases are made.
    pub(crate) folder: PathBuf,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) counted: Counted,
    /// Confirms per second.
    pub(crate) rate: u64,
    /// From the start of the process to its readiness.
    pub(crate) ready: Duration,
    /// Resident memory before the first request, in KiB.
    pub(crate) idle_kib: u64,
    /// After the last, and at most.
    pub(crate) after_kib: u64,
    pub(crate) peak_kib: u64,
    /// Processor time per confirm in ns: the server's by thread name, and the sandbox's.
    pub(crate) server_cpu_ns: BTreeMap<String, u64>,
    pub(crate) sandbox_cpu_ns: u64,
    /// How busy the machine was with everything that ran on it, in hundredths.
    pub(crate) machine_busy: u64,
    /// Bytes written to disk per confirm.
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
    /// Processor time of the server per confirm, in ns.
    pub(crate) fn server_ns(&self) -> u64 {
        self.server_cpu_ns.values().sum()
    }

    /// Processor time of the load per confirm, in ns.
    pub(crate) fn load_ns(&self) -> u64 {
        figures::share(self.counted.cpu_us, self.counted.answered, 1_000)
    }
}

/// Takes one measurement.
///
/// # Errors
/// Anything that went wrong, among it a single confirm that was not answered with 200 `DONE`.
pub(crate) async fn measure(place: &Place, setting: Setting) -> Result<Measured, Failure> {
    let folder = tempfile::Builder::new().prefix("hanbeon-bench-").tempdir_in(&place.folder)?;
    let mut sandbox = start_sandbox(place, &folder)?;
    sandbox.ready("/sandbox/clock").await?;
    let (mut server, api_key) = match setting.target {
        Target::Limit => (start_limit(place, &sandbox, &folder)?, None),
        Target::Hanbeon => (start_hanbeon(place, &sandbox, &folder)?, Some(database_url(&folder))),
    };
    let ready = server.ready("/readyz").await?;
    let idle_kib = server.usage().rss_kib;
    let hanbeon = match api_key {
        Some(url) => Some((server.address, make_key(place, &url).await?)),
        None => None,
    };
    let doors = Doors { sandbox: sandbox.address, hanbeon };
    let bodies = prepare::pool(&doors, setting.pool).await?;
    let input = folder.path().join("payments.jsonl");
    std::fs::write(&input, bodies.join("\n"))?;
    drop(bodies);

    let before = (server.usage(), sandbox.usage(), store_counters(server.address).await);
    let ticks = machine::ticks();
    let counted = load(place, setting, server.address, &input).await?;
    let machine_busy = busy_since(ticks);
    let after = (server.usage(), sandbox.usage(), store_counters(server.address).await);
    if counted.errors > 0 {
        let errors = counted.errors;
        return Err(format!("{errors} confirms were not 200 DONE\n{}", server.log_tail()).into());
    }
    server.stop().await?;
    sandbox.stop().await?;
    let answered = counted.answered;
    let per_confirm = |ns: u64| figures::share(ns, answered, 1);
    Ok(Measured {
        rate: figures::per_second(counted.confirms, counted.seconds),
        ready,
        idle_kib,
        after_kib: after.0.rss_kib,
        peak_kib: after.0.peak_rss_kib,
        server_cpu_ns: cpu_between(&before.0, &after.0).map(|(name, ns)| (name, per_confirm(ns))).collect(),
        sandbox_cpu_ns: per_confirm(cpu_between(&before.1, &after.1).map(|(_, ns)| ns).sum()),
        machine_busy,
        written_bytes: per_confirm(after.0.written_bytes.saturating_sub(before.0.written_bytes)),
        store: store_work(before.2, after.2, answered),
        counted,
    })
}

fn start_sandbox(place: &Place, folder: &TempDir) -> Result<Child, Failure> {
    let address = children::free_address()?;
    let listen = address.to_string();
    let run = command(&place.hanbeon, ["sandbox", "--sandbox-listen", &listen]);
    Child::start("sandbox", run, address, folder.path())
}

fn start_limit(place: &Place, sandbox: &Child, folder: &TempDir) -> Result<Child, Failure> {
    let address = children::free_address()?;
    let (listen, toss) = (address.to_string(), format!("http://{}", sandbox.address));
    let run = command(&place.bench, ["limit", "--listen", &listen, "--toss-api-url", &toss]);
    Child::start("limit", run, address, folder.path())
}

fn start_hanbeon(place: &Place, sandbox: &Child, folder: &TempDir) -> Result<Child, Failure> {
    let address = children::free_address()?;
    let (listen, url) = (address.to_string(), database_url(folder));
    let mut run = command(&place.hanbeon, ["serve", "--listen", &listen, "--database-url", &url]);
    run.env("HANBEON_TOSS_API_URL", format!("http://{}", sandbox.address))
        .env("HANBEON_TOSS_CLIENT_KEY", CLIENT_KEY)
        .env("HANBEON_TOSS_SECRET_KEY", SECRET_KEY);
    Child::start("hanbeon", run, address, folder.path())
}

fn database_url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("bench.db").display())
}

async fn make_key(place: &Place, database_url: &str) -> Result<String, Failure> {
    let run = command(&place.hanbeon, ["keys", "create", "--database-url", database_url, "--name", "bench"]);
    Ok(children::finish("hanbeon keys create", run, KEY_WITHIN).await?.trim().to_owned())
}

async fn load(place: &Place, setting: Setting, server: SocketAddr, input: &Path) -> Result<Counted, Failure> {
    let Setting { connections, seconds, warm_up_ms, .. } = setting;
    let mut run = command(&place.bench, ["load", "--url", &format!("http://{server}/payments/confirm")]);
    run.args(["--connections", &connections.to_string(), "--seconds", &seconds.to_string()]);
    run.args(["--warm-up-ms", &warm_up_ms.to_string(), "--input"]).arg(input);
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
