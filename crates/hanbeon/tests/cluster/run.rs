//! A run: shoppers, webhooks and a reader of events around a fleet; and how it comes to its end.
//!
//! 1. the database has no schema yet, and all servers start at once with it;
//! 2. shoppers shop at all of them, while the test does what it is about;
//! 3. the faults stop, the shoppers come to their ends, every webhook arrives;
//! 4. all servers are killed once more, everything that was asked under a key is asked again, all comes to rest;
//! 5. the story is checked.
use crate::feed::{self, Told};
use crate::fleet::Fleet;
use crate::lies::lie;
use crate::mirror::{a_lease_passes, mirror, moving};
use crate::plan::Dice;
use crate::relay::Relay;
use crate::rest::{asked_again, webhooks_arrive};
use crate::shopper::{Street, Tale};
use crate::story;
use crate::summary::Summary;
use crate::support::{World, until};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use toss_sandbox::{Config, WebhookEndpoint};

const SHOPPERS: u64 = 8;
/// Toss's minutes between two tries of a webhook, made short: 50 ms, 200 ms, 800 ms, …
const WEBHOOK_COMPRESSION: u32 = 1_200;
/// Buyers who do not wait long, in ms.
pub(crate) const HURRY: u64 = 400;
/// A store that is given up soon.
const SETTINGS: &str = "store_retry_ms = 100\ndrain_ms = 3000\n[log]\nfilter = \"warn\"\n";

pub(crate) struct Run {
    pub(crate) world: World,
    pub(crate) fleet: Fleet,
    street: Arc<Street>,
    shoppers: Vec<JoinHandle<Vec<Tale>>>,
    feed: JoinHandle<Told>,
    _relay: Relay,
    started: Instant,
}

impl Run {
    /// A fleet of this size over the database at this URL, and its load: buyers who wait so many ms for an answer.
    pub(crate) async fn start(url: &str, size: usize, seed: u64, answer_within_ms: u64) -> Self {
        let toss = Config { webhook_compression: WEBHOOK_COMPRESSION, ..Config::default() };
        let settings = format!("[limits]\nanswer_within_ms = {answer_within_ms}\n{SETTINGS}");
        let mut world = World::beside(toss, &settings).await;
        world.open_toss();
        world.environment = vec![("HANBEON_DATABASE_URL", url.to_owned())];
        world.make_key().await;
        let mut fleet = Fleet::new(size);
        fleet.start(&world).await;
        lie(&world);
        let relay = Relay::start(fleet.doors.clone()).await;
        world.toss.add_webhook_endpoint(WebhookEndpoint::new(relay.webhooks())).expect("a good address");
        let street = Arc::new(Street::new(world.toss.clone(), fleet.doors.clone()).with_patience());
        let shoppers = (1..=SHOPPERS).map(|lane| {
            let (street, dice) = (Arc::clone(&street), Dice::new(seed, lane));
            tokio::spawn(async move { street.shop(dice).await })
        });
        let shoppers = shoppers.collect();
        let feed = tokio::spawn(feed::follow(Arc::clone(&street)));
        Self { world, fleet, street, shoppers, feed, _relay: relay, started: Instant::now() }
    }

    /// Waits until so many more calls have come to Toss: the load goes on. Who waits for somebody's lease to run out does not
    /// wait for long.
    pub(crate) async fn goes_on(&self, calls: u64, books: &str) {
        let at = || self.world.toss.journal(u64::MAX, 0).last_seq;
        let mut looked = Instant::now();
        let before = at();
        until("the load goes on", async || {
            let_pass(&mut looked, books);
            (at() >= before + calls).then_some(())
        })
        .await;
    }

    /// How often somebody was told "not now" so far.
    pub(crate) fn turned_away(&self) -> u64 {
        self.street.turned_away()
    }

    /// Ends the load, and checks; `books` is where the database is now.
    pub(crate) async fn end(mut self, books: &str) -> Summary {
        self.street.close();
        self.world.toss.clear_faults();
        self.fleet.start(&self.world).await;
        let mut tales: Vec<Tale> = Vec::new();
        for shopper in std::mem::take(&mut self.shoppers) {
            // Who waits for somebody's lease to run out does not wait for long.
            let passing = async {
                loop {
                    sleep(Duration::from_secs(1)).await;
                    a_lease_passes(books);
                }
            };
            tokio::select! {
                theirs = shopper => tales.extend(theirs.expect("no shopper panics")),
                () = passing => {}
            }
        }
        let told = (&mut self.feed).await.expect("the reader does not panic");
        let told_again = webhooks_arrive(&self.world).await;
        self.fleet.kill().await;
        a_lease_passes(books);
        self.fleet.start(&self.world).await;
        self.world.api = self.fleet.api();
        let (repeated, first) = asked_again(&self.world, &mut tales).await;
        let mut looked = Instant::now();
        until("all rests", async || {
            let_pass(&mut looked, books);
            (moving(books) == "0").then_some(())
        })
        .await;
        mirror(books, &self.world.database());
        let mut findings = story::told(&self.world, &tales);
        feed::check(&self.world, &told, &mut findings).await;
        let verified = self.world.run(&["verify"]).await;
        let sound = if verified.status.success() { Ok(()) } else { Err(format!("{verified:?}")) };
        findings.note("hanbeon verify", sound);
        let small = |figure| usize::try_from(figure).unwrap_or(usize::MAX);
        findings.count("answers of ours that nobody heard", small(self.street.lost()));
        findings.count("answers of \"not now\"", small(self.street.turned_away()));
        findings.count("webhooks dropped and sent again for what only they told", told_again);
        findings.count("requests repeated under their key, at another server", repeated);
        findings.count("requests under a key that nobody had heard the answer of", first);
        let mut summary = Summary::default();
        summary.add(findings);
        println!("{}", summary.table(self.started.elapsed()));
        summary.assert_one_story();
        summary
    }
}

/// A lease, now and then.
fn let_pass(last: &mut Instant, books: &str) {
    if last.elapsed() > Duration::from_secs(2) {
        a_lease_passes(books);
        *last = Instant::now();
    }
}
