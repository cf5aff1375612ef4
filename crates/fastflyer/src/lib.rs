//! Placeholder.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the service calls it in its own change")
)]
mod access_log;
