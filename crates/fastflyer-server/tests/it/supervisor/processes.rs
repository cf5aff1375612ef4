//! Starting, dying, stopping.

use super::support::*;
use crate::support::GET;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

#[test]
fn workers_start_serve_and_stop() {
    let mut service = Service::ready(&["workers=2", "graceful=5000"]);
    let about = service.ask("/");
    assert_eq!(about.generation, 1);
    assert_eq!(about.first, about.index == 0);
    assert_eq!(service.workers().len(), 2);
    let mut slow = service.connect();
    slow.send(b"GET /slow?400 HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread::sleep(Duration::from_millis(100));
    service.signal(Signal::SIGTERM);
    assert_eq!(slow.answer().status, 200);
    assert_eq!(service.end().code(), Some(0));
    service.assert_gone();
    assert_eq!(
        service.count("Outcome { requests: 2, cut: 0, died: 0 }"),
        1,
        "{:#?}",
        service.printed
    );
}

#[test]
fn a_stop_during_the_start_waits_for_nothing() {
    let (command, folder) = command(
        &std::env::current_exe().unwrap(),
        &["workers=2", "graceful=25000"],
    );
    std::fs::write(folder.path().join("wait"), "").unwrap();
    let mut service = Service::spawn(command, folder);
    service.expect(" started");
    let start = Instant::now();
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(10));
    service.assert_gone();
}

#[test]
#[cfg(target_os = "linux")]
fn workers_start_with_the_usual_signals() {
    // As `nohup` and some shells start a program.
    let (service, own) = command(&std::env::current_exe().unwrap(), &["workers=1"]);
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", "trap '' HUP INT QUIT USR1 TERM; exec \"$0\" \"$@\""])
        .arg(service.get_program())
        .args(service.get_args())
        .stdout(std::process::Stdio::piped());
    let mut service = Service::spawn(shell, own);
    service.expect_ready();
    let worker = service.workers()[0];
    let mask = |process: &dyn std::fmt::Display, name: &str| {
        let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        // Without the real-time signals, which nobody here touches.
        u64::from_str_radix(line.unwrap().trim(), 16).unwrap() & 0x7fff_ffff
    };
    // All are blocked for the moment in which a thread is made.
    assert!(eventually(PATIENCE, || mask(&worker, "SigBlk:") == 0));
    // Of the signals that a service handles none is ignored, whatever was before.
    let handled = [
        Signal::SIGCHLD,
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
    ];
    let bit = |signal: Signal| 1 << (signal as i32 - 1);
    let handled = handled.into_iter().fold(0, |sum, one| sum | bit(one));
    // The others are as this process has them, which whoever runs it may have chosen. Every program
    // in Rust ignores PIPE.
    let others = mask(&"self", "SigIgn:") & !handled | bit(Signal::SIGPIPE);
    assert_eq!(mask(&worker, "SigIgn:"), others);
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn what_a_stop_cuts_is_counted() {
    let mut service = Service::ready(&["graceful=200"]);
    let mut slow = service.connect();
    slow.send(b"GET /slow?60000 HTTP/1.1\r\nHost: a\r\n\r\n");
    service.expect_requests(1);
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
    assert_eq!(
        service.count("Outcome { requests: 1, cut: 1, died: 0 }"),
        1,
        "{:#?}",
        service.printed
    );
}

#[test]
fn a_stop_under_load_loses_no_request() {
    let mut service = Service::ready(&[
        "workers=2",
        "graceful=20000",
        "keep_alive=20000",
        "linger=20000",
    ]);
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            // Connected before the stop, whenever its thread begins.
            let mut client = service.connect();
            let answered = Arc::clone(&answered);
            std::thread::spawn(move || {
                for count in 1_u64.. {
                    client.send(GET);
                    let answer = client.answer();
                    assert_eq!(answer.status, 200);
                    answered.fetch_add(1, Relaxed);
                    if answer.header("connection") == Some("close") {
                        return count;
                    }
                }
                0
            })
        })
        .collect();
    assert!(eventually(PATIENCE, || answered.load(Relaxed) >= 500));
    service.signal(Signal::SIGTERM);
    let sent: u64 = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .sum();
    assert_eq!(service.end().code(), Some(0));
    let line = format!("Outcome {{ requests: {sent}, cut: 0, died: 0 }}");
    assert_eq!(service.count(&line), 1, "{line} {:#?}", service.printed);
}

#[test]
fn what_waits_in_the_backlog_at_a_stop_is_served() {
    let mut service = Service::ready(&["workers=1", "graceful=10000", "timeout=0"]);
    let worker = Pid::from_raw(service.workers()[0]);
    kill(worker, Signal::SIGSTOP).unwrap();
    let mut clients: Vec<_> = (0..20).map(|_| service.connect()).collect();
    for client in &mut clients {
        client.send(GET);
    }
    service.signal(Signal::SIGTERM);
    service.expect("stopping");
    kill(worker, Signal::SIGCONT).unwrap();
    for client in &mut clients {
        assert_eq!(client.answer().status, 200);
    }
    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn a_killed_worker_is_replaced_at_once() {
    let mut service = Service::ready(&["workers=2"]);
    // A worker that has been well for a while, so that nothing is held back.
    std::thread::sleep(Duration::from_millis(2_100));
    let victim = service.workers()[0];
    let start = Instant::now();
    kill(Pid::from_raw(victim), Signal::SIGKILL).unwrap();
    service.expect("was killed by SIGKILL; it is replaced");
    service.expect("is ready after");
    let after = start.elapsed();
    println!("replaced after {} ms", after.as_millis());
    assert!(after < Duration::from_secs(10), "{after:?}");
    assert_eq!(service.count("died soon"), 0);
    service.signal(Signal::SIGTERM);
    assert_eq!(service.end().code(), Some(0));
    service.assert_gone();
}

#[test]
fn a_panic_costs_only_its_own_requests() {
    let mut service = Service::ready(&["workers=1"]);
    let mut doomed = service.connect();
    doomed.send(b"GET /abort HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(doomed.rest().0, b"");
    service.expect("was killed by SIGABRT; it is replaced");
    // It waits in the backlog until the replacement is there.
    assert_eq!(service.ask("/").generation, 1);
}

#[test]
fn a_service_that_cannot_start_says_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("fail"), "no database\nat db:3306").unwrap();
    let behaviour = format!("behaviour={}", folder.path().display());
    let (mut command, own) = command(&std::env::current_exe().unwrap(), &["workers=3"]);
    command.arg(behaviour);
    let mut service = Service::spawn(command, own);
    assert_eq!(service.end().code(), Some(1));
    let text = service.printed.join("\n");
    assert!(
        text.contains("error: the first worker did not start: the application did not start: no database\nat db:3306"),
        "{text}"
    );
    assert_eq!(service.workers().len(), 1, "{text}");
    service.assert_gone();
}

#[test]
fn workers_that_die_again_and_again_are_held_back() {
    let mut service = Service::ready(&["workers=1"]);
    service.behave("die", "");
    kill(Pid::from_raw(service.workers()[0]), Signal::SIGKILL).unwrap();
    for line in [
        "started in 100 ms",
        "started in 200 ms",
        "started in 400 ms",
    ] {
        service.expect(line);
    }
    service.behave_again("die");
    let end = Instant::now() + PATIENCE;
    while service
        .expect_within("died soon", Duration::from_secs(3))
        .is_some()
    {
        assert!(Instant::now() < end);
    }
    service.ask("/");
}

#[test]
fn an_interrupt_stops_gracefully_and_a_second_one_at_once() {
    let mut service = Service::ready(&["workers=2", "graceful=25000"]);
    let mut slow = service.connect();
    slow.send(b"GET /slow?25000 HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread::sleep(Duration::from_millis(100));
    // As from the keyboard: to all processes of the group.
    let group = Pid::from_raw(service.pid());
    killpg(group, Signal::SIGINT).unwrap();
    service.expect("stopping: requests in flight are finished");
    std::thread::sleep(Duration::from_millis(300));
    assert!(service.child.try_wait().unwrap().is_none());
    let start = Instant::now();
    killpg(group, Signal::SIGINT).unwrap();
    assert_eq!(service.end().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(10));
    service.assert_gone();
}

#[test]
fn nobody_outlives_a_killed_supervisor() {
    let mut service = Service::ready(&["workers=2", "timeout=0"]);
    // One of the two is blocked in its only event loop.
    let mut blocked = service.connect();
    blocked.send(b"GET /block?60000 HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    service.signal(Signal::SIGKILL);
    service.end();
    println!("all gone after {} ms", start.elapsed().as_millis());
    assert!(start.elapsed() < Duration::from_secs(15));
    service.assert_gone();
}
