//! What the first schema held is carried over into the second.
use super::{Place, world};
use crate::migrate::MIGRATIONS;
use crate::{Options, SqliteStore};
use hanbeon_domain::{Event, OrderId, PaymentId, StateName, Timestamp, TossStatus, Verdict};
use hanbeon_store::{CHAIN_START, Progress, Store};
use hanbeon_testkit::conformance::world::{LEASE, TOTAL, refusal, seen};
use uuid::Uuid;

/// As the program that had only the first migration left it: a payment of which two parts were given back and a third
/// was refused, one that was being confirmed, one that was declined.
const ROWS: &str = "
INSERT INTO orders VALUES (x'00000000000000000000000000000001', 'r-1', 'mug', 50000, '[]', NULL, NULL, NULL, 1, NULL);
INSERT INTO orders VALUES (x'00000000000000000000000000000002', 'r-2', 'mug', 50000, '[]', NULL, NULL, NULL, 1, NULL);
INSERT INTO payments (payment_id, order_id, attempt, toss_order_id, toss_payment_key, toss_payment_status, total_amount,
    created_at, updated_at, version, due_at, captured_amount, refunded_amount, reserved_amount, state, tries, round,
    answered, refusal_status, refusal_code, refusal_message, refusal_body) VALUES
  (x'0000000000000000000000000000000a', x'00000000000000000000000000000001', 1, 'order-1', 'key-1', 'PARTIAL_CANCELED',
    50000, 1, 8, 8, NULL, 50000, 3000, 0, 'partially_canceled', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (x'0000000000000000000000000000000b', x'00000000000000000000000000000002', 2, 'order-2', 'key-2', 'IN_PROGRESS',
    50000, 1, 1, 1, 30000001, 0, 0, 0, 'confirming', 0, 0, 0, NULL, NULL, NULL, NULL),
  (x'0000000000000000000000000000000c', x'00000000000000000000000000000002', 1, 'order-2', 'key-3', 'ABORTED',
    50000, 1, 2, 2, NULL, 0, 0, 0, 'declined', NULL, NULL, NULL, 403, 'X', 'no', x'00');
INSERT INTO refunds (refund_id, payment_id, began_version, amount, whole, reason, cause, balance_before, requested_at,
    state, settled_at, transaction_key, reply_status, reply_body, refusal_code, refusal_message) VALUES
  (x'000000000000000000000000000000f3', x'0000000000000000000000000000000a', 3, 1000, 0, 'why', 'requested', 50000, 3,
    'done', 4, 'one', 200, x'01', NULL, NULL),
  (x'000000000000000000000000000000f2', x'0000000000000000000000000000000a', 5, 2000, 0, 'why', 'requested', 49000, 5,
    'done', 6, 'one', 200, x'02', NULL, NULL),
  (x'000000000000000000000000000000f1', x'0000000000000000000000000000000a', 7, 47000, 1, 'why', 'requested', 47000, 7,
    'refused', 8, NULL, 403, x'03', 'X', 'no');
INSERT INTO journal VALUES
  (x'0000000000000000000000000000000a', 1, 1, 'buyer', 'ready', 'confirming', 'confirm_requested'),
  (x'0000000000000000000000000000000b', 1, 1, 'buyer', 'ready', 'confirming', 'confirm_requested');
";

#[tokio::test]
async fn everything_of_the_first_schema_is_carried_over() {
    let place = Place::new();
    let tool = Options::tool(Timestamp::default());
    drop(SqliteStore::open_with(&place.file(), tool, &MIGRATIONS[..1]).unwrap());
    place.raw().execute_batch(ROWS).unwrap();
    let store = place.open();
    let id = |last| PaymentId::from_uuid(Uuid::from_u128(last));

    let part = store.payment(id(0xa)).await.unwrap().unwrap();
    assert_eq!(
        (part.payment.state.name(), part.payment.refunded.get()),
        (StateName::PartiallyCanceled, 3_000)
    );
    assert_eq!((part.payment.late, part.payment.last_cancel_at, part.seal), (false, None, None));
    let refunds: Vec<_> = part
        .refunds
        .iter()
        .map(|record| (record.refund.id.uuid().as_u128(), record.clone().into_outcome().is_some()))
        .collect();
    assert_eq!(refunds, [(0xf3, true), (0xf2, true), (0xf1, true)], "oldest first");
    let keys = part.refunds.iter().map(|record| match &record.progress {
        Progress::Settled(hanbeon_domain::RefundOutcome::Done { transaction_key, .. }) => {
            transaction_key.as_deref()
        }
        _ => None,
    });
    assert_eq!(keys.collect::<Vec<_>>(), [Some("one"), None, None], "one transaction is one refund");
    assert_eq!(part.history[0].seal, None);

    let order = OrderId::from_uuid(Uuid::from_u128(2));
    let holder = store.payment_of_order(order).await.unwrap().unwrap();
    assert_eq!((holder.id, store.next_due().await.unwrap()), (id(0xb), Some(Timestamp::default())));

    // It goes on, and from here on every line is sealed.
    let mut w = world(&store);
    let now = w.now();
    let [turn] = &store.lease_due(now, now.plus(LEASE), 9).await.unwrap()[..] else { panic!("one is due") };
    let step = w.step(&turn.payment, Event::PspSaid(seen(TossStatus::Done, TOTAL)));
    store.commit(&step, step.at.plus(LEASE)).await.unwrap();
    let paid = w.record(&step.next).await;
    assert_eq!(paid.payment, step.next);
    let [old, new] = &paid.history[..] else { panic!("two lines: {:?}", paid.history) };
    assert_eq!((old.seal, new.seal), (None, Some(new.sealed_after(&CHAIN_START, step.next.id))));
    assert_eq!(paid.seal, new.seal);
    let canceling = w.canceling(&part.payment, Some(1_000)).await;
    let back = w.said(&canceling, Verdict::Refused(refusal())).await;
    assert_eq!(w.record(&back).await.refunds.len(), 4);
}
