//! Our books in PostgreSQL, copied into a file that the checker reads: as much of them as it asks for, and word for word. And
//! what a test does to them.
use hanbeon_testkit::postgres::query;
use rusqlite::Connection;
use std::path::Path;

/// Table; its columns in PostgreSQL, of which the first so many are bytes in hex; and their names here.
const TABLES: [(&str, usize, &str, &str); 5] = [
    (
        "orders",
        1,
        "replace(order_id::text, '-', ''), merchant_reference",
        "order_id BLOB, merchant_reference TEXT",
    ),
    (
        "payments",
        2,
        "replace(payment_id::text, '-', ''), replace(order_id::text, '-', ''), toss_payment_key, state, version,
         captured_amount, refunded_amount, reserved_amount, canceled_by",
        "payment_id BLOB, order_id BLOB, toss_payment_key TEXT, state TEXT, version INTEGER,
         captured_amount INTEGER, refunded_amount INTEGER, reserved_amount INTEGER, canceled_by TEXT",
    ),
    (
        "refunds",
        2,
        "replace(refund_id::text, '-', ''), replace(payment_id::text, '-', ''), seq, reason, amount, state,
         transaction_key, actor",
        "refund_id BLOB, payment_id BLOB, seq INTEGER, reason TEXT, amount INTEGER, state TEXT,
         transaction_key TEXT, actor TEXT",
    ),
    (
        "journal",
        1,
        "replace(payment_id::text, '-', ''), version, from_state, to_state",
        "payment_id BLOB, version INTEGER, from_state TEXT, to_state TEXT",
    ),
    ("webhooks", 1, "encode(body, 'hex'), transmission_id", "body BLOB, transmission_id TEXT"),
];

/// Makes the file.
pub(crate) fn mirror(url: &str, file: &Path) {
    // A database of an embedded store, which nobody has used.
    let _ = std::fs::remove_file(file);
    let mut db = Connection::open(file).expect("a file");
    let copy = db.transaction().expect("a transaction");
    for (table, bytes, theirs, ours) in TABLES {
        copy.execute_batch(&format!("CREATE TABLE {table} ({ours}) STRICT")).expect("a table");
        let columns = ours.split(',').count();
        let cells =
            (1..=columns).map(|at| if at <= bytes { format!("unhex(?{at})") } else { format!("?{at}") });
        let cells: Vec<_> = cells.collect();
        let insert = format!("INSERT INTO {table} VALUES ({})", cells.join(", "));
        let mut insert = copy.prepare(&insert).expect("a statement");
        for line in query(url, &format!("COPY (SELECT {theirs} FROM {table}) TO STDOUT")).lines() {
            let cells = line.split('\t').map(|cell| (cell != r"\N").then_some(cell));
            insert.execute(rusqlite::params_from_iter(cells)).expect("a row");
        }
    }
    copy.commit().expect("a copy");
}

/// What is under way, waits for its turn, or is to be looked at.
pub(crate) fn moving(url: &str) -> String {
    query(
        url,
        "SELECT (SELECT count(*) FROM payments WHERE state IN ('confirming', 'canceling') OR held OR look
             OR noticed_at IS NOT NULL)
           + (SELECT count(*) FROM refunds WHERE state IN ('queued', 'sending'))",
    )
}

/// Leases and claims run out, of those who live and of those who do not: but for the rows that somebody writes right now,
/// all are two minutes older.
pub(crate) fn a_lease_passes(url: &str) {
    let _ = query(
        url,
        "UPDATE payments SET due_at = due_at - 120000000 WHERE payment_id IN (
           SELECT payment_id FROM payments WHERE due_at IS NOT NULL FOR UPDATE SKIP LOCKED)",
    );
    let _ = query(
        url,
        "UPDATE claims SET until = until - 120000000 WHERE idempotency_key IN (
           SELECT idempotency_key FROM claims WHERE answer_status IS NULL FOR UPDATE SKIP LOCKED)",
    );
}
