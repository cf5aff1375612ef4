//! [`SchedulerBuilder`]: the parts of a scheduler.

use super::{
    Event, Scheduler,
    shared::{Listener, Parts, Shared},
};
use crate::{
    context::RequestId,
    executor::{Given, ThreadPool, ThreadPoolConfig, Zone, lock::Lock, store::Store},
};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

/// Makes a [`Scheduler`].
///
/// ```
/// use fastkit::executor::{Job, Run, Scheduler, Trigger};
/// use std::{sync::Arc, time::Duration};
///
/// #[derive(Clone)]
/// struct Greeting(Arc<str>);
///
/// async fn hello(run: Run) -> Option<String> {
///     run.given().map(|Greeting(text)| text.to_string())
/// }
///
/// let scheduler = Scheduler::builder().give(Greeting("hello".into())).build();
/// scheduler.add_job(Job::new("hello", Trigger::interval(Duration::from_secs(5)), hello))?;
/// # Ok::<(), fastkit::executor::Error>(())
/// ```
#[derive(Default)]
pub struct SchedulerBuilder {
    pool: Option<ThreadPool>,
    background: Option<ThreadPool>,
    lock: Option<Arc<dyn Lock>>,
    store: Option<Arc<dyn Store>>,
    zone: Option<Zone>,
    service: Option<String>,
    given: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    listeners: Vec<Listener>,
}

impl SchedulerBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The pool of plain jobs; by default one of its own, of 5 threads, which ends with the scheduler.
    pub fn threads(mut self, pool: ThreadPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// The pool on which the background tasks of [`Scheduler::add`] run, which gets the lock and what is
    /// given; by default that of plain jobs.
    pub fn background(mut self, pool: ThreadPool) -> Self {
        self.background = Some(pool);
        self
    }

    /// What keeps the locks of single jobs. Without one, a single job cannot be added.
    pub fn lock(mut self, lock: Arc<dyn Lock>) -> Self {
        self.lock = Some(lock);
        self
    }

    /// What is remembered over restarts and among processes; nothing by default.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The time zone of jobs that name none; [`Zone::local`] by default.
    pub fn timezone(mut self, zone: Zone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Which start of the service this process belongs to: a removed job stays removed for it. By
    /// default this process alone.
    pub fn service(mut self, start: impl Into<String>) -> Self {
        self.service = Some(start.into());
        self
    }

    /// A value that jobs may take as an argument, one per type.
    pub fn give<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.given.insert(TypeId::of::<T>(), Box::new(value));
        self
    }

    /// Is told of everything that happens to jobs, on the thread of the scheduler: it must not block. Of
    /// several, all are told.
    pub fn on_event(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// The scheduler, which runs nothing until it is started.
    pub fn build(self) -> Scheduler {
        let own_pool = self.pool.is_none();
        let pool = self.pool.unwrap_or_else(|| {
            ThreadPool::new(ThreadPoolConfig {
                name: "job".into(),
                threads: 5,
                queue: None,
            })
        });
        let given = Given::new(self.given);
        let background = self.background.unwrap_or_else(|| pool.clone());
        background.serve(self.lock.clone(), given.clone());
        let service = self.service;
        Scheduler::of(Shared::new(Parts {
            pool,
            own_pool,
            background,
            lock: self.lock,
            store: self.store,
            zone: self.zone.unwrap_or_else(Zone::local),
            service: service.unwrap_or_else(|| RequestId::random().to_string()),
            given,
            listeners: self.listeners,
        }))
    }
}

impl fmt::Debug for SchedulerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchedulerBuilder")
            .field("threads", &self.pool)
            .field("background", &self.background)
            .field("lock", &self.lock)
            .field("store", &self.store)
            .field("timezone", &self.zone)
            .finish_non_exhaustive()
    }
}
