//! What the code that `#[scheduled]` and `#[background]` write calls. No part of the promise.

use super::{
    Given, Job, JobError, Run, Task, TriggerError, Zone,
    lock::Boxed,
    work::{Call, Finished, Work},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

pub use super::{FromRun, JobOutput, Trigger};
pub use serde_json::json;

/// The id of a function without one: its module without the crate, and without the folder `app` of a
/// service, then its name.
pub fn id(module: &str, function: &str) -> String {
    let mut parts: Vec<&str> = module.split("::").skip(1).collect();
    if parts.first() == Some(&"app") {
        parts.remove(0);
    }
    let parts = parts.iter().map(|part| part.trim_start_matches("r#"));
    let parts: Vec<&str> = parts.chain([function]).collect();
    parts.join(".")
}

/// The work of an `async fn`.
pub fn asynchronous(
    call: fn(&Run) -> Result<Boxed<'static, Finished>, JobError>,
    check: fn(&Given, &Value) -> Result<(), String>,
) -> Work {
    let call = move |run: &Run| match call(run) {
        Ok(future) => future,
        Err(error) => Box::pin(async move { Err(error) }),
    };
    Work {
        call: Call::Async(Arc::new(call)),
        check,
    }
}

/// The work of a plain `fn`.
pub fn plain(call: fn(&Run) -> Finished, check: fn(&Given, &Value) -> Result<(), String>) -> Work {
    Work {
        call: Call::Plain(Arc::new(call)),
        check,
    }
}

/// What is wrong with the arguments, all of it.
///
/// # Errors
///
/// When something is.
pub fn all<const N: usize>(checks: [Result<(), String>; N]) -> Result<(), String> {
    let problems: Vec<String> = checks.into_iter().filter_map(Result::err).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.join("; "))
    }
}

/// What `trigger = ..` takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` says nothing about when a job runs",
    label = "must be a `Trigger`, or a `Result` of one as `Trigger::cron` gives it"
)]
pub trait IntoTrigger {
    fn trigger(self) -> Result<Trigger, TriggerError>;
}

impl IntoTrigger for Trigger {
    fn trigger(self) -> Result<Trigger, TriggerError> {
        Ok(self)
    }
}

impl IntoTrigger for Result<Trigger, TriggerError> {
    fn trigger(self) -> Result<Trigger, TriggerError> {
        self
    }
}

/// An interval, and whether it is aligned.
pub fn interval(period: Duration, aligned: bool) -> Trigger {
    let trigger = Trigger::interval(period);
    if aligned { trigger.aligned() } else { trigger }
}

/// A job that runs whenever one of the triggers is due. What is wrong is told when it is added.
pub fn job<const N: usize>(
    id: &str,
    triggers: [Result<Trigger, TriggerError>; N],
    work: Work,
) -> Job {
    let mut problems = Vec::new();
    let mut good: Vec<Trigger> = triggers
        .into_iter()
        .filter_map(|trigger| {
            let failed = |error: TriggerError| problems.push(error.to_string());
            trigger.map_err(failed).ok()
        })
        .collect();
    let trigger = match (good.pop(), good.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => Trigger::any(good.into_iter().chain([last])),
        // Its problems keep the job from being added.
        (None, _) => Trigger::interval(Duration::from_secs(86_400)),
    };
    Job::with(id, trigger, work, problems)
}

/// A task in the background.
pub fn task(name: &str, work: Work) -> Task {
    Task::with(name, work)
}

/// What `timezone = ..` takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no time zone",
    label = "must be a text such as \"Asia/Shanghai\", or a `Zone`"
)]
pub trait IntoZone {
    fn zone(self) -> Result<Zone, TriggerError>;
}

impl IntoZone for Zone {
    fn zone(self) -> Result<Zone, TriggerError> {
        Ok(self)
    }
}

impl IntoZone for &str {
    fn zone(self) -> Result<Zone, TriggerError> {
        Zone::named(self)
    }
}

/// The job in a time zone.
pub fn timezone(mut job: Job, zone: impl IntoZone) -> Job {
    match zone.zone() {
        Ok(zone) => job.timezone(zone),
        Err(error) => {
            job.problems.push(error.to_string());
            job
        }
    }
}

/// The job from a time of its zone on.
pub fn start(mut job: Job, time: &str) -> Job {
    job.options.start_text = Some(time.to_owned());
    job
}

/// The job up to a time of its zone.
pub fn end(mut job: Job, time: &str) -> Job {
    job.options.end_text = Some(time.to_owned());
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_place_in_the_service() {
        assert_eq!(id("demo::tasks", "hello"), "tasks.hello");
        assert_eq!(
            id("demo::app::tasks::module", "hello"),
            "tasks.module.hello"
        );
        assert_eq!(id("demo", "hello"), "hello");
        assert_eq!(id("demo::r#type", "hello"), "type.hello");
    }

    #[test]
    fn all_problems_of_arguments_are_told() {
        assert_eq!(all([Ok(()), Ok(())]), Ok(()));
        let both = all([Err("one".to_owned()), Ok(()), Err("two".to_owned())]);
        assert_eq!(both, Err("one; two".to_owned()));
    }
}
