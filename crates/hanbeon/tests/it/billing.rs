//! Charges without a window, through the real binary: what the sandbox's journal says is what happened.
use crate::shop::fresh_key;
use crate::support::{Answer, World, at_once, send, unique, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, JournalEntry, NewBillingAuth, Operation, When};

const VAULT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// Refused charges are tried again at once; the shop hears of "pending" soon.
const HASTY: &str = "[limits]\ntoss_timeout_ms = 700\ntoss_connect_timeout_ms = 500\n\
                     [billing]\nretry_after_ms = [0, 0]\n";

/// A shop with a customer who has agreed to be charged.
struct Scene {
    world: World,
    customer: String,
    customer_key: String,
    key: String,
}

async fn world(settings: &str) -> World {
    let mut world = World::without_server(settings).await;
    world.environment.push(("HANBEON_VAULT_KEY", VAULT.to_owned()));
    world.open_toss();
    world.start().await;
    world
}

impl Scene {
    async fn new(settings: &str) -> Self {
        Self::beside(world(settings).await).await
    }

    async fn beside(world: World) -> Self {
        let made = world.api.shop_post("/v1/customers", &json!({})).await.has_status(201);
        let text = |name: &str| made[name].as_str().expect("text").to_owned();
        let (customer, customer_key) = (text("id"), text("customerKey"));
        let mut scene = Self { world, customer, customer_key, key: String::new() };
        let key = scene.register(&fresh_key()).await.has_status(201);
        assert_eq!(key["state"], "active");
        key["id"].as_str().expect("an id").clone_into(&mut scene.key);
        scene
    }

    fn keys(&self) -> String {
        format!("/v1/customers/{}/billing-keys", self.customer)
    }

    fn proof(&self) -> String {
        self.world.toss.authenticate_billing(&NewBillingAuth::card(&self.customer_key)).expect("an authKey")
    }

    async fn register(&self, name: &str) -> Answer {
        self.world.api.once(name, &self.keys(), &json!({"authKey": self.proof()})).await
    }

    async fn charge(&self, name: &str) -> Answer {
        let body = json!({"billingKey": self.key, "amount": 9_900, "orderName": "한 번"});
        self.world.api.once(name, &format!("/v1/customers/{}/charges", self.customer), &body).await
    }

    /// A subscription whose first period is due, and whose second is not for months.
    async fn subscribe(&self) -> String {
        let start = self.day_before();
        let anchor = start[8..].parse::<u8>().expect("a day");
        let body = json!({
            "customer": self.customer, "billingKey": self.key, "amount": 9_900, "orderName": "정기 구독",
            "start": start, "anchor": anchor, "intervalMonths": 12,
        });
        let made = self.world.api.shop_post("/v1/subscriptions", &body).await.has_status(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Yesterday or the day before, by the database's clock.
    fn day_before(&self) -> String {
        let day = self.world.db().query_row("SELECT date('now', '-1 day')", [], |row| row.get(0));
        day.expect("a date")
    }

    async fn subscription(&self, id: &str) -> Value {
        self.world.api.shop_get(&format!("/v1/subscriptions/{id}")).await.has_status(200)
    }

    async fn charges(&self, id: &str) -> Vec<Value> {
        let list = self.world.api.shop_get(&format!("/v1/subscriptions/{id}/charges")).await.has_status(200);
        list["charges"].as_array().expect("a list").clone()
    }

    /// Waits until the subscription's charges are in these states, oldest first.
    async fn until_charges(&self, id: &str, want: &[&str]) -> Vec<Value> {
        until(&format!("the charges are {want:?}"), async || {
            let mut charges = self.charges(id).await;
            charges.reverse();
            let states: Vec<_> = charges.iter().filter_map(|charge| charge["state"].as_str()).collect();
            (states == want).then_some(charges)
        })
        .await
    }

    /// Waits until the shop was told these of the subscription, and nothing else.
    async fn until_told(&self, id: &str, want: &[&str]) -> Vec<Value> {
        until(&format!("the shop was told {want:?}"), async || {
            let list = self.world.api.shop_get("/v1/events?limit=1000").await.has_status(200);
            let events = list["events"].as_array().expect("a list");
            let its: Vec<_> =
                events.iter().filter(|event| event["data"]["subscriptionId"] == id).cloned().collect();
            let told: Vec<_> = its.iter().filter_map(|event| event["data"]["status"].as_str()).collect();
            let kinds = its.iter().zip(&told);
            assert!(
                kinds.into_iter().all(|(event, status)| event["type"] == format!("subscription.{status}"))
            );
            assert!(want.starts_with(&told), "{told:?} instead of {want:?}");
            (told == want).then_some(its)
        })
        .await
    }

    fn calls(&self, operation: Operation) -> Vec<JournalEntry> {
        self.world.journal().into_iter().filter(|call| call.operation == operation).collect()
    }

    fn approvals(&self) -> usize {
        self.world.journal().iter().filter(|call| call.effect == EffectKind::Approved).count()
    }

    /// S21, over the whole database: at most one charge of a period is not refused; and what is done is a payment.
    fn s21_holds(&self) {
        let db = self.world.db();
        let count = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0)).expect("a count");
        let twice = "SELECT count(*) FROM (SELECT 1 FROM charges WHERE subscription_id IS NOT NULL
            AND state <> 'refused' GROUP BY subscription_id, period HAVING count(*) > 1)";
        assert_eq!(count(twice), 0, "S21");
        let unpaid = "SELECT count(*) FROM charges c LEFT JOIN payments p USING (payment_id)
            WHERE c.state = 'done' AND p.captured_amount IS NOT c.amount";
        assert_eq!(count(unpaid), 0);
    }

    async fn all_is_well(&self) {
        self.s21_holds();
        let verified = self.world.run(&["verify"]).await;
        assert!(verified.status.success(), "{verified:?}");
    }
}

#[tokio::test]
async fn a_charge_is_a_payment_and_its_money_goes_back_like_any_other() {
    let scene = Scene::new("").await;
    let name = fresh_key();
    let first = scene.charge(&name).await;
    let charge = first.has_status(201);
    assert_eq!(charge["state"], "done");
    scene.charge(&name).await.is(201, &first.body);
    assert_eq!((scene.approvals(), scene.calls(Operation::BillingCharge).len()), (1, 1));
    let payment = charge["payment"].as_str().expect("a payment");
    let path = format!("/v1/payments/{payment}");
    assert_eq!(scene.world.api.shop_get(&path).await.has_status(200)["state"], "paid");
    let back = json!({"cancelReason": "단순 변심"});
    let back = scene.world.api.once(&fresh_key(), &format!("{path}/cancel"), &back).await;
    assert_eq!(back.has_status(200)["payment"]["state"], "canceled");
    scene.all_is_well().await;
}

#[tokio::test]
async fn without_a_vault_key_billing_says_so_and_the_rest_runs() {
    let world = World::new().await;
    let refused = world.api.shop_post("/v1/customers", &json!({})).await;
    assert_eq!(refused.has_status(501)["code"], "BILLING_NOT_CONFIGURED");
    world.api.new_order(1_000).await;
}

#[tokio::test]
async fn h1_s21_a_period_is_charged_once_however_often_the_server_dies() {
    let mut scene = Scene::new("").await;
    let held = FaultKind::Delay { ms: 3_000, when: When::After };
    scene.world.spoil(FaultOperation::BillingCharge, held);
    let subscription = scene.subscribe().await;
    scene.world.spoiled().await;
    for _ in 0..3 {
        scene.world.restart().await;
    }
    let charges = scene.until_charges(&subscription, &["done"]).await;
    assert_eq!((&charges[0]["period"], &charges[0]["ordinal"]), (&json!(0), &json!(0)));
    until("the next period is planned", async || {
        let now = scene.subscription(&subscription).await;
        (now["period"] == 1 && now["status"] == "active").then_some(())
    })
    .await;
    scene.world.restart().await;
    assert_eq!((scene.approvals(), scene.charges(&subscription).await.len()), (1, 1));
    scene.all_is_well().await;
}

#[tokio::test]
async fn h2_a_charge_whose_answer_is_lost_is_asked_for_under_the_same_order_and_key() {
    let scene = Scene::new(HASTY).await;
    for kind in [FaultKind::LoseReply, FaultKind::Drop, FaultKind::FailAfter { status: 500, code: None }] {
        scene.world.spoil(FaultOperation::BillingCharge, kind);
        let subscription = scene.subscribe().await;
        let charges = scene.until_charges(&subscription, &["done"]).await;
        let order = charges[0]["tossOrderId"].as_str();
        let mut calls = scene.calls(Operation::BillingCharge);
        calls.retain(|call| call.order_id.as_deref() == order);
        let keys: BTreeSet<_> = calls.iter().map(|call| call.idempotency_key.clone()).collect();
        assert_eq!((keys.len(), keys.contains(&None)), (1, false), "{calls:?}");
        assert_eq!(calls.iter().filter(|call| call.effect == EffectKind::Approved).count(), 1, "{calls:?}");
    }
    assert_eq!(scene.approvals(), 3);
    scene.all_is_well().await;
}

#[tokio::test]
async fn h3_a_billing_key_of_another_customer_key_is_refused_and_one_whose_customer_key_was_changed_opens_nothing()
 {
    let scene = Scene::new("").await;
    let import = |customer_key: &str| json!({"billingKey": "Zk3tQm1xO8c2", "customerKey": customer_key});
    let refused = scene.world.api.once(&fresh_key(), &scene.keys(), &import("somebody-else")).await;
    assert_eq!(refused.has_status(409)["code"], "NOT_MATCHES_CUSTOMER_KEY");
    let taken = scene.world.api.once(&fresh_key(), &scene.keys(), &import(&scene.customer_key)).await;
    assert_eq!(taken.has_status(201)["state"], "active");

    // A migration that nobody should have made.
    let db = scene.world.db();
    db.execute_batch("DROP TRIGGER customers_are_not_changed; UPDATE customers SET customer_key = 'other'")
        .unwrap();
    let refused = scene.charge(&fresh_key()).await;
    assert_eq!(refused.has_status(409)["code"], "NOT_MATCHES_CUSTOMER_KEY");
    assert_eq!(scene.calls(Operation::BillingCharge), []);
}

#[tokio::test]
async fn h5_a_key_is_deleted_at_toss_only_after_its_charge_is_resolved() {
    let scene = Scene::new(HASTY).await;
    scene.world.spoil(FaultOperation::BillingCharge, FaultKind::LoseReply);
    scene.world.spoil(FaultOperation::ReadByOrder, FaultKind::Drop);
    let charge = scene.charge(&fresh_key()).await.has_status(202);
    let path = format!("{}/{}", scene.keys(), scene.key);
    let api = &scene.world.api;
    let delete = || send(reqwest_delete(api, &path));
    assert_eq!(delete().await.has_status(202)["state"], "deleting");
    let refused = scene.charge(&fresh_key()).await;
    assert_eq!(refused.has_status(409)["code"], "BILLING_KEY_NOT_ACTIVE");
    until("the key is deleted", async || (delete().await.json()["state"] == "deleted").then_some(())).await;
    let charge =
        api.shop_get(&format!("/v1/charges/{}", charge["id"].as_str().unwrap())).await.has_status(200);
    assert_eq!(charge["state"], "done");
    let journal = scene.world.journal();
    let at = |operation| journal.iter().rposition(|call| call.operation == operation).expect("a call");
    assert!(at(Operation::ReadByOrder) < at(Operation::BillingDelete), "{journal:?}");
    assert_eq!(journal.iter().filter(|call| call.operation == Operation::BillingDelete).count(), 1);
    let sealed: i64 = scene
        .world
        .db()
        .query_row("SELECT count(*) FROM billing_keys WHERE sealed IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sealed, 0, "nothing is left to be opened");
    scene.all_is_well().await;
}

#[tokio::test]
async fn a_lost_answer_to_an_issue_loses_no_key_and_makes_no_second_one() {
    let scene = Scene::new(HASTY).await;
    for kind in [FaultKind::LoseReply, FaultKind::CutBody { bytes: 20 }] {
        let before = scene.calls(Operation::BillingIssue).len();
        scene.world.spoil(FaultOperation::BillingIssue, kind);
        let wished = scene.register(&fresh_key()).await.has_status(202);
        assert_eq!(wished["state"], "issuing");
        until("the key is there", async || {
            let list = scene.world.api.shop_get(&scene.keys()).await.has_status(200);
            let keys = list["billingKeys"].as_array().expect("a list");
            keys.iter().any(|key| key["id"] == wished["id"] && key["state"] == "active").then_some(())
        })
        .await;
        let calls = scene.calls(Operation::BillingIssue).split_off(before);
        let keys: BTreeSet<_> = calls.iter().map(|call| call.idempotency_key.clone()).collect();
        assert_eq!(keys.len(), 1, "{calls:?}");
        assert!(calls[1..].iter().all(|call| call.replayed), "{calls:?}");
    }
}

#[tokio::test]
async fn a_refused_period_is_tried_again_as_new_orders_and_then_the_shop_sees_that_it_is_unpaid() {
    let world = world(HASTY).await;
    let mut scene = Scene::beside(world).await;
    let poor = NewBillingAuth::card(&scene.customer_key).refused_with("REJECT_CARD_PAYMENT");
    let proof = scene.world.toss.authenticate_billing(&poor).expect("an authKey");
    let key =
        scene.world.api.once(&fresh_key(), &scene.keys(), &json!({"authKey": proof})).await.has_status(201);
    let good = std::mem::replace(&mut scene.key, key["id"].as_str().expect("an id").to_owned());
    let subscription = scene.subscribe().await;
    let charges = scene.until_charges(&subscription, &["refused", "refused", "refused"]).await;
    let orders: BTreeSet<_> = charges.iter().map(|charge| charge["tossOrderId"].to_string()).collect();
    assert_eq!(orders.len(), 3);
    assert_eq!(charges[0]["failure"]["code"], "REJECT_CARD_PAYMENT");
    until("it is unpaid", async || {
        (scene.subscription(&subscription).await["status"] == "unpaid").then_some(())
    })
    .await;
    assert_eq!(scene.approvals(), 0);

    let resume = format!("/v1/subscriptions/{subscription}/resume");
    scene.world.api.shop_post(&resume, &json!({"billingKey": good})).await.has_status(200);
    scene.until_charges(&subscription, &["refused", "refused", "refused", "done"]).await;
    assert_eq!(scene.approvals(), 1);
    scene.all_is_well().await;
}

#[tokio::test]
async fn h6_the_shop_hears_once_that_a_subscription_is_past_due_unpaid_active_again_and_over() {
    let world = world("[billing]\nretry_after_ms = [300]\n").await;
    let mut scene = Scene::beside(world).await;
    let poor = NewBillingAuth::card(&scene.customer_key).refused_with("REJECT_CARD_PAYMENT");
    let proof = scene.world.toss.authenticate_billing(&poor).expect("an authKey");
    let key = scene.world.api.once(&fresh_key(), &scene.keys(), &json!({"authKey": proof})).await;
    let key = key.has_status(201)["id"].as_str().expect("an id").to_owned();
    let good = std::mem::replace(&mut scene.key, key);
    let subscription = scene.subscribe().await;
    let events = scene.until_told(&subscription, &["past_due", "unpaid"]).await;
    assert_eq!(events[0]["data"]["failure"]["code"], "REJECT_CARD_PAYMENT");
    scene.world.restart().await;

    let change = |what: &str| format!("/v1/subscriptions/{subscription}/{what}");
    let api = scene.world.api.clone();
    api.shop_post(&change("resume"), &json!({"billingKey": good})).await.has_status(200);
    scene.until_told(&subscription, &["past_due", "unpaid", "past_due", "active"]).await;
    for _ in 0..2 {
        api.shop_post(&change("pause"), &json!({})).await.has_status(200);
    }
    api.shop_post(&change("resume"), &json!({})).await.has_status(200);
    for _ in 0..2 {
        api.shop_post(&change("cancel"), &json!({})).await.has_status(200);
    }
    let whole = ["past_due", "unpaid", "past_due", "active", "paused", "active", "canceled"];
    let told = scene.until_told(&subscription, &whole).await;
    for (place, event) in told.iter().enumerate() {
        assert_eq!(event["sequence"], place + 1, "{event}");
        assert_eq!(event["data"]["customerId"], scene.customer.as_str());
    }
    assert_eq!((&told[1]["data"]["period"], &told[3]["data"]["period"]), (&json!(0), &json!(1)));
    scene.world.restart().await;
    assert_eq!(scene.until_told(&subscription, &whole).await, told, "in the same bytes");
    scene.all_is_well().await;
}

#[tokio::test]
async fn an_operator_sees_what_a_charge_came_to_and_what_does_not_fit_together() {
    let scene = Scene::new(HASTY).await;
    let refused = || FaultKind::FailBefore { status: 403, code: Some("REJECT_CARD_PAYMENT".to_owned()) };
    scene.world.spoil(FaultOperation::BillingCharge, refused());
    let subscription = scene.subscribe().await;
    let charges = scene.until_charges(&subscription, &["refused", "done"]).await;
    let id = |at: usize| charges[at]["id"].as_str().expect("an id");
    let said = async |arguments: &[&str]| scene.world.tool(arguments).await.well();
    // The order of the payment has the charge's bytes; a refused charge has no order, and is told all the same.
    let (done, refused) = (said(&["explain", id(1)]).await, said(&["explain", id(0)]).await);
    let korean = said(&["explain", id(0), "--lang", "ko"]).await;
    for story in [&done, &refused, &korean] {
        for word in [&subscription, id(0), id(1), "REJECT_CARD_PAYMENT"] {
            assert!(story.contains(word), "{word:?} is not in:\n{story}");
        }
    }
    assert!(done.contains("9900 were taken") && done.contains("For period 0"), "{done}");
    assert!(!refused.contains("were taken, ") && refused.contains("nothing was taken"), "{refused}");
    assert!(korean.contains("0회차") && korean.contains("청구된 금액이 없습니다"), "{korean}");

    assert!(said(&["verify"]).await.contains(" 2 charges,"));
    scene.world.db().execute("UPDATE charges SET amount = 1 WHERE state = 'done'", []).expect("a forgery");
    let verified = scene.world.run(&["verify"]).await;
    let found = String::from_utf8(verified.stdout).expect("text");
    assert!(!verified.status.success() && found.contains("S21 payment"), "{found}");
    assert!(found.contains("it is over 1 won, its payment took 9900 won"), "{found}");
}

#[tokio::test]
async fn d10_many_equal_requests_charge_once() {
    let scene = Scene::new("").await;
    let (name, path) = (fresh_key(), format!("/v1/customers/{}/charges", scene.customer));
    let body = json!({"billingKey": scene.key, "amount": 9_900, "orderName": "한 번"});
    let jobs = (0..16).map(|_| send(scene.world.api.keyed(&name, &path, &body)));
    for answer in at_once(jobs).await {
        assert!(matches!(answer.status, 201 | 409), "{answer:?}");
    }
    assert_eq!(scene.approvals(), 1);
}

/// Whoever answers for a subscription is not told to try again because others, or the recovery, were at it too.
#[tokio::test]
async fn changes_of_one_subscription_that_meet_are_all_made() {
    let scene = Scene::new("").await;
    let id = scene.subscribe().await;
    let jobs = (0..32).map(|at| {
        let change = if at % 2 == 0 { "pause" } else { "resume" };
        let path = format!("/v1/subscriptions/{id}/{change}");
        send(scene.world.api.post(&path, "{}").bearer_auth(&scene.world.api.key))
    });
    for answer in at_once(jobs).await {
        answer.has_status(200);
    }
    scene.all_is_well().await;
}

#[tokio::test]
async fn a_key_that_is_deleted_at_toss_is_doubted_and_its_next_charge_tells() {
    let scene = Scene::new("").await;
    let secret = format!("Zk3tQm1x{}", unique());
    let import = json!({"billingKey": format!("{secret}="), "customerKey": scene.customer_key});
    let key = scene.world.api.once(&fresh_key(), &scene.keys(), &import).await.has_status(201);
    // Without the padding, as Toss may write it.
    let notice = json!({"eventType": "BILLING_DELETED", "data": {"billingKey": secret, "reason": "r"}});
    send(scene.world.api.post("/webhooks/toss", notice.to_string())).await.has_status(200);
    let list = scene.world.api.shop_get(&scene.keys()).await.has_status(200);
    let doubted: Vec<_> =
        list["billingKeys"].as_array().unwrap().iter().filter(|key| !key["doubtedAt"].is_null()).collect();
    assert_eq!((doubted.len(), &doubted[0]["id"]), (1, &key["id"]));
    assert_eq!(doubted[0]["state"], "active", "nobody believes it yet");

    let path = format!("{}/{}", scene.keys(), scene.key);
    let deleted = send(reqwest_delete(&scene.world.api, &path)).await.has_status(200);
    assert_eq!(deleted["state"], "deleted");
    let everything = std::fs::read(scene.world.database()).unwrap();
    let wal = scene.world.database().with_extension("db-wal");
    let everything = [everything, std::fs::read(wal).unwrap_or_default()].concat();
    for place in [String::from_utf8_lossy(&everything), scene.world.logs().into()] {
        assert!(!place.contains(&secret), "a billing key is in the clear");
    }
}

fn reqwest_delete(api: &crate::support::Api, path: &str) -> reqwest::RequestBuilder {
    crate::support::http_client().delete(format!("{}{path}", api.url)).bearer_auth(&api.key)
}
