//! Running other programs, visibly.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The top of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// A `cargo` of this tool chain, at the top of the project.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(args);
    command
}

/// Runs a command with its output shown, and says what it is and how long it took.
///
/// # Errors
/// When it cannot start or ends badly.
pub(crate) fn step(what: &str, command: &mut Command) -> Result<(), String> {
    println!("\n=== {what}");
    let started = Instant::now();
    let status = command.status().map_err(|e| format!("{what}: cannot start: {e}"))?;
    if !status.success() {
        return Err(format!("{what}: {status}"));
    }
    println!("=== {what}: ok, {} s", started.elapsed().as_secs());
    Ok(())
}

/// Does this command exist and end well? Its output is not shown.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
