//! From what came back to a verdict. A reply is believed only if it is about the payment that was asked about;
//! an error counts as a refusal only if Toss's documents say that nothing happened.
use crate::account::without_numbers;
use hanbeon_domain::verdict::Failure;
use hanbeon_domain::{
    Account, DepositSecret, Evidence, Payment, PendingCancel, Refund, Refusal, Snapshot, Tax, Timestamp,
    TossCancel, TossStatus, Untaxed, Verdict, Won,
};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use toss_client::model::{Cancellation, TossTime, VirtualAccount};
use toss_client::{Amount, ApiError, Error, ErrorCode, Operation, Payment as TossPayment, Reply, RetryClass};

type Answer = Result<Reply<TossPayment>, Error>;

/// What was asked about.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) payment: &'a Payment,
    pub(crate) merchant_id: Option<&'a str>,
}

/// Judges the answer to a call that can move money.
pub(crate) fn judge(answer: Answer, asked: Asked<'_>, operation: Operation) -> Verdict {
    let error = match answer {
        Ok(reply) => return seen(&reply, asked),
        Err(error) => error,
    };
    let class = error.class(operation);
    match error {
        Error::NotSent(why) => Verdict::NotSent(why.to_string()),
        Error::Unknown(why) => Verdict::Unclear { answered: false, why: why.to_string() },
        Error::Unreadable(answer) => {
            Verdict::Unclear { answered: true, why: format!("HTTP {}: {answer}", answer.http_status) }
        }
        Error::Refused(refusal) => match class {
            RetryClass::MaybeDone => Verdict::ReadIt,
            // Still running: Toss has stored no answer under our key yet.
            RetryClass::SameKey => unclear(false, &refusal),
            RetryClass::Query => unclear(true, &refusal),
            // Too many requests: nothing happened, and it is no refusal of this payment.
            _ if refusal.http_status == 429 => unclear(true, &refusal),
            RetryClass::NewKey | RetryClass::Final | RetryClass::Config => refused(*refusal),
        },
    }
}

/// Judges the answer to a cancel. Toss answers a cancel that it ignored (a second one within a second) like one that
/// it carried out: only the balance tells. An answer that changed nothing is kept under our key for ever, so it counts
/// as an answered error.
pub(crate) fn judge_cancel(answer: Answer, asked: Asked<'_>, refund: &Refund) -> Verdict {
    match judge(answer, asked, Operation::Cancel) {
        Verdict::Seen(seen)
            if seen.balance == refund.balance_before && refund.pending_in(&seen.pending).is_none() =>
        {
            Verdict::Unclear { answered: true, why: "Toss took the cancel, and cancelled nothing".to_owned() }
        }
        verdict => verdict,
    }
}

/// Judges the answer to a read, which only a payment or "there is none" can answer.
pub(crate) fn judge_read(answer: Answer, asked: Asked<'_>) -> Verdict {
    match answer {
        Ok(reply) => seen(&reply, asked),
        Err(Error::Refused(refusal)) if is_absent(&refusal) => Verdict::Absent,
        Err(Error::NotSent(why)) => Verdict::NotSent(why.to_string()),
        Err(Error::Refused(refusal)) => unclear(false, &refusal),
        Err(error) => Verdict::Unclear { answered: false, why: error.to_string() },
    }
}

fn is_absent(refusal: &ApiError) -> bool {
    refusal.http_status == 404 && matches!(refusal.code, ErrorCode::NotFoundPayment | ErrorCode::NotFound)
}

fn unclear(answered: bool, refusal: &ApiError) -> Verdict {
    Verdict::Unclear { answered, why: format!("HTTP {} {}", refusal.http_status, refusal.code) }
}

fn refused(refusal: ApiError) -> Verdict {
    let ApiError { http_status, code, message, raw, .. } = refusal;
    let evidence = Evidence { http_status, body: raw.as_ref().into() };
    Verdict::Refused(Refusal { code: code.to_string(), message, evidence })
}

fn seen(reply: &Reply<TossPayment>, asked: Asked<'_>) -> Verdict {
    let shown = &reply.value;
    match not_ours(shown, asked) {
        Some(why) => Verdict::NotOurs(why),
        None => match won(shown.balance_amount.as_won()) {
            Some(balance) => Verdict::Seen(Box::new(snapshot(reply, balance))),
            None => Verdict::NotOurs("its balance is not an amount in won".to_owned()),
        },
    }
}

/// Names the first thing that is not as we asked, without the other payment's values.
pub(crate) fn not_ours(shown: &TossPayment, asked: Asked<'_>) -> Option<String> {
    let Asked { payment, merchant_id } = asked;
    let differs = if shown.payment_key != payment.key.as_str() {
        "paymentKey"
    } else if shown.order_id != payment.toss_order.as_str() {
        "orderId"
    } else if won(shown.total_amount.as_won()) != Some(payment.amount) {
        "totalAmount"
    } else if shown.currency.as_ref().is_some_and(|currency| currency.as_str() != "KRW") {
        "currency"
    } else if merchant_id.is_some_and(|ours| shown.m_id.as_deref().is_some_and(|theirs| theirs != ours)) {
        "mId"
    } else {
        return None;
    };
    Some(format!("the answer has another {differs}"))
}

fn snapshot(reply: &Reply<TossPayment>, balance: Won) -> Snapshot {
    let shown = &reply.value;
    let failure = shown.failure.as_ref().map(|failure| Failure {
        code: failure.code.to_string(),
        message: failure.message.clone().unwrap_or_default(),
    });
    Snapshot {
        status: TossStatus::parse(shown.status.as_str()),
        method: shown.method.as_ref().map(|method| method.as_str().to_owned()),
        balance,
        requested_at: instant(shown.requested_at.as_ref()),
        approved_at: instant(shown.approved_at.as_ref()),
        last_transaction_key: shown.last_transaction_key.clone(),
        cancels: shown.cancels.iter().flatten().filter_map(cancel).collect(),
        secret: shown.secret.as_ref().map(|secret| deposit_secret(secret.expose())),
        account: shown.virtual_account.as_ref().map(account),
        failure,
        evidence: Evidence { http_status: reply.http_status, body: kept(reply) },
        tax: tax(shown),
        pending: shown.cancels.iter().flatten().filter_map(pending).collect(),
    }
}

/// The answer as it may be kept: byte for byte, unless it holds the number of an account.
fn kept(reply: &Reply<TossPayment>) -> Arc<[u8]> {
    let masked = reply.value.virtual_account.as_ref().and_then(|_| without_numbers(&reply.raw));
    masked.map_or_else(|| reply.raw.as_ref().into(), Arc::from)
}

fn account(shown: &VirtualAccount) -> Account {
    Account { closes_at: instant(shown.due_date.as_ref()), is_closed: shown.expired == Some(true) }
}

/// One that was carried out; one under way or failed has moved nothing (Toss state machine, cancel sub-state).
fn cancel(shown: &Cancellation) -> Option<TossCancel> {
    if shown.cancel_status.as_ref().is_some_and(|status| status.as_str() != "DONE") {
        return None;
    }
    Some(TossCancel {
        transaction_key: shown.transaction_key.clone()?,
        amount: won(shown.cancel_amount.as_won())?,
        balance_after: won(shown.refundable_amount.and_then(toss_client::Amount::as_won)),
        canceled_at: instant(shown.canceled_at.as_ref()),
        reason: shown.cancel_reason.clone().unwrap_or_default(),
        request: shown.cancel_request_id.clone(),
        untaxed: untaxed(shown.tax_free_amount, shown.tax_exemption_amount),
    })
}

fn pending(shown: &Cancellation) -> Option<PendingCancel> {
    let aborted = match shown.cancel_status.as_ref()?.as_str() {
        "IN_PROGRESS" => false,
        "ABORTED" => true,
        _ => return None,
    };
    let (request, amount) = (shown.cancel_request_id.clone(), won(shown.cancel_amount.as_won())?);
    Some(PendingCancel { request, amount, aborted })
}

/// How it is taxed, if all of it is told in whole won; a part that is not told is none.
fn tax(shown: &TossPayment) -> Option<Tax> {
    let supplied = won(shown.supplied_amount?.as_won())?;
    let vat = won(shown.vat?.as_won())?;
    Some(Tax { supplied, vat, untaxed: untaxed(shown.tax_free_amount, shown.tax_exemption_amount)? })
}

fn untaxed(free: Option<Amount>, exempt: Option<Amount>) -> Option<Untaxed> {
    let part = |amount: Option<Amount>| won(amount.unwrap_or(Amount::ZERO).as_won());
    Some(Untaxed { free: part(free)?, exempt: part(exempt)? })
}

/// What is kept of a payment's secret.
pub(crate) fn deposit_secret(secret: &str) -> DepositSecret {
    DepositSecret::from_bytes(Sha256::digest(secret).into())
}

fn won(amount: Option<i64>) -> Option<Won> {
    amount.and_then(|won| Won::new(won).ok())
}

pub(crate) fn instant(time: Option<&TossTime>) -> Option<Timestamp> {
    time.and_then(TossTime::timestamp).map(|at| Timestamp::from_micros(at.as_microsecond()))
}

#[cfg(test)]
mod tests;
