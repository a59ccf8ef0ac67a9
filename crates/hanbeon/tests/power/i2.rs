//! The power goes, again and again.
use crate::claims::{Claim, claims};
use crate::disk::{Dice, Disk, Image, lay_out};
use crate::load::{buyers, fat_orders, lose_some_replies, storm};
use crate::replay::{DATABASE, Findings, replay};
use crate::story::Story;
use crate::support::{World, try_send, until};
use crate::trace::Deed;
use crate::traced::Traced;
use std::collections::HashMap;
use toss_sandbox::EffectKind;

const BUYERS: usize = 8;
/// Shorter than the second and more that two refunds of one payment are apart: the shop is told that one waits.
const SETTINGS: &str = "[limits]\nanswer_within_ms = 1000\n";

/// The archive is where the database is: one disk forgets for both.
const ARCHIVING: &str = "[retention]\narchive = \"data\"\n";
/// After that everything is past its date that ever will be.
const LATER_SECONDS: &str = "8640000";

/// One life of the server.
#[derive(Clone, Copy)]
struct Life {
    /// Is it asked to end when everybody has paid, or killed over it?
    gently: bool,
    /// Large orders before the buyers come.
    fat_orders: usize,
    /// See [`replay`].
    one_in: usize,
}

const KILLED: Life = Life { gently: false, fat_orders: 0, one_in: 1 };
/// Moves its log into its database at its end, and removes the log.
const ENDED: Life = Life { gently: true, ..KILLED };
/// Moves its log into its database while it serves, and begins the log anew.
const FAT: Life = Life { fat_orders: 60, one_in: 60, ..KILLED };
/// After that: everything is larger, so less of it is looked at.
const FAT_AND_ENDED: Life = Life { gently: true, one_in: 20, ..KILLED };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_s1_no_power_cut_forgets_what_left_the_house() {
    let mut cutting = Cutting::new().await;
    lose_some_replies(&cutting.world);
    cutting.first_key().await.demand_none();
    for life in [KILLED, ENDED, KILLED, KILLED, FAT, FAT_AND_ENDED] {
        cutting.live(life, &[]).await.demand_none();
    }
    let told = |wanted: fn(&Claim) -> bool| cutting.due.iter().filter(|claim| wanted(claim)).count();
    let confirms = told(|claim| matches!(claim, Claim::ConfirmLeft { .. }));
    let cancels = told(|claim| matches!(claim, Claim::CancelLeft { .. }));
    let paid = told(|claim| matches!(claim, Claim::ToldOrder { state: "paid", .. }));
    let queued = told(|claim| matches!(claim, Claim::ToldQueued { .. }));
    let kept = told(|claim| matches!(claim, Claim::ToldKept { .. }));
    println!(
        "{confirms} confirms and {cancels} cancels left the house; {paid} times a buyer heard `paid`, {queued} times \
         the shop that a refund waits; {kept} webhooks were answered"
    );
    let eventful = confirms > BUYERS && cancels > 0 && paid > 0 && queued > 0 && kept > BUYERS;
    assert!(eventful, "a run in which little happens shows little");
    cutting.ends_with_one_story().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_with_synchronous_normal_intents_and_payments_are_forgotten() {
    let mut cutting = Cutting::new().await;
    cutting.first_key().await.demand_none();
    let mut nonsense = cutting.world.command(&["keys", "create", "--name", "nobody"]);
    let refused = nonsense.env("HANBEON_TEST_SYNCHRONOUS", "nonsense").output().await.unwrap();
    assert!(!refused.status.success(), "the binary knows no such switch: it was built without `failpoints`");
    let findings = cutting.live(ENDED, &[("HANBEON_TEST_SYNCHRONOUS", "normal")]).await;
    let forgotten = |wanted: fn(&Claim) -> bool| findings.forgotten.iter().any(|(claim, _)| wanted(claim));
    assert!(forgotten(|claim| matches!(claim, Claim::ConfirmLeft { .. })), "no intent was lost");
    let paid = |claim: &Claim| matches!(claim, Claim::ToldOrder { state: "paid", .. });
    assert!(forgotten(paid), "no payment was lost that a buyer had heard of");
    assert!(forgotten(|claim| matches!(claim, Claim::ToldQueued { .. })), "no refund was lost that waited");
    assert!(forgotten(|claim| matches!(claim, Claim::ToldKept { .. })), "no webhook was lost");
    assert_eq!(findings.damage, Vec::<String>::new(), "NORMAL forgets, but it does not damage");
}

/// What is past its date is archived, and then forgotten: at no instant is it nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i9_no_power_cut_forgets_what_is_not_archived() {
    let mut cutting = Cutting::with(ARCHIVING).await;
    cutting.first_key().await.demand_none();
    cutting.live(ENDED, &[]).await.demand_none();
    let old = |claim: &&Claim| matches!(claim, Claim::Saved { .. } | Claim::ToldKept { .. });
    let old = cutting.due.iter().filter(old).count();
    assert!(old > 2 * BUYERS, "a run in which little happens shows little");
    let findings = cutting.forget().await;
    findings.demand_none();
    assert!(findings.comparisons > old, "{findings:?}");
    // The cut may bring back what was made and removed to see whether the folder can be written: a name, and nothing in it.
    let has_rows = |(name, content): &(&String, &Vec<u8>)| !name.starts_with(DATABASE) && !content.is_empty();
    assert_eq!(cutting.left.iter().filter(has_rows).count(), 1, "{:?}", cutting.left.keys());
}

/// A world whose server lives on a disk that forgets.
struct Cutting {
    world: World,
    /// What the last power cut has left.
    left: Image,
    /// What had left the house by then, over all lives.
    due: Vec<Claim>,
    dice: Dice,
}

impl Cutting {
    async fn new() -> Self {
        Self::with(SETTINGS).await
    }

    /// Toss answers; the disk is empty.
    async fn with(settings: &str) -> Self {
        let world = World::without_server(settings).await;
        world.open_toss();
        let seed = u64::from(std::process::id());
        println!("seed {seed}");
        Self { world, left: Image::new(), due: Vec::new(), dice: Dice(seed) }
    }

    fn start(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Traced {
        Traced::start(&self.world, arguments, environment, |folder| lay_out(&self.left, folder))
    }

    /// The key that all lives use, made on the empty disk.
    async fn first_key(&mut self) -> Findings {
        let mut program = self.start(&["keys", "create", "--name", "power"], &[]);
        let deeds = program.deeds().await;
        program.printed().trim().clone_into(&mut self.world.api.key);
        let printed = Claim::Key { name: "power".to_owned() };
        self.cut(&deeds, &[(deeds.len() - 1, printed)], 1)
    }

    /// Buyers pay and cancel, and the server dies over it or ends.
    async fn live(&mut self, life: Life, environment: &[(&str, &str)]) -> Findings {
        let mut server = self.start(&["serve"], environment);
        self.world.api.url = server.url().await;
        fat_orders(&self.world, life.fat_orders).await;
        let buyers = buyers(&self.world, BUYERS).await;
        let calls = if life.gently { usize::MAX } else { 1 + self.dice.below(2 * BUYERS) };
        storm(&self.world, buyers, calls).await;
        if life.gently {
            server.terminate().await;
        } else {
            server.kill();
        }
        let deeds = server.deeds().await;
        let moved = deeds.iter().any(|deed| matches!(deed, Deed::Wrote { file, .. } if file == DATABASE));
        assert_eq!(moved, life.gently || life.fat_orders > 0, "the log was moved into the database");
        let claims = claims(&deeds, port(&self.world.toss_url), port(&self.world.api.url));
        self.cut(&deeds, &claims, life.one_in)
    }

    /// A hundred days later the server forgets, and dies when it has.
    async fn forget(&mut self) -> Findings {
        let clock = self.world.folder.path().join("clock");
        std::fs::write(&clock, LATER_SECONDS).expect("a file");
        let mut server =
            self.start(&["serve"], &[("HANBEON_CLOCK_FILE", clock.to_str().expect("a path of text"))]);
        self.world.api.url = server.url().await;
        until("something is forgotten", async || {
            let metrics = try_send(self.world.api.get("/metrics")).await.ok()?.body;
            (!metrics.contains("hanbeon_rows_forgotten_total 0")).then_some(())
        })
        .await;
        server.kill();
        let deeds = server.deeds().await;
        let claims = claims(&deeds, port(&self.world.toss_url), port(&self.world.api.url));
        self.cut(&deeds, &claims, 1)
    }

    /// Cuts the power at every deed, and for good after the last.
    fn cut(&mut self, deeds: &[Deed], claims: &[(usize, Claim)], one_in: usize) -> Findings {
        let mut disk = Disk::holding(std::mem::take(&mut self.left));
        let findings = replay(&mut disk, deeds, claims, &mut self.due, &mut self.dice, one_in);
        self.left = disk.some(&mut self.dice);
        let Findings { cuts, images, comparisons, .. } = &findings;
        println!(
            "{cuts} cuts, {images} images, {} claims more, {comparisons} comparisons; left: {:?}",
            claims.len(),
            self.left.iter().map(|(name, bytes)| (name, bytes.len())).collect::<Vec<_>>()
        );
        findings
    }

    /// The power is back for good: everything ends, and everybody was told the truth.
    async fn ends_with_one_story(&mut self) {
        let world = &mut self.world;
        world.toss.clear_faults();
        for file in std::fs::read_dir(world.folder.path()).unwrap().map(|file| file.unwrap().path()) {
            if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(DATABASE)) {
                std::fs::remove_file(file).unwrap();
            }
        }
        lay_out(&self.left, world.folder.path());
        world.start().await;
        until("nothing is under way, and no refund waits", async || {
            let moving = "SELECT (SELECT count(*) FROM payments WHERE state IN ('confirming', 'canceling'))
                            + (SELECT count(*) FROM refunds WHERE state IN ('queued', 'sending'))";
            let moving: i64 = world.db().query_row(moving, [], |row| row.get(0)).expect("a count");
            (moving == 0).then_some(())
        })
        .await;
        world.terminate().await;
        assert!(world.ended().await.success());
        let story = Story::of(&world.database()).unwrap();
        let objections: Vec<_> = self.due.iter().filter_map(|claim| story.objects_to(claim)).collect();
        assert!(objections.is_empty(), "{objections:#?}");
        agrees_with_toss(world);
    }
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

/// Every payment is in the state that Toss has it in, every charge is known, and nobody was charged twice.
fn agrees_with_toss(world: &World) {
    let mut approved: HashMap<String, usize> = HashMap::new();
    for charge in world.journal().into_iter().filter(|entry| entry.effect == EffectKind::Approved) {
        *approved.entry(charge.payment_key.unwrap()).or_default() += 1;
    }
    let db = world.db();
    let known = "SELECT toss_payment_key, state, captured_amount - refunded_amount FROM payments";
    let mut known = db.prepare(known).unwrap();
    let known = known.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut charged = 0;
    for payment in known {
        let (key, state, left): (String, String, i64) = payment.unwrap();
        let theirs = world.toss.payment(&key).unwrap();
        let (status, balance) =
            (theirs["status"].as_str().unwrap(), theirs["balanceAmount"].as_i64().unwrap());
        let times = approved.remove(&key).unwrap_or(0);
        let agreed = match (state.as_str(), status) {
            ("declined", "ABORTED") => times == 0,
            ("paid", "DONE") | ("partially_canceled", "PARTIAL_CANCELED") => times == 1 && left == balance,
            // A part and then the rest: Toss goes on to say "partially".
            ("canceled", "CANCELED" | "PARTIAL_CANCELED") => times == 1 && left == 0 && balance == 0,
            _ => false,
        };
        assert!(
            agreed,
            "{key} is {state} with {left} won left, and {status} with {balance} at Toss; charged {times} times"
        );
        charged += times;
        *counts.entry(state).or_default() += 1;
    }
    assert!(approved.is_empty(), "charged, and we do not know it: {approved:?}");
    println!("{charged} charges, {counts:?}");
    assert!(charged >= BUYERS, "a run in which little happens shows little");
}
