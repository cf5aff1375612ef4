//! Builds what is measured and finds the tools that measure.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::servers::{Kind, Server};

/// `bench/` in this repository.
pub(crate) fn bench() -> PathBuf {
    let harness = Path::new(env!("CARGO_MANIFEST_DIR"));
    harness.parent().unwrap_or(harness).to_owned()
}

/// Where the executables are, by name.
#[derive(Debug, Default)]
pub(crate) struct Executables(BTreeMap<String, PathBuf>);

impl Executables {
    pub(crate) fn path(&self, name: &str) -> Result<&Path, String> {
        self.0
            .get(name)
            .map(PathBuf::as_path)
            .ok_or_else(|| format!("{name} was not built"))
    }
}

/// Builds the load client and the servers; a server that does not build is missing from the result.
///
/// Each package is built by itself: in one build cargo would unify the features of what the peers share, and a peer
/// would be measured with what another one switched on.
///
/// # Errors
///
/// Fails when the load client does not build.
pub(crate) fn all(servers: &[&Server], build: bool) -> Result<Executables, String> {
    let mut found = Executables::default();
    let servers = servers.iter().map(|server| (server.name, package(server)));
    for (name, package) in std::iter::once(("load", bench().join("load"))).chain(servers) {
        let executable = if build {
            eprintln!("building {name}");
            one(name, &package)
        } else {
            existing(name, &package)
        };
        match executable {
            Ok(path) => {
                found.0.insert(name.to_owned(), path);
            }
            Err(reason) => eprintln!("bench: {reason}"),
        }
    }
    found.path("load")?;
    Ok(found)
}

/// The folder of the package that has the server as its executable.
fn package(server: &Server) -> PathBuf {
    match server.kind {
        Kind::FastFlyer => bench().join("../crates/fastflyer-cli"),
        Kind::Growth => bench().join("growth"),
        Kind::Peer | Kind::PeerWithoutLog => bench().join("peers").join(server.name),
    }
}

fn one(name: &str, package: &Path) -> Result<PathBuf, String> {
    // Cargo tells where it put the executable, whatever target folder its configuration names. The package is given by
    // its folder: a peer may bear the name of the crate it shows.
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--locked"])
        .args([
            "--message-format=json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(package.join("Cargo.toml"))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name} does not build"));
    }
    executable(&String::from_utf8_lossy(&output.stdout), name)
        .ok_or_else(|| format!("{name} has no executable of that name"))
}

/// Where cargo puts the executable when nothing but `CARGO_TARGET_DIR` says otherwise.
fn existing(name: &str, package: &Path) -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || {
            let root = bench().join("..");
            let ours =
                package.starts_with(root.join("crates")) || package.ends_with("bench/growth");
            let workspace = if ours { root } else { bench() };
            workspace.join("target")
        },
        PathBuf::from,
    );
    let path = target.join("release").join(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!(
            "{} is not there; run without --no-build",
            path.display()
        ))
    }
}

/// Path of the executable of that name in cargo's JSON messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| {
            let path = message["executable"].as_str()?;
            (message["target"]["name"] == name).then(|| PathBuf::from(path))
        })
}

/// Whether the tool can be started; otherwise how to get it.
///
/// # Errors
///
/// Fails with the command that installs it.
pub(crate) fn need(tool: &str, package: &str) -> Result<(), String> {
    Command::new(tool)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map(|_| ())
        .map_err(|_| format!("{tool} is missing; install it with `apt-get install {package}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_the_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"work"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"actix"},"executable":"/t/release/actix"}"#,
            "\nnot json\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(
            executable(messages, "actix").as_deref(),
            Some(Path::new("/t/release/actix"))
        );
        assert_eq!(executable(messages, "work"), None);
        assert_eq!(executable("", "actix"), None);
    }

    #[test]
    fn a_missing_tool_says_how_to_get_it() {
        let reason = need("no-such-tool-anywhere", "valgrind").unwrap_err();
        assert!(reason.contains("apt-get install valgrind"));
    }
}
