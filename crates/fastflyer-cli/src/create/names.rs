//! What a project is called: [`Title`], [`Prefix`] and [`Package`], each checked before use.

use anyhow::bail;
use std::path::Path;

const LONGEST_TITLE: usize = 64;

/// Cargo and Rust keep these for themselves, or the project depends on packages of these names.
const TAKEN: [&str; 70] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "fastflyer",
    "fastkit",
    "final",
    "fn",
    "for",
    "garde",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "serde_json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "tokio",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "con",
    "nul",
];

/// The title of the API: any text on one line.
#[derive(Debug)]
pub(super) struct Title(String);

impl Title {
    /// Checks a title.
    ///
    /// # Errors
    ///
    /// When it is empty, too long, or has characters that cannot be seen.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let title = text.trim();
        if title.is_empty() {
            bail!(
                "--name {text:?} is not allowed: it is empty; expected 1 to {LONGEST_TITLE} characters"
            );
        }
        if let Some(c) = text.chars().find(|c| is_invisible(*c)) {
            bail!(
                "--name {text:?} is not allowed: it has the control character U+{:04X}; expected visible characters",
                u32::from(c)
            );
        }
        let length = title.chars().count();
        if length > LONGEST_TITLE {
            bail!(
                "--name is not allowed: it has {length} characters; expected 1 to {LONGEST_TITLE}"
            );
        }
        Ok(Self(title.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Controls, and the characters that change how the text around them is shown.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
}

/// The prefix of all routes.
#[derive(Debug)]
pub(super) struct Prefix(String);

impl Prefix {
    /// Checks a prefix: empty, or `(/[A-Za-z0-9._-]+)+`.
    ///
    /// # Errors
    ///
    /// When it is not of this form.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        // Clients resolve `.` and `..` before they send a path.
        let is_part =
            |part: &str| !part.is_empty() && !matches!(part, "." | "..") && part.bytes().all(plain);
        let allowed = match text.strip_prefix('/') {
            Some(parts) => parts.split('/').all(is_part),
            None => text.is_empty(),
        };
        if !allowed {
            bail!(
                "--prefix {text:?} is not allowed: expected nothing, or parts of letters, digits, '.', '_' and '-', \
                 each after a slash (/a, /a/b)"
            );
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of the cargo package, which is the binary's too.
#[derive(Debug)]
pub(super) struct Package(String);

impl Package {
    /// The title in ASCII; where nothing of it is ASCII, the folder's name; else `flyer-demo`.
    pub(super) fn derive(title: &Title, root: &Path) -> Self {
        let folder = root
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let name = slug(title.as_str()).or_else(|| slug(&folder));
        Self(name.unwrap_or_else(|| "flyer-demo".to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the library in Rust.
    pub(super) fn ident(&self) -> String {
        self.0.replace('-', "_")
    }
}

/// Lower-case letters, digits, `-` and `_`; begins with a letter. `None` when nothing is left.
fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches(['-', '_']);
    let slug = match slug.bytes().next()? {
        first if first.is_ascii_digit() => format!("app-{slug}"),
        _ => slug.to_owned(),
    };
    let taken = TAKEN.contains(&slug.replace('-', "_").as_str());
    Some(if taken { format!("{slug}-api") } else { slug })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_derived_from_titles() {
        for (title, folder, package) in [
            ("Flyer Demo", "/x", "flyer-demo"),
            ("demo", "/x", "demo"),
            ("a\"b", "/x", "a-b"),
            ("订单服务", "/srv/order_service", "order_service"),
            ("订单服务", "/订单", "flyer-demo"),
            ("订单 API v2", "/x", "api-v2"),
            ("2048", "/x", "app-2048"),
            ("serde", "/x", "serde-api"),
            ("Match", "/x", "match-api"),
            ("serde json", "/x", "serde-json-api"),
            ("../../etc", "/x", "etc"),
            ("--", "/", "flyer-demo"),
        ] {
            let title = Title::parse(title).unwrap();
            assert_eq!(
                Package::derive(&title, Path::new(folder)).as_str(),
                package,
                "{title:?}"
            );
        }
    }

    #[test]
    fn prefixes() {
        for good in ["", "/demo", "/a/b", "/v1.2/x_y-z"] {
            assert!(Prefix::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "/", "demo", "/demo/", "//", "/a//b", "/a b", "/..", "/a/./b", "/中", "/a?b", "/{id}",
            "/a\n",
        ] {
            assert!(Prefix::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn titles() {
        for good in [
            "a",
            "订单服务",
            "a\"b\\",
            " 两边的空格去掉 ",
            "'; DROP TABLE",
            &"字".repeat(64),
        ] {
            assert!(Title::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "  ",
            "a\nb",
            "a\0",
            "a\u{202e}b",
            "\u{feff}a",
            &"字".repeat(65),
        ] {
            assert!(Title::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Title::parse(" a ").unwrap().as_str(), "a");
    }
}
