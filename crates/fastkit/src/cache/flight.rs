//! Single flight: who misses first loads, the others wait for the outcome.
//!
//! Tasks and threads wait alike. A load that panics or is cancelled wakes those who wait, of whom
//! one becomes the next to load. Nothing is held while a load runs.

use super::{
    entry::Shared,
    key::{AsKey, Key, Passing},
    stats::{Counters, count},
};
use event_listener::{Event, EventListener, Listener};
use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
};

/// The loads that are under way, by key. Its lock is that of all who write into the pool.
#[derive(Default)]
pub(super) struct Flights(Mutex<Loads>);

pub(super) type Loads = HashMap<Key, Arc<Flight>, Passing>;

pub(super) struct Flight {
    outcome: Mutex<Outcome>,
    done: Event,
    /// The thread that loads, where it does so without giving it back in between.
    thread: Option<ThreadId>,
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
    /// The load of this key runs further up on this very thread: waiting would last for ever.
    Alone,
}

impl Flights {
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
        blocking: bool,
    ) -> Turn {
        let thread = blocking.then(|| thread::current().id());
        if let Some(flight) = loads.get(key) {
            if thread.is_some() && flight.thread == thread {
                return Turn::Alone;
            }
            return Turn::Wait(flight.clone());
        }
        let flight = Arc::new(Flight {
            outcome: Mutex::default(),
            done: Event::new(),
            thread,
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
