//! Clients that are slow, silent or too many.

use crate::{requests::eventually, support::*};
use fastflyer_server::{Front, ServerConfig};
use std::{io::Read as _, time::Duration};

/// Short, but longer than a client stands still that shares its core with others.
fn quick(front: Front) -> ServerConfig {
    let mut config = config(front);
    let times = &mut config.timeouts;
    times.first_byte = Duration::from_millis(700);
    times.head = Duration::from_millis(900);
    times.keep_alive = Duration::from_millis(700);
    times.body_grace = Duration::from_millis(700);
    times.write_stall = Duration::from_millis(1_000);
    config
}

#[test]
fn silence_is_closed_without_an_answer() {
    for front in FRONTS {
        let server = start(quick(front));
        let mut client = Client::connect(server.address);
        assert_eq!(client.rest(), (Vec::new(), End::Closed), "{front:?}");
        let mut client = Client::connect(server.address);
        client.send(GET);
        assert_eq!(client.answer().status, 200);
        assert_eq!(client.rest(), (Vec::new(), End::Closed), "{front:?}");
    }
}

#[test]
fn late_requests_are_answered_408() {
    for front in FRONTS {
        let server = start(quick(front));
        let requests = [
            &b"GET / HTTP/1.1\r\nHo"[..],
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        ];
        // All wait at once.
        let clients = requests.map(|request| {
            let mut client = Client::answered(server.address);
            client.send(request);
            client
        });
        for (request, mut client) in requests.into_iter().zip(clients) {
            let (bytes, end) = client.rest();
            assert_eq!(
                (statuses(&answers(&bytes)), end),
                (vec![408], End::Closed),
                "{front:?} {}",
                request.escape_ascii()
            );
        }
        assert_eq!(server.handle.stats().rejected, 4, "{front:?}");
    }
}

#[test]
fn a_slow_handler_is_not_a_slow_client() {
    for front in FRONTS {
        let server = start(quick(front));
        let mut client = Client::connect(server.address);
        client.send(b"GET /slow?2000 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer().status, 200, "{front:?}");
    }
}

#[test]
fn a_steady_body_is_waited_for() {
    for front in FRONTS {
        let server = start(quick(front));
        let mut client = Client::connect(server.address);
        client.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
        for _ in 0..20 {
            client.send(&[b'x'; 500]);
            std::thread::sleep(Duration::from_millis(75));
        }
        assert_eq!(client.answer().status, 200, "{front:?}");
    }
}

#[test]
fn a_client_that_takes_nothing_is_closed() {
    for front in FRONTS {
        let server = start(quick(front));
        let mut client = Client::connect(server.address);
        client.send(b"GET /big?50000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually(|| server.handle.stats().requests == 1);
        eventually(|| server.handle.stats().connections == 0);
        let mut sum = 0;
        let mut piece = [0; 65_536];
        while let Ok(count @ 1..) = client.0.read(&mut piece) {
            sum += count;
        }
        assert!(sum < 50_000_000, "{front:?}");
    }
}

#[test]
fn a_client_that_takes_slowly_gets_it_all() {
    for front in FRONTS {
        let server = start(quick(front));
        let mut client = Client::connect(server.address);
        client.send(b"GET /big?20000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let mut sum = 0;
        let mut piece = vec![0; 1_000_000];
        loop {
            std::thread::sleep(Duration::from_millis(100));
            match client.0.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => sum += count,
                Err(error) => panic!("{front:?} after {sum}: {error}"),
            }
        }
        assert!(sum > 20_000_000, "{front:?}");
    }
}

#[test]
fn the_oldest_idle_connection_makes_room() {
    for front in FRONTS {
        let mut config = config(front);
        config.max_connections = 3;
        config.timeouts.first_byte = Duration::from_secs(60);
        config.timeouts.head = Duration::from_secs(60);
        config.timeouts.keep_alive = Duration::from_secs(60);
        let server = start(config);
        let mut incomplete = Client::connect(server.address);
        incomplete.send(b"GET / HT");
        eventually(|| server.handle.stats().accepted == 1);
        std::thread::sleep(Duration::from_millis(600));
        let mut busy = Client::connect(server.address);
        busy.send(b"GET /slow?3000 HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually(|| server.handle.stats().accepted == 2);
        let mut clients = Vec::new();
        for _ in 0..6 {
            let mut client = Client::connect(server.address);
            client.send(GET);
            assert_eq!(client.answer().status, 200, "{front:?}");
            clients.push(client);
            assert!(server.handle.stats().connections <= 3);
            std::thread::sleep(Duration::from_millis(300));
        }
        let (bytes, _) = incomplete.rest();
        assert_eq!(statuses(&answers(&bytes)), [503], "{front:?}");
        assert_eq!(busy.answer().status, 200, "{front:?}");
        assert_eq!(clients[0].rest(), (Vec::new(), End::Closed), "{front:?}");
    }
}

#[test]
fn bodies_and_readers_that_are_too_slow_make_room() {
    for front in FRONTS {
        let mut config = config(front);
        config.max_connections = 2;
        config.timeouts.body_grace = Duration::from_secs(60);
        config.timeouts.write_stall = Duration::from_secs(60);
        let server = start(config);
        let mut sender = Client::connect(server.address);
        sender.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx");
        let mut reader = Client::connect(server.address);
        reader.send(b"GET /big?30000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        eventually(|| server.handle.stats().accepted == 2);
        // Both have a second request in flight, which keeps the second of them from taking the place of
        // the first: each has taken one from the slow ones, whichever is found to be slow first.
        let newcomers: Vec<_> = (0..2)
            .map(|_| {
                let mut newcomer = Client::connect(server.address);
                newcomer.send(&[GET, b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
                assert_eq!(newcomer.answer().status, 200, "{front:?}");
                newcomer
            })
            .collect();
        let (bytes, _) = sender.rest();
        assert_eq!(statuses(&answers(&bytes)), [503], "{front:?}");
        assert!(reader.rest().0.len() < 30_000_000, "{front:?}");
        drop(newcomers);
    }
}

#[test]
fn newcomers_wait_while_every_connection_is_busy() {
    for front in FRONTS {
        let mut config = config(front);
        config.max_connections = 1;
        let server = start(config);
        let mut busy = Client::connect(server.address);
        busy.send(b"GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        eventually(|| server.handle.stats().requests == 1);
        let mut next = Client::connect(server.address);
        next.send(GET);
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!(server.handle.stats().accepted, 1, "{front:?}");
        server.gate.open();
        assert_eq!(busy.answer().status, 200, "{front:?}");
        assert_eq!(next.answer().status, 200, "{front:?}");
    }
}
