//! The real application, in a world in which everything goes wrong.
use hanbeon_app::Unrecorded;
use hanbeon_testkit::sim::faults::{Crash, Fault, Hiccup, Look, Outage};
use hanbeon_testkit::sim::scenes::{Ending, Scene, Wish};
use hanbeon_testkit::sim::swarm::{Report, run_seed};
use hanbeon_testkit::sim::{Abroad, Bug};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// No request makes more calls than this before its client only waits, and looks again and again.
const CALLS_MAX: u32 = 9;

/// Plays scenes, and remembers how they ended.
#[derive(Default)]
struct Theatre {
    played: u32,
    endings: BTreeMap<String, u32>,
    counts: BTreeMap<&'static str, u32>,
    wrong: Vec<String>,
}

impl Theatre {
    fn play(&mut self, scene: &Scene) -> Ending {
        let ending = scene.play();
        self.played += 1;
        *self.endings.entry(ending.state.clone()).or_default() += 1;
        for (what, count) in &ending.counts {
            *self.counts.entry(what).or_default() += count;
        }
        if !ending.objections.is_empty() {
            self.wrong.push(format!("{scene:?}\n  {}", ending.objections.join("\n  ")));
        }
        ending
    }

    /// Plays the scene, and then again with a crash before and after every call of the first life.
    fn play_with_every_crash(&mut self, scene: &Scene, second_crashes: &[Option<Crash>]) {
        let calls = self.play(scene).calls.min(CALLS_MAX);
        for at in 1..=calls {
            for after in [false, true] {
                for second_crash in second_crashes {
                    let crash = Some(Crash { at, after });
                    self.play(&Scene { crash, second_crash: *second_crash, ..scene.clone() });
                }
            }
        }
    }

    /// Plays the scene, and then again with the store failing at every call of the first life.
    fn play_with_every_outage(&mut self, scene: &Scene) {
        for at in 1..=self.play(scene).store_calls.min(CALLS_MAX) {
            for seconds in [0, 3, 30, 60, 200] {
                for (how, readable) in [
                    (Hiccup::Before, false),
                    (Hiccup::After, false),
                    (Hiccup::Before, true),
                    (Hiccup::After, true),
                ] {
                    let outage = Some(Outage { at, how, span: Duration::from_secs(seconds), readable });
                    self.play(&Scene { outage, ..scene.clone() });
                }
            }
        }
    }

    #[track_caller]
    fn close(self, at_least: u32) {
        let Self { played, endings, counts, wrong } = self;
        println!("{played} scenes: {endings:?}\n{counts:?}");
        let shown: Vec<_> = wrong.iter().take(5).map(String::as_str).collect();
        assert!(wrong.is_empty(), "{} of {played} scenes went wrong:\n{}", wrong.len(), shown.join("\n"));
        assert!(played >= at_least, "only {played} scenes were played");
    }
}

fn second_crashes() -> Vec<Option<Crash>> {
    let crash = |at, after| Some(Crash { at, after });
    vec![None, crash(2, true), crash(3, true), crash(5, true)]
}

const SECOND_FAULTS: [Fault; 6] =
    [Fault::None, Fault::ReplyLost, Fault::ErrorBefore, Fault::Declines, Fault::Refuses, Fault::Late];

fn every_fault_and_crash(wish: Wish) -> Theatre {
    let mut theatre = Theatre::default();
    every_fault_and_crash_of(&Scene::calm(wish), &mut theatre);
    theatre
}

fn every_fault_and_crash_of(calm: &Scene, theatre: &mut Theatre) {
    for first in Fault::ALL {
        for second in SECOND_FAULTS {
            let scene = Scene { money: vec![first, second], ..calm.clone() };
            theatre.play_with_every_crash(&scene, &second_crashes());
            theatre.play_with_every_crash(&Scene { again: false, ..scene }, &[None]);
        }
        for look in Look::ALL {
            let scene = Scene { money: vec![first], looks: vec![look; 2], ..calm.clone() };
            theatre.play_with_every_crash(&scene, &[None]);
        }
    }
}

#[test]
fn a_confirm_is_one_charge_or_none_wherever_the_process_dies() {
    every_fault_and_crash(Wish::Pay).close(1_000);
}

#[test]
fn a_confirm_into_a_virtual_account_is_recorded_wherever_the_process_dies() {
    every_fault_and_crash(Wish::Deposit).close(1_000);
}

#[test]
fn a_full_cancel_happens_once_or_not_wherever_the_process_dies() {
    every_fault_and_crash(Wish::Whole).close(1_000);
}

#[test]
fn a_partial_cancel_happens_once_or_not_wherever_the_process_dies() {
    every_fault_and_crash(Wish::Part(1_000)).close(1_000);
}

/// Toss takes it, and the wallet carries it out minutes later; or gives the first one up, and takes the next.
#[test]
fn a_cancel_of_a_wallet_abroad_happens_once_or_not_wherever_the_process_dies() {
    let mut theatre = Theatre::default();
    for (wish, gives_up) in [(Wish::Whole, 0), (Wish::Part(1_000), 1)] {
        let abroad = Some(Abroad { ends_after: Duration::from_secs(300), gives_up });
        every_fault_and_crash_of(&Scene { abroad, ..Scene::calm(wish) }, &mut theatre);
    }
    for happened in ["later cancel: carried out", "later cancel: given up", "told: cancel pending"] {
        assert!(theatre.counts.contains_key(happened), "never {happened}: {:?}", theatre.counts);
    }
    theatre.close(1_000);
}

#[test]
fn d8_a_store_that_fails_at_any_call_and_for_any_time_loses_no_money_and_charges_once() {
    let mut theatre = Theatre::default();
    let faults =
        [Fault::None, Fault::ReplyLost, Fault::Declines, Fault::Slow, Fault::Late, Fault::ErrorAfter];
    for wish in [Wish::Pay, Wish::Deposit, Wish::Whole, Wish::Part(1_000)] {
        for unrecorded in [Unrecorded::Cancel, Unrecorded::Finish] {
            for first in faults {
                for second in [Fault::None, Fault::Late, Fault::ReplyLost, Fault::RequestLost] {
                    let calm = Scene { money: vec![first, second], unrecorded, ..Scene::calm(wish) };
                    theatre.play_with_every_outage(&calm);
                }
            }
        }
    }
    let given_back = theatre.counts.get("told: failed, and given back");
    assert!(given_back.is_some(), "no approval was ever taken back: {:?}", theatre.counts);
    theatre.close(1_000);
}

/// On a database with servers of its own, a connection that ends tells nothing: what came over it may be written later.
#[test]
fn d8_an_intent_that_lands_after_its_connection_has_ended_is_one_charge_and_nobody_is_told_otherwise() {
    let mut theatre = Theatre::default();
    for wish in WISHES {
        for first in Fault::ALL {
            for again in [true, false] {
                let late = Scene { money: vec![first], late_intents: true, again, ..Scene::calm(wish) };
                let calls = theatre.play(&late).calls;
                for at in 1..=calls {
                    theatre.play(&Scene { crash: Some(Crash { at, after: true }), ..late.clone() });
                    theatre.play(&Scene { pause: Some(at), ..late.clone() });
                }
            }
        }
    }
    theatre.close(1_000);
}

/// From the approval on the store takes nothing for a while; meanwhile the charge is taken back, and the process dies
/// or sleeps at each call of that. Toss may be as slow as it likes about the cancel.
fn charges_that_are_taken_back(bug: Option<Bug>) -> Theatre {
    /// More calls than are made while the store hesitates: the result is offered again every half second.
    const CALLS_MAX: u32 = 40;
    let mut theatre = Theatre::default();
    for wish in [Wish::Pay, Wish::Deposit] {
        for cancel in Fault::ALL {
            // The third call to the store would record the approval.
            for (how, seconds) in [(Hiccup::Before, 8), (Hiccup::After, 8), (Hiccup::Before, 100)] {
                let span = Duration::from_secs(seconds);
                let outage = Some(Outage { at: 3, how, span, readable: true });
                let scene = Scene { money: vec![Fault::None, cancel], outage, bug, ..Scene::calm(wish) };
                let calls = theatre.play(&scene).calls.min(CALLS_MAX);
                for at in 3..=calls {
                    theatre.play(&Scene { pause: Some(at), ..scene.clone() });
                    for (after, again) in [(false, true), (true, true), (true, false)] {
                        let crash = Some(Crash { at, after });
                        theatre.play(&Scene { crash, again, ..scene.clone() });
                    }
                }
            }
        }
    }
    theatre
}

#[test]
fn b7_a_charge_that_is_taken_back_is_taken_back_wherever_the_process_dies() {
    let theatre = charges_that_are_taken_back(None);
    for happened in ["undo: promised", "unknown cancel: was done", "told: failed, and given back"] {
        assert!(theatre.counts.contains_key(happened), "no scene saw {happened:?}: {:?}", theatre.counts);
    }
    theatre.close(1_000);
}

#[test]
fn b7_a_cancel_that_was_never_promised_would_make_two_stories() {
    let theatre = charges_that_are_taken_back(Some(Bug::PromisesAreLost));
    for objection in ["S1 ", "S4/S5/L1 our record is paid"] {
        let seen = theatre.wrong.iter().any(|wrong| wrong.contains(objection));
        assert!(seen, "nobody objects {objection:?} in {} scenes", theatre.played);
    }
}

#[test]
fn a_process_that_slept_through_its_lease_undoes_nothing() {
    let mut theatre = Theatre::default();
    for wish in [Wish::Pay, Wish::Deposit, Wish::Whole, Wish::Part(1_000)] {
        for first in Fault::ALL {
            for second in [Fault::None, Fault::Declines] {
                let calm = Scene { money: vec![first, second], ..Scene::calm(wish) };
                let ending = theatre.play(&calm);
                for pause in 1..=ending.calls.min(CALLS_MAX) {
                    let slept = Scene { pause: Some(pause), ..calm.clone() };
                    theatre.play(&slept);
                    for at in 1..=ending.store_calls.min(CALLS_MAX) {
                        let outage = Outage { at, how: Hiccup::After, span: Duration::ZERO, readable: false };
                        theatre.play(&Scene { outage: Some(outage), ..slept.clone() });
                    }
                }
            }
        }
    }
    theatre.close(1_000);
}

#[test]
fn one_fault_costs_nobody_the_sale_or_the_refund() {
    use Fault as F;
    for fault in Fault::ALL {
        for (wish, fine, refused) in [
            (Wish::Pay, "paid", "declined"),
            (Wish::Deposit, "waiting_for_deposit", "declined"),
            (Wish::Whole, "canceled", "paid"),
            (Wish::Part(1_000), "partially_canceled", "paid"),
        ] {
            let ending = Scene { money: vec![fault], again: false, ..Scene::calm(wish) }.play();
            let want = if matches!(fault, F::Declines | F::Refuses) { refused } else { fine };
            assert_eq!(ending.state, want, "{wish:?} under {fault:?}");
            assert!(ending.objections.is_empty(), "{wish:?} under {fault:?}: {:?}", ending.objections);
        }
    }
}

/// How many seeds a run tries; `HANBEON_SEEDS=17..18` runs others, and prints each of them if they are few.
const SEEDS: std::ops::Range<u64> = 0..20_000;
/// Threads that share them: tests beside this one want a processor, too.
const THREADS: u64 = 2;

fn seeds() -> (std::ops::Range<u64>, bool) {
    let Ok(wanted) = std::env::var("HANBEON_SEEDS") else { return (SEEDS, false) };
    let (first, end) = wanted.split_once("..").expect("HANBEON_SEEDS is a range like 17..18");
    let number = |text: &str| text.parse().expect("a seed is a number");
    let seeds = number(first)..number(end);
    let few = seeds.end - seeds.start < 20;
    (seeds, few)
}

#[test]
fn a_swarm_of_faults_is_survived_under_every_seed() {
    let (seeds, print) = seeds();
    let swarm = std::thread::scope(|threads| {
        let part = |offset| {
            let seeds = seeds.clone();
            threads.spawn(move || {
                let mut swarm = Swarm::default();
                seeds.filter(|seed| seed % THREADS == offset).for_each(|seed| swarm.run(seed, print));
                swarm
            })
        };
        let parts: Vec<_> = (0..THREADS).map(part).collect();
        parts.into_iter().map(|part| part.join().expect("a seed panicked")).reduce(Swarm::and).unwrap()
    });
    let Swarm { counts, states, wrong } = swarm;
    println!("seeds {seeds:?}: {counts:#?}\n{states:#?}\n{}", unknown_outcomes(&counts));
    let shown: Vec<_> =
        wrong.iter().take(5).map(|report| format!("{report}  {}", again(report.seed))).collect();
    assert!(wrong.is_empty(), "{} of seeds {seeds:?} went wrong:\n{}", wrong.len(), shown.join("\n"));
    if seeds == SEEDS {
        for happened in HAPPENS {
            assert!(counts.contains_key(happened), "the swarm never saw {happened:?}");
        }
    }
}

/// What a swarm of this size must have seen, or it proves less than it says.
const HAPPENS: [&str; 18] = [
    "crash: after a call",
    "store: acknowledgement lost",
    "store: cannot be written",
    "money: late",
    "money: hidden for longer than the window",
    "process: paused",
    "console: cancelled",
    "webhook: kept",
    "reconcile: noticed",
    "told: paid",
    "told: failed, and given back",
    "told: cancelled",
    "unknown confirm: was done",
    "unknown confirm: never arrived",
    "unknown cancel: was done",
    "unknown cancel: never arrived",
    "later cancel: carried out",
    "later cancel: given up",
];

#[derive(Default)]
struct Swarm {
    counts: BTreeMap<&'static str, u32>,
    states: BTreeMap<String, u32>,
    wrong: Vec<Report>,
}

impl Swarm {
    fn run(&mut self, seed: u64, print: bool) {
        let report = run_seed(seed, None);
        if print {
            println!("{report}");
        }
        for (what, count) in &report.counts {
            *self.counts.entry(what).or_default() += count;
        }
        for (state, count) in &report.states {
            *self.states.entry(state.clone()).or_default() += count;
        }
        if !report.objections.is_empty() {
            self.wrong.push(report);
        }
    }

    fn and(mut self, other: Self) -> Self {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        for (state, count) in other.states {
            *self.states.entry(state).or_default() += count;
        }
        self.wrong.extend(other.wrong);
        self
    }
}

fn again(seed: u64) -> String {
    format!("again: cargo xtask sim --from {seed} --seeds 1")
}

/// Calls of which nothing certain was told, and what had become of them.
fn unknown_outcomes(counts: &BTreeMap<&'static str, u32>) -> String {
    let of = |operation: &str, became: &str| {
        let known = format!("unknown {operation}: {became}");
        counts.iter().find(|(what, _)| **what == known).map_or(0, |(_, count)| *count)
    };
    let line = |operation: &str| {
        let [done, not_done, never] =
            ["was done", "was not done", "never arrived"].map(|became| of(operation, became));
        format!("| {operation:<7} | {done:>8} | {not_done:>12} | {never:>13} |\n")
    };
    format!(
        "| unknown | was done | was not done | never arrived |\n| ------- | -------: | -----------: | ------------: |\n{}{}",
        line("confirm"),
        line("cancel")
    )
}

/// Where scenes end in which each of these faults may strike, or not, and a reply may be lost, but nobody dies.
fn reachable_without_a_crash(scene: &Scene) -> BTreeSet<String> {
    let lost = |faults: &[Fault]| [&[Fault::ReplyLost], faults].concat();
    let money = &scene.money;
    let mut choices = vec![Vec::new(), money.clone(), lost(money), lost(&[])];
    choices.extend(money.iter().flat_map(|fault| [vec![*fault], lost(&[*fault])]));
    choices.into_iter().map(|money| Scene { money, crash: None, ..scene.clone() }.play().state).collect()
}

const WISHES: [Wish; 5] = [Wish::Pay, Wish::Deposit, Wish::Whole, Wish::Part(1_000), Wish::Named(1_000)];

#[test]
fn s25_a_crash_at_any_call_ends_where_a_life_without_one_could_have_ended() {
    let mut theatre = Theatre::default();
    for wish in WISHES {
        // A Toss that breaks the promise of its own window is another matter: that money turns up late, and goes back.
        for first in Fault::ALL.into_iter().filter(|fault| *fault != Fault::LongHidden) {
            let scene = Scene { money: vec![first], ..Scene::calm(wish) };
            let reachable = reachable_without_a_crash(&scene);
            for at in 1..=theatre.play(&scene).calls.min(CALLS_MAX) {
                for after in [false, true] {
                    let crash = Some(Crash { at, after });
                    let ending = theatre.play(&Scene { crash, ..scene.clone() });
                    assert!(
                        reachable.contains(&ending.state),
                        "{wish:?} under {first:?} ends {} after {crash:?}, and otherwise as one of {reachable:?}",
                        ending.state
                    );
                }
            }
        }
    }
    theatre.close(500);
}

#[test]
fn s24_whatever_is_asked_is_asked_three_times_and_nothing_ends_otherwise() {
    let mut theatre = Theatre::default();
    for wish in WISHES {
        for first in Fault::ALL {
            let scene = Scene { money: vec![first], ..Scene::calm(wish) };
            let reachable = reachable_without_a_crash(&scene);
            let ending = theatre.play(&Scene { times: 3, ..scene.clone() });
            assert!(
                reachable.contains(&ending.state),
                "{wish:?} under {first:?}, asked three times, ends {}, and otherwise as one of {reachable:?}",
                ending.state
            );
        }
    }
    theatre.close(60);
}

#[test]
fn s15_webhooks_true_or_forged_change_nothing_but_the_time() {
    use hanbeon_domain::TossStatus as T;
    let mut theatre = Theatre::default();
    for wish in WISHES {
        for first in Fault::ALL {
            let calm = Scene { money: vec![first], ..Scene::calm(wish) };
            let without = theatre.play(&calm).state;
            for webhooks in [
                vec![T::Done],
                vec![T::Canceled],
                vec![T::Aborted, T::Expired],
                vec![T::WaitingForDeposit, T::Done, T::Canceled, T::PartialCanceled],
            ] {
                let with = theatre.play(&Scene { webhooks: webhooks.clone(), ..calm.clone() }).state;
                assert_eq!(with, without, "{wish:?} under {first:?} with webhooks {webhooks:?}");
            }
        }
    }
    theatre.close(300);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..20 {
        assert_eq!(run_seed(seed, None).to_string(), run_seed(seed, None).to_string());
    }
}

#[test]
fn planted_bugs_are_seen() {
    let scene = |wish, money: &[Fault]| Scene { money: money.to_vec(), ..Scene::calm(wish) };
    let unseen = Scene { looks: vec![Look::Absent], ..scene(Wish::Pay, &[Fault::ReplyLost]) };
    let late = Scene { late_intents: true, again: false, ..scene(Wish::Pay, &[]) };
    for (bug, scene, objection) in [
        (Bug::NothingStopsASecondCharge, scene(Wish::Pay, &[Fault::Late]), "S3 charged more than once"),
        (Bug::IntentsAreNotDurable, scene(Wish::Pay, &[]), "S1 "),
        (Bug::IntentsAreNotDurable, scene(Wish::Whole, &[]), "S1 "),
        (Bug::SilenceMeansNo, scene(Wish::Pay, &[Fault::ReplyLost]), "told declined, but it is charged"),
        (Bug::AbsentMeansExpired, unseen, "told expired, but it is charged"),
        (Bug::NobodyComesBack, scene(Wish::Pay, &[Fault::RequestLost]), "our record is confirming"),
        (Bug::AnEarlyNoIsBelieved, late, "told that nothing was charged, and it is"),
        (Bug::CancelsAreMadeUp, scene(Wish::Whole, &[]), "told cancelled, but nothing is"),
    ] {
        let sound = scene.play();
        assert!(sound.objections.is_empty(), "{scene:?}: {:?}", sound.objections);
        let planted = Scene { bug: Some(bug), ..scene }.play();
        let seen = planted.objections.iter().any(|said| said.contains(objection));
        assert!(seen, "{bug:?} was not seen: {:?}", planted.objections);
    }
}

#[test]
fn the_swarm_sees_planted_bugs_too() {
    for bug in [
        Bug::NothingStopsASecondCharge,
        Bug::IntentsAreNotDurable,
        Bug::SilenceMeansNo,
        Bug::AbsentMeansExpired,
        Bug::NobodyComesBack,
        Bug::CancelsAreMadeUp,
        Bug::PromisesAreLost,
        Bug::WishesAreLost,
        Bug::WebhooksAreBelieved,
    ] {
        let seen = (0..500).find(|seed| !run_seed(*seed, Some(bug)).objections.is_empty());
        println!("{bug:?} is seen under seed {seen:?}");
        assert!(seen.is_some(), "{bug:?} is seen under none of 500 seeds");
    }
}
