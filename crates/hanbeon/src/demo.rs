//! `hanbeon demo`: server, local Toss sandbox and a shop, on this machine only.
//!
//! The shop is merged into the server's listener, because the buyer's session is a cookie of that origin; it
//! makes its orders over HTTP with an API key all the same, as any shop would. With a key pair of a real
//! account in the environment, the same pages pay at the real Toss, and there is no sandbox.
use crate::cli::Failure;
use crate::config::{Config, TOSS_API_URL, TOSS_SDK_URL, is_loopback};
use crate::sandbox::{origin, serve_on};
use crate::wire::{Wired, wire};
use crate::{serve, telemetry};
use hanbeon_app::env::SystemEnv;
use hanbeon_app::{Env as _, keys};
use hanbeon_store::{Store, hex};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use toss_client::SecretKey;
use toss_sandbox::WebhookEndpoint;

/// Where the demo keeps its data.
const FOLDER: &str = "hanbeon-data";
const DATABASE_URL: &str = "sqlite://hanbeon-data/hanbeon.db";
const DATABASE_FILE: &str = "hanbeon-data/hanbeon.db";
/// The key of what the demo's database keeps sealed.
const VAULT_KEY_FILE: &str = "hanbeon-data/vault.key";
/// Where Toss's webhooks come in.
const TOSS_WEBHOOKS: &str = "/webhooks/toss";
/// The name of the demo shop's API key.
const SHOP_KEY: &str = "demo shop";
/// Toss's public documentation key pair for the payment widget: anybody may use it, no money moves.
const DOCS_CLIENT_KEY: &str = "test_gck_docs_Ovk5rk1EwkEbP0W43n07xlzm";
/// With it the demo shop registers cards at the sandbox, where it is a second client key of the same merchant.
const BILLING_CLIENT_KEY: &str = "test_ck_hanbeon_demo";
/// See [`DOCS_CLIENT_KEY`].
pub(crate) const DOCS_SECRET_KEY: &str = "test_gsk_docs_OaPz8L5KdmQXkzRz3y47BMw6";

pub(crate) async fn run(mut config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log);
    let stop = serve::stop_on_signal()?;
    let sandbox = settle_toss(&mut config)?;
    let listener = serve::bind(config.listen)?;
    let here = origin(listener.local_addr()?);
    let billing_key = billing_client_key(&config, sandbox);
    let sandbox = if sandbox { Some(start_sandbox(&mut config, &here, &stop)?) } else { None };
    config.database_url.get_or_insert_with(|| DATABASE_URL.to_owned());
    settle_vault(&mut config)?;
    let wired = wire(&config).await?;
    let pages = demo_shop::router(demo_shop::Config {
        hanbeon_url: here.clone(),
        api_key: shop_key(&*wired.store).await?,
        storefront_prefix: config.storefront.prefix.clone(),
        sdk_url: config.toss.sdk_url.clone().unwrap_or_else(|| TOSS_SDK_URL.to_owned()),
        client_key: config.toss.client_key.clone().unwrap_or_default(),
        billing_client_key: billing_key,
        desk: config.listen.ip().is_loopback(),
    });
    greet(&config, &here);
    let drain = Duration::from_millis(config.limits.drain_ms);
    let ended =
        serve::run_until(Wired { router: wired.router.merge(pages), ..wired }, listener, stop, drain).await;
    if let Some(sandbox) = sandbox {
        sandbox.await??;
    }
    ended
}

/// Decides which Toss is used; says whether that is a sandbox of our own.
fn settle_toss(config: &mut Config) -> Result<bool, Failure> {
    let ours = config.toss.api_url.as_deref().is_some_and(|url| {
        is_loopback(url) && url.trim_end_matches('/').ends_with(&format!(":{}", config.sandbox_listen.port()))
    });
    match (config.toss.has_secret_key(), config.toss.client_key.is_some()) {
        (true, true) => Ok(ours),
        (false, false) => {
            config.toss.use_pair(DOCS_CLIENT_KEY, SecretKey::parse(DOCS_SECRET_KEY)?);
            Ok(config.toss.api_url.is_none() || ours)
        }
        _ => Err("to pay at the real Toss, set both HANBEON_TOSS_CLIENT_KEY and HANBEON_TOSS_SECRET_KEY; \
                  to use the local sandbox, set neither"
            .into()),
    }
}

/// The client key that registers cards: an API individual key. A widget key cannot (Toss browser SDK, `payment()`), but the
/// sandbox lends its merchant a second one.
fn billing_client_key(config: &Config, sandbox: bool) -> Option<String> {
    let key = config.toss.client_key.clone()?;
    if key.contains("_gck_") { sandbox.then(|| BILLING_CLIENT_KEY.to_owned()) } else { Some(key) }
}

/// Gives the vault a key of the demo's own, beside its database, unless the operator has set one.
fn settle_vault(config: &mut Config) -> Result<(), Failure> {
    if config.vault.key_file.is_some() {
        return Ok(());
    }
    let path = Path::new(VAULT_KEY_FILE);
    std::fs::create_dir_all(FOLDER)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            file.write_all(hex(&SystemEnv.random()).as_bytes())?;
            file.sync_all()?;
        }
        Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
        Err(why) => return Err(format!("cannot make {VAULT_KEY_FILE}: {why}").into()),
    }
    config.vault.key_file = Some(path.to_owned());
    Ok(())
}

fn start_sandbox(
    config: &mut Config,
    here: &str,
    stop: &CancellationToken,
) -> Result<tokio::task::JoinHandle<Result<(), Failure>>, Failure> {
    let listener = serve::bind(config.sandbox_listen)?;
    let there = origin(listener.local_addr()?);
    config.toss.sdk_url.get_or_insert_with(|| format!("{there}/v2/standard"));
    config.toss.api_url = Some(there);
    let client = config.toss.client_key.clone().unwrap_or_default();
    let pair = format!("{client}:{}", config.toss.secret_key()?.expose());
    let mut sandbox = toss_sandbox::Config::default();
    sandbox.add_merchant(&pair)?;
    let ours = sandbox.merchants.iter_mut().find(|merchant| merchant.client_key == client);
    if let Some(widget) = ours.filter(|merchant| merchant.client_key.contains("_gck_")) {
        widget.api_client_key = Some(BILLING_CLIENT_KEY.to_owned());
    }
    // The sandbox outlives the server's own stop, so that calls under way can end.
    let after = stop.clone();
    let drain = Duration::from_millis(config.limits.drain_ms.min(1_000));
    let end = CancellationToken::new();
    tokio::spawn({
        let end = end.clone();
        async move {
            after.cancelled().await;
            tokio::time::sleep(drain).await;
            end.cancel();
        }
    });
    sandbox.webhooks.push(WebhookEndpoint::new(format!("{here}{TOSS_WEBHOOKS}")));
    Ok(tokio::spawn(serve_on(listener, sandbox, end)))
}

/// The shop's API key, made anew at each start: nobody has to keep it.
async fn shop_key(store: &dyn Store) -> Result<String, Failure> {
    store.revoke_api_key(SHOP_KEY, SystemEnv.now()).await?;
    Ok(keys::create(store, &SystemEnv, SHOP_KEY).await?)
}

fn greet(config: &Config, here: &str) {
    let prefix = &config.storefront.prefix;
    let toss = config.toss.api_url.as_deref().unwrap_or(TOSS_API_URL);
    let database = config.database_url();
    println!(
        "\n  hanbeon 한번 — one charge, never two, never lost\n\n  \
         shop      {here}/        <- open this and buy something\n  \
         payments  {here}{prefix}/…  (saveAmount, verifyAmount, confirm, cancel)\n  \
         orders    {here}/v1/orders  (with an API key: hanbeon keys create)\n  \
         Toss      {toss}\n  \
         data      {database}\n\n  Nothing here takes real money with test keys. Ctrl-C stops it.\n"
    );
}

/// For commands beside a demo: when no database is configured and only the demo's is there, the demo's
/// database, and its sandbox too unless a Toss is configured.
pub(crate) fn beside_demo(mut config: Config) -> Result<Config, Failure> {
    let only_demo = Path::new(DATABASE_FILE).exists() && !Path::new("hanbeon.db").exists();
    if config.database_url.is_some() || !only_demo {
        return Ok(config);
    }
    eprintln!("hanbeon: no database is configured; using the demo's, in ./{FOLDER}");
    config.database_url = Some(DATABASE_URL.to_owned());
    if settle_toss(&mut config)? {
        config.toss.api_url = Some(origin(config.sandbox_listen));
    }
    Ok(config)
}
