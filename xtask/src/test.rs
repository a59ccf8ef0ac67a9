//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.
use crate::postgres::{Cluster, VARIABLE};
use crate::shell::{cargo, step, works};
use crate::tools;
use crate::{conformance, mutants};

/// The binary under test has named points at which it can be told to end itself; the binary that is shipped has
/// none.
pub(crate) const FAILPOINTS: [&str; 2] = ["--features", "hanbeon/failpoints"];

/// Runs it all; the first failure ends it.
///
/// # Errors
/// Which step failed.
pub(crate) fn run() -> Result<(), String> {
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    mutants::fit()?;
    tools::browser()?;
    tools::tracer()?;
    tools::postgres()?;
    tools::scripting()?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked"];
    step("lints", cargo(&clippy).args(FAILPOINTS).args(["--", "-D", "warnings"]))?;
    without_failpoints()?;
    step(
        "the binary that the tests run",
        cargo(&["build", "--locked", "--bin", "hanbeon"]).args(FAILPOINTS),
    )?;
    tests()?;
    conformance::run()?;
    mutants::run(&[])?;
    step("examples in the documentation", &mut cargo(&["test", "--workspace", "--doc", "--locked"]))
}

/// Built as it is shipped, the binary knows nothing of the points: a name that it would have to refuse, were they
/// compiled in, means nothing to it.
fn without_failpoints() -> Result<(), String> {
    let mut shipped = cargo(&["run", "--quiet", "--locked", "--bin", "hanbeon", "--", "--version"]);
    step("the binary that is shipped has no failpoints", shipped.env("HANBEON_FAILPOINT", "no such point:1"))
}

/// Lines of a server's log that are shown when tests have failed, which may be its fault.
const LOG_LINES: usize = 20;

/// Every test of the workspace: unit, conformance, simulation, contract, crash and browser tests. Those that need
/// PostgreSQL, and do not kill it, share one server.
fn tests() -> Result<(), String> {
    let postgres = Cluster::start();
    if works(&mut cargo(&["nextest", "--version"])) {
        let all = ["nextest", "run", "--workspace", "--locked", "--no-fail-fast"];
        let ended = step("tests", cargo(&all).args(FAILPOINTS).env(VARIABLE, postgres.url("")));
        if ended.is_err() {
            let log = postgres.log();
            let last: Vec<_> = log.lines().rev().take(LOG_LINES).collect();
            println!("the last words of the PostgreSQL that the tests share:");
            last.iter().rev().for_each(|line| println!("  {line}"));
        }
        return ended;
    }
    println!("cargo-nextest is not installed: using `cargo test`");
    let all = ["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"];
    step("tests", cargo(&all).args(FAILPOINTS).env(VARIABLE, postgres.url("")))
}

/// Rewrites the generated parts of the documents.
///
/// # Errors
/// When the generator fails.
pub(crate) fn bless() -> Result<(), String> {
    let mut command = cargo(&["test", "--quiet", "-p", "hanbeon-domain", "diagram"]);
    step("state diagram in ARCHITECTURE.md", command.env("HANBEON_BLESS", "1"))
}
