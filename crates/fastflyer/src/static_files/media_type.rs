//! The `Content-Type` of a file, by its extension.

use http::HeaderValue;
use std::path::Path;

/// The media type, with the charset for text. What is not known is `application/octet-stream`.
pub(crate) fn of(path: &Path) -> HeaderValue {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    // The registered name, which the Python service sent too; the table has the older one.
    if extension.eq_ignore_ascii_case("ico") {
        return HeaderValue::from_static("image/vnd.microsoft.icon");
    }
    let Some(known) = mime_guess::from_ext(extension).first_raw() else {
        return HeaderValue::from_static("application/octet-stream");
    };
    let textual = known.starts_with("text/")
        || known.ends_with("/javascript")
        || known.ends_with("/xml")
        || known.ends_with("+xml");
    if !textual {
        return HeaderValue::from_static(known);
    }
    HeaderValue::try_from(format!("{known}; charset=utf-8"))
        .unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_says_its_charset() {
        for (name, expected) in [
            ("a.css", "text/css; charset=utf-8"),
            ("a.CSS", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "application/javascript; charset=utf-8"),
            ("a.html", "text/html; charset=utf-8"),
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.md", "text/markdown; charset=utf-8"),
            ("a.svg", "image/svg+xml; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.png", "image/png"),
            ("a.ico", "image/vnd.microsoft.icon"),
            ("a.woff2", "font/woff2"),
            ("a.wasm", "application/wasm"),
            ("a.tar.gz", "application/gzip"),
            ("a.unknown", "application/octet-stream"),
            ("README", "application/octet-stream"),
        ] {
            assert_eq!(of(Path::new(name)), expected, "{name}");
        }
    }
}
