//! PostgreSQL and `MariaDB`, each a throw-away server of its own on a spare port, with its durability on.
//!
//! Neither runs as root: whoever is root lends them a user that owns nothing else of ours. They end with us.
use crate::children::{self, Child, command};
use crate::systems::{Place, System};
use crate::{Failure, http};
use rustix::process::{Pid, Signal};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

/// How long making an empty cluster may take.
const MAKE_WITHIN: Duration = Duration::from_secs(120);
/// How long a server may take until it takes connections.
const UP_WITHIN: Duration = Duration::from_secs(60);
/// How long installing a package may take.
const INSTALL_WITHIN: Duration = Duration::from_secs(600);

/// The servers that a run needs.
#[derive(Debug)]
pub(crate) struct Databases {
    postgres: Option<Postgres>,
    mariadb: Option<(Child, AtomicU32)>,
    // Last, so that it is there as long as they are.
    folder: TempDir,
}

/// A PostgreSQL cluster.
#[derive(Debug)]
pub(crate) struct Postgres {
    server: Child,
    programs: PathBuf,
    made: AtomicU32,
}

impl Databases {
    /// Starts what these systems need. `buffers_mib` are PostgreSQL's `shared_buffers`; without, they are its default of 128.
    ///
    /// # Errors
    /// When a program is missing and cannot be installed, or does not start.
    pub(crate) async fn start(
        place: &Place,
        systems: &[System],
        buffers_mib: Option<u64>,
    ) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("hanbeon-bench-").tempdir_in(&place.folder)?;
        open_to_all(folder.path())?;
        let mut databases = Self { postgres: None, mariadb: None, folder };
        if systems.contains(&System::Postgres) {
            databases.postgres = Some(Postgres::start(databases.folder.path(), buffers_mib).await?);
        }
        if systems.contains(&System::Original) {
            databases.mariadb = Some((start_mariadb(databases.folder.path()).await?, AtomicU32::new(0)));
        }
        Ok(databases)
    }

    /// The PostgreSQL cluster.
    ///
    /// # Errors
    /// When none was asked for.
    pub(crate) fn postgres(&self) -> Result<&Postgres, Failure> {
        self.postgres.as_ref().ok_or_else(|| "no PostgreSQL was started".into())
    }

    /// The process of the database that a system stands on, if it is one of its own.
    pub(crate) fn process(&self, of: System) -> Option<i32> {
        match of {
            System::Postgres => self.postgres.as_ref()?.server.pid(),
            System::Original => self.mariadb.as_ref()?.0.pid(),
            System::Limit | System::Sqlite | System::ExpressSample => None,
        }
    }

    /// The port of `MariaDB`, and the name of a database that is not there yet.
    pub(crate) fn mariadb(&self) -> Option<(u16, String)> {
        let (server, made) = self.mariadb.as_ref()?;
        Some((server.address.port(), format!("bench_{}", made.fetch_add(1, Relaxed))))
    }

    /// Ends them in good order.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        if let Some(Postgres { server, .. }) = self.postgres {
            // "Fast": without it the backends would have to find out by themselves.
            signal(&server, Signal::INT);
            server.ended(UP_WITHIN).await?;
        }
        if let Some((server, _)) = self.mariadb {
            signal(&server, Signal::TERM);
            server.ended(UP_WITHIN).await?;
        }
        Ok(())
    }
}

impl Postgres {
    async fn start(folder: &Path, buffers_mib: Option<u64>) -> Result<Self, Failure> {
        let programs = postgres_programs().await?;
        let data = owned_folder(folder, "postgres", "postgres").await?;
        let mut initdb = as_user("postgres", &programs.join("initdb"));
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--pgdata"]);
        children::finish_quietly(
            "initdb",
            {
                initdb.arg(&data);
                initdb
            },
            MAKE_WITHIN,
        )
        .await?;
        let address = children::free_address()?;
        let mut run = as_user("postgres", &programs.join("postgres"));
        run.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=on"]);
        run.args(["-c", "max_connections=200", "-p", &address.port().to_string(), "-D"]).arg(&data);
        if let Some(mib) = buffers_mib {
            run.arg("-c").arg(format!("shared_buffers={mib}MB"));
        }
        let server = Child::start("postgres", run, address, folder)?;
        Ok(Self { server, programs, made: AtomicU32::new(0) })
    }

    /// A new database, and its URL.
    ///
    /// # Errors
    /// When the server is not up in time.
    pub(crate) async fn create(&self) -> Result<String, Failure> {
        let name = format!("bench_{}", self.made.fetch_add(1, Relaxed));
        let port = self.server.address.port().to_string();
        let until = Instant::now() + UP_WITHIN;
        loop {
            let mut create =
                command(&self.programs.join("createdb"), ["--host=127.0.0.1", "--username=postgres"]);
            create.args(["--port", &port, &name]);
            match children::finish_quietly("createdb", create, UP_WITHIN).await {
                Ok(_) => return Ok(format!("postgres://postgres@127.0.0.1:{port}/{name}")),
                Err(error) if Instant::now() > until => {
                    return Err(format!("{error}\n{}", self.server.log_tail()).into());
                }
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// What a query answers, as text: one row and column.
    ///
    /// # Errors
    /// What PostgreSQL says, or that it takes longer than this.
    pub(crate) async fn query(&self, url: &str, query: &str, within: Duration) -> Result<String, Failure> {
        let psql = ["--no-psqlrc", "--tuples-only", "--no-align", "--command", query, url];
        children::finish_quietly("psql", command(&self.programs.join("psql"), psql), within).await
    }
}

/// Debian keeps the server's programs out of the path.
async fn postgres_programs() -> Result<PathBuf, Failure> {
    let told =
        children::finish_quietly("pg_config", command(Path::new("pg_config"), ["--bindir"]), UP_WITHIN);
    let told = told.await.map(|folder| PathBuf::from(folder.trim())).ok();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    let mut folders = told.into_iter().chain(versions.into_iter().rev());
    folders.find(|folder| folder.join("initdb").is_file()).ok_or_else(|| {
        "there is no PostgreSQL server: apt-get install postgresql, or leave it out with --only".into()
    })
}

async fn start_mariadb(folder: &Path) -> Result<Child, Failure> {
    // The server's programs alone: nothing is started, and `mariadb-install-db` needs one of the client's.
    if !["/usr/sbin/mariadbd", "/usr/bin/my_print_defaults"].iter().all(|file| Path::new(file).is_file()) {
        const PACKAGES: [&str; 2] = ["mariadb-server-core", "mariadb-client-core"];
        println!("there is no MariaDB: apt-get install {}", PACKAGES.join(" "));
        let mut apt = Command::new("apt-get");
        apt.args(["install", "--yes", "--no-install-recommends"]).args(PACKAGES);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        children::finish_quietly("apt-get", apt, INSTALL_WITHIN).await?;
    }
    let data = owned_folder(folder, "mariadb", "nobody").await?;
    let mut install = as_user("nobody", Path::new("/usr/bin/mariadb-install-db"));
    install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    install.arg(with("--datadir=", &data)).env("PATH", "/usr/sbin:/usr/bin:/bin");
    children::finish_quietly("mariadb-install-db", install, MAKE_WITHIN).await?;
    let first = data.join("first.sql");
    std::fs::write(&first, "CREATE USER shop@'127.0.0.1';\nGRANT ALL ON *.* TO shop@'127.0.0.1';\n")?;
    open_to_all(&first)?;
    let address = children::free_address()?;
    let mut run = as_user("nobody", Path::new("/usr/sbin/mariadbd"));
    run.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]);
    run.args(["--innodb-flush-log-at-trx-commit=1", "--max-connections=200"]);
    run.arg(format!("--port={}", address.port())).arg(with("--datadir=", &data));
    run.arg(with("--socket=", &data.join("socket"))).arg(with("--init-file=", &first));
    let server = Child::start("mariadb", run, address, folder)?;
    let until = Instant::now() + UP_WITHIN;
    while http::Connection::open(address).await.is_err() {
        if Instant::now() > until {
            return Err(format!("MariaDB does not listen\n{}", server.log_tail()).into());
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(server)
}

pub(crate) fn with(option: &str, path: &Path) -> OsString {
    let mut text = OsString::from(option);
    text.push(path);
    text
}

/// A command of this user if we are root, who may not run it; else of ourselves.
fn as_user(user: &str, program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return command::<&str>(program, []);
    }
    let mut run = command(Path::new("setpriv"), ["--reuid", user, "--regid"]);
    run.arg(if user == "nobody" { "nogroup" } else { user }).arg("--clear-groups").arg(program);
    run
}

async fn owned_folder(parent: &Path, name: &str, user: &str) -> Result<PathBuf, Failure> {
    let folder = parent.join(name);
    let mut install = command(Path::new("install"), ["--directory", "--mode=0700"]);
    if rustix::process::geteuid().is_root() {
        install.arg(format!("--owner={user}"));
    }
    children::finish_quietly(
        "install",
        {
            install.arg(&folder);
            install
        },
        UP_WITHIN,
    )
    .await?;
    Ok(folder)
}

fn open_to_all(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}

fn signal(server: &Child, signal: Signal) {
    if let Some(pid) = server.pid().and_then(Pid::from_raw) {
        // Gone already is as good.
        let _ = rustix::process::kill_process(pid, signal);
    }
}
