//! Refunds: those that wait for their turn, one under way per payment, settled once; and those made elsewhere.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_domain::{PaymentId, RefundId, Refusal, Timestamp};
use hanbeon_store::{NewRefund, Queued, RefundRecord, Sealed, StoreError};

pub(crate) async fn queue(_tx: &Tx<'_>, _new: &NewRefund, _from: Timestamp) -> Result<Queued, StoreError> {
    Err(unwritten())
}

pub(crate) async fn refuse_queued(
    _tx: &Tx<'_>,
    _id: RefundId,
    _why: &Refusal,
    _at: Timestamp,
) -> Result<bool, StoreError> {
    Err(unwritten())
}

pub(crate) async fn account(_tx: &Tx<'_>, _id: RefundId) -> Result<Option<Sealed>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn one(_tx: &Tx<'_>, _id: RefundId) -> Result<Option<RefundRecord>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn whole(_tx: &Tx<'_>, _payment: PaymentId) -> Result<Option<RefundRecord>, StoreError> {
    Err(unwritten())
}
