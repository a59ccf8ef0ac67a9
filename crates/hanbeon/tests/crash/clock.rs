//! A wall clock that jumps. Leases, retries and windows are measured with it, so a jump may delay; it must not
//! decide.
use crate::buyer::Buyer;
use crate::cycles::until_quiet;
use crate::points::begin_confirm;
use crate::support::{FOREVER_MS, World, until};
use std::time::Duration;
use tokio::time::timeout;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, Operation, When};

const HOUR: i64 = 3_600;
const PATIENT: &str = "[limits]\nanswer_within_ms = 500\n";

/// A world whose server's clock can be moved.
pub(crate) async fn world_with_a_clock(settings: &str) -> World {
    let mut world = World::without_server(settings).await;
    world.open_toss();
    set_clock(&world, 0);
    let file = world.folder.path().join("clock").display().to_string();
    world.environment.push(("HANBEON_CLOCK_FILE", file));
    world.start().await;
    world
}

/// The server's clock is off by so many seconds from now on.
pub(crate) fn set_clock(world: &World, seconds: i64) {
    let (new, file) = (world.folder.path().join("clock.new"), world.folder.path().join("clock"));
    std::fs::write(&new, seconds.to_string()).expect("a file");
    // At once, or the server could read half a number.
    std::fs::rename(new, file).expect("the file");
}

/// Every kind of outcome that takes more than one call, by turns.
fn troubles() -> Vec<Vec<(FaultOperation, FaultKind)>> {
    use FaultOperation::{Confirm, Read};
    vec![
        vec![],
        vec![(Confirm, FaultKind::Delay { ms: 300, when: When::Before })],
        vec![(Confirm, FaultKind::Delay { ms: 300, when: When::After })],
        vec![(Confirm, FaultKind::LoseReply)],
        vec![(Confirm, FaultKind::Drop)],
        vec![(Confirm, FaultKind::LoseReply), (Read, FaultKind::Drop)],
        vec![(Confirm, FaultKind::Delay { ms: FOREVER_MS, when: When::After })],
    ]
}

/// Confirms, and these jumps while they are under way; then a clock that is right again. What each came
/// to.
async fn outcomes(jumps: &[i64]) -> Vec<(Option<String>, Vec<(EffectKind, Option<i64>)>)> {
    let mut world = world_with_a_clock(PATIENT).await;
    let mut buyers = Vec::new();
    for troubles in [troubles(), troubles(), troubles()].concat() {
        let buyer = Buyer::ready(&world, 1_000).await;
        for (operation, kind) in troubles {
            world.toss.add_fault(FaultRule::new(operation, kind).on_order(&buyer.toss_order)).unwrap();
        }
        buyers.push(buyer);
    }
    let confirms: Vec<_> = buyers.iter().map(|buyer| begin_confirm(&world, buyer)).collect();
    until("they are under way", async || (world.journal().len() >= 12).then_some(())).await;
    for jump in jumps {
        let calls = world.journal().len();
        set_clock(&world, *jump);
        let felt =
            until("a call under the new clock", async || (world.journal().len() > calls).then_some(()));
        // After a jump back nothing may be due, and the next tick of the recovery, within a second, feels nothing.
        let _ = timeout(Duration::from_millis(1_500), felt).await;
    }
    for (confirm, buyer) in confirms.into_iter().zip(&buyers) {
        let answer = confirm.await.unwrap().expect("an answer");
        assert!(matches!(answer.status, 200 | 202), "{}: {answer:?}", buyer.key);
    }
    set_clock(&world, 0);
    // What is held for ever ends with its server.
    world.restart().await;
    until_quiet(&world).await;
    buyers.iter().map(|buyer| (world.stored(&buyer.key), world.effects(&buyer.key))).collect()
}

#[tokio::test]
async fn i6_s23_a_clock_that_jumps_changes_no_outcome() {
    let still = outcomes(&[]).await;
    let paid = (Some("paid".to_owned()), vec![(EffectKind::Approved, Some(1_000))]);
    assert!(still.iter().all(|outcome| *outcome == paid), "{still:?}");
    for jumps in [&[HOUR][..], &[-HOUR], &[HOUR, -HOUR, HOUR]] {
        assert_eq!(outcomes(jumps).await, still, "{jumps:?}");
    }
}

/// "Not found" is a fact once Toss's window has closed. A clock that jumps does not close it: our own waiting must say
/// so, too.
#[tokio::test]
async fn i6_c6_an_absence_under_a_clock_that_jumped_ahead_is_no_fact() {
    let world = world_with_a_clock(PATIENT).await;
    let buyer = Buyer::ready(&world, 1_000).await;
    let unknown = FaultKind::FailBefore { status: 404, code: Some("NOT_FOUND_PAYMENT".to_owned()) };
    let unknown = FaultRule::new(FaultOperation::Read, unknown).times(2);
    let lost = FaultRule::new(FaultOperation::Confirm, FaultKind::LoseReply);
    for rule in [lost, unknown] {
        world.toss.add_fault(rule.on_order(&buyer.toss_order)).unwrap();
    }
    buyer.confirm(&world.api).await.has_status(202);
    set_clock(&world, HOUR);
    world.until_stored(&buyer.key, "paid").await;
    buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    assert_eq!(
        (world.calls(Operation::Confirm), world.calls(Operation::Read)),
        (1, 3),
        "two were told nothing"
    );
}
