//! A turn: a payment has been taken over, because it is due or because a refund waits, and is carried as far as it
//! goes. The recovery takes turns, and so does whoever has just asked for a refund.
//!
//! 1. **resume** (pure): ask Toss, never act blindly; too many tries → a human;
//! 2. **drive** to a rest;
//! 3. **the refund whose turn it is**, if one waits: reserve, call, settle.
use crate::App;
use crate::confirm::Intent;
use crate::drive::DriveError;
use hanbeon_domain::{Action, Actor, CancelRequest, Event, Payment, Refusal, Refused, Step, Timestamp};
use hanbeon_store::{StoreError, Turn};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::info;

impl App {
    /// Carries on a payment that the caller holds until `held_until`.
    pub(crate) async fn turn(
        self: &Arc<Self>,
        turn: Turn,
        actor: Actor,
        held_until: Timestamp,
    ) -> Result<Payment, DriveError> {
        self.env.reached("leased");
        let Turn { payment, notice, waiting } = turn;
        // At rest, due, and no refund waits: then somebody wanted it to be looked at.
        let todo = payment.resume(&self.settings.policy, notice || waiting.is_none());
        let rests = matches!(todo, Action::Rest { .. });
        let payment = if rests { payment } else { self.drive(payment, todo, actor, held_until).await? };
        match waiting {
            Some(request) if !payment.is_moving() => {
                self.give_back(payment, request, actor, held_until).await
            }
            _ => Ok(payment),
        }
    }

    async fn begin_unless_fenced(&self, step: &Step) -> Result<Intent, StoreError> {
        self.may_send().await.map_err(StoreError::Unavailable)?;
        self.begin(step, Instant::now() + self.settings.store_retry).await
    }

    /// The refund whose turn it is. What was admitted when it was wished may be impossible by now.
    async fn give_back(
        self: &Arc<Self>,
        payment: Payment,
        request: CancelRequest,
        actor: Actor,
        held_until: Timestamp,
    ) -> Result<Payment, DriveError> {
        let moment = self.moment(self.now(), actor);
        sleep(until(moment.now, payment.cancel_from(moment))).await;
        let id = request.id;
        match payment.step(Event::CancelRequested(request), self.moment(self.now(), actor)) {
            Ok(step) => match self.begin_unless_fenced(&step).await.map_err(DriveError::Store)? {
                Intent::Ours => {
                    let held_until = step.at.plus(self.settings.lease);
                    self.env.reached("intent stored");
                    self.drive(step.next, step.then, actor, held_until).await
                }
                Intent::Taken | Intent::MovedOn => Err(DriveError::Superseded),
                // If it is there, it is due when our lease is over.
                Intent::Doubtful(cause) => Err(DriveError::Store(cause)),
            },
            Err(refused) => {
                info!(payment.id = %payment.id, refund.id = %id, %refused, "a refund that waited is impossible by now");
                let refusal = refusal(&refused);
                self.store.refuse_queued(id, &refusal, self.now()).await.map_err(DriveError::Store)?;
                // The wish was possible when it was made: our picture may be old. Looking puts it to rest, too.
                self.drive(payment, Action::Lookup, actor, held_until).await
            }
        }
    }
}

/// In Toss's own words for it (Toss core API, Cancel).
fn refusal(refused: &Refused) -> Refusal {
    match refused {
        Refused::OverBalance { .. } | Refused::NotInParts { .. } => {
            Refusal::ours(403, "NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.")
        }
        Refused::PartialBeforeDeposit => Refusal::ours(
            403,
            "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT",
            "입금 대기중인 결제는 부분 환불이 불가합니다.",
        ),
        Refused::NoRefundAccount => {
            Refusal::ours(400, "NEED_REFUND_ACCOUNT_DETAIL", "환불계좌 정보를 모두 입력해주세요.")
        }
        Refused::PastRefundDue => {
            Refusal::ours(403, "EXCEED_MAX_REFUND_DUE", "환불 가능한 기간이 지났습니다.")
        }
        Refused::NotNow { .. } | Refused::NothingAsked => {
            Refusal::ours(403, "NOT_CANCELABLE_PAYMENT", "취소 할 수 없는 결제 입니다.")
        }
    }
}

pub(crate) fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(then.as_micros() - now.as_micros()).unwrap_or(0))
}
