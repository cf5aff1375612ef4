//! Single flight: who misses first loads, the others wait for the outcome.
//!
//! Tasks and threads wait alike. A load that panics or is cancelled wakes those who wait, of whom
//! one becomes the next to load. Nothing is held while a load runs.
//!
//! A load that asks for its own key must not wait for itself. Each thread knows which loads it is
//! in the middle of: those of plain functions from begin to end, those of futures while they are
//! polled ([`Loading`]). What a load has spawned elsewhere is not known to belong to it.

use super::{
    entry::Shared,
    key::{AsKey, Key, Passing},
    stats::{Counters, count},
};
use event_listener::{Event, EventListener, Listener};
use pin_project_lite::pin_project;
use std::{
    any::Any,
    cell::RefCell,
    collections::HashMap,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    ptr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

/// The loads that are under way, by key. Its lock is that of all who write into the pool.
#[derive(Default)]
pub(super) struct Flights(Mutex<Loads>);

pub(super) type Loads = HashMap<Key, Arc<Flight>, Passing>;

pub(super) struct Flight {
    outcome: Mutex<Outcome>,
    done: Event,
}

thread_local! {
    /// The loads that this thread is in the middle of, the innermost last. Compared by address and
    /// never followed.
    static RUNNING: RefCell<Vec<*const Flight>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Default)]
pub(super) enum Outcome {
    #[default]
    Running,
    Loaded(Shared),
    /// With the error for those who can have a copy of it.
    Failed(Option<Arc<dyn Any + Send + Sync>>),
    /// Panicked or cancelled.
    Abandoned,
}

/// What one has to do who missed.
pub(super) enum Turn {
    Load(Lead),
    Wait(Arc<Flight>),
    /// This thread is in the middle of the load of this key: waiting would last for ever.
    Alone,
}

impl Flights {
    /// What is being loaded under this key is older than what happens to it now.
    pub(super) fn outdate(&self, key: &dyn AsKey) {
        self.lock().remove(key);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Loads> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to load. Dropping it without an outcome abandons the load.
pub(super) struct Lead {
    flights: Arc<Flights>,
    counters: Arc<Counters>,
    flight: Arc<Flight>,
    key: Key,
    landed: bool,
}

impl Lead {
    /// Takes the turn of a key, under the lock of the flights.
    pub(super) fn take(
        flights: &Arc<Flights>,
        counters: &Arc<Counters>,
        loads: &mut Loads,
        key: &dyn AsKey,
    ) -> Turn {
        if let Some(flight) = loads.get(key) {
            if flight.is_running_here() {
                return Turn::Alone;
            }
            return Turn::Wait(flight.clone());
        }
        let flight = Arc::new(Flight {
            outcome: Mutex::default(),
            done: Event::new(),
        });
        let key = key.to_key();
        loads.insert(key.clone(), flight.clone());
        Turn::Load(Self {
            flights: flights.clone(),
            counters: counters.clone(),
            flight,
            key,
            landed: false,
        })
    }

    /// Runs the load on this thread.
    pub(super) fn run<T>(lead: Option<&Self>, load: impl FnOnce() -> T) -> T {
        let _running = lead.map(|lead| lead.flight.enter());
        load()
    }

    /// Runs the load as a future.
    pub(super) fn run_async<F: Future>(
        lead: Option<&Self>,
        load: impl FnOnce() -> F,
    ) -> Loading<F> {
        Loading {
            future: Some(Self::run(lead, load)),
            flight: lead.map(|lead| lead.flight.clone()),
        }
    }

    /// Ends the load. `keep` runs before anybody else can write under this key, and not at all
    /// when the key was set, deleted or cleared meanwhile: what was loaded may be older than that.
    pub(super) fn land(mut self, outcome: Outcome, keep: impl FnOnce(Key)) {
        self.landed = true;
        let mut loads = self.flights.lock();
        if self.is_mine(&loads) {
            let key: &dyn AsKey = &self.key;
            loads.remove(key);
            keep(self.key.clone());
        }
        drop(loads);
        self.flight.end(outcome);
    }

    /// Ends a load that has not begun.
    pub(super) fn give_up(self) {
        self.land(Outcome::Abandoned, |_| {});
    }

    /// Whether the key was neither set nor deleted nor cleared since the load began.
    pub(super) fn is_current(&self) -> bool {
        self.is_mine(&self.flights.lock())
    }

    fn is_mine(&self, loads: &Loads) -> bool {
        loads
            .get(&self.key)
            .is_some_and(|flight| Arc::ptr_eq(flight, &self.flight))
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        count(&self.counters.load_failures);
        let mut loads = self.flights.lock();
        if self.is_mine(&loads) {
            loads.remove(&self.key);
        }
        drop(loads);
        self.flight.end(Outcome::Abandoned);
    }
}

impl Flight {
    /// Makes it known that this thread runs the load.
    fn enter(&self) -> Running<'_> {
        // A thread that is ending has no list any more.
        let is_listed = RUNNING.try_with(|running| running.borrow_mut().push(self));
        Running {
            is_listed: is_listed.is_ok(),
            load: PhantomData,
        }
    }

    fn is_running_here(&self) -> bool {
        let is_this = |flight: &*const Self| ptr::eq(*flight, self);
        RUNNING
            .try_with(|running| running.borrow().iter().any(is_this))
            .unwrap_or(false)
    }

    fn end(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
        self.done.notify(usize::MAX);
    }

    /// The outcome, or something to wait for it with.
    fn outcome(&self) -> Result<Outcome, EventListener> {
        let ended = || {
            let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
            (!matches!(*outcome, Outcome::Running)).then(|| outcome.clone())
        };
        if let Some(outcome) = ended() {
            return Ok(outcome);
        }
        let listener = self.done.listen();
        // It may have ended before there was a listener.
        ended().ok_or(listener)
    }

    pub(super) async fn wait(&self) -> Outcome {
        loop {
            match self.outcome() {
                Ok(outcome) => return outcome,
                Err(listener) => listener.await,
            }
        }
    }

    pub(super) fn wait_blocking(&self) -> Outcome {
        loop {
            match self.outcome() {
                Ok(outcome) => return outcome,
                Err(listener) => listener.wait(),
            }
        }
    }
}

/// A stretch of code in which a load runs on this thread.
struct Running<'a> {
    is_listed: bool,
    /// It belongs to the thread, and ends before the load does.
    load: PhantomData<(&'a Flight, *const ())>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.is_listed {
            let _ = RUNNING.try_with(|running| running.borrow_mut().pop());
        }
    }
}

pin_project! {
    /// A load that is a future: each poll, and its drop, are parts of the load.
    pub(super) struct Loading<F> {
        #[pin]
        // `None` once dropped, so that destructors of the future are a part of the load, too.
        future: Option<F>,
        flight: Option<Arc<Flight>>,
    }

    impl<F> PinnedDrop for Loading<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _running = this.flight.as_deref().map(Flight::enter);
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for Loading<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _running = this.flight.as_deref().map(Flight::enter);
        this.future
            .as_pin_mut()
            .expect("only the drop takes the future out")
            .poll(cx)
    }
}
