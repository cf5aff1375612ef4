//! The link between the supervisor and a worker: lines of JSON over a pair of Unix sockets.
//!
//! The protocol has a version, which a worker is told at its start and refuses if it is not its own;
//! fields may be added within one, and unknown messages are skipped. The end of the link is a message
//! too: to the worker, that the supervisor has died. Key types: [`Report`], [`Order`], [`Link`].

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fmt,
    io::{self, Read, Write as _},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    time::Duration,
};

/// The version of these messages and of what is handed over at an upgrade.
pub(super) const VERSION: u32 = 1;

/// From a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// It accepts connections.
    Ready,
    /// It could not start; the process ends by itself.
    Failed { reason: String },
    /// It has served as many requests as it may, and asks for a replacement.
    Retire,
    /// Somebody sent it TERM: it drains already.
    Leaving,
}

/// To a worker. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// Accept no more, finish in good time: others serve meanwhile.
    Drain { linger: u64, graceful: Option<u64> },
    /// Accept no more, finish within the graceful timeout: the service ends.
    Stop { graceful: u64 },
    /// End now; requests in flight are cut.
    Cut,
    /// Reopen the log files.
    Reopen,
}

impl Order {
    pub(super) fn drain(linger: Duration, graceful: Option<Duration>) -> Self {
        Self::Drain {
            linger: milliseconds(linger),
            graceful: graceful.map(milliseconds),
        }
    }

    pub(super) fn stop(graceful: Duration) -> Self {
        Self::Stop {
            graceful: milliseconds(graceful),
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

/// One end of a link. Never blocks: a message that finds no room is lost, since only a process that
/// has stopped reading altogether lets some thousands pile up.
#[derive(Debug)]
pub(super) struct Link {
    socket: UnixStream,
    lines: Lines,
    is_open: bool,
}

impl Link {
    pub(super) fn pair() -> io::Result<(Self, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        Ok((Self::new(ours)?, theirs))
    }

    pub(super) fn adopt(file: OwnedFd) -> io::Result<Self> {
        Self::new(file.into())
    }

    fn new(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            lines: Lines::new(LONGEST),
            is_open: true,
        })
    }

    /// Another owner for sending.
    pub(super) fn sender(&self) -> io::Result<Sender> {
        Ok(Sender(self.socket.try_clone()?))
    }

    pub(super) fn send(&self, message: &impl Serialize) {
        send(&self.socket, message);
    }

    /// Reports that the worker could not start.
    pub(super) fn fail(&self, reason: &dyn fmt::Display) {
        let reason = reason.to_string();
        self.send(&Report::Failed { reason });
    }

    /// All messages that have come; `false` when the other end is gone.
    pub(super) fn receive<T: DeserializeOwned>(&mut self, messages: &mut Vec<T>) -> bool {
        self.is_open &= self.lines.fill(&mut self.socket);
        while let Some(line) = self.lines.next_line() {
            messages.extend(serde_json::from_slice::<T>(&line));
        }
        self.is_open
    }

    /// The other end has not been seen to be gone.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The sending half, for another thread.
#[derive(Debug)]
pub(super) struct Sender(UnixStream);

impl Sender {
    pub(super) fn send(&self, message: &impl Serialize) {
        send(&self.0, message);
    }

    /// As [`Link::fail`].
    pub(super) fn fail(&self, reason: &dyn fmt::Display) {
        let reason = reason.to_string();
        self.send(&Report::Failed { reason });
    }
}

/// A line is one write, so lines of two threads do not mix.
fn send(mut socket: &UnixStream, message: &impl Serialize) {
    if let Ok(mut line) = serde_json::to_vec(message) {
        line.push(b'\n');
        let _ = socket.write_all(&line);
    }
}

/// The longest line: a reason with a few hundred mistakes in it.
const LONGEST: usize = 64 * 1024;

/// Cuts what is received into lines.
#[derive(Debug)]
pub(super) struct Lines {
    received: Vec<u8>,
    longest: usize,
}

impl Lines {
    pub(super) fn new(longest: usize) -> Self {
        Self {
            received: Vec::new(),
            longest,
        }
    }

    /// Reads what is there, up to one longest line; `false` at the end of the stream, at an error,
    /// and when a line is too long.
    pub(super) fn fill(&mut self, stream: &mut impl Read) -> bool {
        let mut piece = [0; 4096];
        while self.received.len() <= self.longest {
            match stream.read(&mut piece) {
                Ok(0) => return false,
                Ok(count) => self.received.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        self.received.contains(&b'\n')
    }

    /// The next whole line, without its end.
    pub(super) fn next_line(&mut self) -> Option<Vec<u8>> {
        let end = self.received.iter().position(|byte| *byte == b'\n')?;
        let rest = self.received.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.received, rest);
        line.truncate(end);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_whole_and_the_end_is_noticed() {
        let (mut link, worker) = Link::pair().unwrap();
        let reason = "first\nsecond \"quoted\"".to_owned();
        send(
            &worker,
            &Report::Failed {
                reason: reason.clone(),
            },
        );
        send(&worker, &"a message of a later version");
        send(&worker, &Report::Retire);
        let mut messages = Vec::<Report>::new();
        assert!(link.receive(&mut messages));
        assert_eq!(messages, [Report::Failed { reason }, Report::Retire]);
        drop(worker);
        assert!(!link.receive(&mut messages));
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut lines = Lines::new(10);
        assert!(!lines.fill(&mut &[b'x'; 100_000][..]));
        assert!(lines.received.len() <= 10 + 4096);
        assert_eq!(lines.next_line(), None);
    }
}
