//! [`FlyerApi`]: the application while it is put together.

use super::{App, AppEntry, Hook, StartError};
use crate::{
    ApiError, Operation, Result, Router,
    codes::{CodeSet, ResponseCode},
    envelope::{Exception, Exceptions, FailureKind, Format},
    extract::StateMap,
};
#[cfg(feature = "jobs")]
use fastkit::executor::Jobs;
use fastkit::settings::{Config, Settings, Sources};
use futures_util::future::BoxFuture;
use std::{fmt, sync::Arc};

/// An API: settings, apps, routers, states and hooks.
///
/// ```no_run
/// use fastflyer::{Config, FlyerApi, get, routes};
///
/// /// 问候
/// #[get("/hello/{name}", tag = "演示")]
/// async fn hello(name: String) -> String {
///     format!("你好，{name}")
/// }
///
/// fn main() -> fastflyer::Result<()> {
///     FlyerApi::new(Config::new().title("Demo").base_url("/demo"))
///         .include(routes![hello])
///         .run()
/// }
/// ```
#[must_use = "an application does nothing until it runs"]
pub struct FlyerApi {
    pub(crate) config: Config,
    pub(super) apps: Vec<AppEntry>,
    pub(super) router: Router,
    pub(super) states: StateMap,
    pub(super) codes: Vec<&'static CodeSet>,
    pub(super) on_startup: Vec<Hook>,
    pub(super) on_shutdown: Vec<Hook>,
    pub(super) on_startup_once: Vec<Hook>,
    pub(super) on_shutdown_once: Vec<Hook>,
    pub(super) format: Option<Arc<dyn Format>>,
    pub(super) exceptions: Exceptions,
    #[cfg(feature = "jobs")]
    pub(super) jobs: Jobs,
    /// Which start of the service this process belongs to; by default its own.
    pub(crate) start: Option<String>,
}

impl FlyerApi {
    /// An application with the settings in code; environment and `.env` go before them.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            apps: Vec::new(),
            router: Router::new(),
            states: StateMap::default(),
            codes: Vec::new(),
            on_startup: Vec::new(),
            on_shutdown: Vec::new(),
            on_startup_once: Vec::new(),
            on_shutdown_once: Vec::new(),
            format: None,
            exceptions: Exceptions::default(),
            #[cfg(feature = "jobs")]
            jobs: Jobs::new(),
            start: None,
        }
    }

    /// Loads apps: `load(apps())` with `fastflyer::apps!("src/app")`.
    pub fn load(mut self, apps: impl IntoIterator<Item = AppEntry>) -> Self {
        self.apps.extend(apps);
        self
    }

    /// Adds a router under the base URL. Basic authentication covers it.
    pub fn include(mut self, router: Router) -> Self {
        self.router = self.router.include(router);
        self
    }

    /// Adds one operation under the base URL. Basic authentication covers it.
    pub fn route(mut self, operation: Operation) -> Self {
        self.router = self.router.route(operation);
        self
    }

    /// Gives handlers a value, which they take as `State<T>`. A later value of the same type replaces
    /// it, so that a test can give another one.
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// Makes the codes of an enum known to the service, so that `{base}/codes` and locale files have
    /// them. An enum of which an operation declares a code is known already.
    ///
    /// ```
    /// use fastflyer::{Config, FlyerApi, ResponseCode};
    ///
    /// #[derive(ResponseCode)]
    /// enum Code {
    ///     #[code(500102, zh = "登录失败", en = "Login failed")]
    ///     LoginError,
    /// }
    ///
    /// let api = FlyerApi::new(Config::new()).codes::<Code>();
    /// # let _ = api;
    /// ```
    pub fn codes<C: ResponseCode>(mut self) -> Self {
        self.codes.push(C::SET);
        self
    }

    /// Shapes all bodies by a format of the project's own, whatever `flyer_response_format` says of
    /// successes. With `problem` there, failures are problem details all the same.
    ///
    /// See [`Format`](trait@crate::format::Format) for an example.
    pub fn format(mut self, format: impl Format) -> Self {
        self.format = Some(Arc::new(format));
        self
    }

    /// Answers errors of the type `E` that a handler returned with `?` with this code, message and
    /// headers, instead of 500. `E` may be the error itself or one of its causes; of several the
    /// outermost decides.
    ///
    /// The client sees the exception and nothing of the error (but its text with `flyer_debug=1`).
    /// The log has the whole chain of causes, as a warning where the code is 4xx and as an error from
    /// 500 on.
    ///
    /// ```
    /// use fastflyer::{Exception, prelude::*, testing::TestClient};
    ///
    /// #[get("/notes/{name}")]
    /// async fn note(name: String) -> Result<String> {
    ///     Err(std::io::Error::new(std::io::ErrorKind::NotFound, name).into())
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let api = FlyerApi::new(Config::new())
    ///     .include(routes![note])
    ///     .exception::<std::io::Error>(Exception::code(404u32).message("数据未找到"));
    /// let client = TestClient::new(api)?;
    /// let answer = client.get("/flyer/notes/a").send().await;
    /// assert_eq!((answer.status(), &answer.json()["message"]), (404, &"数据未找到".into()));
    /// # Ok::<(), fastflyer::StartError>(())
    /// # }).unwrap();
    /// ```
    pub fn exception<E: std::error::Error + 'static>(mut self, exception: Exception) -> Self {
        self.exceptions.add_type::<E>(exception);
        self
    }

    /// The same with an answer that depends on the error.
    ///
    /// ```
    /// use fastflyer::prelude::*;
    /// use std::io::{Error, ErrorKind};
    ///
    /// let api = FlyerApi::new(Config::new()).exception_with(|error: &Error| match error.kind() {
    ///     ErrorKind::NotFound => ApiError::not_found().message("数据未找到"),
    ///     ErrorKind::TimedOut => ApiError::unavailable().header("retry-after", "5"),
    ///     _ => ApiError::internal(),
    /// });
    /// ```
    pub fn exception_with<E: std::error::Error + 'static>(
        mut self,
        answer: impl Fn(&E) -> ApiError + Send + Sync + 'static,
    ) -> Self {
        self.exceptions.add_function(answer);
        self
    }

    /// Answers failures that the framework finds itself with another code, message or further
    /// headers. What the failure says beside (failing fields, `Allow`) stays.
    ///
    /// ```
    /// use fastflyer::{Exception, FailureKind, prelude::*, testing::TestClient};
    ///
    /// #[get("/items/{id}")]
    /// async fn item(id: u64) -> u64 {
    ///     id
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let api = FlyerApi::new(Config::new())
    ///     .include(routes![item])
    ///     .on(FailureKind::Validation, Exception::code(422_001u32).message("表单验证错误"))
    ///     .on(FailureKind::NotFound, Exception::new().message("走错了"));
    /// let client = TestClient::new(api)?;
    /// let answer = client.get("/flyer/items/x").send().await;
    /// assert_eq!((answer.status(), &answer.json()["code"]), (422, &422_001.into()));
    /// assert_eq!(client.get("/flyer/nowhere").send().await.json()["message"], "走错了");
    /// # Ok::<(), fastflyer::StartError>(())
    /// # }).unwrap();
    /// ```
    pub fn on(mut self, kind: FailureKind, exception: Exception) -> Self {
        self.exceptions.add_kind(kind, exception);
        self
    }

    /// Adds jobs and background tasks that belong to no app.
    ///
    /// ```
    /// use fastflyer::prelude::*;
    ///
    /// #[scheduled(interval = "5s")]
    /// async fn hello() {
    ///     logger::info!("hello");
    /// }
    ///
    /// let api = FlyerApi::new(Config::new()).jobs(jobs![hello]);
    /// # let _ = api;
    /// ```
    ///
    /// With several workers each of them runs the jobs; a single job runs once for each of its times,
    /// in one of them.
    #[cfg(feature = "jobs")]
    pub fn jobs(mut self, jobs: Jobs) -> Self {
        self.jobs = self.jobs.include(jobs);
        self
    }

    /// Runs in each worker before its first request. An error stops the start.
    pub fn on_startup<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.on_startup.push(boxed(hook));
        self
    }

    /// Runs in each worker after its last request. An error is logged.
    pub fn on_shutdown<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.on_shutdown.push(boxed(hook));
        self
    }

    /// Runs once per service, in its first worker, before [`on_startup`](Self::on_startup) and before
    /// any other worker is started: the place for a migration. It runs again after an upgrade of the
    /// program (USR2), but not at a rolling restart. An error stops the start.
    pub fn on_startup_once<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.on_startup_once.push(boxed(hook));
        self
    }

    /// Runs once when the service stops, in one of its workers, after that one's last request; others
    /// may still have some. It does not run when a worker is replaced. An error is logged.
    pub fn on_shutdown_once<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.on_shutdown_once.push(boxed(hook));
        self
    }

    /// Reads the settings of this process and assembles the application.
    ///
    /// # Errors
    ///
    /// Every reason why it cannot start: settings, routes, documentation, states.
    pub fn build(self) -> Result<App, StartError> {
        let sources = Sources::from_process();
        self.build_with(&sources)
    }

    /// The same with settings from elsewhere, for tests.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_with(self, sources: &Sources) -> Result<App, StartError> {
        let loaded = Settings::load(&self.config, sources).map_err(|errors| {
            StartError::new(errors.to_string().lines().map(str::to_owned).collect())
        })?;
        self.assemble(loaded, None)
    }
}

fn boxed<F, Fut>(hook: F) -> Hook
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    Box::new(move || -> BoxFuture<'static, Result<()>> { Box::pin(hook()) })
}

impl fmt::Debug for FlyerApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlyerApi")
            .field("apps", &self.apps)
            .field("router", &self.router)
            .finish_non_exhaustive()
    }
}
