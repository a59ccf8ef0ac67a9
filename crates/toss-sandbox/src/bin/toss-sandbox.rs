//! Serves a sandbox: `toss-sandbox [--config FILE] [--listen 127.0.0.1:8081] [--webhook URL]…`.

use std::error::Error;
use std::fs::File;
use std::io::Read as _;
use std::process::ExitCode;

use tokio::net::TcpListener;
use toss_sandbox::{Sandbox, Settings, WebhookEndpoint};

const HELP: &str = "\
A local Toss Payments: core API, browser SDK, payment window, faults.

usage: toss-sandbox [OPTION]...

  --config FILE             settings in TOML; the other options go before it
  --listen ADDRESS          where to serve, 127.0.0.1:8081 by default
  --merchant-name NAME      the shop's name in the payment window
  --webhook URL             send webhooks there, a loopback address; may be repeated
  --webhooks-anywhere       let webhooks go to other machines, too
  --webhook-compression N   divide the minutes between the tries of a webhook
  --key CLIENT:SECRET       one more merchant, of this pair of test keys; may be repeated
  --state FILE              keep everything in this file and go on from it; in memory alone by default
  --seed N                  the same calls give the same keys
  --max-payments N          keep so many payments at most, a million by default; the oldest are forgotten
  --switch NAME=VALUE       set a switch, such as quickCancelsMs=0; may be repeated
  --switches                list the switches and stop
  --help                    this text
";

/// Bytes of a file of settings.
const MOST_SETTINGS: u64 = 1 << 20;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("toss-sandbox: {}", whole(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    let settings = read(arguments)?;
    if arguments.iter().any(|argument| argument == "--switches") {
        for switch in settings.config.switches.list() {
            println!("{}={}\n    {}", switch.name, switch.value, switch.meaning);
        }
        return Ok(());
    }
    let Settings { listen, mut config } = settings;
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    config.public_origin = format!("http://{address}");
    println!("toss-sandbox serves http://{address} (SDK: http://{address}/v2/standard)");
    Sandbox::new(config)?.serve(listener, interrupted()).await?;
    Ok(())
}

/// The settings of the file, if there is one, with what the other options say.
fn read(arguments: &[String]) -> Result<Settings, Box<dyn Error>> {
    let named = arguments.iter().position(|argument| argument == "--config");
    let mut settings = match named.and_then(|at| arguments.get(at + 1)) {
        Some(path) => read_file(path).map_err(|why| format!("{path}: {why}"))?,
        None => Settings::default(),
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        let config = &mut settings.config;
        match argument.as_str() {
            "--config" => drop(value()?),
            "--listen" => settings.listen = value()?.parse()?,
            "--merchant-name" => settings.name_merchants(value()?),
            "--webhook" => config.webhooks.push(WebhookEndpoint::new(value()?)),
            "--webhooks-anywhere" => config.webhooks_anywhere = true,
            "--webhook-compression" => config.webhook_compression = value()?.parse()?,
            "--key" => config.add_merchant(value()?)?,
            "--state" => config.state = Some(value()?.into()),
            "--seed" => config.seed = Some(value()?.parse()?),
            "--max-payments" => config.keep_payments(value()?.parse()?),
            "--switch" => config.switches = config.switches.with(value()?)?,
            "--switches" => {}
            other => return Err(format!("unknown argument {other}; try --help").into()),
        }
    }
    Ok(settings)
}

fn read_file(path: &str) -> Result<Settings, String> {
    let mut text = String::new();
    let file = File::open(path).map_err(|why| why.to_string())?;
    file.take(MOST_SETTINGS).read_to_string(&mut text).map_err(|why| why.to_string())?;
    Settings::from_toml(&text).map_err(|why| whole(&why))
}

/// An error with its causes.
fn whole(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {}", whole(cause)))
}

async fn interrupted() {
    // Without a signal handler nothing could end the server in good order; the system's default still can.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
