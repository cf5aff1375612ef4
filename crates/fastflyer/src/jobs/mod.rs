//! The jobs of a service: put together at assembly, started after the startup hooks, ended beside the
//! last requests.
//!
//! What a job is and when it runs is known to [`fastkit::executor`]; here is what a service adds: the
//! jobs of its apps, `State<T>` as an argument, settings, and the life of the process. Key type:
//! [`Runner`].

mod entry;
mod keep;
mod state;
pub(crate) mod tasks;

pub use entry::{JobsReturn, with_jobs};

use crate::{AppEntry, extract::StateMap, pool::Pool};
use fastkit::{
    executor::{Jobs, Scheduler, Task, ThreadPool, ThreadPoolConfig},
    settings::Settings,
};
use keep::Keep;
use state::States;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The most background tasks that wait for a thread.
const QUEUE: usize = 1_000;
/// Longer than anybody waits: the end of a drain comes from who drains.
const PATIENT: Duration = Duration::from_secs(365 * 86_400);

/// The jobs that the apps of a service declare, with the names of the apps.
#[derive(Debug, Default)]
pub(crate) struct Declared(Vec<(String, Jobs)>);

impl Declared {
    /// Takes the jobs of an app; how many there are, if it can have some.
    pub(crate) fn take(&mut self, app: &mut AppEntry) -> Option<usize> {
        let jobs = app.jobs.take()?();
        let count = jobs.len();
        self.0.push((app.name.to_owned(), jobs));
        Some(count)
    }

    /// Takes the jobs that belong to no app.
    pub(crate) fn add(&mut self, jobs: Jobs) {
        self.0.push(("main".to_owned(), jobs));
    }

    /// What the apps declare, before it is added.
    fn list(&self) -> Vec<Declaration> {
        let mut all = Vec::new();
        for (app, jobs) in &self.0 {
            let tasks = jobs.tasks();
            for id in jobs.ids() {
                let task = tasks.iter().find(|task| task.name() == id);
                all.push(Declaration {
                    app: app.clone(),
                    id: id.to_owned(),
                    name: id.to_owned(),
                    schedule: "background".to_owned(),
                    single_job: task.is_some_and(Task::is_single_job),
                    next_run_time: None,
                });
            }
        }
        all
    }

    /// Ids that stand twice, with the apps that declare them.
    fn clashes(&self) -> Vec<String> {
        let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (app, jobs) in &self.0 {
            for id in jobs.ids() {
                owners.entry(id).or_default().push(app);
            }
        }
        let clashing = owners.into_iter().filter(|(_, apps)| apps.len() > 1);
        clashing
            .map(|(id, apps)| {
                format!(
                    "the job id `{id}` is used {} times, by the apps {}; set another with id = \"..\", of a task with name = \"..\"",
                    apps.len(),
                    apps.join(", ")
                )
            })
            .collect()
    }
}

/// A job or a background task as an app declares it.
#[derive(Clone, Debug)]
pub(crate) struct Declaration {
    pub(crate) app: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) schedule: String,
    pub(crate) single_job: bool,
    /// When a job would run if the service started now; a task has no time.
    pub(crate) next_run_time: Option<String>,
}

/// What runs the jobs of a service in this process.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) scheduler: Scheduler,
    /// The threads of background tasks.
    pub(crate) background: ThreadPool,
    keep: Arc<Keep>,
    /// Whether there were jobs at assembly, and whether some of them need a lock.
    declared: bool,
    single: bool,
    declarations: Vec<Declaration>,
    states: States,
    /// Background tasks that were waiting for a thread at the stop.
    cut: Arc<Mutex<Vec<String>>>,
}

impl Runner {
    /// A runner with the jobs of all apps, which does nothing yet; what is wrong with them is added to
    /// `problems`. Handlers get it as `State<Scheduler>` and `State<ThreadPool>`.
    pub(crate) fn assemble(
        declared: Declared,
        settings: &Settings,
        start: Option<&str>,
        pool: &Pool,
        mut states: StateMap,
        problems: &mut Vec<String>,
    ) -> (Self, Arc<StateMap>) {
        let background = ThreadPool::new(ThreadPoolConfig {
            name: "background".to_owned(),
            threads: settings.background_threads,
            queue: Some(QUEUE),
        });
        let keep = Arc::new(Keep::new(settings, problems));
        let slot = States::default();
        let build = || {
            let builder = Scheduler::builder()
                .threads(pool.0.clone())
                .background(background.clone())
                .lock(keep.clone())
                .store(keep.clone())
                .give(slot.clone());
            match start {
                Some(start) => builder.service(start).build(),
                None => builder.build(),
            }
        };
        let scheduler = build();
        // A project may have given its own.
        states.insert_missing(scheduler.clone());
        states.insert_missing(background.clone());
        let states = Arc::new(states);
        slot.fill(&states);

        let clashes = declared.clashes();
        let single = declared.0.iter().any(|(_, jobs)| jobs.needs_lock());
        let any = declared.0.iter().any(|(_, jobs)| !jobs.is_empty());
        let declarations = declared.list();
        if declarations.iter().any(|declared| declared.id == "ui") {
            problems.push(format!(
                "a job is called `ui`, but {}/tasks/ui is the page of the jobs; set another with id = \"..\"",
                settings.base_url
            ));
        }
        for (app, jobs) in declared.0 {
            // Where ids clash nothing starts: each app is checked alone, for what else is wrong.
            let apart = (!clashes.is_empty()).then(build);
            if let Err(error) = apart.as_ref().unwrap_or(&scheduler).add(jobs) {
                let reasons = error.to_string();
                problems.extend(reasons.lines().map(|reason| format!("app {app}: {reason}")));
            }
        }
        problems.extend(clashes);
        let runner = Self {
            scheduler,
            background,
            keep,
            declared: any,
            single,
            declarations,
            states: slot,
            cut: Arc::default(),
        };
        (runner, states)
    }

    /// What the apps declare, with the times as they are now.
    pub(crate) fn declarations(&self) -> Vec<Declaration> {
        let mut all = self.declarations.clone();
        for one in &mut all {
            let Some(job) = self.scheduler.job(&one.id) else {
                continue;
            };
            one.name = job.name;
            one.schedule = job.schedule;
            one.single_job = job.single_job;
            one.next_run_time = job.next_run_time.map(|time| time.to_rfc3339());
        }
        all
    }

    /// Begins.
    ///
    /// # Errors
    ///
    /// When the folder of the jobs cannot be used, or threads cannot be started.
    pub(crate) fn start(&self) -> Result<(), String> {
        if self.declared {
            self.keep.open(self.single)?;
        }
        self.scheduler.start().map_err(|error| error.to_string())
    }

    /// Starts nothing more, tells what runs to end, and waits for it, however long that takes. Whoever
    /// does not wait so long drops this.
    pub(crate) async fn drain(&self) {
        let tasks = tokio::task::spawn_blocking({
            let (background, cut) = (self.background.clone(), self.cut.clone());
            move || {
                let never_began = background.stop(PATIENT);
                lock(&cut).extend(never_began);
            }
        });
        self.scheduler.stop(PATIENT).await;
        // Its end is all that is waited for.
        let _ = tasks.await;
    }

    /// Ends what [`drain`](Self::drain) was not given the time for, and says what that was.
    pub(crate) async fn stop(&self) {
        // Names the jobs that it cuts.
        self.scheduler.stop(Duration::ZERO).await;
        let mut cut = std::mem::take(&mut *lock(&self.cut));
        cut.extend(self.background.stop(Duration::ZERO));
        if !cut.is_empty() {
            tracing::warn!(
                target: "fastflyer",
                "{} background tasks were cut, which had not ended in time: {}",
                cut.len(),
                cut.join(", ")
            );
        }
    }
}

fn lock(cut: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    cut.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Runner {
    fn drop(&mut self) {
        // The states hold the scheduler, and the scheduler the states.
        self.states.clear();
    }
}
