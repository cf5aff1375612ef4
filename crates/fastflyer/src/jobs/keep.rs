//! [`Keep`]: where the locks and the history of the jobs are, opened when a job needs them.
//!
//! A service without jobs makes no folder and no connection.

#[cfg(feature = "redis")]
use fastkit::{
    executor::lock::RedisLock,
    redis::{Redis, Use},
};
use fastkit::{
    executor::{
        lock::{Answer, Boxed, Claim, FileLock, Lock, LockError},
        store::{Entry, Journal, Store},
    },
    settings::Settings,
};
use std::{
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The locks of single jobs, and what is remembered of all jobs.
pub(super) struct Keep {
    folder: PathBuf,
    lock: Arc<dyn Lock>,
    /// Whether the locks are in the folder too.
    in_files: bool,
    memory: Mutex<Memory>,
}

/// What is remembered over restarts and among processes.
enum Memory {
    Unopened,
    Open(Journal),
    /// The folder cannot be used, which was logged.
    Off,
}

impl Keep {
    /// As the settings say. Nothing is opened, and nothing connected to, yet. What is wrong with the
    /// settings is added to `problems`.
    pub(super) fn new(settings: &Settings, problems: &mut Vec<String>) -> Self {
        let folder = settings.job_path.clone();
        let elsewhere = redis_lock(settings).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        Self {
            in_files: elsewhere.is_none(),
            lock: elsewhere.unwrap_or_else(|| Arc::new(FileLock::new(&folder))),
            memory: Mutex::new(Memory::Unopened),
            folder,
        }
    }

    /// Opens the folder. Where that fails, it is remembered nothing.
    ///
    /// # Errors
    ///
    /// When it fails although jobs need locks from there.
    pub(super) fn open(&self, single: bool) -> Result<(), String> {
        let mut memory = self.memory();
        if matches!(*memory, Memory::Unopened)
            && let Err(reason) = self.open_in(&mut memory)
        {
            if single && self.in_files {
                return Err(format!(
                    "{reason}; single jobs have their locks there, set another folder or Redis"
                ));
            }
            tracing::warn!(target: "fastflyer", "{reason}; {FORGETS}");
        }
        Ok(())
    }

    fn open_in(&self, memory: &mut Memory) -> Result<(), String> {
        match Journal::open(&self.folder) {
            Ok(journal) => {
                *memory = Memory::Open(journal);
                Ok(())
            }
            Err(error) => {
                *memory = Memory::Off;
                Err(format!(
                    "flyer_job_path = {:?} cannot be used: {error}",
                    self.folder.display().to_string()
                ))
            }
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lock for Keep {
    fn acquire<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Result<Answer, LockError>> {
        self.lock.acquire(claim)
    }
}

impl Store for Keep {
    fn append(&self, entries: &[Entry]) -> io::Result<()> {
        let mut memory = self.memory();
        if matches!(*memory, Memory::Unopened)
            && let Err(reason) = self.open_in(&mut memory)
        {
            tracing::warn!(target: "fastflyer", "{reason}; {FORGETS}");
        }
        match &*memory {
            Memory::Open(journal) => journal.append(entries),
            Memory::Unopened | Memory::Off => Ok(()),
        }
    }

    /// What others remember is of interest before this process has something to say; so an existing
    /// folder is read, but none is made.
    fn poll(&self) -> io::Result<Vec<Entry>> {
        let mut memory = self.memory();
        if matches!(*memory, Memory::Unopened) && self.folder.is_dir() {
            // The reason is told when something is to be written.
            if self.open_in(&mut memory).is_err() {
                *memory = Memory::Unopened;
            }
        }
        match &*memory {
            Memory::Open(journal) => journal.poll(),
            Memory::Unopened | Memory::Off => Ok(Vec::new()),
        }
    }
}

/// The locks in Redis, if the settings name one. Replicas of a service share them; services are told apart
/// by title and base URL.
#[cfg(feature = "redis")]
fn redis_lock(settings: &Settings) -> Result<Option<Arc<dyn Lock>>, String> {
    let redis = Redis::from_settings(settings, Use::Locks).map_err(|error| error.to_string())?;
    let prefix = format!("fastflyer:{}{}", settings.title, settings.base_url);
    Ok(redis.map(|redis| Arc::new(RedisLock::new(redis, prefix)) as Arc<dyn Lock>))
}

#[cfg(not(feature = "redis"))]
fn redis_lock(_: &Settings) -> Result<Option<Arc<dyn Lock>>, String> {
    Ok(None)
}

/// What it means that the folder cannot be used.
const FORGETS: &str = "jobs run, but after a restart nothing is known of earlier runs and pauses, and processes do not tell each other";

impl fmt::Debug for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keep")
            .field("folder", &self.folder)
            .field("lock", &self.lock)
            .finish_non_exhaustive()
    }
}
