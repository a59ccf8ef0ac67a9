//! A charge without a window, and what else was tried for its period. Its row and its siblings' are its whole history: a
//! refused charge is tried again as another one, and one that is done goes on as a payment.
use super::{Language, Words, on_a_terminal, when};
use hanbeon_domain::billing::{Charge, ChargeState, For, Subscription};
use hanbeon_domain::{ChargeId, Refusal};
use hanbeon_store::{BillingStore, StoreError};

/// Charges of a subscription among which those of one period are looked for.
const LOOKED_THROUGH_MAX: usize = 1_000;

/// Reads all there is about a charge; `None` when there is no such charge.
///
/// # Errors
/// What the store says.
pub async fn explain_charge(
    billing: &dyn BillingStore,
    id: ChargeId,
    language: Language,
) -> Result<Option<String>, StoreError> {
    let Some(charge) = billing.charge(id).await? else { return Ok(None) };
    let words = Words(language);
    let mut lines = vec![words.charge(&charge), format!("  {}", words.charge_state(&charge))];
    if let Some(For { subscription, period, .. }) = charge.period {
        let stored = billing.subscription(subscription).await?;
        lines.extend(stored.map(|subscription| format!("  {}", words.period(&subscription, period))));
        let mut charges = billing.charges(subscription, LOOKED_THROUGH_MAX).await?;
        charges.retain(|other| other.period.is_some_and(|other| other.period == period));
        lines.push(format!("  {}", words.pick("All charges of this period:", "이 회차의 청구 전체:")));
        lines.extend(charges.iter().rev().map(|charge| format!("    {}", words.sibling(charge))));
    }
    Ok(Some(on_a_terminal(&lines)))
}

impl Words {
    fn charge(&self, charge: &Charge) -> String {
        let Charge { id, customer, key, toss_order, amount, .. } = charge;
        let (state, begun) = (charge.state.as_str(), when(charge.created_at));
        match self.0 {
            Language::English => format!(
                "Charge {id} (orderId {toss_order}) of {amount} won by billing key {key} of customer {customer}, \
                 begun {begun}: {state}"
            ),
            Language::Korean => format!(
                "청구 {id} (orderId {toss_order}), {amount}원, 고객 {customer}의 빌링키 {key}, {begun} 시작: {state}"
            ),
        }
    }

    fn charge_state(&self, charge: &Charge) -> String {
        match &charge.state {
            ChargeState::Charging { tries, refusal, .. } => {
                let (asks, key) = (self.unknown(), charge.charge_key());
                let refusal = refusal.as_ref().map(|refusal| format!(" {}", self.unconfirmed(refusal)));
                let calls = match self.0 {
                    Language::English => format!("{tries} calls told nothing; idempotency key {key}."),
                    Language::Korean => format!("결과 없는 호출 {tries}회, 멱등키 {key}."),
                };
                format!("{asks} {calls}{}", refusal.unwrap_or_default())
            }
            ChargeState::Done { at } => format!(
                "{} {}",
                when(*at),
                self.pick(
                    "Toss took the money: it is the payment with the same id.",
                    "승인되었습니다. 같은 id의 결제가 이 돈입니다."
                )
            ),
            ChargeState::Refused { refusal, at } => format!(
                "{} {} {} ({})",
                when(*at),
                self.pick("Toss refused it, and nothing was taken:", "거절되어 청구된 금액이 없습니다:"),
                refusal.code,
                refusal.message
            ),
        }
    }

    const fn unknown(&self) -> &'static str {
        self.pick(
            "We meant to charge, and do not know yet whether Toss did. It is being asked.",
            "청구를 요청했으나 결과를 아직 모릅니다. 토스페이먼츠에 확인하고 있습니다.",
        )
    }

    fn unconfirmed(&self, refusal: &Refusal) -> String {
        let why = self.pick(
            "A refusal came; it counts once no earlier call can have taken the money:",
            "거절 응답이 왔으나 앞선 호출의 결과가 확인되어야 확정됩니다:",
        );
        format!("{why} {} ({})", refusal.code, refusal.message)
    }

    fn period(&self, subscription: &Subscription, period: u32) -> String {
        let (id, day, status) = (subscription.id, subscription.schedule.day(period), subscription.status);
        let (status, next) = (status.as_str(), subscription.period);
        match self.0 {
            Language::English => format!(
                "For period {period} (due on {day}) of subscription {id}, which is {status} and at period {next}."
            ),
            Language::Korean => {
                format!("구독 {id}의 {period}회차({day} 청구). 구독은 {status}, 현재 {next}회차.")
            }
        }
    }

    fn sibling(&self, charge: &Charge) -> String {
        let ordinal = charge.period.map_or(0, |period| period.ordinal);
        let state = self.charge_state(charge);
        format!("{ordinal}. {} {}: {state}", charge.id, charge.state.as_str())
    }
}
