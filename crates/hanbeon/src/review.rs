//! `hanbeon review`: payments that need a human, and the way out. Works while a server runs.
use crate::cli::Failure;
use crate::config::Config;
use crate::keys::open;
use clap::{Subcommand, ValueEnum};
use hanbeon_app::env::SystemEnv;
use hanbeon_app::explain::{Language, explain};
use hanbeon_app::review::{self, Resolution};
use hanbeon_app::{Env as _, Progress};
use hanbeon_domain::{OperatorSays, Payment, PaymentId, State};
use std::io::{BufRead as _, IsTerminal as _, Write as _};

#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Lists the payments that need a human.
    List,
    /// Shows one with its history, and what can be done.
    Show {
        /// The payment's id, as `review list` prints it.
        payment: String,
    },
    /// Resolves one. Without `--as`, Toss is asked once more and its answer followed.
    Resolve {
        /// The payment's id, as `review list` prints it.
        payment: String,
        /// What Toss's own records (its console, its support) say.
        #[arg(long = "as", value_enum, requires = "note")]
        says: Option<Says>,
        /// Who you are, and how you know; kept in the journal for ever.
        #[arg(long)]
        note: Option<String>,
        /// The payment's amount in won, instead of being asked for it.
        #[arg(long)]
        amount: Option<i64>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Says {
    /// Toss never took the money; the order may be paid again.
    NothingCharged,
    /// The buyer has all of it back.
    GivenBack,
}

pub(crate) async fn run(config: &Config, command: ReviewCommand) -> Result<(), Failure> {
    let store = open(config)?;
    match command {
        ReviewCommand::List => {
            let waiting = review::list(&*store).await?;
            for payment in &waiting {
                println!("{}  order {}  {} won  {}", payment.id, payment.order, payment.amount, why(payment));
            }
            if waiting.is_empty() {
                println!("no payment needs a human");
            }
        }
        ReviewCommand::Show { payment } => {
            let id = PaymentId::parse(&payment)?;
            let record = store.payment(id).await?.ok_or_else(|| format!("there is no payment {id}"))?;
            let told = explain(&*store, record.payment.order, Language::English).await?;
            print!("{}", told.unwrap_or_default());
            println!("\nwhy: {}", why(&record.payment));
            println!(
                "hanbeon review resolve {id}                          asks Toss again, and follows its answer"
            );
            println!("hanbeon review resolve {id} --as nothing-charged --note \"who, how you know\"");
            println!("hanbeon review resolve {id} --as given-back --note \"who, how you know\"");
        }
        ReviewCommand::Resolve { payment, says, note, amount } => {
            let id = PaymentId::parse(&payment)?;
            let Some(says) = says else {
                review::resolve(&*store, SystemEnv.now(), id, Resolution::AskToss).await?;
                println!("Toss is asked again as soon as the server looks; see `hanbeon review show {id}`");
                return Ok(());
            };
            preview(&*store, id, says, amount).await?;
            let says = match says {
                Says::NothingCharged => OperatorSays::NothingCharged,
                Says::GivenBack => OperatorSays::GivenBack,
            };
            let note = note.unwrap_or_default();
            let how = Resolution::Said { says, note };
            let resolved = review::resolve(&*store, SystemEnv.now(), id, how).await?;
            println!("payment {id} is {} now", resolved.state.name());
        }
    }
    Ok(())
}

/// What the resolution would mean in money; it cannot be undone, so the amount has to be typed.
async fn preview(
    store: &dyn hanbeon_store::Store,
    id: PaymentId,
    says: Says,
    typed: Option<i64>,
) -> Result<(), Failure> {
    let record = store.payment(id).await?.ok_or_else(|| format!("there is no payment {id}"))?;
    let payment = record.payment;
    let open = record.refunds.iter().filter(|refund| refund.progress == Progress::Queued).count();
    println!("payment {id} over {} won: {}", payment.amount, why(&payment));
    match says {
        Says::NothingCharged => println!("afterwards: expired, 0 won taken, the order may be paid again"),
        Says::GivenBack => println!("afterwards: canceled, {} won given back, 0 won left", payment.amount),
    }
    if open > 0 {
        println!("{open} refunds wait for their turn, and will be refused");
    }
    let typed = match typed {
        Some(typed) => typed,
        None if std::io::stdin().is_terminal() => {
            print!("type the amount in won to confirm: ");
            std::io::stdout().flush()?;
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            line.trim().parse().map_err(|_| "that is not an amount; nothing has changed")?
        }
        None => {
            return Err(
                "give --amount with the payment's amount in won to confirm; nothing has changed".into()
            );
        }
    };
    if typed == payment.amount.get() {
        Ok(())
    } else {
        Err(format!("the payment is over {} won, not {typed}; nothing has changed", payment.amount).into())
    }
}

fn why(payment: &Payment) -> String {
    match &payment.state {
        State::NeedsReview { why } => why.chars().filter(|c| !c.is_control()).collect(),
        state => format!("it is {}, and needs nobody", state.name()),
    }
}
