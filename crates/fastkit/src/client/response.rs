//! [`Response`]: an answer that was read completely.
//!
//! The same type for both clients: the body is in memory already, so nothing in here waits. Large
//! answers are better read as a [`ResponseStream`](super::ResponseStream).

use super::{Error, error::Kind};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use serde::de::DeserializeOwned;
use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

/// An answer, whatever its status.
///
/// Clones share the body.
#[derive(Clone)]
pub struct Response {
    pub(super) head: Arc<Head>,
    pub(super) body: Bytes,
}

/// What is known of an answer without its body.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
    pub(super) request_id: HeaderValue,
}

macro_rules! head_accessors {
    ($type:ident) => {
        impl $type {
            /// The status.
            #[must_use]
            pub fn status(&self) -> http::StatusCode {
                self.head.status
            }

            /// The status as a number: `response.status_code() != 200`.
            #[must_use]
            pub fn status_code(&self) -> u16 {
                self.head.status.as_u16()
            }

            /// Whether the status is one of 200 to 299.
            #[must_use]
            pub fn is_success(&self) -> bool {
                self.head.status.is_success()
            }

            /// The headers.
            #[must_use]
            pub fn headers(&self) -> &http::HeaderMap {
                &self.head.headers
            }

            /// The value of a header, where it is there and plain ASCII.
            #[must_use]
            pub fn header(&self, name: &str) -> Option<&str> {
                self.head.headers.get(name)?.to_str().ok()
            }

            /// The version of HTTP that was spoken.
            #[must_use]
            pub fn version(&self) -> http::Version {
                self.head.version
            }

            /// Where the answer came from: after redirects, and without user and password.
            #[must_use]
            pub fn url(&self) -> &str {
                &self.head.url
            }

            /// The method of the request that was answered, after redirects.
            #[must_use]
            pub fn method(&self) -> &http::Method {
                &self.head.method
            }

            /// How often the request was sent.
            #[must_use]
            pub fn attempts(&self) -> u32 {
                self.head.attempts
            }

            /// How long the call took, with all attempts and waits.
            #[must_use]
            pub fn elapsed(&self) -> std::time::Duration {
                self.head.elapsed
            }

            /// The `X-Request-ID` that was sent; empty if it was the caller's own and no UTF-8.
            #[must_use]
            pub fn request_id(&self) -> &str {
                crate::client::response::id_text(&self.head.request_id)
            }

            /// The value of a cookie that the answer sets.
            #[must_use]
            pub fn cookie(&self, name: &str) -> Option<&str> {
                crate::client::response::set_cookie(&self.head.headers, name)
            }
        }
    };
}
pub(super) use head_accessors;

head_accessors!(Response);

/// An id as text.
pub(super) fn id_text(value: &HeaderValue) -> &str {
    str::from_utf8(value.as_bytes()).unwrap_or_default()
}

pub(super) fn set_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(header::SET_COOKIE).into_iter();
    // The last one counts, as in a browser.
    let mut found = values.filter_map(|value| {
        let pair = value.to_str().ok()?.split(';').next()?;
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    });
    found.next_back()
}

impl Response {
    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.body
    }

    /// The body as text. What is no UTF-8 becomes U+FFFD; [`bytes`](Self::bytes) has all as it came.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON of a type.
    ///
    /// ```no_run
    /// # use fastkit::client::{AsyncClient, Error};
    /// # async fn run() -> Result<(), Error> {
    /// let answer = AsyncClient::new().get("https://httpbin.org/get").send().await?;
    /// let value: serde_json::Value = answer.json()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code 602 when the body is no JSON or does not fit; the message quotes it, with the secrets masked.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde's text may quote a value of the body, and with it a secret: only the place is told.
            let place = match error.classify() {
                serde_json::error::Category::Data => "does not fit the type",
                _ => "is no JSON",
            };
            let text = format!(
                "the body {place} (line {}, column {})",
                error.line(),
                error.column()
            );
            Error::answer(Kind::Decode, text, self.clone())
        })
    }

    /// The response itself, unless its status is 400 or more.
    ///
    /// # Errors
    /// Code 601, with the answer in it.
    pub fn error_for_status(self) -> Result<Self, Error> {
        match is_error(self.status()) {
            true => Err(status_error(self)),
            false => Ok(self),
        }
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

fn status_error(response: Response) -> Error {
    let text = format!("answered with {}", response.status_code());
    Error::answer(Kind::Status, text, response)
}

/// As [`Response::error_for_status`], of an answer whose body is not read.
pub(super) fn check_status(head: &Arc<Head>) -> Result<(), Error> {
    match is_error(head.status) {
        true => Err(status_error(Response {
            head: head.clone(),
            body: Bytes::new(),
        })),
        false => Ok(()),
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("url", &crate::mask::mask_url(self.url()))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("attempts", &self.attempts())
            .finish_non_exhaustive()
    }
}
