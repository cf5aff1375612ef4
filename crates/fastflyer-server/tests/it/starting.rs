//! Binding, and what the user reads when it fails.

use crate::support::*;
use fastflyer_server::{Address, Body, Front, Server, ServerConfig, Signals, Tower};
use std::io::{Read as _, Write as _};

fn at(address: Address) -> ServerConfig {
    ServerConfig {
        address,
        signals: Signals::Ignore,
        ..ServerConfig::default()
    }
}

#[test]
fn a_taken_port_is_named() {
    let server = start(config(Front::Fast));
    let error = Server::bind(at(Address::new("127.0.0.1", server.address.port()))).unwrap_err();
    assert!(error.is_address_in_use());
    assert_eq!(
        error.to_string(),
        format!(
            "address {} is already in use; choose another with flyer_port",
            server.address
        )
    );
}

#[test]
fn a_host_without_address_is_named() {
    let error = Server::bind(at(Address::new("no-such-host.invalid", 1))).unwrap_err();
    assert!(error.is_unresolvable(), "{error}");
    assert!(
        error.to_string().contains("no-such-host.invalid:1"),
        "{error}"
    );
    let error = Server::bind(at(Address::new("192.0.2.1", 0))).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not belong to this machine"),
        "{error}"
    );
}

#[test]
fn a_port_can_be_taken_again_at_once() {
    let server = start(config(Front::Fast));
    let address = server.address;
    let mut client = Client::connect(address);
    client.send(GET);
    client.answer();
    server.stop();
    assert!(Server::bind(at(Address::new("127.0.0.1", address.port()))).is_ok());
}

#[test]
fn a_unix_socket_is_served_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let server = Server::bind(at(Address::Unix(path.clone()))).unwrap();
    assert!(server.local_addr().is_none());
    let error = Server::bind(at(Address::Unix(path.clone()))).unwrap_err();
    assert!(error.is_address_in_use(), "{error}");
    let handle = server.handle();
    let thread = std::thread::spawn(move || server.run(App::default()).unwrap());
    let mut client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    client.write_all(LAST).unwrap();
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes).unwrap();
    assert_eq!(statuses(&answers(&bytes)), [200]);
    handle.stop();
    thread.join().unwrap();
    assert!(!path.exists());
}

/// Refuses to start, or never gets through with it.
struct Refuses {
    hangs: bool,
}

impl fastflyer_server::Application for Refuses {
    type Service = App;
    fn connect(&self, _peer: &fastflyer_server::Peer) -> App {
        App::default()
    }
    fn protocol_error(
        &self,
        _peer: &fastflyer_server::Peer,
        _error: &fastflyer_server::ProtocolError,
    ) -> http::Response<bytes::Bytes> {
        http::Response::default()
    }
    fn start(&self) -> fastflyer_server::Startup<'_> {
        Box::pin(async {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            Err("no database".into())
        })
    }
}

#[test]
fn a_failed_start_is_an_error() {
    let mut config = config(Front::Fast);
    config.event_loops = 3;
    let error = Server::bind(config)
        .unwrap()
        .run(Refuses { hangs: false })
        .unwrap_err();
    assert!(error.is_start());
    assert_eq!(
        error.to_string(),
        "the application did not start: no database"
    );
}

#[test]
fn a_start_that_hangs_can_be_stopped() {
    let server = Server::bind(config(Front::Fast)).unwrap();
    let handle = server.handle();
    let thread = std::thread::spawn(move || server.run(Refuses { hangs: true }).unwrap_err());
    std::thread::sleep(std::time::Duration::from_millis(50));
    handle.stop();
    assert!(thread.join().unwrap().is_start());
}

#[test]
fn connections_are_spread_over_the_loops() {
    for front in FRONTS {
        let mut config = config(front);
        config.event_loops = 3;
        let server = start(config);
        let mut clients: Vec<_> = (0..30).map(|_| Client::connect(server.address)).collect();
        for client in &mut clients {
            client.send(GET);
            assert_eq!(client.answer().status, 200);
        }
        assert_eq!(server.handle.stats().connections, 30, "{front:?}");
        assert_eq!(server.handle.heartbeats().len(), 3);
        drop(clients);
        assert_eq!(server.stop().stats.requests, 30, "{front:?}");
    }
}

#[test]
fn any_tower_service_is_served() {
    let mut config = config(Front::Fast);
    config.constant_headers.clear();
    let server = Server::bind(config).unwrap();
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    let service = tower::service_fn(|request: http::Request<Body>| async move {
        match request.extensions().get::<fastflyer_server::Peer>() {
            Some(peer) if request.uri().path() == "/peer" => {
                Ok(http::Response::new(peer.address.unwrap().ip().to_string()))
            }
            _ => Err("no"),
        }
    });
    let thread = std::thread::spawn(move || server.run(Tower::new(service)).unwrap());
    let (answers, _) = exchange(
        address,
        &[b"GET /peer HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n"],
    );
    assert_eq!(statuses(&answers), [200, 500, 400]);
    assert_eq!(answers[0].body, b"127.0.0.1");
    handle.stop();
    thread.join().unwrap();
}

/// Not a test by itself: the process of the next one.
#[test]
#[ignore = "run by running_out_of_descriptors_is_survived"]
fn serve_until_killed() {
    let server = Server::bind(at(Address::new("127.0.0.1", 0))).unwrap();
    println!("port={}", server.local_addr().unwrap().port());
    server.run(App::default()).unwrap();
}

#[test]
fn running_out_of_descriptors_is_survived() {
    use std::io::BufRead as _;
    let program = std::env::current_exe().unwrap();
    let mut child = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 40 && exec \"$0\" --exact starting::serve_until_killed --ignored --nocapture"])
        .arg(program)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines
        .map_while(Result::ok)
        .find_map(|line| {
            line.split_once("port=")
                .map(|(_, port)| port.parse::<u16>().unwrap())
        })
        .unwrap();
    let address = ([127, 0, 0, 1], port).into();
    let mut clients: Vec<_> = (0..60).map(|_| Client::connect(address)).collect();
    clients[0].send(GET);
    assert_eq!(clients[0].answer().status, 200);
    std::thread::sleep(std::time::Duration::from_millis(700));
    let cpu = || {
        let text =
            std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
        let fields: Vec<&str> = text
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        fields.get(11..13).map_or(0, |times| {
            times
                .iter()
                .filter_map(|time| time.parse::<u64>().ok())
                .sum()
        })
    };
    let before = cpu();
    std::thread::sleep(std::time::Duration::from_millis(1_000));
    // In ticks of 10 ms: less than a fifth of a second in a second.
    assert!(cpu() - before < 20, "it spins");
    // Room again: one that waited in the backlog is served.
    clients.drain(..50);
    clients[5].send(GET);
    assert_eq!(clients[5].answer().status, 200);
    child.kill().unwrap();
    child.wait().unwrap();
}
