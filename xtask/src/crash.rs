//! `cargo xtask crash`: the crash loop alone, for as many cycles as you like, with its table.
use crate::shell::{cargo, step};
use crate::test::FAILPOINTS;

const LOOP: &str = "cycles::never_lost_never_double_however_often_it_is_killed";
const USAGE: &str = "usage: cargo xtask crash [--cycles N] [--seed S]";

/// Runs the loop; ends badly when anything was lost, doubled or told wrongly.
///
/// # Errors
/// For arguments that it does not know, and when the loop fails.
pub(crate) fn run(args: Vec<String>) -> Result<(), String> {
    let test = ["test", "--quiet", "--locked", "-p", "hanbeon", "--test", "crash"];
    let mut crash = cargo(&test);
    crash.args(FAILPOINTS).args(["--", "--exact", "--nocapture", LOOP]);
    let mut args = args.into_iter();
    while let Some(flag) = args.next() {
        let variable = match flag.as_str() {
            "--cycles" => "HANBEON_CRASH_CYCLES",
            "--seed" => "HANBEON_CRASH_SEED",
            _ => return Err(USAGE.to_owned()),
        };
        let value = args.next().filter(|value| value.parse::<u64>().is_ok()).ok_or(USAGE)?;
        crash.env(variable, value);
    }
    step("crash loop", &mut crash)
}
