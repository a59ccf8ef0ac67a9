//! Idempotency keys of our own interface.
use crate::error::sql;
use hanbeon_domain::Timestamp;
use hanbeon_store::{AnswerRecord, Claim, Claimed, StoreError};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

/// One atomic insert; whoever finds the key taken looks at what became of it.
pub(crate) fn claim(
    db: &Connection,
    claim: &Claim,
    now: Timestamp,
    until: Timestamp,
) -> Result<Claimed, StoreError> {
    let mut insert = db
        .prepare_cached(
            "INSERT INTO claims (idempotency_key, request, operation, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )
        .map_err(sql("claims"))?;
    let Claim { key, request, operation } = claim;
    let fresh = params![key, request, operation.into_bytes(), until.as_micros()];
    if insert.execute(fresh).map_err(sql("claims"))? > 0 {
        return Ok(Claimed::Ours(*operation));
    }
    let known = stored(db, key).map_err(sql("claims"))?;
    let operation = if known.request == *request { known.operation } else { *operation };
    let may_go_on = known.released || known.until <= now;
    match (known.request == *request, known.answer) {
        (false, _) if !known.released => Ok(Claimed::OtherRequest),
        (true, Some(answer)) => Ok(Claimed::Answered(answer)),
        (true, None) if !may_go_on => Ok(Claimed::Running),
        _ => take(db, &Claim { operation, ..claim.clone() }, until),
    }
}

/// Its claimant has died, or has given up.
fn take(db: &Connection, claim: &Claim, until: Timestamp) -> Result<Claimed, StoreError> {
    let mut statement = db
        .prepare_cached(
            "UPDATE claims SET request = ?2, operation = ?3, until = ?4, released = 0 WHERE idempotency_key = ?1",
        )
        .map_err(sql("claims"))?;
    let Claim { key, request, operation } = claim;
    let cells = params![key, request, operation.into_bytes(), until.as_micros()];
    statement.execute(cells).map_err(sql("claims"))?;
    Ok(Claimed::Ours(*operation))
}

/// The first answer stays: somebody may have heard it already.
pub(crate) fn answer(db: &Connection, key: &str, answer: &AnswerRecord) -> Result<AnswerRecord, StoreError> {
    let mut statement = db
        .prepare_cached(
            "UPDATE claims SET answer_status = ?2, answer_body = ?3, released = 0
             WHERE idempotency_key = ?1 AND answer_status IS NULL",
        )
        .map_err(sql("claims"))?;
    if statement.execute(params![key, answer.status, answer.body]).map_err(sql("claims"))? > 0 {
        return Ok(answer.clone());
    }
    let first = stored(db, key).optional().map_err(sql("claims"))?.and_then(|known| known.answer);
    Ok(first.unwrap_or_else(|| answer.clone()))
}

/// The operation stays: what it made may be there although nobody heard of it.
pub(crate) fn release(db: &Connection, key: &str) -> Result<(), StoreError> {
    let mut statement = db
        .prepare_cached("UPDATE claims SET released = 1 WHERE idempotency_key = ?1 AND answer_status IS NULL")
        .map_err(sql("claims"))?;
    statement.execute([key]).map(drop).map_err(sql("claims"))
}

struct Known {
    request: [u8; 32],
    operation: Uuid,
    until: Timestamp,
    released: bool,
    answer: Option<AnswerRecord>,
}

fn stored(db: &Connection, key: &str) -> rusqlite::Result<Known> {
    let mut select = db.prepare_cached(
        "SELECT request, operation, until, released, answer_status, answer_body FROM claims
         WHERE idempotency_key = ?1",
    )?;
    select.query_row([key], known)
}

fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    let answer: Option<u16> = row.get(4)?;
    let answer = answer.map(|status| Ok::<_, rusqlite::Error>(AnswerRecord { status, body: row.get(5)? }));
    Ok(Known {
        request: row.get(0)?,
        operation: Uuid::from_bytes(row.get(1)?),
        until: Timestamp::from_micros(row.get(2)?),
        released: row.get(3)?,
        answer: answer.transpose()?,
    })
}
