//! What the code that the macros generate calls. Not part of the public interface: it may change
//! with every version.
//!
//! Return types and arguments are told apart without specialisation: a method is looked up through
//! a number of references, and the first rung of the ladder whose bound holds wins.

pub use crate::{
    codes::Code,
    context::Context,
    extract::{Constraints, Failures, ParamKind},
    openapi::{Describer, ParamDoc},
    operation::{IntoOperation, Operation, Place},
    routing::Router,
};
pub use futures_util::future::BoxFuture;
pub use http::Method;
pub use serde_json::json;

use crate::{
    ApiError, Response,
    extract::{Extract, ExtractValid, Rejection},
    pool::Failed,
    reply::{IntoApiError, IntoReply},
};
use axum::response::IntoResponse;
use std::marker::PhantomData;

/// Shapes the error of a handler and logs its cause.
pub fn fail(cx: &Context, error: ApiError) -> Response {
    cx.fail(&error)
}

/// Runs a plain handler on the thread pool.
///
/// # Errors
///
/// The answer to send instead: the handler panicked, or the pool is stopped.
pub async fn blocking<T: Send + 'static>(
    cx: &Context,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Response> {
    cx.core
        .pool
        .run(cx.request_id(), call)
        .await
        .map_err(|failed| match failed {
            Failed::Panicked(panic) => cx.failure(&crate::service::panicked(&*panic)),
            Failed::Stopped => cx.failure(&ApiError::framework(503)),
            Failed::Refused(full) => fail(cx, ApiError::framework(503).cause(full)),
        })
}

/// The return type of a handler.
pub struct Returned<T>(PhantomData<fn() -> T>);

impl<T> Returned<T> {
    pub const TYPE: Self = Self(PhantomData);

    pub fn of(_: &T) -> Self {
        Self::TYPE
    }
}

pub struct AsResult;
pub struct AsReply;
pub struct AsResponse;
pub struct AsUnknown;

pub trait ReturnsResult {
    fn kind(&self) -> AsResult {
        AsResult
    }
}
impl<T: IntoReply, E> ReturnsResult for &&&Returned<Result<T, E>> {}

pub trait ReturnsReply {
    fn kind(&self) -> AsReply {
        AsReply
    }
}
impl<T: IntoReply> ReturnsReply for &&Returned<T> {}

pub trait ReturnsResponse {
    fn kind(&self) -> AsResponse {
        AsResponse
    }
}
impl<T: IntoResponse> ReturnsResponse for &Returned<T> {}

pub trait ReturnsUnknown {
    fn kind(&self) -> AsUnknown {
        AsUnknown
    }
}
impl<T> ReturnsUnknown for Returned<T> {}

impl AsResult {
    pub fn respond<T: IntoReply, E: IntoApiError>(
        self,
        cx: &Context,
        out: Result<T, E>,
    ) -> Response {
        match out {
            Ok(reply) => reply.into_reply(cx),
            Err(error) => fail(cx, error.into_api_error()),
        }
    }

    pub fn describe<T: IntoReply, E>(self, _: Returned<Result<T, E>>, d: &mut Describer<'_>) {
        T::describe(d);
    }
}

impl AsReply {
    pub fn respond<T: IntoReply>(self, cx: &Context, out: T) -> Response {
        out.into_reply(cx)
    }

    pub fn describe<T: IntoReply>(self, _: Returned<T>, d: &mut Describer<'_>) {
        T::describe(d);
    }
}

impl AsResponse {
    pub fn respond<T: IntoResponse>(self, cx: &Context, out: T) -> Response {
        let response = out.into_response();
        // A `Result<Response, ApiError>` is such a response too: its error gets the service's shape.
        match response.extensions().get::<crate::reply::Deferred>() {
            Some(crate::reply::Deferred(error)) => cx.fail(error),
            None => response.map(crate::Body::new),
        }
    }

    pub fn describe<T>(self, _: Returned<T>, d: &mut Describer<'_>) {
        d.opaque_response();
    }
}

impl AsUnknown {
    /// Has the bound that no rung could meet, so that the compiler's message names it.
    pub fn respond<T: IntoReply>(self, cx: &Context, out: T) -> Response {
        out.into_reply(cx)
    }

    pub fn describe<T>(self, _: Returned<T>, _: &mut Describer<'_>) {}
}

/// The type of an argument.
pub struct Argument<T>(PhantomData<fn() -> T>);

impl<T> Argument<T> {
    pub const TYPE: Self = Self(PhantomData);
}

pub struct OurValid;
pub struct Ours;
pub struct AxumParts;
pub struct AxumRequest;
pub struct UnknownArgument;

pub trait TakesOurValid {
    fn kind(&self) -> OurValid {
        OurValid
    }
}
impl<T: ExtractValid> TakesOurValid for &&&&Argument<T> {}

pub trait TakesOurs {
    fn kind(&self) -> Ours {
        Ours
    }
}
impl<T: Extract> TakesOurs for &&&Argument<T> {}

pub trait TakesAxumParts {
    fn kind(&self) -> AxumParts {
        AxumParts
    }
}
impl<T: axum::extract::FromRequestParts<()>> TakesAxumParts for &&Argument<T> {}

pub trait TakesAxumRequest {
    fn kind(&self) -> AxumRequest {
        AxumRequest
    }
}
impl<T: axum::extract::FromRequest<()>> TakesAxumRequest for &Argument<T> {}

pub trait TakesUnknown {
    fn kind(&self) -> UnknownArgument {
        UnknownArgument
    }
}
impl<T> TakesUnknown for Argument<T> {}

impl OurValid {
    pub const DIRECT: bool = true;

    pub fn direct(self) -> bool {
        true
    }

    pub fn extract<T: ExtractValid>(
        self,
        _: Argument<T>,
        cx: &mut Context,
    ) -> impl Future<Output = Result<T, Rejection>> + Send {
        T::extract_valid(cx)
    }

    pub fn describe<T: ExtractValid>(self, _: Argument<T>, d: &mut Describer<'_>) {
        T::describe_valid(d);
    }
}

impl Ours {
    pub fn direct(self) -> bool {
        true
    }

    pub fn extract<T: Extract>(
        self,
        _: Argument<T>,
        cx: &mut Context,
    ) -> impl Future<Output = Result<T, Rejection>> + Send {
        T::extract(cx)
    }

    pub fn describe<T: Extract>(self, _: Argument<T>, d: &mut Describer<'_>) {
        T::describe(d);
    }
}

impl AxumParts {
    pub fn direct(self) -> bool {
        false
    }

    pub async fn extract<T>(self, _: Argument<T>, cx: &mut Context) -> Result<T, Rejection>
    where
        T: axum::extract::FromRequestParts<()>,
    {
        let result = T::from_request_parts(&mut cx.parts, &()).await;
        result.map_err(|rejection| rejected(rejection.into_response()))
    }

    pub fn describe<T>(self, _: Argument<T>, _: &mut Describer<'_>) {}
}

impl AxumRequest {
    pub fn direct(self) -> bool {
        false
    }

    pub async fn extract<T>(self, _: Argument<T>, cx: &mut Context) -> Result<T, Rejection>
    where
        T: axum::extract::FromRequest<()>,
    {
        let mut request =
            http::Request::new(axum::body::Body::new(std::mem::take(cx.body.get_mut())));
        *request.method_mut() = cx.parts.method.clone();
        *request.uri_mut() = cx.parts.uri.clone();
        *request.headers_mut() = cx.parts.headers.clone();
        *request.extensions_mut() = cx.parts.extensions.clone();
        axum::extract::DefaultBodyLimit::max(cx.body_limit()).apply(&mut request);
        let result = T::from_request(request, &()).await;
        result.map_err(|rejection| rejected(rejection.into_response()))
    }

    pub fn describe<T>(self, _: Argument<T>, d: &mut Describer<'_>) {
        d.raw_body();
    }
}

impl UnknownArgument {
    pub fn direct(self) -> bool {
        false
    }

    /// Has the bound that no rung could meet, so that the compiler's message names it.
    pub async fn extract<T: Extract>(
        self,
        _: Argument<T>,
        cx: &mut Context,
    ) -> Result<T, Rejection> {
        T::extract(cx).await
    }

    pub fn describe<T>(self, _: Argument<T>, _: &mut Describer<'_>) {}
}

/// Reads the handshake of a WebSocket.
///
/// # Errors
///
/// What is wrong with it.
#[cfg(feature = "ws")]
pub async fn extract_upgrade(cx: &mut Context) -> Result<crate::ws::Upgrade, Rejection> {
    <crate::ws::Upgrade as Extract>::extract(cx).await
}

/// Documents a WebSocket.
#[cfg(feature = "ws")]
pub fn describe_upgrade(d: &mut Describer<'_>) {
    <crate::ws::Upgrade as Extract>::describe(d);
}

/// The type of a plain argument.
pub struct Plain<T>(PhantomData<fn() -> T>);

impl<T> Plain<T> {
    pub const TYPE: Self = Self(PhantomData);
}

pub trait DescribesPlain {
    fn describe_plain(&self, d: &mut Describer<'_>, kind: ParamKind, name: &str, doc: ParamDoc);
}
impl<T: schemars::JsonSchema + 'static> DescribesPlain for &Plain<T> {
    fn describe_plain(&self, d: &mut Describer<'_>, kind: ParamKind, name: &str, doc: ParamDoc) {
        d.param::<T>(kind, name, doc);
    }
}

/// A type without a schema: reading it has the bound that the compiler's message names.
pub trait DescribesNothing {
    fn describe_plain(&self, _: &mut Describer<'_>, _: ParamKind, _: &str, _: ParamDoc) {}
}
impl<T> DescribesNothing for Plain<T> {}

/// The rejection of an axum extractor keeps its status, but is answered in our shape.
fn rejected(response: axum::response::Response) -> Rejection {
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let code = u32::from(status.as_u16());
        return ApiError::framework(code).into();
    }
    Rejection::Response(Box::new(response.map(crate::Body::new)))
}

/// Parameters that are written as plain arguments.
pub mod argument {
    pub use crate::extract::plain::{cookie, form, header, path, query};
}
