//! The few environment variables that are messages from the system to this process, not settings.

use std::ffi::OsString;

#[expect(
    clippy::disallowed_methods,
    reason = "the settings are read in fastkit; these are from systemd, the supervisor and the session"
)]
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// A variable that holds a number.
pub(super) fn number(name: &str) -> Option<u64> {
    variable(name)?.to_str()?.parse().ok()
}
