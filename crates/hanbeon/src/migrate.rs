//! `hanbeon migrate`: the books of a shop that has stopped, from SQLite into a PostgreSQL database of their own.
//!
//! 1. **from**: the server's lock is ours until the end; 2. **to**: a database without rows, or the beginning of the same books;
//! 3. **carry**: table after table, some rows at a time, after the last one that is there already;
//! 4. **compare**: what both sides hold, row for row;
//! 5. **hand over**: the copy becomes the next generation, the registry says so, the books that are left are marked, and only
//!    then may a server start on the copy.
//!
//! Killed anywhere, it is run again and goes on.
use crate::cli::Failure;
use crate::config::Config;
use crate::fence;
use crate::stores::Place;
use clap::Args;
use hanbeon_app::Env as _;
use hanbeon_app::env::SystemEnv;
use hanbeon_store::hex;
use hanbeon_store::moving::{Sum, TABLES, Table};
use hanbeon_store_postgres::{Arriving, Found};
use hanbeon_store_sqlite::Leaving;
use std::process::ExitCode;

/// Rows of a transaction.
const ROWS: usize = 500;

#[derive(Args, Debug)]
pub(crate) struct MigrateArgs {
    /// What is left: `sqlite://PATH`. No server may run on it, now or afterwards.
    #[arg(long, value_name = "URL")]
    from: String,
    /// Where the books go: `postgres://USER@HOST/NAME`, a database without rows.
    #[arg(long, value_name = "URL", env = "HANBEON_MIGRATE_TO", hide_env_values = true)]
    to: String,
}

pub(crate) async fn run(config: &Config, args: MigrateArgs) -> Result<ExitCode, Failure> {
    let (Place::File(from), Place::Server(to)) = (Place::of(&args.from)?, Place::of(&args.to)?) else {
        return Err("books move from sqlite://PATH to postgres://USER@HOST/NAME".into());
    };
    let source = Leaving::open(&from, SystemEnv.now())?;
    let mut target = Arriving::open(&to, SystemEnv.now()).await?;
    begin(&source, &mut target).await?;
    for table in TABLES {
        carry(&source, &mut target, table).await?;
    }
    if !are_the_same(&source, &mut target).await? {
        println!(
            "the copy is not what is left behind, and no server starts on it: drop it, make a new one, run this again"
        );
        return Ok(ExitCode::FAILURE);
    }
    let number = hand_over(config, &source, &mut target).await?;
    println!(
        "the books are in PostgreSQL now, as generation {number}; no server starts on {} any more",
        from.display()
    );
    println!(
        "next: HANBEON_DATABASE_URL=postgres://…, hanbeon verify, hanbeon serve (docs/runbooks/move.md)"
    );
    Ok(ExitCode::SUCCESS)
}

async fn begin(source: &Leaving, target: &mut Arriving) -> Result<(), Failure> {
    if source.generation()?.restored_at.is_some() {
        return Err("the database was restored and not compared with Toss yet: run `hanbeon resync --since DATE` first".into());
    }
    let books = source.name()?;
    match target.found(books).await? {
        Found::Beginning => println!("a move that was cut off goes on"),
        Found::Others => {
            return Err("the database to move to holds books already; give the move one of its own".into());
        }
        Found::Nothing if source.moved_at()?.is_some() => {
            return Err("these books were moved before, and live elsewhere now".into());
        }
        Found::Nothing => target.begin(books).await?,
    }
    Ok(())
}

async fn carry(source: &Leaving, target: &mut Arriving, table: &Table) -> Result<(), Failure> {
    let mut last = target.last(table).await?;
    loop {
        let rows = source.rows(table, last.as_deref(), ROWS)?;
        if rows.is_empty() {
            return Ok(());
        }
        target.take(table, &rows).await?;
        last = rows.into_iter().last();
    }
}

/// Prints what each table holds.
async fn are_the_same(source: &Leaving, target: &mut Arriving) -> Result<bool, Failure> {
    println!("{:<16} {:>10}  SHA-256 of all rows, on both sides", "table", "rows");
    let mut same = true;
    for table in TABLES {
        let (left, came) = (source.sum(table)?, target.sum(table).await?);
        same &= left == came;
        print(table, left, "");
        if left != came {
            print(table, came, "  DIFFERENT: this is what came");
        }
    }
    Ok(same)
}

fn print(table: &Table, Sum { rows, checksum }: Sum, note: &str) {
    println!("{:<16} {rows:>10}  {}{note}", table.name, hex(&checksum));
}

/// Whoever is cut off in here has at worst two databases on which no server starts, and runs this again.
async fn hand_over(config: &Config, source: &Leaving, target: &mut Arriving) -> Result<u64, Failure> {
    let registry = config.fence.file.as_deref();
    let registered = registry.map_or(Ok(None), fence::read)?.unwrap_or(0);
    let number = target.become_younger(source.generation()?.number.max(registered)).await?;
    registry.map_or(Ok(()), |path| fence::register(path, number))?;
    source.moved(SystemEnv.now())?;
    target.open_for_service(SystemEnv.now()).await?;
    Ok(number)
}
