//! A service that asks another one: in an async handler, and in a plain one.
//!
//! The clients are made once, with a base URL and a policy, and handed to the handlers as state.

use fastflyer::{
    client::{AsyncClient, Client, Error, RetryPolicy},
    extract::State,
    prelude::*,
};
use std::time::Duration;

/// What the upstream says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Echo {
    /// Where it was asked.
    pub url: String,
}

/// The other service, for both kinds of handlers.
#[derive(Clone, Debug)]
pub struct Upstream {
    asynchronous: AsyncClient,
    blocking: Client,
}

impl Upstream {
    /// Clients for the service at this URL.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn new(url: &str) -> Result<Self, Error> {
        let presets = || {
            let retry = RetryPolicy::new()
                .stop_max_attempt_number(3)
                .stop_max_delay(Duration::from_secs(60))
                .wait_exponential_multiplier(Duration::from_millis(200))
                .wait_exponential_max(Duration::from_secs(10));
            AsyncClient::builder()
                .base_url(url)
                .header("accept", "application/json")
                .timeout(Duration::from_secs(5))
                .retry(retry)
        };
        Ok(Self {
            asynchronous: presets().build()?,
            blocking: presets().build_blocking()?,
        })
    }
}

/// Asks in an async handler.
#[get("/echo", tag = "client")]
async fn echo(
    State(upstream): State<Upstream>,
    #[query(default = "hi".to_owned())] word: String,
) -> Result<Echo> {
    let request = upstream.asynchronous.get("/get").params(&[("word", word)]);
    // A connection that breaks is 605, a status of 400 or more 601, a body that does not fit 602.
    Ok(request.send().await?.error_for_status()?.json()?)
}

/// Asks in a plain handler, which runs on a thread of its own.
#[get("/report", tag = "client")]
fn report(State(upstream): State<Upstream>) -> Result<Echo> {
    let answer = upstream.blocking.get("/get").send()?;
    if answer.status_code() != 200 {
        return Err(ApiError::bad_gateway().message("the report is not there"));
    }
    Ok(answer.json()?)
}

/// The service, which asks the one at `url`.
///
/// # Errors
/// When the URL is none.
pub fn app(url: &str) -> Result<FlyerApi, Error> {
    let config = Config::new().title("Client Demo");
    let api = FlyerApi::new(config).state(Upstream::new(url)?);
    Ok(api.include(routes![echo, report]))
}
