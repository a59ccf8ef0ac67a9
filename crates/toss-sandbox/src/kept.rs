//! The state file: everything that has happened, so that another start goes on from it.
//!
//! One JSON document, replaced as a whole: a reader finds the old one or the new one and never half of one. It is
//! not a log of calls, because a call repeated draws other keys; and not written with each call, because a sandbox is
//! there to be quick. So a kill loses the last moment, and the end of the process in good order loses nothing. Rules and switches are
//! not in it: they belong to a run.

use std::convert::Infallible;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::auth::Directory;
use crate::clock::Hands;
use crate::config::ConfigError;
use crate::shared::Shared;
use crate::state::World;

/// Raised when a file of before can no longer be read.
const FORMAT: u32 = 1;
/// From one writing to the next, at least.
const PAUSE: Duration = Duration::from_secs(1);
/// A large world takes long to write, and nobody can call meanwhile: writing takes at most so small a part of the time.
const SHARE: u32 = 20;

/// Writes the state file whenever something may have happened; never ends, and does nothing without a file.
pub(crate) async fn keep(shared: Arc<Shared>) -> Infallible {
    if !shared.is_kept() {
        return std::future::pending().await;
    }
    let mut pause = PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        let begun = Instant::now();
        let saving = Arc::clone(&shared);
        match tokio::task::spawn_blocking(move || saving.save()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the state file could not be written; trying again"),
            Err(error) => tracing::error!(%error, "the state file could not be written; trying again"),
        }
        pause = PAUSE.max(begun.elapsed() * SHARE);
    }
}

/// A state file that is this process's own.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    /// Locked as long as the process lives.
    _lock: File,
}

/// What a state file says.
#[derive(Deserialize)]
pub(crate) struct Kept {
    format: u32,
    merchants: Vec<String>,
    pub(crate) clock: Hands,
    pub(crate) world: World,
}

#[derive(Serialize)]
struct Keeping<'a> {
    format: u32,
    merchants: Vec<&'a str>,
    clock: Hands,
    world: &'a World,
}

impl StateFile {
    /// Takes the file, which need not exist.
    pub(crate) fn open(path: &Path) -> Result<Self, ConfigError> {
        let lock = File::create(beside(path, "lock")).map_err(|error| refused(path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(refused(path, "another sandbox uses it")),
            Err(TryLockError::Error(error)) => Err(refused(path, &error)),
        }
    }

    /// What is in it, if it exists.
    pub(crate) fn read(&self, directory: &Directory) -> Result<Option<Kept>, ConfigError> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| refused(&self.path, &error))?,
        };
        let kept: Kept = serde_json::from_slice(&bytes)
            .map_err(|error| refused(&self.path, &format!("it is not a state of this version: {error}")))?;
        if kept.format != FORMAT {
            return Err(refused(&self.path, &format!("format {}, {FORMAT} is wanted", kept.format)));
        }
        // A payment knows its merchant by its place.
        let now = mids(directory);
        if kept.merchants.len() > now.len() || kept.merchants.iter().zip(&now).any(|(then, now)| then != now)
        {
            let then = kept.merchants.join(", ");
            return Err(refused(&self.path, &format!("it was made for the merchants {then}, in this order")));
        }
        Ok(Some(kept))
    }

    /// The file as it should be.
    pub(crate) fn bytes(&self, directory: &Directory, clock: Hands, world: &World) -> io::Result<Vec<u8>> {
        let keeping = Keeping { format: FORMAT, merchants: mids(directory), clock, world };
        serde_json::to_vec(&keeping)
            .map_err(|error| io::Error::other(format!("{}: {error}", self.path.display())))
    }

    /// Replaces the file, durably.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let new = beside(&self.path, "new");
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)
    }
}

/// Maps whose keys are no texts, as a list of pairs.
pub(crate) mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<'a, S, M, K, V>(map: &'a M, serializer: S) -> Result<S::Ok, S::Error>
    where
        S: Serializer,
        &'a M: IntoIterator<Item = (&'a K, &'a V)>,
        K: Serialize + 'a,
        V: Serialize + 'a,
    {
        serializer.collect_seq(map)
    }

    pub(crate) fn deserialize<'de, D, M, K, V>(deserializer: D) -> Result<M, D::Error>
    where
        D: Deserializer<'de>,
        M: FromIterator<(K, V)>,
        K: Deserialize<'de>,
        V: Deserialize<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}

fn mids(directory: &Directory) -> Vec<&str> {
    (0..directory.len()).map(|id| &*directory.merchant(id).mid).collect()
}

/// `state.json` → `state.json.lock`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn refused(path: &Path, why: &(impl ToString + ?Sized)) -> ConfigError {
    ConfigError::State { path: path.to_owned(), why: why.to_string() }
}
