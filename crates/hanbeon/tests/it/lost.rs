//! What the network does: calls that never leave, answers that never come, answers that say nothing. The buyer
//! hears the truth or "pending", and the truth is found out soon after.
use crate::buyer::Buyer;
use crate::support::{Answer, World, at_once};
use serde_json::json;
use std::collections::BTreeSet;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, Operation, When};

/// A Toss that is given up soon, and a buyer who is told "pending" later than that.
const HASTY: &str = "[limits]\ntoss_timeout_ms = 700\ntoss_connect_timeout_ms = 300\n";
/// A buyer who is told "pending" at once.
const CURT: &str = "[limits]\nanswer_within_ms = 200\n";

/// Every way to spoil a call of which the caller cannot tell whether it took effect.
fn unclear() -> Vec<(&'static str, FaultKind)> {
    let refusal = |status, code: Option<&str>| (status, code.map(str::to_owned));
    let before = |(status, code)| FaultKind::FailBefore { status, code };
    let after = |(status, code)| FaultKind::FailAfter { status, code };
    vec![
        ("c2 the reply is lost", FaultKind::LoseReply),
        ("c2 the reply is late", FaultKind::Delay { ms: 3_000, when: When::After }),
        ("c2 the call is slow", FaultKind::Delay { ms: 1_500, when: When::Before }),
        ("c2 the call is dropped", FaultKind::Drop),
        ("c3 500 before", before(refusal(500, None))),
        ("c3 500 after", after(refusal(500, None))),
        ("c3 502 before", before(refusal(502, None))),
        ("c3 503 after", after(refusal(503, None))),
        ("c3 504 after", after(refusal(504, None))),
        ("c3 PROVIDER_ERROR before", before(refusal(400, Some("PROVIDER_ERROR")))),
        ("c3 PROVIDER_ERROR after", after(refusal(400, Some("PROVIDER_ERROR")))),
        ("c3 UNKNOWN_PAYMENT_ERROR after", after(refusal(500, Some("UNKNOWN_PAYMENT_ERROR")))),
        ("c4 HTML 502", FaultKind::Html { status: 502 }),
        ("c4 HTML 403", FaultKind::Html { status: 403 }),
        ("c4 HTML 404", FaultKind::Html { status: 404 }),
        ("c4 no body", FaultKind::CutBody { bytes: 0 }),
        ("c4 a cut body", FaultKind::CutBody { bytes: 500 }),
        ("c8 409 still processing", before(refusal(409, Some("IDEMPOTENT_REQUEST_PROCESSING")))),
        ("c12 429", before(refusal(429, None))),
    ]
}

#[tokio::test]
async fn c2_c3_c4_c8_whatever_became_of_the_confirm_it_ends_as_one_charge_within_the_deadline() {
    let world = World::with(HASTY).await;
    let mut jobs = Vec::new();
    for (what, kind) in unclear() {
        let buyer = Buyer::ready(&world, 1_000).await;
        let rule = FaultRule::new(FaultOperation::Confirm, kind).on_order(&buyer.toss_order);
        world.toss.add_fault(rule).unwrap();
        let api = world.api.clone();
        jobs.push(async move { (what, buyer.confirm(&api).await, buyer) });
    }
    for (what, answer, buyer) in at_once(jobs).await {
        assert_eq!((answer.status, &*answer.body), (200, &*buyer.view("DONE")), "{what}");
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))], "{what}");
        buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    }
    assert_eq!(world.toss.faults(100).len(), 0, "every fault has met its call");
}

#[tokio::test]
async fn c8_a_confirm_that_toss_still_works_at_is_asked_again_under_the_same_key() {
    let world = World::with(HASTY).await;
    let buyer = Buyer::ready(&world, 1_000).await;
    // We give up after 0.7 s, and Toss goes on.
    world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 6_000, when: When::Before });
    buyer.confirm(&world.api).await;
    world.until_stored(&buyer.key, "paid").await;
    let journal = world.journal();
    let confirms: Vec<_> = journal.iter().filter(|call| call.operation == Operation::Confirm).collect();
    let under_way = Some("IDEMPOTENT_REQUEST_PROCESSING");
    assert!(confirms.iter().any(|call| call.code == under_way && call.status == Some(409)), "{confirms:?}");
    let keys: BTreeSet<_> = confirms.iter().map(|call| call.idempotency_key.as_deref()).collect();
    assert_eq!((keys.len(), keys.contains(&None)), (1, false), "{confirms:?}");
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
}

#[tokio::test]
async fn f3_whatever_became_of_the_cancel_the_money_goes_back_once() {
    let world = World::with(HASTY).await;
    let mut jobs = Vec::new();
    for (what, kind) in unclear() {
        let buyer = Buyer::paid(&world, 1_000).await;
        let rule = FaultRule::new(FaultOperation::Cancel, kind).on_order(&buyer.toss_order);
        world.toss.add_fault(rule).unwrap();
        let api = world.api.clone();
        jobs.push(async move { (what, buyer.cancel_part(&api, 400).await, buyer) });
    }
    for (what, answer, buyer) in at_once(jobs).await {
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
        assert_eq!(answer.json()["balanceAmount"], 600, "{what}");
        assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(400))], "{what}");
        buyer.read(&world.api).await.is(200, &buyer.view("PARTIAL_CANCELED"));
        let rest = buyer.cancel(&world.api).await.has_status(200);
        assert_eq!(rest["balanceAmount"], 0, "{what}");
        assert_eq!(rest["cancels"].as_array().unwrap().len(), 2, "{what}");
    }
    assert_eq!(world.toss.faults(100).len(), 0, "every fault has met its call");
}

#[tokio::test]
async fn l8_a_buyer_who_cannot_be_told_the_outcome_is_told_pending_and_then_the_truth() {
    let world = World::with(CURT).await;
    let buyer = Buyer::ready(&world, 1_000).await;
    world.spoil(FaultOperation::Confirm, FaultKind::LoseReply);
    world.spoil(FaultOperation::Read, FaultKind::Drop);
    let pending = buyer.view_by("null", "IN_PROGRESS");
    buyer.confirm(&world.api).await.is(202, &pending);
    buyer.read(&world.api).await.is(200, &pending);
    world.until_stored(&buyer.key, "paid").await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);

    world.spoil(FaultOperation::Cancel, FaultKind::LoseReply);
    let pending = buyer.cancel(&world.api).await;
    assert_eq!(pending.has_status(202)["code"], "CANCEL_IN_PROGRESS");
    world.until_stored(&buyer.key, "canceled").await;
    assert_eq!(buyer.cancel(&world.api).await.has_status(200)["status"], "CANCELED");
    assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(1_000))]);
}

#[tokio::test]
async fn c1_a_toss_that_refuses_connections_is_asked_again_until_it_answers() {
    let world = World::without_toss(CURT).await;
    // All of them are in the payment window before the first call fails: the breaker would let nobody in later.
    let mut ready = Vec::new();
    for _ in 0..5 {
        let mut buyer = Buyer::new(&world.api, 1_000).await;
        buyer.save(&world.api).await.is(200, r#""Payment temp save successful""#);
        let window = toss_sandbox::NewPayment::card(&buyer.toss_order, 1_000);
        buyer.key = world.toss.authenticate(&window).unwrap();
        ready.push(buyer);
    }
    let buyers = at_once(ready.into_iter().map(|buyer| {
        let api = world.api.clone();
        async move {
            buyer.confirm(&api).await.is(202, &buyer.view_by("null", "IN_PROGRESS"));
            buyer
        }
    }))
    .await;
    assert_eq!(world.journal(), []);
    world.open_toss();
    for buyer in &buyers {
        world.until_stored(&buyer.key, "paid").await;
        buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    }
}

#[tokio::test]
async fn c6_no_such_payment_right_after_the_confirm_is_not_a_fact() {
    let world = World::with(HASTY).await;
    let buyer = Buyer::ready(&world, 1_000).await;
    let absent = FaultKind::FailBefore { status: 404, code: Some("NOT_FOUND_PAYMENT".to_owned()) };
    world.spoil(FaultOperation::Confirm, FaultKind::LoseReply);
    world.toss.add_fault(FaultRule::new(FaultOperation::Read, absent).times(2)).unwrap();
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    assert_eq!(world.toss.faults(100).len(), 0, "Toss has said twice that there is none");
}

#[tokio::test]
async fn c11_an_error_that_toss_replays_for_ever_does_not_stop_the_charge() {
    let world = World::with(CURT).await;
    let buyer = Buyer::ready(&world, 1_000).await;
    let error = FaultKind::FailBefore { status: 500, code: None };
    world.toss.add_fault(FaultRule::new(FaultOperation::Confirm, error).times(3)).unwrap();
    buyer.confirm(&world.api).await.has_status(202);
    world.until_stored(&buyer.key, "paid").await;
    assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    let calls: Vec<_> =
        world.journal().into_iter().filter(|call| call.operation == Operation::Confirm).collect();
    assert!(calls.len() >= 4, "{calls:?}");
}

#[tokio::test]
async fn c3_an_error_while_reading_decides_nothing() {
    let world = World::with(HASTY).await;
    let errors = [
        FaultKind::FailBefore { status: 500, code: None },
        FaultKind::FailBefore { status: 401, code: None },
        FaultKind::FailBefore { status: 429, code: None },
        FaultKind::Html { status: 404 },
        FaultKind::Drop,
        FaultKind::CutBody { bytes: 100 },
    ];
    let mut jobs = Vec::new();
    for error in errors {
        let buyer = Buyer::ready(&world, 1_000).await;
        for (operation, kind) in
            [(FaultOperation::Confirm, FaultKind::LoseReply), (FaultOperation::Read, error)]
        {
            world.toss.add_fault(FaultRule::new(operation, kind).on_payment(&buyer.key)).unwrap();
        }
        let api = world.api.clone();
        jobs.push(async move { (buyer.confirm(&api).await, buyer) });
    }
    for (answer, buyer) in at_once(jobs).await {
        answer.is(200, &buyer.view("DONE"));
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
    }
    assert_eq!(world.toss.faults(100).len(), 0, "every fault has met its call");
}

#[tokio::test]
async fn a_decline_whose_reply_is_lost_is_a_decline_all_the_same() {
    let world = World::with(HASTY).await;
    let mut buyer = Buyer::ready(&world, 1_000).await;
    let refused =
        toss_sandbox::NewPayment::card(&buyer.toss_order, 1_000).refused_with("REJECT_CARD_PAYMENT");
    buyer.key = world.toss.authenticate(&refused).unwrap();
    world.spoil(FaultOperation::Confirm, FaultKind::LoseReply);
    let answer = buyer.confirm(&world.api).await;
    answer.is_refusal();
    assert_eq!(answer.json()["code"], "REJECT_CARD_PAYMENT");
    buyer.confirm(&world.api).await.is(answer.status, &answer.body);
    buyer.read(&world.api).await.is(200, &buyer.view_by("null", "ABORTED"));
    buyer.key = world.authenticate(&buyer.toss_order, 1_000);
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
}

#[tokio::test]
async fn the_wrong_secret_key_is_the_shops_fault_and_charges_nobody() {
    let mut world = World::without_server("").await;
    world.open_toss();
    let settings = world.folder.path().join("hanbeon.toml");
    std::fs::write(world.folder.path().join("key"), "test_sk_notTheOneOfTheSandbox\n").unwrap();
    std::fs::write(settings, "[toss]\nsecret_key_file = \"key\"\n").unwrap();
    world.secret_key.clear();
    world.start().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    let refused: Answer = buyer.confirm(&world.api).await;
    assert_eq!(
        refused.has_status(401),
        json!({"code": "UNAUTHORIZED_KEY", "message": refused.json()["message"]})
    );
    assert_eq!(world.effects(&buyer.key), []);
}
