//! [`CallLog`]: who is told of each call when it is over. [`LineLog`] writes access-log lines.
//!
//! A client has a log of its own, or uses the one of the process, which a server installs when it
//! starts: a client that is made inside a handler then logs like the server does.

use crate::{
    access_log::{Limits, Record, write_line},
    logger::Sink,
};
use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Is told of each call when it is over: once, whatever the number of attempts.
///
/// A call that is dropped on its way, by `select!`, a timeout or the end of a task, is told of when it is
/// dropped, with the status 0, since it has none.
///
/// The record holds headers and bodies as they were; who shows them has to mask them, as
/// [`write_line`] does.
pub trait CallLog: Send + Sync {
    /// A call is over. Runs on the event loop: it must not block.
    fn log(&self, call: &Record<'_>);
}

impl<F: Fn(&Record<'_>) + Send + Sync> CallLog for F {
    fn log(&self, call: &Record<'_>) {
        self(call);
    }
}

/// Writes a line of the access log, with direction `out`, for each call.
///
/// ```
/// use fastkit::{access_log::Limits, client::{AsyncClient, LineLog}, logger::Sink};
///
/// let client = AsyncClient::builder()
///     .log(LineLog::new(Sink::stdout()?, Limits::default()))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LineLog {
    sink: Sink,
    limits: Limits,
}

impl LineLog {
    /// Lines go to the sink.
    #[must_use]
    pub fn new(sink: Sink, limits: Limits) -> Self {
        Self { sink, limits }
    }
}

impl CallLog for LineLog {
    fn log(&self, call: &Record<'_>) {
        self.sink.line(|out| write_line(out, call, &self.limits));
    }
}

static INSTALLED: RwLock<Option<Arc<dyn CallLog>>> = RwLock::new(None);
/// Whether `INSTALLED` holds one: asked for every call.
static IS_INSTALLED: AtomicBool = AtomicBool::new(false);

/// Sets the log of all clients of this process that have none of their own; `None` ends it.
///
/// A service does it once when it starts: `fastflyer` does it by itself, unless `flyer_request_log` is 0, and ends it when it
/// stops. Any other program ends it with `install_log(None)` before its `main` does: a log that is still installed then is
/// never dropped, and a [`LineLog`] writes its last lines when it is.
pub fn install_log(log: Option<Arc<dyn CallLog>>) {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    IS_INSTALLED.store(log.is_some(), Ordering::Release);
    let old = std::mem::replace(&mut *installed, log);
    drop(installed);
    // Without the lock, since it may wait for a disk to take its last lines.
    drop(old);
}

/// Which log a client writes to.
#[derive(Clone, Default)]
pub(super) enum Target {
    #[default]
    OfTheProcess,
    Own(Arc<dyn CallLog>),
    Nowhere,
}

impl Target {
    pub(super) fn log(&self) -> Option<Arc<dyn CallLog>> {
        match self {
            Self::Own(log) => Some(log.clone()),
            Self::Nowhere => None,
            Self::OfTheProcess if IS_INSTALLED.load(Ordering::Acquire) => INSTALLED
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            Self::OfTheProcess => None,
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OfTheProcess => "OfTheProcess",
            Self::Own(_) => "Own",
            Self::Nowhere => "Nowhere",
        })
    }
}
