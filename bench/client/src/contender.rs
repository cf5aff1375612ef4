//! [`Contender`]: the clients that are compared, each with its way to make a number of calls.

use std::{error::Error, time::Duration};

use fastkit::{
    access_log::Limits,
    client::{AsyncClient, LineLog},
    logger::Sink,
};
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};

use crate::upstream::BODY;

/// The limit for a call of `AsyncClient` by default.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) enum Contender {
    /// reqwest as it comes, with a limit of time.
    Bare(reqwest::Client),
    /// The same with the headers that ours sends besides: `User-Agent`, and an `X-Request-Id` that is always the same.
    Dressed(reqwest::Client),
    /// `AsyncClient` by default, outside of a service: no log.
    Ours(AsyncClient),
    /// The same with a line of the access log for each call, as a service has it. The lines go nowhere.
    Logged(AsyncClient),
}

impl Contender {
    /// The mark first.
    pub(crate) fn all() -> Result<[Self; 4], Box<dyn Error>> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static("FastKit/0.1.0"));
        let id = HeaderValue::from_static("01234567-89ab-4cde-8f01-23456789abcd");
        headers.insert("x-request-id", id);
        let bare = || reqwest::Client::builder().no_proxy().timeout(TIMEOUT);
        let ours = || AsyncClient::builder().no_proxy();
        let log = LineLog::new(Sink::builder().writer(std::io::sink())?, Limits::default());
        Ok([
            Self::Bare(bare().build()?),
            Self::Dressed(bare().default_headers(headers).build()?),
            Self::Ours(ours().build()?),
            Self::Logged(ours().log(log).build()?),
        ])
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Bare(_) => "reqwest",
            Self::Dressed(_) => "reqwest, same headers",
            Self::Ours(_) => "AsyncClient",
            Self::Logged(_) => "AsyncClient, logged",
        }
    }

    /// Calls one after the other, on one connection.
    pub(crate) async fn ask(&self, url: &str, calls: u32) -> Result<(), Box<dyn Error>> {
        for _ in 0..calls {
            let answer = match self {
                Self::Bare(client) | Self::Dressed(client) => {
                    let answer = client.get(url).send().await?;
                    (answer.status().as_u16(), answer.bytes().await?)
                }
                Self::Ours(client) | Self::Logged(client) => {
                    let answer = client.get(url).send().await?;
                    (answer.status_code(), answer.into_bytes())
                }
            };
            assert_eq!((answer.0, answer.1.len()), (200, BODY.len()));
        }
        Ok(())
    }
}
