//! How the return value of a handler becomes a response: [`IntoReply`] and [`IntoApiError`].

use super::{ApiError, Data, Reply};
use crate::{Response, context::Context, openapi::Describer};

/// What a handler may return, `Result` apart.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "cannot be sent as a response",
    note = "plain data needs `#[derive(serde::Serialize, schemars::JsonSchema)]`",
    note = "otherwise return `Reply<T>`, `fastflyer::Result<T>`, or anything that implements axum's `IntoResponse`"
)]
pub trait IntoReply: Sized {
    /// Shapes the value into a response.
    fn into_reply(self, cx: &Context) -> Response;

    /// Adds the success response to the operation's documentation.
    fn describe(describer: &mut Describer<'_>);
}

#[diagnostic::do_not_recommend]
impl<T: Data> IntoReply for T {
    fn into_reply(self, cx: &Context) -> Response {
        Reply::success(self).respond(cx)
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.success::<T>();
    }
}

impl<T: Data> IntoReply for Reply<T> {
    fn into_reply(self, cx: &Context) -> Response {
        self.respond(cx)
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.success::<T>();
        describer.may_fail_with_data::<T>();
    }
}

/// What the error of a handler's `Result` may be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "not an error that becomes a response",
    note = "implement `std::error::Error` for it (it is answered as 500), or return `fastflyer::Result<T>`"
)]
pub trait IntoApiError {
    /// Turns the error into an answer.
    fn into_api_error(self) -> ApiError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<ApiError>> IntoApiError for E {
    fn into_api_error(self) -> ApiError {
        self.into()
    }
}
