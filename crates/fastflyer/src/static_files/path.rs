//! From the path of a URL to a file below the root, or to nothing.
//!
//! Two gates: [`relative`] looks at the words of the path before any system call, [`resolve`] at
//! where the links on the disk lead.

use percent_encoding::percent_decode_str;
use std::{
    ffi::OsStr,
    io,
    path::{Component, Path, PathBuf},
};

/// The path below the root that a URL names. Decodes percent signs exactly once.
///
/// `None` for everything that is not a plain chain of visible names: `..`, `.`, empty names (and so
/// a final slash), names that start with a dot, separators, control characters and NUL hidden in
/// escapes, backslashes, broken escapes, bytes that are not UTF-8, drives.
pub(super) fn relative(path: &str) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    for segment in path.split('/') {
        if !escapes_are_whole(segment) {
            return None;
        }
        let name = percent_decode_str(segment).decode_utf8().ok()?;
        if name.is_empty() || !is_visible(&name) || !is_one_name(&name) {
            return None;
        }
        relative.push(&*name);
    }
    Some(relative)
}

/// The file with all links followed, if it is still below the root and visible there.
///
/// `Ok(None)` is a link that leads out of the root, or to a hidden name in it.
pub(super) fn resolve(root: &Path, relative: &Path) -> io::Result<Option<PathBuf>> {
    let root = root.canonicalize()?;
    let target = root.join(relative).canonicalize()?;
    let visible = target.strip_prefix(&root).is_ok_and(|inside| {
        inside
            .components()
            .all(|part| part.as_os_str().to_str().is_some_and(is_visible))
    });
    Ok(visible.then_some(target))
}

fn is_visible(name: &str) -> bool {
    !name.starts_with('.')
}

fn is_one_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let plain =
        matches!(components.next(), Some(Component::Normal(only)) if only == OsStr::new(name));
    let strange = |character: char| {
        matches!(character, '/' | '\\')
            || character.is_control()
            || (cfg!(windows) && character == ':')
    };
    plain && components.next().is_none() && !name.contains(strange)
}

fn escapes_are_whole(segment: &str) -> bool {
    segment.split('%').skip(1).all(|after| {
        let bytes = after.as_bytes();
        bytes.len() >= 2 && bytes[..2].iter().all(u8::is_ascii_hexdigit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_once() {
        for (path, expected) in [
            ("a.css", "a.css"),
            ("css/a.css", "css/a.css"),
            ("a%20b.txt", "a b.txt"),
            ("%E4%B8%AD%E6%96%87.txt", "中文.txt"),
            ("中文.txt", "中文.txt"),
            ("a..b", "a..b"),
            ("a...", "a..."),
            ("100%25.txt", "100%.txt"),
            ("a+b", "a+b"),
            // Decoded twice, these would be `..` and a slash.
            ("%252e%252e", "%2e%2e"),
            ("a%252fb", "a%2fb"),
        ] {
            assert_eq!(
                relative(path).as_deref(),
                Some(Path::new(expected)),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_no_plain_name_is_nothing() {
        for path in [
            "",
            "/",
            "//",
            "/etc/passwd",
            "a/",
            "a//b",
            "css/",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a/./b",
            "....",
            ".../a",
            "%2e%2e/a",
            "%2E%2E/a",
            ".%2e/a",
            "%2e./a",
            "a/%2e%2e/b",
            "%2e",
            "a/%2e",
            "..%2fa",
            "a%2fb",
            "a%2Fb",
            "%2fetc%2fpasswd",
            "%2f",
            "..%5ca",
            "a%5cb",
            "a\\b",
            "..\\a",
            ".env",
            ".git/config",
            "a/.hidden",
            "%2eenv",
            "a/%2egit/b",
            "a%00.css",
            "%00",
            "a%0ab",
            "a%0d%0ab",
            "a%7fb",
            "a\u{0}b",
            "%",
            "a%",
            "a%2",
            "%zz",
            "a%2gb",
            "%u002e%u002e/a",
            "%%32%65",
            "%ff",
            "%c0%ae%c0%ae/a",
            "%e0%80%ae",
            "%c0%afa",
        ] {
            assert_eq!(relative(path), None, "{path:?}");
        }
    }
}
