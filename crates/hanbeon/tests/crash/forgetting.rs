//! Killed while it forgets: each row is in the store or in the archive, as it was, and in the end in the archive alone.
use crate::buyer::Buyer;
use crate::support::{World, until};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

const SETTINGS: &str = "[retention]\narchive = \"archive/of/hanbeon\"\n";
/// Rows of each kind that are past their date.
const OLD: usize = 1_100;
/// And of each kind that are not.
const YOUNG: usize = 10;
/// Rows of a step.
const STEP: usize = 500;

/// Rows of each kind as they are after a long life: the old ones are from 1970.
fn fill(world: &World) {
    let now = "CAST(strftime('%s', 'now') AS INTEGER) * 1000000";
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
         SELECT i, CASE WHEN i > {OLD} THEN {now} ELSE i END AS at FROM n",
        OLD + YOUNG
    );
    let fill = format!(
        "CREATE TEMP TABLE filler AS {rows};
         INSERT INTO sessions SELECT CAST(printf('%032d', i) AS BLOB), at FROM filler WHERE i % 2 = 1;
         INSERT INTO saved_amounts (session_id, toss_order_id, amount, saved_at, consumed_at)
           SELECT CAST(printf('%032d', i - 1 + i % 2) AS BLOB), 'order-' || i, i, at,
             CASE WHEN i % 3 = 0 THEN at END FROM filler;
         INSERT INTO claims (idempotency_key, request, operation, until, released, answer_status, answer_body)
           SELECT 'key-' || i, zeroblob(32), randomblob(16), at, 0, 200, CAST('{{\"n\":' || i || '}}' AS BLOB) FROM filler;
         INSERT INTO webhooks (received_at, meaning, event_type, verdict, repeated, body)
           SELECT at, 'meaning-' || i, 'PAYMENT_STATUS_CHANGED', 'known', 0, CAST('{{\"줄\":\"\n' || i AS BLOB) FROM filler;"
    );
    world.db().execute_batch(&fill).expect("a fill");
}

/// The names of all rows in the store, each with its table.
fn stored(world: &World) -> BTreeSet<String> {
    let db = world.db();
    let mut names = db
        .prepare(
            "SELECT 'saved_amounts ' || toss_order_id FROM saved_amounts
             UNION ALL SELECT 'claims ' || idempotency_key FROM claims
             UNION ALL SELECT 'webhooks ' || meaning FROM webhooks",
        )
        .expect("a query");
    let names = names.query_map([], |row| row.get(0)).expect("names");
    names.collect::<Result<_, _>>().expect("texts")
}

fn files(world: &World) -> Vec<PathBuf> {
    let folder = world.folder.path().join("archive/of/hanbeon");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map(|files| files.map(|file| file.expect("a file").path()).collect())
        .unwrap_or_default();
    files.sort();
    files
}

/// Every line that is whole, by its name, and how often it is there.
fn archived(world: &World) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for file in files(world) {
        let text = std::fs::read(&file).expect("an archive");
        let text = String::from_utf8_lossy(&text).into_owned();
        // What is behind the last line's end was cut off.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        for line in whole.lines() {
            let row: Value =
                serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in {}: {line:?}", file.display()));
            let name = match row["table"].as_str() {
                Some("saved_amounts") => &row["toss_order_id"],
                Some("claims") => &row["idempotency_key"],
                Some("webhooks") => &row["meaning"],
                other => panic!("{other:?}: {line}"),
            };
            let name = format!("{} {}", row["table"].as_str().unwrap(), name.as_str().expect("a name"));
            found.entry(name).or_default().push(row);
        }
    }
    found
}

#[tokio::test]
async fn i9_whoever_is_killed_while_it_forgets_has_each_row_in_the_store_or_in_the_archive() {
    let mut world = World::without_server(SETTINGS).await;
    world.open_toss();
    fill(&world);
    let all = stored(&world);
    let is_everywhere = |world: &World| {
        let (there, archived) = (stored(world), archived(world));
        let lost: Vec<_> =
            all.iter().filter(|name| !there.contains(*name) && !archived.contains_key(*name)).collect();
        assert!(lost.is_empty(), "{} rows are nowhere: {:?}", lost.len(), &lost[..lost.len().min(5)]);
        (there.len(), archived.values().map(Vec::len).sum::<usize>())
    };
    // At the worst moment: the first step and the third, between the archive and the store.
    for (count, left) in [("1", all.len()), ("3", all.len() - 2 * STEP)] {
        world.environment = vec![("HANBEON_FAILPOINT", format!("archived:{count}"))];
        // It may be gone before it says that it is ready.
        if world.try_start().await.is_ok() {
            until("it is gone", async || world.has_ended()).await;
        }
        assert_eq!(is_everywhere(&world).0, left);
    }
    // And at moments that nobody has chosen.
    world.environment.clear();
    for more in [1, 300, 600] {
        let before = is_everywhere(&world).1;
        world.start().await;
        until("so much more is archived", async || {
            let lines: usize = archived(&world).values().map(Vec::len).sum();
            (lines >= before + more).then_some(())
        })
        .await;
        world.kill().await;
        is_everywhere(&world);
    }
    world.start().await;
    let young = 3 * YOUNG;
    until("all that is old is gone", async || (stored(&world).len() == young).then_some(())).await;
    world.terminate().await;
    assert!(world.ended().await.success());
    is_whole(&world, &all);
}

/// All that was old is archived, as it was; the rest is in the store.
fn is_whole(world: &World, all: &BTreeSet<String>) {
    let (left, archived) = (stored(world), archived(world));
    assert_eq!((left.len(), archived.len()), (3 * YOUNG, 3 * OLD));
    assert!(left.iter().all(|name| all.contains(name) && !archived.contains_key(name)));
    for (name, rows) in &archived {
        assert!(all.contains(name), "{name}");
        assert!(rows.iter().all(|row| *row == rows[0]), "the same row is the same line: {rows:?}");
    }
    let amount = &archived["saved_amounts order-6"][0];
    assert_eq!(amount["amount"], 6);
    assert_eq!(amount["saved_at"], "1970-01-01T09:00:00.000006+09:00");
    assert_eq!(amount["consumed_at"], amount["saved_at"]);
    assert_eq!(amount["session_created_at"], "1970-01-01T09:00:00.000005+09:00");
    assert_eq!(archived["claims key-7"][0]["answer_body"], "{\"n\":7}");
    assert_eq!(archived["webhooks meaning-8"][0]["body"], "{\"줄\":\"\n8");
    let sessions: i32 =
        world.db().query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)).expect("a count");
    assert_eq!(sessions, 5, "every second young row has one; the others went, too");
    for file in files(world) {
        let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn i9_an_archive_that_is_full_leaves_everything_in_the_store() {
    let mut world = World::without_server(SETTINGS).await;
    world.open_toss();
    let folder = world.folder.path().join("archive/of/hanbeon");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mount = |options: &str| {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&folder).status();
        mounted.is_ok_and(|status| status.success())
    };
    if !mount("size=32k") {
        println!("no right to mount: an archive that is full was not tried");
        return;
    }
    let _mounted = Mounted(folder.clone());
    fill(&world);
    let all = stored(&world);
    world.start().await;
    until("it says so", async || world.logs().contains("what is past its date stays").then_some(())).await;
    assert!(world.logs().contains("archive takes nothing"), "{}", world.logs());
    assert_eq!(stored(&world), all);
    assert_eq!(files(&world), Vec::<PathBuf>::new(), "a beginning is removed");
    let metrics = crate::support::send(world.api.get("/metrics")).await.body;
    assert!(metrics.contains("hanbeon_incidents_total{kind=\"retention_failed\"} 1"), "{metrics}");
    assert!(metrics.contains("hanbeon_rows_forgotten_total 0"), "{metrics}");
    assert!(mount("remount,size=8m"));
    world.restart().await;
    until("all that is old is gone", async || (stored(&world).len() == 3 * YOUNG).then_some(())).await;
    world.terminate().await;
    assert!(world.ended().await.success());
    is_whole(&world, &all);
}

#[tokio::test]
async fn i9_an_archive_that_hangs_keeps_no_server_from_serving_or_stopping() {
    let mut world = World::without_server(SETTINGS).await;
    world.open_toss();
    fill(&world);
    let all = stored(&world);
    world.environment = vec![
        ("LD_PRELOAD", slow_disk(&world)),
        ("FLUSH_DELAY_MS", "3600000".to_owned()),
        ("FLUSH_DELAY_OF", ".jsonl".to_owned()),
    ];
    world.start().await;
    until("a step is archived", async || (archived(&world).len() == STEP).then_some(())).await;
    Buyer::paid(&world, 1_000).await;
    world.terminate().await;
    assert!(world.ended().await.success());
    assert!(stored(&world).is_superset(&all), "nothing is forgotten that may not be on the disk");
}

/// What makes the disk slow, compiled into the world's folder.
fn slow_disk(world: &World) -> String {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../hanbeon-bench/slow-disk/flush.c");
    let library = world.folder.path().join("slow-disk.so");
    let mut cc = Command::new("cc");
    let ended = cc.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).args([source, "-ldl"]).status();
    assert!(ended.expect("cc").success());
    library.display().to_string()
}

/// The server has files of it open until it is dropped, too.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
