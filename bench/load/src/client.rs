//! The loop: every connection sends a batch, reads until all of it is answered, and sends the next one.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::{
    answer::{Reader, Unexpected},
    case::Case,
    report::{Report, percentile},
};

/// What to do.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) case: Case,
    pub(crate) amount: Amount,
    pub(crate) connections: usize,
    pub(crate) depth: usize,
    /// Connections besides, that only lie there.
    pub(crate) idle: usize,
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    /// After exactly so many answers.
    Requests(u64),
    /// After that time; batches under way are finished.
    Time(Duration),
}

/// Longest wait for any answer before the run is given up. Generous: under callgrind a server is 50 times slower.
pub(crate) const SILENCE: Duration = Duration::from_secs(30);

pub(crate) struct Connection {
    stream: TcpStream,
    /// Bytes read and not yet understood.
    buffer: Vec<u8>,
    filled: usize,
    /// Bytes of the batch that the socket did not take yet.
    unsent: usize,
    /// Size of the batch in bytes.
    batch: usize,
    /// Requests of the batch without an answer.
    open: usize,
    sent_at: Instant,
}

/// Runs the plan over connections that are open and have nothing under way, and gives them back.
///
/// # Errors
///
/// Fails when the server does not answer for half a minute. A wrong answer is counted instead, and its connection not
/// used any more.
pub(crate) fn run(
    plan: &Plan,
    streams: Vec<std::net::TcpStream>,
) -> io::Result<(Report, Vec<Connection>)> {
    let mut poll = Poll::new()?;
    let started = Instant::now();
    let mut connections = Vec::with_capacity(streams.len());
    for (index, stream) in streams.into_iter().enumerate() {
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(
            &mut stream,
            Token(index),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        connections.push(Connection {
            stream,
            buffer: vec![0; 64 * 1024],
            filled: 0,
            unsent: 0,
            batch: 0,
            open: 0,
            sent_at: started,
        });
    }
    let report = Run::new(plan).drive(&mut poll, &mut connections)?;
    Ok((report, connections))
}

struct Run<'a> {
    plan: &'a Plan,
    reader: Reader,
    /// `depth` requests in a row; a shorter batch is its tail.
    batch: Vec<u8>,
    request_length: usize,
    started: Instant,
    /// Requests still to be sent, when they are counted.
    left: Option<u64>,
    deadline: Option<Instant>,
    answered: u64,
    /// Connections with an open batch.
    busy: usize,
    errors: u64,
    error: Option<String>,
    latencies: Vec<u32>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Self {
        let request = plan.case.request(&plan.address.to_string());
        let started = Instant::now();
        Self {
            plan,
            reader: Reader::new(),
            batch: request.repeat(plan.depth),
            request_length: request.len(),
            started,
            left: match plan.amount {
                Amount::Requests(count) => Some(count),
                Amount::Time(_) => None,
            },
            deadline: match plan.amount {
                Amount::Requests(_) => None,
                Amount::Time(time) => Some(started + time),
            },
            answered: 0,
            busy: 0,
            errors: 0,
            error: None,
            latencies: Vec::with_capacity(1 << 20),
        }
    }

    fn drive(mut self, poll: &mut Poll, connections: &mut [Connection]) -> io::Result<Report> {
        for connection in connections.iter_mut() {
            self.step(connection, Self::start);
        }
        let mut events = Events::with_capacity(1024);
        while self.busy > 0 {
            poll.poll(&mut events, Some(SILENCE))?;
            if events.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "no answer for half a minute",
                ));
            }
            for event in &events {
                let connection = &mut connections[event.token().0];
                // A failed connection has nothing open; late events of it mean nothing.
                if connection.open > 0 {
                    self.step(connection, Self::advance);
                }
            }
        }
        let seconds = self.started.elapsed().as_secs_f64();
        self.latencies.sort_unstable();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a request count is far below 2^52"
        )]
        let rate = self.answered as f64 / seconds;
        Ok(Report {
            requests: self.answered,
            opening: (self.plan.connections + self.plan.idle) as u64,
            seconds,
            rate,
            errors: self.errors,
            error: self.error,
            p50: percentile(&self.latencies, 50),
            p90: percentile(&self.latencies, 90),
            p99: percentile(&self.latencies, 99),
        })
    }

    /// Does the step; when it fails, counts that and gives the connection up.
    fn step(
        &mut self,
        connection: &mut Connection,
        step: impl FnOnce(&mut Self, &mut Connection) -> Result<(), String>,
    ) {
        if let Err(reason) = step(self, connection) {
            self.errors += 1;
            self.error.get_or_insert(reason);
            if connection.open > 0 {
                connection.open = 0;
                self.busy -= 1;
            }
        }
    }

    /// Sends the next batch, unless all is done.
    fn start(&mut self, connection: &mut Connection) -> Result<(), String> {
        let count = match &mut self.left {
            Some(left) => {
                let count = (self.plan.depth as u64).min(*left);
                *left -= count;
                usize::try_from(count).unwrap_or(self.plan.depth)
            }
            None => self.plan.depth,
        };
        let now = Instant::now();
        if count == 0 || self.deadline.is_some_and(|deadline| now >= deadline) {
            return Ok(());
        }
        self.busy += 1;
        connection.open = count;
        connection.batch = count * self.request_length;
        connection.unsent = connection.batch;
        connection.sent_at = now;
        self.send(connection)
    }

    fn send(&self, connection: &mut Connection) -> Result<(), String> {
        while connection.unsent > 0 {
            let from = connection.batch - connection.unsent;
            match connection.stream.write(&self.batch[from..connection.batch]) {
                Ok(count) => connection.unsent -= count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("write: {error}")),
            }
        }
        Ok(())
    }

    /// Goes on with what is open, as far as the socket allows.
    fn advance(&mut self, connection: &mut Connection) -> Result<(), String> {
        self.send(connection)?;
        loop {
            let free = &mut connection.buffer[connection.filled..];
            if free.is_empty() {
                return Err("an answer longer than 64 KiB".to_owned());
            }
            let room = free.len();
            let count = match connection.stream.read(free) {
                Ok(0) => return Err("the server closed the connection".to_owned()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(format!("read: {error}")),
            };
            connection.filled += count;
            self.understand(connection)?;
            if connection.open == 0 {
                self.busy -= 1;
                let micros = connection.sent_at.elapsed().as_micros();
                self.latencies
                    .push(u32::try_from(micros).unwrap_or(u32::MAX));
                // A short read emptied the socket, so the edge for the next answer is still to come.
                return self.start(connection);
            }
            if count < room {
                return Ok(());
            }
        }
    }

    fn understand(&mut self, connection: &mut Connection) -> Result<(), String> {
        let mut from = 0;
        while connection.open > 0 {
            let next = self
                .reader
                .next(&connection.buffer[from..connection.filled]);
            let Some(answer) = next.map_err(|Unexpected(what)| what.to_owned())? else {
                break;
            };
            if answer.status != 200 || !self.plan.case.is_answered_by(answer.body) {
                return Err(format!(
                    "status {} with body {:?}",
                    answer.status,
                    String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)])
                ));
            }
            from += answer.length;
            connection.open -= 1;
            self.answered += 1;
        }
        if connection.open == 0 && from < connection.filled {
            return Err("more bytes than answers were asked for".to_owned());
        }
        connection.buffer.copy_within(from..connection.filled, 0);
        connection.filled -= from;
        Ok(())
    }
}
