//! `Idempotency-Key`: a request of the shop's happens once, whatever is repeated, raced, cut off or killed.
use crate::buyer::Buyer;
use crate::shop::{Shop, fresh_key, refund};
use crate::support::{Answer, FOREVER_MS, World, at_once, send, until};
use serde_json::{Value, json};
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, Operation, When};

fn order(reference: &str) -> Value {
    json!({"merchantReference": reference, "orderName": "한 번만", "totalAmount": 1_000})
}

#[track_caller]
fn same(one: &Answer, other: &Answer) {
    assert_eq!((one.status, &one.body), (other.status, &other.body));
}

#[track_caller]
fn is_running(answer: &Answer) {
    assert_eq!(answer.has_status(409)["code"], "IDEMPOTENT_REQUEST_PROCESSING");
    assert_eq!(answer.header("retry-after"), "1");
}

fn count(world: &World, table: &str) -> i64 {
    world.db().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// Lets a minute pass for every claim that nobody answered.
fn age_claims(world: &World) {
    let aged = "UPDATE claims SET until = until - 61000000 WHERE answer_status IS NULL";
    assert_eq!(world.db().execute(aged, []).unwrap(), 1);
}

#[tokio::test]
async fn s11_the_same_key_and_body_is_the_same_answer_and_survives_kill_9() {
    let mut world = World::new().await;
    let (made, taken, wrong) = (fresh_key(), fresh_key(), fresh_key());
    let first = world.api.once(&made, "/v1/orders", &order("A-1")).await;
    first.has_status(201);
    assert_eq!(first.header("content-type"), "application/json");
    let second = world.api.once(&taken, "/v1/orders", &order("A-1")).await;
    assert_eq!(second.has_status(409)["code"], "DUPLICATED_MERCHANT_REFERENCE");
    let mut senseless = order("A-2");
    senseless["expiresAt"] = "2020-01-01T00:00:00+09:00".into();
    let third = world.api.once(&wrong, "/v1/orders", &senseless).await;
    assert_eq!(third.has_status(400)["code"], "INVALID_ORDER");
    for round in 0..4 {
        if round == 2 {
            world.restart().await;
        }
        let again = world.api.once(&made, "/v1/orders", &order("A-1")).await;
        same(&again, &first);
        assert_eq!(again.header("content-type"), "application/json");
        assert_eq!(again.header("idempotent-replayed"), "true");
        same(&world.api.once(&taken, "/v1/orders", &order("A-1")).await, &second);
        same(&world.api.once(&wrong, "/v1/orders", &senseless).await, &third);
    }
    assert_eq!(count(&world, "orders"), 1);
}

#[tokio::test]
async fn s11_the_same_key_with_another_request_is_422_and_writes_nothing() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let (shop, key) = (Shop::of(&world, &buyer).await, fresh_key());
    let first = world.api.once(&key, "/v1/orders", &order("B-1")).await;
    first.has_status(201);
    let orders = count(&world, "orders");
    // Another order, the same one with a space in it, and another path.
    let spaced = format!("{} ", order("B-1"));
    let spaced = world.api.post("/v1/orders", spaced).bearer_auth(&world.api.key);
    for other in [
        world.api.once(&key, "/v1/orders", &order("B-2")).await,
        send(spaced.header("idempotency-key", &key)).await,
        shop.refund(&key, Some(100)).await,
    ] {
        assert_eq!(other.has_status(422)["code"], "IDEMPOTENCY_KEY_OF_ANOTHER_REQUEST");
    }
    assert_eq!((count(&world, "orders"), world.calls(Operation::Cancel)), (orders, 0));
    same(&world.api.once(&key, "/v1/orders", &order("B-1")).await, &first);
}

#[tokio::test]
async fn s11_while_the_request_runs_a_repeat_is_409_and_hears_the_end_later() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let (shop, key) = (Shop::of(&world, &buyer).await, fresh_key());
    world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms: 2_000, when: When::Before });
    let first = tokio::spawn({
        let (shop, key) = (shop.clone(), key.clone());
        async move { shop.refund(&key, Some(400)).await }
    });
    world.spoiled().await;
    is_running(&shop.refund(&key, Some(400)).await);
    // Another request is another request, running or not.
    shop.refund(&key, Some(300)).await.has_status(422);
    let first = first.await.unwrap();
    assert_eq!(first.has_status(200)["refund"]["state"], "done");
    same(&shop.refund(&key, Some(400)).await, &first);
    assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(400))]);
}

#[tokio::test]
async fn d10_of_64_claims_of_one_key_one_wins() {
    let world = World::new().await;
    let key = fresh_key();
    let tries = (0..64).map(|_| {
        let (api, key) = (world.api.clone(), key.clone());
        async move { api.once(&key, "/v1/orders", &order("C-1")).await }
    });
    let answers = at_once(tries).await;
    let first = world.api.once(&key, "/v1/orders", &order("C-1")).await;
    first.has_status(201);
    for answer in &answers {
        if answer.status == 201 { same(answer, &first) } else { is_running(answer) }
    }
    assert!(answers.iter().any(|answer| answer.status == 201), "{answers:?}");
    assert_eq!(count(&world, "orders"), 1);
}

#[tokio::test]
async fn s11_without_a_key_an_order_may_be_made_and_a_refund_may_not() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let shop = Shop::of(&world, &buyer).await;
    world.api.shop_post("/v1/orders", &order("D-1")).await.has_status(201);
    world.api.shop_post("/v1/orders", &order("D-1")).await.has_status(409);
    let refused = world.api.shop_post(&shop.path(), &refund(None)).await.has_status(400);
    assert_eq!(refused["code"], "MISSING_IDEMPOTENCY_KEY");
    assert!(refused["message"].as_str().unwrap().contains("Idempotency-Key"), "{refused}");
    assert_eq!(world.calls(Operation::Cancel), 0);
}

#[tokio::test]
async fn s11_a_key_is_1_to_300_visible_characters_and_the_api_key_is_looked_at_first() {
    let world = World::new().await;
    let longest = "k".repeat(300);
    world.api.once(&longest, "/v1/orders", &order("E-1")).await.has_status(201);
    for wrong in ["", "two words", "tab\tbed", &"k".repeat(301)] {
        let refused = world.api.once(wrong, "/v1/orders", &order("E-2")).await.has_status(400);
        assert_eq!(refused["code"], "INVALID_IDEMPOTENCY_KEY", "{wrong:?}");
        let stranger = world.api.post("/v1/orders", order("E-2").to_string());
        send(stranger.header("idempotency-key", wrong)).await.has_status(401);
    }
    let twice = world.api.keyed("one", "/v1/orders", &order("E-2")).header("idempotency-key", "two");
    assert_eq!(send(twice).await.has_status(400)["code"], "INVALID_IDEMPOTENCY_KEY");
    assert_eq!(count(&world, "orders"), 1);
}

#[tokio::test]
async fn s11_what_cannot_be_understood_claims_nothing() {
    let world = World::new().await;
    let key = fresh_key();
    for wrong in ["", "{", "[]", "null", r#"{"merchantReference":"F-1"}"#] {
        let request = world.api.post("/v1/orders", wrong).bearer_auth(&world.api.key);
        send(request.header("idempotency-key", &key)).await.has_status(400);
    }
    let stranger = world.api.post("/v1/orders", order("F-1").to_string()).bearer_auth("hb_sk_0000");
    send(stranger.header("idempotency-key", &key)).await.has_status(401);
    world.api.once(&key, "/v1/orders", &order("F-1")).await.has_status(201);
}

#[tokio::test]
async fn s11_a_failure_of_ours_is_no_answer_and_gives_the_key_back() {
    let world = World::new().await;
    let key = fresh_key();
    let refused = "CREATE TRIGGER refused BEFORE INSERT ON orders
                   BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    world.db().execute_batch(refused).unwrap();
    for _ in 0..2 {
        let failed = world.api.once(&key, "/v1/orders", &order("G-1")).await;
        assert_eq!(failed.has_status(503)["code"], "STORE_UNAVAILABLE");
        assert!(!failed.header("retry-after").is_empty());
    }
    world.db().execute_batch("DROP TRIGGER refused").unwrap();
    let made = world.api.once(&key, "/v1/orders", &order("G-1")).await;
    made.has_status(201);
    same(&world.api.once(&key, "/v1/orders", &order("G-1")).await, &made);
}

#[tokio::test]
async fn s11_a_caller_who_hangs_up_stops_nothing_and_hears_the_end_when_it_repeats() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let (shop, key) = (Shop::of(&world, &buyer).await, fresh_key());
    world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms: 1_500, when: When::Before });
    let hangs_up = tokio::spawn({
        let request = shop.request(&key, Some(400));
        async move { send(request).await }
    });
    world.spoiled().await;
    hangs_up.abort();
    assert!(hangs_up.await.unwrap_err().is_cancelled(), "it hung up before there was an answer");
    let answer = shop.refund_until_answered(&key, Some(400)).await;
    assert_eq!(answer.has_status(200)["refund"]["state"], "done");
    same(&shop.refund(&key, Some(400)).await, &answer);
    assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(400))]);
}

#[tokio::test]
async fn s11_a_refund_whose_request_died_is_taken_over_and_given_once() {
    let mut world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let (shop, key) = (Shop::of(&world, &buyer).await, fresh_key());
    world.spoil(FaultOperation::Cancel, FaultKind::Delay { ms: FOREVER_MS, when: When::After });
    let dies = tokio::spawn({
        let request = shop.request(&key, Some(400));
        async move { crate::support::try_send(request).await.is_ok() }
    });
    world.spoiled().await;
    world.kill().await;
    assert!(!dies.await.unwrap(), "nobody was answered");
    world.start().await;
    let shop = shop.at(&world);
    // The one who died may still be at it, as far as anybody knows; after a minute it is not.
    is_running(&shop.refund(&key, Some(400)).await);
    shop.refund(&key, Some(300)).await.has_status(422);
    age_claims(&world);
    let answer = shop.refund_until_answered(&key, Some(400)).await;
    let given = answer.has_status(200);
    assert_eq!((&given["refund"]["state"], &given["refund"]["amount"]), (&json!("done"), &json!(400)));
    same(&shop.refund(&key, Some(400)).await, &answer);
    assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(400))]);
    assert_eq!(shop.amounts().await, [("done".to_owned(), 400)]);
}

#[tokio::test]
async fn s11_an_answer_that_cannot_be_kept_is_not_told_and_its_order_is_made_once() {
    let mut world = World::new().await;
    let key = fresh_key();
    let forgets = "CREATE TRIGGER forgets BEFORE UPDATE ON claims WHEN NEW.answer_status IS NOT NULL
                   BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    world.db().execute_batch(forgets).unwrap();
    let failed = world.api.once(&key, "/v1/orders", &order("H-1")).await;
    assert_eq!(failed.has_status(503)["code"], "STORE_UNAVAILABLE");
    assert_eq!(count(&world, "orders"), 1, "it was made");
    world.kill().await;
    world.db().execute_batch("DROP TRIGGER forgets").unwrap();
    world.start().await;
    is_running(&world.api.once(&key, "/v1/orders", &order("H-1")).await);
    age_claims(&world);
    let made = until("the claim is taken over", async || {
        let answer = world.api.once(&key, "/v1/orders", &order("H-1")).await;
        (answer.status != 409).then_some(answer)
    })
    .await;
    made.has_status(201);
    same(&world.api.once(&key, "/v1/orders", &order("H-1")).await, &made);
    assert_eq!(count(&world, "orders"), 1);
}
