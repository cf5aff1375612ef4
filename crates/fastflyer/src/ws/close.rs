//! [`CloseCode`]: why a WebSocket ends.

use fastkit::status::{self, Locale};
use std::{borrow::Cow, fmt};
use tokio_tungstenite::tungstenite::{
    Utf8Bytes,
    protocol::{CloseFrame, frame::coding},
};

/// The most bytes of a reason: a control frame has 125, two of them are the code.
const MOST_REASON: usize = 123;

/// A code of `fastkit::status::WS_*`, or one of an application, 3000 to 4999.
///
/// ```
/// use fastflyer::{status, ws::CloseCode};
///
/// assert_eq!(CloseCode::GOING_AWAY.number(), status::WS_1001_GOING_AWAY);
/// let room_is_full = CloseCode::try_from(4001).unwrap();
/// assert!(room_is_full.is_application());
/// assert!(CloseCode::try_from(1006).is_err(), "it is only reported, never sent");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

macro_rules! codes {
    ($($name:ident $number:ident $doc:literal;)*) => {
        impl CloseCode {
            $(
                #[doc = $doc]
                pub const $name: Self = Self(status::$number as u16);
            )*
        }
    };
}

codes! {
    NORMAL WS_1000_NORMAL_CLOSURE "1000: the purpose of the connection is fulfilled.";
    GOING_AWAY WS_1001_GOING_AWAY "1001: the page was left, or the service goes for good.";
    PROTOCOL_ERROR WS_1002_PROTOCOL_ERROR "1002: the peer broke the protocol.";
    UNSUPPORTED_DATA WS_1003_UNSUPPORTED_DATA "1003: binary where text is wanted, or the reverse.";
    NO_STATUS WS_1005_NO_STATUS_RCVD "1005: the peer gave no code. Never sent.";
    ABNORMAL WS_1006_ABNORMAL_CLOSURE "1006: the connection was lost. Never sent.";
    INVALID_DATA WS_1007_INVALID_FRAME_PAYLOAD_DATA "1007: text that is no UTF-8, or a message that cannot be read.";
    POLICY_VIOLATION WS_1008_POLICY_VIOLATION "1008: the peer may not do this.";
    TOO_BIG WS_1009_MESSAGE_TOO_BIG "1009: a message is larger than allowed.";
    MANDATORY_EXTENSION WS_1010_MANDATORY_EXT "1010: the client wants an extension that the service lacks.";
    INTERNAL_ERROR WS_1011_INTERNAL_ERROR "1011: the service failed.";
    SERVICE_RESTART WS_1012_SERVICE_RESTART "1012: the service stops; reconnect.";
    TRY_AGAIN_LATER WS_1013_TRY_AGAIN_LATER "1013: the service has too much to do.";
    BAD_GATEWAY WS_1014_BAD_GATEWAY "1014: a service behind this one answered nonsense.";
    TLS_HANDSHAKE WS_1015_TLS_HANDSHAKE "1015: the TLS handshake failed. Never sent.";
}

impl CloseCode {
    /// The number.
    pub fn number(self) -> u32 {
        u32::from(self.0)
    }

    /// Whether the application gave the code its meaning: 3000 to 4999.
    pub fn is_application(self) -> bool {
        (3000..5000).contains(&self.0)
    }

    /// What it means, for people; `None` for codes of applications.
    pub fn text(self, locale: Locale) -> Option<&'static str> {
        status::text(self.number(), locale).filter(|_| !self.is_application())
    }

    /// Whether a frame may carry it (RFC 6455, 7.4).
    fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// What the peer said, as it came.
    pub(crate) fn received(frame: Option<&CloseFrame>) -> Self {
        frame.map_or(Self::NO_STATUS, |frame| Self(frame.code.into()))
    }

    /// The frame; a reason that is too long is cut. Codes that are never sent become 1000.
    pub(crate) fn frame(self, reason: &str) -> CloseFrame {
        let code = if self.is_sendable() {
            self
        } else {
            Self::NORMAL
        };
        let end = reason.floor_char_boundary(MOST_REASON);
        CloseFrame {
            code: coding::CloseCode::from(code.0),
            reason: Utf8Bytes::from(&reason[..end]),
        }
    }
}

impl TryFrom<u32> for CloseCode {
    type Error = InvalidCloseCode;

    fn try_from(number: u32) -> Result<Self, InvalidCloseCode> {
        let code = u16::try_from(number).map(Self);
        let sendable = code.ok().filter(|code| code.is_sendable());
        sendable.ok_or(InvalidCloseCode(number))
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A number that no closing frame may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCloseCode(u32);

impl fmt::Display for InvalidCloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        write!(
            f,
            "{number} is no code to close a WebSocket with; allowed are 1000 to 1003, 1007 to 1014, and 3000 to 4999 for applications"
        )
    }
}

impl std::error::Error for InvalidCloseCode {}

/// Why a connection shall end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closing {
    pub(super) code: CloseCode,
    pub(super) reason: Cow<'static, str>,
}

impl Closing {
    pub(super) fn new(code: CloseCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    pub(super) fn frame(&self) -> CloseFrame {
        self.code.frame(&self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = CloseCode::POLICY_VIOLATION.frame(&"飞".repeat(50));
        assert_eq!(frame.reason.as_str(), "飞".repeat(41));
        assert_eq!(u16::from(frame.code), 1008);
    }

    #[test]
    fn what_is_only_reported_is_never_sent() {
        for number in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 70_000] {
            assert_eq!(CloseCode::try_from(number), Err(InvalidCloseCode(number)));
        }
        assert_eq!(u16::from(CloseCode::ABNORMAL.frame("").code), 1000);
        assert_eq!(CloseCode::try_from(1012), Ok(CloseCode::SERVICE_RESTART));
        let text = CloseCode::SERVICE_RESTART.text(Locale::ZhCn);
        assert_eq!(text, Some("服务重启"));
    }
}
