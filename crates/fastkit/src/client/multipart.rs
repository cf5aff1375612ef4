//! [`Multipart`]: forms with files, `multipart/form-data` (RFC 7578).
//!
//! Files given by path are read while they are sent, so the body stays repeatable and small in memory.

use super::body::{Body, Content, Part};
use bytes::Bytes;
use http::HeaderValue;
use std::{fmt::Write as _, path::PathBuf};

/// A form with text fields and files.
///
/// ```
/// use fastkit::client::{FilePart, Multipart};
///
/// let form = Multipart::new()
///     .text("title", "季度报告")
///     .file("report", FilePart::bytes("a,b\n1,2\n").name("report.csv").mime("text/csv"))
///     .file("scan", FilePart::path("/data/scan.pdf"));
/// # let _ = form;
/// ```
#[derive(Debug)]
pub struct Multipart {
    boundary: String,
    parts: Vec<Part>,
}

/// One file of a [`Multipart`] form.
#[derive(Debug)]
pub struct FilePart {
    content: Part,
    name: Option<String>,
    mime: String,
}

impl FilePart {
    /// A file from memory, called `file` unless it gets a [`name`](Self::name).
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self {
            content: Part::Bytes(bytes.into()),
            name: None,
            mime: "application/octet-stream".to_owned(),
        }
    }

    /// A file on disk, under its own name.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.file_name().map(|name| name.to_string_lossy());
        Self {
            name: name.map(|name| name.into_owned()),
            content: Part::File(path),
            mime: "application/octet-stream".to_owned(),
        }
    }

    /// The file name that the receiver sees.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The content type of the file; `application/octet-stream` by default.
    #[must_use]
    pub fn mime(mut self, mime: impl Into<String>) -> Self {
        self.mime = mime.into();
        self
    }
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

impl Multipart {
    /// An empty form.
    #[must_use]
    pub fn new() -> Self {
        let random: u128 = rand::random();
        Self {
            boundary: format!("fastkit-{random:032x}"),
            parts: Vec::new(),
        }
    }

    /// Adds a text field.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.head(name, None, None);
        self.bytes(value.into().into());
        self.bytes(Bytes::from_static(b"\r\n"));
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, file: FilePart) -> Self {
        let file_name = file.name.as_deref().unwrap_or("file");
        self.head(name, Some(file_name), Some(&file.mime));
        match file.content {
            Part::Bytes(bytes) => self.bytes(bytes),
            path => self.parts.push(path),
        }
        self.bytes(Bytes::from_static(b"\r\n"));
        self
    }

    fn head(&mut self, name: &str, file: Option<&str>, mime: Option<&str>) {
        let mut head = format!("--{}\r\n", self.boundary);
        let _ = write!(
            head,
            "Content-Disposition: form-data; name=\"{}\"",
            escaped(name)
        );
        if let Some(file) = file {
            let _ = write!(head, "; filename=\"{}\"", escaped(file));
        }
        if let Some(mime) = mime {
            // A line end would begin a header of its own.
            let mime: String = mime.chars().filter(|c| !c.is_control()).collect();
            let _ = write!(head, "\r\nContent-Type: {mime}");
        }
        head.push_str("\r\n\r\n");
        self.bytes(head.into());
    }

    /// Pieces in memory are kept as one.
    fn bytes(&mut self, bytes: Bytes) {
        match self.parts.last_mut() {
            Some(Part::Bytes(last)) => *last = [last.as_ref(), bytes.as_ref()].concat().into(),
            _ => self.parts.push(Part::Bytes(bytes)),
        }
    }

    pub(super) fn finish(mut self) -> (Body, Option<HeaderValue>) {
        self.bytes(format!("--{}--\r\n", self.boundary).into());
        let content_type = format!("multipart/form-data; boundary={}", self.boundary);
        let body = match self.parts.as_mut_slice() {
            [Part::Bytes(bytes)] => Body::from(std::mem::take(bytes)),
            _ => Body(Content::Parts(self.parts)),
        };
        (body, HeaderValue::from_str(&content_type).ok())
    }
}

/// As browsers write names: what would end the string or the line is percent-encoded.
fn escaped(name: &str) -> String {
    name.replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_in_their_order() {
        let form = Multipart::new().text("a", "1").file(
            "f\"\r\n",
            FilePart::bytes("x")
                .name("n.txt")
                .mime("text/plain\r\nX-Evil: 1"),
        );
        let boundary = form.boundary.clone();
        let (body, content_type) = form.finish();
        let text = String::from_utf8(body.as_bytes().unwrap().to_vec()).unwrap();
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"f%22%0D%0A\"; filename=\"n.txt\"\r\n\
             Content-Type: text/plainX-Evil: 1\r\n\r\nx\r\n--{boundary}--\r\n"
        );
        assert_eq!(text, expected);
        assert!(content_type.unwrap().to_str().unwrap().ends_with(&boundary));
    }

    #[test]
    fn files_by_path_are_not_read_yet() {
        let form = Multipart::new().file("f", FilePart::path("/no/such/file.bin"));
        let (body, _) = form.finish();
        assert!(body.as_bytes().is_none() && body.repeat().is_some());
    }
}
