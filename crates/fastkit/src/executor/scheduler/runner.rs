//! One run of a job, from its begin to its place in the history.
//!
//! The job itself runs elsewhere, as [`begin`] has it; it is watched from the scheduler's thread, which a job
//! that blocks cannot stop.

use super::{
    Event, Outcome, Past, Skip,
    begin::{Began, Begun, End, Function, Never, begin, hand_over},
    definition::Definition,
    race::{First, race},
    shared::Shared,
};
use crate::{
    context::RequestId,
    executor::{
        Reason, Run,
        lock::{Fence, Lease, hold},
    },
    threadpool::{Handle, panic_text, shown},
};
use chrono::{DateTime, Utc};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout},
};

/// How long an asynchronous run that was told to end may take before it is dropped.
const MOMENT: Duration = Duration::from_secs(1);

/// A lock that was got.
pub(super) struct Held {
    pub(super) lease: Box<dyn Lease>,
    pub(super) asked: Instant,
    /// Whether it is for a time of the job, which is done then; else for a run beside its times.
    pub(super) timed: bool,
}

/// Begins a run that the core has counted. What is given has to be handed to the loop for jobs.
pub(super) fn start(
    shared: &Arc<Shared>,
    definition: Arc<Definition>,
    scheduled: DateTime<Utc>,
    id: RequestId,
) -> Option<Function> {
    let run = make(shared, &definition, scheduled, id, None);
    let (begun, function) = begin(shared, &definition, &run);
    let watched = attend(shared.clone(), definition, run, None, begun);
    drop(tokio::spawn(watched));
    function
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

/// Begins a run that is counted, and stays with it to its end.
pub(super) async fn conduct(
    shared: Arc<Shared>,
    definition: Arc<Definition>,
    run: Run,
    held: Option<Held>,
) {
    let (begun, function) = begin(&shared, &definition, &run);
    hand_over(&shared, function);
    attend(shared, definition, run, held, begun).await;
}

/// Watches a run, with its lock if it has one, and counts it no more when it is over.
async fn attend(
    shared: Arc<Shared>,
    definition: Arc<Definition>,
    run: Run,
    held: Option<Held>,
    begun: Result<Begun, Never>,
) {
    let timed = held.as_ref().is_some_and(|held| held.timed);
    let work = pin!(watch(&shared, &definition, &run, begun));
    let result = match held {
        Some(Held { lease, asked, .. }) => {
            let ttl = definition.job.options.lock_ttl;
            hold(lease, ttl, asked, &run, work, |result| {
                !timed || is_done(result)
            })
            .await
        }
        None => work.await,
    };
    shared.live().remove(&run.id());
    if timed && is_done(&result) {
        shared.dealt(&definition, run.scheduled());
    }
    match result {
        Ok(past) => {
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

/// Whether nobody else need run the job for this time: it has begun, and came to an end of its own.
fn is_done(result: &Result<Past, Never>) -> bool {
    matches!(result, Ok(past) if past.outcome != Outcome::Cancelled)
}

/// Waits for the end of a run, and tells it to end if its time is over.
async fn watch(
    shared: &Shared,
    definition: &Definition,
    run: &Run,
    begun: Result<Begun, Never>,
) -> Result<Past, Never> {
    match begun? {
        Begun::Task { began, end } => Ok(watch_task(shared, definition, run, began, end).await),
        Begun::Thread { handle, began, end } => {
            watch_thread(shared, definition, run, handle, began, end).await
        }
    }
}

async fn watch_task(
    shared: &Shared,
    definition: &Definition,
    run: &Run,
    began: Began,
    mut end: oneshot::Receiver<End>,
) -> Past {
    let told = told_to_end(shared, definition, run, began);
    let end = match race(&mut end, told).await {
        First::A(end) => {
            tell_if_cancelled(shared, run);
            end
        }
        First::B(reason) => match moment(reason, definition) {
            None => end.await,
            Some(moment) => match timeout(moment, &mut end).await {
                Ok(end) => end,
                Err(_) => {
                    if let Some(live) = shared.live().get_mut(&run.id()) {
                        live.go_on = None;
                    }
                    end.await
                }
            },
        },
    };
    past(run, began, end.unwrap_or(End::Dropped))
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

async fn watch_thread(
    shared: &Shared,
    definition: &Definition,
    run: &Run,
    handle: Handle<()>,
    mut began: oneshot::Receiver<Began>,
    mut end: oneshot::Receiver<End>,
) -> Result<Past, Never> {
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
