//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.
use crate::shell::{cargo, step, works};
use crate::tools;

/// Runs it all; the first failure ends it.
///
/// # Errors
/// Which step failed.
pub(crate) fn run() -> Result<(), String> {
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    tools::browser()?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    step("lints", &mut cargo(&clippy))?;
    step("the binary that the tests run", &mut cargo(&["build", "--locked", "--bin", "hanbeon"]))?;
    tests()?;
    step("examples in the documentation", &mut cargo(&["test", "--workspace", "--doc", "--locked"]))
}

/// Every test of the workspace: unit, conformance, simulation, contract, crash and browser tests.
fn tests() -> Result<(), String> {
    if works(&mut cargo(&["nextest", "--version"])) {
        return step("tests", &mut cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]));
    }
    println!("cargo-nextest is not installed: using `cargo test`");
    step("tests", &mut cargo(&["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]))
}

/// Rewrites the generated parts of the documents.
///
/// # Errors
/// When the generator fails.
pub(crate) fn bless() -> Result<(), String> {
    let mut command = cargo(&["test", "--quiet", "-p", "hanbeon-domain", "diagram"]);
    step("state diagram in ARCHITECTURE.md", command.env("HANBEON_BLESS", "1"))
}
