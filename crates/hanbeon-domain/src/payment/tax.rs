//! Which parts of a refund are not taxed: as the shop says, and never more than is left of them.
use super::{Payment, Refused, State};
use crate::refund::CancelRequest;
use crate::tax::{Tax, Untaxed};
use crate::{Snapshot, Won};

impl Payment {
    /// What is not taxed of that which no refund has taken or is taking. `None` when Toss has not said it of this balance, or when its
    /// parts do not add up to it: then they are no reason to refuse anything, and Toss decides.
    #[must_use]
    pub fn untaxed_left(&self) -> Option<Untaxed> {
        let left = self.toss.tax.filter(|tax| tax.sum() == Some(self.at_toss()))?.untaxed;
        match &self.state {
            State::Canceling { refund, .. } => left.minus(refund.untaxed?),
            _ => Some(left),
        }
    }

    /// What must be left at Toss, as far as we know: everything before a deposit, what we hold after it.
    fn at_toss(&self) -> Won {
        if self.captured.is_zero() { self.amount } else { self.ours() }
    }

    /// The parts of a refund of `amount` that are not taxed. All that is left takes all parts with it. A part of it is
    /// taxed, as it is to Toss, unless the shop says otherwise: only the shop knows what came back.
    ///
    /// # Errors
    /// [`Refused::NotInParts`] when there is less of one of the parts, or of what is taxed.
    pub(super) fn untaxed_of(
        &self,
        request: &CancelRequest,
        amount: Won,
    ) -> Result<Option<Untaxed>, Refused> {
        let balance = self.at_toss().minus(self.reserved()).unwrap_or(Won::ZERO);
        untaxed_of(self.untaxed_left(), balance, amount, request.untaxed)
    }
}

/// The same, of a balance of which `left` is not taxed.
pub(super) fn untaxed_of(
    left: Option<Untaxed>,
    balance: Won,
    amount: Won,
    wanted: Option<Untaxed>,
) -> Result<Option<Untaxed>, Refused> {
    let Some(left) = left else { return Ok(wanted) };
    if amount == balance && wanted.is_none_or(|wanted| wanted == left) {
        return Ok(Some(left));
    }
    let Some(taxed_left) = left.taxed_of(balance) else { return Ok(wanted) };
    let parts = wanted.unwrap_or_default();
    let is_left = parts.taxed_of(amount).is_some_and(|taxed| taxed <= taxed_left);
    match left.minus(parts) {
        Some(_) if is_left => Ok(Some(parts)),
        _ => Err(Refused::NotInParts { asked: amount, parts, taxed_left, left }),
    }
}

impl Snapshot {
    /// What of the balance is not taxed, if Toss says it and its parts add up.
    pub(super) fn untaxed(&self) -> Option<Untaxed> {
        self.tax.filter(|tax: &Tax| tax.sum() == Some(self.balance)).map(|tax| tax.untaxed)
    }
}
