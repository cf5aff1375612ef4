//! The types of values that are more than a number or a text.

use crate::mask::MASK;
use std::{collections::BTreeSet, fmt, net::IpAddr, path::PathBuf, str::FromStr};

/// Where a service listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Listen {
    /// At this address or host name, at the port of the settings.
    Tcp(String),
    /// At a Unix socket.
    Unix(PathBuf),
}

impl Default for Listen {
    fn default() -> Self {
        Self::Tcp("0.0.0.0".to_owned())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host) => f.write_str(host),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Where the control socket is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Control {
    /// In the runtime folder of the user, under the number of the process.
    #[default]
    Standard,
    /// There is none.
    Off,
    /// At this path.
    At(PathBuf),
}

/// A value that shows itself to nobody: `Debug` and `Display` print `***`.
///
/// ```
/// use fastkit::settings::Secret;
///
/// let secret = Secret::new("hunter2");
/// assert_eq!(format!("{secret} {secret:?}"), "*** ***");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself. Compare it in constant time.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "" } else { MASK })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The shape of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResponseFormat {
    /// `status, code, message, data, error`
    #[default]
    Standard,
    /// `code, message, detail, data, pageInfo`, as the original FastFlyer sends it.
    Flyer,
    /// RFC 9457.
    Problem,
}

impl ResponseFormat {
    /// The name, as it is written in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Flyer => "flyer",
            Self::Problem => "problem",
        }
    }
}

/// What reads the requests of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Front {
    /// A small loop for plain requests, hyper for the others.
    #[default]
    Fast,
    /// hyper for all of them.
    Hyper,
}

impl Front {
    /// The name, as it is written in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Hyper => "hyper",
        }
    }
}

/// The HTTP status of failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ErrorStatus {
    /// By the code.
    #[default]
    Strict,
    /// 200, whatever the code.
    Always200,
    /// 500, whatever the code.
    Always500,
}

impl ErrorStatus {
    /// The name, as it is written in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Always200 => "200",
            Self::Always500 => "500",
        }
    }
}

/// The parameters by which a client asks for a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PageParams {
    /// `?page=2&per_page=20`, pages count from 1.
    #[default]
    PagePerPage,
    /// `?page=2&size=20`, pages count from 1.
    PageSize,
    /// `?offset=20&limit=20`, items count from 0.
    OffsetLimit,
}

impl PageParams {
    /// The two names, as they are written in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PagePerPage => "page,per_page",
            Self::PageSize => "page,size",
            Self::OffsetLimit => "offset,limit",
        }
    }

    /// The name of the parameter that says where the page begins.
    #[must_use]
    pub const fn position(self) -> &'static str {
        match self {
            Self::PagePerPage | Self::PageSize => "page",
            Self::OffsetLimit => "offset",
        }
    }

    /// The name of the parameter that says how many items a page has.
    #[must_use]
    pub const fn size(self) -> &'static str {
        match self {
            Self::PagePerPage => "per_page",
            Self::PageSize => "size",
            Self::OffsetLimit => "limit",
        }
    }
}

/// What becomes of a field of the answers: `message=msg`, `data.data=data.list`, `error=-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldRule {
    /// The path by the original names.
    pub field: String,
    /// The path under which it is sent instead; `None` when it is hidden.
    pub alias: Option<String>,
}

impl FieldRule {
    /// Reads a list. Refuses a field that is named twice and two fields under one alias; whether an
    /// alias would swallow another field depends on the format, which is the framework's to check.
    pub(super) fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let is_path = |path: &str| {
            let is_name = |name: &str| {
                !name.is_empty()
                    && name
                        .chars()
                        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))
                    && name != "-"
            };
            path.split('.').all(is_name)
        };
        let (mut rules, mut fields, mut aliases) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (field, alias) = part
                .split_once('=')
                .ok_or_else(|| format!("{part:?} has no ="))?;
            let (field, alias) = (field.trim(), alias.trim());
            if !is_path(field) || !(alias == "-" || is_path(alias)) {
                return Err(format!("{part:?} is not of this form"));
            }
            if !fields.insert(field) {
                return Err(format!("{field:?} stands there twice"));
            }
            if alias != "-" && !aliases.insert(alias) {
                return Err(format!("two fields would be named {alias:?}"));
            }
            rules.push(Self {
                field: field.to_owned(),
                alias: Some(alias).filter(|alias| *alias != "-").map(str::to_owned),
            });
        }
        Ok(rules)
    }
}

impl fmt::Display for FieldRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.field, self.alias.as_deref().unwrap_or("-"))
    }
}

/// An address or a network: `192.0.2.1`, `10.0.0.0/8`, `fd00::/8`.
///
/// An IPv4 address that is written or arrives in its IPv6 form (`::ffff:10.0.0.1`) is the IPv4
/// address.
///
/// ```
/// use fastkit::settings::Network;
///
/// let network: Network = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.1.2.3".parse()?));
/// assert!(network.contains("::ffff:10.1.2.3".parse()?));
/// assert!(!network.contains("11.0.0.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address is in the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

/// The text is neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidNetwork;

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an address or a network such as 10.0.0.0/8")
    }
}

impl std::error::Error for InvalidNetwork {}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let longest = |address: IpAddr| if address.is_ipv4() { 32 } else { 128 };
        let mut prefix = match prefix {
            // Signs and leading zeros are accepted by integers, not by network prefixes.
            Some(digits) if !digits.bytes().all(|b| b.is_ascii_digit()) => {
                return Err(InvalidNetwork);
            }
            Some(digits) => digits.parse().map_err(|_| InvalidNetwork)?,
            None => longest(written),
        };
        if prefix > longest(written) {
            return Err(InvalidNetwork);
        }
        let mut address = written;
        if written.is_ipv6() && written.to_canonical().is_ipv4() && prefix >= 96 {
            address = written.to_canonical();
            prefix -= 96;
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let contains = |network: &str, address: &str| {
            network
                .parse::<Network>()
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(contains("192.0.2.1", "192.0.2.1"));
        assert!(!contains("192.0.2.1", "192.0.2.2"));
        assert!(contains("0.0.0.0/0", "8.8.8.8"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("::/0", "2001:db8::1"));
        assert!(contains("10.1.2.3/8", "10.9.9.9"));
        assert!(contains("172.16.0.0/12", "172.31.255.255"));
        assert!(!contains("172.16.0.0/12", "172.32.0.0"));
        assert!(contains("fd00::/8", "fdff::1"));
        assert!(!contains("fd00::/8", "fe80::1"));
        assert!(contains("::ffff:10.0.0.0/104", "10.2.3.4"));
        for wrong in [
            "",
            "x",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(wrong.parse::<Network>(), Err(InvalidNetwork), "{wrong}");
        }
        assert_eq!(
            "10.0.0.1".parse::<Network>().unwrap().to_string(),
            "10.0.0.1/32"
        );
    }

    #[test]
    fn field_rules() {
        let rules = FieldRule::parse_list("message=msg, data.data=data.list,error=-").unwrap();
        assert_eq!(
            rules.iter().map(FieldRule::to_string).collect::<Vec<_>>(),
            ["message=msg", "data.data=data.list", "error=-"]
        );
        assert_eq!(rules[2].alias, None);
        for (text, reason) in [
            ("message", "\"message\" has no ="),
            ("message=", "\"message=\" is not of this form"),
            ("a.=b", "\"a.=b\" is not of this form"),
            ("a=b,a=c", "\"a\" stands there twice"),
            ("a=c,b=c", "two fields would be named \"c\""),
        ] {
            assert_eq!(FieldRule::parse_list(text).unwrap_err(), reason);
        }
    }
}
