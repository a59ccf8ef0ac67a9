//! Every state of a small world: see `hanbeon_testkit::model`. `HANBEON_MODEL_TRACE=1` prints how each planted bug does
//! its harm, step by step.
use hanbeon_testkit::model::checker::{Kind, Model, Move, Report, TIME, check as visit};
use hanbeon_testkit::model::{Bug, Checked, Scope, Wish, check, published_moves};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// More than any sound scope here has; a bug may make a world endless.
const LIMIT: usize = 4_000_000;

/// Of all worlds that this process has visited.
static STATES: AtomicUsize = AtomicUsize::new(0);
static TRANSITIONS: AtomicUsize = AtomicUsize::new(0);

const ONE: Scope = Scope::calm();
const TWO: Scope = Scope { clients: [Some(0), Some(1)], ..Scope::calm() };
const PARTS: [Option<Wish>; 2] = [Some(Wish::Part(1)), Some(Wish::Part(1))];
const WHOLE: [Option<Wish>; 2] = [Some(Wish::Whole), None];

#[track_caller]
fn sound(what: &str, scope: Scope) -> Checked {
    let checked = look(what, scope);
    assert!(checked.report.complete, "{what}: the world is larger than {LIMIT} states");
    let wrong: Vec<_> = checked.report.findings.iter().collect();
    let told = wrong.iter().map(|(rule, trace)| format!("{rule}\n  {}", trace.join("\n  ")));
    assert!(wrong.is_empty(), "{what}: {}", told.collect::<Vec<_>>().join("\n"));
    checked
}

fn look(what: &str, scope: Scope) -> Checked {
    let checked = check(scope, LIMIT);
    let Checked { report, payments, questions, .. } = &checked;
    let Report { states, transitions, goals, depth, .. } = report;
    println!(
        "{what}: {states} states, {transitions} transitions, {depth} deep, quiet and agreed in {goals}; {payments} \
         different payments, {questions} questions to the transition table"
    );
    let states = STATES.fetch_add(*states, SeqCst) + states;
    let transitions = TRANSITIONS.fetch_add(*transitions, SeqCst) + transitions;
    println!("  together, so far: {states} states, {transitions} transitions");
    checked
}

#[test]
fn d7_two_clients_the_shop_the_recovery_a_webhook_and_a_crash_are_never_wrong_and_end_well() {
    let all = Scope { wishes: WHOLE, crashes: 1, faults: 1, webhooks: 1, ..TWO };
    let checked = sound("two clients, a refund, a crash, a fault, a webhook", all);
    assert!(500_000 < checked.report.states, "that is not the whole world: {:?}", checked.report.states);
}

#[test]
fn d1_one_payment_asked_for_twice_is_charged_once() {
    let same = Scope { clients: [Some(0), Some(0)], ..ONE };
    sound("the same paymentKey twice", Scope { crashes: 1, faults: 2, lapses: 1, declines: 1, ..same });
}

#[test]
fn d3_two_payments_of_one_order_are_one_charge() {
    sound("two paymentKeys", Scope { crashes: 1, faults: 2, declines: 1, lapses: 1, ..TWO });
}

#[test]
fn b10_a_worker_that_sleeps_through_its_lease_does_no_harm() {
    sound("one client, three faults", Scope { crashes: 1, faults: 3, lapses: 2, declines: 1, ..ONE });
}

#[test]
fn f2_two_refunds_at_once_stay_within_what_was_paid() {
    let faults = Scope { crashes: 1, faults: 1, lapses: 1, ..ONE };
    for wishes in [
        [Some(Wish::Part(2)), Some(Wish::Part(2))],
        [Some(Wish::Part(1)), Some(Wish::Whole)],
        [Some(Wish::Whole), Some(Wish::Whole)],
        [Some(Wish::Part(1)), Some(Wish::Part(1))],
    ] {
        sound(&format!("{wishes:?}"), Scope { wishes, ..faults });
    }
}

#[test]
fn d5_a_deposit_and_its_cancel_race_and_the_record_agrees() {
    let deposit = Scope { deposit: true, wishes: WHOLE, crashes: 1, webhooks: 1, ..ONE };
    sound("a virtual account", Scope { faults: 1, lapses: 1, declines: 1, ..deposit });
}

#[test]
fn l2_a_refusal_is_believed_when_nothing_earlier_can_follow_it() {
    let refused = Scope { wishes: WHOLE, refusals: 1, ..ONE };
    sound("a refused refund, in a crowd", Scope { crashes: 1, lapses: 2, crowded: true, ..refused });
    sound("a refused refund after an error", Scope { faults: 1, ..refused });
    sound(
        "a refused refund, and all that may go wrong",
        Scope { faults: 2, crashes: 1, lapses: 1, ..refused },
    );
}

#[test]
fn f5_a_cancel_in_the_console_races_with_refunds_of_ours() {
    let console = Scope { faults: 1, crashes: 1, ..ONE };
    for (wishes, elsewhere) in [
        (WHOLE, Wish::Part(1)),
        (WHOLE, Wish::Whole),
        (PARTS, Wish::Part(1)),
        ([Some(Wish::Part(2)), None], Wish::Part(2)),
        ([None, None], Wish::Part(1)),
    ] {
        sound(
            &format!("{wishes:?}, {elsewhere:?} in the console"),
            Scope { wishes, elsewhere: Some(elsewhere), ..console },
        );
    }
    for elsewhere in [Wish::Part(1), Wish::Whole] {
        let deposit = Scope { deposit: true, elsewhere: Some(elsewhere), ..console };
        sound(
            &format!("a virtual account, {elsewhere:?} in the console"),
            Scope { wishes: WHOLE, ..deposit },
        );
    }
}

#[test]
fn f6_a_cancel_that_toss_ignores_happens_at_last_and_once() {
    sound("an ignored second cancel", Scope { wishes: PARTS, ignored: 1, faults: 1, ..ONE });
    let console = Scope { elsewhere: Some(Wish::Part(1)), wishes: WHOLE, ..ONE };
    sound("ignored after one in the console", Scope { ignored: 2, faults: 1, crashes: 1, ..console });
}

#[test]
fn d4_money_that_turns_up_late_goes_back_or_is_kept_where_the_order_is_free() {
    for keeps_late in [false, true] {
        let late = Scope { lates: 1, keeps_late, ..ONE };
        sound(&format!("late money, kept: {keeps_late}"), Scope { faults: 1, crashes: 1, lapses: 1, ..late });
        sound("and another payment", Scope { clients: TWO.clients, crashes: 1, ..late });
        sound("and a refund", Scope { wishes: WHOLE, faults: 1, ..late });
        sound("and a virtual account", Scope { deposit: true, ..late });
    }
}

#[test]
fn e4_a_notice_of_a_payment_at_rest_is_a_reason_to_look_and_no_more() {
    sound("webhooks", Scope { webhooks: 2, faults: 1, crashes: 1, lapses: 1, wishes: WHOLE, ..ONE });
}

#[test]
fn l1_what_toss_never_tells_ends_with_a_human_and_nobody_was_told_otherwise() {
    let impatient = Scope { patience: Some(2), wishes: WHOLE, ..ONE };
    sound("patience for two tries", Scope { crashes: 1, faults: 3, lapses: 1, ..impatient });
}

#[test]
fn the_model_makes_the_moves_of_the_published_diagram() {
    let mut made = BTreeSet::new();
    let refunds = [Some(Wish::Part(1)), Some(Wish::Whole)];
    let late = Scope { lates: 1, ..ONE };
    let impatient = Scope { patience: Some(2), webhooks: 1, faults: 2, declines: 1, ..ONE };
    let console = |wish| Scope { elsewhere: Some(wish), ..ONE };
    for scope in [
        Scope { wishes: refunds, faults: 1, declines: 1, refusals: 1, ..ONE },
        Scope { wishes: WHOLE, deposit: true, faults: 1, ..ONE },
        Scope { wishes: WHOLE, ..impatient },
        Scope { wishes: PARTS, ..impatient },
        Scope { deposit: true, ..impatient },
        Scope { faults: 1, ..console(Wish::Whole) },
        Scope { wishes: PARTS, faults: 1, ..console(Wish::Part(1)) },
        Scope { wishes: PARTS, ..console(Wish::Whole) },
        Scope { patience: Some(2), faults: 2, webhooks: 1, ..console(Wish::Part(1)) },
        Scope { deposit: true, ..console(Wish::Part(1)) },
        Scope { deposit: true, ..console(Wish::Whole) },
        late,
        Scope { deposit: true, ..late },
        Scope { deposit: true, keeps_late: true, ..late },
        Scope { keeps_late: true, elsewhere: Some(Wish::Part(1)), ..late },
    ] {
        made.extend(sound("for its moves", scope).made);
    }
    let published = published_moves();
    let missing: Vec<_> = published.difference(&made).collect();
    let reached = published.len() - missing.len();
    println!("{reached} of {} published moves were made; not:", published.len());
    for (from, to) in &missing {
        println!("  {from} --> {to}");
    }
    let strange: Vec<_> = made.difference(&published).filter(|(from, to)| from != to).collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(39 <= reached, "the model has become blind to most of the table: {missing:?}");
}

/// Each planted bug, the smallest scope in which it does harm, and the rule that it breaks.
fn planted() -> Vec<(Bug, Scope, &'static str)> {
    let fault = Scope { faults: 1, ..ONE };
    let refused = Scope { wishes: WHOLE, faults: 1, refusals: 1, ..ONE };
    vec![
        (Bug::NoFencing, Scope { lapses: 1, ..fault }, "S17SupersededWrote"),
        (Bug::NoFencing, Scope { wishes: WHOLE, lapses: 1, faults: 1, ..ONE }, "S4ToldWrong"),
        (Bug::ChargesTwice, fault, "S3ChargedTwice"),
        (Bug::FreshKeysAndChargesTwice, fault, "S3ChargedTwice"),
        (Bug::AbsentBelieved, Scope { faults: 2, ..ONE }, "S5ToldFailedButCharged"),
        (Bug::SilenceMeansNo, fault, "S5ToldFailedButCharged"),
        (Bug::LateRefusalBelieved, Scope { faults: 1, declines: 1, ..ONE }, "S5ToldFailedButCharged"),
        (Bug::JudgedLate, Scope { faults: 2, ..ONE }, "S5ToldFailedButCharged"),
        (Bug::IntentsAreNotDurable, ONE, "S1IntentBeforeEffect"),
        (Bug::OrderIsNotClaimed, TWO, "S3ChargedTwice"),
        (Bug::RefundsAreNotClaimed, Scope { wishes: PARTS, lapses: 1, crowded: true, ..ONE }, "L stuck"),
        (Bug::EarlierKeysForgotten, refused, "S4ToldWrong"),
        (
            Bug::SendsHoweverLate,
            Scope { wishes: WHOLE, refusals: 1, lapses: 2, crowded: true, ..ONE },
            "S4ToldWrong",
        ),
        (Bug::IgnoredKeyKept, Scope { wishes: PARTS, ignored: 1, ..ONE }, "L goes round"),
        (Bug::TheDeadAreNotLookedAt, Scope { lates: 1, ..ONE }, "L goes round"),
        (Bug::LateMoneyClaims, Scope { lates: 1, keeps_late: true, ..TWO }, "S3ChargedTwice"),
        (Bug::NobodyComesBack, fault, "L stuck"),
        (Bug::WebhookIsBelieved, Scope { webhooks: 1, ..ONE }, "S4ToldWrong"),
    ]
}

#[test]
fn every_planted_bug_is_found_and_without_it_nothing_is() {
    let mut unseen = Vec::new();
    for (bug, scope, rule) in planted() {
        sound("without", scope);
        let report = look(&format!("{bug:?}"), Scope { bug: Some(bug), ..scope }).report;
        println!("  {:?}", report.findings.keys());
        match report.findings.get(rule) {
            Some(trace) if std::env::var_os("HANBEON_MODEL_TRACE").is_some() => {
                println!("{bug:?} breaks {rule}\n  {}", trace.join("\n  "));
            }
            Some(trace) => println!("  {rule} in {} moves", trace.len()),
            None => unseen.push(format!("{bug:?} does not break {rule}: {:?}", report.findings.keys())),
        }
    }
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
}

#[test]
fn a_fresh_key_for_every_call_does_no_harm_while_toss_charges_a_payment_key_once() {
    sound("fresh keys", Scope { faults: 2, crashes: 1, lapses: 1, bug: Some(Bug::FreshKeys), ..ONE });
}

#[test]
fn states_that_are_made_one_do_not_differ_in_what_can_go_wrong() {
    let scopes = [
        Scope { faults: 1, crashes: 1, lapses: 1, declines: 1, ..ONE },
        Scope { faults: 1, declines: 1, ..TWO },
        Scope { wishes: WHOLE, faults: 1, lapses: 1, ..ONE },
    ];
    for scope in scopes {
        let one = sound("made one", scope).report;
        let apart = sound("kept apart", Scope { apart: true, ..scope }).report;
        assert!(one.states < apart.states, "nothing was made one");
    }
    for (bug, scope, rule) in planted() {
        let found = check(Scope { apart: true, bug: Some(bug), ..scope }, LIMIT / 10).report.findings;
        assert!(found.contains_key(rule), "{bug:?} breaks {:?}, kept apart", found.keys());
    }
}

/// A model of so many moves: from, to, kind.
struct Toy<'a>(&'a [(u8, u8, Kind)]);

impl Model for Toy<'_> {
    type State = u8;
    type Label = &'static str;
    type Rule = u8;

    fn start(&mut self) -> u8 {
        0
    }

    fn moves(&mut self, from: &u8, into: &mut Vec<Move<Self>>) {
        let moves = self.0.iter().filter(|(at, ..)| at == from);
        into.extend(moves.map(|(_, to, kind)| Move {
            label: "goes on",
            kind: *kind,
            to: *to,
            objection: None,
        }));
    }

    fn objection(&mut self, state: &u8) -> Option<u8> {
        (*state == 66).then_some(66)
    }

    fn is_goal(&mut self, state: &u8) -> bool {
        *state == 9
    }

    fn show(&self, state: &u8) -> String {
        state.to_string()
    }
}

#[test]
fn the_checker_tells_what_never_ends_well_from_what_only_takes_long() {
    use Kind::{Fault, Progress as P, Request};
    let time = P(TIME);
    for (moves, want) in [
        (&[(0, 9, P(0))][..], &[][..]),
        (&[(0, 1, P(0))], &["L stuck"]),
        // A request need not come, and a fault does not help.
        (&[(0, 9, Request)], &["L stuck"]),
        (&[(0, 9, Fault)], &["L stuck"]),
        (&[(0, 66, Fault), (0, 9, P(0)), (66, 9, P(0))], &["66"]),
        // Two run in circles; a third one could go on everywhere, and will.
        (&[(0, 1, P(0)), (1, 0, P(0))], &["L goes round"]),
        (&[(0, 1, P(0)), (1, 0, P(0)), (0, 9, P(1)), (1, 9, P(1))], &[]),
        // It could only at one of them, and may miss it for ever; unless it is the time.
        (&[(0, 1, P(0)), (1, 0, P(0)), (0, 9, P(1))], &["L goes round"]),
        (&[(0, 1, P(0)), (1, 0, P(0)), (0, 9, time)], &[]),
        // The circle can be gone round without the place at which the time may pass.
        (&[(0, 1, P(0)), (1, 0, P(0)), (1, 2, P(0)), (2, 1, P(0)), (0, 9, time)], &["L goes round"]),
        // The same one may go on, or stay for ever: that is its choice.
        (&[(0, 0, P(0)), (0, 9, P(0))], &["L goes round"]),
        (&[(0, 0, P(0)), (0, 9, P(1))], &[]),
    ] {
        let found: Vec<_> = visit(&mut Toy(moves), 100).findings.into_keys().collect();
        assert_eq!(found, want, "{moves:?}");
    }
}
