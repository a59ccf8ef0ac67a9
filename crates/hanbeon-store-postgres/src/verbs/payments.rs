//! Payments, as they are read.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_domain::{OrderId, Payment, PaymentId, PaymentKey, StateName};
use hanbeon_store::{Hint, PaymentRecord, StoreError};

pub(crate) async fn record(_tx: &Tx<'_>, _id: PaymentId) -> Result<Option<PaymentRecord>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn records_after(
    _tx: &Tx<'_>,
    _after: Option<PaymentId>,
    _limit: usize,
) -> Result<Vec<PaymentRecord>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn of_order(_tx: &Tx<'_>, _order: OrderId) -> Result<Option<Payment>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn by_key(_tx: &Tx<'_>, _key: &PaymentKey) -> Result<Option<Payment>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn of_hint(_tx: &Tx<'_>, _hint: &Hint) -> Result<Option<Payment>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn in_state(
    _tx: &Tx<'_>,
    _state: StateName,
    _limit: usize,
) -> Result<Vec<Payment>, StoreError> {
    Err(unwritten())
}
