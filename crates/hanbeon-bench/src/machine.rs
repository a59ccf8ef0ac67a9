//! Where it ran: processor, memory, kernel, file system, and what a flush to this disk costs.
use crate::{Failure, figures};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How many appends are flushed to find the time of one.
const FLUSHES: u32 = 300;

/// Facts about the machine, in words.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) cores: u64,
    pub(crate) processor: String,
    pub(crate) memory_mib: u64,
    pub(crate) kernel: String,
    pub(crate) disk: Disk,
    /// The commit that was built, as far as git knows.
    pub(crate) commit: String,
}

/// Where databases were made.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    pub(crate) file_system: String,
    /// A 4 KiB append with `fdatasync`, alone, in µs.
    pub(crate) flush_p50_us: u64,
    pub(crate) flush_p99_us: u64,
}

/// Looks.
///
/// # Errors
/// When the folder cannot be written to.
pub(crate) fn look(folder: &Path) -> Result<Machine, Failure> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let (processors, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    let memory_kib = value(&memory, "MemTotal").and_then(|kib| kib.split(' ').next()?.parse::<u64>().ok());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Machine {
        cores: u64::try_from(cores)?,
        processor: value(&processors, "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        memory_mib: memory_kib.unwrap_or(0) / 1024,
        kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
        disk: disk(folder)?,
        commit: commit(),
    })
}

fn disk(folder: &Path) -> Result<Disk, Failure> {
    let folder = folder.canonicalize()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut times = flush_times(&folder)?;
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    Ok(Disk {
        file_system: file_system(&mounts, &folder).unwrap_or_else(|| "unknown".to_owned()),
        flush_p50_us: us(at(50)),
        flush_p99_us: us(at(99)),
    })
}

/// The type and options of the mount that a folder is in; the later line covers the earlier.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    let (mut best, mut found) = (0, None);
    for line in mounts.lines() {
        let mut before = line.split(' ');
        let (point, options) = (before.nth(4)?, before.next()?);
        let mut after = line.split_once(" - ")?.1.split(' ');
        let (kind, device) = (after.next()?, after.next()?);
        if folder.starts_with(point) && point.len() >= best {
            (best, found) = (point.len(), Some(format!("{kind} ({options}) on {device}")));
        }
    }
    found
}

fn flush_times(folder: &Path) -> Result<Vec<Duration>, Failure> {
    let mut file = tempfile::tempfile_in(folder)?;
    let page = [0x5a; 4096];
    let mut times = Vec::new();
    for _ in 0..FLUSHES {
        file.write_all(&page)?;
        let started = Instant::now();
        file.sync_data()?;
        times.push(started.elapsed());
    }
    Ok(times)
}

fn commit() -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(hash) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".to_owned() };
    // This report is the one file that a run changes.
    let changed = git(&["status", "--porcelain", "--", ".", ":!docs/benchmarks.md"]);
    if changed.is_some_and(|changed| !changed.is_empty()) {
        format!("{hash} with uncommitted changes")
    } else {
        hash
    }
}

/// How long all cores together have been busy, and how long they have been there, in the kernel's ticks.
pub(crate) fn ticks() -> (u64, u64) {
    cpu_ticks(&fs::read_to_string("/proc/stat").unwrap_or_default())
}

fn cpu_ticks(stat: &str) -> (u64, u64) {
    let line = stat.lines().next().unwrap_or_default();
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is already in user.
    let ticks: Vec<u64> = line.split_whitespace().skip(1).take(8).filter_map(|n| n.parse().ok()).collect();
    let total: u64 = ticks.iter().sum();
    (total - ticks.iter().skip(3).take(2).sum::<u64>(), total)
}

/// Today, for the report.
#[expect(clippy::disallowed_methods, reason = "the one place that takes the date; nothing is decided by it")]
pub(crate) fn today() -> String {
    jiff::Timestamp::now().to_string().chars().take(10).collect()
}

impl Machine {
    /// One line for each fact.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let ms = figures::thousandths;
        let (half, most) = (self.disk.flush_p50_us, self.disk.flush_p99_us);
        vec![
            ("processor", format!("{} cores of {}", self.cores, self.processor)),
            ("memory", format!("{} MiB", figures::grouped(self.memory_mib))),
            ("kernel", self.kernel.clone()),
            ("file system of the database", self.disk.file_system.clone()),
            ("4 KiB append with fdatasync", format!("p50 {} ms, p99 {} ms", ms(half), ms(most))),
            ("commit", self.commit.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_in_its_nearest_mount() {
        let mounts = "27 1 252:0 / / rw,noatime shared:1 - ext4 /dev/vda rw\n\
                      30 27 0:30 / /tmp rw - tmpfs tmpfs rw,size=1k\n";
        let file_system = |folder| file_system(mounts, Path::new(folder)).expect("a mount");
        assert_eq!(file_system("/tmp/x"), "tmpfs (rw) on tmpfs");
        assert_eq!(file_system("/tmpx"), "ext4 (rw,noatime) on /dev/vda");
    }

    #[test]
    fn a_core_that_waits_for_the_disk_is_not_busy() {
        assert_eq!(cpu_ticks("cpu  1 2 3 100 10 4 5 6 7 8\ncpu0 1"), (21, 131));
        assert_eq!(cpu_ticks(""), (0, 0));
    }

    #[test]
    fn this_machine_has_a_core_and_a_disk() {
        let machine = look(&std::env::temp_dir()).expect("a machine");
        assert!(machine.cores > 0 && machine.memory_mib > 0, "{machine:?}");
        assert!(machine.disk.flush_p50_us <= machine.disk.flush_p99_us, "{machine:?}");
    }
}
