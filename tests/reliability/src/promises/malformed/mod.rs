//! Promise 6: malformed and mutated requests are answered in the envelope; nothing crashes or hangs.
//!
//! Each request of the corpus has a connection of its own, behind none to two good requests, whose
//! answers must come first. Key type: [`Tally`].

mod corpus;

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use socket2::{Domain, Protocol, Socket, Type};

use crate::load::Answer;
use crate::promise::{Finding, Suite};
use crate::service::ask;
use corpus::Case;

/// Threads that send the corpus.
const THREADS: u8 = 12;
/// Threads for the cases whose client waits for the server to end the connection.
const PATIENT: u8 = 32;
/// Every how many cases the client waits.
const WAITS_EVERY: u64 = 500;
/// Every how many cases of a thread a good request must be answered.
const GOOD_EVERY: u64 = 200;
/// A server that has not ended the connection by then hangs.
const HANGS: Duration = Duration::from_secs(20);
/// Failures that are printed.
const SHOWN: usize = 5;

/// What all threads have seen.
#[derive(Debug, Default)]
struct Tally {
    statuses: BTreeMap<u16, u64>,
    cases: u64,
    unanswered: u64,
    failures: Vec<String>,
}

/// Sends the corpus to one process.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    let mut service = suite
        .service("6-malformed")
        .alone()
        .set("flyer_keepalive", 2)
        .set("flyer_header_timeout", 2)
        .run()?;
    let address = service.address;
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let tally = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for thread in 0..THREADS + PATIENT {
            let patient = thread >= THREADS;
            let (next, tally) = (&next, &tally);
            scope.spawn(move || {
                let own = if patient {
                    wait_for_ends(suite, address, thread)
                } else {
                    send_all(suite, address, thread, next)
                };
                if let Ok(mut tally) = tally.lock() {
                    tally.add(own);
                }
            });
        }
    });
    let took = began.elapsed();
    let tally = tally.into_inner().context("a thread panicked")?;
    finding.expect(service.is_running(), || {
        format!("the service died: {}", service.printed())
    });
    let panics = service.printed().matches("panicked").count();
    finding.expect(panics == 0, || format!("panics: {}", service.printed()));
    finding.expect(tally.cases >= suite.corpus, || {
        format!("only {} of {} cases were sent", tally.cases, suite.corpus)
    });
    for failure in tally.failures.iter().take(SHOWN) {
        finding.missed.push(failure.clone());
    }
    finding.expect(tally.failures.len() <= SHOWN, || {
        format!("and {} more", tally.failures.len() - SHOWN)
    });
    let statuses: Vec<_> = tally
        .statuses
        .iter()
        .map(|(status, count)| format!("{status}: {count}"))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = tally.cases as f64 / took.as_secs_f64();
    finding.figure(format!(
        "{} requests from seed {} at {rate:.0}/s: {} failures; answers {}; {} closed without one",
        tally.cases,
        suite.seed,
        tally.failures.len(),
        statuses.join(", "),
        tally.unanswered,
    ));
    Ok(finding)
}

fn send_all(suite: &Suite, address: SocketAddr, thread: u8, next: &AtomicU64) -> Tally {
    let mut tally = Tally::default();
    loop {
        let number = next.fetch_add(1, Relaxed);
        if number >= suite.corpus || tally.failures.len() > SHOWN {
            return tally;
        }
        let case = Case::new(suite.seed, number);
        tally.judge(&case, exchange(address, thread, &case, true));
        if number.is_multiple_of(GOOD_EVERY) {
            let good = ask(address, "GET", "/items/1");
            if !matches!(&good, Ok(answer) if answer.status == 200) {
                tally
                    .failures
                    .push(format!("after case {number} a good request: {good:?}"));
            }
        }
    }
}

/// The cases whose client does not close its side: the server's time limits end them.
fn wait_for_ends(suite: &Suite, address: SocketAddr, thread: u8) -> Tally {
    let mut tally = Tally::default();
    let mut number = u64::from(thread - THREADS) * WAITS_EVERY;
    while number < suite.corpus {
        // Numbers of their own, behind those of the others.
        let case = Case::new(suite.seed, suite.corpus + number);
        tally.judge(&case, exchange(address, thread, &case, false));
        number += u64::from(PATIENT) * WAITS_EVERY;
    }
    tally
}

impl Tally {
    fn add(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.cases += other.cases;
        self.unanswered += other.unanswered;
        self.failures.extend(other.failures);
    }

    fn judge(&mut self, case: &Case, received: Result<Vec<u8>>) {
        self.cases += 1;
        let verdict =
            received.and_then(|bytes| self.read(case, &bytes).with_context(|| shown(&bytes)));
        if let Err(error) = verdict {
            self.failures.push(format!(
                "case {} of seed {}: {error:#}; sent {}",
                case.number,
                case.seed,
                shown(&case.bytes)
            ));
        }
    }

    /// Reads all answers: those of the good requests first, then of what the bad one was taken for.
    fn read(&mut self, case: &Case, mut bytes: &[u8]) -> Result<()> {
        let mut count = 0;
        while !bytes.is_empty() {
            let bare = case.may_be_head() && has_no_body(bytes)?;
            let answer = Answer::read(bytes, bare)?.context("an answer that is not whole")?;
            bytes = &bytes[answer.length..];
            if answer.status < 200 {
                continue;
            }
            *self.statuses.entry(answer.status).or_default() += 1;
            if count < case.good {
                ensure!(
                    answer.status == 200,
                    "a good request was answered {}",
                    answer.status
                );
            }
            ensure!(
                !matches!(answer.status, 500 | 502..=504 | 506..),
                "answered {}",
                answer.status
            );
            let is_failure = answer.status >= 400 && !bare;
            if is_failure && let Some(reason) = answer.not_in_envelope() {
                bail!("outside the envelope: {reason}");
            }
            count += 1;
        }
        ensure!(
            count >= case.good,
            "{count} of {} good requests were answered",
            case.good
        );
        self.unanswered += u64::from(count == case.good);
        Ok(())
    }
}

/// Whether an answer to what may have been HEAD ends with its head: a failure of the protocol has a
/// body all the same, since what the method was is not certain then.
fn has_no_body(bytes: &[u8]) -> Result<bool> {
    let head = Answer::read(bytes, true)?.context("an answer that is not whole")?;
    let rest = &bytes[head.length..];
    Ok(rest.is_empty() || rest.starts_with(b"HTTP/1."))
}

/// Sends a case and reads until the server ends the connection.
fn exchange(address: SocketAddr, thread: u8, case: &Case, half_close: bool) -> Result<Vec<u8>> {
    let mut stream = connect(address, thread)?;
    for piece in case.pieces() {
        match stream.write_all(piece) {
            Ok(()) => {}
            // Answered and closed before all was sent.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                ) => {}
            Err(error) => return Err(error).context("sending"),
        }
    }
    if half_close {
        _ = stream.shutdown(Shutdown::Write);
    }
    let mut received = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(received),
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            // Only after everything that counts: more was sent than the server reads after a failure.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(received),
            Err(_) => bail!("hangs after {HANGS:?} and {} bytes", received.len()),
        }
    }
}

fn connect(address: SocketAddr, thread: u8) -> Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    // An address for each thread, so that ports last.
    socket.bind(&SocketAddr::from(([127, 0, 3, thread + 1], 0)).into())?;
    socket.set_tcp_nodelay(true)?;
    socket.set_read_timeout(Some(HANGS))?;
    socket.set_write_timeout(Some(HANGS))?;
    socket.connect(&address.into()).context("connecting")?;
    Ok(socket.into())
}

/// The beginning of some bytes, readable.
fn shown(bytes: &[u8]) -> String {
    let text = bytes[..bytes.len().min(400)].escape_ascii().to_string();
    if bytes.len() > 400 {
        format!("{text}... ({} bytes)", bytes.len())
    } else {
        text
    }
}
