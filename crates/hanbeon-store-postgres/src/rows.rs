//! Rows are parsed, never trusted: an impossible mix is [`StoreError::Corrupt`], which names the row by its id
//! and never shows what is in it.
pub(crate) mod billing;
pub(crate) mod receipts;

use crate::error::corrupt;
use hanbeon_domain::{Evidence, Timestamp, Won};
use hanbeon_store::StoreError;
use std::fmt::Write as _;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

/// A row that is read from left to right.
pub(crate) struct Cells<'r> {
    table: &'static str,
    row: &'r Row,
    pub(crate) at: usize,
}

impl<'r> Cells<'r> {
    pub(crate) const fn new(table: &'static str, row: &'r Row) -> Self {
        Self { table, row, at: 0 }
    }

    pub(crate) fn take<T: FromSql<'r>>(&mut self) -> Result<T, StoreError> {
        let at = self.at;
        self.at += 1;
        self.row.try_get(at).map_err(|_| self.corrupt_at(at))
    }

    /// Reads a cell and parses it.
    pub(crate) fn parse<T: FromSql<'r>, V>(
        &mut self,
        parse: impl FnOnce(T) -> Option<V>,
    ) -> Result<V, StoreError> {
        let at = self.at;
        let value = self.take()?;
        parse(value).ok_or_else(|| self.corrupt_at(at))
    }

    pub(crate) fn won(&mut self) -> Result<Won, StoreError> {
        self.parse(|won| Won::new(won).ok())
    }

    pub(crate) fn maybe_won(&mut self) -> Result<Option<Won>, StoreError> {
        self.parse(|won: Option<i64>| won.map(Won::new).transpose().ok())
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.take().map(Timestamp::from_micros)
    }

    pub(crate) fn maybe_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.take::<Option<i64>>()?.map(Timestamp::from_micros))
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid, StoreError> {
        self.take()
    }

    /// A number that is stored as a `BIGINT`: `u64`, `u32`, `u16`, …
    pub(crate) fn number<N: TryFrom<i64>>(&mut self) -> Result<N, StoreError> {
        self.parse(|number: i64| N::try_from(number).ok())
    }

    pub(crate) fn maybe_number<N: TryFrom<i64>>(&mut self) -> Result<Option<N>, StoreError> {
        self.parse(|number: Option<i64>| number.map(N::try_from).transpose().ok())
    }

    /// 32 bytes, as a digest has them.
    pub(crate) fn maybe_digest(&mut self) -> Result<Option<[u8; 32]>, StoreError> {
        self.parse(|bytes: Option<&[u8]>| bytes.map(<[u8; 32]>::try_from).transpose().ok())
    }

    pub(crate) fn digest(&mut self) -> Result<[u8; 32], StoreError> {
        self.parse(|bytes: &[u8]| <[u8; 32]>::try_from(bytes).ok())
    }

    pub(crate) fn evidence(&mut self) -> Result<Evidence, StoreError> {
        let http_status = self.number()?;
        let body: Vec<u8> = self.take()?;
        Ok(Evidence { http_status, body: body.into() })
    }

    pub(crate) fn corrupt_at(&self, at: usize) -> StoreError {
        self.corrupt(self.row.columns().get(at).map_or("a column", tokio_postgres::Column::name))
    }

    /// Names the row by its id, which is its first cell.
    pub(crate) fn corrupt(&self, what: &str) -> StoreError {
        let mut row = String::new();
        // Writing to a string cannot fail.
        if let Ok(id) = self.row.try_get::<_, Uuid>(0) {
            let _ = write!(row, "{}", id.simple());
        } else if let Ok(id) = self.row.try_get::<_, i64>(0) {
            let _ = write!(row, "{id}");
        }
        let _ = write!(row, ": {what}");
        corrupt(self.table, row)
    }
}
