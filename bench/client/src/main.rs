//! Keep-alive `GET`s of `AsyncClient` and of bare reqwest, in turns, in one process.
//!
//! The upstream is a thread of this process. Two times are measured: the one that passes, and the
//! processor time of the thread that runs the client, which does not count what the kernel and others
//! do meanwhile on other threads. Prints the medians for a call and their ratios; with `--check` it fails when a call
//! takes over 5 % more processor time, since the time that passes says more of the machine.

use fastkit::client::AsyncClient;
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::ExitCode,
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

const ROUNDS: usize = 101;
const CALLS: u32 = 400;
/// How many times the processor time of reqwest a call may take.
const MOST: f64 = 1.05;
const BODY: &str = r#"{"status":"success","code":200,"message":"ok","data":{"id":1},"error":{}}"#;

fn main() -> ExitCode {
    match run() {
        Ok(ratio) => {
            let check = std::env::args().any(|argument| argument == "--check");
            // Where there is no such figure, nothing was checked.
            if check && (ratio.is_nan() || ratio > MOST) {
                eprintln!(
                    "AsyncClient takes {ratio:.2} times the processor time of reqwest; {MOST:.2} is allowed"
                );
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// How many times the processor time of reqwest a call takes.
fn run() -> Result<f64, Box<dyn std::error::Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("http://{}/items/1?q=x", upstream()?);
    let ours = AsyncClient::builder().no_proxy().build()?;
    // As ours: the same limit, and redirects are followed, of which there are none.
    let bare = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(60))
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (mut of_ours, mut of_bare) = (Times::default(), Times::default());
        for round in 0..ROUNDS {
            // Whoever is first in a round may find the machine in another state.
            let (a, b) = if round % 2 == 0 {
                let a = ask_ours(&ours, &url).await?;
                (a, ask_bare(&bare, &url).await?)
            } else {
                let b = ask_bare(&bare, &url).await?;
                (ask_ours(&ours, &url).await?, b)
            };
            if round == 0 {
                continue;
            }
            of_ours.push(a);
            of_bare.push(b);
        }
        println!(
            "| client | µs for a call | ratio | processor µs | ratio |\n|---|--:|--:|--:|--:|"
        );
        let (wall, processor) = of_bare.medians();
        println!("| reqwest | {wall:.1} | 1.00 | {processor:.1} | 1.00 |");
        let (our_wall, our_processor) = of_ours.medians();
        let wall_ratio = our_wall / wall;
        let ratio = our_processor / processor;
        println!(
            "| **AsyncClient** | {our_wall:.1} | {wall_ratio:.2} | {our_processor:.1} | {ratio:.2} |"
        );
        Ok(ratio)
    })
}

async fn ask_ours(client: &AsyncClient, url: &str) -> Result<Time, fastkit::client::Error> {
    let started = Time::now();
    for _ in 0..CALLS {
        let answer = client.get(url).send().await?;
        assert_eq!(
            (answer.status_code(), answer.bytes().len()),
            (200, BODY.len())
        );
    }
    Ok(started.per_call())
}

async fn ask_bare(client: &reqwest::Client, url: &str) -> Result<Time, reqwest::Error> {
    let started = Time::now();
    for _ in 0..CALLS {
        let answer = client.get(url).send().await?;
        let status = answer.status();
        assert_eq!(
            (status.as_u16(), answer.bytes().await?.len()),
            (200, BODY.len())
        );
    }
    Ok(started.per_call())
}

/// Microseconds that have passed, and that this thread has run.
#[derive(Clone, Copy)]
struct Time {
    wall: f64,
    processor: f64,
}

impl Time {
    fn now() -> Self {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        Self {
            wall: START.elapsed().as_secs_f64() * 1e6,
            processor: processor_time(),
        }
    }

    fn per_call(self) -> Self {
        let now = Self::now();
        Self {
            wall: (now.wall - self.wall) / f64::from(CALLS),
            processor: (now.processor - self.processor) / f64::from(CALLS),
        }
    }
}

#[derive(Default)]
struct Times {
    wall: Vec<f64>,
    processor: Vec<f64>,
}

impl Times {
    fn push(&mut self, time: Time) {
        self.wall.push(time.wall);
        self.processor.push(time.processor);
    }

    fn medians(&mut self) -> (f64, f64) {
        (median(&mut self.wall), median(&mut self.processor))
    }
}

/// By Linux's scheduler; elsewhere there is no such figure.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds: Option<f64> = stat.split(' ').next().and_then(|text| text.parse().ok());
    nanoseconds.map_or(f64::NAN, |nanoseconds| nanoseconds / 1e3)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Answers every request with the same bytes; requests here are one packet without a body.
fn upstream() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let answer: Arc<str> = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
    .into();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || serve(socket, answer.as_bytes()));
        }
    });
    Ok(address)
}

fn serve(mut socket: TcpStream, answer: &[u8]) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = [0; 8192];
    let mut length = 0;
    loop {
        match socket.read(&mut buffer[length..])? {
            0 => return Ok(()),
            read => length += read,
        }
        if buffer[..length].ends_with(b"\r\n\r\n") {
            socket.write_all(answer)?;
            length = 0;
        }
    }
}
