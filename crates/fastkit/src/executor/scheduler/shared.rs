//! [`Shared`]: what the handles of a scheduler and its threads have in common.

use super::{
    Error, Event, Past, Report,
    begin::hand_over,
    claim::{self, Claims},
    core::{Act, Core},
    cursor::Now,
    definition::{Definition, Surroundings},
    memory::{Memory, News},
    runner,
};
use crate::{
    context::RequestId,
    executor::{Given, Run, Task, ThreadPool, Zone, lock::Lock, store::Store},
};
use chrono::{DateTime, Utc};
use std::{
    collections::HashMap,
    fmt,
    ops::{Deref, DerefMut},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    runtime,
    sync::{Notify, mpsc, oneshot},
};

/// A listener of events.
pub(super) type Listener = Box<dyn Fn(&Event) + Send + Sync>;

/// All of a scheduler but its threads.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) parts: Parts,
    /// Where the monotonic time of the core begins.
    origin: Instant,
    born: AtomicU64,
    /// Something may be due earlier than the scheduler's thread believes.
    pub(super) wake: Notify,
    /// Something has to be written to the store at once: who changes a job in one process and then in
    /// another expects the second to win.
    pub(super) hurry: Notify,
    /// Held by who starts the threads.
    pub(super) launching: Mutex<()>,
    /// There once the threads are.
    pub(super) engine: OnceLock<Engine>,
    /// Runs under way, for their end at a stop.
    pub(super) live: Mutex<HashMap<RequestId, Live>>,
    /// One of them has ended.
    pub(super) ended: Notify,
    pub(super) claims: Claims,
}

/// What it was made with.
pub(super) struct Parts {
    pub(super) pool: ThreadPool,
    /// Whether the pool ends with the scheduler.
    pub(super) own_pool: bool,
    pub(super) background: ThreadPool,
    pub(super) lock: Option<Arc<dyn Lock>>,
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) zone: Zone,
    pub(super) service: String,
    pub(super) given: Given,
    pub(super) listeners: Vec<Listener>,
}

/// What changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) core: Core,
    pub(super) memory: Memory,
    pub(super) phase: Phase,
    /// Tasks that wait for the start.
    pub(super) tasks: Vec<Task>,
    /// Until when the scheduler's thread sleeps, if it does.
    pub(super) armed: Option<Duration>,
}

#[derive(Clone, Debug)]
pub(super) enum Phase {
    New,
    /// Started, without threads until there is a job.
    Idle,
    Running,
    Stopping,
    Stopped(Report),
}

/// The ways to the threads.
#[derive(Debug)]
pub(super) struct Engine {
    /// Asynchronous jobs.
    pub(super) jobs: runtime::Handle,
    pub(super) orders: mpsc::UnboundedSender<Order>,
}

/// What the scheduler's thread is told to do.
#[derive(Debug)]
pub(super) enum Order {
    /// A stop, with the most time to wait for runs; nobody waits for the report if the handles are gone.
    Stop(Duration, Option<oneshot::Sender<Report>>),
    /// A run beside the times of a job.
    Run(Arc<Definition>, RequestId),
}

/// A run under way.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) run: Run,
    /// An asynchronous one is dropped where it stands when this is.
    pub(super) go_on: Option<oneshot::Sender<()>>,
}

/// How many jobs are looked at before others get at the state.
pub(super) const AT_ONCE: usize = 64;

/// How long runs are begun before those that run are looked after, and a stop is heard.
const AT_A_STRETCH: Duration = Duration::from_millis(10);

/// The state, held.
pub(super) struct Locked<'a> {
    state: MutexGuard<'a, State>,
    /// Jobs that were removed meanwhile: what their functions own is dropped after the state is let go.
    gone: Vec<Arc<Definition>>,
}

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.gone = self.state.core.gone();
    }
}

impl Shared {
    pub(super) fn new(parts: Parts) -> Self {
        let memory = Memory::new(parts.store.is_some(), parts.service.clone());
        Self {
            state: Mutex::new(State {
                core: Core::new(|most| most.mul_f64(rand::random())),
                memory,
                phase: Phase::New,
                tasks: Vec::new(),
                armed: None,
            }),
            parts,
            origin: Instant::now(),
            born: AtomicU64::new(0),
            wake: Notify::new(),
            hurry: Notify::new(),
            launching: Mutex::new(()),
            engine: OnceLock::new(),
            live: Mutex::default(),
            ended: Notify::new(),
            claims: Claims::default(),
        }
    }

    /// What changes. Nobody who holds it runs code of users or waits.
    pub(super) fn state(&self) -> Locked<'_> {
        Locked {
            state: self.state.lock().unwrap_or_else(PoisonError::into_inner),
            gone: Vec::new(),
        }
    }

    pub(super) fn live(&self) -> MutexGuard<'_, HashMap<RequestId, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Now {
        Now {
            wall: Utc::now(),
            mono: self.origin.elapsed(),
        }
    }

    pub(super) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            given: &self.parts.given,
            has_lock: self.parts.lock.is_some(),
            zone: self.parts.zone,
        }
    }

    pub(super) fn next_born(&self) -> u64 {
        self.born.fetch_add(1, Ordering::Relaxed)
    }

    /// Wakes the scheduler's thread if something is due before it wakes by itself.
    pub(super) fn wake_for(&self, state: &mut State, now: Now) {
        let Some(wait) = state.core.wait(now) else {
            return;
        };
        let due = now.mono + wait;
        if state.armed.is_none_or(|armed| due < armed) {
            state.armed = Some(due);
            self.wake.notify_one();
        }
    }

    /// Tells listeners and the log. Only on the scheduler's thread.
    pub(super) fn tell(&self, event: &Event) {
        event.log();
        for listener in &self.parts.listeners {
            if catch_unwind(AssertUnwindSafe(|| listener(event))).is_err() {
                tracing::error!(target: "fastkit::executor", job = event.job(), "a listener of events panicked");
            }
        }
    }

    /// Does what the core says. Only on the scheduler's thread.
    pub(super) fn perform(self: &Arc<Self>, acts: Vec<Act>) {
        let mut functions = Vec::new();
        for act in acts {
            match act {
                Act::Start(definition, scheduled) => {
                    functions.extend(runner::start(
                        self,
                        definition,
                        scheduled,
                        RequestId::random(),
                    ));
                }
                Act::Claim(definition, scheduled) => {
                    claim::claim(self, definition, scheduled);
                }
                Act::Tell(event) => self.tell(&event),
                Act::Dealt(definition, until) => self.dealt(&definition, until),
            }
        }
        hand_over(self, functions);
    }

    /// Everything of the job until this time is dealt with.
    pub(super) fn dealt(&self, of: &Definition, until: DateTime<Utc>) {
        self.state().memory.dealt(&of.job.id, until);
    }

    /// Takes what is due; gives how long nothing is, which is no time if it has not come to the end of
    /// it. Only on the scheduler's thread.
    pub(super) fn turn(self: &Arc<Self>) -> Option<Duration> {
        let begin = Instant::now();
        loop {
            let now = self.now();
            let mut acts = Vec::new();
            let mut state = self.state();
            let more = state.core.turn(now, AT_ONCE, &mut acts);
            let wait = state.core.wait(now);
            state.armed = wait.map(|wait| now.mono + wait);
            drop(state);
            self.perform(acts);
            if !more {
                return wait;
            }
            if begin.elapsed() > AT_A_STRETCH {
                return Some(Duration::ZERO);
            }
        }
    }

    /// A run counts no more.
    pub(super) fn run_ended(self: &Arc<Self>, of: &Definition) {
        let mut acts = Vec::new();
        self.state().core.ended(of, self.now(), &mut acts);
        self.perform(acts);
    }

    /// The lock of a job is not asked for any more.
    pub(super) fn settled(self: &Arc<Self>, of: &Definition) {
        let mut acts = Vec::new();
        self.state().core.settled(of, self.now(), &mut acts);
        self.perform(acts);
    }

    /// Takes in what came from the store.
    pub(super) fn read(&self, entries: Vec<crate::executor::store::Entry>) {
        if entries.is_empty() {
            return;
        }
        let now = self.now();
        let mut state = self.state();
        let State { core, memory, .. } = &mut *state;
        for news in memory.read(entries, |id| core.has(id), |_| false) {
            match news {
                News::Paused(id, true) => {
                    core.pause(&id);
                }
                News::Paused(id, false) => {
                    core.resume(&id, now);
                }
                News::Removed(id) => {
                    core.remove(&id);
                }
                News::Ran(id, past) => core.remember(&id, past),
            }
        }
        self.wake_for(&mut state, now);
    }

    /// Remembers a run that is over.
    pub(super) fn remember(&self, job: &Arc<str>, past: &Past) {
        let mut state = self.state();
        state.core.remember(job, past.clone());
        state.memory.ran(job, past);
    }

    /// The ways to the threads, while jobs may begin.
    pub(super) fn running(&self) -> Result<&Engine, Error> {
        match (&self.state().phase, self.engine.get()) {
            (Phase::Running, Some(engine)) => Ok(engine),
            (Phase::New | Phase::Idle, _) | (_, None) => {
                Err(Error::not_running("has not been started"))
            }
            _ => Err(Error::not_running("has stopped")),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("state", &self.state)
            .field("lock", &self.parts.lock)
            .field("store", &self.parts.store)
            .finish_non_exhaustive()
    }
}
