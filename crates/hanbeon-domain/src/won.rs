//! Money: whole won, never a fraction, never negative.
use std::fmt;

/// An amount of Korean won, from 0 to `i64::MAX`. Arithmetic is checked; there is no way to wrap one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Won(i64);

/// A number that is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an amount in won: it must not be negative")]
pub struct NotWon(pub i64);

impl Won {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount; zero is one (a balance can be zero).
    ///
    /// # Errors
    /// [`NotWon`] when `won` is negative.
    pub const fn new(won: i64) -> Result<Self, NotWon> {
        if won < 0 { Err(NotWon(won)) } else { Ok(Self(won)) }
    }

    /// The number of won.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Is there no money in it?
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` above `i64::MAX`.
    #[must_use]
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// What is left, or `None` when `other` is more than there is.
    #[must_use]
    pub const fn minus(self, other: Self) -> Option<Self> {
        if other.0 > self.0 { None } else { Some(Self(self.0 - other.0)) }
    }

    /// `quantity` times this amount, or `None` above `i64::MAX`.
    #[must_use]
    pub fn times(self, quantity: u32) -> Option<Self> {
        self.0.checked_mul(i64::from(quantity)).map(Self)
    }
}

impl fmt::Display for Won {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_never_negative_and_never_wraps() {
        assert_eq!(Won::new(-1), Err(NotWon(-1)));
        let most = Won::new(i64::MAX).unwrap();
        assert_eq!(most.plus(Won::new(1).unwrap()), None);
        assert_eq!(most.times(2), None);
        assert_eq!(Won::ZERO.minus(most), None);
        assert_eq!(most.minus(most), Some(Won::ZERO));
    }
}
