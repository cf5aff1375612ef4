//! [`CodedReply`]: a reply whose code is part of its type, so that the documentation knows it.

use super::{Data, IntoReply, Reply};
use crate::{Response, context::Context, openapi::Describer};
use http::{HeaderName, HeaderValue};
use std::borrow::Cow;

/// A success with a code that is not 200, known to the documentation by the return type alone.
///
/// ```
/// use fastflyer::{prelude::*, reply::Created, testing::TestClient};
///
/// #[post("/users")]
/// async fn create_user() -> Created<u64> {
///     Created::new(7).location("/users/7")
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let client = TestClient::new(FlyerApi::new(Config::new()).include(routes![create_user]))?;
/// let operation = &client.app().openapi()["paths"]["/flyer/users"]["post"];
/// assert!(operation["responses"]["201"].is_object() && operation["responses"]["200"].is_null());
/// assert_eq!(client.post("/flyer/users").send().await.status(), 201);
/// # Ok::<(), fastflyer::StartError>(())
/// # }).unwrap();
/// ```
///
/// A business code is documented the same way: `CodedReply<200_101, User>`.
#[derive(Clone, Debug)]
#[must_use = "a reply does nothing until a handler returns it"]
pub struct CodedReply<const CODE: u32, T = ()>(Reply<T>);

/// Code 201: something new is there.
pub type Created<T> = CodedReply<201, T>;

/// Code 202: taken, but not done yet.
pub type Accepted<T = ()> = CodedReply<202, T>;

/// Code 204: done, and there is nothing to send.
pub type NoContent = CodedReply<204>;

impl<const CODE: u32, T> CodedReply<CODE, T> {
    const IS_SUCCESS: () = assert!(
        crate::envelope::succeeds(CODE),
        "the code of a CodedReply begins with 100 to 399; failures are an ApiError"
    );

    /// A success with the code of the type.
    pub fn new(data: T) -> Self {
        let () = Self::IS_SUCCESS;
        Self::from(Reply::success(data))
    }

    /// Sets the text of the answer, instead of the code's own.
    pub fn message(self, message: impl Into<Cow<'static, str>>) -> Self {
        Self(self.0.message(message))
    }

    /// Adds a header. A name or value that HTTP does not allow is left out and logged.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        Self(self.0.header(name, value))
    }

    /// Adds a `Location` header.
    pub fn location(self, uri: &str) -> Self {
        Self(self.0.location(uri))
    }
}

impl NoContent {
    /// Nothing to send.
    pub fn empty() -> Self {
        Self::new(())
    }
}

/// The reply with the code of the type, whatever its own was.
impl<const CODE: u32, T> From<Reply<T>> for CodedReply<CODE, T> {
    fn from(reply: Reply<T>) -> Self {
        let mut reply = reply.code(CODE);
        reply.head.declared = true;
        Self(reply)
    }
}

#[diagnostic::do_not_recommend]
impl<const CODE: u32, T: Data> IntoReply for CodedReply<CODE, T> {
    fn into_reply(self, cx: &Context) -> Response {
        self.0.respond(cx)
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.success_with::<T>(Some(CODE));
    }
}
