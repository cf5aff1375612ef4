//! `fastflyer ctl` and `{base}/state` on a supervised service, and the service as one process alone.

use crate::support::{Ended, Service, fastflyer, get, run, send};
use serde_json::Value;
use std::path::Path;

/// The demo with two workers, and `ctl` that looks for it where it is.
struct Supervised {
    folder: tempfile::TempDir,
    service: Service,
}

impl Supervised {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(
            demo(folder.path())
                .env("flyer_workers", "2")
                .env("flyer_event_loops", "1")
                .env("flyer_keepalive", "1"),
        );
        let mut running = Self { folder, service };
        running.service.wait_for("all workers are ready: 2");
        running
    }

    fn ctl(&self, arguments: &[&str]) -> Ended {
        ctl(self.folder.path(), arguments)
    }

    fn status(&self) -> Value {
        let ended = self.ctl(&["status", "--json"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

fn demo(folder: &Path) -> std::process::Command {
    let mut command = fastflyer(folder);
    command
        .args(["show", "openapi"])
        .env("flyer_supervisor", "1")
        .env("flyer_state_page", "1")
        .env("flyer_ctl_socket", folder.join("run/ctl.sock"));
    command
}

/// With the setting where the service has it, as in a project with a `.env`.
fn ctl(folder: &Path, arguments: &[&str]) -> Ended {
    let socket = folder.join("run/ctl.sock");
    run(fastflyer(folder)
        .arg("ctl")
        .args(arguments)
        .env("flyer_ctl_socket", socket))
}

fn pids(status: &Value) -> Vec<i64> {
    let workers = status["workers"].as_array().unwrap();
    let ready = workers.iter().filter(|worker| worker["state"] == "ready");
    ready
        .map(|worker| worker["pid"].as_i64().unwrap())
        .collect()
}

#[test]
fn a_service_is_shown_reloaded_resized_and_stopped() {
    let mut running = Supervised::start();
    let before = running.status();
    assert_eq!(before["state"], "serving");
    assert_eq!(before["address"], running.service.address.as_str());
    assert_eq!(pids(&before).len(), 2);
    let shown = running.ctl(&["status"]);
    assert!(shown.stdout.starts_with("serving at "), "{}", shown.stdout);
    assert!(shown.stdout.contains("WORKER  PID"), "{}", shown.stdout);

    // What a worker tells on its page is what its supervisor knows.
    let page = running.service.get("/flyer/state").json();
    assert_eq!(page["pid"], before["pid"]);
    assert_eq!(pids(&page), pids(&before));

    let reloaded = running.ctl(&["reload"]);
    assert_eq!(
        reloaded.stdout,
        "rolling restart done: generation 2 serves\n"
    );
    let after = running.status();
    assert_eq!(
        (&after["generation"], &after["reloads"]),
        (&2.into(), &1.into())
    );
    assert!(pids(&after).iter().all(|pid| !pids(&before).contains(pid)));

    let resized = running.ctl(&["workers", "3"]);
    assert_eq!(resized.code, Some(0), "{}", resized.stderr);
    assert_eq!(pids(&running.status()).len(), 3);
    assert_eq!(running.ctl(&["reopen"]).code, Some(0));
    running.service.wait_for("log files are reopened");

    assert_eq!(running.ctl(&["stop"]).code, Some(0));
    let (code, output) = running.service.ended();
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn wrong_wishes_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = ctl(folder.path(), &["status"]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.stderr.contains("run/ctl.sock"), "{}", nobody.stderr);
    let none = run(fastflyer(folder.path())
        .args(["ctl", "status"])
        .env("XDG_RUNTIME_DIR", folder.path()));
    assert_eq!(none.code, Some(1));
    assert!(
        none.stderr
            .contains("no supervised service of this user runs"),
        "{}",
        none.stderr
    );
    assert_eq!(ctl(folder.path(), &["workers", "0"]).code, Some(2));
}

#[test]
fn of_several_services_one_has_to_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let here = |command: &mut std::process::Command| {
        command.env("XDG_RUNTIME_DIR", folder.path());
        command
            .env("flyer_supervisor", "1")
            .env("flyer_workers", "1");
    };
    let mut services = Vec::new();
    for _ in 0..2 {
        let mut command = fastflyer(folder.path());
        command.args(["show", "openapi"]);
        here(&mut command);
        let mut service = Service::start(&mut command);
        service.wait_for("all workers are ready: 1");
        services.push(service);
    }
    let ask = |arguments: &[&str]| {
        let mut command = fastflyer(folder.path());
        command.arg("ctl").args(arguments);
        here(&mut command);
        run(&mut command)
    };
    let ended = ask(&["status"]);
    assert_eq!(ended.code, Some(1));
    for service in &services {
        assert!(ended.stderr.contains(&service.address), "{}", ended.stderr);
    }
    let pid = services[1].pid().to_string();
    let named = ask(&["--pid", &pid, "status"]);
    assert!(
        named.stdout.contains(&services[1].address),
        "{}",
        named.stdout
    );
}

#[test]
fn a_process_alone_shows_itself_and_takes_signals() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(demo(folder.path()).env("flyer_supervisor", "0"));
    assert!(service.output.contains("one process"), "{}", service.output);
    let state = service.get("/flyer/state").json();
    assert_eq!(state["pid"], i64::from(service.pid()));
    assert_eq!(state["workers"].as_array().map(Vec::len), Some(1));
    // USR1 reopens log files and ends nobody.
    service.signal(nix::sys::signal::Signal::SIGUSR1);
    assert_eq!(service.get("/health_check").status, 200);
    let (code, output) = service.stop();
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn the_state_is_a_page_for_browsers_and_not_there_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(
        demo(folder.path())
            .env("flyer_supervisor", "0")
            .env("flyer_auth_enable", "1")
            .env("flyer_auth_user", "ops")
            .env("flyer_auth_pass", "s3cret-of-ops"),
    );
    assert_eq!(service.get("/flyer/state").status, 401);
    drop(service);
    let service = Service::start(demo(folder.path()).env("flyer_supervisor", "0"));
    let page = send(&service.address, "GET /flyer/state Accept: text/html");
    assert!(page.body.contains("运行状态"), "{}", page.body);
    drop(service);
    let service = Service::start(demo(folder.path()).env("flyer_state_page", "0"));
    assert_eq!(get(&service.address, "/flyer/state").status, 404);
}

/// The runs of a job of the demo that its history has, with the process of each.
fn runs(folder: &Path, job: &str) -> Vec<(String, i64)> {
    let text = std::fs::read_to_string(folder.join("jobs/jobs.jsonl")).unwrap_or_default();
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines
        .filter(|line: &Value| line["fact"] == "ran" && line["job"] == job)
        .map(|line| {
            let scheduled = line["scheduled"].as_str().unwrap().to_owned();
            (scheduled, line["process"].as_i64().unwrap())
        })
        .collect()
}

/// A single job runs once for each of its times, whatever happens to the workers; nothing of it is left
/// in the folder in which the command was run.
#[test]
fn workers_share_a_single_job() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start(
        demo(folder.path())
            .env("flyer_workers", "2")
            .env("flyer_event_loops", "1")
            .env("flyer_job_path", folder.path().join("jobs")),
    );
    service.wait_for("all workers are ready: 2");
    service.wait_for("hello world");
    let reloaded = ctl(folder.path(), &["reload"]);
    assert_eq!(reloaded.code, Some(0), "{}", reloaded.stderr);
    service.wait_for("hello world");
    service.wait_for("hello world");
    let (code, output) = service.stop();
    assert_eq!(code, Some(0), "{output}");
    let runs = runs(folder.path(), "tasks.hello_world");
    assert!(runs.len() >= 3, "{runs:?}\n{output}");
    let mut times: Vec<&str> = runs.iter().map(|(time, _)| time.as_str()).collect();
    let count = times.len();
    times.sort();
    times.dedup();
    assert_eq!(times.len(), count, "{runs:?}");
    assert!(!folder.path().join("data").exists());
}
