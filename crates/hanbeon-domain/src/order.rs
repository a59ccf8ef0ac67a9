//! What the buyer owes. Only the shop's server can say it, and nothing the browser says can change it.
use crate::{MerchantReference, OrderId, Timestamp, Untaxed, Won};
use std::fmt;

/// An order, made server to server. Its total is the authority on the amount to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Ours: the contract's `backendOrderId`.
    pub id: OrderId,
    /// The shop's own name for it, unique.
    pub reference: MerchantReference,
    /// What the buyer sees, 1 to 100 characters.
    pub name: String,
    /// To pay, in won; above zero.
    pub total: Won,
    /// What of it is not taxed; at most all of it.
    pub untaxed: Untaxed,
    /// What was bought; may be empty. When it is not, it adds up to `total`.
    pub lines: Vec<Line>,
    /// Who buys; every field may be missing.
    pub customer: Customer,
    /// When the shop made it.
    pub created_at: Timestamp,
    /// From then on it can no longer be paid.
    pub expires_at: Option<Timestamp>,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is, 1 to 100 characters.
    pub name: String,
    /// How many, at least 1.
    pub quantity: u32,
    /// The price of one, in won.
    pub unit_price: Won,
}

/// Who buys. Personal data: `Debug` shows none of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Customer {
    /// At most 100 characters.
    pub name: Option<String>,
    /// At most 100 characters.
    pub email: Option<String>,
    /// 8 to 15 digits.
    pub mobile_phone: Option<String>,
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Customer(***)")
    }
}

/// The largest total: a browser carries the amount as a double, which is exact up to here.
pub const TOTAL_MAX: i64 = 9_007_199_254_740_991;
/// Most lines in an order: more is a mistake, or an attack on memory.
pub const LINES_MAX: usize = 500;
/// Longest name of an order, a line or a person (Toss browser SDK, `orderName` and `customerName`).
pub const NAME_MAX: usize = 100;

/// An order that does not make sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOrder {
    /// Nothing to pay, or more than a browser can carry exactly.
    #[error("totalAmount must be 1 to {TOTAL_MAX} won, not {0}")]
    Total(Won),
    /// More is tax free and exempt than is to pay.
    #[error(
        "taxFreeAmount {} and taxExemptionAmount {} are together more than totalAmount, which is {total} won",
        untaxed.free, untaxed.exempt
    )]
    Untaxed {
        /// The parts.
        untaxed: Untaxed,
        /// What the order says.
        total: Won,
    },
    /// The sum of the lines is another amount.
    #[error("the lines add up to {lines} won, but totalAmount is {total} won")]
    LinesDiffer {
        /// The sum of quantity × unit price.
        lines: Won,
        /// What the order says.
        total: Won,
    },
    /// The sum of the lines is beyond counting.
    #[error("the lines add up to more than can be counted")]
    LinesOverflow,
    /// Too many lines.
    #[error("an order has at most {LINES_MAX} lines, not {0}")]
    TooManyLines(usize),
    /// A quantity of zero.
    #[error("lines[{0}].quantity must be at least 1")]
    NoQuantity(usize),
    /// An empty or overlong text.
    #[error("{field} must be {min} to {max} characters")]
    Text {
        /// Which field.
        field: &'static str,
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// Not a telephone number as Toss takes it.
    #[error("customer.mobilePhone must be 8 to 15 digits, without dashes")]
    Phone,
    /// Already over.
    #[error("expiresAt is not in the future")]
    AlreadyExpired,
}

impl Order {
    /// Checks what must hold for every order.
    ///
    /// # Errors
    /// [`BadOrder`], the first rule that is broken.
    pub fn check(self) -> Result<Self, BadOrder> {
        if self.total.is_zero() || self.total.get() > TOTAL_MAX {
            return Err(BadOrder::Total(self.total));
        }
        if self.untaxed.taxed_of(self.total).is_none() {
            return Err(BadOrder::Untaxed { untaxed: self.untaxed, total: self.total });
        }
        text("orderName", 1, &self.name)?;
        self.check_lines()?;
        let Customer { name, email, mobile_phone } = &self.customer;
        name.as_deref().map_or(Ok(()), |name| text("customer.name", 0, name))?;
        email.as_deref().map_or(Ok(()), |email| text("customer.email", 0, email))?;
        if mobile_phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            return Err(BadOrder::Phone);
        }
        if self.expires_at.is_some_and(|at| at <= self.created_at) {
            return Err(BadOrder::AlreadyExpired);
        }
        Ok(self)
    }

    fn check_lines(&self) -> Result<(), BadOrder> {
        if self.lines.len() > LINES_MAX {
            return Err(BadOrder::TooManyLines(self.lines.len()));
        }
        let mut sum = Won::ZERO;
        for (at, line) in self.lines.iter().enumerate() {
            text("a line's name", 1, &line.name)?;
            if line.quantity == 0 {
                return Err(BadOrder::NoQuantity(at));
            }
            let line = line.unit_price.times(line.quantity).ok_or(BadOrder::LinesOverflow)?;
            sum = sum.plus(line).ok_or(BadOrder::LinesOverflow)?;
        }
        if !self.lines.is_empty() && sum != self.total {
            return Err(BadOrder::LinesDiffer { lines: sum, total: self.total });
        }
        Ok(())
    }
}

fn text(field: &'static str, min: usize, value: &str) -> Result<(), BadOrder> {
    let fits = (min..=NAME_MAX).contains(&value.chars().count());
    if fits { Ok(()) } else { Err(BadOrder::Text { field, min, max: NAME_MAX }) }
}

fn is_phone(phone: &str) -> bool {
    (8..=15).contains(&phone.len()) && phone.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn order(total: i64, lines: &[(u32, i64)]) -> Order {
        let line = |&(quantity, price): &(u32, i64)| Line {
            name: "mug".into(),
            quantity,
            unit_price: Won::new(price).unwrap(),
        };
        Order {
            id: OrderId::from_uuid(Uuid::from_u128(1)),
            reference: MerchantReference::parse("r-1").unwrap(),
            name: "mug and 1 more".into(),
            total: Won::new(total).unwrap(),
            untaxed: Untaxed::NONE,
            lines: lines.iter().map(line).collect(),
            customer: Customer::default(),
            created_at: Timestamp::from_micros(10),
            expires_at: None,
        }
    }

    #[track_caller]
    fn check(order: Order, want: Option<&str>) {
        assert_eq!(order.check().err().map(|e| e.to_string()).as_deref(), want);
    }

    #[test]
    fn the_lines_add_up_to_the_total() {
        check(order(1000, &[]), None);
        check(order(1000, &[(2, 300), (1, 400)]), None);
        check(order(1000, &[(2, 300)]), Some("the lines add up to 600 won, but totalAmount is 1000 won"));
        check(order(1000, &[(0, 300)]), Some("lines[0].quantity must be at least 1"));
        check(order(1000, &[(3, i64::MAX)]), Some("the lines add up to more than can be counted"));
    }

    #[test]
    fn a_total_is_above_zero_and_exact_in_a_browser() {
        check(order(0, &[]), Some("totalAmount must be 1 to 9007199254740991 won, not 0"));
        check(order(TOTAL_MAX, &[]), None);
        check(order(1_000_000_000_000, &[]), None);
        assert!(order(TOTAL_MAX + 1, &[]).check().is_err());
    }

    #[test]
    fn what_is_not_taxed_is_at_most_all_of_it() {
        let parts = |free, exempt| {
            let [free, exempt] = [free, exempt].map(|won| Won::new(won).unwrap());
            Order { untaxed: Untaxed { free, exempt }, ..order(1000, &[]) }
        };
        check(parts(1000, 0), None);
        check(parts(300, 700), None);
        check(
            parts(301, 700),
            Some(
                "taxFreeAmount 301 and taxExemptionAmount 700 are together more than totalAmount, which is 1000 won",
            ),
        );
        assert!(parts(i64::MAX, i64::MAX).check().is_err());
    }

    #[test]
    fn texts_have_limits_and_an_expiry_is_ahead() {
        check(Order { name: String::new(), ..order(1, &[]) }, Some("orderName must be 1 to 100 characters"));
        check(Order { name: "가".repeat(100), ..order(1, &[]) }, None);
        check(
            Order { name: "가".repeat(101), ..order(1, &[]) },
            Some("orderName must be 1 to 100 characters"),
        );
        let late = Some(Timestamp::from_micros(10));
        check(Order { expires_at: late, ..order(1, &[]) }, Some("expiresAt is not in the future"));
        let customer = Customer { mobile_phone: Some("010-1234".into()), ..Customer::default() };
        assert!(Order { customer, ..order(1, &[]) }.check().is_err());
    }
}
