//! Promise 8: bodies that are too large, too deep or too many are refused at the limit, in little memory.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};

use crate::load::Answer;
use crate::proc;
use crate::promise::{Finding, Suite};
use crate::service::{connect, exchange};

/// The default of `flyer_body_limit`.
const LIMIT: u64 = 2 * 1024 * 1024;
/// What the promise is about.
const TEN_GIB: u64 = 10 * 1024 * 1024 * 1024;
/// The most memory, in KiB, that a body may cost.
const MEMORY: u64 = 8 * 1024;
/// A client that is not stopped by then could go on for ever.
const MOST_SENT: u64 = 64 * 1024 * 1024;

/// A way to send too much.
struct Case {
    name: &'static str,
    send: fn(SocketAddr) -> Result<(Answer, u64)>,
    /// The statuses that refuse it.
    wanted: &'static [u16],
}

const CASES: &[Case] = &[
    Case {
        name: "10 GiB by length",
        send: by_length,
        wanted: &[413],
    },
    Case {
        name: "10 GiB in chunks",
        send: in_chunks,
        wanted: &[413],
    },
    Case {
        name: "gzip bomb",
        send: gzip_bomb,
        wanted: &[400, 413, 415, 422],
    },
    Case {
        name: "`{\"a\":` 1,000,000 deep",
        send: deep_beyond_limit,
        wanted: &[413],
    },
    Case {
        name: "`{\"a\":` 400,000 deep",
        send: deep_within_limit,
        wanted: &[400, 422],
    },
    Case {
        name: "`[` 2,000,000 deep",
        send: deep_array,
        wanted: &[400, 422],
    },
    Case {
        name: "100,000 form fields",
        send: form_fields,
        wanted: &[400, 413, 422],
    },
    Case {
        name: "100,000 parts",
        send: parts,
        wanted: &[400, 413, 422],
    },
];

/// Sends each to one process and looks at its memory.
pub(crate) fn measure(suite: &Suite) -> Result<Finding> {
    let mut finding = Finding::default();
    let mut service = suite.service("8-bodies").alone().run()?;
    let address = service.address;
    // What every body costs the first time is no growth: a good one of each kind, of full size.
    let full = vec![b'x'; usize::try_from(LIMIT)?];
    for _ in 0..4 {
        exchange(address, &post("/echo", "application/octet-stream", &full))?;
        exchange(
            address,
            &post("/form", "application/x-www-form-urlencoded", b"name=a"),
        )?;
        exchange(address, &post("/json", "application/json", b"{\"a\":1}"))?;
    }
    let (mut statuses, mut most) = (Vec::new(), 0);
    for case in CASES {
        let before = proc::resident(service.process)?;
        proc::forget_peak(service.process)?;
        let (answer, sent) = (case.send)(address).context(case.name)?;
        let grown = proc::peak(service.process)?.saturating_sub(before);
        most = most.max(grown);
        statuses.push(answer.status.to_string());
        finding.expect(case.wanted.contains(&answer.status), || {
            format!("{}: answered {}", case.name, answer.status)
        });
        if let Some(reason) = answer.not_in_envelope() {
            finding.missed.push(format!("{}: {reason}", case.name));
        }
        finding.expect(sent < MOST_SENT, || {
            format!("{}: {sent} bytes were taken", case.name)
        });
        finding.expect(grown < MEMORY, || {
            format!("{}: memory + {grown} KiB", case.name)
        });
    }
    finding.expect(service.is_running(), || {
        format!("the service died: {}", service.printed())
    });
    finding.figure(format!(
        "{} ways to send too much: answered {}, memory + {} MiB at most",
        CASES.len(),
        statuses.join(" "),
        Mib(most),
    ));
    Ok(finding)
}

/// Prints KiB as MiB.
struct Mib(u64);

impl std::fmt::Display for Mib {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0 / 1024, self.0 % 1024 * 10 / 1024)
    }
}

fn post(path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Sends a head and then pieces until the server answers.
fn pour(address: SocketAddr, head: &str, piece: &[u8]) -> Result<(Answer, u64)> {
    let mut stream = connect(address)?;
    stream.write_all(head.as_bytes())?;
    let mut reader = stream.try_clone()?;
    // Reads while we write: the answer comes long before the end.
    let answer = std::thread::spawn(move || -> Result<Answer> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            if let Some(answer) = Answer::read(&bytes, false)? {
                // The writer notices.
                _ = reader.shutdown(Shutdown::Both);
                return Ok(answer);
            }
            let count = reader.read(&mut buffer).context("waiting for the answer")?;
            ensure!(count > 0, "closed without an answer");
            bytes.extend_from_slice(&buffer[..count]);
        }
    });
    let mut sent = 0;
    while sent < MOST_SENT && !answer.is_finished() {
        match stream.write(piece) {
            Ok(count) => sent += count as u64,
            Err(_) => break,
        }
    }
    let answer = answer
        .join()
        .map_err(|_| anyhow::anyhow!("the reader panicked"))??;
    Ok((answer, sent))
}

fn by_length(address: SocketAddr) -> Result<(Answer, u64)> {
    let head = format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {TEN_GIB}\r\n\r\n");
    pour(address, &head, &[b'x'; 64 * 1024])
}

fn in_chunks(address: SocketAddr) -> Result<(Answer, u64)> {
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut piece = b"10000\r\n".to_vec();
    piece.extend([b'x'; 0x10000]);
    piece.extend(b"\r\n");
    pour(address, head, &piece)
}

/// Compressed JSON that would be 256 MiB.
fn gzip_bomb(address: SocketAddr) -> Result<(Answer, u64)> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"{\"a\":\"")?;
    for _ in 0..256 {
        encoder.write_all(&[b'x'; 1024 * 1024])?;
    }
    encoder.write_all(b"\"}")?;
    let body = encoder.finish()?;
    let head = format!(
        "POST /json HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let bytes = [head.as_bytes(), &body].concat();
    Ok((send_whole(address, &bytes)?, bytes.len() as u64))
}

fn deep_beyond_limit(address: SocketAddr) -> Result<(Answer, u64)> {
    json(address, &"{\"a\":".repeat(1_000_000))
}

fn deep_within_limit(address: SocketAddr) -> Result<(Answer, u64)> {
    json(address, &"{\"a\":".repeat(400_000))
}

fn deep_array(address: SocketAddr) -> Result<(Answer, u64)> {
    json(address, &"[".repeat(2_000_000))
}

fn json(address: SocketAddr, body: &str) -> Result<(Answer, u64)> {
    let bytes = post("/json", "application/json", body.as_bytes());
    Ok((send_whole(address, &bytes)?, bytes.len() as u64))
}

fn form_fields(address: SocketAddr) -> Result<(Answer, u64)> {
    let mut body = String::from("name=a");
    (0..100_000).for_each(|number| body.push_str(&format!("&f{number}=1")));
    let bytes = post(
        "/form",
        "application/x-www-form-urlencoded",
        body.as_bytes(),
    );
    Ok((send_whole(address, &bytes)?, bytes.len() as u64))
}

fn parts(address: SocketAddr) -> Result<(Answer, u64)> {
    let part = "--b\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n";
    let body = part.repeat(100_000) + "--b--\r\n";
    let bytes = post(
        "/upload",
        "multipart/form-data; boundary=b",
        body.as_bytes(),
    );
    Ok((send_whole(address, &bytes)?, bytes.len() as u64))
}

/// Sends as much as the server takes, then reads the answer.
fn send_whole(address: SocketAddr, bytes: &[u8]) -> Result<Answer> {
    let mut stream = connect(address)?;
    // The server may have answered and closed before all is sent.
    _ = stream.write_all(bytes);
    crate::service::read_answer(&mut stream)
}
