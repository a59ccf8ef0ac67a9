//! May this confirm request begin a payment on this order? The order's own total is the authority; what the
//! browser says is only compared with it.
use crate::payment::{Event, Moment, Payment, Refused, State, Step, TossFacts};
use crate::{
    Order, OrderId, PaymentId, PaymentKey, SessionId, StateName, Timestamp, TossOrderId, TossStatus, Won,
};

/// What the browser sends after the buyer has authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmRequest {
    /// The order that is to be paid.
    pub order: OrderId,
    /// Its name at Toss.
    pub toss_order: TossOrderId,
    /// The payment that the buyer authenticated.
    pub key: PaymentKey,
    /// What the browser says the amount is.
    pub amount: Won,
    /// The buyer's session, if the browser has one.
    pub session: Option<SessionId>,
}

/// What the store knows when a confirm request arrives.
#[derive(Clone, Debug, Default)]
pub struct Checkout {
    /// The order.
    pub order: Option<Order>,
    /// The payment that already carries this payment key, on whatever order.
    pub same_key: Option<Payment>,
    /// The payment that holds the order, or the newest one that let go of it.
    pub newest: Option<Payment>,
    /// What this session saved for this `orderId` before the window opened.
    pub saved: Option<Won>,
}

/// What to do with the request.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It has been made before; this is its payment.
    Known(Box<Payment>),
    /// It begins a payment.
    Begin(Box<Step>),
}

/// Why a confirm request is refused before anyone is asked. Nothing has been charged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPayable {
    /// No such order.
    #[error("there is no order {0}")]
    UnknownOrder(OrderId),
    /// An amount differs from the order's total.
    #[error("the order costs {order} won, {whose} says {other} won")]
    AmountDiffers {
        /// The authority.
        order: Won,
        /// Who says otherwise.
        whose: &'static str,
        /// What it says.
        other: Won,
    },
    /// The payment key belongs to a payment of another order, or was sent with another `orderId` before.
    #[error("the payment key was used with another order")]
    KeyOfAnotherOrder,
    /// Another payment holds the order.
    #[error("the order already has a payment, which is {0}")]
    Taken(StateName),
    /// Too late.
    #[error("the order could be paid until {0:?}")]
    OrderExpired(Timestamp),
    /// The table said no; cannot happen for a fresh payment.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Checkout {
    /// Compares everything that must be equal, and decides.
    ///
    /// # Errors
    /// [`NotPayable`], the first rule that is broken; nothing has been charged then.
    pub fn decide(
        self,
        request: ConfirmRequest,
        fresh: PaymentId,
        moment: Moment<'_>,
    ) -> Result<Decision, NotPayable> {
        let order = self.order.ok_or(NotPayable::UnknownOrder(request.order))?;
        if let Some(known) = self.same_key {
            if known.order != order.id || known.toss_order != request.toss_order {
                return Err(NotPayable::KeyOfAnotherOrder);
            }
            same_amount(known.amount, "the request", request.amount)?;
            return Ok(Decision::Known(Box::new(known)));
        }
        same_amount(order.total, "the request", request.amount)?;
        self.saved.map_or(Ok(()), |saved| same_amount(order.total, "the saved amount", saved))?;
        if let Some(taken) = self.newest.filter(|payment| !payment.leaves_order_free()) {
            return Err(NotPayable::Taken(taken.state.name()));
        }
        if let Some(until) = order.expires_at.filter(|until| *until <= moment.now) {
            return Err(NotPayable::OrderExpired(until));
        }
        let payment = Payment::ready(&order, request, fresh, moment.now);
        Ok(Decision::Begin(Box::new(payment.step(Event::ConfirmRequested, moment)?)))
    }
}

impl Payment {
    pub(crate) fn ready(order: &Order, request: ConfirmRequest, id: PaymentId, now: Timestamp) -> Self {
        Self {
            id,
            order: order.id,
            toss_order: request.toss_order,
            key: request.key,
            amount: order.total,
            payer: request.session,
            created_at: now,
            version: 0,
            toss: TossFacts {
                status: TossStatus::InProgress,
                method: None,
                requested_at: None,
                approved_at: None,
                secret: None,
                tax: None,
            },
            captured: Won::ZERO,
            refunded: Won::ZERO,
            last_cancel_at: None,
            late: false,
            told: None,
            settles_at: None,
            state: State::Ready,
        }
    }
}

fn same_amount(order: Won, whose: &'static str, other: Won) -> Result<(), NotPayable> {
    if order == other { Ok(()) } else { Err(NotPayable::AmountDiffers { order, whose, other }) }
}

#[cfg(test)]
mod tests;
