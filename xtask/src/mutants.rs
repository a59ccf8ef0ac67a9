//! `cargo xtask mutants`: mistakes that must be noticed. Each file in `mutants/` is one of them: a sentence, the test
//! that must object, and what to write instead of the product's own words; see `mutants/README.md`.
//!
//! 1. **read** the mutants;
//! 2. **copy** the workspace, once, with all of them written in, each behind a switch of its own;
//! 3. **build** the tests, once; without a switch they must pass;
//! 4. **hunt**: each mutant is switched on, and its test must fail with the objection that it is known for.
//!
//! The product knows nothing of this.
mod copy;
mod hunt;
mod read;

use crate::shell::{cargo, root};
use hunt::{Binaries, Hunted};
use read::Mutant;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

const USAGE: &str = "usage: cargo xtask mutants [NAME...]

  Without a name: all. `cargo xtask mutants --list` says what each of them does wrong.";

/// What names the mutant that is switched on.
const SWITCH: &str = "HANBEON_MUTANT";

/// Hunts them; ends badly when one survives.
///
/// # Errors
/// Which one, and what to do about it.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let all = read::all(&root().join("mutants"))?;
    if args == ["--list"] {
        for Mutant { name, wrong, .. } in &all {
            println!("{name}: {wrong}");
        }
        return Ok(());
    }
    if let Some(unknown) = args.iter().find(|arg| all.iter().all(|mutant| mutant.name != **arg)) {
        return Err(format!("there is no mutant {unknown}\n\n{USAGE}"));
    }
    let started = Instant::now();
    println!("\n=== mutants");
    let place = Place::new();
    copy::workspace(&root(), &place.copy, &all)?;
    let wanted: Vec<&Mutant> =
        all.iter().filter(|mutant| args.is_empty() || args.contains(&mutant.name)).collect();
    let binaries = build(&place, &wanted)?;
    hunt::all_is_well(&place, &binaries, &wanted)?;
    let hunted = hunt::hunt(&place, &binaries, &wanted);
    report(&hunted)?;
    println!("=== mutants: ok, {} killed, {} s", hunted.len(), started.elapsed().as_secs());
    Ok(())
}

/// Whether each can be written in: told in a second, and not after all tests.
///
/// # Errors
/// Which cannot, and why.
pub(crate) fn fit() -> Result<(), String> {
    let all = read::all(&root().join("mutants"))?;
    copy::written_in(&root(), &all).map(|_| println!("=== {} mutants fit the source", all.len()))
}

/// Where all this happens, in the target folder.
struct Place {
    /// The workspace with the mutants in it.
    copy: PathBuf,
    /// What the tests said.
    logs: PathBuf,
    /// Where cargo puts finished programs. Not where it puts them otherwise, or a mutant would be run for the product.
    target: PathBuf,
    /// Where cargo builds: where it builds otherwise, so that what we did not write is not built again. What we wrote
    /// has another version in the copy, and therefore other names.
    build: PathBuf,
}

impl Place {
    fn new() -> Self {
        let usual = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let ours = root().join("target/mutants");
        Self { copy: ours.join("src"), logs: ours.join("logs"), target: ours.join("target"), build: usual }
    }
}

/// Builds the tests that must object, all at once.
fn build(place: &Place, mutants: &[&Mutant]) -> Result<Binaries, String> {
    let mut args =
        vec!["test", "--no-run", "--locked", "--quiet", "--message-format=json-render-diagnostics"];
    args.extend(["--workspace", "--features", "hanbeon/failpoints"]);
    let mut targets: Vec<&str> = mutants.iter().map(|mutant| mutant.killer.binary.as_str()).collect();
    targets.sort_unstable();
    targets.dedup();
    for target in targets {
        if target == "lib" { args.push("--lib") } else { args.extend(["--test", target]) }
    }
    let mut command = cargo(&args);
    command.current_dir(&place.copy).stdout(Stdio::piped());
    command.env("CARGO_TARGET_DIR", &place.target).env("CARGO_BUILD_BUILD_DIR", &place.build);
    println!("the product with the mutants in it: {}", shown(&place.copy));
    let built = command.spawn().and_then(std::process::Child::wait_with_output);
    let built = built.map_err(|e| format!("cargo cannot start: {e}"))?;
    if !built.status.success() {
        return Err(format!(
            "the product with the mutants in it is not built ({}): mend what the compiler complains of, which is a mutant \
             unless the product itself is not built either",
            built.status
        ));
    }
    Ok(Binaries::announced(&String::from_utf8_lossy(&built.stdout), &place.copy))
}

fn shown(path: &Path) -> std::path::Display<'_> {
    path.strip_prefix(root()).unwrap_or(path).display()
}

/// The table, and what to do about those that got away.
fn report(hunted: &[Hunted<'_>]) -> Result<(), String> {
    let widest = |cells: &dyn Fn(&Hunted<'_>) -> usize| hunted.iter().map(cells).max().unwrap_or(0);
    let (names, killers) = (widest(&|one| one.mutant.name.len()), widest(&|one| one.killer().len()));
    println!("\n{:names$}  {:killers$}  {:>4}  test", "mutant", "killed by", "s");
    for one in hunted {
        let (name, killer, test) = (&one.mutant.name, one.killer(), &one.mutant.killer.test);
        let mark = if one.escaped.is_some() { "  <-- SURVIVED" } else { "" };
        println!("{name:names$}  {killer:killers$}  {:>4}  {test}{mark}", one.seconds);
    }
    let escaped: Vec<String> = hunted.iter().filter_map(Hunted::obituary).collect();
    if escaped.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} of {} mutants survived:\n{}\nA mutant that survives is a mistake that nobody would notice. Give its test the \
         assertion that is missing, or name another test in mutants/NAME.txt; do not make the mutant easier to kill.",
        escaped.len(),
        hunted.len(),
        escaped.join("\n")
    ))
}
