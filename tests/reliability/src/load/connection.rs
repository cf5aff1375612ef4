//! One connection of the load client: what it still has to send, and which answers it waits for.
//!
//! Key type: [`Connection`].

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use super::{Answer, Failure, Way};

/// A request on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) number: usize,
    pub(super) due: Instant,
    pub(super) sent: Instant,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) way: usize,
    pub(super) kind: Way,
    pub(super) open: VecDeque<Open>,
    /// The process that answered last.
    pub(super) process: Option<u32>,
    /// Answers so far.
    pub(super) answers: u64,
    pub(super) idle_since: Instant,
    /// The server has said that it closes.
    pub(super) closing: bool,
    output: Vec<u8>,
    sent: usize,
    input: Vec<u8>,
}

/// What reading came to.
pub(super) enum Progress {
    /// Some answers, and more may come.
    Answers(Vec<Answer>),
    /// The connection is over; these came before.
    Over(Vec<Answer>, Failure),
}

impl Connection {
    /// Begins to connect, from an address of our own by which ports last longer.
    pub(super) fn connect(to: SocketAddr, from: u8, way: usize, kind: Way) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.bind(&source(from).into())?;
        match socket.connect(&to.into()) {
            Err(error) if error.raw_os_error() != Some(nix::errno::Errno::EINPROGRESS as i32) => {
                return Err(error);
            }
            _ => {}
        }
        Ok(Self {
            stream: TcpStream::from_std(socket.into()),
            way,
            kind,
            open: VecDeque::new(),
            process: None,
            answers: 0,
            idle_since: Instant::now(),
            closing: false,
            output: Vec::new(),
            sent: 0,
            input: Vec::new(),
        })
    }

    /// Adds a request to what is to be sent.
    pub(super) fn queue(&mut self, request: &[&[u8]], open: Open) {
        for part in request {
            self.output.extend_from_slice(part);
        }
        self.open.push_back(open);
    }

    /// Sends what the socket takes.
    ///
    /// # Errors
    ///
    /// How the connection failed.
    pub(super) fn write(&mut self) -> Result<(), Failure> {
        while self.sent < self.output.len() {
            match self.stream.write(&self.output[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_later(&error) => return Ok(()),
                // An answer may be waiting that says why; reading finds out.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(failure(&error)),
            }
        }
        self.output.clear();
        self.sent = 0;
        Ok(())
    }

    /// Reads what is there.
    pub(super) fn read(&mut self, piece: &mut [u8]) -> Progress {
        let mut answers = Vec::new();
        loop {
            match self.stream.read(piece) {
                Ok(0) => return Progress::Over(answers, self.closed()),
                Ok(count) => {
                    self.input.extend_from_slice(&piece[..count]);
                    if self.take(&mut answers).is_err() {
                        return Progress::Over(answers, Failure::Wrong);
                    }
                    if count < piece.len() {
                        return Progress::Answers(answers);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_later(&error) => return Progress::Answers(answers),
                Err(error) => return Progress::Over(answers, failure(&error)),
            }
        }
    }

    fn take(&mut self, answers: &mut Vec<Answer>) -> anyhow::Result<()> {
        let mut from = 0;
        while from < self.input.len()
            && let Some(answer) = Answer::read(&self.input[from..], false)?
        {
            from += answer.length;
            self.closing |= answer.closes;
            answers.push(answer);
        }
        self.input.drain(..from);
        Ok(())
    }

    fn closed(&self) -> Failure {
        if self.closing {
            Failure::CutOff
        } else {
            Failure::Closed
        }
    }
}

/// Our address number `from`, with any port.
pub(crate) fn source(from: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 1, from)), 0)
}

fn is_later(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
    )
}

fn failure(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => Failure::Closed,
        _ => Failure::Reset,
    }
}
