//! Cash receipts: what a store promises of them. A suite of its own, over both doors of one store.
use super::world::{LEASE, TOTAL, World, at_once, seen, seen_with, unclear, won};
use hanbeon_domain::payment::TossFacts;
use hanbeon_domain::receipt::{
    Listed, Paper, Reason, Receipt, ReceiptAction, ReceiptCancel, ReceiptHeard, ReceiptKind, ReceiptState,
    ReceiptStep,
};
use hanbeon_domain::{Actor, Moment, Payment, Policy, ReceiptId, Timestamp, TossStatus, Won};
use hanbeon_store::{BegunReceipt, ReceiptStore, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Both doors of one store.
pub trait Doors: Store + ReceiptStore {}
impl<T: Store + ReceiptStore> Doors for T {}

/// A store with payments, and receipts on them.
struct Scene {
    store: Arc<dyn Doors>,
    world: World,
}

impl Scene {
    fn new(store: Arc<dyn Doors>) -> Self {
        Self { world: World::new(store.clone()), store }
    }

    /// A receipt of this payment, not stored.
    fn unstored(&mut self, payment: &Payment) -> Receipt {
        let toss = TossFacts { method: Some("가상계좌".to_owned()), ..payment.toss.clone() };
        let payment = Payment { toss, ..payment.clone() };
        let id = ReceiptId::from_uuid(self.world.uuid());
        let now = self.world.now();
        Receipt::intended(id, &payment, ReceiptKind::IncomeDeduction, now).expect("it is paid")
    }

    async fn begin(&self, receipt: &Receipt) -> BegunReceipt {
        let until = receipt.created_at.plus(LEASE);
        self.store.begin_receipt(receipt, until).await.expect("begin_receipt")
    }

    /// Writes what was heard, and compares what can be read with it.
    async fn heard(&mut self, receipt: &Receipt, heard: ReceiptHeard) -> Receipt {
        let now = self.world.now();
        let step = receipt.step(heard, moment(now)).expect("it is moving");
        self.commit(&step, now).await
    }

    async fn commit(&self, step: &ReceiptStep, now: Timestamp) -> Receipt {
        self.store.commit_receipt(step, now, now.plus(LEASE)).await.expect("commit_receipt");
        let stored = self.store.receipt(step.next.id).await.expect("receipt").expect("it is stored");
        assert_eq!(stored, step.next);
        stored
    }

    /// A receipt that is issued, and its payment.
    async fn issued(&mut self) -> (Payment, Receipt) {
        let payment = self.world.paid().await;
        let receipt = self.unstored(&payment);
        assert_eq!(self.begin(&receipt).await, BegunReceipt::Fresh);
        let heard = ReceiptHeard::Issued(paper(&receipt));
        (payment, self.heard(&receipt, heard).await)
    }

    /// Money goes back.
    async fn refund(&mut self, payment: &Payment, amount: i64, left: i64) -> Payment {
        let canceling = self.world.canceling(payment, Some(amount)).await;
        self.world.said(&canceling, seen_with(&[(amount, left)])).await
    }

    /// What is due now, taken over.
    async fn due(&mut self) -> Vec<(Receipt, Won)> {
        let now = self.world.now();
        let leased = self.store.lease_receipts(now, now.plus(LEASE), 10).await.expect("lease_receipts");
        leased.into_iter().map(|record| (record.receipt, record.left)).collect()
    }

    /// What is left of its payment is followed.
    async fn follow(&mut self, receipt: &Receipt, left: Won) -> Receipt {
        let now = self.world.now();
        let step = receipt.resume(left, moment(now)).expect("it is issued");
        self.commit(&step, now).await
    }
}

const fn moment(now: Timestamp) -> Moment<'static> {
    Moment { now, actor: Actor::Recovery, policy: &POLICY }
}

const POLICY: Policy = Policy {
    tries_max: 160,
    retry_first: Duration::from_secs(1),
    retry_cap: Duration::from_secs(45),
    confirm_window: Duration::from_secs(660),
    window_tries: 20,
    deposit_poll: Duration::ZERO,
    deposit_closing: Duration::ZERO,
    deposit_settle: Duration::ZERO,
    cancel_spacing: Duration::ZERO,
    cancel_poll: Duration::ZERO,
    notice_spacing: Duration::ZERO,
    late_success: hanbeon_domain::payment::LateSuccess::Cancel,
};

fn paper(receipt: &Receipt) -> Paper {
    Paper { key: format!("rk_{}", receipt.id), url: Some("https://example.com/\"r\"?a=1".to_owned()) }
}

fn reason() -> Reason {
    Reason { code: "INVALID_CASH_RECEIPT_INFO".to_owned(), message: "현금 \"영수증\"".to_owned() }
}

fn cancel(amount: i64, micros: i64) -> ReceiptCancel {
    ReceiptCancel { amount: won(amount), at: Timestamp::from_micros(micros) }
}

/// A receipt is stored as it is, in each of its states.
pub async fn a_receipt_comes_back_as_it_was_written(store: Arc<dyn Doors>) {
    let mut scene = Scene::new(store);
    let (payment, issued) = scene.issued().await;
    let unknown = ReceiptId::from_uuid(scene.world.uuid());
    assert_eq!(scene.store.receipt(unknown).await.expect("receipt"), None);

    let payment = scene.refund(&payment, 20_000, TOTAL - 20_000).await;
    let canceling = scene.follow(&issued, won(TOTAL - 20_000)).await;
    let doubted =
        scene.heard(&canceling, ReceiptHeard::Unclear { answered: true, why: "planted".to_owned() }).await;
    let refused = scene.heard(&doubted, ReceiptHeard::Refused(reason())).await;
    let found = ReceiptHeard::Listed(vec![
        Listed::Cancel(cancel(5_000, 1_000_003)),
        Listed::Cancel(cancel(15_000, 1_000_003)),
    ]);
    let part = scene.heard(&refused, found).await;
    assert_eq!((part.in_force(), part.cancels.len()), (won(TOTAL - 20_000), 2));

    scene.refund(&payment, TOTAL - 20_000, 0).await;
    let canceling = scene.follow(&part, Won::ZERO).await;
    let refused = scene.heard(&canceling, ReceiptHeard::Refused(reason())).await;
    let review = scene.heard(&refused, ReceiptHeard::Listed(vec![])).await;
    assert_eq!(
        scene.store.receipts_to_review(10).await.expect("receipts_to_review"),
        std::slice::from_ref(&review)
    );
    let now = scene.world.now();
    let again = review.again(now).expect("it waits for a human");
    let again = scene.commit(&again, now).await;
    let all = scene.heard(&again, ReceiptHeard::Canceled(cancel(TOTAL - 20_000, 7))).await;
    assert_eq!(all.state, ReceiptState::Canceled);
    assert_eq!(scene.store.receipts_to_review(10).await.expect("receipts_to_review"), []);

    let other = scene.world.paid().await;
    let failed = scene.unstored(&other);
    assert_eq!(scene.begin(&failed).await, BegunReceipt::Fresh);
    let failed = scene.heard(&failed, ReceiptHeard::Refused(reason())).await;
    assert_eq!(scene.store.receipts(other.id).await.expect("receipts"), [failed]);
    assert_eq!(scene.store.receipts(payment.id).await.expect("receipts"), [all]);
}

/// A payment has one receipt that is open at most, however many ask at once.
pub async fn one_of_64_receipts_of_a_payment_begins(store: Arc<dyn Doors>) {
    let mut scene = Scene::new(store);
    let payment = scene.world.paid().await;
    let wishes: Vec<_> = (0..64).map(|_| scene.unstored(&payment)).collect();
    let ends = at_once(64, |at| {
        let (store, wish) = (scene.store.clone(), wishes[usize::try_from(at).expect("small")].clone());
        async move { store.begin_receipt(&wish, wish.created_at.plus(LEASE)).await.expect("begin_receipt") }
    })
    .await;
    assert_eq!(ends.iter().filter(|end| **end == BegunReceipt::Fresh).count(), 1, "{ends:?}");
    assert_eq!(ends.iter().filter(|end| **end == BegunReceipt::Taken).count(), 63, "{ends:?}");
    let [stored] = &scene.store.receipts(payment.id).await.expect("receipts")[..] else { panic!("one") };
    assert_eq!(scene.begin(stored).await, BegunReceipt::Known(Box::new(stored.clone())));
    // One that there never was leaves room for another one.
    scene.heard(stored, ReceiptHeard::NotSent("planted".to_owned())).await;
    let next = scene.unstored(&payment);
    assert_eq!(scene.begin(&next).await, BegunReceipt::Fresh);
}

/// An intent over another amount than is left, or of a payment that moves, is not written.
pub async fn an_intent_that_is_not_what_is_left_is_refused(store: Arc<dyn Doors>) {
    let mut scene = Scene::new(store);
    let payment = scene.world.paid().await;
    let early = scene.unstored(&payment);
    let canceling = scene.world.canceling(&payment, Some(1_000)).await;
    assert_eq!(scene.begin(&early).await, BegunReceipt::Moved);
    let payment = scene.world.said(&canceling, seen_with(&[(1_000, TOTAL - 1_000)])).await;
    assert_eq!(scene.begin(&early).await, BegunReceipt::Moved);
    assert_eq!(scene.store.receipts(payment.id).await.expect("receipts"), []);
    let fits = scene.unstored(&payment);
    assert_eq!((fits.amount, scene.begin(&fits).await), (won(TOTAL - 1_000), BegunReceipt::Fresh));
}

/// Money that goes back makes its receipt due, whoever gave it and whatever the receipt was at; and no other one.
pub async fn f13_money_that_goes_back_makes_the_receipt_due(store: Arc<dyn Doors>) {
    let mut scene = Scene::new(store);
    let (payment, issued) = scene.issued().await;
    let (_, other) = scene.issued().await;
    assert_eq!(scene.due().await, [], "nothing is due at rest");
    assert_eq!(scene.store.next_receipt_due().await.expect("next_receipt_due"), None);

    let payment = scene.refund(&payment, 1_000, TOTAL - 1_000).await;
    let due = scene.store.next_receipt_due().await.expect("next_receipt_due");
    assert!(due.is_some_and(|due| due <= scene.world.now()), "{due:?}");
    let [(held, left)] = &scene.due().await[..] else { panic!("one is due") };
    assert_eq!((held.id, *left), (issued.id, won(TOTAL - 1_000)));
    let canceling = scene.follow(held, *left).await;
    // Somebody cancels at Toss's side meanwhile.
    let elsewhere = scene.world.lease(&payment).await.payment;
    scene.world.said(&elsewhere, seen_with(&[(1_000, TOTAL - 1_000), (TOTAL - 1_000, 0)])).await;
    let done = scene.heard(&canceling, ReceiptHeard::Canceled(cancel(1_000, 5))).await;
    assert_eq!(done.state, ReceiptState::Issued);
    let [(held, left)] = &scene.due().await[..] else { panic!("it is due again") };
    assert_eq!((held.id, *left), (issued.id, Won::ZERO));
    let canceling = scene.follow(held, *left).await;
    let done = scene.heard(&canceling, ReceiptHeard::Canceled(cancel(TOTAL - 1_000, 6))).await;
    assert_eq!((done.state, scene.due().await), (ReceiptState::Canceled, vec![]));
    let records = scene.store.receipts_after(None, 1).await.expect("receipts_after");
    assert_eq!((&records[0].receipt.id, records[0].left, records[0].is_due), (&issued.id, Won::ZERO, false));
    let records = scene.store.receipts_after(Some(issued.id), 9).await.expect("receipts_after");
    assert_eq!((records.len(), records[0].receipt.id, records[0].left), (1, other.id, won(TOTAL)));
}

/// A receipt is due when its step says, each is taken over by one, and its former holder writes nothing.
pub async fn d9_what_is_due_is_taken_over_and_its_former_holder_writes_nothing(store: Arc<dyn Doors>) {
    let mut scene = Scene::new(store);
    let payment = scene.world.paid().await;
    let issuing = scene.unstored(&payment);
    assert_eq!(scene.begin(&issuing).await, BegunReceipt::Fresh);
    assert_eq!(scene.due().await, [], "its holder is at work");
    let now = scene.world.now();
    let step = issuing.step(ReceiptHeard::Unclear { answered: false, why: String::new() }, moment(now));
    let step = step.expect("it is moving");
    let ReceiptAction::Rest { due: Some(due) } = step.then else { panic!("{step:?}") };
    let unclear = scene.commit(&step, now).await;
    assert_eq!(scene.store.next_receipt_due().await.expect("next_receipt_due"), Some(due));

    let now = due.plus(Duration::from_secs(1));
    let ends = at_once(64, |_| {
        let store = scene.store.clone();
        async move { store.lease_receipts(now, now.plus(LEASE), 1).await.expect("lease_receipts") }
    })
    .await;
    let taken: Vec<_> = ends.into_iter().flatten().collect();
    let [record] = &taken[..] else { panic!("{taken:?}") };
    assert_eq!(record.receipt, Receipt { version: unclear.version + 1, ..unclear.clone() });
    let late = unclear.step(ReceiptHeard::Issued(paper(&unclear)), moment(now)).expect("it is moving");
    let late = scene.store.commit_receipt(&late, now, now.plus(LEASE)).await;
    assert!(matches!(late, Err(StoreError::Superseded)), "{late:?}");
    let stored = scene.store.receipt(issuing.id).await.expect("receipt");
    assert_eq!(stored.as_ref(), Some(&record.receipt), "nothing of it");
}

/// A payment that needs a human, or waits for its deposit again, is followed like any other: by what is left.
pub async fn a_payment_whose_end_is_unknown_keeps_its_receipt(store: Arc<dyn Doors>) {
    let mut scene = Scene::new(store);
    let (payment, issued) = scene.issued().await;
    let canceling = scene.world.canceling(&payment, None).await;
    scene.world.said(&canceling, unclear(false)).await;
    assert_eq!(scene.due().await, [], "nobody knows that the money is back");
    let turn = scene.world.lease(&canceling).await.payment;
    scene.world.said(&turn, seen(TossStatus::Canceled, 0)).await;
    let [(held, left)] = &scene.due().await[..] else { panic!("now it is") };
    assert_eq!((held.id, *left), (issued.id, Won::ZERO));
}

/// One `#[tokio::test]` per promise, against the stores that `$open` makes.
#[macro_export]
macro_rules! receipt_conformance {
    ($open:path) => {
        $crate::receipt_conformance! { @cases $open;
            a_receipt_comes_back_as_it_was_written, one_of_64_receipts_of_a_payment_begins,
            an_intent_that_is_not_what_is_left_is_refused, f13_money_that_goes_back_makes_the_receipt_due,
            d9_what_is_due_is_taken_over_and_its_former_holder_writes_nothing,
            a_payment_whose_end_is_unknown_keeps_its_receipt
        }
    };
    (@cases $open:path; $($case:ident),+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _keep) = $open();
                $crate::conformance::receipts::$case(store).await;
            }
        )+
    };
}
