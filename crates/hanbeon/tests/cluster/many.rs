//! Three servers, of which one after the other is killed, paused past its lease, or stopped; and the database is killed and
//! comes back.
use crate::mirror::a_lease_passes;
use crate::plan::Dice;
use crate::run::{HURRY, Run};
use hanbeon_testkit::postgres::Cluster;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

const SERVERS: usize = 3;
/// For so long at least.
const MINUTE: Duration = Duration::from_secs(60);
/// What happens, each so often, in any order; and again, until the minute is over.
const DEEDS: [(Deed, usize); 5] =
    [(Deed::Kill, 9), (Deed::Pause, 5), (Deed::Stop, 5), (Deed::KillDatabase, 1), (Deed::StopDatabase, 1)];
/// Calls to Toss between two of them.
const CALLS: u64 = 40;

#[derive(Clone, Copy, Debug)]
enum Deed {
    /// `kill -9`, and a new one.
    Kill,
    /// SIGSTOP; its leases run out, others take over what it was at; SIGCONT.
    Pause,
    /// SIGTERM, and a new one: half of an upgrade.
    Stop,
    /// `kill -9` of PostgreSQL; it recovers from its log.
    KillDatabase,
    /// An immediate stop of PostgreSQL; the same.
    StopDatabase,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_s1_three_servers_that_die_by_turns_tell_one_story() {
    let seed = RandomState::new().build_hasher().finish() >> 32;
    println!("seed {seed}");
    let mut dice = Dice::new(seed, 0);
    let mut postgres = Cluster::start();
    let database = postgres.database();
    let mut run = Run::start(&database.url(), SERVERS, seed, HURRY).await;
    let all = || DEEDS.iter().flat_map(|(deed, times)| vec![*deed; *times]).collect::<Vec<_>>();
    let (began, mut deeds) = (Instant::now(), all());
    while !deeds.is_empty() || began.elapsed() < MINUTE {
        if deeds.is_empty() {
            deeds = all();
        }
        run.goes_on(CALLS, &database.url()).await;
        let deed = deeds.swap_remove(at_random(&mut dice, deeds.len()));
        let server = at_random(&mut dice, SERVERS);
        carry_out(deed, &mut run, server, &mut postgres, &database.url()).await;
    }
    run.goes_on(CALLS, &database.url()).await;
    let summary = run.end(&database.url()).await;
    summary.assert_busy(100);
}

async fn carry_out(deed: Deed, run: &mut Run, server: usize, postgres: &mut Cluster, books: &str) {
    match deed {
        Deed::Kill => {
            run.fleet.servers[server].kill().await;
            a_lease_passes(books);
            run.goes_on(CALLS / 2, books).await;
            run.fleet.start(&run.world).await;
        }
        Deed::Pause => {
            run.fleet.servers[server].signal("STOP").await;
            a_lease_passes(books);
            run.goes_on(CALLS / 4, books).await;
            run.fleet.servers[server].signal("CONT").await;
        }
        Deed::Stop => {
            run.fleet.servers[server].stop().await;
            run.fleet.start(&run.world).await;
        }
        Deed::KillDatabase => {
            postgres.kill();
            postgres.start_again();
        }
        Deed::StopDatabase => {
            postgres.stop_at_once();
            postgres.start_again();
        }
    }
}

fn at_random(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(u64::try_from(end).expect("a few"))).expect("a few")
}
