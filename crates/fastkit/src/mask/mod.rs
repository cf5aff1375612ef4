//! What must never be shown: which names hold secrets, and how a value is shown without them.
//!
//! One definition for settings, logs, the access log and error messages. It judges names, not
//! values: a secret under a harmless name is not recognised. Only URLs are looked into, for the
//! credentials in them.

mod names;
mod url;

pub use names::{is_secret_name, is_secret_name_bytes};
#[cfg(feature = "access-log")]
pub(crate) use url::decode;
pub use url::mask_url;

#[doc(hidden)]
pub use names::has_rare_letter;

use std::borrow::Cow;

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// The value as it may be shown under this name: [`MASK`] for a secret name, else the value with
/// the credentials of URLs masked. An empty value stays empty.
#[must_use]
pub fn mask_value<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if value.is_empty() {
        Cow::Borrowed(value)
    } else if is_secret_name(name) {
        Cow::Borrowed(MASK)
    } else {
        mask_url(value)
    }
}
