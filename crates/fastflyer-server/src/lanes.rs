//! The ways from the accept thread to the event loops, and back from a loop that is stuck.
//!
//! A loop that runs a handler which blocks takes no connections. So a connection stays with the
//! accept side until its loop has taken it: what is not taken in time goes to another loop, and while
//! no loop takes any, none are accepted, so that siblings on the same socket get them. Neither costs a
//! loop that is well more than a lock for each connection. Key types: [`Lane`], [`Lanes`].

use crate::{
    control::{LoopState, Ticket},
    stream::Accepted,
};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// An accepted connection on its way to its loop. Few can be under way: each has a permit.
pub(crate) type Handed = (Accepted, Ticket);

/// How long a connection waits for its loop before it goes to another, and how often that is looked at.
const PATIENCE: Duration = Duration::from_millis(25);
/// A loop that has taken a connection within this time is trusted with many at once, others with one.
const TRUSTED: Duration = Duration::from_millis(2);
/// How many that is.
const MANY: usize = 16;

/// The way to one event loop.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) state: Arc<LoopState>,
    waiting: Mutex<Waiting>,
    told: Notify,
    room: Arc<Room>,
}

#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<(Instant, Handed)>,
    /// When the loop last took a connection.
    taken: Option<Instant>,
    /// Connections were taken away again, and the loop has not come round since.
    stuck: bool,
    closed: bool,
}

/// Where the accept thread waits until a loop takes what it was handed.
#[derive(Debug, Default)]
struct Room {
    wanted: AtomicBool,
    lock: Mutex<()>,
    made: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Waiting {
    fn oldest(&self) -> Option<Instant> {
        self.queue.front().map(|(since, _)| *since)
    }

    /// Whether the loop may be handed one more.
    fn has_room(&self, now: Instant) -> bool {
        let within = |since: Instant, limit| now.saturating_duration_since(since) < limit;
        let most = match self.taken {
            Some(taken) if within(taken, TRUSTED) => MANY,
            _ => 1,
        };
        !self.stuck
            && self.queue.len() < most
            && self.oldest().is_none_or(|since| within(since, TRUSTED))
    }
}

impl Lane {
    /// The next connection for the loop of this lane; `None` when there will be no more.
    pub(crate) async fn next(&self) -> Option<Handed> {
        loop {
            let (handed, closed) = self.take();
            if handed.is_some() || closed {
                return handed;
            }
            self.told.notified().await;
        }
    }

    fn take(&self) -> (Option<Handed>, bool) {
        let mut waiting = lock(&self.waiting);
        waiting.stuck = false;
        let handed = waiting.queue.pop_front().map(|(_, handed)| handed);
        if handed.is_some() {
            waiting.taken = Some(Instant::now());
        }
        let closed = waiting.closed;
        drop(waiting);
        if self.room.wanted.load(SeqCst) {
            let _made = lock(&self.room.lock);
            self.room.made.notify_one();
        }
        (handed, closed)
    }

    fn put(&self, since: Instant, handed: Handed) {
        lock(&self.waiting).queue.push_back((since, handed));
        self.told.notify_one();
    }

    fn close(&self) {
        lock(&self.waiting).closed = true;
        self.told.notify_one();
    }
}

/// All lanes, on the side of the accept thread. Dropping them tells the loops that no more will come.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    all: Vec<Arc<Lane>>,
    room: Arc<Room>,
    alarm: Alarm,
}

/// Wakes the thread that looks after untaken connections, at most once in [`PATIENCE`].
#[derive(Debug, Default)]
struct Alarm {
    set: AtomicBool,
    finished: Mutex<bool>,
    rung: Condvar,
}

impl Alarm {
    fn set(&self) {
        if !self.set.swap(true, SeqCst) {
            let _finished = lock(&self.finished);
            self.rung.notify_one();
        }
    }

    fn finish(&self) {
        *lock(&self.finished) = true;
        self.rung.notify_one();
    }

    /// Waits a while. False: nothing will be handed over any more.
    fn pause(&self) -> bool {
        let (finished, _) = self
            .rung
            .wait_timeout_while(lock(&self.finished), PATIENCE, |finished| !*finished)
            .unwrap_or_else(PoisonError::into_inner);
        !*finished
    }

    /// Waits until it is set. False: nothing will be handed over any more.
    fn wait(&self) -> bool {
        let finished = self
            .rung
            .wait_while(lock(&self.finished), |finished| {
                !*finished && !self.set.load(SeqCst)
            })
            .unwrap_or_else(PoisonError::into_inner);
        self.set.store(false, SeqCst);
        !*finished
    }
}

impl Lanes {
    /// Adds the way to a loop.
    pub(crate) fn add(&mut self, state: &Arc<LoopState>) -> Arc<Lane> {
        let lane = Arc::new(Lane {
            state: Arc::clone(state),
            waiting: Mutex::default(),
            told: Notify::new(),
            room: Arc::clone(&self.room),
        });
        self.all.push(Arc::clone(&lane));
        lane
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// Tells the loops that no more connections will come.
    pub(crate) fn close(&self) {
        self.all.iter().for_each(|lane| lane.close());
    }

    /// The lane with the fewest connections among those that take what they are handed. `None` also
    /// while a lane with far fewer has yet to show whether it does.
    fn fewest(&self) -> Option<&Arc<Lane>> {
        let now = Instant::now();
        let (mut fewest, mut least): (Option<(usize, &Arc<Lane>)>, _) = (None, usize::MAX);
        for lane in &self.all {
            let open = lane.state.open();
            let waiting = lock(&lane.waiting);
            if !waiting.stuck {
                least = least.min(open);
            }
            if waiting.has_room(now) && fewest.is_none_or(|(fewest, _)| open < fewest) {
                fewest = Some((open, lane));
            }
        }
        let bound = least.saturating_add(least / 16).saturating_add(2);
        fewest
            .filter(|(open, _)| *open <= bound)
            .map(|(_, lane)| lane)
    }

    /// The lane for a connection that is there already.
    pub(crate) fn best(&self) -> Option<&Arc<Lane>> {
        self.fewest().or_else(|| {
            self.all
                .iter()
                .min_by_key(|lane| (lock(&lane.waiting).stuck, lane.state.open()))
        })
    }

    /// Waits until a loop takes what it was handed. False: none did within `patience`.
    pub(crate) fn wait_for_room(&self, patience: Duration) -> bool {
        if self.fewest().is_some() {
            return true;
        }
        let lock = lock(&self.room.lock);
        self.room.wanted.store(true, SeqCst);
        let waited = self
            .room
            .made
            .wait_timeout_while(lock, patience, |()| self.fewest().is_none())
            .unwrap_or_else(PoisonError::into_inner);
        self.room.wanted.store(false, SeqCst);
        !waited.1.timed_out()
    }

    pub(crate) fn hand_over(&self, lane: &Lane, handed: Handed) {
        lane.put(Instant::now(), handed);
        self.alarm.set();
    }

    /// Moves connections from loops that do not take them to others, until [`finish`](Self::finish).
    /// For a thread of its own.
    pub(crate) fn look_after(&self) {
        while self.alarm.wait() {
            while self.alarm.pause() && self.move_overdue(PATIENCE) {}
        }
        // What was handed over last has its chance as well.
        if self.is_any_untaken() {
            std::thread::sleep(PATIENCE);
            self.move_overdue(PATIENCE);
        }
    }

    /// Lets [`look_after`](Self::look_after) end.
    pub(crate) fn finish(&self) {
        self.alarm.finish();
    }

    fn is_any_untaken(&self) -> bool {
        self.all
            .iter()
            .any(|lane| lock(&lane.waiting).oldest().is_some())
    }

    /// True: some are waiting still.
    fn move_overdue(&self, patience: Duration) -> bool {
        let now = Instant::now();
        for lane in &self.all {
            let mut waiting = lock(&lane.waiting);
            if waiting
                .oldest()
                .is_some_and(|since| now.saturating_duration_since(since) >= patience)
            {
                waiting.stuck = true;
            }
        }
        let is_stuck = |lane: &&Arc<Lane>| lock(&lane.waiting).stuck;
        for stuck in self.all.iter().filter(is_stuck) {
            loop {
                let other = self
                    .all
                    .iter()
                    .filter(|lane| !is_stuck(lane))
                    .min_by_key(|lane| lane.state.open());
                let Some(other) = other else { break };
                // Taken out only now: where nobody else takes it, its own loop still may.
                let Some((_, (accepted, mut ticket))) = lock(&stuck.waiting).queue.pop_front()
                else {
                    break;
                };
                ticket.move_to(&other.state);
                other.put(now, (accepted, ticket));
            }
        }
        self.is_any_untaken()
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.close();
    }
}
