//! [`Job`]: a function with its times and options; [`Task`]: one that runs in the background; [`Jobs`],
//! a list of both.

use super::{
    Trigger, Zone,
    work::{IntoWork, Work},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use std::{fmt, sync::Arc, time::Duration};

/// A function that runs at its times.
///
/// ```
/// use fastkit::executor::{Job, Trigger};
/// use std::time::Duration;
///
/// async fn report() {}
///
/// let job = Job::new("report", Trigger::interval(Duration::from_secs(5)), report).single_job(true);
/// ```
///
/// With more to say:
///
/// ```
/// use fastkit::executor::{Args, Job, JobError, Run, Scheduler, Trigger, Zone};
/// use std::time::Duration;
///
/// fn report(run: Run, Args((office, pages)): Args<(String, u64)>) -> Result<u64, JobError> {
///     match office.as_str() {
///         "closed" => Err(JobError::new("nobody is there")),
///         _ => Ok(pages * 2),
///     }
/// }
///
/// let job = Job::new("report", Trigger::cron("0 8 * * mon-fri")?, report)
///     .name("Daily report")
///     .args(("Shenzhen", 21))
///     .timezone(Zone::named("Asia/Shanghai")?)
///     .misfire_grace_time(Duration::from_secs(600))
///     .jitter(Duration::from_secs(30))
///     .timeout(Duration::from_secs(300));
/// Scheduler::builder().build().add_job(job)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Job {
    pub(crate) id: Arc<str>,
    pub(crate) trigger: Trigger,
    pub(crate) work: Work,
    pub(crate) options: Options,
    /// What was wrong with the options, told when the job is added.
    pub(crate) problems: Vec<String>,
}

/// The options of a job, with their defaults.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) args: Arc<Value>,
    pub(crate) single_job: bool,
    /// How late a run may begin; later ones are missed. `None` is without end.
    pub(crate) misfire_grace_time: Option<Duration>,
    pub(crate) coalesce: bool,
    pub(crate) max_instances: usize,
    pub(crate) jitter: Duration,
    pub(crate) start: Option<DateTime<Utc>>,
    pub(crate) end: Option<DateTime<Utc>>,
    /// What an attribute says of both; they are worked out when the zone is known.
    pub(crate) start_text: Option<String>,
    pub(crate) end_text: Option<String>,
    pub(crate) zone: Option<Zone>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) lock_ttl: Duration,
    pub(crate) paused: bool,
    pub(crate) protected: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            args: Arc::new(Value::Null),
            single_job: false,
            misfire_grace_time: Some(Duration::from_secs(60)),
            coalesce: true,
            max_instances: 1,
            jitter: Duration::ZERO,
            start: None,
            end: None,
            start_text: None,
            end_text: None,
            zone: None,
            timeout: None,
            lock_ttl: Duration::from_secs(20),
            paused: false,
            protected: false,
        }
    }
}

impl Job {
    /// A job of this id (1 to 128 of `A-Z a-z 0-9 . _ ~ -`), that runs `function` whenever `trigger` says so.
    ///
    /// An asynchronous function runs on an event loop for jobs, a plain one on a thread of the pool. What
    /// is wrong with the options is told when the job is added.
    pub fn new<M>(id: &str, trigger: Trigger, function: impl IntoWork<M>) -> Self {
        Self::with(id, trigger, function.into_work(), Vec::new())
    }

    pub(crate) fn with(id: &str, trigger: Trigger, work: Work, problems: Vec<String>) -> Self {
        Self {
            id: id.into(),
            trigger,
            work,
            options: Options::default(),
            problems,
        }
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What people call it; the id by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// What the function gets as [`Args`](super::Args): anything that is JSON.
    pub fn args(mut self, args: impl Serialize) -> Self {
        match serde_json::to_value(args) {
            Ok(args) => self.options.args = Arc::new(args),
            Err(error) => self
                .problems
                .push(format!("its arguments are no JSON: {error}")),
        }
        self
    }

    /// Whether it runs once at a time and once for each of its times, over all processes and hosts that
    /// share a lock. Off by default. Its intervals begin at multiples of the period since 1970, so that
    /// all processes mean the same times.
    pub fn single_job(mut self, on: bool) -> Self {
        self.options.single_job = on;
        self
    }

    /// How late a run may begin, 60 seconds by default; what comes later is missed. `None` is "however
    /// late".
    pub fn misfire_grace_time(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.misfire_grace_time = time.into();
        self
    }

    /// Whether times that have passed meanwhile are run once, for the last of them, and not one by one. On
    /// by default.
    pub fn coalesce(mut self, on: bool) -> Self {
        self.options.coalesce = on;
        self
    }

    /// How many runs there may be at a time in this process, 1 by default; more are skipped. A single job
    /// has one in any case.
    pub fn max_instances(mut self, most: usize) -> Self {
        self.options.max_instances = most;
        self
    }

    /// The most by which each run is put off at random, none by default.
    pub fn jitter(mut self, most: Duration) -> Self {
        self.options.jitter = most;
        self
    }

    /// No time before this one counts. An interval that is not aligned begins with it, if it is yet to come.
    pub fn start(mut self, time: impl Into<DateTime<Utc>>) -> Self {
        self.options.start = Some(time.into());
        self.options.start_text = None;
        self
    }

    /// No time after this one counts.
    pub fn end(mut self, time: impl Into<DateTime<Utc>>) -> Self {
        self.options.end = Some(time.into());
        self.options.end_text = None;
        self
    }

    /// The time zone of its trigger; that of the scheduler by default.
    pub fn timezone(mut self, zone: Zone) -> Self {
        self.options.zone = Some(zone);
        self
    }

    /// How long a run may take; without end by default. Its [`Run`](super::Run) is told then. An asynchronous one is
    /// dropped a second later if it goes on; a plain one cannot be, and counts until it returns.
    pub fn timeout(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.timeout = time.into();
        self
    }

    /// How long the lock of a single job outlives a holder that has died, 20 seconds by default, at least
    /// 100 milliseconds.
    pub fn lock_ttl(mut self, time: Duration) -> Self {
        self.options.lock_ttl = time;
        self
    }

    /// Whether it waits to be resumed before its first run.
    pub fn paused(mut self, on: bool) -> Self {
        self.options.paused = on;
        self
    }

    /// Whether nobody may pause, change or remove it from outside.
    pub fn protected(mut self, on: bool) -> Self {
        self.options.protected = on;
        self
    }
}

impl Options {
    /// Works out start and end where they are texts, which are times of this zone if they do not name
    /// one. Gives what is wrong with them.
    pub(crate) fn settle_bounds(&mut self, zone: Zone) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, text, bound) in [
            ("start", self.start_text.take(), &mut self.start),
            ("end", self.end_text.take(), &mut self.end),
        ] {
            let Some(text) = text else {
                continue;
            };
            let time = Trigger::at_local(&text).map(|at| at.next(DateTime::<Utc>::MIN_UTC, zone));
            match time {
                Ok(Some(time)) => *bound = Some(time),
                Ok(None) => problems.push(format!(
                    "its {name} {text:?} does not exist in its time zone"
                )),
                Err(error) => problems.push(format!("its {name}: {error}")),
            }
        }
        problems
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("id", &self.id)
            .field("trigger", &self.trigger)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A plain function that runs once, on a thread of the background pool, when it is submitted or when the
/// service starts. It may run until the service stops.
///
/// ```
/// use fastkit::executor::{Args, Task, ThreadPool, ThreadPoolConfig};
///
/// fn add(Args((a, b)): Args<(u64, u64)>) -> u64 {
///     a + b
/// }
///
/// let pool = ThreadPool::new(ThreadPoolConfig { name: "background".into(), threads: 2, queue: None });
/// let handle = pool.start(Task::new("add", add).args((40, 2)))?;
/// assert_eq!(handle.join(), Ok(Some("42".to_owned())));
/// # Ok::<(), fastkit::executor::SubmitError>(())
/// ```
#[derive(Clone)]
pub struct Task {
    pub(crate) name: Arc<str>,
    pub(crate) work: Work,
    pub(crate) args: Arc<Value>,
    pub(crate) single_job: bool,
    pub(crate) lock_ttl: Duration,
    pub(crate) problems: Vec<String>,
}

impl Task {
    /// A task of this name, with the letters of the id of a job.
    pub fn new<M>(name: &str, function: impl IntoWork<M>) -> Self {
        Self::with(name, function.into_work())
    }

    pub(crate) fn with(name: &str, work: Work) -> Self {
        Self {
            name: name.into(),
            work,
            args: Arc::new(Value::Null),
            single_job: false,
            lock_ttl: Options::default().lock_ttl,
            problems: Vec::new(),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether one runs at a time over all processes.
    pub fn is_single_job(&self) -> bool {
        self.single_job
    }

    /// What the function gets as [`Args`](super::Args): anything that is JSON.
    pub fn args(mut self, args: impl Serialize) -> Self {
        match serde_json::to_value(args) {
            Ok(args) => self.args = Arc::new(args),
            Err(error) => self
                .problems
                .push(format!("its arguments are no JSON: {error}")),
        }
        self
    }

    /// Whether one runs at a time over all processes that share a lock; the others wait for it, without
    /// taking a thread.
    pub fn single_job(mut self, on: bool) -> Self {
        self.single_job = on;
        self
    }

    /// How long the lock of a single task outlives a holder that has died, 20 seconds by default.
    pub fn lock_ttl(mut self, time: Duration) -> Self {
        self.lock_ttl = time;
        self
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("name", &self.name)
            .field("single_job", &self.single_job)
            .finish_non_exhaustive()
    }
}

/// Jobs, and tasks that run from the start on.
///
/// ```
/// use fastkit::executor::{Job, Jobs, Run, Task, Trigger};
/// use std::time::Duration;
///
/// async fn clean() {}
///
/// fn watch(run: Run) {
///     while run.sleep(Duration::from_secs(5)) {
///         // Looks at something.
///     }
/// }
///
/// let jobs = Jobs::new()
///     .job(Job::new("clean", Trigger::interval(Duration::from_secs(60)), clean))
///     .task(Task::new("watch", watch));
/// assert!(!jobs.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    pub(crate) jobs: Vec<Job>,
    pub(crate) tasks: Vec<Task>,
}

impl Jobs {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this job too.
    pub fn job(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }

    /// With this task too, which begins when the service does.
    pub fn task(mut self, task: Task) -> Self {
        self.tasks.push(task);
        self
    }

    /// With those too.
    pub fn include(mut self, other: Self) -> Self {
        self.jobs.extend(other.jobs);
        self.tasks.extend(other.tasks);
        self
    }

    /// With what an attribute has made of a function.
    #[doc(hidden)]
    pub fn declare<D: Declare>(self) -> Self {
        D::declare(self)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.tasks.is_empty()
    }

    /// How many jobs and tasks there are.
    pub fn len(&self) -> usize {
        self.jobs.len() + self.tasks.len()
    }

    /// The ids of the jobs and the names of the tasks.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let tasks = self.tasks.iter().map(Task::name);
        self.jobs.iter().map(Job::id).chain(tasks)
    }

    /// The tasks alone.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Whether some are single, so that they cannot be without a lock.
    pub fn needs_lock(&self) -> bool {
        self.jobs.iter().any(|job| job.options.single_job)
            || self.tasks.iter().any(|task| task.single_job)
    }
}

/// Collects functions that have `#[scheduled]` or `#[background]`, by name or path, in [`Jobs`].
///
/// ```
/// use fastkit::{executor::Jobs, jobs, scheduled};
///
/// #[scheduled(interval = "5s")]
/// async fn hello() {}
///
/// pub fn jobs() -> Jobs {
///     jobs![hello]
/// }
/// ```
#[macro_export]
macro_rules! jobs {
    ($($function:path),* $(,)?) => {
        $crate::executor::Jobs::new()$(.declare::<$function>())*
    };
}

/// A function with `#[scheduled]` or `#[background]`, as `jobs!` takes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no job",
    label = "write `#[scheduled(..)]` or `#[background]` on the function"
)]
pub trait Declare {
    /// Adds it.
    fn declare(jobs: Jobs) -> Jobs;
}

/// What is wrong with an id of a job or a name of a task, if something is: it is part of URLs.
pub(crate) fn id_problem(id: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    let problem = !(1..=128).contains(&id.len()) || !id.bytes().all(allowed);
    problem.then(|| format!("is {id:?}; 1 to 128 of `A-Z a-z 0-9 . _ ~ -` are allowed"))
}
