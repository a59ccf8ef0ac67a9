//! Virtual accounts issued without a window (Toss core API, Virtual account without window).

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::Call;
use crate::auth::MerchantId;
use crate::clock::Ms;
use crate::codes::{self, Code};
use crate::opening::{Accepted, Wanted};
use crate::shared::Shared;
use crate::state::World;

/// A request for an account whose own parts are right.
pub(crate) struct Ask(Accepted);

impl Ask {
    pub(crate) fn read(mut body: Wanted) -> Result<Self, Code> {
        let texts = [&body.order_id, &body.order_name, &body.customer_name];
        if body.amount.is_none() || texts.contains(&&None) || body.wish.bank.is_none() {
            return Err(codes::INVALID_REQUIRED_PARAM);
        }
        match body.terms.account_type.as_deref() {
            None | Some("일반" | "NORMAL") => {}
            Some("고정" | "FIXED") if body.terms.account_key.is_some() => {}
            Some("고정" | "FIXED") => return Err(codes::REQUIRED_ACCOUNT_KEY),
            Some(_) => return Err(codes::INVALID_VIRTUAL_ACCOUNT_TYPE),
        }
        if body.terms.escrows_nothing() {
            return Err(codes::INVALID_REQUIRED_PARAM);
        }
        body.wish.method = Some(String::from("VIRTUAL_ACCOUNT"));
        // An id of two characters was seen to be taken here.
        body.lenient_order_id = true;
        let accepted = body.accept()?;
        let cash = accepted.chosen.more.as_ref().and_then(|more| more.cash.as_ref());
        if cash.is_some_and(|cash| cash.number.is_none()) {
            return Err(codes::INVALID_CASH_RECEIPT_INFO);
        }
        match accepted.chosen.means.refuses(accepted.amount) {
            Some(code) => Err(code),
            None => Ok(Self(accepted)),
        }
    }

    pub(crate) fn order_id(&self) -> &str {
        &self.0.order_id
    }

    pub(crate) fn amount(&self) -> i64 {
        self.0.amount
    }
}

pub(crate) fn execute(
    world: &mut World,
    shared: &Shared,
    merchant: MerchantId,
    Ask(asked): &Ask,
    call: &Call,
    now: Ms,
) -> Outcome {
    let opening = asked.opening(merchant, call.origin.as_deref());
    match world.pay_at_once(shared, opening, &asked.chosen, true, now) {
        Ok((payment, effect)) => {
            let said = Said::Payment(Box::new(payment));
            Outcome { answer: Answer { said, lang: call.lang }, effect }
        }
        Err(code) => Outcome::refused(code, call),
    }
}
