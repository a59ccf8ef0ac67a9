//! The shop's API keys, by their hashes.
use crate::rows;
use crate::tx::{Cells, Tx};
use hanbeon_domain::{ApiKeyHash, Timestamp};
use hanbeon_store::{ApiKey, StoreError};
use tokio_postgres::Row;

pub(crate) async fn insert(tx: &Tx<'_>, key: &ApiKey) -> Result<(), StoreError> {
    let insert = "INSERT INTO api_keys (hash, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let cells: Cells<'_> = &[&&key.hash.as_bytes()[..], &key.name, &key.created_at.as_micros()];
    if tx.write("api_keys", insert, cells).await? == 0 {
        Err(StoreError::NameTaken("the API key's name"))
    } else {
        Ok(())
    }
}

pub(crate) async fn one(tx: &Tx<'_>, hash: ApiKeyHash) -> Result<Option<ApiKey>, StoreError> {
    let select = "SELECT hash, name, created_at FROM api_keys WHERE hash = $1 AND revoked_at IS NULL";
    tx.row("api_keys", select, &[&&hash.as_bytes()[..]]).await?.as_ref().map(key).transpose()
}

pub(crate) async fn all(tx: &Tx<'_>) -> Result<Vec<ApiKey>, StoreError> {
    let select =
        "SELECT hash, name, created_at FROM api_keys WHERE revoked_at IS NULL ORDER BY created_at, name";
    tx.rows("api_keys", select, &[]).await?.iter().map(key).collect()
}

pub(crate) async fn revoke(tx: &Tx<'_>, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    let update = "UPDATE api_keys SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL";
    Ok(tx.write("api_keys", update, &[&name, &now.as_micros()]).await? > 0)
}

fn key(row: &Row) -> Result<ApiKey, StoreError> {
    let mut cells = rows::Cells::new("api_keys", row);
    let hash = ApiKeyHash::from_bytes(cells.digest()?);
    Ok(ApiKey { hash, name: cells.take()?, created_at: cells.time()? })
}
