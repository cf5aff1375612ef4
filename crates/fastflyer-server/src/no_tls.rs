//! What stands in the place of `tls` where that is not compiled in.

use crate::{Application, Error, ServerConfig, event_loop::Connection};

/// There is none.
#[derive(Debug)]
pub(crate) enum Tls {}

impl Tls {
    #[expect(clippy::unnecessary_wraps, reason = "as it is with TLS")]
    pub(crate) fn of(_config: &ServerConfig) -> Result<Option<Self>, Error> {
        Ok(None)
    }

    #[expect(clippy::unused_async, reason = "as it is with TLS")]
    pub(crate) async fn shake<A: Application>(
        &self,
        _connection: Connection<A>,
    ) -> Option<Connection<A>> {
        match *self {}
    }
}
