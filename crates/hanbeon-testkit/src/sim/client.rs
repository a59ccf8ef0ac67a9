//! Those who ask: buyers with browsers, and the shop. What they hear is held against the books at once.
use super::bank::Deposit;
use super::process::Process;
use super::world::World;
use hanbeon_app::Progress;
use hanbeon_app::cancel::{Caller, Cancel, CancelAnswer};
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{
    CancelRequest, ConfirmRequest, Customer, MerchantReference, Order, OrderId, Payment, PaymentKey,
    RefundId, RefundOutcome, SessionId, State, Timestamp, TossOrderId, TossStatus, Untaxed, Won,
};
use hanbeon_store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use uuid::Uuid;

/// The application under test.
pub(super) type App = Arc<hanbeon_app::App>;

/// What every order costs, in won. Large enough not to fit into 32 bits.
pub(super) const TOTAL: i64 = 3_000_000_000;

pub(super) fn won(amount: i64) -> Won {
    Won::new(amount).expect("a simulated amount is not negative")
}

/// The shop makes an order.
pub(super) async fn make_order(world: &World, number: u128) -> Order {
    let order = Order {
        id: OrderId::from_uuid(Uuid::from_u128(number)),
        reference: MerchantReference::parse(format!("order {number}")).expect("printable"),
        name: "mug".to_owned(),
        total: won(TOTAL),
        lines: Vec::new(),
        customer: Customer::default(),
        created_at: world.now(),
        expires_at: None,
        untaxed: Untaxed::NONE,
    };
    world.store.insert_order(&order).await.expect("the world's own store does not fail");
    order
}

/// The buyer authenticates a payment at Toss; what the browser then sends.
pub(super) fn authenticate(world: &World, order: &Order, key: &str, deposit: Deposit) -> ConfirmRequest {
    let request = ConfirmRequest {
        order: order.id,
        toss_order: TossOrderId::parse(format!("toss-{key}")).expect("allowed characters"),
        key: PaymentKey::parse(key).expect("allowed characters"),
        amount: order.total,
        session: Some(SessionId::from_bytes([7; 32])),
    };
    world.bank().authenticate(&request, deposit, world.now());
    request
}

impl Process {
    /// The browser asks to confirm.
    pub(super) async fn confirm(&self, request: &ConfirmRequest) {
        self.world.ask(&request.key);
        let answer = self.survive(self.app().confirm(request.clone())).await;
        self.world.hear_confirm(&request.key, answer.as_ref());
    }

    /// The shop asks to cancel.
    pub(super) async fn cancel(&self, key: &PaymentKey, amount: Option<Won>) {
        let reason = CancelReason::parse("a change of mind").expect("short enough");
        let wish = Cancel {
            key: key.clone(),
            amount,
            untaxed: None,
            reason,
            caller: Caller::Merchant,
            account: None,
        };
        self.world.wish(key);
        let answer = self.survive(self.app().cancel(wish)).await;
        self.world.hear_cancel(key, answer.as_ref());
    }

    /// The shop asks for a refund that has a name: asked twice, it is the same one.
    pub(super) async fn refund(&self, payment: &Payment, id: RefundId, amount: Option<Won>) {
        let reason = CancelReason::parse("a change of mind").expect("short enough");
        let request = CancelRequest { id, amount, reason, untaxed: None };
        self.world.wish_named(&payment.key, id);
        let answer = self.survive(self.app().refund(payment.id, request, None)).await;
        let answer = answer.map(|answer| {
            answer.map(|record| match record.progress {
                Progress::Settled(RefundOutcome::Done { evidence, .. }) => CancelAnswer::Toss(evidence),
                Progress::Settled(RefundOutcome::Refused(refusal)) => CancelAnswer::Toss(refusal.evidence),
                _ => CancelAnswer::Pending,
            })
        });
        self.world.hear_refund(&payment.key, answer.as_ref());
    }

    /// A webhook arrives, true or not.
    pub(super) async fn webhook(&self, name: u64, key: &PaymentKey, status: TossStatus) {
        self.world.said.say(key, status);
        let body = format!(
            r#"{{"eventType":"PAYMENT_STATUS_CHANGED","data":{{"paymentKey":"{key}","status":"{}"}}}}"#,
            status.as_str()
        );
        let kept = self.app().webhook(Some(format!("whtrans_{name}")), body.into_bytes());
        let kept = self.survive(kept).await;
        self.world.count(match kept {
            Some(Ok(_)) => "webhook: kept",
            Some(Err(_)) => "webhook: not kept",
            None => "webhook: the process died",
        });
    }

    /// What Toss lists is compared with what we know.
    pub(super) async fn reconcile(&self) {
        let (from, until) = (Timestamp::default(), self.world.now());
        let found = self.survive(self.app().reconcile(from, until)).await;
        self.world.count(match found {
            Some(Ok(found)) if found.noticed > 0 => "reconcile: noticed",
            Some(Ok(_)) => "reconcile: all is known",
            Some(Err(_)) | None => "reconcile: broken off",
        });
        if let Some(Ok(found)) = found
            && found.orphans > 0
        {
            self.world.object("S4 Toss lists money that no payment of ours explains".to_owned());
        }
    }

    /// Works off what is due until nothing is, or the process dies.
    pub(super) async fn settle(&self) {
        for _ in 0..TICKS_MAX {
            let Some(tick) = self.survive(self.app().recover_once(32)).await else { return };
            let Some(due) = self.world.next_due().await else { return };
            let least = if tick.is_ok() { 20_000 } else { 1_000_000 };
            let wait = u64::try_from(due.as_micros() - self.world.now().as_micros()).unwrap_or(0).max(least);
            sleep(Duration::from_micros(wait)).await;
        }
        self.world.object("L1 the recovery has work without end".to_owned());
    }
}

/// A deposit is asked for every hour; what is due at once may have another reason.
const JUST_ANOTHER_POLL: Duration = Duration::from_secs(60);
/// A hundred and twenty tries of a few payments, and to spare.
const TICKS_MAX: u32 = 3_000;

impl World {
    /// When something is due that leads somewhere; a deposit that never comes is asked for without end, unless a refund
    /// waits, or somebody gave notice.
    async fn next_due(&self) -> Option<Timestamp> {
        let mut next = None;
        for (payment, due) in self.store.all_payments() {
            let Some(due) = due else { continue };
            if payment.state != State::WaitingForDeposit || self.has_news(&payment, due).await {
                next = next.into_iter().chain([due]).min();
            }
        }
        next
    }

    async fn has_news(&self, payment: &Payment, due: Timestamp) -> bool {
        let record = self.store.payment(payment.id).await.ok().flatten();
        let waits = record
            .is_some_and(|record| record.refunds.iter().any(|refund| refund.progress == Progress::Queued));
        let bank = self.bank();
        let account = bank.accounts.get(&payment.key);
        let moved = account
            .is_none_or(|account| account.status != TossStatus::WaitingForDeposit || account.is_closed());
        waits || moved || due < self.now().plus(JUST_ANOTHER_POLL)
    }
}
