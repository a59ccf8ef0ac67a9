//! A disk that forgets what was not synced. The rules are at the top of `main.rs`.
use crate::trace::Deed;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

const SECTOR: usize = 512;

/// The files that are left after a power cut, by name.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// Numbers that look random and can be had again (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let end = u64::try_from(end.max(1)).expect("a small number");
        usize::try_from((mixed ^ (mixed >> 31)) % end).expect("a small number")
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// One folder on it.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    /// The names as the running program sees them.
    names: BTreeMap<String, usize>,
    /// The names that a power cut leaves for certain.
    kept: BTreeMap<String, usize>,
    /// Syncs that have begun, and what each will keep: a file and how many of its changes, or the names.
    syncs: HashMap<u32, Sync>,
    generation: u64,
}

#[derive(Debug, Default)]
struct File {
    kept: Vec<u8>,
    /// Younger than the last sync, in order.
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Resize { len: usize },
}

#[derive(Debug)]
enum Sync {
    File { file: usize, changes: usize },
    Folder { names: BTreeMap<String, usize> },
}

impl Disk {
    /// A disk that holds this, and has nothing to forget.
    pub(crate) fn holding(image: Image) -> Self {
        let mut disk = Self::default();
        for (name, kept) in image {
            disk.names.insert(name, disk.files.len());
            disk.files.push(File { kept, pending: Vec::new() });
        }
        disk.kept.clone_from(&disk.names);
        disk
    }

    /// Does it. Deeds that are no business of a disk change nothing.
    pub(crate) fn apply(&mut self, deed: &Deed) {
        match deed {
            Deed::Opened { file, empties } => {
                let next = self.files.len();
                let id = *self.names.entry(file.clone()).or_insert(next);
                if id == next {
                    self.files.push(File::default());
                }
                if *empties {
                    self.files[id].pending.push(Change::Resize { len: 0 });
                }
            }
            Deed::Wrote { file, at, data } => {
                self.file(file).pending.push(Change::Write { at: *at, data: data.clone() });
            }
            Deed::Resized { file, len } => self.file(file).pending.push(Change::Resize { len: *len }),
            Deed::Removed { file } => drop(self.names.remove(file)),
            Deed::SyncBegan { by, file: Some(file) } => {
                let id = self.names[file];
                self.syncs.insert(*by, Sync::File { file: id, changes: self.files[id].pending.len() });
            }
            Deed::SyncBegan { by, file: None } => {
                self.syncs.insert(*by, Sync::Folder { names: self.names.clone() });
            }
            Deed::SyncEnded { by } => self.keep(*by),
            Deed::Sent { .. } | Deed::Heard { .. } => {}
        }
    }

    /// Grows whenever [`Disk::least`] may have changed.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Is there anything that a power cut may or may not leave?
    pub(crate) fn is_settled(&self) -> bool {
        self.names == self.kept && self.names.values().all(|id| self.files[*id].pending.is_empty())
    }

    /// What is left for certain, and nothing else.
    pub(crate) fn least(&self) -> Image {
        self.kept.iter().map(|(name, id)| (name.clone(), self.files[*id].kept.clone())).collect()
    }

    /// What is certain, and some of the rest.
    pub(crate) fn some(&self, dice: &mut Dice) -> Image {
        let mut left = self.kept.clone();
        for name in self.kept.keys().chain(self.names.keys()) {
            if self.kept.get(name) == self.names.get(name) || dice.coin() {
                continue;
            }
            match self.names.get(name) {
                Some(id) => drop(left.insert(name.clone(), *id)),
                None => drop(left.remove(name)),
            }
        }
        left.into_iter().map(|(name, id)| (name, self.files[id].survivor(dice))).collect()
    }

    fn file(&mut self, name: &str) -> &mut File {
        let id = *self.names.get(name).unwrap_or_else(|| panic!("{name} was written and never opened"));
        &mut self.files[id]
    }

    fn keep(&mut self, by: u32) {
        match self.syncs.remove(&by).expect("a sync ends after it began") {
            Sync::File { file, changes } => {
                let file = &mut self.files[file];
                // Another thread's sync of the same file may have kept some of them already.
                let changes = changes.min(file.pending.len());
                for change in file.pending.drain(..changes) {
                    change.apply(&mut file.kept);
                }
            }
            Sync::Folder { names } => self.kept = names,
        }
        self.generation += 1;
    }
}

impl File {
    fn survivor(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.kept.clone();
        let (whole, torn) = match dice.below(4) {
            0 => (0, 0),
            1 => (self.pending.len(), 0),
            // A beginning, the last of it torn.
            2 => (dice.below(self.pending.len() + 1), 1),
            // Any sectors at all.
            _ => (0, self.pending.len()),
        };
        let (whole, rest) = self.pending.split_at(whole);
        for change in whole {
            change.apply(&mut bytes);
        }
        for change in rest.iter().take(torn) {
            change.apply_torn(&mut bytes, dice);
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { at, data } => write(bytes, *at, data),
            Self::Resize { len } => bytes.resize(*len, 0),
        }
    }

    fn apply_torn(&self, bytes: &mut Vec<u8>, dice: &mut Dice) {
        match self {
            Self::Write { at, data } => {
                let (mut at, mut rest) = (*at, data.as_slice());
                while !rest.is_empty() {
                    let (sector, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                    if dice.coin() {
                        write(bytes, at, sector);
                    }
                    (at, rest) = (at + sector.len(), after);
                }
            }
            Self::Resize { .. } if dice.coin() => self.apply(bytes),
            Self::Resize { .. } => {}
        }
    }
}

fn write(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    let end = at + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(data);
}

/// Puts an image into an empty folder.
pub(crate) fn lay_out(image: &Image, folder: &Path) {
    for (name, bytes) in image {
        std::fs::write(folder.join(name), bytes).expect("a file of the image");
    }
}

fn opened(file: &str) -> Deed {
    Deed::Opened { file: file.to_owned(), empties: false }
}

fn wrote(file: &str, at: usize, byte: u8, len: usize) -> Deed {
    Deed::Wrote { file: file.to_owned(), at, data: vec![byte; len] }
}

/// A disk on which `db` has a synced name and these changes, of which the first `synced` are kept.
fn disk_with(changes: &[Deed], synced: usize) -> Disk {
    let mut disk = Disk::holding(Image::from([("db".to_owned(), Vec::new())]));
    for (at, change) in changes.iter().enumerate() {
        if at == synced {
            disk.apply(&Deed::SyncBegan { by: 1, file: Some("db".to_owned()) });
        }
        disk.apply(change);
    }
    // It ends after everything: only what was there when it began counts.
    disk.apply(&Deed::SyncEnded { by: 1 });
    disk
}

#[test]
fn a_sync_keeps_what_was_written_before_it_began_and_no_more() {
    let disk = disk_with(&[wrote("db", 0, 1, 600), wrote("db", 0, 2, 600)], 1);
    assert_eq!(disk.least()["db"], [1; 600]);
    assert!(!disk.is_settled());
}

#[test]
fn of_unsynced_writes_any_sectors_may_be_left() {
    let disk = disk_with(&[wrote("db", 0, 1, 1_536), wrote("db", 0, 2, 1_536)], 1);
    let (mut dice, mut seen) = (Dice(7), std::collections::BTreeSet::new());
    for _ in 0..400 {
        let left = disk.some(&mut dice)["db"].clone();
        let sectors: Vec<u8> = left.chunks(SECTOR).map(|sector| sector[0]).collect();
        assert!(left.chunks(SECTOR).all(|sector| sector.iter().all(|byte| *byte == sector[0])), "{left:?}");
        seen.insert(sectors);
    }
    assert_eq!(seen.len(), 8, "each of three sectors is old or new: {seen:?}");
}

#[test]
fn a_name_is_certain_only_when_its_folder_was_synced() {
    let mut disk = Disk::default();
    for deed in [opened("db"), wrote("db", 0, 1, 4)] {
        disk.apply(&deed);
    }
    disk.apply(&Deed::SyncBegan { by: 1, file: Some("db".to_owned()) });
    disk.apply(&Deed::SyncEnded { by: 1 });
    assert!(disk.least().is_empty());
    disk.apply(&Deed::SyncBegan { by: 1, file: None });
    disk.apply(&Deed::SyncEnded { by: 1 });
    assert_eq!(disk.least()["db"], [1; 4]);
    disk.apply(&Deed::Removed { file: "db".to_owned() });
    assert_eq!(disk.least()["db"], [1; 4], "and gone only when it was synced again");
    let mut dice = Dice(1);
    assert!((0..100).any(|_| disk.some(&mut dice).is_empty()), "or earlier");
}
