//! [`Client`]: the other end of the control socket, for a command line or a test.

use super::{Reply, Request, Status};
use crate::{Error, supervisor::system};
use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

/// A connection to a supervisor.
///
/// ```no_run
/// use fastflyer_server::supervisor::control::{Client, Request, default_folder, find};
/// use std::time::Duration;
/// for path in find(&default_folder()) {
///     let mut client = Client::connect(&path, Duration::from_secs(60))?;
///     println!("{} workers", client.status()?.workers.len());
///     println!("{}", client.command(&Request::Reload)?);
/// }
/// # Ok::<(), fastflyer_server::Error>(())
/// ```
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

/// How long a supervisor may take to accept and to read.
const PATIENCE: Duration = Duration::from_secs(5);

impl Client {
    /// Connects to a control socket. `patience` is how long an answer is waited for: a rolling restart
    /// takes as long as the workers take to start.
    ///
    /// # Errors
    /// Nobody listens there, or not for this user.
    pub fn connect(path: &Path, patience: Duration) -> Result<Self, Error> {
        let connect = || {
            let stream = system::connect(path, PATIENCE)?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.set_read_timeout(Some(patience.max(Duration::from_millis(1))))?;
            Ok(BufReader::new(stream))
        };
        Ok(Self {
            stream: connect().map_err(|cause| Error::control(path, cause))?,
            path: path.to_owned(),
        })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// The supervisor has gone away or does not answer in time.
    pub fn ask(&mut self, request: &Request) -> Result<Reply, Error> {
        self.exchange(request)
            .map_err(|cause| Error::control(&self.path, cause))
    }

    fn exchange(&mut self, request: &Request) -> io::Result<Reply> {
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        self.stream.get_mut().write_all(line.as_bytes())?;
        line.clear();
        match self.stream.read_line(&mut line) {
            Ok(0) => Err(io::Error::other("it ended before it answered")),
            Ok(_) => Ok(serde_json::from_str(&line)?),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
            }
            Err(error) => Err(error),
        }
    }

    /// How the service is.
    ///
    /// # Errors
    /// Those of [`ask`](Self::ask).
    pub fn status(&mut self) -> Result<Status, Error> {
        match self.ask(&Request::Status)? {
            Reply::Status(status) => Ok(*status),
            Reply::Done(text) | Reply::Refused(text) => Err(Error::refused(text)),
        }
    }

    /// Has something done; gives one line for people about it.
    ///
    /// # Errors
    /// Those of [`ask`](Self::ask), and [`is_refused`](Error::is_refused) when it was not done.
    pub fn command(&mut self, request: &Request) -> Result<String, Error> {
        match self.ask(request)? {
            Reply::Done(text) => Ok(text),
            Reply::Status(status) => Ok(format!("{} workers", status.workers.len())),
            Reply::Refused(reason) => Err(Error::refused(reason)),
        }
    }
}
