//! The pages of `docs/toolkit` as doctests: every Rust snippet in them is run.

#[doc = include_str!("../../../docs/toolkit/http-client.md")]
#[cfg(feature = "client-stub")]
#[derive(Debug)]
pub struct HttpClient;
