//! [`AppEntry`]: one app of a project, as `apps!` finds it.

#[cfg(feature = "jobs")]
use crate::executor::Jobs;
use crate::{Result, Router};
use futures_util::future::BoxFuture;
use std::fmt;

/// An async hook of an app.
pub type Hook = Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// One app: a folder under `src/app`.
///
/// `apps!` makes these; by hand it is the same:
///
/// ```
/// use fastflyer::{AppEntry, Router};
///
/// let items = AppEntry::new("items").router(Router::new);
/// assert!(items.enabled);
/// ```
pub struct AppEntry {
    /// The folder's name; operation ids begin with it.
    pub name: &'static str,
    /// Whether the app is loaded at all: `pub const ENABLED`.
    pub enabled: bool,
    /// Whether basic authentication covers it when that is on: `pub const AUTH_ENABLED`.
    pub auth_enabled: bool,
    /// Makes the app's router; an app of background work has none.
    pub router: Option<fn() -> Router>,
    /// Makes the app's jobs.
    #[cfg(feature = "jobs")]
    pub jobs: Option<fn() -> Jobs>,
    /// Runs before the first request.
    pub on_startup: Option<Hook>,
    /// Runs after the last request.
    pub on_shutdown: Option<Hook>,
}

impl AppEntry {
    /// An enabled app without router, jobs or hooks.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            enabled: true,
            auth_enabled: true,
            router: None,
            #[cfg(feature = "jobs")]
            jobs: None,
            on_startup: None,
            on_shutdown: None,
        }
    }

    /// Sets what makes the router.
    pub fn router(mut self, router: fn() -> Router) -> Self {
        self.router = Some(router);
        self
    }

    /// Sets what makes the jobs.
    #[cfg(feature = "jobs")]
    pub fn jobs(mut self, jobs: fn() -> Jobs) -> Self {
        self.jobs = Some(jobs);
        self
    }
}

impl fmt::Debug for AppEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppEntry")
            .field("name", &self.name)
            .field("enabled", &self.enabled)
            .field("auth_enabled", &self.auth_enabled)
            .finish_non_exhaustive()
    }
}

/// What an app's module means by leaving something out. `apps!` imports all of this, then all of
/// the module, which goes before.
#[doc(hidden)]
pub mod app_defaults {
    use super::{BoxFuture, Hook, Result, Router};
    pub use crate::jobs::{JobsReturn, with_jobs};

    pub const ENABLED: bool = true;
    pub const AUTH_ENABLED: bool = true;

    pub fn router() -> Nothing {
        Nothing
    }

    pub fn jobs() -> Nothing {
        Nothing
    }

    pub fn on_startup() -> Nothing {
        Nothing
    }

    pub fn on_shutdown() -> Nothing {
        Nothing
    }

    /// There is no such function.
    #[derive(Debug)]
    pub struct Nothing;

    /// What the `router` function of an app is, told by what it returns.
    pub fn router_option<R: RouterReturn>(function: fn() -> R) -> Option<fn() -> Router> {
        R::option(function)
    }

    /// What the `router` function of an app may return.
    #[diagnostic::on_unimplemented(
        message = "`router()` of an app returns `{Self}`",
        label = "must return `fastflyer::Router`"
    )]
    pub trait RouterReturn: Sized {
        fn option(function: fn() -> Self) -> Option<fn() -> Router>;
    }

    impl RouterReturn for Router {
        fn option(function: fn() -> Self) -> Option<fn() -> Router> {
            Some(function)
        }
    }

    impl RouterReturn for Nothing {
        fn option(_: fn() -> Self) -> Option<fn() -> Router> {
            None
        }
    }

    /// What a hook of an app is, told by what it returns.
    pub fn hook_option<H: HookReturn>(function: fn() -> H) -> Option<Hook> {
        H::option(function)
    }

    /// What a hook of an app may return: a future of nothing or of a result.
    #[diagnostic::on_unimplemented(
        message = "a hook of an app returns `{Self}`",
        label = "write `pub async fn on_startup() -> fastflyer::Result<()>`"
    )]
    pub trait HookReturn: Sized + 'static {
        fn option(function: fn() -> Self) -> Option<Hook>;
    }

    /// What a hook may end with.
    #[diagnostic::on_unimplemented(
        message = "a hook of an app ends with `{Self}`",
        label = "write `pub async fn on_startup() -> fastflyer::Result<()>`"
    )]
    pub trait HookOutput {
        fn result(self) -> Result<()>;
    }

    impl HookOutput for () {
        fn result(self) -> Result<()> {
            Ok(())
        }
    }

    impl HookOutput for Result<()> {
        fn result(self) -> Result<()> {
            self
        }
    }

    impl HookReturn for Nothing {
        fn option(_: fn() -> Self) -> Option<Hook> {
            None
        }
    }

    impl<F: Future<Output: HookOutput> + Send + 'static> HookReturn for F {
        fn option(function: fn() -> Self) -> Option<Hook> {
            Some(Box::new(move || -> BoxFuture<'static, Result<()>> {
                Box::pin(async move { function().await.result() })
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::app_defaults::{Nothing, hook_option};
    use crate::Result;

    async fn unit() {}

    async fn result() -> Result<()> {
        Ok(())
    }

    fn absent() -> Nothing {
        Nothing
    }

    #[test]
    fn a_hook_ends_with_nothing_or_a_result() {
        assert!(hook_option(unit).is_some());
        assert!(hook_option(result).is_some());
        assert!(hook_option(absent).is_none());
    }
}
