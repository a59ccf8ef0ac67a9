//! Charges.
use super::{all, keys, subscriptions, superseded};
use crate::error::corrupt;
use crate::group::Together as _;
use crate::rows::billing::{self as rows, charge_columns};
use crate::tx::{Cells, Tx};
use crate::verbs::numbers::{most, version};
use crate::verbs::orders;
use crate::verbs::steps::{Begins, Change, Intent};
use hanbeon_domain::billing::{
    Born, Charge, ChargeAction, ChargeState, ChargeStep, For, KeyState, Subscription,
};
use hanbeon_domain::{ChargeId, Refusal, SubscriptionId, Timestamp, TossOrderId};
use hanbeon_store::{BegunCharge, Inserted, StoreError};

pub(super) async fn begin(
    tx: &Tx<'_>,
    charge: &Charge,
    subscription: Option<&Subscription>,
    until: Timestamp,
) -> Result<BegunCharge, StoreError> {
    if one(tx, charge.id).await?.is_some() {
        return Ok(BegunCharge::Known);
    }
    let key = keys::hold(tx, charge.key).await?.map(|record| record.key);
    if !key.is_some_and(|key| key.customer == charge.customer && key.state == KeyState::Active) {
        return Ok(BegunCharge::NoKey);
    }
    let insert =
        "INSERT INTO charges (charge_id, customer_id, billing_key_id, subscription_id, period, ordinal,
        toss_order_id, amount, order_name, created_at, version, due_at, state, tries, round, answered)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, 'charging', 0, 0, FALSE) ON CONFLICT DO NOTHING";
    let period = charge.period.as_ref();
    let cells: Cells<'_> = &[
        &charge.id.uuid(),
        &charge.customer.uuid(),
        &charge.key.uuid(),
        &period.map(|For { subscription, .. }| subscription.uuid()),
        &period.map(|For { period, .. }| i64::from(*period)),
        &period.map(|For { ordinal, .. }| i64::from(*ordinal)),
        &charge.toss_order.as_str(),
        &charge.amount.get(),
        &charge.name,
        &charge.created_at.as_micros(),
        &until.as_micros(),
    ];
    if tx.write("charges", insert, cells).await? == 0 {
        return Ok(BegunCharge::Taken);
    }
    if let Some(next) = subscription {
        subscriptions::commit(tx, next).await?;
    }
    Ok(BegunCharge::Fresh)
}

pub(super) async fn commit(
    tx: &Tx<'_>,
    step: &ChargeStep,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    let ChargeStep { next, then, born } = step;
    if let Some(born) = born {
        bear(tx, born, until).await?;
    }
    let due = match (&next.state, then) {
        (ChargeState::Charging { .. }, ChargeAction::Rest { due }) => Some(due.unwrap_or(until)),
        (ChargeState::Charging { .. }, ChargeAction::Charge | ChargeAction::Lookup) => Some(until),
        (ChargeState::Done { .. } | ChargeState::Refused { .. }, _) => None,
    };
    let Facts { tries, round, answered, settled_at, refusal } = Facts::of(&next.state);
    let update =
        "UPDATE charges SET version = $2, due_at = $3, state = $4, settled_at = $5, tries = $6, round = $7,
        answered = $8, refusal_status = $9, refusal_code = $10, refusal_message = $11, refusal_body = $12,
        payment_id = $13 WHERE charge_id = $1 AND version + 1 = $2";
    let cells: Cells<'_> = &[
        &next.id.uuid(),
        &version(next.version)?,
        &due.map(Timestamp::as_micros),
        &next.state.as_str(),
        &settled_at.map(Timestamp::as_micros),
        &tries,
        &round,
        &answered,
        &refusal.map(|refusal| i64::from(refusal.evidence.http_status)),
        &refusal.map(|refusal| refusal.code.as_str()),
        &refusal.map(|refusal| refusal.message.as_str()),
        &refusal.map(|refusal| &*refusal.evidence.body),
        &born.as_ref().map(|born| born.outcome.next.id.uuid()),
    ];
    superseded(tx.write("charges", update, cells).await?)?;
    match next.period {
        Some(For { subscription, .. }) if due.is_none() => subscriptions::wake(tx, subscription, now).await,
        _ => Ok(()),
    }
}

/// The payment that a charge ends in: intent and outcome at once.
async fn bear(tx: &Tx<'_>, born: &Born, until: Timestamp) -> Result<(), StoreError> {
    let Born { order, intent, outcome } = born;
    match orders::insert(tx, order).await? {
        Inserted::New => {}
        // Somebody has written the outcome before.
        Inserted::ReferenceTaken(id) if id == order.id => return Err(StoreError::Superseded),
        Inserted::ReferenceTaken(_) => {
            return Err(corrupt("orders", format!("{}: its reference is taken", order.id)));
        }
    }
    let intent = Intent { step: intent.clone(), lease_until: until };
    let outcome = Change { step: outcome.clone(), lease_until: until, begins: Begins::Outcome };
    Intent::carry_out(tx, vec![&intent]).await?;
    Change::carry_out(tx, vec![&outcome]).await.map(drop)
}

pub(super) async fn one(tx: &Tx<'_>, id: ChargeId) -> Result<Option<Charge>, StoreError> {
    let select = concat!("SELECT ", charge_columns!(), " FROM charges WHERE charge_id = $1");
    Ok(all(tx, "charges", select, &[&id.uuid()], rows::charge).await?.pop())
}

pub(super) async fn last(tx: &Tx<'_>, of: SubscriptionId, period: u32) -> Result<Option<Charge>, StoreError> {
    let select = concat!(
        "SELECT ",
        charge_columns!(),
        " FROM charges WHERE subscription_id = $1 AND period = $2 ORDER BY ordinal DESC LIMIT 1"
    );
    Ok(all(tx, "charges", select, &[&of.uuid(), &i64::from(period)], rows::charge).await?.pop())
}

pub(super) async fn of(tx: &Tx<'_>, of: SubscriptionId, limit: usize) -> Result<Vec<Charge>, StoreError> {
    let select = concat!(
        "SELECT ",
        charge_columns!(),
        " FROM charges WHERE subscription_id = $1 ORDER BY period DESC, ordinal DESC LIMIT $2"
    );
    all(tx, "charges", select, &[&of.uuid(), &most(limit)], rows::charge).await
}

pub(super) async fn after(
    tx: &Tx<'_>,
    after: Option<ChargeId>,
    limit: usize,
) -> Result<Vec<Charge>, StoreError> {
    let select = concat!(
        "SELECT ",
        charge_columns!(),
        " FROM charges WHERE $1::uuid IS NULL OR charge_id > $1 ORDER BY charge_id LIMIT $2"
    );
    all(tx, "charges", select, &[&after.map(ChargeId::uuid), &most(limit)], rows::charge).await
}

pub(crate) async fn is_charging(tx: &Tx<'_>, order: &TossOrderId) -> Result<bool, StoreError> {
    let select = "SELECT 1 FROM charges WHERE toss_order_id = $1 AND state = 'charging'";
    Ok(tx.row("charges", select, &[&order.as_str()]).await?.is_some())
}

/// The facts of a state, as columns.
#[derive(Default)]
struct Facts<'a> {
    tries: Option<i64>,
    round: Option<i64>,
    answered: Option<bool>,
    settled_at: Option<Timestamp>,
    refusal: Option<&'a Refusal>,
}

impl<'a> Facts<'a> {
    fn of(state: &'a ChargeState) -> Self {
        let none = Self::default();
        match state {
            ChargeState::Charging { tries, round, answered, refusal } => Self {
                tries: Some(i64::from(*tries)),
                round: Some(i64::from(*round)),
                answered: Some(*answered),
                refusal: refusal.as_deref(),
                ..none
            },
            ChargeState::Done { at } => Self { settled_at: Some(*at), ..none },
            ChargeState::Refused { refusal, at } => {
                Self { settled_at: Some(*at), refusal: Some(refusal), ..none }
            }
        }
    }
}
