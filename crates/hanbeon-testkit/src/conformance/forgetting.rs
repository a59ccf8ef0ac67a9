//! What a store forgets, and what it says of it before.
use super::notices::webhook;
use super::world::{LEASE, World, at_once, won};
use hanbeon_domain::{ConfirmRequest, PaymentKey, SessionId, Timestamp, TossOrderId};
use hanbeon_store::{
    AnswerRecord, Begun, Claim, Claimed, Expired, ExpiredAmount, ExpiredClaim, ExpiredWebhook, Hint, Horizon,
    Kept, NewWebhook, SavedAmount, Store,
};
use std::sync::Arc;
use std::time::Duration;

/// Everything from before then.
fn before(then: Timestamp) -> Horizon {
    Horizon { saved_amounts: then, claims: then, webhooks: then, webhooks_kept: u64::MAX }
}

async fn expired(world: &World, older: &Horizon, limit: usize) -> Vec<Expired> {
    world.store.expired(older, limit).await.expect("expired")
}

/// One step.
async fn forget(world: &World, older: &Horizon, limit: usize) -> usize {
    let expired = expired(world, older, limit).await;
    world.store.purge(expired).await.expect("purge")
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
    let mut steps = Vec::new();
    while steps.last() != Some(&0) {
        steps.push(forget(&world, &before(old), 5).await);
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

/// A clock that was ahead for a while has left young rows before old ones: those go all the same, in full steps.
pub async fn what_a_clock_that_was_ahead_has_left_stops_nothing(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (session, now) = (world.session(), world.now());
    let ahead = now.plus(Duration::from_secs(86_400));
    let at = |number| if number < EACH { ahead } else { now };
    for number in 0..3 * EACH {
        world.store.save_amount(&saved(session, number), at(number)).await.expect("save_amount");
        let new = NewWebhook { received_at: at(number), ..webhook(&mut world, None) };
        world.store.keep_webhook(&new, at(number)).await.expect("keep_webhook");
    }
    world.pass(Duration::from_secs(60));
    let soon = before(world.now());
    let mut steps = Vec::new();
    while steps.last() != Some(&0) {
        steps.push(forget(&world, &soon, 4).await);
    }
    assert_eq!(steps, [4, 4, 4, 4, 0]);
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

    let exist = async |world: &World| {
        let mut exist = Vec::new();
        for session in [idle, busy, payer] {
            exist.push(world.store.session_exists(session).await.expect("session_exists"));
        }
        exist
    };
    // Whichever amount goes first, everybody has something left to be known by.
    assert_eq!(forget(&world, &before(now), 1).await, 1);
    assert_eq!(exist(&world).await, [true, true, true]);
    assert_eq!(forget(&world, &before(now), 500).await, 3);
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
        let older = before(now);
        let mut next = buyers.iter().copied();
        let ended = at_once(u32::from(BUYERS) + 4, |_| {
            let (store, buyer) = (Arc::clone(&world.store), next.next());
            async move {
                match buyer {
                    Some(session) => store.save_amount(&saved(session, 2), now).await,
                    None => store.purge(store.expired(&older, 500).await?).await.map(drop),
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
    assert_eq!(expired(&world, &before(now), 500).await, []);
    assert_eq!(world.record(&canceling).await, record);
    assert_eq!(world.store.events(0, 10).await.expect("events"), events);
}

/// An archive keeps what is said here, so it is all that was there.
pub async fn a_row_that_is_past_its_date_is_given_as_it_stands(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (session, made) = (world.session(), world.now());
    world.store.save_amount(&saved(session, 1), made).await.expect("save_amount");
    world.pass(Duration::from_secs(1));
    let now = world.now();
    world.store.save_amount(&saved(session, 2), now).await.expect("save_amount");
    assert!(world.store.consume_amount(&saved(session, 2), now).await.expect("consume_amount"));
    for at in [1, 2, 3] {
        let until = made.plus(Duration::from_micros(at.into()));
        world.store.claim(&claim(at), made, until).await.expect("claim");
    }
    let answer = AnswerRecord { status: 201, body: vec![0xff, 0] };
    world.store.keep_answer(&claim(2).key, &answer).await.expect("keep_answer");
    world.store.release_claim(&claim(3).key).await.expect("release_claim");
    let key = PaymentKey::parse("key-of-a-payment".to_owned()).expect("letters");
    let order = TossOrderId::parse("order-of-a-payment".to_owned()).expect("letters");
    let mut webhooks = Vec::new();
    for hint in [None, Some(Hint::Key(key)), Some(Hint::Order(order))] {
        let new = NewWebhook { received_at: made, ..webhook(&mut world, hint) };
        webhooks.push((id(world.store.keep_webhook(&new, now).await.expect("keep_webhook")), new));
    }

    let amounts = [(1, made, None), (2, now, Some(now))].map(|(at, saved_at, consumed_at)| {
        let SavedAmount { toss_order, amount, .. } = saved(session, at);
        Expired::SavedAmounts(ExpiredAmount {
            session_id: session,
            session_created_at: made,
            toss_order_id: toss_order.as_str().to_owned(),
            amount: amount.get(),
            saved_at,
            consumed_at,
        })
    });
    let claims = [1_u8, 2, 3].map(|at| {
        let Claim { key, request, operation } = claim(at);
        Expired::Claims(ExpiredClaim {
            idempotency_key: key,
            request,
            operation,
            until: made.plus(Duration::from_micros(at.into())),
            released: at == 3,
            answer_status: (at == 2).then_some(201),
            answer_body: (at == 2).then(|| vec![0xff, 0]),
        })
    });
    let texts = [(None, None), (Some("key-of-a-payment"), None), (None, Some("order-of-a-payment"))];
    let webhooks = webhooks.into_iter().zip(texts).map(|((webhook_id, new), (key, order))| {
        Expired::Webhooks(ExpiredWebhook {
            webhook_id,
            received_at: new.received_at,
            transmission_id: new.transmission_id,
            meaning: new.meaning,
            event_type: new.event_type,
            hint_key: key.map(str::to_owned),
            hint_order: order.map(str::to_owned),
            verdict: new.verdict.as_str().to_owned(),
            repeated: false,
            body: new.body,
        })
    });
    let all: Vec<_> = amounts.into_iter().chain(claims).chain(webhooks).collect();
    let soon = before(now.plus(Duration::from_secs(1)));
    assert_eq!(expired(&world, &soon, 500).await, all);
    assert_eq!(expired(&world, &soon, 500).await, all, "to be looked at is not to be gone");
    assert_eq!(expired(&world, &soon, 4).await, all[..4], "no more than was asked for");
    assert_eq!(world.store.purge(all).await.expect("purge"), 8);
    assert_eq!(expired(&world, &soon, 500).await, []);
}

fn id(kept: Kept) -> i64 {
    let (Kept::Noticed(id) | Kept::Parked(id) | Kept::Repeated(id)) = kept;
    id.cast_signed()
}

/// Or an archive would have kept something else than what went.
pub async fn what_has_changed_since_it_was_read_stays(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let (session, made) = (world.session(), world.now());
    for at in 1..=3 {
        world.store.save_amount(&saved(session, at), made).await.expect("save_amount");
    }
    for at in 1..=4 {
        world.store.claim(&claim(at), made, made).await.expect("claim");
    }
    world.pass(Duration::from_secs(60));
    let now = world.now();
    let read = expired(&world, &before(now), 500).await;
    assert_eq!(read.len(), 7);

    world.store.save_amount(&saved(session, 1), now).await.expect("save_amount");
    assert!(world.store.consume_amount(&saved(session, 2), now).await.expect("consume_amount"));
    let taken = world.store.claim(&claim(1), now, now.plus(LEASE)).await.expect("claim");
    assert_eq!(taken, Claimed::Ours(claim(1).operation), "whose request had died");
    let answer = AnswerRecord { status: 200, body: b"{}".to_vec() };
    world.store.keep_answer(&claim(2).key, &answer).await.expect("keep_answer");
    world.store.release_claim(&claim(3).key).await.expect("release_claim");
    assert_eq!(
        world.store.purge(read.clone()).await.expect("purge"),
        2,
        "the third amount and the fourth claim"
    );

    let left = expired(&world, &before(now), 500).await;
    assert_eq!(left.len(), 3, "one was saved anew and one claimed anew: {left:?}");
    assert!(left.iter().all(|row| !read.contains(row)), "{left:?}");
    assert!(world.store.consume_amount(&saved(session, 1), now).await.expect("consume_amount"));
    let again = world.store.claim(&claim(2), now, now.plus(LEASE)).await.expect("claim");
    assert_eq!(again, Claimed::Answered(answer));
}

/// Several servers forget the same at once: each row goes once, and nobody waits for ever.
pub async fn a_row_goes_once(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let Old { old, .. } = with_old_things(&mut world).await;
    let rows = expired(&world, &before(old), 500).await;
    let gone = at_once(8, |_| {
        let (store, rows) = (Arc::clone(&world.store), rows.clone());
        async move { store.purge(rows).await.expect("purge") }
    });
    assert_eq!(gone.await.into_iter().sum::<usize>(), rows.len());
    assert_eq!(expired(&world, &before(old), 500).await, []);
}

/// However young they are.
pub async fn the_oldest_of_too_many_webhooks_are_past_their_date(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let began = world.now();
    let mut ids = Vec::new();
    for _ in 0..8 {
        let new = webhook(&mut world, None);
        ids.push(id(world.store.keep_webhook(&new, new.received_at).await.expect("keep_webhook")));
    }
    let found = async |webhooks_kept| {
        let older = Horizon { webhooks_kept, ..before(began) };
        expired(&world, &older, 500).await
    };
    assert_eq!(found(8).await, []);
    let old: Vec<_> = found(3).await;
    let old: Vec<_> = old
        .iter()
        .map(|row| match row {
            Expired::Webhooks(webhook) => webhook.webhook_id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(old, ids[..5]);
}
