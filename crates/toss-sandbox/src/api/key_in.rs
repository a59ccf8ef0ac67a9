//! Key-in: a card's number typed in at the merchant's, and charged at once (Toss core API, Key-in).

use serde::Deserialize;

use crate::answer::{Answer, Said};
use crate::api::Outcome;
use crate::api::call::Call;
use crate::auth::MerchantId;
use crate::choice::{Chosen, More};
use crate::clock::Ms;
use crate::codes::{self, Code};
use crate::means::{Card, CardKind, Means};
use crate::opening::{Accepted, Wanted};
use crate::plastic::{CardBody, Plastic};
use crate::shared::Shared;
use crate::state::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    // First, for a strict look at the e-mail address.
    #[serde(flatten)]
    card: CardBody,
    #[serde(flatten)]
    wanted: Wanted,
    use_free_installment_plan: Option<bool>,
}

/// A key-in payment whose own parts are right.
pub(crate) struct Ask {
    accepted: Accepted,
    plastic: Plastic,
    chosen: Chosen,
}

impl Ask {
    pub(crate) fn read(body: Body) -> Result<Self, Code> {
        let mut wanted = body.wanted;
        if wanted.amount.is_none() || wanted.order_id.is_none() || wanted.order_name.is_none() {
            return Err(codes::INVALID_REQUIRED_PARAM);
        }
        let plastic = body.card.read()?;
        wanted.wish.method = Some(String::from("CARD"));
        let accepted = wanted.accept()?;
        let plan = accepted.chosen.means.card().unwrap_or(Card::usual());
        let is_interest_free = plan.months > 0 && body.use_free_installment_plan == Some(true);
        let card =
            Card { months: plan.months, uses_points: plan.uses_points, is_interest_free, ..plastic.card() };
        if card.kind == CardKind::Unknown {
            return Err(codes::NOT_SUPPORTED_CARD_TYPE);
        }
        let means = Means::Card(card);
        if let Some(code) = means.refuses(accepted.amount) {
            return Err(code);
        }
        let more = More { card_number: Some(plastic.masked().into()), ..More::default() };
        Ok(Self { accepted, plastic, chosen: more.with(means) })
    }

    pub(crate) fn order_id(&self) -> &str {
        &self.accepted.order_id
    }

    pub(crate) fn amount(&self) -> i64 {
        self.accepted.amount
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
    let opening = ask.accepted.opening(merchant, call.origin.as_deref());
    let tells = world.switches.tell_key_in;
    let pay = |()| world.pay_at_once(shared, opening, &ask.chosen, tells, now);
    let paid = ask.plastic.check_date(now).and_then(pay);
    match paid {
        Ok((payment, effect)) => {
            let said = Said::Payment(Box::new(payment));
            Outcome { answer: Answer { said, lang: call.lang }, effect }
        }
        Err(code) => Outcome::refused(code, call),
    }
}
