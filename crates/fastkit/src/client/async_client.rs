//! [`AsyncClient`]: the client for async code.

use super::{
    ClientBuilder, Error, RequestBuilder, Response, ResponseStream,
    core::{Core, Mode},
};
use http::Method;
use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
};

/// The HTTP client for async code. Clones share connections, budgets and settings.
///
/// It works inside of a tokio runtime that has I/O and timers (`enable_all`, or `enable_io` and `enable_time`). Outside of any
/// runtime a call is error 600; [`Client`](super::Client) is for plain threads.
///
/// ```no_run
/// use fastkit::client::AsyncClient;
///
/// # async fn run() -> Result<(), fastkit::client::Error> {
/// let client = AsyncClient::new();
/// let answer = client.get("https://httpbin.org/get").params(&[("a", "1")]).send().await?;
/// if answer.status_code() != 200 {
///     println!("{}", answer.text());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AsyncClient {
    pub(super) core: Arc<Core>,
}

/// What `new` gives: one set of connections and budgets for the whole process.
pub(super) fn shared() -> Arc<Core> {
    static SHARED: OnceLock<Arc<Core>> = OnceLock::new();
    let make = || {
        let made = ClientBuilder::new().core();
        // The defaults are checked by a test; nothing of the machine can make them fail.
        Arc::new(made.unwrap_or_else(|error| unreachable!("the default client: {error}")))
    };
    SHARED.get_or_init(make).clone()
}

macro_rules! verbs {
    ($client:ident) => {
        impl Default for $client {
            fn default() -> Self {
                Self::new()
            }
        }

        impl $client {
            /// A client with the defaults. All of them share their connections, so it costs nothing to make one for each call.
            #[must_use]
            pub fn new() -> Self {
                Self {
                    core: crate::client::async_client::shared(),
                }
            }

            /// A `GET` request.
            pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder<Self> {
                self.request(Method::GET, url)
            }

            /// A `POST` request.
            pub fn post(&self, url: impl AsRef<str>) -> RequestBuilder<Self> {
                self.request(Method::POST, url)
            }

            /// A `PUT` request.
            pub fn put(&self, url: impl AsRef<str>) -> RequestBuilder<Self> {
                self.request(Method::PUT, url)
            }

            /// A `PATCH` request.
            pub fn patch(&self, url: impl AsRef<str>) -> RequestBuilder<Self> {
                self.request(Method::PATCH, url)
            }

            /// A `DELETE` request.
            pub fn delete(&self, url: impl AsRef<str>) -> RequestBuilder<Self> {
                self.request(Method::DELETE, url)
            }

            /// A `HEAD` request. Redirects are not followed.
            pub fn head(&self, url: impl AsRef<str>) -> RequestBuilder<Self> {
                self.request(Method::HEAD, url)
            }

            /// An `OPTIONS` request.
            pub fn options(&self, url: impl AsRef<str>) -> RequestBuilder<Self> {
                self.request(Method::OPTIONS, url)
            }

            /// A request of any method.
            pub fn request(&self, method: Method, url: impl AsRef<str>) -> RequestBuilder<Self> {
                let base = self.core.defaults.base_url.as_ref();
                RequestBuilder::new(self.clone(), base, method, url.as_ref())
            }
        }
    };
}
pub(super) use verbs;

verbs!(AsyncClient);

impl AsyncClient {
    /// What can be set once for all calls.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }
}

impl RequestBuilder<AsyncClient> {
    /// Sends the request and reads the answer.
    ///
    /// # Errors
    /// See [`Error`]. A status is none, unless it calls for retries and no retry was left.
    pub async fn send(self) -> Result<Response, Error> {
        let (call, body) = self.client.core.prepare(self.request, Mode::Whole)?;
        self.client.core.whole(call, body).await
    }

    /// Sends the request and leaves the body of the answer to be read piece by piece. The limit for
    /// one attempt then counts up to the head of the answer, and again for each piece.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn stream(self) -> Result<ResponseStream, Error> {
        let (call, body) = self.client.core.prepare(self.request, Mode::Stream)?;
        Box::pin(self.client.core.stream(call, body)).await
    }
}

/// `client.get(url).await` is `client.get(url).send().await`.
impl IntoFuture for RequestBuilder<AsyncClient> {
    type Output = Result<Response, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        match self.client.core.prepare(self.request, Mode::Whole) {
            Ok((call, body)) => Box::pin(self.client.core.whole(call, body)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}
