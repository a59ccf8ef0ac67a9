//! The archive: files of one JSON object a line, for what the store forgets. Nothing here reads them again; `grep` and `jq` do.
//!
//! Each server writes files of its own, a new one every day and after every trouble: nobody waits for anybody, and what was
//! written is never touched again. A line without an end was cut off by a crash; its row is in the store still.
use crate::cli::Failure;
use async_trait::async_trait;
use hanbeon_app::Env;
use hanbeon_app::retention::Archive;
use hanbeon_store::{Expired, hex, korean_time};
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf, absolute};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// A file that is longer is followed by the next one.
const FILE_MAX: u64 = 64 << 20;
/// Written at once, in bytes, or little more: a step's rows are never all in memory as text, too.
const CHUNK: usize = 64 << 10;

/// How long a look waits for a folder that may be on a share.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// A folder of files.
pub(crate) struct FileArchive {
    folder: PathBuf,
    env: Arc<dyn Env>,
    /// The file that is being written, if there is one.
    open: Arc<Mutex<Option<Part>>>,
}

/// A file that may be begun.
struct Next {
    folder: PathBuf,
    /// The day in Korea.
    day: String,
    random: [u8; 32],
}

/// A file that is being written.
struct Part {
    file: File,
    path: PathBuf,
    /// When it was begun.
    day: String,
    /// So much of it is durable.
    len: u64,
}

impl FileArchive {
    /// In this folder, which need not be there yet.
    pub(crate) fn new(folder: &Path, env: Arc<dyn Env>) -> Self {
        let folder = absolute(folder).unwrap_or_else(|_| folder.to_owned());
        Self { folder, env, open: Arc::default() }
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder if there is none, and sees whether it can be written.
    ///
    /// # Errors
    /// In words for the operator.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        let next = self.next();
        let probed = spawn_blocking(move || {
            make_folder(&next.folder)?;
            fs::remove_file(next.begin()?.path)
        });
        let folder = self.folder.display();
        let Ok(probed) = timeout(ANSWERS_WITHIN, probed).await else {
            return Err(
                format!("retention.archive: {folder} does not answer within {ANSWERS_WITHIN:?}").into()
            );
        };
        probed?.map_err(|why| format!("retention.archive: {folder} cannot be written: {why}").into())
    }

    fn next(&self) -> Next {
        let day = korean_time(self.env.now()).chars().take("2026-01-01".len()).collect();
        Next { folder: self.folder.clone(), day, random: self.env.random() }
    }
}

#[async_trait]
impl Archive for FileArchive {
    async fn keep(&self, rows: Vec<Expired>) -> io::Result<Vec<Expired>> {
        let (open, next) = (Arc::clone(&self.open), self.next());
        let kept = spawn_blocking(move || {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            // It is put back only when all went well: what the disk has of a file that could not be written is not known.
            let part = open.take().filter(|part| part.goes_on(&next.day));
            let mut part = part.map_or_else(|| next.begin(), Ok)?;
            part.append(&rows)?;
            *open = Some(part);
            Ok(rows)
        });
        kept.await.map_err(io::Error::other)?
    }
}

impl Next {
    /// Nobody else has it, and its name is durable.
    fn begin(&self) -> io::Result<Part> {
        let path = self.folder.join(format!("{}-{}.jsonl", self.day, hex(&self.random[..4])));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        sync_folder(&self.folder)?;
        Ok(Part { file, path, day: self.day.clone(), len: 0 })
    }
}

impl Part {
    fn goes_on(&self, day: &str) -> bool {
        self.day == day && self.len < FILE_MAX && self.is_there()
    }

    /// Or has somebody moved it away? What is written then is found nowhere.
    fn is_there(&self) -> bool {
        let place = |of: Metadata| (of.dev(), of.ino());
        let (named, open) = (fs::metadata(&self.path).map(place), self.file.metadata().map(place));
        named.ok().is_some_and(|named| open.is_ok_and(|open| open == named))
    }

    /// All of these rows, durable; or none: a beginning of them is cut off again, if that can be done.
    fn append(&mut self, rows: &[Expired]) -> io::Result<()> {
        let written = self.write(rows).and_then(|end| self.file.sync_data().map(|()| end));
        let there = written.and_then(|end| if self.is_there() { Ok(end) } else { Err(moved_away()) });
        match there {
            Ok(end) => {
                self.len = end;
                Ok(())
            }
            Err(why) => {
                let _ = if self.len == 0 { fs::remove_file(&self.path) } else { self.file.set_len(self.len) };
                Err(io::Error::new(why.kind(), format!("{}: {why}", self.path.display())))
            }
        }
    }

    /// Says where it ends.
    fn write(&self, rows: &[Expired]) -> io::Result<u64> {
        let (mut text, mut end) = (Vec::with_capacity(2 * CHUNK), self.len);
        for (at, row) in rows.iter().enumerate() {
            serde_json::to_writer(&mut text, row)?;
            text.push(b'\n');
            if text.len() >= CHUNK || at + 1 == rows.len() {
                self.file.write_all_at(&text, end)?;
                end += u64::try_from(text.len()).unwrap_or(u64::MAX);
                text.clear();
            }
        }
        Ok(end)
    }
}

fn moved_away() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "it was moved away while it was written")
}

/// The folder, with those that it is in, and their names durable: a row that is forgotten must not be in one that is gone after
/// a power cut.
fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let folder = folder.canonicalize()?;
    sync_folder(folder.parent().unwrap_or(&folder))?;
    for above in folder.ancestors().skip(2) {
        // Who may not read one of these has not made it.
        let _ = sync_folder(above);
    }
    Ok(())
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hanbeon_domain::Timestamp;
    use hanbeon_store::ExpiredWebhook;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::atomic::{AtomicI64, AtomicU8, Ordering::Relaxed};

    /// A clock of the test's, and dice that never fall the same way twice.
    #[derive(Default)]
    struct TestEnv {
        day: AtomicI64,
        thrown: AtomicU8,
    }

    impl Env for TestEnv {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.day.load(Relaxed) * 86_400_000_000)
        }
        fn random(&self) -> [u8; 32] {
            [self.thrown.fetch_add(1, Relaxed); 32]
        }
    }

    fn row(number: i64, body: usize) -> Expired {
        Expired::Webhooks(ExpiredWebhook {
            webhook_id: number,
            received_at: Timestamp::from_micros(number),
            transmission_id: None,
            meaning: String::new(),
            event_type: String::new(),
            hint_key: None,
            hint_order: None,
            verdict: "known".to_owned(),
            repeated: false,
            body: vec![b'x'; body],
        })
    }

    /// Names and texts.
    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .expect("a folder")
            .map(|file| file.expect("a file").path())
            .map(|path| {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                (name, fs::read_to_string(path).expect("text"))
            })
            .collect();
        files.sort();
        files
    }

    #[tokio::test]
    async fn rows_are_lines_and_every_day_has_a_file() {
        let place = tempfile::tempdir().expect("a folder");
        let (folder, env) = (place.path().join("new/one"), Arc::new(TestEnv::default()));
        let clock: Arc<dyn Env> = env.clone();
        let archive = FileArchive::new(&folder, clock);
        archive.check().await.expect("it can be written");
        assert_eq!(files(&folder), [], "to look whether it can be written leaves nothing");
        assert_eq!(fs::metadata(&folder).expect("a folder").permissions().mode() & 0o777, 0o700);
        let rows = vec![row(1, 3), row(2, CHUNK), row(3, 3)];
        assert_eq!(archive.keep(rows.clone()).await.expect("room"), rows);
        archive.keep(vec![row(4, 3)]).await.expect("room");
        env.day.store(1, Relaxed);
        archive.keep(vec![row(5, 3)]).await.expect("room");
        let files = files(&folder);
        let text = |rows: &[i64], of: &str| {
            let numbers: Vec<i64> = of
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
                .map(|row| row["webhook_id"].as_i64().expect("a number"))
                .collect();
            assert_eq!(numbers, rows);
            assert!(of.ends_with('\n'));
        };
        assert_eq!(files.len(), 2);
        for ((name, _), day) in files.iter().zip(["1970-01-01-", "1970-01-02-"]) {
            let end = Path::new(name).extension().expect("an end");
            assert!(name.starts_with(day) && end == "jsonl", "{name}");
        }
        text(&[1, 2, 3, 4], &files[0].1);
        text(&[5], &files[1].1);
    }

    #[tokio::test]
    async fn after_a_trouble_a_new_file_is_begun() {
        let place = tempfile::tempdir().expect("a folder");
        let archive = FileArchive::new(place.path(), Arc::new(TestEnv::default()));
        archive.keep(vec![row(1, 3)]).await.expect("room");
        let aside = place.path().with_extension("aside");
        fs::rename(place.path(), &aside).expect("a move");
        archive.keep(vec![row(2, 3)]).await.expect_err("there is no folder");
        fs::rename(&aside, place.path()).expect("a move");
        archive.keep(vec![row(2, 3)]).await.expect("room");
        let lines =
            || files(place.path()).into_iter().map(|(_, text)| text.lines().count()).collect::<Vec<_>>();
        assert_eq!(lines(), [1, 1]);
        // The second one is open; the operator takes both away.
        for (name, _) in files(place.path()) {
            fs::remove_file(place.path().join(name)).expect("it was there");
        }
        archive.keep(vec![row(3, 3), row(4, 3)]).await.expect("room");
        assert_eq!(lines(), [2], "nothing is written into a file that is gone");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_one_is_named() {
        let place = tempfile::NamedTempFile::new().expect("a file");
        let refused = FileArchive::new(place.path(), Arc::new(TestEnv::default())).check().await;
        let said = refused.expect_err("it is a file").to_string();
        assert!(said.contains("retention.archive") && said.contains("cannot be written"), "{said}");
    }
}
