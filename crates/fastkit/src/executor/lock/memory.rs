//! [`MemoryLock`]: locks of this process alone, for tests, which can be taken away and made to fail.

use super::{Answer, Boxed, Claim, Fence, Lease, Lock, LockError};
use chrono::{DateTime, Utc};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Locks by name, as one process sees them. Clones are the same process.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryLock(Arc<Process>);

#[derive(Debug, Default)]
struct Process {
    shared: Arc<Shared>,
    broken: AtomicBool,
    hangs: AtomicBool,
}

#[derive(Debug, Default)]
struct Shared {
    records: Mutex<HashMap<String, Record>>,
    renewals: AtomicUsize,
}

#[derive(Debug, Default)]
struct Record {
    fence: u64,
    /// Until when the holder has it; none if nobody has.
    held: Option<Instant>,
    done: Option<DateTime<Utc>>,
}

impl MemoryLock {
    /// The same locks for another process.
    pub(crate) fn beside(&self) -> Self {
        Self(Arc::new(Process {
            shared: self.0.shared.clone(),
            ..Process::default()
        }))
    }

    /// What this process asks of its leases gets no answer from now on.
    pub(crate) fn hang(&self) {
        self.0.hangs.store(true, Ordering::SeqCst);
    }

    /// From now on this process cannot know who has which lock, or can again.
    pub(crate) fn break_down(&self, broken: bool) {
        self.0.broken.store(broken, Ordering::SeqCst);
    }

    /// Gives the lock to somebody else for so long.
    pub(crate) fn steal(&self, name: &str, time: Duration) {
        let mut records = self.0.shared.records();
        let record = records.entry(name.to_owned()).or_default();
        record.fence += 1;
        record.held = Some(Instant::now() + time);
    }

    /// Whether somebody has the lock.
    pub(crate) fn is_held(&self, name: &str) -> bool {
        let records = self.0.shared.records();
        let held = records.get(name).and_then(|record| record.held);
        held.is_some_and(|until| until > Instant::now())
    }

    /// How often any of the locks was renewed.
    pub(crate) fn renewals(&self) -> usize {
        self.0.shared.renewals.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn records(&self) -> MutexGuard<'_, HashMap<String, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Process {
    async fn answer(&self) -> Result<(), LockError> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.check()
    }

    fn check(&self) -> Result<(), LockError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(LockError::new("broken down"));
        }
        Ok(())
    }
}

impl Lock for MemoryLock {
    fn acquire<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Result<Answer, LockError>> {
        Box::pin(async move {
            self.0.check()?;
            let mut records = self.0.shared.records();
            let record = records.entry(claim.name.clone()).or_default();
            let now = Instant::now();
            if let Some(held) = record.held.filter(|until| *until > now) {
                return Ok(Answer::Busy(held - now));
            }
            if claim.due.is_some() && claim.due <= record.done {
                return Ok(Answer::Done);
            }
            record.fence += 1;
            record.held = Some(now + claim.ttl);
            Ok(Answer::Granted(Box::new(MemoryLease {
                process: self.0.clone(),
                claim: claim.clone(),
                fence: record.fence,
            })))
        })
    }
}

#[derive(Debug)]
struct MemoryLease {
    process: Arc<Process>,
    claim: Claim,
    fence: u64,
}

impl Lease for MemoryLease {
    fn fence(&self) -> Fence {
        Fence(self.fence)
    }

    fn renew(&mut self) -> Boxed<'_, Result<bool, LockError>> {
        Box::pin(async move {
            self.process.answer().await?;
            self.process.shared.renewals.fetch_add(1, Ordering::SeqCst);
            let mut records = self.process.shared.records();
            let record = records.entry(self.claim.name.clone()).or_default();
            let mine = record.fence == self.fence;
            if mine {
                record.held = Some(Instant::now() + self.claim.ttl);
            }
            Ok(mine)
        })
    }

    fn finish(self: Box<Self>, done: bool) -> Boxed<'static, Result<(), LockError>> {
        Box::pin(async move {
            self.process.answer().await?;
            let mut records = self.process.shared.records();
            let record = records.entry(self.claim.name.clone()).or_default();
            if record.fence == self.fence {
                record.held = None;
                if done {
                    record.done = record.done.max(self.claim.due);
                }
            }
            Ok(())
        })
    }
}
