//! What of an order, of what is left and of a refund is taxed comes back as it was written.
use super::world::{LEASE, TOTAL, World, cancel, snapshot, won};
use hanbeon_domain::{Event, Order, Payment, Snapshot, State, Tax, TossCancel, TossStatus, Untaxed, Verdict};
use hanbeon_store::{Inserted, Queued, Store};
use std::sync::Arc;

fn parts(free: i64, exempt: i64) -> Untaxed {
    Untaxed { free: won(free), exempt: won(exempt) }
}

/// Toss shows the payment after these cancels, with what of it is not taxed.
fn seen(left: i64, untaxed: Untaxed, cancels: Vec<TossCancel>) -> Verdict {
    let status = if cancels.is_empty() { TossStatus::Done } else { TossStatus::PartialCanceled };
    let taxed = untaxed.taxed_of(won(left)).expect("at most all of it").get();
    let tax = Tax { supplied: won(taxed - 7), vat: won(7), untaxed };
    Verdict::Seen(Box::new(Snapshot { tax: Some(tax), cancels, ..*snapshot(status, left) }))
}

async fn paid(world: &mut World) -> Payment {
    let order = Order { untaxed: parts(9_000, 800), ..world.unstored_order() };
    assert_eq!(world.store.insert_order(&order).await.expect("insert_order"), Inserted::New);
    let record = world.store.order(order.id).await.expect("order").expect("it is stored");
    assert_eq!(record.order, order);
    let payment = world.begin(&order).await;
    world.is_stored(&payment).await;
    world.said(&payment, seen(TOTAL, parts(9_000, 800), Vec::new())).await
}

/// Of the order, of the payment, of a refund that waits, is under way, starts anew, and is done; and of one that was made
/// elsewhere.
pub async fn s20_what_is_not_taxed_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = paid(&mut world).await;
    world.is_stored(&paid).await;
    assert_eq!(paid.untaxed_left(), Some(parts(9_000, 800)));

    let mut wish = world.wish(&paid, Some(2_000));
    wish.request.untaxed = Some(parts(1_500, 0));
    let queued = world.store.queue_refund(&wish, wish.requested_at).await.expect("queue_refund");
    assert_eq!(queued, Queued::New);
    let waits = &world.record(&paid).await.refunds[0];
    assert_eq!(waits.refund.untaxed, wish.request.untaxed);
    let turn = world.lease(&paid).await;
    assert_eq!(turn.waiting.as_ref(), Some(&wish.request), "with what it is of");
    let step = world.step(&turn.payment, Event::CancelRequested(wish.request));
    world.offer(&step).await;
    world.is_stored(&step.next).await;

    // Somebody was faster at Toss's side, and took of the tax-free part.
    let theirs = TossCancel { untaxed: Some(parts(500, 0)), ..cancel(1_000, TOTAL - 1_000) };
    let anew = world.said(&step.next, seen(TOTAL - 1_000, parts(8_500, 800), vec![theirs.clone()])).await;
    world.is_stored(&anew).await;
    let ours = TossCancel { untaxed: Some(parts(1_500, 0)), ..cancel(2_000, TOTAL - 3_000) };
    let shown = seen(TOTAL - 3_000, parts(7_000, 800), vec![theirs, ours]);
    let part = world.said(&anew, shown).await;
    world.is_stored(&part).await;
    assert_eq!(part.state, State::PartiallyCanceled);
    let refunds = world.record(&part).await.refunds;
    let found: Vec<_> = refunds.iter().map(|record| record.refund.untaxed).collect();
    assert_eq!(found, [Some(parts(1_500, 0)), Some(parts(500, 0))]);

    // All that is left takes its parts with it.
    let canceling = world.canceling(&part, None).await;
    let State::Canceling { refund, .. } = &canceling.state else { panic!("{:?}", canceling.state) };
    assert_eq!(refund.untaxed, Some(parts(7_000, 800)));
    world.is_stored(&canceling).await;
}

/// What Toss shows of elsewhere is written as it is, and what it does not say is not known.
pub async fn s20_a_strange_tax_does_not_stop_a_step(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let paid = paid(&mut world).await;
    let turn = world.lease(&paid).await;
    let strange = TossCancel { untaxed: Some(parts(TOTAL, 3)), ..cancel(1_000, TOTAL - 1_000) };
    let Verdict::Seen(shown) = seen(TOTAL - 1_000, parts(8, 0), vec![strange]) else { return };
    let lies = shown.tax.map(|tax| Tax { vat: won(TOTAL), ..tax });
    let step =
        world.step(&turn.payment, Event::PspSaid(Verdict::Seen(Box::new(Snapshot { tax: lies, ..*shown }))));
    world.store.commit(&step, step.at.plus(LEASE)).await.expect("commit");
    world.is_stored(&step.next).await;
    assert_eq!((step.next.toss.tax, step.next.untaxed_left()), (lies, None));
    assert_eq!(world.record(&step.next).await.refunds[0].refund.untaxed, Some(parts(TOTAL, 3)));
}
