//! What had left the house, read from the bytes on the sockets: calls to Toss, and answers to buyers and shops.
//! Each is dated by its first byte, and is to be found on every disk from then on.
use crate::trace::{Deed, Line};
use serde_json::Value;
use std::collections::BTreeMap;

/// Something that must be on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// `hanbeon keys create` has printed a key of this name.
    Key { name: String },
    /// The shop was told the id of its order.
    Order { id: String },
    /// The browser was told that its amount is remembered.
    Saved { toss_order: String, amount: i64 },
    /// Toss was told to charge.
    ConfirmLeft { payment: String, toss_order: String, amount: i64, idempotency: String },
    /// Toss was told to give back, perhaps only a part.
    CancelLeft { payment: String, part: Option<i64>, idempotency: String },
    /// A buyer was told that the payment of this order got as far as this state of ours.
    ToldOrder { order: String, state: &'static str },
    /// A buyer was told that Toss refused this payment.
    ToldDeclined { payment: String },
    /// A buyer was told that we are at it: the intent is on record.
    ToldPending { payment: String },
    /// Somebody was told that this cancel happened.
    ToldCancel { payment: String, transaction: String },
    /// The shop was told that this refund is under way: its wish is on record.
    ToldQueued { refund: String },
    /// Toss, or whoever it was, was told that this webhook has arrived: it is kept.
    ToldKept { webhook: String },
}

/// The refusal that the tests make Toss say.
pub(crate) const REFUSAL: &str = "REJECT_CARD_PAYMENT";

/// Every claim with the place, in `deeds`, of its first byte.
pub(crate) fn claims(deeds: &[Deed], toss: u16, listening: u16) -> Vec<(usize, Claim)> {
    let mut found = Vec::new();
    for (line, Talk { sent, heard }) in talks(deeds) {
        if line.theirs == toss {
            found.extend(messages(&sent).iter().filter_map(|call| Some((call.at, to_toss(call)?))));
        } else if line.ours == listening {
            let (asked, answered) = (messages(&heard), messages(&sent));
            assert!(answered.len() <= asked.len(), "an answer to nothing on {line:?}");
            let told = asked.iter().zip(&answered).filter_map(|(asked, answer)| told(asked, answer));
            found.extend(told);
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found
}

#[derive(Debug, Default)]
struct Talk {
    sent: Vec<(usize, Vec<u8>)>,
    heard: Vec<(usize, Vec<u8>)>,
}

/// The bytes of each connection, in each direction, with their places.
fn talks(deeds: &[Deed]) -> BTreeMap<Line, Talk> {
    let mut talks: BTreeMap<Line, Talk> = BTreeMap::new();
    for (at, deed) in deeds.iter().enumerate() {
        match deed {
            Deed::Sent { line, data } => talks.entry(*line).or_default().sent.push((at, data.clone())),
            Deed::Heard { line, data } => talks.entry(*line).or_default().heard.push((at, data.clone())),
            _ => {}
        }
    }
    talks
}

/// One HTTP message.
#[derive(Debug)]
struct Message {
    at: usize,
    head: String,
    body: Vec<u8>,
}

impl Message {
    /// The second and the first word: `/v1/orders` of a `POST`, `200` of an answer.
    fn words(&self) -> (&str, &str) {
        let mut words = self.head.split(' ');
        let first = words.next().unwrap_or_default();
        (words.next().unwrap_or_default(), first)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The messages in a stream; one that was not finished is none.
fn messages(chunks: &[(usize, Vec<u8>)]) -> Vec<Message> {
    let stream: Vec<u8> = chunks.iter().flat_map(|(_, bytes)| bytes).copied().collect();
    let (mut from, mut found) = (0, Vec::new());
    while let Some(len) = stream[from..].windows(4).position(|end| end == b"\r\n\r\n") {
        let head = String::from_utf8(stream[from..from + len].to_vec()).expect("a head is text");
        let mut message = Message { at: place(chunks, from), head, body: Vec::new() };
        assert_eq!(message.header("transfer-encoding"), None, "the reader knows no chunks");
        let body = message.header("content-length").map_or(0, |len| len.parse().expect("a length"));
        let (begins, ends) = (from + len + 4, from + len + 4 + body);
        let Some(body) = stream.get(begins..ends) else { break };
        message.body = body.to_vec();
        found.push(message);
        from = ends;
    }
    found
}

/// Where the byte at `offset` of the stream left or came.
fn place(chunks: &[(usize, Vec<u8>)], offset: usize) -> usize {
    let mut before = 0;
    let chunk = chunks.iter().find(|(_, bytes)| {
        before += bytes.len();
        before > offset
    });
    chunk.expect("a byte of the stream").0
}

/// The intent behind a call to Toss; a question has none.
fn to_toss(call: &Message) -> Option<Claim> {
    let (path, method) = call.words();
    let (body, payment) = (call.json(), path.strip_prefix("/v1/payments/")?);
    if method == "GET" {
        return None;
    }
    let idempotency = call.header("idempotency-key").expect("every effect has a key").to_owned();
    if payment == "confirm" {
        return Some(Claim::ConfirmLeft {
            payment: text(&body["paymentKey"]),
            toss_order: text(&body["orderId"]),
            amount: body["amount"].as_i64().expect("an amount"),
            idempotency,
        });
    }
    let payment = payment.strip_suffix("/cancel").unwrap_or_else(|| panic!("what is {method} {path}?"));
    Some(Claim::CancelLeft { payment: payment.to_owned(), part: body["cancelAmount"].as_i64(), idempotency })
}

/// What an answer says that must be true.
fn told(asked: &Message, answer: &Message) -> Option<(usize, Claim)> {
    let ((path, _), (status, _)) = (asked.words(), answer.words());
    let (question, body) = (asked.json(), answer.json());
    let state = match body["tossPaymentStatus"].as_str() {
        Some("DONE") => Some("paid"),
        Some("CANCELED") => Some("canceled"),
        Some("PARTIAL_CANCELED") => Some("partially_canceled"),
        _ => None,
    };
    let claim = match (path, status) {
        ("/v1/orders", "201") => Claim::Order { id: text(&body["id"]) },
        ("/payments/saveAmount", "200") => Claim::Saved {
            toss_order: text(&question["orderId"]),
            amount: question["amount"].as_i64().expect("an amount"),
        },
        ("/payments/cancel", "200") => {
            let cancels = body["cancels"].as_array().expect("Toss's cancels");
            let last = cancels.last().expect("one of them");
            let transaction = text(&last["transactionKey"]);
            Claim::ToldCancel { payment: text(&question["paymentKey"]), transaction }
        }
        ("/webhooks/toss", "200") => {
            Claim::ToldKept { webhook: String::from_utf8_lossy(&asked.body).into_owned() }
        }
        (path, "202") if is_refund(path) => Claim::ToldQueued { refund: text(&body["refund"]["id"]) },
        (path, "200") if is_refund(path) => Claim::ToldCancel {
            payment: text(&body["payment"]["tossPaymentKey"]),
            transaction: text(&body["refund"]["transactionKey"]),
        },
        ("/payments/confirm", "202") => Claim::ToldPending { payment: text(&question["paymentKey"]) },
        ("/payments/confirm", _) if body["code"] == REFUSAL => {
            Claim::ToldDeclined { payment: text(&question["paymentKey"]) }
        }
        _ => Claim::ToldOrder { order: text(&body["backendOrderId"]), state: state? },
    };
    Some((answer.at, claim))
}

/// The shop's own way to give money back.
fn is_refund(path: &str) -> bool {
    path.starts_with("/v1/payments/") && path.ends_with("/cancel")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_claim_is_dated_by_its_first_byte() {
    let line = Line { ours: 1, theirs: 443 };
    let body = r#"{"paymentKey":"p","orderId":"order-1","amount":5}"#;
    let head =
        format!("POST /v1/payments/confirm HTTP/1.1\r\nIdempotency-Key: k\r\nContent-Length: {}", body.len());
    let call = format!("{head}\r\n\r\n{body}");
    let (one, two) = call.as_bytes().split_at(30);
    let other = Line { ours: 2, theirs: 443 };
    let deeds = [(other, b"GET".as_slice()), (line, one), (other, b" "), (line, two)]
        .map(|(line, data)| Deed::Sent { line, data: data.to_vec() });
    let (payment, toss_order) = ("p".to_owned(), "order-1".to_owned());
    let claim = Claim::ConfirmLeft { payment, toss_order, amount: 5, idempotency: "k".to_owned() };
    assert_eq!(claims(&deeds, 443, 80), [(1, claim)]);
}
