//! Confirm: the one call that takes money (Toss core API, Confirm).

use serde::Deserialize;

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::Call;
use crate::auth::MerchantId;
use crate::clock::Ms;
use crate::codes::{self, Code, Refusal};
use crate::config::Mismatch;
use crate::journal::{Effect, EffectKind};
use crate::means::Means;
use crate::money::Written;
use crate::payment::{Payment, Status};
use crate::state::{Shared, World};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    payment_key: Option<String>,
    order_id: Option<String>,
    amount: Option<Written>,
}

/// A confirm with all its parts.
pub(crate) struct Ask {
    pub(crate) payment_key: String,
    pub(crate) order_id: String,
    pub(crate) amount: Written,
}

impl Ask {
    pub(crate) fn read(body: Body) -> Result<Self, Code> {
        let (Some(payment_key), Some(order_id), Some(amount)) =
            (body.payment_key, body.order_id, body.amount)
        else {
            return Err(codes::INVALID_REQUIRED_PARAM);
        };
        if payment_key.is_empty() || payment_key.len() > 200 || order_id.is_empty() || order_id.len() > 64 {
            return Err(codes::INVALID_REQUEST);
        }
        Ok(Self { payment_key, order_id, amount })
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
    let spent = world.is_spent(merchant, &ask.order_id);
    let payment = match world.find(merchant, &ask.payment_key, now) {
        Ok(payment) => payment,
        Err(code) => return Outcome::refused(code, call),
    };
    if let Err(refusal) = may_confirm(payment, ask, shared.config.mismatch, spent) {
        return Outcome::refused(refusal, call);
    }
    let amount = payment.about.amount;
    if let Some(code) = payment.outcome.or_else(|| payment.means.and_then(|means| means.refuses(amount))) {
        payment.abort(code);
        let aborted = payment.clone();
        world.tell(&aborted, None, now);
        return Outcome { effect: Effect::ABORTED, ..Outcome::refused(code, call) };
    }
    let Some((payment, ids, numbers)) = world.with_ids(&ask.payment_key, now) else {
        return Outcome::refused(codes::NOT_FOUND_PAYMENT, call);
    };
    let transaction = payment.approve(ids, numbers, now);
    let waits = matches!(payment.means, Some(Means::VirtualAccount(_)));
    let kind = if waits { EffectKind::Waiting } else { EffectKind::Approved };
    let payment = payment.clone();
    // Nothing has come in yet on an account that was only just issued: its row says 0.
    world.tell(&payment, Some((transaction, if waits { 0 } else { amount })), now);
    let said = Said::Payment(Box::new(payment));
    world.spend(&ask.payment_key);
    Outcome { answer: Answer { said, lang: call.lang }, effect: Effect::moved(kind, amount, transaction) }
}

/// The refusals that leave the payment as it is.
fn may_confirm(payment: &Payment, ask: &Ask, mismatch: Mismatch, spent: bool) -> Result<(), Refusal> {
    match payment.status {
        Status::InProgress => {}
        // Nobody authenticated, or too long ago: there is no session that a confirm could use.
        Status::Ready | Status::Expired => return Err(codes::NOT_FOUND_PAYMENT_SESSION.into()),
        _ => return Err(codes::ALREADY_PROCESSED_PAYMENT.into()),
    }
    if payment.confirming {
        return Err(Refusal::from_provider("[S008] 기존 요청을 처리중입니다."));
    }
    if payment.about.currency.read(ask.amount) != Some(payment.about.amount)
        || *ask.order_id != *payment.about.order
    {
        return Err(match mismatch {
            Mismatch::InvalidRequest => codes::INVALID_REQUEST.into(),
            Mismatch::ForbiddenRequest => codes::FORBIDDEN_REQUEST.into(),
        });
    }
    if spent {
        return Err(codes::DUPLICATED_ORDER_ID.into());
    }
    Ok(())
}

impl World {
    /// Marks a payment as being confirmed, or takes the mark away; true if the mark changed.
    pub(super) fn set_confirming(
        &mut self,
        shared: &Shared,
        merchant: MerchantId,
        ask: &Ask,
        on: bool,
    ) -> bool {
        let Ok(payment) = self.find(merchant, &ask.payment_key, shared.now()) else { return false };
        if payment.confirming == on || payment.status != Status::InProgress {
            return false;
        }
        payment.confirming = on;
        true
    }
}
