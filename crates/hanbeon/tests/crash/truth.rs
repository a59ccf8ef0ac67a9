//! What anybody was told, held against what became of it.
use crate::books::{Booked, Ours, Stored};
use crate::shopper::{AMOUNT, Ask, Heard, Tale};
use crate::street::{Keyed, What};
use crate::support::{Answer, DATABASE_ERROR};
use serde_json::Value;
use std::collections::HashMap;

/// The end, against which everything is held that was said before it.
pub(crate) struct Truth<'a> {
    pub(crate) tale: &'a Tale,
    pub(crate) ours: &'a Ours,
    pub(crate) theirs: &'a HashMap<String, Booked>,
    pub(crate) none: Booked,
}

/// A wish to get money back, however it was uttered.
#[derive(Clone, Copy)]
struct Wish<'a> {
    payment: &'a str,
    amount: Option<i64>,
    reason: &'a str,
}

impl Truth<'_> {
    /// Did what somebody was told become true? `None`: nobody should be told that.
    pub(crate) fn bears_out(&self, Heard { asked, answer }: &Heard) -> Option<bool> {
        let Answer { status, body, .. } = answer;
        match asked {
            Ask::Confirm(key) => self.confirm(key, *status, body),
            Ask::Read => self.read(*status, body),
            Ask::Cancel { payment, amount, reason } => {
                self.cancel(Wish { payment, amount: *amount, reason }, *status, body)
            }
            Ask::Keyed(Keyed { name, what: What::Order, .. }) => self.order(name, *status, body),
            Ask::Keyed(Keyed { name, what: What::Refund { payment, amount }, .. }) => {
                self.refund(Wish { payment, amount: *amount, reason: name }, *status, body)
            }
            // Kept, which is looked at for all of them together; or sent away.
            Ask::Forged(_) => matches!(status, 200 | 503).then_some(true),
        }
    }

    fn confirm(&self, key: &str, status: u16, body: &str) -> Option<bool> {
        let balance = self.at_toss(key).balance;
        match status {
            200 if says(body, "DONE") => {
                Some(self.charged(key) && (self.tale.gives_back || balance == AMOUNT))
            }
            200 => Some(self.charged(key) && self.tale.gives_back && balance < AMOUNT),
            // Pending: whatever becomes of it, we know the payment.
            202 => Some(self.ours.payments.contains_key(key)),
            // The other tab has it.
            409 => Some(self.at_toss(key).approvals == 0 && self.tale.keys.len() > 1),
            500 => Some(body == DATABASE_ERROR && balance == 0),
            _ => None,
        }
    }

    fn read(&self, status: u16, body: &str) -> Option<bool> {
        let mut keys = self.tale.keys.iter();
        match status {
            200 if says(body, "DONE") => Some(keys.any(|key| self.charged(key))),
            200 if says(body, "CANCELED") => Some(keys.all(|key| self.at_toss(key).balance == 0)),
            200 if says(body, "PARTIAL_CANCELED") => Some(self.tale.gives_back),
            200 => Some(says(body, "IN_PROGRESS")),
            404 => Some(true),
            _ => None,
        }
    }

    /// An answer of Toss's names the cancels that there are; any other promises nothing, but that a wish which is under
    /// way is not lost.
    fn cancel(&self, wish: Wish<'_>, status: u16, body: &str) -> Option<bool> {
        match status {
            200 => {}
            202 => return Some(self.is_kept(wish)),
            400 | 403 | 404 | 409 | 500 | 503 => return Some(true),
            _ => return None,
        }
        let replied: Value = serde_json::from_str(body).ok()?;
        let named = replied["cancels"].as_array()?;
        let booked = self.at_toss(wish.payment);
        let is_booked = |cancel: &Value| {
            booked.cancels.iter().any(|booked| cancel["transactionKey"] == booked.transaction.as_str())
        };
        let given_back = match wish.amount {
            None => booked.balance == 0,
            Some(part) => booked.cancels.iter().any(|cancel| cancel.amount == part),
        };
        Some(!named.is_empty() && named.iter().all(is_booked) && given_back)
    }

    /// Made once under its reference, by whoever was told.
    fn order(&self, reference: &str, status: u16, body: &str) -> Option<bool> {
        let told: Value = serde_json::from_str(body).ok()?;
        let made = self.ours.orders.get(reference)?;
        (status == 201).then(|| made.len() == 1 && told["id"] == made[0].as_str())
    }

    /// Done and to be found at Toss under the name that was told; or under way, and not lost; or refused, and then it
    /// never happened.
    fn refund(&self, wish: Wish<'_>, status: u16, body: &str) -> Option<bool> {
        let told: Value = serde_json::from_str(body).ok()?;
        let stored = self.ours.payments.get(wish.payment)?;
        let mut rows = stored.wish(wish.reason);
        match status {
            200 => {
                let row = rows.next()?;
                let transaction = row.transaction.as_deref();
                let named = told["refund"]["transactionKey"].as_str();
                let cancels = &self.at_toss(wish.payment).cancels;
                let booked = cancels
                    .iter()
                    .any(|cancel| named == Some(&*cancel.transaction) && cancel.amount == row.amount);
                Some(row.state == "done" && named.is_some() && named == transaction && booked)
            }
            202 => Some(self.is_kept(wish)),
            400..=499 if told["code"] != "NOT_FOUND" => Some(rows.all(|row| !row.is_back())),
            _ => None,
        }
    }

    /// "Under way": the wish is on record, and was carried out, unless there was not so much left.
    fn is_kept(&self, wish: Wish<'_>) -> bool {
        let rows = self.ours.payments.get(wish.payment).map(|stored| stored.wish(wish.reason));
        let mut rows = rows.into_iter().flatten();
        let balance = self.at_toss(wish.payment).balance;
        let too_late = balance == 0 || wish.amount.is_some_and(|amount| balance < amount);
        rows.any(|row| row.state == "done" || (row.state == "refused" && too_late))
    }

    fn at_toss(&self, key: &str) -> &Booked {
        self.theirs.get(key).unwrap_or(&self.none)
    }

    /// Charged, and not taken back by ourselves.
    fn charged(&self, key: &str) -> bool {
        let kept = self.ours.payments.get(key).is_some_and(|stored: &Stored| !stored.by_compensation());
        kept && self.at_toss(key).approvals == 1
    }
}

fn says(body: &str, status: &str) -> bool {
    body.contains(&format!(r#""tossPaymentStatus":"{status}""#))
}

/// One who asks again and again never hears an older state.
pub(crate) fn never_backwards(tale: &Tale) -> Result<(), String> {
    let reads = tale.heard.iter().filter(|heard| heard.asked == Ask::Read);
    let ranks: Vec<_> = reads.map(|heard| rank(&heard.answer.body)).collect();
    if ranks.is_sorted() { Ok(()) } else { Err(format!("heard an older state later: {:?}", tale.heard)) }
}

fn rank(body: &str) -> usize {
    let order = ["IN_PROGRESS", "DONE", "PARTIAL_CANCELED", "CANCELED"];
    order.iter().position(|status| says(body, status)).map_or(0, |place| place + 1)
}

/// The same key, the same bytes, whenever it is asked and whoever answers.
pub(crate) fn always_the_same(tale: &Tale) -> Result<(), String> {
    let mut first: HashMap<&str, &Answer> = HashMap::new();
    for heard in &tale.heard {
        let Ask::Keyed(keyed) = &heard.asked else { continue };
        let known = *first.entry(&keyed.name).or_insert(&heard.answer);
        let same = |answer: &Answer| (answer.status, answer.body.clone());
        if same(known) != same(&heard.answer) {
            return Err(format!("{}: {:?}, and then {:?}", keyed.name, same(known), same(&heard.answer)));
        }
    }
    Ok(())
}
