//! Processes that end with us, and what Linux knows about them.
//!
//! A child is killed when its [`Child`] is dropped, on every way out: an error, Ctrl-C, a panic. It starts with
//! an empty environment, so that nobody's settings are measured.
use crate::Failure;
use crate::http::{self, Connection};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

/// How long a server may take to be ready. It takes milliseconds; a machine that swaps takes seconds.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How often readiness is asked for: the error of the time to ready.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How much of a log is shown with a failure, in bytes.
const LOG_SHOWN: usize = 2_000;

/// A server process of ours.
#[derive(Debug)]
pub(crate) struct Child {
    name: &'static str,
    process: tokio::process::Child,
    pid: String,
    log: PathBuf,
    started: Instant,
    pub(crate) address: SocketAddr,
}

/// What a command line is made of.
pub(crate) fn command<S: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(args).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

impl Child {
    /// Starts a server; both its outputs go to a file in `folder`.
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        address: SocketAddr,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let log = folder.join(format!("{name}.log"));
        let (out, err) = (File::create(&log)?, File::options().append(true).open(&log)?);
        let started = Instant::now();
        let process =
            command.stdout(out).stderr(err).spawn().map_err(|e| format!("cannot start {name}: {e}"))?;
        let pid = process.id().ok_or_else(|| format!("{name} ended at once"))?.to_string();
        Ok(Self { name, process, pid, log, started, address })
    }

    /// Waits until `GET path` is answered with 200, and says how long that took from the start.
    pub(crate) async fn ready(&mut self, path: &str) -> Result<Duration, Failure> {
        let request = http::get(self.address, path);
        while self.started.elapsed() < READY_WITHIN {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("{} ended: {status}\n{}", self.name, self.log_tail()).into());
            }
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok(Ok(answer)) = timeout(READY_WITHIN, connection.exchange(&request)).await
                && answer.status == 200
            {
                return Ok(self.started.elapsed());
            }
            sleep(LOOK_EVERY).await;
        }
        Err(format!("{} was not ready after {READY_WITHIN:?}\n{}", self.name, self.log_tail()).into())
    }

    /// The end of what it said.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(LOG_SHOWN)..]).into_owned()
    }

    /// Ends it and waits until it is gone.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.process.kill().await?)
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(mut self, within: Duration) -> Result<(), Failure> {
        let name = self.name;
        timeout(within, self.process.wait()).await.map_err(|_| format!("{name} did not end"))??;
        Ok(())
    }

    /// Its number, while it runs.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.process.id().and_then(|pid| i32::try_from(pid).ok())
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Usage {
        let status = proc(&self.pid, "status");
        let io = proc(&self.pid, "io");
        Usage {
            cpu_ns: thread_times(&self.pid),
            rss_kib: field(&status, "VmRSS:"),
            peak_rss_kib: field(&status, "VmHWM:"),
            written_bytes: field(&io, "write_bytes:"),
        }
    }
}

/// What a process has used since its start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    /// Time on a processor in ns, by thread name.
    pub(crate) cpu_ns: BTreeMap<String, u64>,
    pub(crate) rss_kib: u64,
    pub(crate) peak_rss_kib: u64,
    /// Bytes that it made the system write to disk, in whole pages.
    pub(crate) written_bytes: u64,
}

/// Runs a command to its end, within a time; what it complains about is shown.
pub(crate) async fn finish(name: &str, command: Command, within: Duration) -> Result<String, Failure> {
    let (out, said) = run(name, command, within).await?;
    eprint!("{said}");
    Ok(out)
}

/// Runs a command to its end, within a time; what it says is shown only if it fails.
pub(crate) async fn finish_quietly(
    name: &str,
    command: Command,
    within: Duration,
) -> Result<String, Failure> {
    Ok(run(name, command, within).await?.0)
}

async fn run(name: &str, mut command: Command, within: Duration) -> Result<(String, String), Failure> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let run = command.spawn();
    let run = run.map_err(|e| format!("cannot start {name}: {e}"))?.wait_with_output();
    let ended = timeout(within, run).await.map_err(|_| format!("{name} did not end within {within:?}"))?;
    let Output { status, stdout, stderr } = ended?;
    let said = String::from_utf8_lossy(&stderr);
    if !status.success() {
        return Err(format!("{name}: {status}\n{said}").into());
    }
    Ok((String::from_utf8(stdout)?, said.into_owned()))
}

/// A loopback address that nobody listens on. Somebody could take it before the child does; then the child
/// says so and the run ends.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Time on a processor of a process, in µs.
pub(crate) fn cpu_us(pid: &str) -> u64 {
    thread_times(pid).values().sum::<u64>() / 1_000
}

/// Time on a processor of a process and of those that it started, in ns: a database's server and its hands.
pub(crate) fn family_cpu_ns(pid: i32) -> u64 {
    let is_hand = |entry: &fs::DirEntry| {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // `pid (name) state parent …`; a name may have anything in it.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parent == Some(pid)
    };
    let hands = fs::read_dir("/proc").into_iter().flatten().flatten().filter(is_hand);
    let pids = hands.map(|entry| entry.file_name().to_string_lossy().into_owned()).chain([pid.to_string()]);
    pids.map(|pid| thread_times(&pid).values().sum::<u64>()).sum()
}

/// Threads that have ended are not in it; ours live as long as their process.
fn thread_times(pid: &str) -> BTreeMap<String, u64> {
    let mut times = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let read = |file| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
        let ns = read("schedstat").split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0);
        *times.entry(read("comm").trim().to_owned()).or_insert(0) += ns;
    }
    times
}

fn proc(pid: &str, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
}

/// The number behind a name, 0 if it is not there.
fn field(text: &str, name: &str) -> u64 {
    let rest = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    rest.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
