//! Plain `fn` handlers by hand: [`Operation::blocking_handler`].
//!
//! The attribute macros see whether a function is async; here its type says so.

use super::Operation;
use crate::{
    Response,
    context::Context,
    extract::{Extract, Failures},
    openapi::Describer,
    private,
    reply::{IntoApiError, IntoReply, Result},
};

/// A plain function of extractors that returns data or a reply.
pub trait BlockingHandler<A>: Clone + Send + Sync + 'static {
    /// Reads the arguments and runs the function on the thread pool.
    fn call(self, cx: &mut Context) -> impl Future<Output = Response> + Send;
    /// Documents arguments and reply.
    fn describe(describer: &mut Describer<'_>);
}

/// A plain function of extractors that returns a `Result`.
pub trait TryBlockingHandler<A>: Clone + Send + Sync + 'static {
    /// Reads the arguments and runs the function on the thread pool.
    fn call(self, cx: &mut Context) -> impl Future<Output = Response> + Send;
    /// Documents arguments and reply.
    fn describe(describer: &mut Describer<'_>);
}

impl Operation {
    /// Sets a plain handler, which may block: it runs on the service's thread pool
    /// (`flyer_threads`).
    ///
    /// ```
    /// use fastflyer::{Operation, extract::Path, http::Method};
    ///
    /// fn double(Path(n): Path<u64>) -> u64 {
    ///     n * 2
    /// }
    ///
    /// let operation = Operation::new(Method::GET, "/double/{n}", "double").blocking_handler(double);
    /// ```
    pub fn blocking_handler<H: BlockingHandler<A>, A: 'static>(mut self, handler: H) -> Self {
        self.describe = std::sync::Arc::new(H::describe);
        self.called(move |cx| Box::pin(handler.clone().call(cx)))
    }

    /// Sets a plain handler that returns a `Result`.
    pub fn try_blocking_handler<H: TryBlockingHandler<A>, A: 'static>(
        mut self,
        handler: H,
    ) -> Self {
        self.describe = std::sync::Arc::new(H::describe);
        self.called(move |cx| Box::pin(handler.clone().call(cx)))
    }
}

fn answer<Out: IntoReply, Fail: IntoApiError>(cx: &Context, out: Result<Out, Fail>) -> Response {
    match out {
        Ok(reply) => reply.into_reply(cx),
        Err(error) => private::fail(cx, error.into_api_error()),
    }
}

impl<Fun, Out> BlockingHandler<()> for Fun
where
    Fun: Fn() -> Out + Clone + Send + Sync + 'static,
    Out: IntoReply + Send + 'static,
{
    async fn call(self, cx: &mut Context) -> Response {
        match private::blocking(cx, self).await {
            Ok(out) => out.into_reply(cx),
            Err(response) => response,
        }
    }

    fn describe(describer: &mut Describer<'_>) {
        Out::describe(describer);
    }
}

impl<Fun, Out, Fail> TryBlockingHandler<()> for Fun
where
    Fun: Fn() -> Result<Out, Fail> + Clone + Send + Sync + 'static,
    Out: IntoReply + Send + 'static,
    Fail: IntoApiError + Send + 'static,
{
    async fn call(self, cx: &mut Context) -> Response {
        match private::blocking(cx, self).await {
            Ok(out) => answer(cx, out),
            Err(response) => response,
        }
    }

    fn describe(describer: &mut Describer<'_>) {
        Out::describe(describer);
    }
}

macro_rules! handlers {
    ($($($arg:ident)*;)*) => {$(
        impl<Fun, Out, $($arg,)*> BlockingHandler<($($arg,)*)> for Fun
        where
            Fun: Fn($($arg),*) -> Out + Clone + Send + Sync + 'static,
            Out: IntoReply + Send + 'static,
            $($arg: Extract + 'static,)*
        {
            #[expect(non_snake_case, reason = "the variables are named as their types")]
            async fn call(self, cx: &mut Context) -> Response {
                let mut failures = Failures::new();
                $(let $arg = failures.take($arg::extract(cx).await);)*
                let ($(Some($arg),)*) = ($($arg,)*) else { return failures.respond(cx) };
                match private::blocking(cx, move || self($($arg),*)).await {
                    Ok(out) => out.into_reply(cx),
                    Err(response) => response,
                }
            }

            fn describe(describer: &mut Describer<'_>) {
                $($arg::describe(describer);)*
                Out::describe(describer);
            }
        }

        impl<Fun, Out, Fail, $($arg,)*> TryBlockingHandler<($($arg,)*)> for Fun
        where
            Fun: Fn($($arg),*) -> Result<Out, Fail> + Clone + Send + Sync + 'static,
            Out: IntoReply + Send + 'static,
            Fail: IntoApiError + Send + 'static,
            $($arg: Extract + 'static,)*
        {
            #[expect(non_snake_case, reason = "the variables are named as their types")]
            async fn call(self, cx: &mut Context) -> Response {
                let mut failures = Failures::new();
                $(let $arg = failures.take($arg::extract(cx).await);)*
                let ($(Some($arg),)*) = ($($arg,)*) else { return failures.respond(cx) };
                match private::blocking(cx, move || self($($arg),*)).await {
                    Ok(out) => answer(cx, out),
                    Err(response) => response,
                }
            }

            fn describe(describer: &mut Describer<'_>) {
                $($arg::describe(describer);)*
                Out::describe(describer);
            }
        }
    )*};
}

handlers! {
    A1;
    A1 A2;
    A1 A2 A3;
    A1 A2 A3 A4;
    A1 A2 A3 A4 A5;
    A1 A2 A3 A4 A5 A6;
    A1 A2 A3 A4 A5 A6 A7;
    A1 A2 A3 A4 A5 A6 A7 A8;
}
