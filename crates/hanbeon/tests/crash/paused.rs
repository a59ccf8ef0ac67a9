//! SIGSTOP and SIGCONT: a worker that sleeps past its lease, as a virtual machine does that is moved.
//!
//! The lease is 90 s and no setting: instead of pausing for so long, the server's clock is moved while it sleeps.
use crate::buyer::Buyer;
use crate::clock::{set_clock, world_with_a_clock};
use crate::points::begin_confirm;
use crate::support::{World, send, until};
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, When};

/// Longer than a lease, and than a call.
const NAP_S: i64 = 120;
/// Long after the recovery has taken over: it looks every second.
const HELD_MS: u64 = 10_000;

/// What happened so often since the start, by the metrics.
async fn counted(world: &World, event: &str) -> u64 {
    let metrics = send(world.api.get("/metrics")).await.body;
    let line = metrics.lines().find(|line| !line.starts_with('#') && line.contains(event));
    line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok())
        .unwrap_or_else(|| panic!("{event}: {metrics}"))
}

fn lines(world: &World, key: &str) -> i64 {
    let query = "SELECT count(*) FROM journal JOIN payments USING (payment_id) WHERE toss_payment_key = ?1";
    world.db().query_row(query, [key], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn b10_a_worker_that_slept_past_its_lease_writes_nothing() {
    let world = world_with_a_clock("").await;
    let (payer, returner) = (Buyer::ready(&world, 1_000).await, Buyer::paid(&world, 1_000).await);
    for (operation, buyer) in [(FaultOperation::Confirm, &payer), (FaultOperation::Cancel, &returner)] {
        let held = FaultKind::Delay { ms: HELD_MS, when: When::After };
        world.toss.add_fault(FaultRule::new(operation, held).on_order(&buyer.toss_order)).unwrap();
    }
    let confirm = begin_confirm(&world, &payer);
    let cancel = tokio::spawn({
        let (buyer, api) = (returner.clone(), world.api.clone());
        async move { buyer.cancel(&api).await }
    });
    world.spoiled().await;
    world.signal("STOP").await;
    set_clock(&world, NAP_S);
    world.signal("CONT").await;
    // Whoever looks after the lease takes both over, asks Toss, and records what it says.
    world.until_stored(&payer.key, "paid").await;
    world.until_stored(&returner.key, "canceled").await;
    assert_eq!(counted(&world, "superseded").await, 0, "the sleepers still wait for their replies");
    let told = [lines(&world, &payer.key), lines(&world, &returner.key)];
    until("the sleepers have tried to write", async || {
        (counted(&world, "superseded").await == 2).then_some(())
    })
    .await;
    assert_eq!([lines(&world, &payer.key), lines(&world, &returner.key)], told, "zero rows");
    confirm.await.unwrap().expect("an answer").is(200, &payer.view("DONE"));
    assert_eq!(Some(cancel.await.unwrap().has_status(200)), world.toss.payment(&returner.key));
    let charged = (EffectKind::Approved, Some(1_000));
    assert_eq!(world.effects(&payer.key), [charged]);
    assert_eq!(world.effects(&returner.key), [charged, (EffectKind::Canceled, Some(1_000))]);
}

/// A pause with nothing moved, while replies arrive: they wait in the socket, and nothing is lost.
#[tokio::test]
async fn b10_a_pause_in_the_middle_of_many_confirms_only_delays_them() {
    let world = World::new().await;
    let mut buyers = Vec::new();
    for _ in 0..20 {
        buyers.push(Buyer::ready(&world, 1_000).await);
    }
    let slow = FaultKind::Delay { ms: 100, when: When::Before };
    world.toss.add_fault(FaultRule::new(FaultOperation::Confirm, slow).times(20)).unwrap();
    let confirms: Vec<_> = buyers.iter().map(|buyer| begin_confirm(&world, buyer)).collect();
    for pause in 1..=4 {
        until("some have been charged", async || (world.journal().len() >= 4 * pause).then_some(())).await;
        world.signal("STOP").await;
        // What is on its way arrives; nothing new leaves.
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        world.signal("CONT").await;
    }
    for (confirm, buyer) in confirms.into_iter().zip(&buyers) {
        confirm.await.unwrap().expect("an answer").is(200, &buyer.view("DONE"));
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    }
}
