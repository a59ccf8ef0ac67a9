//! 정기결제: a card that is registered once and charged each month.
//!
//! 1. `POST /shop/members`: hanbeon makes a customer; the billing window opens with its `customerKey`
//! 2. `POST /shop/subscriptions`: the window's `authKey` becomes a key, the first month is charged, the next ones are
//!    scheduled. Each step carries a name that follows from the browser's attempt, so a page that is loaded again, or a
//!    request that is repeated, registers one card, charges one month and makes one subscription
//! 3. `GET /shop/subscriptions/{id}`, `POST …/cancel`: for whoever knows the id, as with a guest's order

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Shop;
use crate::hanbeon::Answer;
use crate::refusal::{Refusal, id};

/// What is sent each month, and for how many won.
const PLAN_NAME: &str = "한번상점 정기배송";
const PLAN_AMOUNT: u64 = 9_900;

/// Who may be charged without a window.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    id: String,
    customer_key: String,
}

/// What the buyer came back from the window with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Registered {
    member: String,
    auth_key: String,
    attempt: String,
}

#[derive(Deserialize)]
struct Keys {
    #[serde(rename = "billingKeys")]
    all: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    id: String,
    state: String,
    method: Option<String>,
    /// ISO 8601, in Korea.
    created_at: String,
    failure: Option<Failure>,
}

/// Why not, in Toss's words.
#[derive(Deserialize, Serialize)]
struct Failure {
    code: String,
    message: String,
}

/// A subscription, as far as its owner is shown it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    id: String,
    #[serde(skip_serializing)]
    customer: String,
    #[serde(skip_serializing)]
    billing_key: String,
    status: String,
    amount: u64,
    order_name: String,
    anchor: u8,
    next_charge: Option<String>,
}

/// One month's charge.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Charge {
    id: String,
    state: String,
    amount: u64,
    order_name: String,
    created_at: String,
    failure: Option<Failure>,
}

#[derive(Deserialize)]
struct Charges {
    charges: Vec<Charge>,
}

/// A subscription with what it came from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Started {
    subscription: Subscription,
    first_charge: Charge,
    method: Option<String>,
}

/// A subscription with its charges, newest first.
#[derive(Serialize)]
pub(crate) struct Told {
    subscription: Subscription,
    charges: Vec<Charge>,
}

/// The first month is charged before the subscription exists, and the browser remembers it.
#[derive(Deserialize)]
pub(crate) struct First {
    first: Option<String>,
}

/// `POST /shop/members`.
pub(crate) async fn join(State(shop): State<Arc<Shop>>) -> Result<Json<Member>, Refusal> {
    let _permit = shop.calls_in_flight.try_acquire().map_err(|_| Refusal::Busy)?;
    let name = crate::orders::merchant_reference()?;
    let answer = shop.hanbeon.once(&name, "/v1/customers", &json!({})).await?;
    Ok(Json(good(answer)?.read()?))
}

/// `POST /shop/subscriptions`.
pub(crate) async fn start(
    State(shop): State<Arc<Shop>>,
    body: Result<Json<Registered>, JsonRejection>,
) -> Result<Json<Started>, Refusal> {
    let Json(Registered { member, auth_key, attempt }) =
        body.map_err(|rejection| Refusal::BadBody(rejection.status()))?;
    let (member, attempt) = (id(&member)?, id(&attempt)?);
    let _permit = shop.calls_in_flight.try_acquire().map_err(|_| Refusal::Busy)?;
    let key = shop.register(member, attempt, &auth_key).await?;
    let first_charge = shop.charge_first(member, attempt, &key).await?;
    let (start, anchor) = next_month(&key.created_at).ok_or(Refusal::Unknown)?;
    let body = json!({
        "customer": member, "billingKey": key.id, "amount": PLAN_AMOUNT, "orderName": PLAN_NAME,
        "start": start, "anchor": anchor,
    });
    let answer = shop.hanbeon.once(&format!("plan-{attempt}"), "/v1/subscriptions", &body).await?;
    let subscription = settled(answer)?.read()?;
    Ok(Json(Started { subscription, first_charge, method: key.method }))
}

/// `GET /shop/subscriptions/{id}?first={charge}`.
pub(crate) async fn show(
    State(shop): State<Arc<Shop>>,
    Path(subscription): Path<String>,
    Query(First { first }): Query<First>,
) -> Result<Json<Told>, Refusal> {
    let path = format!("/v1/subscriptions/{}", id(&subscription)?);
    let subscription = good(shop.hanbeon.get(&path).await?)?.read()?;
    let Charges { mut charges } = good(shop.hanbeon.get(&format!("{path}/charges")).await?)?.read()?;
    if let Some(first) = first {
        charges.push(good(shop.hanbeon.get(&format!("/v1/charges/{}", id(&first)?)).await?)?.read()?);
    }
    Ok(Json(Told { subscription, charges }))
}

/// `POST /shop/subscriptions/{id}/cancel`: no more charges, and the card is forgotten.
pub(crate) async fn cancel(
    State(shop): State<Arc<Shop>>,
    Path(subscription): Path<String>,
) -> Result<Json<Subscription>, Refusal> {
    let path = format!("/v1/subscriptions/{}", id(&subscription)?);
    let answer =
        shop.hanbeon.once(&format!("end-{subscription}"), &format!("{path}/cancel"), &json!({})).await?;
    let ended: Subscription = settled(answer)?.read()?;
    shop.forget_card(&ended.customer, &ended.billing_key).await;
    Ok(Json(ended))
}

impl Shop {
    /// The key that the window's `authKey` is good for.
    async fn register(&self, member: &str, attempt: &str, auth_key: &str) -> Result<Key, Refusal> {
        let path = format!("/v1/customers/{member}/billing-keys");
        let answer =
            self.hanbeon.once(&format!("card-{attempt}"), &path, &json!({ "authKey": auth_key })).await?;
        let made: Key = settled(answer)?.read()?;
        // What is answered under a name stays so; the list says how it went on.
        let Keys { all } = good(self.hanbeon.get(&path).await?)?.read()?;
        let key = all.into_iter().find(|key| key.id == made.id).ok_or(Refusal::HanbeonRefused)?;
        match (key.state.as_str(), key.failure) {
            ("active", failure) => Ok(Key { failure, ..key }),
            (_, Some(Failure { code, message })) => Err(Refusal::Toss { code, message }),
            ("issuing", None) => Err(Refusal::NotYet),
            (_, None) => Err(Refusal::HanbeonRefused),
        }
    }

    /// The first month, now. A card that cannot be charged is not kept.
    async fn charge_first(&self, member: &str, attempt: &str, key: &Key) -> Result<Charge, Refusal> {
        let body = json!({ "billingKey": key.id, "amount": PLAN_AMOUNT, "orderName": PLAN_NAME });
        let path = format!("/v1/customers/{member}/charges");
        let charged = settled(self.hanbeon.once(&format!("first-{attempt}"), &path, &body).await?);
        if let Err(Refusal::Hanbeon(_)) = &charged {
            self.forget_card(member, &key.id).await;
        }
        Ok(charged?.read()?)
    }

    /// hanbeon goes on deleting by itself once it has been told; if it has not, the card stays, unused.
    async fn forget_card(&self, member: &str, key: &str) {
        let answer = self.hanbeon.delete(&format!("/v1/customers/{member}/billing-keys/{key}")).await;
        if !answer.is_ok_and(|answer| answer.is_good()) {
            tracing::warn!("a registered card could not be forgotten");
        }
    }
}

fn good(answer: Answer) -> Result<Answer, Refusal> {
    if answer.is_good() { Ok(answer) } else { Err(Refusal::Hanbeon(answer)) }
}

/// The answer to a request with a name; while another of that name is under way, the browser is to ask again.
fn settled(answer: Answer) -> Result<Answer, Refusal> {
    let code = answer.read::<Value>().ok().and_then(|body| Some(body["code"].as_str()?.to_owned()));
    if code.as_deref() == Some("IDEMPOTENT_REQUEST_PROCESSING") {
        return Err(Refusal::NotYet);
    }
    good(answer)
}

/// From the first day of the next month on, on the day of the month that `instant` is: the months that are too short
/// for it are hanbeon's affair.
fn next_month(instant: &str) -> Option<(String, u8)> {
    let mut parts = instant.get(..10)?.split('-');
    let (year, month) = (parts.next()?.parse::<u16>().ok()?, parts.next()?.parse::<u16>().ok()?);
    let day = parts.next()?.parse().ok()?;
    let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Some((format!("{year:04}-{month:02}-01"), day))
}

#[cfg(test)]
mod tests {
    use super::next_month;

    #[test]
    fn the_second_month_is_charged_a_month_after_the_first() {
        let cases = [
            ("2026-01-31T10:00:00+09:00", "2026-02-01", 31),
            ("2026-12-05T23:59:59+09:00", "2027-01-01", 5),
            ("2026-11-24T11:00:00+09:00", "2026-12-01", 24),
        ];
        for (made, start, anchor) in cases {
            assert_eq!(next_month(made), Some((start.to_owned(), anchor)), "{made}");
        }
        assert_eq!(next_month("tomorrow"), None);
    }
}
