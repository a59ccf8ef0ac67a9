//! Which copy of the books this is.
use super::world::World;
use hanbeon_store::{EVENTS_PER_GENERATION, GENERATION_MAX, Generation, Store, StoreError};
use std::sync::Arc;

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
