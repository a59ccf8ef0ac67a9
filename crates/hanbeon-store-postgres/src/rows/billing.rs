//! The rows of billing.
use super::Cells;
use hanbeon_domain::billing::{
    BillingKey, Charge, ChargeState, Customer, Day, For, KeyState, Schedule, Status, Subscription,
};
use hanbeon_domain::{BillingKeyId, ChargeId, CustomerId, CustomerKey, Refusal, SubscriptionId, TossOrderId};
use hanbeon_store::{KeyRecord, Sealed, StoreError};
use tokio_postgres::Row;
use uuid::Uuid;

/// The columns that [`customer`] reads.
macro_rules! customer_columns {
    () => {
        "customer_id, customer_key, created_at"
    };
}

/// The columns that [`key`] reads.
macro_rules! key_columns {
    () => {
        "billing_key_id, customer_id, created_at, version, label, doubted_at, state, tries, refusal_status, refusal_body, \
         refusal_code, refusal_message, sealed_by, sealed, fingerprint"
    };
}

/// The columns that [`subscription`] reads.
macro_rules! subscription_columns {
    () => {
        "subscription_id, customer_id, billing_key_id, amount, order_name, start_day, anchor, months, created_at, version, \
         period, status, retry_now, due_at"
    };
}

/// The columns that [`charge`] reads.
macro_rules! charge_columns {
    () => {
        "charge_id, customer_id, billing_key_id, subscription_id, period, ordinal, toss_order_id, amount, order_name, \
         created_at, version, state, tries, round, answered, settled_at, refusal_status, refusal_body, refusal_code, \
         refusal_message"
    };
}
pub(crate) use {charge_columns, customer_columns, key_columns, subscription_columns};

/// Reads `customer_columns!`.
pub(crate) fn customer(row: &Row) -> Result<Customer, StoreError> {
    let mut cells = Cells::new("customers", row);
    Ok(Customer {
        id: CustomerId::from_uuid(cells.uuid()?),
        key: cells.parse(|text: String| CustomerKey::parse(text).ok())?,
        created_at: cells.time()?,
    })
}

/// Reads `key_columns!`.
pub(crate) fn key(row: &Row) -> Result<KeyRecord, StoreError> {
    let mut cells = Cells::new("billing_keys", row);
    let id = BillingKeyId::from_uuid(cells.uuid()?);
    let customer = CustomerId::from_uuid(cells.uuid()?);
    let (created_at, version) = (cells.time()?, cells.number()?);
    let (label, doubted_at) = (cells.take()?, cells.maybe_time()?);
    let (name, tries): (String, _) = (cells.take()?, cells.maybe_number()?);
    let refusal = refusal(&mut cells)?;
    let state = match (name.as_str(), tries, refusal) {
        ("issuing", Some(tries), None) => KeyState::Issuing { tries },
        ("active", None, None) => KeyState::Active,
        ("deleting", Some(tries), None) => KeyState::Deleting { tries },
        ("deleted", None, None) => KeyState::Deleted,
        ("refused", None, Some(refusal)) => KeyState::Refused(refusal),
        _ => return Err(cells.corrupt("state")),
    };
    let (by, bytes): (Option<String>, Option<Vec<u8>>) = (cells.take()?, cells.take()?);
    let sealed = by.zip(bytes).map(|(by, bytes)| Sealed { by, bytes });
    let key = BillingKey { id, customer, created_at, version, state, label, doubted_at };
    Ok(KeyRecord { key, sealed, fingerprint: cells.maybe_digest()? })
}

/// Reads `subscription_columns!`.
pub(crate) fn subscription(row: &Row) -> Result<Subscription, StoreError> {
    let mut cells = Cells::new("subscriptions", row);
    let id = SubscriptionId::from_uuid(cells.uuid()?);
    let (customer, key) = (CustomerId::from_uuid(cells.uuid()?), BillingKeyId::from_uuid(cells.uuid()?));
    let (amount, name) = (cells.won()?, cells.take()?);
    let start = cells.parse(|text: String| Day::parse(&text).ok())?;
    let (anchor, months) = (cells.number()?, cells.number()?);
    let schedule = Schedule::new(start, anchor, months).map_err(|_| cells.corrupt("anchor"))?;
    Ok(Subscription {
        id,
        customer,
        key,
        amount,
        name,
        schedule,
        created_at: cells.time()?,
        version: cells.number()?,
        period: cells.number()?,
        status: cells.parse(|text: String| Status::parse(&text))?,
        retry_now: cells.take()?,
        due_at: cells.maybe_time()?,
    })
}

/// Reads `charge_columns!`.
pub(crate) fn charge(row: &Row) -> Result<Charge, StoreError> {
    let mut cells = Cells::new("charges", row);
    let id = ChargeId::from_uuid(cells.uuid()?);
    let (customer, key) = (CustomerId::from_uuid(cells.uuid()?), BillingKeyId::from_uuid(cells.uuid()?));
    let subscription: Option<Uuid> = cells.take()?;
    let (period, ordinal) = (cells.maybe_number()?, cells.maybe_number()?);
    let period = match (subscription, period, ordinal) {
        (Some(id), Some(period), Some(ordinal)) => {
            let subscription = SubscriptionId::from_uuid(id);
            Some(For { subscription, period, ordinal })
        }
        _ => None,
    };
    let toss_order = cells.parse(|text: String| TossOrderId::parse(text).ok())?;
    let (amount, name) = (cells.won()?, cells.take()?);
    let (created_at, version) = (cells.time()?, cells.number()?);
    let state = charge_state(&mut cells)?;
    Ok(Charge { id, customer, key, period, toss_order, amount, name, created_at, version, state })
}

fn charge_state(cells: &mut Cells<'_>) -> Result<ChargeState, StoreError> {
    let name: String = cells.take()?;
    let (tries, round): (Option<u32>, Option<u32>) = (cells.maybe_number()?, cells.maybe_number()?);
    let answered: Option<bool> = cells.take()?;
    let settled_at = cells.maybe_time()?;
    let refusal = refusal(cells)?;
    match (name.as_str(), tries.zip(round).zip(answered), settled_at, refusal) {
        ("charging", Some(((tries, round), answered)), None, refusal) => {
            Ok(ChargeState::Charging { tries, round, answered, refusal })
        }
        ("done", None, Some(at), None) => Ok(ChargeState::Done { at }),
        ("refused", None, Some(at), Some(refusal)) => Ok(ChargeState::Refused { refusal, at }),
        _ => Err(cells.corrupt("state")),
    }
}

/// Reads `refusal_status, refusal_body, refusal_code, refusal_message`.
fn refusal(cells: &mut Cells<'_>) -> Result<Option<Box<Refusal>>, StoreError> {
    if cells.maybe_number::<u16>()?.is_none() {
        cells.at += 3;
        return Ok(None);
    }
    cells.at -= 1;
    let evidence = cells.evidence()?;
    let (code, message) = (cells.take()?, cells.take()?);
    Ok(Some(Box::new(Refusal { code, message, evidence })))
}
