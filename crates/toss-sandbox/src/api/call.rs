//! Step 1: a request becomes a call: who, about what, under which key. Nothing here can change anything.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header::HOST};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::receipts::CancelBody;
use crate::api::{
    billing, cancel, confirm, create, key_in, receipts, reply, settlements, transactions, virtual_accounts,
};
use crate::auth::{Directory, MerchantId};
use crate::codes::{self, Code};
use crate::control;
use crate::faults::FaultKind;
use crate::idempotency::{self, LONGEST_KEY};
use crate::journal::Operation;
use crate::lang::Lang;
use crate::money::Currency;
use crate::urls;

/// The largest request body, in bytes.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// One core call, read.
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) merchant: Result<MerchantId, Code>,
    pub(crate) ask: Result<Ask, Code>,
    /// The order or payment in the path.
    subject: Option<String>,
    pub(crate) lang: Lang,
    /// `TossPayments-Test-Code`: the code it names, or `Err` for a name that Toss does not have.
    pub(crate) test_code: Option<Result<Code, Unknown>>,
    /// `Sandbox-Fault`: what is to happen to this one call.
    pub(crate) fault: Option<FaultKind>,
    /// The `Idempotency-Key` of a POST.
    pub(crate) key: Option<Arc<str>>,
    pub(crate) key_too_long: bool,
    /// What the key is compared by; none without a key, without a merchant, or with a key that is too long.
    pub(crate) identity: Option<Arc<str>>,
    /// The key's header, to be sent back.
    pub(crate) echo: Option<HeaderValue>,
    /// This sandbox's origin as the caller sees it.
    pub(crate) origin: Option<String>,
}

/// A test code that is not in Toss's list.
#[derive(Clone, Copy)]
pub(crate) struct Unknown;

/// What the call asks for.
pub(crate) enum Ask {
    Confirm(confirm::Ask),
    Cancel(cancel::Ask),
    Create(create::Ask),
    KeyIn(key_in::Ask),
    VirtualAccount(virtual_accounts::Ask),
    Read(read_subject::Subject),
    Transactions(transactions::Ask),
    Billing(billing::Ask),
    Receipts(receipts::Ask),
    Settlements(settlements::Ask),
    Promotions { of_cards: bool },
}

pub(crate) mod read_subject {
    /// What a read looks for.
    pub(crate) enum Subject {
        Payment(String),
        Order(String),
    }
}

use read_subject::Subject;

/// Reads a request; an answer instead when its body is larger than any call's.
pub(crate) async fn read(
    directory: &Directory,
    operation: Operation,
    subject: Option<String>,
    request: Request,
) -> Result<Call, Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.map_err(|_| reply::gateway(413))?;
    let headers = &parts.headers;
    let fault = FaultKind::of_headers(headers).map_err(control::wrong)?;
    let merchant = directory.authenticate(headers);
    let is_post = parts.method == Method::POST;
    let echo = headers.get("idempotency-key").filter(|value| is_post && !value.is_empty()).cloned();
    let key: Option<Arc<str>> = echo.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes()).into());
    let key_too_long = key.as_ref().is_some_and(|key| key.chars().count() > LONGEST_KEY);
    let identity = match (&key, merchant) {
        (Some(key), Ok(merchant)) if !key_too_long => {
            Some(idempotency::identity(merchant, parts.uri.path(), key))
        }
        _ => None,
    };
    Ok(Call {
        operation,
        merchant,
        ask: ask(operation, subject.as_deref(), &parts.uri, &body),
        subject,
        lang: Lang::of(headers),
        test_code: test_code(headers),
        fault,
        key: key.filter(|_| !key_too_long),
        key_too_long,
        identity,
        echo: echo.filter(|_| !key_too_long),
        origin: headers.get(HOST).and_then(urls::origin),
    })
}

fn ask(operation: Operation, subject: Option<&str>, uri: &Uri, body: &Bytes) -> Result<Ask, Code> {
    let in_path = subject;
    let subject = subject.unwrap_or_default().to_owned();
    match operation {
        Operation::Confirm => confirm::Ask::read(in_path, json(body)?).map(Ask::Confirm),
        Operation::Cancel => cancel::Ask::read(subject, json(body)?).map(Ask::Cancel),
        Operation::Create => create::Ask::read(json(body)?).map(Ask::Create),
        Operation::KeyIn => key_in::Ask::read(json(body)?).map(Ask::KeyIn),
        Operation::VirtualAccount => virtual_accounts::Ask::read(json(body)?).map(Ask::VirtualAccount),
        Operation::Read => Ok(Ask::Read(Subject::Payment(subject))),
        Operation::ReadByOrder => Ok(Ask::Read(Subject::Order(subject))),
        Operation::Transactions => transactions::Ask::read(uri).map(Ask::Transactions),
        Operation::Settlements => settlements::Ask::list(uri).map(Ask::Settlements),
        Operation::SettlementRequest => settlements::Ask::request(json(body)?).map(Ask::Settlements),
        Operation::CardPromotions => Ok(Ask::Promotions { of_cards: true }),
        Operation::Promotions => Ok(Ask::Promotions { of_cards: false }),
        Operation::CashReceiptIssue => receipts::Ask::issue(json(body)?).map(Ask::Receipts),
        Operation::CashReceiptCancel if body.is_empty() => {
            receipts::Ask::cancel(subject, &CancelBody::default()).map(Ask::Receipts)
        }
        Operation::CashReceiptCancel => receipts::Ask::cancel(subject, &json(body)?).map(Ask::Receipts),
        Operation::CashReceipts => receipts::Ask::list(uri).map(Ask::Receipts),
        Operation::BillingIssue => billing::Ask::issue(json(body)?).map(Ask::Billing),
        Operation::BillingCard => billing::Ask::card(json(body)?).map(Ask::Billing),
        Operation::BillingCharge => billing::Ask::charge(subject, json(body)?).map(Ask::Billing),
        Operation::BillingDelete => Ok(Ask::Billing(billing::Ask::Delete { key: subject })),
        // Nobody calls for them; they have their own ways in.
        Operation::DashboardCancel | Operation::CancelEnded => Err(codes::NOT_FOUND),
    }
}

/// A body as JSON; fields that Toss does not know are ignored, a field of a wrong type is 400.
fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T, Code> {
    // Some editors and shells begin a text with the mark of its encoding.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).or_else(|_| spelled(body)).map_err(|_| codes::INVALID_REQUEST)
}

/// Text of digits alone, which programs send as a number.
const DIGITS: [&str; 11] = [
    "orderId",
    "cardNumber",
    "cardExpirationYear",
    "cardExpirationMonth",
    "cardPassword",
    "customerIdentityNumber",
    "customerMobilePhone",
    "bank",
    "accountNumber",
    "registrationNumber",
    "accountKey",
];

/// The body once more, with numbers as the text that they stand for.
fn spelled<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    let mut body = serde_json::from_slice(body)?;
    spell(&mut body);
    serde_json::from_value(body)
}

fn spell(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        match value {
            Value::Number(digits) if DIGITS.contains(&name.as_str()) => *value = digits.to_string().into(),
            _ => spell(value),
        }
    }
}

/// Only test keys exist here, so the header always counts.
fn test_code(headers: &HeaderMap) -> Option<Result<Code, Unknown>> {
    let name = headers.get("tosspayments-test-code")?.to_str().unwrap_or_default();
    Some(Code::find(name.trim()).ok_or(Unknown))
}

impl Call {
    /// What the path is about, to tell one request from another.
    pub(crate) fn about(&self) -> Arc<str> {
        self.subject.as_deref().unwrap_or_default().into()
    }

    /// The amount in the request, for the journal, in the smallest unit of the payment's currency.
    pub(crate) fn amount(&self, currency: Currency) -> Option<i64> {
        match &self.ask {
            Ok(Ask::Confirm(ask)) => currency.read(ask.amount),
            Ok(Ask::Create(ask)) => Some(ask.amount()),
            Ok(Ask::KeyIn(ask)) => Some(ask.amount()),
            Ok(Ask::VirtualAccount(ask)) => Some(ask.amount()),
            Ok(Ask::Cancel(ask)) => ask.amount.and_then(|amount| currency.read(amount)),
            Ok(Ask::Billing(ask)) => ask.order().map(|(_, amount)| amount),
            Ok(Ask::Receipts(ask)) => ask.names().1,
            _ => None,
        }
    }

    /// Order and payment as the request names them.
    pub(crate) fn names(&self) -> (Option<&str>, Option<&str>) {
        match (&self.ask, self.operation) {
            (Ok(Ask::Confirm(ask)), _) => (Some(&ask.order_id), Some(&ask.payment_key)),
            (Ok(Ask::Create(ask)), _) => (Some(ask.order_id()), None),
            (Ok(Ask::Billing(ask)), _) => (ask.order().map(|(order, _)| order), None),
            (Ok(Ask::Receipts(ask)), _) => (ask.names().0, None),
            (Ok(Ask::Settlements(ask)), _) => (None, ask.payment()),
            // Their paths name a key, not a payment.
            (_, Operation::BillingCharge | Operation::CashReceiptCancel) => (None, None),
            (Ok(Ask::KeyIn(ask)), _) => (Some(ask.order_id()), None),
            (Ok(Ask::VirtualAccount(ask)), _) => (Some(ask.order_id()), None),
            (_, Operation::ReadByOrder) => (self.subject.as_deref(), None),
            _ => (None, self.subject.as_deref()),
        }
    }
}
