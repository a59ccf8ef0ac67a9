//! `hanbeon verify`: green over every kind of history beside a running server; and whatever is altered in the database
//! behind its back, it names the first bad row and fails.
use crate::buyer::Buyer;
use crate::shop::{Shop, fresh_key};
use crate::support::{World, send};
use crate::tool::{CURT, Said, in_review};
use crate::webhooks::changed;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use toss_sandbox::{FaultKind, FaultOperation, NewPayment};

/// A world with every kind of history; the last one is a payment that was refunded in two parts.
async fn eventful() -> (World, Shop) {
    let world = World::with(CURT).await;
    Buyer::paid(&world, 1_000).await;
    let canceled = Buyer::paid(&world, 1_000).await;
    canceled.cancel(&world.api).await.has_status(200);
    let mut declined = Buyer::ready(&world, 1_000).await;
    let card = NewPayment::card(&declined.toss_order, 1_000).refused_with("REJECT_CARD_PAYMENT");
    declined.key = world.toss.authenticate(&card).unwrap();
    declined.confirm(&world.api).await.has_status(403);
    let again = Buyer { key: world.authenticate(&declined.toss_order, 1_000), ..declined };
    again.confirm(&world.api).await.is(200, &again.view("DONE"));
    let lost = Buyer::ready(&world, 1_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::LoseReply);
    lost.confirm(&world.api).await;
    world.until_stored(&lost.key, "paid").await;
    let mut deposit = Buyer::ready(&world, 1_000).await;
    let account = NewPayment::card(&deposit.toss_order, 1_000).by("가상계좌");
    deposit.key = world.toss.authenticate(&account).unwrap();
    deposit.confirm(&world.api).await.has_status(200);
    let console = Buyer::paid(&world, 1_000).await;
    world.toss.cancel_in_dashboard(&console.key, Some(400)).unwrap();
    send(world.api.post("/webhooks/toss", changed(&console, "PARTIAL_CANCELED"))).await.is(200, "{}");
    world.until_stored(&console.key, "partially_canceled").await;
    let (_, dropped) = in_review(&world, FaultKind::Drop).await;
    let nothing = ["--as", "nothing-charged", "--note", "Kim", "--amount", "1000"];
    world.tool(&[&["review", "resolve", &dropped.payment], &nothing[..]].concat()).await.well();
    in_review(&world, FaultKind::LoseReply).await;
    let parts = Buyer::paid(&world, 1_000).await;
    let shop = Shop::of(&world, &parts).await;
    shop.refund(&fresh_key(), Some(300)).await;
    shop.refund(&fresh_key(), Some(200)).await;
    shop.until_amounts(&[("done", 300), ("done", 200)]).await;
    (world, shop)
}

/// A copy of the stopped server's database, altered.
fn altered(world: &World, name: usize, with: &str) -> PathBuf {
    let copy = world.folder.path().join(format!("altered-{name}.db"));
    std::fs::copy(world.database(), &copy).unwrap();
    let db = Connection::open(&copy).unwrap();
    let rowless = "DROP TRIGGER journal_is_not_changed; DROP TRIGGER journal_is_not_deleted;";
    db.execute_batch(rowless).unwrap();
    db.execute_batch(with).unwrap();
    copy
}

async fn verify(world: &World, database: &Path) -> Said {
    world.tool(&["verify", "--database-url", &format!("sqlite://{}", database.display())]).await
}

#[tokio::test]
async fn j9_whatever_is_altered_verify_names_the_first_bad_row() {
    let (mut world, shop) = eventful().await;
    let green = world.tool(&["verify"]).await.well();
    assert!(green.ends_with("all is as it must be\n"), "{green}");
    assert!(
        green.contains("looked at 10 payments, 4 refunds") && green.contains(" 0 from before"),
        "{green}"
    );

    world.until_quiet().await;
    world.kill().await;
    world.db().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let id = &shop.payment;
    let mine = format!("payment_id = x'{id}'");
    // The lines of this payment: 1 intent, 2 paid, then intent and outcome of each refund, with gaps for the turns.
    let db = world.db();
    let query = format!("SELECT version FROM journal WHERE {mine} ORDER BY version");
    let versions: Vec<i64> =
        db.prepare(&query).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(db);
    assert_eq!(versions.len(), 6, "{versions:?}");
    let (second, third, last) = (versions[1], versions[2], versions[5]);
    let line = |what: &str, at| format!("S12 payment {id}: journal line {at} {what}");
    let not_sealed = "is not the one that was sealed";
    let journal = |set: &str, at| format!("UPDATE journal SET {set} WHERE {mine} AND version = {at}");
    let cases = [
        (journal("event = 'psp_seen DONE balance 1 transaction t'", second), line(not_sealed, second)),
        (journal("actor = 'operator'", second), line(not_sealed, second)),
        (journal("at = at + 1", last), line(not_sealed, last)),
        (journal("evidence = zeroblob(32)", second), line(not_sealed, second)),
        (journal("seal = NULL", third), line("has no seal", third)),
        (format!("DELETE FROM journal WHERE {mine} AND version = {second}"), line(not_sealed, third)),
        (
            format!("DELETE FROM journal WHERE {mine} AND version = {last}"),
            format!("S12 payment {id}: journal lines are missing after line {}", versions[4]),
        ),
        (
            format!("DELETE FROM journal WHERE {mine}"),
            format!("S12 payment {id}: journal lines are missing after line 0"),
        ),
        (
            [
                journal("version = 9999", second),
                journal(&format!("version = {second}"), third),
                journal(&format!("version = {third}"), 9999),
            ]
            .join(";"),
            line(not_sealed, second),
        ),
        (
            format!(
                "UPDATE orders SET total_amount = 900 WHERE order_id = (SELECT order_id FROM payments WHERE {mine})"
            ),
            format!("S2 payment {id}: it is over 1000 won, its order over 900"),
        ),
        (
            format!("UPDATE payments SET refunded_amount = 400 WHERE {mine}"),
            format!("S9 payment {id}: refunded 400, but its refunds that are done add up to 500"),
        ),
        (
            format!("UPDATE refunds SET amount = 299 WHERE {mine} AND amount = 300"),
            format!("S9 payment {id}: refunded 500, but its refunds that are done add up to 499"),
        ),
        (
            format!("DELETE FROM refunds WHERE {mine} AND amount = 200"),
            format!("S9 payment {id}: refunded 500, but its refunds that are done add up to 300"),
        ),
        (
            format!("UPDATE payments SET state = 'paid' WHERE {mine}"),
            format!(
                "S13 payment {id}: the payment is paid, but its last journal line left it partially_canceled"
            ),
        ),
        (
            format!(
                "PRAGMA ignore_check_constraints = ON; UPDATE payments SET total_amount = -5 WHERE {mine}"
            ),
            "S12 payments holds a row that cannot be: ".to_owned(),
        ),
    ];
    for (number, (with, named)) in cases.iter().enumerate() {
        let database = altered(&world, number, with);
        let found = verify(&world, &database).await;
        assert_eq!(found.code, Some(1), "{with}: {found:?}");
        let first = found.out.lines().next().unwrap();
        assert!(first.starts_with(named), "{with}: {named:?} is not first in {found:?}");
        assert!(found.out.ends_with("what to do: docs/runbooks/verify.md\n"), "{found:?}");
    }
    // Without an alteration the copy is as green as the original.
    let copy = altered(&world, cases.len(), "");
    assert_eq!(verify(&world, &copy).await.well(), green);
    // The database itself refuses to forget.
    for refused in [format!("DELETE FROM journal WHERE {mine}"), journal("event = ''", second)] {
        let error = world.db().execute(&refused, []).unwrap_err().to_string();
        assert!(error.contains("the journal is append-only"), "{error}");
    }
}

#[tokio::test]
async fn payments_that_the_bench_casts_are_whole() {
    const CAST: u64 = 300;
    let mut world = World::new().await;
    Buyer::paid(&world, 1_000).await;
    world.until_quiet().await;
    world.kill().await;
    let filled = hanbeon_bench::fill::fill(&world.database(), CAST).unwrap();
    world.start().await;
    let read = send(world.api.get(&filled.paths[0])).await.has_status(200);
    assert_eq!((&read["tossPaymentStatus"], &read["totalAmount"]), (&"DONE".into(), &1_000.into()));
    let said = world.tool(&["verify"]).await.well();
    assert!(said.contains("300 payments"), "{said}");
}
