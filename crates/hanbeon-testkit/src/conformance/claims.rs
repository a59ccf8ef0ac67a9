//! Idempotency keys.
use super::world::{LEASE, World, at_once};
use hanbeon_domain::Timestamp;
use hanbeon_store::{ANSWER_KEPT, AnswerRecord, Claim, Claimed, IDEMPOTENCY_KEY_MAX, Store};
use std::sync::Arc;

fn fresh(world: &mut World, key: &str, request: u8) -> Claim {
    Claim { key: key.to_owned(), request: [request; 32], operation: world.uuid() }
}

async fn claim_at(world: &World, claim: &Claim, now: Timestamp) -> Claimed {
    world.store.claim(claim, now, now.plus(LEASE)).await.expect("claim")
}

async fn claim(world: &mut World, claim: &Claim) -> Claimed {
    let now = world.now();
    claim_at(world, claim, now).await
}

fn answer(body: &[u8]) -> AnswerRecord {
    AnswerRecord { status: 202, body: body.to_vec() }
}

/// The others hear that somebody is at it.
pub async fn one_of_64_claims_a_key(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let now = world.now();
    let mut claims = (0..64).map(|_| fresh(&mut world, "key", 1)).collect::<Vec<_>>().into_iter();
    let ends = at_once(64, |_| {
        let (store, claim) = (Arc::clone(&world.store), claims.next().expect("64 of them"));
        async move { (claim.operation, store.claim(&claim, now, now.plus(LEASE)).await.expect("claim")) }
    })
    .await;
    assert_eq!(ends.iter().filter(|(operation, end)| *end == Claimed::Ours(*operation)).count(), 1);
    assert_eq!(ends.iter().filter(|(_, end)| *end == Claimed::Running).count(), 63);
}

/// Byte for byte, as often as it is asked for; the first one, whoever says another.
pub async fn an_answer_is_repeated_as_it_was(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let key = "가".repeat(IDEMPOTENCY_KEY_MAX);
    let first = fresh(&mut world, &key, 1);
    assert_eq!(claim(&mut world, &first).await, Claimed::Ours(first.operation));
    let body = [b'{', 0, 0xff, b'}'];
    let told = world.store.keep_answer(&key, &answer(&body)).await.expect("keep_answer");
    assert_eq!(told, answer(&body));
    let late = world.store.keep_answer(&key, &answer(b"late")).await.expect("keep_answer");
    assert_eq!(late, answer(&body), "whoever is late tells what was told");
    world.store.release_claim(&key).await.expect("release_claim");
    for _ in 0..2 {
        let again = fresh(&mut world, &key, 1);
        assert_eq!(claim(&mut world, &again).await, Claimed::Answered(answer(&body)));
    }
    let unclaimed = world.store.keep_answer("nobody's", &answer(b"")).await.expect("keep_answer");
    assert_eq!(unclaimed, answer(b""));
    let other = fresh(&mut world, "nobody's", 1);
    assert_eq!(claim(&mut world, &other).await, Claimed::Ours(other.operation));
}

/// By whoever comes when its time is over, under the first one's operation.
pub async fn a_claim_whose_request_died_is_taken_over(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let first = fresh(&mut world, "key", 1);
    let now = world.now();
    assert_eq!(claim_at(&world, &first, now).await, Claimed::Ours(first.operation));
    let (over, just_before) = (now.plus(LEASE), Timestamp::from_micros(now.plus(LEASE).as_micros() - 1));
    let second = fresh(&mut world, "key", 1);
    assert_eq!(claim_at(&world, &second, just_before).await, Claimed::Running);
    assert_eq!(claim_at(&world, &second, over).await, Claimed::Ours(first.operation));
    assert_eq!(claim_at(&world, &second, over).await, Claimed::Running, "it has a new time");
    assert_eq!(claim_at(&world, &first, over.plus(LEASE)).await, Claimed::Ours(first.operation));
}

/// Running, answered or dead: another request hears that the key is used.
pub async fn a_key_belongs_to_one_request(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (first, other) = (fresh(&mut world, "key", 1), fresh(&mut world, "key", 2));
    let now = world.now();
    claim_at(&world, &first, now).await;
    assert_eq!(claim_at(&world, &other, now).await, Claimed::OtherRequest);
    assert_eq!(claim_at(&world, &other, now.plus(LEASE)).await, Claimed::OtherRequest);
    world.store.keep_answer("key", &answer(b"{}")).await.expect("keep_answer");
    assert_eq!(claim_at(&world, &other, now).await, Claimed::OtherRequest);
    let free = fresh(&mut world, "KEY", 2);
    assert_eq!(claim_at(&world, &free, now).await, Claimed::Ours(free.operation));
}

/// At once, under the same operation: something of it may have happened. A corrected request has its own.
pub async fn a_claim_that_was_given_up_may_be_tried_again(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (first, again) = (fresh(&mut world, "key", 1), fresh(&mut world, "key", 1));
    claim(&mut world, &first).await;
    world.store.release_claim("key").await.expect("release_claim");
    assert_eq!(claim(&mut world, &again).await, Claimed::Ours(first.operation));
    assert_eq!(claim(&mut world, &again).await, Claimed::Running);
    world.store.release_claim("key").await.expect("release_claim");
    let corrected = fresh(&mut world, "key", 2);
    assert_eq!(claim(&mut world, &corrected).await, Claimed::Ours(corrected.operation));
    assert_eq!(claim(&mut world, &first).await, Claimed::OtherRequest);
    world.store.release_claim("key").await.expect("release_claim");
    world.store.keep_answer("key", &answer(b"{}")).await.expect("keep_answer");
    assert_eq!(claim(&mut world, &corrected).await, Claimed::Answered(answer(b"{}")));
    world.store.release_claim("nobody's").await.expect("release_claim");
}

/// As long as promised, and until retention forgets it: however long after, and whoever else comes meanwhile.
pub async fn an_answer_is_kept_until_it_is_forgotten(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let now = world.now();
    for key in ["a", "b"] {
        let claim = fresh(&mut world, key, 1);
        claim_at(&world, &claim, now).await;
        world.store.keep_answer(key, &answer(b"{}")).await.expect("keep_answer");
    }
    let again = fresh(&mut world, "a", 1);
    for age in [ANSWER_KEPT, ANSWER_KEPT * 20] {
        let then = now.plus(LEASE + age);
        assert_eq!(claim_at(&world, &again, then).await, Claimed::Answered(answer(b"{}")));
        let other = fresh(&mut world, "b", 2);
        assert_eq!(claim_at(&world, &other, then).await, Claimed::OtherRequest);
    }
}
