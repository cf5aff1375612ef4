//! Where a created project takes the framework from: [`Framework`].

use anyhow::{Context as _, bail};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The framework as a dependency of a project.
#[derive(Debug)]
pub(super) enum Framework {
    /// The folder of the crate `fastflyer`, absolute.
    Path(String),
    /// The release of this binary's version.
    Released,
}

impl Framework {
    /// The given folder, else the checkout that this binary was built from if it is still there,
    /// else the release.
    ///
    /// # Errors
    ///
    /// When the given folder has no `fastflyer` in it.
    pub(super) fn choose(given: Option<&Path>, registry: bool) -> anyhow::Result<Self> {
        if registry {
            return Ok(Self::Released);
        }
        if let Some(folder) = given {
            let Some(folder) = crate_in(folder) else {
                bail!(
                    "--framework {:?} is not allowed: expected a checkout of FastFlyer or its folder crates/fastflyer",
                    folder.display()
                );
            };
            return utf8(folder).map(Self::Path);
        }
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fastflyer");
        crate_in(&checkout).map_or(Ok(Self::Released), |folder| utf8(folder).map(Self::Path))
    }

    /// The value behind `fastflyer = ` in `Cargo.toml`.
    pub(super) fn dependency(&self) -> String {
        match self {
            Self::Path(path) => format!("{{ path = {} }}", toml_string(path)),
            Self::Released => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
        }
    }

    /// The root of the checkout.
    pub(super) fn checkout(&self) -> Option<&Path> {
        let Self::Path(folder) = self else {
            return None;
        };
        let root = Path::new(folder).parent()?.parent()?;
        root.join("Cargo.lock").is_file().then_some(root)
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Released => write!(f, "release {}", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// The folder of the crate, which is the given one or lies in it as in a checkout.
fn crate_in(folder: &Path) -> Option<PathBuf> {
    let is_framework = |folder: &Path| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest
            .lines()
            .any(|line| line.trim() == "name = \"fastflyer\"")
    };
    let nested = folder.join("crates/fastflyer");
    let found = [folder, &nested]
        .into_iter()
        .find(|folder| is_framework(folder))?;
    found.canonicalize().ok()
}

fn utf8(path: PathBuf) -> anyhow::Result<String> {
    let shown = path.display().to_string();
    let path = path.into_os_string().into_string().ok();
    path.with_context(|| {
        format!("the path of the framework, {shown}, is no UTF-8, which Cargo.toml has to be")
    })
}

/// A TOML basic string.
fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted() {
        for path in ["/a b/c", "/a\"b\\c", "/a\n\u{7f}b", "/飞"] {
            let text = format!(
                "fastflyer = {}",
                Framework::Path(path.to_owned()).dependency()
            );
            let table: toml::Table = text.parse().unwrap();
            assert_eq!(table["fastflyer"]["path"].as_str(), Some(path));
        }
    }
}
