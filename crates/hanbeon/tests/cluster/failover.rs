//! The machine of the database is lost, and its synchronous standby leads from then on. Nobody restarts hanbeon: it is told
//! of both from the beginning, and finds the one that takes writes.
use crate::mirror::a_lease_passes;
use crate::run::{HURRY, Run};
use hanbeon_testkit::postgres::Cluster;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

const SERVERS: usize = 2;
/// Calls to Toss before and after.
const CALLS: u64 = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_s1_a_lost_primary_loses_nothing_and_charges_nobody_twice() {
    the_standby_leads_after(Cluster::kill).await;
}

/// Its machine takes connections, and answers nothing: nobody says that it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_s1_a_primary_that_hangs_loses_nothing_and_charges_nobody_twice() {
    the_standby_leads_after(Cluster::freeze).await;
}

async fn the_standby_leads_after(lose: impl Fn(&mut Cluster)) {
    let seed = RandomState::new().build_hasher().finish() >> 32;
    println!("seed {seed}");
    let mut primary = Cluster::start();
    let mut standby = primary.standby("second");
    primary.execute("CREATE DATABASE hanbeon");
    let both =
        format!("postgres://postgres@127.0.0.1:{},127.0.0.1:{}/hanbeon", primary.port(), standby.port());
    let mut run = Run::start(&both, SERVERS, seed, HURRY).await;
    run.goes_on(CALLS, &primary.url("hanbeon")).await;
    lose(&mut primary);
    standby.promote();
    let books = standby.url("hanbeon");
    run.goes_on(CALLS, &books).await;
    // A server dies after it, too: what it was at is in the new primary.
    run.fleet.servers[0].kill().await;
    a_lease_passes(&books);
    run.goes_on(CALLS / 4, &books).await;
    let summary = run.end(&books).await;
    summary.assert_busy(60);
}
