//! Jobs in a service: where they come from, what they may take, and when they run.

use crate::support::reasons;
use fastflyer::{
    AppEntry, Config, FlyerApi,
    executor::{Outcome, Task},
    prelude::*,
    testing::{TestClient, TestServer},
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

/// No test waits longer than this for what has to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a test is told, as a state.
#[derive(Clone)]
struct Told(Arc<Mutex<Sender<String>>>);

impl Told {
    fn new() -> (Self, Receiver<String>) {
        let (sender, told) = channel();
        (Self(Arc::new(Mutex::new(sender))), told)
    }

    fn say(&self, text: impl Into<String>) {
        // A test that has its answer listens no more.
        let _ = self.0.lock().unwrap().send(text.into());
    }
}

fn next(told: &Receiver<String>) -> String {
    told.recv_timeout(PATIENCE).expect("it comes in time")
}

#[scheduled(interval = "1h")]
async fn hourly() -> &'static str {
    "an hour"
}

#[scheduled(cron = "0 8 * * mon-fri", timezone = "Asia/Shanghai", args = ["a", 1], name = "早报")]
fn morning(
    run: Run,
    Args((name, count)): Args<(String, u64)>,
    State(told): State<Told>,
) -> Result<String> {
    told.say(format!("{} {name} {count}", run.job()));
    Ok(format!("{name}{count}"))
}

#[scheduled(interval = "20ms", id = "often")]
async fn often(State(told): State<Told>) {
    told.say("often");
}

#[background(name = "watcher")]
fn watch(run: Run, State(told): State<Told>) {
    told.say("watching");
    while run.sleep(Duration::from_secs(3600)) {}
    told.say("watched");
}

fn api() -> FlyerApi {
    FlyerApi::new(Config::new().title("Demo").base_url("/demo"))
}

fn jobs() -> Jobs {
    jobs![hourly, morning]
}

#[tokio::test]
async fn jobs_come_from_apps_and_from_the_application() {
    let (told, heard) = Told::new();
    let api = api()
        .state(told)
        .load([AppEntry::new("tasks").jobs(jobs)])
        .jobs(Jobs::new().job(Job::new("by-hand", every(3600), || 7)));
    let client = TestClient::new(api).unwrap();
    let jobs = client.scheduler().jobs();
    let shown: BTreeMap<_, _> = jobs
        .iter()
        .map(|job| (job.id.as_str(), job.name.as_str()))
        .collect();
    let expected = [
        ("by-hand", "by-hand"),
        ("jobs.hourly", "jobs.hourly"),
        ("jobs.morning", "早报"),
    ];
    assert_eq!(shown, BTreeMap::from(expected));

    let past = client.run_job("jobs.morning").await;
    assert_eq!(
        (past.outcome, past.text.as_deref()),
        (Outcome::Succeeded, Some("a1"))
    );
    assert_eq!(next(&heard), "jobs.morning a 1");
    assert_eq!(client.run_job("by-hand").await.text.as_deref(), Some("7"));
    // The function is still one.
    assert_eq!(hourly().await, "an hour");
}

fn every(seconds: u64) -> Trigger {
    Trigger::interval(Duration::from_secs(seconds))
}

/// What the errors of a service say stays readable in the history.
#[tokio::test]
async fn a_job_may_fail_as_handlers_do() {
    #[scheduled(interval = "1h", id = "fails")]
    async fn fails() -> Result<()> {
        Err(ApiError::not_found().message("数据未找到"))
    }

    #[scheduled(interval = "1h", id = "breaks")]
    fn breaks() -> Result<()> {
        let _: u64 = "seven".parse()?;
        Ok(())
    }

    let client = TestClient::new(api().jobs(jobs![fails, breaks])).unwrap();
    let past = client.run_job("fails").await;
    assert_eq!(
        (past.outcome, past.text.as_deref()),
        (Outcome::Failed, Some("数据未找到"))
    );
    let past = client.run_job("breaks").await;
    assert_eq!(past.text.as_deref(), Some("invalid digit found in string"));
}

#[tokio::test]
#[should_panic(expected = "there is no job \"nowhere\"; the jobs are: jobs.hourly")]
async fn a_trial_of_an_unknown_job_names_the_known_ones() {
    let client = TestClient::new(api().jobs(jobs![hourly])).unwrap();
    client.run_job("nowhere").await;
}

#[test]
fn what_is_wrong_with_jobs_stops_the_start_all_at_once() {
    const FIELDS: &str = "0 8";

    #[scheduled(cron = FIELDS, timezone = "Asia/Nowhere", id = "one")]
    async fn wrong(State(_): State<Told>, Args(_): Args<u64>) {}

    fn others() -> Jobs {
        jobs![wrong].task(Task::new("two", |_: State<Told>| ()))
    }

    let found = reasons(api().load([
        AppEntry::new("first").jobs(others),
        AppEntry::new("second").jobs(|| jobs![hourly].job(Job::new("a/b", every(0), || ()))),
    ]));
    for expected in [
        ["app first: ", "\"one\"", "0 8"],
        ["app first: ", "\"one\"", "Asia/Nowhere"],
        [
            "app first: ",
            "\"one\"",
            "it takes State<it::jobs::Told>, but the application has no state of type it::jobs::Told; give one with FlyerApi::state",
        ],
        ["app first: ", "\"one\"", "its arguments null"],
        ["app first: ", "\"two\"", "it takes State<it::jobs::Told>"],
        ["app second: ", "\"a/b\"", "A-Z a-z 0-9"],
        ["app second: ", "\"a/b\"", "every 0s"],
    ] {
        assert!(
            found
                .iter()
                .any(|reason| expected.iter().all(|part| reason.contains(part))),
            "{expected:?} in {found:#?}"
        );
    }
}

#[test]
fn an_id_twice_names_the_apps() {
    let found = reasons(
        api()
            .load([
                AppEntry::new("first").jobs(|| jobs![hourly]),
                AppEntry::new("second").jobs(|| jobs![hourly, often]),
            ])
            .jobs(Jobs::new().task(Task::new("jobs.hourly", || ()))),
    );
    assert_eq!(
        found,
        [
            "app second: the job \"often\": it takes State<it::jobs::Told>, but the application has no state of type it::jobs::Told; give one with FlyerApi::state",
            "the job id `jobs.hourly` is used 3 times, by the apps first, second, main; set another with id = \"..\", of a task with name = \"..\""
        ]
    );
}

#[test]
fn jobs_run_between_the_hooks() {
    let (told, heard) = Told::new();
    let say = |text: &'static str| {
        let told = told.clone();
        move || {
            told.say(text);
            std::future::ready(Ok(()))
        }
    };
    let api = api()
        .on_startup(say("startup"))
        .on_shutdown(say("shutdown"))
        .state(told.clone())
        .jobs(jobs![often, watch]);
    let server = TestServer::start(api).unwrap();
    assert_eq!(next(&heard), "startup");
    let mut first = [next(&heard), next(&heard)];
    while first[0] == first[1] {
        first[1] = next(&heard);
    }
    first.sort();
    assert_eq!(first, ["often", "watching"]);
    server.stop();
    let mut rest: Vec<String> = heard.try_iter().filter(|text| text != "often").collect();
    assert_eq!(rest.pop().as_deref(), Some("shutdown"));
    assert_eq!(rest, ["watched"]);
    // Nothing begins any more.
    assert!(heard.recv_timeout(Duration::from_millis(100)).is_err());
}

/// Waits for what runs, but not for ever.
#[test]
fn a_stop_waits_for_runs_within_its_bound() {
    async fn obliging(run: Run, State(told): State<Told>) {
        told.say("running");
        run.cancelled().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        told.say("ended");
    }
    async fn stubborn(State(told): State<Told>) {
        told.say("running");
        std::future::pending::<()>().await;
    }

    for (graceful, ends) in [("30", true), ("200ms", false)] {
        let (told, heard) = Told::new();
        let job = if ends {
            Job::new("job", every(3600), obliging)
        } else {
            Job::new("job", every(3600), stubborn)
        };
        let api = api()
            .state(told)
            .jobs(Jobs::new().job(job))
            .route(run_now());
        let server =
            TestServer::with_settings(api, [("flyer_graceful_timeout", graceful)]).unwrap();
        get(&server, "/demo/run/job");
        assert_eq!(next(&heard), "running");
        let begin = std::time::Instant::now();
        server.stop();
        assert!(begin.elapsed() < PATIENCE);
        assert_eq!(heard.try_iter().collect::<Vec<_>>() == ["ended"], ends);
    }
}

fn run_now() -> fastflyer::Operation {
    #[get("/run/{id}")]
    async fn run(id: String, State(scheduler): State<Scheduler>) -> Result<String> {
        Ok(scheduler.run_now(&id)?.to_string())
    }
    <run as fastflyer::operation::IntoOperation>::operation()
}

fn get(server: &TestServer, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut client = std::net::TcpStream::connect(server.address()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(client, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 OK"), "{answer}");
    answer
}

/// In a handler, with nothing declared before.
#[test]
fn jobs_and_tasks_are_added_at_run_time() {
    #[get("/add")]
    async fn add(State(scheduler): State<Scheduler>, State(pool): State<ThreadPool>) -> Result<()> {
        scheduler.add_job(Job::new("late", every(3600), often))?;
        scheduler.run_now("late")?;
        pool.start(Task::new("task", |State(told): State<Told>| {
            told.say("task")
        }))?;
        Ok(())
    }

    let (told, heard) = Told::new();
    let server = TestServer::start(api().state(told).include(routes![add])).unwrap();
    get(&server, "/demo/add");
    let mut both = [next(&heard), next(&heard)];
    both.sort();
    assert_eq!(both, ["often", "task"]);
    server.stop();
}

/// The scheduler and the pool are states like others, of jobs too.
#[tokio::test]
async fn a_job_may_have_the_scheduler_itself() {
    #[scheduled(interval = "1h", id = "parent")]
    async fn parent(
        State(scheduler): State<Scheduler>,
        State(pool): State<ThreadPool>,
    ) -> Result<String> {
        let child = pool.submit(|| 2)?.await?;
        Ok(format!("{} jobs, {child}", scheduler.jobs().len()))
    }

    let client = TestClient::new(api().jobs(jobs![parent])).unwrap();
    let past = client.run_job("parent").await;
    assert_eq!(past.text.as_deref(), Some("1 jobs, 2"));
}

#[test]
fn only_a_service_with_jobs_writes_to_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs");
    let settings = [("flyer_job_path", path.to_str().unwrap())];

    TestServer::with_settings(api(), settings).unwrap().stop();
    assert!(!path.exists());
    let (told, heard) = Told::new();
    let with_jobs = || api().state(told.clone()).jobs(jobs![often]);
    TestClient::with_settings(with_jobs(), settings).unwrap();
    assert!(!path.exists());

    let server = TestServer::with_settings(with_jobs(), settings).unwrap();
    next(&heard);
    server.stop();
    let files = std::fs::read_dir(&path).unwrap();
    assert!(files.count() > 0);
}

#[test]
fn a_folder_that_cannot_be_written_stops_single_jobs_alone() {
    #[scheduled(interval = "20ms", id = "single", single_job)]
    async fn single() {}

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let path = folder.path().join("file/jobs");
    let settings = [("flyer_job_path", path.to_str().unwrap())];
    let (told, heard) = Told::new();

    let single = api().jobs(jobs![single]);
    assert!(start_error(single, &path).contains("single jobs have their locks there"));

    let server = TestServer::with_settings(api().state(told).jobs(jobs![often]), settings).unwrap();
    next(&heard);
    server.stop();
}

/// The error of a server that does not start for its job folder.
fn start_error(api: FlyerApi, folder: &Path) -> String {
    use fastflyer_server::{Address, Server, ServerConfig, Signals};
    let sources = fastflyer::Sources::from_pairs([("flyer_job_path", folder.to_str().unwrap())]);
    let app = api.build_with(&sources).unwrap();
    let server = Server::bind(ServerConfig {
        address: Address::new("127.0.0.1", 0),
        signals: Signals::Ignore,
        ..ServerConfig::default()
    });
    let error = server.unwrap().run(app).unwrap_err().to_string();
    assert!(error.contains("flyer_job_path"), "{error}");
    assert!(error.contains(folder.to_str().unwrap()), "{error}");
    assert!(error.contains("Not a directory"), "{error}");
    error
}

/// Two services of one host that share a folder run a single job once for each of its times.
#[test]
fn a_single_job_runs_once_for_each_of_its_times() {
    #[scheduled(interval = "100ms", id = "single", single_job)]
    async fn single(run: Run, State(told): State<Told>) {
        told.say(run.scheduled().to_rfc3339());
    }

    let folder = tempfile::tempdir().unwrap();
    let (told, heard) = Told::new();
    let start = || {
        let api = api().state(told.clone()).jobs(jobs![single]);
        let path = folder.path().to_str().unwrap();
        TestServer::with_settings(api, [("flyer_job_path", path)]).unwrap()
    };
    let servers = [start(), start(), start()];
    let times: Vec<String> = (0..10).map(|_| next(&heard)).collect();
    servers.into_iter().for_each(|server| {
        server.stop();
    });
    let mut distinct = times.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct, times);
}
