//! A virtual account, as buyers and shops are shown it.
use crate::answer::korean_time;
use hanbeon_app::AccountDetails;
use serde::Serialize;

/// In the names that Toss uses.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountView {
    bank_code: String,
    bank_name: Option<&'static str>,
    account_number: String,
    customer_name: Option<String>,
    due_date: Option<String>,
    expired: bool,
}

impl From<AccountDetails> for AccountView {
    fn from(account: AccountDetails) -> Self {
        Self {
            bank_code: account.bank_code,
            bank_name: account.bank_name,
            account_number: account.number,
            customer_name: account.customer_name,
            due_date: account.closes_at.map(korean_time),
            expired: account.is_closed,
        }
    }
}
