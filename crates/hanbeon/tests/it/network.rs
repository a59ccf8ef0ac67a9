//! The wire itself fails, between the server and Toss: a proxy refuses, withholds, cuts, garbles and swallows, at
//! every call. While an outcome is unknown the buyer hears "pending"; when the trouble is over, every payment
//! settles by itself as Toss's books say, with one charge and one refund.
mod wire;

use crate::buyer::Buyer;
use crate::support::{at_once, until};
use hanbeon_testkit::proxy::{Fault, RuleId, Target, When};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wire::{CHARGED, Call, PART, Wire, in_time, is_real, moment, until_not_sent};

/// Gives Toss up soon, and tells the buyer "pending" before that.
const IMPATIENT: &str =
    "[limits]\nanswer_within_ms = 300\ntoss_timeout_ms = 700\ntoss_connect_timeout_ms = 300\n";
/// Gives Toss up soon, and lets the buyer wait for the truth.
const HASTY: &str = "[limits]\ntoss_timeout_ms = 700\ntoss_connect_timeout_ms = 300\n";
/// Tells the buyer "pending" soon, and gives Toss all the time it wants.
const PATIENT: &str = "[limits]\nanswer_within_ms = 300\n";
/// Longer than the time-out above.
const TOO_LONG: Duration = Duration::from_millis(1_500);
const TRICKLE: Fault = Fault::SlowReply { bytes: 50, every: Duration::from_millis(100) };
const UNAVAILABLE: Fault = Fault::Error(When::Before, 503);

#[tokio::test]
async fn c2_silence_at_any_call_is_pending_and_then_the_truth() {
    let cuts = [0, 20, 300, usize::MAX].map(Fault::CutRequestAfter);
    let silences = [
        Fault::RequestLost,
        Fault::HalfOpen,
        Fault::ReplyLost,
        Fault::DelayRequest(TOO_LONG),
        Fault::DelayReply(TOO_LONG),
        Fault::HoldRequest,
        Fault::HoldReply,
        TRICKLE,
        Fault::Reset(When::Before),
        Fault::Reset(When::After),
    ];
    pending_and_then_the_truth(silences.into_iter().chain(cuts).collect()).await;
}

#[tokio::test]
async fn c3_a_server_error_at_any_call_before_or_after_the_effect_is_pending_and_then_the_truth() {
    let statuses = [500, 502, 503, 504];
    let errors = statuses.map(|status| [When::Before, When::After].map(|when| Fault::Error(when, status)));
    pending_and_then_the_truth(errors.concat()).await;
}

#[tokio::test]
async fn c4_nonsense_for_an_answer_at_any_call_is_pending_and_then_the_truth() {
    let nonsense = [
        Fault::Garbage(When::Before),
        Fault::Garbage(When::After),
        Fault::Html(When::Before),
        Fault::Html(When::After),
        Fault::GatewayTimeout(TOO_LONG),
        Fault::HoldBehindTimeout,
    ];
    let cuts = [0, 5, 60, 600].map(Fault::CutReplyAfter);
    pending_and_then_the_truth(nonsense.into_iter().chain(cuts).collect()).await;
}

#[tokio::test]
async fn c2_c4_a_call_that_is_cut_at_any_byte_in_either_direction_takes_effect_once() {
    let wire = Arc::new(Wire::new(HASTY).await);
    let (confirm, cancel) = wire.sizes().await;
    let mut table = Vec::new();
    for (call, (request, reply)) in [(Call::Confirm, confirm), (Call::Cancel, cancel)] {
        let requests = cut_points(request).map(Fault::CutRequestAfter);
        let replies = cut_points(reply).map(Fault::CutReplyAfter);
        table.extend(requests.chain(replies).map(|fault| (call, fault)));
    }
    let jobs = wire.prepare_all(table).await.into_iter().map(|((call, fault), buyer)| {
        let wire = Arc::clone(&wire);
        async move {
            let rule = wire.proxy.spoil(call.target().holding(&buyer.key), fault);
            let answer = call.make(&wire.world, &buyer).await;
            (Case { call, fault, buyer, rule }, answer)
        }
    });
    for (case, answer) in at_once(jobs).await {
        assert_eq!(answer.status, 200, "{case:?}: {answer:?}");
        assert_eq!(wire.proxy.met(case.rule).len(), 1, "{case:?}");
        case.agrees_with_toss(&wire).await;
    }
}

#[tokio::test]
async fn c2_c4_a_call_that_arrives_after_its_payment_has_settled_changes_nothing() {
    let wire = Wire::new(HASTY).await;
    for fault in [Fault::HoldRequest, Fault::HoldBehindTimeout] {
        for call in [Call::Confirm, Call::Cancel] {
            let buyer = call.prepare(&wire.world).await;
            let rule = wire.proxy.spoil(call.target().holding(&buyer.key), fault);
            call.make(&wire.world, &buyer).await.has_status(200);
            let case = Case { call, fault, buyer, rule };
            assert_eq!(wire.proxy.met(rule)[0].forwarded, 0, "{case:?}");
            case.agrees_with_toss(&wire).await;
            wire.proxy.lift(rule);
            wire.until_nothing_is_late().await;
            case.agrees_with_toss(&wire).await;
        }
    }
}

#[tokio::test]
async fn c1_a_connection_that_is_refused_was_not_sent_and_is_tried_again_with_the_same_key() {
    let wire = Wire::new(IMPATIENT).await;
    let mut cases = Vec::new();
    for call in Call::ALL {
        let buyer = call.prepare(&wire.world).await;
        // A call whose outcome is open, so that there is something to look up. The read waits for its turn.
        if let Some(before) = call.before() {
            wire.proxy.spoil(before.target().holding(&buyer.key), Fault::ReplyLost);
        }
        let rule = wire.proxy.afflict(Target::read().holding(&buyer.key), UNAVAILABLE);
        cases.push(Case { call, fault: Fault::Refuse(Duration::ZERO), buyer, rule });
    }
    for case in &cases {
        if case.call.before().is_some() {
            case.call.is_pending(&case.call.make(&wire.world, &case.buyer).await, &case.buyer);
        }
    }
    let refusing = wire.proxy.refuse().await;
    let so_far = wire.world.journal().len();
    wire.proxy.lift_all();
    for case in &cases {
        case.call.is_pending(&case.call.make(&wire.world, &case.buyer).await, &case.buyer);
        until_not_sent(&wire.world, &case.buyer.key).await;
    }
    assert_eq!(wire.world.journal().len(), so_far, "nothing reaches Toss");
    drop(refusing);
    wire.until_quiet().await;
    for case in &cases {
        case.agrees_with_toss(&wire).await;
        let calls: Vec<_> = wire.calls_of(&case.buyer.key, case.call.operation());
        let keys: Vec<_> = calls.iter().filter_map(|record| record.idempotency_key.as_deref()).collect();
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "{case:?}: {keys:?}");
    }
}

#[tokio::test]
async fn c1_a_server_that_vanishes_in_the_middle_of_any_call_is_found_again() {
    let wire = Wire::new(IMPATIENT).await;
    for call in Call::ALL {
        let buyer = call.prepare(&wire.world).await;
        if let Some(before) = call.before() {
            wire.proxy.spoil(before.target().holding(&buyer.key), Fault::ReplyLost);
        }
        let fault = Fault::Refuse(Duration::from_millis(1_200));
        let rule = wire.proxy.spoil(call.target().holding(&buyer.key), fault);
        call.is_pending(&call.make(&wire.world, &buyer).await, &buyer);
        until("the server has vanished", async || (!wire.proxy.met(rule).is_empty()).then_some(())).await;
        wire.until_quiet().await;
        Case { call, fault, buyer, rule }.agrees_with_toss(&wire).await;
    }
}

#[tokio::test]
async fn c1_a_name_that_does_not_resolve_and_a_handshake_that_fails_send_nothing() {
    let mut wire = Wire::new(IMPATIENT).await;
    let good = wire.world.toss_url.clone();
    let mut buyers = Vec::new();
    for bad in ["https://toss.invalid".to_owned(), good.replace("http:", "https:")] {
        wire.world.toss_url = bad;
        wire.world.restart().await;
        let buyer = Call::Confirm.prepare(&wire.world).await;
        Call::Confirm.is_pending(&buyer.confirm(&wire.world.api).await, &buyer);
        until_not_sent(&wire.world, &buyer.key).await;
        buyers.push(buyer);
    }
    assert_eq!(wire.world.journal(), [], "nothing reaches Toss");
    wire.world.toss_url = good;
    wire.world.restart().await;
    wire.until_quiet().await;
    for buyer in buyers {
        buyer.confirm(&wire.world.api).await.is(200, &buyer.view("DONE"));
        assert_eq!(wire.world.effects(&buyer.key), [CHARGED]);
    }
}

#[tokio::test]
async fn c5_a_slow_toss_is_asked_once_however_often_the_buyer_comes_back() {
    let wire = Wire::new(PATIENT).await;
    for fault in [Fault::HoldRequest, Fault::HoldReply] {
        for call in [Call::Confirm, Call::Cancel] {
            let buyer = call.prepare(&wire.world).await;
            let rule = wire.proxy.afflict(call.target().holding(&buyer.key), fault);
            let visits = || {
                let (api, buyer) = (wire.world.api.clone(), buyer.clone());
                async move {
                    match call {
                        Call::Cancel => buyer.cancel_part(&api, PART).await,
                        _ => buyer.confirm(&api).await,
                    }
                }
            };
            call.is_pending(&visits().await, &buyer);
            for answer in at_once([visits(), visits(), visits()]).await {
                call.is_pending(&answer, &buyer);
            }
            let case = Case { call, fault, buyer, rule };
            assert_eq!(wire.proxy.met(rule).len(), 1, "one in flight: {case:?}");
            wire.proxy.lift(rule);
            wire.until_quiet().await;
            case.agrees_with_toss(&wire).await;
            assert_eq!(wire.calls_of(&case.buyer.key, call.operation()).len(), 1, "{case:?}");
        }
    }
}

#[tokio::test]
async fn c2_c3_c4_a_network_that_fails_by_chance_changes_nobodys_books() {
    let wire = Arc::new(Wire::new(IMPATIENT).await);
    let kinds = (0..40).map(|number| (if number % 2 == 0 { Call::Confirm } else { Call::Cancel }, ()));
    let ready = wire.prepare_all(kinds).await;
    for fault in [
        Fault::RequestLost,
        Fault::ReplyLost,
        Fault::DelayRequest(TOO_LONG),
        Fault::GatewayTimeout(TOO_LONG),
        Fault::CutRequestAfter(100),
        Fault::CutReplyAfter(100),
        Fault::Garbage(When::After),
        Fault::Html(When::Before),
        Fault::Error(When::After, 500),
        Fault::Reset(When::After),
    ] {
        wire.proxy.chance(25, Target::new(""), fault);
    }
    let jobs = ready.into_iter().map(|((call, ()), buyer)| {
        let wire = Arc::clone(&wire);
        async move {
            let answer = call.make(&wire.world, &buyer).await;
            if answer.status != 200 {
                call.is_pending(&answer, &buyer);
            }
            (call, buyer)
        }
    });
    let buyers = at_once(jobs).await;
    wire.proxy.lift_all();
    wire.until_quiet().await;
    wire.until_nothing_is_late().await;
    let met: Vec<_> = wire.proxy.records().into_iter().filter(|record| record.fault.is_some()).collect();
    println!("{} of {} calls went wrong", met.len(), wire.proxy.records().len());
    assert!(met.len() > 10, "a network in which little happens shows little: {met:?}");
    for (call, buyer) in buyers {
        wire.agrees_with_toss(call, &buyer, "by chance").await;
    }
}

/// Every fault at every call, all at once, for as long as it takes to see that the buyer hears "pending". Then all
/// faults end at once.
async fn pending_and_then_the_truth(faults: Vec<Fault>) {
    let wire = Arc::new(Wire::new(IMPATIENT).await);
    let table = Call::ALL.into_iter().flat_map(|call| faults.iter().map(move |fault| (call, *fault)));
    let ready = wire.prepare_all(table).await.into_iter();
    let jobs = ready.map(|((call, fault), buyer)| trouble(Arc::clone(&wire), call, fault, buyer));
    let cases = at_once(jobs).await;
    let mut found = BTreeMap::new();
    for case in &cases {
        let wanted = if case.call.is_refund() { 2 } else { 1 };
        let was_done = wire.world.effects(&case.buyer.key).len() == wanted;
        let counts: &mut (u32, u32) = found.entry(format!("{:?}", case.call)).or_default();
        if was_done { counts.0 += 1 } else { counts.1 += 1 }
    }
    println!("{} unknown outcomes, per call (was done, was not): {found:?}", cases.len());
    wire.proxy.lift_all();
    wire.until_quiet().await;
    // Whatever was under way all the time has arrived now, long after its payment has settled.
    wire.until_nothing_is_late().await;
    for case in &cases {
        case.agrees_with_toss(&wire).await;
    }
}

/// One case: the fault at this call, and everything that the buyer hears meanwhile.
async fn trouble(wire: Arc<Wire>, call: Call, fault: Fault, buyer: Buyer) -> Case {
    let Wire { world, proxy } = &*wire;
    if let Some(before) = call.before() {
        proxy.spoil(before.target().holding(&buyer.key), Fault::ReplyLost);
    } else {
        // The outcome stays unknown until the trouble is over.
        proxy.afflict(Target::read().holding(&buyer.key), UNAVAILABLE);
    }
    let rule = proxy.afflict(call.target().holding(&buyer.key), fault);
    call.is_pending(&call.make(world, &buyer).await, &buyer);
    in_time("the fault meets its call", async {
        while !proxy.met(rule).iter().any(is_real) {
            moment().await;
        }
    })
    .await;
    call.reads_as_unsettled(&buyer.read(&world.api).await, &buyer);
    call.is_pending(&call.make(world, &buyer).await, &buyer);
    call.reads_as_unsettled(&buyer.read(&world.api).await, &buyer);
    Case { call, fault, buyer, rule }
}

/// One row of the table.
#[derive(Debug)]
struct Case {
    call: Call,
    fault: Fault,
    buyer: Buyer,
    rule: RuleId,
}

impl Case {
    async fn agrees_with_toss(&self, wire: &Wire) {
        let Self { call, fault, buyer, rule } = self;
        let what = format!("{fault:?} at {call:?}, {rule:?}, {}", buyer.key);
        wire.agrees_with_toss(*call, buyer, &what).await;
    }
}

/// Where a message of this size is cut: a dozen places, and around its end.
fn cut_points(size: usize) -> impl Iterator<Item = usize> {
    (0..size).step_by((size / 12).max(1)).chain([size - 1, size])
}
