//! [`TestServer`]: an application on a real socket, for what a client in process cannot see.

use crate::{FlyerApi, StartError, serve::server_config};
use fastflyer_server::{Address, Handle, Report, Server, ServerConfig, Signals};
use fastkit::settings::Sources;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread::JoinHandle,
};

/// An application that listens on a free port of 127.0.0.1 until it is stopped or dropped.
///
/// ```
/// use fastflyer::{Config, FlyerApi, get, routes, testing::TestServer};
/// use std::{io::{Read as _, Write as _}, net::TcpStream};
///
/// #[get("/hello")]
/// async fn hello() -> &'static str {
///     "hello"
/// }
///
/// let server = TestServer::start(FlyerApi::new(Config::new()).include(routes![hello])).unwrap();
/// let mut socket = TcpStream::connect(server.address()).unwrap();
/// socket.write_all(b"GET /flyer/hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
/// let mut answer = String::new();
/// socket.read_to_string(&mut answer).unwrap();
/// assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
/// server.stop();
/// ```
#[derive(Debug)]
pub struct TestServer {
    address: SocketAddr,
    handle: Handle,
    thread: Option<JoinHandle<Result<Report, fastflyer_server::Error>>>,
    /// Dropped after the thread has ended.
    _folder: JobFolder,
}

/// The folder of the jobs of one server, which is there if it has jobs.
#[derive(Debug)]
struct JobFolder(PathBuf);

impl JobFolder {
    fn new() -> Self {
        static SERVERS: AtomicUsize = AtomicUsize::new(0);
        let number = SERVERS.fetch_add(1, Relaxed);
        let name = format!("fastflyer-test-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for JobFolder {
    fn drop(&mut self) {
        // It is not there if nothing was kept.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl TestServer {
    /// Starts the application with no settings but those in its code. The access log is off.
    ///
    /// # Errors
    ///
    /// When the application cannot start.
    pub fn start(api: FlyerApi) -> Result<Self, StartError> {
        Self::with_settings(api, [])
    }

    /// The same with settings as from the environment, save for where it listens and the number of its
    /// event loops, which is two. Jobs run at their times, with `flyer_job_path` in a folder for temporary
    /// files, which is removed at the end.
    ///
    /// # Errors
    ///
    /// When a setting is wrong or the application cannot start.
    pub fn with_settings<'a>(
        api: FlyerApi,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, StartError> {
        let folder = JobFolder::new();
        let usual = [
            ("flyer_access_log", "0"),
            ("flyer_job_path", &folder.0.to_string_lossy()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let given = settings.into_iter();
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let app = api.build_with(&Sources::from_pairs(usual.into_iter().chain(given)))?;
        let failed = |error: String| StartError::new(vec![error]);
        let server = Server::bind(ServerConfig {
            address: Address::new("127.0.0.1", 0),
            event_loops: 2,
            signals: Signals::Ignore,
            ..server_config(&app)
        })
        .map_err(|error| failed(error.to_string()))?;
        let no_address = || failed("the listening socket has no address".to_owned());
        let address = server.local_addr().ok_or_else(no_address)?;
        let handle = server.handle();
        let _ = app.core.server.set(handle.clone());
        let thread = std::thread::Builder::new()
            .name("test-server".to_owned())
            .spawn(move || server.run(app))
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            address,
            handle,
            thread: Some(thread),
            _folder: folder,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks it to stop, as TERM does, without waiting for the end.
    pub fn begin_stop(&self) {
        self.handle.stop();
    }

    /// Stops it as TERM does, and waits for the end: requests in flight may take
    /// `flyer_graceful_timeout`. Gives the number of those that took longer and were cut.
    ///
    /// # Panics
    ///
    /// When the application could not be started by its hooks, or an event loop panicked.
    pub fn stop(mut self) -> u64 {
        self.handle.stop();
        let thread = self.thread.take().expect("taken only here and in drop");
        let report = thread.join().expect("a server that does not panic");
        report.expect("a server that ran").stats.cut
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.handle.stop_now();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
