//! `cargo xtask bench`: builds what is compared, with optimisation, and hands over to the bench itself.
use crate::shell::{cargo, step};

/// Counts instructions instead of measuring time.
const COUNT: &str = "--instructions";

/// Builds and measures.
///
/// # Errors
/// When the build or the measurement fails.
pub(crate) fn run(args: Vec<String>) -> Result<(), String> {
    step("build", &mut cargo(&["build", "--release", "--locked", "-p", "hanbeon", "-p", "hanbeon-bench"]))?;
    let counts = args.iter().any(|arg| arg == COUNT);
    let what = if counts { "instructions" } else { "run" };
    let mut bench = cargo(&["run", "--quiet", "--release", "--locked", "-p", "hanbeon-bench", "--", what]);
    step("bench", bench.args(args.into_iter().filter(|arg| arg != COUNT)))
}
