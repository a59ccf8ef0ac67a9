//! `hanbeon explain`, `verify`, `webhooks`: what happened, whether it is whole, and looking again. They
//! work while a server runs.
use crate::cli::Failure;
use crate::config::Config;
use crate::keys::open;
use clap::{Args, Subcommand, ValueEnum};
use hanbeon_app::env::SystemEnv;
use hanbeon_app::explain::{Language, explain};
use hanbeon_app::verify::verify;
use hanbeon_app::{Env as _, Webhook};
use hanbeon_domain::OrderId;
use std::process::ExitCode;

/// Most webhooks that are shown or replayed at once.
const WEBHOOKS_MAX: usize = 1_000;

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The order's id (the contract's `backendOrderId`).
    order: String,
    /// The language.
    #[arg(long, value_enum, default_value = "en")]
    lang: Lang,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    /// English.
    En,
    /// Korean.
    Ko,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksCommand {
    /// Lists the newest ones: when, what, what we thought of it, which payment.
    List {
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Takes webhooks that are kept as reasons to look once more. Nothing in them is believed now either.
    Replay {
        /// Their numbers, as `webhooks list` prints them.
        #[arg(required = true)]
        ids: Vec<u64>,
    },
}

/// Tells why an order is in its state.
pub(crate) async fn explain_order(config: &Config, args: ExplainArgs) -> Result<(), Failure> {
    let id = OrderId::parse(&args.order)?;
    let language = match args.lang {
        Lang::En => Language::English,
        Lang::Ko => Language::Korean,
    };
    let story = explain(&*open(config)?, id, language).await?;
    print!("{}", story.ok_or_else(|| format!("there is no order {id}"))?);
    Ok(())
}

/// Checks the whole store; ends badly when anything is wrong.
pub(crate) async fn verify_all(config: &Config) -> Result<ExitCode, Failure> {
    let found = verify(&*open(config)?).await?;
    println!(
        "{} payments, {} refunds, {} sealed journal lines, {} from before lines were sealed",
        found.payments, found.refunds, found.sealed_lines, found.unsealed_lines
    );
    for finding in &found.findings {
        println!("{} payment {}: {}", finding.invariant, finding.payment, finding.what);
    }
    if found.findings.is_empty() {
        println!("all is as it must be");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} findings; see docs/runbooks/verify.md", found.findings.len());
    Ok(ExitCode::FAILURE)
}

pub(crate) async fn webhooks(config: &Config, command: WebhooksCommand) -> Result<(), Failure> {
    let store = open(config)?;
    match command {
        WebhooksCommand::List { limit } => {
            for webhook in store.webhooks(None, limit.min(WEBHOOKS_MAX)).await? {
                println!("{}", line(&webhook));
            }
        }
        WebhooksCommand::Replay { ids } => {
            let now = SystemEnv.now();
            for id in ids {
                let found = store.webhooks(Some(id.saturating_add(1)), 1).await?;
                let webhook = found.into_iter().find(|webhook| webhook.id == id);
                let webhook = webhook.ok_or_else(|| format!("there is no webhook {id}"))?;
                let Some(hint) = &webhook.new.hint else {
                    println!("{id}: says nothing about a payment");
                    continue;
                };
                let known = store.notice(hint, now, now).await?;
                println!(
                    "{id}: {}",
                    if known { "its payment is looked at" } else { "we have no such payment" }
                );
            }
        }
    }
    Ok(())
}

fn line(webhook: &Webhook) -> String {
    let at = jiff::Timestamp::from_microsecond(webhook.new.received_at.as_micros()).unwrap_or_default();
    let repeated = if webhook.repeated { " (again)" } else { "" };
    let payment = webhook.payment.map_or_else(|| "-".to_owned(), |payment| payment.to_string());
    let meaning: String = webhook.new.meaning.chars().filter(|c| !c.is_control()).collect();
    format!(
        "{:>6}  {at}  {:<8}{repeated}  payment {payment}  {meaning}",
        webhook.id,
        webhook.new.verdict.as_str()
    )
}
