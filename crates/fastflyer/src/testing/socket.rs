//! [`TestSocket`]: the client's side of a WebSocket, in process.

use super::{TestRequest, TestResponse};
use crate::ws::{CloseCode, InProcess, Message};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::{io::DuplexStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self,
        protocol::{CloseFrame, Role},
    },
};

/// How much may be on its way in each direction.
const BUFFER: usize = 64 * 1024;
/// How long a message is waited for, so that a test ends.
const PATIENCE: Duration = Duration::from_secs(30);

impl TestRequest {
    /// Sends the request as the opening handshake of a WebSocket; headers that were set stay.
    ///
    /// # Errors
    ///
    /// The answer that came instead of the WebSocket.
    ///
    /// # Panics
    ///
    /// When the path is no request target.
    pub async fn websocket(mut self) -> Result<TestSocket, TestResponse> {
        for (name, value) in [
            (header::CONNECTION, "Upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            let headers = &mut self.headers;
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        self.in_process = Some(InProcess::new(theirs));
        let response = self.exchange().await;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(TestResponse::read(response).await);
        }
        let stream = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        Ok(TestSocket {
            headers: Arc::new(response.headers().clone()),
            stream,
            closed: None,
        })
    }
}

/// A client's WebSocket. Dropping it is what a client does that is gone.
#[derive(Debug)]
pub struct TestSocket {
    headers: Arc<HeaderMap>,
    stream: WebSocketStream<DuplexStream>,
    closed: Option<(CloseCode, String)>,
}

impl TestSocket {
    /// The headers of the handshake's answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Sends a message.
    ///
    /// # Panics
    ///
    /// When the service has closed the connection.
    pub async fn send(&mut self, message: impl Into<Message>) {
        let message = tungstenite::Message::from(message.into());
        self.stream.send(message).await.expect("an open WebSocket");
    }

    /// Sends a value as JSON text.
    ///
    /// # Panics
    ///
    /// When the value cannot be written as JSON, or the service has closed the connection.
    pub async fn send_json(&mut self, value: &(impl Serialize + ?Sized)) {
        let text = serde_json::to_string(value).expect("a value that serializes");
        self.send(text).await;
    }

    /// The next message; `None` when the connection has ended.
    ///
    /// # Panics
    ///
    /// When nothing comes for 30 seconds.
    pub async fn recv(&mut self) -> Option<Message> {
        loop {
            let next = timeout(PATIENCE, self.stream.next()).await;
            let message = next.expect("a message within 30 seconds")?.ok()?;
            if let tungstenite::Message::Close(frame) = &message {
                let reason = frame.as_ref().map(|frame| frame.reason.to_string());
                self.closed = Some((
                    CloseCode::received(frame.as_ref()),
                    reason.unwrap_or_default(),
                ));
            }
            if let Some(message) = Message::received(message) {
                return Some(message);
            }
        }
    }

    /// The next message as JSON.
    ///
    /// # Panics
    ///
    /// When it is no JSON text, or nothing comes for 30 seconds.
    pub async fn recv_json(&mut self) -> Option<serde_json::Value> {
        let message = self.recv().await?;
        let text = message.as_text().expect("text");
        Some(serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON: {error}: {text}")))
    }

    /// Closes the connection, and waits until the service has too. Gives the code that it answered.
    pub async fn close(&mut self, code: CloseCode) -> CloseCode {
        let frame: CloseFrame = code.frame("");
        // One that the service has closed already needs no close.
        let _ = self.stream.close(Some(frame)).await;
        while self.recv().await.is_some() {}
        self.close_code()
    }

    /// The code that the service closed with: 1006 when the connection just ended, or lasts.
    pub fn close_code(&self) -> CloseCode {
        self.closed
            .as_ref()
            .map_or(CloseCode::ABNORMAL, |(code, _)| *code)
    }

    /// The reason that the service closed with.
    pub fn close_reason(&self) -> &str {
        self.closed.as_ref().map_or("", |(_, reason)| reason)
    }
}
