//! Single tasks: one at a time over all processes. They wait for their locks on one thread of their own,
//! all of them together, and come to the pool when they have it.

use super::{serves, slot};
use crate::{
    context::RequestId,
    executor::{
        Given, Run, Task,
        lock::{Answer, Claim, Lease, Lock, LockError, hold},
    },
    threadpool::{Ending, Ends, Handle, Shared, Slot, SubmitError, TaskError, Why},
};
use chrono::{DateTime, Utc};
use std::{
    borrow::Cow,
    future::{Future, poll_fn},
    io,
    pin::pin,
    sync::Arc,
    task::Poll,
    thread,
    time::Duration,
};
use tokio::{
    runtime,
    sync::Notify,
    time::{Instant, sleep, timeout},
};

/// How long until the lock is asked for again, at most. Its holder may end long before it could have died.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a task that has its lock waits for a thread before another process may have it.
const THREAD_PATIENCE: Duration = Duration::from_secs(1);

/// The thread that waits for locks. Ends when this is dropped, and all that waits there with it.
pub(super) struct Locks {
    runtime: runtime::Handle,
    end: Arc<Notify>,
}

impl Locks {
    fn start(pool: &str) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let end = Arc::new(Notify::new());
        let locks = Self {
            runtime: runtime.handle().clone(),
            end: end.clone(),
        };
        thread::Builder::new()
            .name(format!("{pool}-locks"))
            .spawn(move || {
                runtime.block_on(end.notified());
                // A file system that hangs must not hold up the end.
                runtime.shutdown_background();
            })?;
        Ok(locks)
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        self.end.notify_one();
    }
}

/// Submits a single task.
pub(super) fn start(
    shared: &Arc<Shared>,
    task: Task,
    lock: Arc<dyn Lock>,
    given: Given,
) -> Result<Handle<Option<String>>, SubmitError> {
    let runtime = {
        let mut serves = serves(shared);
        if serves.locks.is_none() {
            let locks = Locks::start(shared.name())
                .map_err(|error| shared.refuse(Why::NoThread(error.to_string())))?;
            serves.locks = Some(locks);
        }
        // Under the lock of what may end the thread.
        shared.enter_apart()?;
        serves.locks.as_ref().map(|locks| locks.runtime.clone())
    };
    let name = Cow::Owned(task.name.to_string());
    let slot = Arc::new(Slot::apart(name, RequestId::random()));
    let single = Single {
        promise: Promise(slot.clone()),
        place: Place {
            shared: shared.clone(),
            locking: true,
        },
        task,
        lock,
        given,
        submitted: Utc::now(),
    };
    if let Some(runtime) = runtime {
        runtime.spawn(single.run());
    }
    Ok(Handle::new(slot, shared.clone()))
}

/// A task that waits for its lock, or has it.
struct Single {
    promise: Promise,
    place: Place,
    task: Task,
    lock: Arc<dyn Lock>,
    given: Given,
    submitted: DateTime<Utc>,
}

/// Keeps the promise of a result, whatever happens to who has given it.
struct Promise(Arc<Slot<Option<String>>>);

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.end(Err(TaskError::stopped(self.0.name())));
    }
}

/// The place of a single task in its pool.
struct Place {
    shared: Arc<Shared>,
    locking: bool,
}

impl Place {
    fn set_locking(&mut self, locking: bool) {
        if self.locking != locking {
            self.locking = locking;
            self.shared.set_locking(locking);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.set_locking(false);
        if self.shared.leave_apart() {
            super::end_serving(&self.shared);
        }
    }
}

impl Single {
    async fn run(mut self) {
        let own = self.promise.0.clone();
        let shared = self.place.shared.clone();
        let name = self.task.name.clone();
        let claim = Claim {
            name: name.to_string(),
            due: None,
            ttl: self.task.lock_ttl,
            remember: self.task.lock_ttl,
        };
        let mut known = true;
        loop {
            let asked = Instant::now();
            let lock = self.lock.clone();
            let answer = timeout(claim.ttl, lock.acquire(&claim));
            let answer = unless(own.ends(), unless(&shared.ends, answer)).await;
            let answer = match answer.flatten() {
                None => break,
                Some(Ok(answer)) => answer,
                Some(Err(_)) => Err(LockError::new(format!("no answer in {:?}", claim.ttl))),
            };
            let wait = match answer {
                Ok(Answer::Granted(lease)) => {
                    if self.held(lease, asked).await {
                        return;
                    }
                    AGAIN
                }
                Ok(Answer::Busy(time)) => {
                    known = true;
                    time.clamp(AGAIN / 50, AGAIN)
                }
                // No back end has a reason to say so of a task, which has no time.
                Ok(Answer::Done) => AGAIN,
                Err(error) => {
                    if std::mem::take(&mut known) {
                        tracing::warn!(
                            target: "fastkit::executor", task = &*name,
                            "a single task waits, for its lock cannot be asked for: {error}"
                        );
                    }
                    AGAIN
                }
            };
            let waited = unless(own.ends(), unless(&shared.ends, sleep(wait))).await;
            if waited.flatten().is_none() {
                break;
            }
        }
        if own.ends().is_told() {
            own.end(Err(TaskError::cancelled(own.name())));
        }
    }

    /// Runs the task with this lease; false if no thread was free for it.
    async fn held(&mut self, lease: Box<dyn Lease>, asked: Instant) -> bool {
        let own = self.promise.0.clone();
        let run = Run::new(
            self.task.name.clone(),
            self.submitted,
            self.task.args.clone(),
            Some(lease.fence()),
            self.given.clone(),
        );
        let call = Arc::new(slot(&self.task, &run));
        let mut handle = Handle::new(call.clone(), self.place.shared.clone());
        let work = async {
            if let Err(full) = self.place.shared.push_front(call) {
                let error = match full.is_stopped() {
                    true => TaskError::stopped(own.name()),
                    false => TaskError::failed(own.name(), &full),
                };
                own.end(Err(error));
                return true;
            }
            self.place.set_locking(false);
            let first = unless(own.ends(), timeout(THREAD_PATIENCE, &mut handle)).await;
            let result = match first {
                Some(Ok(result)) => Some(result),
                Some(Err(_)) if handle.withdraw() => {
                    self.place.set_locking(true);
                    return false;
                }
                Some(Err(_)) => unless(own.ends(), &mut handle).await,
                None => None,
            };
            let result = match result {
                Some(result) => result,
                None => {
                    handle.cancel();
                    handle.await
                }
            };
            own.end(result);
            true
        };
        hold(lease, self.task.lock_ttl, asked, &run, work, |_| true).await
    }
}

/// The output of `work`, unless the task is told to end before.
async fn unless<T>(told: &Ends, work: impl Future<Output = T>) -> Option<T> {
    let (mut told, mut work) = (pin!(told.cancelled()), pin!(work));
    poll_fn(|cx| match told.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(cx).map(Some),
    })
    .await
}
