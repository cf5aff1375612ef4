//! [`RedisLock`]: locks among all hosts that use the same Redis.
//!
//! A lock is a key that ends by itself, with a token that only its holder knows. What is asked and changed
//! together is one script, so that nobody comes in between. A Redis that loses its data, or a copy that takes
//! over without the last writes, can let a second holder in: the fence is what keeps the first one's writes
//! out then, and [`renew`](super::Lease::renew) tells it so.

use super::{Answer, Boxed, Claim, Fence, Lease, Lock, LockError};
use crate::redis::{Redis, Script, milliseconds};
use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

/// What is done is remembered for so long at least.
const LEAST_MEMORY: Duration = Duration::from_secs(60 * 60);

/// How long the last fence of a lock that nobody asks for is kept: longer than the gap of a yearly job, and
/// not for ever, since jobs go. A fence that is gone harms nobody unless the clock of the server was turned
/// back as far as well: the next one is the milliseconds of its time.
const FENCE_MEMORY: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Keys: running, done, fence. Arguments: token, due time in microseconds or nothing, ttl, memory of the
/// fence. Who has the token already gets the lock again, since its answer may have been lost.
static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if ARGV[2] ~= '' then
            local done = redis.call('GET', KEYS[2])
            if done and tonumber(done) >= tonumber(ARGV[2]) then return {2, 0} end
        end
        local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return {0, redis.call('PTTL', KEYS[1])} end
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local last = tonumber(redis.call('GET', KEYS[3]) or '0') or 0
        local fence = math.max(last + 1, now)
        redis.call('SET', KEYS[3], string.format('%.0f', fence), 'PX', ARGV[4])
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
        return {1, fence}",
    )
});

/// Keys: running. Arguments: token, ttl.
static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

/// Keys: running, done, fence. Arguments: token, due time in microseconds or nothing if none is done,
/// memory of what is done, own fence. A lock that has ended and that nobody has had since still counts for
/// what is done.
static FINISH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local holder = redis.call('GET', KEYS[1])
        if holder then
            if holder ~= ARGV[1] then return 0 end
        elseif redis.call('GET', KEYS[3]) ~= ARGV[4] then
            return 0
        end
        if ARGV[2] ~= '' then
            local done = redis.call('GET', KEYS[2])
            if not done or tonumber(done) < tonumber(ARGV[2]) then
                redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
            end
        end
        redis.call('DEL', KEYS[1])
        return 1",
    )
});

/// Locks in a Redis server, 5.0 or later, for everybody who uses the same server, database and prefix.
///
/// A lock `tasks.hello` under the prefix `demo` is kept in the keys `demo:{tasks.hello}:run` (the holder's
/// token, for the ttl), `:done` (the last time whose run is done, as microseconds since 1970, for at least an
/// hour) and `:fence` (the last number, for 400 days). The braces keep the three together in a cluster.
///
/// While Redis cannot be reached, every call is an error within the time limits of the handle, 4 seconds when
/// nothing is said. The ttl has to be longer than that.
///
/// Keys must not be evicted: a server that drops keys when its memory is full (`maxmemory-policy`
/// `allkeys-*` or `volatile-*`) drops locks as well.
///
/// ```no_run
/// # fn example() -> Result<(), fastkit::redis::Error> {
/// use fastkit::{executor::lock::RedisLock, redis::Redis};
///
/// let lock = RedisLock::new(Redis::open("redis://127.0.0.1/10")?, "demo");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisLock(Arc<Inner>);

struct Inner {
    redis: Redis,
    prefix: String,
    /// Tokens by lock whose answer never came: the server may have given the lock to one, and then it is
    /// had by asking with it again, instead of nobody having it until its ttl ends.
    unanswered: Mutex<HashMap<String, String>>,
}

impl RedisLock {
    /// On this server, with keys that begin so.
    #[must_use]
    pub fn new(redis: Redis, prefix: impl AsRef<str>) -> Self {
        Self(Arc::new(Inner {
            redis,
            prefix: without_braces(prefix.as_ref()),
            unanswered: Mutex::default(),
        }))
    }

    /// The server.
    #[must_use]
    pub fn redis(&self) -> &Redis {
        &self.0.redis
    }

    async fn try_acquire(&self, claim: &Claim) -> Result<Answer, LockError> {
        let inner = &*self.0;
        let mut asked = Asked::new(inner, &claim.name);
        let keys = Keys::new(&inner.prefix, &claim.name);
        let due = claim.due.map(|due| due.timestamp_micros().to_string());
        let due = due.unwrap_or_default();
        let ttl = milliseconds(claim.ttl);
        let arguments = (
            asked.token.as_str(),
            due.as_str(),
            ttl,
            milliseconds(FENCE_MEMORY.max(claim.remember.saturating_mul(2))),
        );
        let answer = inner.redis.script(&ACQUIRE, &keys.all(), arguments).await;
        let (what, number): (u8, i64) = answer.map_err(failed)?;
        asked.is_answered = true;
        Ok(match what {
            1 => Answer::Granted(Box::new(RedisLease {
                redis: inner.redis.clone(),
                keys,
                token: std::mem::take(&mut asked.token),
                fence: Fence(u64::try_from(number).unwrap_or(0)),
                due,
                ttl,
                remember: milliseconds(LEAST_MEMORY.max(claim.remember)),
            })),
            2 => Answer::Done,
            // A key without end is not ours, and somebody has to remove it.
            _ => Answer::Busy(
                u64::try_from(number).map_or(claim.ttl, |left| Duration::from_millis(left.max(1))),
            ),
        })
    }
}

impl Lock for RedisLock {
    fn acquire<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Result<Answer, LockError>> {
        Box::pin(self.try_acquire(claim))
    }
}

impl fmt::Debug for RedisLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLock")
            .field("redis", &self.0.redis.url())
            .field("prefix", &self.0.prefix)
            .finish_non_exhaustive()
    }
}

/// A token on its way. It is kept for the next time unless there was an answer, also where the caller does
/// not wait for one any more.
struct Asked<'a> {
    inner: &'a Inner,
    name: &'a str,
    token: String,
    is_answered: bool,
}

impl<'a> Asked<'a> {
    fn new(inner: &'a Inner, name: &'a str) -> Self {
        let kept = inner.unanswered().remove(name);
        Self {
            inner,
            name,
            token: kept.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>())),
            is_answered: false,
        }
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            let token = std::mem::take(&mut self.token);
            self.inner.unanswered().insert(self.name.to_owned(), token);
        }
    }
}

impl Inner {
    fn unanswered(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names of the keys of a lock.
struct Keys {
    running: String,
    done: String,
    fence: String,
}

impl Keys {
    fn new(prefix: &str, name: &str) -> Self {
        let name = without_braces(name);
        let key = |end: &str| format!("{prefix}:{{{name}}}:{end}");
        Self {
            running: key("run"),
            done: key("done"),
            fence: key("fence"),
        }
    }

    fn all(&self) -> [&str; 3] {
        [&self.running, &self.done, &self.fence]
    }
}

struct RedisLease {
    redis: Redis,
    keys: Keys,
    token: String,
    fence: Fence,
    due: String,
    /// Both in milliseconds.
    ttl: u64,
    remember: u64,
}

impl RedisLease {
    async fn is_renewed(&self) -> Result<bool, LockError> {
        let arguments = (self.token.as_str(), self.ttl);
        let renewed = self
            .redis
            .script(&RENEW, &[&self.keys.running], arguments)
            .await;
        renewed.map_err(failed)
    }

    async fn give_back(&self, done: bool) -> Result<(), LockError> {
        let arguments = (
            self.token.as_str(),
            if done { self.due.as_str() } else { "" },
            self.remember,
            self.fence.number(),
        );
        let answer = self
            .redis
            .script(&FINISH, &self.keys.all(), arguments)
            .await;
        let _: bool = answer.map_err(failed)?;
        Ok(())
    }
}

impl Lease for RedisLease {
    fn fence(&self) -> Fence {
        self.fence
    }

    fn renew(&mut self) -> Boxed<'_, Result<bool, LockError>> {
        Box::pin(self.is_renewed())
    }

    fn finish(self: Box<Self>, done: bool) -> Boxed<'static, Result<(), LockError>> {
        Box::pin(async move { self.give_back(done).await })
    }
}

impl fmt::Debug for RedisLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLease")
            .field("key", &self.keys.running)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

fn failed(error: crate::redis::Error) -> LockError {
    LockError::new(error.to_string())
}

/// Braces say which part of a key decides where it is in a cluster; those of a name would get in the way.
fn without_braces(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '{' | '}' | '%') {
            let _ = write!(safe, "%{:02X}", u32::from(letter));
        } else {
            safe.push(letter);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_lock_differ_and_stay_together() {
        let keys = Keys::new(&without_braces("demo"), "tasks.hello");
        assert_eq!(
            keys.all(),
            [
                "demo:{tasks.hello}:run",
                "demo:{tasks.hello}:done",
                "demo:{tasks.hello}:fence"
            ]
        );
        // What is between the first brace and the next closing one decides.
        let tag = |key: &str| {
            let (_, rest) = key.split_once('{').unwrap();
            rest.split_once('}').unwrap().0.to_owned()
        };
        for (prefix, name) in [("a{b}", "x}y"), ("}", "{}"), ("%", "%7B")] {
            let keys = Keys::new(&without_braces(prefix), name);
            let tags = keys.all().map(tag);
            assert!(
                tags.iter()
                    .all(|found| *found == tags[0] && !found.is_empty())
            );
        }
        assert_ne!(without_braces("%7B"), without_braces("{"));
    }
}
