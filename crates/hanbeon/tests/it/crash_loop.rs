//! Killed at random moments, again and again, with a network that lies: in the end our database and the
//! sandbox's journal tell the same story, and nobody was told another one.
use crate::buyer::Buyer;
use crate::support::{Answer, World, until};
use rusqlite::Row;
use std::collections::HashMap;
use tokio::task::JoinHandle;
use toss_sandbox::{EffectKind, FaultKind, FaultOperation, FaultRule, JournalEntry, When};

const CYCLES: u64 = 15;
const BUYERS: u64 = 12;
const AMOUNT: i64 = 1_000;

/// Numbers that look random and can be had again (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A buyer, and everything that it was told.
struct Tale {
    buyer: Buyer,
    confirms: Vec<Answer>,
    cancels: Vec<Answer>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_crash_loop_ends_with_one_story() {
    let mut dice = Dice(0x5eed_0000_0000_0001 ^ u64::from(std::process::id()) << 8);
    println!("seed {:#x}", dice.0);
    let mut world = World::new().await;
    lie(&world);
    let mut tales = Vec::new();
    let (mut killed_over, mut pending) = (0, 0);
    for _ in 0..CYCLES {
        let mut running = Vec::new();
        for _ in 0..BUYERS {
            let buyer = Buyer::ready(&world, AMOUNT).await;
            running.push(shop(&world, buyer, dice.below(4)));
        }
        // A moment is counted in calls that have reached Toss.
        let moment = world.toss.journal(u64::MAX, 0).last_seq + 1 + dice.below(2 * BUYERS);
        until("the moment has come", async || {
            let ended = running.iter().all(JoinHandle::is_finished);
            (ended || world.toss.journal(u64::MAX, 0).last_seq >= moment).then_some(())
        })
        .await;
        world.kill().await;
        for tale in running {
            let tale = tale.await.unwrap();
            killed_over += usize::from(tale.confirms.is_empty());
            pending += tale.confirms.iter().filter(|answer| answer.status == 202).count();
            tales.push(tale);
        }
        world.start().await;
    }
    world.toss.clear_faults();
    world.restart().await;
    world.until_quiet().await;
    println!("{killed_over} buyers lost their server, {pending} were told to wait");
    one_story(&world, &tales);
}

/// Every kind of trouble, for a few calls in a hundred each.
fn lie(world: &World) {
    for operation in [FaultOperation::Confirm, FaultOperation::Cancel] {
        for (kind, permille) in [
            (FaultKind::LoseReply, 100),
            (FaultKind::Drop, 80),
            (FaultKind::FailBefore { status: 500, code: None }, 50),
            (FaultKind::FailAfter { status: 500, code: None }, 50),
            (FaultKind::Html { status: 502 }, 30),
            (FaultKind::CutBody { bytes: 100 }, 30),
            (FaultKind::Delay { ms: 60, when: When::Before }, 200),
            (FaultKind::Delay { ms: 60, when: When::After }, 200),
        ] {
            let rule = FaultRule { permille, ..FaultRule::new(operation, kind).times(0) };
            world.toss.add_fault(rule).unwrap();
        }
    }
    let unreadable = FaultRule::new(FaultOperation::Read, FaultKind::Drop).times(0);
    world.toss.add_fault(FaultRule { permille: 100, ..unreadable }).unwrap();
}

/// Two clicks at once, and then perhaps second thoughts.
fn shop(world: &World, buyer: Buyer, mood: u64) -> JoinHandle<Tale> {
    let api = world.api.clone();
    tokio::spawn(async move {
        let (one, two) = tokio::join!(buyer.try_confirm(&api), buyer.try_confirm(&api));
        let confirms: Vec<_> = one.into_iter().chain(two).collect();
        let mut cancels = Vec::new();
        if confirms.iter().any(|answer| answer.status == 200) && mood > 0 {
            let (one, two) = tokio::join!(buyer.try_cancel(&api), buyer.try_cancel(&api));
            cancels.extend(one.into_iter().chain(two));
        }
        Tale { buyer, confirms, cancels }
    })
}

/// One row of our database.
struct Stored {
    order: String,
    state: String,
    captured: i64,
    refunded: i64,
    reserved: i64,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<(String, Self)> {
        let stored = Self {
            order: row.get(1)?,
            state: row.get(2)?,
            captured: row.get(3)?,
            refunded: row.get(4)?,
            reserved: row.get(5)?,
        };
        Ok((row.get(0)?, stored))
    }
}

fn one_story(world: &World, tales: &[Tale]) {
    let db = world.db();
    let rows = "SELECT toss_payment_key, lower(hex(order_id)), state, captured_amount, refunded_amount, reserved_amount
                FROM payments";
    let mut rows = db.prepare(rows).unwrap();
    let rows: Vec<_> = rows.query_map([], Stored::read).unwrap().collect::<Result<_, _>>().unwrap();
    let ours: HashMap<_, _> = rows.into_iter().collect();
    let journal = world.journal();
    let did = |kind| journal.iter().filter(move |entry: &&JournalEntry| entry.effect == kind);

    for charge in did(EffectKind::Approved) {
        let key = charge.payment_key.as_deref().unwrap();
        assert!(ours.contains_key(key), "{key} was charged, and we do not know it");
        assert_eq!(
            did(EffectKind::Approved).filter(|other| other.payment_key == charge.payment_key).count(),
            1
        );
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (key, stored) in &ours {
        *counts.entry(&stored.state).or_default() += 1;
        let theirs = world.toss.payment(key).unwrap();
        let (status, balance) =
            (theirs["status"].as_str().unwrap(), theirs["balanceAmount"].as_i64().unwrap());
        let returned: i64 = did(EffectKind::Canceled)
            .filter(|cancel| cancel.payment_key.as_ref() == Some(key))
            .map(|cancel| cancel.effect_amount.unwrap())
            .sum();
        let want = match stored.state.as_str() {
            "paid" => ("DONE", AMOUNT, AMOUNT, 0),
            "canceled" => ("CANCELED", 0, AMOUNT, AMOUNT),
            other => panic!("{key} of order {} is {other}, and {status} at Toss", stored.order),
        };
        assert_eq!((status, balance, stored.captured, stored.refunded), want, "{key}");
        assert_eq!((returned, stored.reserved), (stored.refunded, 0), "{key}");
    }
    for Tale { buyer, confirms, cancels } in tales {
        let stored = ours.get(&buyer.key);
        for answer in confirms {
            let known = stored.unwrap_or_else(|| panic!("{} heard {answer:?}", buyer.key));
            assert!(matches!(answer.status, 200 | 202), "{}: {answer:?}", buyer.key);
            assert_eq!((&known.order, known.captured), (&buyer.order, AMOUNT), "{answer:?}");
        }
        for answer in cancels {
            assert!(matches!(answer.status, 200 | 202), "{}: {answer:?}", buyer.key);
            assert_eq!(stored.map(|stored| &*stored.state), Some("canceled"), "{answer:?}");
        }
    }
    let (charges, refunds) = (did(EffectKind::Approved).count(), did(EffectKind::Canceled).count());
    let lost = journal.iter().filter(|entry| entry.lost).count();
    println!(
        "{} orders, {} intents, {charges} charges, {refunds} refunds, {} calls of which {lost} lost their answer; {counts:?}",
        tales.len(),
        ours.len(),
        journal.len()
    );
    assert_eq!(
        counts.get("paid").copied().unwrap_or(0) + counts.get("canceled").copied().unwrap_or(0),
        charges
    );
    assert!(charges > 20 && lost > 3, "a loop in which little happens shows little");
}
