//! Visits every state that a model can reach, breadth first, so that every trace is a shortest one.
//!
//! 1. **visit**: states are kept whole and compared whole; nothing is taken for another because two hashes agree;
//! 2. **safety**: every state and every move may object; the first objection of each kind is kept with its trace;
//! 3. **liveness**: see [`liveness`](super::liveness).
use super::liveness::{self, Graph};
use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Something that can be checked. It is `&mut` because it may remember what it has worked out.
pub trait Model {
    /// Everything that there is at one instant.
    type State: Copy + Eq + Hash;
    /// What a move is called.
    type Label: Copy + Display;
    /// What may be objected to.
    type Rule: Copy + Ord + Debug;

    /// Where it begins.
    fn start(&mut self) -> Self::State;

    /// All that can happen next.
    fn moves(&mut self, from: &Self::State, into: &mut Vec<Move<Self>>);

    /// Is something wrong in this state?
    fn objection(&mut self, state: &Self::State) -> Option<Self::Rule>;

    /// Has everything come to its end, and do all agree?
    fn is_goal(&mut self, state: &Self::State) -> bool;

    /// For traces.
    fn show(&self, state: &Self::State) -> String;
}

/// One thing that can happen.
pub struct Move<M: Model + ?Sized> {
    /// Its name.
    pub label: M::Label,
    /// Whether it must happen.
    pub kind: Kind,
    /// What it leads to.
    pub to: M::State,
    /// Is something wrong with the move itself?
    pub objection: Option<M::Rule>,
}

/// Whether a move must happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something goes wrong. Once faults stop, it never happens again.
    Fault,
    /// Somebody may ask for something, or never.
    Request,
    /// Somebody goes on. Whoever can go on without a break, goes on at last: that is all the fairness that is
    /// assumed. The number names who; there are at most [`CLASSES`].
    Progress(u8),
}

/// How many can make progress independently of each other.
pub const CLASSES: u8 = 32;
/// The class of the time: it passes at last, even if it is held up again and again.
pub const TIME: u8 = CLASSES - 1;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Different states.
    pub states: usize,
    /// Moves between them.
    pub transitions: usize,
    /// States in which all is quiet and all agree.
    pub goals: usize,
    /// Moves from start to the farthest state.
    pub depth: usize,
    /// Was everything visited? Otherwise the limit was met first.
    pub complete: bool,
    /// What is wrong, by rule, each with a shortest trace; and under "L" what never ends well.
    pub findings: BTreeMap<String, Vec<String>>,
}

/// Visits every state, but no more than `limit`.
pub fn check<M: Model>(model: &mut M, limit: usize) -> Report {
    let mut search = Search::new(limit);
    let start = model.start();
    search.meet(start, None, 0);
    let mut at = 0;
    let mut next = Vec::new();
    while let Some(&from) = search.states.get(at).filter(|_| search.fits()) {
        model.moves(&from, &mut next);
        search.expand(model, at, &mut next);
        at += 1;
    }
    let complete = search.fits();
    if complete {
        for (what, path, round) in liveness::check(&search.graph) {
            let trace = search.trace(model, path, &round);
            search.findings.entry(what.to_owned()).or_insert(trace);
        }
    }
    Report {
        states: search.states.len(),
        transitions: search.transitions,
        goals: search.graph.goals(),
        depth: search.depths.last().copied().unwrap_or(0).into(),
        complete,
        findings: search.findings,
    }
}

struct Search<M: Model> {
    states: Vec<M::State>,
    /// Which move led to a state first, and from where.
    origins: Vec<Option<(u32, M::Label)>>,
    depths: Vec<u16>,
    index: Index,
    graph: Graph,
    transitions: usize,
    findings: BTreeMap<String, Vec<String>>,
    limit: usize,
}

impl<M: Model> Search<M> {
    fn new(limit: usize) -> Self {
        Self {
            states: Vec::new(),
            origins: Vec::new(),
            depths: Vec::new(),
            index: Index::default(),
            graph: Graph::default(),
            transitions: 0,
            findings: BTreeMap::new(),
            limit,
        }
    }

    fn fits(&self) -> bool {
        self.states.len() <= self.limit
    }

    fn expand(&mut self, model: &mut M, at: usize, next: &mut Vec<Move<M>>) {
        let from = self.states[at];
        if let Some(rule) = model.objection(&from) {
            self.object(model, rule, at, None);
        }
        self.graph.begin(model.is_goal(&from));
        for Move { label, kind, to, objection } in next.drain(..) {
            self.transitions += 1;
            if let Some(rule) = objection {
                self.object(model, rule, at, Some((label, to)));
            }
            let to = self.meet(to, Some((number(at), label)), self.depths[at] + 1);
            if let Kind::Progress(class) = kind {
                self.graph.edge(to, class);
            }
        }
    }

    /// The number of this state, which may be new.
    fn meet(&mut self, state: M::State, origin: Option<(u32, M::Label)>, depth: u16) -> u32 {
        let found = self.index.find_or_add(&state, &self.states);
        if usize::try_from(found) == Ok(self.states.len()) {
            self.states.push(state);
            self.origins.push(origin);
            self.depths.push(depth);
        }
        found
    }

    fn object(&mut self, model: &M, rule: M::Rule, at: usize, then: Option<(M::Label, M::State)>) {
        let name = format!("{rule:?}");
        if self.findings.contains_key(&name) {
            return;
        }
        let mut trace = self.trace(model, number(at), &[]);
        trace.extend(then.map(|(label, to)| format!("{label}\n      {}", model.show(&to))));
        self.findings.insert(name, trace);
    }

    /// The way to a state, and on through a round of states that can be walked for ever.
    fn trace(&self, model: &M, to: u32, round: &[u32]) -> Vec<String> {
        let mut way = Vec::new();
        let mut at = place(to);
        while let Some((from, label)) = self.origins[at] {
            way.push(format!("{label}\n      {}", model.show(&self.states[at])));
            at = place(from);
        }
        way.reverse();
        let for_ever = round.iter().map(|at| format!("for ever: {}", model.show(&self.states[place(*at)])));
        way.extend(for_ever);
        way
    }
}

/// Where each state is kept: open addressing over numbers, at most half full.
#[derive(Default)]
struct Index {
    /// The number of a state plus one, and some bits of its hash; 0 is free.
    slots: Vec<(u32, u32)>,
    used: usize,
}

impl Index {
    fn find_or_add<S: Eq + Hash>(&mut self, state: &S, states: &[S]) -> u32 {
        if self.slots.len() <= self.used * 2 {
            self.grow();
        }
        let hash = hash(state);
        let mut at = self.home(hash);
        loop {
            match self.slots[at] {
                (0, _) => {
                    let new = number(states.len());
                    self.slots[at] = (new + 1, hash);
                    self.used += 1;
                    return new;
                }
                (taken, bits) if bits == hash && states[place(taken - 1)] == *state => return taken - 1,
                _ => at = (at + 1) % self.slots.len(),
            }
        }
    }

    fn grow(&mut self) {
        let larger = vec![(0, 0); (self.slots.len() * 2).max(1 << 10)];
        for (taken, hash) in std::mem::replace(&mut self.slots, larger) {
            if taken != 0 {
                let mut at = self.home(hash);
                while self.slots[at].0 != 0 {
                    at = (at + 1) % self.slots.len();
                }
                self.slots[at] = (taken, hash);
            }
        }
    }

    fn home(&self, hash: u32) -> usize {
        place(hash) % self.slots.len()
    }
}

fn hash<S: Hash>(state: &S) -> u32 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or(0)
}

/// States are counted in 32 bits; a model with more does not fit into memory anyway.
pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2^32 states")
}

pub(super) fn place(number: u32) -> usize {
    usize::try_from(number).expect("at least 32 bits")
}
