//! [`hold`]: keeps a lock for as long as a run takes, and ends the run when the lock is lost.
//!
//! The one place where locks are renewed, for jobs and for tasks. It does not ask for locks: who holds
//! one has got it from [`Lock::acquire`](super::Lock::acquire).

use super::{Lease, LockError};
use crate::executor::{Reason, Run};
use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};
use tokio::time::{Instant, sleep_until, timeout_at};

/// Waits for `work`, renewing the lease each third of `ttl`, and gives the lock back then, whether it went
/// well or not; as one that is done if `is_done` says so, else another may run it.
///
/// `asked` is when the lock was asked for: who counts from the answer may believe in it for longer than
/// the back end does. When the lease is another's, or could not be renewed for `ttl` less a fifth since it
/// was asked for last, the run is told to end with [`Reason::LockLost`]; `work` is waited for all the
/// same, since it still runs. Dropped before that, it leaves the lock as a holder that died does.
///
/// Runs on a tokio runtime with time.
pub(crate) async fn hold<T>(
    mut lease: Box<dyn Lease>,
    ttl: Duration,
    asked: Instant,
    run: &Run,
    work: impl Future<Output = T>,
    is_done: impl FnOnce(&T) -> bool,
) -> T {
    let result = {
        let mut work = pin!(work);
        let mut renewals = pin!(keep(&mut *lease, ttl, asked, run));
        poll_fn(|cx| {
            // First the work: a run that is over needs no renewal.
            if let Poll::Ready(result) = work.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
            match renewals.as_mut().poll(cx) {
                Poll::Ready(never) => match never {},
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    };
    // A back end that is away must not hold up those who wait for the result.
    let finished = tokio::time::timeout(ttl, lease.finish(is_done(&result))).await;
    let problem = match finished {
        Ok(Ok(())) => return result,
        Ok(Err(error)) => error,
        Err(_) => LockError::new(format!("no answer in {ttl:?}")),
    };
    tracing::warn!(target: "fastkit::executor", job = run.job(), run = %run.id(), "its lock could not be given back, and ends by itself: {problem}");
    result
}

/// Renews until it is dropped, or until the lock is another's.
async fn keep(lease: &mut dyn Lease, ttl: Duration, asked: Instant, run: &Run) -> Infallible {
    let pace = ttl / 3;
    let trusted = ttl - ttl / 5;
    let mut renewed = asked;
    let mut next = asked + pace;
    loop {
        let end = renewed + trusted;
        sleep_until(if run.is_cancelled() {
            next
        } else {
            next.min(end)
        })
        .await;
        let asked = Instant::now();
        if asked >= end {
            lose(run, &"it could not be renewed in time");
        }
        // A run that was told to end already still holds on, so that nobody overlaps with its rest.
        let patience = if asked < end { end } else { asked + pace };
        let problem = match timeout_at(patience, lease.renew()).await {
            Ok(Ok(true)) => {
                renewed = asked;
                next = asked + pace;
                continue;
            }
            Ok(Ok(false)) => {
                lose(run, &"another has it");
                return pending().await;
            }
            Ok(Err(error)) => error,
            Err(_) => LockError::new("no answer"),
        };
        tracing::warn!(target: "fastkit::executor", job = run.job(), run = %run.id(), "its lock could not be renewed: {problem}");
        // Sooner than when all is well: what is left of the lock is all the time there is.
        next = Instant::now() + ttl / 20;
    }
}

fn lose(run: &Run, why: &dyn std::fmt::Display) {
    if !run.is_cancelled() {
        tracing::error!(target: "fastkit::executor", job = run.job(), run = %run.id(), "its lock is lost, so it is told to end: {why}");
    }
    run.cancel(Reason::LockLost);
}

#[cfg(test)]
mod tests;
