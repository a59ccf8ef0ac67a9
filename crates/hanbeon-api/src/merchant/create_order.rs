//! `POST /v1/orders`: the shop says what the buyer owes, before the payment window opens.
use super::idempotent::Once;
use super::key::Merchant;
use super::problem::Problem;
use super::view::OrderView;
use crate::extract::body::Body;
use crate::extract::fields;
use crate::routes::Api;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hanbeon_app::OrderRecord;
use hanbeon_app::claims::Operation;
use hanbeon_app::orders::NewOrder;
use hanbeon_domain::order::{Customer, Line};
use hanbeon_domain::{MerchantReference, Timestamp, Untaxed, Won};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OrderBody {
    #[serde(deserialize_with = "fields::reference")]
    merchant_reference: MerchantReference,
    order_name: String,
    #[serde(deserialize_with = "fields::amount")]
    total_amount: Won,
    #[serde(default, deserialize_with = "fields::part")]
    tax_free_amount: Won,
    #[serde(default, deserialize_with = "fields::part")]
    tax_exemption_amount: Won,
    #[serde(default)]
    currency: Currency,
    #[serde(default)]
    lines: Vec<LineBody>,
    #[serde(default)]
    customer: CustomerBody,
    #[serde(default)]
    expires_at: Option<jiff::Timestamp>,
}

/// Money is whole won here; another currency is refused before anything happens (ADR 21).
#[derive(Clone, Copy, Default, Deserialize)]
enum Currency {
    #[default]
    #[serde(rename = "KRW")]
    Won,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LineBody {
    name: String,
    quantity: u32,
    #[serde(deserialize_with = "fields::amount")]
    unit_price: Won,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CustomerBody {
    name: Option<String>,
    email: Option<String>,
    mobile_phone: Option<String>,
}

pub(crate) async fn handle(
    State(api): State<Arc<Api>>,
    _: Merchant,
    once: Once,
    body: Body,
) -> Result<Response, Problem> {
    let (order, raw) = body.parse_and_keep::<OrderBody>()?;
    let app = Arc::clone(&api.app);
    let work = |operation: Operation| async move {
        let order = app.create_order(operation, order.into()).await?;
        let record = OrderRecord { order, payments: Vec::new() };
        Ok::<_, Problem>((StatusCode::CREATED, Json(OrderView::of(record))))
    };
    Ok(once.run(&api.app, &raw, work).await)
}

impl From<OrderBody> for NewOrder {
    fn from(body: OrderBody) -> Self {
        let OrderBody {
            merchant_reference,
            order_name,
            total_amount,
            tax_free_amount: free,
            tax_exemption_amount: exempt,
            currency: Currency::Won,
            lines,
            customer,
            expires_at,
        } = body;
        let CustomerBody { name, email, mobile_phone } = customer;
        Self {
            reference: merchant_reference,
            name: order_name,
            total: total_amount,
            untaxed: Untaxed { free, exempt },
            lines: lines.into_iter().map(Line::from).collect(),
            customer: Customer { name, email, mobile_phone },
            expires_at: expires_at.map(|at| Timestamp::from_micros(at.as_microsecond())),
        }
    }
}

impl From<LineBody> for Line {
    fn from(LineBody { name, quantity, unit_price }: LineBody) -> Self {
        Self { name, quantity, unit_price }
    }
}
