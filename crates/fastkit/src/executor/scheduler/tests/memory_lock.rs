//! [`MemoryLock`]: a back end of locks in memory, which fails as a test says.

use crate::executor::lock::{Answer, Boxed, Claim, Fence, Lease, Lock, LockError};
use chrono::{DateTime, Utc};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// What one scheduler sees of the locks that several share.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryLock {
    shared: Arc<Mutex<HashMap<String, Record>>>,
    /// Nothing can be known: errors.
    pub(super) away: Arc<AtomicBool>,
    /// Its renewals and ends come nowhere, as those of a process that hangs.
    pub(super) hangs: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Record {
    held: Option<Instant>,
    due: Option<DateTime<Utc>>,
    done: Option<DateTime<Utc>>,
    fence: u64,
}

impl MemoryLock {
    /// The same locks for another scheduler, with failures of its own.
    pub(super) fn beside(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            ..Self::default()
        }
    }

    /// Somebody else has all locks by now.
    pub(super) fn steal(&self) {
        for record in self.shared.lock().unwrap().values_mut() {
            record.fence += 1;
        }
    }

    fn check(&self) -> Result<(), LockError> {
        match self.away.load(Ordering::Relaxed) {
            true => Err(LockError::new("the test is away")),
            false => Ok(()),
        }
    }
}

impl Lock for MemoryLock {
    fn acquire<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Result<Answer, LockError>> {
        Box::pin(async move {
            self.check()?;
            let mut records = self.shared.lock().unwrap();
            let record = records.entry(claim.name.clone()).or_default();
            if claim.due.is_some() && record.done >= claim.due {
                return Ok(Answer::Done);
            }
            let now = Instant::now();
            if let Some(until) = record.held.filter(|until| *until > now) {
                return Ok(Answer::Busy(until - now));
            }
            record.held = Some(now + claim.ttl);
            record.due = claim.due;
            record.fence += 1;
            Ok(Answer::Granted(Box::new(MemoryLease {
                lock: self.clone(),
                claim: claim.clone(),
                fence: record.fence,
            })))
        })
    }
}

#[derive(Debug)]
struct MemoryLease {
    lock: MemoryLock,
    claim: Claim,
    fence: u64,
}

impl MemoryLease {
    async fn with<T>(&self, what: impl FnOnce(&mut Record) -> T) -> Result<Option<T>, LockError> {
        if self.lock.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.lock.check()?;
        let mut records = self.lock.shared.lock().unwrap();
        let record = records.entry(self.claim.name.clone()).or_default();
        Ok((record.fence == self.fence).then(|| what(record)))
    }
}

impl Lease for MemoryLease {
    fn fence(&self) -> Fence {
        Fence(self.fence)
    }

    fn renew(&mut self) -> Boxed<'_, Result<bool, LockError>> {
        Box::pin(async {
            let until = Instant::now() + self.claim.ttl;
            let renewed = self.with(|record| record.held = Some(until)).await?;
            Ok(renewed.is_some())
        })
    }

    fn finish(self: Box<Self>) -> Boxed<'static, Result<(), LockError>> {
        Box::pin(async move {
            self.with(|record| {
                record.held = None;
                record.done = record.done.max(record.due);
            })
            .await
            .map(drop)
        })
    }
}
