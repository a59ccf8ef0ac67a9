//! A primary and its standby, by stock streaming replication: what an asynchronous one has not heard is taken from Toss, and
//! when a synchronous one is lost nobody is told what is not on two disks. (A synchronous one that takes over under load:
//! `tests/cluster/failover.rs`.)
use crate::buyer::Buyer;
use crate::resync::{LONG_AGO, feed, moved, named, numbers_go_on, paid, well};
use crate::support::{World, at_once, listening, send, until};
use hanbeon_testkit::postgres::{Cluster, query};
use std::time::{Duration, Instant};
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, Operation, When};

/// Who pays before the standby hears nothing any more, after that, and while the primary is lost.
const HEARD: usize = 4;
const UNHEARD: usize = 12;
const IN_THE_ACT: usize = 24;

/// A world without a server, over this database, with a registry of generations.
async fn world_over(cluster: &Cluster) -> World {
    let mut world = World::without_server("[limits]\nstore_retry_ms = 500\n").await;
    world.open_toss();
    cluster.execute("CREATE DATABASE hanbeon");
    let registry = world.folder.path().join("generation");
    world.environment = vec![
        ("HANBEON_DATABASE_URL", cluster.url("hanbeon")),
        ("HANBEON_FENCE_FILE", registry.to_str().expect("a path").to_owned()),
    ];
    world.make_key().await;
    well(&world, &["fence", "--register"]).await;
    world
}

async fn confirm_all(world: &World, buyers: &[Buyer]) -> Vec<Option<u16>> {
    at_once(buyers.iter().map(|buyer| {
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.try_confirm(&api).await.map(|answer| answer.status) }
    }))
    .await
}

/// What Toss has charged and given back, and what the books say of it.
fn agree(world: &World, books: &Cluster, key: &str) -> bool {
    let at_toss = world.toss.payment(key).expect("Toss has it");
    let (total, left) = (at_toss["totalAmount"].as_i64(), at_toss["balanceAmount"].as_i64());
    let ours = query(
        &books.url("hanbeon"),
        &format!("SELECT captured_amount, refunded_amount FROM payments WHERE toss_payment_key = '{key}'"),
    );
    let (total, left) = (total.expect("an amount"), left.expect("a balance"));
    ours == format!("{total}|{}", total - left)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_i4_what_an_asynchronous_standby_has_not_heard_is_taken_from_toss() {
    let mut primary = Cluster::start();
    let mut standby = primary.follower("second");
    let mut world = world_over(&primary).await;
    world.start().await;
    let mut buyers = Vec::new();
    for _ in 0..HEARD {
        buyers.push(paid(&world, 3_000).await);
    }
    for _ in 0..UNHEARD + IN_THE_ACT {
        buyers.push(named(&world, 1_000).await);
    }
    let never = named(&world, 1_000).await;
    feed(&world).await;
    until("the standby has heard all of it", async || {
        let heard = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= pg_current_wal_insert_lsn()";
        (primary.query(heard) == "1").then_some(())
    })
    .await;
    standby.stop_at_once();

    assert_eq!(buyers[0].cancel(&world.api).await.status, 200);
    assert_eq!(buyers[1].cancel_part(&world.api, 500).await.status, 200);
    let (before, in_the_act) = buyers.split_at(HEARD + UNHEARD);
    assert_eq!(confirm_all(&world, &before[HEARD..]).await, [Some(200); UNHEARD]);
    let told_before = feed(&world).await;
    // Of those who pay now, half of them, Toss charges at once and answers late.
    let late = FaultRule::new(FaultOperation::Confirm, FaultKind::Delay { ms: 3_000, when: When::After });
    world.toss.add_fault(FaultRule { permille: 500, ..late.times(0) }).expect("a good rule");
    let calls = world.calls(Operation::Confirm);
    let lose = async {
        until("some of them are being charged", async || {
            (world.calls(Operation::Confirm) > calls).then_some(())
        })
        .await;
        primary.kill();
    };
    let (answers, ()) = tokio::join!(confirm_all(&world, in_the_act), lose);
    println!("{answers:?}");
    assert!(answers.iter().any(|status| *status != Some(200)), "the primary was lost in the act");
    world.toss.clear_faults();
    // It knows of one host, so that nobody goes on with books that lack something.
    world.kill().await;

    standby.start_again();
    standby.promote();
    world.environment[0].1 = standby.url("hanbeon");
    let moved_before = moved(&world);
    let report = well(&world, &["resync", "--since", LONG_AGO]).await;
    println!("{report}");
    assert_eq!(moved(&world), moved_before, "nothing that moves money was sent");
    well(&world, &["verify"]).await;
    world.start().await;
    // Whoever is not sure asks again.
    let answers = confirm_all(&world, &buyers).await;
    assert!(answers.iter().all(|status| *status == Some(200)), "{answers:?}");
    for buyer in &buyers {
        let charges = world.effects(&buyer.key);
        let charges = charges.iter().filter(|(effect, _)| *effect == EffectKind::Approved).count();
        assert_eq!(charges, 1, "{report}");
        until("books and Toss agree", async || agree(&world, &standby, &buyer.key).then_some(())).await;
    }
    assert_eq!(world.status_at_toss(&buyers[0].key), "CANCELED");
    assert_eq!(world.status_at_toss(&buyers[1].key), "PARTIAL_CANCELED");
    numbers_go_on(&world, &told_before).await;
    well(&world, &["verify"]).await;
    world.kill().await;

    the_old_primary_sends_nothing(&mut world, &mut primary, [&never, &buyers[2]]).await;
}

/// It comes back, with a server of its own: an older copy of the same books.
async fn the_old_primary_sends_nothing(
    world: &mut World,
    primary: &mut Cluster,
    [unpaid, paid]: [&Buyer; 2],
) {
    primary.start_again();
    world.environment[0].1 = primary.url("hanbeon");
    let out = world.folder.path().join("old.out");
    let output = std::fs::File::create(&out).expect("a file");
    let mut server = world.command(&["serve"]);
    let _server = server.stdout(output).stderr(std::process::Stdio::null()).spawn().expect("the server");
    world.api.url = until("the old primary's server listens", async || listening(&out)).await;
    let sent = moved(world);
    assert_eq!(unpaid.confirm(&world.api).await.status, 503);
    assert_eq!(paid.cancel(&world.api).await.status, 503);
    assert!(send(world.api.get("/readyz")).await.body.contains("a younger copy"));
    assert_eq!(moved(world), sent);
    assert_eq!(world.effects(&unpaid.key), [], "nothing was sent");
}

/// PostgreSQL waits for it for ever, and its own time-out for statements does not end that. Ours does; and what was waited for
/// is neither sent to Toss nor said to be over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_a_synchronous_standby_that_is_lost_holds_nobody_for_ever() {
    let primary = Cluster::start();
    let mut standby = primary.standby("second");
    let mut world = world_over(&primary).await;
    world.start().await;
    let (held, waits) = (paid(&world, 1_000).await, named(&world, 2_000).await);
    standby.kill();
    let began = Instant::now();
    let answer = waits.confirm(&world.api).await;
    println!("{} {} after {:?}", answer.status, answer.body, began.elapsed());
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(!answer.header("retry-after").is_empty(), "it is not over: {}", answer.body);
    assert!(began.elapsed() < Duration::from_secs(25));
    assert_eq!(world.effects(&waits.key), [], "it is not on two disks, so Toss has not heard of it");
    held.read(&world.api).await.is(200, &held.view("DONE"));

    // The operator goes on without it.
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = ''");
    primary.execute("SELECT pg_reload_conf()");
    until("what was begun goes on", async || {
        a_lease_passes(&primary);
        (waits.confirm(&world.api).await.status == 200).then_some(())
    })
    .await;
    assert_eq!(world.effects(&waits.key), [(EffectKind::Approved, Some(2_000))]);
    well(&world, &["verify"]).await;
}

/// The database dies while a buyer is being charged, and the buyer asks again: that this request charges nothing does not mean
/// that nothing is charged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_s5_whoever_asks_again_while_the_database_is_down_is_not_told_that_it_failed() {
    let mut primary = Cluster::start();
    let mut world = world_over(&primary).await;
    world.start().await;
    let buyer = named(&world, 1_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 1_000, when: When::Before });
    let charging = {
        let (buyer, api) = (buyer.clone(), world.api.clone());
        tokio::spawn(async move { buyer.confirm(&api).await.status })
    };
    world.spoiled().await;
    primary.kill();
    let again = buyer.confirm(&world.api).await;
    assert_eq!(again.status, 503, "{}", again.body);
    assert!(!again.header("retry-after").is_empty(), "{}", again.body);
    primary.start_again();
    assert!(matches!(charging.await.expect("no panic"), 200 | 202));
    until("it is told", async || (buyer.confirm(&world.api).await.status == 200).then_some(())).await;
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
}

/// Leases run out.
fn a_lease_passes(books: &Cluster) {
    let _ = query(
        &books.url("hanbeon"),
        "UPDATE payments SET due_at = due_at - 120000000 WHERE payment_id IN (
           SELECT payment_id FROM payments WHERE due_at IS NOT NULL FOR UPDATE SKIP LOCKED)",
    );
}
