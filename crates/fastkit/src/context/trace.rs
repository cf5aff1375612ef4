//! [`TraceContext`]: the W3C trace context that a request came with, to be passed on.

use std::{fmt, sync::Arc};

/// The longest `tracestate` that is passed on, in bytes, as the recommendation asks for.
const MAX_STATE: usize = 512;

/// What a request said of the trace that it belongs to: the headers `traceparent` and `tracestate`
/// of <https://www.w3.org/TR/trace-context/>.
///
/// Nothing is understood of it here but its form: it is passed on as it came. Cheap to clone.
///
/// ```
/// use fastkit::context::TraceContext;
///
/// let parent = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace = TraceContext::parse(parent, Some(b"vendor=1")).expect("a well-formed header");
/// assert_eq!(trace.state(), Some("vendor=1"));
/// assert!(TraceContext::parse(b"00-xyz", None).is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TraceContext(Arc<Headers>);

#[derive(PartialEq, Eq)]
struct Headers {
    parent: String,
    state: Option<String>,
}

impl TraceContext {
    /// Takes the two headers over; `None` when `parent` is not of the form
    /// `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`, with possibly more behind it in later versions.
    /// A `state` that is too long or no printable ASCII is left out.
    #[must_use]
    pub fn parse(parent: &[u8], state: Option<&[u8]>) -> Option<Self> {
        let text = str::from_utf8(parent).ok()?;
        let state = state
            .filter(|state| !state.is_empty() && state.len() <= MAX_STATE)
            .filter(|state| state.iter().all(|byte| matches!(byte, b' '..=b'~')))
            .and_then(|state| str::from_utf8(state).ok());
        is_well_formed(parent).then(|| {
            Self(Arc::new(Headers {
                parent: text.to_owned(),
                state: state.map(str::to_owned),
            }))
        })
    }

    /// The value of `traceparent`.
    #[must_use]
    pub fn parent(&self) -> &str {
        &self.0.parent
    }

    /// The value of `tracestate`.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.0.state.as_deref()
    }
}

fn is_well_formed(parent: &[u8]) -> bool {
    let hex = |range: std::ops::Range<usize>| {
        parent.get(range).is_some_and(|digits| {
            digits
                .iter()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let any = |range: std::ops::Range<usize>| {
        parent
            .get(range)
            .is_some_and(|digits| digits.iter().any(|digit| *digit != b'0'))
    };
    let version = parent.get(..2).unwrap_or_default();
    let length = match version {
        b"00" => parent.len() == 55,
        b"ff" => false,
        _ => parent.len() == 55 || (parent.get(55) == Some(&b'-') && parent.len() <= 256),
    };
    let dashes = [2, 35, 52].iter().all(|at| parent.get(*at) == Some(&b'-'));
    let printable = parent.iter().all(|byte| matches!(byte, b'!'..=b'~'));
    length
        && dashes
        && printable
        && hex(0..2)
        && hex(3..35)
        && hex(36..52)
        && hex(53..55)
        && any(3..35)
        && any(36..52)
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TraceContext").field(&self.parent()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_well_formed_parents_are_passed_on() {
        assert!(TraceContext::parse(GOOD.as_bytes(), None).is_some());
        assert!(TraceContext::parse(format!("cc{}-more", &GOOD[2..]).as_bytes(), None).is_some());
        let bad = [
            String::new(),
            GOOD.to_uppercase(),
            format!("{GOOD}-more"),
            format!("ff{}", &GOOD[2..]),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GOOD.replace('-', "_"),
            format!("cc{}-a\r\nb: c", &GOOD[2..]),
        ];
        for parent in bad {
            assert!(
                TraceContext::parse(parent.as_bytes(), None).is_none(),
                "{parent}"
            );
        }
    }

    #[test]
    fn a_state_that_could_break_a_header_is_left_out() {
        let state = |state: &[u8]| {
            let trace = TraceContext::parse(GOOD.as_bytes(), Some(state));
            trace.unwrap().state().map(str::to_owned)
        };
        assert_eq!(state(b"a=1,b=2").as_deref(), Some("a=1,b=2"));
        assert_eq!(state(b"a=1\r\nx: y"), None);
        assert_eq!(state(&[b'a'; 513]), None);
        assert_eq!(state(b""), None);
    }
}
