//! The thread pool of plain `fn` handlers.
//!
//! `flyer_threads` threads take calls from one queue without a bound; what a thread runs never stalls an
//! event loop. The threads are those of [`ThreadPool`]; here is what a request adds. A request whose client
//! went away, or that timed out, does not stop a handler that runs already: plain code cannot be
//! interrupted. It is told (`fastkit::threadpool::is_stopped`).

use fastkit::{
    context::{RequestId, Served},
    threadpool::{Handle, SubmitError, ThreadPool, ThreadPoolConfig},
};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Threads for blocking handlers.
#[derive(Debug)]
pub(crate) struct Pool(pub(crate) ThreadPool);

/// Why a call has no result.
pub(crate) enum Failed {
    Panicked(Box<dyn Any + Send>),
    Stopped,
    Refused(SubmitError),
}

impl Pool {
    /// A pool of at most `threads` threads, which are started when they are needed.
    pub(crate) fn new(threads: usize) -> Self {
        Self(ThreadPool::new(ThreadPoolConfig {
            name: "handler".into(),
            threads,
            queue: None,
        }))
    }

    /// Runs `call` on a thread of the pool, with the request's id in its log lines. The deadline
    /// and the trace of the request that is being served go along.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        request_id: RequestId,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failed> {
        let served = Served::current().unwrap_or(Served {
            id: request_id,
            deadline: None,
            trace: None,
        });
        let job = move || {
            let _scope = served.enter();
            // The panic itself, not its text: it is logged and answered where the request is known.
            catch_unwind(AssertUnwindSafe(call))
        };
        let mut waiting = Waiting(self.0.submit(job).map_err(Failed::Refused)?);
        match (&mut waiting.0).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => Err(Failed::Panicked(panic)),
            Err(_) => Err(Failed::Stopped),
        }
    }
}

/// Cancels the call when nobody waits any more: the client is gone, perhaps before the handler began.
struct Waiting<T: Send + 'static>(Handle<T>);

impl<T: Send + 'static> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};

    #[tokio::test]
    async fn a_panic_is_contained_and_the_thread_lives_on() {
        let pool = Pool::new(1);
        let id = RequestId::random();
        let first = pool.run(id, || panic!("boom")).await;
        assert!(matches!(first, Err(Failed::Panicked(_))));
        assert_eq!(pool.run(id, || 7).await.ok(), Some(7));
        assert_eq!(pool.0.threads(), 1);
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

    #[tokio::test]
    async fn a_call_whose_client_is_gone_never_begins_and_a_running_one_is_told() {
        let pool = Pool::new(1);
        let id = RequestId::random();
        let (begin, begun) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let running = pool.run(id, move || {
            begin.send(()).unwrap();
            end.send(fastkit::threadpool::sleep(std::time::Duration::MAX))
        });
        let waits = pool.run(id, || panic!("nobody waits for it"));
        {
            // Polled once, both are submitted.
            let (mut running, mut waits) = (Box::pin(running), Box::pin(waits));
            tokio::select! {
                biased;
                _ = &mut running => unreachable!("it sleeps"),
                _ = &mut waits => unreachable!("it waits"),
                () = async {} => {}
            }
            begun.recv().unwrap();
            assert_eq!(pool.0.waiting(), 1);
        }
        assert_eq!((ended.recv(), pool.0.waiting()), (Ok(false), 0));
        assert_eq!(pool.run(id, || 7).await.ok(), Some(7));
    }
}
