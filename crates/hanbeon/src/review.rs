//! `hanbeon review`: payments that need a human, and the way out. Works while a server runs.
use crate::cli::Failure;
use crate::config::Config;
use crate::keys::open;
use clap::{Subcommand, ValueEnum};
use hanbeon_app::env::SystemEnv;
use hanbeon_app::explain::{Language, explain, plain, when};
use hanbeon_app::review::{self, LIST_MAX, Plan};
use hanbeon_app::{Env as _, PaymentRecord};
use hanbeon_domain::{OperatorSays, Payment, PaymentId, State, Won};
use hanbeon_store::Store;
use std::io::{BufRead as _, Write as _};

#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Lists the payments that need a human, the newest case first.
    List,
    /// Shows one with its history, why it needs a human, and what can be done.
    Show {
        /// The payment's id, as `review list` prints it.
        payment: String,
    },
    /// Resolves one. Without `--as`, the server asks Toss once more and follows its answer.
    ///
    /// With `--as`, it is resolved by your word: look the payment up in Toss's own console first. What that means in
    /// money is shown, and the amount of the payment has to be typed (or given with `--amount`): it cannot be undone.
    Resolve {
        /// The payment's id, as `review list` prints it.
        payment: String,
        /// What Toss's own records (its console, its support) say.
        #[arg(long = "as", value_enum, requires = "note", value_name = "WHAT")]
        says: Option<Says>,
        /// Who you are, and how you know; kept in the journal for ever.
        #[arg(long, requires = "says", value_name = "TEXT")]
        note: Option<String>,
        /// The payment's amount in won, instead of being asked for it.
        #[arg(long, requires = "says", value_name = "WON")]
        amount: Option<String>,
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
    let store = open(config).await?;
    match command {
        ReviewCommand::List => list(&*store).await,
        ReviewCommand::Show { payment } => show(&*store, PaymentId::parse(&payment)?).await,
        ReviewCommand::Resolve { payment, says, note, amount } => {
            let id = PaymentId::parse(&payment)?;
            if let Some(says) = says {
                return resolve(&*store, id, says, &note.unwrap_or_default(), amount).await;
            }
            review::ask_toss(&*store, SystemEnv.now(), id).await?;
            println!("a running server asks Toss within seconds; then: hanbeon review show {id}");
            Ok(())
        }
    }
}

async fn list(store: &dyn Store) -> Result<(), Failure> {
    let waiting = review::list(store).await?;
    for payment in &waiting {
        let Payment { id, order, amount, created_at, .. } = payment;
        println!("{id}  order {order}  {amount} won  begun {}  {}", when(*created_at), why(payment));
    }
    match waiting.len() {
        0 => eprintln!("no payment needs a human"),
        LIST_MAX => eprintln!("and maybe more: these are the newest {LIST_MAX}"),
        _ => eprintln!("what can be done: hanbeon review show PAYMENT"),
    }
    Ok(())
}

async fn show(store: &dyn Store, id: PaymentId) -> Result<(), Failure> {
    let record = store.payment(id).await?.ok_or_else(|| format!("there is no payment {id}"))?;
    let PaymentRecord { payment, .. } = record;
    let told = explain(store, SystemEnv.now(), payment.order, Language::English).await?;
    print!("{}", told.unwrap_or_default());
    println!("\npayment {id}: {}", why(&payment));
    if !matches!(payment.state, State::NeedsReview { .. }) {
        return Ok(());
    }
    println!("Look it up in Toss's console, by paymentKey or orderId {}. Then one of:", payment.toss_order);
    println!("  hanbeon review resolve {id}");
    println!("      Toss will tell: it is asked again, and its answer followed.");
    if payment.captured.is_zero() {
        println!("  hanbeon review resolve {id} --as nothing-charged --note \"who, how you know\"");
        println!("      Toss never took the money. The order may be paid again.");
    }
    println!("  hanbeon review resolve {id} --as given-back --note \"who, how you know\"");
    println!("      The buyer has all of it back.");
    Ok(())
}

async fn resolve(
    store: &dyn Store,
    id: PaymentId,
    says: Says,
    note: &str,
    amount: Option<String>,
) -> Result<(), Failure> {
    let says = match says {
        Says::NothingCharged => OperatorSays::NothingCharged,
        Says::GivenBack => OperatorSays::GivenBack,
    };
    let plan = review::plan(store, SystemEnv.now(), id, says, note).await?;
    preview(&plan);
    let amount = amount.map_or_else(ask_for_amount, Ok)?;
    let wanted = plan.step.next.amount;
    if amount.trim().parse() != Ok(wanted.get()) {
        let typed = plain(amount.trim());
        return Err(format!("the payment is over {wanted} won, not {typed:?}; nothing has changed").into());
    }
    review::carry_out(store, &plan).await?;
    println!("payment {id} is {} now", plan.step.next.state.name());
    Ok(())
}

/// What the plan means in money.
fn preview(plan: &Plan) {
    let Payment { id, order, amount, captured, refunded, .. } = &plan.step.next;
    let left = captured.minus(*refunded).unwrap_or(Won::ZERO);
    println!("payment {id} of order {order}, over {amount} won, needs a human now; afterwards:");
    println!("  state {}", plan.step.next.state.name());
    println!("  {captured} won taken, {refunded} won given back, {left} won left");
    if plan.step.next.leaves_order_free() {
        println!("  the order may be paid again");
    }
    for waiting in &plan.refused {
        println!("  a refund of {waiting} won that waits for its turn will be refused");
    }
    println!("This moves no money at Toss, and cannot be undone.");
}

fn ask_for_amount() -> Result<String, Failure> {
    print!("Type the payment's amount in won to go on: ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        println!();
        return Err("no amount was typed (it can be given with --amount); nothing has changed".into());
    }
    Ok(line)
}

fn why(payment: &Payment) -> String {
    match &payment.state {
        State::NeedsReview { why } => plain(why),
        state => format!("it is {}, and needs nobody", state.name()),
    }
}
