//! What `apps!` makes of the `jobs` function of an app.

use crate::{AppEntry, app::app_defaults::Nothing};
use fastkit::executor::Jobs;

/// The app with its jobs, if it has some: told by what `jobs` returns.
pub fn with_jobs<R: JobsReturn>(app: AppEntry, jobs: fn() -> R) -> AppEntry {
    R::add(app, jobs)
}

/// What the `jobs` function of an app may return.
#[diagnostic::on_unimplemented(
    message = "`jobs()` of an app returns `{Self}`",
    label = "must return `fastflyer::executor::Jobs`"
)]
pub trait JobsReturn: Sized {
    /// The app with what the function returns.
    fn add(app: AppEntry, jobs: fn() -> Self) -> AppEntry;
}

impl JobsReturn for Jobs {
    fn add(app: AppEntry, jobs: fn() -> Self) -> AppEntry {
        app.jobs(jobs)
    }
}

impl JobsReturn for Nothing {
    fn add(app: AppEntry, _: fn() -> Self) -> AppEntry {
        app
    }
}
