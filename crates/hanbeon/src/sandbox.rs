//! `hanbeon sandbox`: the local Toss, alone.
use crate::cli::Failure;
use crate::config::Config;
use crate::{serve, telemetry};
use clap::Args;
use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use toss_sandbox::{Sandbox, Settings, WebhookEndpoint};

/// Bytes of a file of settings.
const SETTINGS_MAX: u64 = 1 << 20;

/// The options of `toss-sandbox`, of which `--config` is `--settings` here: hanbeon has a configuration of its own.
#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    /// Settings of the sandbox in TOML; the other options go before it, and its `listen` does not count here.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// A further key pair that is accepted, besides Toss's public documentation keys. May be repeated.
    #[arg(long = "key", value_name = "CLIENT:SECRET")]
    keys: Vec<String>,
    /// The shop's name in the payment window.
    #[arg(long, value_name = "NAME")]
    merchant_name: Option<String>,
    /// Send webhooks there: a loopback address, such as `http://127.0.0.1:8080/webhooks/toss`. May be repeated.
    #[arg(long = "webhook", value_name = "URL")]
    webhooks: Vec<String>,
    /// Let webhooks go to other machines, too.
    #[arg(long)]
    webhooks_anywhere: bool,
    /// Divides the minutes between the tries of a webhook.
    #[arg(long, value_name = "N")]
    webhook_compression: Option<u32>,
    /// Keep everything in this file and go on from it; in memory alone by default.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The same calls give the same keys.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Keep so many payments at most, a million by default; the oldest are forgotten.
    #[arg(long, value_name = "N")]
    max_payments: Option<usize>,
    /// Set a switch, such as `quickCancelsMs=0`. May be repeated.
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    switches: Vec<String>,
    /// List the switches and stop.
    #[arg(long = "switches")]
    list_switches: bool,
}

pub(crate) async fn run(config: &Config, args: SandboxArgs) -> Result<(), Failure> {
    let list = args.list_switches;
    let sandbox = args.config()?;
    if list {
        for switch in sandbox.switches.list() {
            println!("{}={}\n    {}", switch.name, switch.value, switch.meaning);
        }
        return Ok(());
    }
    telemetry::start(&config.log);
    let listener = serve::bind(config.sandbox_listen)?;
    let stop = serve::stop_on_signal()?;
    println!("Toss sandbox: http://{}", listener.local_addr()?);
    serve_on(listener, sandbox, stop).await
}

/// Serves a sandbox until `stop`.
pub(crate) async fn serve_on(
    listener: TcpListener,
    mut sandbox: toss_sandbox::Config,
    stop: CancellationToken,
) -> Result<(), Failure> {
    sandbox.public_origin = origin(listener.local_addr()?);
    Ok(Sandbox::new(sandbox)?.serve(listener, stop.cancelled_owned()).await?)
}

/// How others reach a listener of ours.
pub(crate) fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

impl SandboxArgs {
    fn config(self) -> Result<toss_sandbox::Config, Failure> {
        let mut settings = self.settings.as_deref().map_or_else(|| Ok(Settings::default()), read)?;
        if let Some(name) = &self.merchant_name {
            settings.name_merchants(name);
        }
        let mut config = settings.config;
        for pair in &self.keys {
            config.add_merchant(pair)?;
        }
        for switch in &self.switches {
            config.switches = config.switches.with(switch)?;
        }
        config.webhooks.extend(self.webhooks.iter().map(WebhookEndpoint::new));
        config.webhooks_anywhere |= self.webhooks_anywhere;
        config.webhook_compression = self.webhook_compression.unwrap_or(config.webhook_compression);
        if let Some(most) = self.max_payments {
            config.keep_payments(most);
        }
        config.state = self.state.or(config.state);
        config.seed = self.seed.or(config.seed);
        Ok(config)
    }
}

fn read(path: &Path) -> Result<Settings, Failure> {
    let named = |why: &dyn std::error::Error| {
        let cause = why.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{}: {why}{cause}", path.display())
    };
    let mut text = String::new();
    let file = File::open(path).map_err(|why| named(&why))?;
    file.take(SETTINGS_MAX).read_to_string(&mut text).map_err(|why| named(&why))?;
    Settings::from_toml(&text).map_err(|why| named(&why).into())
}
