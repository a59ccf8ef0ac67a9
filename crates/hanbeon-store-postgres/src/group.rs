//! Verbs that wait together are one transaction, and share its ways to the server and its flush.
//!
//! Nobody waits for a group to become full: whoever comes while nothing is under way goes at once, and what comes meanwhile
//! waits for the next one. Only when a good many wait does another lane help, on a connection of its own: sets of many cost
//! less than the same verbs in sets of few. Two verbs with the same key are never in one group: inside a transaction, the row
//! lock that keeps them apart would not. Those of a group that are alike are carried out as one set ([`Together`]): what a
//! statement costs beside its rows is paid once. When a verb of a group says no, all of the group is rolled back, and each
//! of its verbs is run by itself: a verb calls nobody, so that nothing happens twice.
use crate::error::unavailable;
use crate::pool::{Ended, Mode, Pool, Running, Verb, WAIT_MAX};
use crate::tx::Tx;
use futures_util::future::try_join_all;
use hanbeon_store::StoreError;
use std::any::{Any, TypeId};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Most verbs in a transaction: it bounds how long its locks are held.
const GROUP_MAX: usize = 128;
/// So many wait before one more lane opens: from here on a set of more saves little.
const ANOTHER_LANE_AT: usize = 32;
/// Most verbs that wait for a lane.
const WAITING_MAX: usize = 1_024;
/// Most verbs that end something and wait: some hundred MiB. One that is turned away is offered again.
const ENDING_MAX: usize = 65_536;

/// What keeps two verbs out of one group: the order or the session that they are about.
pub(crate) type Key = [u8; 16];

/// A verb with its arguments, which can be carried out together with others that are alike.
pub(crate) trait Together: Sized + Send + Sync + 'static {
    /// What it gives.
    type Gives: Send + 'static;
    /// Is a set of them more than one after the other?
    const IS_SET: bool = true;
    /// Does it end what was let in before? Then it goes before what begins something, and has a place when that has none.
    fn ends(&self) -> bool {
        false
    }

    /// Carries out all of them, in this order, and gives as much for each; an error is nobody's in particular.
    fn carry_out<'t>(tx: &'t Tx<'t>, all: Vec<&'t Self>) -> Running<'t, Vec<Self::Gives>>;
}

/// A verb that knows of no others.
pub(crate) struct Alone<A, T> {
    pub(crate) args: A,
    pub(crate) verb: Verb<A, T>,
}

impl<A: Send + Sync + 'static, T: Send + 'static> Together for Alone<A, T> {
    type Gives = T;
    const IS_SET: bool = false;

    fn carry_out<'t>(tx: &'t Tx<'t>, all: Vec<&'t Self>) -> Running<'t, Vec<T>> {
        Box::pin(try_join_all(all.into_iter().map(|alone| (alone.verb)(tx, &alone.args))))
    }
}

/// The verbs of one mode that wait, and the lanes that carry them out.
pub(crate) struct Groups {
    mode: Mode,
    /// Most transactions at once.
    lanes: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ending: VecDeque<(u64, Box<dyn Job>)>,
    waiting: VecDeque<(u64, Box<dyn Job>)>,
    next: u64,
    under_way: usize,
}

impl Groups {
    pub(crate) fn new(mode: Mode, lanes: usize) -> Self {
        Self { mode, lanes: lanes.max(1), state: Mutex::default() }
    }

    /// Runs a verb in a group, to its end, also when its caller goes away.
    pub(crate) async fn run<V: Together>(
        self: &Arc<Self>,
        pool: &Arc<Pool>,
        key: Option<Key>,
        verb: V,
    ) -> Result<V::Gives, StoreError> {
        let (to, mut answer) = oneshot::channel();
        let ends = verb.ends();
        let number = self.put(pool, ends, Box::new(Asked { key, verb, gave: Mutex::new(None), to }))?;
        match timeout(WAIT_MAX, &mut answer).await {
            Ok(answer) => answer,
            Err(_) if self.take_back(number) => {
                pool.counters.turned_away();
                return Err(StoreError::Full);
            }
            Err(_) => answer.await,
        }
        .map_err(|_| unavailable("the transaction was abandoned"))?
    }

    fn put(self: &Arc<Self>, pool: &Arc<Pool>, ends: bool, job: Box<dyn Job>) -> Result<u64, StoreError> {
        let mut state = self.state();
        let (wait, most) =
            if ends { (state.ending.len(), ENDING_MAX) } else { (state.waiting.len(), WAITING_MAX) };
        if wait >= most {
            pool.counters.turned_away();
            return Err(StoreError::Full);
        }
        let number = state.next;
        state.next += 1;
        if ends { &mut state.ending } else { &mut state.waiting }.push_back((number, job));
        let wait = state.ending.len() + state.waiting.len();
        if state.under_way == 0 || wait >= ANOTHER_LANE_AT && state.under_way < self.lanes {
            state.under_way += 1;
            tokio::spawn(Arc::clone(self).lane(Arc::clone(pool)));
        }
        Ok(number)
    }

    /// Says whether it was still waiting.
    fn take_back(&self, number: u64) -> bool {
        let mut state = self.state();
        let State { ending, waiting, .. } = &mut *state;
        [ending, waiting].into_iter().any(|queue| {
            let before = queue.len();
            queue.retain(|(waiting, _)| *waiting != number);
            queue.len() < before
        })
    }

    /// Carries out groups until nothing waits.
    async fn lane(self: Arc<Self>, pool: Arc<Pool>) {
        let mut lane = Lane { groups: &self, left: false };
        while let Some(group) = lane.next() {
            carry_out(&pool, self.mode, group).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its place is free again when it ends, however it ends.
struct Lane<'g> {
    groups: &'g Groups,
    left: bool,
}

impl Lane<'_> {
    /// The oldest that may go together, those that end something first, in the order of their keys, so that two groups lock
    /// alike. When nothing waits, the place is given back under the same lock: whoever comes next takes it.
    fn next(&mut self) -> Option<Vec<Box<dyn Job>>> {
        let mut state = self.groups.state();
        let mut group: Vec<Box<dyn Job>> = Vec::new();
        let mut keys = HashSet::new();
        let State { ending, waiting, .. } = &mut *state;
        for queue in [ending, waiting] {
            let mut place = 0;
            while place < queue.len() && group.len() < GROUP_MAX {
                if queue[place].1.key().is_none_or(|key| keys.insert(key)) {
                    group.extend(queue.remove(place).map(|(_, job)| job));
                } else {
                    place += 1;
                }
            }
        }
        if group.is_empty() {
            state.under_way -= 1;
            self.left = true;
            return None;
        }
        group.sort_by_key(|job| job.key());
        Some(group)
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        if !self.left {
            self.groups.state().under_way -= 1;
        }
    }
}

async fn carry_out(pool: &Arc<Pool>, mode: Mode, group: Vec<Box<dyn Job>>) {
    match together(pool, mode, &group).await {
        Ended::Refused(_) if group.len() > 1 => {
            for job in group {
                let pool = Arc::clone(pool);
                tokio::spawn(async move {
                    let alone = vec![job];
                    let ended = together(&pool, mode, &alone).await;
                    tell(alone, &ended.into());
                });
            }
        }
        ended => tell(group, &ended.into()),
    }
}

async fn together(pool: &Pool, mode: Mode, group: &Vec<Box<dyn Job>>) -> Ended<()> {
    pool.run_here(mode, group, group.len(), |tx, group| Box::pin(all(tx, group))).await
}

fn tell(group: Vec<Box<dyn Job>>, ended: &Result<(), StoreError>) {
    for job in group {
        job.tell(ended.clone());
    }
}

/// Those that are alike as one set; what the sets send goes out together.
async fn all(tx: &Tx<'_>, group: &[Box<dyn Job>]) -> Result<(), StoreError> {
    let mut sets: Vec<(Option<TypeId>, Vec<&dyn Job>)> = Vec::new();
    for job in group {
        let kind = job.kind();
        match sets.iter_mut().find(|(of, _)| of.is_some() && *of == kind) {
            Some((_, alike)) => alike.push(job.as_ref()),
            None => sets.push((kind, vec![job.as_ref()])),
        }
    }
    try_join_all(sets.into_iter().map(|(_, alike)| alike[0].run(tx, alike))).await.map(drop)
}

/// A verb, whatever its type.
trait Job: Any + Send + Sync {
    fn key(&self) -> Option<Key>;
    /// Those that go together as a set have the same.
    fn kind(&self) -> Option<TypeId>;
    /// Runs those that are alike, perhaps again, and keeps what each of them gives.
    fn run<'t>(&self, tx: &'t Tx<'t>, alike: Vec<&'t dyn Job>) -> Running<'t, ()>;
    /// Tells the caller what it gave, if its transaction ended well.
    fn tell(self: Box<Self>, ended: Result<(), StoreError>);
}

struct Asked<V: Together> {
    key: Option<Key>,
    verb: V,
    gave: Mutex<Option<V::Gives>>,
    to: oneshot::Sender<Result<V::Gives, StoreError>>,
}

impl<V: Together> Job for Asked<V> {
    fn key(&self) -> Option<Key> {
        self.key
    }

    fn kind(&self) -> Option<TypeId> {
        V::IS_SET.then(TypeId::of::<V>)
    }

    fn run<'t>(&self, tx: &'t Tx<'t>, alike: Vec<&'t dyn Job>) -> Running<'t, ()> {
        let of_this_type = |job: &'t dyn Job| {
            let job: &'t dyn Any = job;
            job.downcast_ref::<Self>()
        };
        let alike: Vec<&Self> = alike.into_iter().filter_map(of_this_type).collect();
        Box::pin(async move {
            let gave = V::carry_out(tx, alike.iter().map(|asked| &asked.verb).collect()).await?;
            if gave.len() != alike.len() {
                return Err(unavailable("a set of verbs gave too little"));
            }
            for (asked, gave) in alike.into_iter().zip(gave) {
                *asked.gave.lock().unwrap_or_else(PoisonError::into_inner) = Some(gave);
            }
            Ok(())
        })
    }

    fn tell(self: Box<Self>, ended: Result<(), StoreError>) {
        let gave = self.gave.into_inner().unwrap_or_else(PoisonError::into_inner);
        let told = ended.and_then(|()| gave.ok_or_else(|| unavailable("the verb gave nothing")));
        // Whoever asked may have gone.
        let _ = self.to.send(told);
    }
}
