//! The right order, once: one that was made is never changed, one that ran out is not paid, and the same purchase
//! is not paid twice while nobody knows about the first time.
use crate::buyer::Buyer;
use crate::support::{Api, World, at_once, send, unique, until};
use serde_json::{Value, json};
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, Operation};

fn order(reference: &str, total: i64) -> Value {
    json!({"merchantReference": reference, "orderName": "티셔츠", "totalAmount": total})
}

/// A time from now on, as the shop words it.
fn in_seconds(world: &World, seconds: u32) -> String {
    let query = "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?1)";
    world.db().query_row(query, [format!("+{seconds} seconds")], |row| row.get(0)).unwrap()
}

async fn read_order(api: &Api, order: &str) -> Value {
    api.shop_get(&format!("/v1/orders/{order}")).await.has_status(200)
}

fn confirms_of(world: &World, key: &str) -> usize {
    let journal = world.journal();
    let its = journal.iter().filter(|call| call.payment_key.as_deref() == Some(key));
    its.filter(|call| call.operation == Operation::Confirm).count()
}

#[tokio::test]
async fn a9_an_order_never_changes_a_new_price_is_a_new_order() {
    let world = World::new().await;
    let reference = format!("a9-{}", unique());
    let made = world.api.shop_post("/v1/orders", &order(&reference, 10_000)).await.has_status(201);
    let id = made["id"].as_str().unwrap();
    let before = read_order(&world.api, id).await;
    for changed in [order(&reference, 9_000), order(&reference, 11_000)] {
        world.api.shop_post("/v1/orders", &changed).await.has_status(409);
        let address = format!("{}/v1/orders/{id}", world.api.url);
        for method in ["PUT", "PATCH", "POST", "DELETE"] {
            let request = crate::support::http_client()
                .request(method.parse().unwrap(), &address)
                .bearer_auth(&world.api.key)
                .json(&changed);
            let refused = send(request).await;
            assert!(matches!(refused.status, 404 | 405), "{method}: {refused:?}");
        }
    }
    assert_eq!(read_order(&world.api, id).await, before);
    // The new price is another order; the buyer who authenticated the old one pays neither the one nor the other wrongly.
    let fresh = world.api.shop_post("/v1/orders", &order(&format!("{reference}-again"), 9_000)).await;
    let fresh = fresh.has_status(201)["id"].as_str().unwrap().to_owned();
    let toss_order = format!("a9-order-{}", unique());
    let key = world.authenticate(&toss_order, 10_000);
    let buyer = Buyer { order: id.to_owned(), toss_order, amount: 10_000, key, cookie: None };
    Buyer { order: fresh, ..buyer.clone() }.confirm(&world.api).await.has_status(400);
    assert_eq!(world.calls(Operation::Confirm), 0);
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
}

#[tokio::test]
async fn a9_an_order_that_ran_out_between_its_window_and_its_confirm_is_not_confirmed() {
    let world = World::new().await;
    let mut body = order(&format!("a9-{}", unique()), 1_000);
    body["expiresAt"] = json!(in_seconds(&world, 5));
    let made = world.api.shop_post("/v1/orders", &body).await.has_status(201);
    let mut buyer = Buyer::new(&world.api, 1_000).await;
    made["id"].as_str().unwrap().clone_into(&mut buyer.order);
    buyer.key = world.authenticate(&buyer.toss_order, 1_000);
    until("the order's time is over", async || {
        let over =
            "SELECT expires_at < unixepoch('subsec') * 1000000 FROM orders WHERE hex(order_id) = upper(?1)";
        world.db().query_row(over, [&buyer.order], |row| row.get(0)).unwrap_or(false).then_some(())
    })
    .await;
    for _ in 0..3 {
        let refused = buyer.confirm(&world.api).await;
        refused.is_refusal();
        assert_eq!(refused.status, 400, "{refused:?}");
    }
    assert_eq!((world.calls(Operation::Confirm), world.stored(&buyer.key)), (0, None));
    assert_eq!(world.status_at_toss(&buyer.key), "IN_PROGRESS");
}

#[tokio::test]
async fn a10_the_same_purchase_again_while_the_first_is_unresolved_is_409_and_one_charge() {
    let world = World::with("[limits]\nanswer_within_ms = 300\n").await;
    let reference = format!("a10-{}", unique());
    let made = world.api.shop_post("/v1/orders", &order(&reference, 1_000)).await.has_status(201);
    let first = Buyer { order: made["id"].as_str().unwrap().to_owned(), ..Buyer::ready(&world, 1_000).await };
    // Charged, and nobody here knows it.
    let on_first = |operation, kind| FaultRule::new(operation, kind).on_payment(&first.key);
    world.toss.add_fault(on_first(FaultOperation::Confirm, FaultKind::LoseReply).times(0)).unwrap();
    world.toss.add_fault(on_first(FaultOperation::Read, FaultKind::Drop).times(0)).unwrap();
    first.confirm(&world.api).await.is(202, &first.view_by("null", "IN_PROGRESS"));
    let name = format!("a10-second-{}", unique());
    let second = Buyer { key: world.authenticate(&name, 1_000), toss_order: name, ..first.clone() };
    let again = async || {
        second.confirm(&world.api).await.has_status(409);
        world.api.shop_post("/v1/orders", &order(&reference, 1_000)).await.has_status(409);
        second.stranger().confirm(&world.api).await.has_status(409);
    };
    again().await;
    assert_eq!(world.stored(&first.key).as_deref(), Some("confirming"), "it was unresolved all the while");
    world.toss.clear_faults();
    world.until_stored(&first.key, "paid").await;
    again().await;
    first.confirm(&world.api).await.is(200, &first.view("DONE"));
    assert_eq!(world.effects(&first.key), [(EffectKind::Approved, Some(1_000))]);
    assert_eq!(
        (confirms_of(&world, &second.key), world.status_at_toss(&second.key).as_str()),
        (0, "IN_PROGRESS")
    );
}

/// In microseconds from the moment in which all orders get their ends: two that are certain, and many in between.
fn ends() -> Vec<i64> {
    let near = (0..40).map(|number| number * 4_000);
    [-5_000_000].into_iter().chain(near).chain([3_600_000_000]).collect()
}

#[tokio::test]
async fn d4_at_the_last_moment_an_order_is_paid_or_has_run_out_and_never_both() {
    let world = World::new().await;
    let mut buyers = Vec::new();
    for _ in ends() {
        buyers.push(Buyer::ready(&world, 1_000).await);
    }
    let mut db = world.db();
    let all = db.transaction().unwrap();
    for (buyer, end) in buyers.iter().zip(ends()) {
        let set = "UPDATE orders SET created_at = created_at - 3600000000,
                   expires_at = CAST(unixepoch('subsec') * 1000000 AS INTEGER) + ?2
                   WHERE hex(order_id) = upper(?1)";
        assert_eq!(all.execute(set, (&buyer.order, end)).unwrap(), 1);
    }
    all.commit().unwrap();
    let clicks = buyers.iter().flat_map(|buyer| [buyer.clone(), buyer.stranger(), buyer.clone()]);
    let answers = at_once(clicks.map(|click| {
        let api = world.api.clone();
        async move { click.confirm(&api).await }
    }))
    .await;
    let mut paid = Vec::new();
    for (buyer, answers) in buyers.iter().zip(answers.chunks(3)) {
        let calls = confirms_of(&world, &buyer.key);
        let later = buyer.confirm(&world.api).await;
        if world.stored(&buyer.key).is_some() {
            assert_eq!(calls, 1);
            assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(1_000))]);
            // Nobody who came too late for it, but not for hearing of it, is told the opposite.
            for answer in answers.iter().chain([&later]) {
                answer.is(200, &buyer.view("DONE"));
            }
            paid.push(true);
        } else {
            assert_eq!((calls, world.effects(&buyer.key)), (0, vec![]));
            for answer in answers.iter().chain([&later]) {
                assert_eq!(answer.status, 400, "{answer:?}");
                answer.is_refusal();
            }
            paid.push(false);
        }
    }
    assert_eq!((paid.first(), paid.last()), (Some(&false), Some(&true)), "{paid:?}");
}
