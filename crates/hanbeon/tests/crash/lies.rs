//! A network that lies.
use crate::support::World;
use toss_sandbox::{FaultKind, FaultOperation, FaultRule, When};

/// Every kind of trouble, for a few calls in a hundred each.
pub(crate) fn lie(world: &World) {
    for operation in [FaultOperation::Confirm, FaultOperation::Cancel] {
        for (kind, permille) in [
            (FaultKind::LoseReply, 60),
            (FaultKind::Drop, 50),
            (FaultKind::FailBefore { status: 500, code: None }, 40),
            (FaultKind::FailAfter { status: 500, code: None }, 40),
            (FaultKind::Html { status: 502 }, 20),
            (FaultKind::CutBody { bytes: 100 }, 20),
            (FaultKind::Delay { ms: 30, when: When::Before }, 200),
            (FaultKind::Delay { ms: 30, when: When::After }, 200),
        ] {
            let rule = FaultRule { permille, ..FaultRule::new(operation, kind).times(0) };
            world.toss.add_fault(rule).expect("a good rule");
        }
    }
    let unreadable = FaultRule::new(FaultOperation::Read, FaultKind::Drop).times(0);
    world.toss.add_fault(FaultRule { permille: 100, ..unreadable }).expect("a good rule");
}
