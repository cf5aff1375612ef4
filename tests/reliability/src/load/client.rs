//! The loop of the load client: what is due goes to a connection that is free, what comes is checked.
//!
//! Key type: [`Client`].

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::{Events, Interest, Poll, Token};

use super::connection::{Connection, Open, Progress};
use super::ledger::request_id;
use super::{
    Answer, BODY, DEPTH, Failure, Histogram, Ledger, Loss, Pace, Plan, Report, Shared, Way,
};

/// A connection that was idle for longer is not used again: the server may be about to close it,
/// as it may after `flyer_keepalive`, which the suite sets to no less than twice this.
const IDLE: Duration = Duration::from_secs(1);
/// How often overdue answers are looked for.
const LOOK: Duration = Duration::from_millis(100);
/// How long a pipelined request waits for others to go with it.
const GATHER: Duration = Duration::from_millis(5);
/// Our own addresses 127.0.1.1 to this.
const SOURCES: u8 = 40;

/// Runs the plan to its end, or until it is told to stop.
///
/// # Errors
///
/// When the system refuses what every client needs.
pub(super) fn run(plan: &Plan, shared: &Shared) -> Result<Report> {
    Client::new(plan, shared)?.run()
}

struct Client<'a> {
    plan: &'a Plan,
    shared: &'a Shared,
    poll: Poll,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    lanes: Vec<Lane>,
    ledger: Ledger,
    latency: Histogram,
    started: Instant,
    processes: BTreeSet<u32>,
    open: u64,
    source: u8,
    body: Vec<u8>,
}

/// The requests and connections of one way.
struct Lane {
    way: Way,
    limit: usize,
    count: usize,
    /// Requests so far, for the turn of GET and POST.
    turn: usize,
    due: VecDeque<(usize, Instant)>,
    idle: VecDeque<usize>,
}

impl<'a> Client<'a> {
    fn new(plan: &'a Plan, shared: &'a Shared) -> Result<Self> {
        let lanes = plan.ways.iter().map(|&(way, limit)| Lane {
            way,
            limit,
            count: 0,
            turn: 0,
            due: VecDeque::new(),
            idle: VecDeque::new(),
        });
        let now = Instant::now();
        Ok(Self {
            plan,
            shared,
            poll: Poll::new().context("epoll")?,
            connections: Vec::new(),
            free: Vec::new(),
            lanes: lanes.collect(),
            ledger: Ledger::new(&plan.run),
            latency: Histogram::default(),
            started: now,
            processes: BTreeSet::new(),
            open: 0,
            source: 0,
            body: vec![b'x'; BODY],
        })
    }

    fn run(mut self) -> Result<Report> {
        let mut events = Events::with_capacity(1024);
        let mut piece = vec![0; 64 * 1024];
        let mut look = Instant::now();
        loop {
            let more = self.issue();
            for lane in 0..self.lanes.len() {
                self.send(lane, !more)?;
            }
            self.shared.issued.store(self.ledger.issued(), Relaxed);
            self.shared.open.store(self.open, Relaxed);
            if !more && self.open == 0 && self.lanes.iter().all(|lane| lane.due.is_empty()) {
                break;
            }
            match self.poll.poll(&mut events, Some(Duration::from_millis(1))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => other.context("epoll")?,
            }
            for event in &events {
                self.advance(event.token().0, &mut piece);
            }
            if look.elapsed() > LOOK {
                look = Instant::now();
                self.give_up(look);
            }
        }
        Ok(Report {
            ledger: self.ledger,
            latency: self.latency,
            processes: self.processes,
            took: self.started.elapsed(),
        })
    }

    /// Opens the requests that are due. False when there will be no more.
    fn issue(&mut self) -> bool {
        if self.shared.stop.load(Relaxed) {
            return false;
        }
        let limit = self.plan.requests.unwrap_or(u64::MAX);
        match self.plan.pace {
            Pace::Fixed(rate) => {
                let elapsed = self.started.elapsed().as_secs_f64();
                loop {
                    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                    let due = self.ledger.issued() as f64 / rate;
                    if due > elapsed || self.ledger.issued() >= limit {
                        break;
                    }
                    self.issue_one(self.started + Duration::from_secs_f64(due));
                }
            }
            Pace::Greedy => {
                let now = Instant::now();
                let room: usize = self.lanes.iter().map(Lane::room).sum();
                for _ in 0..room {
                    if self.ledger.issued() < limit {
                        self.issue_one(now);
                    }
                }
            }
        }
        self.ledger.issued() < limit
    }

    fn issue_one(&mut self, due: Instant) {
        let number = self.ledger.open();
        let count = self.lanes.len();
        let mut lane = number % count;
        if matches!(self.plan.pace, Pace::Greedy) {
            // The next in turn that has room: a full one must not hold up the others.
            lane = (0..count)
                .map(|step| (number + step) % count)
                .find(|lane| self.lanes[*lane].room() > 0)
                .unwrap_or(lane);
        }
        self.lanes[lane].due.push_back((number, due));
    }

    /// Gives the lane's due requests to connections. `all`: there will be no more to wait for.
    fn send(&mut self, lane: usize, all: bool) -> Result<()> {
        let depth = match self.lanes[lane].way {
            Way::Pipelined => DEPTH,
            Way::KeepAlive | Way::New => 1,
        };
        while let Some((_, oldest)) = self.lanes[lane].due.front() {
            if self.lanes[lane].due.len() < depth && !all && oldest.elapsed() < GATHER {
                return Ok(());
            }
            let Some(token) = self.connection(lane)? else {
                return Ok(());
            };
            for _ in 0..depth {
                if let Some((number, due)) = self.lanes[lane].due.pop_front() {
                    self.queue(lane, token, number, due);
                }
            }
            self.write(token);
        }
        Ok(())
    }

    /// A connection of the lane that is free, or a new one; `None` when all are busy.
    fn connection(&mut self, lane: usize) -> Result<Option<usize>> {
        while let Some(token) = self.lanes[lane].idle.pop_front() {
            match &self.connections[token] {
                Some(connection) if connection.idle_since.elapsed() < IDLE => {
                    return Ok(Some(token));
                }
                Some(_) => self.close(token),
                None => {}
            }
        }
        if self.lanes[lane].count >= self.lanes[lane].limit {
            return Ok(None);
        }
        self.source = self.source % SOURCES + 1;
        let way = self.lanes[lane].way;
        let mut connection = Connection::connect(self.plan.address, self.source, lane, way)
            .context("connecting from an address of 127.0.1.0/24")?;
        let token = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut connection.stream, Token(token), interest)
            .context("epoll")?;
        self.connections[token] = Some(connection);
        self.lanes[lane].count += 1;
        Ok(Some(token))
    }

    fn queue(&mut self, lane: usize, token: usize, number: usize, due: Instant) {
        let lane = &mut self.lanes[lane];
        lane.turn += 1;
        let is_post = self.plan.post_every > 0 && lane.turn.is_multiple_of(self.plan.post_every);
        let close = if lane.way == Way::New && lane.turn.is_multiple_of(2) {
            "connection: close\r\n"
        } else {
            ""
        };
        let id = request_id(&self.plan.run, number);
        let host = self.plan.address;
        let (line, length, body) = if is_post {
            let length = format!("content-type: text/plain\r\ncontent-length: {BODY}\r\n");
            ("POST /echo", length, self.body.as_slice())
        } else {
            ("GET /pid", String::new(), &[][..])
        };
        let head =
            format!("{line} HTTP/1.1\r\nhost: {host}\r\nx-request-id: {id}\r\n{close}{length}\r\n");
        if let Some(connection) = &mut self.connections[token] {
            let sent = Instant::now();
            connection.queue(&[head.as_bytes(), body], Open { number, due, sent });
            self.open += 1;
        }
    }

    fn write(&mut self, token: usize) {
        if let Some(connection) = &mut self.connections[token]
            && let Err(failure) = connection.write()
        {
            self.lose(token, failure);
        }
    }

    /// The socket may be written or read.
    fn advance(&mut self, token: usize, piece: &mut [u8]) {
        self.write(token);
        let Some(connection) = &mut self.connections[token] else {
            return;
        };
        let (answers, over) = match connection.read(piece) {
            Progress::Answers(answers) => (answers, None),
            Progress::Over(answers, failure) => (answers, Some(failure)),
        };
        let mut wrong = false;
        let came = !answers.is_empty();
        for answer in answers {
            wrong |= !self.check(token, &answer);
        }
        if wrong {
            self.lose(token, Failure::Wrong);
        } else if let Some(failure) = over {
            self.lose(token, failure);
        } else if came {
            self.settle(token);
        }
    }

    /// Books an answer. False when it is not the one that was waited for.
    fn check(&mut self, token: usize, answer: &Answer) -> bool {
        let Some(connection) = &mut self.connections[token] else {
            return false;
        };
        let Some(&open) = connection.open.front() else {
            return false;
        };
        if answer.request_id.as_deref() != Some(request_id(&self.plan.run, open.number).as_str()) {
            return false;
        }
        connection.open.pop_front();
        connection.answers += 1;
        connection.process = answer.process().or(connection.process);
        let now = Instant::now();
        self.processes.extend(connection.process);
        self.open -= 1;
        self.latency.add(now - open.due);
        self.ledger.answered(open.number, answer.status);
        true
    }

    /// After answers: the connection is free, or done.
    fn settle(&mut self, token: usize) {
        let Some(connection) = &mut self.connections[token] else {
            return;
        };
        if !connection.open.is_empty() {
            // What the server has said it closes brings no more answers.
            if connection.closing {
                self.lose(token, Failure::CutOff);
            }
            return;
        }
        if connection.closing || connection.kind == Way::New {
            self.close(token);
        } else {
            connection.idle_since = Instant::now();
            let lane = connection.way;
            self.lanes[lane].idle.push_back(token);
        }
    }

    /// The connection failed: what was open on it is lost.
    fn lose(&mut self, token: usize, failure: Failure) {
        let Some(connection) = &mut self.connections[token] else {
            return;
        };
        for open in std::mem::take(&mut connection.open) {
            self.open -= 1;
            self.ledger.lost(Loss {
                number: open.number,
                failure,
                sent: open.sent,
                is_first: connection.answers == 0,
                process: connection.process,
            });
        }
        self.close(token);
    }

    fn close(&mut self, token: usize) {
        let Some(connection) = self.connections[token].take() else {
            return;
        };
        let lane = &mut self.lanes[connection.way];
        lane.count -= 1;
        lane.idle.retain(|other| *other != token);
        self.free.push(token);
    }

    /// Gives up what has been due for too long, whether it was sent or found no free connection.
    fn give_up(&mut self, now: Instant) {
        for token in 0..self.connections.len() {
            let oldest = self.connections[token]
                .as_ref()
                .and_then(|c| c.open.front());
            if oldest.is_some_and(|open| now - open.due > self.plan.timeout) {
                self.lose(token, Failure::TimedOut);
            }
        }
        for lane in &mut self.lanes {
            while let Some((number, due)) = lane.due.front().copied()
                && now - due > self.plan.timeout
            {
                lane.due.pop_front();
                self.ledger.lost(Loss {
                    number,
                    failure: Failure::TimedOut,
                    sent: due,
                    is_first: true,
                    process: None,
                });
            }
        }
    }
}

impl Lane {
    /// How many requests a greedy client may still give the lane.
    fn room(&self) -> usize {
        let depth = if self.way == Way::Pipelined { DEPTH } else { 1 };
        let free = self.idle.len() + self.limit.saturating_sub(self.count);
        (free * depth).saturating_sub(self.due.len())
    }
}
