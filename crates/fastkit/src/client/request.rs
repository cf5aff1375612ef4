//! [`RequestBuilder`]: one request, the same for both clients.
//!
//! Mistakes are kept and told when the request is sent, so that a call is one expression.

use super::{
    Body, Error, Multipart, RetryPolicy,
    builder::{basic, bearer},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Serialize;
use std::{fmt, fmt::Display, time::Duration};
use url::Url;

/// A request that is being put together; `C` is the client that will send it.
///
/// ```no_run
/// # use fastkit::client::{AsyncClient, Error};
/// # async fn run() -> Result<(), Error> {
/// let answer = AsyncClient::new()
///     .post("https://httpbin.org/post")
///     .header("x-tenant", "blue")
///     .params(&[("page", 2)])
///     .json(&serde_json::json!({"key": "value"}))
///     .send()
///     .await?;
/// println!("{}", answer.text());
/// # Ok(())
/// # }
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder<C> {
    pub(super) client: C,
    pub(super) request: Request,
}

pub(super) struct Request {
    method: Method,
    url: Option<Url>,
    headers: HeaderMap,
    cookies: String,
    body: Body,
    options: Options,
    mistake: Option<Error>,
}

/// What a request does not leave to the client.
#[derive(Default)]
pub(super) struct Options {
    pub(super) timeout: Option<Option<Duration>>,
    pub(super) retry: Option<RetryPolicy>,
}

impl Request {
    pub(super) fn new(base: Option<&Url>, method: Method, url: &str) -> Self {
        let (url, mistake) = match resolve(base, url) {
            Ok(url) => (Some(url), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            cookies: String::new(),
            body: Body::default(),
            options: Options::default(),
            mistake,
        }
    }

    fn note(&mut self, mistake: Error) {
        self.mistake.get_or_insert(mistake);
    }

    /// The request, with the headers that it has besides `presets`, which every request of the client has, or
    /// instead of these.
    pub(super) fn finish(
        self,
        presets: &HeaderMap,
    ) -> Result<(Method, Url, HeaderMap, Body, Options), Error> {
        let named = |error: Error| match &self.url {
            Some(url) => error.of(&self.method, url.as_str()),
            None => error,
        };
        if let Some(mistake) = self.mistake {
            return Err(named(mistake));
        }
        let Some(mut url) = self.url else {
            return Err(Error::builder("the request has no URL"));
        };
        let mut headers = self.headers;
        // What a URL says of user and password belongs into the header, and nowhere else.
        if !url.username().is_empty() || url.password().is_some() {
            let user = decoded(url.username());
            let password = decoded(url.password().unwrap_or_default());
            let given =
                [&headers, presets].map(|headers| headers.contains_key(header::AUTHORIZATION));
            if given == [false, false] {
                headers.insert(header::AUTHORIZATION, basic(&user, &password));
            }
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        if !self.cookies.is_empty() {
            let mut all = String::new();
            let given = match headers.contains_key(header::COOKIE) {
                true => &headers,
                false => presets,
            };
            for given in given.get_all(header::COOKIE) {
                all.push_str(given.to_str().unwrap_or_default());
                all.push_str("; ");
            }
            all.push_str(&self.cookies);
            match HeaderValue::from_str(&all) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    headers.insert(header::COOKIE, value);
                }
                Err(_) => {
                    let text = "a cookie has characters that no header may have";
                    return Err(Error::builder(text).of(&self.method, url.as_str()));
                }
            }
        }
        Ok((self.method, url, headers, self.body, self.options))
    }
}

/// Percent-decoding of the user part of a URL.
fn decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.replace('+', "%2B").as_bytes())
        .next()
        .map(|(name, value)| match value.is_empty() {
            true => name.into_owned(),
            false => format!("{name}={value}"),
        })
        .unwrap_or_default()
}

/// A full HTTP URL.
pub(super) fn parse_url(text: &str) -> Result<Url, Error> {
    let shown = || crate::mask::mask_url(text).into_owned();
    let url = Url::parse(text)
        .map_err(|error| Error::builder(format!("{:?} is no URL: {error}", shown())))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::builder(format!(
            "{:?} is no URL of HTTP: the scheme is {:?}, it has to be http or https",
            shown(),
            url.scheme()
        )));
    }
    Ok(url)
}

/// Whether the text begins with a scheme. A `://` further back belongs to a path or a query.
fn is_absolute(text: &str) -> bool {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn resolve(base: Option<&Url>, text: &str) -> Result<Url, Error> {
    let Some(base) = base.filter(|_| !is_absolute(text)) else {
        return parse_url(text);
    };
    let mut url = base.clone();
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    if !path.is_empty() {
        let joined = format!(
            "{}/{}",
            base.path().trim_end_matches('/'),
            path.trim_start_matches('/')
        );
        url.set_path(&joined);
    }
    if query.is_some() {
        url.set_query(query);
    }
    Ok(url)
}

pub(super) fn header<N, V>(name: N, value: V) -> Result<(HeaderName, HeaderValue), Error>
where
    N: TryInto<HeaderName, Error: Display>,
    V: TryInto<HeaderValue, Error: Display>,
{
    let name = name
        .try_into()
        .map_err(|error| Error::builder(format!("a header's name cannot be used: {error}")))?;
    let value = value.try_into().map_err(|error| {
        Error::builder(format!(
            "the value of header {name} cannot be used: {error}"
        ))
    })?;
    Ok((name, value))
}

/// Puts the headers into `into`; a name that stands there is replaced, with all its values.
pub(super) fn replace_headers(into: &mut HeaderMap, headers: HeaderMap) {
    let mut last: Option<HeaderName> = None;
    for (name, value) in headers {
        match name {
            Some(name) => {
                into.insert(name.clone(), value);
                last = Some(name);
            }
            None => {
                if let Some(name) = &last {
                    into.append(name, value);
                }
            }
        }
    }
}

impl<C> RequestBuilder<C> {
    pub(super) fn new(client: C, base: Option<&Url>, method: Method, url: &str) -> Self {
        Self {
            client,
            request: Request::new(base, method, url),
        }
    }

    /// Sets a header, instead of the client's of that name.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Display>,
        V: TryInto<HeaderValue, Error: Display>,
    {
        match header(name, value) {
            Ok((name, value)) => {
                self.request.headers.insert(name, value);
            }
            Err(error) => self.request.note(error),
        }
        self
    }

    /// Sets several headers.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        replace_headers(&mut self.request.headers, headers);
        self
    }

    /// Appends to the query: pairs, a map, or a struct of plain fields.
    pub fn params<T: Serialize + ?Sized>(mut self, params: &T) -> Self {
        match serde_urlencoded::to_string(params) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => {
                if let Some(url) = &mut self.request.url {
                    let query = match url.query() {
                        Some(given) if !given.is_empty() => format!("{given}&{text}"),
                        _ => text,
                    };
                    url.set_query(Some(&query));
                }
            }
            Err(error) => {
                let text = "the parameters cannot be written as a query";
                self.request.note(Error::builder(text).caused_by(error));
            }
        }
        self
    }

    /// Sends a cookie. Neither `;` nor control characters can be in it, and no `=` in its name: the rest would be
    /// another cookie for the server.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        let ends_it = |c: char| c == ';' || c.is_control();
        if name.is_empty() || name.contains('=') || name.contains(ends_it) {
            self.request.note(Error::builder(format!(
                "{name:?} is no name of a cookie: it is empty, or has \"=\", \";\" or a control character"
            )));
            return self;
        }
        if value.contains(ends_it) {
            self.request.note(Error::builder(format!(
                "the value of cookie {name:?} has \";\" or a control character, which would end it"
            )));
            return self;
        }
        let cookies = &mut self.request.cookies;
        if !cookies.is_empty() {
            cookies.push_str("; ");
        }
        cookies.push_str(name);
        cookies.push('=');
        cookies.push_str(value);
        self
    }

    /// `Authorization: Basic ..`
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        let value = basic(user, password);
        self.request.headers.insert(header::AUTHORIZATION, value);
        self
    }

    /// `Authorization: Bearer ..`
    pub fn bearer_auth(mut self, token: &str) -> Self {
        match bearer(token) {
            Ok(value) => {
                self.request.headers.insert(header::AUTHORIZATION, value);
            }
            Err(error) => self.request.note(error),
        }
        self
    }

    /// The body as it is.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.request.body = body.into();
        self
    }

    /// The value as JSON, with its content type unless there is one already.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.typed(bytes.into(), HeaderValue::from_static("application/json")),
            Err(error) => {
                let text = "the body cannot be written as JSON";
                self.request.note(Error::builder(text).caused_by(error));
                self
            }
        }
    }

    /// The value as an `application/x-www-form-urlencoded` form.
    pub fn form<T: Serialize + ?Sized>(mut self, form: &T) -> Self {
        match serde_urlencoded::to_string(form) {
            Ok(text) => self.typed(
                text.into(),
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            ),
            Err(error) => {
                let text = "the body cannot be written as a form";
                self.request.note(Error::builder(text).caused_by(error));
                self
            }
        }
    }

    /// A form with files.
    pub fn multipart(mut self, form: Multipart) -> Self {
        let (body, content_type) = form.finish();
        self.request.body = body;
        // Always, since no other value has the right boundary.
        if let Some(content_type) = content_type {
            let headers = &mut self.request.headers;
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        self
    }

    fn typed(mut self, body: Body, content_type: HeaderValue) -> Self {
        self.request.body = body;
        let headers = &mut self.request.headers;
        headers.entry(header::CONTENT_TYPE).or_insert(content_type);
        self
    }

    /// How long one attempt may take, instead of the client's limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.options.timeout = Some(Some(timeout));
        self
    }

    /// When and how often this call is tried again, instead of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.request.options.retry = Some(policy);
        self
    }
}

impl<C> fmt::Debug for RequestBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = &self.request;
        let url = request.url.as_ref().map_or("", Url::as_str);
        f.debug_struct("RequestBuilder")
            .field("method", &request.method)
            .field("url", &crate::mask::mask_url(url))
            .field("body", &request.body)
            .field("mistake", &request.mistake)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_of(base: Option<&str>, text: &str) -> String {
        let base = base.map(|base| parse_url(base).unwrap());
        match resolve(base.as_ref(), text) {
            Ok(url) => url.into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn relative_urls_are_appended_to_the_base() {
        let base = Some("http://a.test/v1/");
        assert_eq!(url_of(base, "/users"), "http://a.test/v1/users");
        assert_eq!(url_of(base, "users?x=1"), "http://a.test/v1/users?x=1");
        assert_eq!(url_of(base, ""), "http://a.test/v1/");
        assert_eq!(url_of(base, "?x=1"), "http://a.test/v1/?x=1");
        assert_eq!(url_of(base, "http://b.test/c"), "http://b.test/c");
        assert_eq!(url_of(Some("http://a.test"), "/u v"), "http://a.test/u%20v");
        // A URL inside of a query makes no absolute one.
        assert_eq!(
            url_of(base, "/login?next=http://b.test/"),
            "http://a.test/v1/login?next=http://b.test/"
        );
        assert!(url_of(base, "ftp://b.test/").contains("\"ftp\""));
    }

    #[test]
    fn mistakes_name_the_url_without_its_secrets() {
        let text = url_of(None, "ftp://me:hunter2@a.test/?token=hunter2");
        assert!(text.contains("ftp") && !text.contains("hunter2"), "{text}");
        assert!(url_of(None, "/users").contains("\"/users\" is no URL"));
    }

    #[test]
    fn users_of_urls_are_decoded() {
        assert_eq!(decoded("a%40b+c"), "a@b+c");
        assert_eq!(decoded("p=q"), "p=q");
        assert_eq!(decoded(""), "");
    }
}
