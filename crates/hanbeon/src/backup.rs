//! `hanbeon backup`, while the server runs, and `hanbeon restore`. What is restored is a younger copy of the books, and no
//! server starts on it before `hanbeon resync` has compared it with Toss.
use crate::cli::Failure;
use crate::config::Config;
use crate::fence;
use crate::stores::Place;
use clap::Args;
use hanbeon_app::env::SystemEnv;
use hanbeon_app::verify::{Verified, verify};
use hanbeon_app::{Env as _, receipts};
use hanbeon_store::{Generation, Store as _};
use hanbeon_store_sqlite::{Copied, CopyError, Options, Restoring, SqliteStore, back_up};
use std::path::{Path, PathBuf};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

#[derive(Args, Debug)]
pub(crate) struct BackupArgs {
    /// The new file. It is complete, checked and on the disk once it has this name.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    /// A file that `hanbeon backup` made, with its `.undo` beside it if it has one.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Move a database that is there already aside, to `<file>.before-TIME`, instead of refusing.
    #[arg(long)]
    aside: bool,
}

/// What a copy holds.
struct Contents {
    verified: Verified,
    receipts: u64,
    generation: Generation,
}

pub(crate) async fn back_up_now(config: &Config, args: BackupArgs) -> Result<(), Failure> {
    let database = own_tools(config, "back it up", BACKUP_WITH)?;
    if !database.exists() {
        return Err(format!("there is no database {}", database.display()).into());
    }
    let runtime = Handle::current();
    let (copies, contents) = spawn_blocking(move || {
        let mut contents = None;
        let judge = |copy: &Path| {
            contents = Some(
                runtime.block_on(look_through(&SqliteStore::open(copy, Options::tool(SystemEnv.now()))?))?,
            );
            Ok::<_, Failure>(())
        };
        back_up(&database, &args.to, judge).map(|copies| (copies, contents))
    })
    .await??;
    copies.iter().for_each(print_copy);
    if let Some(contents) = contents {
        contents.print();
    }
    Ok(())
}

pub(crate) async fn restore(config: &Config, args: RestoreArgs) -> Result<(), Failure> {
    let database = own_tools(config, "restore it", RESTORE_WITH)?;
    let (from, target) = (args.from.clone(), database.clone());
    let restoring = spawn_blocking(move || Restoring::begin(&from, &target, args.aside)).await?;
    let restoring = restoring.map_err(|error| match error {
        CopyError::Exists(path) => {
            format!("{} is there already; --aside moves it out of the way", path.display()).into()
        }
        error => Failure::from(error),
    })?;
    let now = SystemEnv.now();
    let copy = SqliteStore::open(restoring.copy(), Options::tool(now))?;
    let mut contents = look_through(&copy).await?;
    let registry = config.fence.file.as_deref();
    let registered = registry.map_or(Ok(None), fence::read)?.unwrap_or(0);
    contents.generation = copy.raise_generation(registered, now).await?;
    drop(copy);
    // From here on nothing older sends, also if we do not come to the end.
    registry.map_or(Ok(()), |path| fence::register(path, contents.generation.number))?;
    restoring.copied.iter().for_each(print_copy);
    if restoring.copied.len() < 2 {
        println!("(no {}.undo: charges that were to be taken back are not known)", args.from.display());
    }
    let aside = format!(".before-{}", now.as_micros() / 1_000_000);
    let moved = spawn_blocking(move || restoring.place(&aside)).await??;
    contents.print();
    if let Some(moved) = moved {
        println!("the database that was there is {} now", moved.display());
    }
    println!("restored to {}; it is behind Toss, and no server starts on it yet", database.display());
    println!(
        "next: hanbeon resync --since DATE, a day before the backup was made (docs/runbooks/restore.md)"
    );
    Ok(())
}

async fn look_through(store: &SqliteStore) -> Result<Contents, Failure> {
    let mut verified = verify(store).await?;
    let receipts = receipts::verify::verify(store, &mut verified).await?;
    if !verified.findings.is_empty() {
        let some = verified.findings.len();
        return Err(format!("`hanbeon verify` has {some} findings: docs/runbooks/verify.md").into());
    }
    Ok(Contents { verified, receipts, generation: store.generation().await? })
}

impl Contents {
    fn print(&self) {
        let Verified { payments, refunds, events, sealed_lines, .. } = &self.verified;
        println!(
            "{payments} payments, {refunds} refunds, {} cash receipts, {events} events, {sealed_lines} sealed journal \
             lines, generation {}: all is as it must be",
            self.receipts, self.generation.number
        );
    }
}

fn print_copy(Copied { path, bytes, sha256 }: &Copied) {
    println!("{}: {bytes} bytes, SHA-256 {sha256}", path.display());
}

const BACKUP_WITH: &str = "
  pg_dump --format=custom --file=FILE URL       one database, one snapshot, beside running servers
  pg_basebackup --wal-method=stream --checkpoint=fast --pgdata=FOLDER
                                                the whole server; with its WAL archived: any moment since";
const RESTORE_WITH: &str = "
  pg_restore --exit-on-error --create --dbname=postgres FILE      what pg_dump made, into a new database
  (stop PostgreSQL, put FOLDER in the place of its data, start)   what pg_basebackup made";

/// The database's file; or, of a database that has tools of its own, how to use them.
fn own_tools(config: &Config, what: &str, with: &str) -> Result<PathBuf, Failure> {
    match Place::of(&config.database_url())? {
        Place::File(path) => Ok(path),
        Place::Server(_) => {
            Err(format!("the database is PostgreSQL: {what} with its own tools{with}").into())
        }
    }
}
