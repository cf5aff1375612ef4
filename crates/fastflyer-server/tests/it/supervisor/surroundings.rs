//! What surrounds the service: systemd, sockets of others, orphans.

use super::support::*;
use nix::sys::signal::Signal;
use std::{
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::net::{UnixDatagram, UnixStream},
    },
    process::{Command, Stdio},
};

#[test]
fn systemd_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut command, own) = command(
        &std::env::current_exe().unwrap(),
        &["workers=1", "keep_alive=300"],
    );
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "400000");
    let mut service = Service::spawn(command, own);
    let mut alive = 0;
    let mut told = |start: &str| {
        let mut bytes = [0; 4096];
        loop {
            let count = systemd.recv(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if text == "WATCHDOG=1" {
                alive += 1;
            }
            if text.starts_with(start) {
                return text;
            }
        }
    };
    assert_eq!(told("READY"), "READY=1\nSTATUS=all workers are ready: 1");
    for _ in 0..3 {
        told("WATCHDOG=1");
    }
    service.signal(Signal::SIGHUP);
    let text = told("RELOADING=1\nMONOTONIC_USEC=");
    let time = text.rsplit('=').next().unwrap().parse::<u64>().unwrap();
    assert!(time > 0);
    assert_eq!(
        told("READY"),
        "READY=1\nSTATUS=rolling restart done: generation 2 serves"
    );
    service.signal(Signal::SIGTERM);
    told("STOPPING=1");
    assert_eq!(service.end().code(), Some(0));
}

/// Starts the service with a socket as descriptor 3, as systemd does.
fn activated(arguments: &[&str], listener: OwnedFd) -> Service {
    let (service, own) = command(&std::env::current_exe().unwrap(), arguments);
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"")
        .arg(service.get_program())
        .args(service.get_args())
        .stdin(Stdio::from(listener))
        .stdout(Stdio::piped());
    let mut service = Service::spawn(shell, own);
    service.expect_ready();
    service
}

#[test]
fn a_socket_from_systemd_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut service = activated(
        &["workers=2", "keep_alive=300"],
        listener.try_clone().unwrap().into(),
    );
    assert_eq!(service.address(), address);
    service.ask("/");
    service.signal(Signal::SIGHUP);
    service.expect("rolling restart done");
    service.expect_answers_of(2);
    // It is still there for the next start.
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
    let mut service = activated(&["workers=1"], listener.into());
    service.ask("/");
}

#[test]
fn a_unix_socket_is_listened_on_by_all_and_removed_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let unix = format!("unix={}", path.display());
    let mut service = Service::ready(&["workers=2", "keep_alive=300", &unix]);
    let ask = || {
        use std::io::{Read as _, Write as _};
        let mut socket = UnixStream::connect(&path).unwrap();
        socket
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        text
    };
    ask();
    service.signal(Signal::SIGHUP);
    service.expect("rolling restart done");
    service.expect_times("exited with code 0", 2);
    assert!(ask().contains("generation=2"));
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
    assert!(!path.exists());
}

/// Children of the process that nobody has waited for.
#[cfg(target_os = "linux")]
fn zombies(parent: i32) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok())
        .filter(|text| {
            let fields = text
                .rsplit_once(") ")
                .map(|(_, fields)| fields)
                .unwrap_or_default();
            fields.starts_with(&format!("Z {parent} "))
        })
        .count()
}

#[test]
#[cfg(target_os = "linux")]
fn orphans_are_buried_and_taken_for_nobody() {
    let mut service = Service::ready(&["workers=2", "orphans=1"]);
    for _ in 0..5 {
        service.ask("/stray");
    }
    service.expect_times("which is no worker, has ended", 5);
    assert_eq!(zombies(service.pid()), 0);
    assert_eq!(service.workers().len(), 2);
    assert_eq!(service.count("replaced"), 0);
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn a_worker_of_another_version_says_so_and_ends() {
    use nix::{
        fcntl::{FcntlArg, FdFlag, fcntl},
        sys::stat::fstat,
    };
    use std::{io::Read as _, os::fd::AsRawFd as _};
    let (mut supervisor, link) = UnixStream::pair().unwrap();
    supervisor.set_read_timeout(Some(PATIENCE)).unwrap();
    fcntl(&link, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    let file = fstat(&link).unwrap();
    let (mut command, own) = command(&std::env::current_exe().unwrap(), &["workers=1"]);
    let call = serde_json::json!({
        "version": 99,
        "link": {"number": link.as_raw_fd(), "device": file.st_dev, "inode": file.st_ino},
        "something": "new",
    });
    command.env("FASTFLYER_WORKER", call.to_string());
    let mut service = Service::spawn(command, own);
    drop(link);
    assert_eq!(service.end().code(), Some(1));
    let mut text = String::new();
    supervisor.read_to_string(&mut text).unwrap();
    assert!(
        text.starts_with("{\"failed\":") && text.contains("speaks version 99"),
        "{text}"
    );
}

#[test]
fn a_grandchild_is_no_worker() {
    // It has the variable of a worker, but neither its descriptors nor its parent.
    let (mut command, own) = command(&std::env::current_exe().unwrap(), &["workers=1"]);
    let file = "{\"number\":5,\"device\":1,\"inode\":1}";
    command.env(
        "FASTFLYER_WORKER",
        format!(
            "{{\"version\":1,\"parent\":{},\"index\":0,\"generation\":1,\"is_first\":true,\
             \"listener\":{file},\"link\":{file},\"board\":{file}}}",
            std::process::id()
        ),
    );
    let mut service = Service::spawn(command, own);
    service.expect_ready();
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
}
