//! Measures hanbeon beside its limit (the same HTTP server and the same client of Toss, with the store left out), beside
//! peers, with more data, and with more load.
//!
//! Everything runs on this machine's loopback, in processes of its own, against the local sandbox of Toss. A measurement
//! is: fresh sandbox, fresh server, fresh database; orders and authenticated payments are prepared; then one more process
//! confirms them over N connections for some seconds. The systems take turns, so that a machine that gets slower or faster
//! meets all alike; what is reported is the median of the rounds.
//!
//! It will never: talk to anything but loopback (but to install what a peer depends on), run without an end, or stop a
//! process that it did not start.
//!
//! In reading order:
//! 1. [`run`]: what is measured, and how long that takes;
//! 2. [`speed`], [`overload`], [`growth`] with [`retention`]: the rounds;
//! 3. [`generate`]: millions of payments, by the library beside this program;
//! 4. [`measure`]: one measurement;
//! 5. [`systems`], [`databases`], [`children`]: what is compared, and processes that end with us;
//! 6. [`prepare`]: what a confirm needs, made before the clock starts;
//! 7. [`load`]: the process that asks and counts;
//! 8. [`limit`]: the server without a store;
//! 9. [`instructions`]: counts that can be compared between commits;
//! 10. [`http`]: just enough HTTP, so that counting costs little of what is counted;
//! 11. [`machine`], [`figures`], [`report`]: where it ran, medians, and the page.

mod children;
mod databases;
mod figures;
mod generate;
mod growth;
mod http;
mod instructions;
mod limit;
mod load;
mod machine;
mod measure;
mod overload;
mod prepare;
mod report;
mod retention;
mod run;
mod speed;
mod systems;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

pub(crate) use hanbeon_bench::Failure;

/// As hanbeon has, so that the limit is not measured with another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Toss's public documentation keys, which the sandbox accepts.
pub(crate) const CLIENT_KEY: &str = "test_gck_docs_Ovk5rk1EwkEbP0W43n07xlzm";
/// See [`CLIENT_KEY`].
pub(crate) const SECRET_KEY: &str = "test_gsk_docs_OaPz8L5KdmQXkzRz3y47BMw6";

/// Measures hanbeon beside the same server without a store, beside peers, and as it grows.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures all in turns and writes the report. Needs the `hanbeon` binary beside this one.
    Run(run::RunArgs),
    /// Fills a database with payments.
    Generate(generate::GenerateArgs),
    /// Counts instructions per confirm, which can be compared between commits; writes its part of `docs/profile.md`.
    Instructions(instructions::InstructionsArgs),
    /// The server that remembers nothing. Started by `run`.
    Limit(limit::LimitArgs),
    /// Confirms payments and counts; prints one line of JSON. Started by `run`.
    Load(load::LoadArgs),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    // One thread for the load, so that it takes as little as it can from what it measures.
    let runtime = match &command {
        Command::Load(_) => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        Command::Run(_) | Command::Generate(_) | Command::Instructions(_) | Command::Limit(_) => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()
        }
    };
    let ended = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            match command {
                Command::Run(args) => run::run(args).await,
                Command::Generate(args) => generate::run(args).await,
                Command::Instructions(args) => instructions::run(args).await,
                Command::Limit(args) => limit::run(args).await,
                Command::Load(args) => load::run(args).await,
            }
        })
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hanbeon-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
