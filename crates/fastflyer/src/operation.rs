//! [`Operation`]: a handler with everything that is known about it.
//!
//! The attribute macros make one from a function; [`Operation::new`] and its methods make the same
//! by hand. An operation is data: mounting it in a [`Router`](crate::Router) gives it a place.

mod blocking;

pub use blocking::{BlockingHandler, TryBlockingHandler};

use crate::{
    Response,
    codes::Code,
    context::Context,
    extract::{Extract, Failures},
    openapi::Describer,
    reply::{IntoApiError, IntoReply},
};
use futures_util::future::BoxFuture;
use http::Method;
use std::{borrow::Cow, fmt, sync::Arc};

type Call = Arc<dyn for<'a> Fn(&'a mut Context) -> BoxFuture<'a, Response> + Send + Sync>;
type Describe = Arc<dyn Fn(&mut Describer<'_>) + Send + Sync>;

/// A handler, where it answers, and what its documentation says.
///
/// ```
/// use fastflyer::{Operation, Reply, extract::Path, http::Method};
///
/// async fn get_item(Path(id): Path<u64>) -> Reply<u64> {
///     Reply::success(id)
/// }
///
/// let operation = Operation::new(Method::GET, "/items/{id}", "get_item")
///     .tag("项目管理")
///     .summary("项目查询接口")
///     .handler(get_item);
/// assert_eq!(operation.path(), "/items/{id}");
/// ```
#[derive(Clone)]
#[must_use = "an operation does nothing until a router mounts it"]
pub struct Operation {
    pub(crate) method: Method,
    pub(crate) path: Cow<'static, str>,
    pub(crate) function: Cow<'static, str>,
    pub(crate) id: Option<Cow<'static, str>>,
    pub(crate) tags: Vec<Cow<'static, str>>,
    pub(crate) summary: Option<Cow<'static, str>>,
    pub(crate) description: Option<Cow<'static, str>>,
    pub(crate) deprecated: bool,
    pub(crate) hidden: bool,
    pub(crate) codes: Vec<Code>,
    pub(crate) body_limit: Option<usize>,
    #[cfg(feature = "ws")]
    pub(crate) websocket: Arc<crate::ws::Config>,
    pub(crate) place: Place,
    pub(crate) call: Call,
    pub(crate) describe: Describe,
    /// Whether every argument is ours, so that no axum router has to match the request.
    pub(crate) direct: bool,
}

/// Where in the source an operation was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the compiler names it.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What `routes![..]` collects: the attribute macros implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an operation",
    label = "not an operation",
    note = "write `#[get(\"/path\")]` or another method above the function, or build an `Operation` by hand"
)]
pub trait IntoOperation {
    /// The operation of this function.
    fn operation() -> Operation;
}

impl Operation {
    /// An operation that answers 501 until [`handler`](Self::handler) gives it a handler.
    ///
    /// `path` begins with `/`; `{name}` takes one segment, `{*name}` the rest of the path.
    /// `function` is the name that the default operation id ends with.
    #[track_caller]
    pub fn new(
        method: Method,
        path: impl Into<Cow<'static, str>>,
        function: impl Into<Cow<'static, str>>,
    ) -> Self {
        let caller = std::panic::Location::caller();
        Self {
            method,
            path: path.into(),
            function: function.into(),
            id: None,
            tags: Vec::new(),
            summary: None,
            description: None,
            deprecated: false,
            hidden: false,
            codes: Vec::new(),
            body_limit: None,
            #[cfg(feature = "ws")]
            websocket: Arc::default(),
            place: Place {
                file: caller.file(),
                line: caller.line(),
            },
            call: Arc::new(|cx| Box::pin(async { missing_handler(cx) })),
            describe: Arc::new(|_| {}),
            direct: true,
        }
    }

    /// The path template, relative to the router that mounts the operation.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The method that it answers.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Adds a tag, under which the documentation lists the operation.
    pub fn tag(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets the one-line title.
    pub fn summary(mut self, summary: impl Into<Cow<'static, str>>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// Sets the long text, in Markdown.
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the operation id: letters, digits and `_`. The default is `app_function`.
    pub fn id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Marks the operation as one that clients should leave.
    pub fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// Leaves the operation out of the documentation.
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Declares codes that the handler answers with, so that the documentation lists them.
    ///
    /// Without a code of a success the documentation says 200. A handler that succeeds with another
    /// status (`Reply::created`) has to declare it, and 200 too if it also sends that.
    ///
    /// A code of an enum that derives [`ResponseCode`](crate::ResponseCode) makes all codes of that
    /// enum known to the service.
    pub fn codes(mut self, codes: impl IntoIterator<Item: Into<Code>>) -> Self {
        self.codes.extend(codes.into_iter().map(Into::into));
        self
    }

    /// Sets the most bytes of a body, instead of `flyer_body_limit`.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Sets the limits of a WebSocket, for a handler that takes an [`Upgrade`](crate::ws::Upgrade).
    #[cfg(feature = "ws")]
    pub fn websocket(mut self, config: crate::ws::Config) -> Self {
        self.websocket = Arc::new(config);
        self
    }

    /// Sets an async handler: up to eight extractors in, a reply out.
    pub fn handler<H: Handler<A>, A: 'static>(mut self, handler: H) -> Self {
        self.describe = Arc::new(H::describe);
        self.called(move |cx| Box::pin(handler.clone().call(cx)))
    }

    /// Sets an async handler that returns a `Result`.
    pub fn try_handler<H: TryHandler<A>, A: 'static>(mut self, handler: H) -> Self {
        self.describe = Arc::new(H::describe);
        self.called(move |cx| Box::pin(handler.clone().call(cx)))
    }

    /// Sets a function that answers from the context alone.
    pub(crate) fn called<F>(mut self, call: F) -> Self
    where
        F: for<'a> Fn(&'a mut Context) -> BoxFuture<'a, Response> + Send + Sync + 'static,
    {
        self.call = Arc::new(call);
        self
    }

    /// Sets the functions that the macros generate.
    #[doc(hidden)]
    pub fn generated(
        mut self,
        call: for<'a> fn(&'a mut Context) -> BoxFuture<'a, Response>,
        describe: fn(&mut Describer<'_>),
        direct: bool,
        place: Place,
    ) -> Self {
        self.call = Arc::new(call);
        self.describe = Arc::new(describe);
        self.direct = direct;
        self.place = place;
        self
    }
}

fn missing_handler(cx: &Context) -> Response {
    cx.failure(&crate::ApiError::framework(501))
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Operation({} {} at {})",
            self.method, self.path, self.place
        )
    }
}

/// An async function of extractors that returns data or a reply.
pub trait Handler<A>: Clone + Send + Sync + 'static {
    /// Reads the arguments and runs the function.
    fn call(self, cx: &mut Context) -> impl Future<Output = Response> + Send;
    /// Documents arguments and reply.
    fn describe(describer: &mut Describer<'_>);
}

/// An async function of extractors that returns a `Result`.
pub trait TryHandler<A>: Clone + Send + Sync + 'static {
    /// Reads the arguments and runs the function.
    fn call(self, cx: &mut Context) -> impl Future<Output = Response> + Send;
    /// Documents arguments and reply.
    fn describe(describer: &mut Describer<'_>);
}

impl<Fun, Fut, Out> Handler<()> for Fun
where
    Fun: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Out> + Send,
    Out: IntoReply,
{
    async fn call(self, cx: &mut Context) -> Response {
        self().await.into_reply(cx)
    }

    fn describe(describer: &mut Describer<'_>) {
        Out::describe(describer);
    }
}

impl<Fun, Fut, Out, Fail> TryHandler<()> for Fun
where
    Fun: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Out, Fail>> + Send,
    Out: IntoReply,
    Fail: IntoApiError,
{
    async fn call(self, cx: &mut Context) -> Response {
        answer(cx, self().await)
    }

    fn describe(describer: &mut Describer<'_>) {
        Out::describe(describer);
    }
}

fn answer<Out: IntoReply, Fail: IntoApiError>(cx: &Context, out: Result<Out, Fail>) -> Response {
    match out {
        Ok(reply) => reply.into_reply(cx),
        Err(error) => crate::private::fail(cx, error.into_api_error()),
    }
}

macro_rules! handlers {
    ($($($arg:ident $value:ident)*;)*) => {$(
        impl<Fun, Fut, Out, $($arg,)*> Handler<($($arg,)*)> for Fun
        where
            Fun: Fn($($arg),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Out> + Send,
            Out: IntoReply,
            $($arg: Extract,)*
        {
            async fn call(self, cx: &mut Context) -> Response {
                let mut failures = Failures::new();
                $(let $value = failures.take($arg::extract(cx).await);)*
                let ($(Some($value),)*) = ($($value,)*) else { return failures.respond(cx) };
                self($($value),*).await.into_reply(cx)
            }

            fn describe(describer: &mut Describer<'_>) {
                $($arg::describe(describer);)*
                Out::describe(describer);
            }
        }

        impl<Fun, Fut, Out, Fail, $($arg,)*> TryHandler<($($arg,)*)> for Fun
        where
            Fun: Fn($($arg),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Result<Out, Fail>> + Send,
            Out: IntoReply,
            Fail: IntoApiError,
            $($arg: Extract,)*
        {
            async fn call(self, cx: &mut Context) -> Response {
                let mut failures = Failures::new();
                $(let $value = failures.take($arg::extract(cx).await);)*
                let ($(Some($value),)*) = ($($value,)*) else { return failures.respond(cx) };
                answer(cx, self($($value),*).await)
            }

            fn describe(describer: &mut Describer<'_>) {
                $($arg::describe(describer);)*
                Out::describe(describer);
            }
        }
    )*};
}

handlers! {
    A1 a1;
    A1 a1 A2 a2;
    A1 a1 A2 a2 A3 a3;
    A1 a1 A2 a2 A3 a3 A4 a4;
    A1 a1 A2 a2 A3 a3 A4 a4 A5 a5;
    A1 a1 A2 a2 A3 a3 A4 a4 A5 a5 A6 a6;
    A1 a1 A2 a2 A3 a3 A4 a4 A5 a5 A6 a6 A7 a7;
    A1 a1 A2 a2 A3 a3 A4 a4 A5 a5 A6 a6 A7 a7 A8 a8;
}
