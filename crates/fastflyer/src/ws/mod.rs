//! WebSocket routes (RFC 6455).
//!
//! `#[websocket("/chat/{room}")]` makes one of an `async fn` whose last argument is the socket. The
//! arguments before it are read as in any operation, and what does not fit is answered in the uniform
//! shape before the connection becomes a WebSocket. By hand the same is an operation for `GET` that
//! takes an [`Upgrade`].
//!
//! While the handler runs, pings are answered and sent, a client that is gone is noticed, and limits
//! are kept. A handler that ends closes the connection: with 1000, with 1008 when it returns an error
//! of the client, with 1011 when it fails or panics. When the service stops, all connections are
//! closed with 1012, so that clients come back to another instance.
//!
//! A connection that has ended gives the handler ten seconds to end too; then it is dropped.
//!
//! ```
//! use fastflyer::{prelude::*, testing::TestClient, ws::{CloseCode, Message, WebSocket}};
//!
//! #[websocket("/echo/{name}")]
//! async fn echo(name: String, mut socket: WebSocket) -> Result<()> {
//!     while let Some(message) = socket.recv().await {
//!         if let Message::Text(text) = message? {
//!             socket.send(format!("{name}: {text}")).await?;
//!         }
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> fastflyer::Result<()> {
//! let client = TestClient::new(FlyerApi::new(Config::new()).include(routes![echo]))?;
//! let mut socket = client.get("/flyer/echo/ann").websocket().await.expect("a handshake");
//! socket.send("hello").await;
//! assert_eq!(socket.recv().await, Some(Message::from("ann: hello")));
//! socket.close(CloseCode::NORMAL).await;
//! # Ok(())
//! # }
//! ```

mod close;
mod config;
mod connection;
mod error;
mod handshake;
mod io;
mod json;
mod message;
mod pump;
mod socket;
mod upgrade;

pub use close::{CloseCode, InvalidCloseCode};
pub use config::Config;
pub use connection::Outcome;
pub use error::Error;
pub(crate) use io::InProcess;
pub use json::{JsonReceiver, JsonSender, JsonSocket};
pub use message::Message;
pub use socket::{Receiver, Sender, Socket, WebSocket};
pub use upgrade::{Accepted, Upgrade};
