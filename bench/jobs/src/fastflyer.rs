//! The scheduler of fastkit.

use std::time::{Duration, Instant};

use fastkit::executor::{Job, Run, Scheduler, Trigger};

use crate::{Added, began, process};

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn work(run: Run) {
    began(run.scheduled().into());
}

/// Half of them by cron, half by intervals; the first is due in an hour at the earliest.
pub(crate) async fn add(count: usize) -> Result<Added, String> {
    let before = process::memory_kib();
    let scheduler = Scheduler::builder().build();
    scheduler.start().map_err(text)?;
    let yearly = Trigger::cron("0 0 1 1 *").map_err(text)?;
    let began = Instant::now();
    for number in 0..count {
        let trigger = if number % 2 == 0 {
            Trigger::interval(Duration::from_secs(3600 + number as u64))
        } else {
            yearly.clone()
        };
        let job = Job::new(&format!("job-{number}"), trigger, work);
        scheduler.add_job(job).map_err(text)?;
    }
    let added = Added::measure(before, began).await;
    scheduler.stop(Duration::from_secs(1)).await;
    Ok(added)
}

/// So many jobs of a second each, whose seconds begin at different times.
pub(crate) async fn spread(count: usize, span: Duration) -> Result<(), String> {
    let scheduler = Scheduler::builder().build();
    scheduler.start().map_err(text)?;
    let gap = Duration::from_secs(1) / count as u32;
    let first = Instant::now();
    for number in 0..count {
        let due = first + gap * number as u32;
        tokio::time::sleep_until(due.into()).await;
        let trigger = Trigger::interval(Duration::from_secs(1));
        scheduler.add_job(Job::new(&format!("job-{number}"), trigger, work)).map_err(text)?;
    }
    tokio::time::sleep(span).await;
    scheduler.stop(Duration::from_secs(1)).await;
    Ok(())
}

/// So many jobs that are due at the beginning of each second.
pub(crate) async fn at_once(count: usize, span: Duration) -> Result<(), String> {
    let scheduler = Scheduler::builder().build();
    for number in 0..count {
        let trigger = Trigger::cron("* * * * * *").map_err(text)?;
        scheduler.add_job(Job::new(&format!("job-{number}"), trigger, work)).map_err(text)?;
    }
    scheduler.start().map_err(text)?;
    tokio::time::sleep(span).await;
    scheduler.stop(Duration::from_secs(1)).await;
    Ok(())
}
