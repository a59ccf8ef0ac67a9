//! What kills the server in each cycle, and when. The plan follows from the seed; how threads and processes take
//! their turns does not, so a seed brings back the kind of a run and not every step of it.
use crate::support::World;
use hanbeon_app::env;
use std::fmt;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Numbers that look random and can be had again (xorshift).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Another stream for every `lane`.
    pub(crate) fn new(seed: u64, lane: u64) -> Self {
        let mut dice = Self((seed ^ lane.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
        // The first numbers after a small seed are small.
        for _ in 0..8 {
            dice.below(2);
        }
        dice
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// How one life of the server ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kill {
    /// After so many calls to Toss, and so many microseconds: wherever it is then.
    Anywhere { calls: u64, micros: u64 },
    /// By itself, when it reaches this point for the so-manieth time.
    At { point: &'static str, count: u64 },
}

impl Kill {
    /// What the server must have in its environment.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Anywhere { .. } => Vec::new(),
            Self::At { point, count } => vec![("HANBEON_FAILPOINT", format!("{point}:{count}"))],
        }
    }

    /// What the database must refuse meanwhile for the point to be reached at all.
    pub(crate) fn refused(&self) -> Option<&'static str> {
        match self {
            Self::At { point: "before compensating", .. } => Some("'paid', 'waiting_for_deposit'"),
            Self::At { point: "before the unrecorded cancel" | "after the unrecorded cancel", .. } => {
                Some("'paid', 'waiting_for_deposit', 'canceling', 'canceled', 'partially_canceled'")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anywhere { calls, micros } => write!(f, "after {calls} calls and {micros} µs"),
            Self::At { point, count } => write!(f, "{point:?} number {count}"),
        }
    }
}

/// Has it ended by itself before its life is over?
pub(crate) async fn dies_within(world: &mut World, life: Duration) -> bool {
    let ends = async {
        while world.has_ended().is_none() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(life, ends).await.is_ok()
}

/// Every second kill is at a named point, in turn; the others are anywhere.
pub(crate) struct Plan {
    dice: Dice,
    next: usize,
}

/// The points that a running server passes; the one in a migration is before any load.
pub(crate) fn running_points() -> Vec<&'static str> {
    let store = hanbeon_store_sqlite::POINTS.into_iter().filter(|point| *point != IN_A_MIGRATION);
    env::POINTS.into_iter().chain(store).collect()
}

/// Reached by whoever makes the database.
pub(crate) const IN_A_MIGRATION: &str = "in a migration";

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed, 0), next: 0 }
    }

    pub(crate) fn next(&mut self) -> Kill {
        self.next += 1;
        if self.next.is_multiple_of(2) {
            return Kill::Anywhere { calls: 1 + self.dice.below(24), micros: self.dice.below(5_000) };
        }
        let points = running_points();
        let point = points[self.next / 2 % points.len()];
        let most = match point {
            "leased" => 3,
            "before COMMIT" | "after COMMIT" => 40,
            _ if (Kill::At { point, count: 1 }).refused().is_some() => 2,
            _ => 12,
        };
        Kill::At { point, count: 1 + self.dice.below(most) }
    }
}
