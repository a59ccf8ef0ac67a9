//! Instructions per confirm, counted by Valgrind's callgrind: they do not depend on how busy the machine is, so that two
//! commits can be compared. hanbeon's release binary on SQLite, its own process alone, and only what runs in user space.
//!
//! 1. start hanbeon under callgrind; 2. confirm what does not count; 3. set the counts to zero, confirm, dump;
//! 4. read the dumps, one for each thread; 5. write the table.
use crate::databases::Databases;
use crate::figures::grouped;
use crate::load::allow_connections;
use crate::measure::{Bench, Load};
use crate::systems::{Changes, Place, System};
use crate::{Failure, children, machine, report};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

/// Confirms before those that count.
const WARM_UP: usize = 300;
/// Longest that all confirms of one measurement may take, in s: Valgrind is some fifty times as slow.
const SECONDS: u64 = 300;
/// How long Valgrind may take to write down what it has counted.
const DUMP_WITHIN: Duration = Duration::from_secs(60);
/// How long installing Valgrind may take.
const INSTALL_WITHIN: Duration = Duration::from_secs(600);

#[derive(Args, Debug)]
pub(crate) struct InstructionsArgs {
    /// How many confirms count.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    confirms: u32,
    /// How many connections, a measurement each. With one, every write is a commit of its own, and the count hardly varies.
    #[arg(long, value_delimiter = ',', default_value = "1,64", value_parser = clap::value_parser!(u32).range(1..=512))]
    connections: Vec<u32>,
    /// Where databases are made [default: beside this program].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The binary to measure [default: `hanbeon` beside this program].
    #[arg(long, value_name = "FILE")]
    hanbeon: Option<PathBuf>,
    /// The page; what is between the marks of its generated part is replaced.
    #[arg(long, value_name = "FILE", default_value = "docs/profile.md")]
    output: PathBuf,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Instructions by the role of the thread, and by where the function was written.
    pub(crate) threads: BTreeMap<&'static str, u64>,
    pub(crate) places: BTreeMap<String, u64>,
}

/// Counts, prints and writes.
pub(crate) async fn run(args: InstructionsArgs) -> Result<(), Failure> {
    allow_connections();
    install().await?;
    let program = std::env::current_exe()?;
    let beside = program.parent().ok_or("this program is in no folder")?.to_owned();
    let hanbeon = args.hanbeon.unwrap_or_else(|| beside.join("hanbeon"));
    let place = Place { bench: program, hanbeon, folder: args.dir.unwrap_or(beside).canonicalize()? };
    let commit = machine::look(&place.folder)?.commit;
    let bench = Bench { databases: Databases::start(&place, &[], None).await?, place };
    let mut columns = Vec::new();
    for connections in args.connections {
        let counts = count(&bench, connections, args.confirms).await?;
        println!("{connections} connection(s): {} instructions per confirm", grouped(counts.total()));
        columns.push((connections, counts));
    }
    report::write_instructions(&args.output, &machine::today(), &commit, &columns)
}

async fn install() -> Result<(), Failure> {
    if Path::new("/usr/bin/valgrind").is_file() {
        return Ok(());
    }
    println!("there is no Valgrind: apt-get install valgrind");
    let mut apt = Command::new("apt-get");
    apt.args(["install", "--yes", "--no-install-recommends", "valgrind"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    children::finish_quietly("apt-get", apt, INSTALL_WITHIN).await.map(drop)
}

async fn count(bench: &Bench, connections: u32, confirms: u32) -> Result<Counts, Failure> {
    let folder = tempfile::Builder::new().prefix("hanbeon-bench-").tempdir_in(&bench.place.folder)?;
    let changes = Changes { counted_in: Some(folder.path().join("counts")), ..Changes::default() };
    let stage = bench.stage(System::Sqlite, 0, &changes).await?;
    let bodies = stage.prepare(WARM_UP + usize::try_from(confirms)?).await?;
    let load = Load { connections, seconds: SECONDS, warm_up_ms: 0, pace: None, reads: false };
    let pid = stage.server.child.pid().ok_or("hanbeon has ended")?;
    let (first, counted) = bodies.split_at(WARM_UP);
    stage.load(&bench.place, first, load).await?.complain();
    tell(pid, "zero").await?;
    let measured = stage.load(&bench.place, counted, load).await?;
    tell(pid, "dump").await?;
    measured.complain();
    stage.close().await?;
    let mut counts = Counts::default();
    for file in std::fs::read_dir(folder.path())? {
        let name = file?.path();
        // `counts.PID.DUMP-THREAD`: what was dumped when we said so; the last one is of the end.
        let is_ours = name.file_name().is_some_and(|name| name.to_string_lossy().contains(".1-"));
        if is_ours {
            counts.add(&std::fs::read_to_string(name)?);
        }
    }
    counts.per(u64::from(confirms));
    if counts.total() == 0 { Err("callgrind has counted nothing".into()) } else { Ok(counts) }
}

/// Tells Valgrind.
async fn tell(pid: i32, what: &str) -> Result<(), Failure> {
    let mut vgdb = Command::new("vgdb");
    vgdb.args([&format!("--pid={pid}"), what]);
    children::finish_quietly("vgdb", vgdb, DUMP_WITHIN).await.map(drop)
}

impl Counts {
    pub(crate) fn total(&self) -> u64 {
        self.threads.values().sum()
    }

    fn per(&mut self, confirms: u64) {
        for count in self.threads.values_mut().chain(self.places.values_mut()) {
            *count /= confirms.max(1);
        }
    }

    /// Adds the dump of a thread: what each function has done itself, without what it called.
    fn add(&mut self, dump: &str) {
        let (mut functions, mut objects) = (BTreeMap::new(), BTreeMap::new());
        let (mut function, mut object) = (String::new(), String::new());
        let mut own: BTreeMap<(String, String), u64> = BTreeMap::new();
        let mut lines = dump.lines();
        while let Some(line) = lines.next() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = named(&mut functions, name);
            } else if let Some(name) = line.strip_prefix("ob=") {
                object = named(&mut objects, name);
            } else if let Some(name) = line.strip_prefix("cfn=") {
                named(&mut functions, name);
            } else if let Some(name) = line.strip_prefix("cob=") {
                named(&mut objects, name);
            } else if line.starts_with("calls=") {
                // The next line is what the called one cost.
                lines.next();
            } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
                let cost = line.split(' ').nth(1).and_then(|cost| cost.parse().ok()).unwrap_or(0);
                *own.entry((object.clone(), function.clone())).or_insert(0) += cost;
            }
        }
        let does = |what: &str| own.keys().any(|(_, function)| function.starts_with(what));
        let is_worker = own.keys().any(|(_, function)| function.contains("tokio::runtime::scheduler"));
        let thread = if does("sqlite3PagerCommitPhaseOne") {
            "store-writer"
        } else if is_worker {
            // With the reads of a few rows.
            "server"
        } else if does("sqlite3WalCheckpoint") {
            "store-checkpoint"
        } else if does("sqlite3VdbeExec") {
            "store-readers"
        } else {
            "server"
        };
        for ((object, function), cost) in own {
            *self.threads.entry(thread).or_insert(0) += cost;
            *self.places.entry(place(&object, &function)).or_insert(0) += cost;
        }
    }
}

/// Callgrind writes a name once, with a number, and then only the number.
fn named(known: &mut BTreeMap<String, String>, text: &str) -> String {
    match text.split_once(' ') {
        Some((number, name)) => {
            known.insert(number.to_owned(), name.to_owned());
            name.to_owned()
        }
        None => known.get(text).cloned().unwrap_or_default(),
    }
}

/// The crate that a function was written in, as far as its name tells.
fn place(object: &str, function: &str) -> String {
    // hanbeon itself is one file; what it loads are libc and its like.
    if object.contains(".so") {
        return "libc".to_owned();
    }
    let path = function.trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    match path.split_once("::") {
        Some((first, _)) if first.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => first.to_owned(),
        _ => "SQLite, and other C".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "version: 1\npositions: line\nevents: Ir\n\nob=(1) /x/hanbeon\nfl=(1) ???\n\
        fn=(1) <hanbeon_app::App as core::Any>::drive\n0 30\n+1 2\ncob=(2) /lib/libc.so.6\ncfn=(2) memcpy\n\
        calls=3 0\n0 1000\n\nfn=(3) sqlite3VdbeExec'2\n0 500\n\nob=(2)\nfn=(2)\n0 1000\n\ntotals: 1532\n";

    #[test]
    fn what_a_function_does_itself_counts_for_its_crate() {
        let mut counts = Counts::default();
        counts.add(DUMP);
        let places = [("SQLite, and other C", 500), ("hanbeon_app", 32), ("libc", 1_000)];
        assert_eq!(counts.places, places.map(|(name, count)| (name.to_owned(), count)).into());
        assert_eq!(counts.threads, BTreeMap::from([("store-readers", 1_532)]));
        counts.per(2);
        assert_eq!(counts.total(), 766);
    }
}
