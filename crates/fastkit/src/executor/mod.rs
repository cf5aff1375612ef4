//! Work beside requests: jobs that run at their times, tasks in the background, and the locks that
//! make one of them run once over all processes.
//!
//! It needs no HTTP server. It is deliberately not a queue: what has to survive the death of every
//! process belongs into a database or a broker. Key types: [`Scheduler`], [`Job`], [`Trigger`],
//! [`ThreadPool`], and [`Run`], which is what a job knows of its run.

pub mod lock;
pub mod store;

mod job;
mod output;
#[doc(hidden)]
pub mod private;
mod run;
mod scheduler;
mod threads;
mod trigger;
mod work;

pub use crate::threadpool::{
    self, Handle, Reason, SubmitError, TaskError, ThreadPool, ThreadPoolConfig,
};
pub use job::{Declare, Job, Jobs, Task};
pub use output::{JobError, JobOutput, JobValue};
pub use run::{Args, FromRun, Given, Run};
pub use scheduler::{
    Change, Error, Event, Outcome, Past, Report, Scheduler, SchedulerBuilder, Skip, Status,
};
pub(crate) use threads::{Serves, end_serving};
pub use trigger::{Trigger, TriggerError, Zone};
