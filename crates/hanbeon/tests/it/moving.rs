//! From SQLite to PostgreSQL: everything, once, and nobody goes on where it was.
use crate::backup::said;
use crate::resync::{chooses_account, feed, named, numbers_go_on, paid, well};
use crate::support::{World, until};
use hanbeon_domain::Timestamp;
use hanbeon_store::Store;
use hanbeon_store::moving::TABLES;
use hanbeon_store_postgres::PostgresStore;
use hanbeon_store_sqlite::{Options, SqliteStore};
use hanbeon_testkit::conformance;
use hanbeon_testkit::postgres::{self, Database};
use std::collections::BTreeSet;
use std::path::Path;
use std::pin::Pin;
use std::process::{Output, Stdio};
use std::sync::Arc;
use tokio::process::Command;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, Operation, When};

fn migrate(from: &Path, to: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hanbeon"));
    let from = format!("sqlite://{}", from.display());
    command.args(["migrate", "--from", &from]).env_clear().env("HANBEON_MIGRATE_TO", to.url());
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn migrated(from: &Path, to: &Database) -> Output {
    migrate(from, to).output().await.expect("it runs")
}

/// With hanbeon's schema, and nothing in it.
async fn fresh() -> Database {
    let database = postgres::database();
    drop(open(&database).await);
    database
}

async fn open(database: &Database) -> PostgresStore {
    let options = hanbeon_store_postgres::Options::tool(Timestamp::default());
    PostgresStore::open(&database.url(), options).await.expect("the database opens")
}

/// Does it say that no server may start here?
async fn is_closed(database: &Database) -> bool {
    let options = hanbeon_store_postgres::Options::server(Timestamp::default());
    PostgresStore::open(&database.url(), options).await.is_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_moves_to_postgresql_and_goes_on_there_and_nowhere_else() {
    let mut world = World::new().await;
    let (kept, part, whole) =
        (paid(&world, 1_000).await, paid(&world, 3_000).await, paid(&world, 2_000).await);
    part.cancel_part(&world.api, 500).await.has_status(200);
    whole.cancel(&world.api).await.has_status(200);
    let account = chooses_account(&world).await;
    account.confirm(&world.api).await.has_status(200);
    let declined = named(&world, 1_000).await;
    let refused = FaultKind::FailBefore { status: 403, code: Some("REJECT_CARD_PAYMENT".to_owned()) };
    world.spoil(FaultOperation::Confirm, refused);
    declined.confirm(&world.api).await.is_refusal();
    let told_before = feed(&world).await;
    // Toss has charged, and the server dies before it hears of it.
    let lost = named(&world, 4_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 20_000, when: When::After });
    let asking = tokio::spawn({
        let (buyer, api) = (lost.clone(), world.api.clone());
        async move { buyer.try_confirm(&api).await.is_some() }
    });
    until("Toss has charged", async || (!world.effects(&lost.key).is_empty()).then_some(())).await;

    let to = postgres::database();
    let from = world.database();
    let held = migrated(&from, &to).await;
    assert!(!held.status.success() && said(&held).contains("another hanbeon server"), "{}", said(&held));
    world.kill().await;
    let _ = asking.await;
    let registry = world.folder.path().join("generation");
    world.environment = vec![("HANBEON_FENCE_FILE", registry.to_str().unwrap().to_owned())];
    well(&world, &["fence", "--register"]).await;
    let source = format!("sqlite://{}", from.display());
    let report = well(&world, &["migrate", "--from", &source, "--to", &to.url()]).await;
    assert!(report.contains("generation 1") && !report.contains("DIFFERENT"), "{report}");
    assert_eq!(std::fs::read_to_string(&registry).unwrap().trim(), "1");
    for command in [&["serve"][..], &["resync", "--since", "2020-01-01"]] {
        let left = world.run(command).await;
        assert!(!left.status.success() && said(&left).contains("were moved"), "{}", said(&left));
    }
    let again = world.run(&["migrate", "--from", &source, "--to", &postgres::database().url()]).await;
    assert!(!again.status.success() && said(&again).contains("moved before"), "{}", said(&again));

    world.environment.push(("HANBEON_DATABASE_URL", to.url()));
    well(&world, &["verify"]).await;
    world.start().await;
    assert_eq!(feed(&world).await[..told_before.len()], told_before, "what was told keeps number and id");
    until("the charge that was under way is known", async || {
        let state = format!("SELECT state FROM payments WHERE toss_payment_key = '{}'", lost.key);
        (to.query(&state) == "paid").then_some(())
    })
    .await;
    assert_eq!(world.effects(&lost.key), [(EffectKind::Approved, Some(4_000))], "and charged once");
    kept.read(&world.api).await.is(200, &kept.view("DONE"));
    let confirms = world.calls(Operation::Confirm);
    kept.confirm(&world.api).await.is(200, &kept.view("DONE"));
    assert_eq!(world.calls(Operation::Confirm), confirms, "nobody is charged again");
    part.cancel_part(&world.api, 500).await.has_status(200);
    let waits = format!("SELECT state FROM payments WHERE toss_payment_key = '{}'", account.key);
    assert_eq!(to.query(&waits), "waiting_for_deposit");
    numbers_go_on(&world, &told_before).await;
}

type Case = fn(Arc<SqliteStore>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($module:ident: $($case:ident),+;)+) => {
        [$($(case(stringify!($case), |store| Box::pin(conformance::$module::$case(store)))),+),+]
    };
}

const fn case(name: &'static str, run: Case) -> (&'static str, Case) {
    (name, run)
}

/// What the conformance suite leaves in a store of one kind is read from the other as it was: every state of payments,
/// refunds, wishes, billing keys, charges, subscriptions, receipts, webhooks, answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_row_comes_over_as_it_was() {
    let cases = cases! {
        states: every_state_comes_back_with_all_its_facts;
        refunds: a_refund_ends_with_the_exact_answer, a_refused_refund_frees_the_budget;
        wishes: a_wish_waits_for_its_turn, only_so_many_wishes_wait;
        elsewhere: a_cancel_made_elsewhere_is_kept_once, late_money_claims_no_order_that_is_held;
        tax: s20_what_is_not_taxed_comes_back_as_it_was_written;
        sessions: beyond_the_limit_the_oldest_saved_amount_goes;
        events: j3_the_events_of_an_order_are_counted_without_gaps;
        notices: a_webhook_is_kept_as_it_came, a_repeated_webhook_is_known_and_followed;
        claims: an_answer_is_repeated_as_it_was;
        keys: keys_are_listed_oldest_first;
        billing: a_billing_key_is_kept_sealed_until_it_is_deleted,
            s21_another_charge_of_a_period_follows_only_a_refusal, a_charge_that_is_done_is_a_payment;
        receipts: a_receipt_comes_back_as_it_was_written, f13_money_that_goes_back_makes_the_receipt_due;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut filled = BTreeSet::new();
    for (name, case) in cases {
        let from = folder.path().join(name);
        let store = SqliteStore::open(&from, Options::server(Timestamp::default())).unwrap();
        case(Arc::new(store)).await;
        let to = postgres::database();
        let done = until_unlocked(&from, &to).await;
        assert!(done.status.success(), "{name}: {}", said(&done));
        let left = SqliteStore::open(&from, Options::tool(Timestamp::default())).unwrap();
        same(name, &left, &open(&to).await).await;
        for table in TABLES {
            if to.query(&format!("SELECT 1 FROM {} LIMIT 1", table.name)) == "1" {
                filled.insert(table.name);
            }
        }
    }
    let never: Vec<_> = TABLES.iter().map(|table| table.name).filter(|name| !filled.contains(name)).collect();
    assert_eq!(never, ["refund_accounts", "undo_promises"], "each other table had rows that moved");
}

/// The threads of a store that was dropped let go of its lock in a moment.
async fn until_unlocked(from: &Path, to: &Database) -> Output {
    until("the store is let go", async || {
        let done = migrated(from, to).await;
        (!said(&done).contains("another hanbeon server")).then_some(done)
    })
    .await
}

async fn same(name: &str, left: &SqliteStore, came: &PostgresStore) {
    let records = left.records_after(None, 1_000).await.unwrap();
    assert_eq!(came.records_after(None, 1_000).await.unwrap(), records, "{name}");
    for record in &records {
        let order = record.payment.order;
        assert_eq!(came.order(order).await.unwrap(), left.order(order).await.unwrap(), "{name}");
    }
    assert_eq!(came.events(0, 1_000).await.unwrap(), left.events(0, 1_000).await.unwrap(), "{name}");
    assert_eq!(
        came.webhooks(None, 1_000).await.unwrap(),
        left.webhooks(None, 1_000).await.unwrap(),
        "{name}"
    );
    assert_eq!(came.api_keys().await.unwrap(), left.api_keys().await.unwrap(), "{name}");
}

/// A promise to take a charge back stands in a file of its own beside SQLite's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promises_to_take_a_charge_back_and_sealed_accounts_move_along() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("shop.db");
    let store = Arc::new(SqliteStore::open(&from, Options::server(Timestamp::default())).unwrap());
    let mut world = conformance::world::World::new(store.clone());
    let order = world.order().await;
    let (promised, other) = (world.begin(&order).await, world.paid().await);
    for payment in [&promised, &other] {
        store.promise_undo(payment.id).await.unwrap();
    }
    world.canceling(&other, Some(1_000)).await;
    let db = rusqlite::Connection::open(&from).unwrap();
    db.execute("INSERT INTO refund_accounts SELECT refund_id, 'key', x'00ff' FROM refunds", []).unwrap();
    drop((world, store, db));
    let to = postgres::database();
    let done = until_unlocked(&from, &to).await;
    assert!(done.status.success(), "{}", said(&done));
    let came = open(&to).await;
    assert!(came.undo_promised(promised.id).await.unwrap());
    assert!(!came.undo_promised(other.id).await.unwrap(), "what became of it is known");
    assert_eq!(to.query("SELECT sealed_by, sealed FROM refund_accounts"), r"key|\x00ff");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_half_way_is_run_again_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let from = shop(folder.path(), 1_300).await;
    let to = fresh().await;
    // In the third batch of a table PostgreSQL takes its time.
    to.execute(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN IF NEW.created_at = 1200 THEN PERFORM pg_sleep(600); END IF; RETURN NEW; END $$;
         CREATE TRIGGER wait BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    let mut killed = migrate(&from, &to);
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let waits = format!(
        "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = '{}'",
        to.url().rsplit('/').next().unwrap()
    );
    let backend =
        until("it is half way", async || Some(to.query(&waits)).filter(|pid| !pid.is_empty())).await;
    killed.kill().await.unwrap();
    to.execute(&format!("SELECT pg_terminate_backend({backend}, 10000)"));
    to.execute("DROP TRIGGER wait ON sessions");
    let carried: u64 = to.query("SELECT count(*) FROM sessions").parse().unwrap();
    assert_eq!(carried, 1_000, "two batches are there");
    assert!(is_closed(&to).await, "no server starts on half of the books");
    let other = shop(&folder.path().join("other"), 1).await;
    let mixed = migrated(&other, &to).await;
    assert!(!mixed.status.success() && said(&mixed).contains("holds books already"), "{}", said(&mixed));

    let done = migrated(&from, &to).await;
    assert!(done.status.success() && said(&done).contains("goes on"), "{}", said(&done));
    assert_eq!(to.query("SELECT count(*) FROM sessions"), "1300");
    assert!(!is_closed(&to).await);
    let again = migrated(&other, &to).await;
    assert!(!again.status.success() && said(&again).contains("holds books already"), "{}", said(&again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_changed_or_lost_on_its_way_is_found_and_no_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    let from = shop(folder.path(), 3).await;
    for (table, does) in [
        ("orders", "NEW.order_name := NEW.order_name || '!'; RETURN NEW"),
        ("sessions", "IF NEW.created_at = 2 THEN RETURN NULL; END IF; RETURN NEW"),
    ] {
        let to = fresh().await;
        to.execute(&format!(
            "CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; END $$;
             CREATE TRIGGER tamper BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION tamper()"
        ));
        let found = migrated(&from, &to).await;
        let report = said(&found);
        assert!(!found.status.success(), "{report}");
        let different: Vec<_> = report.lines().filter(|line| line.contains("DIFFERENT")).collect();
        assert!(matches!(different[..], [line] if line.starts_with(table)), "{report}");
        assert!(is_closed(&to).await);
        // What is left behind is as it was.
        drop(SqliteStore::open(&from, Options::server(Timestamp::default())).unwrap());
    }
}

#[test]
fn nothing_that_is_stored_is_left_behind() {
    let carried = |but: &[(&str, &str)]| -> BTreeSet<(String, String)> {
        let all =
            TABLES.iter().flat_map(|table| table.columns.iter().map(|column| (table.name, column.name)));
        let all = all.filter(|one| !but.contains(one));
        all.map(|(table, column)| (table.to_owned(), column.to_owned())).collect()
    };
    // What follows from the rest, or says nothing of the shop. Which payment leaves its order free follows from the state,
    // as its CHECK says.
    let ours = |table: &str| matches!(table, "schema_migrations" | "generation" | "probe" | "event_counter");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    drop(SqliteStore::open(&path, Options::tool(Timestamp::default())).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    let mut columns = db
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_xinfo(t.name) c
             WHERE t.type = 'table' AND c.hidden = 0 AND t.name NOT LIKE 'sqlite%'
             AND c.name <> 'leaves_order_free'",
        )
        .unwrap();
    let rows = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let here: BTreeSet<(String, String)> =
        rows.map(Result::unwrap).filter(|(table, _): &(String, _)| !ours(table)).collect();
    assert_eq!(here, carried(&[("undo_promises", "payment_id"), ("events", "ripe_at")]));

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let to = runtime.block_on(fresh());
    let columns = to.query(
        "SELECT table_name, column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND is_generated = 'NEVER'",
    );
    let there: BTreeSet<(String, String)> = columns
        .lines()
        .filter_map(|line| line.split_once('|'))
        .filter(|(table, _)| !ours(table))
        .map(|(table, column)| (table.to_owned(), column.to_owned()))
        .collect();
    assert_eq!(there, carried(&[]));
}

/// A shop with a payment, and so many sessions.
async fn shop(folder: &Path, sessions: u32) -> std::path::PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("shop.db");
    // No two shops are made in the same microsecond.
    let made_at = Timestamp::from_micros(sessions.into());
    let store = Arc::new(SqliteStore::open(&path, Options::tool(made_at)).unwrap());
    conformance::world::World::new(store).paid().await;
    let db = rusqlite::Connection::open(&path).unwrap();
    let sessions = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {sessions})
         INSERT INTO sessions SELECT unhex(printf('%064x', i)), i FROM n"
    );
    db.execute_batch(&sessions).unwrap();
    path
}
