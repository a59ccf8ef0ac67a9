//! The fence between two copies of the same books: a small file that both see, in which the youngest copy's generation
//! stands. A server whose own is older sends nothing; neither does one that cannot read the file.
use crate::cli::Failure;
use crate::config::Config;
use crate::keys::open;
use async_trait::async_trait;
use clap::Args;
use hanbeon_store::Store;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as Queue;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout};

/// How long an answer counts. With the time that a read may take, it is never older than a second.
const FRESH: Duration = Duration::from_millis(400);
/// How long a read may take: the file may lie on a share.
const READ_WITHIN: Duration = Duration::from_millis(600);

/// Which copy of the books may send.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FenceConfig {
    /// The registry: a file that every copy of the books sees.
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct FenceArgs {
    /// Writes this database's generation into the registry, unless a younger one stands there.
    #[arg(long)]
    register: bool,
}

/// Shows both generations, and registers this one if that is asked for.
pub(crate) async fn run(config: &Config, args: FenceArgs) -> Result<(), Failure> {
    let ours = open(config).await?.generation().await?;
    let path =
        config.fence.file.as_deref().ok_or("there is no registry: set fence.file or HANBEON_FENCE_FILE")?;
    if args.register {
        register(path, ours.number)?;
    }
    let registered = read(path)?.map_or_else(|| "nothing".to_owned(), |number| number.to_string());
    println!("this database is generation {}; {} says {registered}", ours.number, path.display());
    Ok(())
}

/// What stands in the registry; `None` when there is none yet.
pub(crate) fn read(path: &Path) -> Result<Option<u64>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => match text.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!("{} holds no generation", path.display()).into()),
        },
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(format!("{} cannot be read: {why}", path.display()).into()),
    }
}

/// Makes `number` the generation that may send: whole, and on the disk. Never goes back.
pub(crate) fn register(path: &Path, number: u64) -> Result<(), Failure> {
    let failed = |why: io::Error| Failure::from(format!("{} cannot be written: {why}", path.display()));
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let lock = OpenOptions::new().append(true).create(true).open(beside(".lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    if let Some(younger) = read(path)?.filter(|registered| *registered > number) {
        return Err(format!(
            "{} says generation {younger}, and this is {number}: an older copy",
            path.display()
        )
        .into());
    }
    let next = beside(".next");
    let mut file = File::create(&next).map_err(failed)?;
    file.write_all(format!("{number}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&next, path).map_err(failed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// The registry, beside the store whose generation it is compared with.
pub(crate) struct Fence {
    path: PathBuf,
    store: Arc<dyn Store>,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
    /// Who looks is alone; a read that hangs is waited for again, and not begun anew.
    look: Queue<Look>,
}

#[derive(Default)]
struct Look {
    ours: Option<u64>,
    reading: Option<JoinHandle<Result<u64, String>>>,
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fence").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl hanbeon_psp::Fence for Fence {
    async fn may_send(&self) -> Result<(), String> {
        if let Some(known) = self.known() {
            return known;
        }
        let mut look = self.look.lock().await;
        if let Some(known) = self.known() {
            return known;
        }
        let begun = Instant::now();
        let found = self.compare(&mut look).await;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((begun, found.clone()));
        found
    }
}

impl Fence {
    pub(crate) fn new(path: PathBuf, store: Arc<dyn Store>) -> Self {
        Self { path, store, last: Mutex::default(), look: Queue::default() }
    }

    fn known(&self) -> Option<Result<(), String>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, found)| found.clone())
    }

    async fn compare(&self, look: &mut Look) -> Result<(), String> {
        let path = self.path.clone();
        let reading = look.reading.get_or_insert_with(|| spawn_blocking(move || registered(&path)));
        let read = timeout(READ_WITHIN, reading).await;
        let read = read.map_err(|_| format!("{} does not answer; nothing is sent", self.path.display()))?;
        look.reading = None;
        let registered = read.map_err(|ended| ended.to_string())??;
        if look.ours.is_some_and(|ours| registered <= ours) {
            return Ok(());
        }
        // The books are asked only now: they may be down, and what was promised of them is to be kept all the same.
        let ours = self.store.generation().await.map_err(|error| error.to_string())?;
        look.ours = Some(ours.number);
        if ours.restored_at.is_some() {
            return Err(
                "the database was restored and not compared with Toss yet (hanbeon resync)".to_owned()
            );
        }
        if registered <= ours.number {
            return Ok(());
        }
        Err(format!(
            "this database is generation {}, and generation {registered} is at work: a younger copy of the same books \
             runs elsewhere; stop this server (docs/runbooks/restore.md)",
            ours.number
        ))
    }
}

fn registered(path: &Path) -> Result<u64, String> {
    let registered = read(path).map_err(|error| error.to_string())?;
    registered.ok_or_else(|| {
        format!(
            "there is no registry {}; nothing is sent (hanbeon fence --register makes it)",
            path.display()
        )
    })
}
