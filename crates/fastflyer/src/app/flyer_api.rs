//! [`FlyerApi`]: the application while it is put together.

use super::{AppEntry, Core, Hook, Part, base_routes};
use crate::{
    ApiError, Envelope, Operation, Result, Router,
    access_log::AccessLog,
    auth::Credentials,
    codes::{Catalogue, CodeRow, CodeSet, ResponseCode},
    envelope::{Exception, Exceptions, FailureKind, Format},
    extract::{Explainers, StateMap},
    jobs::{Declared, Runner},
    language::{self, Texts},
    openapi,
    pool::Pool,
    routing::{Mount, Mounted, RouteTable, Scope},
    service::NotRouted,
};
#[cfg(feature = "jobs")]
use fastkit::executor::Jobs;
use fastkit::{
    logger::Sink,
    settings::{Config, Contact, Loaded, Settings, Sources},
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr, UdpSocket},
    sync::{Arc, OnceLock},
};

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
    apps: Vec<AppEntry>,
    router: Router,
    states: StateMap,
    codes: Vec<&'static CodeSet>,
    on_startup: Vec<Hook>,
    on_shutdown: Vec<Hook>,
    on_startup_once: Vec<Hook>,
    on_shutdown_once: Vec<Hook>,
    format: Option<Arc<dyn Format>>,
    exceptions: Exceptions,
    #[cfg(feature = "jobs")]
    jobs: Jobs,
    /// Which start of the service this process belongs to; by default its own.
    pub(crate) start: Option<String>,
}

/// An assembled application, ready to be served.
#[derive(Clone)]
pub struct App {
    pub(crate) core: Arc<Core>,
    pub(crate) hooks: Arc<Hooks>,
    pub(crate) notes: Arc<Vec<String>>,
}

#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) startup: Vec<(String, Hook)>,
    pub(crate) shutdown: Vec<(String, Hook)>,
    pub(crate) startup_once: Vec<Hook>,
    pub(crate) shutdown_once: Vec<Hook>,
}

/// Why an application cannot start: one line per reason.
#[derive(Clone, PartialEq, Eq)]
pub struct StartError {
    reasons: Vec<String>,
}

impl StartError {
    pub(crate) fn new(reasons: Vec<String>) -> Self {
        Self { reasons }
    }

    /// All reasons, a line each.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reasons.join("\n"))
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {}

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

    pub(crate) fn assemble(
        self,
        loaded: Loaded,
        console: Option<&Sink>,
    ) -> Result<App, StartError> {
        let Loaded {
            settings, warnings, ..
        } = loaded;
        let mut notes = warnings;
        let mut mount = Mount::default();
        let mut hooks = Hooks::default();
        let scope = |app: &str, auth: bool| Scope {
            prefix: settings.base_url.clone(),
            tags: Vec::new(),
            app: app.to_owned(),
            auth,
        };
        let mut declared = Declared::default();
        for mut app in self.apps {
            if !app.enabled {
                notes.push(format!("app {} is not enabled", app.name));
                continue;
            }
            let before = mount.operations.len();
            if let Some(router) = app.router {
                router().mount(&scope(app.name, app.auth_enabled), &mut mount);
            }
            let operations = mount.operations.len() - before;
            let jobs = declared.take(&mut app);
            if app.router.is_none()
                && jobs.is_none()
                && app.on_startup.is_none()
                && app.on_shutdown.is_none()
            {
                mount.problems.push(format!(
                    "the app {} has neither `pub fn router()` nor `pub fn jobs()` nor a hook; write one, or `pub const ENABLED: bool = false;`",
                    app.name
                ));
            }
            let jobs = jobs.map_or(String::new(), |count| format!(", {count} jobs"));
            notes.push(format!(
                "app {} loaded, {operations} operations{jobs}",
                app.name
            ));
            hooks
                .startup
                .extend(app.on_startup.map(|hook| (app.name.to_owned(), hook)));
            hooks
                .shutdown
                .extend(app.on_shutdown.map(|hook| (app.name.to_owned(), hook)));
        }
        #[cfg(feature = "jobs")]
        declared.add(self.jobs);
        let own = |hooks: Vec<Hook>| hooks.into_iter().map(|hook| ("main".to_owned(), hook));
        hooks.startup_once = self.on_startup_once;
        hooks.shutdown_once = self.on_shutdown_once;
        hooks.startup.extend(own(self.on_startup));
        hooks.shutdown.extend(own(self.on_shutdown));
        self.router.mount(&scope("", true), &mut mount);
        let named = [self.codes.as_slice(), self.exceptions.sets()].concat();
        let (catalogue, texts) = speak(&settings, &named, &mount).unwrap_or_else(|found| {
            mount.problems.extend(found);
            (Catalogue::default(), Texts::built_in())
        });
        let (envelope, envelope_problems) =
            match Envelope::with(&settings, texts, self.format, self.exceptions) {
                Ok(envelope) => (envelope, Vec::new()),
                // The rest is checked all the same, so that all reasons are told together.
                Err(reasons) => (Envelope::default(), reasons),
            };
        let rows = code_rows(&catalogue, &envelope);
        notes.extend(base_routes::mount(&settings, &mut mount, rows.clone()));

        let axum = finish_axum(&mut mount);
        let axum_problems = std::mem::take(&mut mount.axum_problems);
        let mut problems = envelope_problems;
        problems.append(&mut mount.problems);
        let operations: Vec<Arc<Mounted>> = mount.operations.into_iter().map(Arc::new).collect();
        let mut table = RouteTable::default();
        problems.extend(
            operations
                .iter()
                .filter_map(|mounted| table.insert(mounted.clone()).err()),
        );
        problems.extend(duplicate_ids(&operations));
        // The same route twice was reported above, with both places.
        if problems.is_empty() {
            problems.extend(axum_problems);
        }

        let pool = Pool::new(settings.threads);
        let start = self.start.as_deref();
        let (jobs, states) = Runner::assemble(
            declared,
            &settings,
            start,
            &pool,
            self.states,
            &mut problems,
        );

        let info = openapi::Info {
            title: settings.title.clone(),
            version: settings.version.clone(),
            description: Some(settings.description.clone()).filter(|text| !text.is_empty()),
            contact: settings.contact.clone().or_else(|| {
                (!settings.author.is_empty()).then(|| Contact::new(settings.author.clone()))
            }),
            secured: settings.auth_enable,
        };
        let document = match openapi::build(&info, &envelope, &operations, &rows) {
            Ok(built) => {
                problems.extend(built.states.iter().filter(|(key, _)| !states.contains(*key)).map(
                    |(key, place)| {
                        format!(
                            "the operation at {place} takes State<{0}>, but the application has no state of type {0}; give one with FlyerApi::state",
                            key.name
                        )
                    },
                ));
                built.document
            }
            Err(found) => {
                problems.extend(found);
                serde_json::Value::Null
            }
        };
        if !problems.is_empty() {
            return Err(StartError::new(problems));
        }
        let constant_headers = constant_headers();
        let access_log = AccessLog::new(&settings, &constant_headers, console)
            .map_err(|text| StartError::new(vec![text]))?;
        let credentials = settings
            .auth_enable
            .then(|| Credentials::new(&settings.auth_user, settings.auth_pass.expose()));
        let core = Core {
            envelope,
            states,
            pool,
            jobs,
            table,
            axum,
            credentials,
            access_log,
            explainers: Explainers::default(),
            constant_headers,
            operations,
            catalogue,
            document,
            server: OnceLock::new(),
            part: Part::default(),
            settings,
        };
        Ok(App {
            core: Arc::new(core),
            hooks: Arc::new(hooks),
            notes: Arc::new(notes),
        })
    }
}

/// The codes of the service and the texts of all of them.
fn speak(
    settings: &Settings,
    named: &[&'static CodeSet],
    mount: &Mount,
) -> Result<(Catalogue, Arc<Texts>), Vec<String>> {
    let declared = mount.operations.iter().flat_map(|mounted| {
        let codes = mounted.operation.codes.iter();
        codes.filter_map(|code| code.set())
    });
    let mut sets: Vec<&'static CodeSet> = Vec::new();
    for set in named.iter().copied().chain(declared) {
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    let catalogue = Catalogue::new(sets)?;
    let files = language::read_folder(&settings.locales)?;
    let texts = Texts::new(
        settings.response_format,
        &settings.locale,
        &catalogue,
        files,
    )?;
    Ok((catalogue, Arc::new(texts)))
}

/// The catalogue as clients see it.
fn code_rows(catalogue: &Catalogue, envelope: &Envelope) -> Vec<CodeRow> {
    let entries = catalogue.0.values();
    entries
        .map(|entry| {
            let texts = envelope.texts.written(entry.number);
            entry.row(envelope.sent_code(entry.number), texts)
        })
        .collect()
}

fn boxed<F, Fut>(hook: F) -> Hook
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    Box::new(move || -> BoxFuture<'static, Result<()>> { Box::pin(hook()) })
}

fn finish_axum(mount: &mut Mount) -> Option<axum::Router> {
    mount
        .finish_axum()
        .map(|router| router.fallback(async || NotRouted::response()))
}

fn duplicate_ids(operations: &[Arc<Mounted>]) -> Vec<String> {
    let mut seen: HashMap<&str, &Mounted> = HashMap::new();
    let mut problems = Vec::new();
    for mounted in operations
        .iter()
        .filter(|mounted| !mounted.operation.hidden)
    {
        match seen.get(mounted.id.as_str()) {
            Some(first) => problems.push(format!(
                "the operation id `{}` is used twice: at {} and at {}; set another with operation_id = \"..\"",
                mounted.id, first.operation.place, mounted.operation.place
            )),
            None => {
                seen.insert(&mounted.id, mounted);
            }
        }
    }
    problems
}

/// The headers that are the same on every answer.
fn constant_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    let ip = host_ip().to_string();
    if let Ok(ip) = HeaderValue::from_str(&ip) {
        headers.insert(HeaderName::from_static("x-host-ip"), ip);
    }
    headers.insert(
        http::header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
}

/// The address that this host would use towards other hosts, without DNS and without sending
/// anything: connecting a UDP socket only asks the routing table (P2).
fn host_ip() -> IpAddr {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let Ok(socket) = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)) else {
        return loopback;
    };
    // 192.0.2.0/24 is reserved for documentation (RFC 5737): it is routed, never reached.
    match socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)) {
        Ok(()) => socket.local_addr().map_or(loopback, |address| address.ip()),
        Err(_) => loopback,
    }
}

impl App {
    /// The OpenAPI document.
    pub fn openapi(&self) -> &serde_json::Value {
        &self.core.document
    }

    /// What runs the jobs of the service, once it is served.
    #[cfg(feature = "jobs")]
    pub fn scheduler(&self) -> &fastkit::executor::Scheduler {
        &self.core.jobs.scheduler
    }

    /// All codes of the service, by number.
    pub(crate) fn codes(&self) -> Vec<CodeRow> {
        code_rows(&self.core.catalogue, &self.core.envelope)
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }
}

impl fmt::Debug for FlyerApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlyerApi")
            .field("apps", &self.apps)
            .field("router", &self.router)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({} operations)", self.core.operations.len())
    }
}
