//! [`Error`]: what can go wrong with one message or with the whole connection.

use super::close::{CloseCode, Closing};
use std::fmt;
use tokio_tungstenite::tungstenite::{self, error::ProtocolError};

/// Why a message could not be sent or read.
///
/// A handler may return it with `?`: the connection is closed with the fitting code, and a client that
/// has merely left is not logged as an error.
#[derive(Debug)]
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    Closed,
    Full,
    Lost(String),
    TooLarge,
    NotUtf8,
    Protocol(String),
    Binary,
    Json(serde_json::Error),
    Unwritable(serde_json::Error),
}

impl Error {
    pub(super) const CLOSED: Self = Self(Kind::Closed);
    pub(super) const FULL: Self = Self(Kind::Full);
    pub(super) const BINARY: Self = Self(Kind::Binary);

    pub(super) fn lost(why: impl Into<String>) -> Self {
        Self(Kind::Lost(why.into()))
    }

    pub(super) fn json(error: serde_json::Error) -> Self {
        Self(Kind::Json(error))
    }

    pub(super) fn unwritable(error: serde_json::Error) -> Self {
        Self(Kind::Unwritable(error))
    }

    /// True when the connection has ended: closed by either side, or lost.
    pub fn is_closed(&self) -> bool {
        matches!(self.0, Kind::Closed | Kind::Lost(_))
    }

    /// True when a message of the client is larger than allowed.
    pub fn is_too_large(&self) -> bool {
        matches!(self.0, Kind::TooLarge)
    }

    /// True when one message could not be read as JSON of the wanted type. The connection goes on.
    pub fn is_invalid_message(&self) -> bool {
        matches!(self.0, Kind::Json(_) | Kind::Binary)
    }

    /// True when [`try_send`](super::Sender::try_send) found the queue full.
    pub fn is_full(&self) -> bool {
        matches!(self.0, Kind::Full)
    }

    /// What the peer is told; `None` where nobody is there to be told.
    pub(super) fn closing(&self) -> Option<Closing> {
        let (code, reason) = match &self.0 {
            Kind::Closed | Kind::Lost(_) => return None,
            Kind::TooLarge => (CloseCode::TOO_BIG, "the message is too large"),
            Kind::NotUtf8 => (CloseCode::INVALID_DATA, "text that is no UTF-8"),
            Kind::Protocol(_) => (CloseCode::PROTOCOL_ERROR, "a frame breaks the protocol"),
            Kind::Binary => (CloseCode::UNSUPPORTED_DATA, "text is wanted"),
            Kind::Json(_) => (CloseCode::INVALID_DATA, "the message cannot be read"),
            Kind::Full => (CloseCode::TRY_AGAIN_LATER, "messages are taken too slowly"),
            Kind::Unwritable(_) => (CloseCode::INTERNAL_ERROR, ""),
        };
        Some(Closing::new(code, reason))
    }
}

impl From<tungstenite::Error> for Error {
    fn from(error: tungstenite::Error) -> Self {
        use tungstenite::Error as Cause;
        Self(match error {
            Cause::ConnectionClosed | Cause::AlreadyClosed => Kind::Closed,
            Cause::Capacity(_) => Kind::TooLarge,
            Cause::Utf8(_) => Kind::NotUtf8,
            Cause::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Kind::Lost("it ended without a close".to_owned())
            }
            Cause::Io(error) => Kind::Lost(error.to_string()),
            other => Kind::Protocol(other.to_string()),
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Closed => f.write_str("the WebSocket is closed"),
            Kind::Full => f.write_str("the client takes messages too slowly: its queue is full"),
            Kind::Lost(why) => write!(f, "the WebSocket was lost: {why}"),
            Kind::TooLarge => f.write_str("a message is larger than the route allows"),
            Kind::NotUtf8 => f.write_str("a text message is no UTF-8"),
            Kind::Protocol(why) => write!(f, "the client broke the protocol: {why}"),
            Kind::Binary => f.write_str("a binary message where JSON text is wanted"),
            Kind::Json(error) => write!(f, "a message is not the wanted JSON: {error}"),
            Kind::Unwritable(error) => {
                write!(f, "the message could not be written as JSON: {error}")
            }
        }
    }
}

impl std::error::Error for Error {}
