//! Where things are: the root of the repository, the folder for logs, the built binaries.
//!
//! Key type: [`Workspace`].

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::run_and_print_build;

/// The folders of this repository that tasks use.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Logs and other output of tasks.
    pub(crate) output: PathBuf,
    /// Installed programs and Python packages, kept between runs and out of the repository.
    pub(crate) tools: PathBuf,
}

impl Workspace {
    /// Finds the workspace that this program was built from.
    ///
    /// # Errors
    ///
    /// When the folder for output cannot be made.
    pub(crate) fn find() -> Result<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package
            .parent()
            .context("xtask is a folder of the workspace")?
            .to_owned();
        let output = root.join("target/xtask");
        std::fs::create_dir_all(&output).with_context(|| format!("making {}", output.display()))?;
        Ok(Self {
            tools: root.join(".tools"),
            root,
            output,
        })
    }

    /// A command that runs at the root and finds what was installed into `.tools` first. A proxy of the
    /// environment, which cargo may need, is not asked for this host: tests and servers talk to each other.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for name in ["no_proxy", "NO_PROXY"] {
            let others = crate::environment(name).unwrap_or_default();
            command.env(name, format!("127.0.0.1,localhost,{others}"));
        }
        if let Ok(path) = std::env::join_paths(self.search_path()) {
            command.env("PATH", path);
        }
        command
    }

    /// Whether a program is in `.tools` or on the search path.
    pub(crate) fn has_program(&self, program: &str) -> bool {
        self.search_path()
            .iter()
            .any(|folder| folder.join(program).is_file())
    }

    fn search_path(&self) -> Vec<PathBuf> {
        let path = crate::environment("PATH").unwrap_or_default();
        std::iter::once(self.tools.join("bin"))
            .chain(std::env::split_paths(&path))
            .collect()
    }

    /// A cargo command with these arguments, at the root.
    pub(crate) fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = self.command("cargo");
        command.args(arguments);
        command
    }
}

/// Builds a package and returns where its binary is.
///
/// # Errors
///
/// When it does not compile, or has no such binary.
pub(crate) fn build_binary(workspace: &Workspace, package: &str, binary: &str) -> Result<PathBuf> {
    build(workspace, package, &["--bin", binary], "dev")
}

/// Builds an example of a package with all of its features and returns where it is.
///
/// # Errors
///
/// When it does not compile, or has no such example.
pub(crate) fn build_example(
    workspace: &Workspace,
    package: &str,
    example: &str,
) -> Result<PathBuf> {
    build(
        workspace,
        package,
        &["--all-features", "--example", example],
        "dev",
    )
}

/// The same for what is measured: at the speed of a release.
///
/// # Errors
///
/// When it does not compile, or has no such binary.
pub(crate) fn build_fast_binary(
    workspace: &Workspace,
    package: &str,
    binary: &str,
) -> Result<PathBuf> {
    build(workspace, package, &["--bin", binary], "fast")
}

/// The last of the arguments that choose the target is its name.
fn build(workspace: &Workspace, package: &str, target: &[&str], profile: &str) -> Result<PathBuf> {
    let mut command = workspace.cargo(["build", "--message-format=json-render-diagnostics"]);
    command.args(["--package", package, "--profile", profile]);
    command.args(target);
    let name = target.last().copied().unwrap_or(package);
    let (status, messages) = run_and_print_build(&mut command)?;
    if !status.success() {
        bail!("{package} does not build");
    }
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("{package} has no binary {name}"))
}
