//! The whole transition table as one grid: 10 states × 20 kinds of events, and every cell is a test.
//!
//! A cell is `state:action`: the state that follows, and what is done once that is on disk (`C` confirm, `L` look
//! up, `X` cancel, `D` rest until due, `R` rest for good). `·` is refused. All of it happens a second after the
//! payment began, when a read that contradicts us may lag. The samples behind the rows and the
//! columns are in [`samples`]; arms with a guard have their own cases in [`guards`], [`returns`], [`later`], [`rereads`], [`told`] and [`refund_due`].
mod diagram;
mod guards;
mod later;
mod refund_due;
mod rereads;
mod returns;
mod samples;
mod told;

use crate::{Action, StateName, Step};
use samples::{EVENTS, event, moment, payment};

const GRID: &str = "
event                    rdy    cnf    dep    paid   ccl    part   cncd   decl   exp    rev
ConfirmRequested         cnf:C  ·      ·      ·      ·      ·      ·      ·      ·      ·
CancelRequested          ·      ·      ccl:X  ccl:X  ·      ccl:X  ·      ·      ·      ·
CompensationDue          ·      ccl:X  ·      ·      ·      ·      ·      ·      ·      ·
Seen_READY               ·      cnf:D  dep:D  paid:D ccl:D  part:D cncd:R decl:R exp:R  rev:R
Seen_IN_PROGRESS         ·      cnf:C  dep:D  paid:D ccl:D  part:D cncd:R decl:R exp:R  rev:R
Seen_WAITING_FOR_DEPOSIT ·      dep:D  dep:D  dep:D  ccl:X  part:D cncd:D ccl:X  ccl:X  dep:D
Seen_DONE                ·      paid:R paid:R paid:R ccl:X  part:D cncd:D ccl:X  ccl:X  paid:R
Seen_CANCELED            ·      cncd:R cncd:R cncd:R cncd:R cncd:R cncd:R decl:R exp:R  cncd:R
Seen_PARTIAL_CANCELED    ·      part:R part:R part:R ccl:X  part:R cncd:D ccl:X  ccl:X  part:R
Seen_ABORTED             ·      decl:R exp:R  paid:D ccl:D  part:D cncd:R decl:R exp:R  decl:R
Seen_EXPIRED             ·      exp:R  exp:R  paid:D ccl:D  part:D cncd:R decl:R exp:R  exp:R
Seen_UNKNOWN             ·      cnf:D  dep:D  paid:R ccl:D  part:R cncd:R decl:R exp:R  rev:R
Refused                  ·      decl:R dep:D  paid:R paid:R part:R cncd:R decl:R exp:R  rev:R
ReadIt                   ·      cnf:L  dep:D  paid:R ccl:L  part:R cncd:R decl:R exp:R  rev:R
Absent                   ·      cnf:D  dep:D  paid:R ccl:D  part:R cncd:R decl:R exp:R  rev:R
NotSent                  ·      cnf:D  dep:D  paid:D ccl:D  part:D cncd:D decl:D exp:D  rev:D
Unclear                  ·      cnf:D  dep:D  paid:D ccl:D  part:D cncd:D decl:D exp:D  rev:D
NotOurs                  ·      cnf:D  dep:D  paid:R ccl:D  part:R cncd:R decl:R exp:R  rev:R
TriesExhausted           ·      rev:R  ·      ·      rev:R  ·      ·      ·      ·      ·
OperatorSaid             ·      ·      ·      ·      ·      ·      ·      ·      ·      exp:R
";

const fn short(state: StateName) -> &'static str {
    match state {
        StateName::Ready => "rdy",
        StateName::Confirming => "cnf",
        StateName::WaitingForDeposit => "dep",
        StateName::Paid => "paid",
        StateName::Canceling => "ccl",
        StateName::PartiallyCanceled => "part",
        StateName::Canceled => "cncd",
        StateName::Declined => "decl",
        StateName::Expired => "exp",
        StateName::NeedsReview => "rev",
    }
}

fn cell(step: &Step) -> String {
    let then = match step.then {
        Action::Confirm => "C",
        Action::Lookup => "L",
        Action::Cancel => "X",
        Action::GiveUp => "G",
        Action::Rest { due: Some(_) } => "D",
        Action::Rest { due: None } => "R",
    };
    format!("{}:{then}", short(step.next.state.name()))
}

#[test]
fn every_cell_of_the_table_does_what_the_grid_says() {
    let mut lines = GRID.trim().lines().map(str::split_whitespace);
    let columns: Vec<_> = lines.next().unwrap().skip(1).collect();
    assert_eq!(columns, StateName::ALL.map(short));
    let mut rows = Vec::new();
    let mut cells = 0;
    let mut wrong = Vec::new();
    for mut line in lines {
        let row = line.next().unwrap();
        rows.push(row);
        let wants: Vec<_> = line.collect();
        assert_eq!(wants.len(), columns.len(), "{row}");
        for (state, want) in StateName::ALL.into_iter().zip(wants) {
            let before = payment(state);
            let got = match before.step(event(row), moment()) {
                Err(_) => "·".to_owned(),
                Ok(step) => {
                    assert_eq!(step.from, state);
                    assert_eq!(step.next.version, before.version + 1, "{row} × {state}");
                    cell(&step)
                }
            };
            if got != want {
                wrong.push(format!("{row} × {state}: the grid says {want}, the table does {got}"));
            }
            cells += 1;
        }
    }
    assert_eq!(rows, EVENTS, "a row for every kind of event");
    assert_eq!(cells, 200, "10 states × 20 kinds of events");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_refusal_names_the_state_and_the_event() {
    let refused = payment(StateName::Expired).step(event("ConfirmRequested"), moment()).unwrap_err();
    assert_eq!(refused.to_string(), "confirm_requested is not possible while the payment is expired");
}
