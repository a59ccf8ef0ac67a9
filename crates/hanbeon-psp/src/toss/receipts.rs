//! Cash receipts at Toss (Toss core API, Cash receipts). An answer is believed only if it is about the receipt that was
//! asked about.
use super::{TossPsp, under};
use crate::Psp as _;
use crate::judge;
use crate::receipts::ReceiptPsp;
use async_trait::async_trait;
use hanbeon_domain::receipt::{
    BuyerNumber, Canceling, Listed, Paper, Reason, Receipt, ReceiptCancel, ReceiptHeard, ReceiptKind,
};
use hanbeon_domain::{Payment, ReceiptId, Timestamp, Won};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::time::Duration;
use toss_client::model::{CashReceiptType, IssueStatus, IssuedReceipt, ReceiptTransaction};
use toss_client::{Amount, ApiError, CashReceipts, Error, IssueCashReceipt, Operation, RetryClass};

/// Rows of a page, and pages of a day: more receipts than that in a day, and a human has to look.
const PAGE_ROWS: u16 = 1_000;
const PAGES_MAX: usize = 200;
/// Days of one question. A cancel that is older than that needs a human.
const DAYS_MAX: usize = 40;
/// Clocks differ: what was asked for shortly before midnight may be listed on the day after.
const MARGIN: Duration = Duration::from_secs(60 * 60);
/// Longest key (Toss core API, Cash receipts).
const KEY_MAX: usize = 200;

#[async_trait]
impl ReceiptPsp for TossPsp {
    async fn issue(&self, receipt: &Receipt, name: &str, number: &BuyerNumber) -> ReceiptHeard {
        if let Err(why) = self.may_send().await {
            return ReceiptHeard::NotSent(why);
        }
        let order = receipt.toss_order();
        let call = IssueCashReceipt {
            amount: Amount::won(receipt.amount.get()),
            order_id: &order,
            order_name: name,
            customer_identity_number: number.expose(),
            kind: match receipt.kind {
                ReceiptKind::IncomeDeduction => CashReceiptType::IncomeDeduction,
                ReceiptKind::ExpenseProof => CashReceiptType::ExpenseProof,
            },
            tax_free_amount: None,
        };
        match self.client.issue_cash_receipt(&call, &under(&receipt.issue_key())).await {
            Ok(reply) => match listed(&reply.value, receipt) {
                Some(Listed::Receipt { failure: Some(failure), .. }) => ReceiptHeard::Failed(failure),
                Some(Listed::Receipt { paper, amount, failure: None }) if amount == receipt.amount => {
                    ReceiptHeard::Issued(paper)
                }
                _ => not_ours(),
            },
            Err(error) => failed(error),
        }
    }

    async fn cancel(&self, receipt: &Receipt, canceling: &Canceling) -> ReceiptHeard {
        if let Err(why) = self.may_send().await {
            return ReceiptHeard::NotSent(why);
        }
        let Some(paper) = &receipt.paper else {
            return ReceiptHeard::NotSent("it was never issued".to_owned());
        };
        let amount = Some(Amount::won(canceling.amount.get()));
        let options = under(&receipt.cancel_key(canceling));
        match self.client.cancel_cash_receipt(&paper.key, amount, &options).await {
            Ok(reply) => match listed(&reply.value, receipt) {
                Some(Listed::Cancel(cancel)) => ReceiptHeard::Canceled(cancel),
                _ => not_ours(),
            },
            Err(error) => failed(error),
        }
    }

    async fn listed(&self, receipt: &Receipt, within: &[(Timestamp, Timestamp)]) -> ReceiptHeard {
        let mut found = Vec::new();
        let mut unreadable = false;
        let read = self.rows(within, |row| {
            if is_about(row, receipt) {
                match listed(row, receipt) {
                    Some(row) => found.push(row),
                    None => unreadable = true,
                }
            }
        });
        match read.await {
            Ok(()) if unreadable => unclear("a row of it cannot be read".to_owned()),
            Ok(()) => ReceiptHeard::Listed(found),
            Err(why) => unclear(why),
        }
    }

    async fn refused(&self, from: Timestamp, until: Timestamp) -> Result<Vec<(ReceiptId, Reason)>, String> {
        let mut found = Vec::new();
        let look = |row: &IssuedReceipt| {
            let ours = row.order_id.as_deref().and_then(Receipt::named);
            found.extend(ours.zip(refusal(row)));
        };
        self.rows(&[(from, until)], look).await?;
        Ok(found)
    }

    async fn has_own(&self, payment: &Payment) -> Result<bool, String> {
        let reply = self.client.payment(payment.key.as_str()).await.map_err(|error| error.to_string())?;
        let shown = &reply.value;
        match judge::not_ours(shown, self.asked(payment)) {
            Some(why) => Err(why),
            None => Ok(shown.cash_receipt.is_some() || shown.cash_receipts.iter().flatten().next().is_some()),
        }
    }
}

impl TossPsp {
    /// Every row of the days of these times.
    async fn rows(
        &self,
        within: &[(Timestamp, Timestamp)],
        mut look: impl FnMut(&IssuedReceipt) + Send,
    ) -> Result<(), String> {
        let days = days(within).ok_or_else(|| format!("it would be listed on more than {DAYS_MAX} days"))?;
        for day in days {
            let request = CashReceipts { limit: Some(PAGE_ROWS), ..CashReceipts::of(day) };
            let mut pages = self.client.pages(request, PAGES_MAX);
            while let Some(page) = pages.next().await.map_err(|error| error.to_string())? {
                page.value.data.iter().for_each(&mut look);
            }
            if !pages.is_complete() {
                return Err(format!("the list of {day} has no end"));
            }
        }
        Ok(())
    }
}

fn unclear(why: String) -> ReceiptHeard {
    ReceiptHeard::Unclear { answered: false, why }
}

fn is_about(row: &IssuedReceipt, receipt: &Receipt) -> bool {
    row.order_id.as_deref() == Some(receipt.toss_order().as_str())
}

/// A row about this receipt, with everything that is needed of it; `None` for any other.
fn listed(row: &IssuedReceipt, receipt: &Receipt) -> Option<Listed> {
    if !is_about(row, receipt) {
        return None;
    }
    let amount = Won::new(row.amount?.as_won()?).ok()?;
    match row.transaction_type.as_ref()? {
        ReceiptTransaction::Cancel => {
            Some(Listed::Cancel(ReceiptCancel { amount, at: judge::instant(row.requested_at.as_ref())? }))
        }
        ReceiptTransaction::Confirm => {
            let key = row.receipt_key.clone().filter(|key| (1..=KEY_MAX).contains(&key.len()))?;
            let failure = refusal(row);
            Some(Listed::Receipt { paper: Paper { key, url: row.receipt_url.clone() }, amount, failure })
        }
        ReceiptTransaction::Unknown(_) => None,
    }
}

/// Why the tax service refused what this row issued, if it has.
fn refusal(row: &IssuedReceipt) -> Option<Reason> {
    let issued = row.transaction_type == Some(ReceiptTransaction::Confirm);
    let refused = issued && row.issue_status == Some(IssueStatus::Failed);
    let told = || row.failure.as_ref().and_then(|failure| failure.message.clone());
    refused.then(|| Reason {
        code: "NTS_ERROR".to_owned(),
        message: told().unwrap_or_else(|| "the tax service refused the receipt".to_owned()),
    })
}

fn not_ours() -> ReceiptHeard {
    let why = "Toss answered about another receipt than was asked about".to_owned();
    ReceiptHeard::Unclear { answered: true, why }
}

/// An error counts as a refusal only if Toss's documents say that nothing happened.
fn failed(error: Error) -> ReceiptHeard {
    let class = error.class(Operation::CashReceipt);
    match error {
        Error::NotSent(why) => ReceiptHeard::NotSent(why.to_string()),
        Error::Unknown(why) => ReceiptHeard::Unclear { answered: false, why: why.to_string() },
        Error::Unreadable(answer) => ReceiptHeard::Unclear { answered: true, why: answer.to_string() },
        Error::Refused(refusal) => {
            let ApiError { http_status, code, message, .. } = *refusal;
            let why = format!("HTTP {http_status} {code}");
            let reason = Reason { code: code.to_string(), message };
            match class {
                RetryClass::MaybeDone => ReceiptHeard::DoneBefore(reason),
                RetryClass::SameKey => ReceiptHeard::Unclear { answered: false, why },
                RetryClass::Query => ReceiptHeard::Unclear { answered: true, why },
                _ if http_status == 429 => ReceiptHeard::Unclear { answered: true, why },
                RetryClass::NewKey | RetryClass::Final | RetryClass::Config => ReceiptHeard::Refused(reason),
            }
        }
    }
}

/// Every day of these times, each once; `None` when there are too many.
fn days(within: &[(Timestamp, Timestamp)]) -> Option<BTreeSet<Date>> {
    let mut days = BTreeSet::new();
    for (from, until) in within {
        let (mut day, last) = (korean_day(from.minus(MARGIN)), korean_day(until.plus(MARGIN)));
        while day <= last {
            days.insert(day);
            if days.len() > DAYS_MAX {
                return None;
            }
            day = day.tomorrow().ok()?;
        }
    }
    Some(days)
}

/// The day in Korea, where Toss counts them.
fn korean_day(at: Timestamp) -> Date {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    jiff::tz::offset(9).to_datetime(at).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<jiff::Timestamp>().expect("an instant").as_microsecond())
    }

    #[test]
    fn the_days_of_a_question_are_korean_and_each_is_asked_for_once() {
        let ask = |within: &[(&str, &str)]| {
            let within: Vec<_> = within.iter().map(|(from, until)| (at(from), at(until))).collect();
            days(&within).map(|days| days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        let noon = ("2026-03-02T12:00:00+09:00", "2026-03-02T12:11:00+09:00");
        assert_eq!(ask(&[noon, noon]).as_deref(), Some("2026-03-02"));
        let midnight = ("2026-03-02T23:59:50+09:00", "2026-03-02T23:59:50+09:00");
        assert_eq!(ask(&[midnight]).as_deref(), Some("2026-03-02 2026-03-03"));
        let months = ("2026-05-02T12:00:00+09:00", "2026-05-03T12:00:00+09:00");
        assert_eq!(ask(&[noon, months]).as_deref(), Some("2026-03-02 2026-05-02 2026-05-03"));
        assert_eq!(ask(&[("2026-01-01T12:00:00+09:00", noon.1)]), None);
    }
}
