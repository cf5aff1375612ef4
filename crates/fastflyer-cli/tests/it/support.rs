//! Running the binary and what it starts, and asking services over HTTP.

use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// The command line in a folder, without settings of whoever runs the tests.
pub(crate) fn fastflyer(folder: &Path) -> Command {
    clean(env!("CARGO_BIN_EXE_fastflyer"), folder)
}

/// Any program, the same way.
pub(crate) fn clean(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_lowercase();
        if text.starts_with("flyer_") || text == "no_color" || text == "rust_log" {
            command.env_remove(name);
        }
    }
    command
}

/// Where cargo builds this workspace: created projects find the same dependencies there.
pub(crate) fn target_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

/// A running service. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    readers: Vec<JoinHandle<()>>,
    lines: Receiver<String>,
    /// Everything it has printed so far.
    pub(crate) output: String,
    /// `127.0.0.1:port`
    pub(crate) address: String,
}

impl Service {
    /// Starts a service on a free port and waits until it says where it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut service = Self::spawn(
            command
                .env("flyer_host", "127.0.0.1")
                .env("flyer_port", "0"),
        );
        let line = service.wait_for("listening on ");
        let (_, address) = line.split_once("listening on ").unwrap();
        service.address = address.trim().to_owned();
        // The banner ends with the health check.
        service.wait_for("/health_check");
        service
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        let readers = outputs.map(|output| {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            })
        });
        Self {
            child,
            readers: readers.into(),
            lines,
            output: String::new(),
            address: String::new(),
        }
    }

    /// Waits for a line with this text.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    self.keep(&line);
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {text:?} in time:\n{}", self.output),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without {text:?}:\n{}", self.output)
                }
            }
        }
    }

    fn keep(&mut self, line: &str) {
        self.output.push_str(line);
        self.output.push('\n');
    }

    /// The answer to a `GET`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        get(&self.address, path)
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Asks it to stop, and gives its exit code and everything it printed.
    pub(crate) fn stop(self) -> (Option<i32>, String) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        self.ended()
    }

    /// Waits until it has ended, and gives its exit code and everything it printed.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(
                Instant::now() < deadline,
                "it does not stop:\n{}",
                self.output
            );
            std::thread::sleep(Duration::from_millis(20));
        };
        for reader in std::mem::take(&mut self.readers) {
            reader.join().unwrap();
        }
        while let Ok(line) = self.lines.try_recv() {
            self.keep(&line);
        }
        (code, std::mem::take(&mut self.output))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer of a service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// One request, one connection.
pub(crate) fn get(address: &str, path: &str) -> Answer {
    send(address, &format!("GET {path}"))
}

/// A request as a line: `METHOD path`, then a JSON body or one header. A line that has no path goes
/// out as it is.
pub(crate) fn send(address: &str, request: &str) -> Answer {
    let mut words = request.splitn(3, ' ');
    let (method, path) = (words.next().unwrap(), words.next());
    let (header, body) = match words.next() {
        Some(body) if body.starts_with('{') => ("Content-Type: application/json", body),
        Some(header) => (header, ""),
        None => ("Accept: */*", ""),
    };
    let length = body.len();
    let bytes = match path {
        Some(path) => format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{header}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        ),
        None => format!("{method}\r\n\r\n"),
    };
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        body: String::from_utf8_lossy(&bytes[end + 4..]).into_owned(),
    }
}

/// All files under a folder, by their names with slashes.
pub(crate) fn files(root: &Path) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, names: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, names);
            } else {
                names.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    let mut names = Vec::new();
    walk(root, root, &mut names);
    names.sort();
    names
}
