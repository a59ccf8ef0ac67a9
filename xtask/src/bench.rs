//! `cargo xtask bench`: builds what is compared, with optimisation, and hands over to the bench itself.
use crate::shell::{cargo, step};

/// Builds and measures.
///
/// # Errors
/// When the build or the measurement fails.
pub(crate) fn run(args: Vec<String>) -> Result<(), String> {
    step("build", &mut cargo(&["build", "--release", "--locked", "-p", "hanbeon", "-p", "hanbeon-bench"]))?;
    let mut bench = cargo(&["run", "--quiet", "--release", "--locked", "-p", "hanbeon-bench", "--", "run"]);
    step("bench", bench.args(args))
}
