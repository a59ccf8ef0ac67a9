//! `hanbeon receipts`: cash receipts that need a human. Works while a server runs.
use crate::cli::Failure;
use crate::config::Config;
use crate::stores::{self, Role};
use crate::wire::toss_client;
use clap::Subcommand;
use hanbeon_app::Env as _;
use hanbeon_app::env::SystemEnv;
use hanbeon_app::explain::{plain, when};
use hanbeon_app::receipts::refused::take_up;
use hanbeon_app::receipts::review::{again, close, list};
use hanbeon_app::review::LIST_MAX;
use hanbeon_domain::{Receipt, ReceiptId, ReceiptState};
use hanbeon_psp::TossPsp;

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptsCommand {
    /// Lists the receipts that need a human, and why.
    List,
    /// Has one tried again, once its way is clear: the server looks at Toss's lists first, and follows what they show.
    Again {
        /// The receipt's id, as `receipts list` prints it.
        receipt: String,
    },
    /// Asks Toss which of the last days' receipts the tax service has refused. A server does so every six hours.
    Check,
    /// Closes one that Toss never lets go, by your word: it proves nothing any more, and its payment may have another one.
    ///
    /// Nothing is sent to Toss, and it cannot be undone: settle with the tax office what Toss still shows.
    Close {
        /// The receipt's id, as `receipts list` prints it.
        receipt: String,
        /// Who you are, and how you know that it is settled; kept with the receipt for ever.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

pub(crate) async fn run(config: &Config, command: ReceiptsCommand) -> Result<(), Failure> {
    let store = stores::open(config, Role::Tool).await?.receipts;
    match command {
        ReceiptsCommand::List => {
            let waiting = list(&*store).await?;
            for receipt in &waiting {
                println!("{}", plain(&line(receipt)));
            }
            match waiting.len() {
                0 => eprintln!("no cash receipt needs a human"),
                LIST_MAX => eprintln!("and maybe more: these are {LIST_MAX}"),
                _ => eprintln!("what to do: docs/runbooks/receipt.md"),
            }
        }
        ReceiptsCommand::Again { receipt } => {
            let id = ReceiptId::parse(&receipt)?;
            again(&*store, SystemEnv.now(), id).await?;
            println!("a running server looks at Toss's lists within seconds; then: hanbeon receipts list");
        }
        ReceiptsCommand::Check => {
            let psp = TossPsp::new(toss_client(config)?, config.toss.merchant_id.clone());
            let refused = take_up(&*store, &psp, SystemEnv.now()).await?;
            for receipt in &refused {
                println!("{}", plain(&line(receipt)));
            }
            eprintln!("the tax service has refused {} more", refused.len());
        }
        ReceiptsCommand::Close { receipt, reason } => {
            let id = ReceiptId::parse(&receipt)?;
            close(&*store, SystemEnv.now(), id, &reason).await?;
            println!("receipt {id} is closed; nothing was sent to Toss");
        }
    }
    Ok(())
}

fn line(receipt: &Receipt) -> String {
    let why = match &receipt.state {
        ReceiptState::NeedsReview { why, .. } => why,
        ReceiptState::Failed(reason) => &reason.message,
        _ => "",
    };
    let Receipt { id, payment, created_at, .. } = receipt;
    let (in_force, name, when) = (receipt.in_force(), receipt.toss_order(), when(*created_at));
    format!("{id}  payment {payment}  {in_force} won in force  orderId {name}  asked for {when}  {why}")
}
