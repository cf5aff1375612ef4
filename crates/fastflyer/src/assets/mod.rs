//! The files that the pages are made of, compiled into the binary.
//!
//! Deliberately not: files of the project ([`static_files`](crate::static_files)), and the pages
//! themselves ([`pages`](crate::pages)). Key type: [`Asset`].

use crate::static_files::{
    Refusal,
    conditional::{self, Selection, Validators},
    frame,
};
use bytes::Bytes;
use fastflyer_server::Body;
use flate2::read::GzDecoder;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY},
};
use sha2::{Digest as _, Sha256};
use std::{fmt, io::Read as _, sync::OnceLock};

/// A file in the binary.
pub struct Asset {
    name: &'static str,
    media_type: &'static str,
    stored: Stored,
    hash: OnceLock<String>,
    plain: OnceLock<Bytes>,
}

#[derive(Clone, Copy)]
enum Stored {
    Plain(&'static [u8]),
    Gzip(&'static [u8]),
}

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const SVG: &str = "image/svg+xml; charset=utf-8";
const ICON: &str = "image/vnd.microsoft.icon";

macro_rules! plain {
    ($file:literal) => {
        Stored::Plain(include_bytes!(concat!("../../assets/own/", $file)))
    };
}

macro_rules! gzip {
    ($file:literal) => {
        Stored::Gzip(include_bytes!(concat!("../../assets/", $file, ".gz")))
    };
}

static ASSETS: [Asset; 14] = [
    Asset::new("swagger-ui.css", CSS, gzip!("swagger-ui.css")),
    Asset::new(
        "swagger-ui-bundle.js",
        JAVASCRIPT,
        gzip!("swagger-ui-bundle.js"),
    ),
    Asset::new(
        "redoc.standalone.js",
        JAVASCRIPT,
        gzip!("redoc.standalone.js"),
    ),
    Asset::new("licences.txt", TEXT, gzip!("licences.txt")),
    Asset::new("pages.css", CSS, plain!("pages.css")),
    Asset::new("pages.js", JAVASCRIPT, plain!("pages.js")),
    Asset::new("redoc-init.js", JAVASCRIPT, plain!("redoc-init.js")),
    Asset::new(
        "swagger-ui-init.js",
        JAVASCRIPT,
        plain!("swagger-ui-init.js"),
    ),
    Asset::new("tasks.css", CSS, plain!("tasks.css")),
    Asset::new("tasks-words.js", JAVASCRIPT, plain!("tasks-words.js")),
    Asset::new("tasks-picture.js", JAVASCRIPT, plain!("tasks-picture.js")),
    Asset::new("tasks.js", JAVASCRIPT, plain!("tasks.js")),
    Asset::new("favicon.svg", SVG, plain!("favicon.svg")),
    Asset::new("favicon.ico", ICON, plain!("favicon.ico")),
];

/// The asset of that name: what follows `{base}/static/` in a request's path. Names are compared as
/// they come, so that no escaped or dotted path can reach anything.
///
/// ```
/// assert!(fastflyer::assets::find("swagger-ui.css").is_some());
/// assert!(fastflyer::assets::find("../swagger-ui.css").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// All assets, in a fixed order.
pub fn all() -> impl Iterator<Item = &'static Asset> {
    ASSETS.iter()
}

/// Answers a GET or HEAD request for an asset.
///
/// With `?v=` and the asset's own hash, as [`Asset::url`] writes it, the answer may be kept for a
/// year; otherwise clients are told to ask again, which costs a 304. Clients that accept gzip get
/// the stored bytes, the others the unpacked ones, which are then kept in memory. Ranges count in
/// the bytes of the encoding that is sent, which `ETag` tells apart.
///
/// # Errors
///
/// A [`Refusal`] of status 405, 412 or 416.
pub fn respond(
    asset: &'static Asset,
    method: &Method,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Refusal> {
    if *method != Method::GET && *method != Method::HEAD {
        return Err(Refusal::MethodNotAllowed);
    }
    let (bytes, gzip) = match asset.stored {
        Stored::Gzip(bytes) if conditional::prefers_gzip(headers) => {
            (Bytes::from_static(bytes), true)
        }
        _ => (asset.plain(), false),
    };
    let etag = format!("\"{}{}\"", asset.hash(), if gzip { "-gz" } else { "" });
    let validators = Validators {
        etag: &etag,
        modified: None,
    };
    let len = bytes.len() as u64;
    let selection = conditional::select(method, headers, &validators, len)?;

    let mut response = Response::new(Body::empty());
    let out = response.headers_mut();
    out.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(
        CACHE_CONTROL,
        HeaderValue::from_static(asset.cache_control(query)),
    );
    if matches!(asset.stored, Stored::Gzip(_)) {
        out.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if let Ok(etag) = HeaderValue::try_from(etag) {
        out.insert(ETAG, etag);
    }
    if selection == Selection::NotModified {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    out.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    if gzip {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let range = frame(&mut response, selection, len);
    if *method == Method::GET {
        // A range never exceeds `len`, which came from a usize.
        let range = usize::try_from(range.start).unwrap_or(0)
            ..usize::try_from(range.end).unwrap_or(bytes.len());
        *response.body_mut() = Body::from(bytes.slice(range));
    }
    Ok(response)
}

impl Asset {
    const fn new(name: &'static str, media_type: &'static str, stored: Stored) -> Self {
        Self {
            name,
            media_type,
            stored,
            hash: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// The file's name, without any folder.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The value of `Content-Type`.
    pub const fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// Sixteen hexadecimal digits that change with the content.
    pub fn hash(&self) -> &str {
        self.hash.get_or_init(|| {
            let (Stored::Plain(bytes) | Stored::Gzip(bytes)) = self.stored;
            let digest = Sha256::digest(bytes);
            digest
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect()
        })
    }

    /// The address under which the asset may be cached for ever, for instance
    /// `/flyer/static/favicon.svg?v=0123456789abcdef` for the base URL `/flyer`.
    pub fn url(&self, base_url: &str) -> String {
        format!("{base_url}/static/{}?v={}", self.name, self.hash())
    }

    /// The content as it is without any encoding.
    pub fn plain(&self) -> Bytes {
        match self.stored {
            Stored::Plain(bytes) => Bytes::from_static(bytes),
            Stored::Gzip(bytes) => self.plain.get_or_init(|| unpack(bytes)).clone(),
        }
    }

    fn cache_control(&self, query: Option<&str>) -> &'static str {
        let mut pairs = query.unwrap_or_default().split('&');
        // Another hash is that of another release, seen while a service is being replaced: what is
        // sent now must not be kept under it.
        let versioned = pairs.any(|pair| pair.strip_prefix("v=") == Some(self.hash()));
        if versioned {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asset")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn unpack(bytes: &[u8]) -> Bytes {
    let mut plain = Vec::with_capacity(bytes.len() * 4);
    GzDecoder::new(bytes)
        .read_to_end(&mut plain)
        .expect("compiled in, and a test unpacks every asset");
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    fn get(name: &str, query: Option<&str>, pairs: &[(&'static str, &str)]) -> Response<Body> {
        request(&Method::GET, name, query, pairs).unwrap()
    }

    fn request(
        method: &Method,
        name: &str,
        query: Option<&str>,
        pairs: &[(&'static str, &str)],
    ) -> Result<Response<Body>, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        respond(find(name).unwrap(), method, query, &headers)
    }

    fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    }

    async fn bytes(response: Response<Body>) -> Bytes {
        response.into_body().collect().await.unwrap().to_bytes()
    }

    #[test]
    fn every_asset_is_whole() {
        for asset in all() {
            assert!(!asset.plain().is_empty(), "{}", asset.name());
            assert_eq!(asset.hash().len(), 16);
            assert_eq!(
                all().filter(|other| other.name() == asset.name()).count(),
                1
            );
            assert!(asset.media_type().contains("charset=utf-8") || asset.media_type() == ICON);
        }
    }

    #[test]
    fn the_readme_beside_the_files_is_true() {
        let readme = include_str!("../../assets/README.md");
        for asset in all() {
            let Stored::Gzip(packed) = asset.stored else {
                continue;
            };
            let start = format!("| `{}.gz` |", asset.name());
            let row = readme
                .lines()
                .find(|line| line.starts_with(&start))
                .unwrap();
            let sha256: String = Sha256::digest(packed)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let end = format!(
                "| {} | {} | `{sha256}` |",
                asset.plain().len(),
                packed.len()
            );
            assert!(row.ends_with(&end), "{row}\nshould end with {end}");
        }
    }

    #[test]
    fn redoc_names_no_logo_of_its_makers() {
        let bundle = find("redoc.standalone.js").unwrap().plain();
        let bundle = std::str::from_utf8(&bundle).unwrap();
        assert!(!bundle.contains("cdn.redoc.ly"));
    }

    #[test]
    fn only_exact_names_are_found() {
        for name in [
            "",
            ".",
            "nope.css",
            "/swagger-ui.css",
            "../main.py",
            "swagger-ui.css/",
            "SWAGGER-UI.CSS",
            "swagger-ui.css.gz",
            "swagger%2Dui.css",
        ] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[tokio::test]
    async fn gzip_is_sent_as_stored_or_unpacked() {
        let packed = get("swagger-ui.css", None, &[("accept-encoding", "gzip, br")]);
        assert_eq!(header(&packed, "content-encoding"), Some("gzip"));
        assert_eq!(header(&packed, "vary"), Some("accept-encoding"));
        assert_eq!(
            header(&packed, "content-type"),
            Some("text/css; charset=utf-8")
        );
        assert_eq!(header(&packed, "accept-ranges"), Some("bytes"));
        let packed_tag = header(&packed, "etag").unwrap().to_owned();
        let length = header(&packed, "content-length")
            .unwrap()
            .parse::<usize>()
            .unwrap();
        let packed = bytes(packed).await;
        assert_eq!(packed.len(), length);

        for encoding in ["gzip;q=0", "identity", "br", ""] {
            let plain = get("swagger-ui.css", None, &[("accept-encoding", encoding)]);
            assert_eq!(header(&plain, "content-encoding"), None);
            assert_eq!(header(&plain, "vary"), Some("accept-encoding"));
            assert_ne!(header(&plain, "etag").unwrap(), packed_tag);
            assert_eq!(header(&plain, "content-length"), Some("187956"));
            assert_eq!(bytes(plain).await, unpack(&packed));
        }
    }

    #[tokio::test]
    async fn small_files_are_never_packed() {
        let response = get("favicon.svg", None, &[("accept-encoding", "gzip")]);
        assert_eq!(header(&response, "content-encoding"), None);
        assert_eq!(header(&response, "vary"), None);
        assert!(bytes(response).await.starts_with(b"<svg"));
    }

    #[test]
    fn only_the_right_hash_is_kept_for_ever() {
        let hash = find("pages.css").unwrap().hash();
        let kept = "public, max-age=31536000, immutable";
        for (query, expected) in [
            (Some(format!("v={hash}")), kept),
            (Some(format!("a=b&v={hash}")), kept),
            (Some("v=0000000000000000".to_owned()), "no-cache"),
            (Some("ver=5.1.0".to_owned()), "no-cache"),
            (Some(format!("xv={hash}")), "no-cache"),
            (None, "no-cache"),
        ] {
            let response = get("pages.css", query.as_deref(), &[]);
            assert_eq!(
                header(&response, "cache-control"),
                Some(expected),
                "{query:?}"
            );
        }
        assert_eq!(
            find("pages.css").unwrap().url("/flyer"),
            format!("/flyer/static/pages.css?v={hash}")
        );
    }

    #[tokio::test]
    async fn a_known_etag_gets_304() {
        let first = get("swagger-ui.css", None, &[("accept-encoding", "gzip")]);
        let tag = header(&first, "etag").unwrap().to_owned();
        assert!(!tag.starts_with("W/"));
        let both = [("accept-encoding", "gzip"), ("if-none-match", tag.as_str())];
        let again = get("swagger-ui.css", None, &both);
        assert_eq!(again.status(), 304);
        assert_eq!(header(&again, "etag"), Some(tag.as_str()));
        assert_eq!(header(&again, "vary"), Some("accept-encoding"));
        assert_eq!(header(&again, "cache-control"), Some("no-cache"));
        assert_eq!(header(&again, "content-type"), None);
        assert!(bytes(again).await.is_empty());
        // The tag of the other encoding does not count.
        let plain = get("swagger-ui.css", None, &[("if-none-match", tag.as_str())]);
        assert_eq!(plain.status(), 200);
    }

    #[tokio::test]
    async fn head_has_the_headers_of_get() {
        let get = get("pages.js", None, &[]);
        let head = request(&Method::HEAD, "pages.js", None, &[]).unwrap();
        assert_eq!(get.headers(), head.headers());
        assert!(bytes(head).await.is_empty());
        let refusal = request(&Method::POST, "pages.js", None, &[]).unwrap_err();
        assert_eq!(refusal.status(), 405);
        assert_eq!(refusal.headers()["allow"], "GET, HEAD");
    }

    #[tokio::test]
    async fn ranges_are_of_the_encoding_that_is_sent() {
        let packed = bytes(get("swagger-ui.css", None, &[("accept-encoding", "gzip")])).await;
        let part = get(
            "swagger-ui.css",
            None,
            &[("accept-encoding", "gzip"), ("range", "bytes=0-9")],
        );
        assert_eq!(part.status(), 206);
        let total = format!("bytes 0-9/{}", packed.len());
        assert_eq!(header(&part, "content-range"), Some(total.as_str()));
        assert_eq!(header(&part, "content-encoding"), Some("gzip"));
        assert_eq!(bytes(part).await, packed[..10]);

        let part = get("swagger-ui.css", None, &[("range", "bytes=-5")]);
        assert_eq!(
            header(&part, "content-range"),
            Some("bytes 187951-187955/187956")
        );
        assert_eq!(header(&part, "content-length"), Some("5"));
        assert_eq!(bytes(part).await.len(), 5);

        let beyond = [("range", "bytes=187956-")];
        let refusal = request(&Method::GET, "swagger-ui.css", None, &beyond).unwrap_err();
        assert_eq!(refusal.status(), 416);
        assert_eq!(refusal.headers()["content-range"], "bytes */187956");
    }
}
