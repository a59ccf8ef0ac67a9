//! What a database that is shared does to a transaction: it makes it fail for the sake of others, and ends its connection.
use hanbeon_domain::{Event, PaymentId, PaymentKey, Timestamp, TossStatus};
use hanbeon_store::{Begun, EventRecord, Inserted, Store, StoreError};
use hanbeon_store_postgres::{OpenError, Options, PostgresStore, SCHEMA_VERSION};
use hanbeon_testkit::conformance::world::{LEASE, TOTAL, World, at_once, seen};
use hanbeon_testkit::postgres::{self, Cluster, Database};
use std::collections::BTreeMap;
use std::sync::Arc;

async fn open(database: &Database) -> Arc<PostgresStore> {
    let opened = PostgresStore::open(&database.url(), Options::server(Timestamp::default())).await;
    Arc::new(opened.expect("the database opens"))
}

/// The next three times that a row of this table is written, or at the end of the transaction in which it is, the database
/// says so. A sequence counts: it is not rolled back.
fn fail(database: &Database, table: &str, when: &str, code: &str) {
    database.execute(&format!(
        "CREATE SEQUENCE faults;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
           IF nextval('faults') <= 3 THEN RAISE EXCEPTION 'for the sake of others' USING ERRCODE = '{code}'; END IF;
           RETURN NEW;
         END $$;
         CREATE {when} ON {table} {} FOR EACH ROW EXECUTE FUNCTION fail();",
        if when.starts_with("CONSTRAINT") { "DEFERRABLE INITIALLY DEFERRED" } else { "" }
    ));
}

fn faults(database: &Database) -> i64 {
    let count = database.query("SELECT last_value FROM faults");
    let count = count.trim().parse().expect("a number");
    database.execute("DROP FUNCTION fail() CASCADE; DROP SEQUENCE faults;");
    count
}

/// At every statement that writes, and at the COMMIT. The caller hears of nothing, and all is written once: a verb calls
/// nobody, so that there is nothing else that could happen twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d8_a_transaction_that_the_database_rolls_back_is_run_again() {
    let database = postgres::database();
    let mut world = World::new(open(&database).await);
    let places = [
        ("payments", "TRIGGER t BEFORE INSERT OR UPDATE", "40001"),
        ("journal", "TRIGGER t BEFORE INSERT", "40P01"),
        ("events", "TRIGGER t BEFORE INSERT", "40001"),
        ("payments", "CONSTRAINT TRIGGER t AFTER INSERT OR UPDATE", "40001"),
        ("events", "CONSTRAINT TRIGGER t AFTER INSERT", "40P01"),
    ];
    for (table, when, code) in places {
        let order = world.order().await;
        fail(&database, table, when, code);
        let intent = world.begin(&order).await;
        let paid = world.step(&intent, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
        world.store.commit(&paid, paid.at.plus(LEASE)).await.expect("commit");
        assert!(faults(&database) > 3, "{table}: it did fail");
        let record = world.record(&paid.next).await;
        assert_eq!(record.payment, paid.next);
        assert_eq!((record.history.len(), record.events.len()), (2, 1), "{table} {when}");
        let stale = world.store.commit(&paid, paid.at.plus(LEASE)).await;
        assert!(matches!(stale, Err(StoreError::Superseded)), "and not again: {stale:?}");
    }
}

/// A look-up has no transaction around it that could be rolled back, and its connection is as good as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_that_fails_rolls_nothing_back_and_the_next_one_works() {
    let cluster = Cluster::start();
    let database = cluster.database();
    let store = open(&database).await;
    let key = PaymentKey::parse("tgen_nobody_has_this_key").expect("a key");
    database.execute("ALTER TABLE payments RENAME TO elsewhere");
    store.payment_by_key(&key).await.expect_err("there is no such table");
    database.execute("ALTER TABLE elsewhere RENAME TO payments");
    assert_eq!(store.payment_by_key(&key).await.expect("a look"), None);
    let log = cluster.log();
    assert!(log.contains("does not exist") && !log.contains("no transaction in progress"), "{log}");
}

/// Connections are ended all the time while payments are made. A verb may then say that it does not know; what it wrote is
/// whole, and the store goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_ended_is_replaced_and_nothing_is_half_written() {
    let database = postgres::database();
    let mut world = World::new(open(&database).await);
    let end_all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE application_name LIKE 'hanbeon %' AND datname = current_database() AND pid <> pg_backend_pid()";
    let (mut begun, mut unknown) = (0, 0);
    for _ in 0..30 {
        let order = world.unstored_order();
        let request = world.request(&order);
        let step = world.intent(&order, &request);
        let _ = database.query(end_all);
        match world.store.insert_order(&order).await {
            Ok(Inserted::New) => {}
            Ok(other) => panic!("the id is fresh: {other:?}"),
            Err(StoreError::Unavailable(_)) => unknown += 1,
            Err(error) => panic!("{error}"),
        }
        if world.store.order(order.id).await.ok().flatten().is_none() {
            continue;
        }
        let _ = database.query(end_all);
        match world.store.begin(&step, step.at.plus(LEASE)).await {
            Ok(Begun::Fresh) => begun += 1,
            Ok(Begun::Taken) => panic!("nobody else is there"),
            Err(StoreError::Unavailable(_)) => unknown += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(begun > 0, "{unknown} were unknown");
    let halves = "SELECT count(*) FROM payments p WHERE (SELECT count(*) FROM journal j
        WHERE j.payment_id = p.payment_id) <> 1";
    assert_eq!(database.query(halves).trim(), "0");
}

/// Whoever reads on after the last number that they have seen misses nothing, however many write and read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s14_no_event_comes_before_one_that_was_seen() {
    let database = postgres::database();
    let store = open(&database).await;
    let mut world = World::new(store.clone());
    let mut steps = Vec::new();
    for _ in 0..40 {
        let order = world.order().await;
        let intent = world.begin(&order).await;
        steps.push(world.step(&intent, Event::PspSaid(seen(TossStatus::Done, TOTAL))));
    }
    let mut each = steps.clone().into_iter();
    let writing = at_once(40, |_| {
        let (store, step) = (Arc::clone(&store), each.next().expect("as many as are asked for"));
        async move { store.commit(&step, step.at.plus(LEASE)).await.expect("commit") }
    });
    let reading = at_once(4, |_| {
        let store = Arc::clone(&store);
        async move {
            let mut told: Vec<EventRecord> = Vec::new();
            while told.len() < 40 {
                let after = told.last().map_or(0, |record| record.number);
                told.extend(store.events(after, 7).await.expect("events"));
            }
            told
        }
    });
    let (_, told) = tokio::join!(writing, reading);
    let whole = store.events(0, 1_000).await.expect("events");
    assert_eq!(whole.len(), 40);
    for told in told {
        assert_eq!(told, whole, "every reader has read the same, in the same order");
    }
    let mut seen: BTreeMap<Option<PaymentId>, usize> = BTreeMap::new();
    for record in &whole {
        *seen.entry(record.event.about.payment()).or_default() += 1;
    }
    assert!(steps.iter().all(|step| seen.get(&Some(step.next.id)) == Some(&1)));
}

/// A server that starts leaves to the others what they are at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d9_a_server_that_starts_ends_no_lease_of_another() {
    let database = postgres::database();
    let mut world = World::new(open(&database).await);
    let order = world.order().await;
    let intent = world.begin(&order).await;
    let second = open(&database).await;
    let before = world.now();
    let leased = second.lease_due(before, before.plus(LEASE), 10).await.expect("lease_due");
    assert!(leased.is_empty(), "it is held by the first");
    world.pass(LEASE);
    let after = world.now();
    let leased = second.lease_due(after, after.plus(LEASE), 10).await.expect("lease_due");
    assert_eq!(leased.iter().map(|turn| turn.payment.id).collect::<Vec<_>>(), [intent.id]);
}

/// What two servers promise and forget is seen by both, and a server that starts drops what says nothing any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promise_is_seen_by_every_server() {
    let database = postgres::database();
    let (first, second) = (open(&database).await, open(&database).await);
    let mut world = World::new(first.clone());
    let order = world.order().await;
    let intent = world.begin(&order).await;
    first.promise_undo(intent.id).await.expect("promise_undo");
    assert!(second.undo_promised(intent.id).await.expect("undo_promised"));
    let third = open(&database).await;
    assert!(third.undo_promised(intent.id).await.expect("undo_promised"), "it is still confirming");
    world.said(&intent, seen(TossStatus::Done, TOTAL)).await;
    let fourth = open(&database).await;
    assert!(!fourth.undo_promised(intent.id).await.expect("undo_promised"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_would_lose_commits_or_is_not_ours_is_refused() {
    let database = postgres::database();
    let refused =
        async || PostgresStore::open(&database.url(), Options::tool(Timestamp::default())).await.err();
    let name = database.query("SELECT current_database()");
    database.execute(&format!("ALTER DATABASE {} SET synchronous_commit = off", name.trim()));
    assert!(matches!(refused().await, Some(OpenError::Unsynced(_))));
    database.execute(&format!("ALTER DATABASE {} RESET synchronous_commit", name.trim()));
    database.execute("CREATE TABLE shop (id BIGINT)");
    assert!(matches!(refused().await, Some(OpenError::Foreign)));
}

/// Of many that start at once on an empty database, each finds the schema that one of them has made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_migrate_once() {
    let database = postgres::database();
    let url = database.url();
    let opened = at_once(6, |_| {
        let url = url.clone();
        async move { PostgresStore::open(&url, Options::server(Timestamp::default())).await.map(drop) }
    })
    .await;
    for opened in opened {
        opened.expect("the database opens");
    }
    let migrations = database.query("SELECT count(*) FROM schema_migrations");
    assert_eq!(migrations.trim(), SCHEMA_VERSION.to_string());
}

/// Many payments, few of them due: what looks for those reads an index of them, and not all payments.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_is_found_by_its_index() {
    let database = postgres::database();
    let mut world = World::new(open(&database).await);
    for _ in 0..3 {
        world.paid().await;
    }
    let order = world.order().await;
    world.begin(&order).await;
    database.execute(
        "INSERT INTO orders (order_id, merchant_reference, order_name, total_amount, lines, created_at,
             tax_free_amount, tax_exemption_amount)
           SELECT gen_random_uuid(), 'filler ' || n, 'filler', 50000, '[]', n, 0, 0 FROM generate_series(1, 20000) n;
         INSERT INTO payments (payment_id, order_id, attempt, toss_order_id, toss_payment_key, toss_payment_status,
             total_amount, created_at, updated_at, version, held, look, captured_amount, refunded_amount,
             reserved_amount, late, state)
           SELECT gen_random_uuid(), order_id, 1, 'filler_' || created_at, 'filler_' || created_at, 'DONE',
             50000, 1, 1, 2, FALSE, FALSE, 50000, 0, 0, FALSE, 'paid' FROM orders WHERE order_name = 'filler';
         INSERT INTO events (about_id, sequence, payment_id, kind, at, body, ripe_at, number)
           SELECT order_id, 1, payment_id, 'payment.paid', 1, '{}', 1, 1000 + row_number() OVER () FROM payments
           WHERE toss_order_id LIKE 'filler%';
         INSERT INTO sessions VALUES (decode(repeat('00', 32), 'hex'), 1);
         INSERT INTO saved_amounts (session_id, toss_order_id, seq, amount, saved_at)
           SELECT decode(repeat('00', 32), 'hex'), 'filler_' || n, n, 1, n FROM generate_series(1, 20000) n;
         INSERT INTO claims (idempotency_key, request, operation, until)
           SELECT 'filler_' || n, decode(repeat('00', 32), 'hex'), gen_random_uuid(), n FROM generate_series(1, 20000) n;
         INSERT INTO webhooks (webhook_id, received_at, meaning, event_type, verdict, repeated, body)
           SELECT n, n, 'filler_' || n, 'x', 'known', FALSE, '' FROM generate_series(1, 20000) n;
         ANALYZE;",
    );
    for (what, index) in [
        (
            "SELECT payment_id, due_at FROM payments WHERE due_at <= 1 ORDER BY due_at, payment_id LIMIT 20
          FOR UPDATE SKIP LOCKED",
            "payments_due",
        ),
        ("SELECT min(due_at) FROM payments WHERE due_at IS NOT NULL", "payments_due"),
        (
            "SELECT payment_id FROM payments WHERE state = 'needs_review' ORDER BY updated_at DESC LIMIT 20",
            "payments_to_review",
        ),
        (
            "SELECT about_id FROM events WHERE number IS NULL ORDER BY ripe_at, about_id, sequence LIMIT 1000",
            "events_to_number",
        ),
        (
            "SELECT * FROM saved_amounts WHERE saved_at < 9 ORDER BY saved_at LIMIT 500",
            "saved_amounts_by_age",
        ),
        ("SELECT * FROM claims WHERE until < 9 ORDER BY until LIMIT 500", "claims_by_age"),
        ("SELECT webhook_id FROM webhooks ORDER BY webhook_id DESC OFFSET 10000 LIMIT 1", "webhooks_pkey"),
        (
            "SELECT * FROM (SELECT * FROM webhooks ORDER BY webhook_id LIMIT 8 * 500::BIGINT) AS first
             WHERE received_at < 9 OR webhook_id <= 9 ORDER BY webhook_id LIMIT 500",
            "webhooks_pkey",
        ),
    ] {
        let plan = database.query(&format!("SET enable_seqscan = on; EXPLAIN {what}"));
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{what}\n{plan}");
    }
}
