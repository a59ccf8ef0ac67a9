//! The figures of a run, for people.
use crate::plan::Kill;
use crate::story::Findings;
use crate::unknown::Silence;
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
    total: Findings,
}

/// What must have happened, and how often, for the outcome of a run of some size to mean something.
const EVENTFUL: [(&str, usize); 13] = [
    ("events that were read while the server was being killed", 200),
    ("refunds that were queued", 200),
    ("refunds done", 100),
    ("refunds refused", 3),
    ("refunds made elsewhere", 20),
    ("charges that could not be stored and went back", 1),
    ("answers of ours that nobody heard", 50),
    ("calls to Toss whose answer was lost on its way to us", 20),
    ("webhooks that Toss dropped", 20),
    ("webhooks delivered, answered 200", 100),
    ("webhooks forged", 50),
    ("requests repeated under their key", 200),
    ("requests under a key that nobody had heard the answer of", 1),
];

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
    pub(crate) fn add(&mut self, findings: Findings) {
        self.rounds += 1;
        let total = &mut self.total;
        total.charges += findings.charges;
        total.unknown.join(findings.unknown);
        for (what, times) in findings.counts {
            total.count(what, times);
        }
        for (answer, times) in findings.answers {
            *total.answers.entry(answer).or_default() += times;
        }
        total.doubles.extend(findings.doubles);
        total.orphans.extend(findings.orphans);
        total.differences.extend(findings.differences);
        total.lost_events.extend(findings.lost_events);
    }

    /// Did enough happen for the outcome to mean something?
    #[track_caller]
    pub(crate) fn assert_eventful(&self) {
        for (what, least) in EVENTFUL {
            let happened = self.total.counts.get(what).copied().unwrap_or(0);
            assert!(happened >= least, "a loop in which little happens shows little: {happened} {what}");
        }
        assert!(self.total.charges > 200);
        for silence in [Silence::Spoiled, Silence::Killed] {
            let [done, not_done, never] = self.total.unknown.total(silence);
            assert!(done > 0 && not_done + never > 0, "{silence:?}: {done}, {not_done}, {never}");
        }
    }

    /// Were there so many charges, and calls of which nobody knew how they had ended?
    #[track_caller]
    pub(crate) fn assert_busy(&self, charges: usize) {
        assert!(self.total.charges >= charges, "only {} charges", self.total.charges);
        let [done, not_done, never] = self.total.unknown.total(Silence::Spoiled);
        assert!(done > 0 && not_done + never > 0, "{done}, {not_done}, {never}");
    }

    #[track_caller]
    pub(crate) fn assert_one_story(&self) {
        let Findings { doubles, orphans, differences, lost_events, .. } = &self.total;
        let all = doubles.iter().chain(orphans).chain(differences).chain(lost_events);
        let all: Vec<_> = all.cloned().collect();
        assert!(all.is_empty(), "two stories:\n{}", all.join("\n"));
    }

    pub(crate) fn table(&self, took: Duration) -> String {
        let mut table = String::new();
        let Findings { counts, charges, answers, unknown, doubles, orphans, differences, lost_events } =
            &self.total;
        let mut line = |what: &str, figure: usize| {
            writeln!(table, "{figure:>8}  {what}").expect("a string takes all");
        };
        let small = |figure: u64| usize::try_from(figure).unwrap_or(usize::MAX);
        let per_cycle = took.as_millis() / u128::from(self.cycles().max(1));
        line("cycles", small(self.cycles()));
        line("milliseconds for each", usize::try_from(per_cycle).unwrap_or(usize::MAX));
        line("databases", small(self.rounds));
        line("killed anywhere", small(self.anywhere));
        for (point, times) in &self.at {
            line(&format!("killed at {point:?}"), small(*times));
        }
        for (point, times) in &self.missed {
            line(&format!("did not come to {point:?}, killed from outside"), small(*times));
        }
        line("charges", *charges);
        for (what, times) in counts {
            line(what, *times);
        }
        for (answer, times) in answers {
            line(&format!("answers: {answer}"), *times);
        }
        line("double charges", doubles.len());
        line("orphans", orphans.len());
        line("differences", differences.len());
        line("lost events", lost_events.len());
        table + &unknown.lines().join("\n")
    }
}
