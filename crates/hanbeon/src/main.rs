//! hanbeon: one charge, never two, never lost.
//!
//! This crate is the only one that knows all the others. It reads the configuration once, puts the parts
//! together ([`wire`], the only composition), and runs them until it is told to stop.
//!
//! In reading order:
//! 1. [`cli`]: what can be asked of the binary;
//! 2. [`config`]: one structure, unknown fields refused, secrets from the environment or a file;
//! 3. [`wire`]: configuration in, application and router out;
//! 4. [`serve`]: listeners, recovery, graceful stop;
//! 5. [`review`], [`receipts`], [`inspect`]: what a human decides, and looks into;
//! 6. [`archive`]: where goes what the store forgets; [`backup`]: a copy of the books, and its way back, with [`fence`] and
//!    [`resync`]; [`migrate`]: to another store;
//! 7. [`demo`], [`sandbox`], [`keys`], [`import`], [`doctor`], [`smoke`]: the other commands;
//! 8. [`telemetry`](mod@telemetry): logs.
//!
//! `failpoints` is compiled in for tests only (the feature of that name): places at which the binary kills itself.

mod archive;
mod backup;
mod cli;
mod config;
mod db_clock;
mod demo;
mod doctor;
#[cfg(feature = "failpoints")]
mod failpoints;
mod fence;
mod import;
mod inspect;
mod keys;
mod migrate;
mod receipts;
mod resync;
mod review;
mod sandbox;
mod serve;
mod smoke;
mod stores;
mod telemetry;
mod wire;

use clap::Parser as _;
use std::process::ExitCode;
use std::time::Duration;

/// A confirm allocates some hundred times, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How nice a command is that looks through everything while a server serves: a tenth of the server's weight.
#[cfg(unix)]
const STANDS_BACK: i32 = 10;

/// What still waits for a disk when all is done is left after so long: a share that hangs keeps no process from ending.
const LAST_CALLS: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    // The allocator touches a little here and there; in pages of 2 MiB that would be ten times the memory.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    #[cfg(feature = "failpoints")]
    if let Err(error) = failpoints::arm() {
        eprintln!("hanbeon: {error}");
        return ExitCode::FAILURE;
    }
    let cli = cli::Cli::parse();
    // Before there are other threads, which have what this one has then.
    #[cfg(unix)]
    if cli.stands_back() {
        let _ = rustix::process::nice(STANDS_BACK);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(cli::run(cli));
            runtime.shutdown_timeout(LAST_CALLS);
            ended
        }
        Err(error) => Err(format!("cannot start the runtime: {error}").into()),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hanbeon: {}", wire::chain(&*error));
            ExitCode::FAILURE
        }
    }
}
