//! One run of a job, from its begin to its place in the history.
//!
//! The job itself runs on the loop for jobs or on a thread of the pool; it is watched from the scheduler's
//! thread, which a job that blocks cannot stop.

use super::{
    Event, Outcome, Past, Skip,
    definition::Definition,
    race::{First, race},
    shared::{Live, Shared},
};
use crate::{
    context::{RequestId, Scoped, Served},
    executor::{
        Reason, Run,
        lock::{Fence, Lease, hold},
        work::{Call, Finished},
    },
    threadpool::{panic_text, shown},
};
use chrono::{DateTime, Utc};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout},
};
use tracing::Instrument;

/// How long an asynchronous run that was told to end may take before it is dropped.
const MOMENT: Duration = Duration::from_secs(1);

/// A lock that was got, and when it was asked for.
pub(super) type Held = (Box<dyn Lease>, Instant);

/// Begins a run that the core has counted.
pub(super) fn start(
    shared: &Arc<Shared>,
    definition: Arc<Definition>,
    scheduled: DateTime<Utc>,
    id: RequestId,
) {
    let run = make(shared, &definition, scheduled, id, None);
    register(shared, &run);
    drop(tokio::spawn(conduct(shared.clone(), definition, run, None)));
}

pub(super) fn make(
    shared: &Shared,
    definition: &Definition,
    scheduled: DateTime<Utc>,
    id: RequestId,
    fence: Option<Fence>,
) -> Run {
    let args = definition.job.options.args.clone();
    let given = shared.parts.given.clone();
    Run::with_id(id, definition.job.id.clone(), scheduled, args, fence, given)
}

/// From here on a stop waits for it.
pub(super) fn register(shared: &Shared, run: &Run) {
    let live = Live {
        run: run.clone(),
        abort: None,
    };
    shared.live().insert(run.id(), live);
}

/// Runs a job that is counted and registered, with its lock if it has one, and counts it no more.
pub(super) async fn conduct(
    shared: Arc<Shared>,
    definition: Arc<Definition>,
    run: Run,
    held: Option<Held>,
) {
    let single = held.is_some();
    let work = watch(&shared, &definition, &run);
    let result = match held {
        Some((lease, asked)) => {
            hold(lease, definition.job.options.lock_ttl, asked, &run, work).await
        }
        None => work.await,
    };
    shared.live().remove(&run.id());
    match result {
        Ok(past) => {
            if single && past.outcome != Outcome::Cancelled {
                shared.dealt(&definition, run.scheduled());
            }
            shared.remember(&definition.job.id, &past);
            shared.run_ended(&definition);
            shared.tell(&Event::Ended {
                job: definition.job.id.clone(),
                past,
            });
        }
        Err(never) => {
            shared.run_ended(&definition);
            never.tell(&shared, &definition, run.scheduled());
        }
    }
    shared.ended.notify_one();
}

/// Why a run did not begin.
enum Never {
    Late,
    Skipped(Skip),
}

impl Never {
    fn tell(self, shared: &Shared, of: &Definition, scheduled: DateTime<Utc>) {
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

/// How the function of a job came to its end.
enum End {
    Finished(Finished),
    Panicked(Box<dyn Any + Send>),
    /// An asynchronous one, that did not end when it was told to.
    Dropped,
}

async fn watch(
    shared: &Arc<Shared>,
    definition: &Arc<Definition>,
    run: &Run,
) -> Result<Past, Never> {
    match &definition.job.work.call {
        Call::Async(_) => watch_async(shared, definition, run).await,
        Call::Plain(_) => watch_plain(shared, definition, run).await,
    }
}

async fn watch_async(
    shared: &Arc<Shared>,
    definition: &Arc<Definition>,
    run: &Run,
) -> Result<Past, Never> {
    let Some(engine) = shared.engine.get() else {
        return Err(Never::Skipped(Skip::Stopped));
    };
    let began = Began::now();
    began.tell(shared, run);
    let (of, own) = (definition.clone(), run.clone());
    let function = async move {
        match &of.job.work.call {
            Call::Async(call) => call(&own).await,
            Call::Plain(call) => call(&own),
        }
    };
    let function = Scoped::new(run.id(), function.instrument(span(run)));
    let mut task = engine.jobs.spawn(function);
    if let Some(live) = shared.live().get_mut(&run.id()) {
        live.abort = Some(task.abort_handle());
    }
    let told = told_to_end(shared, definition, run, began);
    let result = match race(&mut task, told).await {
        First::A(result) => {
            tell_if_cancelled(shared, run);
            result
        }
        First::B(reason) => match moment(reason, definition) {
            None => task.await,
            Some(moment) => match timeout(moment, &mut task).await {
                Ok(result) => result,
                Err(_) => {
                    task.abort();
                    task.await
                }
            },
        },
    };
    let end = match result {
        Ok(finished) => End::Finished(finished),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => End::Panicked(panic),
            Err(_) => End::Dropped,
        },
    };
    Ok(past(run, began, end))
}

/// How long a run may go on that was told to end; `None` is until the one who told it drops it.
fn moment(reason: Reason, definition: &Definition) -> Option<Duration> {
    match reason {
        Reason::Stop => None,
        // Within the time that nobody else can have the lock yet.
        Reason::LockLost => Some(MOMENT.min(definition.job.options.lock_ttl / 10)),
        _ => Some(MOMENT),
    }
}

async fn watch_plain(
    shared: &Arc<Shared>,
    definition: &Arc<Definition>,
    run: &Run,
) -> Result<Past, Never> {
    let (began_sender, mut began) = oneshot::channel();
    let (end_sender, mut end) = oneshot::channel();
    let (of, own) = (definition.clone(), run.clone());
    // How long it may wait for a thread before it is too late. Who takes a time over from a process that
    // died is late already, and need not be in time for that.
    let late = (Utc::now() - run.scheduled()).to_std().unwrap_or_default();
    let patience = definition.patience();
    let left = patience.map(|patience| patience.checked_sub(late).unwrap_or(patience));
    let asked = std::time::Instant::now();
    let function = move || {
        if own.is_cancelled() || left.is_some_and(|left| asked.elapsed() > left) {
            return;
        }
        let Call::Plain(call) = &of.job.work.call else {
            return;
        };
        let begin = Began::now();
        if began_sender.send(begin).is_err() {
            return;
        }
        let deadline = of.job.options.timeout;
        let served = Served {
            id: own.id(),
            deadline: deadline.and_then(|timeout| std::time::Instant::now().checked_add(timeout)),
            trace: None,
        };
        let _scope = served.enter();
        let _span = span(&own).entered();
        let end = match catch_unwind(AssertUnwindSafe(|| call(&own))) {
            Ok(finished) => End::Finished(finished),
            Err(panic) => End::Panicked(panic),
        };
        // The scheduler is gone if nobody waits any more.
        let _ = end_sender.send(end);
    };
    let handle = match shared.parts.pool.run(run, function) {
        Ok(handle) => handle,
        Err(refused) if refused.is_full() => return Err(Never::Skipped(Skip::Full)),
        Err(_) => return Err(Never::Skipped(Skip::Stopped)),
    };
    let began = match race(&mut began, run.cancelled()).await {
        First::A(Ok(began)) => began,
        First::A(Err(_)) if !run.is_cancelled() => return Err(Never::Late),
        _ => {
            handle.cancel();
            // It may have begun at the same moment: then it ends by itself.
            return match end.await {
                Ok(end) => {
                    let began = began.try_recv().unwrap_or_else(|_| Began::now());
                    began.tell(shared, run);
                    tell_if_cancelled(shared, run);
                    Ok(past(run, began, end))
                }
                Err(_) => Err(Never::Skipped(Skip::Stopped)),
            };
        }
    };
    began.tell(shared, run);
    let told = told_to_end(shared, definition, run, began);
    let end = match race(&mut end, told).await {
        First::A(end) => {
            tell_if_cancelled(shared, run);
            end
        }
        // Nothing can interrupt plain code: its instance counts until it returns.
        First::B(_) => end.await,
    };
    Ok(past(run, began, end.unwrap_or(End::Dropped)))
}

/// Waits until the run is to end, for its timeout or another reason, and says so.
async fn told_to_end(shared: &Shared, definition: &Definition, run: &Run, began: Began) -> Reason {
    let end = definition.job.options.timeout;
    let end = end.and_then(|timeout| began.clock.checked_add(timeout));
    let over = async {
        match end {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    };
    let reason = match race(run.cancelled(), over).await {
        First::A(reason) => reason,
        First::B(()) => {
            run.cancel(Reason::Timeout);
            run.reason().unwrap_or(Reason::Timeout)
        }
    };
    tell_if_cancelled(shared, run);
    reason
}

/// A run may have ended by the time that it is seen that it was told to.
fn tell_if_cancelled(shared: &Shared, run: &Run) {
    if let Some(reason) = run.reason() {
        shared.tell(&Event::Cancelled {
            job: run.job().into(),
            run: run.id(),
            reason,
        });
    }
}

/// When a run began, on both clocks.
#[derive(Clone, Copy, Debug)]
struct Began {
    wall: DateTime<Utc>,
    clock: Instant,
}

impl Began {
    fn now() -> Self {
        Self {
            wall: Utc::now(),
            clock: Instant::now(),
        }
    }

    fn tell(&self, shared: &Shared, run: &Run) {
        shared.tell(&Event::Started {
            job: run.job().into(),
            run: run.id(),
        });
    }
}

fn span(run: &Run) -> tracing::Span {
    tracing::info_span!(target: "fastkit::executor", "job", id = run.job(), run = run.id().as_str())
}

fn past(run: &Run, began: Began, end: End) -> Past {
    let told = run.reason();
    let (outcome, text) = match end {
        End::Panicked(panic) => (Outcome::Panicked, Some(panic_text(&*panic).to_owned())),
        End::Finished(Ok(text)) => match told {
            // It came to its end although the service stops.
            None | Some(Reason::Stop | Reason::Asked) => (Outcome::Succeeded, text),
            Some(reason) => (outcome_of(reason), text),
        },
        End::Finished(Err(error)) => {
            let outcome = told.map_or(Outcome::Failed, outcome_of);
            (outcome, Some(error.to_string()))
        }
        End::Dropped => {
            let reason = told.unwrap_or(Reason::Stop);
            (outcome_of(reason), Some(reason.to_string()))
        }
    };
    Past {
        run: run.id().to_string(),
        scheduled: run.scheduled(),
        started: began.wall,
        duration_ms: u64::try_from(began.clock.elapsed().as_millis()).unwrap_or(u64::MAX),
        outcome,
        text: text.map(|text| shown(&text)),
        process: std::process::id(),
    }
}

fn outcome_of(reason: Reason) -> Outcome {
    match reason {
        Reason::Timeout => Outcome::TimedOut,
        _ => Outcome::Cancelled,
    }
}
