//! Codes and what follows from them: the HTTP status, the word of `status`, the number that is sent.

use super::Envelope;
use crate::reply::Origin;
use fastkit::settings::ErrorStatus;
use http::StatusCode;

impl Envelope {
    /// The HTTP status of a failure whose handler set none.
    pub(super) fn failure_status(&self, strict: StatusCode, origin: Origin) -> StatusCode {
        match (origin, self.error_status) {
            (Origin::Framework, _) | (_, ErrorStatus::Strict) => strict,
            (_, ErrorStatus::Always200) => StatusCode::OK,
            (_, ErrorStatus::Always500) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code of a failure in this format: FastFlyer's clients know a failed validation as 400.
    pub(super) fn code_of(&self, code: u32, origin: Origin) -> u32 {
        match (origin, self.format.validation_code()) {
            (Origin::Validation, Some(code)) => code,
            _ => code,
        }
    }

    /// The code on the wire: `flyer_status_code_base` is added once to failures below 1000.
    pub(super) fn wire_code(&self, code: u32) -> u32 {
        if code < 1000 {
            code + self.code_base
        } else {
            code
        }
    }

    /// The code without `flyer_status_code_base`, where a failure has it already: it is never added
    /// twice (H14).
    pub(crate) fn without_base(&self, code: u32) -> u32 {
        match code.checked_sub(self.code_base) {
            // No code below 1000 has it: with a base of 100, 500 is not 400 with its base.
            Some(rest @ 400..=999) if code >= 1000 => rest,
            _ => code,
        }
    }

    /// The code of a failure without its base; 500 for what is no failure.
    pub(super) fn failure_code(&self, code: u32) -> u32 {
        let own = self.without_base(code);
        if prefix(own).is_some_and(|prefix| prefix >= 400) {
            return own;
        }
        let base = self.code_base;
        tracing::error!(
            target: "fastflyer",
            "ApiError::code({code}): an error code begins with 400 to 999, or is such a code below 1000 plus flyer_status_code_base, which is {base}"
        );
        500
    }

    /// The number under which clients know a code.
    pub(crate) fn sent_code(&self, code: u32) -> u32 {
        if succeeds(code) {
            code
        } else {
            self.wire_code(code)
        }
    }
}

/// The first three digits of a business code; `None` unless they are 100 to 999.
pub(crate) const fn prefix(code: u32) -> Option<u32> {
    let mut prefix = code;
    while prefix > 999 {
        prefix /= 10;
    }
    if prefix >= 100 { Some(prefix) } else { None }
}

/// Whether a business code is that of a success.
pub(crate) const fn succeeds(code: u32) -> bool {
    matches!(prefix(code), Some(..400))
}

/// What `status` says: by the code, never by the HTTP status that is sent (T3).
pub(crate) fn status_word(code: u32) -> &'static str {
    match prefix(code) {
        Some(..400) => "success",
        Some(400..500) => "error",
        _ => "fail",
    }
}

/// The HTTP status of a business code: its first three digits; 500 for 600-999 and for what is no
/// code. A code of 1xx is answered with 200, since an interim status cannot end a request.
pub(crate) fn http_status(code: u32) -> StatusCode {
    match prefix(code) {
        Some(200) | Some(100..200) => StatusCode::OK,
        Some(prefix @ 201..600) => {
            StatusCode::from_u16(prefix as u16).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
