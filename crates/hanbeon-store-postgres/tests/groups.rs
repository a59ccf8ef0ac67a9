//! Verbs that wait together share a transaction, and each of them is answered as if it had been alone.
use hanbeon_domain::{Event, Payment, Step, Timestamp, TossStatus};
use hanbeon_store::{Begun, Store, StoreError};
use hanbeon_store_postgres::{Options, PostgresStore};
use hanbeon_testkit::conformance::world::{LEASE, TOTAL, World, at_once, seen};
use hanbeon_testkit::postgres::{self, Database};
use std::sync::Arc;

async fn open(database: &Database) -> Arc<PostgresStore> {
    let opened = PostgresStore::open(&database.url(), Options::server(Timestamp::default())).await;
    Arc::new(opened.expect("the database opens"))
}

async fn intents(world: &mut World, many: usize) -> Vec<Step> {
    let mut intents = Vec::new();
    for _ in 0..many {
        let order = world.order().await;
        let request = world.request(&order);
        intents.push(world.intent(&order, &request));
    }
    intents
}

async fn begin_all(store: &Arc<PostgresStore>, steps: &[Step]) -> Vec<Result<Begun, StoreError>> {
    let mut each = steps.iter().cloned();
    at_once(u32::try_from(steps.len()).expect("a few"), |_| {
        let (store, step) = (Arc::clone(store), each.next().expect("as many as are asked for"));
        async move { store.begin(&step, step.at.plus(LEASE)).await }
    })
    .await
}

async fn stored(store: &PostgresStore, payment: &Payment) -> Option<Payment> {
    store.payment(payment.id).await.expect("payment").map(|record| record.payment)
}

/// More wish to begin than there is room for; whoever has begun is not turned away because of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_have_a_place_when_intents_have_taken_all() {
    let database = postgres::database();
    let store = open(&database).await;
    let mut world = World::new(store.clone());
    let begun = intents(&mut world, 60).await;
    assert!(begin_all(&store, &begun).await.iter().all(Result::is_ok));
    let paid: Vec<Step> = begun
        .iter()
        .map(|intent| world.step(&intent.next, Event::PspSaid(seen(TossStatus::Done, TOTAL))))
        .collect();
    let orders: Vec<_> = (0..4_000).map(|_| world.unstored_order()).collect();
    for some in orders.chunks(500) {
        let mut each = some.iter().cloned();
        let inserted = at_once(500, |_| {
            let (store, order) = (Arc::clone(&store), each.next().expect("as many as are asked for"));
            async move { store.insert_order(&order).await }
        });
        assert!(inserted.await.iter().all(Result::is_ok));
    }
    let crowd: Vec<Step> = orders
        .iter()
        .map(|order| {
            let request = world.request(order);
            world.intent(order, &request)
        })
        .collect();
    let mut each = paid.clone().into_iter();
    let committing = at_once(60, |_| {
        let (store, step) = (Arc::clone(&store), each.next().expect("as many as are asked for"));
        async move { store.commit(&step, step.at.plus(LEASE)).await }
    });
    let (crowded, committed) = tokio::join!(biased; begin_all(&store, &crowd), committing);
    let turned_away = crowded.iter().filter(|end| matches!(end, Err(StoreError::Full))).count();
    assert!(turned_away > 0, "there was no crowd");
    assert!(committed.iter().all(Result::is_ok), "{committed:?}");
}

/// The rows of one transaction bear its number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verbs_that_wait_together_share_commits() {
    let database = postgres::database();
    let store = open(&database).await;
    let mut world = World::new(store.clone());
    let steps = intents(&mut world, 96).await;
    for begun in begin_all(&store, &steps).await {
        assert_eq!(begun.expect("begin"), Begun::Fresh);
    }
    for step in &steps {
        assert_eq!(stored(&store, &step.next).await.as_ref(), Some(&step.next));
    }
    let commits = database.query("SELECT count(DISTINCT xmin::text) FROM journal");
    let commits: usize = commits.trim().parse().expect("a number");
    assert!(commits <= 48, "96 intents took {commits} commits");
    let stats = store.stats();
    assert!(stats.verbs >= 2 * 96 && stats.commits < stats.verbs, "as its own counters say: {stats:?}");
}

/// Some are too late, two want the same order, and one breaks a rule of the database; the others hear nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_of_its_own_verb_only() {
    let database = postgres::database();
    let store = open(&database).await;
    let mut world = World::new(store.clone());
    let mut steps = intents(&mut world, 40).await;
    database.execute(&format!(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
           IF NEW.toss_order_id = '{}' THEN RAISE EXCEPTION 'no' USING ERRCODE = '23514'; END IF;
           RETURN NEW;
         END $$;
         CREATE TRIGGER no BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION no();",
        steps[20].next.toss_order.as_str()
    ));
    steps.push(steps[7].clone());
    let begun = begin_all(&store, &steps).await;
    assert!(matches!(begun[20], Err(StoreError::Corrupt { table: "payments", .. })), "{:?}", begun[20]);
    assert_eq!(stored(&store, &steps[20].next).await, None);
    let mut of_the_same: Vec<_> = [7, 40].iter().map(|at| begun[*at].as_ref().expect("begin")).collect();
    of_the_same.sort_by_key(|begun| **begun != Begun::Fresh);
    assert_eq!(of_the_same, [&Begun::Fresh, &Begun::Taken], "one of the two is the first");
    for at in (0..40).filter(|at| ![7, 20].contains(at)) {
        assert_eq!(begun[at].as_ref().expect("begin"), &Begun::Fresh);
        assert_eq!(stored(&store, &steps[at].next).await.as_ref(), Some(&steps[at].next));
    }
    // And so with what follows: half of them come twice, and the second one is too late.
    let paid: Vec<Step> = steps[..7]
        .iter()
        .map(|intent| world.step(&intent.next, Event::PspSaid(seen(TossStatus::Done, TOTAL))))
        .collect();
    let twice: Vec<Step> = paid.iter().chain(&paid).cloned().collect();
    let mut each = twice.into_iter();
    let committed = at_once(14, |_| {
        let (store, step) = (Arc::clone(&store), each.next().expect("as many as are asked for"));
        async move { store.commit(&step, step.at.plus(LEASE)).await }
    })
    .await;
    let late = committed.iter().filter(|done| matches!(done, Err(StoreError::Superseded))).count();
    assert_eq!((committed.iter().filter(|done| done.is_ok()).count(), late), (7, 7), "{committed:?}");
    let events = store.events(0, 100).await.expect("events");
    assert_eq!(events.len(), 7, "each is told once");
}
