//! `{base}/tasks`: the jobs of the service as operations, in the words of FastFlyer's clients.
//!
//! To stop is to pause: what was stopped can be started again (H10). Removing is asked for by name, and
//! protected jobs stay as they are. Nothing here runs on the service's thread pool, which plain jobs
//! share: a pool full of stuck jobs must not keep anybody from stopping them. Key types: [`Tasks`],
//! [`JobRow`]; the page for operators is in [`ui`].

mod job;
mod ui;

use crate::{
    ApiError, Operation, Result,
    context::Context,
    extract::{Extract, Path, Query, Rejection},
    language::Notice,
    routing::{Mount, Scope, positional},
};
use fastkit::{
    executor::{Error, Scheduler, Status},
    settings::Settings,
};
use http::{HeaderValue, Method, header};
use job::{JobName, JobRow, StartedRun};
use schemars::JsonSchema;
use serde::Deserialize;

/// What the document lists the operations under; the name is the original's.
const TAG: &str = "任务管理";

/// Mounts the operations, and the page where the settings want it. Gives what to say in the log when
/// the project has a resource of that name itself, which goes before.
pub(crate) fn mount(settings: &Settings, mount: &mut Mount, scope: &Scope) -> Option<String> {
    let mut operations = operations();
    if settings.tasks_page {
        operations.extend(ui::operations());
    }
    let taken = |operation: &&Operation| {
        let path = positional(&format!("{}{}", scope.prefix, operation.path()));
        let rest = format!("{}/tasks/{{*", scope.prefix);
        mount
            .operations
            .iter()
            .any(|mounted| positional(&mounted.path) == path || mounted.path.starts_with(&rest))
    };
    if let Some(taken) = operations.iter().find(taken) {
        return Some(format!(
            "the project answers {}{} itself: the operations on its jobs are left out",
            scope.prefix,
            taken.path()
        ));
    }
    for operation in operations {
        mount.add(operation, scope);
    }
    None
}

fn operations() -> Vec<Operation> {
    let operation = |method, path, function, summary, description| {
        Operation::new(method, path, function)
            .tag(TAG)
            .summary(summary)
            .description(description)
    };
    vec![
        operation(
            Method::GET,
            "/tasks",
            "get_jobs",
            "任务查询接口",
            "查询所有任务",
        )
        .try_handler(get_jobs),
        operation(
            Method::DELETE,
            "/tasks",
            "stop_jobs",
            "停止所有任务",
            "暂停所有未受保护的任务，返回本次暂停的任务；可逐个重新启动。",
        )
        .codes([200u32, 403])
        .try_handler(stop_jobs),
        operation(
            Method::GET,
            "/tasks/{taskId}",
            "get_job",
            "查询指定任务",
            "查询指定任务",
        )
        .codes([200u32, 404])
        .try_handler(get_job),
        operation(
            Method::POST,
            "/tasks/{taskId}",
            "start_job",
            "启动指定任务",
            "让暂停的任务继续按计划执行；暂停期间错过的执行不会补上。",
        )
        .codes([200u32, 403, 404])
        .try_handler(start_job),
        operation(
            Method::DELETE,
            "/tasks/{taskId}",
            "stop_job",
            "停止任务接口",
            "暂停指定任务，可重新启动；`remove=1` 则移除任务，直到服务重新启动。正在进行的执行不受影响。",
        )
        .codes([200u32, 403, 404])
        .try_handler(stop_job),
        operation(
            Method::POST,
            "/tasks/{taskId}/run",
            "run_job",
            "立即执行任务",
            "立即执行一次，不影响计划的时间；暂停的任务也会执行，正在其他进程中执行的单例任务则会跳过。返回本次执行的编号，日志中可按它查找。",
        )
        .codes([200u32, 403, 404, 409, 503])
        .try_handler(run_job),
    ]
}

/// The jobs of the service, for an operation on them.
pub(crate) struct Tasks {
    scheduler: Scheduler,
    /// Whether answers are in the format of FastFlyer for Python, whose clients know its words.
    flyer: bool,
}

/// A browser says by itself for which page it asks, and no page can change that: `Sec-Fetch-Site`, or
/// `Origin` where the address is not a secure one. So whoever has our page open, or a password in the
/// browser, cannot be made to change jobs by the page of somebody else. Other clients say neither.
impl Extract for Tasks {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        if *cx.method() != Method::GET
            && let Some(origin) = foreign_page(cx)
        {
            let notice = Notice::jobs_foreign_page(origin);
            return Err(ApiError::forbidden().notice(notice).into());
        }
        Ok(Self {
            scheduler: cx.core.jobs.scheduler.clone(),
            flyer: cx.envelope().is_flyer(),
        })
    }
}

/// The page of another origin that the browser sends the request for, if it does.
fn foreign_page(cx: &Context) -> Option<String> {
    let value = |name| cx.headers().get(name).map(HeaderValue::as_bytes);
    let origin = value(header::ORIGIN).map(String::from_utf8_lossy);
    let own = match value(header::HeaderName::from_static("sec-fetch-site")) {
        Some(site) => matches!(site, b"same-origin" | b"none"),
        None => origin.as_deref().is_none_or(|origin| {
            // Not the scheme: whoever ends TLS in front of us need not be known to us.
            let own = cx.origin();
            let host = |origin: &str| origin.split_once("://").map(|(_, host)| host.to_owned());
            let (asked, own) = (host(origin), own.as_deref().and_then(host));
            matches!((asked, own), (Some(asked), Some(own)) if asked.eq_ignore_ascii_case(&own))
        }),
    };
    (!own).then(|| origin.map_or_else(|| "unknown".to_owned(), |origin| origin.into_owned()))
}

impl Tasks {
    fn find(&self, id: &str) -> Result<Status> {
        self.scheduler.job(id).ok_or_else(|| self.unknown(id))
    }

    fn unknown(&self, id: &str) -> ApiError {
        let error = ApiError::not_found();
        if self.flyer {
            let text = format!("Job {id} not found.");
            error.message(text).detail("")
        } else {
            error.notice(Notice::job_not_found(id))
        }
    }

    /// Does something to a job, and gives the job as it is then.
    fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&Scheduler) -> Result<T, Error>,
    ) -> Result<(T, Status)> {
        let before = self.find(id)?;
        let done = change(&self.scheduler).map_err(|error| self.refusal(id, error))?;
        // A job that is gone now was removed by this call.
        Ok((done, self.scheduler.job(id).unwrap_or(before)))
    }

    fn refusal(&self, id: &str, error: Error) -> ApiError {
        if error.is_unknown() {
            self.unknown(id)
        } else if error.is_protected() {
            ApiError::forbidden().notice(Notice::job_protected(id))
        } else if error.is_busy() {
            ApiError::conflict().notice(Notice::job_busy(id))
        } else if error.is_not_running() {
            ApiError::unavailable().notice(Notice::jobs_stand_still())
        } else {
            ApiError::internal().cause(error)
        }
    }
}

/// Runs on a thread of the runtime, not on the event loop: with many jobs a list takes a while.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| Err(ApiError::uncaught(panic)))
}

/// The job of the path.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Named {
    /// 任务编号
    #[serde(rename = "taskId")]
    id: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Removal {
    /// 为 1 时移除任务，而不是暂停
    #[serde(default)]
    remove: bool,
}

async fn get_jobs(tasks: Tasks) -> Result<Vec<JobRow>> {
    aside(move || {
        let jobs = tasks.scheduler.jobs();
        Ok(jobs.into_iter().map(JobRow::from).collect())
    })
    .await
}

async fn stop_jobs(tasks: Tasks) -> Result<Vec<JobName>> {
    aside(move || {
        let jobs = tasks.scheduler.jobs().into_iter();
        let mut stopped = Vec::new();
        for job in jobs.filter(|job| !job.protected && !job.paused) {
            match tasks.change(&job.id, |scheduler| scheduler.pause(&job.id)) {
                Ok(_) => stopped.push(JobName::from(job)),
                // Gone meanwhile: it runs no more.
                Err(error) if error.code_number() == 404 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(stopped)
    })
    .await
}

async fn get_job(tasks: Tasks, Path(Named { id }): Path<Named>) -> Result<JobRow> {
    aside(move || tasks.find(&id).map(JobRow::from)).await
}

async fn start_job(tasks: Tasks, Path(Named { id }): Path<Named>) -> Result<JobRow> {
    aside(move || {
        let (_, job) = tasks.change(&id, |scheduler| scheduler.resume(&id))?;
        Ok(job.into())
    })
    .await
}

async fn stop_job(
    tasks: Tasks,
    Path(Named { id }): Path<Named>,
    Query(Removal { remove }): Query<Removal>,
) -> Result<JobRow> {
    aside(move || {
        let (_, job) = tasks.change(&id, |scheduler| match remove {
            true => scheduler.remove(&id),
            false => scheduler.pause(&id),
        })?;
        Ok(if remove {
            JobRow::removed(job)
        } else {
            job.into()
        })
    })
    .await
}

async fn run_job(tasks: Tasks, Path(Named { id }): Path<Named>) -> Result<StartedRun> {
    aside(move || {
        let (run, job) = tasks.change(&id, |scheduler| scheduler.run_now(&id))?;
        Ok(StartedRun {
            id: job.id,
            name: job.name,
            run: run.to_string(),
        })
    })
    .await
}
