//! SIGTERM in the middle of the rush.
use crate::buyer::Buyer;
use crate::points::begin_confirm;
use crate::shopper::{AMOUNT, Ask, Heard, Tale};
use crate::story;
use crate::support::{FOREVER_MS, World, until};
use toss_sandbox::{FaultKind, FaultOperation, FaultRule, Operation, When};

const BUYERS: usize = 100;
/// Of them, how many meet a Toss that does not answer in time.
const HELD: u32 = 30;

#[tokio::test]
async fn b12_sigterm_during_a_hundred_confirms_loses_none() {
    let mut world = World::with("[limits]\ndrain_ms = 2000\n").await;
    let mut buyers = Vec::new();
    for _ in 0..BUYERS {
        buyers.push(Buyer::ready(&world, AMOUNT).await);
    }
    let held = FaultKind::Delay { ms: FOREVER_MS, when: When::After };
    world.toss.add_fault(FaultRule::new(FaultOperation::Confirm, held).times(HELD)).unwrap();
    let slow = FaultKind::Delay { ms: 300, when: When::Before };
    world.toss.add_fault(FaultRule::new(FaultOperation::Confirm, slow).times(0)).unwrap();
    let confirms: Vec<_> = buyers.iter().map(|buyer| begin_confirm(&world, buyer)).collect();
    until("the rush is on", async || (world.calls(Operation::Confirm) >= BUYERS / 2).then_some(())).await;
    world.terminate().await;
    let status = world.ended().await;
    assert!(status.success(), "{status}: {}", world.logs());
    let mut tales = Vec::new();
    for (confirm, buyer) in confirms.into_iter().zip(&buyers) {
        let answer = confirm.await.unwrap();
        let heard = answer.map(|answer| Heard { asked: Ask::Confirm(buyer.key.clone()), answer });
        let (order, keys) = (buyer.order.clone(), vec![buyer.key.clone()]);
        tales.push(Tale { order, keys, heard: heard.into_iter().collect(), ..Tale::default() });
    }
    world.toss.clear_faults();
    world.start().await;
    for (buyer, tale) in buyers.iter().zip(&mut tales) {
        // Who heard nothing asks again.
        let answer = buyer.confirm(&world.api).await;
        answer.is(200, &buyer.view("DONE"));
        tale.heard.push(Heard { asked: Ask::Confirm(buyer.key.clone()), answer });
    }
    let told = story::told(&world, &tales);
    assert_eq!((&told.doubles, &told.orphans, &told.differences), (&vec![], &vec![], &vec![]));
    assert_eq!(told.charges, BUYERS);
}
