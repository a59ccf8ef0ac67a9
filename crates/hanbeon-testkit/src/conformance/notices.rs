//! Webhooks.
use super::world::{LEASE, TOTAL, World, at_once, refusal, seen};
use hanbeon_domain::{TossStatus, Verdict};
use hanbeon_store::{
    Hint, Kept, NewWebhook, Store, WEBHOOK_BODY_MAX, WEBHOOKS_KEPT_MAX, WEBHOOKS_SPARE, Webhook, WebhookId,
    WebhookVerdict,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// About this payment; nobody has sent the same before.
pub(super) fn webhook(world: &mut World, hint: Option<Hint>) -> NewWebhook {
    let name = world.uuid().to_string();
    NewWebhook {
        received_at: world.now(),
        transmission_id: Some(format!("t-{name}")),
        meaning: format!("PAYMENT_STATUS_CHANGED {name} DONE"),
        event_type: "PAYMENT_STATUS_CHANGED".to_owned(),
        hint,
        verdict: WebhookVerdict::Hint,
        body: vec![b'{', 0, 0xff, b'}'],
    }
}

async fn keep(world: &World, new: &NewWebhook) -> Kept {
    world.store.keep_webhook(new, new.received_at).await.expect("keep_webhook")
}

async fn listed(world: &World, before: Option<WebhookId>, limit: usize) -> Vec<Webhook> {
    world.store.webhooks(before, limit).await.expect("webhooks")
}

const fn id_of(kept: Kept) -> WebhookId {
    let (Kept::Noticed(id) | Kept::Parked(id) | Kept::Repeated(id)) = kept;
    id
}

/// Newest first, in pages; with the payment that it turns out to be about, even if that came later.
pub async fn a_webhook_is_kept_as_it_came(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let request = world.request(&order);
    let hints = [Some(Hint::Key(request.key.clone())), Some(Hint::Order(request.toss_order.clone())), None];
    let mut news = hints.map(|hint| webhook(&mut world, hint));
    news[2].transmission_id = None;
    news[2].body = vec![7; WEBHOOK_BODY_MAX];
    news[2].verdict = WebhookVerdict::Unknown;
    let mut kept = Vec::new();
    for new in &news {
        let end = keep(&world, new).await;
        assert!(matches!(end, Kept::Parked(_)), "there is no such payment: {end:?}");
        kept.push(Webhook { id: id_of(end), new: new.clone(), repeated: false, payment: None });
    }
    kept.reverse();
    assert!(kept[1].id < kept[0].id && kept[2].id < kept[1].id);
    assert_eq!(listed(&world, None, 99).await, kept);
    assert_eq!(listed(&world, None, 2).await, kept[..2]);
    assert_eq!(listed(&world, Some(kept[1].id), 99).await, kept[2..]);
    let step = world.intent(&order, &request);
    world.offer(&step).await;
    let about = |webhook: &Webhook| Webhook {
        payment: webhook.new.hint.is_some().then_some(step.next.id),
        ..webhook.clone()
    };
    assert_eq!(listed(&world, None, 99).await, kept.iter().map(about).collect::<Vec<_>>());
}

/// And only one that is to be followed.
pub async fn a_webhook_makes_its_payment_due(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    for verdict in
        [WebhookVerdict::Known, WebhookVerdict::Unknown, WebhookVerdict::Forged, WebhookVerdict::Foreign]
    {
        let new = NewWebhook { verdict, ..webhook(&mut world, Some(Hint::Key(paid.key.clone()))) };
        let end = keep(&world, &new).await;
        assert!(matches!(end, Kept::Parked(_)), "{verdict:?}: {end:?}");
        let shown = listed(&world, None, 1).await.remove(0);
        assert_eq!((shown.new.verdict, shown.payment), (verdict, Some(paid.id)));
    }
    assert_eq!(world.next_due().await, None);
    assert!(!world.lease(&paid).await.notice);
    let paid = world.paid().await;
    let hints = [Hint::Key(paid.key.clone()), Hint::Order(paid.toss_order.clone())];
    for hint in hints {
        let mut new = webhook(&mut world, Some(hint));
        new.received_at = new.received_at.plus(LEASE);
        let end = keep(&world, &new).await;
        assert!(matches!(end, Kept::Noticed(_)), "{end:?}");
        let turns =
            world.store.lease_due(new.received_at, new.received_at.plus(LEASE), 9).await.expect("lease_due");
        let turn = turns.iter().find(|turn| turn.payment.id == paid.id).expect("it is due");
        assert!(turn.notice);
        world.said(&turn.payment, seen(TossStatus::Done, TOTAL)).await;
    }
}

/// By the name of its transmission, or by what it says; and its payment is due all the same.
pub async fn a_repeated_webhook_is_known_and_followed(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = world.paid().await;
    let hint = Some(Hint::Key(paid.key.clone()));
    let first = webhook(&mut world, hint.clone());
    let end = keep(&world, &first).await;
    assert!(matches!(end, Kept::Noticed(_)), "{end:?}");
    let other = webhook(&mut world, hint);
    let same_transmission = NewWebhook { transmission_id: first.transmission_id.clone(), ..other.clone() };
    let same_meaning = NewWebhook { meaning: first.meaning, transmission_id: None, ..other };
    for again in [same_transmission, same_meaning] {
        let turn = world.lease(&paid).await;
        world.said(&turn.payment, seen(TossStatus::Done, TOTAL)).await;
        let end = keep(&world, &again).await;
        assert!(matches!(end, Kept::Repeated(_)), "{end:?}");
        assert!(world.next_due().await.is_some(), "it is followed");
        let shown = listed(&world, None, 1).await.remove(0);
        assert_eq!((shown.id, shown.new, shown.repeated), (id_of(end), again, true));
    }
    // Two that name no transmission are not the same for that.
    for _ in 0..2 {
        let new = NewWebhook { transmission_id: None, ..webhook(&mut world, None) };
        let end = keep(&world, &new).await;
        assert!(matches!(end, Kept::Parked(_)), "{end:?}");
    }
}

/// However often Toss tries at the same moment.
pub async fn one_of_64_same_webhooks_is_new(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let order = world.order().await;
    let payment = world.begin(&order).await;
    let payment = world.said(&payment, Verdict::Refused(refusal())).await;
    let new = webhook(&mut world, Some(Hint::Key(payment.key.clone())));
    let ends = at_once(64, |_| {
        let (store, new) = (Arc::clone(&world.store), new.clone());
        async move { store.keep_webhook(&new, new.received_at).await.expect("keep_webhook") }
    })
    .await;
    assert_eq!(ends.iter().filter(|end| matches!(end, Kept::Noticed(_))).count(), 1);
    assert_eq!(ends.iter().filter(|end| matches!(end, Kept::Repeated(_))).count(), 63);
    let ids: BTreeSet<_> = ends.into_iter().map(id_of).collect();
    assert_eq!(ids.len(), 64, "each is kept");
}

/// Nobody fills the disk by sending some, but for a few that wait for their removal; what has gone is forgotten.
pub async fn only_the_newest_webhooks_are_kept(store: Arc<dyn Store>) {
    const TASKS: u32 = 128;
    let mut world = World::new(store);
    let first = webhook(&mut world, None);
    keep(&world, &first).await;
    let most = WEBHOOKS_KEPT_MAX + WEBHOOKS_SPARE;
    let each = u32::try_from(most).expect("a few thousand") / TASKS + 1;
    let tasks = at_once(TASKS, |task| {
        let (store, model) = (Arc::clone(&world.store), first.clone());
        async move {
            for at in 0..each {
                let name = Some(format!("{task}-{at}"));
                let new =
                    NewWebhook { meaning: format!("m-{task}-{at}"), transmission_id: name, ..model.clone() };
                store.keep_webhook(&new, new.received_at).await.expect("keep_webhook");
            }
        }
    })
    .await;
    assert_eq!(tasks.len(), usize::try_from(TASKS).expect("a few"));
    let kept = listed(&world, None, usize::MAX).await;
    let count = u64::try_from(kept.len()).expect("a few thousand");
    assert!((WEBHOOKS_KEPT_MAX..=most).contains(&count), "{count}");
    assert!(kept.iter().all(|webhook| webhook.new != first && !webhook.repeated));
    let end = keep(&world, &first).await;
    assert!(matches!(end, Kept::Parked(_)), "{end:?}");
    assert!(kept[0].id < id_of(end));
}
