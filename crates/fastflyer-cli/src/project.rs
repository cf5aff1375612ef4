//! `fastflyer routes`, `openapi`, `codes`, `i18n`, `tasks`: what only the project's own program can say.
//!
//! They run it by `cargo run` in the project's folder. Nothing is known here of what the program
//! prints or which arguments it takes; its exit code becomes ours.

use anyhow::{Context as _, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// What is passed on to the program.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Options of the program, as `cargo run -- VERB` takes them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(verb: &str, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let here = env::current_dir().context("the current folder")?;
    let manifest = manifest_of(&here)?;
    let folder = manifest.parent().unwrap_or(&here);
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--", verb])
        .args(&arguments.rest)
        .current_dir(folder)
        .status()
        .context("cargo cannot be started; it comes with Rust, https://rustup.rs")?;
    // Ended by a signal, it has no code.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// The manifest of the project that a folder is in.
fn manifest_of(folder: &Path) -> anyhow::Result<PathBuf> {
    let found = folder
        .ancestors()
        .map(|folder| folder.join("Cargo.toml"))
        .find(|path| path.is_file());
    let Some(manifest) = found else {
        bail!(
            "{} is no project: there is no Cargo.toml in it or above; run this in the folder of a FastFlyer project",
            folder.display()
        );
    };
    let text =
        fs::read_to_string(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
    if !text.contains("fastflyer") {
        bail!(
            "{} does not depend on fastflyer; run this in the folder of a FastFlyer project",
            manifest.display()
        );
    }
    Ok(manifest)
}
