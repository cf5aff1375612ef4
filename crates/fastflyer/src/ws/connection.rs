//! One WebSocket from the handshake's answer to its end: the handler and the pump beside each other.

use super::{
    Config, Error, WebSocket,
    close::{CloseCode, Closing},
    io::{Io, Pulse, Stream},
    pump::{self, Ended},
    socket::{Command, Shared},
};
use crate::{ApiError, app::Core, reply::IntoApiError, service::panicked};
use fastkit::context::{Scoped, Served};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Either, join, select},
};
use std::{any::Any, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::timeout};

/// How long a handler may go on after its connection has ended.
const HANDLER_WAIT: Duration = Duration::from_secs(10);

/// What a WebSocket handler returns: nothing, or a `Result` without a value.
#[diagnostic::on_unimplemented(
    message = "a WebSocket handler cannot return `{Self}`",
    label = "not what a WebSocket handler returns",
    note = "it returns nothing, or `fastflyer::Result<()>`: what the client shall know is sent through the socket"
)]
pub trait Outcome {
    /// The error, which decides the code that the connection is closed with.
    ///
    /// # Errors
    ///
    /// The handler failed.
    fn into_result(self) -> Result<(), ApiError>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), ApiError> {
        Ok(())
    }
}

impl<E: IntoApiError> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), ApiError> {
        self.map_err(IntoApiError::into_api_error)
    }
}

pub(super) type Handler =
    Box<dyn FnOnce(WebSocket) -> BoxFuture<'static, Result<(), ApiError>> + Send>;

type Finished = Result<Result<(), ApiError>, Box<dyn Any + Send>>;

/// What a connection knows of the request that it was.
pub(super) struct Connection {
    pub(super) core: Arc<Core>,
    pub(super) config: Arc<Config>,
    pub(super) protocol: Option<String>,
    pub(super) served: Served,
    pub(super) place: String,
}

impl Connection {
    /// Serves the connection to its end.
    pub(super) async fn serve(self, stream: Stream, handler: Handler) {
        let served = self.served.clone();
        Scoped::new(served, self.both(stream, handler)).await;
    }

    async fn both(self, stream: Stream, handler: Handler) {
        let pulse = Pulse::new();
        let io = Io::new(stream, pulse.clone());
        let (socket, ends) = WebSocket::new(self.protocol.clone());
        let (last, shared) = (ends.last.clone(), ends.shared.clone());
        let stop = self.core.server.get().cloned();
        let pump = pin!(pump::run(io, pulse.clone(), &self.config, stop, ends));
        let handler = pin!(AssertUnwindSafe(async move { handler(socket).await }).catch_unwind());
        let ended = match select(handler, pump).await {
            Either::Left((finished, pump)) => {
                let closing = self.judge(finished);
                join(say(closing, &last, &shared), pump).await.1
            }
            Either::Right((ended, handler)) => {
                match timeout(HANDLER_WAIT, handler).await {
                    Ok(finished) => drop(self.judge(finished)),
                    Err(_) => tracing::warn!(
                        target: "fastflyer",
                        "{}: the handler went on for {} s after its WebSocket had ended, and was dropped",
                        self.place, HANDLER_WAIT.as_secs()
                    ),
                }
                ended
            }
        };
        self.log_end(&ended, &pulse);
    }

    /// Logs how a handler ended, and decides how the connection does.
    fn judge(&self, finished: Finished) -> Closing {
        let error = match finished {
            Ok(Ok(())) => return Closing::new(CloseCode::NORMAL, ""),
            Ok(Err(error)) => error,
            Err(panic) => {
                let _ = panicked(&*panic);
                return Closing::new(CloseCode::INTERNAL_ERROR, "");
            }
        };
        let place = &self.place;
        if let Some(own) = error
            .source()
            .and_then(|cause| cause.downcast_ref::<Error>())
        {
            let closing = own.closing();
            if closing
                .as_ref()
                .is_some_and(|c| c.code == CloseCode::INTERNAL_ERROR)
            {
                tracing::error!(target: "fastflyer", "{place}: {own}");
            } else {
                tracing::debug!(target: "fastflyer", "{place}: {own}");
            }
            return closing.unwrap_or(Closing::new(CloseCode::NORMAL, ""));
        }
        let code = error.code_number();
        if crate::envelope::prefix(code).is_some_and(|prefix| prefix < 500) {
            let message = error.inner().message.clone();
            let reason = message.unwrap_or_else(|| {
                self.core
                    .envelope
                    .text(code, error.inner().entry)
                    .to_owned()
                    .into()
            });
            return Closing::new(CloseCode::POLICY_VIOLATION, reason);
        }
        tracing::error!(target: "fastflyer", "{place}: {error}");
        Closing::new(CloseCode::INTERNAL_ERROR, "")
    }

    fn log_end(&self, ended: &Ended, pulse: &Pulse) {
        let (code, place) = (ended.code, &self.place);
        let lasted = pulse.age().as_millis();
        tracing::debug!(target: "fastflyer", "{place}: the WebSocket ended with {code} after {lasted} ms");
    }
}

/// The last word of a handler that has ended.
async fn say(closing: Closing, last: &mpsc::WeakSender<Command>, shared: &Shared) {
    // Without a sender the queue is closed already: the pump finds the close in its place.
    match last.upgrade() {
        Some(queue) => {
            let _ = queue.send(Command::Close(closing)).await;
        }
        None => shared.conclude(closing),
    }
}
