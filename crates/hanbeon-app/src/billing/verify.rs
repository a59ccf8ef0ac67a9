//! Of every charge: what is done has its payment, nothing else has one, and its period has no other (S21).
use crate::verify::{AT_ONCE, FINDINGS_MAX, Finding, Verified};
use futures_util::future::join_all;
use hanbeon_domain::billing::{Charge, ChargeState, For};
use hanbeon_domain::{Payment, PaymentId};
use hanbeon_store::{BillingStore, Store, StoreError};

/// Charges that are read at once.
const PAGE: usize = 200;

/// Looks at every charge; says how many. A row that cannot even be read is the last thing that is found.
///
/// # Errors
/// When the store cannot be asked.
pub async fn verify(
    store: &dyn Store,
    billing: &dyn BillingStore,
    verified: &mut Verified,
) -> Result<u64, StoreError> {
    let mut seen = 0;
    match look_at_all(store, billing, verified, &mut seen).await {
        Err(StoreError::Corrupt { table, row }) => {
            let what = format!("{table} holds a row that cannot be: {row}; no charge after it was looked at");
            verified.findings.push(Finding { invariant: "S21", payment: None, what });
            Ok(seen)
        }
        ended => ended.map(|()| seen),
    }
}

async fn look_at_all(
    store: &dyn Store,
    billing: &dyn BillingStore,
    verified: &mut Verified,
    seen: &mut u64,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = billing.charges_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for some in page.chunks(AT_ONCE) {
            for found in join_all(some.iter().map(|charge| look_at(store, billing, charge.clone()))).await {
                *seen += 1;
                verified.findings.extend(found?);
                if verified.findings.len() >= FINDINGS_MAX {
                    return Ok(());
                }
            }
        }
    }
}

/// Beside a running server, the charge may end between two reads: what is wrong then is looked at again.
async fn look_at(
    store: &dyn Store,
    billing: &dyn BillingStore,
    charge: Charge,
) -> Result<Option<Finding>, StoreError> {
    let mut charge = charge;
    loop {
        let payment = store.payment(PaymentId::from_uuid(charge.id.uuid())).await?;
        let payment = payment.map(|record| record.payment);
        let last = match charge.period {
            Some(For { subscription, period, .. }) => billing.last_charge(subscription, period).await?,
            None => None,
        };
        let Some(what) = wrong(&charge, payment.as_ref(), last.as_ref()) else { return Ok(None) };
        match billing.charge(charge.id).await? {
            Some(now) if now != charge => charge = now,
            _ => {
                let what = format!("charge {} (orderId {}): {what}", charge.id, charge.toss_order);
                let payment = payment.map(|payment| payment.id);
                return Ok(Some(Finding { invariant: "S21", payment, what }));
            }
        }
    }
}

/// `last` is the newest charge of its period.
fn wrong(charge: &Charge, payment: Option<&Payment>, last: Option<&Charge>) -> Option<String> {
    let is_refused = matches!(charge.state, ChargeState::Refused { .. });
    if let (Some(For { period, .. }), false) = (charge.period, is_refused)
        && last.is_none_or(|last| last.id != charge.id)
    {
        return Some(format!("period {period} has another charge, and this one is not refused"));
    }
    match (&charge.state, payment) {
        (ChargeState::Done { .. }, None) => Some("it is done, and there is no payment of it".to_owned()),
        (ChargeState::Done { .. }, Some(payment)) => {
            let fits = payment.captured == charge.amount && payment.toss_order == charge.toss_order;
            let (captured, amount) = (payment.captured, charge.amount);
            (!fits).then(|| format!("it is over {amount} won, its payment took {captured} won"))
        }
        (state, Some(_)) => Some(format!("it is {}, and there is a payment of it", state.as_str())),
        (_, None) => None,
    }
}
