//! Does everything end well, once faults stop? What is checked, exactly: from every reachable state, however many
//! faults led to it, **every** run without further faults reaches a goal, if
//! - whoever can go on without a break goes on at last (weak fairness), and
//! - the time passes at last, if it may again and again (strong fairness, for [`TIME`] only).
//!
//! Such a run can fail to reach one in two ways only:
//!
//! 1. it stops: no progress is possible in a state that is no goal;
//! 2. it goes round for ever among states that are no goals: some strongly connected set of them leaves nobody out.
//!    It is enough to look at the largest sets. Whoever could go on everywhere in a set, and goes nowhere within it,
//!    is left out of each of its parts too. Where only the time is left out, the states at which it may pass cannot
//!    be met again and again: without them, the rest is looked at in the same way.
//!
//! Requests and faults are in no such round, because a model allows only so many of them.
use super::checker::{CLASSES, TIME, number, place};

/// The states, and the progress between them.
#[derive(Default)]
pub(super) struct Graph {
    goal: Vec<bool>,
    /// Where the edges of a state begin; they end where those of the next one begin.
    first: Vec<u32>,
    edges: Vec<(u32, u8)>,
}

impl Graph {
    /// The next state; its edges follow.
    pub(super) fn begin(&mut self, goal: bool) {
        self.goal.push(goal);
        self.first.push(number(self.edges.len()));
    }

    /// Somebody goes on from the state that was begun last.
    pub(super) fn edge(&mut self, to: u32, class: u8) {
        assert!(class < CLASSES, "at most {CLASSES} classes of progress");
        self.edges.push((to, class));
    }

    pub(super) fn goals(&self) -> usize {
        self.goal.iter().filter(|goal| **goal).count()
    }

    fn edges(&self, of: u32) -> &[(u32, u8)] {
        let end = self.first.get(place(of) + 1).map_or(self.edges.len(), |end| place(*end));
        &self.edges[place(self.first[place(of)])..end]
    }

    fn is_goal(&self, state: u32) -> bool {
        self.goal[place(state)]
    }

    /// Who can go on, as bits.
    fn can(&self, state: u32) -> u32 {
        self.edges(state).iter().fold(0, |can, (_, class)| can | 1 << class)
    }

    fn states(&self) -> impl Iterator<Item = u32> {
        0..number(self.goal.len())
    }
}

/// What never ends well: of each way the first state, and the states among which it goes round.
pub(super) fn check(graph: &Graph) -> Vec<(&'static str, u32, Vec<u32>)> {
    let mut found = Vec::new();
    let stuck = graph.states().find(|at| !graph.is_goal(*at) && graph.edges(*at).is_empty());
    found.extend(stuck.map(|at| ("L stuck", at, Vec::new())));
    let inside = graph.goal.iter().map(|goal| !goal).collect();
    let mut sets = Rounds::of(graph, inside);
    let mut round: Option<Vec<u32>> = None;
    while let Some(set) = sets.pop() {
        match Left::out(graph, &set) {
            Left::Time(without) => sets.extend(Rounds::of(graph, without)),
            Left::Nobody if round.as_ref().is_none_or(|least| set[0] < least[0]) => round = Some(set),
            Left::Somebody | Left::Nobody => {}
        }
    }
    found.extend(round.map(|set| ("L goes round", set[0], set)));
    found
}

/// Who is left out of a strongly connected set, if a run stays in it for ever?
enum Left {
    /// Nobody: it can.
    Nobody,
    /// Somebody who could go on everywhere: it cannot.
    Somebody,
    /// The time, which may pass at some of its states: it cannot, but perhaps among the others, which are these.
    Time(Vec<bool>),
}

impl Left {
    /// (The set is sorted.)
    fn out(graph: &Graph, set: &[u32]) -> Self {
        let (mut always_can, mut moves) = (u32::MAX, 0_u32);
        for at in set {
            let within = graph.edges(*at).iter().filter(|(to, _)| set.binary_search(to).is_ok());
            moves |= within.fold(0, |moves, (_, class)| moves | 1 << class);
            always_can &= graph.can(*at);
        }
        if always_can & !moves != 0 {
            return Self::Somebody;
        }
        let time = 1 << TIME;
        let may_pass = |at: u32| graph.can(at) & time != 0;
        if moves & time != 0 || !set.iter().any(|at| may_pass(*at)) {
            return Self::Nobody;
        }
        let mut rest = vec![false; graph.goal.len()];
        for at in set.iter().filter(|at| !may_pass(**at)) {
            rest[place(*at)] = true;
        }
        Self::Time(rest)
    }
}

/// Tarjan's strongly connected components, without recursion; those that can be gone round in.
struct Rounds<'a> {
    graph: &'a Graph,
    /// By state: is it looked at?
    inside: Vec<bool>,
    /// By state: when it was met, counted from 1; 0 is not yet.
    met: Vec<u32>,
    /// By state: the earliest one known to be reachable from it and not yet put into a set.
    low: Vec<u32>,
    waiting: Vec<u32>,
    is_waiting: Vec<bool>,
    count: u32,
    sets: Vec<Vec<u32>>,
}

impl<'a> Rounds<'a> {
    fn of(graph: &'a Graph, inside: Vec<bool>) -> Vec<Vec<u32>> {
        let n = graph.goal.len();
        let (met, low, is_waiting) = (vec![0; n], vec![0; n], vec![false; n]);
        let (waiting, sets) = (Vec::new(), Vec::new());
        let mut rounds = Self { graph, inside, met, low, waiting, is_waiting, count: 0, sets };
        for at in graph.states() {
            if rounds.met[place(at)] == 0 && rounds.inside[place(at)] {
                rounds.walk(at);
            }
        }
        rounds.sets
    }

    fn walk(&mut self, root: u32) {
        let mut path = vec![(root, 0)];
        self.meet(root);
        while let Some((at, done)) = path.last_mut() {
            let at = *at;
            let Some((to, _)) = self.graph.edges(at).get(*done) else {
                path.pop();
                self.leave(at);
                if let Some((before, _)) = path.last() {
                    self.low[place(*before)] = self.low[place(*before)].min(self.low[place(at)]);
                }
                continue;
            };
            *done += 1;
            if !self.inside[place(*to)] {
                continue;
            }
            if self.met[place(*to)] == 0 {
                self.meet(*to);
                path.push((*to, 0));
            } else if self.is_waiting[place(*to)] {
                self.low[place(at)] = self.low[place(at)].min(self.met[place(*to)]);
            }
        }
    }

    fn meet(&mut self, at: u32) {
        self.count += 1;
        self.met[place(at)] = self.count;
        self.low[place(at)] = self.count;
        self.waiting.push(at);
        self.is_waiting[place(at)] = true;
    }

    fn leave(&mut self, at: u32) {
        if self.low[place(at)] != self.met[place(at)] {
            return;
        }
        let mut set = Vec::new();
        while let Some(member) = self.waiting.pop() {
            self.is_waiting[place(member)] = false;
            set.push(member);
            if member == at {
                break;
            }
        }
        let alone = set.len() == 1 && !self.graph.edges(at).iter().any(|(to, _)| *to == at);
        if !alone {
            set.sort_unstable();
            self.sets.push(set);
        }
    }
}
