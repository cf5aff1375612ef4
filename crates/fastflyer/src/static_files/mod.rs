//! Files of a project's folder over HTTP: ranges, validators, precompressed siblings.
//!
//! Deliberately not: directory listings, index files, uploads, and the shape of errors. What cannot
//! be served is a [`Refusal`], which the caller turns into its own answer. Key type: [`StaticFiles`].

mod body;
pub(crate) mod conditional;
pub(crate) mod media_type;
mod path;
#[cfg(test)]
mod tests;

use body::FileBody;
use bytes::Bytes;
use conditional::{Selection, Validators};
use fastflyer_server::Body;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
        CONTENT_TYPE, ETAG, LAST_MODIFIED, VARY,
    },
};
use std::{
    fmt,
    fs::File,
    io::{self, Seek as _, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::task::spawn_blocking;

/// Files up to this size are read in the same step that finds them, and sent from memory.
const SMALL: u64 = 64 * 1024;

/// Serves the files below one folder.
///
/// The folder is looked up anew for each request: it may be created, or its link moved to another
/// release, while the service runs. Nothing of a hidden name (`.env`, `.git`) is ever served, and no
/// link is followed out of the folder. Someone who can write to the folder while a request is served
/// can still win a race against that check; do not serve a folder that strangers write to.
///
/// ```
/// use fastflyer::static_files::StaticFiles;
/// use http::{HeaderMap, Method};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
/// # runtime.block_on(async {
/// let files = StaticFiles::new("static");
/// // What follows `{base}/app/static/` in the request's path, as it came:
/// let refused = files.serve(&Method::GET, "%2e%2e/Cargo.toml", &HeaderMap::new()).await;
/// assert_eq!(refused.expect_err("outside of the folder").status(), 404);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct StaticFiles {
    root: PathBuf,
    cache_control: HeaderValue,
    precompressed: bool,
}

impl StaticFiles {
    /// Serves what is below `root`, a path that is taken as it is at each request.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            cache_control: HeaderValue::from_static("no-cache"),
            precompressed: false,
        }
    }

    /// Replaces the `Cache-Control` of the files. Default: `no-cache`, which lets clients keep a
    /// file and makes them ask whether it has changed.
    #[must_use]
    pub fn cache_control(mut self, value: HeaderValue) -> Self {
        self.cache_control = value;
        self
    }

    /// Whether `app.js.gz` is sent for `app.js` to clients that accept gzip. Default: no.
    #[must_use]
    pub const fn precompressed(mut self, yes: bool) -> Self {
        self.precompressed = yes;
        self
    }

    /// Answers a request for one file.
    ///
    /// `path` is what follows the mount point in the request's path, without a leading slash and
    /// **not decoded**: it is decoded here, once. Disk access happens on the blocking pool of the
    /// tokio runtime that this is called in.
    ///
    /// # Errors
    ///
    /// A [`Refusal`], for which nothing has been sent.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn serve(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, Refusal> {
        if *method != Method::GET && *method != Method::HEAD {
            return Err(Refusal::MethodNotAllowed);
        }
        let relative = path::relative(path).ok_or(Refusal::NotFound)?;
        let gzip = self.precompressed && conditional::prefers_gzip(headers);
        let content_type = media_type::of(&relative);
        let root = self.root.clone();
        let found = spawn_blocking(move || find(&root, &relative, gzip))
            .await
            .map_err(|error| Refusal::Unreadable(io::Error::other(error)))??;
        let etag = found.etag();
        let validators = Validators {
            etag: &etag,
            modified: found.modified,
        };
        let selection = conditional::select(method, headers, &validators, found.len)?;
        let mut response = Response::new(Body::empty());
        let out = response.headers_mut();
        out.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        out.insert(CACHE_CONTROL, self.cache_control.clone());
        if let Ok(etag) = HeaderValue::try_from(etag) {
            out.insert(ETAG, etag);
        }
        if let Some(modified) = found.modified
            && let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(modified))
        {
            out.insert(LAST_MODIFIED, date);
        }
        if self.precompressed {
            out.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if selection == Selection::NotModified {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        out.insert(CONTENT_TYPE, content_type);
        if found.gzip {
            out.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let range = frame(&mut response, selection, found.len);
        if *method == Method::GET {
            *response.body_mut() = found.into_body(range).map_err(Refusal::Unreadable)?;
        }
        Ok(response)
    }
}

/// Sets status, length and `Content-Range` of what is sent, and returns which bytes that is.
pub(crate) fn frame(response: &mut Response<Body>, selection: Selection, len: u64) -> Range<u64> {
    let range = match selection {
        Selection::Part(range) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let text = format!("bytes {}-{}/{len}", range.start, range.end - 1);
            if let Ok(value) = HeaderValue::try_from(text) {
                response.headers_mut().insert(CONTENT_RANGE, value);
            }
            range
        }
        Selection::Whole | Selection::NotModified => 0..len,
    };
    // Said even where the body would say it: the answer to HEAD has no body.
    let sent = range.end - range.start;
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(sent));
    range
}

/// Why a file is not served.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such file, it is a folder, or the path is not one that is ever served.
    NotFound,
    /// Files are for GET and HEAD.
    MethodNotAllowed,
    /// The request's `If-Match` or `If-Unmodified-Since` does not hold.
    PreconditionFailed,
    /// The request's `Range` lies outside of the file.
    RangeNotSatisfiable {
        /// The file's length in bytes.
        len: u64,
    },
    /// The system did not let us read the file. The cause is for the log, not for the client.
    Unreadable(io::Error),
}

impl Refusal {
    /// The status of the answer: 404, 405, 412, 416 or 500.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::RangeNotSatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unreadable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The headers that the answer must carry: `Allow` for 405, `Content-Range` for 416.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        match self {
            Self::MethodNotAllowed => {
                headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            Self::RangeNotSatisfiable { len } => {
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{len}")) {
                    headers.insert(CONTENT_RANGE, value);
                }
            }
            Self::NotFound | Self::PreconditionFailed | Self::Unreadable(_) => {}
        }
        headers
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no such file",
            Self::MethodNotAllowed => "files are read with GET or HEAD",
            Self::PreconditionFailed => "the file has changed",
            Self::RangeNotSatisfiable { .. } => "the range lies outside of the file",
            Self::Unreadable(_) => "the file cannot be read",
        })
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

/// A file that may be served, opened.
#[derive(Debug)]
struct Found {
    content: Content,
    len: u64,
    /// Nanoseconds since 1970 for the tag, whole seconds for the date.
    nanoseconds: u128,
    modified: Option<SystemTime>,
    gzip: bool,
}

#[derive(Debug)]
enum Content {
    Memory(Bytes),
    Disk(File),
}

impl Found {
    /// Time and size, as nginx and Starlette make it; the same on all hosts that got the same files.
    fn etag(&self) -> String {
        let suffix = if self.gzip { "-gz" } else { "" };
        format!("\"{:x}-{:x}{suffix}\"", self.nanoseconds, self.len)
    }

    fn into_body(self, range: Range<u64>) -> io::Result<Body> {
        let len = range.end - range.start;
        match self.content {
            Content::Memory(bytes) => {
                let from = usize::try_from(range.start).map_err(io::Error::other)?;
                let to = usize::try_from(range.end).map_err(io::Error::other)?;
                Ok(Body::from(bytes.slice(from..to)))
            }
            Content::Disk(mut file) => {
                // Moves the position only: no disk access, nothing to wait for.
                file.seek(SeekFrom::Start(range.start))?;
                Ok(Body::new(FileBody::new(file, len)))
            }
        }
    }
}

/// Finds and opens a file. Blocks.
fn find(root: &Path, relative: &Path, gzip: bool) -> Result<Found, Refusal> {
    if gzip {
        let mut sibling = relative.as_os_str().to_owned();
        sibling.push(".gz");
        // The file itself must be there too: a lone `a.gz` is no `a`.
        open(root, relative)?;
        if let Ok((file, metadata)) = open(root, Path::new(&sibling)) {
            return load(file, &metadata, true);
        }
    }
    let (file, metadata) = open(root, relative)?;
    load(file, &metadata, false)
}

fn open(root: &Path, relative: &Path) -> Result<(File, std::fs::Metadata), Refusal> {
    let path = path::resolve(root, relative)
        .map_err(refusal)?
        .ok_or(Refusal::NotFound)?;
    // Before opening: to open a pipe is to wait for its writer.
    if !path.symlink_metadata().map_err(refusal)?.is_file() {
        return Err(Refusal::NotFound);
    }
    let file = File::open(&path).map_err(refusal)?;
    let metadata = file.metadata().map_err(refusal)?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(Refusal::NotFound)
    }
}

fn load(file: File, metadata: &std::fs::Metadata, gzip: bool) -> Result<Found, Refusal> {
    let len = metadata.len();
    let changed = metadata.modified().ok();
    let since_1970 = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let content = if len <= SMALL {
        Content::Memory(body::read(file, len).map_err(Refusal::Unreadable)?.1)
    } else {
        Content::Disk(file)
    };
    Ok(Found {
        content,
        len,
        nanoseconds: since_1970.unwrap_or_default().as_nanos(),
        modified: changed.and_then(conditional::whole_seconds),
        gzip,
    })
}

/// What the file system says about a path that names no file is "not found"; the rest is a fault.
fn refusal(error: io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidFilename
        | io::ErrorKind::InvalidInput => Refusal::NotFound,
        _ => Refusal::Unreadable(error),
    }
}
