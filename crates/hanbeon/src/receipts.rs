//! `hanbeon receipts`: cash receipts that need a human. Works while a server runs.
use crate::cli::Failure;
use crate::config::Config;
use crate::stores::{self, Role};
use clap::Subcommand;
use hanbeon_app::Env as _;
use hanbeon_app::env::SystemEnv;
use hanbeon_app::explain::{plain, when};
use hanbeon_app::receipts::review::{again, close, list};
use hanbeon_app::review::LIST_MAX;
use hanbeon_domain::{Receipt, ReceiptId, ReceiptState};

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptsCommand {
    /// Lists the receipts that need a human, and why.
    List,
    /// Has one tried again, once its way is clear: the server looks at Toss's lists first, and follows what they show.
    Again {
        /// The receipt's id, as `receipts list` prints it.
        receipt: String,
    },
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
        ReceiptsCommand::Close { receipt, reason } => {
            let id = ReceiptId::parse(&receipt)?;
            close(&*store, SystemEnv.now(), id, &reason).await?;
            println!("receipt {id} is closed; nothing was sent to Toss");
        }
    }
    Ok(())
}

fn line(receipt: &Receipt) -> String {
    let why = if let ReceiptState::NeedsReview { why, .. } = &receipt.state { why } else { "" };
    let Receipt { id, payment, created_at, .. } = receipt;
    let (in_force, name, when) = (receipt.in_force(), receipt.toss_order(), when(*created_at));
    format!("{id}  payment {payment}  {in_force} won in force  orderId {name}  asked for {when}  {why}")
}
