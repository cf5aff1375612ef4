//! What the accept thread, the event loops and the [`Handle`] share: stages, counts, connections.
//!
//! Nothing here blocks and nothing knows HTTP. Key types: [`Control`], [`LoopState`], [`Ticket`].

use crate::{
    Error, ServerConfig,
    answer::Prepared,
    clients::{Clients, Place},
    permits::Permits,
    presence,
    tls::Tls,
    watch::{Linger, Watch},
};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicU8, AtomicU64, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// How far a server is with stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Stage {
    Running,
    /// Requests in flight are finished, nothing new is begun.
    Stopping,
    /// Everything ends where it is.
    Killed,
}

/// The state of one server.
#[derive(Debug)]
pub(crate) struct Control {
    stage: AtomicU8,
    /// The bounds of a stop that says none.
    usual: Drain,
    stop: Mutex<Option<Bounds>>,
    /// Nobody else will serve what waits in a shared backlog.
    pub(crate) is_last: AtomicBool,
    /// Told when the stage changes, for those who wait in [`Handle::stopping`].
    stage_changed: Notify,
    pub(crate) permits: Permits,
    /// Bytes a second that a body must reach.
    body_rate: u64,
    pub(crate) clients: Option<Arc<Clients>>,
    pub(crate) tls: Option<Tls>,
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) cut: AtomicU64,
    pub(crate) loops: Vec<Arc<LoopState>>,
}

impl Control {
    pub(crate) fn new(config: &ServerConfig) -> Result<Self, Error> {
        Ok(Self {
            tls: Tls::of(config)?,
            stage: AtomicU8::new(Stage::Running as u8),
            usual: Drain {
                linger: config.timeouts.linger,
                graceful: config.timeouts.graceful,
            },
            stop: Mutex::default(),
            is_last: AtomicBool::new(false),
            stage_changed: Notify::new(),
            permits: Permits::new(config.max_connections.max(1)),
            body_rate: config.timeouts.body_rate,
            clients: config.max_connections_per_client.map(Clients::new),
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            loops: (0..config.event_loops.max(1))
                .map(|_| Arc::new(LoopState::new(config)))
                .collect(),
        })
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Acquire) {
            0 => Stage::Running,
            1 => Stage::Stopping,
            _ => Stage::Killed,
        }
    }

    /// Goes on to a later stage; an earlier one is ignored. Of several stops the tighter bounds hold.
    pub(crate) fn advance(&self, stage: Stage, drain: Option<Drain>) {
        let bounds = Bounds::from_now(drain.unwrap_or(self.usual));
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        *stop = Some(stop.map_or(bounds, |earlier| earlier.tighter(bounds)));
        drop(stop);
        self.stage.fetch_max(stage as u8, Release);
        self.stage_changed.notify_waiters();
        for state in &self.loops {
            state.changed.notify_one();
        }
    }

    /// When the requests in flight have to be done, and how long idle connections stay.
    pub(crate) fn drain(&self) -> (Instant, Duration) {
        let stop = *self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let bounds = stop.unwrap_or_else(|| Bounds::from_now(self.usual));
        (bounds.until, bounds.linger)
    }

    /// Closes a connection that has long been incomplete or idle, if there is one, for a newcomer.
    pub(crate) fn evict_one(&self) {
        let chosen = self
            .loops
            .iter()
            .filter_map(|state| state.to_evict(self.body_rate))
            .max_by_key(|(case, _, _)| *case);
        if let Some((_, word, watch)) = chosen {
            watch.evict(word);
        }
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let sum = |of: fn(&LoopState) -> u64| self.loops.iter().map(|state| of(state)).sum();
        Stats {
            connections: self.loops.iter().map(|state| state.open()).sum(),
            accepted: self.accepted.load(Relaxed),
            refused: self.refused.load(Relaxed),
            requests: sum(|state| state.requests.load(Relaxed)),
            rejected: sum(|state| state.rejected.load(Relaxed)),
            abandoned: sum(|state| state.abandoned.load(Relaxed)),
            cut: self.cut.load(Relaxed),
        }
    }
}

/// The bounds of a graceful stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long idle connections stay open for a request that is on its way.
    pub linger: Duration,
    /// How long requests in flight may take; `Duration::MAX` is no bound.
    pub graceful: Duration,
}

/// [`Drain`], counted from the moment it was asked for.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    until: Instant,
    linger: Duration,
}

impl Bounds {
    fn from_now(Drain { linger, graceful }: Drain) -> Self {
        // So far off that it is never reached, where adding would overflow.
        let never = Duration::from_secs(u32::MAX.into());
        Self {
            until: Instant::now() + graceful.min(never),
            linger: linger.min(graceful),
        }
    }

    fn tighter(self, other: Self) -> Self {
        Self {
            until: self.until.min(other.until),
            linger: self.linger.min(other.linger),
        }
    }
}

/// Counts of a server since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections open now.
    pub connections: usize,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed at once, since their client had as many as it may have.
    pub refused: u64,
    /// Requests handed to the application.
    pub requests: u64,
    /// Requests answered by the protocol layer: malformed, too large, too slow.
    pub rejected: u64,
    /// Requests whose client left while they were handled, and whose handlers were dropped for it.
    pub abandoned: u64,
    /// Requests that were in flight when the graceful time was over.
    pub cut: u64,
}

/// The state of one event loop. Counters are written by the loop's own thread.
#[derive(Debug)]
pub(crate) struct LoopState {
    clock: AtomicU64,
    open: AtomicUsize,
    registry: Mutex<Vec<Arc<Watch>>>,
    pub(crate) requests: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) beats: AtomicU64,
    /// The longest time in milliseconds that a turn came late since somebody asked.
    delay: AtomicU64,
    pub(crate) prepared: Prepared,
    /// Told when the stage changes and, while stopping, when a connection ends.
    pub(crate) changed: Notify,
}

impl LoopState {
    fn new(config: &ServerConfig) -> Self {
        Self {
            // Not 0: the word of a connection must differ from "no verdict".
            clock: AtomicU64::new(1),
            open: AtomicUsize::new(0),
            registry: Mutex::default(),
            requests: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
            beats: AtomicU64::new(0),
            delay: AtomicU64::new(0),
            prepared: Prepared::new(&config.constant_headers, config.sampled_headers.clone()),
            changed: Notify::new(),
        }
    }

    /// Milliseconds that this loop has been alive, as of the last tick.
    pub(crate) fn now(&self) -> u64 {
        self.clock.load(Relaxed)
    }

    /// Moves the clock on by at most two turns: while the loop was blocked or the machine paused
    /// nobody could be served, so that time is not held against the connections.
    pub(crate) fn tick(&self, elapsed: Duration, turn: Duration) {
        let step = elapsed.min(turn * 2).as_millis() as u64;
        self.clock.store(self.now() + step, Relaxed);
        self.beats.store(self.beats.load(Relaxed) + 1, Relaxed);
        let delay = elapsed.saturating_sub(turn).as_millis() as u64;
        self.delay.fetch_max(delay, Relaxed);
        self.prepared.refresh();
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Acquire)
    }

    pub(crate) fn count(&self, counter: &AtomicU64) {
        // One writer, so no locked instruction is needed.
        counter.store(counter.load(Relaxed) + 1, Relaxed);
    }

    fn registry(&self) -> MutexGuard<'_, Vec<Arc<Watch>>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> Arc<Watch> {
        let watch = Arc::new(Watch::new(self.now()));
        let mut registry = self.registry();
        watch.slot.store(registry.len(), Relaxed);
        registry.push(Arc::clone(&watch));
        drop(registry);
        self.open.fetch_add(1, Release);
        watch
    }

    fn leave(&self, watch: &Watch) {
        let mut registry = self.registry();
        let slot = watch.slot.load(Relaxed);
        registry.swap_remove(slot);
        if let Some(moved) = registry.get(slot) {
            moved.slot.store(slot, Relaxed);
        }
        drop(registry);
        self.open.fetch_sub(1, Release);
    }

    /// Looks at every connection once. `turn` is how far the clock may have gone on since a
    /// connection took its time from it.
    pub(crate) fn judge(&self, config: &ServerConfig, turn: Duration, linger: Option<Linger>) {
        let now = self.now().saturating_sub(turn.as_millis() as u64);
        for watch in self.registry().iter() {
            watch.judge(now, &config.timeouts, linger);
        }
    }

    /// Ends requests that take longer than `turn` and whose clients have left. Only for the loop's own
    /// thread.
    pub(crate) fn dismiss(&self, turn: Duration) {
        let since = self.now().saturating_sub(turn.as_millis() as u64);
        let registry = self.registry();
        presence::dismiss(
            registry
                .iter()
                .filter_map(|watch| Some((&**watch, watch.busy(since)?))),
        );
    }

    /// The strongest case for closing a connection, with its word and watch.
    fn to_evict(&self, body_rate: u64) -> Option<(u64, u64, Arc<Watch>)> {
        let now = self.now();
        let registry = self.registry();
        let ((case, word), watch) = registry
            .iter()
            .filter_map(|watch| Some((watch.evictable(now, body_rate)?, watch)))
            .max_by_key(|((case, _), _)| *case)?;
        Some((case, word, Arc::clone(watch)))
    }

    /// Drops all connections; tells how many had a request in flight.
    pub(crate) fn kill_all(&self) -> u64 {
        let registry = self.registry();
        registry.iter().for_each(|watch| watch.kill());
        registry
            .iter()
            .filter(|watch| watch.phase().is_in_flight())
            .count() as u64
    }
}

/// The right to one connection: its permit, its place in the count and in the registry of its loop.
#[derive(Debug)]
pub(crate) struct Ticket {
    control: Arc<Control>,
    state: Arc<LoopState>,
    pub(crate) watch: Arc<Watch>,
    /// Given back with the permit. Boxed: few servers have any.
    _place: Option<Box<Place>>,
}

impl Ticket {
    /// Enters a connection whose permit is taken already into the books of a loop.
    pub(crate) fn new(
        control: &Arc<Control>,
        state: &Arc<LoopState>,
        place: Option<Place>,
    ) -> Self {
        Self {
            control: Arc::clone(control),
            state: Arc::clone(state),
            watch: state.enter(),
            _place: place.map(Box::new),
        }
    }

    /// Enters a connection that nobody has served yet into the books of another loop.
    pub(crate) fn move_to(&mut self, state: &Arc<LoopState>) {
        self.state.leave(&self.watch);
        self.state = Arc::clone(state);
        self.watch = state.enter();
    }

    pub(crate) fn count_abandoned(&self) {
        self.state.count(&self.state.abandoned);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.state.leave(&self.watch);
        self.control.permits.put_back();
        if self.control.stage() != Stage::Running {
            self.state.changed.notify_one();
        }
    }
}

/// Stops a server and looks at its counts, from any thread.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) control: Arc<Control>,
}

impl Handle {
    /// Stops gracefully: accepts no more, finishes what is in flight within the graceful timeout.
    pub fn stop(&self) {
        self.control.advance(Stage::Stopping, None);
    }

    /// Stops gracefully within other bounds than the configured ones: a worker that is replaced has
    /// no need to hurry. After another stop the tighter bounds hold.
    pub fn stop_within(&self, drain: Drain) {
        self.control.advance(Stage::Stopping, Some(drain));
    }

    /// Stops at once; requests in flight are cut.
    pub fn stop_now(&self) {
        // No time at all, so that a loop which is blocked is not waited for either.
        let at_once = Drain {
            linger: Duration::ZERO,
            graceful: Duration::ZERO,
        };
        self.control.advance(Stage::Killed, Some(at_once));
    }

    /// Loads the certificate and its key from their files again; connections that are made from then
    /// on use them. Nothing happens on a server without TLS.
    ///
    /// # Errors
    /// What is wrong with which file. The certificate in force stays in force.
    #[cfg(feature = "tls")]
    pub fn reload_certificates(&self) -> Result<(), Error> {
        self.control.tls.as_ref().map_or(Ok(()), Tls::reload)
    }

    /// True once a stop was asked for.
    pub fn is_stopping(&self) -> bool {
        self.control.stage() != Stage::Running
    }

    /// Waits until a stop is asked for. Answers without an end (event streams, WebSockets) watch this,
    /// so that they say goodbye instead of being cut.
    pub async fn stopping(&self) {
        let mut changed = std::pin::pin!(self.control.stage_changed.notified());
        // Registered before the stage is read, so that no change between the two is missed.
        changed.as_mut().enable();
        if !self.is_stopping() {
            changed.await;
        }
    }

    /// The counts of this moment.
    pub fn stats(&self) -> Stats {
        self.control.snapshot()
    }

    /// The connections that are open now on each event loop.
    pub fn connections(&self) -> Vec<usize> {
        self.control
            .loops
            .iter()
            .map(|state| state.open())
            .collect()
    }

    /// How often each event loop has come round. One whose number stands still is blocked.
    pub fn heartbeats(&self) -> Vec<u64> {
        self.control
            .loops
            .iter()
            .map(|state| state.beats.load(Relaxed))
            .collect()
    }

    /// Stops gracefully within these bounds, together with all others who accept from a shared socket.
    #[cfg(unix)]
    pub(crate) fn stop_with_others(&self, drain: Drain) {
        self.control.is_last.store(true, Release);
        self.stop_within(drain);
    }

    /// Connections of each event loop, and the longest time in milliseconds that it came late since
    /// the last call.
    #[cfg(unix)]
    pub(crate) fn loops(&self) -> impl Iterator<Item = (usize, u64)> {
        self.control
            .loops
            .iter()
            .map(|state| (state.open(), state.delay.swap(0, Relaxed)))
    }
}
