//! `hanbeon explain`, `verify`, `webhooks`: what happened, whether it is whole, and looking again. They
//! work while a server runs.
use crate::cli::Failure;
use crate::config::Config;
use crate::keys::open;
use crate::stores::{self, Role};
use clap::{Args, Subcommand, ValueEnum};
use hanbeon_app::env::SystemEnv;
use hanbeon_app::explain::{Language, explain, explain_charge, plain, when};
use hanbeon_app::verify::{FINDINGS_MAX, verify};
use hanbeon_app::{Env as _, Webhook};
use hanbeon_app::{billing, receipts};
use hanbeon_domain::{ChargeId, OrderId};
use hanbeon_store::{NewWebhook, Store, WebhookId};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The order's id (the contract's `backendOrderId`), or that of a charge without a window.
    order: String,
    /// In which language.
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
    /// Lists the newest ones: number, when, what we thought of it, which payment, what it says.
    List {
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000))]
        limit: u64,
    },
    /// Takes webhooks that are kept as reasons to ask Toss once more. Nothing in them is believed now either.
    Replay {
        /// Their numbers, as `webhooks list` prints them.
        #[arg(required = true)]
        ids: Vec<u64>,
    },
}

/// Tells why an order is in its state, or a charge.
pub(crate) async fn explain_order(config: &Config, args: ExplainArgs) -> Result<(), Failure> {
    let id = OrderId::parse(&args.order)?;
    let language = match args.lang {
        Lang::En => Language::English,
        Lang::Ko => Language::Korean,
    };
    let stores = stores::open(config, Role::Tool).await?;
    let order = explain(&*stores.payments, SystemEnv.now(), id, language).await?;
    // A charge has the bytes of the order that it ends in.
    let charge = explain_charge(&*stores.billing, ChargeId::from_uuid(id.uuid()), language).await?;
    let told: Vec<_> = order.into_iter().chain(charge).collect();
    if told.is_empty() {
        return Err(format!("there is no order {id}, and no charge").into());
    }
    print!("{}", told.join("\n"));
    Ok(())
}

/// Checks the whole store; ends badly when anything is wrong.
pub(crate) async fn verify_all(config: &Config) -> Result<ExitCode, Failure> {
    let stores = stores::open(config, Role::Tool).await?;
    let mut found = verify(&*stores.payments).await?;
    let charges = billing::verify::verify(&*stores.payments, &*stores.billing, &mut found).await?;
    let receipts = receipts::verify::verify(&*stores.receipts, &mut found).await?;
    for finding in &found.findings {
        let payment = finding.payment.map(|payment| format!(" payment {payment}:")).unwrap_or_default();
        println!("{}{payment} {}", finding.invariant, plain(&finding.what));
    }
    println!(
        "looked at {} payments, {} refunds, {charges} charges, {receipts} cash receipts, {} events, {} sealed journal \
         lines, {} from before lines were sealed",
        found.payments, found.refunds, found.events, found.sealed_lines, found.unsealed_lines
    );
    match found.findings.len() {
        0 => {
            println!("all is as it must be");
            return Ok(ExitCode::SUCCESS);
        }
        many if many >= FINDINGS_MAX => println!("{many} findings, and maybe more: it stopped there"),
        some => println!("{some} findings"),
    }
    println!("what to do: docs/runbooks/verify.md");
    Ok(ExitCode::FAILURE)
}

pub(crate) async fn webhooks(config: &Config, command: WebhooksCommand) -> Result<ExitCode, Failure> {
    let store = open(config).await?;
    match command {
        WebhooksCommand::List { limit } => {
            let kept = store.webhooks(None, usize::try_from(limit)?).await?;
            for webhook in &kept {
                println!("{}", line(webhook));
            }
            if kept.is_empty() {
                eprintln!("no webhook has come");
            }
            Ok(ExitCode::SUCCESS)
        }
        WebhooksCommand::Replay { ids } => {
            let mut ended = ExitCode::SUCCESS;
            for id in ids {
                if let Err(why) = replay(&*store, id).await? {
                    eprintln!("{id}: {why}");
                    ended = ExitCode::FAILURE;
                }
            }
            Ok(ended)
        }
    }
}

/// Has the payment of a webhook looked at, if there is one; or says why not.
async fn replay(store: &dyn Store, id: WebhookId) -> Result<Result<(), &'static str>, Failure> {
    let found = store.webhooks(Some(id.saturating_add(1)), 1).await?;
    let Some(webhook) = found.into_iter().find(|webhook| webhook.id == id) else {
        return Ok(Err("there is no such webhook"));
    };
    let Some(hint) = &webhook.new.hint else { return Ok(Err("it says nothing about a payment")) };
    let now = SystemEnv.now();
    if !store.notice(hint, now, now).await? {
        return Ok(Err("we have no such payment"));
    }
    println!("{id}: a running server asks Toss about its payment within seconds");
    Ok(Ok(()))
}

fn line(webhook: &Webhook) -> String {
    let NewWebhook { received_at, meaning, verdict, .. } = &webhook.new;
    let (at, repeated) = (when(*received_at), if webhook.repeated { " (again)" } else { "" });
    let payment = webhook.payment.map_or_else(|| "-".to_owned(), |payment| payment.to_string());
    let line =
        format!("{:>6}  {at}  {:<8}{repeated}  payment {payment}  {meaning}", webhook.id, verdict.as_str());
    plain(&line)
}
