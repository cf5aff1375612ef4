//! The control socket, by its client and by hand.

use super::support::*;
use fastflyer_server::{
    Error,
    supervisor::control::{Client, Reply, Request, ServiceState, WorkerState, find},
};
use nix::sys::signal::Signal;
use std::{
    io::{Read as _, Write as _},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        net::{UnixListener, UnixStream},
    },
};

fn client(service: &Service) -> Client {
    Client::connect(&service.control(), PATIENCE).unwrap()
}

#[test]
fn the_status_tells_of_the_service_and_its_workers() {
    let mut service = Service::ready(&["workers=2", "loops=2"]);
    service.ask("/");
    let mut client = client(&service);
    let mut status = client.status().unwrap();
    // Counts come with the next turn of the worker.
    assert!(eventually(PATIENCE, || {
        status = client.status().unwrap();
        let is_watched = status
            .workers
            .iter()
            .flat_map(|worker| &worker.loops)
            .all(|one| one.silent.is_some());
        status.requests == 1 && is_watched
    }));
    assert_eq!(status.pid, service.pid());
    assert_eq!(status.address, service.address().to_string());
    assert_eq!(status.state, ServiceState::Serving);
    assert_eq!((status.generation, status.wanted, status.died), (1, 2, 0));
    let pids: Vec<i32> = status.workers.iter().map(|worker| worker.pid).collect();
    assert_eq!(pids, service.workers());
    for (index, worker) in status.workers.iter().enumerate() {
        assert_eq!((worker.index, worker.generation), (index, 1));
        assert_eq!(worker.state, WorkerState::Ready);
        assert_eq!(worker.loops.len(), 2);
        assert!(
            worker
                .loops
                .iter()
                .all(|one| one.silent.is_some_and(|silent| silent < 10_000))
        );
        if cfg!(target_os = "linux") {
            assert!(worker.memory.is_some_and(|memory| memory > 1 << 20));
        }
    }
}

#[test]
fn commands_are_answered_when_they_are_done() {
    let mut service = Service::ready(&["workers=1", "keep_alive=300"]);
    let mut client = client(&service);
    let answer = client.command(&Request::Reload).unwrap();
    assert_eq!(answer, "rolling restart done: generation 2 serves");
    service.expect_answers_of(2);

    service.behave("fail", "a mistake");
    let refused = |outcome: Result<String, Error>| {
        let error = outcome.unwrap_err();
        assert!(error.is_refused(), "{error}");
        error.to_string()
    };
    let reason = refused(client.command(&Request::Reload));
    assert!(reason.contains("a mistake"), "{reason}");
    let reason = refused(client.command(&Request::Workers { count: 2 }));
    assert!(reason.contains("a mistake"), "{reason}");
    service.behave_again("fail");

    client.command(&Request::Workers { count: 3 }).unwrap();
    let status = client.status().unwrap();
    assert_eq!((status.wanted, status.reloads), (3, 1));
    assert_eq!(
        refused(client.command(&Request::Workers { count: 0 })),
        "one worker is the least"
    );
    assert!(
        client
            .command(&Request::Workers { count: usize::MAX })
            .is_err()
    );

    client.command(&Request::Reopen).unwrap();
    service.expect("log files are reopened");
    service.expect_times(" reopens", 3);
    service.signal(Signal::SIGUSR1);
    service.expect_times(" reopens", 6);

    assert_eq!(client.command(&Request::Stop).unwrap(), "stopped");
    assert_eq!(service.end().code(), Some(0));
    assert!(!service.control().exists());
    assert!(client.status().is_err());
}

#[test]
fn bad_and_slow_clients_are_no_harm() {
    let service = Service::ready(&["workers=1"]);
    let mut raw = UnixStream::connect(service.control()).unwrap();
    raw.write_all(b"{\"command\":\"fly\"}\n{\"command\":\"status\"}\n")
        .unwrap();
    raw.shutdown(std::net::Shutdown::Write).unwrap();
    let mut text = String::new();
    raw.read_to_string(&mut text).unwrap();
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Reply>(line).unwrap());
    assert!(matches!(lines.next(), Some(Reply::Refused(_))), "{text}");
    assert!(matches!(lines.next(), Some(Reply::Status(_))), "{text}");
    assert_eq!(lines.next(), None);

    let mut endless = UnixStream::connect(service.control()).unwrap();
    // The supervisor closes at some point: neither the write nor the read matters then.
    let _ = endless.write_all(&vec![b'x'; 1 << 20]);
    let _ = endless.read(&mut [0]);

    let silent: Vec<_> = (0..40)
        .map(|_| UnixStream::connect(service.control()).unwrap())
        .collect();
    // Those who ask and never read.
    let mut deaf = UnixStream::connect(service.control()).unwrap();
    deaf.set_nonblocking(true).unwrap();
    for _ in 0..10_000 {
        if deaf.write_all(b"{\"command\":\"status\"}\n").is_err() {
            break;
        }
    }
    client(&service).status().unwrap();
    drop(silent);
}

#[test]
fn the_socket_is_private_and_stale_ones_are_replaced() {
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().join("run");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    let stale = folder.join("1.sock");
    drop(UnixListener::bind(&stale).unwrap());
    let used = folder.join("control.sock");
    drop(UnixListener::bind(&used).unwrap());
    let program = std::env::current_exe().unwrap();
    let start = || {
        let (mut command, other) = command(&program, &["workers=1"]);
        command.arg(format!("control={}", used.display()));
        let mut service = Service::spawn(command, other);
        service.expect_ready();
        service
    };
    let _service = start();
    assert_eq!(find(&folder), std::slice::from_ref(&used));
    assert!(!stale.exists());
    assert_eq!(used.metadata().unwrap().mode() & 0o777, 0o600);

    // Two services cannot have one; the second serves without.
    let mut other = start();
    assert_eq!(other.count("no control socket"), 1, "{:#?}", other.printed);
    drop(other);
    assert_eq!(find(&folder), std::slice::from_ref(&used));

    // A folder where others could put a socket is not used.
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut third = start();
    assert_eq!(third.count("mode 0700"), 1, "{:#?}", third.printed);
}
