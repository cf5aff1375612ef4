//! The opening handshake (RFC 6455, 4.2): what must be in the request, and the 101.
//!
//! What is wrong with it is answered in the uniform shape, like anything else.

use super::{InProcess, Upgrade, connection::Connection, io::Stream};
use crate::{ApiError, Body, Response, context::Context};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use sha1::{Digest as _, Sha1};
use tokio::io::DuplexStream;

/// What the key is hashed with, so that only a WebSocket server can answer it.
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Where the connection will come from.
pub(super) enum Transport {
    Server(OnUpgrade),
    InProcess(DuplexStream),
}

impl Transport {
    fn take(extensions: &mut Extensions) -> Option<Self> {
        if let Some(upgrade) = extensions.remove::<OnUpgrade>() {
            return Some(Self::Server(upgrade));
        }
        let stream = extensions.remove::<InProcess>()?.take()?;
        Some(Self::InProcess(stream))
    }

    /// The connection, once the answer is sent; `None` when it never was.
    pub(super) async fn connect(self) -> Option<Stream> {
        match self {
            Self::Server(upgrade) => upgrade.await.ok().map(Stream::Upgraded),
            Self::InProcess(stream) => Some(Stream::InProcess(stream)),
        }
    }
}

/// Checks the handshake and prepares its answer.
pub(super) fn accept(cx: &mut Context) -> Result<Upgrade, ApiError> {
    let key = check(&cx.parts.headers)?;
    let operation = cx.mounted.as_ref().map(|mounted| &mounted.operation);
    let config = operation.map(|operation| operation.websocket.clone());
    let config = config.unwrap_or_default();
    if !config.admits(&cx.parts.headers) {
        return Err(
            ApiError::framework(403).detail("pages of this origin may not open the WebSocket")
        );
    }
    let protocol = config.choose(&cx.parts.headers).map(str::to_owned);
    let transport = Transport::take(&mut cx.parts.extensions).ok_or_else(|| {
        ApiError::framework(400)
            .detail("the connection cannot become a WebSocket: HTTP/1.1 is wanted, without a body")
    })?;
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, answer_to(&key));
    if let Some(protocol) = &protocol {
        let value = HeaderValue::from_str(protocol).map_err(|error| {
            ApiError::uncaught(format!("the subprotocol {protocol:?}: {error}"))
        })?;
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, value);
    }
    let connection = Connection {
        core: cx.core.clone(),
        config,
        protocol,
        served: cx.served(),
        place: cx.place(),
    };
    Ok(Upgrade {
        connection,
        transport,
        answer,
    })
}

/// The key of a request that asks for a WebSocket as it must.
fn check(headers: &HeaderMap) -> Result<HeaderValue, ApiError> {
    if !names(headers, header::UPGRADE, "websocket")
        || !names(headers, header::CONNECTION, "upgrade")
    {
        // Not a broken handshake but none at all: a browser that was pointed here, for instance.
        return Err(ApiError::framework(426)
            .header(header::UPGRADE, "websocket")
            .header(header::CONNECTION, "upgrade")
            .detail("this is a WebSocket: the request must ask for an upgrade"));
    }
    if headers
        .get(header::SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err(ApiError::framework(426)
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::UPGRADE, "websocket")
            .header(header::CONNECTION, "upgrade")
            .detail("the version of the WebSocket protocol must be 13"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let is_key = |key: &&HeaderValue| {
        STANDARD
            .decode(key.as_bytes())
            .is_ok_and(|key| key.len() == 16)
    };
    key.filter(is_key).cloned().ok_or_else(|| {
        ApiError::framework(400).detail("Sec-WebSocket-Key must be 16 bytes in base64")
    })
}

/// Whether a list header has a word.
fn names(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).iter();
    let mut words = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    words.any(|known| known.trim().eq_ignore_ascii_case(word))
}

fn answer_to(key: &HeaderValue) -> HeaderValue {
    let hash = Sha1::new()
        .chain_update(key.as_bytes())
        .chain_update(MAGIC)
        .finalize();
    let text = STANDARD.encode(hash);
    // Base64 is always a header value.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_that_of_the_standard() {
        let answer = answer_to(&HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
