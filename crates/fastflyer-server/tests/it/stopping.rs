//! Graceful stops, and what they cut.

use crate::{requests::eventually, support::*};
use fastflyer_server::{Application, Drain, Front, Peer, ProtocolError, Server};
use std::{
    net::TcpStream,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

#[test]
fn requests_in_flight_are_finished() {
    for front in FRONTS {
        let mut server = start(config(front));
        let mut client = Client::connect(server.address);
        client.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut idle = Client::connect(server.address);
        idle.send(GET);
        idle.answer();
        eventually(|| server.handle.stats().requests == 2);
        server.handle.stop();
        server.gate.open();
        assert_eq!(server.join().stats.cut, 0, "{front:?}");
        let (bytes, end) = client.rest();
        let answers = answers(&bytes);
        assert_eq!(
            (statuses(&answers), end),
            (vec![200, 200], End::Closed),
            "{front:?}"
        );
        // The last answer says so, and what was sent behind the first one is answered too.
        let said = answers.iter().map(|answer| answer.header("connection"));
        assert_eq!(said.collect::<Vec<_>>(), [None, Some("close")], "{front:?}");
        assert_eq!(idle.rest(), (Vec::new(), End::Closed), "{front:?}");
    }
}

#[test]
fn a_pipeline_that_has_arrived_is_answered_whole() {
    for front in FRONTS {
        let mut server = start(config(front));
        let mut client = Client::connect(server.address);
        // Larger than one read, so that most of it is still with the kernel at the stop.
        let mut batch = b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
        for _ in 0..4 {
            batch.extend(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
            batch.extend([b'x'; 10_000]);
        }
        client.send(&batch);
        eventually(|| server.handle.stats().requests == 1);
        server.handle.stop();
        server.gate.open();
        assert_eq!(server.join().stats.cut, 0, "{front:?}");
        let (bytes, end) = client.rest();
        let answers = answers(&bytes);
        assert_eq!(
            (statuses(&answers), end),
            (vec![200; 5], End::Closed),
            "{front:?}"
        );
        assert_eq!(answers[4].header("connection"), Some("close"), "{front:?}");
    }
}

#[test]
fn an_idle_connection_lingers_for_a_request_on_its_way() {
    for front in FRONTS {
        let mut config = config(front);
        config.timeouts.linger = Duration::from_secs(4);
        let mut server = start(config);
        let mut client = Client::connect(server.address);
        client.send(GET);
        assert_eq!(client.answer().header("connection"), None);
        server.handle.stop();
        std::thread::sleep(Duration::from_millis(400));
        client.send(GET);
        assert_eq!(
            client.answer().header("connection"),
            Some("close"),
            "{front:?}"
        );
        assert_eq!(client.rest().1, End::Closed);
        assert_eq!(server.join().stats.requests, 2, "{front:?}");
    }
}

#[test]
fn what_waits_in_the_backlog_is_served() {
    for front in FRONTS {
        let mut server = start(config(front));
        let mut blocking = Client::connect(server.address);
        blocking.send(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually(|| server.handle.stats().requests == 1);
        // While its only loop is blocked the server leaves nearly all of them in the backlog.
        let mut clients: Vec<_> = (0..20).map(|_| Client::connect(server.address)).collect();
        for client in &mut clients {
            client.send(GET);
        }
        server.handle.stop();
        server.gate.open();
        for client in clients.iter_mut().chain([&mut blocking]) {
            assert_eq!(client.answer().status, 200, "{front:?}");
        }
        let stats = server.join().stats;
        assert_eq!((stats.requests, stats.cut), (21, 0), "{front:?}");
    }
}

#[test]
fn who_comes_at_the_moment_of_the_stop_is_served_or_refused() {
    for front in FRONTS {
        let mut server = start(config(front));
        server.handle.stop();
        let Ok(socket) = TcpStream::connect(server.address) else {
            assert_eq!(server.join().stats.requests, 0, "{front:?}");
            continue;
        };
        let mut client = Client::over(socket);
        client.send(GET);
        // Either it was taken from the backlog and answered, or the listener was closed before it
        // came; what must not be is an accepted request without an answer.
        let (bytes, end) = client.rest();
        let report = server.join();
        assert_eq!(
            answers(&bytes).len() as u64,
            report.stats.requests,
            "{front:?} {end:?}"
        );
    }
}

#[test]
fn what_takes_longer_is_cut_and_counted() {
    for front in FRONTS {
        let mut config = config(front);
        config.timeouts.graceful = Duration::from_millis(300);
        let server = start(config);
        let mut clients: Vec<_> = (0..3).map(|_| Client::connect(server.address)).collect();
        for client in &mut clients {
            client.send(b"GET /slow?60000 HTTP/1.1\r\nHost: a\r\n\r\n");
        }
        eventually(|| server.handle.stats().requests == 3);
        let begun = Instant::now();
        assert_eq!(server.stop().stats.cut, 3, "{front:?}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn stopping_now_waits_for_nothing() {
    for front in FRONTS {
        let mut config = config(front);
        config.timeouts.graceful = Duration::from_secs(600);
        let mut server = start(config);
        let mut client = Client::connect(server.address);
        client.send(b"GET /slow?60000 HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually(|| server.handle.stats().requests == 1);
        server.handle.stop_now();
        assert_eq!(server.join().stats.cut, 1, "{front:?}");
    }
}

#[test]
fn a_stop_before_the_run_ends_it_at_once() {
    let mut server = start(config(Front::Fast));
    server.handle.stop();
    assert_eq!(server.join().stats.accepted, 0);
}

#[test]
fn a_signal_stops_gracefully() {
    let mut config = config(Front::Fast);
    config.signals = fastflyer_server::Signals::Handle;
    let mut server = start(config);
    let mut client = Client::connect(server.address);
    client.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually(|| server.handle.stats().requests == 1);
    let address = server.address;
    nix::sys::signal::raise(nix::sys::signal::Signal::SIGTERM).unwrap();
    // The stop has begun once nobody listens any more; the request is in flight until then.
    eventually(|| TcpStream::connect(address).is_err());
    server.gate.open();
    assert_eq!(client.answer().status, 200);
    assert_eq!(server.join().stats.cut, 0);
}

#[test]
fn a_handler_that_blocks_its_loop_does_not_hold_up_the_stop() {
    for front in FRONTS {
        let mut config = config(front);
        config.timeouts.graceful = Duration::from_millis(200);
        let server = start(config);
        let mut client = Client::connect(server.address);
        client.send(b"GET /block?20000 HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually(|| server.handle.stats().requests == 1);
        let begun = Instant::now();
        assert_eq!(server.stop().stats.cut, 1, "{front:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{front:?}");
    }
}

#[test]
fn no_request_is_lost_at_a_stop_under_load() {
    for front in FRONTS {
        let mut config = config(front);
        config.event_loops = 2;
        config.timeouts.linger = Duration::from_secs(20);
        config.timeouts.keep_alive = Duration::from_secs(20);
        config.timeouts.graceful = Duration::from_secs(20);
        let server = start(config);
        let address = server.address;
        let clients: Vec<_> = (0..8)
            .map(|number| {
                // Connected before the stop, whenever its thread begins.
                let mut client = Client::connect(address);
                std::thread::spawn(move || {
                    let mut count = 0u64;
                    loop {
                        if number % 2 == 0 {
                            client.send(GET);
                        } else {
                            client.send(
                                b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n",
                            );
                            client.send(&[b'x'; 20_000]);
                        }
                        count += 1;
                        let answer = client.answer();
                        assert_eq!(answer.status, 200);
                        if answer.header("connection") == Some("close") {
                            return count;
                        }
                    }
                })
            })
            .collect();
        eventually(|| server.handle.stats().requests > 200);
        let report = server.stop();
        let sent: u64 = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum();
        assert_eq!(
            (sent, 0),
            (report.stats.requests, report.stats.cut),
            "{front:?}"
        );
    }
}

#[test]
fn two_servers_on_one_socket_take_over_from_each_other() {
    for front in FRONTS {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let serve = || {
            let mut config = config(front);
            config.timeouts.keep_alive = Duration::from_secs(60);
            let server = Server::adopt(listener.try_clone().unwrap(), config).unwrap();
            let handle = server.handle();
            (
                handle,
                std::thread::spawn(move || server.run(App::default()).unwrap()),
            )
        };
        let (first, first_thread) = serve();
        let mut kept = Client::connect(address);
        kept.send(GET);
        assert_eq!(kept.answer().status, 200);
        let (second, second_thread) = serve();
        first.stop_within(Drain {
            linger: Duration::from_secs(60),
            graceful: Duration::MAX,
        });
        for _ in 0..50 {
            let (answers, _) = exchange(address, &[LAST]);
            assert_eq!(statuses(&answers), [200], "{front:?}");
        }
        kept.send(GET);
        assert_eq!(
            kept.answer().header("connection"),
            Some("close"),
            "{front:?}"
        );
        drop(kept);
        assert_eq!(first_thread.join().unwrap().stats.cut, 0);
        assert!(second.stats().requests > 0, "{front:?}");
        second.stop();
        second_thread.join().unwrap();
    }
}

#[test]
fn those_who_wait_for_the_stop_are_told() {
    let server = start(config(Front::Fast));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let handle = server.handle.clone();
    runtime.block_on(async {
        let waiting = tokio::spawn({
            let handle = handle.clone();
            async move { handle.stopping().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        handle.stop();
        let patience = Duration::from_secs(5);
        tokio::time::timeout(patience, waiting)
            .await
            .unwrap()
            .unwrap();
        // Whoever asks later is not left waiting.
        tokio::time::timeout(patience, handle.stopping())
            .await
            .unwrap();
    });
}

/// Works besides requests until it is told otherwise, and notes what it is asked for.
#[derive(Clone, Default)]
struct Works {
    app: App,
    notes: Arc<Mutex<Vec<&'static str>>>,
    /// How long its work takes to end; without, it never does.
    takes: Option<Duration>,
}

impl Works {
    fn note(&self, text: &'static str) {
        self.notes.lock().unwrap().push(text);
    }
}

impl Application for Works {
    type Service = App;

    fn connect(&self, _: &Peer) -> App {
        self.app.clone()
    }

    fn protocol_error(&self, peer: &Peer, error: &ProtocolError) -> http::Response<bytes::Bytes> {
        self.app.protocol_error(peer, error)
    }

    fn drain(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            self.note("drain");
            match self.takes {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
            self.note("drained");
        })
    }

    fn stop(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async { self.note("stop") })
    }
}

/// Work besides requests has as long as they have, and the application stops after it.
#[test]
fn what_runs_besides_requests_is_waited_for_within_the_bounds() {
    for (takes, graceful, notes) in [
        (Some(200), 60_000, &["drain", "drained", "stop"][..]),
        (None, 2_000, &["drain", "stop"]),
    ] {
        let mut config = config(Front::Fast);
        config.timeouts.graceful = Duration::from_millis(graceful);
        config.event_loops = 2;
        let works = Works {
            takes: takes.map(Duration::from_millis),
            ..Works::default()
        };
        let server = Server::bind(config).unwrap();
        let handle = server.handle();
        let app = works.clone();
        let thread = std::thread::spawn(move || server.run(app).unwrap());
        handle.stop();
        thread.join().unwrap();
        assert_eq!(*works.notes.lock().unwrap(), notes);
    }
}
