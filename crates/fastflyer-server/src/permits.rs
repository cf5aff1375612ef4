//! How many connections may be open, counted where the accept thread can wait.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Permits for connections. One is taken before each `accept`.
#[derive(Debug)]
pub(crate) struct Permits {
    free: Mutex<usize>,
    changed: Condvar,
}

impl Permits {
    pub(crate) fn new(free: usize) -> Self {
        Self {
            free: Mutex::new(free),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a permit if there is one within `patience`.
    pub(crate) fn take(&self, patience: Duration) -> bool {
        let (mut free, _) = self
            .changed
            .wait_timeout_while(self.lock(), patience, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        let taken = *free > 0;
        *free -= usize::from(taken);
        taken
    }

    pub(crate) fn put_back(&self) {
        *self.lock() += 1;
        self.changed.notify_one();
    }
}
