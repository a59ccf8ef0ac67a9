//! How an amount is taxed. Toss divides what is left of a payment into supply, value-added tax, tax-free and tax-exempt
//! (Toss core API, Amount relations); which part of an order is not taxed, only the shop knows.
//!
//! hanbeon computes no tax: how Toss rounds it decides nothing here. It counts what is *not* taxed, which is told in whole
//! won, and the rest is taxed.
use crate::Won;

/// The parts of an amount that no value-added tax is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Untaxed {
    /// Tax-free goods (Toss: `taxFreeAmount`), in won.
    pub free: Won,
    /// What is no sale at all, such as a deposit on a bottle (Toss: `taxExemptionAmount`), in won.
    pub exempt: Won,
}

impl Untaxed {
    /// All of it is taxed.
    pub const NONE: Self = Self { free: Won::ZERO, exempt: Won::ZERO };

    /// Both parts, or `None` beyond counting.
    #[must_use]
    pub const fn sum(self) -> Option<Won> {
        self.free.plus(self.exempt)
    }

    /// What is taxed of `amount`; `None` when these parts are more than it.
    #[must_use]
    pub fn taxed_of(self, amount: Won) -> Option<Won> {
        amount.minus(self.sum()?)
    }

    /// Both, part by part, or `None` beyond counting.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Some(Self { free: self.free.plus(other.free)?, exempt: self.exempt.plus(other.exempt)? })
    }

    /// What is left, part by part, or `None` when there is less than that of one of them.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        Some(Self { free: self.free.minus(other.free)?, exempt: self.exempt.minus(other.exempt)? })
    }
}

/// How Toss says that what is left of a payment is taxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tax {
    /// Taxed, without the tax (Toss: `suppliedAmount`).
    pub supplied: Won,
    /// The value-added tax on it (Toss: `vat`).
    pub vat: Won,
    /// The rest.
    pub untaxed: Untaxed,
}

impl Tax {
    /// All parts; it ought to be what is left (Toss core API, Amount relations, 2).
    #[must_use]
    pub fn sum(self) -> Option<Won> {
        self.supplied.plus(self.vat)?.plus(self.untaxed.sum()?)
    }
}
