//! Running the tests: first without a mutant, then with each.
use super::read::{Killer, Mutant};
use super::{Place, SWITCH};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longer than any of these tests takes, even on a slow machine. A test that hangs has not objected.
const BOUND: Duration = Duration::from_secs(300);
/// How often a running test is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How many run at once: most of them wait more than they work.
const AT_ONCE: usize = 3;
/// What the test harness ends with when a test has failed.
const FAILED: i32 = 101;

/// The programs that hold the tests, by package and name.
pub(super) struct Binaries(BTreeMap<(String, String), PathBuf>);

impl Binaries {
    /// Those that cargo said it has built: a line of JSON for each, of which two fields count.
    pub(super) fn announced(lines: &str, copy: &Path) -> Self {
        let field = |line: &str, name: &str| {
            let (_, value) = line.split_once(&format!("\"{name}\":\""))?;
            value.split_once('"').map(|(value, _)| value.to_owned())
        };
        let crates = copy.join("crates");
        let binary = |line: &str| {
            let (source, program) = (field(line, "src_path")?, field(line, "executable")?);
            let source = Path::new(&source).strip_prefix(&crates).ok()?.to_str()?;
            let (package, source) = source.split_once('/')?;
            let name = match source.strip_prefix("tests/") {
                Some(test) => test.trim_end_matches("/main.rs").trim_end_matches(".rs"),
                None => source.strip_prefix("src/")?.strip_suffix(".rs")?,
            };
            Some(((package.to_owned(), name.to_owned()), PathBuf::from(program)))
        };
        Self(lines.lines().filter_map(binary).collect())
    }

    fn of(&self, killer: &Killer) -> Result<&PathBuf, String> {
        let name = (killer.package.clone(), killer.binary.clone());
        self.0.get(&name).ok_or_else(|| format!("there are no tests {} {}", name.0, name.1))
    }
}

/// What became of a mutant.
pub(super) struct Hunted<'a> {
    pub(super) mutant: &'a Mutant,
    pub(super) seconds: u64,
    /// Why it is still alive.
    pub(super) escaped: Option<String>,
}

impl Hunted<'_> {
    /// The layer.
    pub(super) fn killer(&self) -> String {
        format!("{} {}", self.mutant.killer.package, self.mutant.killer.binary)
    }

    /// What is said of one that got away.
    pub(super) fn obituary(&self) -> Option<String> {
        let Mutant { name, wrong, killer, .. } = self.mutant;
        let why = self.escaped.as_ref()?;
        Some(format!("  {name}: {wrong}\n    {}: {why}", killer.test))
    }
}

/// Without a mutant every test must be there, and pass.
///
/// # Errors
/// Which one is not, or does not.
pub(super) fn all_is_well(place: &Place, binaries: &Binaries, mutants: &[&Mutant]) -> Result<(), String> {
    fs::create_dir_all(&place.logs).map_err(|e| format!("{}: {e}", place.logs.display()))?;
    let mut seen = BTreeSet::new();
    let mut tests: Vec<&Mutant> = mutants.to_vec();
    tests.retain(|Mutant { killer, .. }| {
        seen.insert((&killer.package, &killer.binary, &killer.test, &killer.with))
    });
    let wrong = each(&tests, |mutant| {
        let ended = Ended::of(place, binaries, mutant, None)?;
        match (ended.status.success(), ended.said.contains("test result: ok. 1 passed")) {
            (true, true) => Ok(()),
            (true, false) => Err("there is no such test".to_owned()),
            (false, _) => Err(format!("fails without any mutant: {}", ended.log.display())),
        }
        .map_err(|why| format!("{} {}: {why}", mutant.killer.package, mutant.killer.test))
    });
    let wrong: Vec<_> = wrong.into_iter().filter_map(|(_, ended)| ended.err()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// With each mutant its test must object.
pub(super) fn hunt<'a>(place: &Place, binaries: &Binaries, mutants: &[&'a Mutant]) -> Vec<Hunted<'a>> {
    let hunted = each(mutants, |mutant| {
        let started = Instant::now();
        let ended = Ended::of(place, binaries, mutant, Some(&mutant.name));
        (started.elapsed().as_secs(), ended.map_or_else(Some, |ended| ended.no_objection(&mutant.killer)))
    });
    hunted.into_iter().map(|(mutant, (seconds, escaped))| Hunted { mutant, seconds, escaped }).collect()
}

/// Does `work` for every one of them, some at once; the results are in their order.
fn each<'a, T: Send>(mutants: &[&'a Mutant], work: impl Fn(&'a Mutant) -> T + Sync) -> Vec<(&'a Mutant, T)> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|threads| {
        for _ in 0..AT_ONCE {
            threads.spawn(|| {
                while let Some((index, mutant)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    mutants.get(index).map(|mutant| (index, *mutant))
                } {
                    let done = work(mutant);
                    if let Ok(mut results) = results.lock() {
                        results.insert(index, (mutant, done));
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_default().into_values().collect()
}

/// How a test ended.
struct Ended {
    status: ExitStatus,
    said: String,
    log: PathBuf,
}

impl Ended {
    fn of(
        place: &Place,
        binaries: &Binaries,
        mutant: &Mutant,
        switched_on: Option<&str>,
    ) -> Result<Self, String> {
        let Mutant { name, killer, .. } = mutant;
        let log = place.logs.join(format!("{name}.{}.log", if switched_on.is_some() { "on" } else { "off" }));
        let failed = |e: std::io::Error| format!("{}: {e}", log.display());
        let mut command = Command::new(binaries.of(killer)?);
        command.args(["--exact", &killer.test]).env_remove(SWITCH).env("RUST_BACKTRACE", "0");
        let package = place.copy.join("crates").join(&killer.package);
        command.current_dir(&package).env("CARGO_MANIFEST_DIR", &package);
        command.envs(switched_on.map(|name| (SWITCH, name)));
        command.envs(killer.with.iter().map(|(name, value)| (name, value)));
        let file = File::create(&log).map_err(failed)?;
        command.stdin(Stdio::null()).stdout(file.try_clone().map_err(failed)?).stderr(file);
        let status =
            wait(command.spawn().map_err(failed)?).map_err(|why| format!("{why}: {}", log.display()))?;
        let said = String::from_utf8_lossy(&fs::read(&log).map_err(failed)?).into_owned();
        Ok(Self { status, said, log })
    }

    /// Why this is not the objection of this test.
    fn no_objection(&self, killer: &Killer) -> Option<String> {
        let Self { status, said, log } = self;
        let failed =
            status.code() == Some(FAILED) && said.contains(&format!("test {} ... FAILED", killer.test));
        match (status.success(), failed, said.contains(&killer.says)) {
            (true, ..) => Some("passes".to_owned()),
            (false, false, _) => Some(format!("ends without an objection ({status}): {}", log.display())),
            (false, true, false) => Some(format!("fails without {:?}: {}", killer.says, log.display())),
            (false, true, true) => None,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a child that ends rings no bell; the wait has a bound")]
fn wait(mut child: Child) -> Result<ExitStatus, String> {
    let until = Instant::now() + BOUND;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < until => std::thread::sleep(LOOK),
            Ok(None) => {
                let ended = child.kill().and_then(|()| child.wait());
                return Err(format!("does not end within {} s ({ended:?})", BOUND.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}
