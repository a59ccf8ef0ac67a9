//! Virtual accounts, as a buyer has to see them. Their numbers pass through and are kept nowhere: a bank gives the same
//! number to the next buyer, and a database that leaks must not hold them.
use hanbeon_domain::Timestamp;
use serde_json::Value;
use std::fmt;
use toss_client::model::VirtualAccount;

/// Where the money of a payment is to be paid in, as Toss shows it now.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountDetails {
    /// Toss's code of the bank.
    pub bank_code: String,
    /// The bank's Korean name, if we know that bank.
    pub bank_name: Option<&'static str>,
    /// The number; with the bank it is what the buyer needs.
    pub number: String,
    /// In whose name the money is expected.
    pub customer_name: Option<String>,
    /// Until when it can be paid into.
    pub closes_at: Option<Timestamp>,
    /// Nobody can pay into it any more.
    pub is_closed: bool,
}

impl fmt::Debug for AccountDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bank_code, closes_at, is_closed, .. } = self;
        f.debug_struct("AccountDetails")
            .field("bank_code", bank_code)
            .field("closes_at", closes_at)
            .field("is_closed", is_closed)
            .finish_non_exhaustive()
    }
}

impl AccountDetails {
    pub(crate) fn of(shown: &VirtualAccount) -> Option<Self> {
        let bank = shown.bank_code.as_ref()?;
        Some(Self {
            bank_code: bank.as_str().to_owned(),
            bank_name: bank.korean(),
            number: shown.account_number.as_ref()?.expose().to_owned(),
            customer_name: shown.customer_name.as_ref().map(|name| name.expose().to_owned()),
            closes_at: crate::judge::instant(shown.due_date.as_ref()),
            is_closed: shown.expired == Some(true),
        })
    }
}

/// Toss's answer without the digits of account numbers but the last three, wherever they stand.
pub(crate) fn without_numbers(body: &[u8]) -> Option<Vec<u8>> {
    let mut answer = serde_json::from_slice(body).ok()?;
    mask(&mut answer);
    serde_json::to_vec(&answer).ok()
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(number) if name == "accountNumber" => *number = masked(number),
                    other => mask(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn masked(number: &str) -> String {
    let shown = number.chars().count().saturating_sub(3);
    number.chars().enumerate().map(|(at, digit)| if at < shown { '*' } else { digit }).collect()
}
