//! Two servers over one database forget what is past its date, each into files of its own, and one is killed over it.
use crate::fleet::Fleet;
use crate::support::{World, until};
use hanbeon_testkit::postgres::{self, Database};
use std::collections::BTreeSet;

/// Old rows of each kind.
const OLD: usize = 3_000;
const SETTINGS: &str = "[retention]\narchive = \"archive\"\n";

fn fill(database: &Database) {
    database.execute(&format!(
        "INSERT INTO sessions SELECT decode(lpad(n::text, 64, '0'), 'hex'), n FROM generate_series(1, {OLD}) n;
         INSERT INTO saved_amounts (session_id, toss_order_id, seq, amount, saved_at)
           SELECT decode(lpad(n::text, 64, '0'), 'hex'), 'order-' || n, 1, 1000, n FROM generate_series(1, {OLD}) n;
         INSERT INTO claims (idempotency_key, request, operation, until, answer_status, answer_body)
           SELECT 'key-' || n, decode(repeat('00', 32), 'hex'), gen_random_uuid(), n, 200, '{{}}'
           FROM generate_series(1, {OLD}) n;
         INSERT INTO webhooks (webhook_id, received_at, meaning, event_type, verdict, repeated, body)
           SELECT n, n, 'meaning-' || n, 'PAYMENT_STATUS_CHANGED', 'known', FALSE, '{{}}' FROM generate_series(1, {OLD}) n"
    ));
}

/// How many rows are left of each kind.
fn left(database: &Database) -> String {
    database.query(
        "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM saved_amounts),
           (SELECT count(*) FROM claims), (SELECT count(*) FROM webhooks)",
    )
}

/// Whole lines of all files: how many, and how many different ones.
fn archived(world: &World) -> (usize, usize) {
    let (mut lines, mut different) = (0, BTreeSet::new());
    for file in std::fs::read_dir(world.folder.path().join("archive")).into_iter().flatten() {
        let text = std::fs::read(file.expect("a file").path()).expect("an archive");
        for line in text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
            lines += 1;
            different.insert(line.to_owned());
        }
    }
    (lines, different.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i9_two_servers_archive_all_that_is_old_and_one_is_killed_over_it() {
    let database = postgres::database();
    let mut world = World::without_server(SETTINGS).await;
    world.open_toss();
    world.environment.push(("HANBEON_DATABASE_URL", database.url()));
    world.make_key().await;
    fill(&database);
    let mut fleet = Fleet::new(2);
    fleet.start(&world).await;
    until("they are at it", async || (archived(&world).0 > OLD / 2).then_some(())).await;
    fleet.servers[1].kill().await;
    until("all that is old is gone", async || (left(&database) == "0|0|0|0").then_some(())).await;
    fleet.servers[0].stop().await;
    let (lines, different) = archived(&world);
    println!("{lines} lines of {different} rows");
    assert_eq!(different, 3 * OLD);
    assert!(lines < 2 * different, "{lines} lines: each of them was archived by both");
}
