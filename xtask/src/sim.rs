//! `cargo xtask sim --seeds N`: the simulation, under as many seeds as one likes.
use crate::shell::{cargo, step};

const USAGE: &str = "usage: cargo xtask sim [--seeds N] [--from SEED]

  --seeds N    how many seeds [default: 20000]
  --from SEED  the first one [default: 0]; a failing seed N is repeated by --from N --seeds 1";

/// Runs them; ends badly when one goes wrong, and says how to repeat it.
///
/// # Errors
/// When an argument is none, or a seed goes wrong.
pub(crate) fn run(args: Vec<String>) -> Result<(), String> {
    let (mut seeds, mut from) = (20_000_u64, 0_u64);
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let number = args.next().and_then(|text| text.parse().ok()).ok_or(USAGE);
        match arg.as_str() {
            "--seeds" => seeds = number?,
            "--from" => from = number?,
            _ => return Err(USAGE.to_owned()),
        }
    }
    let until = from.checked_add(seeds).ok_or("there are not so many seeds")?;
    let test = ["test", "--locked", "-p", "hanbeon-testkit", "--test", "simulation", "--"];
    let mut simulation = cargo(&test);
    simulation.args(["--exact", "a_swarm_of_faults_is_survived_under_every_seed", "--nocapture"]);
    step("simulation", simulation.env("HANBEON_SEEDS", format!("{from}..{until}")))
}
