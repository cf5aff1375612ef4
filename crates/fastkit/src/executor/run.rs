//! [`Run`]: what a job knows of the run that it is in, and what it may take as arguments.

use super::{JobError, lock::Fence};
use crate::{
    context::RequestId,
    threadpool::{Ending, Ends, Reason},
};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    sync::Arc,
    time::Duration,
};

/// One run of a job or of a background task. Cheap to clone.
///
/// A job takes it as an argument if it wants to know about itself, or has to end when it is told to:
///
/// ```no_run
/// use fastkit::executor::{JobError, Run};
/// use std::time::Duration;
///
/// async fn copy(run: Run) -> Result<(), JobError> {
///     while run.pause(Duration::from_secs(1)).await {
///         // A part of the work. `pause` is false as soon as the run is to end.
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Run(Arc<Inner>);

struct Inner {
    id: RequestId,
    job: Arc<str>,
    scheduled: DateTime<Utc>,
    args: Arc<Value>,
    fence: Option<Fence>,
    given: Given,
    ends: Ends,
}

impl Ending for Inner {
    fn ends(&self) -> &Ends {
        &self.ends
    }
}

impl Ends {
    /// Why the work is to end, if it is.
    fn reason(&self) -> Option<Reason> {
        self.reason.get().copied()
    }

    /// Waits until it is told.
    pub(crate) async fn cancelled(&self) -> Reason {
        loop {
            let told = self.tasks.notified();
            if let Some(reason) = self.reason() {
                return reason;
            }
            told.await;
        }
    }
}

impl Run {
    pub(crate) fn new(
        job: Arc<str>,
        scheduled: DateTime<Utc>,
        args: Arc<Value>,
        fence: Option<Fence>,
        given: Given,
    ) -> Self {
        Self::with_id(RequestId::random(), job, scheduled, args, fence, given)
    }

    /// A run whose id was told already.
    pub(crate) fn with_id(
        id: RequestId,
        job: Arc<str>,
        scheduled: DateTime<Utc>,
        args: Arc<Value>,
        fence: Option<Fence>,
        given: Given,
    ) -> Self {
        Self(Arc::new(Inner {
            id,
            job,
            scheduled,
            args,
            fence,
            given,
            ends: Ends::default(),
        }))
    }

    /// The id of the run: in every log line, and in every call of the HTTP client, as the id of a request.
    pub fn id(&self) -> RequestId {
        self.0.id
    }

    /// The id of the job, or the name of the task.
    pub fn job(&self) -> &str {
        &self.0.job
    }

    /// The time that the run was due, without jitter or delay; of a task, when it was submitted.
    pub fn scheduled(&self) -> DateTime<Utc> {
        self.0.scheduled
    }

    /// The fence of a single job: greater than that of every run before it, on any host.
    pub fn fence(&self) -> Option<Fence> {
        self.0.fence
    }

    /// The arguments of the job as JSON; `null` if it has none.
    pub fn args(&self) -> &Value {
        &self.0.args
    }

    /// What the scheduler was given of this type.
    pub fn given<T: Clone + 'static>(&self) -> Option<T> {
        self.0.given.find()
    }

    /// Whether the run is to end.
    pub fn is_cancelled(&self) -> bool {
        self.0.ends.is_told()
    }

    /// Why the run is to end, if it is.
    pub fn reason(&self) -> Option<Reason> {
        self.0.ends.reason()
    }

    /// Waits until the run is to end.
    pub async fn cancelled(&self) -> Reason {
        self.0.ends.cancelled().await
    }

    /// Sleeps in an asynchronous job; false, and at once, when the run is to end.
    pub async fn pause(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.cancelled()).await.is_err()
    }

    /// Sleeps in a plain job, on its thread; false, and at once, when the run is to end.
    pub fn sleep(&self, time: Duration) -> bool {
        self.0.ends.sleep(time)
    }

    /// Tells the run to end; the first reason counts.
    pub(crate) fn cancel(&self, reason: Reason) {
        self.0.ends.tell(reason);
    }

    /// What tells the run to end, for those who know nothing else of it.
    pub(crate) fn ending(&self) -> Arc<dyn Ending> {
        self.0.clone()
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("id", &self.0.id)
            .field("job", &self.0.job)
            .field("scheduled", &self.0.scheduled)
            .field("fence", &self.0.fence)
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}

/// What a job may take as an argument. Up to six of them.
#[diagnostic::on_unimplemented(
    message = "a job cannot take `{Self}` as an argument",
    label = "not an argument of a job",
    note = "jobs take `Run`, `Args<T>`, and in a service `State<T>`"
)]
pub trait FromRun: Sized + Send {
    /// The value for this run.
    ///
    /// # Errors
    ///
    /// Why there is none; the run fails with it.
    fn from_run(run: &Run) -> Result<Self, JobError>;

    /// Whether there will be a value, asked when the job is added, with its arguments.
    ///
    /// # Errors
    ///
    /// Why not; the job is refused with it.
    fn check(given: &Given, args: &Value) -> Result<(), String> {
        let _ = (given, args);
        Ok(())
    }
}

impl FromRun for Run {
    fn from_run(run: &Run) -> Result<Self, JobError> {
        Ok(run.clone())
    }
}

/// The arguments of a job, read from the JSON that it was declared with. What does not fit refuses the job.
///
/// ```
/// use fastkit::executor::{Args, Job, Scheduler, Trigger};
/// use std::time::Duration;
///
/// fn greet(Args(names): Args<Vec<String>>) -> String {
///     names.join(" and ")
/// }
///
/// let hourly = Trigger::interval(Duration::from_secs(3600));
/// let scheduler = Scheduler::builder().build();
/// scheduler.add_job(Job::new("greet", hourly.clone(), greet).args(["Ann", "Ben"]))?;
/// assert!(scheduler.add_job(Job::new("wrong", hourly, greet).args(7)).is_err());
/// # Ok::<(), fastkit::executor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Args<T>(pub T);

impl<T: DeserializeOwned + Send> FromRun for Args<T> {
    fn from_run(run: &Run) -> Result<Self, JobError> {
        read(run.args()).map(Self).map_err(JobError::new)
    }

    fn check(_: &Given, args: &Value) -> Result<(), String> {
        read::<T>(args).map(drop)
    }
}

fn read<T: DeserializeOwned>(args: &Value) -> Result<T, String> {
    T::deserialize(args)
        .map_err(|error| format!("its arguments {args} are no {}: {error}", type_name::<T>()))
}

/// What a scheduler was given for its jobs: one value per type.
///
/// ```
/// use fastkit::executor::Scheduler;
///
/// let scheduler = Scheduler::builder().give("hello").give(7_u8).build();
/// assert_eq!(scheduler.given().find::<u8>(), Some(7));
/// assert_eq!(scheduler.given().find::<u16>(), None);
/// ```
#[derive(Clone, Default)]
pub struct Given(Arc<HashMap<TypeId, Box<dyn Any + Send + Sync>>>);

impl Given {
    pub(crate) fn new(values: HashMap<TypeId, Box<dyn Any + Send + Sync>>) -> Self {
        Self(Arc::new(values))
    }

    /// A clone of the value of this type.
    pub fn find<T: Clone + 'static>(&self) -> Option<T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref::<T>().cloned()
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Given({} values)", self.0.len())
    }
}
