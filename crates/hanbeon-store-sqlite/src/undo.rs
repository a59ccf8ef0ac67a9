//! The undo file: promises to take a charge back, in a few bytes beside the database (`<file>.undo`) that can be written
//! when the database takes nothing: the disk is full, a constraint is broken, another process holds the lock.
//!
//! It is as large as it will ever be, and written from end to end when a server opens it: a promise overwrites bytes that
//! the disk has given us already. A slot is one sector, so that a write that is torn harms no other promise; its
//! checksum tells a promise from a torn one. A torn promise was never answered with `Ok`, so nobody acted on it.
//!
//! 1. **open**: what is promised and not done yet is kept, everything else is zeroed;
//! 2. **promise**: one write, one sync; 3. **forget**: zeros, in the disk's own time.
use crate::error::unavailable;
use crate::open::OpenError;
use hanbeon_domain::PaymentId;
use hanbeon_store::StoreError;
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Most promises that are open at once. A store that is down takes no new intent either, so these are the charges that
/// were under way when it went down; beyond that the recovery decides.
pub(crate) const SLOTS: usize = 256;
/// What a disk writes whole or not at all.
const SLOT: usize = 512;
/// How its name goes on after the database's.
pub(crate) const SUFFIX: &str = ".undo";
/// How a slot begins: another layout gets another number, and whoever does not know it ignores the slot.
const VERSION: u8 = 1;
/// The version and the payment's id; the checksum of both follows.
const NAMED: usize = 1 + 16;
const WRITTEN: usize = NAMED + 32;

/// The promises, on disk and in memory.
#[derive(Debug)]
pub(crate) struct Undo {
    file: File,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    promised: BTreeMap<PaymentId, usize>,
    /// The one that was free for the longest time comes first: a bad one is not tried again and again.
    free: VecDeque<usize>,
}

impl Undo {
    /// Opens the file beside the database that `path` leads to, and makes it if there is none. Only for who holds the
    /// server's lock.
    ///
    /// # Errors
    /// [`OpenError`]; there may be a promise that cannot be read, so nobody may go on without it.
    pub(crate) fn open(path: &Path, db: &Connection) -> Result<Self, OpenError> {
        let path = beside(path).map_err(file_error(path))?;
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(file_error(&path))?;
        let mut bytes = Vec::with_capacity(SLOTS * SLOT);
        (&file).read_to_end(&mut bytes).map_err(file_error(&path))?;
        bytes.resize(SLOTS * SLOT, 0);
        let mut slots = Slots::default();
        for (at, slot) in bytes.chunks_exact_mut(SLOT).enumerate() {
            match promise_in(slot) {
                Some(payment) if !slots.promised.contains_key(&payment) && is_open(db, payment)? => {
                    slots.promised.insert(payment, at);
                }
                _ => {
                    slot.fill(0);
                    slots.free.push_back(at);
                }
            }
        }
        if !slots.promised.is_empty() {
            let open = slots.promised.len();
            tracing::warn!(store.undos = open, "charges that could not be recorded are to be taken back");
        }
        let write = || {
            file.set_len(u64_of(bytes.len()))?;
            file.write_all_at(&bytes, 0)?;
            file.sync_all()?;
            // The name, too.
            path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        write().map_err(file_error(&path))?;
        Ok(Self { file, slots: Mutex::new(slots) })
    }

    /// Does `work`, which waits for the disk, where it holds nobody else up.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the work was not done, or not to its end.
    pub(crate) async fn work<T: Send + 'static>(
        this: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let this = Arc::clone(this);
        let done = tokio::task::spawn_blocking(move || work(&this)).await;
        done.map_err(|error| unavailable(error.to_string()))
    }

    /// Durable when `Ok`. After an error the promise may be there all the same, when the file is opened next.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) fn promise(&self, payment: PaymentId) -> Result<(), StoreError> {
        let at = {
            let mut slots = self.slots();
            if slots.promised.contains_key(&payment) {
                return Ok(());
            }
            slots.free.pop_front().ok_or_else(|| unavailable("too many charges are to be taken back"))?
        };
        let written = self.write(at, &promise_of(payment)).and_then(|()| self.file.sync_data());
        let mut slots = self.slots();
        if let Err(error) = written {
            slots.free.push_back(at);
            return Err(unavailable(format!("a promise to take a charge back cannot be written: {error}")));
        }
        let twin = slots.promised.insert(payment, at);
        slots.free.extend(twin);
        Ok(())
    }

    pub(crate) fn is_promised(&self, payment: PaymentId) -> bool {
        self.slots().promised.contains_key(&payment)
    }

    /// Without a sync: a promise that comes back is dropped when the file is opened.
    pub(crate) fn forget(&self, payment: PaymentId) {
        let Some(at) = self.slots().promised.remove(&payment) else { return };
        if let Err(error) = self.write(at, &[0; SLOT]) {
            tracing::warn!(%error, "a promise that is kept cannot be taken from the file");
        }
        self.slots().free.push_back(at);
    }

    fn write(&self, at: usize, slot: &[u8; SLOT]) -> io::Result<()> {
        self.file.write_all_at(slot, u64_of(at * SLOT))
    }

    /// Nothing can panic while it is held.
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is promised and not done yet, in the order of the ids; the file stays as it is. Only for who holds the server's lock.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn promised(path: &Path, db: &Connection) -> Result<BTreeSet<PaymentId>, OpenError> {
    let path = beside(path).map_err(file_error(path))?;
    let mut bytes = Vec::new();
    match File::open(&path) {
        Ok(file) => file.take(u64_of(SLOTS * SLOT)).read_to_end(&mut bytes).map_err(file_error(&path))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(file_error(&path)(error)),
    };
    let mut promised = BTreeSet::new();
    for payment in bytes.chunks_exact(SLOT).filter_map(promise_in) {
        if is_open(db, payment)? {
            promised.insert(payment);
        }
    }
    Ok(promised)
}

/// Beside the file itself, as SQLite's own, and not beside a link to it: a promise goes with its database.
fn beside(database: &Path) -> io::Result<PathBuf> {
    let mut name = database.canonicalize()?.into_os_string();
    name.push(SUFFIX);
    Ok(PathBuf::from(name))
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::File { path: path.to_owned(), source }
}

/// Has the database nothing to say yet of what became of the charge?
fn is_open(db: &Connection, payment: PaymentId) -> Result<bool, OpenError> {
    let statement = "SELECT 1 FROM payments WHERE payment_id = ?1 AND state = 'confirming'";
    let found = db.query_row(statement, [payment.uuid().into_bytes()], |_| Ok(())).optional();
    Ok(found.map_err(OpenError::sqlite("look for a charge that is to be taken back"))?.is_some())
}

fn promise_of(payment: PaymentId) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[0] = VERSION;
    slot[1..NAMED].copy_from_slice(payment.uuid().as_bytes());
    let checksum = Sha256::digest(&slot[..NAMED]);
    slot[NAMED..WRITTEN].copy_from_slice(&checksum);
    slot
}

fn promise_in(slot: &[u8]) -> Option<PaymentId> {
    let id = <[u8; 16]>::try_from(slot.get(1..NAMED)?).ok()?;
    let payment = PaymentId::from_uuid(Uuid::from_bytes(id));
    if promise_of(payment) == *slot {
        return Some(payment);
    }
    if slot.iter().any(|byte| *byte != 0) {
        tracing::warn!(
            "the undo file holds a promise that was not written to its end, or not by this version"
        );
    }
    None
}

fn u64_of(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
