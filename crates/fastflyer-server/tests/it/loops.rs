//! How connections are spread over the loops, and what a loop that is stuck does to newcomers.

use crate::{requests::eventually, support::*};
use fastflyer_server::{Drain, Front, Server};
use std::time::{Duration, Instant};

/// Blocks its loop until the gate is opened, so that whoever waits for that loop is never answered.
const BLOCK: &[u8] = b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn connections_are_spread_evenly() {
    for front in FRONTS {
        let mut config = config(front);
        config.event_loops = 2;
        let server = start(config);
        // One by one: of many at once a loop that has no core for a moment loses some to the other.
        let _clients: Vec<_> = (0..100).map(|_| Client::answered(server.address)).collect();
        let open = server.handle.connections();
        assert_eq!(open.iter().sum::<usize>(), 100);
        assert!(open[0].abs_diff(open[1]) <= 10, "{front:?}: {open:?}");
    }
}

#[test]
fn a_blocked_loop_does_not_stall_newcomers() {
    for front in FRONTS {
        let mut config = config(front);
        config.event_loops = 2;
        let server = start(config);
        let mut blocking = Client::connect(server.address);
        blocking.send(BLOCK);
        eventually(|| server.handle.stats().requests == 1);
        // At once, so that each is handed over while others wait.
        let mut clients: Vec<_> = (0..50).map(|_| Client::connect(server.address)).collect();
        for client in &mut clients {
            client.send(GET);
        }
        for client in &mut clients {
            assert_eq!(client.answer().status, 200, "{front:?}");
        }
        // One by one.
        for _ in 0..20 {
            let (answers, _) = exchange(server.address, &[LAST]);
            assert_eq!(statuses(&answers), [200], "{front:?}");
        }
        server.gate.open();
        assert_eq!(blocking.answer().status, 200, "{front:?}");
        // The loop is trusted again.
        drop((clients, blocking));
        eventually(|| server.handle.stats().connections == 0);
        let fresh: Vec<_> = (0..60).map(|_| Client::answered(server.address)).collect();
        eventually(|| server.handle.connections().iter().all(|open| *open > 25));
        drop(fresh);
    }
}

#[test]
fn a_blocked_server_leaves_newcomers_to_its_siblings() {
    for front in FRONTS {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let app = App::default();
        let servers: Vec<_> = (0..2)
            .map(|_| {
                let app = app.clone();
                let server = Server::adopt(listener.try_clone().unwrap(), config(front)).unwrap();
                let handle = server.handle();
                (handle, std::thread::spawn(move || server.run(app).unwrap()))
            })
            .collect();
        let mut blocking = Client::connect(address);
        blocking.send(BLOCK);
        let requests = || -> u64 {
            servers
                .iter()
                .map(|(handle, _)| handle.stats().requests)
                .sum()
        };
        eventually(|| requests() == 1);
        // The loop has just taken a connection, and is trusted with more for a moment.
        std::thread::sleep(Duration::from_millis(100));
        let mut clients: Vec<_> = (0..30).map(|_| Client::connect(address)).collect();
        for client in &mut clients {
            client.send(GET);
        }
        // All but one, which the blocked server may have accepted.
        eventually(|| requests() >= 30);
        app.gate.open();
        for client in clients.iter_mut().chain([&mut blocking]) {
            assert_eq!(client.answer().status, 200, "{front:?}");
        }
        assert_eq!(requests(), 31, "{front:?}");
        for (handle, thread) in servers {
            handle.stop_within(Drain {
                linger: Duration::ZERO,
                graceful: Duration::from_secs(5),
            });
            thread.join().unwrap();
        }
    }
}

#[test]
fn a_client_has_no_more_connections_than_it_may() {
    for front in FRONTS {
        let mut config = config(front);
        config.max_connections_per_client = Some(3);
        let server = start(config);
        let mut kept: Vec<_> = (0..3).map(|_| Client::connect(server.address)).collect();
        for client in &mut kept {
            client.send(GET);
            assert_eq!(client.answer().status, 200, "{front:?}");
        }
        for _ in 0..5 {
            let mut more = Client::connect(server.address);
            assert_eq!(more.rest(), (Vec::new(), End::Closed), "{front:?}");
        }
        let stats = server.handle.stats();
        assert_eq!(
            (stats.accepted, stats.refused, stats.connections),
            (3, 5, 3)
        );
        kept.pop();
        eventually(|| server.handle.stats().connections == 2);
        let (answers, _) = exchange(server.address, &[LAST]);
        assert_eq!(statuses(&answers), [200], "{front:?}");
    }
}

#[test]
fn a_stop_does_not_wait_for_loops_that_take_nothing() {
    let mut config = config(Front::Fast);
    config.event_loops = 2;
    config.timeouts.graceful = Duration::from_millis(200);
    let server = start(config);
    let mut blocking: Vec<_> = (1..=2)
        .map(|number| {
            let mut client = Client::connect(server.address);
            client.send(b"GET /block?20000 HTTP/1.1\r\nHost: a\r\n\r\n");
            eventually(|| server.handle.stats().requests == number);
            client
        })
        .collect();
    // Nobody will take these.
    let waiting: Vec<_> = (0..3).map(|_| Client::connect(server.address)).collect();
    let begun = Instant::now();
    assert_eq!(server.stop().stats.cut, 2);
    assert!(begun.elapsed() < Duration::from_secs(10));
    blocking.clear();
    drop(waiting);
}
