//! The last lines of the access log: none is missing after a clean stop, neither of a request that was still being
//! answered, nor of the HTTP client's calls. In processes of their own, since only the end of one shows it.

use fastflyer::{
    Config, FlyerApi,
    client::{
        AsyncClient,
        stub::{Reply, Stub},
    },
    prelude::*,
};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Tells the service's processes where to call.
const UPSTREAM: &str = "flyer_test_upstream";
/// How many calls are made at the very end.
const FAREWELLS: usize = 30;
/// Nothing takes that long; what does has failed.
const PATIENCE: Duration = Duration::from_secs(30);

async fn call(path: &str) -> Result<()> {
    let base = fastflyer::fastkit::env::get(UPSTREAM, "");
    let client = AsyncClient::builder().no_proxy().build()?;
    client.get(format!("{base}{path}")).send().await?;
    Ok(())
}

#[get("/slow")]
async fn slow() -> Result<()> {
    call("/slow").await
}

/// The service itself: does nothing in an ordinary run.
#[test]
#[ignore = "is started by the other tests as the program of a service"]
fn serve() {
    if fastflyer::fastkit::env::get(UPSTREAM, "").is_empty() {
        return;
    }
    let farewell = || async {
        for _ in 0..FAREWELLS {
            call("/farewell").await?;
        }
        Ok(())
    };
    FlyerApi::new(Config::new().base_url("/demo"))
        .include(routes![slow])
        .on_shutdown(farewell)
        .serve()
        .unwrap();
}

/// Ends with the test, also with one that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// The access log of a service that was stopped in the middle of a request.
fn stopped_service(settings: &[(&str, &str)]) -> String {
    let upstream = Stub::start().unwrap();
    // Its answer comes when the service is stopping already.
    upstream.on("/slow", [Reply::ok("x").delay(Duration::from_millis(500))]);
    upstream.on("/farewell", [Reply::ok("x")]);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let service = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "last_lines::serve", "--ignored", "--nocapture"])
        .args(["--test-threads", "1"])
        .current_dir(folder.path())
        .env(UPSTREAM, upstream.url(""))
        .envs([("flyer_host", "127.0.0.1"), ("flyer_port", "0")])
        .env("flyer_access_logfile", &log)
        .env("flyer_ctl_socket", "off")
        // The calls at the end may take their time.
        .env("flyer_graceful_timeout", "30")
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut service = Running(service);
    let mut lines = BufReader::new(service.0.stdout.take().unwrap()).lines();
    let address = lines
        .find_map(|line| Some(line.unwrap().split_once("listening on ")?.1.to_owned()))
        .unwrap();
    // Read to the end: a service must not wait for its console.
    let rest = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());

    let mut client = TcpStream::connect(address.trim()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = b"GET /demo/slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    client.write_all(request).unwrap();
    upstream.wait_for(1, PATIENCE).unwrap();
    let kill = format!("kill -TERM {}", service.0.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let ended = service.0.wait().unwrap();
    let output = rest.join().unwrap();
    assert!(ended.success(), "{output:#?}");
    std::fs::read_to_string(log).unwrap()
}

#[track_caller]
fn check(log: &str) {
    let count = |part: &str| log.lines().filter(|line| line.contains(part)).count();
    assert_eq!(count(r#"{"direction":"in""#), 1, "{log}");
    assert_eq!(count(r#""direction":"out""#), 1 + FAREWELLS, "{log}");
}

#[test]
fn a_service_that_stops_writes_all_lines() {
    check(&stopped_service(&[("flyer_supervisor", "0")]));
}

#[test]
fn a_worker_that_stops_writes_all_lines() {
    check(&stopped_service(&[
        ("flyer_supervisor", "1"),
        ("flyer_workers", "1"),
    ]));
}

/// Then the file is the client's alone.
#[test]
fn calls_are_written_without_an_access_log_too() {
    let settings = [("flyer_supervisor", "0"), ("flyer_access_log", "0")];
    let log = stopped_service(&settings);
    assert_eq!(log.lines().count(), 1 + FAREWELLS, "{log}");
}
