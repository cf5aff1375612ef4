//! Starts the service that the cases are replayed against, with the variables of a case.
//!
//! Each server has a folder of its own below `target/xtask/golden`, kept for reading after a failure.
//! Key types: [`Program`], [`Server`].

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use test_servers::Redis;

use super::matcher::Base;
use crate::process::{Ready, Service, free_port};
use crate::workspace::{Workspace, build_binary};

/// The package with the demo project and the probe routes.
pub(crate) const PACKAGE: &str = "golden-service";

/// How long a service may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// The variable by which a service is told of a Redis.
const REDIS_HOST: &str = "flyer_redis_host";

/// The built service.
#[derive(Debug)]
pub(crate) struct Program {
    executable: PathBuf,
    working_folder: PathBuf,
    folder: PathBuf,
}

/// A running service with its own log files.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) base: Base,
    /// Its access log.
    pub(crate) access_log: PathBuf,
    _service: Service,
    /// The Redis that it was told of.
    _redis: Option<Redis>,
}

/// What starting the service came to.
#[derive(Debug)]
pub(crate) enum Started {
    /// It listens.
    Running(Server),
    /// It ended or never listened; what it printed.
    Refused(String),
}

impl Program {
    /// Where the package is, when it is there.
    pub(crate) fn source(workspace: &Workspace) -> Option<PathBuf> {
        let folder = workspace.root.join("tests/golden/service");
        folder.join("Cargo.toml").is_file().then_some(folder)
    }

    /// Builds the service.
    ///
    /// # Errors
    ///
    /// When the package is not there or does not compile.
    pub(crate) fn build(workspace: &Workspace) -> Result<Self> {
        let Some(working_folder) = Self::source(workspace) else {
            bail!(
                "the service of the golden cases, tests/golden/service ({PACKAGE}), is not there yet"
            );
        };
        let executable = build_binary(workspace, PACKAGE, PACKAGE)?;
        let folder = workspace.output.join("golden");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("clearing {}", folder.display()))?;
        }
        Ok(Self {
            executable,
            working_folder,
            folder,
        })
    }

    /// Starts the service in a new folder named after `name`.
    ///
    /// # Errors
    ///
    /// When files or the process cannot be made; a service that refuses to start is no error here.
    pub(crate) fn start(&self, name: &str, environment: &[(String, String)]) -> Result<Started> {
        let folder = self.folder.join(name);
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs).with_context(|| format!("making {}", logs.display()))?;
        let port = free_port()?;
        let access_log = folder.join("access.log");
        // The recorded port may be anybody's here.
        let redis = match environment.iter().find(|(name, _)| name == REDIS_HOST) {
            Some(_) => Some(Redis::start()?),
            None => None,
        };
        let mut command = Command::new(&self.executable);
        command.current_dir(&self.working_folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().to_lowercase().starts_with("flyer_") {
                command.env_remove(name);
            }
        }
        command
            .env("flyer_base_url", "/demo")
            .env("flyer_response_format", "flyer")
            .env("flyer_log_path", &logs)
            .env("flyer_job_path", folder.join("jobs"))
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("flyer_host", "127.0.0.1")
            .env("flyer_port", port.to_string())
            .env("flyer_access_logfile", &access_log);
        if let Some(redis) = &redis {
            command.env("flyer_redis_port", redis.port().to_string());
        }
        let mut service = Service::start(&mut command, &folder.join("output.log"))?;
        Ok(match service.wait_for_port(port, PATIENCE)? {
            Ready::Yes => {
                let base = Base::new(&format!("http://127.0.0.1:{port}"));
                Started::Running(Server {
                    base,
                    access_log,
                    _service: service,
                    _redis: redis,
                })
            }
            Ready::Ended(status, output) => {
                Started::Refused(format!("{status}: {}", last_lines(&output)))
            }
            Ready::TooLate(output) => Started::Refused(format!(
                "not listening after {PATIENCE:?}: {}",
                last_lines(&output)
            )),
        })
    }
}

/// The size of a log file, 0 when there is none yet.
pub(crate) fn log_size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |data| data.len())
}

fn last_lines(output: &str) -> String {
    let lines: Vec<_> = output.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}
