//! From a [`FlyerApi`] to an [`App`]: everything is checked, and what is wrong is told together.

use super::{Core, FlyerApi, Hook, Part, base_routes};
use crate::{
    Envelope,
    access_log::AccessLog,
    auth::Credentials,
    codes::{Catalogue, CodeRow, CodeSet},
    extract::Explainers,
    jobs::{Declared, Runner},
    language::{self, Texts},
    openapi,
    pool::Pool,
    routing::{Mount, Mounted, RouteTable, Scope},
    service::NotRouted,
};
use fastkit::{
    logger::Sink,
    settings::{Contact, Loaded, Settings},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr, UdpSocket},
    sync::{Arc, OnceLock},
};

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
    /// Puts everything together, and says all at once what does not fit.
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

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({} operations)", self.core.operations.len())
    }
}
