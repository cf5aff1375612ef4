//! The supervisor's end of the control socket. Nothing here waits: a slow client only waits itself.

use super::{LONGEST_REQUEST, Reply, Request, is_alive, private_folder};
use crate::supervisor::{event::Event, link::Lines};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    fs,
    io::{self, Write as _},
    os::{
        fd::AsFd as _,
        unix::{
            fs::PermissionsExt as _,
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Most connections; a newcomer closes the one that has been silent for longest.
const MOST: usize = 16;

/// Names a connection.
type Asker = u64;

/// The listening control socket and its connections.
#[derive(Debug)]
pub(in crate::supervisor) struct ControlServer {
    listener: UnixListener,
    path: PathBuf,
    connections: Vec<Connection>,
    last: Asker,
    /// The last `accept` failed for want of descriptors or memory.
    is_deaf: bool,
}

#[derive(Debug)]
struct Connection {
    id: Asker,
    socket: UnixStream,
    lines: Lines,
    out: Vec<u8>,
    /// What is to be answered when it is done.
    waits_for: Option<Request>,
    active: Instant,
    is_open: bool,
}

impl ControlServer {
    /// Makes the socket, in a folder that is made if it is not there. A socket that nobody answers on
    /// is replaced.
    pub(in crate::supervisor) fn bind(path: &Path) -> io::Result<Self> {
        private_folder(path.parent().unwrap_or("/".as_ref()))?;
        if is_alive(path) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let listener = UnixListener::bind(path)?;
        // The folder keeps others out already; this is for one who moves the file.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            connections: Vec::new(),
            last: 0,
            is_deaf: false,
        })
    }

    /// What to wake up for.
    pub(in crate::supervisor) fn files(&self) -> impl Iterator<Item = PollFd<'_>> {
        let connections = self.connections.iter().map(|connection| {
            let events = match (connection.out.is_empty(), &connection.waits_for) {
                (false, _) => PollFlags::POLLOUT,
                (true, None) => PollFlags::POLLIN,
                // Only its end.
                (true, Some(_)) => PollFlags::empty(),
            };
            PollFd::new(connection.socket.as_fd(), events)
        });
        // What cannot be accepted would wake the loop again and again.
        let listener =
            (!self.is_deaf).then(|| PollFd::new(self.listener.as_fd(), PollFlags::POLLIN));
        connections.chain(listener)
    }

    /// What has been asked since the last call.
    pub(in crate::supervisor) fn requests(&mut self, now: Instant) -> Vec<(Asker, Request)> {
        self.accept(now);
        let mut requests = Vec::new();
        for connection in &mut self.connections {
            connection.write();
            if let Some(request) = connection.read(now) {
                requests.push((connection.id, request));
            }
        }
        self.connections.retain(|connection| connection.is_open);
        requests
    }

    fn accept(&mut self, now: Instant) {
        loop {
            let socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) => {
                    self.is_deaf = error.kind() != io::ErrorKind::WouldBlock;
                    return;
                }
            };
            if socket.set_nonblocking(true).is_err() {
                continue;
            }
            if self.connections.len() >= MOST {
                // One that waits for an answer goes last.
                let idlest = self
                    .connections
                    .iter()
                    .min_by_key(|connection| (connection.waits_for.is_some(), connection.active))
                    .map(|connection| connection.id);
                self.connections
                    .retain(|connection| Some(connection.id) != idlest);
            }
            self.last += 1;
            self.connections.push(Connection {
                id: self.last,
                socket,
                lines: Lines::new(LONGEST_REQUEST),
                out: Vec::new(),
                waits_for: None,
                active: now,
                is_open: true,
            });
        }
    }

    /// Answers a request.
    pub(in crate::supervisor) fn answer(&mut self, asker: Asker, reply: &Reply) {
        let connections = &mut self.connections;
        if let Some(connection) = connections.iter_mut().find(|one| one.id == asker) {
            connection.answer(reply);
        }
    }

    /// The answer to this request comes later, by what [`told`](Self::told) hears.
    pub(in crate::supervisor) fn defer(&mut self, asker: Asker, request: Request) {
        let connections = &mut self.connections;
        if let Some(connection) = connections.iter_mut().find(|one| one.id == asker) {
            connection.waits_for = Some(request);
        }
    }

    /// Answers those who have waited for this.
    pub(in crate::supervisor) fn told(&mut self, event: &Event) {
        let is_answer: fn(&Request) -> bool = match event {
            Event::Reloaded { .. } | Event::ReloadFailed { .. } => {
                |request| *request == Request::Reload
            }
            Event::Resized { .. } | Event::ResizeFailed { .. } => {
                |request| matches!(request, Request::Workers { .. })
            }
            // What waits for something else than the end will not see it.
            Event::Stopping | Event::StoppingNow => |request| *request != Request::Stop,
            Event::Stopped => |request| *request == Request::Stop,
            _ => return,
        };
        let reply = match event {
            Event::Reloaded { .. } | Event::Resized { .. } | Event::Stopped => {
                Reply::Done(event.to_string())
            }
            _ => Reply::Refused(event.to_string()),
        };
        for connection in &mut self.connections {
            if connection.waits_for.as_ref().is_some_and(is_answer) {
                connection.answer(&reply);
            }
        }
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A client that does not finish its request, or does not take its answer, has this long.
const SLOW: Duration = Duration::from_secs(30);

impl Connection {
    fn answer(&mut self, reply: &Reply) {
        self.waits_for = None;
        if let Ok(line) = serde_json::to_vec(reply) {
            self.out.extend(line);
            self.out.push(b'\n');
        }
        self.write();
    }

    fn write(&mut self) {
        while !self.out.is_empty() && self.is_open {
            match self.socket.write(&self.out) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.is_open = error.kind() == io::ErrorKind::WouldBlock;
                    return;
                }
            }
        }
    }

    /// The next request, once the last one is answered.
    fn read(&mut self, now: Instant) -> Option<Request> {
        if self.waits_for.is_some() {
            self.is_open &= !is_hung_up(&self.socket);
            return None;
        }
        if !self.out.is_empty() {
            self.is_open &= now.duration_since(self.active) < SLOW;
            return None;
        }
        let goes_on = self.lines.fill(&mut self.socket);
        let Some(line) = self.lines.next_line() else {
            self.is_open &= goes_on && now.duration_since(self.active) < SLOW;
            return None;
        };
        self.active = now;
        match serde_json::from_slice(&line) {
            Ok(request) => Some(request),
            Err(error) => {
                self.answer(&Reply::Refused(format!(
                    "no such request: {error}; a request is a line such as {{\"command\":\"status\"}}"
                )));
                None
            }
        }
    }
}

/// The client is gone for good; one that has only shut down its sending side still listens.
fn is_hung_up(socket: &UnixStream) -> bool {
    let mut files = [PollFd::new(socket.as_fd(), PollFlags::empty())];
    matches!(poll(&mut files, PollTimeout::ZERO), Ok(count) if count > 0)
}
