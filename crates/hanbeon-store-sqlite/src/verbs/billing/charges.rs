//! Charges.
use super::{all, keys, subscriptions, superseded, write};
use crate::error::{corrupt, sql};
use crate::rows::billing::{self as rows, charge_columns};
use crate::verbs::orders;
use crate::verbs::payments::most;
use crate::verbs::steps::{self, Prepared, version};
use hanbeon_domain::billing::{
    Born, Charge, ChargeAction, ChargeState, ChargeStep, For, KeyState, Subscription,
};
use hanbeon_domain::{ChargeId, Refusal, SubscriptionId, Timestamp, TossOrderId};
use hanbeon_store::{BegunCharge, Inserted, StoreError};
use rusqlite::{Connection, params};

pub(super) fn begin(
    db: &Connection,
    charge: &Charge,
    subscription: Option<&Subscription>,
    until: Timestamp,
) -> Result<BegunCharge, StoreError> {
    if one(db, charge.id)?.is_some() {
        return Ok(BegunCharge::Known);
    }
    let key = keys::one(db, charge.key)?.map(|record| record.key);
    if !key.is_some_and(|key| key.customer == charge.customer && key.state == KeyState::Active) {
        return Ok(BegunCharge::NoKey);
    }
    let insert =
        "INSERT INTO charges (charge_id, customer_id, billing_key_id, subscription_id, period, ordinal,
        toss_order_id, amount, order_name, created_at, version, due_at, state, tries, round, answered)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, 'charging', 0, 0, 0) ON CONFLICT DO NOTHING";
    let period = charge.period.as_ref();
    let cells = params![
        charge.id.uuid().into_bytes(),
        charge.customer.uuid().into_bytes(),
        charge.key.uuid().into_bytes(),
        period.map(|For { subscription, .. }| subscription.uuid().into_bytes()),
        period.map(|For { period, .. }| period),
        period.map(|For { ordinal, .. }| ordinal),
        charge.toss_order.as_str(),
        charge.amount.get(),
        charge.name,
        charge.created_at.as_micros(),
        until.as_micros(),
    ];
    if write(db, "charges", insert, cells)? == 0 {
        return Ok(BegunCharge::Taken);
    }
    if let Some(next) = subscription {
        subscriptions::commit(db, next)?;
    }
    Ok(BegunCharge::Fresh)
}

pub(super) fn commit(
    db: &Connection,
    step: &ChargeStep,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    let ChargeStep { next, then, born } = step;
    if let Some(born) = born {
        bear(db, born, until)?;
    }
    let due = match (&next.state, then) {
        (ChargeState::Charging { .. }, ChargeAction::Rest { due }) => Some(due.unwrap_or(until)),
        (ChargeState::Charging { .. }, ChargeAction::Charge | ChargeAction::Lookup) => Some(until),
        (ChargeState::Done { .. } | ChargeState::Refused { .. }, _) => None,
    };
    let Facts { tries, round, answered, settled_at, refusal } = Facts::of(&next.state);
    let update =
        "UPDATE charges SET version = ?2, due_at = ?3, state = ?4, settled_at = ?5, tries = ?6, round = ?7,
        answered = ?8, refusal_status = ?9, refusal_code = ?10, refusal_message = ?11, refusal_body = ?12,
        payment_id = ?13 WHERE charge_id = ?1 AND version = ?2 - 1";
    let cells = params![
        next.id.uuid().into_bytes(),
        version(next.version)?,
        due.map(Timestamp::as_micros),
        next.state.as_str(),
        settled_at.map(Timestamp::as_micros),
        tries,
        round,
        answered,
        refusal.map(|refusal| refusal.evidence.http_status),
        refusal.map(|refusal| refusal.code.as_str()),
        refusal.map(|refusal| refusal.message.as_str()),
        refusal.map(|refusal| &*refusal.evidence.body),
        born.as_ref().map(|born| born.outcome.next.id.uuid().into_bytes()),
    ];
    superseded(write(db, "charges", update, cells)?)?;
    match next.period {
        Some(For { subscription, .. }) if due.is_none() => subscriptions::wake(db, subscription, now),
        _ => Ok(()),
    }
}

/// The payment that a charge ends in: intent and outcome at once.
fn bear(db: &Connection, born: &Born, until: Timestamp) -> Result<(), StoreError> {
    let Born { order, intent, outcome } = born;
    match orders::insert(db, order, "[]")? {
        Inserted::New => {}
        // Somebody has written the outcome before.
        Inserted::ReferenceTaken(id) if id == order.id => return Err(StoreError::Superseded),
        Inserted::ReferenceTaken(_) => {
            return Err(corrupt("orders", format!("{}: its reference is taken", order.id)));
        }
    }
    steps::begin(db, &Prepared::of(intent), until)?;
    steps::commit(db, &Prepared::of(outcome), until)
}

pub(super) fn one(db: &Connection, id: ChargeId) -> Result<Option<Charge>, StoreError> {
    let statement = concat!("SELECT ", charge_columns!(), " FROM charges WHERE charge_id = ?1");
    Ok(all(db, "charges", statement, [id.uuid().into_bytes()], rows::charge)?.pop())
}

pub(super) fn last(db: &Connection, of: SubscriptionId, period: u32) -> Result<Option<Charge>, StoreError> {
    let statement = concat!(
        "SELECT ",
        charge_columns!(),
        " FROM charges WHERE subscription_id = ?1 AND period = ?2 ORDER BY ordinal DESC LIMIT 1"
    );
    Ok(all(db, "charges", statement, params![of.uuid().into_bytes(), period], rows::charge)?.pop())
}

pub(super) fn of(db: &Connection, of: SubscriptionId, limit: usize) -> Result<Vec<Charge>, StoreError> {
    let statement = concat!(
        "SELECT ",
        charge_columns!(),
        " FROM charges WHERE subscription_id = ?1 ORDER BY period DESC, ordinal DESC LIMIT ?2"
    );
    all(db, "charges", statement, params![of.uuid().into_bytes(), most(limit)], rows::charge)
}

pub(super) fn after(
    db: &Connection,
    after: Option<ChargeId>,
    limit: usize,
) -> Result<Vec<Charge>, StoreError> {
    let statement = concat!(
        "SELECT ",
        charge_columns!(),
        " FROM charges WHERE charge_id > ?1 ORDER BY charge_id LIMIT ?2"
    );
    let after = after.map_or_else(Vec::new, |after| after.uuid().as_bytes().to_vec());
    all(db, "charges", statement, params![after, most(limit)], rows::charge)
}

pub(crate) fn is_charging(db: &Connection, order: &TossOrderId) -> Result<bool, StoreError> {
    let exists = "SELECT EXISTS (SELECT 1 FROM charges WHERE toss_order_id = ?1 AND state = 'charging')";
    let mut statement = db.prepare_cached(exists).map_err(sql("charges"))?;
    statement.query_row([order.as_str()], |row| row.get(0)).map_err(sql("charges"))
}

/// The facts of a state, as columns.
#[derive(Default)]
struct Facts<'a> {
    tries: Option<u32>,
    round: Option<u32>,
    answered: Option<bool>,
    settled_at: Option<Timestamp>,
    refusal: Option<&'a Refusal>,
}

impl<'a> Facts<'a> {
    fn of(state: &'a ChargeState) -> Self {
        let none = Self::default();
        match state {
            ChargeState::Charging { tries, round, answered, refusal } => Self {
                tries: Some(*tries),
                round: Some(*round),
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
