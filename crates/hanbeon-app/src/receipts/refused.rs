//! What the tax service says of receipts that Toss has taken: a day or two later, and to nobody by itself. So Toss's lists of
//! the last days are read, as its list of transactions is. A receipt that was refused proves nothing, and its payment may have
//! another one.
use super::Receipts;
use hanbeon_domain::{Receipt, Timestamp};
use hanbeon_psp::receipts::ReceiptPsp;
use hanbeon_store::{ReceiptStore, StoreError};
use std::time::Duration;
use tokio::time::sleep;
use tracing::{debug, warn};

/// How often the lists are read.
const PERIOD: Duration = Duration::from_secs(6 * 60 * 60);
/// For the first time so long after the start, when what a crash left is done.
const AT_FIRST: Duration = Duration::from_secs(2 * 60);
/// How far back: the service takes one to two days, and may have a weekend before it.
pub const LOOK_BACK: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// Why the lists were not taken up.
#[derive(Debug, thiserror::Error)]
pub enum RefusedError {
    /// Toss would not tell.
    #[error("Toss's lists of cash receipts cannot be read: {0}")]
    Toss(String),
    /// The store would not tell, or not take it.
    #[error("the store cannot be asked")]
    Store(#[from] StoreError),
}

impl Receipts {
    /// Takes up what the tax service has refused, again and again until `stop` is done.
    pub async fn watch_until(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut nap = AT_FIRST;
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = sleep(nap) => {}
            }
            match take_up(&*self.store, &*self.psp, self.app.now()).await {
                Ok(refused) => debug!(refused = refused.len(), "read what the tax service has refused"),
                // Not every merchant has lists at Toss, and nothing is lost: they are read again.
                Err(error) => debug!(%error, "what the tax service has refused is not known"),
            }
            nap = PERIOD;
        }
    }
}

/// Takes up what the tax service has refused of the last days, and says which receipts. Works beside a running server: who
/// was first wins.
///
/// # Errors
/// [`RefusedError`]; what was found before it is taken up.
pub async fn take_up(
    store: &dyn ReceiptStore,
    psp: &dyn ReceiptPsp,
    now: Timestamp,
) -> Result<Vec<Receipt>, RefusedError> {
    let mut taken = Vec::new();
    for (id, reason) in psp.refused(now.minus(LOOK_BACK), now).await.map_err(RefusedError::Toss)? {
        let Some(receipt) = store.receipt(id).await? else { continue };
        let Some(step) = receipt.refused_since(reason) else { continue };
        match store.commit_receipt(&step, now, now).await {
            Ok(()) => {
                warn!(receipt.id = %id, payment.id = %receipt.payment, "the tax service refused a cash receipt");
                taken.push(step.next);
            }
            // It has just moved: it is listed the next time, too.
            Err(StoreError::Superseded) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(taken)
}
