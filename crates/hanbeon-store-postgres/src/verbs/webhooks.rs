//! Notices of Toss's, as they came.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_domain::Timestamp;
use hanbeon_store::{Kept, NewWebhook, StoreError, Webhook, WebhookId};

pub(crate) async fn keep(_tx: &Tx<'_>, _new: &NewWebhook, _from: Timestamp) -> Result<Kept, StoreError> {
    Err(unwritten())
}

pub(crate) async fn before(
    _tx: &Tx<'_>,
    _before: Option<WebhookId>,
    _limit: usize,
) -> Result<Vec<Webhook>, StoreError> {
    Err(unwritten())
}
