//! Confirm: the one call that takes money (Toss core API, Confirm).

use serde::Deserialize;

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::Call;
use crate::auth::MerchantId;
use crate::choice::Chosen;
use crate::clock::Ms;
use crate::codes::{self, Code, Refusal};
use crate::journal::{Effect, EffectKind};
use crate::money::Written;
use crate::payment::{Payment, Status};
use crate::shared::{Opening, Shared};
use crate::state::World;
use crate::switches::Mismatch;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    /// In the path of the form that was in use before 2021.
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
    pub(crate) fn read(in_path: Option<&str>, body: Body) -> Result<Self, Code> {
        let payment_key = in_path.map(str::to_owned).or(body.payment_key);
        let (Some(payment_key), Some(order_id), Some(amount)) = (payment_key, body.order_id, body.amount)
        else {
            return Err(codes::INVALID_REQUIRED_PARAM);
        };
        if payment_key.is_empty() || payment_key.len() > 200 || order_id.is_empty() || order_id.len() > 64 {
            return Err(codes::INVALID_REQUEST);
        }
        Ok(Self { payment_key, order_id, amount })
    }
}

pub(crate) fn execute(world: &mut World, merchant: MerchantId, ask: &Ask, call: &Call, now: Ms) -> Outcome {
    let mismatch = world.switches.mismatch;
    let spent = world.is_spent(merchant, &ask.order_id);
    let payment = match world.find(merchant, &ask.payment_key, now) {
        Ok(payment) => payment,
        Err(code) => return Outcome::refused(code, call),
    };
    if let Err(refusal) = may_confirm(payment, ask, mismatch, spent) {
        return Outcome::refused(refusal, call);
    }
    let amount = payment.about.amount;
    if let Some(code) = payment.outcome.or_else(|| payment.means.and_then(|means| means.refuses(amount))) {
        payment.abort(code);
        let aborted = payment.clone();
        world.tell(&aborted, None, now);
        return Outcome { effect: Effect::ABORTED, ..Outcome::refused(code, call) };
    }
    match world.approve(&ask.payment_key, true, now) {
        Some((payment, effect)) => {
            let said = Said::Payment(Box::new(payment));
            Outcome { answer: Answer { said, lang: call.lang }, effect }
        }
        None => Outcome::refused(codes::NOT_FOUND_PAYMENT, call),
    }
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
        return Err(Refusal::from_provider(codes::BUSY_PROVIDER));
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
    /// Takes the money, or issues the account; tells of it unless nobody is to hear, and uses the order id up.
    fn approve(&mut self, key: &str, tells: bool, now: Ms) -> Option<(Payment, Effect)> {
        let (payment, ids, numbers) = self.with_ids(key, now)?;
        let amount = payment.about.amount;
        let transaction = payment.approve(ids, numbers, now);
        let waits = payment.account.is_some();
        let kind = if waits { EffectKind::Waiting } else { EffectKind::Approved };
        let payment = payment.clone();
        // Nothing has come in yet on an account that was only just issued: its row says 0.
        let moved = if waits { 0 } else { amount };
        if tells {
            self.tell(&payment, Some((transaction, moved)), now);
        } else {
            self.record(&payment, transaction, moved, now);
        }
        if let Some(account) = payment.account.as_ref().filter(|_| self.switches.recycle_accounts) {
            self.wind_to(&payment.about.key, account.due);
        }
        self.spend(key);
        Some((payment, Effect::moved(kind, amount, transaction)))
    }

    /// Opens a payment and approves it in one call, without a window.
    pub(super) fn pay_at_once(
        &mut self,
        shared: &Shared,
        opening: Opening<'_>,
        chosen: &Chosen,
        tells: bool,
        now: Ms,
    ) -> Result<(Payment, Effect), Code> {
        let key = shared.open(self, opening)?;
        let payment = self.payment(&key, now).ok_or(codes::NOT_FOUND_PAYMENT)?;
        payment.authenticate(chosen.clone(), None, now)?;
        self.approve(&key, tells, now).ok_or(codes::NOT_FOUND_PAYMENT)
    }

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
