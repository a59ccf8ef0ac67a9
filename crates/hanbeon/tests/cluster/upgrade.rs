//! An upgrade under load: two versions and two schemas side by side, one server after the other, and half of the way back.
//! The next version is this program with one more migration, which writes down who wrote what.
use crate::mirror::a_lease_passes;
use crate::run::Run;
use crate::support::World;
use hanbeon_store_postgres::SCHEMA_VERSION;
use hanbeon_testkit::postgres::{self, Database};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

const SERVERS: usize = 3;
/// Calls to Toss between two things that happen.
const CALLS: u64 = 60;
/// How long buyers wait, in ms: longer than for a migration, which lets nobody wait longer than 500 ms for the locks it wants.
const PATIENCE: u64 = 1_500;
/// Adds to every table that the load writes, and takes nothing away.
const ADDS: &str = "
    ALTER TABLE journal ADD COLUMN written_by TEXT;
    ALTER TABLE journal ALTER COLUMN written_by SET DEFAULT current_setting('application_name');
    ALTER TABLE payments ADD COLUMN channel TEXT NOT NULL DEFAULT 'web';
    ALTER TABLE orders ADD CONSTRAINT is_named CHECK (order_name <> '') NOT VALID;
    ALTER TABLE refunds ADD COLUMN note TEXT;
    ALTER TABLE events ADD COLUMN told_at BIGINT;
    ALTER TABLE claims ADD COLUMN claimed_by TEXT;
    CREATE TABLE channels (channel TEXT NOT NULL PRIMARY KEY);
    INSERT INTO channels VALUES ('web');";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i7_s1_two_versions_on_two_schemas_tell_one_story() {
    let seed = RandomState::new().build_hasher().finish() >> 32;
    println!("seed {seed}");
    let database = postgres::database();
    let books = database.url();
    let mut run = Run::start(&books, SERVERS, seed, PATIENCE).await;
    let next = version(&run.world, "adds", SCHEMA_VERSION + 1, SCHEMA_VERSION, ADDS);
    run.goes_on(CALLS, &books).await;
    replace(&mut run, 0, &next).await;
    assert_eq!(schema(&database), SCHEMA_VERSION + 1, "the first one of them migrates, under load");
    run.goes_on(CALLS, &books).await;
    replace(&mut run, 1, &next).await;
    run.goes_on(CALLS, &books).await;
    // The operators hesitate: back, which is an old program that starts on the new schema.
    replace(&mut run, 1, &[]).await;
    run.goes_on(CALLS, &books).await;
    assert_eq!(run.turned_away(), 0, "so far nobody was told \"not now\"");
    assert!(!run.world.logs().contains("cannot be stored"), "{}", run.world.logs());

    // Each dies, and the other version carries on what it was at.
    for server in [0, 2] {
        run.fleet.servers[server].kill().await;
        a_lease_passes(&books);
        run.goes_on(CALLS, &books).await;
        run.fleet.start(&run.world).await;
        run.goes_on(CALLS / 2, &books).await;
    }
    a_version_that_takes_away_is_refused(&run.world, &database).await;
    for server in [1, 2] {
        replace(&mut run, server, &next).await;
        run.goes_on(CALLS, &books).await;
    }
    let summary = run.end(&books).await;
    summary.assert_busy(60);
    let both = "SELECT count(*) FROM (SELECT payment_id FROM journal GROUP BY payment_id
        HAVING count(DISTINCT written_by) = 2) both_of_them";
    let shared: u64 = database.query(both).parse().expect("a count");
    println!("{shared:>8}  payments that both versions wrote");
    assert!(shared > 0, "what one version began, the other has carried on");
}

/// In its place, a server of this version.
async fn replace(run: &mut Run, server: usize, version: &[(&'static str, String)]) {
    let server = &mut run.fleet.servers[server];
    server.stop().await;
    server.version = version.to_vec();
    server.start(&run.world).await;
}

/// It leaves everybody else, and the schema, as they are.
async fn a_version_that_takes_away_is_refused(world: &World, database: &Database) {
    let takes = "ALTER TABLE payments DROP COLUMN channel";
    let mut command = world.command(&["serve"]);
    command.envs(version(world, "takes", SCHEMA_VERSION + 2, SCHEMA_VERSION + 2, takes));
    let ended = command.output().await.expect("it runs");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("upgrade or stop it first"), "{said}");
    assert_eq!(schema(database), SCHEMA_VERSION + 1);
}

/// What makes this program stand for a version to come.
fn version(
    world: &World,
    name: &str,
    number: i64,
    usable_from: i64,
    sql: &str,
) -> [(&'static str, String); 1] {
    let path = world.folder.path().join(name);
    std::fs::write(&path, sql).expect("a file");
    [("HANBEON_TEST_MIGRATION", format!("{number}:{usable_from}:{}", path.display()))]
}

fn schema(database: &Database) -> i64 {
    database.query("SELECT max(version) FROM schema_migrations").parse().expect("a version")
}
