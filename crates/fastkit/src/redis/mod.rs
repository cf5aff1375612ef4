//! Redis: a handle that connects when it is used, reconnects by itself, and never hangs.
//!
//! The protocol is that of the crate `redis`, whose commands and conversions are used as they are:
//! [`Cmd`], [`FromRedisValue`], [`ToRedisArgs`]. Connecting, TLS, time limits and errors are ours. It is
//! deliberately no pool of connections: many callers share one, and their commands are sent without waiting
//! for each other's answers. Key type: [`Redis`].

mod config;
mod connection;
mod error;
mod script;
mod tls;

pub use ::redis::{Cmd, FromRedisValue, ToRedisArgs, Value, cmd};
pub use config::{RedisConfig, Use};
pub use error::Error;
pub use script::Script;

use crate::settings::Settings;
use connection::Connections;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// A Redis server. Clones are the same handle.
///
/// [`open`](Self::open) does not connect, so that a service starts while its Redis is down; the first command
/// does. When the connection breaks, the commands on it fail, and the next one connects anew; a command is
/// never sent twice, for it may have been carried out. While the server cannot be reached, one attempt is
/// made after 50 ms, 100 ms and so on up to a second, and commands in between fail at once.
///
/// A command takes no longer than the limits of [`RedisConfig`] together, 4 seconds when nothing is said,
/// whether the server has stopped, the network loses everything, or the answer does not come.
///
/// Commands work in every tokio runtime. Each gets a connection of its own, which lives as long as it does:
/// who blocks one runtime holds up nobody in another.
///
/// ```no_run
/// # async fn example() -> Result<(), fastkit::redis::Error> {
/// use fastkit::redis::{Redis, cmd};
/// use std::time::Duration;
///
/// let redis = Redis::open("redis://:secret@127.0.0.1:6379/1")?;
/// redis.set("greeting", "hello", Some(Duration::from_secs(60))).await?;
/// let greeting: Option<String> = redis.get("greeting").await?;
/// assert_eq!(greeting.as_deref(), Some("hello"));
///
/// let length: u64 = redis.command(cmd("LPUSH").arg("queue").arg("first")).await?;
/// assert_eq!(length, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis(Arc<Connections>);

impl Redis {
    /// A server by its URL or its [`RedisConfig`]. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// A URL that cannot be read; see [`RedisConfig::from_url`].
    pub fn open<C>(config: C) -> Result<Self, Error>
    where
        C: TryInto<RedisConfig>,
        Error: From<C::Error>,
    {
        Ok(Self(Arc::new(Connections::new(config.try_into()?))))
    }

    /// The server of the settings; `None` when they name none. See [`RedisConfig::from_settings`].
    ///
    /// # Errors
    ///
    /// A `flyer_redis_url` that cannot be read.
    pub fn from_settings(settings: &Settings, purpose: Use) -> Result<Option<Self>, Error> {
        match RedisConfig::from_settings(settings, purpose)? {
            Some(config) => Self::open(config).map(Some),
            None => Ok(None),
        }
    }

    /// The URL, with its password masked.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Any command, with its answer as the type that is asked for.
    ///
    /// # Errors
    ///
    /// See [`Error`]. After a timeout or a broken connection it is not known whether the command was carried
    /// out.
    pub async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Error> {
        let value = self.0.send(command, false).await?;
        self.typed(value)
    }

    /// A value; `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`command`](Self::command).
    pub async fn get<T: FromRedisValue>(&self, key: &str) -> Result<Option<T>, Error> {
        self.command(cmd("GET").arg(key)).await
    }

    /// Keeps a value in place of what is there; `None` is without end, and a time is rounded up to
    /// milliseconds.
    ///
    /// # Errors
    ///
    /// See [`command`](Self::command).
    pub async fn set(
        &self,
        key: &str,
        value: impl ToRedisArgs,
        ttl: Option<Duration>,
    ) -> Result<(), Error> {
        let mut command = cmd("SET");
        command.arg(key).arg(value);
        if let Some(ttl) = ttl {
            command.arg("PX").arg(milliseconds(ttl));
        }
        self.command(&command).await
    }

    /// Removes a value; whether there was one.
    ///
    /// # Errors
    ///
    /// See [`command`](Self::command).
    pub async fn del(&self, key: &str) -> Result<bool, Error> {
        self.command(cmd("DEL").arg(key)).await
    }

    /// Ends a value after this time, from now on and rounded up to milliseconds; whether there is one.
    ///
    /// # Errors
    ///
    /// See [`command`](Self::command).
    pub async fn expire(&self, key: &str, ttl: Duration) -> Result<bool, Error> {
        let ttl = milliseconds(ttl);
        self.command(cmd("PEXPIRE").arg(key).arg(ttl)).await
    }

    /// Runs a script on these keys and arguments: one value, a tuple or a slice of them, `None::<&str>` for
    /// none.
    ///
    /// # Errors
    ///
    /// See [`command`](Self::command); what the server says of a script that failed is
    /// [`is_script`](Error::is_script).
    pub async fn script<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: impl ToRedisArgs,
    ) -> Result<T, Error> {
        let command = |name: &str, code: &str| {
            let mut command = cmd(name);
            command.arg(code).arg(keys.len()).arg(keys).arg(&arguments);
            command
        };
        let known = command("EVALSHA", script.checksum());
        let value = match self.0.send(&known, true).await {
            // EVAL keeps the text as well; a SCRIPT LOAD in between would be another round trip, and another
            // chance for a restart of the server.
            Err(error) if error.is_unknown_script() => {
                self.0.send(&command("EVAL", script.text()), true).await?
            }
            answer => answer?,
        };
        self.typed(value)
    }

    /// Asks whether the server answers, and how long that took.
    ///
    /// # Errors
    ///
    /// See [`command`](Self::command).
    pub async fn ping(&self) -> Result<Duration, Error> {
        let start = Instant::now();
        let _: Value = self.command(&cmd("PING")).await?;
        Ok(start.elapsed())
    }

    fn typed<T: FromRedisValue>(&self, value: Value) -> Result<T, Error> {
        ::redis::from_redis_value(value)
            .map_err(|error| Error::from_driver(&error.into(), false).at(&self.0.url))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.url()).finish()
    }
}

/// Rounded up: a key that has still to live lives for a millisecond at least, while 0 would be refused.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    let rounded = time.as_nanos().div_ceil(1_000_000).max(1);
    // What is longer than the server can count is without end for all that matters.
    u64::try_from(rounded).map_or(LONGEST, |rounded| rounded.min(LONGEST))
}

/// Ten thousand years in milliseconds; with the time of now it stays within what the server can count.
const LONGEST: u64 = 10_000 * 366 * 24 * 60 * 60 * 1000;
