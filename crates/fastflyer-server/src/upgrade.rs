//! Upgraded connections: the application owns the socket, the event loop still counts it.
//!
//! hyper hands the [`Guard`](crate::guard::Guard) with the socket to whoever awaits the upgrade. The
//! connection's own task stays behind with a [`Lease`]: it holds the permit until the application
//! drops the socket, and when the sweep or a stop ends the task first, the socket is good for nothing
//! from then on. Knows nothing of what is spoken. Key types: [`Lease`], [`Tie`].

use crate::watch::{NO_SOCKET, Phase, Watch};
use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    task::{Context, Waker},
};
use tokio::sync::Notify;

/// What the two owners of an upgraded connection know of each other.
#[derive(Debug, Default)]
pub(crate) struct Tie {
    /// The connection's task has ended.
    cut: AtomicBool,
    /// Told when the application has dropped the socket.
    released: Notify,
    /// Who waits to read and who waits to write.
    waiting: Mutex<[Option<Waker>; 2]>,
}

/// The direction in which the application waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Tie {
    /// # Errors
    /// The connection was cut: the client took nothing for too long, or the server has stopped.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.cut.load(Acquire) {
            Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the server has cut the connection",
            ))
        } else {
            Ok(())
        }
    }

    /// Remembers who has to be woken when the connection is cut.
    ///
    /// # Errors
    /// It was cut meanwhile.
    pub(crate) fn wait(&self, direction: Direction, cx: &Context<'_>) -> io::Result<()> {
        let mut waiting = self.waiting();
        if let Some(place) = waiting.get_mut(direction as usize) {
            match place {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *place = Some(cx.waker().clone()),
            }
        }
        drop(waiting);
        // After the waker is in its place, so that no cut goes unnoticed.
        self.check()
    }

    /// The application has dropped the socket.
    pub(crate) fn release(&self) {
        self.released.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, [Option<Waker>; 2]> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection's task's end of a [`Tie`]; dropping it cuts the connection.
#[derive(Debug)]
pub(crate) struct Lease(Arc<Tie>);

impl Lease {
    pub(crate) fn new(tie: Arc<Tie>, watch: &Watch, now: u64) -> Self {
        watch.enter(Phase::Upgraded, now);
        // The application may close the socket on any thread, and its number be another's then.
        watch.set_socket(NO_SOCKET);
        Self(tie)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.cut.store(true, Release);
        let waiting = std::mem::take(&mut *self.0.waiting());
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

/// Waits until the application has dropped the socket, if it was given it.
pub(crate) async fn outlast(lease: Option<Lease>) {
    if let Some(lease) = lease {
        lease.0.released.notified().await;
    }
}
