//! Orders, requests and steps for the cases: every id and instant comes from one counter, so a run can be
//! repeated.
use hanbeon_domain::order::Line;
use hanbeon_domain::refund::CancelReason;
use hanbeon_domain::{
    Actor, CancelRequest, Checkout, ConfirmRequest, Customer, Decision, DepositSecret, Event, Evidence,
    MerchantReference, Moment, Order, OrderId, Payment, PaymentId, PaymentKey, Policy, RefundId, Refusal,
    SessionId, Snapshot, Step, Timestamp, TossCancel, TossOrderId, TossStatus, Untaxed, Verdict, Won,
};
use hanbeon_store::{Begun, Inserted, NewRefund, PaymentRecord, Queued, Store, Turn};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// 2026-01-01T00:00:00.000001Z: with a microsecond, so that a store that rounds is found out.
const EPOCH: i64 = 1_767_225_600_000_001;
/// What an order of the cases costs, in won.
pub const TOTAL: i64 = 50_000;
/// How long the cases hold a payment.
pub const LEASE: Duration = Duration::from_secs(30);

/// A store with a clock and fresh names.
pub struct World {
    /// What is being tested.
    pub store: Arc<dyn Store>,
    policy: Policy,
    names: u128,
    now: Timestamp,
}

impl World {
    /// Around an empty store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, policy: Policy::default(), names: 0, now: Timestamp::from_micros(EPOCH) }
    }

    /// Now: a second and a bit after the last time that somebody asked.
    pub fn now(&mut self) -> Timestamp {
        self.now = self.now.plus(Duration::from_micros(1_000_003));
        self.now
    }

    /// So much time passes.
    pub fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    /// A UUID that nobody has had before.
    pub fn uuid(&mut self) -> Uuid {
        self.names += 1;
        Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + self.names)
    }

    /// A session that nobody has had before.
    pub fn session(&mut self) -> SessionId {
        let mut digest = [7; 32];
        digest[..16].copy_from_slice(self.uuid().as_bytes());
        SessionId::from_bytes(digest)
    }

    /// A payment key that nobody has had before.
    pub fn key(&mut self) -> PaymentKey {
        PaymentKey::parse(format!("tgen_{}", self.uuid().as_simple())).expect("letters and digits")
    }

    /// An order with everything in it, not stored.
    pub fn unstored_order(&mut self) -> Order {
        let id = OrderId::from_uuid(self.uuid());
        let line = |name: &str, quantity, won_each| Line {
            name: name.to_owned(),
            quantity,
            unit_price: won(won_each),
        };
        let created_at = self.now();
        let order = Order {
            id,
            reference: MerchantReference::parse(format!("주문 {id}")).expect("printable"),
            name: "머그컵 \"큰 것\" 외 1건".to_owned(),
            total: won(TOTAL),
            lines: vec![line("머그컵", 2, 20_000), line("엽서\t\\", 1, 10_000)],
            customer: Customer {
                name: Some("김한번".to_owned()),
                email: Some("buyer@example.com".to_owned()),
                mobile_phone: Some("01012345678".to_owned()),
            },
            created_at,
            expires_at: Some(created_at.plus(Duration::from_secs(86_400))),
            untaxed: Untaxed::NONE,
        };
        order.check().expect("the sample order makes sense")
    }

    /// A stored order.
    pub async fn order(&mut self) -> Order {
        let order = self.unstored_order();
        assert_eq!(self.store.insert_order(&order).await.expect("insert_order"), Inserted::New);
        order
    }

    /// A request to pay this order with a fresh key and no session.
    pub fn request(&mut self, order: &Order) -> ConfirmRequest {
        ConfirmRequest {
            order: order.id,
            toss_order: toss_order(order),
            key: self.key(),
            amount: order.total,
            session: None,
        }
    }

    /// The step that begins this request, decided as if nothing but the order were known.
    pub fn intent(&mut self, order: &Order, request: &ConfirmRequest) -> Step {
        let fresh = PaymentId::from_uuid(self.uuid());
        let now = self.now();
        let known = Checkout { order: Some(order.clone()), ..Checkout::default() };
        match known.decide(request.clone(), fresh, self.moment(now)) {
            Ok(Decision::Begin(step)) => *step,
            other => unreachable!("a fresh request on a fresh order begins a payment, not {other:?}"),
        }
    }

    /// A payment that has just begun on this order.
    pub async fn begin(&mut self, order: &Order) -> Payment {
        let request = self.request(order);
        let step = self.intent(order, &request);
        assert_eq!(self.offer(&step).await, Begun::Fresh);
        step.next
    }

    /// Offers a step to `begin`.
    pub async fn offer(&mut self, step: &Step) -> Begun {
        self.store.begin(step, step.at.plus(LEASE)).await.expect("begin")
    }

    /// What the table makes of this event.
    pub fn step(&mut self, payment: &Payment, event: Event) -> Step {
        let now = self.now();
        payment.step(event, self.moment(now)).expect("the table has this move")
    }

    /// Steps and commits.
    pub async fn commit(&mut self, payment: &Payment, event: Event) -> Payment {
        let step = self.step(payment, event);
        self.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
        step.next
    }

    /// What Toss's verdict leads to, committed.
    pub async fn said(&mut self, payment: &Payment, verdict: Verdict) -> Payment {
        self.commit(payment, Event::PspSaid(verdict)).await
    }

    /// A payment on a fresh order, taken by Toss.
    pub async fn paid(&mut self) -> Payment {
        let order = self.order().await;
        let payment = self.begin(&order).await;
        self.said(&payment, seen(TossStatus::Done, TOTAL)).await
    }

    /// A request to give back; `None` is everything that is left.
    pub fn cancel_request(&mut self, amount: Option<i64>) -> CancelRequest {
        let reason = CancelReason::parse("단순 \"변심\"").expect("short enough");
        CancelRequest { id: RefundId::from_uuid(self.uuid()), amount: amount.map(won), reason, untaxed: None }
    }

    /// A wish to give back, for when its turn comes; `None` is everything that is left now.
    pub fn wish(&mut self, payment: &Payment, amount: Option<i64>) -> NewRefund {
        let request = self.cancel_request(amount);
        NewRefund {
            payment: payment.id,
            amount: request.amount.unwrap_or_else(|| payment.refundable()),
            request,
            actor: Actor::Buyer,
            requested_at: self.now(),
            join_equal: false,
            account: None,
        }
    }

    /// Makes a wish; it fits.
    pub async fn queue(&mut self, payment: &Payment, amount: Option<i64>) -> NewRefund {
        let wish = self.wish(payment, amount);
        let end = self.store.queue_refund(&wish, wish.requested_at).await.expect("queue_refund");
        assert_eq!(end, Queued::New);
        wish
    }

    /// Takes this payment over; it is free.
    pub async fn lease(&mut self, payment: &Payment) -> Turn {
        let now = self.now();
        let turn = self.store.lease(payment.id, now, now.plus(LEASE)).await.expect("lease");
        turn.expect("nobody holds it")
    }

    /// When the next payment is due.
    pub async fn next_due(&self) -> Option<Timestamp> {
        self.store.next_due().await.expect("next_due")
    }

    /// The step that begins a refund; `None` is everything that is left.
    pub fn cancel(&mut self, payment: &Payment, amount: Option<i64>) -> Step {
        let request = self.cancel_request(amount);
        self.step(payment, Event::CancelRequested(request))
    }

    /// Begins a refund.
    pub async fn canceling(&mut self, payment: &Payment, amount: Option<i64>) -> Payment {
        let step = self.cancel(payment, amount);
        assert_eq!(self.offer(&step).await, Begun::Fresh);
        step.next
    }

    /// The payment as it is stored, with all that belongs to it.
    pub async fn record(&self, payment: &Payment) -> PaymentRecord {
        self.store.payment(payment.id).await.expect("payment").expect("it is stored")
    }

    /// Checks that the payment is stored exactly so, wherever one can read it.
    pub async fn is_stored(&self, payment: &Payment) {
        assert_eq!(self.record(payment).await.payment, *payment);
        let by_key = self.store.payment_by_key(&payment.key).await.expect("payment_by_key");
        assert_eq!(by_key.as_ref(), Some(payment));
        let order = self.store.order(payment.order).await.expect("order").expect("it is stored");
        assert!(order.payments.contains(payment), "the order shows {:?}", order.payments);
    }

    const fn moment(&self, now: Timestamp) -> Moment<'_> {
        Moment { now, actor: Actor::Merchant, policy: &self.policy }
    }
}

/// An amount.
#[must_use]
pub fn won(amount: i64) -> Won {
    Won::new(amount).expect("the cases use no negative amounts")
}

/// The order's name at Toss.
#[must_use]
pub fn toss_order(order: &Order) -> TossOrderId {
    TossOrderId::parse(format!("MC4_{}==", order.id)).expect("letters and digits")
}

/// Bytes that are neither text nor free of zeros: an answer is kept as it came.
#[must_use]
pub fn evidence(http_status: u16) -> Evidence {
    Evidence { http_status, body: [b'{', 0, 0xff, 0xfe, b'"', b'\n', 0xed, 0xa0, 0x80].into() }
}

/// A refusal with evidence.
#[must_use]
pub fn refusal() -> Refusal {
    let (code, message) = ("REJECT_CARD_COMPANY".to_owned(), "결제 승인이 거절되었습니다.".to_owned());
    Refusal { code, message, evidence: evidence(403) }
}

/// Toss shows the payment, with this balance.
#[must_use]
pub fn snapshot(status: TossStatus, balance: i64) -> Box<Snapshot> {
    Box::new(Snapshot {
        status,
        method: Some("간편결제".to_owned()),
        balance: won(balance),
        requested_at: Some(Timestamp::from_micros(EPOCH - 5_000_007)),
        approved_at: (status == TossStatus::Done).then(|| Timestamp::from_micros(EPOCH + 11)),
        last_transaction_key: Some(transaction(balance)),
        cancels: Vec::new(),
        secret: Some(DepositSecret::from_bytes([0xa5; 32])),
        account: None,
        failure: None,
        evidence: evidence(200),
        tax: None,
        pending: Vec::new(),
    })
}

/// Toss's name for what led to this balance.
#[must_use]
pub fn transaction(balance: i64) -> String {
    format!("txrd_{balance}")
}

/// The same, as a verdict.
#[must_use]
pub fn seen(status: TossStatus, balance: i64) -> Verdict {
    Verdict::Seen(snapshot(status, balance))
}

/// Toss shows these cancels, each with the balance that it led to, oldest first.
#[must_use]
pub fn seen_with(cancels: &[(i64, i64)]) -> Verdict {
    let left = cancels.last().map_or(TOTAL, |(_, left)| *left);
    let status = if cancels.is_empty() { TossStatus::Done } else { TossStatus::PartialCanceled };
    let cancels = cancels.iter().map(|(amount, left)| cancel(*amount, *left)).collect();
    Verdict::Seen(Box::new(Snapshot { cancels, ..*snapshot(status, left) }))
}

/// A cancel at Toss, and the balance that it led to.
#[must_use]
pub fn cancel(amount: i64, left: i64) -> TossCancel {
    TossCancel {
        transaction_key: transaction(left),
        amount: won(amount),
        balance_after: Some(won(left)),
        canceled_at: Some(Timestamp::from_micros(EPOCH + left)),
        reason: "상점관리자 취소".to_owned(),
        request: None,
        untaxed: None,
    }
}

/// Nothing is known.
#[must_use]
pub fn unclear(answered: bool) -> Verdict {
    Verdict::Unclear { answered, why: "planted".to_owned() }
}

/// Runs `work` in this many tasks at once and gathers what they say.
pub async fn at_once<T, F>(count: u32, mut work: impl FnMut(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|at| tokio::spawn(work(at))).collect();
    let mut ends = Vec::with_capacity(tasks.len());
    for task in tasks {
        ends.push(task.await.expect("no task panics"));
    }
    ends
}
