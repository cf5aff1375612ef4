//! The strictness of `head` for requests that h2 has read, in the form that services know from HTTP/1:
//! a path as target, the authority as `Host`, one `Cookie`.

use crate::{
    Limits, ProtocolError,
    head::{self, bad},
};
use http::{HeaderValue, Method, Request, StatusCode, Uri, header, uri::PathAndQuery};

const fn fault(status: StatusCode, reason: &'static str) -> ProtocolError {
    ProtocolError { status, reason }
}

/// The request as services get it.
///
/// # Errors
/// What HTTP/1 would refuse as well.
pub(super) fn checked<B>(
    mut request: Request<B>,
    limits: &Limits,
) -> Result<Request<B>, ProtocolError> {
    if request.method() == Method::CONNECT {
        return Err(fault(
            StatusCode::NOT_IMPLEMENTED,
            "CONNECT is not supported",
        ));
    }
    if request.headers().len() > limits.headers {
        return Err(fault(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "too many header fields",
        ));
    }
    if request
        .headers()
        .get_all(header::EXPECT)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    {
        return Err(fault(
            StatusCode::EXPECTATION_FAILED,
            "only Expect: 100-continue is known",
        ));
    }
    let target = request
        .uri()
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    if target.as_str().len() > limits.request_line {
        return Err(fault(
            StatusCode::URI_TOO_LONG,
            "the request target is too long",
        ));
    }
    let is_asterisk = target == "*" && request.method() == Method::OPTIONS;
    if !is_asterisk && !target.as_str().starts_with('/') {
        return Err(bad("the request target must be a path that starts with /"));
    }
    name_host(&mut request)?;
    join_cookies(&mut request);
    *request.uri_mut() = Uri::from(target);
    Ok(request)
}

/// `Host` and the authority are the same thing twice, and one of them has to be there.
fn name_host<B>(request: &mut Request<B>) -> Result<(), ProtocolError> {
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().to_owned());
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(bad("Host must be given once"));
    }
    match (authority, host) {
        (None, None) => return Err(bad("Host is missing")),
        (Some(authority), Some(host))
            if !host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()) =>
        {
            return Err(bad("Host and :authority must be the same"));
        }
        (_, Some(host)) if !head::is_host(host.as_bytes()) => return Err(bad("malformed Host")),
        (_, Some(_)) => {}
        (Some(authority), None) => {
            let host = HeaderValue::try_from(authority)
                .ok()
                .filter(|host| head::is_host(host.as_bytes()))
                .ok_or(bad("malformed Host"))?;
            request.headers_mut().insert(header::HOST, host);
        }
    }
    Ok(())
}

/// HTTP/2 lets clients send cookies one by one; nobody behind it expects that (RFC 9113, 8.2.3).
fn join_cookies<B>(request: &mut Request<B>) {
    let mut cookies = request.headers().get_all(header::COOKIE).iter();
    let (Some(first), Some(_)) = (cookies.next(), cookies.next()) else {
        return;
    };
    let mut joined = first.as_bytes().to_vec();
    for cookie in request.headers().get_all(header::COOKIE).iter().skip(1) {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(cookie.as_bytes());
    }
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        request.headers_mut().insert(header::COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: http::request::Builder) -> Result<Request<()>, u16> {
        checked(request.body(()).unwrap(), &Limits::default())
            .map_err(|error| error.status.as_u16())
    }

    #[test]
    fn requests_look_as_in_http_1() {
        let request = check(
            Request::get("https://a.b:1/c?d")
                .header("cookie", "a=1")
                .header("cookie", "b=2"),
        )
        .unwrap();
        assert_eq!(request.uri(), "/c?d");
        assert_eq!(request.headers()["host"], "a.b:1");
        assert_eq!(request.headers().get_all("cookie").iter().count(), 1);
        assert_eq!(request.headers()["cookie"], "a=1; b=2");
    }

    #[test]
    fn what_http_1_refuses_is_refused() {
        let get = || Request::get("https://a/");
        assert!(check(get().header("host", "A")).is_ok());
        assert_eq!(check(get().header("host", "b")).unwrap_err(), 400);
        assert_eq!(check(Request::get("/")).unwrap_err(), 400);
        assert_eq!(check(Request::get("https://u@a/")).unwrap_err(), 400);
        assert_eq!(check(get().header("expect", "x")).unwrap_err(), 417);
        assert_eq!(
            check(Request::get(format!("https://a/{}", "x".repeat(9000)))).unwrap_err(),
            414
        );
        assert_eq!(
            check((0..101).fold(get(), |request, _| request.header("x", "y"))).unwrap_err(),
            431
        );
        let connect = Request::builder().method("CONNECT").uri("a:1");
        assert_eq!(check(connect).unwrap_err(), 501);
    }
}
