//! What the tests need from outside, each as one value: how to see that it is there, how to get it.
//!
//! To add one (a database, say), add a constant here and name it in the `needs` of a stage.
//! Key types: [`Requirement`], [`Source`].

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{output, run};
use crate::workspace::Workspace;

/// One thing that a stage cannot run without.
#[derive(Debug)]
pub(crate) struct Requirement {
    /// What messages call it.
    pub(crate) name: &'static str,
    /// Whether it can be used as it is.
    present: fn(&Workspace) -> bool,
    /// Where it comes from.
    source: Source,
}

/// How something is installed.
#[derive(Debug)]
enum Source {
    /// Packages of the system, by `apt-get`; needs root or sudo.
    Debian(&'static [&'static str]),
    /// A program from the crates registry, into `.tools`.
    Cargo {
        package: &'static str,
        version: &'static str,
    },
    /// The program itself from npm's registry, into `.tools`.
    Node { version: &'static str },
    /// What the lock file in this folder names, into its `node_modules`.
    Npm { folder: &'static str },
    /// What this file names, into the environment `.tools/venv`.
    Python { requirements: &'static str },
}

/// The test runner.
pub(crate) const NEXTEST: Requirement = Requirement {
    name: "cargo-nextest",
    present: |workspace| workspace.has_program("cargo-nextest"),
    source: Source::Cargo {
        package: "cargo-nextest",
        version: "0.9.143",
    },
};

/// What installs the packages of the page tests and of the linter, and Node where Debian has it.
pub(crate) const NPM: Requirement = Requirement {
    name: "npm",
    present: |workspace| workspace.has_program("npm"),
    source: Source::Debian(&["nodejs", "npm"]),
};

/// What they run on; Debian 12 has an older one than they need.
pub(crate) const NODE: Requirement = Requirement {
    name: "Node 20.19 or later",
    present: |workspace| node_version(workspace).is_some_and(|version| version >= (20, 19)),
    source: Source::Node { version: "24.21.0" },
};

/// The browser of the page tests.
pub(crate) const CHROMIUM: Requirement = Requirement {
    name: "chromium",
    present: |workspace| workspace.has_program("chromium"),
    source: Source::Debian(&["chromium"]),
};

/// The server that the tests of locks and of the Redis handle start for themselves.
pub(crate) const REDIS: Requirement = Requirement {
    name: "redis-server",
    present: |workspace| workspace.has_program("redis-server"),
    source: Source::Debian(&["redis-server"]),
};

/// Python with the modules that make an environment; Debian ships these apart.
pub(crate) const PYTHON: Requirement = Requirement {
    name: "python3 with venv",
    present: |workspace| {
        output(
            workspace
                .command("python3")
                .args(["-c", "import venv, ensurepip"]),
        )
        .is_some()
    },
    source: Source::Debian(&["python3", "python3-venv"]),
};

/// The validator and the fuzzer of the OpenAPI stage.
pub(crate) const OPENAPI_PYTHON: Requirement = Requirement {
    name: "Python packages of tests/openapi",
    present: |workspace| python_is_current(workspace, "tests/openapi/requirements.txt"),
    source: Source::Python {
        requirements: "tests/openapi/requirements.txt",
    },
};

/// What the cron stage compares with.
pub(crate) const CRON_PYTHON: Requirement = Requirement {
    name: "Python packages of tests/cron",
    present: |workspace| python_is_current(workspace, "tests/cron/requirements.txt"),
    source: Source::Python {
        requirements: "tests/cron/requirements.txt",
    },
};

/// The linter of the OpenAPI stage.
pub(crate) const OPENAPI_NODE: Requirement = Requirement {
    name: "npm packages of tests/openapi",
    present: |workspace| npm_is_current(workspace, "tests/openapi"),
    source: Source::Npm {
        folder: "tests/openapi",
    },
};

/// The driver of the page tests.
pub(crate) const BROWSER_NODE: Requirement = Requirement {
    name: "npm packages of tests/browser",
    present: |workspace| npm_is_current(workspace, "tests/browser"),
    source: Source::Npm {
        folder: "tests/browser",
    },
};

impl Requirement {
    /// Whether it is there.
    pub(crate) fn is_present(&self, workspace: &Workspace) -> bool {
        (self.present)(workspace)
    }

    /// Installs it when it is missing, showing the installer's progress.
    ///
    /// # Errors
    ///
    /// When the installer fails, or what it installed cannot be used.
    pub(crate) fn provide(&self, workspace: &Workspace) -> Result<()> {
        if self.is_present(workspace) {
            return Ok(());
        }
        println!("installing {}", self.name);
        self.source
            .install(workspace)
            .with_context(|| format!("installing {}", self.name))?;
        if !self.is_present(workspace) {
            bail!("{} was installed and still cannot be used", self.name);
        }
        Ok(())
    }
}

impl Source {
    fn install(&self, workspace: &Workspace) -> Result<()> {
        match self {
            Self::Debian(packages) => install_debian(workspace, packages),
            Self::Cargo { package, version } => {
                let mut command = workspace.cargo(["install", "--locked"]);
                succeed(
                    command
                        .arg(format!("{package}@{version}"))
                        .arg("--root")
                        .arg(&workspace.tools),
                )
            }
            Self::Node { version } => install_node(workspace, version),
            Self::Npm { folder } => {
                let mut command = workspace.command("npm");
                succeed(
                    command
                        .args(["ci", "--no-audit", "--no-fund"])
                        .current_dir(workspace.root.join(folder)),
                )?;
                copy(
                    &workspace.root.join(folder).join("package-lock.json"),
                    &npm_stamp(workspace, folder),
                )
            }
            Self::Python { requirements } => {
                let folder = workspace.tools.join("venv");
                succeed(
                    workspace
                        .command("python3")
                        .args(["-m", "venv"])
                        .arg(&folder),
                )?;
                let mut pip = workspace.command(folder.join("bin/python"));
                succeed(pip.args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--requirement",
                    requirements,
                ]))?;
                copy(
                    &workspace.root.join(requirements),
                    &python_stamp(workspace, requirements),
                )
            }
        }
    }
}

fn install_debian(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    if !workspace.has_program("apt-get") {
        bail!(
            "there is no apt-get here; install {} by hand",
            packages.join(", ")
        );
    }
    let is_root = nix::unistd::Uid::effective().is_root();
    let apt = |arguments: &[&str]| {
        let mut command = workspace.command(if is_root { "env" } else { "sudo" });
        succeed(
            command
                .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
                .args(arguments),
        )
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

/// The package for this processor holds the program itself; no install script needs to run.
fn install_node(workspace: &Workspace, version: &str) -> Result<()> {
    let processor = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x64"
    };
    let package = format!("node-linux-{processor}");
    let folder = workspace.tools.join("node");
    let mut npm = workspace.command("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder);
    succeed(npm.arg(format!("{package}@{version}")))?;
    let programs = workspace.tools.join("bin");
    std::fs::create_dir_all(&programs)?;
    let program = folder.join("node_modules").join(package).join("bin/node");
    let link = programs.join("node");
    if link.is_symlink() {
        std::fs::remove_file(&link)?;
    }
    std::os::unix::fs::symlink(program, link).context("linking node")
}

/// Major and minor number, `None` without a usable node.
fn node_version(workspace: &Workspace) -> Option<(u32, u32)> {
    let printed = output(workspace.command("node").arg("--version"))?;
    let mut numbers = printed
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn succeed(command: &mut std::process::Command) -> Result<()> {
    let status = run(command)?;
    if !status.success() {
        bail!(
            "{} ended with {status}",
            command.get_program().to_string_lossy()
        );
    }
    Ok(())
}

/// What is installed is current while the file it was installed from is the same.
fn python_is_current(workspace: &Workspace, requirements: &str) -> bool {
    same(
        &workspace.root.join(requirements),
        &python_stamp(workspace, requirements),
    )
}

/// One for each file; all are installed into one environment.
fn python_stamp(workspace: &Workspace, requirements: &str) -> PathBuf {
    let name = requirements.replace('/', "-");
    workspace.tools.join("venv").join(name)
}

fn npm_is_current(workspace: &Workspace, folder: &str) -> bool {
    same(
        &workspace.root.join(folder).join("package-lock.json"),
        &npm_stamp(workspace, folder),
    )
}

fn npm_stamp(workspace: &Workspace, folder: &str) -> PathBuf {
    workspace
        .root
        .join(folder)
        .join("node_modules/.installed-package-lock.json")
}

fn same(wanted: &Path, installed: &Path) -> bool {
    matches!((std::fs::read(wanted), std::fs::read(installed)), (Ok(a), Ok(b)) if a == b)
}

/// A package without dependencies has no `node_modules` yet.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(from, to)
        .with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}
