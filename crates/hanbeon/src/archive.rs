//! The archive: files of one JSON object a line, for what the store forgets. Nothing here reads them again; `grep` and `jq` do.
//!
//! Each server writes files of its own, a new one every day and after every trouble: nobody waits for anybody, and what was
//! written is never touched again. A line without an end was cut off by a crash; its row is in the store still.
use crate::cli::Failure;
use async_trait::async_trait;
use hanbeon_app::Env;
use hanbeon_app::retention::Archive;
use hanbeon_store::{Expired, hex, korean_time};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::spawn_blocking;

/// A file that is longer is followed by the next one.
const FILE_MAX: u64 = 64 << 20;
/// Written at once, in bytes, or little more: a step's rows are never all in memory as text, too.
const CHUNK: usize = 64 << 10;

/// A folder of files.
pub(crate) struct FileArchive {
    folder: PathBuf,
    env: Arc<dyn Env>,
    /// The file that is being written, if there is one.
    open: Arc<Mutex<Option<Part>>>,
}

struct Part {
    file: File,
    path: PathBuf,
    /// The Korean day on which it was begun.
    day: String,
    /// So much of it is durable.
    len: u64,
}

impl FileArchive {
    /// Makes the folder if there is none, and sees whether it can be written.
    ///
    /// # Errors
    /// In words for the operator.
    pub(crate) fn open(folder: &Path, env: Arc<dyn Env>) -> Result<Self, Failure> {
        let failed = |why: io::Error| {
            Failure::from(format!("retention.archive: {} cannot be written: {why}", folder.display()))
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let folder = folder.canonicalize().map_err(failed)?;
        sync_folder(folder.parent().unwrap_or(&folder)).map_err(failed)?;
        let archive = Self { folder, env, open: Arc::default() };
        let part = archive.begin().map_err(failed)?;
        fs::remove_file(part.path).map_err(failed)?;
        Ok(archive)
    }

    /// A new file, which nobody else has, and whose name is durable.
    fn begin(&self) -> io::Result<Part> {
        begin(&self.folder, &self.day(), &self.env.random()[..4])
    }

    fn day(&self) -> String {
        korean_time(self.env.now()).chars().take("2026-01-01".len()).collect()
    }
}

fn begin(folder: &Path, day: &str, random: &[u8]) -> io::Result<Part> {
    let path = folder.join(format!("{day}-{}.jsonl", hex(random)));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    sync_folder(folder)?;
    Ok(Part { file, path, day: day.to_owned(), len: 0 })
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[async_trait]
impl Archive for FileArchive {
    async fn keep(&self, rows: Vec<Expired>) -> io::Result<Vec<Expired>> {
        let (open, folder, day) = (Arc::clone(&self.open), self.folder.clone(), self.day());
        let random = self.env.random();
        let kept = spawn_blocking(move || {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            // A file that could not be written is left as it is: what the disk has of it is not known.
            let part = open.take().filter(|part| part.day == day && part.len < FILE_MAX);
            let mut part = part.map_or_else(|| begin(&folder, &day, &random[..4]), Ok)?;
            part.append(&rows)?;
            *open = Some(part);
            Ok(rows)
        });
        kept.await.map_err(io::Error::other)?
    }
}

impl Part {
    /// All of these rows, durable; or none: a beginning of them is cut off again, if that can be done.
    fn append(&mut self, rows: &[Expired]) -> io::Result<()> {
        match self.write(rows).and_then(|end| self.file.sync_data().map(|()| end)) {
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
        let archive = FileArchive::open(&folder, clock).expect("an archive");
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
        let archive = FileArchive::open(place.path(), Arc::new(TestEnv::default())).expect("an archive");
        archive.keep(vec![row(1, 3)]).await.expect("room");
        let aside = place.path().with_extension("aside");
        fs::rename(place.path(), &aside).expect("a move");
        // A file that is open is still written; the next day's cannot be begun.
        archive.keep(vec![row(2, 3)]).await.expect("room");
        archive.open.lock().expect("no panic").take();
        archive.keep(vec![row(3, 3)]).await.expect_err("there is no folder");
        fs::rename(&aside, place.path()).expect("a move");
        archive.keep(vec![row(3, 3)]).await.expect("room");
        let texts: Vec<_> = files(place.path()).into_iter().map(|(_, text)| text.lines().count()).collect();
        assert_eq!(texts, [2, 1]);
    }

    #[test]
    fn a_folder_that_cannot_be_one_is_named() {
        let place = tempfile::NamedTempFile::new().expect("a file");
        let refused =
            FileArchive::open(place.path(), Arc::new(TestEnv::default())).err().expect("it is a file");
        let said = refused.to_string();
        assert!(said.contains("retention.archive") && said.contains("cannot be written"), "{said}");
    }
}
