//! Billing: keys from the window or from a card, charges without a buyer, and the end of a key (Toss core API, Billing).

use std::sync::Arc;

use serde::Deserialize;

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::Call;
use crate::auth::MerchantId;
use crate::billing::{BillingKey, Charged, Source, to_json};
use crate::choice::{Chosen, is_text};
use crate::clock::Ms;
use crate::codes::{self, Code};
use crate::journal::{Effect, EffectKind};
use crate::ledger::Row;
use crate::means::{Card, Means};
use crate::money::{Currency, Won};
use crate::opening::is_order_id;
use crate::payment::Terms;
use crate::plastic::{CardBody, Plastic, check_customer};
use crate::shared::{Opening, Shared};
use crate::state::World;

/// The reason in the webhook about a key that its merchant deleted (Toss webhooks, `BILLING_DELETED`).
const DELETED_BY_CALL: &str = "삭제 API 요청";

/// A billing call whose own parts are right.
pub(crate) enum Ask {
    Issue { auth_key: String, customer: String },
    Card { plastic: Plastic, customer: String },
    Charge(Charge),
    Delete { key: String },
}

/// A charge with all its parts.
pub(crate) struct Charge {
    key: String,
    customer: String,
    order_id: String,
    order_name: String,
    amount: i64,
    tax_free: i64,
    tax_exempt: i64,
    months: u8,
    customer_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssueBody {
    auth_key: Option<String>,
    customer_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CardIssueBody {
    customer_key: Option<String>,
    #[serde(flatten)]
    card: CardBody,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChargeBody {
    amount: Option<Won>,
    customer_key: Option<String>,
    order_id: Option<String>,
    order_name: Option<String>,
    tax_free_amount: Option<Won>,
    tax_exemption_amount: Option<Won>,
    card_installment_plan: Option<u8>,
    customer_name: Option<String>,
}

impl Ask {
    pub(crate) fn issue(body: IssueBody) -> Result<Self, Code> {
        let (Some(auth_key), Some(customer)) = (body.auth_key, body.customer_key) else {
            return Err(codes::INVALID_REQUIRED_PARAM);
        };
        if auth_key.is_empty() || auth_key.len() > 300 {
            return Err(codes::INVALID_REQUEST);
        }
        check_customer(&customer)?;
        Ok(Self::Issue { auth_key, customer })
    }

    pub(crate) fn card(body: CardIssueBody) -> Result<Self, Code> {
        let customer = body.customer_key.ok_or(codes::INVALID_REQUIRED_PARAM)?;
        check_customer(&customer)?;
        Ok(Self::Card { plastic: body.card.read()?, customer })
    }

    pub(crate) fn charge(key: String, body: ChargeBody) -> Result<Self, Code> {
        let (Some(amount), Some(customer), Some(order_id), Some(order_name)) =
            (body.amount, body.customer_key, body.order_id, body.order_name)
        else {
            return Err(codes::INVALID_REQUIRED_PARAM);
        };
        let won = |part: Option<Won>| part.map_or(0, |won| won.0);
        let (tax_free, tax_exempt) = (won(body.tax_free_amount), won(body.tax_exemption_amount));
        let (amount, parts_fit) = (amount.0, tax_free >= 0 && tax_exempt >= 0);
        let fits = amount > 0 && parts_fit && tax_free + tax_exempt <= amount;
        if !fits || !is_order_id(&order_id) || !is_text(&order_name) {
            return Err(codes::INVALID_REQUEST);
        }
        let months = body.card_installment_plan.unwrap_or(0);
        if months == 1 || months > 12 {
            return Err(codes::INVALID_CARD_INSTALLMENT_PLAN);
        }
        Ok(Self::Charge(Charge {
            key,
            customer,
            order_id,
            order_name,
            amount,
            tax_free,
            tax_exempt,
            months,
            customer_name: body.customer_name,
        }))
    }

    /// Order and amount of a charge.
    pub(crate) fn order(&self) -> Option<(&str, i64)> {
        match self {
            Self::Charge(charge) => Some((&charge.order_id, charge.amount)),
            _ => None,
        }
    }
}

pub(crate) fn execute(
    world: &mut World,
    shared: &Shared,
    merchant: MerchantId,
    ask: &Ask,
    call: &Call,
    now: Ms,
) -> Outcome {
    match ask {
        Ask::Issue { auth_key, customer } => {
            let World { billing, ids, .. } = world;
            let issued = billing.issue_from_auth(merchant, auth_key, customer, ids);
            told(
                issued.map(|(name, key)| to_json(&name, key, shared.directory.merchant(merchant), call.lang)),
                call,
            )
        }
        Ask::Card { plastic, customer } => {
            let World { billing, ids, .. } = world;
            let issued = plastic.check_date(now).map(|()| {
                let key = BillingKey::new(merchant, plastic.source(customer), None, now);
                let (name, key) = billing.issue(key, ids);
                to_json(&name, key, shared.directory.merchant(merchant), call.lang)
            });
            told(issued, call)
        }
        Ask::Charge(asked) => charge(world, shared, merchant, asked, call, now),
        Ask::Delete { key } => told(delete(world, merchant, key, now).map(|()| Vec::new()), call),
    }
}

/// An answer that is no payment: a key, or nothing.
fn told(body: Result<Vec<u8>, Code>, call: &Call) -> Outcome {
    match body {
        Ok(body) => Outcome::said(body, call),
        Err(code) => Outcome::refused(code, call),
    }
}

/// A charge is a payment that is opened, authenticated and approved at once. Toss tells nobody of it.
/// Whether a refused charge leaves an ABORTED payment behind is a switch.
fn charge(
    world: &mut World,
    shared: &Shared,
    merchant: MerchantId,
    ask: &Charge,
    call: &Call,
    now: Ms,
) -> Outcome {
    let (source, means, refused) = match may_charge(world, merchant, ask) {
        Ok((.., Some(code))) if !world.switches.keep_refused_charges => return Outcome::refused(code, call),
        Ok(allowed) => allowed,
        Err(code) => return Outcome::refused(code, call),
    };
    let chosen = Chosen { means, more: Some(Arc::clone(&source.more)) };
    let secret = means.card().map(|_| world.ids.secret().into());
    let opening = Opening {
        merchant,
        order: &ask.order_id,
        order_name: &ask.order_name,
        amount: ask.amount,
        currency: Currency::Krw,
        tax_free: ask.tax_free,
        tax_exempt: ask.tax_exempt,
        origin: call.origin.as_deref(),
        terms: Terms {
            customer_name: ask.customer_name.as_deref().map(Into::into),
            billing: Some(Charged { source, secret }),
            ..Terms::default()
        },
    };
    let key = match shared.open(world, opening) {
        Ok(key) => key,
        Err(code) => return Outcome::refused(code, call),
    };
    let Some((payment, ids, numbers)) = world.with_ids(&key, now) else {
        return Outcome::refused(codes::FAILED_INTERNAL_SYSTEM_PROCESSING, call);
    };
    if let Err(code) = payment.authenticate(chosen, None, now) {
        return Outcome::refused(code, call);
    }
    if let Some(code) = refused {
        payment.abort(code);
        return Outcome { effect: Effect::ABORTED, ..Outcome::refused(code, call) };
    }
    let transaction = payment.approve(ids, numbers, now);
    let payment = payment.clone();
    world.ledger.write(Row::of(&payment, transaction, ask.amount, now));
    world.spend(&key);
    let effect = Effect::moved(EffectKind::Approved, ask.amount, transaction);
    let said = Said::Payment(Box::new(payment));
    Outcome { answer: Answer { said, lang: call.lang }, effect }
}

/// The refusals that leave no payment behind; then what is charged, and whether the provider refuses it.
///
/// UNVERIFIED: an unknown key is 400 `INVALID_BILL_KEY_REQUEST`.
fn may_charge(
    world: &mut World,
    merchant: MerchantId,
    ask: &Charge,
) -> Result<(Arc<Source>, Means, Option<Code>), Code> {
    let spent = world.is_spent(merchant, &ask.order_id);
    let key = world.billing.find(merchant, &ask.key).unwrap_or(Err(codes::INVALID_BILL_KEY_REQUEST))?;
    if key.is_removed {
        return Err(codes::ALREADY_REMOVED_BILLING_KEY);
    }
    if *key.source.customer != *ask.customer {
        return Err(codes::NOT_MATCHES_CUSTOMER_KEY);
    }
    let means = match key.source.means {
        Means::Card(card) => Means::Card(Card { months: ask.months, ..card }),
        _ if ask.months > 0 => return Err(codes::INVALID_CARD_INSTALLMENT_PLAN),
        other => other,
    };
    if let Some(code) = means.refuses(ask.amount) {
        return Err(code);
    }
    if !key.source.is_supported {
        return Err(codes::NOT_SUPPORTED_CARD_TYPE);
    }
    if spent {
        return Err(codes::DUPLICATED_ORDER_ID);
    }
    let refused = key.refuses();
    Ok((Arc::clone(&key.source), means, refused))
}

/// UNVERIFIED: an unknown key is 404 `NOT_FOUND_BILLING`, a removed one 400 `ALREADY_REMOVED_BILLING_KEY` (U14).
fn delete(world: &mut World, merchant: MerchantId, name: &str, now: Ms) -> Result<(), Code> {
    world.billing.find(merchant, name).unwrap_or(Err(codes::NOT_FOUND_BILLING))?;
    world.remove_billing_key(name, Some(DELETED_BY_CALL), now)
}

impl World {
    /// The end of a key, whoever wants it: it charges nobody any more, and the merchant is told.
    pub(crate) fn remove_billing_key(
        &mut self,
        name: &str,
        reason: Option<&str>,
        now: Ms,
    ) -> Result<(), Code> {
        let key = self.billing.key(name).ok_or(codes::NOT_FOUND_BILLING)?;
        if key.is_removed {
            return Err(codes::ALREADY_REMOVED_BILLING_KEY);
        }
        key.is_removed = true;
        self.outbox.tell_billing_deleted(name, reason, &mut self.ids, now);
        Ok(())
    }
}
