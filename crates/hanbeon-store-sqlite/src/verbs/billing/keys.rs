//! Customers and their keys.
use super::{all, superseded, write};
use crate::error::sql;
use crate::rows::billing::{self as rows, customer_columns, key_columns};
use crate::verbs::steps::version;
use hanbeon_domain::billing::{BillingKey, Customer, KeyState};
use hanbeon_domain::{BillingKeyId, CustomerId, Timestamp};
use hanbeon_store::{
    Added, CustomerRecord, Fingerprint, KEYS_PER_CUSTOMER_MAX, KeyRecord, Sealed, StoreError,
};
use rusqlite::{Connection, params};

pub(super) fn insert_customer(db: &Connection, new: &Customer) -> Result<bool, StoreError> {
    let cells = params![new.id.uuid().into_bytes(), new.key.as_str(), new.created_at.as_micros()];
    let statement = concat!(
        "INSERT INTO customers (",
        customer_columns!(),
        ") VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
    );
    write(db, "customers", statement, cells)?;
    Ok(who(db, new.id)?.is_some_and(|stored| stored.key == new.key))
}

pub(super) fn customer(db: &Connection, id: CustomerId) -> Result<Option<CustomerRecord>, StoreError> {
    let Some(customer) = who(db, id)? else { return Ok(None) };
    let statement = concat!(
        "SELECT ",
        key_columns!(),
        " FROM billing_keys WHERE customer_id = ?1 ORDER BY created_at, billing_key_id"
    );
    let keys = all(db, "billing_keys", statement, [id.uuid().into_bytes()], rows::key)?;
    Ok(Some(CustomerRecord { customer, keys: keys.into_iter().map(|record| record.key).collect() }))
}

fn who(db: &Connection, id: CustomerId) -> Result<Option<Customer>, StoreError> {
    let statement = concat!("SELECT ", customer_columns!(), " FROM customers WHERE customer_id = ?1");
    Ok(all(db, "customers", statement, [id.uuid().into_bytes()], rows::customer)?.pop())
}

pub(super) fn one(db: &Connection, id: BillingKeyId) -> Result<Option<KeyRecord>, StoreError> {
    let statement = concat!("SELECT ", key_columns!(), " FROM billing_keys WHERE billing_key_id = ?1");
    Ok(all(db, "billing_keys", statement, [id.uuid().into_bytes()], rows::key)?.pop())
}

pub(super) fn insert(db: &Connection, new: &KeyRecord, due: Option<Timestamp>) -> Result<Added, StoreError> {
    let key = &new.key;
    if one(db, key.id)?.is_some() {
        return Ok(Added::Known);
    }
    let Some(owner) = customer(db, key.customer)? else { return Ok(Added::NoCustomer) };
    let open = |key: &&BillingKey| !matches!(key.state, KeyState::Deleted | KeyState::Refused(_));
    if KEYS_PER_CUSTOMER_MAX <= owner.keys.iter().filter(open).count() {
        return Ok(Added::Full);
    }
    if is_taken(db, new)? {
        return Ok(Added::Taken);
    }
    let insert =
        "INSERT INTO billing_keys (billing_key_id, customer_id, created_at, version, state, tries, due_at,
        sealed_by, sealed, fingerprint, label) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let Facts { tries, sealed_by, sealed, .. } = Facts::of(new);
    let cells = params![
        key.id.uuid().into_bytes(),
        key.customer.uuid().into_bytes(),
        key.created_at.as_micros(),
        version(key.version)?,
        key.state.as_str(),
        tries,
        due.map(Timestamp::as_micros),
        sealed_by,
        sealed,
        new.fingerprint,
        key.label,
    ];
    write(db, "billing_keys", insert, cells)?;
    Ok(Added::New)
}

pub(super) fn commit(db: &Connection, next: &KeyRecord, due: Option<Timestamp>) -> Result<(), StoreError> {
    if is_taken(db, next)? {
        return Err(StoreError::NameTaken("the billing key"));
    }
    let key = &next.key;
    let Facts { tries, sealed_by, sealed, refusal } = Facts::of(next);
    let update = "UPDATE billing_keys SET version = ?2, due_at = ?3, state = ?4, tries = ?5, label = ?6, sealed_by = ?7,
        sealed = ?8, fingerprint = ?9, refusal_status = ?10, refusal_code = ?11, refusal_message = ?12,
        refusal_body = ?13 WHERE billing_key_id = ?1 AND version = ?2 - 1";
    let cells = params![
        key.id.uuid().into_bytes(),
        version(key.version)?,
        due.map(Timestamp::as_micros),
        key.state.as_str(),
        tries,
        key.label,
        sealed_by,
        sealed,
        next.fingerprint,
        refusal.map(|refusal| refusal.evidence.http_status),
        refusal.map(|refusal| refusal.code.as_str()),
        refusal.map(|refusal| refusal.message.as_str()),
        refusal.map(|refusal| &*refusal.evidence.body),
    ];
    superseded(write(db, "billing_keys", update, cells)?)
}

fn is_taken(db: &Connection, record: &KeyRecord) -> Result<bool, StoreError> {
    let Some(fingerprint) = record.fingerprint else { return Ok(false) };
    let others = "SELECT EXISTS (SELECT 1 FROM billing_keys WHERE fingerprint = ?1 AND billing_key_id <> ?2)";
    let mut statement = db.prepare_cached(others).map_err(sql("billing_keys"))?;
    let cells = params![fingerprint, record.key.id.uuid().into_bytes()];
    statement.query_row(cells, |row| row.get(0)).map_err(sql("billing_keys"))
}

pub(super) fn doubt(db: &Connection, fingerprint: &Fingerprint, at: Timestamp) -> Result<bool, StoreError> {
    let update = "UPDATE billing_keys SET doubted_at = ?2 WHERE fingerprint = ?1 AND state = 'active'";
    Ok(write(db, "billing_keys", update, params![fingerprint, at.as_micros()])? > 0)
}

pub(super) fn is_in_use(db: &Connection, id: BillingKeyId) -> Result<bool, StoreError> {
    let open = "SELECT EXISTS (SELECT 1 FROM charges WHERE billing_key_id = ?1 AND state = 'charging')";
    let mut statement = db.prepare_cached(open).map_err(sql("charges"))?;
    statement.query_row([id.uuid().into_bytes()], |row| row.get(0)).map_err(sql("charges"))
}

/// The facts of a state, as columns.
struct Facts<'a> {
    tries: Option<u32>,
    sealed_by: Option<&'a str>,
    sealed: Option<&'a [u8]>,
    refusal: Option<&'a hanbeon_domain::Refusal>,
}

impl<'a> Facts<'a> {
    fn of(record: &'a KeyRecord) -> Self {
        let tries = match record.key.state {
            KeyState::Issuing { tries } | KeyState::Deleting { tries } => Some(tries),
            KeyState::Active | KeyState::Deleted | KeyState::Refused(_) => None,
        };
        let refusal =
            if let KeyState::Refused(refusal) = &record.key.state { Some(&**refusal) } else { None };
        let sealed_by = record.sealed.as_ref().map(|Sealed { by, .. }| by.as_str());
        let sealed = record.sealed.as_ref().map(|Sealed { bytes, .. }| bytes.as_slice());
        Self { tries, sealed_by, sealed, refusal }
    }
}
