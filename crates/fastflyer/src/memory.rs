//! The memory that the process holds, for `X-Memory-Usage` and the access log.
//!
//! Asking the system costs microseconds, so the server asks once a second and puts the header on
//! its answers. Not a measurement of single requests, which the original took for each and which
//! was 0 mostly.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const X_MEMORY_USAGE: HeaderName = HeaderName::from_static("x-memory-usage");

/// The resident set as it was seen last, by whichever event loop.
static KILOBYTES: AtomicU64 = AtomicU64::new(0);

/// Looks at the resident set: `x-memory-usage: 5120KB`; empty where the system does not tell.
pub(crate) fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(kilobytes) = resident_kilobytes() {
        KILOBYTES.store(kilobytes, Relaxed);
        if let Ok(value) = HeaderValue::try_from(format!("{kilobytes}KB")) {
            headers.insert(X_MEMORY_USAGE, value);
        }
    }
    headers
}

/// The resident set in KB as it was seen last; 0 where nobody has looked or the system does not
/// tell.
pub(crate) fn kilobytes() -> u64 {
    KILOBYTES.load(Relaxed)
}

#[cfg(target_os = "linux")]
fn resident_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    parse(&status)
}

#[cfg(not(target_os = "linux"))]
fn resident_kilobytes() -> Option<u64> {
    None
}

/// `VmRSS:      5120 kB`: proc(5) promises the unit, where `statm` counts pages of unknown size.
#[cfg(any(target_os = "linux", test))]
fn parse(status: &str) -> Option<u64> {
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_set_is_read() {
        let status = "Name:\tx\nVmHWM:\t 9 kB\nVmRSS:\t    5120 kB\nRssAnon:\t1 kB\n";
        assert_eq!(parse(status), Some(5120));
        assert_eq!(parse("Name:\tx\n"), None);
        assert_eq!(parse("VmRSS:\tmany\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_header_shows_what_the_log_shows() {
        let headers = headers();
        let shown = headers[X_MEMORY_USAGE]
            .to_str()
            .unwrap()
            .strip_suffix("KB")
            .unwrap();
        assert!(shown.parse::<u64>().unwrap() > 0);
        assert!(kilobytes() > 0);
    }
}
