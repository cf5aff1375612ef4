//! Schedulers as their users see them: real threads, and events that are waited for.

mod life;
mod logs;
mod runs;
mod single;
mod stores;
mod times;

use super::*;
use crate::executor::{Job, Scheduler, SchedulerBuilder, Trigger};
use std::{
    sync::mpsc::{Receiver, channel},
    time::Instant,
};

/// No test waits longer than this for what has to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A scheduler that is watched.
struct Watched {
    scheduler: Scheduler,
    events: Receiver<Event>,
}

impl Watched {
    fn new(build: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder) -> Self {
        let (sender, events) = channel();
        let builder = build(Scheduler::builder());
        let scheduler = builder
            .on_event(move |event| {
                // A test that has ended listens no more.
                let _ = sender.send(event.clone());
            })
            .build();
        Self { scheduler, events }
    }

    fn started() -> Self {
        let watched = Self::new(|builder| builder);
        watched.scheduler.start().unwrap();
        watched
    }

    /// The next event that this makes something of.
    fn wait<T>(&self, mut what: impl FnMut(&Event) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).expect("it comes in time");
            if let Some(found) = what(&event) {
                return found;
            }
        }
    }

    /// The next run of the job that has ended.
    fn ended(&self, id: &str) -> Past {
        self.wait(|event| match event {
            Event::Ended { job, past } if **job == *id => Some(past.clone()),
            _ => None,
        })
    }

    fn started_run(&self, id: &str) -> RequestId {
        self.wait(|event| match event {
            Event::Started { job, run } if **job == *id => Some(*run),
            _ => None,
        })
    }

    fn stop(&self, patience: Duration) -> Report {
        wait_for(self.scheduler.stop(patience))
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        tokio::time::timeout(PATIENCE, future)
            .await
            .expect("it comes in time")
    })
}

/// Far away: only asked to run at once.
fn never() -> Trigger {
    Trigger::interval(Duration::from_secs(3600))
}

fn often() -> Trigger {
    Trigger::interval(Duration::from_millis(20))
}
