//! The thread pool of plain `fn` handlers.
//!
//! `flyer_threads` threads take calls from one queue; what a thread runs never stalls an event loop.
//! A handler that panics is contained. A request whose client went away, or that timed out, does
//! not stop a handler that runs already: plain code cannot be interrupted.

use fastkit::context::{RequestId, Served};
use std::{
    any::Any,
    collections::VecDeque,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Threads for blocking handlers.
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
    idle: usize,
    started: usize,
    most: usize,
}

/// Why a call has no result.
pub(crate) enum Failed {
    Panicked(Box<dyn Any + Send>),
    Stopped,
    NoThread(io::Error),
}

impl Pool {
    /// A pool of at most `threads` threads, which are started when they are needed.
    pub(crate) fn new(threads: usize) -> Self {
        let shared = Shared::default();
        lock(&shared.queue).most = threads.max(1);
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The threads.
    #[cfg(feature = "jobs")]
    pub(crate) fn threads(&self) -> &fastkit::executor::ThreadPool {
        todo!()
    }

    /// Runs `call` on a thread of the pool, with the request's id in its log lines. The deadline
    /// and the trace of the request that is being served go along.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        request_id: RequestId,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failed> {
        let (sender, receiver) = oneshot::channel();
        let served = Served::current().unwrap_or(Served {
            id: request_id,
            deadline: None,
            trace: None,
        });
        let job = move || {
            // Nobody waits any more: the client is gone before the handler began.
            if sender.is_closed() {
                return;
            }
            let _scope = served.enter();
            let _ = sender.send(catch_unwind(AssertUnwindSafe(call)));
        };
        self.push(Box::new(job)).map_err(Failed::NoThread)?;
        match receiver.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => Err(Failed::Panicked(panic)),
            Err(_) => Err(Failed::Stopped),
        }
    }

    fn push(&self, job: Job) -> io::Result<()> {
        let mut queue = lock(&self.shared.queue);
        if queue.idle <= queue.jobs.len() && queue.started < queue.most {
            let shared = self.shared.clone();
            let name = format!("handler-{}", queue.started);
            match thread::Builder::new()
                .name(name)
                .spawn(move || work(&shared))
            {
                Ok(_) => queue.started += 1,
                Err(error) if queue.started == 0 => return Err(error),
                Err(_) => {}
            }
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.shared.filled.notify_one();
        Ok(())
    }
}

impl Drop for Pool {
    /// Threads end after the jobs that are in the queue; nobody waits for them.
    fn drop(&mut self) {
        lock(&self.shared.queue).closed = true;
        self.shared.filled.notify_all();
    }
}

fn work(shared: &Shared) {
    let mut queue = lock(&shared.queue);
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            drop(queue);
            job();
            queue = lock(&shared.queue);
        } else if queue.closed {
            return;
        } else {
            queue.idle += 1;
            queue = shared
                .filled
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }
}

/// Jobs run outside of the lock, so that a poisoned lock still guards a sound queue.
fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = lock(&self.shared.queue);
        write!(f, "Pool({} of {} threads)", queue.started, queue.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_contained_and_the_thread_lives_on() {
        let pool = Pool::new(1);
        let id = RequestId::random();
        let first = pool.run(id, || panic!("boom")).await;
        assert!(matches!(first, Err(Failed::Panicked(_))));
        assert_eq!(pool.run(id, || 7).await.ok(), Some(7));
        assert_eq!(lock(&pool.shared.queue).started, 1);
    }

    #[tokio::test]
    async fn calls_run_side_by_side_up_to_the_limit() {
        let pool = Arc::new(Pool::new(2));
        let barrier = Arc::new(std::sync::Barrier::new(2));
        let call = |pool: Arc<Pool>, barrier: Arc<std::sync::Barrier>| async move {
            pool.run(RequestId::random(), move || barrier.wait().is_leader())
                .await
                .ok()
        };
        // Each waits for the other: on one thread this would never end.
        let both = tokio::join!(
            call(pool.clone(), barrier.clone()),
            call(pool.clone(), barrier.clone())
        );
        assert_eq!(
            [both.0, both.1]
                .iter()
                .filter(|leads| **leads == Some(true))
                .count(),
            1
        );
    }
}
