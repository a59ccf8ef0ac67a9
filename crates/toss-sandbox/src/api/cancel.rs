//! Cancel: all, a part, or the rest (Toss core API, Cancel).

use std::sync::Arc;

use serde::Deserialize;

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::Call;
use crate::auth::MerchantId;
use crate::clock::Ms;
use crate::codes::{self, Code};
use crate::enums::Bank;
use crate::journal::{Effect, EffectKind, Entry, Operation};
use crate::money::Won;
use crate::payment::{Payment, Status, Taking};
use crate::state::{Shared, World};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    cancel_reason: Option<String>,
    cancel_amount: Option<Won>,
    refund_receive_account: Option<RefundAccount>,
    tax_free_amount: Option<Won>,
    currency: Option<String>,
    refundable_amount: Option<Won>,
}

/// Where a deposited virtual account's money goes. The field is `bank`; answers call it `bankCode`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundAccount {
    bank: Option<String>,
    account_number: Option<String>,
    holder_name: Option<String>,
}

/// A cancel whose own parts are right.
pub(crate) struct Ask {
    payment_key: String,
    reason: String,
    pub(crate) amount: Option<i64>,
    tax_free: i64,
    refundable: Option<i64>,
    currency: Option<String>,
    account: Option<RefundAccount>,
}

impl Ask {
    pub(crate) fn read(payment_key: String, body: Body) -> Result<Self, Code> {
        let reason = body.cancel_reason.filter(|reason| !reason.trim().is_empty());
        let reason = reason.ok_or(codes::INVALID_REQUIRED_PARAM)?;
        let amount = body.cancel_amount.map(|won| won.0);
        let tax_free = body.tax_free_amount.map_or(0, |won| won.0);
        if reason.chars().count() > 200 || amount.is_some_and(|amount| amount <= 0) || tax_free < 0 {
            return Err(codes::INVALID_REQUEST);
        }
        let refundable = body.refundable_amount.map(|won| won.0);
        let (currency, account) = (body.currency, body.refund_receive_account);
        Ok(Self { payment_key, reason, amount, tax_free, refundable, currency, account })
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
    let mixed_tax = shared.directory.merchant(merchant).mixed_tax;
    let checked = world.find(merchant, &ask.payment_key, now).and_then(|payment| {
        let amount = may_cancel(payment, ask, now)?;
        if payment.account.is_some() && payment.status != Status::WaitingForDeposit {
            check_account(ask.account.as_ref())?;
        }
        let tax_free = tax_free_part(payment, ask, amount, mixed_tax)?;
        // Toss says 200 and does nothing: no refusal, no entry in `cancels`, no webhook.
        let dropped = payment.was_canceled_within(shared.config.quick_cancels, now).then(|| payment.clone());
        Ok((Taking { reason: &ask.reason, amount, tax_free }, dropped))
    });
    let answered = |payment, effect| {
        let said = Said::Payment(Box::new(payment));
        Outcome { answer: Answer { said, lang: call.lang }, effect }
    };
    match checked {
        Err(code) => Outcome::refused(code, call),
        Ok((_, Some(unchanged))) => answered(unchanged, Effect::DROPPED),
        Ok((taking, None)) => match world.take_back(&ask.payment_key, &taking, now) {
            Some((payment, effect)) => answered(payment, effect),
            None => Outcome::refused(codes::NOT_FOUND_PAYMENT, call),
        },
    }
}

/// A cancel that the merchant's people make in Toss's own dashboard: the same rules, but no key, no account (the
/// dashboard asks for it itself), and nothing is dropped, though it makes a quick one after it be dropped.
pub(crate) fn in_dashboard(
    world: &mut World,
    shared: &Shared,
    payment_key: String,
    amount: Option<Won>,
    reason: Option<String>,
) -> Result<Payment, Code> {
    let now = shared.now();
    let body = Body {
        cancel_reason: Some(reason.unwrap_or_else(|| String::from("상점관리자 취소"))),
        cancel_amount: amount,
        refund_receive_account: None,
        tax_free_amount: None,
        currency: None,
        refundable_amount: None,
    };
    let ask = Ask::read(payment_key, body)?;
    let payment = world.payment(&ask.payment_key, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
    let amount = may_cancel(payment, &ask, now)?;
    let mixed_tax = shared.directory.merchant(payment.about.merchant).mixed_tax;
    let tax_free = tax_free_part(payment, &ask, amount, mixed_tax)?;
    let taking = Taking { reason: &ask.reason, amount, tax_free };
    let (payment, effect) =
        world.take_back(&ask.payment_key, &taking, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
    world.journal.write(Entry {
        at: now,
        operation: Operation::DashboardCancel,
        order: Some(Arc::clone(&payment.about.order)),
        payment: Some(Arc::clone(&payment.about.key)),
        amount: ask.amount,
        key: None,
        replayed: false,
        lost: false,
        status: None,
        code: None,
        effect,
    });
    Ok(payment)
}

impl World {
    /// Gives money back, and tells everybody who has to hear of it.
    fn take_back(&mut self, key: &str, taking: &Taking<'_>, now: Ms) -> Option<(Payment, Effect)> {
        let (payment, ids) = self.with_ids(key, now)?;
        let transaction = payment.cancel(taking, ids, now);
        let payment = payment.clone();
        self.tell(&payment, Some((transaction, taking.amount)), now);
        Some((payment, Effect::moved(EffectKind::Canceled, taking.amount, transaction)))
    }
}

/// The rules in the order in which they answer; the amount to cancel if none refuses.
fn may_cancel(payment: &Payment, ask: &Ask, now: Ms) -> Result<i64, Code> {
    match payment.status {
        Status::Canceled => return Err(codes::ALREADY_CANCELED_PAYMENT),
        Status::PartialCanceled if payment.balance == 0 => return Err(codes::NOT_CANCELABLE_AMOUNT),
        Status::WaitingForDeposit | Status::Done | Status::PartialCanceled => {}
        _ => return Err(codes::NOT_CANCELABLE_PAYMENT),
    }
    if ask.refundable.is_some_and(|seen| seen != payment.balance) {
        return Err(codes::NOT_MATCHES_REFUNDABLE_AMOUNT);
    }
    if ask.currency.as_deref().is_some_and(|currency| currency != "KRW") {
        return Err(codes::INVALID_CURRENCY);
    }
    let amount = ask.amount.unwrap_or(payment.balance);
    if amount > payment.balance {
        return Err(codes::NOT_CANCELABLE_AMOUNT);
    }
    if amount < payment.balance {
        may_cancel_a_part(payment, amount)?;
    }
    if payment.is_past_refund_due(now) {
        return Err(codes::EXCEED_MAX_REFUND_DUE);
    }
    Ok(amount)
}

fn may_cancel_a_part(payment: &Payment, amount: i64) -> Result<(), Code> {
    let terms = &payment.about.terms;
    if payment.status == Status::WaitingForDeposit {
        return Err(codes::NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT);
    }
    if terms.whole_cancels_only {
        return Err(codes::NOT_ALLOWED_PARTIAL_REFUND);
    }
    if amount < terms.discount {
        return Err(codes::EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT);
    }
    Ok(())
}

/// The tax-free part of this cancel: 0 for ordinary merchants, all of it with the rest of the money.
fn tax_free_part(payment: &Payment, ask: &Ask, amount: i64, mixed_tax: bool) -> Result<i64, Code> {
    if !mixed_tax {
        return Ok(0);
    }
    if amount == payment.balance {
        return Ok(payment.tax_free);
    }
    let taxable_left = (payment.balance - payment.tax_free) - (amount - ask.tax_free);
    let fits = ask.tax_free <= amount && ask.tax_free <= payment.tax_free && taxable_left >= 0;
    if fits { Ok(ask.tax_free) } else { Err(codes::INVALID_REQUEST) }
}

fn check_account(account: Option<&RefundAccount>) -> Result<(), Code> {
    let account = account.ok_or(codes::INVALID_REQUIRED_PARAM)?;
    let (Some(bank), Some(number), Some(holder)) =
        (&account.bank, &account.account_number, &account.holder_name)
    else {
        return Err(codes::INVALID_REQUIRED_PARAM);
    };
    if !Bank::takes_refunds(bank) {
        return Err(codes::INVALID_BANK);
    }
    if number.is_empty() || number.len() > 20 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(codes::INVALID_REFUND_ACCOUNT_NUMBER);
    }
    if holder.trim().is_empty() || holder.chars().count() > 60 {
        return Err(codes::INVALID_REFUND_ACCOUNT_INFO);
    }
    Ok(())
}
