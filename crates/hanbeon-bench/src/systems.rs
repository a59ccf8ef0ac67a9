//! What is compared, and how each is started.
use crate::children::{self, Child, command};
use crate::databases::{Databases, with};
use crate::prepare::Orders;
use crate::{CLIENT_KEY, Failure, SECRET_KEY};
use clap::ValueEnum;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;
use tokio::process::Command;

/// How long making a key may take.
const KEY_WITHIN: Duration = Duration::from_secs(30);
/// How long installing what a peer depends on may take.
const INSTALL_WITHIN: Duration = Duration::from_secs(180);

/// A server that confirms payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum System {
    /// The same server and client of Toss with the store left out.
    Limit,
    /// hanbeon on SQLite.
    Sqlite,
    /// hanbeon on PostgreSQL.
    Postgres,
    /// The original design: Express, a session in memory, and one insert into `MariaDB` after the call.
    Original,
    /// A sample on Express, which forwards and stores nothing.
    ExpressSample,
}

impl System {
    /// All of them, in the order of the tables.
    pub(crate) const ALL: [Self; 5] =
        [Self::Limit, Self::Sqlite, Self::Postgres, Self::Original, Self::ExpressSample];

    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Sqlite => "hanbeon, SQLite",
            Self::Postgres => "hanbeon, PostgreSQL",
            Self::Original => "original design",
            Self::ExpressSample => "Express sample",
        }
    }

    /// Whether it is hanbeon, on whatever store.
    pub(crate) fn is_hanbeon(self) -> bool {
        matches!(self, Self::Sqlite | Self::Postgres)
    }

    fn peer(self) -> Option<PathBuf> {
        let folder = match self {
            Self::Original => "original",
            Self::ExpressSample => "express-sample",
            Self::Limit | Self::Sqlite | Self::Postgres => return None,
        };
        Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(folder))
    }
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

/// How hanbeon is started where that differs from its defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// `limits.charges_at_once`.
    pub(crate) charges_at_once: Option<u32>,
    /// A database that is there already, by its URL.
    pub(crate) database_url: Option<String>,
    /// Each flush of a file takes so much longer, in ms.
    pub(crate) flush_ms: Option<u64>,
    /// `[retention]`, in its own words.
    pub(crate) retention: Option<String>,
    /// Its instructions are counted, into files whose names begin so.
    pub(crate) counted_in: Option<PathBuf>,
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) child: Child,
    /// hanbeon's database.
    pub(crate) database_url: Option<String>,
    orders: Option<&'static str>,
}

/// What hanbeon calls an SQLite database.
pub(crate) fn file_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// Installs what the peers among these depend on.
///
/// # Errors
/// When there is no npm, or it cannot install.
pub(crate) async fn install(systems: &[System]) -> Result<(), Failure> {
    for folder in systems.iter().filter_map(|system| system.peer()) {
        println!("installing what {} depends on (npm ci)", folder.display());
        let mut npm = Command::new("npm");
        npm.args(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
        children::finish("npm ci", npm, INSTALL_WITHIN).await?;
    }
    Ok(())
}

/// Starts the sandbox of Toss.
pub(crate) fn start_sandbox(place: &Place, folder: &Path) -> Result<Child, Failure> {
    let address = children::free_address()?;
    let run = command(&place.hanbeon, ["sandbox", "--sandbox-listen", &address.to_string()]);
    Child::start("sandbox", run, address, folder)
}

/// Starts a system in front of the sandbox at `toss`, with an empty database.
pub(crate) async fn start(
    system: System,
    (place, databases): (&Place, &Databases),
    toss: SocketAddr,
    (changes, folder): (&Changes, &Path),
) -> Result<Server, Failure> {
    let address = children::free_address()?;
    let toss = format!("http://{toss}");
    let database_url = match (system, &changes.database_url) {
        (System::Sqlite | System::Postgres, Some(url)) => Some(url.clone()),
        (System::Sqlite, None) => Some(file_url(&folder.join("bench.db"))),
        (System::Postgres, None) => Some(databases.postgres()?.create().await?),
        _ => None,
    };
    let (name, run) = match (&database_url, system.peer()) {
        (Some(url), _) => ("hanbeon", hanbeon(place, (address, url), &toss, (changes, folder))?),
        (None, Some(peer)) => ("peer", node(&peer, address, &toss, databases)),
        (None, None) => {
            let listen = address.to_string();
            ("limit", command(&place.bench, ["limit", "--listen", &listen, "--toss-api-url", &toss]))
        }
    };
    let orders = match system {
        System::Original => Some("/orders"),
        _ if system.is_hanbeon() => Some("/v1/orders"),
        _ => None,
    };
    Ok(Server { child: Child::start(name, run, address, folder)?, database_url, orders })
}

impl Server {
    /// Where orders are made before they are paid; the limit and the sample know none.
    pub(crate) async fn orders(&self, place: &Place) -> Result<Option<Orders>, Failure> {
        let Some(path) = self.orders else { return Ok(None) };
        let authorization = match &self.database_url {
            Some(url) => format!("Bearer {}", make_key(place, url).await?),
            None => String::new(),
        };
        Ok(Some(Orders { address: self.child.address, path, authorization }))
    }
}

fn hanbeon(
    place: &Place,
    (address, database_url): (SocketAddr, &str),
    toss: &str,
    (changes, folder): (&Changes, &Path),
) -> Result<Command, Failure> {
    let (listen, config) = (address.to_string(), folder.join("hanbeon.toml"));
    let limits = changes.charges_at_once.map(|most| format!("[limits]\ncharges_at_once = {most}\n"));
    let retention = changes.retention.as_ref().map(|words| format!("[retention]\n{words}\n"));
    std::fs::write(&config, [limits, retention].map(Option::unwrap_or_default).concat())?;
    let config = config.to_str().ok_or("the folder's name is no UTF-8")?;
    let serve = ["serve", "--config", config, "--listen", &listen, "--database-url", database_url];
    let mut run = match (changes.flush_ms, &changes.counted_in) {
        (None, None) => command(&place.hanbeon, serve),
        (None, Some(file)) => {
            let mut out = with("--callgrind-out-file=", file);
            out.push(".%p");
            let valgrind = ["--quiet", "--tool=callgrind", "--separate-threads=yes"];
            let mut run = command(Path::new("valgrind"), valgrind);
            run.arg(out).arg(&place.hanbeon).args(serve);
            run
        }
        (Some(ms), _) => {
            let mut run = command(&place.hanbeon, serve);
            run.env("LD_PRELOAD", slow_disk(folder)?).env("FLUSH_DELAY_MS", ms.to_string());
            run
        }
    };
    run.env("HANBEON_TOSS_API_URL", toss)
        .env("HANBEON_TOSS_CLIENT_KEY", CLIENT_KEY)
        .env("HANBEON_TOSS_SECRET_KEY", SECRET_KEY);
    Ok(run)
}

/// What makes the disk slow, compiled into this folder.
fn slow_disk(folder: &Path) -> Result<PathBuf, Failure> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("slow-disk").join("flush.c");
    let library = folder.join("slow-disk.so");
    let mut cc = std::process::Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source).arg("-ldl");
    let ended = cc.status().map_err(|e| format!("cc, for a slow disk: {e}"))?;
    if ended.success() { Ok(library) } else { Err("cc cannot compile the slow disk".into()) }
}

fn node(peer: &Path, address: SocketAddr, toss: &str, databases: &Databases) -> Command {
    let mut run = command(Path::new("node"), [peer.join("server.js")]);
    run.env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("NODE_ENV", "production")
        .env("PORT", address.port().to_string())
        .env("TOSS_URL", toss)
        .env("TOSS_SECRET_KEY", SECRET_KEY);
    if let Some((port, name)) = databases.mariadb() {
        run.env("DATABASE_PORT", port.to_string()).env("DATABASE", name);
    }
    run
}

/// Makes a key of the shop's, and the database if there is none.
///
/// # Errors
/// When the database cannot be made or written.
pub(crate) async fn make_key(place: &Place, database_url: &str) -> Result<String, Failure> {
    // One name has one key; a database that is used again has one already.
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("bench-{}-{}", std::process::id(), MADE.fetch_add(1, Relaxed));
    let list = ["keys", "create", "--database-url", database_url, "--name", &name];
    Ok(children::finish("hanbeon keys create", command(&place.hanbeon, list), KEY_WITHIN)
        .await?
        .trim()
        .to_owned())
}
