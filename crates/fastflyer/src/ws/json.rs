//! [`JsonSocket`]: a WebSocket whose messages have types, which the documentation shows.

use super::{CloseCode, Error, Receiver, Sender, Socket, WebSocket};
use crate::{extract::Input, openapi::Describer};
use schemars::JsonSchema;
use serde::Serialize;
use std::{fmt, marker::PhantomData};

/// A WebSocket that receives an `In` and sends an `Out` as JSON text.
///
/// ```
/// use fastflyer::{prelude::*, ws::JsonSocket};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Question {
///     number: u64,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Answer {
///     square: u64,
/// }
///
/// #[websocket("/squares")]
/// async fn squares(mut socket: JsonSocket<Question, Answer>) -> Result<()> {
///     while let Some(question) = socket.recv().await {
///         let number = question?.number;
///         socket.send(&Answer { square: number.saturating_mul(number) }).await?;
///     }
///     Ok(())
/// }
/// # fastflyer::testing::TestClient::new(FlyerApi::new(Config::new()).include(routes![squares])).unwrap();
/// ```
pub struct JsonSocket<In, Out> {
    socket: WebSocket,
    types: PhantomData<fn(In) -> Out>,
}

/// The half of a [`JsonSocket`] that sends.
pub struct JsonSender<Out> {
    sender: Sender,
    types: PhantomData<fn() -> Out>,
}

/// The half of a [`JsonSocket`] that receives.
pub struct JsonReceiver<In> {
    receiver: Receiver,
    types: PhantomData<fn(In)>,
}

impl<In: Input, Out: Serialize> JsonSocket<In, Out> {
    /// The next message; `None` when the connection has ended.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_json`].
    pub async fn recv(&mut self) -> Option<Result<In, Error>> {
        self.socket.recv_json().await
    }

    /// Sends a message. Waits while many are on their way already.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_json`].
    pub async fn send(&self, message: &Out) -> Result<(), Error> {
        self.socket.send_json(message).await
    }

    /// As [`WebSocket::close`].
    pub async fn close(&self, code: CloseCode, reason: &str) {
        self.socket.close(code, reason).await;
    }

    /// The socket without types.
    pub fn into_inner(self) -> WebSocket {
        self.socket
    }

    /// The two halves, for tasks that send while others receive.
    pub fn split(self) -> (JsonSender<Out>, JsonReceiver<In>) {
        let (sender, receiver) = self.socket.split();
        let types = PhantomData;
        let sender = JsonSender { sender, types };
        let types = PhantomData;
        (sender, JsonReceiver { receiver, types })
    }
}

impl<Out: Serialize> JsonSender<Out> {
    /// As [`JsonSocket::send`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_json`].
    pub async fn send(&self, message: &Out) -> Result<(), Error> {
        self.sender.send_json(message).await
    }

    /// As [`Sender::try_send`].
    ///
    /// # Errors
    ///
    /// When the connection has ended, the client is too slow, or the value cannot be written.
    pub fn try_send(&self, message: &Out) -> Result<(), Error> {
        let text = serde_json::to_string(message).map_err(Error::unwritable)?;
        self.sender.try_send(text)
    }

    /// As [`WebSocket::close`].
    pub async fn close(&self, code: CloseCode, reason: &str) {
        self.sender.close(code, reason).await;
    }
}

impl<Out> Clone for JsonSender<Out> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            types: PhantomData,
        }
    }
}

impl<In: Input> JsonReceiver<In> {
    /// As [`JsonSocket::recv`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_json`].
    pub async fn recv(&mut self) -> Option<Result<In, Error>> {
        self.receiver.recv_json().await
    }
}

impl<In: Input, Out: Serialize + JsonSchema + 'static> Socket for JsonSocket<In, Out> {
    fn open(socket: WebSocket) -> Self {
        Self {
            socket,
            types: PhantomData,
        }
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.socket_messages::<In, Out>();
    }
}

impl<In, Out> fmt::Debug for JsonSocket<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonSocket").field(&self.socket).finish()
    }
}

impl<Out> fmt::Debug for JsonSender<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonSender").field(&self.sender).finish()
    }
}

impl<In> fmt::Debug for JsonReceiver<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonReceiver").field(&self.receiver).finish()
    }
}
