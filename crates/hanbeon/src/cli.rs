//! What can be asked of the binary.
use crate::config::Config;
use crate::{
    backup, demo, doctor, fence, import, inspect, keys, migrate, receipts, resync, review, sandbox, serve,
    smoke,
};
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a command failed, in words for the operator.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One charge, never two, never lost: a payment server for Toss Payments.
///
/// Without a command it runs the demo: server, local Toss sandbox and a shop, on this machine only.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes. A flag wins over the environment, and that over the configuration file.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Options {
    /// Configuration file (TOML); see `hanbeon config`.
    #[arg(long, global = true, value_name = "FILE", env = "HANBEON_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where the server listens [default: 127.0.0.1:8080].
    #[arg(long, global = true, value_name = "ADDR", env = "HANBEON_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where the local Toss sandbox listens [default: 127.0.0.1:8081].
    #[arg(long, global = true, value_name = "ADDR", env = "HANBEON_SANDBOX_LISTEN")]
    pub(crate) sandbox_listen: Option<SocketAddr>,
    /// Where payments are stored [default: `sqlite://hanbeon.db`].
    #[arg(long, global = true, value_name = "URL", env = "HANBEON_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// Where Toss's API is [default: the real one, or the sandbox in the demo].
    #[arg(long, global = true, value_name = "URL", env = "HANBEON_TOSS_API_URL")]
    pub(crate) toss_api_url: Option<String>,
    /// Where Toss's browser SDK is [default: the real one, or the sandbox's in the demo].
    #[arg(long, global = true, value_name = "URL", env = "HANBEON_TOSS_SDK_URL")]
    pub(crate) toss_sdk_url: Option<String>,
    /// The registry of which copy of the books may send: a file that all copies see.
    #[arg(long, global = true, value_name = "FILE", env = "HANBEON_FENCE_FILE")]
    pub(crate) fence_file: Option<PathBuf>,
    /// Toss's client key, which is public.
    #[arg(long, global = true, value_name = "KEY", env = "HANBEON_TOSS_CLIENT_KEY")]
    pub(crate) toss_client_key: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Server, local Toss sandbox and demo shop, on this machine only (the default).
    Demo,
    /// The server alone. Needs `HANBEON_TOSS_SECRET_KEY`, or `toss.secret_key_file` in the configuration.
    Serve,
    /// The local Toss sandbox alone.
    Sandbox(sandbox::SandboxArgs),
    /// The shop's API keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Payments that need a human.
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// Cash receipts that need a human.
    #[command(subcommand)]
    Receipts(receipts::ReceiptsCommand),
    /// Tells why an order is in its state: its payments, their refunds, and every line of their history.
    Explain(inspect::ExplainArgs),
    /// Checks every seal, history and sum in the store; names what is wrong, and exits with 1 then.
    Verify,
    /// What Toss told us by webhook.
    #[command(subcommand)]
    Webhooks(inspect::WebhooksCommand),
    /// Takes over the payments of a shop that ran the Spring tutorial's server on MySQL.
    Import(import::ImportArgs),
    /// Copies the database to a new file, while a server runs, and checks the copy.
    Backup(backup::BackupArgs),
    /// Puts a backup in the database's place. Needs `hanbeon resync` before a server starts on it.
    Restore(backup::RestoreArgs),
    /// Makes known again, from Toss's list, what a restored database has forgotten. Moves no money.
    Resync(resync::ResyncArgs),
    /// Moves the books of a stopped server from SQLite to PostgreSQL, and compares both. Run it again if it is cut off.
    Migrate(migrate::MigrateArgs),
    /// Which copy of the books may send.
    Fence(fence::FenceArgs),
    /// Prints the effective configuration as TOML, without secrets.
    Config,
    /// Checks database, clock, keys and Toss, and says how to mend what is wrong.
    Doctor,
    /// One whole purchase over HTTP against a running server and its sandbox.
    Smoke(smoke::SmokeArgs),
}

#[cfg(unix)]
impl Cli {
    /// Is it long work beside a server, whose buyers come first?
    pub(crate) const fn stands_back(&self) -> bool {
        matches!(self.command, Some(Command::Backup(_) | Command::Verify))
    }
}

/// Does what was asked.
pub(crate) async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let config = Config::load(&cli.options)?;
    match cli.command.unwrap_or(Command::Demo) {
        Command::Demo => demo::run(config).await?,
        Command::Serve => serve::run(config).await?,
        Command::Sandbox(args) => sandbox::run(&config, args).await?,
        Command::Keys(command) => keys::run(&demo::beside_demo(config)?, command).await?,
        Command::Review(command) => review::run(&demo::beside_demo(config)?, command).await?,
        Command::Receipts(command) => receipts::run(&demo::beside_demo(config)?, command).await?,
        Command::Explain(args) => inspect::explain_order(&demo::beside_demo(config)?, args).await?,
        Command::Verify => return inspect::verify_all(&demo::beside_demo(config)?).await,
        Command::Webhooks(command) => return inspect::webhooks(&demo::beside_demo(config)?, command).await,
        Command::Import(args) => import::run(&config, args).await?,
        Command::Backup(args) => backup::back_up_now(&demo::beside_demo(config)?, args).await?,
        Command::Restore(args) => backup::restore(&config, args).await?,
        Command::Resync(args) => return resync::run(&config, args).await,
        Command::Migrate(args) => return migrate::run(&config, args).await,
        Command::Fence(args) => fence::run(&config, args).await?,
        Command::Config => print!("{}", config.to_toml()?),
        Command::Doctor => return doctor::run(&demo::beside_demo(config)?).await,
        Command::Smoke(args) => return smoke::run(&demo::beside_demo(config)?, args).await,
    }
    Ok(ExitCode::SUCCESS)
}
