//! The books of another store on their way in here. No server starts on them before they are whole.
//!
//! 1. **found**, **begin**: a database without rows is given to the books that come, and to no others;
//! 2. **take**: some rows, in one transaction. Rows come in the order of their keys, so the last key says how far it went;
//! 3. **sum**: read back, and added up; 4. **become**: the next generation; 5. **open**: a server may start.
use crate::address::Address;
use crate::connect::Connection;
use crate::error::{corrupt, sql};
use crate::migrate::migrate;
use crate::open::OpenError;
use hanbeon_domain::Timestamp;
use hanbeon_store::moving::{BooksName, Cell, Column, Kind, Sum, TABLES, Table, Tally};
use hanbeon_store::{EVENTS_PER_GENERATION, StoreError};
use std::fmt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

/// Rows that are read at once when they are added up.
const PAGE: i32 = 1_000;

/// As the embedded store does when its server starts.
const LEASES_END: &[(&str, &str)] = &[
    (
        "payments",
        "UPDATE payments SET held = FALSE, due_at = least(due_at, $1) WHERE due_at IS NOT NULL
           AND (held OR (state IN ('confirming', 'canceling') AND due_at > $1))",
    ),
    ("charges", "UPDATE charges SET due_at = $1 WHERE due_at > $1"),
    ("billing_keys", "UPDATE billing_keys SET due_at = $1 WHERE due_at > $1"),
    (
        "subscriptions",
        "UPDATE subscriptions SET due_at = $1 WHERE due_at BETWEEN $1 AND $1 + 2::bigint * 60 * 60 * 1000000",
    ),
    ("receipts", "UPDATE receipts SET due_at = $1 WHERE due_at > $1"),
];

/// What was there when books began to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// The beginning of the same books.
    Beginning,
    /// The same or other books, whole; or the beginning of others. They stay.
    Others,
}

/// A database that takes the books of another store.
pub struct Arriving {
    connection: Connection,
}

impl fmt::Debug for Arriving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arriving").finish_non_exhaustive()
    }
}

impl Arriving {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(url: &str, now: Timestamp) -> Result<Self, OpenError> {
        let mut connection = Address::of(url)?.connect().await?;
        migrate(&mut connection.client, &[], now).await?;
        // A large table is sorted and read for longer than any verb may take.
        let patient = connection.client.batch_execute("SET statement_timeout = 0").await;
        patient.map_err(OpenError::Connect)?;
        Ok(Self { connection })
    }

    /// Looks what is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn found(&self, books: BooksName) -> Result<Found, StoreError> {
        let client = &self.connection.client;
        let failed = |error: Error| sql("generation", &error);
        let row = client.query_one("SELECT moving_from FROM generation", &[]).await.map_err(failed)?;
        match row.try_get::<_, Option<&[u8]>>(0).map_err(failed)? {
            Some(coming) if coming == books => return Ok(Found::Beginning),
            Some(_) => return Ok(Found::Others),
            None => {}
        }
        for table in TABLES {
            let some = format!("SELECT 1 FROM {} LIMIT 1", table.name);
            let some = client.query_opt(&some, &[]).await.map_err(|error| sql(table.name, &error))?;
            if some.is_some() {
                return Ok(Found::Others);
            }
        }
        Ok(Found::Nothing)
    }

    /// Gives the database, in which nothing was found, to these books. No server starts on it from now on.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] when somebody else was faster.
    pub async fn begin(&self, books: BooksName) -> Result<(), StoreError> {
        let mark = "UPDATE generation SET moving_from = $1 WHERE moving_from IS NULL";
        let marked = self.connection.client.execute(mark, &[&books.as_slice()]).await;
        match marked.map_err(|error| sql("generation", &error))? {
            0 => Err(StoreError::Superseded),
            _ => Ok(()),
        }
    }

    /// The last row of a table, as far as its key; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last(&self, table: &Table) -> Result<Option<Vec<Cell>>, StoreError> {
        let key = &table.columns[..table.key];
        let order: Vec<_> = key.iter().map(|column| format!("{} DESC", ordered(column))).collect();
        let select =
            format!("SELECT {} FROM {} ORDER BY {} LIMIT 1", names(key), table.name, order.join(", "));
        let row = self.connection.client.query_opt(&select, &[]).await;
        row.map_err(|error| sql(table.name, &error))?.map(|row| cells(table, key, &row)).transpose()
    }

    /// Writes these rows, all or none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take(&mut self, table: &Table, rows: &[Vec<Cell>]) -> Result<(), StoreError> {
        let failed = |error: Error| sql(table.name, &error);
        let parts: Vec<_> = (1..)
            .zip(table.columns)
            .map(|(at, column)| format!("${at}::{}[]", type_of(column.kind)))
            .collect();
        let insert = format!(
            "INSERT INTO {} ({}) SELECT * FROM unnest({})",
            table.name,
            names(table.columns),
            parts.join(", ")
        );
        let columns = table.columns.iter().enumerate().map(|(at, column)| {
            let lane = lane(column.kind, rows.iter().map(|row| &row[at]));
            lane.ok_or_else(|| corrupt(table.name, column.name))
        });
        let columns: Vec<Box<dyn ToSql + Sync + Send>> = columns.collect::<Result<_, _>>()?;
        let columns: Vec<&(dyn ToSql + Sync)> =
            columns.iter().map(|lane| -> &(dyn ToSql + Sync) { &**lane }).collect();
        let tx = self.connection.client.transaction().await.map_err(failed)?;
        let statement = tx.prepare(&insert).await.map_err(failed)?;
        // The rule for a wish is kept when it is made. Later a cancel that was made elsewhere may leave too little for it.
        let rule = if table.name == "refunds" { Some("waiting_refunds_fit") } else { None };
        if let Some(rule) = rule {
            let off = format!("ALTER TABLE {} DISABLE TRIGGER {rule}", table.name);
            tx.batch_execute(&off).await.map_err(failed)?;
        }
        tx.execute(&statement, &columns).await.map_err(failed)?;
        if let Some(rule) = rule {
            let on = format!("ALTER TABLE {} ENABLE TRIGGER {rule}", table.name);
            tx.batch_execute(&on).await.map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    /// What a table holds, as the database reads it back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sum(&mut self, table: &Table) -> Result<Sum, StoreError> {
        let failed = |error: Error| sql(table.name, &error);
        let key: Vec<_> = table.columns[..table.key].iter().map(ordered).collect();
        let select =
            format!("SELECT {} FROM {} ORDER BY {}", names(table.columns), table.name, key.join(", "));
        let tx = self.connection.client.transaction().await.map_err(failed)?;
        let portal = tx.bind(&select, &[]).await.map_err(failed)?;
        let mut tally = Tally::default();
        loop {
            let page = tx.query_portal(&portal, PAGE).await.map_err(failed)?;
            if page.is_empty() {
                return Ok(tally.sum());
            }
            for row in &page {
                tally.add(&cells(table, table.columns, row)?);
            }
        }
    }

    /// Makes these books a copy younger than `above`, unless they are already. Events to come are numbered after all
    /// that there are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn become_younger(&mut self, above: u64) -> Result<u64, StoreError> {
        let failed = |error: Error| sql("generation", &error);
        let tx = self.connection.client.transaction().await.map_err(failed)?;
        let row = tx.query_one("SELECT number FROM generation FOR UPDATE", &[]).await.map_err(failed)?;
        let number: i64 = row.try_get(0).map_err(failed)?;
        let number = number.max(above.saturating_add(1).cast_signed());
        tx.execute("UPDATE generation SET number = $1", &[&number]).await.map_err(failed)?;
        let first = number.saturating_mul(EVENTS_PER_GENERATION.cast_signed());
        let count = "UPDATE event_counter SET last_number =
            greatest(last_number, $1, (SELECT coalesce(max(number), 0) FROM events)) WHERE counter_id = 1";
        tx.execute(count, &[&first]).await.map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(number.unsigned_abs())
    }

    /// The books are whole: a server may start on them. Nobody holds anything any more, so what is under way is due.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_for_service(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let tx = self.connection.client.transaction().await.map_err(|error| sql("generation", &error))?;
        for (table, end) in LEASES_END {
            tx.execute(*end, &[&now.as_micros()]).await.map_err(|error| sql(table, &error))?;
        }
        let whole = "UPDATE generation SET moving_from = NULL";
        tx.execute(whole, &[]).await.map_err(|error| sql("generation", &error))?;
        tx.commit().await.map_err(|error| sql("generation", &error))
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// Byte by byte, whatever the database's language is.
fn ordered(column: &Column) -> String {
    let collate = if column.kind == Kind::Text { " COLLATE \"C\"" } else { "" };
    format!("{}{collate}", column.name)
}

const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "bigint",
        Kind::Truth => "boolean",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
        Kind::Id => "uuid",
    }
}

/// The cells of one column; `None` when one is of another kind.
fn lane<'c>(kind: Kind, cells: impl Iterator<Item = &'c Cell>) -> Option<Box<dyn ToSql + Sync + Send + 'c>> {
    fn all<'c, T: ToSql + Sync + Send + 'c>(
        cells: impl Iterator<Item = &'c Cell>,
        read: impl Fn(&'c Cell) -> Option<T>,
    ) -> Option<Box<dyn ToSql + Sync + Send + 'c>> {
        let read = |cell: &'c Cell| if *cell == Cell::Null { Some(None) } else { read(cell).map(Some) };
        Some(Box::new(cells.map(read).collect::<Option<Vec<Option<T>>>>()?))
    }
    match kind {
        Kind::Number => all(cells, |cell| if let Cell::Number(it) = cell { Some(*it) } else { None }),
        Kind::Truth => all(cells, |cell| if let Cell::Truth(it) = cell { Some(*it) } else { None }),
        Kind::Text => all(cells, |cell| if let Cell::Text(it) = cell { Some(it.as_str()) } else { None }),
        Kind::Bytes => all(cells, |cell| if let Cell::Bytes(it) = cell { Some(it.as_slice()) } else { None }),
        Kind::Id => all(cells, |cell| if let Cell::Id(it) = cell { Some(*it) } else { None }),
    }
}

fn cells(table: &Table, columns: &[Column], row: &Row) -> Result<Vec<Cell>, StoreError> {
    let read = |(at, column): (usize, &Column)| {
        Ok(match column.kind {
            Kind::Number => row.try_get::<_, Option<i64>>(at)?.map(Cell::Number),
            Kind::Truth => row.try_get::<_, Option<bool>>(at)?.map(Cell::Truth),
            Kind::Text => row.try_get::<_, Option<String>>(at)?.map(Cell::Text),
            Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(at)?.map(Cell::Bytes),
            Kind::Id => row.try_get::<_, Option<Uuid>>(at)?.map(Cell::Id),
        }
        .unwrap_or(Cell::Null))
    };
    let cells: Result<_, Error> = columns.iter().enumerate().map(read).collect();
    cells.map_err(|error| sql(table.name, &error))
}
