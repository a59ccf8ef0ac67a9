//! Read, by payment and by order (Toss core API, Read).

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::{Call, read_subject::Subject};
use crate::auth::MerchantId;
use crate::clock::Ms;
use crate::codes;
use crate::journal::Effect;
use crate::state::World;

pub(crate) fn execute(
    world: &mut World,
    merchant: MerchantId,
    subject: &Subject,
    call: &Call,
    now: Ms,
) -> Outcome {
    let key = match subject {
        Subject::Payment(key) => key.as_str().into(),
        Subject::Order(order) => match world.of_order(merchant, order, world.switches.read_by_order) {
            Some(key) => key,
            None => return Outcome::refused(codes::NOT_FOUND_PAYMENT, call),
        },
    };
    match world.find(merchant, &key, now) {
        Ok(payment) => {
            let said = Said::Payment(Box::new(payment.clone()));
            Outcome { answer: Answer { said, lang: call.lang }, effect: Effect::NONE }
        }
        Err(code) => Outcome::refused(code, call),
    }
}
