//! The shop's API keys, by their hashes.
use crate::error::sql;
use hanbeon_domain::{ApiKeyHash, Timestamp};
use hanbeon_store::{ApiKey, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, params};

pub(crate) fn insert(db: &Connection, key: &ApiKey) -> Result<(), StoreError> {
    let insert = "INSERT INTO api_keys (hash, name, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    let key = params![key.hash.as_bytes(), key.name, key.created_at.as_micros()];
    let written = db.execute(insert, key).map_err(sql("api_keys"))?;
    if written == 0 { Err(StoreError::NameTaken("the API key's name")) } else { Ok(()) }
}

pub(crate) fn one(db: &Connection, hash: ApiKeyHash) -> Result<Option<ApiKey>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT hash, name, created_at FROM api_keys WHERE hash = ?1 AND revoked_at IS NULL")
        .map_err(sql("api_keys"))?;
    statement.query_row([hash.as_bytes()], key).optional().map_err(sql("api_keys"))
}

pub(crate) fn all(db: &Connection) -> Result<Vec<ApiKey>, StoreError> {
    let all =
        "SELECT hash, name, created_at FROM api_keys WHERE revoked_at IS NULL ORDER BY created_at, name";
    let mut statement = db.prepare(all).map_err(sql("api_keys"))?;
    let found = statement.query_map([], key).map_err(sql("api_keys"))?;
    found.collect::<Result<_, _>>().map_err(sql("api_keys"))
}

pub(crate) fn revoke(db: &Connection, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    let revoke = "UPDATE api_keys SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL";
    let revoked = db.execute(revoke, params![name, now.as_micros()]).map_err(sql("api_keys"))?;
    Ok(revoked > 0)
}

fn key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey {
        hash: ApiKeyHash::from_bytes(row.get(0)?),
        name: row.get(1)?,
        created_at: Timestamp::from_micros(row.get(2)?),
    })
}
