//! Customers and their keys.
use super::{all, superseded};
use crate::rows::billing::{self as rows, customer_columns, key_columns};
use crate::tx::{Cells, Tx};
use crate::verbs::numbers::version;
use hanbeon_domain::billing::{BillingKey, Customer, KeyState};
use hanbeon_domain::{BillingKeyId, CustomerId, Refusal, Timestamp};
use hanbeon_store::{
    Added, CustomerRecord, Fingerprint, KEYS_PER_CUSTOMER_MAX, KeyRecord, Sealed, StoreError,
};

pub(super) async fn insert_customer(tx: &Tx<'_>, new: &Customer) -> Result<bool, StoreError> {
    let insert = concat!(
        "INSERT INTO customers (",
        customer_columns!(),
        ") VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    );
    let cells: Cells<'_> = &[&new.id.uuid(), &new.key.as_str(), &new.created_at.as_micros()];
    tx.write("customers", insert, cells).await?;
    Ok(who(tx, new.id).await?.is_some_and(|stored| stored.key == new.key))
}

pub(super) async fn customer(tx: &Tx<'_>, id: CustomerId) -> Result<Option<CustomerRecord>, StoreError> {
    let Some(customer) = who(tx, id).await? else { return Ok(None) };
    let select = concat!(
        "SELECT ",
        key_columns!(),
        " FROM billing_keys WHERE customer_id = $1 ORDER BY created_at, billing_key_id"
    );
    let keys = all(tx, "billing_keys", select, &[&id.uuid()], rows::key).await?;
    Ok(Some(CustomerRecord { customer, keys: keys.into_iter().map(|record| record.key).collect() }))
}

async fn who(tx: &Tx<'_>, id: CustomerId) -> Result<Option<Customer>, StoreError> {
    let select = concat!("SELECT ", customer_columns!(), " FROM customers WHERE customer_id = $1");
    Ok(all(tx, "customers", select, &[&id.uuid()], rows::customer).await?.pop())
}

pub(super) async fn one(tx: &Tx<'_>, id: BillingKeyId) -> Result<Option<KeyRecord>, StoreError> {
    let select = concat!("SELECT ", key_columns!(), " FROM billing_keys WHERE billing_key_id = $1");
    Ok(all(tx, "billing_keys", select, &[&id.uuid()], rows::key).await?.pop())
}

/// A key that stays as it is while something is begun with it.
pub(super) async fn hold(tx: &Tx<'_>, id: BillingKeyId) -> Result<Option<KeyRecord>, StoreError> {
    let select = concat!("SELECT ", key_columns!(), " FROM billing_keys WHERE billing_key_id = $1 FOR SHARE");
    Ok(all(tx, "billing_keys", select, &[&id.uuid()], rows::key).await?.pop())
}

pub(super) async fn insert(
    tx: &Tx<'_>,
    new: &KeyRecord,
    due: Option<Timestamp>,
) -> Result<Added, StoreError> {
    let key = &new.key;
    // The keys of a customer are counted by one at a time.
    let hold = "SELECT customer_id FROM customers WHERE customer_id = $1 FOR NO KEY UPDATE";
    let is_there = tx.row("customers", hold, &[&key.customer.uuid()]).await?.is_some();
    if one(tx, key.id).await?.is_some() {
        return Ok(Added::Known);
    }
    let owner = if is_there { customer(tx, key.customer).await? } else { None };
    let Some(owner) = owner else { return Ok(Added::NoCustomer) };
    let open = |key: &&BillingKey| !matches!(key.state, KeyState::Deleted | KeyState::Refused(_));
    if KEYS_PER_CUSTOMER_MAX <= owner.keys.iter().filter(open).count() {
        return Ok(Added::Full);
    }
    let insert =
        "INSERT INTO billing_keys (billing_key_id, customer_id, created_at, version, state, tries, due_at,
        sealed_by, sealed, fingerprint, label) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (fingerprint) DO NOTHING";
    let Facts { tries, sealed_by, sealed, .. } = Facts::of(new);
    let cells: Cells<'_> = &[
        &key.id.uuid(),
        &key.customer.uuid(),
        &key.created_at.as_micros(),
        &version(key.version)?,
        &key.state.as_str(),
        &tries,
        &due.map(Timestamp::as_micros),
        &sealed_by,
        &sealed,
        &new.fingerprint.as_ref().map(|bytes| &bytes[..]),
        &key.label,
    ];
    let written = tx.write("billing_keys", insert, cells).await?;
    Ok(if written == 0 { Added::Taken } else { Added::New })
}

pub(super) async fn commit(tx: &Tx<'_>, next: &KeyRecord, due: Option<Timestamp>) -> Result<(), StoreError> {
    if is_taken(tx, next).await? {
        return Err(StoreError::NameTaken("the billing key"));
    }
    let key = &next.key;
    let Facts { tries, sealed_by, sealed, refusal } = Facts::of(next);
    let update = "UPDATE billing_keys SET version = $2, due_at = $3, state = $4, tries = $5, label = $6, sealed_by = $7,
        sealed = $8, fingerprint = $9, refusal_status = $10, refusal_code = $11, refusal_message = $12,
        refusal_body = $13 WHERE billing_key_id = $1 AND version + 1 = $2";
    let cells: Cells<'_> = &[
        &key.id.uuid(),
        &version(key.version)?,
        &due.map(Timestamp::as_micros),
        &key.state.as_str(),
        &tries,
        &key.label,
        &sealed_by,
        &sealed,
        &next.fingerprint.as_ref().map(|bytes| &bytes[..]),
        &refusal.map(|refusal| i64::from(refusal.evidence.http_status)),
        &refusal.map(|refusal| refusal.code.as_str()),
        &refusal.map(|refusal| refusal.message.as_str()),
        &refusal.map(|refusal| &*refusal.evidence.body),
    ];
    superseded(tx.write("billing_keys", update, cells).await?)
}

/// Were it taken between this look and the write, the transaction is run again.
async fn is_taken(tx: &Tx<'_>, record: &KeyRecord) -> Result<bool, StoreError> {
    let Some(fingerprint) = record.fingerprint else { return Ok(false) };
    let others = "SELECT billing_key_id FROM billing_keys WHERE fingerprint = $1 AND billing_key_id <> $2";
    let cells: Cells<'_> = &[&&fingerprint[..], &record.key.id.uuid()];
    Ok(tx.row("billing_keys", others, cells).await?.is_some())
}

pub(super) async fn doubt(tx: &Tx<'_>, fingerprint: &Fingerprint, at: Timestamp) -> Result<bool, StoreError> {
    let update = "UPDATE billing_keys SET doubted_at = $2 WHERE fingerprint = $1 AND state = 'active'";
    Ok(tx.write("billing_keys", update, &[&&fingerprint[..], &at.as_micros()]).await? > 0)
}

pub(super) async fn is_in_use(tx: &Tx<'_>, id: BillingKeyId) -> Result<bool, StoreError> {
    let open = "SELECT charge_id FROM charges WHERE billing_key_id = $1 AND state = 'charging' LIMIT 1";
    Ok(tx.row("charges", open, &[&id.uuid()]).await?.is_some())
}

/// The facts of a state, as columns.
struct Facts<'a> {
    tries: Option<i64>,
    sealed_by: Option<&'a str>,
    sealed: Option<&'a [u8]>,
    refusal: Option<&'a Refusal>,
}

impl<'a> Facts<'a> {
    fn of(record: &'a KeyRecord) -> Self {
        let tries = match record.key.state {
            KeyState::Issuing { tries } | KeyState::Deleting { tries } => Some(i64::from(tries)),
            KeyState::Active | KeyState::Deleted | KeyState::Refused(_) => None,
        };
        let refusal =
            if let KeyState::Refused(refusal) = &record.key.state { Some(&**refusal) } else { None };
        let sealed_by = record.sealed.as_ref().map(|Sealed { by, .. }| by.as_str());
        let sealed = record.sealed.as_ref().map(|Sealed { bytes, .. }| bytes.as_slice());
        Self { tries, sealed_by, sealed, refusal }
    }
}
