//! What SQLite finds on an image, and whether it bears out what had left the house.
use crate::claims::Claim;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Row};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Everything on record that somebody could have been told.
#[derive(Debug, Default)]
pub(crate) struct Story {
    keys: HashSet<String>,
    orders: HashSet<String>,
    saved: HashSet<(String, i64)>,
    payments: HashMap<String, Payment>,
    refunds: HashMap<String, Refund>,
    /// The bodies.
    webhooks: HashSet<String>,
}

#[derive(Debug)]
struct Payment {
    id: String,
    order: String,
    toss_order: String,
    amount: i64,
    /// `None` when nothing is under way.
    round: Option<i64>,
    /// Every state that it has been in.
    history: HashSet<String>,
}

#[derive(Debug)]
struct Refund {
    payment: String,
    amount: i64,
    transaction: Option<String>,
}

impl Story {
    /// Opens the database as the server would after the power came back, lets SQLite recover it, checks it, and
    /// reads it.
    ///
    /// # Errors
    /// When the database is damaged.
    pub(crate) fn of(database: &Path) -> Result<Self, String> {
        let db = Connection::open(database).map_err(|e| format!("it does not open: {e}"))?;
        let mut story = Self::read(&db).map_err(|e| format!("it cannot be read: {e}"))??;
        story.add_archive(database.parent().expect("a folder"));
        Ok(story)
    }

    /// What the database has forgotten is on record in the archive beside it, in lines that are whole.
    fn add_archive(&mut self, folder: &Path) {
        for file in std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()) {
            if file.extension().is_none_or(|end| end != "jsonl") {
                continue;
            }
            let text = std::fs::read(&file).expect("an archive");
            let rows = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
            // A sector that is not there yet makes a line that is none.
            for row in rows.filter_map(|line| serde_json::from_slice::<Value>(line).ok()) {
                match row["table"].as_str() {
                    Some("saved_amounts") => {
                        let order = row["toss_order_id"].as_str().expect("a name").to_owned();
                        self.saved.insert((order, row["amount"].as_i64().expect("won")));
                    }
                    Some("webhooks") => {
                        self.webhooks.insert(row["body"].as_str().expect("a body").to_owned());
                    }
                    other => assert_eq!(other, Some("claims"), "{row}"),
                }
            }
        }
    }

    fn read(db: &Connection) -> rusqlite::Result<Result<Self, String>> {
        // Nobody else looks, and nothing here has to last.
        db.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF;")?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let found: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if found != "ok" {
            return Ok(Err(format!("integrity_check: {found}")));
        }
        // The last migration makes it: the power may have gone between two of them, and then nobody was told anything.
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'webhooks'";
        if db.query_row(tables, [], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(Ok(Self::default()));
        }
        let broken: i64 =
            db.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
        if broken > 0 {
            return Ok(Err(format!("{broken} rows point nowhere")));
        }
        let history: Vec<_> = rows(db, "SELECT lower(hex(payment_id)), to_state FROM journal", |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        let mut states: HashMap<String, HashSet<String>> = HashMap::new();
        for (payment, state) in history {
            states.entry(payment).or_default().insert(state);
        }
        Ok(Ok(Self {
            keys: rows(db, "SELECT name FROM api_keys", |row| row.get(0))?,
            orders: rows(db, "SELECT lower(hex(order_id)) FROM orders", |row| row.get(0))?,
            saved: rows(db, "SELECT toss_order_id, amount FROM saved_amounts", |row| Ok((row.get(0)?, row.get(1)?)))?,
            payments: rows(
                db,
                "SELECT toss_payment_key, lower(hex(payment_id)), lower(hex(order_id)), toss_order_id, total_amount,
                        round FROM payments",
                |row| Payment::of(row, &mut states),
            )?,
            refunds: rows(
                db,
                "SELECT lower(hex(refund_id)), lower(hex(payment_id)), amount, transaction_key FROM refunds",
                |row| {
                    let (payment, amount, transaction) = (row.get(1)?, row.get(2)?, row.get(3)?);
                    Ok((row.get(0)?, Refund { payment, amount, transaction }))
                },
            )?,
            webhooks: rows(db, "SELECT CAST(body AS TEXT) FROM webhooks", |row| row.get(0))?,
        }))
    }

    /// Why this claim is not borne out, if it is not.
    pub(crate) fn objects_to(&self, claim: &Claim) -> Option<String> {
        let wrong = match claim {
            Claim::Key { name } => !self.keys.contains(name),
            Claim::Order { id } => !self.orders.contains(id),
            Claim::Saved { toss_order, amount } => !self.saved.contains(&(toss_order.clone(), *amount)),
            Claim::ConfirmLeft { payment, toss_order, amount, idempotency } => {
                !self.payments.get(payment).is_some_and(|intent| {
                    (&intent.toss_order, intent.amount) == (toss_order, *amount)
                        && intent.history.contains("confirming")
                        && intent.explains(idempotency)
                })
            }
            Claim::CancelLeft { payment, part, idempotency } => !self.intends(payment, *part, idempotency),
            Claim::ToldOrder { order, state } => {
                let mut its = self.payments.values().filter(|payment| payment.order == *order);
                !its.any(|payment| payment.history.contains(*state))
            }
            Claim::ToldDeclined { payment } => !self.has_been(payment, "declined"),
            Claim::ToldPending { payment } => !self.has_been(payment, "confirming"),
            Claim::ToldCancel { payment, transaction } => {
                let id = self.payments.get(payment).map(|payment| &payment.id);
                !self.refunds.values().any(|refund| {
                    Some(&refund.payment) == id && refund.transaction.as_ref() == Some(transaction)
                })
            }
            Claim::ToldQueued { refund } => !self.refunds.contains_key(refund),
            Claim::ToldKept { webhook } => !self.webhooks.contains(webhook),
        };
        wrong.then(|| format!("{claim:?} is not on record"))
    }

    fn has_been(&self, payment: &str, state: &str) -> bool {
        self.payments.get(payment).is_some_and(|payment| payment.history.contains(state))
    }

    /// Is there a refund from which this call's key was made?
    fn intends(&self, payment: &str, part: Option<i64>, idempotency: &str) -> bool {
        let Some(payment) = self.payments.get(payment) else { return false };
        let refund =
            idempotency.strip_prefix("hanbeon-").and_then(|key| self.refunds.get(key.split('-').next()?));
        refund.is_some_and(|refund| {
            refund.payment == payment.id
                && part.is_none_or(|part| part == refund.amount)
                && payment.history.contains("canceling")
        })
    }
}

impl Payment {
    fn of(row: &Row<'_>, states: &mut HashMap<String, HashSet<String>>) -> rusqlite::Result<(String, Self)> {
        let id: String = row.get(1)?;
        let history = states.remove(&id).unwrap_or_default();
        let (order, toss_order, amount, round) = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
        Ok((row.get(0)?, Self { id, order, toss_order, amount, round, history }))
    }

    /// Would whoever finds this send the same key, or has it moved on since?
    fn explains(&self, idempotency: &str) -> bool {
        let round = idempotency.strip_prefix(&format!("hanbeon-{}-confirm-", self.id));
        round
            .and_then(|round| round.parse().ok())
            .is_some_and(|round: i64| self.round.is_none_or(|now| now >= round))
    }
}

fn rows<T, C: FromIterator<T>>(
    db: &Connection,
    query: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<C> {
    db.prepare(query)?.query_map([], read)?.collect()
}

#[test]
fn a_damaged_database_is_no_story() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db");
    let db = Connection::open(&file).unwrap();
    db.execute_batch("CREATE TABLE one (n UNIQUE); INSERT INTO one VALUES (1), (2), (3)").unwrap();
    drop(db);
    Story::of(&file).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    // The index still knows the rows that were in this page.
    bytes[4096 + 512..8192].fill(0);
    std::fs::write(&file, bytes).unwrap();
    Story::of(&file).unwrap_err();
}
