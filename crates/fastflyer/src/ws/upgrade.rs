//! [`Upgrade`]: a request that asks for a WebSocket, as an argument of a handler.

use super::{
    Outcome, WebSocket,
    connection::{Connection, Handler},
    handshake::{self, Transport},
};
use crate::{
    Response,
    context::Context,
    extract::{Extract, Rejection},
    openapi::Describer,
    reply::IntoReply,
};
use std::fmt;

/// A request that asks for a WebSocket and may have one: handshake and origin have been checked.
///
/// `#[websocket]` takes it by itself; in an operation by hand it is an argument. The limits are those
/// of [`Operation::websocket`](crate::Operation::websocket).
///
/// ```
/// use fastflyer::{Operation, extract::Path, http::Method, ws::{Accepted, Config, Upgrade, WebSocket}};
///
/// async fn greet(name: String, socket: WebSocket) -> fastflyer::Result<()> {
///     socket.send(format!("hello {name}")).await?;
///     Ok(())
/// }
///
/// async fn open(Path(name): Path<String>, upgrade: Upgrade) -> fastflyer::Result<Accepted> {
///     if name == "nobody" {
///         return Err(fastflyer::ApiError::not_found());
///     }
///     Ok(upgrade.run(|socket| greet(name, socket)))
/// }
///
/// let operation = Operation::new(Method::GET, "/greet/{name}", "greet")
///     .websocket(Config::new().max_message(1024))
///     .try_handler(open);
/// # let _ = operation;
/// ```
#[must_use = "a handshake is answered by `run`"]
pub struct Upgrade {
    pub(super) connection: Connection,
    pub(super) transport: Transport,
    pub(super) answer: Response,
}

/// The answer that makes a connection a WebSocket.
#[derive(Debug)]
#[must_use = "the handler has to return it"]
pub struct Accepted(Response);

impl Upgrade {
    /// The subprotocol that was agreed on.
    pub fn protocol(&self) -> Option<&str> {
        self.connection.protocol.as_deref()
    }

    /// Accepts: once the answer is sent, `handler` runs with the socket, for as long as it wants.
    pub fn run<F, Fut, O>(self, handler: F) -> Accepted
    where
        F: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output = O> + Send + 'static,
        O: Outcome,
    {
        let Self {
            connection,
            transport,
            answer,
        } = self;
        let handler: Handler =
            Box::new(move |socket| Box::pin(async move { handler(socket).await.into_result() }));
        // Owned by the server through the socket: the drain waits until it is dropped, or cuts it. When
        // the answer is not sent there is no socket, and the task ends.
        tokio::spawn(async move {
            if let Some(stream) = transport.connect().await {
                connection.serve(stream, handler).await;
            }
        });
        Accepted(answer)
    }
}

#[diagnostic::do_not_recommend]
impl Extract for Upgrade {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        Ok(handshake::accept(cx)?)
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.websocket();
    }
}

#[diagnostic::do_not_recommend]
impl IntoReply for Accepted {
    fn into_reply(self, _: &Context) -> Response {
        self.0
    }

    fn describe(_: &mut Describer<'_>) {}
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade")
            .field("protocol", &self.protocol())
            .finish_non_exhaustive()
    }
}
