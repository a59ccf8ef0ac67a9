//! PostgreSQL for tests: throw-away servers on this machine, each with its data in a folder of its own.
//!
//! ```no_run
//! use hanbeon_testkit::postgres;
//! // For a test that needs a database, whichever server it is on:
//! let database = postgres::database();
//! println!("{}", database.url()); // postgres://postgres@127.0.0.1:…/hanbeon_…
//! // For a test that kills the server, or wants two of them:
//! let mut primary = postgres::Cluster::start();
//! let mut standby = primary.standby("second");
//! primary.kill();
//! standby.promote();
//! ```
//!
//! [`database`] takes the server that [`VARIABLE`] names: `cargo xtask test` starts one for all tests. Without the variable
//! the process starts one of its own, once. Nothing is skipped: a machine without PostgreSQL fails the test, and says
//! what to install.
//!
//! Every server is watched by a small shell that holds the other end of a pipe. However we end, `kill -9` included, the
//! pipe ends with us; then the shell ends its server and removes the folder. Servers flush to the disk as in production.
//! `initdb` refuses to be root, so root runs all of it as the user `postgres`.
//!
//! This file needs only the standard library: `xtask`, which has no dependencies, compiles it, too.
use std::ffi::OsStr;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;

/// The URL of the server that the tests share, without a database's name: `postgres://postgres@127.0.0.1:5432`.
pub const VARIABLE: &str = "HANBEON_TEST_POSTGRES";

/// Who owns the data when we are root, and the superuser of every server.
const USER: &str = "postgres";

/// Starts the server, says when it is ready, and waits for a line that names the signal that ends it. When the pipe ends
/// instead, the server goes and its folder with it. It is gone when its children are: before that no other one starts in
/// the same folder.
const KEEPER: &str = r#"
home=$1 ready=$2 port=$3; shift 3
"$@" >>"$home/log" 2>&1 & server=$!
for _ in $(seq 1200); do
  if "$ready" -q -h 127.0.0.1 -p "$port"; then up=1; break; fi
  kill -0 $server || break
  sleep 0.05
done
if [ "$up" ]; then echo ready; else echo; fi
read -r signal || gone=1
children=$(pgrep -P $server)
kill -"${signal:-QUIT}" $server
wait $server
for child in $children; do
  for _ in $(seq 200); do
    case $(ps -o stat= -p "$child") in ""|Z*) break;; esac
    sleep 0.05
  done
done
if [ "$gone" ]; then rm -rf "$home"; fi
"#;

/// Is there a PostgreSQL on this machine?
#[must_use]
pub fn is_here() -> bool {
    folder().is_some()
}

/// A new, empty database; dropped with the value.
///
/// # Panics
/// When there is no PostgreSQL; says what to install.
#[must_use]
pub fn database() -> Database {
    static OURS: OnceLock<Cluster> = OnceLock::new();
    let server = std::env::var(VARIABLE).unwrap_or_else(|_| OURS.get_or_init(Cluster::start).url(""));
    Database::on(&server)
}

/// A database, for one test.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new one on this server.
    fn on(server: &str) -> Self {
        Self::made(server, "")
    }

    /// A copy of it, as it is now. Nobody may be connected; who is just going is waited for.
    ///
    /// # Panics
    /// When somebody is connected.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self::made(&self.server, &format!("TEMPLATE {}", self.name))
    }

    fn made(server: &str, how: &str) -> Self {
        let random = RandomState::new().build_hasher().finish();
        let name = format!("hanbeon_{}_{random:x}", std::process::id());
        let server = server.trim_end_matches('/').to_owned();
        let _ = query(&format!("{server}/postgres"), &format!("CREATE DATABASE {name} {how}"));
        Self { server, name }
    }

    /// `postgres://USER@HOST:PORT/NAME`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    /// Has it done.
    ///
    /// # Panics
    /// When PostgreSQL refuses it.
    pub fn execute(&self, sql: &str) {
        let _ = query(&self.url(), sql);
    }

    /// What `psql` says to this: rows in lines, columns apart by `|`.
    ///
    /// # Panics
    /// When PostgreSQL refuses it.
    #[must_use]
    pub fn query(&self, sql: &str) -> String {
        query(&self.url(), sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Whoever still has a connection loses it; a server that is gone has no databases.
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = psql(&format!("{}/postgres", self.server), &drop);
    }
}

/// A server with its data.
pub struct Cluster {
    programs: Programs,
    home: PathBuf,
    port: u16,
    keeper: Option<Keeper>,
    /// It must go on to be able to end.
    frozen: bool,
}

impl Cluster {
    /// A new server, ready to be used.
    ///
    /// # Panics
    /// When there is no PostgreSQL, or it does not start; says why.
    #[must_use]
    pub fn start() -> Self {
        Self::make(|programs, data| {
            let mut initdb = programs.command("initdb");
            initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-U", USER, "-D"]);
            done(initdb.arg(data));
        })
    }

    /// A copy of this server that follows it, by stock streaming replication, under this name. From the return on a
    /// commit is answered when the copy has it on its disk, too.
    ///
    /// # Panics
    /// When the copy cannot be made.
    #[must_use]
    pub fn standby(&self, name: &str) -> Self {
        let standby = self.follower(name);
        self.execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"));
        self.execute("SELECT pg_reload_conf()");
        standby
    }

    /// The same, but that nobody waits for it: it may lack the last moments.
    ///
    /// # Panics
    /// When the copy cannot be made.
    #[must_use]
    pub fn follower(&self, name: &str) -> Self {
        let from = format!("host=127.0.0.1 port={} user={USER} application_name={name}", self.port);
        Self::make(|programs, data| {
            let mut copy = programs.command("pg_basebackup");
            copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "-d", &from, "-D"]);
            done(copy.arg(data));
        })
    }

    /// The follower leads from now on; returns when it takes writes.
    ///
    /// # Panics
    /// When it does not follow anybody.
    pub fn promote(&mut self) {
        done(self.programs.command("pg_ctl").arg("promote").arg("-D").arg(self.home.join("data")));
    }

    /// Its machine hangs: connections are taken, and nothing is ever answered.
    ///
    /// # Panics
    /// When its processes cannot be stopped.
    pub fn freeze(&mut self) {
        self.signal_all("STOP");
        self.frozen = true;
    }

    /// It goes on, as if nothing had happened.
    ///
    /// # Panics
    /// When its processes cannot be told.
    pub fn thaw(&mut self) {
        if std::mem::take(&mut self.frozen) {
            self.signal_all("CONT");
        }
    }

    /// Tells the server, and those of its processes that there are then.
    fn signal_all(&self, signal: &str) {
        let file = std::fs::read_to_string(self.home.join("data/postmaster.pid")).expect("it runs");
        let server = file.lines().next().expect("its number").to_owned();
        done(Command::new("kill").args(["-s", signal, &server]));
        let children = said(Command::new("pgrep").args(["-P", &server])).unwrap_or_default();
        for child in children.lines() {
            // It may just have ended.
            let _ = Command::new("kill").args(["-s", signal, child]).output();
        }
    }

    /// `kill -9` of the server; its children end by themselves. Returns when it is gone.
    pub fn kill(&mut self) {
        self.end("KILL");
    }

    /// An immediate stop: nothing is finished, and the next start recovers from the log.
    pub fn stop_at_once(&mut self) {
        self.end("QUIT");
    }

    /// Starts it again, after [`Cluster::kill`] or [`Cluster::stop_at_once`], where it was.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self) {
        assert!(self.keeper.is_none(), "it runs");
        // The server that this file names is gone, and its number may be somebody else's by now.
        let _ = std::fs::remove_file(self.home.join("data/postmaster.pid"));
        self.keeper = Keeper::start(&self.programs, &self.home, self.port);
        assert!(self.keeper.is_some(), "PostgreSQL does not start again: {}", self.log());
    }

    /// `postgres://postgres@127.0.0.1:PORT/DATABASE`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Its port on this machine.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// A new, empty database on it.
    #[must_use]
    pub fn database(&self) -> Database {
        Database::on(&self.url(""))
    }

    /// Has it done, in the database `postgres`.
    ///
    /// # Panics
    /// When PostgreSQL refuses it.
    pub fn execute(&self, sql: &str) {
        let _ = query(&self.url("postgres"), sql);
    }

    /// What `psql` says to this, in the database `postgres`.
    ///
    /// # Panics
    /// When PostgreSQL refuses it.
    #[must_use]
    pub fn query(&self, sql: &str) -> String {
        query(&self.url("postgres"), sql)
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }

    fn make(fill: impl FnOnce(&Programs, &Path)) -> Self {
        let programs = Programs::find().unwrap_or_else(|why| panic!("{why}"));
        let folder = Path::new(&std::env::temp_dir()).join("hanbeon-postgres-XXXXXX");
        let made = done(programs.run(OsStr::new("mktemp")).arg("-d").arg(folder));
        let home = PathBuf::from(made.trim_end());
        fill(&programs, &home.join("data"));
        let mut cluster = Self { programs, home, port: 0, keeper: None, frozen: false };
        // Between our looking for a free port and its listening, another process may take it.
        for _ in 0..5 {
            cluster.port = free_port();
            cluster.keeper = Keeper::start(&cluster.programs, &cluster.home, cluster.port);
            if cluster.keeper.is_some() {
                return cluster;
            }
        }
        panic!("PostgreSQL does not start: {}", cluster.log());
    }

    fn end(&mut self, signal: &str) {
        self.thaw();
        self.keeper.take().expect("it runs").end(Some(signal));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.thaw();
        match self.keeper.take() {
            Some(keeper) => keeper.end(None),
            None => drop(std::fs::remove_dir_all(&self.home)),
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({}, {})", self.port, self.home.display())
    }
}

/// The shell that watches a server.
struct Keeper {
    shell: Child,
    /// As long as it is open, we are there.
    pipe: ChildStdin,
}

impl Keeper {
    /// `None` when the server does not come up; its log says why.
    fn start(programs: &Programs, home: &Path, port: u16) -> Option<Self> {
        let server = programs.command("postgres");
        let mut shell = Command::new("sh");
        shell.args(["-c", KEEPER, "keeper"]).arg(home).arg(programs.folder.join("pg_isready"));
        shell.arg(port.to_string()).arg(server.get_program()).args(server.get_args());
        shell.arg("-D").arg(home.join("data")).arg("-k").arg(home).args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "fsync=on",
            "shared_buffers=32MB",
            "max_connections=300",
            "max_parallel_workers_per_gather=0",
        ] {
            shell.args(["-c", setting]);
        }
        // A signal for our whole group is not for it: it ends its server when we are gone, and not before.
        shell.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        // It outlives us by a moment, and must not hold what our own parent reads.
        shell.stderr(Stdio::null());
        let mut shell = shell.spawn().expect("sh runs");
        let pipe = shell.stdin.take().expect("it was asked for");
        let mut words = BufReader::new(shell.stdout.take().expect("it was asked for"));
        let keeper = Self { shell, pipe };
        let mut said = String::new();
        if words.read_line(&mut said).is_ok() && said == "ready\n" {
            return Some(keeper);
        }
        keeper.end(Some("QUIT"));
        None
    }

    /// Ends the server with this signal; with none, its folder goes, too. Returns when that is done.
    fn end(mut self, signal: Option<&str>) {
        if let Some(signal) = signal {
            // A shell that is gone has done it already.
            let _ = writeln!(self.pipe, "{signal}");
        }
        drop(self.pipe);
        let _ = self.shell.wait();
    }
}

/// Where PostgreSQL's programs are, and who may run them.
struct Programs {
    folder: PathBuf,
    /// We are root, and must not be.
    as_user: bool,
}

impl Programs {
    fn find() -> Result<Self, String> {
        let folder = folder().ok_or(
            "no PostgreSQL on this machine: no initdb in PATH, in `pg_config --bindir` or in \
             /usr/lib/postgresql/*/bin; `apt-get install postgresql` brings it",
        )?;
        let as_user = said(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
        Ok(Self { folder, as_user })
    }

    /// One of PostgreSQL's programs.
    fn command(&self, program: &str) -> Command {
        self.run(self.folder.join(program).as_os_str())
    }

    /// A program, as a user who may own data.
    fn run(&self, program: &OsStr) -> Command {
        let mut command = if self.as_user {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--init-groups"]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        // That user may not be allowed to see where we are.
        command.current_dir("/");
        command
    }
}

/// The folder of the server's programs: what is first in PATH, or what was built against, or the newest of Debian's.
fn folder() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Distributions link single programs into the path: the others are where the link leads.
    let real = |folder: PathBuf| Some(folder.join("initdb").canonicalize().ok()?.parent()?.to_owned());
    let configured = said(Command::new("pg_config").arg("--bindir")).map(PathBuf::from);
    let mut debian: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    debian.sort_by_key(|bin| {
        let version = bin.parent().and_then(Path::file_name).and_then(OsStr::to_str);
        std::cmp::Reverse(version.and_then(|version| version.parse::<u32>().ok()))
    });
    let whole = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_ctl", "pg_isready", "pg_basebackup", "psql"]
            .iter()
            .all(|program| folder.join(program).exists())
    };
    std::env::split_paths(&path).chain(configured).chain(debian).filter_map(real).find(whole)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// What `psql` says to this at that URL: rows in lines, columns apart by `|`.
///
/// # Panics
/// When PostgreSQL refuses it.
#[must_use]
pub fn query(url: &str, sql: &str) -> String {
    let output = psql(url, sql);
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

fn psql(url: &str, sql: &str) -> Output {
    let program = folder().map_or("psql".into(), |folder| folder.join("psql"));
    let mut psql = Command::new(program);
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]);
    psql.output().expect("psql runs")
}

/// What a command says, which must end well.
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command says, if it ends well.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
