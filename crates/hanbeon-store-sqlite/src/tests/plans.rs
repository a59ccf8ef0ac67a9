//! What touches only what is due: the plans of the statements that run again and again, kept as tests; and forgetting.
use super::{Place, world};
use crate::verbs::{retention, turns};
use hanbeon_domain::Timestamp;
use hanbeon_store::{Horizon, Store as _};
use rusqlite::Connection;

fn plan(db: &Connection, statement: &str) -> Vec<String> {
    let mut explained = db.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    let parameters = explained.parameter_count();
    let values = vec![0_i64; parameters];
    let steps = explained.query_map(rusqlite::params_from_iter(values), |row| row.get(3)).unwrap();
    steps.collect::<Result<_, _>>().unwrap()
}

/// A plan may walk an index that holds only what is due, or the first rows of a table; never all of one.
#[track_caller]
fn touches_only(db: &Connection, statement: &str, by: &str) {
    let plan = plan(db, statement);
    assert!(plan.iter().any(|step| step.contains(by)), "{statement}: {plan:?}");
    let sorts = plan.iter().find(|step| step.contains("TEMP B-TREE"));
    assert_eq!(sorts, None, "{statement}: {plan:?}");
}

#[test]
fn the_recovery_and_the_next_due_time_look_only_at_what_is_due() {
    let place = Place::new();
    drop(place.open());
    let db = place.raw();
    for statement in [turns::LEASE_DUE, turns::NEXT_DUE] {
        touches_only(&db, statement, "payments_due");
        assert!(
            plan(&db, statement)
                .iter()
                .all(|step| !step.starts_with("SCAN p") || step.contains("INDEX payments_due")),
            "{:?}",
            plan(&db, statement)
        );
    }
}

#[test]
fn a_step_of_forgetting_looks_only_at_the_oldest_rows() {
    let place = Place::new();
    drop(place.open());
    let db = place.raw();
    touches_only(&db, retention::CLAIMS, "claims_by_age (until<?)");
    touches_only(&db, retention::FORGET_AMOUNT, "(session_id=? AND toss_order_id=?)");
    touches_only(&db, retention::FORGET_CLAIM, "(idempotency_key=?)");
    touches_only(&db, retention::FORGET_WEBHOOK, "INTEGER PRIMARY KEY (rowid=?)");
    for statement in [retention::SAVED_AMOUNTS, retention::WEBHOOKS] {
        let plan = plan(&db, statement);
        assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{statement}: {plan:?}");
        assert!(statement.contains("LIMIT 8 * ?2)"), "{statement}");
    }
}

/// Also what the foreign keys look for, which no plan shows: a walk through the payments would take a thousand times as many.
#[test]
fn a_session_goes_without_a_walk_through_the_payments() {
    let place = Place::new();
    drop(place.open());
    let db = place.raw();
    touches_only(&db, retention::FORGET_SESSION, "payments_of_session (payer_session=?)");
    db.execute_batch(
        "PRAGMA foreign_keys = ON;
         INSERT INTO orders (order_id, merchant_reference, order_name, total_amount, lines, created_at)
           VALUES (zeroblob(16), 'order', 'filler', 1, '[]', 1);
         INSERT INTO sessions VALUES (zeroblob(32), 1);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO payments (payment_id, order_id, attempt, toss_order_id, toss_payment_key, toss_payment_status,
             total_amount, created_at, updated_at, version, captured_amount, refunded_amount, reserved_amount, state,
             leaves_order_free)
           SELECT randomblob(16), zeroblob(16), i, 'filler', 'filler' || i, 'EXPIRED', 1, 1, 1, 1, 0, 0, 0, 'expired', 1
           FROM n;",
    )
    .unwrap();
    let mut delete = db.prepare(retention::FORGET_SESSION).unwrap();
    assert_eq!(delete.execute([[0; 32]]).unwrap(), 1);
    let steps = delete.get_status(rusqlite::StatementStatus::VmStep);
    assert!(steps < 500, "{steps} steps beside 5,000 payments");
}

#[tokio::test]
async fn what_is_past_its_date_goes_in_steps_and_the_rest_stays() {
    let place = Place::new();
    let store = place.open();
    let _world = world(&store);
    let db = place.raw();
    db.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
         INSERT INTO webhooks (received_at, meaning, event_type, verdict, repeated, body)
           SELECT i, i, 'x', 'unknown', 0, x'' FROM n;
         INSERT INTO claims (idempotency_key, request, operation, until)
           VALUES ('old', zeroblob(32), zeroblob(16), 5), ('new', zeroblob(32), zeroblob(16), 15);
         INSERT INTO sessions VALUES (zeroblob(32), 1);
         INSERT INTO saved_amounts (session_id, toss_order_id, amount, saved_at)
           VALUES (zeroblob(32), 'order-1', 1, 5), (zeroblob(32), 'order-2', 1, 15);",
    )
    .unwrap();
    let at = Timestamp::from_micros(11);
    let older = Horizon { saved_amounts: at, claims: at, webhooks: at, webhooks_kept: 20 };
    let mut steps = Vec::new();
    loop {
        let gone = store.purge(store.expired(&older, 5).await.unwrap()).await.unwrap();
        steps.push(gone);
        if gone == 0 {
            break;
        }
    }
    assert_eq!(steps, [5, 5, 2, 0], "a step is bounded");
    let count = |table: &str| -> i64 {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("webhooks"), count("claims"), count("saved_amounts")), (10, 1, 1));
}
