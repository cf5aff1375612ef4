//! `{base}/tasks`: what it answers, what it changes, and whom it refuses.

use crate::support::{AUTH, CREDENTIALS, client_with};
use fastflyer::{
    Config, FlyerApi, Job, Jobs, Scheduler, Trigger,
    extract::State,
    prelude::*,
    testing::{TestClient, TestResponse, TestServer},
};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

async fn nothing() {}

async fn long() {
    std::future::pending().await
}

/// Jobs that are not due while a test runs.
fn jobs() -> Jobs {
    let hourly = || Trigger::interval(Duration::from_secs(3600));
    Jobs::new()
        .job(
            Job::new("a.report", hourly(), nothing)
                .name("每日报表")
                .args(json!(["a", 1])),
        )
        .job(
            Job::new(
                "b.sync~1",
                Trigger::cron("0 8 * * mon-fri").unwrap(),
                nothing,
            )
            .args(json!({"day": 1}))
            .misfire_grace_time(None)
            .max_instances(3),
        )
        .job(Job::new("c.guard", hourly(), nothing).protected(true))
}

fn api() -> FlyerApi {
    FlyerApi::new(Config::new().title("Demo").base_url("/demo")).jobs(jobs())
}

fn client(settings: &[(&str, &str)]) -> TestClient {
    TestClient::with_settings(api(), settings.iter().copied()).unwrap()
}

const FLYER: (&str, &str) = ("flyer_response_format", "flyer");
const ENGLISH: (&str, &str) = ("flyer_locale", "en");

async fn list(client: &TestClient) -> Vec<Value> {
    let body = client.get("/demo/tasks").send().await.json();
    body["data"]["data"].as_array().unwrap().clone()
}

async fn job(client: &TestClient, id: &str) -> Value {
    let answer = client.get(&format!("/demo/tasks/{id}")).send().await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json()["data"].clone()
}

#[tokio::test]
async fn a_service_without_jobs_has_the_operations_too() {
    let client = client_with(routes![], &[]);
    let answer = client.get("/demo/tasks").send().await;
    assert_eq!(
        (answer.status(), &answer.json()["data"]["data"]),
        (200, &json!([]))
    );
    let answer = client.delete("/demo/tasks").send().await;
    assert_eq!(
        (answer.status(), &answer.json()["data"]["data"]),
        (200, &json!([]))
    );
    assert_eq!(client.get("/demo/tasks/ui").send().await.status(), 200);
}

#[tokio::test]
async fn h11_a_job_has_one_shape_in_the_list_and_alone() {
    let client = client(&[]);
    let all = list(&client).await;
    let ids: Vec<&str> = all.iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a.report", "b.sync~1", "c.guard"]);
    for one in &all {
        let fields: Vec<&String> = one.as_object().unwrap().keys().collect();
        assert_eq!(
            fields,
            [
                "id",
                "name",
                "nextRunTime",
                "trigger",
                "args",
                "kwargs",
                "misfireGraceTime",
                "maxInstances"
            ]
        );
        let mut alone = job(&client, one["id"].as_str().unwrap()).await;
        // A service that does not run yet counts its intervals from each look on.
        alone["nextRunTime"] = one["nextRunTime"].clone();
        assert_eq!(&alone, one);
    }
    assert_eq!(
        (
            &all[0]["name"],
            &all[0]["trigger"],
            &all[0]["args"],
            &all[0]["kwargs"]
        ),
        (
            &json!("每日报表"),
            &json!("IntervalTrigger"),
            &json!(["a", 1]),
            &json!({})
        )
    );
    assert_eq!(
        (&all[0]["misfireGraceTime"], &all[0]["maxInstances"]),
        (&json!(60), &json!(1))
    );
    assert_eq!(
        (
            &all[1]["name"],
            &all[1]["trigger"],
            &all[1]["args"],
            &all[1]["kwargs"]
        ),
        (
            &json!("b.sync~1"),
            &json!("CronTrigger"),
            &json!([]),
            &json!({"day": 1})
        )
    );
    assert_eq!(
        (&all[1]["misfireGraceTime"], &all[1]["maxInstances"]),
        (&json!(null), &json!(3))
    );
}

#[tokio::test]
async fn h9_ids_survive_a_url_however_they_are_written() {
    let client = client(&[]);
    for path in ["b.sync~1", "b.sync%7E1", "b%2Esync~1", "%62.sync~1"] {
        let answer = client.get(&format!("/demo/tasks/{path}")).send().await;
        assert_eq!(
            (answer.status(), &answer.json()["data"]["id"]),
            (200, &json!("b.sync~1")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn h10_what_was_stopped_can_be_started_again() {
    let client = client(&[]);
    for _ in 0..2 {
        let answer = client.delete("/demo/tasks/a.report").send().await;
        assert_eq!(
            (answer.status(), &answer.json()["data"]["nextRunTime"]),
            (200, &json!(null))
        );
        assert_eq!(job(&client, "a.report").await["nextRunTime"], json!(null));
    }
    let answer = client.post("/demo/tasks/a.report").send().await;
    assert_eq!(answer.status(), 200);
    assert!(answer.json()["data"]["nextRunTime"].is_string());
    assert!(job(&client, "a.report").await["nextRunTime"].is_string());
    // Twice is as good as once.
    assert_eq!(
        client.post("/demo/tasks/a.report").send().await.status(),
        200
    );
}

#[tokio::test]
async fn stopping_all_pauses_what_runs_and_leaves_the_protected() {
    let client = client(&[]);
    client.delete("/demo/tasks/b.sync~1").send().await;
    let answer = client.delete("/demo/tasks").send().await;
    assert_eq!(
        answer.json()["data"]["data"],
        json!([{"id": "a.report", "name": "每日报表"}])
    );
    let all = list(&client).await;
    assert_eq!(all.len(), 3, "nothing is removed");
    let due: Vec<&Value> = all
        .iter()
        .filter(|job| job["nextRunTime"].is_string())
        .map(|job| &job["id"])
        .collect();
    assert_eq!(due, ["c.guard"]);
    let again = client.delete("/demo/tasks").send().await;
    assert_eq!(again.json()["data"]["data"], json!([]));
}

#[tokio::test]
async fn removing_is_asked_for_by_name() {
    let client = client(&[]);
    let answer = client.delete("/demo/tasks/a.report?remove=1").send().await;
    assert_eq!(
        (answer.status(), &answer.json()["data"]["id"]),
        (200, &json!("a.report"))
    );
    assert_eq!(
        client.get("/demo/tasks/a.report").send().await.status(),
        404
    );
    assert_eq!(
        client.post("/demo/tasks/a.report").send().await.status(),
        404
    );
    assert_eq!(list(&client).await.len(), 2);
    let answer = client.delete("/demo/tasks/b.sync~1?remove=0").send().await;
    assert_eq!(answer.status(), 200);
    assert_eq!(job(&client, "b.sync~1").await["nextRunTime"], json!(null));
    let answer = client
        .delete("/demo/tasks/b.sync~1?remove=perhaps")
        .send()
        .await;
    assert_eq!(answer.status(), 422);
    assert!(
        answer.json()["error"]["query.remove"].is_array(),
        "{}",
        answer.text()
    );
}

async fn everything(client: &TestClient, id: &str) -> Vec<TestResponse> {
    let path = format!("/demo/tasks/{id}");
    vec![
        client.post(&path).send().await,
        client.delete(&path).send().await,
        client.delete(&format!("{path}?remove=1")).send().await,
        client.post(&format!("{path}/run")).send().await,
    ]
}

#[tokio::test]
async fn a_job_that_is_not_there_is_named() {
    let flyer_client = client(&[FLYER]);
    let mut answers = everything(&flyer_client, "nope").await;
    answers.push(flyer_client.get("/demo/tasks/nope").send().await);
    for answer in answers {
        assert_eq!(
            (answer.status(), answer.json()),
            (
                200,
                json!({"code": 404, "message": "Job nope not found.", "detail": ""})
            )
        );
    }
    for (settings, detail) in [
        (&[][..], "没有任务 nope"),
        (&[ENGLISH], "there is no job nope"),
    ] {
        let client = client(settings);
        let mut answers = everything(&client, "nope").await;
        answers.push(client.get("/demo/tasks/nope").send().await);
        for answer in answers {
            assert_eq!(
                (answer.status(), &answer.json()["error"]["detail"]),
                (404, &json!([detail]))
            );
        }
    }
    // What no id can be is no job either.
    let client = client(&[]);
    for id in ["%E9%A3%9E", "a%20b", "%00", "..%2e", "%FF"] {
        assert_eq!(
            client
                .get(&format!("/demo/tasks/{id}"))
                .send()
                .await
                .status(),
            404,
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_protected_job_stays_as_it_is() {
    for (settings, detail) in [
        (&[][..], "任务 c.guard 受保护，不可更改"),
        (
            &[ENGLISH],
            "the job c.guard is protected and stays as it is",
        ),
    ] {
        let client = client(settings);
        for answer in everything(&client, "c.guard").await.into_iter().take(3) {
            assert_eq!(
                (answer.status(), &answer.json()["error"]["detail"]),
                (403, &json!([detail]))
            );
        }
        assert!(job(&client, "c.guard").await["nextRunTime"].is_string());
    }
}

#[tokio::test]
async fn other_methods_are_told_what_there_is() {
    let client = client(&[]);
    for (path, allow) in [
        ("/demo/tasks", "DELETE, GET"),
        ("/demo/tasks/a.report", "DELETE, GET, POST"),
        ("/demo/tasks/a.report/run", "POST"),
    ] {
        let answer = client.put(path).send().await;
        assert_eq!(
            (answer.status(), answer.header("allow")),
            (405, allow),
            "{path}"
        );
    }
}

#[tokio::test]
async fn authentication_covers_the_operations_and_the_page() {
    let client = client(&AUTH);
    let paths = [
        "/demo/tasks",
        "/demo/tasks/a.report",
        "/demo/tasks/ui",
        "/demo/tasks/ui/data",
    ];
    for path in paths {
        assert_eq!(client.get(path).send().await.status(), 401, "{path}");
        let allowed = client.get(path).header("authorization", CREDENTIALS);
        assert_eq!(allowed.send().await.status(), 200, "{path}");
    }
    for answer in everything(&client, "a.report").await {
        assert_eq!(answer.status(), 401);
    }
    assert_eq!(client.delete("/demo/tasks").send().await.status(), 401);
}

#[tokio::test]
async fn pages_of_other_origins_change_nothing() {
    let client = client(&[ENGLISH]);
    let refused: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        // A neighbour under the same domain is somebody else.
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://localhost"),
        ],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://localhost:81")],
        &[("origin", "http://localhost.evil.example")],
    ];
    for headers in refused {
        for request in [
            client.post("/demo/tasks/a.report"),
            client.delete("/demo/tasks/a.report"),
            client.post("/demo/tasks/a.report/run"),
            client.delete("/demo/tasks"),
        ] {
            let request = headers.iter().fold(request, |request, (name, value)| {
                request.header(name, value)
            });
            let answer = request.send().await;
            let detail = answer.json()["error"]["detail"].to_string();
            assert_eq!(answer.status(), 403, "{headers:?}");
            assert!(detail.contains("another origin"), "{detail}");
        }
    }
    assert!(job(&client, "a.report").await["nextRunTime"].is_string());
    // To look is harmless: another page cannot read the answer.
    let look = client
        .get("/demo/tasks")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(look.send().await.status(), 200);
    let allowed: [&[(&str, &str)]; 5] = [
        &[],
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://localhost"),
        ],
        // Typed by the user.
        &[("sec-fetch-site", "none")],
        &[("origin", "http://localhost")],
        // TLS ends in front of us.
        &[("origin", "https://LOCALHOST")],
    ];
    for headers in allowed {
        let request = client.post("/demo/tasks/a.report");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        assert_eq!(request.send().await.status(), 200, "{headers:?}");
    }
}

#[tokio::test]
async fn the_page_is_in_the_language_of_the_reader_and_of_the_own_origin() {
    let client = client(&[]);
    for (accept, lang, title) in [
        ("zh-CN,zh;q=0.9", "zh-CN", "任务"),
        ("en-US,en;q=0.9", "en", "Jobs"),
        ("", "zh-CN", "任务"),
    ] {
        let page = client
            .get("/demo/tasks/ui")
            .header("accept-language", accept)
            .send()
            .await;
        let html = page.text();
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(
            page.header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert!(html.contains(&format!("<html lang=\"{lang}\">")), "{html}");
        assert!(html.contains(&format!("<h1>{title}</h1>")), "{html}");
        for address in html
            .split(['"', '\''])
            .filter(|text| text.contains('/') && !text.contains(['<', ' ']))
        {
            assert!(
                address.starts_with("/demo/") || address == "image/svg+xml",
                "{address}"
            );
        }
        assert!(!html.contains("//"), "an absolute address in {html}");
    }
    let without_docs = self::client(&[("flyer_docs", "0")]);
    let page = without_docs
        .get("/demo/tasks/ui")
        .send()
        .await
        .text()
        .to_owned();
    assert!(!page.contains("/docs"), "{page}");
}

#[tokio::test]
async fn the_page_can_be_left_out() {
    let client = client(&[("flyer_tasks_page", "0")]);
    for path in ["/demo/tasks/ui", "/demo/tasks/ui/data"] {
        assert_eq!(client.get(path).send().await.status(), 404, "{path}");
    }
    assert_eq!(client.get("/demo/tasks").send().await.status(), 200);
}

#[tokio::test]
async fn the_data_of_the_page_are_a_window() {
    let hourly = || Trigger::interval(Duration::from_secs(3600));
    let many = (0..1_000).fold(Jobs::new(), |jobs, number| {
        jobs.job(Job::new(&format!("job-{number:04}"), hourly(), nothing).paused(number % 4 == 0))
    });
    let api = FlyerApi::new(Config::new().base_url("/demo")).jobs(many);
    let client = TestClient::with_settings(api, [FLYER]).unwrap();
    let data = async |query: &str| {
        let answer = client
            .get(&format!("/demo/tasks/ui/data{query}"))
            .send()
            .await;
        assert_eq!(answer.status(), 200, "{query}");
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.json()
    };
    let ids = |view: &Value| -> Vec<String> {
        let jobs = view["jobs"].as_array().unwrap();
        jobs.iter()
            .map(|job| job["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let view = data("").await;
    assert_eq!(
        view["counts"],
        json!({"all": 1000, "running": 0, "paused": 250, "failing": 0})
    );
    assert_eq!((&view["found"], ids(&view).len()), (&json!(1000), 200));
    assert_eq!(view["process"], json!(std::process::id()));
    let view = data("?from=998&count=50").await;
    assert_eq!(ids(&view), ["job-0998", "job-0999"]);
    let view = data("?from=5000").await;
    assert_eq!((&view["from"], ids(&view).len()), (&json!(1000), 0));
    let view = data("?search=%20JOB-007%20&count=2").await;
    assert_eq!(
        (&view["found"], ids(&view)),
        (
            &json!(10),
            vec!["job-0070".to_owned(), "job-0071".to_owned()]
        )
    );
    // One job, and none that only has this in its id.
    for (id, found) in [("job-0001", 1), ("job-000", 0), ("JOB-0001", 0)] {
        let view = data(&format!("?id={id}")).await;
        assert_eq!(view["found"], json!(found), "{id}");
        assert!(ids(&view).iter().all(|other| other == id), "{view}");
    }
    let view = data("?state=paused&search=job-000").await;
    assert_eq!(ids(&view), ["job-0000", "job-0004", "job-0008"]);
    assert_eq!(data("?state=running").await["found"], json!(0));
    let row = &data("?search=job-0001").await["jobs"][0];
    assert_eq!(
        (
            &row["schedule"],
            &row["misfireGraceTime"],
            &row["paused"],
            &row["history"]
        ),
        (&json!("every 1h"), &json!(60), &json!(false), &json!([]))
    );
    let wrong = client
        .get("/demo/tasks/ui/data?state=odd&from=-1")
        .send()
        .await;
    assert_eq!(wrong.json()["code"], 400);
}

#[tokio::test]
async fn the_document_says_what_there_is() {
    let client = client(&[]);
    let document = client.app().openapi();
    let operations = [
        ("/demo/tasks", "get", "flyer_get_jobs"),
        ("/demo/tasks", "delete", "flyer_stop_jobs"),
        ("/demo/tasks/{taskId}", "get", "flyer_get_job"),
        ("/demo/tasks/{taskId}", "post", "flyer_start_job"),
        ("/demo/tasks/{taskId}", "delete", "flyer_stop_job"),
        ("/demo/tasks/{taskId}/run", "post", "flyer_run_job"),
    ];
    for (path, method, id) in operations {
        let operation = &document["paths"][path][method];
        assert_eq!(operation["operationId"], id);
        assert_eq!(operation["tags"], json!(["任务管理"]), "{id}");
        if path.contains("taskId") {
            let parameter = &operation["parameters"][0];
            assert_eq!(
                (&parameter["name"], &parameter["description"]),
                (&json!("taskId"), &json!("任务编号"))
            );
            assert!(operation["responses"]["404"].is_object(), "{id}");
        }
    }
    for path in ["/demo/tasks/ui", "/demo/tasks/ui/data"] {
        assert!(document["paths"][path].is_null(), "{path}");
    }
    // Their types have no names that could be those of types of the project.
    let components = document["components"]["schemas"].as_object().unwrap();
    let ours: Vec<&String> = components
        .keys()
        .filter(|name| name.contains("Job") || name.contains("Run"))
        .collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[tokio::test]
async fn a_project_may_have_tasks_of_its_own() {
    #[get("/tasks/{id}")]
    async fn todo(id: u64) -> u64 {
        id
    }
    #[get("/tasks/{*rest}")]
    async fn rest(rest: String) -> String {
        rest
    }
    #[get("/tasks/statistics/today")]
    async fn statistics() -> u64 {
        7
    }
    let client = client_with(routes![todo], &[]);
    assert_eq!(client.get("/demo/tasks/7").send().await.json()["data"], 7);
    assert_eq!(client.get("/demo/tasks").send().await.status(), 404);
    assert_eq!(client.delete("/demo/tasks/7").send().await.status(), 405);
    let client = client_with(routes![rest], &[]);
    assert_eq!(
        client.get("/demo/tasks/a/b").send().await.json()["data"],
        "a/b"
    );
    // Another path below is no reason to do without.
    let client = client_with(routes![statistics], &[]);
    assert_eq!(
        client
            .get("/demo/tasks/statistics/today")
            .send()
            .await
            .json()["data"],
        7
    );
    assert_eq!(client.get("/demo/tasks").send().await.status(), 200);
}

#[tokio::test]
async fn no_job_can_be_called_like_the_page() {
    let hourly = Trigger::interval(Duration::from_secs(3600));
    let api = FlyerApi::new(Config::new().base_url("/demo"))
        .jobs(Jobs::new().job(Job::new("ui", hourly, nothing)));
    let reasons = crate::support::reasons(api);
    assert!(reasons[0].contains("/demo/tasks/ui"), "{reasons:?}");
}

#[tokio::test]
async fn jobs_that_are_added_later_are_there_at_once() {
    #[post("/more")]
    async fn more(State(scheduler): State<Scheduler>) -> Result<()> {
        let soon = Trigger::interval(Duration::from_secs(3600));
        scheduler.add_job(Job::new("added", soon, nothing))?;
        Ok(())
    }
    let client = client_with(routes![more], &[]);
    client.post("/demo/more").send().await;
    assert_eq!(list(&client).await[0]["id"], "added");
}

#[tokio::test]
async fn nothing_runs_in_a_service_that_does_not() {
    for (settings, detail) in [
        (&[][..], "任务尚未启动或已停止"),
        (
            &[ENGLISH],
            "the jobs of this process have not begun, or have stopped",
        ),
    ] {
        let answer = client(settings)
            .post("/demo/tasks/a.report/run")
            .send()
            .await;
        assert_eq!(
            (answer.status(), &answer.json()["error"]["detail"]),
            (503, &json!([detail]))
        );
    }
}

/// A request to a service on a socket, without a client of ours.
fn ask(server: &TestServer, method: &str, path: &str) -> (u16, Value) {
    let mut socket = TcpStream::connect(server.address()).unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap(), serde_json::from_str(body).unwrap())
}

/// Waits until the data of the page are like that.
fn until(server: &TestServer, holds: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let (_, view) = ask(server, "GET", "/demo/tasks/ui/data");
        if holds(&view) {
            return view;
        }
        assert!(Instant::now() < end, "{view}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_job_runs_when_it_is_told_to_and_its_runs_are_shown() {
    async fn fails() -> Result<(), std::io::Error> {
        Err(std::io::Error::other("postgres://app:secret@db/x is down"))
    }
    let hourly = || Trigger::interval(Duration::from_secs(3600));
    let jobs = Jobs::new()
        .job(Job::new("good", hourly(), || "42 rows").protected(true))
        .job(Job::new("bad", hourly(), fails).paused(true))
        .job(Job::new("long", hourly(), long));
    let folder = tempfile::tempdir().unwrap();
    let api = FlyerApi::new(Config::new().base_url("/demo")).jobs(jobs);
    let path = folder.path().display().to_string();
    let server =
        TestServer::with_settings(api, [("flyer_job_path", path.as_str()), ENGLISH]).unwrap();
    let ids: Vec<String> = ["good", "bad", "long"]
        .iter()
        .map(|id| {
            let (status, answer) = ask(&server, "POST", &format!("/demo/tasks/{id}/run"));
            assert_eq!(
                (status, &answer["data"]["id"]),
                (200, &json!(id)),
                "{answer}"
            );
            answer["data"]["run"].as_str().unwrap().to_owned()
        })
        .collect();
    let view = until(&server, |view| {
        let runs = |id: usize| view["jobs"][id]["history"].as_array().map_or(0, Vec::len);
        (runs(0), runs(1), view["counts"]["running"].as_u64()) == (1, 1, Some(1))
    });
    let past = |job: usize| &view["jobs"][job]["history"][0];
    assert_eq!(
        (&past(1)["run"], &past(1)["outcome"], &past(1)["text"]),
        (&json!(ids[0]), &json!("succeeded"), &json!("42 rows"))
    );
    assert_eq!(
        (&past(0)["run"], &past(0)["outcome"]),
        (&json!(ids[1]), &json!("failed"))
    );
    let text = past(0)["text"].as_str().unwrap();
    assert!(
        text.contains("is down") && !text.contains("secret"),
        "{text}"
    );
    assert_eq!(
        view["counts"],
        json!({"all": 3, "running": 1, "paused": 1, "failing": 1})
    );
    // One run at a time is all that it may have.
    let (status, answer) = ask(&server, "POST", "/demo/tasks/long/run");
    assert_eq!(
        (status, &answer["error"]["detail"]),
        (
            409,
            &json!(["the job long has as many runs under way as it may"])
        )
    );
    server.stop();
}
