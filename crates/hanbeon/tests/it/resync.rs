//! Yesterday's backup beside a Toss that has moved on; and two copies of the same books.
use crate::backup::said;
use crate::buyer::Buyer;
use crate::events::list;
use crate::support::{World, at_once, listening, send, until};
use hanbeon_testkit::postgres;
use serde_json::Value;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, NewPayment, Operation, When};

/// Longer ago than anything here.
pub(crate) const LONG_AGO: &str = "2020-01-01";

/// A buyer who has been through the window of a shop that names an order at Toss as it is named here.
pub(crate) async fn named(world: &World, amount: i64) -> Buyer {
    let mut buyer = Buyer::new(&world.api, amount).await;
    buyer.toss_order = buyer.order.clone();
    buyer.save(&world.api).await.has_status(200);
    buyer.key = world.authenticate(&buyer.toss_order, amount);
    buyer
}

pub(crate) async fn paid(world: &World, amount: i64) -> Buyer {
    let buyer = named(world, amount).await;
    buyer.confirm(&world.api).await.has_status(200);
    buyer
}

/// A buyer who has chosen to pay into an account, which is not issued yet.
pub(crate) async fn chooses_account(world: &World) -> Buyer {
    let mut buyer = named(world, 30_000).await;
    let account = NewPayment::card(&buyer.toss_order, 30_000).by("가상계좌");
    buyer.key = world.toss.authenticate(&account).unwrap();
    buyer
}

pub(crate) async fn well(world: &World, arguments: &[&str]) -> String {
    let ended = world.run(arguments).await;
    assert!(ended.status.success(), "{arguments:?}: {}", said(&ended));
    said(&ended)
}

/// Numbers and ids of all events.
pub(crate) async fn feed(world: &World) -> Vec<(u64, String)> {
    let all = list(world, "?limit=1000").await.has_status(200);
    let events = all["events"].as_array().unwrap().iter();
    events
        .map(|event: &Value| (event["number"].as_u64().unwrap(), event["id"].as_str().unwrap().to_owned()))
        .collect()
}

/// How many calls that move money came to Toss.
pub(crate) fn moved(world: &World) -> usize {
    world.calls(Operation::Confirm) + world.calls(Operation::Cancel)
}

/// What Toss and the books say of a payment: charged, and given back.
fn at_toss(world: &World, key: &str) -> (i64, i64) {
    let payment = world.toss.payment(key).unwrap();
    let total = payment["totalAmount"].as_i64().unwrap();
    if payment["approvedAt"].is_null() {
        return (0, 0);
    }
    (total, total - payment["balanceAmount"].as_i64().unwrap())
}

fn in_the_books(world: &World, key: &str) -> Option<(i64, i64)> {
    let query = "SELECT captured_amount, refunded_amount FROM payments WHERE toss_payment_key = ?1";
    world.db().query_row(query, [key], |row| Ok((row.get(0)?, row.get(1)?))).ok()
}

/// What is told after a restore has a larger number than whatever was told before it, and no number says two things.
pub(crate) async fn numbers_go_on(world: &World, told_before: &[(u64, String)]) {
    let again = paid(world, 8_000).await;
    until("it is told", async || {
        let events = list(world, "?limit=1000").await.has_status(200);
        events["events"]
            .as_array()?
            .iter()
            .any(|it| it["data"]["backendOrderId"] == *again.order)
            .then_some(())
    })
    .await;
    let told_after = feed(world).await;
    assert!(told_after.is_sorted_by(|one, next| one.0 < next.0), "{told_after:?}");
    for (number, id) in &told_after {
        let same = told_before.iter().find(|(known, _)| known == number);
        assert!(same.is_none_or(|(_, known)| known == id), "{number} says something else now");
    }
    let last_before = told_before.last().unwrap().0;
    let new: Vec<_> = told_after.iter().filter(|event| !told_before.contains(event)).collect();
    assert!(new.iter().all(|(number, _)| last_before < *number && *number < 1 << 53), "{new:?}");
}

#[tokio::test]
async fn i3_a_restored_backup_is_led_to_where_toss_is_and_nothing_happens_twice() {
    let mut world = World::new().await;
    let (kept, whole, part, promised) = (
        paid(&world, 1_000).await,
        paid(&world, 2_000).await,
        paid(&world, 3_000).await,
        paid(&world, 9_000).await,
    );
    let (deposited, issued) = (chooses_account(&world).await, chooses_account(&world).await);
    deposited.confirm(&world.api).await.has_status(200);
    let (late, undone) = (named(&world, 4_000).await, named(&world, 5_000).await);
    // Two refunds are under way while the backup is made: Toss is slow with the first, and the second waits for its turn.
    world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms: 6_000, when: When::Before });
    let wishes = [1_000, 2_000].map(|amount| {
        let (buyer, api) = (promised.clone(), world.api.clone());
        tokio::spawn(async move { buyer.cancel_part(&api, amount).await.status })
    });
    let db = world.db();
    until("one refund is on its way, and one waits", async || {
        let query = "SELECT count(DISTINCT state) FROM refunds WHERE state IN ('sending', 'queued')";
        let both: i64 = db.query_row(query, [], |row| row.get(0)).unwrap();
        (both == 2).then_some(())
    })
    .await;
    drop(db);
    let to = world.folder.path().join("yesterday.db");
    well(&world, &["backup", "--to", to.to_str().unwrap()]).await;

    for wish in wishes {
        assert_eq!(wish.await.unwrap(), 200);
    }
    whole.cancel(&world.api).await.has_status(200);
    part.cancel_part(&world.api, 500).await.has_status(200);
    world.toss.deposit(&deposited.key).unwrap();
    late.confirm(&world.api).await.has_status(200);
    undone.confirm(&world.api).await.has_status(200);
    undone.cancel(&world.api).await.has_status(200);
    issued.confirm(&world.api).await.has_status(200);
    let orphan = Buyer::paid(&world, 7_000).await;
    let told_before = feed(&world).await;
    world.kill().await;
    for name in ["hanbeon.db", "hanbeon.db-wal", "hanbeon.db-shm", "hanbeon.db.undo"] {
        let _ = std::fs::remove_file(world.folder.path().join(name));
    }

    well(&world, &["restore", "--from", to.to_str().unwrap()]).await;
    let moved_before = moved(&world);
    let report = well(&world, &["resync", "--since", LONG_AGO]).await;
    assert!(report.contains(&orphan.toss_order) && report.contains("7000 won"), "{report}");
    assert!(!report.contains(&orphan.key), "no whole payment key: {report}");
    well(&world, &["verify"]).await;
    world.start().await;
    world.until_quiet().await;
    for buyer in [&kept, &whole, &part, &promised, &deposited, &late, &undone] {
        let agreed = until("books and Toss agree", async || {
            Some(at_toss(&world, &buyer.key))
                .filter(|theirs| in_the_books(&world, &buyer.key) == Some(*theirs))
        });
        agreed.await;
        let charges = world.effects(&buyer.key);
        let charges =
            charges.iter().filter(|(effect, _)| matches!(effect, EffectKind::Approved | EffectKind::Waiting));
        assert_eq!(charges.count(), 1, "{report}");
    }
    assert_eq!(at_toss(&world, &promised.key), (9_000, 3_000), "each refund was made once");
    assert_eq!(world.status_at_toss(&orphan.key), "DONE", "nobody gives back what a human has to look at");
    assert_eq!(in_the_books(&world, &orphan.key), None);
    // A buyer who asks again hears what is true, and nobody is asked.
    late.confirm(&world.api).await.is(200, &late.view("DONE"));
    assert_eq!(moved(&world), moved_before, "nothing that moves money was sent: {report}");
    assert_eq!(world.stored(&issued.key).as_deref(), Some("waiting_for_deposit"), "{report}");

    numbers_go_on(&world, &told_before).await;
    world.kill().await;
    let report = well(&world, &["resync", "--since", LONG_AGO]).await;
    assert!(
        report.contains(" 0 were caught up, 0 were forgotten"),
        "a second run finds nothing to do: {report}"
    );
}

#[tokio::test]
async fn i4_of_a_restored_copy_and_the_original_only_the_younger_one_sends() {
    let mut world = World::without_server("").await;
    world.open_toss();
    let registry = world.folder.path().join("generation");
    world.environment = vec![("HANBEON_FENCE_FILE", registry.to_str().unwrap().to_owned())];
    assert!(world.run(&["fence", "--register"]).await.status.success());
    world.start().await;
    let held = paid(&world, 1_000).await;
    let mut buyers = Vec::new();
    for _ in 0..8 {
        buyers.push(named(&world, 1_000).await);
    }
    let to = world.folder.path().join("copy.db");
    well(&world, &["backup", "--to", to.to_str().unwrap()]).await;
    let clone_url = format!("sqlite://{}", world.folder.path().join("clone.db").display());
    let at_clone = ["--database-url", clone_url.as_str()];
    well(&world, &[&["restore", "--from", to.to_str().unwrap()], &at_clone[..]].concat()).await;
    well(&world, &[&["resync", "--since", LONG_AGO], &at_clone[..]].concat()).await;
    let out = world.folder.path().join("clone.out");
    let mut command = world.command(&[&["serve"], &at_clone[..]].concat());
    let clone =
        command.stdout(std::fs::File::create(&out).unwrap()).stderr(std::process::Stdio::null()).spawn();
    let mut clone = clone.unwrap();
    let mut younger = world.api.clone();
    younger.url = until("the copy listens", async || listening(&out)).await;
    until("the original is not ready any more", async || {
        (send(world.api.get("/readyz")).await.status == 503).then_some(())
    })
    .await;

    let before = world.calls(Operation::Confirm);
    let both =
        buyers.iter().flat_map(|buyer| [world.api.clone(), younger.clone()].map(|api| (buyer.clone(), api)));
    let answers = at_once(both.map(|(buyer, api)| async move { buyer.confirm(&api).await.status })).await;
    assert_eq!(answers, [503, 200].repeat(buyers.len()), "only the younger one charges");
    assert_eq!(world.calls(Operation::Confirm), before + buyers.len(), "the original sends nothing");
    assert_eq!(held.cancel(&world.api).await.status, 503);
    assert_eq!(world.calls(Operation::Cancel), 0);
    held.read(&world.api).await.is(200, &held.view("DONE"));
    assert_eq!(held.cancel(&younger).await.status, 200);
    for buyer in &buyers {
        assert_eq!(
            world.effects(&buyer.key),
            [(EffectKind::Approved, Some(1_000))],
            "nobody is charged twice"
        );
    }
    let metrics = send(world.api.get("/metrics")).await.body;
    assert!(metrics.contains(r#"kind="fenced""#), "{metrics}");
    // Started anew it says so, and never becomes ready.
    clone.kill().await.unwrap();
    assert!(world.logs().contains("a younger copy"), "{}", world.logs());
}

/// A standby that had not heard everything took over, or a dump was restored; the old primary comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_i4_a_postgresql_that_lags_is_resynced_and_the_older_copy_sends_nothing() {
    let mut world = World::without_server("").await;
    world.open_toss();
    let primary = postgres::database();
    let registry = world.folder.path().join("generation");
    world.environment = vec![
        ("HANBEON_DATABASE_URL", primary.url()),
        ("HANBEON_FENCE_FILE", registry.to_str().unwrap().to_owned()),
    ];
    world.make_key().await;
    let to = world.folder.path().join("copy.db");
    let refused = world.run(&["backup", "--to", to.to_str().unwrap()]).await;
    assert!(!refused.status.success() && said(&refused).contains("pg_dump"), "{}", said(&refused));
    well(&world, &["fence", "--register"]).await;
    world.start().await;
    let (kept, part) = (paid(&world, 1_000).await, paid(&world, 3_000).await);
    let (late, later) = (named(&world, 4_000).await, named(&world, 5_000).await);
    feed(&world).await;
    world.kill().await;
    let standby = primary.copy();
    world.start().await;
    part.cancel_part(&world.api, 500).await.has_status(200);
    late.confirm(&world.api).await.has_status(200);
    let told_before = feed(&world).await;
    world.kill().await;

    world.environment[0].1 = standby.url();
    let moved_before = moved(&world);
    well(&world, &["resync", "--since", LONG_AGO]).await;
    assert_eq!(moved(&world), moved_before, "nothing that moves money was sent");
    well(&world, &["verify"]).await;
    world.start().await;
    for (buyer, status) in [(&kept, "DONE"), (&part, "PARTIAL_CANCELED"), (&late, "DONE")] {
        let books = "SELECT captured_amount || ' ' || refunded_amount FROM payments WHERE toss_payment_key =";
        let (charged, back) = at_toss(&world, &buyer.key);
        assert_eq!(standby.query(&format!("{books} '{}'", buyer.key)), format!("{charged} {back}"));
        assert_eq!(world.status_at_toss(&buyer.key), status);
    }
    late.confirm(&world.api).await.is(200, &late.view("DONE"));
    assert_eq!(moved(&world), moved_before);
    numbers_go_on(&world, &told_before).await;
    world.kill().await;

    world.environment[0].1 = primary.url();
    let mut server = world.command(&["serve"]);
    let out = world.folder.path().join("old.out");
    let output = std::fs::File::create(&out).unwrap();
    let _server = server.stdout(output).stderr(std::process::Stdio::null()).spawn().unwrap();
    world.api.url = until("the old primary's server listens", async || listening(&out)).await;
    assert_eq!(later.confirm(&world.api).await.status, 503);
    assert_eq!(kept.cancel(&world.api).await.status, 503);
    assert!(send(world.api.get("/readyz")).await.body.contains("a younger copy"));
    assert_eq!(world.effects(&later.key), [], "nothing was sent");
}
