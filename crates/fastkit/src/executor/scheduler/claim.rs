//! Asks for the lock of a single job, again and again where that is of use.
//!
//! There is one that asks for each job: a job that is due again asks for the new time from then on.

use super::{
    Event, Skip,
    definition::Definition,
    race::race,
    runner::{Held, conduct, make},
    shared::Shared,
};
use crate::{
    context::RequestId,
    executor::lock::{Answer, Claim, LockError},
};
use chrono::{DateTime, Utc};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

/// How long after an error it is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// How soon it is asked again at the earliest, whatever the back end says.
const SOONEST: Duration = Duration::from_millis(20);

/// Those who ask, by the birth of their jobs.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<HashMap<u64, Arc<Wanted>>>);

/// What a lock is asked for.
#[derive(Debug)]
struct Wanted {
    due: Mutex<(Arc<Definition>, DateTime<Utc>)>,
    changed: Notify,
}

impl Claims {
    fn list(&self) -> MutexGuard<'_, HashMap<u64, Arc<Wanted>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    /// The job as it was when it was due, and when that was.
    fn due(&self) -> MutexGuard<'_, (Arc<Definition>, DateTime<Utc>)> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks for the lock of the job for this time, instead of an earlier one.
pub(super) fn claim(shared: &Arc<Shared>, definition: Arc<Definition>, due: DateTime<Utc>) {
    let mut claims = shared.claims.list();
    if let Some(wanted) = claims.get(&definition.born) {
        *wanted.due() = (definition, due);
        wanted.changed.notify_one();
        return;
    }
    let wanted = Arc::new(Wanted {
        due: Mutex::new((definition.clone(), due)),
        changed: Notify::new(),
    });
    claims.insert(definition.born, wanted.clone());
    drop(claims);
    drop(tokio::spawn(ask(shared.clone(), definition, wanted)));
}

/// Runs a single job beside its times, if the lock is free.
pub(super) async fn run_now(shared: Arc<Shared>, definition: Arc<Definition>, id: RequestId) {
    let due = Utc::now();
    let asked = Instant::now();
    // Beside its times: none of them is done by this run.
    let why = match acquire(&shared, &definition, None).await {
        Ok(Answer::Granted(_)) if !shared.state().core.is_running() => Skip::Stopped,
        Ok(Answer::Granted(lease)) => {
            let run = make(&shared, &definition, due, id, Some(lease.fence()));
            let held = Held {
                lease,
                asked,
                timed: false,
            };
            return conduct(shared, definition, run, Some(held)).await;
        }
        Ok(Answer::Busy(_) | Answer::Done) => Skip::Elsewhere,
        Err(error) => Skip::NoLock(error.to_string()),
    };
    shared.run_ended(&definition);
    skip(&shared, &definition, due, why);
}

async fn ask(shared: Arc<Shared>, mut definition: Arc<Definition>, wanted: Arc<Wanted>) {
    // For which time it was told already that the job does not run.
    let mut told = None;
    let mut heard: Option<DateTime<Utc>> = None;
    while shared.state().core.wants_lock(&definition) {
        let due;
        (definition, due) = wanted.due().clone();
        let asked = Instant::now();
        let answer = acquire(&shared, &definition, Some(due)).await;
        let newer = Some(wanted.due().1).filter(|newer| *newer != due);
        let mut tell = |why: Skip| {
            // Once for each time, however often it is asked for.
            if told != Some(due) {
                skip(&shared, &definition, due, why);
                told = Some(due);
            }
        };
        let pause = match answer {
            Ok(Answer::Granted(lease)) => {
                if !shared.state().core.granted(&definition) {
                    break;
                }
                shared.claims.list().remove(&definition.born);
                if let Some(newer) = newer {
                    skip(&shared, &definition, newer, Skip::MaxInstances);
                }
                let fence = Some(lease.fence());
                let run = make(&shared, &definition, due, RequestId::random(), fence);
                let held = Held {
                    lease,
                    asked,
                    timed: true,
                };
                return conduct(shared, definition, run, Some(held)).await;
            }
            Ok(Answer::Done) => {
                tell(Skip::Elsewhere);
                shared.dealt(&definition, due);
                if newer.is_none() {
                    break;
                }
                continue;
            }
            Ok(Answer::Busy(left)) => {
                tell(Skip::Elsewhere);
                heard = Some(Utc::now());
                left.max(SOONEST)
            }
            Err(error) => {
                let now = Utc::now();
                // Who runs it may die at any time; as long as that was known, it was not too late.
                let since = heard.map_or(due, |heard| heard.max(due));
                if newer.is_none() && definition.too_late(since, now) {
                    shared.dealt(&definition, due);
                    shared.tell(&Event::Missed {
                        job: definition.job.id.clone(),
                        scheduled: due,
                        times: 1,
                    });
                    break;
                }
                tell(Skip::NoLock(error.to_string()));
                AGAIN
            }
        };
        if newer.is_none() {
            race(wanted.changed.notified(), sleep(pause)).await;
        }
    }
    shared.claims.list().remove(&definition.born);
    shared.settled(&definition);
}

async fn acquire(
    shared: &Shared,
    definition: &Definition,
    due: Option<DateTime<Utc>>,
) -> Result<Answer, LockError> {
    let Some(lock) = &shared.parts.lock else {
        return Err(LockError::new("the scheduler has no lock"));
    };
    let ttl = definition.job.options.lock_ttl;
    let claim = Claim {
        name: definition.job.id.to_string(),
        due,
        ttl,
        remember: definition.remember,
    };
    // A lock that was got later than this would have to be given up at once.
    let patience = ttl / 2;
    match timeout(patience, lock.acquire(&claim)).await {
        Ok(answer) => answer,
        Err(_) => Err(LockError::new(format!("no answer within {patience:?}"))),
    }
}

fn skip(shared: &Shared, of: &Definition, scheduled: DateTime<Utc>, why: Skip) {
    shared.tell(&Event::Skipped {
        job: of.job.id.clone(),
        scheduled,
        why,
    });
}
