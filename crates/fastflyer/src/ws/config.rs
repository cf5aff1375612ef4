//! [`Config`]: the limits of a WebSocket route, and who may open it.

use http::{HeaderMap, HeaderValue, Uri, header, uri::Authority};
use std::{borrow::Cow, time::Duration};

/// Limits and choices of one WebSocket route. The attribute has an option for each.
///
/// ```
/// use fastflyer::ws::Config;
/// use std::time::Duration;
///
/// let config = Config::new()
///     .max_message(64 * 1024)
///     .idle_timeout(Duration::from_secs(20))
///     .protocols(["chat.v2", "chat.v1"])
///     .origins(["https://app.example"]);
/// # let _ = config;
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) max_message: usize,
    pub(super) max_frame: Option<usize>,
    pub(super) idle: Option<Duration>,
    pub(super) protocols: Vec<Cow<'static, str>>,
    origins: Vec<Cow<'static, str>>,
    any_origin: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message: 1024 * 1024,
            max_frame: None,
            idle: Some(Duration::from_secs(60)),
            protocols: Vec::new(),
            origins: Vec::new(),
            any_origin: false,
        }
    }
}

impl Config {
    /// 1 MiB a message, a client that is silent for a minute is gone, pages of the same host only.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most bytes of a message from the client; a larger one closes with 1009.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self
    }

    /// The most bytes of a frame, unless it is that of a message: a message may have several.
    pub fn max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = Some(bytes);
        self
    }

    /// A client of which nothing is heard for so long is gone, and the connection is dropped. A ping
    /// goes out at each half of it. Zero means never.
    pub fn idle_timeout(mut self, most: Duration) -> Self {
        self.idle = Some(most).filter(|most| !most.is_zero());
        self
    }

    /// The subprotocols that the route speaks, the best one first. The first that the client offers is
    /// chosen; without one the connection has none.
    pub fn protocols<P>(mut self, protocols: impl IntoIterator<Item = P>) -> Self
    where
        P: Into<Cow<'static, str>>,
    {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Lets pages of these origins in too: `https://app.example`, with the port where it is not that of
    /// the scheme.
    pub fn origins<O>(mut self, origins: impl IntoIterator<Item = O>) -> Self
    where
        O: Into<Cow<'static, str>>,
    {
        self.origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Lets the pages of any site in. They connect with the cookies and the password of the user, so
    /// this is for routes that need neither.
    pub fn any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// Whether a page of this origin may connect. Browsers always name the origin, and other clients
    /// can claim any: the check protects users of browsers from foreign pages.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return true;
        };
        let listed = |origin: &str| {
            let same = |known: &&Cow<'static, str>| {
                known.trim_end_matches('/').eq_ignore_ascii_case(origin)
            };
            self.origins.iter().find(same).is_some()
        };
        self.any_origin
            || origin.to_str().is_ok_and(|origin| {
                listed(origin) || is_same_host(origin, headers.get(header::HOST))
            })
    }

    /// The subprotocol for a client that offers these.
    pub(super) fn choose(&self, headers: &HeaderMap) -> Option<&str> {
        let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
        let offered: Vec<&str> = lists
            .filter_map(|list| list.to_str().ok())
            .flat_map(|list| list.split(','))
            .map(str::trim)
            .collect();
        let own = self.protocols.iter().map(Cow::as_ref);
        own.into_iter().find(|own| offered.contains(own))
    }
}

/// Whether the page came from where the request goes. A proxy may have taken TLS off, so the schemes
/// are not compared; they only say which port is meant where none is written.
fn is_same_host(origin: &str, host: Option<&HeaderValue>) -> bool {
    let uri = origin.parse::<Uri>().ok();
    let Some((scheme, page)) = uri
        .as_ref()
        .and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)))
    else {
        return false;
    };
    let host = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let usual = if scheme == "https" { 443 } else { 80 };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(usual);
    host.is_some_and(|host| {
        page.host().eq_ignore_ascii_case(host.host()) && port(page) == port(&host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: &str, host: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers
    }

    #[test]
    fn pages_of_the_same_host_are_let_in() {
        let config = Config::new();
        for (origin, host) in [
            ("http://a.example", "a.example"),
            ("https://a.example", "a.example"),
            ("https://A.example", "a.example:443"),
            ("http://a.example:8080", "a.example:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert!(config.admits(&headers(origin, host)), "{origin} {host}");
        }
        for (origin, host) in [
            ("http://b.example", "a.example"),
            ("http://a.example:81", "a.example"),
            ("http://a.example.evil", "a.example"),
            ("http://a.example@evil", "a.example"),
            ("null", "a.example"),
            ("", "a.example"),
            ("a.example", "a.example"),
        ] {
            assert!(!config.admits(&headers(origin, host)), "{origin} {host}");
        }
        assert!(config.admits(&HeaderMap::new()), "no browser");
    }

    #[test]
    fn other_origins_are_let_in_by_name() {
        let config = Config::new().origins(["https://app.example/"]);
        assert!(config.admits(&headers("https://app.example", "api.example")));
        assert!(!config.admits(&headers("http://app.example", "api.example")));
        let open = Config::new().any_origin();
        assert!(open.admits(&headers("null", "api.example")));
    }

    #[test]
    fn the_best_protocol_that_the_client_knows_is_chosen() {
        let config = Config::new().protocols(["v2", "v1"]);
        let mut offered = HeaderMap::new();
        assert_eq!(config.choose(&offered), None);
        offered.insert(header::SEC_WEBSOCKET_PROTOCOL, "v1, v0".parse().unwrap());
        assert_eq!(config.choose(&offered), Some("v1"));
        offered.append(header::SEC_WEBSOCKET_PROTOCOL, "v2".parse().unwrap());
        assert_eq!(config.choose(&offered), Some("v2"));
    }
}
