//! A server under measurement: started, waited for, looked at through `/proc`, stopped by SIGTERM.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::servers::Server;

/// A running server; killed when dropped, so that no failure leaves one behind.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
    pub(crate) log: Option<PathBuf>,
    /// From `exec` to the end of the first answer of A.
    pub(crate) first_answer: Duration,
}

/// Under callgrind a server takes seconds to start, and to stop with its buffers full.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is to be started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) server: &'a Server,
    pub(crate) executable: &'a Path,
    /// What stands before it on the command line: taskset, valgrind, nothing.
    pub(crate) wrapper: &'a [String],
    pub(crate) logged: bool,
    /// Variables besides those of [`Server::environment`], or instead of them.
    pub(crate) variables: &'a [(&'static str, String)],
    pub(crate) scratch: &'a Path,
}

impl Running {
    /// Starts a server and waits until it answers.
    pub(crate) fn start(start: &Start<'_>) -> Result<Self, String> {
        let Start {
            server,
            executable,
            wrapper,
            logged,
            variables,
            scratch,
        } = *start;
        let port = free_port()?;
        let log = logged.then(|| scratch.join("access.log"));
        if let Some(log) = &log {
            fs::write(log, "").map_err(|error| format!("{}: {error}", log.display()))?;
        }
        let words: Vec<&str> = wrapper.iter().map(String::as_str).collect();
        let mut command = match words.split_first() {
            Some((program, rest)) => {
                let mut command = Command::new(program);
                command.args(rest).arg(executable);
                command
            }
            None => Command::new(executable),
        };
        let errors = scratch.join("stderr");
        let errors_file = fs::File::create(&errors).map_err(|error| error.to_string())?;
        let started = Instant::now();
        let child = command
            .args(server.arguments())
            .envs(server.environment(port, log.as_deref(), scratch))
            .envs(variables.iter().cloned())
            .current_dir(scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors_file)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", server.name))?;
        let mut running = Self {
            child,
            port,
            log,
            first_answer: Duration::ZERO,
        };
        running.wait_until_ready(started).map_err(|reason| {
            let errors = fs::read_to_string(&errors).unwrap_or_default();
            let last = errors.lines().rev().find(|line| !line.trim().is_empty());
            format!(
                "{} {reason}{}",
                server.name,
                last.map(|line| format!(": {line}")).unwrap_or_default()
            )
        })?;
        Ok(running)
    }

    fn wait_until_ready(&mut self, started: Instant) -> Result<(), String> {
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                return Err(format!("ended before it answered ({status})"));
            }
            if answers(self.port) {
                self.first_answer = started.elapsed();
                return Ok(());
            }
            sleep(Duration::from_micros(200));
        }
        Err("did not answer within a minute".to_owned())
    }

    /// User and system time so far.
    pub(crate) fn cpu(&self) -> Result<Duration, String> {
        let stat = self.proc("stat")?;
        let ticks = ticks(&stat).ok_or("unreadable /proc/PID/stat")?;
        Ok(Duration::from_secs_f64(
            f64::from(ticks)
                / f64::from(u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100)),
        ))
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> Result<u64, String> {
        resident(&self.proc("status")?).ok_or_else(|| "unreadable /proc/PID/status".to_owned())
    }

    fn proc(&self, file: &str) -> Result<String, String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
    }

    /// Asks the server to stop and waits for its end, so that its log is written and callgrind's file is there.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .ok_or("no process id")?;
        kill_process(pid, Signal::TERM).map_err(|error| format!("SIGTERM: {error}"))?;
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if self
                .child
                .try_wait()
                .map_err(|error| error.to_string())?
                .is_some()
            {
                return Ok(());
            }
            sleep(Duration::from_millis(5));
        }
        Err("did not end within a minute after SIGTERM".to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already reaped after `stop`; otherwise a failure is on its way up and says more than these could.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets what is started from now on have so many connections, and the files that a process has besides.
///
/// # Errors
///
/// Fails with the limit that stands in the way.
pub(crate) fn allow_files(connections: u32) -> Result<(), String> {
    let needed = u64::from(connections) + 500;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if maximum.is_some_and(|maximum| maximum < needed) {
        return Err(format!(
            "{connections} connections need {needed} open files, and `ulimit -Hn` says {}; raise it",
            maximum.unwrap_or_default()
        ));
    }
    let limit = Rlimit {
        current: Some(needed),
        maximum,
    };
    setrlimit(Resource::Nofile, limit).map_err(|error| format!("RLIMIT_NOFILE {needed}: {error}"))
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}

fn answers(port: u16) -> bool {
    let request = format!(
        "GET /health_check/async HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    );
    let mut answer = String::new();
    TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port)))
        .and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            stream.write_all(request.as_bytes())?;
            stream.read_to_string(&mut answer)
        })
        .is_ok_and(|_| answer.starts_with("HTTP/1.1 200"))
}

/// Fields 14 and 15 of `/proc/PID/stat`; the name before them may hold spaces and parentheses.
fn ticks(stat: &str) -> Option<u32> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 100 0 0";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("nonsense"), None);
        assert_eq!(ticks("1 (x) S 1"), None);
    }

    #[test]
    fn resident_memory_is_found() {
        assert_eq!(
            resident("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t   5120 kB\n"),
            Some(5120)
        );
        assert_eq!(resident("Name:\tx\n"), None);
    }

    #[test]
    fn a_limit_that_cannot_be_raised_is_named() {
        // Without a limit there is nothing to name.
        if let Some(maximum) = getrlimit(Resource::Nofile).maximum
            && let Ok(more) = u32::try_from(maximum)
        {
            let reason = allow_files(more).unwrap_err();
            assert!(reason.contains(&maximum.to_string()), "{reason}");
        }
        allow_files(1).unwrap();
    }

    #[test]
    fn our_own_process_is_readable() {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let status = fs::read_to_string("/proc/self/status").unwrap();
        assert!(ticks(&stat).is_some() && resident(&status).is_some_and(|kib| kib > 100));
    }
}
