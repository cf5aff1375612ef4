//! What a connection and its requests know of each other: how many there are, who waits for whom.
//!
//! Everything runs on the connection's loop; the atomics are there since tasks have to be `Send`.

use crate::{
    Application,
    control::LoopState,
    event_loop::Connection,
    watch::{Phase, Watch},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed},
};

/// How many more requests a client may reset than let be answered.
const PATIENCE: i64 = 200;

#[derive(Debug)]
pub(super) struct Shared {
    watch: Arc<Watch>,
    state: Arc<LoopState>,
    /// Requests that are not answered to the last byte.
    active: AtomicUsize,
    /// Those of them whose next bytes the client has to make room for.
    owed: AtomicUsize,
    /// Event streams among them.
    endless: AtomicUsize,
    leaving: AtomicBool,
    patience: AtomicI64,
}

impl Shared {
    pub(super) fn new<A: Application>(connection: &Connection<A>) -> Self {
        let shared = Self {
            watch: Arc::clone(&connection.watch),
            state: Arc::clone(&connection.event_loop.state),
            active: AtomicUsize::new(0),
            owed: AtomicUsize::new(0),
            endless: AtomicUsize::new(0),
            leaving: AtomicBool::new(false),
            patience: AtomicI64::new(PATIENCE),
        };
        shared.update();
        shared
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> Active {
        self.active.fetch_add(1, Relaxed);
        self.update();
        Active {
            shared: Arc::clone(self),
            answered: false,
            owed: false,
            endless: false,
        }
    }

    /// Bytes went to the client.
    pub(super) fn wrote(&self) {
        if self.watch.phase() == Phase::Writing {
            self.watch.enter(Phase::Writing, self.state.now());
        }
    }

    /// No more requests are taken.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Relaxed);
        self.update();
    }

    /// The client resets more requests than it lets be answered.
    pub(super) fn is_misused(&self) -> bool {
        self.patience.load(Relaxed) <= 0
    }

    fn update(&self) {
        let phase = if self.active.load(Relaxed) > 0 {
            if self.owed.load(Relaxed) > 0 {
                Phase::Writing
            } else {
                Phase::Handling
            }
        } else if self.leaving.load(Relaxed) {
            Phase::Closing
        } else {
            Phase::Quiet
        };
        self.watch.stay_in(phase, self.state.now());
    }
}

/// One request, until its answer is sent to the last byte or nobody wants it.
#[derive(Debug)]
pub(super) struct Active {
    shared: Arc<Shared>,
    answered: bool,
    owed: bool,
    endless: bool,
}

impl Active {
    /// The application has answered.
    pub(super) fn answered(mut self, endless: bool) -> Self {
        self.answered = true;
        self.endless = endless;
        let patience = self.shared.patience.load(Relaxed);
        self.shared
            .patience
            .store((patience + 1).min(PATIENCE), Relaxed);
        if endless {
            self.shared.endless.fetch_add(1, Relaxed);
            self.shared.watch.set_endless(true);
        }
        self
    }

    /// Whether the client has to make room before more is asked of the body.
    pub(super) fn owe(&mut self, owed: bool) {
        if self.owed != owed {
            self.owed = owed;
            if owed {
                self.shared.owed.fetch_add(1, Relaxed);
            } else {
                self.shared.owed.fetch_sub(1, Relaxed);
            }
            self.shared.update();
        }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let shared = Arc::clone(&self.shared);
        self.owe(false);
        if self.endless && shared.endless.fetch_sub(1, Relaxed) == 1 {
            shared.watch.set_endless(false);
        }
        shared.active.fetch_sub(1, Relaxed);
        if !self.answered && !shared.watch.is_dismissed() {
            shared.state.count(&shared.state.abandoned);
            shared.patience.fetch_sub(1, Relaxed);
            if shared.is_misused() {
                shared.watch.wake();
            }
        }
        shared.update();
    }
}
