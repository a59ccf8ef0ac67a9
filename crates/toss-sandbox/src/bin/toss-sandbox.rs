//! Serves a sandbox: `toss-sandbox [--listen 127.0.0.1:8081] [--merchant-name NAME] [--webhook URL]…`.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use tokio::net::TcpListener;
use toss_sandbox::{Config, Sandbox, WebhookEndpoint};

const HELP: &str = "\
A local Toss Payments: core API, browser SDK, payment window, faults.

usage: toss-sandbox [OPTION]...

  --listen ADDRESS          where to serve, 127.0.0.1:8081 by default
  --merchant-name NAME      the shop's name in the payment window
  --webhook URL             send webhooks there, a loopback address; may be repeated
  --webhooks-anywhere       let webhooks go to other machines, too
  --webhook-compression N   divide the minutes between the tries of a webhook
  --seed N                  the same calls give the same keys
  --switch NAME=VALUE       set a switch, such as quickCancelsMs=0; may be repeated
  --switches                list the switches and stop
  --help                    this text
";

#[tokio::main]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("toss-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let mut listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);
    let mut config = Config::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--listen" => listen = value()?.parse()?,
            "--merchant-name" => {
                let name = value()?;
                config.merchants.iter_mut().for_each(|merchant| merchant.name.clone_from(&name));
            }
            "--webhook" => config.webhooks.push(WebhookEndpoint::new(value()?)),
            "--webhooks-anywhere" => config.webhooks_anywhere = true,
            "--webhook-compression" => config.webhook_compression = value()?.parse()?,
            "--seed" => config.seed = Some(value()?.parse()?),
            "--switch" => config.switches = config.switches.with(&value()?)?,
            "--switches" => {
                for switch in config.switches.list() {
                    println!("{}={}\n    {}", switch.name, switch.value, switch.meaning);
                }
                return Ok(());
            }
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(format!("unknown argument {other}; try --help").into()),
        }
    }
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    config.public_origin = format!("http://{address}");
    println!("toss-sandbox serves http://{address} (SDK: http://{address}/v2/standard)");
    Sandbox::new(config)?.serve(listener, interrupted()).await?;
    Ok(())
}

async fn interrupted() {
    // Without a signal handler nothing could end the server in good order; the system's default still can.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
