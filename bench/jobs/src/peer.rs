//! tokio-cron-scheduler.

use std::time::{Duration, Instant};

use tokio_cron_scheduler::{Job, JobScheduler};

use crate::{Added, began, process, this_second};

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Half of them by cron, half by intervals, as for fastkit.
pub(crate) async fn add(count: usize) -> Result<Added, String> {
    let before = process::memory_kib();
    let mut scheduler = JobScheduler::new().await.map_err(text)?;
    scheduler.start().await.map_err(text)?;
    let began = Instant::now();
    for number in 0..count {
        let job = if number % 2 == 0 {
            let period = Duration::from_secs(3600 + number as u64);
            Job::new_repeated_async(period, |_, _| Box::pin(async {}))
        } else {
            Job::new_async("0 0 0 1 1 *", |_, _| Box::pin(async {}))
        };
        scheduler.add(job.map_err(text)?).await.map_err(text)?;
    }
    let added = Added::measure(before, began).await;
    scheduler.shutdown().await.map_err(text)?;
    Ok(added)
}

/// So many jobs that are due at the beginning of each second.
pub(crate) async fn at_once(count: usize, span: Duration) -> Result<(), String> {
    let mut scheduler = JobScheduler::new().await.map_err(text)?;
    for _ in 0..count {
        let job = Job::new_async("* * * * * *", |_, _| {
            Box::pin(async { began(this_second()) })
        });
        scheduler.add(job.map_err(text)?).await.map_err(text)?;
    }
    scheduler.start().await.map_err(text)?;
    tokio::time::sleep(span).await;
    scheduler.shutdown().await.map_err(text)?;
    Ok(())
}
