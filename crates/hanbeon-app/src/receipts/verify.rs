//! Of every payment that has receipts: what they prove is what is left of it (S20).
use crate::verify::{FINDINGS_MAX, Finding, Verified};
use hanbeon_domain::receipt::ReceiptState;
use hanbeon_store::{ReceiptRecord, ReceiptStore, StoreError};

/// Receipts that are read at once.
const PAGE: usize = 200;

/// Looks at every receipt; says how many. A row that cannot even be read is the last thing that is found.
///
/// # Errors
/// When the store cannot be asked.
pub async fn verify(store: &dyn ReceiptStore, verified: &mut Verified) -> Result<u64, StoreError> {
    let (mut after, mut seen) = (None, 0);
    loop {
        let page = match store.receipts_after(after, PAGE).await {
            Err(StoreError::Corrupt { table, row }) => {
                let what = format!("{table} holds a row that cannot be: {row}");
                verified.findings.push(Finding { invariant: "S20", payment: None, what });
                return Ok(seen);
            }
            page => page?,
        };
        let Some(last) = page.last() else { return Ok(seen) };
        after = Some(last.receipt.id);
        for record in &page {
            seen += 1;
            verified.findings.extend(look_at(record));
            if verified.findings.len() >= FINDINGS_MAX {
                return Ok(seen);
            }
        }
    }
}

/// At rest only: one that is under way, due, or waits for a human is known not to fit yet.
fn look_at(ReceiptRecord { receipt, left, is_due }: &ReceiptRecord) -> Option<Finding> {
    let (id, in_force) = (receipt.id, receipt.in_force());
    if receipt.state != ReceiptState::Issued || *is_due || in_force == *left {
        return None;
    }
    let what = format!("cash receipt {id} proves {in_force} won, and {left} are left of the payment");
    Some(Finding { invariant: "S20", payment: Some(receipt.payment), what })
}
