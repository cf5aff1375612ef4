//! stand-in until the fast front is there
use crate::{Application, event_loop::Connection, hyper_front};
use bytes::BytesMut;

pub(crate) async fn serve<A: Application>(connection: Connection<A>, service: A::Service) {
    hyper_front::serve(connection, service, BytesMut::new()).await;
}
