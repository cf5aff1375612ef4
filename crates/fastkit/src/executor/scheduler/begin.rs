//! The begin of a run: its function is given to the loop for jobs, or to a thread of the pool.

use super::{
    Event, Skip,
    definition::Definition,
    race::{First, race},
    shared::{Live, Shared},
};
use crate::{
    context::{Scoped, Served},
    executor::{
        Run,
        lock::Boxed,
        work::{AsyncCall, Call, Finished, PlainCall},
    },
    threadpool::Handle,
};
use chrono::{DateTime, Utc};
use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};
use tracing::Instrument;

/// An asynchronous run, for the loop for jobs.
pub(super) type Function = Boxed<'static, ()>;

/// A run that something else than the scheduler's thread goes on with.
pub(super) enum Begun {
    /// The loop for jobs.
    Task {
        began: Began,
        end: oneshot::Receiver<End>,
    },
    /// The pool, as soon as a thread is free.
    Thread {
        handle: Handle<()>,
        began: oneshot::Receiver<Began>,
        end: oneshot::Receiver<End>,
    },
}

/// Why a run did not begin.
pub(super) enum Never {
    Late,
    Skipped(Skip),
}

/// How the function of a job came to its end.
pub(super) enum End {
    Finished(Finished),
    Panicked(Box<dyn Any + Send>),
    /// An asynchronous one, that did not end when it was told to.
    Dropped,
}

/// When a run began, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Began {
    pub(super) wall: DateTime<Utc>,
    pub(super) clock: Instant,
}

/// Begins a run; from here on a stop waits for it. A function that is given has to be
/// [handed over](hand_over).
pub(super) fn begin(
    shared: &Shared,
    definition: &Definition,
    run: &Run,
) -> (Result<Begun, Never>, Option<Function>) {
    let mut live = Live {
        run: run.clone(),
        go_on: None,
    };
    let (begun, function) = match &definition.job.work.call {
        Call::Async(call) => {
            let (go_on, dropped) = oneshot::channel();
            live.go_on = Some(go_on);
            let (begun, function) = task(shared, call.clone(), definition, run, dropped);
            (Ok(begun), Some(function))
        }
        Call::Plain(call) => (thread(shared, call.clone(), definition, run), None),
    };
    shared.live().insert(run.id(), live);
    (begun, function)
}

/// Gives the loop for jobs what it is to run, all at once: to wake it takes longer than most of the runs.
pub(super) fn hand_over(shared: &Shared, functions: impl IntoIterator<Item = Function>) {
    let functions: Vec<_> = functions.into_iter().collect();
    let mut functions = functions.into_iter();
    // Where the threads are gone, those who wait for the functions see them dropped.
    if let (Some(first), Some(engine)) = (functions.next(), shared.engine.get()) {
        drop(engine.jobs.spawn(async move {
            functions.for_each(|function| drop(tokio::spawn(function)));
            first.await;
        }));
    }
}

fn task(
    shared: &Shared,
    call: Arc<AsyncCall>,
    definition: &Definition,
    run: &Run,
    dropped: oneshot::Receiver<()>,
) -> (Begun, Function) {
    let began = Began::now();
    began.tell(shared, run);
    let own = run.clone();
    let function = caught(async move { call(&own).await }).instrument(span(run));
    let function = Scoped::new(served(run, definition.job.options.timeout, began), function);
    let (sender, end) = oneshot::channel();
    let function = Box::pin(async move {
        // First whether it is dropped: one that has not begun then never does, and one that never has to
        // wait would leave no budget to look.
        let end = match race(dropped, function).await {
            First::A(_) => End::Dropped,
            First::B(end) => end,
        };
        // The scheduler is gone if nobody waits any more.
        let _ = sender.send(end);
    });
    (Begun::Task { began, end }, function)
}

/// Polls a function to its end, which a panic is, too.
async fn caught(function: impl Future<Output = Finished>) -> End {
    let mut function = pin!(function);
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| function.as_mut().poll(cx)));
        polled.map_or_else(
            |panic| Poll::Ready(End::Panicked(panic)),
            |polled| polled.map(End::Finished),
        )
    })
    .await
}

fn thread(
    shared: &Shared,
    call: Arc<PlainCall>,
    definition: &Definition,
    run: &Run,
) -> Result<Begun, Never> {
    let (began_sender, began) = oneshot::channel();
    let (end_sender, end) = oneshot::channel();
    let own = run.clone();
    // How long it may wait for a thread before it is too late. Who takes a time over from a process that
    // died is late already, and need not be in time for that.
    let late = (Utc::now() - run.scheduled()).to_std().unwrap_or_default();
    let patience = definition.patience();
    let left = patience.map(|patience| patience.checked_sub(late).unwrap_or(patience));
    let timeout = definition.job.options.timeout;
    let asked = std::time::Instant::now();
    let function = move || {
        if own.is_cancelled() || left.is_some_and(|left| asked.elapsed() > left) {
            return;
        }
        let begin = Began::now();
        if began_sender.send(begin).is_err() {
            return;
        }
        let _scope = served(&own, timeout, begin).enter();
        let _span = span(&own).entered();
        let end = match catch_unwind(AssertUnwindSafe(|| call(&own))) {
            Ok(finished) => End::Finished(finished),
            Err(panic) => End::Panicked(panic),
        };
        // The scheduler is gone if nobody waits any more.
        let _ = end_sender.send(end);
    };
    match shared.parts.pool.run(run, function) {
        Ok(handle) => Ok(Begun::Thread { handle, began, end }),
        Err(refused) if refused.is_full() => Err(Never::Skipped(Skip::Full)),
        Err(_) => Err(Never::Skipped(Skip::Stopped)),
    }
}

impl Began {
    pub(super) fn now() -> Self {
        Self {
            wall: Utc::now(),
            clock: Instant::now(),
        }
    }

    pub(super) fn tell(&self, shared: &Shared, run: &Run) {
        shared.tell(&Event::Started {
            job: run.job().into(),
            run: run.id(),
        });
    }
}

impl Never {
    pub(super) fn tell(self, shared: &Shared, of: &Definition, scheduled: DateTime<Utc>) {
        let job = of.job.id.clone();
        shared.tell(&match self {
            Self::Late => Event::Missed {
                job,
                scheduled,
                times: 1,
            },
            Self::Skipped(why) => Event::Skipped {
                job,
                scheduled,
                why,
            },
        });
    }
}

/// What those who work for the run have to know; its end is that of the calls that it makes.
fn served(run: &Run, timeout: Option<Duration>, began: Began) -> Served {
    let end = timeout.and_then(|timeout| began.clock.checked_add(timeout));
    Served {
        id: run.id(),
        deadline: end.map(Instant::into_std),
        trace: None,
    }
}

fn span(run: &Run) -> tracing::Span {
    tracing::info_span!(target: "fastkit::executor", "job", id = run.job(), run = run.id().as_str())
}
