//! Extractors for what every request has: method, target, headers, id, client address, raw body.

use super::{Extract, Rejection};
use crate::{context::Context, openapi::Describer};
use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use std::net::IpAddr;

/// The id of the request, which the answer carries as `X-Request-ID`.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub fastkit::context::RequestId);

/// The address of the client, behind trusted proxies if there are any; `None` on a Unix socket.
#[derive(Clone, Copy, Debug)]
pub struct ClientIp(pub Option<IpAddr>);

impl Extract for RequestId {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        Ok(Self(cx.request_id()))
    }
}

impl Extract for ClientIp {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        Ok(Self(cx.client_ip()))
    }
}

impl Extract for Method {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        Ok(cx.method().clone())
    }
}

impl Extract for Uri {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        Ok(cx.uri().clone())
    }
}

impl Extract for HeaderMap {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        Ok(cx.headers().clone())
    }
}

/// The raw body, whatever its content type says.
impl Extract for Bytes {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        Ok(cx.read_body().await?)
    }

    fn describe(describer: &mut Describer<'_>) {
        describer.raw_body();
    }
}
