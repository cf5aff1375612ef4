//! The threads of a scheduler: how they begin, what they do, how they end.
//!
//! "scheduler" runs timers, locks and the store; "jobs" runs asynchronous jobs. So a job that blocks its
//! loop stops neither timers nor the renewal of locks.

use super::{
    Error, Report,
    begin::hand_over,
    claim::run_now,
    core::Remembered,
    journal,
    race::{First, race},
    runner,
    shared::{Engine, Order, Phase, Shared, State},
};
use crate::executor::Reason;
use chrono::Utc;
use std::{
    future::Future,
    io,
    sync::{Arc, PoisonError},
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
    task::{JoinHandle, yield_now},
    time::{Instant, sleep, timeout, timeout_at},
};

/// How long asynchronous runs that were dropped are waited for.
const DROPPING: Duration = Duration::from_millis(500);

/// How long the store is waited for at the end.
const WRITING: Duration = Duration::from_secs(5);

type Orders = mpsc::UnboundedReceiver<Order>;

/// Begins, with threads if there is something to do. Who has started it already gets `Ok`, too.
pub(super) fn start(shared: &Arc<Shared>) -> Result<(), Error> {
    let mut state = shared.state();
    match state.phase {
        Phase::New if state.core.is_empty() && state.tasks.is_empty() => {
            state.phase = Phase::Idle;
            return Ok(());
        }
        Phase::New => {}
        Phase::Idle | Phase::Running => return Ok(()),
        _ => return Err(stopped()),
    }
    drop(state);
    launch(shared, false)
}

/// Starts the threads. `late`: jobs have been added after the start, so that none of them is one that was
/// removed before.
pub(super) fn launch(shared: &Arc<Shared>, late: bool) -> Result<(), Error> {
    let launching = shared.launching.lock();
    let _launching = launching.unwrap_or_else(PoisonError::into_inner);
    if shared.engine.get().is_some() {
        return Ok(());
    }
    if let Some(store) = &shared.parts.store {
        journal::first(shared, &**store)
            .map_err(|error| Error::failed("the store of jobs cannot be read", &error))?;
    }
    let failed =
        |error: io::Error| Error::failed("the threads of the scheduler cannot start", &error);
    let scheduler = event_loop().map_err(failed)?;
    let jobs = event_loop().map_err(failed)?;
    let (orders, received) = mpsc::unbounded_channel();
    let engine = Engine {
        jobs: jobs.handle().clone(),
        orders,
    };
    let (leave, left) = oneshot::channel::<()>();
    spawn("jobs", jobs, async {
        let _ = left.await;
    })
    .map_err(failed)?;
    let of = shared.clone();
    spawn("scheduler", scheduler, async move {
        serve(&of, received).await;
        drop(leave);
    })
    .map_err(failed)?;
    let is_first = shared.engine.set(engine).is_ok();
    debug_assert!(is_first, "one at a time launches");
    begin(shared, late)
}

fn event_loop() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn spawn(
    name: &str,
    event_loop: Runtime,
    work: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let body = move || {
        event_loop.block_on(work);
        // What is still reading a file need not be waited for.
        event_loop.shutdown_background();
    };
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(drop)
}

/// Jobs begin to be due, unless the scheduler was stopped while its threads started.
fn begin(shared: &Arc<Shared>, late: bool) -> Result<(), Error> {
    let now = shared.now();
    let mut state = shared.state();
    if matches!(state.phase, Phase::Stopped(_)) {
        drop(state);
        if let Some(engine) = shared.engine.get() {
            // The thread waits for orders from its first moment on.
            let _ = engine.orders.send(Order::Stop(Duration::ZERO, None));
        }
        return Err(stopped());
    }
    let State {
        core,
        memory,
        phase,
        tasks,
        ..
    } = &mut *state;
    let tasks = std::mem::take(tasks);
    let gone = core.ids().filter(|id| !late && memory.is_removed(id));
    let gone: Vec<_> = gone.cloned().collect();
    for id in gone {
        core.remove(&id);
    }
    core.start(now, late, |id| -> Option<Remembered> { memory.take(id) });
    let paused = core.paused();
    *phase = Phase::Running;
    drop(state);
    shared.wake.notify_one();
    if !paused.is_empty() {
        // Somebody may have paused them long ago.
        tracing::warn!(target: "fastkit::executor", "{} jobs are paused until they are resumed: {}", paused.len(), paused.join(", "));
    }
    for task in tasks {
        start_task(shared, task);
    }
    Ok(())
}

fn stopped() -> Error {
    Error::not_running("has been stopped, and cannot be started again")
}

/// Starts a task on the background pool; a full queue is no reason not to serve.
pub(super) fn start_task(shared: &Shared, task: crate::executor::Task) {
    let name = task.name.clone();
    if let Err(error) = shared.parts.background.start(task) {
        tracing::error!(target: "fastkit::executor", task = &*name, "the task does not begin: {error}");
    }
}

/// What the scheduler's thread does until it is told to stop.
async fn serve(shared: &Arc<Shared>, mut orders: Orders) {
    let store = shared.parts.store.clone();
    let (finish, told) = oneshot::channel();
    let journal = store.map(|store| tokio::spawn(journal::keep(shared.clone(), store, told)));
    let (patience, reply) = loop {
        let wait = shared.turn();
        let due = async {
            match wait {
                Some(Duration::ZERO) => yield_now().await,
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        match race(orders.recv(), race(shared.wake.notified(), due)).await {
            First::A(Some(Order::Stop(patience, reply))) => break (patience, reply),
            First::A(Some(Order::Run(definition, id))) => {
                if definition.job.options.single_job {
                    drop(tokio::spawn(run_now(shared.clone(), definition, id)));
                } else {
                    hand_over(shared, runner::start(shared, definition, Utc::now(), id));
                }
            }
            First::A(None) => break (Duration::ZERO, None),
            First::B(_) => {}
        }
    };
    let mut replies: Vec<_> = reply.into_iter().collect();
    let report = stop(shared, patience, &mut orders, &mut replies).await;
    drop(finish);
    if let Some(journal) = journal
        && timeout(WRITING, journal).await.is_err()
    {
        tracing::warn!(target: "fastkit::executor", "the store of jobs does not answer; what happened last to jobs may be forgotten");
    }
    shared.state().phase = Phase::Stopped(report.clone());
    let late = std::iter::from_fn(|| orders.try_recv().ok());
    replies.extend(late.filter_map(|order| match order {
        Order::Stop(_, reply) => reply,
        Order::Run(..) => None,
    }));
    for reply in replies {
        // Who has asked may have gone.
        let _ = reply.send(report.clone());
    }
    // Plain runs that were cut go on: as long as they do, their locks are renewed here.
    while !shared.live().is_empty() {
        shared.ended.notified().await;
    }
}

/// Tells all runs to end, waits, and drops what can be dropped. A further stop may leave less time.
async fn stop(
    shared: &Arc<Shared>,
    patience: Duration,
    orders: &mut Orders,
    replies: &mut Vec<oneshot::Sender<Report>>,
) -> Report {
    {
        let mut state = shared.state();
        state.phase = Phase::Stopping;
        state.core.stop();
    }
    let mut patience = patience;
    let begin = Instant::now();
    let before = shared.live().len();
    let runs: Vec<_> = shared
        .live()
        .values()
        .map(|live| live.run.clone())
        .collect();
    runs.iter().for_each(|run| run.cancel(Reason::Stop));
    // It waits for background tasks, for which nobody else does.
    let own_pool = shared.parts.own_pool.then(|| shared.parts.pool.clone());
    let pool = own_pool.map(|pool| tokio::task::spawn_blocking(move || pool.stop(patience)));
    while let First::B(Some(order)) =
        race(wait_until(shared, after(begin, patience)), orders.recv()).await
    {
        if let Order::Stop(less, reply) = order {
            patience = patience.min(begin.elapsed().saturating_add(less));
            replies.extend(reply);
        }
    }
    let mut cut = match pool {
        Some(pool) => cut_tasks(shared, pool, after(begin, patience)).await,
        None => Vec::new(),
    };
    let tasks = cut.len();
    for live in shared.live().values_mut() {
        cut.push(live.run.job().to_owned());
        live.go_on = None;
    }
    cut.sort();
    if !cut.is_empty() {
        tracing::warn!(target: "fastkit::executor", "{} runs were cut, which had not ended after {patience:?}: {}", cut.len(), cut.join(", "));
        wait_until(shared, Instant::now() + DROPPING).await;
    }
    Report {
        finished: before.saturating_sub(cut.len() - tasks),
        cut,
    }
}

/// The names of the tasks of its own pool that have not ended then. Its jobs are looked after elsewhere.
async fn cut_tasks(shared: &Shared, pool: JoinHandle<Vec<String>>, end: Instant) -> Vec<String> {
    let names = match timeout_at(end + DROPPING, pool).await {
        Ok(names) => names,
        // A further stop has left less time.
        Err(_) => {
            let pool = shared.parts.pool.clone();
            tokio::task::spawn_blocking(move || pool.stop(Duration::ZERO)).await
        }
    };
    let state = shared.state();
    let names = names.unwrap_or_default().into_iter();
    names.filter(|name| !state.core.has(name)).collect()
}

/// So far off that it is never reached, where adding would overflow.
fn after(begin: Instant, patience: Duration) -> Instant {
    begin + patience.min(Duration::from_secs(u32::MAX.into()))
}

/// Until no run is under way, or the time has come.
async fn wait_until(shared: &Shared, end: Instant) {
    while !shared.live().is_empty() {
        if timeout_at(end, shared.ended.notified()).await.is_err() {
            return;
        }
    }
}
