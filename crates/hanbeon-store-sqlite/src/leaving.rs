//! The books on their way to another store: read while nobody serves them, and in the end marked, so that nobody does again.
use crate::error::{corrupt, sql};
use crate::migrate::{MIGRATIONS, migrate, pending};
use crate::open::{OpenError, Options, connect, set_writer_up, take_lock};
use crate::undo;
use crate::verbs::generation;
use crate::verbs::payments::most;
use hanbeon_domain::{PaymentId, Timestamp};
use hanbeon_store::moving::{BooksName, Cell, Column, Kind, Sum, Table, Tally};
use hanbeon_store::{Generation, StoreError};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Rows that are read at once when they are added up.
const PAGE: usize = 1_000;

/// A database that nobody serves while this is held.
#[derive(Debug)]
pub struct Leaving {
    db: Connection,
    path: PathBuf,
    _lock: File,
}

impl Leaving {
    /// Takes the server's lock, and brings the schema up to date. Nothing else is changed: no lease is ended.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::NotThere`] when there is no such file, and [`OpenError::Held`] when a server runs on it.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, OpenError> {
        if !path.is_file() {
            return Err(OpenError::NotThere(path.to_owned()));
        }
        let lock = take_lock(path)?.ok_or_else(|| OpenError::Held(path.to_owned()))?;
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let is_behind = pending(&db, path, MIGRATIONS)?.is_some();
        let options = Options::tool(now);
        set_writer_up(&db, options)?;
        if is_behind {
            migrate(&db, path, MIGRATIONS, &options)?;
        }
        Ok(Self { db, path: path.to_owned(), _lock: lock })
    }

    /// Which books these are: when which migration was applied to them, and which copy they are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn name(&self) -> Result<BooksName, StoreError> {
        let text =
            "SELECT group_concat(version || ' ' || hex(checksum) || ' ' || applied_at, ',' ORDER BY version)
                      || ' ' || (SELECT number FROM generation) FROM schema_migrations";
        let text: String = self.db.query_row(text, [], |row| row.get(0)).map_err(sql("schema_migrations"))?;
        Ok(Sha256::digest(text).into())
    }

    /// Which copy of the books.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn generation(&self) -> Result<Generation, StoreError> {
        generation::one(&self.db)
    }

    /// When they were moved, if they were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn moved_at(&self) -> Result<Option<Timestamp>, StoreError> {
        generation::moved_at(&self.db)
    }

    /// At most `limit` rows of a table, in the order of its key, after this one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rows(
        &self,
        table: &Table,
        after: Option<&[Cell]>,
        limit: usize,
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        if table.name == "undo_promises" {
            return self.promises(after, limit);
        }
        let columns: Vec<_> = table.columns.iter().map(|column| source(table, column)).collect();
        let key: Vec<_> = table.columns[..table.key].iter().map(|column| column.name).collect();
        let (key, marks) = (key.join(", "), vec!["?"; table.key].join(", "));
        let from = if after.is_some() { format!("WHERE ({key}) > ({marks})") } else { String::new() };
        let select = format!(
            "SELECT {} FROM {} {from} ORDER BY {key} LIMIT {}",
            columns.join(", "),
            table.name,
            most(limit)
        );
        let mut statement = self.db.prepare_cached(&select).map_err(sql(table.name))?;
        let after = after.unwrap_or_default().iter().take(table.key).map(Shown);
        let mut found = statement.query(params_from_iter(after)).map_err(sql(table.name))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(sql(table.name))? {
            let cells = table.columns.iter().enumerate().map(|(at, column)| {
                let value = row.get_ref(at).map_err(sql(table.name))?;
                cell(column.kind, value).ok_or_else(|| corrupt(table.name, column.name))
            });
            rows.push(cells.collect::<Result<_, _>>()?);
        }
        Ok(rows)
    }

    /// What a table holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sum(&self, table: &Table) -> Result<Sum, StoreError> {
        let mut tally = Tally::default();
        let mut page = self.rows(table, None, PAGE)?;
        while let Some(last) = page.last() {
            for row in &page {
                tally.add(row);
            }
            page = self.rows(table, Some(last), PAGE)?;
        }
        Ok(tally.sum())
    }

    /// From now on no server starts on them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn moved(&self, now: Timestamp) -> Result<(), StoreError> {
        generation::moved(&self.db, now)
    }

    /// Those of the undo file, which stands beside the database.
    fn promises(&self, after: Option<&[Cell]>, limit: usize) -> Result<Vec<Vec<Cell>>, StoreError> {
        let promised = undo::promised(&self.path, &self.db);
        let promised = promised.map_err(|error| crate::error::unavailable(error.to_string()))?;
        let after = after.map(|row| row[0].clone());
        let rows = promised.into_iter().map(PaymentId::uuid);
        let rows = rows.filter(|id| !matches!(after, Some(Cell::Id(last)) if *id <= last));
        Ok(rows.map(|id| vec![Cell::Id(id)]).take(limit).collect())
    }
}

/// What stands here for a column there.
fn source(table: &Table, column: &Column) -> &'static str {
    match (table.name, column.name) {
        // Every event here has its number; the next one of its order is not to be told before it.
        ("events", "ripe_at") => {
            "(SELECT max(earlier.at) FROM events earlier
              WHERE earlier.about_id = events.about_id AND earlier.sequence <= events.sequence)"
        }
        (_, name) => name,
    }
}

fn cell(kind: Kind, value: ValueRef<'_>) -> Option<Cell> {
    Some(match (kind, value) {
        (_, ValueRef::Null) => Cell::Null,
        (Kind::Number, ValueRef::Integer(number)) => Cell::Number(number),
        (Kind::Truth, ValueRef::Integer(number @ (0 | 1))) => Cell::Truth(number == 1),
        (Kind::Text, ValueRef::Text(text)) => Cell::Text(String::from_utf8(text.to_vec()).ok()?),
        (Kind::Bytes, ValueRef::Blob(bytes)) => Cell::Bytes(bytes.to_vec()),
        (Kind::Id, ValueRef::Blob(bytes)) => Cell::Id(Uuid::from_slice(bytes).ok()?),
        _ => return None,
    })
}

/// A cell, as it is compared with.
struct Shown<'c>(&'c Cell);

impl ToSql for Shown<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(match self.0 {
            Cell::Null => Value::Null,
            Cell::Number(number) => Value::Integer(*number),
            Cell::Truth(truth) => Value::Integer(i64::from(*truth)),
            Cell::Text(text) => Value::Text(text.clone()),
            Cell::Bytes(bytes) => Value::Blob(bytes.clone()),
            Cell::Id(id) => Value::Blob(id.as_bytes().to_vec()),
        }))
    }
}
