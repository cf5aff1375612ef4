//! `{base}/tasks/ui`: the page for operators, and `{base}/tasks/ui/data`, which it draws.
//!
//! The page changes jobs by the same operations as every other client. Its data are no part of the API:
//! they have the runs of each job, and their shape depends on no option. Of many jobs only the rows in
//! view are sent, found and counted here.

use super::{
    aside,
    job::{arguments, seconds},
};
use crate::{
    Operation, Response,
    context::Context,
    extract::{Extract as _, Language, Query},
    pages::{self, PageInfo},
    private,
    reply::json_response,
};
use fastkit::executor::{Outcome, Past, Status};
use http::{HeaderValue, Method, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use std::time::{SystemTime, UNIX_EPOCH};

/// The most rows that are sent at a time.
const MOST: usize = 200;

pub(super) fn operations() -> [Operation; 2] {
    let hidden = |path, function| Operation::new(Method::GET, path, function).hidden();
    [
        hidden("/tasks/ui", "tasks_page").called(|cx| Box::pin(page(cx))),
        hidden("/tasks/ui/data", "tasks_page_data").called(|cx| Box::pin(data(cx))),
    ]
}

async fn page(cx: &mut Context) -> Response {
    let language = Language::extract(cx).await;
    let language = language.as_ref().map_or("", Language::tag);
    let settings = &cx.core.settings;
    let info = PageInfo::new(settings.title.clone(), settings.base_url.clone())
        .version(settings.version.clone());
    pages::tasks(&info, language, settings.docs)
}

async fn data(cx: &mut Context) -> Response {
    let window = match Query::<Window>::extract(cx).await {
        Ok(Query(window)) => window,
        Err(rejection) => {
            let mut failures = crate::extract::Failures::new();
            let _ = failures.take::<()>(Err(rejection));
            return failures.respond(cx);
        }
    };
    let scheduler = cx.core.jobs.scheduler.clone();
    let written = aside(move || Ok(serde_json::to_vec(&View::of(scheduler.jobs(), &window))?));
    match written.await {
        Ok(body) => {
            let mut response = json_response(StatusCode::OK, body);
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => private::fail(cx, error),
    }
}

/// Which jobs are asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline)]
struct Window {
    /// The id of one job; a search would find all that have it in theirs, and show the first of them.
    id: Option<String>,
    /// A part of the id, the name or the schedule.
    search: String,
    state: Option<Filter>,
    /// The first row, from 0.
    from: usize,
    /// How many rows.
    count: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Filter {
    Running,
    Paused,
    Failing,
}

impl Filter {
    fn holds(self, job: &Status) -> bool {
        match self {
            Self::Running => job.running > 0,
            Self::Paused => job.paused,
            // The last run counts: what works again needs nobody.
            Self::Failing => job
                .history
                .first()
                .is_some_and(|past| past.outcome != Outcome::Succeeded),
        }
    }
}

/// What the page draws.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    /// Milliseconds since 1970 by the clock of the service, for countdowns.
    now: u64,
    /// The process that says so: each knows the runs under way of its own.
    process: u32,
    counts: Counts,
    /// How many jobs were found.
    found: usize,
    /// The number of the first row.
    from: usize,
    jobs: Vec<Row>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct Counts {
    all: usize,
    running: usize,
    paused: usize,
    failing: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    name: String,
    schedule: String,
    trigger: &'static str,
    next_run_time: Option<String>,
    args: Vec<Value>,
    kwargs: Map<String, Value>,
    misfire_grace_time: Option<Number>,
    max_instances: usize,
    single_job: bool,
    paused: bool,
    protected: bool,
    running: usize,
    history: Vec<Past>,
}

impl View {
    fn of(jobs: Vec<Status>, window: &Window) -> Self {
        let count = |filter: Filter| jobs.iter().filter(|job| filter.holds(job)).count();
        let counts = Counts {
            all: jobs.len(),
            running: count(Filter::Running),
            paused: count(Filter::Paused),
            failing: count(Filter::Failing),
        };
        let search = window.search.trim().to_lowercase();
        let mut found: Vec<Status> = jobs
            .into_iter()
            .filter(|job| window.id.as_ref().is_none_or(|id| job.id == *id))
            .filter(|job| window.state.is_none_or(|filter| filter.holds(job)))
            .filter(|job| {
                let texts = [&job.id, &job.name, &job.schedule];
                search.is_empty()
                    || texts
                        .iter()
                        .any(|text| text.to_lowercase().contains(&search))
            })
            .collect();
        let total = found.len();
        let from = window.from.min(total);
        let count = window.count.unwrap_or(MOST).min(MOST);
        let jobs = found.drain(from..).take(count).map(Row::from).collect();
        Self {
            now: now(),
            process: std::process::id(),
            counts,
            found: total,
            from,
            jobs,
        }
    }
}

impl From<Status> for Row {
    fn from(job: Status) -> Self {
        let (args, kwargs) = arguments(job.args);
        Self {
            id: job.id,
            name: job.name,
            schedule: job.schedule,
            trigger: job.trigger,
            next_run_time: job.next_run_time.map(|time| time.to_rfc3339()),
            args,
            kwargs,
            misfire_grace_time: job.misfire_grace_time.and_then(seconds),
            max_instances: job.max_instances,
            single_job: job.single_job,
            paused: job.paused,
            protected: job.protected,
            running: job.running,
            history: job.history.to_vec(),
        }
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
