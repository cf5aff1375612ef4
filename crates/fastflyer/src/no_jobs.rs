//! What stands for the jobs of a service where the feature `jobs` is off: there are none.

use crate::{AppEntry, app::app_defaults::Nothing, extract::StateMap, pool::Pool};
use fastkit::settings::Settings;
use std::sync::Arc;

/// The app as it is.
pub fn with_jobs<R: JobsReturn>(app: AppEntry, _: fn() -> R) -> AppEntry {
    app
}

/// What the `jobs` function of an app may return.
#[diagnostic::on_unimplemented(
    message = "`jobs()` of an app needs the feature `jobs` of fastflyer",
    label = "this app has jobs"
)]
pub trait JobsReturn: Sized {}

impl JobsReturn for Nothing {}

#[derive(Debug, Default)]
pub(crate) struct Declared {}

impl Declared {
    pub(crate) fn take(&mut self, _: &mut AppEntry) -> Option<usize> {
        None
    }
}

#[derive(Debug)]
pub(crate) struct Runner;

impl Runner {
    pub(crate) fn assemble(
        _: Declared,
        _: &Settings,
        _: Option<&str>,
        _: &Pool,
        states: StateMap,
        _: &mut Vec<String>,
    ) -> (Self, Arc<StateMap>) {
        (Self, Arc::new(states))
    }

    pub(crate) fn start(&self) -> Result<(), String> {
        Ok(())
    }

    pub(crate) async fn drain(&self) {}

    pub(crate) async fn stop(&self) {}
}

/// There are no operations on jobs.
pub(crate) mod tasks {
    use crate::routing::{Mount, Scope};
    use fastkit::settings::Settings;

    pub(crate) fn mount(_: &Settings, _: &mut Mount, _: &Scope) -> Option<String> {
        None
    }
}
