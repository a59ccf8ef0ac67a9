//! The database's own rules, and rows that break them nevertheless.
use super::{Place, world};
use crate::rows::{select_payments, select_refunds};
use hanbeon_domain::{Payment, TossStatus};
use hanbeon_store::{Store, StoreError};
use hanbeon_testkit::conformance::world::{LEASE, TOTAL, World, seen};
use rusqlite::Connection;
use std::sync::Arc;

/// A paid payment with a refund under way, and an order that is being paid.
async fn some_rows(world: &mut World) -> (Payment, Payment) {
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    let part = world.said(&canceling, seen(TossStatus::PartialCanceled, TOTAL - 1_000)).await;
    let canceling = world.canceling(&part, Some(2_000)).await;
    let order = world.order().await;
    (canceling, world.begin(&order).await)
}

/// A wish for the payment that is being cancelled, of which 1,000 won were given back and 2,000 are under way.
fn waiting(amount: i64) -> String {
    format!(
        "INSERT INTO refunds (refund_id, payment_id, amount, whole, reason, cause, balance_before, requested_at, state)
         SELECT randomblob(16), payment_id, {amount}, 0, 'why', 'requested', 50000, 1, 'queued' FROM payments
         WHERE state = 'canceling'"
    )
}

/// SQLite makes one for each `x IN (…)` of more than two words in a CHECK, at every statement that looks at it.
#[test]
fn no_step_makes_a_table_in_memory() {
    let place = Place::new();
    drop(place.open());
    let db = place.raw();
    let steps = [
        "INSERT INTO payments (payment_id) VALUES (?1)",
        "UPDATE payments SET state = ?1, toss_payment_status = ?2, canceled_by = ?3, told_state = ?4 WHERE payment_id = ?5",
        "INSERT INTO journal (payment_id) VALUES (?1)",
        "INSERT INTO events (body) VALUES (?1)",
        "INSERT INTO refunds (refund_id) VALUES (?1)",
        "UPDATE refunds SET state = ?1, cause = ?2 WHERE refund_id = ?3",
    ];
    for step in steps {
        let mut explained = db.prepare(&format!("EXPLAIN {step}")).unwrap();
        let mut rows = explained.raw_query();
        let mut operations = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            operations.push(row.get::<_, String>("opcode").unwrap());
        }
        assert!(operations.iter().any(|operation| operation == "Transaction"), "{step}: {operations:?}");
        assert!(!operations.iter().any(|operation| operation == "OpenEphemeral"), "{step}");
    }
}

#[tokio::test]
async fn the_database_itself_refuses_what_cannot_be() {
    let place = Place::new();
    let store = place.open();
    some_rows(&mut world(&store)).await;
    let db = place.raw();
    let canceling = "WHERE state = 'canceling'";
    let confirming = "WHERE state = 'confirming'";
    // (what is tried, which rule says no)
    let refused = [
        (format!("UPDATE payments SET reserved_amount = 49001 {canceling}"), "budget"),
        (format!("UPDATE payments SET refunded_amount = 48001 {canceling}"), "budget"),
        (format!("UPDATE payments SET captured_amount = 2999 {canceling}"), "budget"),
        (format!("UPDATE payments SET refunded_amount = -1 {canceling}"), "refunded_amount"),
        (format!("UPDATE payments SET captured_amount = 50001 {canceling}"), "captured_amount"),
        (format!("UPDATE payments SET total_amount = 0 {confirming}"), "total_amount"),
        (format!("UPDATE payments SET state = 'paid', tries = NULL {confirming}"), "paid_is_captured"),
        (format!("UPDATE payments SET state = 'ready' {confirming}"), "state"),
        (format!("UPDATE payments SET state = 'expired' {confirming}"), "order_is_held_or_free"),
        (format!("UPDATE payments SET leaves_order_free = 1 {confirming}"), "order_is_held_or_free"),
        (
            format!("UPDATE payments SET state = 'expired', leaves_order_free = 1 {confirming}"),
            "tries_while_moving",
        ),
        (format!("UPDATE payments SET due_at = NULL {confirming}"), "held_is_due"),
        (format!("UPDATE payments SET due_at = NULL, held = 0 {confirming}"), "moving_is_due"),
        (format!("UPDATE payments SET seal = x'00' {confirming}"), "seal"),
        (format!("UPDATE payments SET canceled_by = 'request' {confirming}"), "canceled_by_somebody"),
        (format!("UPDATE payments SET refusal_code = 'X' {confirming}"), "declined_with_refusal"),
        (format!("UPDATE payments SET review_reason = 'x' {confirming}"), "review_with_reason"),
        (format!("UPDATE payments SET toss_payment_status = 'PAID' {confirming}"), "toss_payment_status"),
        (format!("UPDATE payments SET told_state = 'confirming', told_refunded = 0 {confirming}"), "told_state"),
        (format!("UPDATE payments SET total_amount = 'many' {confirming}"), "cannot store TEXT"),
        (format!("UPDATE payments SET order_id = zeroblob(16) {confirming}"), "FOREIGN KEY"),
        (
            format!("UPDATE payments SET attempt = 2, order_id = (SELECT order_id FROM payments {canceling}) {confirming}"),
            "payments.order_id",
        ),
        ("UPDATE payments SET toss_payment_key = 'one key for two'".to_owned(), "toss_payment_key"),
        ("UPDATE orders SET total_amount = 0".to_owned(), "total_amount"),
        ("UPDATE orders SET merchant_reference = 'one for two'".to_owned(), "merchant_reference"),
        ("UPDATE refunds SET state = 'sending', settled_at = NULL, reply_status = NULL, reply_body = NULL, transaction_key = NULL".to_owned(), "refunds.payment_id"),
        ("UPDATE refunds SET settled_at = NULL".to_owned(), "settled_once"),
        ("UPDATE refunds SET cause = 'accident'".to_owned(), "cause"),
        ("UPDATE refunds SET began_version = NULL".to_owned(), "begun"),
        ("UPDATE refunds SET amount = 0".to_owned(), "above_zero"),
        ("UPDATE refunds SET transaction_key = 'x' WHERE state = 'sending'".to_owned(), "transaction_when_done"),
        (waiting(47_001), "more would be given back than was paid"),
        ("INSERT INTO webhooks (received_at, meaning, event_type, verdict, repeated, body) VALUES (1, '', '', 'hint', 0, zeroblob(32769))".to_owned(), "body"),
        ("INSERT INTO claims (idempotency_key, request, operation, until) VALUES ('', zeroblob(32), zeroblob(16), 1)".to_owned(), "idempotency_key"),
        ("UPDATE refunds SET amount = balance_before + 1".to_owned(), "within_balance"),
        ("DELETE FROM payments".to_owned(), "FOREIGN KEY"),
        ("DELETE FROM orders".to_owned(), "FOREIGN KEY"),
    ];
    for (tried, rule) in refused {
        let end = db.execute(&tried, []).expect_err(&tried).to_string();
        assert!(end.contains(rule), "{tried}: {end}");
    }
    assert_eq!(db.execute(&waiting(47_000), []).expect("it fits"), 1);
}

#[tokio::test]
async fn the_journal_only_grows() {
    let place = Place::new();
    let store = place.open();
    some_rows(&mut world(&store)).await;
    let db = place.raw();
    let lines =
        |db: &Connection| db.query_row("SELECT count(*) FROM journal", [], |row| row.get::<_, i64>(0));
    let before = lines(&db).unwrap();
    assert_eq!(before, 6);
    for tried in [
        "UPDATE journal SET event = 'nothing to see'",
        "DELETE FROM journal",
        "INSERT OR REPLACE INTO journal SELECT payment_id, version, at, actor, from_state, to_state, '', evidence, seal FROM journal",
    ] {
        let end = db.execute(tried, []).expect_err(tried).to_string();
        assert!(end.contains("append-only"), "{tried}: {end}");
    }
    assert_eq!(lines(&db).unwrap(), before);
}

#[tokio::test]
async fn an_impossible_row_is_named_and_does_not_stop_the_others() {
    let place = Place::new();
    let store = place.open();
    let mut w = world(&store);
    let (canceling, confirming) = some_rows(&mut w).await;
    let db = place.raw();
    db.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").unwrap();
    let broken = [
        "UPDATE payments SET answered = NULL",
        "UPDATE payments SET unchanged = NULL",
        "UPDATE payments SET reserved_amount = 1",
        "UPDATE payments SET refunded_amount = 49000",
        "UPDATE payments SET refunded_amount = -1",
        "UPDATE payments SET version = -1",
        "UPDATE payments SET toss_payment_key = 'a/b'",
        "UPDATE payments SET toss_order_id = 'has space'",
        "UPDATE payments SET toss_payment_status = 'PAID'",
        "UPDATE payments SET state = 'ready'",
        "UPDATE payments SET state = 'lost'",
        "UPDATE payments SET state = 'paid'",
        "UPDATE payments SET state = 'declined'",
        "UPDATE payments SET state = 'canceled', canceled_by = 'nobody'",
        "UPDATE payments SET payer_session = x'00'",
        "UPDATE payments SET order_id = x'00'",
    ];
    for tried in broken {
        db.execute_batch("SAVEPOINT broken").unwrap();
        let only = " WHERE state = 'canceling'";
        assert_eq!(db.execute(&format!("{tried}{only}"), []).unwrap(), 1, "{tried}");
        let read = db.prepare(select_payments!("WHERE p.payment_id = ?1")).and_then(|mut statement| {
            let mut rows = statement.query([canceling.id.uuid().into_bytes()])?;
            Ok(crate::rows::payment(rows.next()?.unwrap()))
        });
        match read.unwrap() {
            Err(StoreError::Corrupt { table: "payments", row }) => {
                assert!(row.starts_with(&canceling.id.to_string()), "{tried}: {row}");
            }
            other => panic!("{tried}: {other:?}"),
        }
        db.execute_batch("ROLLBACK TO broken; RELEASE broken").unwrap();
    }
    // Its refund is gone: the payment is named, and the other one is leased all the same.
    db.execute("DELETE FROM refunds WHERE state = 'sending'", []).unwrap();
    let end = store.payment(canceling.id).await;
    assert!(matches!(end, Err(StoreError::Corrupt { .. })), "{end:?}");
    let now = w.now().plus(LEASE);
    let leased = store.lease_due(now, now.plus(LEASE), 9).await.unwrap();
    assert_eq!(leased.iter().map(|turn| turn.payment.id).collect::<Vec<_>>(), [confirming.id]);
    assert_eq!(store.next_due().await.unwrap(), Some(now.plus(LEASE)), "the broken one has its turn later");
}

/// An index that has only what it is asked for.
const FEW: &str = "SCAN p USING INDEX payments_to_review";

#[tokio::test]
async fn no_verb_walks_a_whole_table() {
    let place = Place::new();
    let store = place.open();
    let db = Arc::clone(&store);
    let db = db.readers.run(|db| {
        let statements = [
            select_payments!("WHERE p.payment_id = ?1"),
            select_payments!("WHERE p.toss_payment_key = ?1"),
            select_payments!("WHERE p.order_id = ?1 ORDER BY p.attempt"),
            select_payments!(
                "WHERE p.rowid = coalesce(
                   (SELECT h.rowid FROM payments h WHERE h.order_id = ?1 AND h.leaves_order_free = 0),
                   (SELECT n.rowid FROM payments n WHERE n.order_id = ?1 ORDER BY n.attempt DESC LIMIT 1))"
            ),
            select_payments!("WHERE p.toss_order_id = ?1 ORDER BY p.rowid DESC LIMIT 1"),
            select_payments!("WHERE p.payment_id > ?1 ORDER BY p.payment_id LIMIT ?2"),
            select_payments!("WHERE p.due_at <= ?1 ORDER BY p.due_at, p.rowid LIMIT ?2"),
            select_refunds!("WHERE refund_id = ?1"),
            select_refunds!("WHERE payment_id = ?1 ORDER BY seq"),
            select_refunds!("WHERE payment_id = ?1 AND whole = 1 ORDER BY seq DESC LIMIT 1"),
            select_refunds!("WHERE payment_id = ?1 AND state = 'queued' ORDER BY seq LIMIT 1"),
            select_payments!(
                "WHERE p.state = 'needs_review' ORDER BY p.updated_at DESC, p.rowid DESC LIMIT ?1"
            ),
            "SELECT min(due_at) FROM payments WHERE due_at IS NOT NULL",
            crate::verbs::orders::UNPAID,
            "SELECT amount FROM saved_amounts WHERE session_id = ?1 AND toss_order_id = ?2",
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM webhooks WHERE transmission_id = ?1)
               OR EXISTS (SELECT 1 FROM webhooks WHERE meaning = ?2)",
            "DELETE FROM webhooks WHERE webhook_id IN
             (SELECT webhook_id FROM webhooks WHERE webhook_id <= ?1 ORDER BY webhook_id LIMIT ?2)",
            "DELETE FROM claims WHERE rowid IN
             (SELECT rowid FROM claims WHERE until < ?1 ORDER BY until LIMIT ?2)",
        ];
        let plan = |sql: &str| {
            let mut steps = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps =
                steps.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>();
            (sql.to_owned(), steps.unwrap())
        };
        Ok(statements.map(plan))
    });
    for (sql, steps) in db.await.unwrap() {
        assert!(!steps.is_empty());
        for step in steps {
            let harmless = ["SEARCH", "SCALAR SUBQUERY", "LIST SUBQUERY", "SCAN CONSTANT ROW", FEW];
            assert!(harmless.iter().any(|start| step.starts_with(start)), "{sql}\n{step}");
        }
    }
}
