//! `hanbeon sandbox`: the local Toss, alone.
use crate::cli::Failure;
use crate::config::Config;
use crate::{serve, telemetry};
use clap::Args;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use toss_sandbox::{Merchant, Sandbox, WebhookEndpoint};

#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    /// A further key pair that is accepted, besides Toss's public documentation keys. May be repeated.
    #[arg(long = "key", value_name = "CLIENT:SECRET")]
    keys: Vec<String>,
    /// Send webhooks there: a loopback address, such as `http://127.0.0.1:8080/webhooks/toss`. May be repeated.
    #[arg(long = "webhook", value_name = "URL")]
    webhooks: Vec<String>,
}

pub(crate) async fn run(config: &Config, args: SandboxArgs) -> Result<(), Failure> {
    telemetry::start(&config.log);
    let pairs: Vec<_> = args.keys.iter().map(|pair| parse_pair(pair)).collect::<Result<_, _>>()?;
    let listener = serve::bind(config.sandbox_listen).await?;
    let stop = serve::stop_on_signal()?;
    println!("Toss sandbox: http://{}", listener.local_addr()?);
    serve_on(listener, &pairs, &args.webhooks, stop).await
}

/// Serves a sandbox until `stop`. It accepts the documentation keys and these pairs, and sends webhooks there.
pub(crate) async fn serve_on(
    listener: TcpListener,
    pairs: &[(String, String)],
    webhooks: &[String],
    stop: CancellationToken,
) -> Result<(), Failure> {
    let public_origin = origin(listener.local_addr()?);
    let webhooks = webhooks.iter().map(WebhookEndpoint::new).collect();
    let mut settings = toss_sandbox::Config { public_origin, webhooks, ..Default::default() };
    for (client, secret) in pairs {
        if settings.merchants.iter().all(|known| known.secret_key != *secret) {
            let mid = format!("tlocal{}", settings.merchants.len());
            settings.merchants.push(Merchant::new("테스트 상점", &mid, client, secret));
        }
    }
    Ok(Sandbox::new(settings)?.serve(listener, stop.cancelled_owned()).await?)
}

/// How others reach a listener of ours.
pub(crate) fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn parse_pair(pair: &str) -> Result<(String, String), Failure> {
    let pair = pair.split_once(':').filter(|(client, secret)| !client.is_empty() && !secret.is_empty());
    let (client, secret) = pair.ok_or("--key takes CLIENT:SECRET, for example test_ck_a:test_sk_a")?;
    Ok((client.to_owned(), secret.to_owned()))
}
