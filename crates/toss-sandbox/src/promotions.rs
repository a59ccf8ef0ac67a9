//! What card companies and banks give to buyers (Toss core API, Promotions). The table is made up, and configurable.

use serde_json::{Number, Value, json};

use crate::enums::{Bank, Issuer};

/// One promotion. It only shows up in the two lists; no payment of the sandbox gets cheaper by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The payments that it is for.
    pub pay_type: PayType,
    /// What the buyer gets.
    pub benefit: Benefit,
    /// Two-character code of the card company, of the bank for a bank's discount.
    pub company: String,
    /// The smallest payment that gets it, in won.
    pub minimum: i64,
    /// Its last day, `2026-12-31`, until 23:59:59.
    pub due_date: String,
}

/// `payType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayType {
    /// Payments in the window.
    Normal,
    /// Charges of billing keys.
    Billing,
    /// `BrandPay`.
    Brandpay,
}

/// What a promotion gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Benefit {
    /// A card's instant discount.
    CardDiscount(Discount),
    /// A card's instalments without interest, of so many months.
    CardInterestFree(Vec<u8>),
    /// A card's points can be used.
    CardPoint,
    /// A bank's instant discount.
    BankDiscount(Discount),
}

/// An instant discount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// How it is counted.
    pub off: Off,
    /// The largest payment that gets it, in won.
    pub maximum: i64,
    /// Won left of what the company gives; 0 means that it is used up.
    pub balance: i64,
    /// `discountCode`.
    pub code: String,
}

/// How a discount is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// Won.
    Amount(i64),
    /// Percent of the payment, 1 to 30.
    Percent(u8),
}

impl Promotion {
    /// The made-up table: one of each kind.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let promotion = |pay_type, benefit, company: &str, minimum| Self {
            pay_type,
            benefit,
            company: company.to_owned(),
            minimum,
            due_date: String::from("2030-12-31"),
        };
        let discount =
            |off, code: &str| Discount { off, maximum: 500_000, balance: 10_000_000, code: code.into() };
        let won = Benefit::CardDiscount(discount(Off::Amount(1_000), "7915660000"));
        let months = Benefit::CardInterestFree(vec![2, 3, 4, 5]);
        let percent = Benefit::BankDiscount(discount(Off::Percent(5), "7915660001"));
        vec![
            promotion(PayType::Normal, won, "61", 10_000),
            promotion(PayType::Normal, months, "11", 50_000),
            promotion(PayType::Normal, Benefit::CardPoint, "31", 1_000),
            promotion(PayType::Brandpay, percent, "20", 10_000),
        ]
    }

    pub(crate) fn is_known(&self) -> bool {
        let percent =
            |discount: &Discount| !matches!(discount.off, Off::Percent(rate) if !(1..=30).contains(&rate));
        match &self.benefit {
            Benefit::BankDiscount(discount) => Bank::find(&self.company).is_some() && percent(discount),
            Benefit::CardDiscount(discount) => Issuer::find(&self.company).is_some() && percent(discount),
            _ => Issuer::find(&self.company).is_some(),
        }
    }

    /// Its own object, and the name that the list of all promotions gives it.
    fn show(&self) -> (&'static str, &'static str, Value) {
        let minimum = json!({ "dueDate": self.due_date, "minimumPaymentAmount": self.minimum });
        let (kind, field, organisation, more) = match &self.benefit {
            Benefit::CardDiscount(off) => ("CARD_DISCOUNT", "cardDiscount", "issuerCode", off.show()),
            Benefit::CardInterestFree(months) => (
                "CARD_INTEREST_FREE",
                "cardInterestFree",
                "issuerCode",
                json!({ "installmentFreeMonths": months }),
            ),
            Benefit::CardPoint => ("CARD_POINT", "cardPoint", "issuerCode", json!({})),
            Benefit::BankDiscount(off) => ("BANK_DISCOUNT", "bankDiscount", "bankCode", off.show()),
        };
        let mut shown = json!({ organisation: self.company });
        for part in [minimum, more] {
            if let (Value::Object(shown), Value::Object(part)) = (&mut shown, part) {
                shown.extend(part);
            }
        }
        (kind, field, shown)
    }
}

impl Discount {
    /// UNVERIFIED: the field that says which of the two it is.
    fn show(&self) -> Value {
        let (kind, field, off) = match self.off {
            Off::Amount(won) => ("FIXED_AMOUNT", "discountAmount", json!(won)),
            Off::Percent(rate) => ("FIXED_RATE", "discountRate", json!(rate_of(rate))),
        };
        json!({
            "currency": "KRW", "discountType": kind, field: off, "balance": self.balance, "discountCode": self.code,
            "maximumPaymentAmount": self.maximum,
        })
    }
}

/// `0.05`: a share as Toss writes it, without any arithmetic of floats.
fn rate_of(percent: u8) -> Option<Number> {
    format!("0.{percent:02}").parse().ok()
}

/// `GET /v1/promotions/card`: the discounts of won and the free instalments of cards, in the window.
pub(crate) fn of_cards(promotions: &[Promotion]) -> Value {
    let of = |wanted: fn(&Benefit) -> bool| -> Vec<Value> {
        let mine = promotions.iter().filter(|one| one.pay_type == PayType::Normal && wanted(&one.benefit));
        mine.map(|one| one.show().2).collect()
    };
    let mut discounts =
        of(|benefit| matches!(benefit, Benefit::CardDiscount(Discount { off: Off::Amount(_), .. })));
    for discount in discounts.iter_mut().filter_map(Value::as_object_mut) {
        discount.remove("discountType");
    }
    let free = of(|benefit| matches!(benefit, Benefit::CardInterestFree(_)));
    json!({ "discountCards": discounts, "interestFreeCards": free })
}

/// `GET /v1/promotions`: all of them, each with the object of its kind.
pub(crate) fn all(promotions: &[Promotion]) -> Value {
    let show = |one: &Promotion| {
        let (kind, field, own) = one.show();
        let pay_type = match one.pay_type {
            PayType::Normal => "NORMAL",
            PayType::Billing => "BILLING",
            PayType::Brandpay => "BRANDPAY",
        };
        let mut shown = json!({
            "payType": pay_type, "type": kind, "cardDiscount": null, "cardInterestFree": null, "cardPoint": null,
            "bankDiscount": null,
        });
        shown[field] = own;
        shown
    };
    promotions.iter().map(show).collect()
}
