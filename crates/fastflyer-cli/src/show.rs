//! `fastflyer show openapi`: runs the demo project, which is compiled into this binary.

use crate::Kind;
use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

/// Run the demo project; settings come from the environment and .env
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  fastflyer show openapi
  flyer_port=0 flyer_base_url=/demo fastflyer show openapi   a free port, another prefix

It serves until Ctrl-C. The first lines name the addresses of the documentation.")]
pub(crate) struct Arguments {
    kind: Option<Kind>,
}

impl Arguments {
    pub(crate) fn is_given(&self) -> bool {
        self.kind.is_some()
    }
}

pub(crate) fn run() -> anyhow::Result<()> {
    // Never the `static` and `locales` folders of wherever the command happens to be started.
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/openapi");
    let config = openapi_demo::settings::config()
        .static_dir(demo.join("static"))
        .locales(demo.join("locales"))
        .job_path(job_folder());
    openapi_demo::app_with(config)
        .serve()
        .map_err(|error| anyhow::anyhow!("{error}"))
}

/// Where the demo keeps what it knows of its jobs: nothing of that is left in the folder in which the
/// command is run. One for each of these, so that all workers have the same.
fn job_folder() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    std::env::current_dir().ok().hash(&mut hasher);
    let name = format!("fastflyer-show-{:016x}", hasher.finish());
    std::env::temp_dir().join(name)
}
