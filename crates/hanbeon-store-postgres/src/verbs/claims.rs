//! Idempotency keys of our own interface.
use crate::error::unavailable;
use crate::rows;
use crate::tx::Tx;
use hanbeon_domain::Timestamp;
use hanbeon_store::{AnswerRecord, Claim, Claimed, StoreError};
use tokio_postgres::Row;
use uuid::Uuid;

/// Between the insert and the look, somebody else may forget the claim: an insert comes through then.
const TRIES: u32 = 4;

/// One atomic insert; whoever finds the key taken looks at what became of it, and holds its row meanwhile.
pub(crate) async fn claim(
    tx: &Tx<'_>,
    claim: &Claim,
    now: Timestamp,
    until: Timestamp,
) -> Result<Claimed, StoreError> {
    for _ in 0..TRIES {
        if insert(tx, claim, until).await? {
            return Ok(Claimed::Ours(claim.operation));
        }
        let Some(known) = known(tx, &claim.key).await? else { continue };
        let operation = if known.request == claim.request { known.operation } else { claim.operation };
        let may_go_on = known.released || known.until <= now;
        return match (known.request == claim.request, known.answer) {
            (false, _) if !known.released => Ok(Claimed::OtherRequest),
            (true, Some(answer)) => Ok(Claimed::Answered(answer)),
            (true, None) if !may_go_on => Ok(Claimed::Running),
            _ => take(tx, &Claim { operation, ..claim.clone() }, until).await,
        };
    }
    Err(unavailable("the claim comes and goes"))
}

/// Says whether the key was free.
async fn insert(tx: &Tx<'_>, claim: &Claim, until: Timestamp) -> Result<bool, StoreError> {
    let Claim { key, request, operation } = claim;
    let insert = "INSERT INTO claims (idempotency_key, request, operation, until) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    let fresh = tx.write("claims", insert, &[key, &&request[..], operation, &until.as_micros()]).await?;
    Ok(fresh > 0)
}

/// Its claimant has died, or has given up.
async fn take(tx: &Tx<'_>, claim: &Claim, until: Timestamp) -> Result<Claimed, StoreError> {
    let Claim { key, request, operation } = claim;
    let update = "UPDATE claims SET request = $2, operation = $3, until = $4, released = FALSE
        WHERE idempotency_key = $1";
    tx.write("claims", update, &[key, &&request[..], operation, &until.as_micros()]).await?;
    Ok(Claimed::Ours(*operation))
}

/// The first answer stays: somebody may have heard it already.
pub(crate) async fn answer(
    tx: &Tx<'_>,
    key: &str,
    answer: &AnswerRecord,
) -> Result<AnswerRecord, StoreError> {
    let update = "UPDATE claims SET answer_status = $2, answer_body = $3, released = FALSE
        WHERE idempotency_key = $1 AND answer_status IS NULL";
    if tx.write("claims", update, &[&key, &i64::from(answer.status), &answer.body]).await? > 0 {
        return Ok(answer.clone());
    }
    let first = known(tx, key).await?.and_then(|known| known.answer);
    Ok(first.unwrap_or_else(|| answer.clone()))
}

/// The operation stays: what it made may be there although nobody heard of it.
pub(crate) async fn release(tx: &Tx<'_>, key: &str) -> Result<(), StoreError> {
    let update = "UPDATE claims SET released = TRUE WHERE idempotency_key = $1 AND answer_status IS NULL";
    tx.write("claims", update, &[&key]).await.map(drop)
}

struct Known {
    request: [u8; 32],
    operation: Uuid,
    until: Timestamp,
    released: bool,
    answer: Option<AnswerRecord>,
}

async fn known(tx: &Tx<'_>, key: &str) -> Result<Option<Known>, StoreError> {
    let select = "SELECT request, operation, until, released, answer_status, answer_body FROM claims
        WHERE idempotency_key = $1 FOR UPDATE";
    tx.row("claims", select, &[&key]).await?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Known, StoreError> {
    let mut cells = rows::Cells::new("claims", row);
    let (request, operation, until, released) =
        (cells.digest()?, cells.uuid()?, cells.time()?, cells.take()?);
    let (status, body): (Option<u16>, Option<Vec<u8>>) = (cells.maybe_number()?, cells.take()?);
    let answer = status.zip(body).map(|(status, body)| AnswerRecord { status, body });
    Ok(Known { request, operation, until, released, answer })
}
