//! Whom a receipt is for. It passes through: nobody stores it, and nobody prints it.
use super::ReceiptKind;
use std::fmt;

/// A buyer's phone, cash-receipt card or business number, or the tax office's own code for a buyer who named nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct BuyerNumber(String);

/// A number that cannot be one; the text itself is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Toss takes 30 characters at most, digits and dashes.
    #[error(
        "customerIdentityNumber must be 10 to 30 digits and dashes, with 10 digits at least: a phone or cash-receipt card \
         number for 소득공제, a business number for 지출증빙"
    )]
    Form,
    /// A business number has ten digits.
    #[error("customerIdentityNumber must be a business number of 10 digits for 지출증빙")]
    Business,
}

impl BuyerNumber {
    /// Checks what can be checked here; Toss and the tax service know more.
    ///
    /// # Errors
    /// [`BadNumber`].
    pub fn parse(text: impl Into<String>, kind: ReceiptKind) -> Result<Self, BadNumber> {
        let text = text.into();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        match kind {
            _ if !plain || !(10..=30).contains(&text.len()) || digits < 10 => Err(BadNumber::Form),
            ReceiptKind::ExpenseProof if digits != 10 => Err(BadNumber::Business),
            ReceiptKind::IncomeDeduction | ReceiptKind::ExpenseProof => Ok(Self(text)),
        }
    }

    /// The number itself. Whoever calls this takes over the duty not to show it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BuyerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BuyerNumber(***)")
    }
}
