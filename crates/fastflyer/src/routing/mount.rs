//! [`Mount`]: routers flattened into places, with the axum router for what needs one.

use super::{PathParams, template};
use crate::{
    Body, Operation, Response,
    app::Core,
    context::{Context, PeerInfo},
    language::Preferences,
    service::NotRouted,
};
use axum::extract::{FromRequestParts as _, RawPathParams};
use bytes::Bytes;
use fastkit::context::RequestId;
use futures_util::future::BoxFuture;
use std::{
    borrow::Cow,
    collections::HashMap,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    task::{Context as TaskContext, Poll},
};
use sync_wrapper::SyncWrapper;

/// An operation at its place.
#[derive(Debug)]
pub(crate) struct Mounted {
    /// The full path template, base URL included.
    pub(crate) path: String,
    pub(crate) names: Vec<String>,
    /// The operation id in the document.
    pub(crate) id: String,
    /// Whether basic authentication covers it when that is on.
    pub(crate) auth: bool,
    pub(crate) operation: Operation,
    /// Whether the service calls it without axum's router.
    pub(crate) direct: bool,
    /// Whether it was said already that it answers with a status that is not documented.
    pub(crate) undeclared: AtomicBool,
    /// Whether it has a route in axum's router already, behind the layers of its own router.
    layered: bool,
}

/// Where a router is mounted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) prefix: String,
    pub(crate) tags: Vec<Cow<'static, str>>,
    /// The app whose folder the router came from; empty for routers that were added by hand.
    pub(crate) app: String,
    pub(crate) auth: bool,
}

impl Scope {
    pub(super) fn inside(&self, prefix: &str, tags: &[Cow<'static, str>]) -> Self {
        let mut scope = self.clone();
        scope.prefix.push_str(prefix.trim_end_matches('/'));
        scope.tags.extend_from_slice(tags);
        scope
    }
}

/// All operations of an application, and the axum router of those that are not called directly.
#[derive(Debug, Default)]
pub(crate) struct Mount {
    pub(crate) operations: Vec<Mounted>,
    pub(crate) axum: Option<axum::Router>,
    pub(crate) problems: Vec<String>,
    /// What axum refused. The same mistake is mostly among `problems` too, in better words.
    pub(crate) axum_problems: Vec<String>,
    /// The template of each place in axum's router, by its positional form: axum refuses two names
    /// for one place, but its own `Path` reads names.
    templates: HashMap<String, String>,
}

impl Mount {
    /// An empty mount for a router inside of this one.
    pub(super) fn inner(&mut self) -> Self {
        Self {
            templates: std::mem::take(&mut self.templates),
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, mut operation: Operation, scope: &Scope) {
        if !operation.path.is_empty() && !operation.path.starts_with('/') {
            self.problems.push(format!(
                "{} {:?} at {}: a path begins with `/`",
                operation.method, operation.path, operation.place
            ));
            return;
        }
        let path = match (scope.prefix.as_str(), operation.path.as_ref()) {
            ("", "") => "/".to_owned(),
            (prefix, path) => format!("{prefix}{path}"),
        };
        if let Err(reason) = template::check_template(&path) {
            self.problems.push(format!(
                "{} {path:?} at {}: {reason}",
                operation.method, operation.place
            ));
            return;
        }
        let mut tags = scope.tags.clone();
        tags.append(&mut operation.tags);
        let mut seen = Vec::new();
        tags.retain(|tag| {
            !seen.contains(tag) && {
                seen.push(tag.clone());
                true
            }
        });
        operation.tags = tags;
        let id = match &operation.id {
            Some(id) => id.to_string(),
            None if scope.app.is_empty() => operation.function.to_string(),
            None => format!("{}_{}", scope.app, operation.function),
        };
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            self.problems.push(format!(
                "the operation id {id:?} at {} has other characters than letters, digits and `_`",
                operation.place
            ));
        }
        let names = template::template_names(&path);
        let direct = operation.direct;
        self.operations.push(Mounted {
            path,
            names,
            id,
            auth: scope.auth,
            operation,
            direct,
            undeclared: AtomicBool::new(false),
            layered: false,
        });
    }

    pub(super) fn add_axum(&mut self, router: axum::Router, scope: &Scope) {
        let router = if scope.auth {
            router.layer(axum::middleware::from_fn(crate::auth::require))
        } else {
            router
        };
        self.change_axum(|own| match scope.prefix.as_str() {
            "" => own.merge(router),
            prefix => own.merge(axum::Router::new().nest(prefix, router)),
        });
    }

    /// axum panics on routes that it refuses; that is a mistake to report, not to crash on.
    fn change_axum(&mut self, change: impl FnOnce(axum::Router) -> axum::Router) {
        let own = self.axum.take().unwrap_or_default();
        match catch_unwind(AssertUnwindSafe(|| change(own))) {
            Ok(router) => self.axum = Some(router),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                let text = text.unwrap_or("routes overlap");
                self.axum_problems.push(format!("axum's router: {text}"));
            }
        }
    }

    /// Everything as one axum router: what was called directly so far goes through it from now on.
    pub(super) fn take_axum(&mut self) -> axum::Router {
        let mut routes = Vec::new();
        for mounted in self
            .operations
            .iter_mut()
            .filter(|mounted| !mounted.layered)
        {
            mounted.direct = false;
            mounted.layered = true;
            routes.push(Route::new(mounted, &mut self.templates));
        }
        self.change_axum(|router| routes.into_iter().fold(router, Route::add));
        self.axum.take().unwrap_or_default()
    }

    pub(super) fn absorb_layered(&mut self, inner: Mount, router: axum::Router) {
        self.change_axum(|own| own.merge(router));
        self.operations.extend(inner.operations);
        self.problems.extend(inner.problems);
        self.axum_problems.extend(inner.axum_problems);
        self.templates = inner.templates;
    }
}

/// An operation's route in axum's router.
struct Route {
    template: String,
    service: OperationService,
}

impl Route {
    fn new(mounted: &Mounted, templates: &mut HashMap<String, String>) -> Self {
        let known = templates.entry(template::positional(&mounted.path));
        let template = template::encoded_template(known.or_insert_with(|| mounted.path.clone()));
        let service = OperationService {
            operation: mounted.operation.clone(),
            path: mounted.path.as_str().into(),
        };
        Self { template, service }
    }

    fn add(router: axum::Router, route: Self) -> axum::Router {
        let method = route.service.operation.method.clone();
        match axum::routing::MethodFilter::try_from(method) {
            // Not `route_service`: that would take the place for all methods.
            Ok(filter) => router.route(
                &route.template,
                axum::routing::on_service(filter, route.service),
            ),
            Err(_) => router,
        }
    }
}

impl Mount {
    /// The axum router of operations with foreign extractors, beside what is in it already.
    pub(crate) fn finish_axum(&mut self) -> Option<axum::Router> {
        let foreign = self.operations.iter().filter(|m| !m.direct && !m.layered);
        let routes: Vec<Route> = foreign
            .map(|m| Route::new(m, &mut self.templates))
            .collect();
        if !routes.is_empty() {
            self.change_axum(|router| routes.into_iter().fold(router, Route::add));
        }
        self.axum.take()
    }
}

/// What a request brings along through axum's router, in its extensions.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) core: Arc<Core>,
    pub(crate) peer: Arc<PeerInfo>,
    pub(crate) request_id: RequestId,
    pub(crate) preferences: Preferences,
    pub(crate) mounted: Option<Arc<Mounted>>,
    /// The body that the operation read, for the access log.
    pub(crate) seen_body: Arc<Mutex<Option<Bytes>>>,
}

/// Calls an operation from within axum's router.
#[derive(Clone)]
struct OperationService {
    operation: Operation,
    /// The full path template, which with the method says which operation this is.
    path: Arc<str>,
}

impl tower::Service<axum::extract::Request> for OperationService {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: axum::extract::Request) -> Self::Future {
        let operation = self.operation.clone();
        let path = self.path.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let params = match RawPathParams::from_request_parts(&mut parts, &()).await {
                Ok(params) => params.iter().map(|(_, value)| value.to_owned()).collect(),
                Err(_) => Vec::new(),
            };
            let Some(link) = parts.extensions.get::<Link>().cloned() else {
                return Ok(no_service());
            };
            // Authentication was checked for the operation that our table found. axum answers HEAD
            // by GET and splits encoded slashes differently: what it found alone is not called.
            let same = |m: &Arc<Mounted>| m.path == *path && m.operation.method == operation.method;
            if !link.mounted.as_ref().is_some_and(same) {
                return Ok(NotRouted::response());
            }
            let mut cx = Context {
                parts,
                body: SyncWrapper::new(Body::new(body)),
                params: PathParams::owned(params),
                core: link.core,
                mounted: link.mounted,
                peer: link.peer,
                request_id: link.request_id,
                preferences: link.preferences,
                seen_body: None,
                form: None,
            };
            let mut response: Response = (operation.call)(&mut cx).await;
            // Before layers see the body: they may compress it.
            cx.core
                .envelope
                .finish(&mut response, &cx.parts.headers, link.request_id);
            *link
                .seen_body
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = cx.seen_body.take();
            Ok(response.map(axum::body::Body::new))
        })
    }
}

/// An operation's axum route was taken out of its application: `FlyerApi::into_axum` gives a router
/// that works anywhere.
fn no_service() -> axum::response::Response {
    use axum::response::IntoResponse as _;
    crate::ApiError::uncaught("the operation was called outside of its application").into_response()
}
