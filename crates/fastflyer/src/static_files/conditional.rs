//! What of a stored representation is sent: all of it, a part, or the word that it has not changed.
//!
//! Pure functions over headers (RFC 9110, sections 13 and 14), shared by the embedded assets and the
//! files on disk. Not here: reading bytes. Key function: [`select`].

use super::Refusal;
use http::{
    HeaderMap, HeaderValue, Method,
    header::{
        ACCEPT_ENCODING, AsHeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
        IF_UNMODIFIED_SINCE, RANGE,
    },
};
use std::{
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What identifies a representation.
#[derive(Debug)]
pub(crate) struct Validators<'a> {
    /// The entity tag with its quotes; a strong one.
    pub(crate) etag: &'a str,
    /// The time of the last change, in whole seconds: HTTP dates have no finer ones.
    pub(crate) modified: Option<SystemTime>,
}

/// What is sent of a representation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    Whole,
    Part(Range<u64>),
    NotModified,
}

/// Decides what a request gets of a representation of `len` bytes.
///
/// Several ranges in one request get the whole representation, as RFC 9110 allows: no client of an
/// API needs `multipart/byteranges`, and overlapping ranges are a known way to overload servers.
pub(crate) fn select(
    method: &Method,
    headers: &HeaderMap,
    validators: &Validators<'_>,
    len: u64,
) -> Result<Selection, Refusal> {
    if precondition_fails(headers, validators) {
        return Err(Refusal::PreconditionFailed);
    }
    if is_fresh(headers, validators) {
        return Ok(Selection::NotModified);
    }
    if *method != Method::GET || !range_applies(headers, validators) {
        return Ok(Selection::Whole);
    }
    match single(headers, RANGE).map(|range| parse_range(range, len)) {
        None | Some(Requested::Ignored) => Ok(Selection::Whole),
        Some(Requested::Part(range)) => Ok(Selection::Part(range)),
        Some(Requested::Unsatisfiable) => Err(Refusal::RangeNotSatisfiable { len }),
    }
}

/// Whether gzip is to be sent rather than the plain bytes (RFC 9110, section 12.5.3).
pub(crate) fn prefers_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    let items = headers.get_all(ACCEPT_ENCODING).iter();
    for item in items
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let (coding, weight) = weighted(item);
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            gzip = Some(weight);
        } else if coding.eq_ignore_ascii_case("identity") {
            identity = Some(weight);
        } else if coding == "*" {
            any = Some(weight);
        }
    }
    // Plain bytes are preferred only where the client says so; unlisted, they are the last resort.
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// The time in whole seconds, if an HTTP date can express it and it is not in the future.
pub(crate) fn whole_seconds(time: SystemTime) -> Option<SystemTime> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let whole = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    (whole <= SystemTime::now()).then_some(whole)
}

fn precondition_fails(headers: &HeaderMap, validators: &Validators<'_>) -> bool {
    if headers.contains_key(IF_MATCH) {
        let mut tags = entity_tags(headers, IF_MATCH);
        return !tags.any(|tag| tag == "*" || tag == validators.etag);
    }
    match (date(headers, IF_UNMODIFIED_SINCE), validators.modified) {
        (Some(since), Some(modified)) => modified > since,
        _ => false,
    }
}

fn is_fresh(headers: &HeaderMap, validators: &Validators<'_>) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        let mut tags = entity_tags(headers, IF_NONE_MATCH);
        return tags
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == validators.etag);
    }
    match (date(headers, IF_MODIFIED_SINCE), validators.modified) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}

/// `If-Range`: a part is only of use to a client that holds the rest of the same representation.
fn range_applies(headers: &HeaderMap, validators: &Validators<'_>) -> bool {
    if !headers.contains_key(IF_RANGE) {
        return true;
    }
    let Some(value) = single(headers, IF_RANGE) else {
        return false;
    };
    if value.starts_with('"') || value.starts_with("W/") {
        return value == validators.etag;
    }
    let date = httpdate::parse_http_date(value).ok();
    date.is_some() && date == validators.modified
}

#[derive(Debug, PartialEq, Eq)]
enum Requested {
    /// Another unit, several ranges, or not understood: the header is as if it were not there.
    Ignored,
    Part(Range<u64>),
    Unsatisfiable,
}

fn parse_range(value: &str, len: u64) -> Requested {
    let Some((unit, spec)) = value.split_once('=') else {
        return Requested::Ignored;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Requested::Ignored;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Requested::Ignored;
    }
    let range = match (digits(first), digits(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(len),
        (Some(first), None) if last.is_empty() => first..len,
        (None, Some(suffix)) if first.is_empty() => len.saturating_sub(suffix)..len,
        _ => return Requested::Ignored,
    };
    if range.start < range.end {
        Requested::Part(range)
    } else {
        Requested::Unsatisfiable
    }
}

/// A number made of digits alone; one that is too large counts as the largest.
fn digits(text: &str) -> Option<u64> {
    let valid = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| text.parse().unwrap_or(u64::MAX))
}

fn entity_tags(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = &str> {
    // Our tags hold no comma, so a foreign tag that does cannot match one of ours by being cut.
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn date(headers: &HeaderMap, name: impl AsHeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(single(headers, name)?).ok()
}

/// The value of a header that may be there once only; `None` when it is repeated.
fn single(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let first: &HeaderValue = values.next()?;
    if values.next().is_some() {
        None
    } else {
        first.to_str().ok().map(str::trim)
    }
}

/// A list item and its weight in thousandths. A weight that is not one counts as 0.
fn weighted(item: &str) -> (&str, u16) {
    let mut parts = item.split(';').map(str::trim);
    let coding = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then(|| thousandths(value.trim()))
    });
    (coding, weight.unwrap_or(1000))
}

fn thousandths(value: &str) -> u16 {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let valid = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" if valid => 1000,
        "0" if valid => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn outcome(pairs: &[(&'static str, &str)], len: u64) -> Result<Selection, u16> {
        let validators = Validators {
            etag: TAG,
            modified: Some(at(784_111_777)),
        };
        select(&Method::GET, &headers(pairs), &validators, len)
            .map_err(|refusal| refusal.status().as_u16())
    }

    #[test]
    fn ranges_are_cut_to_the_length() {
        let part = |range| Ok(Selection::Part(range));
        for (value, len, expected) in [
            ("bytes=0-0", 10, part(0..1)),
            ("bytes=0-9", 10, part(0..10)),
            ("bytes=2-", 10, part(2..10)),
            ("bytes=2-99999999999999999999999", 10, part(2..10)),
            ("bytes=-3", 10, part(7..10)),
            ("bytes=-99", 10, part(0..10)),
            ("Bytes=9-9", 10, part(9..10)),
            ("bytes=10-", 10, Err(416)),
            ("bytes=10-12", 10, Err(416)),
            ("bytes=-0", 10, Err(416)),
            ("bytes=0-", 0, Err(416)),
            ("bytes=-5", 0, Err(416)),
            ("bytes=5-2", 10, Ok(Selection::Whole)),
            ("bytes=0-1,3-4", 10, Ok(Selection::Whole)),
            ("bytes=-", 10, Ok(Selection::Whole)),
            ("bytes=+1-2", 10, Ok(Selection::Whole)),
            ("bytes=a-b", 10, Ok(Selection::Whole)),
            ("bytes", 10, Ok(Selection::Whole)),
            ("lines=0-1", 10, Ok(Selection::Whole)),
            ("", 10, Ok(Selection::Whole)),
        ] {
            assert_eq!(
                outcome(&[("range", value)], len),
                expected,
                "{value} of {len}"
            );
        }
        // Repeated, it is not understood.
        let repeated = [("range", "bytes=0-1"), ("range", "bytes=2-3")];
        assert_eq!(outcome(&repeated, 10), Ok(Selection::Whole));
    }

    #[test]
    fn a_range_is_for_get_only() {
        let validators = Validators {
            etag: TAG,
            modified: None,
        };
        let selection = select(
            &Method::HEAD,
            &headers(&[("range", "bytes=0-1")]),
            &validators,
            10,
        )
        .unwrap();
        assert_eq!(selection, Selection::Whole);
    }

    #[test]
    fn if_range_compares_strongly() {
        for (value, applies) in [
            (TAG, true),
            ("W/\"abc\"", false),
            ("\"other\"", false),
            ("Sun, 06 Nov 1994 08:49:37 GMT", true),
            ("Sun, 06 Nov 1994 08:49:38 GMT", false),
            ("yesterday", false),
        ] {
            let expected = if applies {
                Selection::Part(0..2)
            } else {
                Selection::Whole
            };
            let got = outcome(&[("range", "bytes=0-1"), ("if-range", value)], 10);
            assert_eq!(got, Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_the_client_holds_is_not_sent_again() {
        let fresh = Ok(Selection::NotModified);
        let stale = Ok(Selection::Whole);
        for (name, value, expected) in [
            ("if-none-match", TAG, &fresh),
            ("if-none-match", "W/\"abc\"", &fresh),
            ("if-none-match", "\"x\", \"abc\"", &fresh),
            ("if-none-match", "*", &fresh),
            ("if-none-match", "\"x\"", &stale),
            ("if-none-match", "abc", &stale),
            ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT", &fresh),
            ("if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT", &stale),
            ("if-modified-since", "not a date", &stale),
        ] {
            assert_eq!(&outcome(&[(name, value)], 10), expected, "{name}: {value}");
        }
        // The tag decides where both are sent.
        let both = [
            ("if-none-match", "\"x\""),
            ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ];
        assert_eq!(outcome(&both, 10), stale);
        // And freshness comes before the range.
        let ranged = [("if-none-match", TAG), ("range", "bytes=0-1")];
        assert_eq!(outcome(&ranged, 10), fresh);
    }

    #[test]
    fn failed_preconditions_are_refused() {
        for (name, value, expected) in [
            ("if-match", TAG, Ok(Selection::Whole)),
            ("if-match", "*", Ok(Selection::Whole)),
            ("if-match", "\"x\"", Err(412)),
            ("if-match", "W/\"abc\"", Err(412)),
            (
                "if-unmodified-since",
                "Sun, 06 Nov 1994 08:49:37 GMT",
                Ok(Selection::Whole),
            ),
            (
                "if-unmodified-since",
                "Sun, 06 Nov 1994 08:49:36 GMT",
                Err(412),
            ),
        ] {
            assert_eq!(outcome(&[(name, value)], 10), expected, "{name}: {value}");
        }
    }

    #[test]
    fn gzip_is_negotiated() {
        for (value, expected) in [
            ("gzip", true),
            ("GZIP", true),
            ("x-gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, gzip;q=0.8, *;q=0.1", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0", false),
            ("gzip;q=0.000, *", false),
            ("gzip; q=0", false),
            ("*;q=0", false),
            ("*;q=0, gzip", true),
            ("gzip;q=0.001", true),
            ("identity", false),
            ("identity;q=0.5, gzip;q=0.4", false),
            ("identity;q=0.4, gzip;q=0.5", true),
            ("identity;q=0, gzip", true),
            ("gzip;q=high", false),
            ("gzip;q=2", false),
            ("notgzip", false),
            ("br", false),
            ("", false),
        ] {
            let got = prefers_gzip(&headers(&[("accept-encoding", value)]));
            assert_eq!(got, expected, "{value}");
        }
        assert!(!prefers_gzip(&HeaderMap::new()));
        let split = [("accept-encoding", "br"), ("accept-encoding", "gzip")];
        assert!(prefers_gzip(&headers(&split)));
    }

    #[test]
    fn times_that_http_cannot_say_are_left_out() {
        assert_eq!(
            whole_seconds(at(5) + Duration::from_millis(999)),
            Some(at(5))
        );
        assert_eq!(whole_seconds(UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(
            whole_seconds(SystemTime::now() + Duration::from_secs(3600)),
            None
        );
    }
}
