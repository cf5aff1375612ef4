//! The control socket: a private Unix socket on which a supervisor answers and obeys.
//!
//! A line of JSON is a [`Request`], a line of JSON its [`Reply`]; a connection may send several, one
//! after the other. Who may open the socket's file may command: its folder belongs to the user of the
//! service and to nobody else. [`Client`] is the other end.

mod client;
mod server;
mod status;

pub use client::Client;
pub(super) use server::ControlServer;
pub use status::{LoopStatus, ServiceState, Status, WorkerState, WorkerStatus, two_units};

use super::{environment, system};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// What a supervisor can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Request {
    /// How are you? Answered at once with [`Reply::Status`].
    Status,
    /// A rolling restart; answered when the new generation serves, or did not come up.
    Reload,
    /// Another number of workers; answered when that many are ready.
    Workers {
        /// From 1 to 1,024.
        count: usize,
    },
    /// A graceful stop; answered when all workers have ended.
    Stop,
    /// Reopen the log files; answered when the workers have been told.
    Reopen,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reply {
    /// How it is.
    Status(Box<Status>),
    /// What was asked for is done; one line for people.
    Done(String),
    /// It is not, for this reason.
    Refused(String),
}

/// The longest line of a request.
const LONGEST_REQUEST: usize = 4 * 1024;

/// Where the control sockets of this user's services are: `$XDG_RUNTIME_DIR/fastflyer`, else
/// `/run/fastflyer` for root, else a folder named after the user in the folder for temporary files.
pub fn default_folder() -> PathBuf {
    let runtime = environment::variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    let user = nix::unistd::geteuid();
    match runtime.filter(|folder| folder.is_absolute()) {
        Some(folder) => folder.join("fastflyer"),
        None if user.is_root() && Path::new("/run").is_dir() => "/run/fastflyer".into(),
        None => std::env::temp_dir().join(format!("fastflyer-{user}")),
    }
}

/// The control socket of this process in the default folder.
pub fn default_path() -> PathBuf {
    default_folder().join(format!("{}.sock", std::process::id()))
}

/// The control sockets in `folder` that somebody answers on, in the order of their names. Those that
/// dead services have left are removed.
pub fn find(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut sockets: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "sock"))
        .filter(|path| is_alive(path))
        .collect();
    sockets.sort();
    sockets
}

/// Whether somebody listens; if nobody does the file is removed.
fn is_alive(path: &Path) -> bool {
    let is_socket = path
        .symlink_metadata()
        .is_ok_and(|file| file.file_type().is_socket());
    match is_socket.then(|| system::connect(path, Duration::from_secs(1))) {
        Some(Ok(_)) => true,
        Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            // Fails if it belongs to somebody else, who will remove it.
            let _ = fs::remove_file(path);
            false
        }
        _ => false,
    }
}

/// Makes a folder that is the user's alone, or makes sure that it is.
fn private_folder(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = folder.symlink_metadata()?;
    let is_ours = found.uid() == nix::unistd::geteuid().as_raw();
    if found.is_dir() && is_ours && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    let text = format!(
        "{} must be a folder of this user with mode 0700, where nobody else can put a socket",
        folder.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}
