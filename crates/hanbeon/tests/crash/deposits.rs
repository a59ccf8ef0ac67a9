//! Killed again and again while deposits come, are taken back and come again: in the end we know what Toss knows, and the
//! shop was told each change once, in an order that can be.
use crate::buyer::Buyer;
use crate::doors::Doors;
use crate::feed;
use crate::plan::{Dice, Plan, dies_within};
use crate::relay::Relay;
use crate::rest::webhooks_arrive;
use crate::support::{World, until};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use toss_sandbox::{Config, NewPayment, WebhookEndpoint};

const LIVES: u64 = 16;
const ACCOUNTS: u64 = 24;
/// How long a life may be.
const LIFE: Duration = Duration::from_millis(600);
const SETTINGS: &str = "[payments]\ndeposit_settle_ms = 300\n[limits]\nanswer_within_ms = 400\n\
                        store_retry_ms = 100\n[log]\nfilter = \"warn\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s22_g2_every_change_of_a_deposit_is_told_once_however_often_the_server_is_killed() {
    let seed = RandomState::new().build_hasher().finish() >> 32;
    println!("seed {seed}");
    let toss = Config { webhook_compression: 1_200, ..Config::default() };
    let mut world = World::beside(toss, SETTINGS).await;
    world.open_toss();
    world.start().await;
    let (door, server) = watch::channel(Some(world.api.clone()));
    let relay = Relay::start(Doors::new(vec![server])).await;
    world.toss.add_webhook_endpoint(WebhookEndpoint::new(relay.webhooks())).expect("a good address");
    let mut buyers = Vec::new();
    for _ in 0..ACCOUNTS {
        let mut buyer = Buyer::ready(&world, 1_000).await;
        let account = NewPayment::card(&buyer.toss_order, 1_000).by("가상계좌");
        buyer.key = world.toss.authenticate(&account).expect("a payment");
        buyers.push(buyer);
    }
    let (mut plan, mut dice) = (Plan::new(seed), Dice::new(seed, 7));
    let (mut deposits, mut reversals, mut kills) = (0, 0, 0);
    world.kill().await;
    for _ in 0..LIVES {
        let kill = plan.next();
        // What the database refuses here and there is another loop's affair.
        world.environment = if kill.refused().is_some() { Vec::new() } else { kill.environment() };
        let lives = world.try_start().await.is_ok();
        if lives {
            door.send_replace(Some(world.api.clone()));
        }
        for buyer in &buyers {
            if dice.below(3) == 0 {
                let _ = timeout(Duration::from_millis(40), buyer.try_confirm(&world.api)).await;
            }
            match (world.status_at_toss(&buyer.key).as_str(), dice.below(4)) {
                ("WAITING_FOR_DEPOSIT", 0 | 1) => {
                    world.toss.deposit(&buyer.key).expect("it waits");
                    deposits += 1;
                }
                ("DONE", 0) => {
                    world.toss.reverse_deposit(&buyer.key).expect("it is there");
                    reversals += 1;
                }
                _ => {}
            }
        }
        let died = !lives || dies_within(&mut world, LIFE).await;
        door.send_replace(None);
        kills += u64::from(died);
        if !died {
            world.kill().await;
        }
    }
    world.environment.clear();
    world.start().await;
    door.send_replace(Some(world.api.clone()));
    for buyer in &buyers {
        buyer.confirm(&world.api).await;
    }
    webhooks_arrive(&world).await;
    for buyer in &buyers {
        agrees_in_the_end(&world, buyer).await;
    }
    world.kill().await;
    let verified = world.run(&["verify"]).await;
    assert!(verified.status.success(), "{verified:?}");
    println!("{deposits} deposits, {reversals} taken back, {kills} of {LIVES} lives ended at a named point");
    assert!(deposits > 20 && reversals > 3, "{deposits} deposits, {reversals} taken back show little");
}

async fn agrees_in_the_end(world: &World, buyer: &Buyer) {
    let at_toss = world.status_at_toss(&buyer.key);
    let (state, last) = match at_toss.as_str() {
        "DONE" => ("paid", ["payment.paid"].as_slice()),
        "WAITING_FOR_DEPOSIT" => {
            ("waiting_for_deposit", ["payment.waiting_for_deposit", "payment.deposit_reverted"].as_slice())
        }
        other => panic!("{} is {other}", buyer.key),
    };
    world.until_stored(&buyer.key, state).await;
    let told = until("the last change is told", async || {
        let events = feed::of_order(world, &buyer.order).await;
        let told: Vec<_> =
            events.iter().map(|event| event["type"].as_str().expect("a type").to_owned()).collect();
        told.last().is_some_and(|told| last.contains(&told.as_str())).then_some(told)
    })
    .await;
    let steps = std::iter::once("").chain(told.iter().map(String::as_str));
    for (before, after) in steps.zip(&told) {
        let follows = match before {
            "" => ["payment.waiting_for_deposit", "payment.paid"].contains(&after.as_str()),
            "payment.waiting_for_deposit" | "payment.deposit_reverted" => after == "payment.paid",
            "payment.paid" => after == "payment.deposit_reverted",
            _ => false,
        };
        assert!(follows, "{} is {at_toss}: {told:?}", buyer.key);
    }
}
