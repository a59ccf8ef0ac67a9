//! `hanbeon resync`: after a restore, or after a standby took over that had not heard everything. No server may run on the
//! same books meanwhile.
use crate::cli::Failure;
use crate::config::Config;
use crate::stores::{self, Role, Stores};
use crate::wire::toss_client;
use crate::{fence, wire};
use clap::Args;
use hanbeon_app::env::SystemEnv;
use hanbeon_app::resync::{Orphan, Resynced};
use hanbeon_app::{App, Env as _};
use hanbeon_domain::{OrderId, Timestamp};
use hanbeon_psp::TossPsp;
use hanbeon_store::Store;
use jiff::civil::Date;
use jiff::tz::Offset;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Toss's dates are Korean.
const KOREA: i8 = 9;

#[derive(Args, Debug)]
pub(crate) struct ResyncArgs {
    /// From when on Toss's list is read: a day (2026-11-23, in Korea) or an instant (2026-11-23T09:00:00+09:00). Choose a
    /// day before the backup.
    #[arg(long, value_name = "DATE")]
    since: String,
    /// For payments whose order cannot be told: lines of an orderId at Toss and our order's id, with a space or a tab
    /// between. The shop has both in what it read from `/v1/events`.
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,
}

pub(crate) async fn run(config: &Config, args: ResyncArgs) -> Result<ExitCode, Failure> {
    let since = instant(&args.since)?;
    let orders = args.orders.as_deref().map_or_else(|| Ok(HashMap::new()), orders)?;
    let psp = TossPsp::new(toss_client(config)?, config.toss.merchant_id.clone());
    let Stores { payments: store, env, .. } = stores::open(config, Role::Resync).await?;
    let number = younger(config, &*store).await?;
    println!("generation {number}: nothing older sends any more");
    let app = App::new(Arc::clone(&store), Arc::new(psp), env, config.settings());
    let done = app.resync(since, &orders).await.map_err(|error| wire::chain(&error))?;
    print(&done);
    if !done.untold.is_empty() {
        println!("Toss did not tell everything: run it again; no server starts before that");
        return Ok(ExitCode::FAILURE);
    }
    store.resynced().await?;
    println!("the books and Toss agree, but for what is named above; a server may start");
    Ok(ExitCode::SUCCESS)
}

/// Makes these books the youngest copy, once per restore: a run that was cut off goes on as the same generation.
async fn younger(config: &Config, store: &dyn Store) -> Result<u64, Failure> {
    let path = config.fence.file.as_deref();
    let registered = path.map_or(Ok(None), fence::read)?.unwrap_or(0);
    let mut ours = store.generation().await?;
    if ours.restored_at.is_none() || ours.number < registered {
        ours = store.raise_generation(registered, SystemEnv.now()).await?;
    }
    path.map_or(Ok(()), |path| fence::register(path, ours.number))?;
    Ok(ours.number)
}

fn print(done: &Resynced) {
    let Resynced { listed, known, caught_up, rebuilt, under_way, orphans, untold } = done;
    println!(
        "Toss lists {listed} payments: {known} were known, {caught_up} were caught up, {rebuilt} were forgotten and are \
         known again, {under_way} are under way, {} cannot be placed",
        orphans.len()
    );
    for Orphan { toss_order, payment, amount, why } in orphans {
        let amount = amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string());
        println!("  to review: orderId {toss_order}, paymentKey {payment}, {amount} won: {why}");
    }
    for what in untold {
        println!("  not told: {what}");
    }
}

fn instant(text: &str) -> Result<Timestamp, Failure> {
    let instant = match text.parse::<Date>() {
        Ok(day) => Offset::constant(KOREA).to_timestamp(day.at(0, 0, 0, 0))?,
        Err(_) => text.parse::<jiff::Timestamp>().map_err(|e| format!("--since {text:?}: {e}"))?,
    };
    Ok(Timestamp::from_micros(instant.as_microsecond()))
}

fn orders(path: &Path) -> Result<HashMap<String, OrderId>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [toss_order, order] => Ok((toss_order.to_owned(), OrderId::parse(order)?)),
            _ => Err(format!("{} line {}: two words are expected", path.display(), at + 1).into()),
        })
        .collect()
}
