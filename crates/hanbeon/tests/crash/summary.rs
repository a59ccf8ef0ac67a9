//! The figures of a run, for people.
use crate::plan::Kill;
use crate::story::Findings;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// Of all rounds together.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    anywhere: u64,
    /// Killed itself there.
    at: BTreeMap<&'static str, u64>,
    /// The point did not come, and it was killed from outside.
    missed: BTreeMap<&'static str, u64>,
    rounds: u64,
    lost_answers: u64,
    total: Findings,
}

impl Summary {
    pub(crate) fn cycles(&self) -> u64 {
        self.anywhere + self.at.values().sum::<u64>() + self.missed.values().sum::<u64>()
    }

    pub(crate) fn rounds(&self) -> u64 {
        self.rounds
    }

    pub(crate) fn killed(&mut self, kill: &Kill, by_itself: bool) {
        match kill {
            Kill::Anywhere { .. } => self.anywhere += 1,
            Kill::At { point, .. } if by_itself => *self.at.entry(point).or_default() += 1,
            Kill::At { point, .. } => *self.missed.entry(point).or_default() += 1,
        }
    }

    pub(crate) fn killed_at(&self, point: &str) -> u64 {
        self.at.get(point).copied().unwrap_or(0)
    }

    /// One more round.
    pub(crate) fn add(&mut self, findings: Findings, lost_answers: u64) {
        self.rounds += 1;
        self.lost_answers += lost_answers;
        let total = &mut self.total;
        total.orders += findings.orders;
        total.intents += findings.intents;
        total.calls += findings.calls;
        total.charges += findings.charges;
        total.refunds += findings.refunds;
        total.compensations += findings.compensations;
        total.lost_calls += findings.lost_calls;
        total.idle_cancels += findings.idle_cancels;
        for (answer, times) in findings.answers {
            *total.answers.entry(answer).or_default() += times;
        }
        total.doubles.extend(findings.doubles);
        total.orphans.extend(findings.orphans);
        total.differences.extend(findings.differences);
    }

    /// Did enough happen for the outcome to mean something?
    pub(crate) fn is_eventful(&self) -> bool {
        let Findings { charges, refunds, compensations, lost_calls, .. } = &self.total;
        *charges > 200 && *refunds > 50 && *compensations > 0 && *lost_calls > 20 && self.lost_answers > 50
    }

    #[track_caller]
    pub(crate) fn assert_one_story(&self) {
        let Findings { doubles, orphans, differences, .. } = &self.total;
        let all: Vec<_> = doubles.iter().chain(orphans).chain(differences).cloned().collect();
        assert!(all.is_empty(), "two stories:\n{}", all.join("\n"));
    }

    pub(crate) fn table(&self, took: Duration) -> String {
        let mut table = String::new();
        let total = &self.total;
        let per_cycle = took.as_millis() / u128::from(self.cycles().max(1));
        let mut line =
            |what: &str, figure: u128| writeln!(table, "{figure:>8}  {what}").expect("a string takes all");
        let count = |figure: usize| u128::try_from(figure).unwrap_or(u128::MAX);
        line("cycles", self.cycles().into());
        line("milliseconds for each", per_cycle);
        line("databases", self.rounds.into());
        line("killed anywhere", self.anywhere.into());
        for (point, times) in &self.at {
            line(&format!("killed at {point:?}"), (*times).into());
        }
        for (point, times) in &self.missed {
            line(&format!("did not come to {point:?}, killed from outside"), (*times).into());
        }
        line("orders", count(total.orders));
        line("intents to charge", count(total.intents));
        line("calls to Toss", count(total.calls));
        line("of them, answers lost on their way to us", count(total.lost_calls));
        line("answers of ours that no buyer heard", self.lost_answers.into());
        line("charges", count(total.charges));
        line("refunds", count(total.refunds));
        line("charges that could not be stored and went back", count(total.compensations));
        for (answer, times) in &total.answers {
            line(&format!("answers: {answer}"), count(*times));
        }
        line("\"the cancel is looked into\", and nothing was cancelled", count(total.idle_cancels));
        line("double charges", count(total.doubles.len()));
        line("orphans", count(total.orphans.len()));
        line("differences", count(total.differences.len()));
        table
    }
}
