//! Which copy of the books this is, and what it forgets.
use super::notices::webhook;
use super::world::{LEASE, World, at_once, won};
use hanbeon_domain::{ConfirmRequest, SessionId, Timestamp, TossOrderId};
use hanbeon_store::{
    AnswerRecord, Begun, Claim, Claimed, EVENTS_PER_GENERATION, GENERATION_MAX, Generation, Horizon,
    SavedAmount, Store, StoreError,
};
use std::sync::Arc;
use std::time::Duration;

/// It is marked until it has been compared with Toss, and never becomes older.
pub async fn a_generation_is_raised_above_all_that_are_known(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let generation = async |world: &World| world.store.generation().await.expect("generation");
    assert_eq!(generation(&world).await, Generation::default());
    for (above, number) in [(0, 1), (5, 6), (2, 7)] {
        let now = world.now();
        let raised = world.store.raise_generation(above, now).await.expect("raise_generation");
        assert_eq!(raised, Generation { number, restored_at: Some(now) });
        assert_eq!(generation(&world).await, raised);
        world.store.resynced().await.expect("resynced");
        assert_eq!(generation(&world).await, Generation { number, restored_at: None });
    }
}

/// Its events would have numbers that a browser rounds.
pub async fn no_generation_is_beyond_the_last(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let now = world.now();
    let last = world.store.raise_generation(GENERATION_MAX - 1, now).await.expect("raise_generation");
    assert_eq!(last.number, GENERATION_MAX);
    for above in [0, GENERATION_MAX, u64::MAX] {
        let refused = world.store.raise_generation(above, now).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
    assert_eq!(world.store.generation().await.expect("generation"), last);
}

/// What was told keeps its number; what comes has one beyond all that the older copy could have given.
pub async fn i3_events_of_a_younger_copy_have_larger_numbers(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    world.paid().await;
    let told = world.store.events(0, 10).await.expect("events");
    for generation in [1, 2] {
        let now = world.now();
        world.store.raise_generation(0, now).await.expect("raise_generation");
        world.paid().await;
        world.paid().await;
        let all = world.store.events(0, 10).await.expect("events");
        let numbers: Vec<_> = all.iter().map(|record| record.number).collect();
        assert_eq!(all[..1], told, "what was told stays");
        let first = generation * EVENTS_PER_GENERATION + 1;
        assert_eq!(numbers[numbers.len() - 2..], [first, first + 1], "{numbers:?}");
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}

/// Of each kind so many from before `old`, and as many from after it.
struct Old {
    session: SessionId,
    old: Timestamp,
}

const EACH: u8 = 4;

async fn with_old_things(world: &mut World) -> Old {
    let session = world.session();
    let mut old = world.now();
    for at in 0..2 * EACH {
        if at == EACH {
            world.pass(Duration::from_secs(3_600));
            old = world.now();
        }
        let now = world.now();
        world.store.save_amount(&saved(session, at), now).await.expect("save_amount");
        let made = world.store.claim(&claim(at), now, now).await.expect("claim");
        assert!(matches!(made, Claimed::Ours(_)));
        let answer = AnswerRecord { status: 200, body: vec![at] };
        world.store.keep_answer(&claim(at).key, &answer).await.expect("keep_answer");
        let new = webhook(world, None);
        world.store.keep_webhook(&new, now).await.expect("keep_webhook");
    }
    Old { session, old }
}

fn saved(session: SessionId, at: u8) -> SavedAmount {
    let toss_order = TossOrderId::parse(format!("order-{at}")).expect("letters and digits");
    SavedAmount { session, toss_order, amount: won(1_000) }
}

fn claim(at: u8) -> Claim {
    Claim { key: format!("key-{at}"), request: [at; 32], operation: uuid::Uuid::from_u128(u128::from(at)) }
}

/// Never more rows in one step than it is told to, and no step after the last.
pub async fn what_is_past_its_date_goes_by_retention_in_steps(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let Old { session, old } = with_old_things(&mut world).await;
    let older = Horizon { saved_amounts: old, claims: old, webhooks: old };
    let mut steps = Vec::new();
    while steps.last() != Some(&0) {
        steps.push(world.store.purge(&older, 5).await.expect("purge"));
    }
    assert!(steps.iter().all(|gone| *gone <= 5), "{steps:?}");
    assert_eq!(steps.iter().sum::<usize>(), 3 * usize::from(EACH), "{steps:?}");

    let webhooks = world.store.webhooks(None, 100).await.expect("webhooks");
    assert_eq!(webhooks.len(), usize::from(EACH));
    assert!(webhooks.iter().all(|webhook| webhook.new.received_at >= old));
    for at in 0..2 * EACH {
        let is_young = at >= EACH;
        let now = world.now();
        let taken = world.store.consume_amount(&saved(session, at), now).await.expect("consume_amount");
        assert_eq!(taken, is_young, "saved amount {at}");
        let answered = world.store.claim(&claim(at), now, now.plus(LEASE)).await.expect("claim");
        assert_eq!(matches!(answered, Claimed::Answered(_)), is_young, "answer {at}: {answered:?}");
    }
}

/// Who has paid is known as long as the payment is; who has saved something young, as long as that is.
pub async fn a_session_goes_with_the_last_that_it_saved(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (idle, busy, payer) = (world.session(), world.session(), world.session());
    let began = world.now();
    for (session, at) in [(idle, 1), (idle, 2), (busy, 3), (payer, 4)] {
        world.store.save_amount(&saved(session, at), began).await.expect("save_amount");
    }
    let bought = world.order().await;
    let request = ConfirmRequest { session: Some(payer), ..world.request(&bought) };
    let step = world.intent(&bought, &request);
    assert_eq!(world.offer(&step).await, Begun::Fresh);
    world.pass(Duration::from_secs(3_600));
    let now = world.now();
    world.store.save_amount(&saved(busy, 5), now).await.expect("save_amount");

    let older = Horizon { saved_amounts: now, claims: now, webhooks: now };
    let exist = async |world: &World| {
        let mut exist = Vec::new();
        for session in [idle, busy, payer] {
            exist.push(world.store.session_exists(session).await.expect("session_exists"));
        }
        exist
    };
    // Whichever amount goes first, everybody has something left to be known by.
    assert_eq!(world.store.purge(&older, 1).await.expect("purge"), 1);
    assert_eq!(exist(&world).await, [true, true, true]);
    assert_eq!(world.store.purge(&older, 500).await.expect("purge"), 3);
    assert_eq!(exist(&world).await, [false, true, true]);
    world.store.save_amount(&saved(idle, 6), now).await.expect("it may come again");
    assert_eq!(exist(&world).await, [true, true, true]);
    world.is_stored(&step.next).await;
}

/// They save again just when their sessions go: what they save stays, and none of them hears of it.
pub async fn whoever_comes_back_is_not_forgotten(store: Arc<dyn Store>) {
    const BUYERS: u8 = 16;
    let mut world = World::new(store);
    for _ in 0..20 {
        let buyers: Vec<_> = (0..BUYERS).map(|_| world.session()).collect();
        let then = world.now();
        for session in &buyers {
            world.store.save_amount(&saved(*session, 1), then).await.expect("save_amount");
        }
        world.pass(Duration::from_secs(3_600));
        let now = world.now();
        let older = Horizon { saved_amounts: now, claims: now, webhooks: now };
        let mut next = buyers.iter().copied();
        let ended = at_once(u32::from(BUYERS) + 4, |_| {
            let (store, buyer) = (Arc::clone(&world.store), next.next());
            async move {
                match buyer {
                    Some(session) => store.save_amount(&saved(session, 2), now).await,
                    None => store.purge(&older, 500).await.map(drop),
                }
            }
        });
        assert!(ended.await.iter().all(Result::is_ok));
        for session in buyers {
            let taken = world.store.consume_amount(&saved(session, 2), now).await;
            assert!(taken.expect("consume_amount"));
        }
    }
}

/// Payments, refunds, their history and events are never old.
pub async fn retention_leaves_what_is_needed(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    let (record, events) = (world.record(&canceling).await, world.store.events(0, 10).await.expect("events"));
    world.pass(Duration::from_secs(400 * 86_400));
    let now = world.now();
    let older = Horizon { saved_amounts: now, claims: now, webhooks: now };
    assert_eq!(world.store.purge(&older, 500).await.expect("purge"), 0);
    assert_eq!(world.record(&canceling).await, record);
    assert_eq!(world.store.events(0, 10).await.expect("events"), events);
}
