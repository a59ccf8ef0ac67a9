//! Promotions: discounts, points and instalments free of interest (Toss core API, Promotions).

use crate::{error::Error, wire::Call};

/// `GET /v1/promotions/card`
pub fn encode_card_promotions() -> Result<Call, Error> {
    Call::get("/v1/promotions/card", &[])
}

/// `GET /v1/promotions`
pub fn encode_promotions() -> Result<Call, Error> {
    Call::get("/v1/promotions", &[])
}
