//! `POST /shop/orders`: from the buyer's cart to an order in hanbeon.
//!
//! 1. parse: a cart of ids and quantities, and perhaps a buyer; a price is not even a known field
//! 2. price: with the shop's own catalogue
//! 3. tell hanbeon: server to server, with the merchant's key
//! 4. answer: the id that the browser pays under

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};

use crate::Shop;
use crate::catalogue::{self, Wanted};
use crate::hanbeon::{Customer, NewOrder};
use crate::refusal::Refusal;

/// Toss's own limit for a buyer's name and e-mail address (characters).
const MAX_CUSTOMER_TEXT: usize = 100;

/// What the order page sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderRequest {
    items: Vec<Wanted>,
    customer: Option<Buyer>,
}

/// The buyer, as typed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Buyer {
    name: String,
    email: String,
    mobile_phone: String,
}

/// What the order page needs to pay.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderAnswer {
    backend_order_id: String,
    order_name: String,
    /// Won.
    total_amount: u64,
    /// For the payment window; left out when all is taxed.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_free_amount: Option<u64>,
}

/// Creates an order at the shop's own prices.
pub(crate) async fn create(
    State(shop): State<Arc<Shop>>,
    body: Result<Json<OrderRequest>, JsonRejection>,
) -> Result<Json<OrderAnswer>, Refusal> {
    let Json(request) = body.map_err(|rejection| Refusal::BadBody(rejection.status()))?;
    let _permit = shop.calls_in_flight.try_acquire().map_err(|_| Refusal::Busy)?;
    let order = order(&request)?;
    let created = shop.hanbeon.create_order(&order).await.map_err(Refusal::from)?;
    Ok(Json(OrderAnswer {
        backend_order_id: created.id.to_ascii_lowercase(),
        order_name: order.order_name,
        total_amount: created.total_amount,
        tax_free_amount: Some(created.tax_free_amount).filter(|won| *won > 0),
    }))
}

fn order(request: &OrderRequest) -> Result<NewOrder, Refusal> {
    let cart = catalogue::price(&request.items).map_err(Refusal::BadCart)?;
    Ok(NewOrder {
        merchant_reference: merchant_reference()?,
        order_name: cart.order_name,
        total_amount: cart.total_amount,
        lines: cart.lines,
        customer: request.customer.as_ref().map(customer).transpose()?,
    })
}

fn customer(buyer: &Buyer) -> Result<Customer, Refusal> {
    let (name, email) = (buyer.name.trim(), buyer.email.trim());
    let mobile_phone: String = buyer.mobile_phone.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let name_is_good = (1..=MAX_CUSTOMER_TEXT).contains(&name.chars().count());
    let email_is_good = email.chars().count() <= MAX_CUSTOMER_TEXT
        && email.split_once('@').is_some_and(|(before, after)| !before.is_empty() && !after.is_empty());
    // Toss core API: a mobile phone number has 8 to 15 digits and nothing else.
    let phone_is_good =
        (8..=15).contains(&mobile_phone.len()) && mobile_phone.bytes().all(|byte| byte.is_ascii_digit());
    if !(name_is_good && email_is_good && phone_is_good) {
        return Err(Refusal::BadCustomer);
    }
    Ok(Customer { name: name.to_owned(), email: email.to_owned(), mobile_phone })
}

/// The shop's own number for the order, unique because it is random: 128 bits as `shop-` and hex digits.
pub(crate) fn merchant_reference() -> Result<String, Refusal> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|_| Refusal::Busy)?;
    Ok(format!("shop-{:032x}", u128::from_be_bytes(random)))
}

#[cfg(test)]
mod tests {
    use super::{Buyer, customer, merchant_reference};

    fn buyer(name: &str, email: &str, mobile_phone: &str) -> Buyer {
        Buyer { name: name.into(), email: email.into(), mobile_phone: mobile_phone.into() }
    }

    #[test]
    fn a_phone_number_is_sent_as_digits_only() {
        let customer = customer(&buyer(" 김토스 ", "toss@example.com", "010-1234 5678")).unwrap();
        assert_eq!((customer.name.as_str(), customer.mobile_phone.as_str()), ("김토스", "01012345678"));
    }

    #[test]
    fn a_buyer_that_toss_would_refuse_is_refused_here() {
        let long = "가".repeat(101);
        let cases = [
            ("", "a@b.kr", "01012345678"),
            (long.as_str(), "a@b.kr", "01012345678"),
            ("김토스", "a.b.kr", "01012345678"),
            ("김토스", "@b.kr", "01012345678"),
            ("김토스", "a@b.kr", "010"),
            ("김토스", "a@b.kr", "+821012345678"),
            ("김토스", "a@b.kr", "0101234567890123"),
        ];
        for (name, email, phone) in cases {
            assert!(customer(&buyer(name, email, phone)).is_err(), "{name} {email} {phone}");
        }
    }

    #[test]
    fn two_orders_never_share_a_reference() {
        let (first, second) = (merchant_reference().unwrap(), merchant_reference().unwrap());
        assert_ne!(first, second);
        assert_eq!(first.len(), "shop-".len() + 32);
    }
}
