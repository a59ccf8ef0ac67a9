//! Cash receipts that stand alone, issued for money that came by another way (Toss core API, Cash receipts).
//!
//! Issuing looks neither for the order nor for a payment, and issues a second time what was issued before (measured).
//! Those of a payment are in `cash`: they are cancelled with it and are not listed here (UNVERIFIED).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::auth::MerchantId;
use crate::cash::{CashEntryView, CashFailure, receipt_url};
use crate::clock::{DAY, Korea, Ms};
use crate::codes::{self, Code};
use crate::ids::Ids;
use crate::lang::Lang;
use crate::terms::CashKind;

/// The code of everything that the tax service refuses.
const NTS_ERROR: &str = "NTS_ERROR";

/// A receipt, or the cancel of one, in won.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) key: Arc<str>,
    about: Arc<About>,
    issue_number: Box<str>,
    amount: i64,
    tax_free: i64,
    stage: Stage,
    at: Ms,
    is_cancel: bool,
    /// What can still be cancelled.
    left: i64,
    cancels: u32,
}

/// What a receipt and its cancels have in common.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) merchant: MerchantId,
    pub(crate) order: Box<str>,
    pub(crate) order_name: Box<str>,
    pub(crate) kind: CashKind,
    /// The buyer's number, masked.
    pub(crate) identity: Box<str>,
}

/// Where a receipt stands at the tax service, which answers after a day or two, and in Toss's test mode never.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    InProgress,
    Completed,
    Failed(Box<str>),
}

/// The receipts in the order in which they were issued, bounded: the oldest are forgotten first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Receipts {
    /// The number of the oldest receipt; the others follow without a gap. A number is a cursor, too.
    first: u64,
    rows: VecDeque<Receipt>,
    by_key: HashMap<Arc<str>, u64>,
    most: usize,
}

/// A page of one day.
pub(crate) struct Page<'a> {
    pub(crate) rows: Vec<&'a Receipt>,
    pub(crate) has_next: bool,
    /// The cursor of the last row; 0 for an empty page.
    pub(crate) last: u64,
}

impl Receipts {
    pub(crate) fn new(most: usize) -> Self {
        Self { first: 1, rows: VecDeque::new(), by_key: HashMap::new(), most: most.max(1) }
    }

    /// Issues a receipt, whatever was issued before.
    pub(crate) fn issue(
        &mut self,
        about: About,
        amount: i64,
        tax_free: i64,
        ids: &mut Ids,
        now: Ms,
    ) -> &Receipt {
        self.keep(Receipt {
            key: ids.receipt_key().into(),
            about: Arc::new(about),
            issue_number: ids.issue_number().into(),
            amount,
            tax_free,
            stage: Stage::InProgress,
            at: now,
            is_cancel: false,
            left: amount,
            cancels: 0,
        })
    }

    /// Cancels all that is left, or a part of it: a receipt of its own, `c_` and the key of the first.
    ///
    /// UNVERIFIED (U11): an unknown key, another merchant's and a cancel's are 404 `NOT_FOUND`; more than is left is
    /// 403 `NOT_CANCELABLE_AMOUNT`; the keys of further cancels get a number.
    pub(crate) fn cancel(
        &mut self,
        merchant: MerchantId,
        key: &str,
        amount: Option<i64>,
        ids: &mut Ids,
        now: Ms,
    ) -> Result<&Receipt, Code> {
        let found = self.find(key).filter(|receipt| receipt.about.merchant == merchant && !receipt.is_cancel);
        let receipt = found.ok_or(codes::NOT_FOUND)?;
        let amount = amount.unwrap_or(receipt.left);
        if amount == 0 || amount > receipt.left {
            return Err(codes::NOT_CANCELABLE_AMOUNT);
        }
        let tax_free = receipt.tax_free * amount / receipt.amount;
        receipt.left -= amount;
        receipt.cancels += 1;
        let key = match receipt.cancels {
            1 => format!("c_{key}"),
            more => format!("c_{key}_{more}"),
        };
        let cancel = Receipt {
            key: key.into(),
            about: Arc::clone(&receipt.about),
            issue_number: ids.issue_number().into(),
            amount,
            tax_free,
            stage: Stage::InProgress,
            at: now,
            is_cancel: true,
            left: 0,
            cancels: 0,
        };
        Ok(self.keep(cancel))
    }

    /// The tax service answers: `None` confirms the receipt, a text refuses it, after which nothing is left to cancel.
    pub(crate) fn answer(&mut self, key: &str, refusal: Option<&str>) -> Result<&Receipt, Code> {
        let receipt = self.find(key).ok_or(codes::NOT_FOUND)?;
        if receipt.stage != Stage::InProgress {
            return Err(codes::INVALID_REQUEST);
        }
        receipt.stage = match refusal {
            None => Stage::Completed,
            Some(why) => {
                receipt.left = 0;
                Stage::Failed(why.into())
            }
        };
        Ok(receipt)
    }

    /// The merchant's receipts of the day that begins at `day`, after the cursor.
    pub(crate) fn page(&self, merchant: MerchantId, day: Ms, after: u64, limit: usize) -> Page<'_> {
        let mut of_day = (self.first..).zip(&self.rows).filter(|(number, receipt)| {
            let is_its_day = (day..day + DAY).contains(&receipt.at);
            receipt.about.merchant == merchant && is_its_day && *number > after
        });
        let rows: Vec<_> = of_day.by_ref().take(limit).collect();
        let last = rows.last().map_or(0, |(number, _)| *number);
        let rows = rows.into_iter().map(|(_, receipt)| receipt).collect();
        Page { rows, has_next: of_day.next().is_some(), last }
    }

    fn find(&mut self, key: &str) -> Option<&mut Receipt> {
        let number = self.by_key.get(key)?;
        let at = usize::try_from(number - self.first).ok()?;
        self.rows.get_mut(at)
    }

    fn keep(&mut self, receipt: Receipt) -> &Receipt {
        if self.rows.len() >= self.most
            && let Some(oldest) = self.rows.pop_front()
        {
            self.by_key.remove(&oldest.key);
            self.first += 1;
        }
        let at = self.rows.len();
        let number = self.first + u64::try_from(at).unwrap_or(0);
        self.by_key.insert(Arc::clone(&receipt.key), number);
        self.rows.push_back(receipt);
        &self.rows[at]
    }
}

impl Receipt {
    /// The `CashReceipt` object.
    pub(crate) fn show(&self, lang: Lang) -> CashEntryView<'_> {
        CashEntryView {
            receipt_key: &self.key,
            order_id: &self.about.order,
            order_name: &self.about.order_name,
            kind: self.about.kind.name(lang),
            issue_number: &self.issue_number,
            receipt_url: receipt_url(&self.key),
            business_number: "0000000000",
            transaction_type: if self.is_cancel { "CANCEL" } else { "CONFIRM" },
            amount: self.amount,
            tax_free_amount: self.tax_free,
            issue_status: match self.stage {
                Stage::InProgress => "IN_PROGRESS",
                Stage::Completed => "COMPLETED",
                Stage::Failed(_) => "FAILED",
            },
            failure: match &self.stage {
                Stage::Failed(message) => Some(CashFailure { code: NTS_ERROR, message }),
                _ => None,
            },
            customer_identity_number: &self.about.identity,
            requested_at: Korea(self.at),
        }
    }
}
