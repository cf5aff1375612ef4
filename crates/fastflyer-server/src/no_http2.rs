//! What stands in the place of `http2` where that is not compiled in.

use crate::{Application, ServerConfig, event_loop::Connection};
use bytes::BytesMut;

pub(crate) const fn is_spoken(_config: &ServerConfig, _input: &[u8]) -> bool {
    false
}

#[expect(clippy::unused_async, reason = "as it is with HTTP/2")]
pub(crate) async fn listen<A: Application>(_connection: &mut Connection<A>) -> Option<BytesMut> {
    Some(BytesMut::new())
}

/// Not called: nothing is spoken.
#[expect(clippy::unused_async, reason = "as it is with HTTP/2")]
pub(crate) async fn serve<A: Application>(
    _connection: Connection<A>,
    _service: A::Service,
    _read: BytesMut,
) {
}
