//! Redirects: where to, with which method, and what the next host must not see.
//!
//! Followed by ourselves, since the transport knows neither the method (a `HEAD` is not followed)
//! nor which headers are secret.

use crate::mask::is_secret_name;
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

/// Where an answer sends its client; `None` if it does not.
pub(super) fn target(status: StatusCode, headers: &HeaderMap, from: &Url) -> Option<Target> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = headers.get(header::LOCATION)?;
    // Servers write UTF-8 there, although only ASCII is allowed.
    let joined = str::from_utf8(location.as_bytes())
        .ok()
        .and_then(|text| from.join(text).ok());
    Some(match joined {
        Some(mut url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            if url.fragment().is_none() {
                url.set_fragment(from.fragment());
            }
            // They would be sent nowhere, but shown: by `url()`, and whoever logs that.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            Target::Url(url)
        }
        _ => Target::Unusable,
    })
}

pub(super) enum Target {
    Url(Url),
    /// No URL, or none of HTTP.
    Unusable,
}

/// The method of the next request (RFC 9110, 15.4); whether the body goes along.
pub(super) fn next_method(status: StatusCode, method: &Method) -> (Method, bool) {
    match status {
        StatusCode::SEE_OTHER => (Method::GET, false),
        // What all clients do, although the method should stay.
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if *method == Method::POST => {
            (Method::GET, false)
        }
        _ => (method.clone(), true),
    }
}

/// Takes out what only the first host may see, and what does not fit a request without body.
pub(super) fn adapt_headers(headers: &mut HeaderMap, from: &Url, to: &Url, with_body: bool) {
    headers.remove(header::HOST);
    if !with_body {
        let of_the_body: Vec<_> = headers
            .keys()
            .filter(|name| name.as_str().starts_with("content-") || **name == header::EXPECT)
            .cloned()
            .collect();
        for name in of_the_body {
            headers.remove(name);
        }
        headers.remove(header::TRANSFER_ENCODING);
    }
    if from.origin() != to.origin() {
        let secret: Vec<_> = headers
            .iter()
            .filter(|(name, value)| value.is_sensitive() || is_secret_name(name.as_str()))
            .map(|(name, _)| name.clone())
            .collect();
        for name in secret {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn methods_and_bodies() {
        let next = |status: u16, method: Method| {
            next_method(StatusCode::from_u16(status).unwrap(), &method)
        };
        assert_eq!(next(301, Method::POST), (Method::GET, false));
        assert_eq!(next(302, Method::PUT), (Method::PUT, true));
        assert_eq!(next(303, Method::PUT), (Method::GET, false));
        assert_eq!(next(307, Method::POST), (Method::POST, true));
        assert_eq!(next(308, Method::DELETE), (Method::DELETE, true));
    }

    #[test]
    fn secrets_stay_with_their_origin() {
        let all = || {
            let mut headers = HeaderMap::new();
            for name in ["authorization", "cookie", "x-api-key", "accept"] {
                headers.insert(name, HeaderValue::from_static("v"));
            }
            headers
        };
        let here = url("https://a.test/x");
        for there in [
            "https://b.test/x",
            "http://a.test/x",
            "https://a.test:444/x",
            "https://sub.a.test/",
        ] {
            let mut headers = all();
            adapt_headers(&mut headers, &here, &url(there), true);
            assert_eq!(headers.len(), 1, "{there}");
        }
        let mut headers = all();
        adapt_headers(&mut headers, &here, &url("https://a.test:443/y"), true);
        assert_eq!(headers.len(), 4);
    }

    #[test]
    fn only_http_targets_are_followed() {
        let go = |location: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                "location",
                HeaderValue::from_bytes(location.as_bytes()).unwrap(),
            );
            match target(StatusCode::FOUND, &headers, &url("http://a.test/x/y?q=1#f")) {
                Some(Target::Url(url)) => Some(url.to_string()),
                Some(Target::Unusable) => Some("unusable".to_owned()),
                None => None,
            }
        };
        assert_eq!(go("/z").unwrap(), "http://a.test/z#f");
        assert_eq!(go("z?r=2#g").unwrap(), "http://a.test/x/z?r=2#g");
        assert_eq!(go("//b.test").unwrap(), "http://b.test/#f");
        assert_eq!(go("/路").unwrap(), "http://a.test/%E8%B7%AF#f");
        // Shown by `url()`, and sent nowhere: what stands there of user and password is dropped.
        assert_eq!(
            go("http://me:hunter2@b.test/z").unwrap(),
            "http://b.test/z#f"
        );
        for bad in [
            "file:///etc/passwd",
            "javascript:1",
            "http://",
            "http://a b/",
        ] {
            assert_eq!(go(bad).unwrap(), "unusable", "{bad}");
        }
        let none = target(StatusCode::OK, &HeaderMap::new(), &url("http://a.test/"));
        assert!(none.is_none());
    }
}
