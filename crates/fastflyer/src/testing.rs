//! [`TestClient`]: requests to an application in process, without a socket; [`TestServer`] where a
//! socket is what is tested.
//!
//! ```
//! use fastflyer::{Config, FlyerApi, get, routes, testing::TestClient};
//!
//! #[get("/hello/{name}")]
//! async fn hello(name: String) -> String {
//!     format!("你好，{name}")
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let api = FlyerApi::new(Config::new().base_url("/demo")).include(routes![hello]);
//! let client = TestClient::new(api)?;
//! let answer = client.get("/demo/hello/飞").send().await;
//! assert_eq!(answer.status(), 200);
//! assert_eq!(answer.json()["data"], "你好，飞");
//! # Ok::<(), fastflyer::StartError>(())
//! # }).unwrap();
//! ```

mod events;
#[cfg(feature = "jobs")]
mod jobs;
mod server;
#[cfg(feature = "ws")]
mod socket;

pub use events::{TestEvent, TestEvents};
pub use server::TestServer;
#[cfg(feature = "ws")]
pub use socket::TestSocket;

use crate::{App, Body, FlyerApi, Response, StartError};
use bytes::Bytes;
use fastkit::settings::Sources;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use std::net::IpAddr;

/// What must be encoded for a path to be written as it is read.
const UNWRITABLE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// Asks an application in process.
#[derive(Clone, Debug)]
pub struct TestClient {
    app: App,
    address: IpAddr,
}

impl TestClient {
    /// A client of the application, with no settings but those in its code. The access log is off.
    ///
    /// # Errors
    ///
    /// When the application cannot start.
    pub fn new(api: FlyerApi) -> Result<Self, StartError> {
        Self::with_settings(api, [])
    }

    /// The same with settings as from the environment: `[("flyer_locale", "en")]`.
    ///
    /// # Errors
    ///
    /// When a setting is wrong or the application cannot start.
    pub fn with_settings<'a>(
        api: FlyerApi,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, StartError> {
        let quiet = [("flyer_access_log", "0")];
        let sources = Sources::from_pairs(quiet.into_iter().chain(settings));
        Ok(Self {
            app: api.build_with(&sources)?,
            address: IpAddr::from([127, 0, 0, 1]),
        })
    }

    /// The same client as if it came from another address.
    #[must_use]
    pub fn from_address(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// The application.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// A `GET` request.
    pub fn get(&self, path: &str) -> TestRequest {
        self.request(Method::GET, path)
    }

    /// A `POST` request.
    pub fn post(&self, path: &str) -> TestRequest {
        self.request(Method::POST, path)
    }

    /// A `PUT` request.
    pub fn put(&self, path: &str) -> TestRequest {
        self.request(Method::PUT, path)
    }

    /// A `PATCH` request.
    pub fn patch(&self, path: &str) -> TestRequest {
        self.request(Method::PATCH, path)
    }

    /// A `DELETE` request.
    pub fn delete(&self, path: &str) -> TestRequest {
        self.request(Method::DELETE, path)
    }

    /// A request of any method. What a path cannot hold is percent-encoded.
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        TestRequest {
            client: self.clone(),
            method,
            path: utf8_percent_encode(path, UNWRITABLE).to_string(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            #[cfg(feature = "ws")]
            in_process: None,
        }
    }
}

/// A request that is being put together.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct TestRequest {
    client: TestClient,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    /// What becomes a WebSocket.
    #[cfg(feature = "ws")]
    in_process: Option<crate::ws::InProcess>,
}

impl TestRequest {
    /// Adds a header.
    ///
    /// # Panics
    ///
    /// When HTTP does not allow the name or the value.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a header name");
        self.headers.append(
            name,
            HeaderValue::from_bytes(value.as_bytes()).expect("a header value"),
        );
        self
    }

    /// Sets a JSON body with its content type.
    ///
    /// # Panics
    ///
    /// When the value cannot be written as JSON.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        let body = serde_json::to_vec(value).expect("a value that serializes");
        self.header(header::CONTENT_TYPE.as_str(), "application/json")
            .body(body)
    }

    /// Sets the bytes of the body, without a content type.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the request and waits for the whole answer.
    ///
    /// # Panics
    ///
    /// When the path is no request target, or the answer's body ends with an error.
    pub async fn send(self) -> TestResponse {
        let response = self.exchange().await;
        TestResponse::read(response).await
    }

    /// Sends the request and reads the events of the answer one by one.
    ///
    /// # Panics
    ///
    /// When the path is no request target, or the answer is no stream of events; the message shows it.
    pub async fn events(self) -> TestEvents {
        let response = self.exchange().await;
        let kind = response.headers().get(header::CONTENT_TYPE);
        if kind.is_none_or(|kind| kind != "text/event-stream") {
            let answer = TestResponse::read(response).await;
            let text = String::from_utf8_lossy(&answer.body);
            panic!("no stream of events: {}: {text}", answer.status);
        }
        TestEvents::new(response)
    }

    async fn exchange(self) -> Response {
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse().expect("a request target");
        *request.headers_mut() = self.headers;
        request
            .headers_mut()
            .entry(header::HOST)
            .or_insert(HeaderValue::from_static("localhost"));
        #[cfg(feature = "ws")]
        if let Some(stream) = self.in_process {
            request.extensions_mut().insert(stream);
        }
        let address = Some(self.client.address);
        self.client.app.answer(request, address).await
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header as text; empty when it is not there or no text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The bytes of the body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// When it is no UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of UTF-8")
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is no JSON; the message shows it.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("no JSON: {error}: {}", String::from_utf8_lossy(&self.body))
        })
    }
}
