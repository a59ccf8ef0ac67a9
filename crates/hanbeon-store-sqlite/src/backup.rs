//! A copy of the file while it is in use, and its way back.
//!
//! A **backup** is one file, without a log, and beside it a copy of the undo file. It is read from one snapshot, in small
//! steps, each on the disk before the next, with naps between them: whoever is charged meanwhile hardly waits. The name that
//! was asked for is taken first and filled last, so what stands under it is whole.
//!
//! A **restore** holds the server's lock from its first look to its last rename. The copy is made, checked and marked under
//! a name of its own, and only then takes the database's place; what stood there is moved aside and never deleted.
use crate::migrate::{MIGRATIONS, pending};
use crate::open::{OpenError, connect, make_private, private, take_lock};
use crate::undo;
use hanbeon_store::hex;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages (4 KiB each) that are copied in one go: a millisecond or so.
const STEP_PAGES: i32 = 256;
/// And how long the disk is left to others then.
const NAP: Duration = Duration::from_millis(2);

/// Why there is no backup, or nothing was restored. What was there is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Something is there already.
    #[error("{} exists, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// The database that is to be copied has another schema than this program's.
    #[error("the database has an older schema than this program: back it up with the program that serves it")]
    OlderSchema,
    /// Not a backup, but a database that somebody uses.
    #[error("{} has a log beside it: it is a database in use, or its copy by hand, and not a backup", .0.display())]
    InUse(PathBuf),
    /// The copy is not whole.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        what: String,
    },
    /// It could not be opened or written.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A file that is on the disk, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Which.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

/// Copies the database at `from` to the new file `to`, while others read and write it. `judge` looks at the copy, under
/// the path that it is given, before it gets its name; what it objects to is returned, and there is no backup then.
/// Answers with the copy, and with that of the undo file, if there is one.
///
/// # Errors
/// [`CopyError`].
pub fn back_up<E: From<CopyError>>(
    from: &Path,
    to: &Path,
    judge: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<Vec<Copied>, E> {
    for name in [to.to_owned(), undo_of(to)] {
        if name.exists() {
            return Err(CopyError::Exists(name).into());
        }
    }
    let (half, half_undo) = (with(to, ".half"), with(to, ".half.undo"));
    for leftover in [&half, &half_undo] {
        let _ = fs::remove_file(leftover);
    }
    let judged = copy_snapshot(from, &half, &half_undo).map_err(E::from).and_then(|()| judge(&half));
    let named = judged.and_then(|()| {
        seal(&half).map_err(E::from)?;
        let mut copies = vec![take_name(&half, to).map_err(E::from)?];
        if half_undo.exists() {
            copies.push(take_name(&half_undo, &undo_of(to)).map_err(E::from)?);
        }
        Ok(copies)
    });
    if named.is_err() {
        remove_database(&half);
        let _ = fs::remove_file(&half_undo);
    }
    named
}

/// One snapshot, page by page; the undo file as it is once the snapshot stands, so that no promise is missed that the
/// snapshot's payments need.
fn copy_snapshot(from: &Path, to: &Path, to_undo: &Path) -> Result<(), CopyError> {
    let failed = || OpenError::sqlite(format!("copy {}", from.display()));
    let source = connect(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    source.execute_batch("PRAGMA query_only = ON").map_err(failed())?;
    if pending(&source, from, MIGRATIONS)?.is_some() {
        return Err(CopyError::OlderSchema);
    }
    source.execute_batch("BEGIN").map_err(failed())?;
    // A snapshot begins with its first read. While it stands, the steps do not begin anew when somebody writes.
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed())?;
    let promises = undo_of(&from.canonicalize().map_err(file(from))?);
    if promises.exists() {
        fs::copy(&promises, to_undo).map_err(file(to_undo))?;
    }
    make_private(to)?;
    // Closed after the connection, whose locks on the file would go with it.
    let disk = private().open(to).map_err(file(to))?;
    let mut target = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let copying = Backup::new(&source, &mut target).map_err(failed())?;
    while copying.step(STEP_PAGES).map_err(failed())? != StepResult::Done {
        // Left to the system, gigabytes of the copy would go to the disk at once, and a payment's flush after them.
        disk.sync_data().map_err(file(to))?;
        nap();
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "it waits for nothing: the disk is left to others for a moment"
)]
fn nap() {
    std::thread::sleep(NAP);
}

/// One file without a log, whole by SQLite's own account.
fn seal(path: &Path) -> Result<(), CopyError> {
    let failed = || OpenError::sqlite(format!("check {}", path.display()));
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(failed())?;
    is_whole(&db, path)
}

fn is_whole(db: &Connection, path: &Path) -> Result<(), CopyError> {
    let failed = || OpenError::sqlite(format!("check {}", path.display()));
    let whole: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(failed())?;
    let strays: i64 = db
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
        .map_err(failed())?;
    let damaged = |what: String| CopyError::Damaged { path: path.to_owned(), what };
    match (whole.as_str(), strays) {
        ("ok", 0) => Ok(()),
        ("ok", strays) => Err(damaged(format!("{strays} rows name rows that are missing"))),
        _ => Err(damaged(whole)),
    }
}

/// Durable first, then under its name, and that durable too. Taking a name that exists fails.
fn take_name(half: &Path, name: &Path) -> Result<Copied, CopyError> {
    let mut content = File::open(half).map_err(file(half))?;
    content.sync_all().map_err(file(half))?;
    let (bytes, sha256) = sum(&mut content).map_err(file(half))?;
    match private().create_new(true).open(name) {
        Ok(_) => {}
        Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => {
            return Err(CopyError::Exists(name.to_owned()));
        }
        Err(why) => return Err(file(name)(why)),
    }
    fs::rename(half, name).map_err(file(name))?;
    sync_folder(name)?;
    Ok(Copied { path: name.to_owned(), bytes, sha256 })
}

/// A restore under way: it holds the lock of the database that it will replace.
#[derive(Debug)]
pub struct Restoring {
    target: PathBuf,
    copy: PathBuf,
    copy_undo: PathBuf,
    /// What was copied.
    pub copied: Vec<Copied>,
    _lock: File,
}

impl Restoring {
    /// Copies the backup `from` beside the database `target`, and checks that the copy is whole. A database that is there
    /// already is in the way, unless it is to be moved `aside`.
    ///
    /// # Errors
    /// [`CopyError`]; also when a server runs on `target`.
    pub fn begin(from: &Path, target: &Path, aside: bool) -> Result<Self, CopyError> {
        let lock = take_lock(target)?.ok_or_else(|| OpenError::Held(target.to_owned()))?;
        let in_the_way = pieces(target).into_iter().find(|piece| piece.exists());
        if let Some(piece) = in_the_way.filter(|_| !aside) {
            return Err(CopyError::Exists(piece));
        }
        if with(from, "-wal").metadata().is_ok_and(|log| log.len() > 0) {
            return Err(CopyError::InUse(from.to_owned()));
        }
        let (copy, copy_undo) = (with(target, ".restoring"), with(target, ".restoring.undo"));
        remove_database(&copy);
        let _ = fs::remove_file(&copy_undo);
        let mut copied = vec![copy_file(from, &copy)?];
        if undo_of(from).exists() {
            copied.push(copy_file(&undo_of(from), &copy_undo)?);
        }
        is_whole(&connect(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?, &copy)?;
        Ok(Self { target: target.to_owned(), copy, copy_undo, copied, _lock: lock })
    }

    /// The copy, to be looked at and marked. It must be closed before it is placed.
    #[must_use]
    pub fn copy(&self) -> &Path {
        &self.copy
    }

    /// Puts the copy where the database belongs. Says how the names of what stood there end now, if anything did.
    ///
    /// # Errors
    /// [`CopyError`]; what stood there is under its old name, or aside.
    pub fn place(self, aside: &str) -> Result<Option<PathBuf>, CopyError> {
        seal(&self.copy)?;
        File::open(&self.copy).and_then(|copy| copy.sync_all()).map_err(file(&self.copy))?;
        let mut moved = None;
        // The database first: a log without one is never read, a database without its log has forgotten payments.
        for piece in pieces(&self.target).into_iter().filter(|piece| piece.exists()) {
            fs::rename(&piece, with(&piece, aside)).map_err(file(&piece))?;
            moved = Some(with(&self.target, aside));
        }
        if self.copy_undo.exists() {
            fs::rename(&self.copy_undo, undo_of(&self.target)).map_err(file(&self.copy_undo))?;
        }
        fs::rename(&self.copy, &self.target).map_err(file(&self.target))?;
        sync_folder(&self.target)?;
        let _ = fs::remove_file(with(&self.copy, ".lock"));
        Ok(moved)
    }
}

/// Everything that a database consists of, itself first.
fn pieces(database: &Path) -> [PathBuf; 4] {
    ["", "-wal", "-shm", ".undo"].map(|end| with(database, end))
}

fn copy_file(from: &Path, to: &Path) -> Result<Copied, CopyError> {
    let mut source = File::open(from).map_err(file(from))?;
    let mut target = private().create_new(true).open(to).map_err(file(to))?;
    io::copy(&mut source, &mut target).map_err(file(to))?;
    target.sync_all().map_err(file(to))?;
    let (bytes, sha256) = sum(&mut File::open(to).map_err(file(to))?).map_err(file(to))?;
    Ok(Copied { path: from.to_owned(), bytes, sha256 })
}

fn sum(content: &mut File) -> io::Result<(u64, String)> {
    let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0_u64, vec![0; 1 << 20]);
    loop {
        let read = content.read(&mut chunk)?;
        if read == 0 {
            return Ok((bytes, hex(&hash.finalize())));
        }
        hash.update(&chunk[..read]);
        bytes += u64::try_from(read).unwrap_or(0);
    }
}

/// Of a copy that is given up.
fn remove_database(path: &Path) {
    for piece in pieces(path).into_iter().chain([with(path, "-journal"), with(path, ".lock")]) {
        let _ = fs::remove_file(piece);
    }
}

fn undo_of(database: &Path) -> PathBuf {
    with(database, undo::SUFFIX)
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    PathBuf::from(name)
}

fn sync_folder(path: &Path) -> Result<(), CopyError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(file(folder))
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> CopyError {
    move |source| OpenError::File { path: path.to_owned(), source }.into()
}
