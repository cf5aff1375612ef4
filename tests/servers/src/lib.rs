//! Real servers for tests, on free ports of 127.0.0.1, and ways to harm them: they are killed, paused and
//! started again, and a [`Proxy`] before them cuts connections or swallows what is sent.
//!
//! Everything ends with the value that stands for it. Not here: what is tested with them. Key types:
//! [`Redis`], [`Proxy`].

mod proxy;
mod redis;

pub use proxy::Proxy;
pub use redis::Redis;

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// A port of 127.0.0.1 that nobody listens on at the moment.
///
/// # Errors
///
/// When there is none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a free port")?;
    Ok(listener.local_addr().context("a free port")?.port())
}
