//! What a store may forget, and when. Never a payment, its history, its refunds or its events.
use crate::{hex, korean_time};
use hanbeon_domain::{SessionId, Timestamp};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// From when back things may go that nobody can ask for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// What buyers said that they would pay, saved before then; and the sessions of those who have nothing else here.
    pub saved_amounts: Timestamp,
    /// Claims of idempotency keys, with their answers, whose time to be answered ended before then.
    pub claims: Timestamp,
    /// Webhooks that came before then.
    pub webhooks: Timestamp,
    /// Of those that are younger so many stay at most; the oldest of more are past their date, too.
    pub webhooks_kept: u64,
}

/// A row that is past its date, as it stands in its table. Nothing of it is parsed: what nobody could understand any more
/// goes like the rest.
///
/// As JSON it is what an archive keeps, and says everything that the row says. The same row is the same text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "table", rename_all = "snake_case")]
pub enum Expired {
    /// What a buyer said that they would pay.
    SavedAmounts(ExpiredAmount),
    /// An idempotency key, with its answer.
    Claims(ExpiredClaim),
    /// A webhook.
    Webhooks(ExpiredWebhook),
}

/// See [`SavedAmount`](crate::SavedAmount).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpiredAmount {
    /// Whose.
    #[serde(serialize_with = "session")]
    pub session_id: SessionId,
    /// When that session was made: the session goes with the last amount that it saved, and is no more than these two.
    #[serde(serialize_with = "time")]
    pub session_created_at: Timestamp,
    /// For which order at Toss.
    pub toss_order_id: String,
    /// In won.
    pub amount: i64,
    /// When it was saved.
    #[serde(serialize_with = "time")]
    pub saved_at: Timestamp,
    /// When it was verified, if it was.
    #[serde(serialize_with = "maybe_time")]
    pub consumed_at: Option<Timestamp>,
}

/// See [`Claim`](crate::Claim).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpiredClaim {
    /// What the caller called it.
    pub idempotency_key: String,
    /// SHA-256 of method, path and body.
    #[serde(serialize_with = "digest")]
    pub request: [u8; 32],
    /// Where the names of what the request made came from.
    #[serde(serialize_with = "uuid")]
    pub operation: Uuid,
    /// Until then it was to be answered.
    #[serde(serialize_with = "time")]
    pub until: Timestamp,
    /// Was it given up?
    pub released: bool,
    /// The answer's HTTP status, if it was answered.
    pub answer_status: Option<i64>,
    /// The answer's body.
    #[serde(serialize_with = "maybe_body")]
    pub answer_body: Option<Vec<u8>>,
}

/// See [`Webhook`](crate::Webhook).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpiredWebhook {
    /// Counts up.
    pub webhook_id: i64,
    /// When it came.
    #[serde(serialize_with = "time")]
    pub received_at: Timestamp,
    /// Toss's name for the transmission, if it had one.
    pub transmission_id: Option<String>,
    /// What makes two webhooks the same notice.
    pub meaning: String,
    /// What Toss calls it.
    pub event_type: String,
    /// The payment that it is about, by its key.
    pub hint_key: Option<String>,
    /// The payment that it is about, by the name of its order at Toss.
    pub hint_order: Option<String>,
    /// What we thought of it.
    pub verdict: String,
    /// Had the same arrived before?
    pub repeated: bool,
    /// As it came.
    #[serde(serialize_with = "body")]
    pub body: Vec<u8>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn time<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&korean_time(*at))
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn maybe_time<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    at.map(korean_time).serialize(to)
}

fn session<S: Serializer>(session: &SessionId, to: S) -> Result<S::Ok, S::Error> {
    digest(session.as_bytes(), to)
}

fn digest<S: Serializer>(digest: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&hex(digest))
}

fn uuid<S: Serializer>(id: &Uuid, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(id)
}

fn body<S: Serializer>(body: &[u8], to: S) -> Result<S::Ok, S::Error> {
    Body::of(body).serialize(to)
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn maybe_body<S: Serializer>(body: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
    body.as_deref().map(Body::of).serialize(to)
}

/// Bytes that somebody sent: text as a rule, and told apart when they are not.
#[derive(Serialize)]
#[serde(untagged)]
enum Body<'b> {
    Text(&'b str),
    Bytes { hex: String },
}

impl<'b> Body<'b> {
    fn of(bytes: &'b [u8]) -> Self {
        std::str::from_utf8(bytes).map_or_else(|_| Self::Bytes { hex: hex(bytes) }, Self::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(row: &Expired) -> String {
        serde_json::to_string(row).expect("a row is JSON")
    }

    #[test]
    fn a_row_says_all_that_it_says() {
        let at = Timestamp::from_micros(1_764_473_378_123_456);
        let amount = ExpiredAmount {
            session_id: SessionId::from_bytes([0xab; 32]),
            session_created_at: at,
            toss_order_id: "order-1".to_owned(),
            amount: 1_000,
            saved_at: at,
            consumed_at: None,
        };
        let session = "ab".repeat(32);
        assert_eq!(
            text(&Expired::SavedAmounts(amount)),
            format!(
                r#"{{"table":"saved_amounts","session_id":"{session}","session_created_at":"2025-11-30T12:29:38.123456+09:00","toss_order_id":"order-1","amount":1000,"saved_at":"2025-11-30T12:29:38.123456+09:00","consumed_at":null}}"#
            )
        );
        let claim = ExpiredClaim {
            idempotency_key: "열쇠".to_owned(),
            request: [1; 32],
            operation: Uuid::nil(),
            until: at,
            released: false,
            answer_status: Some(200),
            answer_body: Some(br#"{"a":1}"#.to_vec()),
        };
        let claim = text(&Expired::Claims(claim));
        assert!(
            claim.starts_with(r#"{"table":"claims","idempotency_key":"열쇠","request":"0101"#),
            "{claim}"
        );
        assert!(
            claim.ends_with(r#""released":false,"answer_status":200,"answer_body":"{\"a\":1}"}"#),
            "{claim}"
        );
    }

    #[test]
    fn a_body_that_is_no_text_is_told_apart_from_one_that_is() {
        let of = |body: &[u8]| serde_json::to_string(&Body::of(body)).expect("JSON");
        assert_eq!(of(b"ff"), r#""ff""#);
        assert_eq!(of(&[0xff]), r#"{"hex":"ff"}"#);
        assert_eq!(of(b"two\nlines\0"), r#""two\nlines\u0000""#, "one line of an archive");
    }
}
