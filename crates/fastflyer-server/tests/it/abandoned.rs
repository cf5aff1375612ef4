//! Clients that leave while the application works for them.

use crate::{requests::eventually, support::*};
use std::io::Read as _;

fn dropped(server: &Running) -> usize {
    let seen = server.seen.lock().unwrap();
    seen.iter().filter(|(what, _)| what == "dropped").count()
}

/// Reads until the one event has come.
fn first_event(client: &mut Client) {
    while !client.1.ends_with(b"hello\n\n\r\n") {
        let mut byte = [0];
        client.0.read_exact(&mut byte).unwrap();
        client.1.push(byte[0]);
    }
}

#[test]
fn a_handler_ends_when_its_client_resets() {
    for front in FRONTS {
        let server = start(config(front));
        for (begun, behind) in [(1, &b""[..]), (2, GET), (3, b"GET / HT")] {
            let mut client = Client::connect(server.address);
            client.send(&[b"GET /forever HTTP/1.1\r\nHost: a\r\n\r\n", behind].concat());
            eventually(|| server.handle.stats().requests == begun);
            client.reset();
        }
        eventually(|| server.handle.stats().connections == 0);
        assert_eq!(server.handle.stats().abandoned, 3, "{front:?}");
        assert_eq!(dropped(&server), 3, "{front:?}");
        assert_eq!(server.stop().stats.cut, 0, "{front:?}");
    }
}

#[test]
fn a_unix_client_that_closes_has_left() {
    for front in FRONTS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let mut config = config(front);
        config.address = fastflyer_server::Address::Unix(path.clone());
        let server = fastflyer_server::Server::bind(config).unwrap();
        let handle = server.handle();
        let thread = std::thread::spawn(move || server.run(App::default()).unwrap());
        let mut client = std::os::unix::net::UnixStream::connect(&path).unwrap();
        std::io::Write::write_all(&mut client, b"GET /forever HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        eventually(|| handle.stats().requests == 1);
        drop(client);
        eventually(|| handle.stats().abandoned == 1);
        handle.stop();
        thread.join().unwrap();
    }
}

#[test]
fn an_event_stream_ends_when_its_client_leaves() {
    for front in FRONTS {
        let server = start(config(front));
        for politely in [true, false] {
            let mut client = Client::connect(server.address);
            client.send(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
            first_event(&mut client);
            if politely {
                drop(client);
            } else {
                client.reset();
            }
        }
        eventually(|| server.handle.stats().connections == 0);
        assert_eq!(dropped(&server), 2, "{front:?}");
        assert_eq!(server.handle.stats().abandoned, 2, "{front:?}");
    }
}

#[test]
fn other_streams_go_on_for_a_client_that_sends_no_more() {
    for front in FRONTS {
        let mut server = start(config(front));
        let mut clients: Vec<_> = (0..2)
            .map(|_| {
                let mut client = Client::connect(server.address);
                client.send(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
                first_event(&mut client);
                client
            })
            .collect();
        clients[0].half_close();
        clients.pop().unwrap().reset();
        eventually(|| server.handle.stats().abandoned == 1);
        // The one that was reset is found in one of the looks at both.
        std::thread::sleep(std::time::Duration::from_millis(600));
        assert_eq!(server.handle.stats().connections, 1, "{front:?}");
        server.handle.stop_now();
        server.join();
        assert_eq!(dropped(&server), 2, "{front:?}");
    }
}

#[test]
fn a_client_that_sends_no_more_waits_for_its_answer() {
    for front in FRONTS {
        let server = start(config(front));
        let mut client = Client::connect(server.address);
        client.send(b"GET /slow?1200 HTTP/1.1\r\nHost: a\r\n\r\n");
        client.half_close();
        assert_eq!(client.answer().status, 200, "{front:?}");
        assert_eq!(server.handle.stats().abandoned, 0, "{front:?}");
    }
}
