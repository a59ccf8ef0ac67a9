//! The project's automation, in Rust: `cargo xtask test`, `crash` and `bench`.
//!
//! It has no dependencies, so that it is there at once on a fresh machine.

mod bench;
mod conformance;
mod crash;
mod mutants;
#[path = "../../crates/hanbeon-testkit/src/postgres.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "one file, in the standard library's words, for us and for the tests"
)]
mod postgres;
mod shell;
mod sim;
mod test;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <command>

  test            format, lints, and every test, browser included; installs what is missing
  crash [args]    kills the server again and again under load: [--cycles N] [--seed S]
  sim [--seeds N]  the simulation, under so many seeds; prints the table of unknown outcomes
  mutants [name]  mistakes that the tests must notice; fails when they do not
  conformance     clients for Toss that others wrote, against the sandbox; installs them
  bench [args]    measures confirms per second; see `cargo xtask bench --help`
  bless           rewrites the generated parts of the documents";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let done = match args.next().as_deref() {
        Some("test") => test::run(),
        Some("crash") => crash::run(args.collect()),
        Some("sim") => sim::run(args.collect()),
        Some("mutants") => mutants::run(&args.collect::<Vec<_>>()),
        Some("conformance") => conformance::run(),
        Some("bench") => bench::run(args.collect()),
        Some("bless") => test::bless(),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
