//! Killed again and again while subscriptions are charged, answers are lost and the clock jumps: in the end every period
//! that has come is paid once, and Toss took no money that we do not know of.
use crate::clock::set_clock;
use crate::plan::{Dice, Plan, dies_within};
use crate::support::{Answer, Api, BOUND, World, send, try_send, until};
use hanbeon_domain::Timestamp;
use hanbeon_domain::billing::{Day, Schedule};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, NewBillingAuth, Operation, When};

const LIVES: u64 = 20;
const SUBSCRIPTIONS: u64 = 12;
const AMOUNT: i64 = 9_900;
/// How long a life may be.
const LIFE: Duration = Duration::from_millis(500);
const DAY: i64 = 24 * 60 * 60;
const VAULT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SETTINGS: &str = "[limits]\ntoss_timeout_ms = 700\ntoss_connect_timeout_ms = 500\nanswer_within_ms = 400\n\
                        store_retry_ms = 100\n[billing]\nretry_after_ms = [0, 0]\n[log]\nfilter = \"warn\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h1_h2_s21_every_period_is_charged_once_however_often_the_server_is_killed_and_the_clock_jumps() {
    let seed = RandomState::new().build_hasher().finish() >> 32;
    println!("seed {seed}");
    let mut scene = Scene::new(seed).await;
    let mut plan = Plan::new(seed);
    let mut kills = 0;
    scene.world.kill().await;
    for _ in 0..LIVES {
        let kill = plan.next();
        // What the database refuses here and there is another loop's affair.
        let point = if kill.refused().is_some() { Vec::new() } else { kill.environment() };
        kills += u64::from(scene.life(&point).await);
    }
    scene.world.environment = scene.environment.clone();
    scene.world.toss.clear_faults();
    scene.world.start().await;
    scene.until_all_is_settled().await;
    let books = scene.books_agree().await;
    println!(
        "{} charges of subscriptions and {} others, {} looks, {kills} of {LIVES} lives ended at a named point, \
         {} days",
        books.of_periods,
        books.others,
        books.looks,
        scene.off / DAY
    );
    assert!(books.of_periods > 20 && books.others > 10 && books.looks > 5, "it shows little");
}

struct Scene {
    world: World,
    /// Of every life, without its point.
    environment: Vec<(&'static str, String)>,
    dice: Dice,
    /// The clock of the server is off by so many seconds, and was at most.
    off: i64,
    furthest: i64,
    jumps: u32,
    customers: Vec<Agreed>,
    /// What the shop wanted outside subscriptions: its `Idempotency-Key`, and of whom.
    wishes: Vec<(String, usize)>,
}

/// A customer with a key and a subscription.
struct Agreed {
    customer: String,
    key: String,
    subscription: String,
}

/// What both sides have written down.
struct Books {
    of_periods: usize,
    others: usize,
    /// How often somebody had to ask what became of a charge.
    looks: usize,
}

impl Scene {
    async fn new(seed: u64) -> Self {
        let mut world = World::without_server(SETTINGS).await;
        let clock = world.folder.path().join("clock").display().to_string();
        let environment = vec![("HANBEON_VAULT_KEY", VAULT.to_owned()), ("HANBEON_CLOCK_FILE", clock)];
        world.environment.clone_from(&environment);
        set_clock(&world, 0);
        world.open_toss();
        world.start().await;
        let mut customers = Vec::new();
        for at in 0..SUBSCRIPTIONS {
            customers.push(agreed(&world, at).await);
        }
        let dice = Dice::new(seed, 11);
        Self { world, environment, dice, off: 0, furthest: 0, jumps: 0, customers, wishes: Vec::new() }
    }

    /// One life, and whether it ended by itself.
    async fn life(&mut self, point: &[(&'static str, String)]) -> bool {
        self.world.environment = [&self.environment[..], point].concat();
        self.jump();
        self.spoil();
        if self.world.try_start().await.is_err() {
            return true;
        }
        for _ in 0..2 {
            let of = usize::try_from(self.dice.below(SUBSCRIPTIONS)).expect("few");
            self.wishes.push((format!("once-{}", self.wishes.len()), of));
            let wish = self.wish(&self.world.api, self.wishes.len() - 1);
            let _ = timeout(Duration::from_millis(40), try_send(wish)).await;
        }
        if self.dice.below(2) == 0 {
            self.jump();
        }
        let of = usize::try_from(self.dice.below(SUBSCRIPTIONS)).expect("few");
        let resume = self.resume(&self.customers[of].subscription);
        let _ = timeout(Duration::from_millis(40), try_send(resume)).await;
        let died = dies_within(&mut self.world, LIFE).await;
        if !died {
            self.world.kill().await;
        }
        died
    }

    /// The clock goes on by a month or by days, or back.
    fn jump(&mut self) {
        self.jumps += 1;
        self.off += match self.dice.below(6) {
            _ if self.jumps.is_multiple_of(4) => 31 * DAY,
            0 => -20 * DAY,
            days => DAY * i64::try_from(days).expect("few"),
        };
        self.furthest = self.furthest.max(self.off);
        set_clock(&self.world, self.off);
    }

    fn spoil(&mut self) {
        for _ in 0..4 {
            let kind = match self.dice.below(7) {
                0 => FaultKind::Drop,
                1 => FaultKind::FailAfter { status: 500, code: None },
                2 => FaultKind::FailBefore { status: 403, code: Some("REJECT_CARD_PAYMENT".to_owned()) },
                3 => FaultKind::Delay { ms: 900, when: When::After },
                _ => FaultKind::LoseReply,
            };
            self.world.spoil(FaultOperation::BillingCharge, kind);
        }
        self.world.spoil(FaultOperation::ReadByOrder, FaultKind::Drop);
    }

    fn wish(&self, api: &Api, at: usize) -> reqwest::RequestBuilder {
        let (name, of) = &self.wishes[at];
        let Agreed { customer, key, .. } = &self.customers[*of];
        let body = json!({"billingKey": key, "amount": AMOUNT, "orderName": "한 번"});
        keyed(api, name, &format!("/v1/customers/{customer}/charges"), &body)
    }

    fn resume(&self, subscription: &str) -> reqwest::RequestBuilder {
        let path = format!("/v1/subscriptions/{subscription}/resume");
        self.world.api.post(&path, "{}").bearer_auth(&self.world.api.key)
    }

    /// The clock goes on until every period that has come is paid. A shop looks after what is unpaid.
    async fn until_all_is_settled(&mut self) {
        self.off = self.furthest;
        let started = Instant::now();
        loop {
            self.off += DAY;
            set_clock(&self.world, self.off);
            let mut behind = 0;
            for agreed in &self.customers {
                // It also wakes whoever sleeps by the old clock.
                let now = send(self.resume(&agreed.subscription)).await.has_status(200);
                behind += usize::from(now["status"] != "active" || self.is_due(&now));
            }
            let open = "SELECT count(*) FROM charges WHERE state = 'charging'";
            let open: i64 = self.world.db().query_row(open, [], |row| row.get(0)).expect("a count");
            if behind == 0 && open == 0 {
                return;
            }
            assert!(started.elapsed() < BOUND, "{behind} subscriptions are behind, {open} charges unknown");
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn is_due(&self, subscription: &Value) -> bool {
        let number =
            |name: &str| u8::try_from(subscription[name].as_u64().expect("a number")).expect("small");
        let start = Day::parse(subscription["start"].as_str().expect("a day")).expect("a day");
        let schedule = Schedule::new(start, number("anchor"), number("intervalMonths")).expect("a schedule");
        let period = subscription["period"].as_u64().expect("a period");
        let now: i64 =
            self.world.db().query_row("SELECT unixepoch('now')", [], |row| row.get(0)).expect("the time");
        let now = Timestamp::from_micros((now + self.off) * 1_000_000);
        schedule.charged_at(u32::try_from(period).expect("few")) <= now
    }

    /// Toss's journal, our charges and what the shop was answered tell one story.
    async fn books_agree(&self) -> Books {
        let ours = charges(&self.world.db());
        let mut taken = BTreeMap::<String, i64>::new();
        for call in self.world.journal() {
            if call.effect != EffectKind::Approved {
                continue;
            }
            let order = call.order_id.expect("a charge has an order");
            let amount = call.effect_amount.expect("an approval has an amount");
            assert_eq!(taken.insert(order.clone(), amount), None, "{order} was taken twice");
        }
        let done: BTreeMap<_, _> = ours
            .iter()
            .filter(|charge| charge.state == "done")
            .map(|c| (c.order.clone(), c.amount))
            .collect();
        assert_eq!(taken, done, "what Toss took is what we know of");
        for agreed in &self.customers {
            let now = self.world.api.shop_get(&format!("/v1/subscriptions/{}", agreed.subscription)).await;
            let period = now.has_status(200)["period"].as_i64().expect("a period");
            let its =
                ours.iter().filter(|charge| charge.subscription == agreed.subscription.replace('-', ""));
            let paid: Vec<_> = its.filter(|charge| charge.state == "done").filter_map(|c| c.period).collect();
            assert_eq!(paid, (0..period).collect::<Vec<_>>(), "S21: {}", agreed.subscription);
        }
        self.shop_was_told().await;
        let mut ids = BTreeSet::new();
        for at in 0..self.wishes.len() {
            let answer = self.answered(at).await;
            assert!(matches!(answer.status, 200 | 201 | 402 | 403), "{answer:?}");
            if answer.status < 300 {
                assert!(ids.insert(answer.json()["id"].to_string()), "two wishes are one charge");
            }
        }
        let verified = self.world.run(&["verify"]).await;
        assert!(verified.status.success(), "{verified:?}");
        let of_periods =
            ours.iter().filter(|charge| charge.period.is_some() && charge.state == "done").count();
        let looks = self.world.calls(Operation::ReadByOrder);
        Books { of_periods, others: done.len() - of_periods, looks }
    }

    /// H6: each change of a subscription's status was told once, and the last one says where it stands.
    async fn shop_was_told(&self) {
        let (mut told, mut after, mut changes) = (BTreeMap::<String, Vec<String>>::new(), 0, 0);
        loop {
            let page = self.world.api.shop_get(&format!("/v1/events?limit=1000&after={after}")).await;
            let page = page.has_status(200);
            for event in page["events"].as_array().expect("a list") {
                after = event["number"].as_u64().expect("a number");
                let Some(of) = event["data"]["subscriptionId"].as_str() else { continue };
                let its = told.entry(of.to_owned()).or_default();
                let status = event["data"]["status"].as_str().expect("a status").to_owned();
                assert_ne!(its.last(), Some(&status), "told twice: {event}");
                its.push(status);
                assert_eq!(event["sequence"], its.len(), "{event}");
                changes += 1;
            }
            if page["hasMore"] == false {
                break;
            }
        }
        for agreed in &self.customers {
            let last = told.get(&agreed.subscription).and_then(|its| its.last());
            assert_eq!(last.map_or("active", String::as_str), "active", "{}", agreed.subscription);
        }
        println!("{changes} changes of subscriptions were told");
    }

    /// What the shop is answered in the end when it asks the same once more.
    async fn answered(&self, at: usize) -> Answer {
        until("the shop is answered", async || {
            let answer = send(self.wish(&self.world.api, at)).await;
            match answer.status {
                409 | 503 => None,
                202 => {
                    let id = answer.json()["id"].as_str().expect("an id").to_owned();
                    let shown = self.world.api.shop_get(&format!("/v1/charges/{id}")).await;
                    (shown.has_status(200)["state"] != "charging").then_some(shown)
                }
                _ => Some(answer),
            }
        })
        .await
    }
}

fn keyed(api: &Api, name: &str, path: &str, body: &Value) -> reqwest::RequestBuilder {
    api.post(path, body.to_string()).bearer_auth(&api.key).header("idempotency-key", name)
}

async fn agreed(world: &World, at: u64) -> Agreed {
    let made = world.api.shop_post("/v1/customers", &json!({})).await.has_status(201);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (customer, customer_key) = (text(&made["id"]), text(&made["customerKey"]));
    let proof = world.toss.authenticate_billing(&NewBillingAuth::card(&customer_key)).expect("an authKey");
    let keys = format!("/v1/customers/{customer}/billing-keys");
    let register = keyed(&world.api, &format!("key-{at}"), &keys, &json!({"authKey": proof}));
    let key = send(register).await.has_status(201);
    let key = text(&key["id"]);
    let today = world.db().query_row("SELECT date('now', '-1 day')", [], |row| row.get(0));
    let start: String = today.expect("a date");
    let anchor = [31, 1, 29, 15, 30, 8][usize::try_from(at % 6).expect("small")];
    let body = json!({
        "customer": customer, "billingKey": key, "amount": AMOUNT, "orderName": "정기 구독",
        "start": start, "anchor": anchor, "intervalMonths": 1,
    });
    let made = world.api.shop_post("/v1/subscriptions", &body).await.has_status(201);
    Agreed { customer, key, subscription: text(&made["id"]) }
}

struct Row {
    order: String,
    amount: i64,
    state: String,
    subscription: String,
    period: Option<i64>,
}

/// Every charge, by period.
fn charges(db: &Connection) -> Vec<Row> {
    let query = "SELECT c.toss_order_id, p.captured_amount, c.state, lower(hex(c.subscription_id)), c.period
        FROM charges c LEFT JOIN payments p USING (payment_id) ORDER BY c.period";
    let mut statement = db.prepare(query).expect("a statement");
    let rows = statement.query_map([], |row| {
        Ok(Row {
            order: row.get(0)?,
            amount: row.get::<_, Option<i64>>(1)?.unwrap_or_default(),
            state: row.get(2)?,
            subscription: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
            period: row.get(4)?,
        })
    });
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}
