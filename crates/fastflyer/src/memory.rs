//! The memory that the process holds, for `X-Memory-Usage` and the access log.
//!
//! Asking the system costs microseconds, so each event loop asks at most once a second. Not a
//! measurement of single requests, which the original took for each and which was 0 mostly.

use http::HeaderValue;
use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

const FRESH: Duration = Duration::from_secs(1);

/// What was seen last, and when.
struct Sample {
    taken: Instant,
    kilobytes: Option<u64>,
    header: Option<HeaderValue>,
}

thread_local! {
    static LAST: RefCell<Option<Sample>> = const { RefCell::new(None) };
}

/// The resident set as the header shows it, `5120KB`; `None` where the system does not tell. `now`
/// spares a second look at the clock.
pub(crate) fn header(now: Instant) -> Option<HeaderValue> {
    sampled(now, |sample| sample.header.clone())
}

/// The resident set in KB; 0 where the system does not tell.
pub(crate) fn kilobytes(now: Instant) -> u64 {
    sampled(now, |sample| sample.kilobytes.unwrap_or(0))
}

fn sampled<T>(now: Instant, read: impl FnOnce(&Sample) -> T) -> T {
    LAST.with_borrow_mut(|last| {
        let fresh = last
            .take()
            .filter(|sample| now.duration_since(sample.taken) < FRESH);
        read(last.insert(fresh.unwrap_or_else(|| sample(now))))
    })
}

fn sample(now: Instant) -> Sample {
    let kilobytes = resident_kilobytes();
    let text = kilobytes.map(|kilobytes| format!("{kilobytes}KB"));
    let header = text.and_then(|text| HeaderValue::try_from(text).ok());
    Sample {
        taken: now,
        kilobytes,
        header,
    }
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
        assert_eq!(
            parse("Name:\tx\nVmHWM:\t 9 kB\nVmRSS:\t    5120 kB\nRssAnon:\t1 kB\n"),
            Some(5120)
        );
        assert_eq!(parse("Name:\tx\n"), None);
        assert_eq!(parse("VmRSS:\tmany\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_sample_is_kept_for_a_second() {
        let now = Instant::now();
        let first = header(now);
        assert!(
            first
                .as_ref()
                .is_some_and(|value| value.to_str().is_ok_and(|text| text.ends_with("KB")))
        );
        let filler = vec![1u8; 8 << 20];
        assert_eq!(header(now + Duration::from_millis(999)), first);
        assert_ne!(header(now + FRESH), first);
        drop(filler);
    }
}
