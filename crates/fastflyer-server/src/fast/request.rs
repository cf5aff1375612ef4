//! A scanned head and its body as an [`http::Request`], without copying either.
#![expect(
    unsafe_code,
    reason = "header values are checked by the scan; checking them again would cost more than the scan"
)]

use super::buffers::Buffers;
use crate::{
    Body,
    head::{Framing, Head, Span},
    header_maps::take_headers,
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, uri::PathAndQuery};

/// Takes the request out of the input. `None` when its target is not a URI or a name is no name.
pub(super) fn take(head: &Head, buffers: &mut Buffers) -> Option<Request<Body>> {
    let bytes = buffers.input.split_to(head.len).freeze();
    let body = match head.framing {
        Framing::Length(length) => Body::from(
            buffers
                .input
                .split_to(usize::try_from(length).ok()?)
                .freeze(),
        ),
        Framing::None | Framing::Chunked => Body::empty(),
    };
    let mut request = Request::new(body);
    *request.method_mut() = method(head.method.of(&bytes))?;
    let target = PathAndQuery::from_maybe_shared(slice(&bytes, head.target)).ok()?;
    replace(request.uri_mut(), Uri::from(target));
    let mut headers = take_headers();
    for (name, value) in &buffers.fields {
        let name = HeaderName::from_bytes(name.of(&bytes)).ok()?;
        let value = slice(&bytes, *value);
        // SAFETY: the spans are those of the scan of these very bytes, and it lets a value pass only
        // if each byte is a tab or is at least a space and not DEL, which is what `HeaderValue` asks
        // for; where assertions are compiled in, it looks for itself.
        let value = unsafe { HeaderValue::from_maybe_shared_unchecked(value) };
        headers.append(name, value);
    }
    replace(request.headers_mut(), headers);
    Some(request)
}

/// The two methods that make up nearly all requests first.
fn method(name: &[u8]) -> Option<Method> {
    match name {
        b"GET" => Some(Method::GET),
        b"POST" => Some(Method::POST),
        _ => Method::from_bytes(name).ok(),
    }
}

/// Puts a value in the place of a default one. That owns nothing, so dropping it would be mere cost.
fn replace<T>(place: &mut T, value: T) {
    std::mem::forget(std::mem::replace(place, value));
}

fn slice(bytes: &Bytes, span: Span) -> Bytes {
    bytes.slice(span.start..span.end)
}
