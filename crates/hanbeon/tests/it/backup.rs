//! Backups, made while buyers pay, and restored.
use crate::buyer::Buyer;
use crate::support::{World, at_once, until};

pub(crate) fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn a_backup_that_is_made_while_buyers_pay_is_whole_and_does_not_stop_them() {
    let world = World::new().await;
    let mut paid = Vec::new();
    for _ in 0..5 {
        paid.push(Buyer::paid(&world, 1_000).await.key);
    }
    let mut buyers = Vec::new();
    for _ in 0..20 {
        buyers.push(Buyer::ready(&world, 1_000).await);
    }
    let to = world.folder.path().join("copy.db");
    let arguments = ["backup", "--to", to.to_str().unwrap()];
    let (copied, answers) = tokio::join!(world.run(&arguments), async {
        let api = &world.api;
        at_once(buyers.iter().map(|buyer| {
            let (buyer, api) = (buyer.clone(), api.clone());
            async move { buyer.try_confirm(&api).await.map(|answer| answer.status) }
        }))
        .await
    });
    assert!(copied.status.success(), "{}", said(&copied));
    assert_eq!(answers, vec![Some(200); 20], "buyers pay meanwhile");
    assert!(said(&copied).contains("SHA-256"), "{}", said(&copied));
    let names: Vec<_> =
        std::fs::read_dir(world.folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    let stray = names.iter().filter(|name| name.to_string_lossy().contains("half")).count();
    assert_eq!(stray, 0, "{names:?}");

    let db = rusqlite::Connection::open(&to).unwrap();
    for key in &paid {
        let state: String = db
            .query_row("SELECT state FROM payments WHERE toss_payment_key = ?1", [key], |row| row.get(0))
            .unwrap();
        assert_eq!(state, "paid", "what was there before is in it");
    }
    let again = world.run(&arguments).await;
    assert!(!again.status.success() && said(&again).contains("not overwritten"), "{}", said(&again));
}

#[tokio::test]
async fn a_backup_is_restored_only_where_no_server_runs_and_nothing_is_in_the_way() {
    let mut world = World::new().await;
    let before = Buyer::paid(&world, 1_000).await;
    let to = world.folder.path().join("copy.db");
    let copied = world.run(&["backup", "--to", to.to_str().unwrap()]).await;
    assert!(copied.status.success(), "{}", said(&copied));
    let restore = ["restore", "--from", to.to_str().unwrap()];

    let refused = world.run(&restore).await;
    assert!(said(&refused).contains("another hanbeon server"), "{}", said(&refused));
    world.kill().await;
    let refused = world.run(&restore).await;
    assert!(said(&refused).contains("--aside"), "{}", said(&refused));

    let restored = world.run(&[&restore[..], &["--aside"]].concat()).await;
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!(world.stored(&before.key).as_deref(), Some("paid"));
    let aside = until("the old database is kept", async || {
        let names = std::fs::read_dir(world.folder.path()).ok()?;
        names.filter_map(Result::ok).map(|it| it.file_name()).find(|name| {
            let name = name.to_string_lossy();
            name.starts_with("hanbeon.db.before-")
        })
    });
    aside.await;
    let refused = world.run(&["serve"]).await;
    assert!(said(&refused).contains("hanbeon resync"), "no server starts on it: {}", said(&refused));
}

#[tokio::test]
async fn a_backup_that_was_damaged_is_not_restored() {
    let mut world = World::new().await;
    Buyer::paid(&world, 1_000).await;
    let to = world.folder.path().join("copy.db");
    assert!(world.run(&["backup", "--to", to.to_str().unwrap()]).await.status.success());
    world.kill().await;
    let db = rusqlite::Connection::open(&to).unwrap();
    db.execute_batch("UPDATE payments SET refunded_amount = 1 WHERE state = 'paid'").unwrap();
    drop(db);
    let there = std::fs::read(world.database()).unwrap();
    let refused = world.run(&["restore", "--aside", "--from", to.to_str().unwrap()]).await;
    assert!(!refused.status.success() && said(&refused).contains("findings"), "{}", said(&refused));
    assert_eq!(std::fs::read(world.database()).unwrap(), there, "what was there is as it was");
}
