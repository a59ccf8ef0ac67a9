//! The state diagram of ARCHITECTURE.md, drawn by asking the table.
//!
//! `HANBEON_BLESS=1 cargo test -p hanbeon-domain` rewrites the block there.
use super::samples::{
    AMOUNT, EVENTS, after, cancel_requested, canceling, canceling_deposit, confirming, event, keeping,
    moment, payment, refund, said, seen, snapshot,
};
use crate::refund::Cause;
use crate::{Event, OperatorSays, Payment, Policy, State, StateName, TossStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const BEGIN: &str = "<!-- state diagram: generated -->";
const END: &str = "<!-- /state diagram -->";

/// Mermaid text: one arrow for each pair of states, with the events that lead along it. A payment at rest that is
/// looked at and stays has no arrow.
fn draw() -> String {
    let mut arrows = BTreeMap::<(StateName, StateName), BTreeSet<&str>>::new();
    for payment in payments() {
        for (label, event) in events() {
            for moment in [moment(), after(Policy::default().confirm_window)] {
                for moment in [moment, keeping(moment)] {
                    let Ok(step) = payment.step(event.clone(), moment) else { continue };
                    if step.from != step.next.state.name() || is_watched(&payment) {
                        arrows.entry((step.from, step.next.state.name())).or_default().insert(label);
                    }
                }
            }
        }
    }
    let mut text = String::from("stateDiagram-v2\n    [*] --> ready\n");
    for ((from, to), labels) in &arrows {
        let labels = labels.iter().copied().collect::<Vec<_>>().join(", ");
        writeln!(text, "    {from} --> {to} : {labels}").unwrap();
    }
    text
}

/// Does the recovery come back by itself?
fn is_watched(payment: &Payment) -> bool {
    payment.is_moving() || payment.state == State::WaitingForDeposit
}

/// The samples of the grid, and one for every guard.
fn payments() -> Vec<Payment> {
    let mut payments: Vec<_> = StateName::ALL.map(payment).into();
    payments.extend([
        confirming(1, 0, false),
        confirming(Policy::default().window_tries, 0, false),
        canceling(refund(300, AMOUNT, Cause::Requested), 1, true),
        canceling(refund(200, 700, Cause::Requested), 0, false),
        canceling(refund(AMOUNT, AMOUNT, Cause::Compensation), 0, false),
        canceling_deposit(0),
        Payment { late: true, ..canceling(refund(AMOUNT, AMOUNT, Cause::LateSuccess), 0, false) },
    ]);
    payments
}

/// The events of the grid, and the balances that tell one outcome from another.
fn events() -> Vec<(&'static str, Event)> {
    let mut events: Vec<_> = EVENTS.into_iter().map(|row| (label(row), event(row))).collect();
    events.push(("cancel requested", cancel_requested(Some(300))));
    events.push(("compensation due", Event::CompensationDue(Box::new(snapshot(TossStatus::Done, AMOUNT)))));
    events.push(("operator", said(OperatorSays::GivenBack)));
    events.extend([AMOUNT, 700, 0].map(|left| ("PARTIAL_CANCELED", seen(TossStatus::PartialCanceled, left))));
    events
}

fn label(row: &'static str) -> &'static str {
    match row {
        "ConfirmRequested" => "confirm requested",
        "CancelRequested" => "cancel requested",
        "CompensationDue" => "compensation due",
        "Refused" => "refused",
        "ReadIt" => "already done",
        "Absent" => "absent",
        "NotSent" => "not sent",
        "Unclear" => "unclear",
        "NotOurs" => "not ours",
        "TriesExhausted" => "tries exhausted",
        "OperatorSaid" => "operator",
        seen => seen.trim_start_matches("Seen_"),
    }
}

fn architecture() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crates.ancestors().find(|dir| dir.join("Cargo.lock").is_file()).unwrap();
    root.join("ARCHITECTURE.md")
}

#[test]
fn the_diagram_in_architecture_md_is_the_table() {
    let path = architecture();
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (block, after) = rest.split_once(END).unwrap();
    let drawn = format!("\n```mermaid\n{}```\n", draw());
    if env::var_os("HANBEON_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{drawn}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(block, drawn, "HANBEON_BLESS=1 redraws the diagram");
}
