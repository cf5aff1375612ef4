//! Hooks that run once per service, and what a process alone makes of the settings of several.

use fastflyer::{Config, FlyerApi, Settings, Sources, testing::TestServer};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex},
};

type Calls = Arc<Mutex<Vec<&'static str>>>;

fn noting(
    calls: &Calls,
    name: &'static str,
) -> impl Fn() -> std::future::Ready<fastflyer::Result<()>> + use<> {
    let calls = calls.clone();
    move || {
        calls.lock().unwrap().push(name);
        std::future::ready(Ok(()))
    }
}

#[test]
fn hooks_of_the_service_go_around_those_of_its_workers() {
    let calls = Calls::default();
    let api = FlyerApi::new(Config::new())
        .on_startup(noting(&calls, "start"))
        .on_shutdown(noting(&calls, "stop"))
        .on_startup_once(noting(&calls, "first start"))
        .on_shutdown_once(noting(&calls, "last stop"));
    let server = TestServer::start(api).unwrap();
    // Answered only once it has started.
    let mut client = TcpStream::connect(server.address()).unwrap();
    client
        .write_all(b"GET /health_check HTTP/1.0\r\n\r\n")
        .unwrap();
    client.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(*calls.lock().unwrap(), ["first start", "start"]);
    server.stop();
    assert_eq!(
        *calls.lock().unwrap(),
        ["first start", "start", "stop", "last stop"]
    );
}

#[test]
fn a_supervisor_can_be_asked_for_in_code() {
    let config = Config::new()
        .workers(2usize)
        .supervisor(true)
        .ctl_socket("/run/demo.sock");
    let loaded = Settings::load(&config, &Sources::from_pairs([("flyer_workers", "3")])).unwrap();
    assert_eq!(
        (loaded.settings.workers, loaded.settings.supervisor),
        (3, Some(true))
    );
}
