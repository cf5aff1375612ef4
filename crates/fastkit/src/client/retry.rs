//! [`RetryPolicy`]: when a call is tried again, and how long it waits before.
//!
//! Pure decisions: nothing here sends or sleeps. What a host may still be asked is `host`'s.

use super::Error;
use http::{HeaderMap, Method, StatusCode, header};
use std::time::{Duration, SystemTime};

/// When a failed call is tried again.
///
/// The names are those of the original's documentation. Tried again is what may be repeated without
/// harm: `GET`, `HEAD`, `OPTIONS`, `TRACE`, `PUT`, `DELETE`, and any request with an
/// `Idempotency-Key`; others only when nothing of them was sent, or with
/// [`retry_unsafe`](Self::retry_unsafe). It happens after connect, read and write errors, timeouts, and the statuses 429, 500,
/// 502, 503 and 504.
///
/// ```
/// use fastkit::client::RetryPolicy;
/// use std::time::Duration;
///
/// // These are the defaults.
/// let policy = RetryPolicy::new()
///     .stop_max_attempt_number(3)
///     .stop_max_delay(Duration::from_secs(60))
///     .wait_exponential_multiplier(Duration::from_secs(2))
///     .wait_exponential_max(Duration::from_secs(10))
///     .jitter(true);
/// # let _ = policy;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    pub(super) attempts: u32,
    pub(super) max_delay: Duration,
    pub(super) multiplier: Duration,
    pub(super) max_wait: Duration,
    pub(super) jitter: bool,
    pub(super) unsafe_methods: bool,
    pub(super) statuses: Vec<StatusCode>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            max_delay: Duration::from_secs(60),
            multiplier: Duration::from_secs(2),
            max_wait: Duration::from_secs(10),
            jitter: true,
            unsafe_methods: false,
            statuses: vec![
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::INTERNAL_SERVER_ERROR,
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ],
        }
    }
}

impl RetryPolicy {
    /// The defaults: 3 attempts within 60 s, with waits of 2, 4, 8, 10, 10 ... s, of which jitter
    /// takes up to a half.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One attempt and no more. The answer comes back whatever its status.
    #[must_use]
    pub fn none() -> Self {
        Self::new().stop_max_attempt_number(1)
    }

    /// How often a request is sent at most; at least 1. Default: 3.
    #[must_use]
    pub fn stop_max_attempt_number(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// How long a call may take with all its attempts and waits. A wait that would reach beyond is
    /// not begun, and an attempt ends then. Default: 60 s.
    #[must_use]
    pub fn stop_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The first wait; each one after it is twice as long. Default: 2 s.
    #[must_use]
    pub fn wait_exponential_multiplier(mut self, multiplier: Duration) -> Self {
        self.multiplier = multiplier;
        self
    }

    /// The longest wait, but for those that an upstream asks for. Default: 10 s.
    #[must_use]
    pub fn wait_exponential_max(mut self, max: Duration) -> Self {
        self.max_wait = max;
        self
    }

    /// Whether each wait is shortened by up to a half, at random, so that many clients that failed
    /// together do not come back together. Default: on.
    #[must_use]
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// Whether requests are repeated that may then act twice: `POST`, `PATCH` and their like.
    /// Default: off.
    #[must_use]
    pub fn retry_unsafe(mut self, retry: bool) -> Self {
        self.unsafe_methods = retry;
        self
    }

    /// The statuses that call for a retry. Default: 429, 500, 502, 503, 504.
    #[must_use]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.statuses = statuses.into_iter().collect();
        self
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.attempts == 0 {
            return Err(Error::builder(
                "stop_max_attempt_number is 0; it has to be at least 1",
            ));
        }
        Ok(())
    }

    /// Whether an answer of this status is no final one, given that the request may be repeated.
    pub(super) fn calls_for_retry(&self, status: StatusCode) -> bool {
        self.attempts > 1 && self.statuses.contains(&status)
    }

    /// Whether a request may be sent twice.
    pub(super) fn may_repeat(&self, method: &Method, headers: &HeaderMap) -> bool {
        self.unsafe_methods || method.is_idempotent() || headers.contains_key("idempotency-key")
    }

    /// The wait after this many attempts. `random` is in `0.0..1.0`.
    pub(super) fn wait(&self, attempts: u32, random: f64) -> Duration {
        let factor = 1_u32
            .checked_shl(attempts.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let wait = self.multiplier.saturating_mul(factor).min(self.max_wait);
        if self.jitter {
            wait.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
        } else {
            wait
        }
    }
}

/// What `Retry-After` asks for: seconds, or an HTTP date (RFC 9110, 10.2.3). `None` when it is
/// missing, no such value, or over already.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit mean "not today" as well.
        Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX)))
    } else {
        httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .ok()?
    };
    (!wait.is_zero()).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn waits_are_the_documented_ones_without_jitter() {
        let policy = RetryPolicy::new().jitter(false);
        let waits: Vec<_> = (1..=6).map(|n| policy.wait(n, 0.7).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 10, 10, 10]);
        assert_eq!(policy.wait(u32::MAX, 0.0), Duration::from_secs(10));
    }

    #[test]
    fn jitter_takes_at_most_half() {
        let policy = RetryPolicy::new();
        assert_eq!(policy.wait(1, 0.0), Duration::from_secs(2));
        assert_eq!(policy.wait(1, 0.5), Duration::from_millis(1500));
        assert_eq!(policy.wait(2, 1.0), Duration::from_secs(2));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let ask = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", HeaderValue::from_str(text).unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(ask("7"), Some(Duration::from_secs(7)));
        assert_eq!(ask(" 7 "), Some(Duration::from_secs(7)));
        let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
        assert_eq!(ask(&date), Some(Duration::from_secs(90)));
        let past = httpdate::fmt_http_date(now - Duration::from_secs(90));
        assert_eq!(ask(&past), None);
        for none in ["0", "", "-1", "soon", "1.5", "+3"] {
            assert_eq!(ask(none), None, "{none:?}");
        }
        let huge = ask("99999999999999999999999").unwrap();
        assert!(huge > Duration::from_secs(86_400 * 365));
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn what_may_be_repeated() {
        let policy = RetryPolicy::new();
        let mut headers = HeaderMap::new();
        for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            assert!(policy.may_repeat(&method.parse().unwrap(), &headers));
        }
        for method in ["POST", "PATCH", "LOCK"] {
            assert!(!policy.may_repeat(&method.parse().unwrap(), &headers));
        }
        headers.insert("idempotency-key", HeaderValue::from_static("a"));
        assert!(policy.may_repeat(&Method::POST, &headers));
        let bold = RetryPolicy::new().retry_unsafe(true);
        assert!(bold.may_repeat(&Method::POST, &HeaderMap::new()));
    }
}
