//! Admission: how many charges that buyers begin may be under way at once, so that whoever is let in is served as on a quiet
//! day, and whoever is not hears so before anything is written or asked.
//!
//! 1. **enter**: a place, or none;
//! 2. **learn**: how long the store took over an intent; when that has become long, there is less room, and when it is short
//!    again, more.
//!
//! A number alone would be wrong for somebody: while Toss takes a second over a charge, many places are needed to keep the
//! store busy at all; when Toss answers at once, as many would only wait for the store, and for each other.
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// There is always room for so many: they share a few flushes, and a store that is slow with them is slow with anybody.
const ROOM_LEAST: usize = 128;
/// Judged by the mean of so many intents, and of half of those that are under way …
const WINDOW: u32 = 64;
/// … in so long a time at least …
const WINDOW_LASTS: Duration = Duration::from_millis(50);
/// … and only so many bad windows in a row say anything: many wait for a single slow flush, and then none does.
const STRIKES: u32 = 2;
/// An intent may take so many times as long as the quickest …
const BEARABLE_TIMES: u32 = 4;
/// … and so long beside that: who is let in waits for the store twice, and for a processor at each of its turns. With 10 ms, the
/// slowest hundredth took 73 ms at twice the capacity instead of 49.
const BEARABLE: Duration = Duration::from_millis(4);
/// … or such a part of what Toss takes, if that is more.
const BEARABLE_PART_OF_TOSS: u32 = 4;
/// The quickest intent is that of all windows, and not a window's mean, which a server that was started in a crowd would learn from
/// the crowd. It fades by such a part with each window, for a disk can become slower.
const FADES: u32 = 4_096;
/// The room shrinks by such a part of itself …
const SHRINKS: usize = 4;
/// … and grows by such a one.
const GROWS: usize = 8;

/// Room for charges.
#[derive(Debug)]
pub(crate) struct Admission {
    most: usize,
    room: AtomicUsize,
    under_way: AtomicUsize,
    learned: Mutex<Learned>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Admission>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}

impl Admission {
    /// At most `most` places, and all of them until something else is learned.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let (room, under_way) = (AtomicUsize::new(most), AtomicUsize::new(0));
        Arc::new(Self { most, room, under_way, learned: Mutex::default() })
    }

    /// A place, if there is one.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let room = self.room.load(Relaxed);
        let enter = |under_way: usize| (under_way < room).then(|| under_way + 1);
        self.under_way.fetch_update(Relaxed, Relaxed, enter).ok().map(|_| Place(Arc::clone(self)))
    }

    /// Would [`Admission::enter`] find no place?
    pub(crate) fn is_full(&self) -> bool {
        self.room.load(Relaxed) <= self.under_way.load(Relaxed)
    }

    /// An intent was offered to the store, and is stored.
    pub(crate) fn intent_took(&self, offered: Instant, stored: Instant) {
        let mut learned = self.learned();
        let under_way = self.under_way.load(Relaxed);
        if let Some(is_bearable) = learned.intent_took(offered, stored, window(under_way)) {
            let room = self.room.load(Relaxed);
            let next = next_room(room, under_way, self.most, is_bearable);
            self.room.store(next, Relaxed);
            if next != room {
                learned.old_news = under_way;
            }
        }
    }

    /// Toss was asked to charge, and answered after so long.
    pub(crate) fn toss_took(&self, took: Duration) {
        let mut learned = self.learned();
        learned.toss = (learned.toss * (WINDOW - 1) + took) / WINDOW;
    }

    /// How many places are taken, and how many there are.
    pub(crate) fn seen(&self) -> (usize, usize) {
        (self.under_way.load(Relaxed), self.room.load(Relaxed))
    }

    fn learned(&self) -> MutexGuard<'_, Learned> {
        // Nothing panics while it is held.
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn window(under_way: usize) -> u32 {
    u32::try_from(under_way / 2).unwrap_or(u32::MAX).max(WINDOW)
}

/// From `most` down to [`ROOM_LEAST`], if there are so many at all.
fn next_room(room: usize, under_way: usize, most: usize, is_bearable: bool) -> usize {
    let next = if is_bearable {
        room + room / GROWS + 1
    } else {
        let taken = room.min(under_way);
        taken - taken / SHRINKS
    };
    next.max(ROOM_LEAST).min(most)
}

#[derive(Debug, Default)]
struct Learned {
    /// So many were let in before the room changed, and tell nothing of what that has done.
    old_news: usize,
    /// Since the last judgement, if there was an intent.
    window: Option<Window>,
    /// The quickest of all windows: what an intent takes that waits for nobody.
    quiet: Option<Duration>,
    /// Bad windows in a row.
    strikes: u32,
    /// What Toss takes over a charge, by and large.
    toss: Duration,
}

/// Intents that are judged together.
#[derive(Debug)]
struct Window {
    since: Instant,
    intents: u32,
    took: Duration,
    quickest: Duration,
}

impl Learned {
    /// At the end of a window, if it says anything: was it bearable?
    fn intent_took(&mut self, offered: Instant, stored: Instant, window: u32) -> Option<bool> {
        if self.old_news > 0 {
            self.old_news -= 1;
            return None;
        }
        let took = stored - offered;
        let empty = Window { since: offered, intents: 0, took: Duration::ZERO, quickest: took };
        let Window { since, intents, took: all, quickest } = self.window.get_or_insert(empty);
        *intents += 1;
        *all += took;
        *quickest = took.min(*quickest);
        if *intents < window || stored < *since + WINDOW_LASTS {
            return None;
        }
        let (mean, quickest) = (*all / *intents, *quickest);
        self.window = None;
        let quiet = self.quiet.map_or(quickest, |quiet| (quiet + quiet / FADES).min(quickest));
        self.quiet = Some(quiet);
        if mean <= quiet * BEARABLE_TIMES + BEARABLE.max(self.toss / BEARABLE_PART_OF_TOSS) {
            self.strikes = 0;
            return Some(true);
        }
        self.strikes += 1;
        (self.strikes >= STRIKES).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1_000;

    /// So many windows' worth of intents, each of which took so long, one after the other within its window's time.
    fn store_takes(admission: &Admission, ms: u64, windows: u32) {
        let mut now = Instant::now();
        for _ in 0..windows {
            let intents = window(admission.seen().0);
            for _ in 0..intents {
                now += WINDOW_LASTS / intents + Duration::from_nanos(1);
                admission.intent_took(now - Duration::from_millis(ms), now);
            }
        }
    }

    fn fill(admission: &Arc<Admission>) -> Vec<Place> {
        std::iter::from_fn(|| admission.enter()).collect()
    }

    #[test]
    fn as_many_enter_as_there_is_room_for_and_a_place_is_free_again() {
        let admission = Admission::new(3);
        let mut places = fill(&admission);
        assert_eq!(places.len(), 3);
        places.pop();
        assert!(admission.enter().is_some());
    }

    #[test]
    fn when_the_store_becomes_slow_there_is_less_room_and_never_less_than_the_least() {
        let admission = Admission::new(MOST);
        store_takes(&admission, 1, 10);
        let places = fill(&admission);
        assert_eq!(places.len(), MOST);
        store_takes(&admission, 30, STRIKES);
        drop(places);
        assert_eq!(fill(&admission).len(), MOST - MOST / SHRINKS);
        store_takes(&admission, 30, 1_000);
        assert_eq!(fill(&admission).len(), ROOM_LEAST);
    }

    #[test]
    fn one_slow_flush_that_many_wait_for_says_nothing() {
        let admission = Admission::new(MOST);
        for _ in 0..10 {
            store_takes(&admission, 1, 10);
            store_takes(&admission, 300, 1);
        }
        assert_eq!(fill(&admission).len(), MOST);
    }

    #[test]
    fn those_that_were_let_in_before_tell_nothing_of_the_new_room() {
        let admission = Admission::new(MOST);
        store_takes(&admission, 1, 10);
        let _places = fill(&admission);
        store_takes(&admission, 30, STRIKES);
        let shrunk = admission.seen().1;
        assert!(shrunk < MOST);
        // Two windows are as many as were under way.
        store_takes(&admission, 30, 2);
        assert_eq!(admission.seen().1, shrunk);
        store_takes(&admission, 30, 1);
        assert!(admission.seen().1 < shrunk);
    }

    #[test]
    fn when_it_is_quick_again_there_is_more_room() {
        let admission = Admission::new(MOST);
        store_takes(&admission, 1, 10);
        store_takes(&admission, 30, 100);
        store_takes(&admission, 2, 100);
        assert_eq!(fill(&admission).len(), MOST);
    }

    #[test]
    fn a_store_that_is_always_slow_is_no_crowd() {
        let admission = Admission::new(MOST);
        store_takes(&admission, 60, 100);
        assert_eq!(fill(&admission).len(), MOST);
    }

    #[test]
    fn a_store_that_has_become_slow_for_good_is_no_crowd_for_ever() {
        let admission = Admission::new(MOST);
        store_takes(&admission, 1, 10);
        store_takes(&admission, 30, 20_000);
        assert_eq!(fill(&admission).len(), MOST);
    }

    #[test]
    fn a_server_that_is_started_in_a_crowd_does_not_take_it_for_quiet() {
        let admission = Admission::new(MOST);
        store_takes(&admission, 30, 1);
        let now = Instant::now();
        admission.intent_took(now - Duration::from_millis(1), now);
        store_takes(&admission, 30, 100);
        assert_eq!(fill(&admission).len(), ROOM_LEAST);
    }

    #[test]
    fn while_toss_is_slow_a_wait_for_the_store_is_a_small_part_of_it() {
        let admission = Admission::new(MOST);
        for _ in 0..10 * WINDOW {
            admission.toss_took(Duration::from_millis(400));
        }
        store_takes(&admission, 1, 10);
        store_takes(&admission, 40, 100);
        assert_eq!(fill(&admission).len(), MOST);
    }

    #[test]
    fn fewer_places_than_the_least_stay_as_they_are() {
        let admission = Admission::new(2);
        store_takes(&admission, 1, 10);
        store_takes(&admission, 90, 100);
        assert_eq!(fill(&admission).len(), 2);
    }
}
