//! Basic authentication, switched on by `flyer_auth_enable`.
//!
//! Credentials are compared as hashes in constant time, so that neither their length nor the place
//! of the first difference shows.

use crate::{ApiError, app::Core, language::Notice, routing::Link};
use axum::{extract::Request, middleware::Next, response::IntoResponse};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// The hash of `user:pass`.
pub(crate) struct Credentials([u8; 32]);

impl Credentials {
    pub(crate) fn new(user: &str, pass: &str) -> Self {
        Self(Sha256::digest(format!("{user}:{pass}")).into())
    }

    fn accept(&self, given: &[u8]) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        self.0.ct_eq(&given).into()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// Lets a request pass that carries the credentials, or that needs none.
///
/// # Errors
///
/// 401 with `WWW-Authenticate`, so that browsers ask for them (S3).
pub(crate) fn check(core: &Core, covered: bool, headers: &HeaderMap) -> Result<(), ApiError> {
    let (true, Some(credentials)) = (covered, &core.credentials) else {
        return Ok(());
    };
    let refuse = |text, notice| {
        let error = ApiError::framework(401).header(
            header::WWW_AUTHENTICATE,
            "Basic realm=\"FastFlyer\", charset=\"UTF-8\"",
        );
        // FastFlyer's clients find the reason in both fields, in its words.
        Err(if core.envelope.is_flyer() {
            error.detail(text).message(text)
        } else {
            error.notice(notice)
        })
    };
    let absent = || refuse("Not authenticated", Notice::not_authenticated());
    let Some(given) = headers.get(header::AUTHORIZATION) else {
        return absent();
    };
    match decode(given.as_bytes()) {
        None => absent(),
        Some(pair) if credentials.accept(&pair) => Ok(()),
        Some(_) => refuse("Incorrect user or password.", Notice::wrong_credentials()),
    }
}

/// The `user:pass` of a `Basic` header (RFC 7617).
fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_at_checked(5)?;
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let pair = STANDARD
        .decode(rest.strip_prefix(b" ")?.trim_ascii())
        .ok()?;
    pair.contains(&b':').then_some(pair)
}

/// The same check in front of a plain axum router.
pub(crate) async fn require(request: Request, next: Next) -> axum::response::Response {
    let verdict = match request.extensions().get::<Link>() {
        Some(link) => check(&link.core, true, request.headers()),
        // Without the application nobody can tell who may pass.
        None => Err(ApiError::framework(401)),
    };
    match verdict {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}
