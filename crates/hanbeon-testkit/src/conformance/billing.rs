//! Charges without a window: what a store promises of them. A suite of its own, over both doors of one store.
use super::world::{at_once, seen, transaction, won};
use hanbeon_domain::billing::charge::NewCharge;
use hanbeon_domain::billing::{
    BillingKey, Charge, ChargeState, ChargeStep, Customer, Day, For, Heard, KeyState, Planned, Schedule,
    Status, Subscription,
};
use hanbeon_domain::{
    Actor, BillingKeyId, ChargeId, CustomerId, CustomerKey, Moment, PaymentId, PaymentKey, Policy, StateName,
    SubscriptionId, Timestamp, TossStatus, Verdict,
};
use hanbeon_store::{
    Added, BegunCharge, BillingStore, BillingTurn, KEYS_PER_CUSTOMER_MAX, KeyRecord, NewEvent, Sealed, Store,
    StoreError,
};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Both doors of one store.
pub trait Doors: Store + BillingStore {}
impl<T: Store + BillingStore> Doors for T {}

const AMOUNT: i64 = 9_900;
const LEASE: Duration = Duration::from_secs(30);

/// A store with a customer, a key that can be charged, and an instant.
pub struct Scene {
    store: Arc<dyn Doors>,
    key: KeyRecord,
    /// When the first period of its subscriptions is due.
    pub now: Timestamp,
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + number)
}

fn customer(number: u128, key: &str) -> Customer {
    let created_at = Timestamp::from_micros(1_000_001);
    Customer {
        id: CustomerId::from_uuid(id(number)),
        key: CustomerKey::parse(key).expect("plain"),
        created_at,
    }
}

fn sealed(byte: u8) -> Sealed {
    Sealed { by: "k1".to_owned(), bytes: vec![byte, 0, 0xff] }
}

fn wish(number: u128, owner: &Customer) -> KeyRecord {
    let key = BillingKey::wished(BillingKeyId::from_uuid(id(number)), owner.id, owner.created_at);
    KeyRecord { key, sealed: Some(sealed(1)), fingerprint: None }
}

impl Scene {
    /// In an empty store.
    pub async fn new(store: Arc<dyn Doors>) -> Self {
        let owner = customer(1, "buyer-1");
        let now = Schedule::new(Day::parse("2026-01-31").expect("a day"), 31, 1).expect("one").charged_at(0);
        assert!(store.insert_customer(&owner).await.expect("insert_customer"));
        let wish = wish(2, &owner);
        assert_eq!(store.insert_key(&wish, Some(now)).await.expect("insert_key"), Added::New);
        let active = wish.key.becomes(KeyState::Active);
        let label = Some("카드 4330****".to_owned());
        let key = BillingKey { label, ..active };
        let key = KeyRecord { key, sealed: Some(sealed(2)), fingerprint: Some([7; 32]) };
        store.commit_key(&key, None).await.expect("commit_key");
        Self { store, key, now }
    }

    /// A subscription whose first period is due now.
    async fn subscription(&self, number: u128) -> Subscription {
        let schedule = Schedule::new(Day::at(self.now), 31, 1).expect("a schedule");
        let new = Subscription {
            id: SubscriptionId::from_uuid(id(number)),
            customer: self.key.key.customer,
            key: self.key.key.id,
            amount: won(AMOUNT),
            name: "정기 \"구독\"".to_owned(),
            schedule,
            created_at: self.now,
            version: 1,
            period: 0,
            status: Status::Active,
            retry_now: false,
            due_at: Some(self.now),
        };
        self.store.insert_subscription(&new).await.expect("insert_subscription");
        new
    }

    /// An intent to charge the customer.
    #[must_use]
    pub fn charge(&self, number: u128, period: Option<For>) -> Charge {
        let KeyRecord { key, .. } = &self.key;
        let new = NewCharge {
            id: ChargeId::from_uuid(id(number)),
            customer: key.customer,
            key: key.id,
            period,
            amount: won(AMOUNT),
            name: "정기 \"구독\"".to_owned(),
        };
        Charge::intended(new, self.now)
    }

    /// Writes an intent, and the change of its subscription.
    pub async fn begin(&self, charge: &Charge, of: Option<&Subscription>) -> BegunCharge {
        self.store.begin_charge(charge, of, self.now.plus(LEASE)).await.expect("begin_charge")
    }

    fn step(&self, charge: &Charge, verdict: Verdict) -> ChargeStep {
        let moment = Moment { now: self.now, actor: Actor::Recovery, policy: &Policy::default() };
        let key = PaymentKey::parse(format!("tgen_{}", charge.id)).ok();
        charge.step(Heard { verdict, key }, moment).expect("it is open")
    }

    /// Writes what became of a charge.
    pub async fn settle(&self, charge: &Charge, verdict: Verdict) -> Charge {
        let step = self.step(charge, verdict);
        self.store.commit_charge(&step, self.now, self.now.plus(LEASE)).await.expect("commit_charge");
        let stored = self.store.charge(charge.id).await.expect("charge").expect("it is stored");
        assert_eq!(stored, step.next);
        stored
    }
}

fn of(subscription: &Subscription, ordinal: u32) -> For {
    For { subscription: subscription.id, period: subscription.period, ordinal }
}

fn refused() -> Verdict {
    Verdict::Refused(super::world::refusal())
}

fn done() -> Verdict {
    seen(TossStatus::Done, AMOUNT)
}

/// A customer is made once, and its key belongs to nobody else.
pub async fn a_customer_key_belongs_to_one_customer(store: Arc<dyn Doors>) {
    let first = customer(1, "buyer-1");
    for _ in 0..2 {
        assert!(store.insert_customer(&first).await.expect("insert_customer"));
    }
    assert!(!store.insert_customer(&customer(2, "buyer-1")).await.expect("insert_customer"));
    assert!(!store.insert_customer(&customer(1, "buyer-2")).await.expect("insert_customer"));
    let stored = store.customer(first.id).await.expect("customer").expect("it is stored");
    assert_eq!((stored.customer, stored.keys), (first, vec![]));
    assert_eq!(store.customer(CustomerId::from_uuid(id(9))).await.expect("customer"), None);
}

/// A key is stored as it is, in each of its states; whoever has an old version writes nothing.
pub async fn a_billing_key_is_kept_sealed_until_it_is_deleted(store: Arc<dyn Doors>) {
    let scene = Scene::new(store).await;
    let (store, active) = (&scene.store, &scene.key);
    let stored = async |id| store.billing_key(id).await.expect("billing_key").expect("it is stored");
    assert_eq!(stored(active.key.id).await, *active);
    let stale = KeyRecord { key: active.key.clone(), ..active.clone() };
    assert!(matches!(store.commit_key(&stale, None).await, Err(StoreError::Superseded)));
    assert!(store.doubt_key(&[7; 32], scene.now).await.expect("doubt_key"));
    assert!(!store.doubt_key(&[8; 32], scene.now).await.expect("doubt_key"));
    let doubted = stored(active.key.id).await;
    assert_eq!(doubted.key.doubted_at, Some(scene.now));
    let deleting = KeyRecord { key: doubted.key.becomes(KeyState::Deleting { tries: 3 }), ..doubted };
    store.commit_key(&deleting, Some(scene.now)).await.expect("commit_key");
    assert_eq!(stored(active.key.id).await, deleting);
    let gone = KeyRecord { key: deleting.key.becomes(KeyState::Deleted), sealed: None, ..deleting };
    store.commit_key(&gone, None).await.expect("commit_key");
    assert_eq!(stored(active.key.id).await, gone);

    let owner = store.customer(gone.key.customer).await.expect("customer").expect("stored").customer;
    let failed = wish(3, &owner);
    assert_eq!(store.insert_key(&failed, Some(scene.now)).await.expect("insert_key"), Added::New);
    assert_eq!(store.insert_key(&failed, Some(scene.now)).await.expect("insert_key"), Added::Known);
    let why = KeyState::Refused(Box::new(super::world::refusal()));
    let failed = KeyRecord { key: failed.key.becomes(why), sealed: None, ..failed };
    store.commit_key(&failed, None).await.expect("commit_key");
    assert_eq!(stored(failed.key.id).await, failed);
}

/// One key of Toss's is one of ours, and a customer has so many.
pub async fn a_billing_key_of_tosss_is_stored_once(store: Arc<dyn Doors>) {
    let scene = Scene::new(store).await;
    let owner =
        scene.store.customer(scene.key.key.customer).await.expect("customer").expect("stored").customer;
    let twin = KeyRecord { fingerprint: Some([7; 32]), ..wish(3, &owner) };
    assert_eq!(scene.store.insert_key(&twin, Some(scene.now)).await.expect("insert_key"), Added::Taken);
    let mut last = Added::New;
    for number in 100..100 + u128::try_from(KEYS_PER_CUSTOMER_MAX).expect("few") {
        last = scene.store.insert_key(&wish(number, &owner), Some(scene.now)).await.expect("insert_key");
    }
    assert_eq!(last, Added::Full);
    let nobody = customer(5, "nobody");
    assert_eq!(scene.store.insert_key(&wish(6, &nobody), None).await.expect("insert_key"), Added::NoCustomer);
}

/// Whoever comes at once with a charge of one period: one begins.
pub async fn h1_s21_one_of_64_charges_of_a_period_begins(store: Arc<dyn Doors>) {
    let scene = Arc::new(Scene::new(store).await);
    let subscription = scene.subscription(3).await;
    let begin = |at: u32| {
        let (scene, subscription) = (Arc::clone(&scene), subscription.clone());
        async move {
            let charge = scene.charge(1_000 + u128::from(at), Some(of(&subscription, at)));
            scene.begin(&charge, None).await
        }
    };
    let ends = at_once(64, begin).await;
    assert_eq!(ends.iter().filter(|end| **end == BegunCharge::Fresh).count(), 1, "{ends:?}");
    assert_eq!(scene.store.charges(subscription.id, 100).await.expect("charges").len(), 1);
}

/// Another charge of a period follows a refusal and nothing else.
pub async fn s21_another_charge_of_a_period_follows_only_a_refusal(store: Arc<dyn Doors>) {
    let scene = Scene::new(store).await;
    let subscription = scene.subscription(3).await;
    let first = scene.charge(10, Some(of(&subscription, 0)));
    assert_eq!(scene.begin(&first, None).await, BegunCharge::Fresh);
    assert_eq!(scene.begin(&first, None).await, BegunCharge::Known);
    let second = scene.charge(11, Some(of(&subscription, 1)));
    assert_eq!(scene.begin(&second, None).await, BegunCharge::Taken, "it is not known");
    let open = scene.settle(&first, super::world::unclear(true)).await;
    assert_eq!(scene.begin(&second, None).await, BegunCharge::Taken, "it is not known");
    // A refusal after an unknown call waits for a read; an aborted payment is one.
    let late = scene.settle(&open, refused()).await;
    assert!(late.is_open());
    scene.settle(&late, seen(TossStatus::Aborted, 0)).await;
    assert_eq!(
        scene.begin(&scene.charge(12, Some(of(&subscription, 0))), None).await,
        BegunCharge::Taken,
        "used"
    );
    assert_eq!(scene.begin(&second, None).await, BegunCharge::Fresh);
    scene.settle(&second, done()).await;
    assert_eq!(
        scene.begin(&scene.charge(13, Some(of(&subscription, 2))), None).await,
        BegunCharge::Taken,
        "paid"
    );
    let last = scene.store.last_charge(subscription.id, 0).await.expect("last_charge").expect("one");
    assert_eq!(last.id, second.id);
    assert_eq!(scene.store.last_charge(subscription.id, 1).await.expect("last_charge"), None);
}

/// What a charge ends in is a payment as any other, in the same transaction.
pub async fn a_charge_that_is_done_is_a_payment(store: Arc<dyn Doors>) {
    let scene = Scene::new(store).await;
    let charge = scene.charge(10, None);
    assert_eq!(scene.begin(&charge, None).await, BegunCharge::Fresh);
    assert!(scene.store.key_is_in_use(charge.key).await.expect("key_is_in_use"));
    let step = scene.step(&charge, done());
    scene.settle(&charge, done()).await;
    assert!(!scene.store.key_is_in_use(charge.key).await.expect("key_is_in_use"));
    let again = scene.store.commit_charge(&step, scene.now, scene.now).await;
    assert!(matches!(again, Err(StoreError::Superseded)), "{again:?}");
    let record =
        scene.store.payment(PaymentId::from_uuid(charge.id.uuid())).await.expect("payment").expect("one");
    assert_eq!(record.payment, step.born.expect("a payment").outcome.next);
    let states: Vec<_> = record.history.iter().map(|line| line.to.as_str()).collect();
    assert_eq!(states, [StateName::Confirming.as_str(), StateName::Paid.as_str()]);
    assert!(!transaction(AMOUNT).is_empty());
}

/// All charges can be read in pages; and whether one is under way, by its order's name.
pub async fn charges_are_read_in_pages_and_found_by_their_orders_while_they_are_under_way(
    store: Arc<dyn Doors>,
) {
    let scene = Scene::new(store).await;
    let charges = [10, 11, 12].map(|number| scene.charge(number, None));
    for charge in &charges {
        assert_eq!(scene.begin(charge, None).await, BegunCharge::Fresh);
    }
    let mut found = Vec::new();
    while let Some(charge) = scene
        .store
        .charges_after(found.last().map(|last: &Charge| last.id), 1)
        .await
        .expect("charges_after")
        .pop()
    {
        found.push(charge);
    }
    assert_eq!(found, charges);
    let is_charging = async |at: usize| {
        let order = &charges[at].toss_order;
        scene.store.is_charging(order).await.expect("is_charging")
    };
    scene.settle(&charges[1], done()).await;
    scene.settle(&charges[2], refused()).await;
    assert_eq!([is_charging(0).await, is_charging(1).await, is_charging(2).await], [true, false, false]);
}

/// A key that is being deleted begins nothing, and neither does another customer's.
pub async fn h5_a_key_that_is_being_deleted_begins_no_charge(store: Arc<dyn Doors>) {
    let scene = Scene::new(store).await;
    let foreign = Charge { customer: CustomerId::from_uuid(id(77)), ..scene.charge(10, None) };
    assert_eq!(scene.begin(&foreign, None).await, BegunCharge::NoKey);
    let deleting = scene.key.key.becomes(KeyState::Deleting { tries: 0 });
    let record = KeyRecord { key: deleting, ..scene.key.clone() };
    scene.store.commit_key(&record, Some(scene.now)).await.expect("commit_key");
    assert_eq!(scene.begin(&scene.charge(11, None), None).await, BegunCharge::NoKey);
}

/// What is due goes to one of those who ask, and its former holder writes nothing.
pub async fn h1_what_is_due_is_taken_over_and_its_former_holder_writes_nothing(store: Arc<dyn Doors>) {
    let scene = Scene::new(store).await;
    let subscription = scene.subscription(3).await;
    let (now, until) = (scene.now, scene.now.plus(LEASE));
    assert_eq!(scene.store.next_billing_due().await.expect("next_billing_due"), Some(now));
    let turns = scene.store.lease_billing(now, until, 10).await.expect("lease_billing");
    let [BillingTurn::Subscription(held)] = &turns[..] else { panic!("{turns:?}") };
    assert_eq!((held.version, held.due_at), (subscription.version + 1, Some(until)));
    assert_eq!(scene.store.lease_billing(now, until, 10).await.expect("lease_billing"), []);

    let charge = scene.charge(10, Some(of(held, 0)));
    let Planned::Charge { next, .. } =
        subscription.plan(None, now, &hanbeon_domain::billing::Dunning::default())
    else {
        panic!("it is due")
    };
    let slept = scene.store.begin_charge(&charge, Some(&next), until).await;
    assert!(matches!(slept, Err(StoreError::Superseded)), "{slept:?}");
    assert_eq!(scene.store.charge(charge.id).await.expect("charge"), None, "nothing of it");

    let next = Subscription { version: held.version + 1, due_at: None, ..held.clone() };
    assert_eq!(scene.begin(&charge, Some(&next)).await, BegunCharge::Fresh);
    assert_eq!(scene.store.subscription(held.id).await.expect("subscription"), Some(next.clone()));
    let turns = scene.store.lease_billing(until, until.plus(LEASE), 10).await.expect("lease_billing");
    let [BillingTurn::Charge(held)] = &turns[..] else { panic!("{turns:?}") };
    let late = scene.step(&charge, done());
    let late = scene.store.commit_charge(&late, now, until).await;
    assert!(matches!(late, Err(StoreError::Superseded)), "{late:?}");
    assert_eq!(scene.store.payment(PaymentId::from_uuid(charge.id.uuid())).await.expect("payment"), None);
    // The end of a charge wakes its subscription.
    scene.settle(held, done()).await;
    let woken = scene.store.subscription(next.id).await.expect("subscription").expect("stored");
    assert_eq!((woken.version, woken.due_at), (next.version + 1, Some(now)));
}

/// A change that is news is told in the transaction that makes it; of many who want to write it, one tells.
pub async fn b5_h6_a_change_of_a_subscription_is_told_once_with_the_change(store: Arc<dyn Doors>) {
    let scene = Arc::new(Scene::new(store).await);
    let mut subscription = scene.subscription(3).await;
    let other = scene.subscription(4).await;
    let refused = scene.charge(10, Some(of(&subscription, 0)));
    assert_eq!(scene.begin(&refused, None).await, BegunCharge::Fresh);
    let refused = scene.settle(&refused, self::refused()).await;
    subscription = scene.store.subscription(subscription.id).await.expect("subscription").expect("stored");
    let mut want = Vec::new();
    for (place, status) in [Status::PastDue, Status::Unpaid, Status::Active].into_iter().enumerate() {
        let next = Subscription { version: subscription.version + 1, status, ..subscription.clone() };
        let last = (status != Status::Active).then_some(&refused);
        let news = next.news(&subscription, last, scene.now).expect("another status is news");
        assert_eq!(next.news(&next, last, scene.now), None, "the same is none");
        let sequence = u64::try_from(place).expect("few") + 1;
        want.push(NewEvent::of_subscription(&next, &news, sequence));
        let ends = at_once(16, |_| {
            let (scene, next, news) = (Arc::clone(&scene), next.clone(), news.clone());
            async move { scene.store.commit_subscription(&next, Some(&news)).await }
        })
        .await;
        assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
        assert!(ends.iter().all(|end| matches!(end, Ok(()) | Err(StoreError::Superseded))), "{ends:?}");
        subscription = next;
    }
    let paused = Subscription { version: other.version + 1, status: Status::Paused, ..other.clone() };
    let news = paused.news(&other, None, scene.now).expect("news");
    scene.store.commit_subscription(&paused, Some(&news)).await.expect("commit_subscription");
    let silent = Subscription { version: paused.version + 1, due_at: Some(scene.now), ..paused.clone() };
    scene.store.commit_subscription(&silent, None).await.expect("commit_subscription");
    want.push(NewEvent::of_subscription(&paused, &news, 1));

    let told = scene.store.events(0, 100).await.expect("events");
    let by_id = |events: &[NewEvent]| {
        let mut events = events.to_vec();
        events.sort_by_key(|event| (event.about.id(), event.sequence));
        events
    };
    let told: Vec<_> = told.into_iter().map(|record| record.event).collect();
    assert_eq!(by_id(&told), by_id(&want));
    assert!(told[0].body.contains(&refused_code(&refused)), "{}", told[0].body);
}

fn refused_code(charge: &Charge) -> String {
    match &charge.state {
        ChargeState::Refused { refusal, .. } => refusal.code.clone(),
        other => panic!("{other:?}"),
    }
}

/// One `#[tokio::test]` per promise, against the stores that `$open` makes.
#[macro_export]
macro_rules! billing_conformance {
    ($open:path) => {
        $crate::billing_conformance! { @cases $open;
            a_customer_key_belongs_to_one_customer, a_billing_key_is_kept_sealed_until_it_is_deleted,
            a_billing_key_of_tosss_is_stored_once, h1_s21_one_of_64_charges_of_a_period_begins,
            s21_another_charge_of_a_period_follows_only_a_refusal, a_charge_that_is_done_is_a_payment,
            charges_are_read_in_pages_and_found_by_their_orders_while_they_are_under_way,
            h5_a_key_that_is_being_deleted_begins_no_charge,
            h1_what_is_due_is_taken_over_and_its_former_holder_writes_nothing,
            b5_h6_a_change_of_a_subscription_is_told_once_with_the_change
        }
    };
    (@cases $open:path; $($case:ident),+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _keep) = $open();
                $crate::conformance::billing::$case(store).await;
            }
        )+
    };
}
