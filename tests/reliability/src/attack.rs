//! Clients that hold connections and give little: they say nothing, drip a head or a body byte by
//! byte, or ask for much and read nothing.
//!
//! One thread holds all of them. Key types: [`Attack`], [`Toll`].

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};

/// What a client does with its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Silent,
    /// Sends a head that never ends.
    Head,
    /// Sends a body that never ends.
    Body,
    /// Asks for 16 MiB and reads nothing.
    Read,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Silent, Self::Head, Self::Body, Self::Read];

    /// Its first bytes.
    fn opening(self) -> &'static [u8] {
        match self {
            Self::Silent => b"",
            Self::Head => b"GET /pid HTTP/1.1\r\nhost: a\r\nx-slow: ",
            Self::Body => b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 60000\r\n\r\n",
            Self::Read => b"GET /big HTTP/1.1\r\nhost: a\r\n\r\n",
        }
    }

    fn drips(self) -> bool {
        matches!(self, Self::Head | Self::Body)
    }
}

/// How often a byte is sent.
const DRIP: Duration = Duration::from_secs(1);
/// How soon a connection that the server ended is followed by another.
const PAUSE: Duration = Duration::from_millis(200);
/// Connections that may be on their way at a time.
const CONNECTING: usize = 400;
/// New connections a second: this is about slow clients, not about a flood of connections, in which
/// the time in the backlog would be taken for a part of a connection's life.
const PER_SECOND: f64 = 2_500.0;
/// Addresses of our own.
const SOURCES: u8 = 60;
/// The buffer of one that reads nothing.
const NARROW: usize = 4 * 1024;

/// Attackers at work.
#[derive(Debug)]
pub(crate) struct Attack {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<Toll>>>,
}

#[derive(Debug, Default)]
struct Shared {
    held: AtomicUsize,
    renews: AtomicBool,
    stop: AtomicBool,
}

/// How long connections lasted, by kind in the order of [`Kind::ALL`].
#[derive(Debug, Default, Clone)]
pub(crate) struct Toll {
    /// Connections that the server ended.
    pub(crate) ended: [usize; 4],
    /// The longest life of one of them.
    pub(crate) longest: [Duration; 4],
    /// Connections that were still there at the end, and not because they were new.
    pub(crate) left: [usize; 4],
}

impl Attack {
    /// Opens `count` connections, in equal parts of the kinds, and opens new ones for those that the
    /// server ends.
    pub(crate) fn start(address: SocketAddr, kinds: &[Kind], count: usize) -> Self {
        let shared = Arc::new(Shared::default());
        shared.renews.store(true, Relaxed);
        let told = Arc::clone(&shared);
        let kinds = kinds.to_vec();
        let thread = std::thread::spawn(move || Crowd::new(address, kinds, count, told)?.run());
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// Connections that are open now.
    pub(crate) fn held(&self) -> usize {
        self.shared.held.load(Relaxed)
    }

    /// Opens no new connections any more.
    pub(crate) fn renew_no_more(&self) {
        self.shared.renews.store(false, Relaxed);
    }

    /// Lets go of all connections.
    ///
    /// # Errors
    ///
    /// When the attackers themselves failed.
    pub(crate) fn stop(mut self) -> Result<Toll> {
        self.shared.stop.store(true, Relaxed);
        let thread = self
            .thread
            .take()
            .ok_or_else(|| anyhow!("stopped before"))?;
        thread
            .join()
            .map_err(|_| anyhow!("the attackers panicked"))?
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
    }
}

struct Attacker {
    kind: Kind,
    stream: TcpStream,
    /// Since when the server could count: the connection stands and the opening is sent.
    begun: Option<Instant>,
}

struct Crowd {
    address: SocketAddr,
    kinds: Vec<Kind>,
    attackers: Vec<Option<Attacker>>,
    /// Places without a connection, and from when on they get one.
    vacant: VecDeque<(Instant, usize)>,
    poll: Poll,
    connecting: usize,
    /// Connections so far.
    made: f64,
    source: u8,
    toll: Toll,
    shared: Arc<Shared>,
}

impl Crowd {
    fn new(
        address: SocketAddr,
        kinds: Vec<Kind>,
        count: usize,
        shared: Arc<Shared>,
    ) -> Result<Self> {
        Ok(Self {
            address,
            kinds,
            attackers: (0..count).map(|_| None).collect(),
            vacant: (0..count).map(|place| (Instant::now(), place)).collect(),
            poll: Poll::new().context("epoll")?,
            connecting: 0,
            made: 0.0,
            source: 0,
            toll: Toll::default(),
            shared,
        })
    }

    fn run(mut self) -> Result<Toll> {
        let mut events = Events::with_capacity(1024);
        let started = Instant::now();
        let mut dripped = 0;
        while !self.shared.stop.load(Relaxed) {
            if self.shared.renews.load(Relaxed) {
                self.fill(started)?;
            }
            match self.poll.poll(&mut events, Some(Duration::from_millis(10))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => other.context("epoll")?,
            }
            for event in &events {
                self.advance(event.token().0);
            }
            dripped = self.drip(started, dripped);
            let held = self.attackers.len() - self.vacant.len() - self.connecting;
            self.shared.held.store(held, Relaxed);
        }
        for attacker in self.attackers.iter().flatten() {
            if attacker.begun.is_some() {
                self.toll.left[attacker.kind as usize] += 1;
            }
        }
        Ok(self.toll)
    }

    fn fill(&mut self, started: Instant) -> Result<()> {
        while self.connecting < CONNECTING
            && self.made < started.elapsed().as_secs_f64() * PER_SECOND
            && let Some((from, place)) = self.vacant.front().copied()
            && from <= Instant::now()
        {
            self.vacant.pop_front();
            let kind = self.kinds[place % self.kinds.len()];
            self.source = self.source % SOURCES + 1;
            let mut stream = connect(self.address, self.source, kind).context("connecting")?;
            let interest = match kind {
                // Reading is what this one does not do; the end of the connection is told all the same.
                Kind::Read => Interest::WRITABLE,
                _ => Interest::READABLE | Interest::WRITABLE,
            };
            self.poll
                .registry()
                .register(&mut stream, Token(place), interest)
                .context("epoll")?;
            self.attackers[place] = Some(Attacker {
                kind,
                stream,
                begun: None,
            });
            self.connecting += 1;
            self.made += 1.0;
        }
        Ok(())
    }

    fn advance(&mut self, place: usize) {
        let Some(attacker) = &mut self.attackers[place] else {
            return;
        };
        if attacker.begun.is_none() {
            match attacker.stream.peer_addr() {
                Ok(_) => {
                    self.connecting -= 1;
                    let sent = attacker.stream.write(attacker.kind.opening());
                    attacker.begun = Some(Instant::now());
                    if sent.is_err() {
                        return self.end(place);
                    }
                }
                Err(_) => {
                    if !matches!(attacker.stream.take_error(), Ok(None)) {
                        self.connecting -= 1;
                        self.end(place);
                    }
                    return;
                }
            }
        }
        if attacker.kind == Kind::Read {
            // Only a reset is seen without reading, and a reset is how a stalled writer must end.
            if !matches!(attacker.stream.take_error(), Ok(None)) {
                self.end(place);
            }
            return;
        }
        let mut answer = [0; 4096];
        loop {
            match attacker.stream.read(&mut answer) {
                Ok(0) => return self.end(place),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.end(place),
            }
        }
    }

    /// Sends a byte on each connection once in [`DRIP`], evenly over the time.
    fn drip(&mut self, started: Instant, done: u64) -> u64 {
        let count = self.attackers.len() as u64;
        let wanted = u64::try_from(started.elapsed().as_millis()).unwrap_or(0) * count
            / u64::try_from(DRIP.as_millis()).unwrap_or(1);
        for number in done..wanted.min(done + count) {
            let place = usize::try_from(number % count).unwrap_or(0);
            let Some(attacker) = &mut self.attackers[place] else {
                continue;
            };
            if attacker.begun.is_some() && attacker.kind.drips() {
                match attacker.stream.write(b"x") {
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => self.end(place),
                    _ => {}
                }
            }
        }
        wanted
    }

    fn end(&mut self, place: usize) {
        let Some(attacker) = self.attackers[place].take() else {
            return;
        };
        if let Some(begun) = attacker.begun {
            let kind = attacker.kind as usize;
            self.toll.ended[kind] += 1;
            self.toll.longest[kind] = self.toll.longest[kind].max(begun.elapsed());
        }
        self.vacant.push_back((Instant::now() + PAUSE, place));
    }
}

fn connect(to: SocketAddr, from: u8, kind: Kind) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if kind == Kind::Read {
        socket.set_recv_buffer_size(NARROW)?;
    }
    socket.bind(&SocketAddr::from(([127, 0, 2, from], 0)).into())?;
    match socket.connect(&to.into()) {
        Err(error) if error.raw_os_error() != Some(nix::errno::Errno::EINPROGRESS as i32) => {
            Err(error)
        }
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}
