//! Worker processes: started by exec, reached over a link and a board, reaped.
//!
//! Nothing is decided here. Key type: [`Process`].

use super::{
    board::Board,
    control::{LoopStatus, WorkerStatus},
    event::Exit,
    inherited::{Descriptor, Inheritable},
    link::{Link, VERSION},
    monitor::Monitor,
    system,
    upgrade::SavedProcess,
    workers::{Id, Member, Place},
};
use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsString,
    io,
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

/// The variable that makes a process a worker.
pub(super) const VARIABLE: &str = "FASTFLYER_WORKER";
/// Variables that are meant for the supervisor alone.
pub(super) const PRIVATE: [&str; 8] = [
    super::upgrade::VARIABLE,
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "MAINPID",
];

/// The part of an [`Assignment`] that is the same in all versions.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) version: u32,
    pub(super) link: Descriptor,
}

/// What the variable holds, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Assignment {
    #[serde(flatten)]
    pub(super) call: Call,
    /// The supervisor's pid.
    pub(super) parent: i32,
    pub(super) index: usize,
    pub(super) generation: u64,
    pub(super) is_first: bool,
    /// Which start of the service this is; not known to a supervisor of an older program.
    #[serde(default)]
    pub(super) service: String,
    pub(super) listener: Descriptor,
    pub(super) board: Descriptor,
}

/// What is started again and again: a program with its arguments.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The file of an upgrade.
    pub(super) on_disk: PathBuf,
    pub(super) arguments: Vec<OsString>,
}

impl Program {
    /// This program; its file on disk is `chosen`, or what it was started by.
    pub(super) fn this(chosen: Option<&Path>) -> io::Result<Self> {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        // The path as it was given: a link to the present release shall lead to the next one later.
        let given = arguments
            .first()
            .map(Path::new)
            .filter(|path| path.components().count() > 1 && path.is_file());
        let on_disk = match chosen.or(given) {
            Some(path) => std::path::absolute(path)?,
            None => std::env::current_exe()?,
        };
        Ok(Self { on_disk, arguments })
    }
}

/// A worker process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: Pid,
    pub(super) link: Link,
    pub(super) board: Board,
}

impl Process {
    /// Starts a worker. Its signal mask and dispositions are the defaults: std resets the former, and
    /// exec the handlers of this process.
    pub(super) fn start(
        program: &Program,
        place: Place,
        listener: BorrowedFd<'_>,
        service: String,
    ) -> io::Result<Self> {
        let (link, far_end) = Link::pair()?;
        let board = Board::create()?;
        let assignment = Assignment {
            call: Call {
                version: VERSION,
                link: Descriptor::of(far_end.as_fd())?,
            },
            parent: Pid::this().as_raw(),
            index: place.index,
            generation: place.generation,
            is_first: place.is_first,
            service,
            listener: Descriptor::of(listener)?,
            board: Descriptor::of(board.as_fd())?,
        };
        let file = if place.from_disk {
            program.on_disk.clone()
        } else {
            system::running_program()?
        };
        let mut command = Command::new(file);
        command
            .args(program.arguments.get(1..).unwrap_or_default())
            .env(VARIABLE, serde_json::to_string(&assignment)?)
            .stdin(Stdio::null());
        if let Some(name) = program.arguments.first() {
            command.arg0(name);
        }
        for name in PRIVATE {
            command.env_remove(name);
        }
        let open = Inheritable::new([listener, far_end.as_fd(), board.as_fd()])?;
        // Waited for by `reap`, together with all other children.
        let child = command.spawn()?;
        drop(open);
        Ok(Self {
            pid: Pid::from_raw(child.id() as i32),
            link,
            board,
        })
    }

    /// What its board shows.
    pub(super) fn status(
        &self,
        member: &Member,
        monitor: Option<&Monitor>,
        now: Instant,
    ) -> WorkerStatus {
        let silent = monitor.map(|monitor| monitor.ages(member.id, now));
        let silent = |index: usize| silent.as_ref()?.get(index).map(Duration::as_millis);
        let loops = self.board.loops().iter().enumerate();
        WorkerStatus {
            index: member.place.index,
            pid: self.pid.as_raw(),
            generation: member.place.generation,
            state: member.state.into(),
            age: now.saturating_duration_since(member.started).as_secs(),
            connections: self.board.connections.load(Relaxed),
            accepted: self.board.accepted.load(Relaxed),
            requests: self.board.requests.load(Relaxed),
            rejected: self.board.rejected.load(Relaxed),
            memory: system::resident_memory(self.pid.as_raw()),
            loops: loops
                .map(|(index, slot)| LoopStatus {
                    connections: slot.connections.load(Relaxed),
                    silent: silent(index).map(|time| time as u64),
                    delay: slot.delay.load(Relaxed),
                })
                .collect(),
        }
    }

    /// Takes over what the program before this one had.
    pub(super) fn adopt(saved: &SavedProcess) -> io::Result<Self> {
        Ok(Self {
            pid: Pid::from_raw(saved.pid),
            link: Link::adopt(saved.link.take()?)?,
            board: Board::adopt(saved.board.take()?)?,
        })
    }

    pub(super) fn save(&self, id: Id) -> io::Result<SavedProcess> {
        Ok(SavedProcess {
            id,
            pid: self.pid.as_raw(),
            link: Descriptor::of(self.link.as_fd())?,
            board: Descriptor::of(self.board.as_fd())?,
        })
    }

    pub(super) fn kill(&self) {
        // It is not reaped yet, so the pid is nobody else's.
        let _ = kill(self.pid, Signal::SIGKILL);
    }
}

/// The next child that has ended, whoever started it: as PID 1 we are the parent of orphans too.
pub(super) fn reap() -> Option<(Pid, Exit)> {
    loop {
        match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => return Some((pid, Exit::Code(code))),
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                return Some((pid, Exit::Signal(signal as i32)));
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return None,
            // Stopped or continued: neither was asked for.
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}
