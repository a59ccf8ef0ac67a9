//! Migrations: killed half way, and a database that is newer than the program.
use crate::buyer::Buyer;
use crate::points::died;
use crate::support::World;
use hanbeon_store_sqlite::SCHEMA_VERSION;

/// No database, and the server not started.
async fn nothing_yet() -> World {
    let world = World::without_server("").await;
    world.open_toss();
    for name in ["hanbeon.db", "hanbeon.db-wal", "hanbeon.db-shm"] {
        // The log may have gone with its last connection.
        let _ = std::fs::remove_file(world.folder.path().join(name));
    }
    world
}

fn versions(world: &World) -> Vec<u32> {
    let db = world.db();
    let mut versions = db.prepare("SELECT version FROM schema_migrations ORDER BY version").unwrap();
    versions.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn i8_a_migration_killed_half_way_is_completed_by_the_next_start() {
    for count in 1..=SCHEMA_VERSION {
        let mut world = nothing_yet().await;
        world.environment = vec![("HANBEON_FAILPOINT", format!("in a migration:{count}"))];
        assert!(world.try_start().await.is_err(), "it dies in migration {count}");
        let applied: Vec<_> = if count == 1 {
            let tables = "SELECT count(*) FROM sqlite_schema";
            assert_eq!(world.db().query_row(tables, [], |row| row.get(0)), Ok(0), "nothing of it is there");
            Vec::new()
        } else {
            versions(&world)
        };
        assert_eq!(applied, (1..count).collect::<Vec<_>>(), "whole or not at all");
        world.environment.clear();
        world.make_key().await;
        world.start().await;
        assert_eq!(versions(&world), (1..=SCHEMA_VERSION).collect::<Vec<_>>());
        Buyer::paid(&world, 1_000).await;
    }
}

#[tokio::test]
async fn i8_an_old_program_refuses_a_newer_schema_and_leaves_it_as_it_is() {
    let mut world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.environment = vec![("HANBEON_FAILPOINT", "intent stored:1".to_owned())];
    world.restart().await;
    assert!(buyer.try_confirm(&world.api).await.is_none());
    died(&mut world).await;
    let newer = format!(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ({}, 'of next year', zeroblob(32), 1)",
        SCHEMA_VERSION + 1
    );
    world.db().execute_batch(&newer).unwrap();
    let ended = world.run(&["serve"]).await;
    assert!(!ended.status.success());
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("use a newer program"), "{said}");
    assert_eq!(world.journal(), [], "and touched nobody's money");
    assert_eq!(world.stored(&buyer.key).as_deref(), Some("confirming"));
    world.db().execute_batch("DELETE FROM schema_migrations WHERE name = 'of next year'").unwrap();
    world.start().await;
    world.until_stored(&buyer.key, "paid").await;
}
