//! What a handler returns: plain data, [`Reply`], [`Page`], [`ApiError`], or any axum response.
//!
//! How an answer looks on the wire is not decided here but by the service's [`format`](crate::format).

mod coded;
mod data;
mod error;
mod into_reply;
mod page;

pub use coded::{Accepted, CodedReply, Created, NoContent};
pub use data::Data;
pub use error::{ApiError, Result};
pub(crate) use error::{Deferred, Inner, Origin};
pub use into_reply::{IntoApiError, IntoReply};
pub(crate) use page::{CURSOR, Links};
pub use page::{CursorMeta, CursorPage, Page, PageMeta, Paging};

use crate::{
    Body, Response,
    codes::{Code, CodeEntry},
    context::Context,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;

/// An answer with data, a business code, a message and headers of its own.
///
/// ```
/// use fastflyer::Reply;
///
/// let reply = Reply::success(7).message("好的").header("x-foo", "bar");
/// assert_eq!(reply.data(), &7);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a reply does nothing until a handler returns it"]
pub struct Reply<T = ()> {
    pub(crate) data: T,
    pub(crate) head: ReplyHead,
}

/// Everything of a reply but its data.
#[derive(Clone, Debug)]
pub(crate) struct ReplyHead {
    pub(crate) code: u32,
    /// What the enum of the code says of it.
    pub(crate) entry: Option<&'static CodeEntry>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) message: Option<Cow<'static, str>>,
    pub(crate) detail: Option<Cow<'static, str>>,
    pub(crate) headers: Option<Box<HeaderMap>>,
    /// Whether the documentation knows the code by the handler's return type.
    pub(crate) declared: bool,
}

impl<T> Reply<T> {
    /// A success, code 200. The data may be an object, a list, a scalar or a [`Page`].
    pub fn success(data: T) -> Self {
        Self::with_code(data, 200)
    }

    /// A success, code 201.
    ///
    /// What a handler does inside is not seen by the documentation: return
    /// [`Created`], which says so by its type, or declare the status on the
    /// operation with `codes = [201]`. Else it says 200, and the log says so once.
    pub fn created(data: T) -> Self {
        Self::with_code(data, 201)
    }

    /// A success, code 202: taken, but not done yet. Declare it with `codes = [202]`, or return
    /// [`Accepted`].
    pub fn accepted(data: T) -> Self {
        Self::with_code(data, 202)
    }

    fn with_code(data: T, code: impl Into<Code>) -> Self {
        let code: Code = code.into();
        Self {
            data,
            head: ReplyHead {
                code: code.number(),
                entry: code.entry(),
                status: None,
                message: None,
                detail: None,
                headers: None,
                declared: false,
            },
        }
    }

    /// Sets the text of the answer, instead of the code's own.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.head.message = Some(message.into());
        self
    }

    /// Adds an explanation: `detail` in the `flyer` format and in problem details. In the standard
    /// format only a reply whose code is a failure has a place for it, the field `detail` of `error`.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.head.detail = Some(detail.into());
        self
    }

    /// Sets the business code: 100-999 or such a number followed by more digits. The HTTP status
    /// is its first three digits, 500 for 600-999. A variant of an enum that derives
    /// [`ResponseCode`](crate::ResponseCode) brings its text.
    pub fn code(mut self, code: impl Into<Code>) -> Self {
        let code: Code = code.into();
        self.head.code = code.number();
        self.head.entry = code.entry();
        self
    }

    /// Sets an HTTP status that differs from the one that follows from the code.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.head.status = Some(status);
        self
    }

    /// Adds a header. A name or value that HTTP does not allow is left out and logged.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        insert_header(self.head.headers.get_or_insert_default(), name, value);
        self
    }

    /// Adds a `Location` header.
    pub fn location(self, uri: &str) -> Self {
        self.header(header::LOCATION, uri)
    }

    /// The same reply with other data.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reply<U> {
        Reply {
            data: change(self.data),
            head: self.head,
        }
    }

    /// The data of the answer.
    pub fn data(&self) -> &T {
        &self.data
    }
}

impl Reply {
    /// A success without data, code 200.
    pub fn ok() -> Self {
        Self::success(())
    }

    /// An answer without data that says the text of its code.
    pub fn localize(code: impl Into<Code>) -> Self {
        Self::with_code((), code)
    }

    /// A success without data nor body, code 204. Declare it with `codes = [204]`, or return
    /// [`NoContent`].
    pub fn no_content() -> Self {
        Self::with_code((), 204)
    }

    /// A failure of the service, code 500.
    pub fn fail() -> Self {
        Self::with_code((), 500)
    }

    /// An error of the client, code 400.
    pub fn error_bad_request() -> Self {
        Self::with_code((), 400)
    }

    /// An error of the client, code 401.
    pub fn error_unauthorized() -> Self {
        Self::with_code((), 401)
    }

    /// An error of the client, code 403.
    pub fn error_forbidden() -> Self {
        Self::with_code((), 403)
    }

    /// An error of the client, code 404.
    pub fn error_not_found() -> Self {
        Self::with_code((), 404)
    }

    /// An error of the client, code 405.
    pub fn error_method_not_allowed() -> Self {
        Self::with_code((), 405)
    }

    /// A failure of the service, code 500.
    pub fn error_internal() -> Self {
        Self::with_code((), 500)
    }
}

impl<T: Data> Reply<T> {
    pub(crate) fn respond(self, cx: &Context) -> Response {
        cx.envelope().success(&self.data, self.head, Some(cx))
    }
}

/// In an axum handler outside of an operation, a reply is shaped in the default format.
impl<T: Serialize + JsonSchema + Send + 'static> axum::response::IntoResponse for Reply<T> {
    fn into_response(self) -> axum::response::Response {
        crate::Envelope::default()
            .success(&self.data, self.head, None)
            .map(axum::body::Body::new)
    }
}

pub(crate) fn insert_header<N, V>(headers: &mut HeaderMap, name: N, value: V)
where
    N: TryInto<HeaderName>,
    V: TryInto<HeaderValue>,
{
    match (name.try_into(), value.try_into()) {
        (Ok(name), Ok(value)) => {
            headers.append(name, value);
        }
        _ => {
            tracing::warn!("a response header was left out: HTTP does not allow its name or value")
        }
    }
}

/// A JSON response with room for the headers that every answer gets.
pub(crate) fn json_response(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = fastflyer_server::take_json_headers();
    response
}
