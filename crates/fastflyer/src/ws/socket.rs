//! [`WebSocket`]: the handler's side of a connection, whole or in halves.
//!
//! Nothing here touches the network: messages go through two queues to the pump that serves the
//! connection.

use super::{
    Error, Message,
    close::{CloseCode, Closing},
};
use crate::openapi::Describer;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::mpsc;

/// How many messages of the client wait for the handler. Few: each may be as large as the limit.
const INCOMING: usize = 1;
/// How many messages wait for the network.
const OUTGOING: usize = 32;

/// What the handler asks of the pump.
#[derive(Debug)]
pub(super) enum Command {
    Send(Message),
    Close(Closing),
}

/// What both sides know of the connection.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The code that it ended with.
    pub(super) closed: OnceLock<CloseCode>,
    /// Why it failed, for the next `recv`.
    failure: Mutex<Option<Error>>,
    /// How to close when every sender is gone; 1000 if nobody said.
    conclusion: OnceLock<Closing>,
}

impl Shared {
    pub(super) fn fail(&self, error: Error) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn conclude(&self, closing: Closing) {
        let _ = self.conclusion.set(closing);
    }

    pub(super) fn conclusion(&self) -> Closing {
        let said = self.conclusion.get().cloned();
        said.unwrap_or_else(|| Closing::new(CloseCode::NORMAL, ""))
    }

    fn take_failure(&self) -> Option<Error> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }
}

/// The pump's ends of the queues.
pub(super) struct Ends {
    pub(super) incoming: mpsc::Sender<Message>,
    pub(super) outgoing: mpsc::Receiver<Command>,
    /// For the last word after the handler has ended.
    pub(super) last: mpsc::WeakSender<Command>,
    pub(super) shared: Arc<Shared>,
}

/// A connected WebSocket.
///
/// Dropping it, or both of its halves with all clones, closes the connection with 1000.
#[derive(Debug)]
pub struct WebSocket {
    sender: Sender,
    receiver: Receiver,
    protocol: Option<String>,
}

/// The half that sends. Clones of it may be kept by others, to whom the client subscribes.
#[derive(Clone, Debug)]
pub struct Sender {
    queue: mpsc::Sender<Command>,
}

/// The half that receives.
#[derive(Debug)]
pub struct Receiver {
    queue: mpsc::Receiver<Message>,
    shared: Arc<Shared>,
}

impl WebSocket {
    pub(super) fn new(protocol: Option<String>) -> (Self, Ends) {
        let (incoming, messages) = mpsc::channel(INCOMING);
        let (commands, outgoing) = mpsc::channel(OUTGOING);
        let shared = Arc::new(Shared::default());
        let ends = Ends {
            incoming,
            outgoing,
            last: commands.downgrade(),
            shared: shared.clone(),
        };
        let sender = Sender { queue: commands };
        let receiver = Receiver {
            queue: messages,
            shared,
        };
        let socket = Self {
            sender,
            receiver,
            protocol,
        };
        (socket, ends)
    }

    /// The next message; `None` when the connection has ended in an orderly way, by whichever side.
    /// May be one of several things that are waited for: no message is lost.
    ///
    /// # Errors
    ///
    /// Once, when the connection was lost, or the client broke the protocol or a limit.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        self.receiver.recv().await
    }

    /// The next message as JSON.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); and when the message is no text or not such JSON, after which the
    /// connection goes on.
    pub async fn recv_json<T: DeserializeOwned>(&mut self) -> Option<Result<T, Error>> {
        self.receiver.recv_json().await
    }

    /// Sends a message. Waits while many are on their way already.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.sender.send(message).await
    }

    /// Sends a value as JSON text.
    ///
    /// # Errors
    ///
    /// When the connection has ended, or the value cannot be written.
    pub async fn send_json<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Error> {
        self.sender.send_json(value).await
    }

    /// Closes the connection after what was sent, with a reason of at most 123 bytes. `recv` gives
    /// `None` from then on.
    pub async fn close(&self, code: CloseCode, reason: &str) {
        self.sender.close(code, reason).await;
    }

    /// The subprotocol that was agreed on.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The code that the connection ended with; `None` while it lasts.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.receiver.close_code()
    }

    /// The two halves, for tasks that send while others receive.
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }
}

impl Sender {
    /// As [`WebSocket::send`].
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let command = Command::Send(message.into());
        self.queue.send(command).await.map_err(|_| Error::CLOSED)
    }

    /// Sends a message without waiting: what a room does, which must not wait for its slowest member.
    ///
    /// # Errors
    ///
    /// When the connection has ended, or the client is so slow that its queue is full.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let sent = self.queue.try_send(Command::Send(message.into()));
        sent.map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::FULL,
            mpsc::error::TrySendError::Closed(_) => Error::CLOSED,
        })
    }

    /// As [`WebSocket::send_json`].
    ///
    /// # Errors
    ///
    /// When the connection has ended, or the value cannot be written.
    pub async fn send_json<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Error> {
        let text = serde_json::to_string(value).map_err(Error::unwritable)?;
        self.send(text).await
    }

    /// As [`WebSocket::close`].
    pub async fn close(&self, code: CloseCode, reason: &str) {
        let closing = Closing::new(code, reason.to_owned());
        // One that has ended already needs no close.
        let _ = self.queue.send(Command::Close(closing)).await;
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }
}

impl Receiver {
    /// As [`WebSocket::recv`].
    ///
    /// # Errors
    ///
    /// Once, when the connection was lost, or the client broke the protocol or a limit.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        match self.queue.recv().await {
            Some(message) => Some(Ok(message)),
            None => self.shared.take_failure().map(Err),
        }
    }

    /// As [`WebSocket::recv_json`].
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); and when the message is no text or not such JSON, after which the
    /// connection goes on.
    pub async fn recv_json<T: DeserializeOwned>(&mut self) -> Option<Result<T, Error>> {
        Some(match self.recv().await? {
            Ok(Message::Text(text)) => serde_json::from_str(&text).map_err(Error::json),
            Ok(Message::Binary(_)) => Err(Error::BINARY),
            Err(error) => Err(error),
        })
    }

    /// As [`WebSocket::close_code`].
    pub fn close_code(&self) -> Option<CloseCode> {
        self.shared.closed.get().copied()
    }
}

/// What the last argument of a `#[websocket]` handler may be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the socket of a WebSocket handler",
    label = "not a socket",
    note = "the last argument of a `#[websocket]` handler is `socket: WebSocket`, or `socket: JsonSocket<In, Out>`"
)]
pub trait Socket: Sized {
    /// The socket in this form.
    fn open(socket: WebSocket) -> Self;

    /// Documents the messages.
    fn describe(describer: &mut Describer<'_>) {
        let _ = describer;
    }
}

impl Socket for WebSocket {
    fn open(socket: WebSocket) -> Self {
        socket
    }
}
