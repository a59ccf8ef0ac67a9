//! Killed again and again under load, at random and at every named point, with a Toss that lies: in the end our
//! database and the sandbox's journal tell the same story, and nobody was told another one.
//!
//! 1. a round is one database: its making is killed in the middle of the migration;
//! 2. eight shoppers shop; every life of the server ends as the plan says, and the next one begins at once;
//! 3. the faults stop, the shoppers come to their ends, and every webhook arrives that nobody dropped; what only a
//!    dropped one told is told again;
//! 4. the server is killed once more, everything that was asked under a key is asked again, all comes to rest;
//! 5. the story is checked.
use crate::doors::Doors;
use crate::feed;
use crate::lies::lie;
use crate::plan::{Dice, IN_A_MIGRATION, Kill, Plan, running_points};
use crate::relay::Relay;
use crate::rest::{a_minute_passes, asked_again, claims_run_out, until_all_rests, webhooks_arrive};
use crate::shopper::{Street, Tale};
use crate::story;
use crate::summary::Summary;
use crate::support::{Api, World, until};
use crate::unknown::{self, CutOff};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use toss_sandbox::{Config, Switches, WebhookEndpoint};

/// Kills in the test command; `cargo xtask crash --cycles N` for more.
const CYCLES: u64 = 200;
/// Kills of one database.
const ROUND: u64 = 20;
const SHOPPERS: u64 = 8;
/// Toss's minutes between two tries of a webhook, made short: 50 ms, 200 ms, 800 ms, …
const WEBHOOK_COMPRESSION: u32 = 1_200;
/// How long a point or a moment may fail to come, before the server is killed where it is.
const PATIENCE: Duration = Duration::from_secs(3);
/// Buyers who do not wait long, and a store that is given up soon: a life is short.
const SETTINGS: &str = "[limits]\nanswer_within_ms = 400\nstore_retry_ms = 100\n[log]\nfilter = \"warn\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_lost_never_double_however_often_it_is_killed() {
    let cycles = number("HANBEON_CRASH_CYCLES").unwrap_or(CYCLES);
    let seed =
        number("HANBEON_CRASH_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 32);
    println!("{cycles} cycles; again: cargo xtask crash --cycles {cycles} --seed {seed}");
    let started = Instant::now();
    let (mut plan, mut summary) = (Plan::new(seed), Summary::default());
    while summary.cycles() < cycles {
        let kills = ROUND.min(cycles - summary.cycles());
        round(&mut plan, seed, kills, &mut summary).await;
    }
    println!("{}", summary.table(started.elapsed()));
    summary.assert_one_story();
    if cycles >= CYCLES {
        for point in running_points().into_iter().chain([IN_A_MIGRATION]) {
            assert!(summary.killed_at(point) > 0, "{point:?} was never reached");
        }
        summary.assert_eventful();
    }
}

/// One database, killed so often.
async fn round(plan: &mut Plan, seed: u64, kills: u64, summary: &mut Summary) {
    // Toss is said to drop, silently, the second of two cancels within a second. That Toss and one that makes every
    // cancel, by turns: beside the first we must not lose one, and the second shows every cancel too many.
    let drops = summary.rounds().is_multiple_of(2);
    let quick_cancels_ms = 1_000 * u64::from(drops);
    let switches = Switches { quick_cancels_ms, ..Switches::default() };
    let toss = Config { switches, webhook_compression: WEBHOOK_COMPRESSION, ..Config::default() };
    let mut world = World::beside(toss, SETTINGS).await;
    world.open_toss();
    killed_in_the_migration(&mut world, summary).await;
    lie(&world);
    let (door, server) = watch::channel(None);
    let doors = Doors::new(vec![server]);
    let relay = Relay::start(doors.clone()).await;
    world.toss.add_webhook_endpoint(WebhookEndpoint::new(relay.webhooks())).expect("a good address");
    let street = Arc::new(Street::new(world.toss.clone(), doors));
    let shoppers: Vec<_> = (1..=SHOPPERS)
        .map(|lane| {
            let (street, dice) = (Arc::clone(&street), Dice::new(seed ^ summary.cycles(), lane));
            tokio::spawn(async move { street.shop(dice).await })
        })
        .collect();
    let feed = tokio::spawn(feed::follow(Arc::clone(&street)));
    let mut cut_off = Vec::new();
    for number in 1..kills {
        // By turns: the keys that the dead one was at are still its, and free.
        if number.is_multiple_of(2) {
            claims_run_out(&world);
        }
        cut_off.extend(life(&mut world, &plan.next(), &door, summary).await);
    }
    street.close();
    world.toss.clear_faults();
    world.environment.clear();
    world.start().await;
    door.send_replace(Some(world.api.clone()));
    let mut tales: Vec<Tale> = Vec::new();
    for shopper in shoppers {
        tales.extend(shopper.await.expect("no shopper panics"));
    }
    let told = feed.await.expect("the reader does not panic");
    let told_again = webhooks_arrive(&world).await;
    world.kill().await;
    a_minute_passes(&world);
    world.start().await;
    let (repeated, first) = asked_again(&world, &mut tales).await;
    until_all_rests(&world).await;
    let mut findings = story::told(&world, &tales);
    feed::check(&world, &told, &mut findings).await;
    findings.note("hanbeon verify", verified(&world).await);
    findings.unknown.join(unknown::killed(&world.journal(), &cut_off));
    findings.count("answers of ours that nobody heard", usize::try_from(street.lost()).unwrap_or(usize::MAX));
    findings.count("webhooks dropped and sent again for what only they told", told_again);
    findings.count("requests repeated under their key", repeated);
    findings.count("requests under a key that nobody had heard the answer of", first);
    summary.add(findings);
}

/// What `hanbeon verify` has to say, beside the server.
async fn verified(world: &World) -> Result<(), String> {
    let ended = world.run(&["verify"]).await;
    if ended.status.success() { Ok(()) } else { Err(format!("{ended:?}")) }
}

/// The database is made by a server that dies half way, and then by another process.
async fn killed_in_the_migration(world: &mut World, summary: &mut Summary) {
    for name in ["hanbeon.db", "hanbeon.db-wal", "hanbeon.db-shm"] {
        // The log may have gone with its last connection.
        let _ = std::fs::remove_file(world.folder.path().join(name));
    }
    let kill = Kill::At { point: IN_A_MIGRATION, count: 1 };
    world.environment = kill.environment();
    let status = world.try_start().await.expect_err("it dies while it makes the database");
    was_killed(world, status);
    summary.killed(&kill, true);
    world.environment.clear();
    world.make_key().await;
}

/// One life of the server; what it was at when it died.
async fn life(
    world: &mut World,
    kill: &Kill,
    door: &watch::Sender<Option<Api>>,
    summary: &mut Summary,
) -> Vec<CutOff> {
    if let Some(states) = kill.refused() {
        let trigger = format!(
            "CREATE TRIGGER refused BEFORE UPDATE ON payments
             WHEN NEW.state <> OLD.state AND NEW.state IN ({states})
             BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END"
        );
        world.db().execute_batch(&trigger).expect("a trigger");
    }
    world.environment = kill.environment();
    let died = match world.try_start().await {
        Ok(()) => {
            door.send_replace(Some(world.api.clone()));
            dies(world, kill).await
        }
        Err(status) => Some(status),
    };
    door.send_replace(None);
    if let Some(status) = died {
        assert!(matches!(kill, Kill::At { .. }), "it died by itself: {status}: {}", world.logs());
        was_killed(world, status);
    } else {
        world.kill().await;
    }
    summary.killed(kill, died.is_some());
    let cut_off = unknown::cut_off(world);
    if kill.refused().is_some() {
        world.db().execute_batch("DROP TRIGGER refused").expect("no trigger");
    }
    cut_off
}

/// Waits until it has died by itself; or, with nothing, until it is time to kill it.
async fn dies(world: &mut World, kill: &Kill) -> Option<ExitStatus> {
    let (started, call) = (Instant::now(), calls(world));
    while started.elapsed() < PATIENCE {
        if let Some(status) = world.has_ended() {
            return Some(status);
        }
        if let Kill::Anywhere { calls: after, micros } = kill
            && calls(world) >= call + after
        {
            tokio::time::sleep(Duration::from_micros(*micros)).await;
            return None;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    None
}

/// Nothing is under way any more.
pub(crate) async fn until_quiet(world: &World) {
    let query = "SELECT count(*) FROM payments WHERE state IN ('confirming', 'canceling')";
    let db = world.db();
    until("nothing is under way", async || {
        let moving: i64 = db.query_row(query, [], |row| row.get(0)).expect("a count");
        (moving == 0).then_some(())
    })
    .await;
}

fn calls(world: &World) -> u64 {
    world.toss.journal(u64::MAX, 0).last_seq
}

/// It killed itself, as it was told to. Any other end is a defect.
#[track_caller]
fn was_killed(world: &World, status: ExitStatus) {
    assert_eq!(status.signal(), Some(9), "{status}: {}", world.logs());
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|e| panic!("{variable}={text:?}: {e}")))
}
