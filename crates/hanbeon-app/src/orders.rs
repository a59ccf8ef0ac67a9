//! Orders come from the shop's server, never from a browser: the total that is written here is the authority
//! on the amount.
use crate::App;
use crate::claims::Operation;
use hanbeon_domain::order::{BadOrder, Customer, Line};
use hanbeon_domain::{MerchantReference, Order, OrderId, Timestamp, Untaxed, Won};
use hanbeon_store::{Inserted, StoreError};

/// What the shop sends.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The shop's own name for it, unique.
    pub reference: MerchantReference,
    /// What the buyer sees.
    pub name: String,
    /// To pay, in won.
    pub total: Won,
    /// What of it is not taxed.
    pub untaxed: Untaxed,
    /// What was bought.
    pub lines: Vec<Line>,
    /// Who buys.
    pub customer: Customer,
    /// From then on it can no longer be paid.
    pub expires_at: Option<Timestamp>,
}

/// Why an order was not made.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It does not make sense.
    #[error(transparent)]
    Bad(#[from] BadOrder),
    /// The shop has used this reference before.
    #[error("merchantReference is taken by order {0}")]
    ReferenceTaken(OrderId),
    /// It could not be stored.
    #[error("the order could not be stored")]
    Store(#[from] StoreError),
}

impl App {
    /// Makes an order; for one operation one and the same.
    ///
    /// # Errors
    /// [`OrderError`]; nothing was made then.
    pub async fn create_order(&self, operation: Operation, new: NewOrder) -> Result<Order, OrderError> {
        let NewOrder { reference, name, total, untaxed, lines, customer, expires_at } = new;
        let id = operation.order();
        let created_at = self.now();
        let order = Order { id, reference, name, total, untaxed, lines, customer, created_at, expires_at };
        let order = order.check()?;
        match self.store.insert_order(&order).await? {
            Inserted::New => Ok(order),
            // The same request, of which only the answer was lost.
            Inserted::ReferenceTaken(by) if by == id => {
                let lost = || StoreError::Unavailable("the order is made, but cannot be read".to_owned());
                Ok(self.store.order(id).await?.ok_or_else(lost)?.order)
            }
            Inserted::ReferenceTaken(by) => Err(OrderError::ReferenceTaken(by)),
        }
    }
}
