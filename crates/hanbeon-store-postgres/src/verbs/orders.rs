//! Orders, and the one read that begins a checkout.
use crate::error::unwritten;
use crate::tx::Tx;
use hanbeon_domain::{Checkout, ConfirmRequest, Order, OrderId};
use hanbeon_store::{Inserted, OrderRecord, StoreError};

pub(crate) async fn insert(_tx: &Tx<'_>, _order: &Order) -> Result<Inserted, StoreError> {
    Err(unwritten())
}

pub(crate) async fn record(_tx: &Tx<'_>, _id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
    Err(unwritten())
}

pub(crate) async fn checkout(_tx: &Tx<'_>, _request: &ConfirmRequest) -> Result<Checkout, StoreError> {
    Err(unwritten())
}
