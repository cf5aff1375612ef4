//! The upgrade: this process becomes the program on disk and goes on with the workers it has.
//!
//! By exec in place, so that the process stays the one that systemd or the container knows, and the
//! workers stay its children. What the next program needs is written to a file without a name; one
//! variable says where. Key type: [`HandOver`].

use super::{
    Outcome, environment,
    inherited::{Descriptor, Inheritable},
    link::VERSION,
    process::Program,
    signals::Signals,
    system,
    workers::{Id, SavedWorkers},
};
use crate::listener::Listener;
use nix::unistd::execve;
use serde::{Deserialize, Serialize};
use std::{
    ffi::{CString, OsString},
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::ffi::{OsStrExt as _, OsStringExt as _},
    },
};

/// The variable that tells the next program about the hand-over.
pub(super) const VARIABLE: &str = "FASTFLYER_UPGRADE";

/// What the variable holds, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Notice {
    version: u32,
    /// The process it is meant for, and no child of it.
    pid: u32,
    file: Descriptor,
}

/// What the file holds, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HandOver {
    pub(super) listener: Descriptor,
    /// A Unix socket's file is to be removed at the end.
    pub(super) owns_file: bool,
    pub(super) workers: SavedWorkers,
    pub(super) processes: Vec<SavedProcess>,
    pub(super) outcome: Outcome,
    /// Seconds since 1970.
    pub(super) started: u64,
    pub(super) reloads: u64,
}

/// The ends that belong to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SavedProcess {
    pub(super) id: Id,
    pub(super) pid: i32,
    pub(super) link: Descriptor,
    pub(super) board: Descriptor,
}

impl HandOver {
    /// What the program before this one left, if there was one.
    ///
    /// # Errors
    /// It speaks another version, or what it left cannot be read.
    pub(super) fn receive() -> io::Result<Option<Self>> {
        let Some(text) = environment::variable(VARIABLE) else {
            return Ok(None);
        };
        let notice: Notice = serde_json::from_slice(text.as_bytes())?;
        if notice.pid != std::process::id() {
            return Ok(None);
        }
        if notice.version != VERSION {
            let text = format!(
                "the program before speaks version {}, this one {VERSION}",
                notice.version
            );
            return Err(io::Error::other(text));
        }
        let mut file = File::from(notice.file.take()?);
        let mut text = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut text)?;
        Ok(Some(serde_json::from_slice(&text)?))
    }

    /// The socket that the program before has listened on. Taken once.
    pub(super) fn listener(&self) -> io::Result<Listener> {
        let mut listener = Listener::adopt(self.listener.take()?)?;
        if self.owns_file {
            listener.own_file();
        }
        Ok(listener)
    }

    /// Becomes the program on disk. Returns only if that fails, and then everything is as before.
    pub(super) fn exec(&self, program: &Program, files: Vec<BorrowedFd<'_>>) -> io::Error {
        let outcome = self.try_exec(program, files);
        // The success of `execve` is that it does not return.
        outcome
            .err()
            .unwrap_or_else(|| io::Error::other("exec has returned"))
    }

    fn try_exec(&self, program: &Program, files: Vec<BorrowedFd<'_>>) -> io::Result<()> {
        let mut file = system::nameless_file("fastflyer-upgrade")?;
        file.write_all(&serde_json::to_vec(self)?)?;
        let notice = Notice {
            version: VERSION,
            pid: std::process::id(),
            file: Descriptor::of(file.as_fd())?,
        };
        let notice = OsString::from(serde_json::to_string(&notice)?);
        let environment: Vec<CString> = std::env::vars_os()
            .filter(|(name, _)| name != VARIABLE)
            .chain([(VARIABLE.into(), notice)])
            .map(|(mut pair, value)| {
                pair.push("=");
                pair.push(value);
                pair
            })
            .map(|pair| CString::new(pair.into_vec()))
            .collect::<Result<_, _>>()?;
        let arguments: Vec<CString> = program
            .arguments
            .iter()
            .map(|argument| CString::new(argument.as_bytes()))
            .collect::<Result<_, _>>()?;
        let path = CString::new(program.on_disk.as_os_str().as_bytes())?;
        let _open = Inheritable::new(files.into_iter().chain([file.as_fd()]))?;
        // Blocked signals wait for the next program to have handlers. Not through std's `exec`, which
        // would let them through at a moment when nobody handles them.
        Signals::block()?;
        let failed = execve(&path, &arguments, &environment);
        Signals::unblock()?;
        match failed {
            Err(error) => Err(error.into()),
            Ok(never) => match never {},
        }
    }
}
