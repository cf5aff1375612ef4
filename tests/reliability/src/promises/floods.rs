//! Promise 7: clients that misuse HTTP/2 harm nobody else and cost little memory.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::load::{Load, Millis, Pace, Plan, Report};
use crate::proc;
use crate::promise::{Finding, Suite};
use crate::service::{Service, connect};

/// Requests a second of those who are to be served meanwhile, by HTTP/1.1 on the same port.
const RATE: f64 = 500.0;
/// Clients that flood at a time.
const ATTACKERS: usize = 8;
/// What each of them sends in a hundredth of a second.
const BURST: u32 = 50;
const TURN: Duration = Duration::from_millis(10);
/// The most memory, in KiB, that a flood may cost.
const MEMORY: u64 = 64 * 1024;
/// What a quiet time is taken to be at least: below, the turns of the client's own loop count.
const NOISE: Duration = Duration::from_millis(5);
/// How often the latency is measured until it is as promised: others use the machine too.
const ATTEMPTS: usize = 5;
/// The preface and an empty frame of settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// What a client sends with each number, from 0.
type Flood = fn(u32) -> Vec<u8>;

const FLOODS: [(&str, Flood); 5] = [
    ("rapid resets", |number| {
        [
            headers(5, stream(number)),
            frame(3, 0, stream(number), &8_u32.to_be_bytes()),
        ]
        .concat()
    }),
    // An update of a window by nothing makes the server send the reset.
    ("made resets", |number| {
        [
            headers(5, stream(number)),
            frame(8, 0, stream(number), &[0; 4]),
        ]
        .concat()
    }),
    ("pings", |_| frame(6, 0, 0, &[7; 8]).repeat(10)),
    ("settings", |_| frame(4, 0, 0, b"").repeat(10)),
    // A head that never ends.
    ("continuations", |number| match number {
        0 => headers(1, 1),
        _ => frame(9, 0, 1, &b"\0\x01x\x0212".repeat(100)),
    }),
];

/// One flood after the other, against the same service.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    let mut service = suite
        .service("7")
        .alone()
        .set("flyer_http2", 1)
        .run()
        .context("a service with HTTP/2")?;
    let seconds = suite.pick(2, 5);
    let mut figures = Vec::new();
    for (name, flood) in FLOODS {
        let mut latencies = Vec::new();
        let before = proc::resident(service.process)?;
        let sent = loop {
            let quiet = others(suite, &service, seconds)?.latency.p99();
            let attack = Attack::start(service.address, flood);
            let report = others(suite, &service, seconds)?;
            let sent = attack.stop();
            finding.expect(report.ledger.failed() == 0, || {
                format!("{name}: others failed: {}", report.failures())
            });
            latencies.push((quiet, report.latency.p99()));
            if is_kept(&latencies) || latencies.len() == ATTEMPTS {
                break sent;
            }
        };
        let grown = proc::resident(service.process)?.saturating_sub(before);
        let shown: Vec<_> = latencies
            .iter()
            .map(|(quiet, latency)| format!("{} (quiet {})", Millis(*latency), Millis(*quiet)))
            .collect();
        finding.expect(is_kept(&latencies), || {
            format!("{name}: p99 of others: {}", shown.join(", "))
        });
        finding.expect(grown < MEMORY, || format!("{name}: memory + {grown} KiB"));
        finding.expect(sent > 0, || format!("{name}: nothing was sent"));
        figures.push(format!("{name} p99 {}, + {grown} KiB", shown.join(", ")));
    }
    finding.expect(service.is_running(), || {
        format!("the service died: {}", service.printed())
    });
    finding.figure(figures.join("; "));
    Ok(finding)
}

fn others(suite: &Suite, service: &Service, seconds: u64) -> Result<Report> {
    let plan = Plan::mixed(service.address, &suite.run(), Pace::Fixed(RATE));
    let load = Load::start(plan);
    thread::sleep(Duration::from_secs(seconds));
    load.stop()
}

/// Whether one of the attempts was as promised: at most twice the quiet time.
fn is_kept(latencies: &[(Duration, Duration)]) -> bool {
    latencies
        .iter()
        .any(|(quiet, latency)| *latency <= (*quiet).max(NOISE) * 2)
}

/// Clients that flood until they are stopped; one whose connection the server ends comes again.
struct Attack {
    over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Attack {
    fn start(address: SocketAddr, flood: Flood) -> Self {
        let (over, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let threads = (0..ATTACKERS)
            .map(|_| {
                let (over, sent) = (Arc::clone(&over), Arc::clone(&sent));
                thread::spawn(move || {
                    while !over.load(Relaxed) {
                        // Nobody to flood: the load finds out why.
                        let _ = connect(address).map(|stream| pour(&stream, flood, &over, &sent));
                        thread::sleep(TURN);
                    }
                })
            })
            .collect();
        Self {
            over,
            sent,
            threads,
        }
    }

    /// How much was sent, in units of the flood.
    fn stop(self) -> u64 {
        self.over.store(true, Relaxed);
        for thread in self.threads {
            // One that panicked has sent what it has sent.
            let _ = thread.join();
        }
        self.sent.load(Relaxed)
    }
}

/// Sends bursts until the server ends the connection; what comes back is read, so that nothing is held up.
fn pour(stream: &TcpStream, flood: Flood, over: &AtomicBool, sent: &AtomicU64) {
    let mut writer = stream;
    let mut number = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut reader = stream;
            let mut piece = [0; 65_536];
            while let Ok(1..) = reader.read(&mut piece) {}
        });
        let mut good = writer.write_all(PREFACE).is_ok();
        while good && !over.load(Relaxed) {
            let burst: Vec<u8> = (number..number + BURST).flat_map(flood).collect();
            good = writer.write_all(&burst).is_ok();
            number += BURST;
            sent.fetch_add(u64::from(BURST), Relaxed);
            thread::sleep(TURN);
        }
        // Ends the reader too.
        let _ = stream.shutdown(Shutdown::Both);
    });
}

const fn stream(number: u32) -> u32 {
    number * 2 + 1
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET http://a/pid`, from the static table and as literals.
fn headers(flags: u8, stream: u32) -> Vec<u8> {
    frame(1, flags, stream, b"\x82\x86\x41\x01a\x44\x04/pid")
}
