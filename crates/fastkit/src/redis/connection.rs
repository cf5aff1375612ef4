//! [`Connections`]: one connection per runtime, made when it is needed and made anew when it breaks.
//!
//! The task that reads and writes lives on the runtime that connected. So each runtime that uses a handle
//! gets a connection of its own: a loop that a job blocks does not stop the renewals of the scheduler's, a
//! command does not change threads on its way, and nothing outlives the runtime that it lives on.

use super::{
    config::RedisConfig,
    error::{Error, Kind},
    tls,
};
use ::redis::{
    AsyncConnectionConfig, Cmd, RedisConnectionInfo, RedisError, Value, aio::MultiplexedConnection,
};
use rustls::pki_types::ServerName;
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex as StdMutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    runtime::{Handle, Id},
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;

/// How long an address that failed is left alone: at first, and at most after doubling. What is asked
/// meanwhile gets the last error at once.
const REST: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

pub(super) struct Connections {
    config: RedisConfig,
    pub(super) url: Arc<str>,
    tls: OnceLock<Arc<rustls::ClientConfig>>,
    slots: StdMutex<HashMap<Id, Arc<Slot>>>,
}

/// The connection of a runtime.
#[derive(Default)]
struct Slot {
    /// Who has this lock connects; the others wait for the same attempt.
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    New,
    Live(Arc<Live>),
    Failed {
        error: Error,
        rest: Duration,
        until: Instant,
    },
}

/// A connection with the task that drives it, which ends with the last user of the connection.
struct Live {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    /// Not for new commands any more. Who waits for an answer there still gets it.
    is_retired: AtomicBool,
    /// When the first command was sent that no answer has followed yet. Callers that give up before the limit
    /// would keep a dead connection for ever otherwise.
    silent_since: StdMutex<Option<Instant>>,
}

impl Live {
    fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
    }

    fn works(&self, limit: Duration) -> bool {
        let is_silent = self.silence().is_some_and(|since| since.elapsed() > limit);
        !is_silent && !self.is_retired.load(Ordering::Relaxed) && !self.driver.is_finished()
    }

    fn silence(&self) -> MutexGuard<'_, Option<Instant>> {
        self.silent_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connections {
    pub(super) fn new(config: RedisConfig) -> Self {
        Self {
            url: config.to_string().into(),
            config,
            tls: OnceLock::new(),
            slots: StdMutex::default(),
        }
    }

    /// Sends a command and waits for the answer, within the time limits.
    ///
    /// # Errors
    ///
    /// As the driver tells them; `is_script` makes the errors of the server those of a script.
    pub(super) async fn send(&self, command: &Cmd, is_script: bool) -> Result<Value, Error> {
        let slot = self.slot()?;
        let live = self.live(&slot).await?;
        let mut connection = live.connection.clone();
        let limit = self.config.response_timeout;
        live.silence().get_or_insert_with(Instant::now);
        let answer = timeout(limit, connection.send_packed_command(command)).await;
        if answer.is_ok() {
            *live.silence() = None;
        }
        let error = match answer {
            Ok(Ok(Value::ServerError(error))) => RedisError::from(error),
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(_) => {
                // It may be dead without a sign of it.
                live.retire();
                return Err(Error::timeout("no answer", limit).at(&self.url));
            }
        };
        if error.is_unrecoverable_error() {
            live.retire();
        }
        Err(Error::from_driver(&error, is_script).at(&self.url))
    }

    fn slot(&self) -> Result<Arc<Slot>, Error> {
        let Ok(runtime) = Handle::try_current() else {
            let text = "a Redis handle was used outside of a tokio runtime; its calls need one";
            return Err(Error::new(Kind::Config, text).at(&self.url));
        };
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&runtime.id()) {
            return Ok(slot.clone());
        }
        // Runtimes come rarely: a good moment to forget those that are gone.
        slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.is_live());
        Ok(slots.entry(runtime.id()).or_default().clone())
    }

    /// The connection of the slot, after connecting when there is none that works.
    async fn live(&self, slot: &Slot) -> Result<Arc<Live>, Error> {
        let limit = self.config.connect_timeout;
        let too_late = || Error::timeout("no connection", limit);
        // One limit for the wait for another's attempt and for an own one after it.
        let deadline = Instant::now() + limit;
        let Ok(mut state) = timeout_at(deadline, slot.state.lock()).await else {
            return Err(too_late().at(&self.url));
        };
        let (rest, is_new) = match &*state {
            State::Live(live) if live.works(self.config.response_timeout) => {
                return Ok(live.clone());
            }
            State::Failed { error, until, .. } if Instant::now() < *until => {
                return Err(error.clone());
            }
            State::Failed { rest, .. } => ((*rest * 2).min(REST.1), false),
            State::New | State::Live(_) => (REST.0, true),
        };
        let attempt = timeout_at(deadline, self.connect()).await;
        match attempt.unwrap_or_else(|_| Err(too_late())) {
            Ok(live) => {
                if !is_new {
                    tracing::info!(redis = %self.url, "Redis answers again");
                }
                let live = Arc::new(live);
                *state = State::Live(live.clone());
                Ok(live)
            }
            Err(error) => {
                let error = error.at(&self.url);
                if is_new {
                    tracing::warn!(%error, "Redis cannot be reached");
                }
                *state = State::Failed {
                    error: error.clone(),
                    rest,
                    until: Instant::now() + rest,
                };
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<Live, Error> {
        let config = &self.config;
        let stream = TcpStream::connect((config.host.as_str(), config.port))
            .await
            .map_err(|error| Error::io("cannot connect", &error))?;
        stream
            .set_nodelay(true)
            .map_err(|error| Error::io("cannot connect", &error))?;
        if !config.is_tls {
            return self.greet(stream).await;
        }
        let name = ServerName::try_from(config.host.clone()).map_err(|error| {
            Error::new(
                Kind::Config,
                format_args!("the host cannot be verified: {error}"),
            )
        })?;
        let stream = TlsConnector::from(self.tls()?)
            .connect(name, stream)
            .await
            .map_err(|error| Error::io("TLS", &error))?;
        self.greet(stream).await
    }

    /// Says who asks and for which database.
    async fn greet<S>(&self, stream: S) -> Result<Live, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let config = &self.config;
        let mut info = RedisConnectionInfo::default()
            .set_db(config.database.unwrap_or(0).into())
            .set_lib_name("fastkit", env!("CARGO_PKG_VERSION"));
        if let Some(username) = &config.username {
            info = info.set_username(username);
        }
        if let Some(password) = &config.password {
            info = info.set_password(password.expose());
        }
        // The limits are ours, so that they hold whatever is waited for.
        let limits = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let (connection, driver) = MultiplexedConnection::new_with_config(&info, stream, limits)
            .await
            .map_err(|error| Error::from_driver(&error, false))?;
        Ok(Live {
            connection,
            driver: tokio::spawn(driver),
            is_retired: AtomicBool::new(false),
            silent_since: StdMutex::default(),
        })
    }

    fn tls(&self) -> Result<Arc<rustls::ClientConfig>, Error> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        let config = tls::config(&self.config.roots)?;
        Ok(self.tls.get_or_init(|| config).clone())
    }
}

impl Slot {
    fn is_live(&self) -> bool {
        match self.state.try_lock() {
            Ok(state) => matches!(&*state, State::Live(live) if !live.driver.is_finished()),
            Err(_) => true,
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
