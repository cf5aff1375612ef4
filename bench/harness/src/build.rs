//! Builds what is measured and finds the tools that measure.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::servers::{Kind, OURS, Server};

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
    let manifest = bench().join("Cargo.toml");
    let names = std::iter::once(("load", &manifest));
    let root = bench().join("../Cargo.toml");
    let servers = servers.iter().map(|server| match server.kind {
        Kind::FastFlyer => ("fastflyer-cli", &root),
        Kind::Peer | Kind::PeerWithoutLog => (server.name, &manifest),
    });
    for (package, manifest) in names.chain(servers) {
        match one(package, manifest, build) {
            Ok((name, path)) => {
                found.0.insert(name, path);
            }
            Err(reason) => eprintln!("bench: {reason}"),
        }
    }
    found.path("load")?;
    Ok(found)
}

fn one(package: &str, manifest: &Path, build: bool) -> Result<(String, PathBuf), String> {
    if !build {
        return existing(package, manifest);
    }
    eprintln!("building {package}");
    // Cargo tells where it put the executable, whatever target folder its configuration names.
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--quiet",
            "--locked",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--package", package, "--manifest-path"])
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("{package} does not build"));
    }
    executable(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| format!("{package} has no executable"))
}

fn existing(package: &str, manifest: &Path) -> Result<(String, PathBuf), String> {
    let name = if package == "fastflyer-cli" {
        OURS
    } else {
        package
    };
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| manifest.with_file_name("target"), PathBuf::from);
    let path = target.join("release").join(name);
    if path.is_file() {
        Ok((name.to_owned(), path))
    } else {
        Err(format!(
            "{} is not there; run without --no-build",
            path.display()
        ))
    }
}

/// Name and path of the last executable in cargo's JSON messages.
fn executable(messages: &str) -> Option<(String, PathBuf)> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| {
            let path = message["executable"].as_str()?;
            Some((
                message["target"]["name"].as_str()?.to_owned(),
                PathBuf::from(path),
            ))
        })
        .last()
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
        let (name, path) = executable(messages).unwrap();
        assert_eq!(
            (name.as_str(), path.as_path()),
            ("actix", Path::new("/t/release/actix"))
        );
        assert_eq!(executable(""), None);
    }

    #[test]
    fn a_missing_tool_says_how_to_get_it() {
        let reason = need("no-such-tool-anywhere", "valgrind").unwrap_err();
        assert!(reason.contains("apt-get install valgrind"));
    }
}
