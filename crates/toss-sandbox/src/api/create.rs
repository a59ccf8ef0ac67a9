//! Create: a payment window opened by a server, READY with a `checkout.url` (Toss core API, Endpoint index).

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::Call;
use crate::auth::MerchantId;
use crate::codes::{self, Code};
use crate::journal::Effect;
use crate::opening::{Accepted, Wanted};
use crate::shared::Shared;
use crate::state::World;

/// A request for a window whose own parts are right.
pub(crate) struct Ask(Accepted);

impl Ask {
    pub(crate) fn read(body: Wanted) -> Result<Self, Code> {
        body.accept().map(Self)
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
) -> Outcome {
    let opened = shared.open(world, asked.opening(merchant, call.origin.as_deref()));
    match opened.and_then(|key| world.peek(&key).cloned().ok_or(codes::FAILED_INTERNAL_SYSTEM_PROCESSING)) {
        Ok(payment) => {
            let said = Said::Payment(Box::new(payment));
            Outcome { answer: Answer { said, lang: call.lang }, effect: Effect::NONE }
        }
        Err(code) => Outcome::refused(code, call),
    }
}
