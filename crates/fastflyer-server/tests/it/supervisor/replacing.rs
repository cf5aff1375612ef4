//! Workers that are replaced while they serve: no request is lost.

use super::{load::Load, support::*};
use crate::support::Client;
use fastflyer_server::supervisor::control;
use nix::sys::signal::Signal;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Short, so that drained workers are soon gone, but longer than a client under load stands still.
const SWIFT: &[&str] = &["workers=2", "keep_alive=3000"];

#[test]
fn a_rolling_restart_loses_no_request() {
    let mut service = Service::ready(SWIFT);
    let load = Load::start(service.address());
    for generation in 2..=4 {
        load.go_on(500);
        service.signal(Signal::SIGHUP);
        service.expect(&format!(
            "rolling restart done: generation {generation} serves"
        ));
    }
    service.expect_times("exited with code 0", 6);
    load.go_on(500);
    let (_, pids) = load.finish();
    assert!(pids.len() >= 4, "{pids:?}");
    service.expect_answers_of(4);
    assert!(!service.ask("/").first);
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
    assert_eq!(service.count("died: 0"), 1);
    service.assert_gone();
}

#[test]
fn a_generation_that_does_not_start_leaves_the_old_one_alone() {
    let mut service = Service::ready(SWIFT);
    let load = Load::start(service.address());
    let old: Vec<i32> = service.workers();
    service.behave("fail", "a mistake");
    service.signal(Signal::SIGHUP);
    let line = service.expect("rolling restart failed");
    assert!(
        line.contains("the old workers serve on: the application did not start: a mistake"),
        "{line}"
    );
    service.behave_again("fail");
    let (_, pids) = load.finish();
    assert!(pids.iter().all(|pid| old.contains(pid)), "{pids:?} {old:?}");
    // And the next one is as good as any.
    service.signal(Signal::SIGHUP);
    service.expect("rolling restart done");
}

#[test]
fn workers_are_added_and_taken_away() {
    let mut service = Service::ready(&["workers=1", "keep_alive=3000"]);
    let load = Load::start(service.address());
    service.signal(Signal::SIGTTIN);
    service.expect("all workers are ready now: 2");
    service.signal(Signal::SIGTTIN);
    service.expect("all workers are ready now: 3");
    service.signal(Signal::SIGTTOU);
    service.expect("all workers are ready now: 2");
    service.signal(Signal::SIGTTOU);
    service.expect("all workers are ready now: 1");
    service.signal(Signal::SIGTTOU);
    service.expect("a worker less refused: one worker is the least");
    service.expect_times("exited with code 0", 2);
    load.go_on(500);
    load.finish();
    assert_eq!(service.workers().len(), 3);
}

#[test]
fn workers_that_have_served_their_number_are_replaced() {
    let mut service = Service::ready(&["workers=2", "keep_alive=3000", "max_requests=150"]);
    let load = Load::start(service.address());
    for _ in 0..3 {
        service.expect("drains: it has served its number of requests");
        service.expect("exited with code 0");
    }
    let (count, pids) = load.finish();
    assert!(pids.len() >= 4 && count >= 300, "{count} {pids:?}");
}

#[test]
fn a_worker_that_is_sent_term_is_replaced() {
    let mut service = Service::ready(&["workers=1", "graceful=5000"]);
    let mut slow = service.connect();
    slow.send(b"GET /slow?400 HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread::sleep(Duration::from_millis(100));
    let old = service.workers()[0];
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(old), Signal::SIGTERM).unwrap();
    service.expect("drains: it was sent TERM");
    assert_eq!(slow.answer().status, 200);
    // Until it has ended it may take one more connection.
    service.expect("exited with code 0");
    assert_ne!(service.ask("/").pid, old);
}

#[test]
fn a_blocked_worker_is_replaced_and_its_healthy_loops_finish() {
    let mut service = Service::ready(&["workers=1", "loops=2", "timeout=2000", "keep_alive=3000"]);
    let old = service.workers()[0];
    // Two connections, one on each loop: each is taken before the next one comes.
    let mut blocked = Client::answered(service.address());
    let mut healthy = Client::answered(service.address());
    blocked.send(b"GET /block?25000 HTTP/1.1\r\nHost: a\r\n\r\n");
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(100));
    healthy.send(b"GET /slow?2500 HTTP/1.1\r\nHost: a\r\n\r\n");
    service.expect("is blocked: event loops [");
    service.expect("is ready after");
    let after = start.elapsed();
    println!("replaced {} ms after the block began", after.as_millis());
    assert!(after < Duration::from_secs(15), "{after:?}");
    // A last connection may still be accepted for the blocked loop.
    std::thread::sleep(Duration::from_millis(500));
    assert_ne!(service.ask("/").pid, old);
    assert_eq!(healthy.answer().status, 200);
    service.expect("was killed by SIGKILL");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(!is_alive(old));
}

#[test]
fn a_start_that_waits_is_no_hang_and_one_that_blocks_is() {
    let mut service = Service::start(&["workers=1", "timeout=1000"]);
    service.behave("wait", "");
    service.expect("started");
    // As it happens the worker may have started before it could be told to wait.
    let early = service
        .expect_within("is ready", Duration::from_millis(2_500))
        .is_some();
    service.behave_again("wait");
    if !early {
        service.expect("is ready");
    }
    service.behave("block", "");
    service.signal(Signal::SIGHUP);
    service.expect("is blocked: event loops");
    service.expect("rolling restart failed");
    service.ask("/");
}

/// A copy of this program that says it is that release.
fn install(path: &Path, release: &str) {
    let mut program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    program.extend(format!("\nrelease={release}\n").into_bytes());
    replace(path, &program);
}

/// As a package manager does it: the running file stays what it is.
fn replace(path: &Path, program: &[u8]) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let new = path.with_extension("new");
    let mut file = std::fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o755)
        .open(&new)
        .unwrap();
    file.write_all(program).unwrap();
    drop(file);
    std::fs::rename(new, path).unwrap();
}

#[test]
fn an_upgrade_takes_the_program_on_disk_without_losing_a_request() {
    let programs = tempfile::tempdir().unwrap();
    let path: PathBuf = programs.path().join("service");
    install(&path, "1");
    let (command, folder) = command(&path, SWIFT);
    let mut service = Service::spawn(command, folder);
    service.expect_ready();
    let load = Load::start(service.address());
    assert_eq!(service.ask("/").release, "1");
    // Twice, so that the second one is from a supervisor that was itself taken over.
    for (generation, release) in [(2, "2"), (3, "3")] {
        install(&path, release);
        load.go_on(500);
        service.signal(Signal::SIGUSR2);
        service.expect("upgrade: the supervisor becomes the new program");
        service.expect(&format!("upgrade done: generation {generation} serves"));
        // Until they have ended the old ones may take one more connection each.
        service.expect_times("exited with code 0", 2 * (generation as usize - 1));
        assert_eq!(service.ask("/").release, release);
    }
    load.go_on(500);
    let (_, pids) = load.finish();
    assert!(pids.len() >= 4, "{pids:?}");
    assert_eq!(service.count("did not start"), 0);
    // The process is the one that was started, with all that it is known by.
    let mut client = control::Client::connect(&service.control(), PATIENCE).unwrap();
    let status = client.status().unwrap();
    assert_eq!((status.pid, status.reloads), (service.pid(), 2));
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
    service.assert_gone();
}

#[test]
fn a_program_that_does_not_start_is_not_taken() {
    let programs = tempfile::tempdir().unwrap();
    let path: PathBuf = programs.path().join("service");
    install(&path, "1");
    let (command, folder) = command(&path, SWIFT);
    let mut service = Service::spawn(command, folder);
    service.expect_ready();
    let load = Load::start(service.address());
    let refused = "upgrade failed, the old workers serve on: ";
    // A file that is no program, one that ends at once, and none.
    for broken in [&b"\x7fELF nonsense"[..], b"#!/bin/sh\nexit 3\n"] {
        replace(&path, broken);
        service.signal(Signal::SIGUSR2);
        service.expect(refused);
    }
    std::fs::remove_file(&path).unwrap();
    service.signal(Signal::SIGUSR2);
    service.expect(refused);
    // One whose service does not start.
    install(&path, "2");
    service.behave("fail", "a mistake");
    service.signal(Signal::SIGUSR2);
    let line = service.expect(refused);
    assert!(line.contains("a mistake"), "{line}");
    service.behave_again("fail");
    let (_, pids) = load.finish();
    assert_eq!(pids, service.workers()[..2].iter().copied().collect());

    // What dies or is restarted runs the program that runs, not the one on disk.
    let victim = nix::unistd::Pid::from_raw(service.ask("/").pid);
    nix::sys::signal::kill(victim, Signal::SIGKILL).unwrap();
    service.expect("is ready after");
    assert_eq!(service.ask("/").release, "1");
    service.signal(Signal::SIGHUP);
    service.expect("rolling restart done");
    assert_eq!(service.ask("/").release, "1");
}
