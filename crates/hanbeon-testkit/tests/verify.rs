//! The check of the whole store: green over every kind of history, and no alteration of a history escapes it.
use hanbeon_app::verify::{Finding, Verified, verify};
use hanbeon_domain::{Event, Timestamp, TossStatus, Verdict};
use hanbeon_store::{JournalLine, OrderRecord, PaymentRecord};
use hanbeon_testkit::conformance::world::{TOTAL, World, refusal, seen, seen_with, unclear};
use hanbeon_testkit::memory::MemoryStore;
use std::sync::Arc;

/// One payment with a lost reply, a refund that was refused, one that was done, and a cancel made elsewhere.
async fn eventful(world: &mut World) -> (PaymentRecord, OrderRecord) {
    let order = world.order().await;
    let begun = world.begin(&order).await;
    let lost = world.said(&begun, unclear(false)).await;
    let turn = world.lease(&lost).await;
    let paid = world.said(&turn.payment, seen(TossStatus::Done, TOTAL)).await;
    let canceling = world.canceling(&paid, Some(1_000)).await;
    let paid = world.said(&canceling, Verdict::Refused(refusal())).await;
    let canceling = world.canceling(&paid, Some(2_000)).await;
    let part = world.said(&canceling, seen(TossStatus::PartialCanceled, TOTAL - 2_000)).await;
    let turn = world.lease(&part).await;
    let both = seen_with(&[(2_000, TOTAL - 2_000), (3_000, TOTAL - 5_000)]);
    let part = world.said(&turn.payment, both).await;
    let record = world.record(&part).await;
    let order = world.store.order(order.id).await.unwrap().unwrap();
    (record, order)
}

/// What is found, the first thing first.
fn found(record: &PaymentRecord, order: &OrderRecord) -> Vec<Finding> {
    let mut verified = Verified::default();
    verified.look_at(record, Some(order));
    verified.findings
}

#[track_caller]
fn names(record: &PaymentRecord, order: &OrderRecord, what: &str) {
    let found = found(record, order);
    let first = found.first().unwrap_or_else(|| panic!("nothing is found, not even {what:?}"));
    assert_eq!((first.invariant, first.payment), ("S12", Some(record.payment.id)), "{found:?}");
    assert!(first.what.starts_with(what), "{what:?} is not first in {found:?}");
}

#[tokio::test]
async fn every_kind_of_history_is_as_it_must_be() {
    let mut world = World::new(Arc::new(MemoryStore::new()));
    eventful(&mut world).await;
    let order = world.order().await;
    let declined = world.begin(&order).await;
    world.said(&declined, Verdict::Refused(refusal())).await;
    let again = world.begin(&order).await;
    world.said(&again, seen(TossStatus::WaitingForDeposit, TOTAL)).await;
    let paid = world.paid().await;
    let canceling = world.canceling(&paid, None).await;
    let review = world.commit(&canceling, Event::TriesExhausted).await;
    let order = world.order().await;
    world.begin(&order).await;
    let verified = verify(&*world.store).await.unwrap();
    assert_eq!(verified.findings, [], "{review:?}");
    assert_eq!((verified.payments, verified.refunds, verified.unsealed_lines), (5, 4, 0));
}

#[tokio::test]
async fn s12_no_altered_line_escapes_and_the_first_one_is_named() {
    let mut world = World::new(Arc::new(MemoryStore::new()));
    let (record, order) = eventful(&mut world).await;
    assert_eq!(found(&record, &order), []);
    let alterations: [fn(&mut JournalLine); 8] = [
        |line| line.at = Timestamp::from_micros(line.at.as_micros() + 1),
        |line| line.actor.push('x'),
        |line| line.from.push('x'),
        |line| line.to.push('x'),
        // The same bytes in a row, but in another field.
        |line| line.event.insert(0, line.to.pop().unwrap()),
        |line| line.evidence = line.evidence.map_or(Some([0; 32]), |_| None),
        |line| line.version += 1_000,
        |line| {
            line.seal = line.seal.map(|mut seal| {
                seal[31] ^= 1;
                seal
            });
        },
    ];
    for at in 0..record.history.len() {
        for alter in alterations {
            let mut altered = record.clone();
            alter(&mut altered.history[at]);
            let version = altered.history[at].version;
            names(&altered, &order, &format!("journal line {version} is not the one that was sealed"));
        }
    }
}

#[tokio::test]
async fn s12_no_line_is_removed_added_or_moved_unseen() {
    let mut world = World::new(Arc::new(MemoryStore::new()));
    let (record, order) = eventful(&mut world).await;
    let lines = record.history.len();
    assert!(lines >= 7, "{record:?}");
    let version = |at: usize| record.history[at].version;
    for at in 0..lines {
        let mut less = record.clone();
        less.history.remove(at);
        let named = if at + 1 < lines {
            format!("journal line {} is not the one that was sealed", version(at + 1))
        } else {
            format!("journal lines are missing after line {}", version(at - 1))
        };
        names(&less, &order, &named);
        for other in at + 1..lines {
            let mut swapped = record.clone();
            swapped.history.swap(at, other);
            names(
                &swapped,
                &order,
                &format!("journal line {} is not the one that was sealed", version(other)),
            );
        }
        let mut unsealed = record.clone();
        unsealed.history[at].seal = None;
        let named = match at {
            0 => format!("journal line {} is not the one that was sealed", version(1)),
            _ => format!("journal line {} has no seal", version(at)),
        };
        names(&unsealed, &order, &named);
    }
    // A line that is sealed as it should be, by somebody who could not change the payment.
    let last = record.history.last().unwrap();
    let mut added = JournalLine { version: last.version + 1, ..last.clone() };
    added.seal = Some(added.sealed_after(&last.seal.unwrap(), record.payment.id));
    let mut more = record.clone();
    more.history.push(added);
    names(&more, &order, &format!("journal lines were added after line {}", last.version));
    // A whole history of another payment.
    let (other, _) = eventful(&mut world).await;
    let foreign = PaymentRecord { history: other.history, seal: other.seal, ..record.clone() };
    names(&foreign, &order, "journal line 1 is not the one that was sealed");
}
