//! [`Router`]: operations under a prefix and tags, other routers, axum routers, and layers.

use super::{Mount, Scope};
use crate::Operation;
use axum::{extract::Request, response::IntoResponse, routing::Route};
use std::{borrow::Cow, convert::Infallible, fmt};
use tower::{Layer, Service};

type ApplyLayer = Box<dyn FnOnce(axum::Router) -> axum::Router + Send>;

/// A set of operations.
///
/// ```
/// use fastflyer::{Router, get, routes};
///
/// #[get("/info")]
/// async fn info() -> &'static str {
///     "…"
/// }
///
/// let users = Router::new().tag("用户管理").prefix("/users").include(routes![info]);
/// ```
#[derive(Default)]
#[must_use = "a router does nothing until an application loads it"]
pub struct Router {
    prefix: String,
    tags: Vec<Cow<'static, str>>,
    items: Vec<Item>,
    layers: Vec<ApplyLayer>,
}

enum Item {
    Operation(Operation),
    Router(Router),
    Axum(axum::Router),
}

impl Router {
    /// A router without anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a prefix before every path of the router: empty, or `/` and segments.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Adds a tag to every operation of the router, before the operation's own.
    pub fn tag(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds an operation.
    pub fn route(mut self, operation: Operation) -> Self {
        self.items.push(Item::Operation(operation));
        self
    }

    /// Adds all of another router, under this router's prefix and tags.
    pub fn include(mut self, router: Router) -> Self {
        self.items.push(Item::Router(router));
        self
    }

    /// Adds a plain axum router under this router's prefix. Its routes are served, but not
    /// documented.
    pub fn axum(mut self, router: axum::Router) -> Self {
        self.items.push(Item::Axum(router));
        self
    }

    /// Wraps everything that the router has so far and will have in a tower layer, as axum's
    /// `Router::layer` does. The layer added last runs first. Requests for these operations go
    /// through axum's router.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.layers
            .push(Box::new(move |router| router.layer(layer)));
        self
    }

    pub(crate) fn mount(self, scope: &Scope, mount: &mut Mount) {
        if !self.prefix.is_empty() && !self.prefix.starts_with('/') {
            mount.problems.push(format!(
                "the prefix {:?} of a router must begin with `/`",
                self.prefix
            ));
            return;
        }
        let scope = scope.inside(&self.prefix, &self.tags);
        if self.layers.is_empty() {
            mount_items(self.items, &scope, mount);
            return;
        }
        let mut inner = mount.inner();
        mount_items(self.items, &scope, &mut inner);
        let mut router = inner.take_axum();
        for layer in self.layers {
            router = layer(router);
        }
        mount.absorb_layered(inner, router);
    }
}

fn mount_items(items: Vec<Item>, scope: &Scope, mount: &mut Mount) {
    for item in items {
        match item {
            Item::Operation(operation) => mount.add(operation, scope),
            Item::Router(router) => router.mount(scope, mount),
            Item::Axum(router) => mount.add_axum(router, scope),
        }
    }
}

impl From<Operation> for Router {
    fn from(operation: Operation) -> Self {
        Self::new().route(operation)
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Router({:?}, {} items)", self.prefix, self.items.len())
    }
}

/// Collects functions that carry an attribute macro into a [`Router`].
///
/// "Expected type, found function" means that a function has no attribute: write `#[get("/path")]`
/// or another method above it.
///
/// ```
/// use fastflyer::{get, routes};
///
/// #[get("/ping")]
/// async fn ping() -> &'static str {
///     "pong"
/// }
///
/// let router = routes![ping];
/// ```
#[macro_export]
macro_rules! routes {
    ($($function:path),* $(,)?) => {
        $crate::Router::new()
            $(.route(<$function as $crate::operation::IntoOperation>::operation()))*
    };
}
