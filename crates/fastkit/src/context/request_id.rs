//! [`RequestId`]: the id of one request, inline and `Copy`.

use rand::RngCore;
use std::{fmt, num::NonZeroU8, str::FromStr};

/// The id of one request: 1 to 64 of the characters `A-Z a-z 0-9 . _ -`.
///
/// Anything else that a client sends is not taken over: it would be written into logs and headers.
///
/// ```
/// use fastkit::context::RequestId;
///
/// let id = RequestId::parse(b"order-17.a").expect("a sane id");
/// assert_eq!(id.as_str(), "order-17.a");
/// assert_eq!(RequestId::parse(b"two words"), None);
/// assert_eq!(RequestId::random().as_bytes().len(), 36);
/// ```
#[derive(Clone, Copy)]
pub struct RequestId {
    length: NonZeroU8,
    bytes: [u8; RequestId::MAX_LENGTH],
}

/// One bit of knowledge per byte: whether it may stand in an id.
const ALLOWED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] =
            matches!(byte as u8, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        byte += 1;
    }
    table
};

/// Each byte as two hexadecimal digits.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    table
};

impl RequestId {
    /// The longest id, in bytes.
    pub const MAX_LENGTH: usize = 64;

    /// Takes over an id that came from outside; `None` unless it matches `[A-Za-z0-9._-]{1,64}`.
    #[must_use]
    #[inline]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let length = NonZeroU8::new(u8::try_from(text.len()).ok()?)?;
        let mut bytes = [0; Self::MAX_LENGTH];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        // Without an early exit the loop has no branch per byte; ids are short and mostly good.
        let good = text
            .iter()
            .fold(true, |good, byte| good & ALLOWED[usize::from(*byte)]);
        good.then_some(Self { length, bytes })
    }

    /// A new id: a version 4 UUID (RFC 9562) from the thread's buffered CSPRNG.
    #[must_use]
    pub fn random() -> Self {
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        Self::from_random(random)
    }

    /// A version 4 UUID made of 16 random bytes, for those who have their own generator.
    #[must_use]
    pub fn from_random(mut random: [u8; 16]) -> Self {
        const LENGTH: NonZeroU8 = NonZeroU8::new(36).expect("36 is not zero");
        random[6] = (random[6] & 0x0f) | 0x40;
        random[8] = (random[8] & 0x3f) | 0x80;
        let mut bytes = [0; Self::MAX_LENGTH];
        bytes[..36].copy_from_slice(b"00000000-0000-0000-0000-000000000000");
        // Where the digits of each byte stand; written out, so that the loop has no branch.
        const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
        for (byte, place) in random.iter().zip(PLACES) {
            bytes[place..place + 2].copy_from_slice(&HEX[usize::from(*byte)]);
        }
        Self {
            length: LENGTH,
            bytes,
        }
    }

    /// The id as bytes: what headers and log lines want.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length.get()).min(Self::MAX_LENGTH)]
    }

    /// The id as text. Costs a look over the bytes; use [`as_bytes`](Self::as_bytes) where bytes do.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).expect("only ASCII bytes are ever stored")
    }
}

impl PartialEq for RequestId {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RequestId {}

impl std::hash::Hash for RequestId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestId").field(&self.as_str()).finish()
    }
}

/// The text is no request id: see [`RequestId`] for what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRequestId;

impl fmt::Display for InvalidRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request id consists of 1 to 64 letters, digits, '.', '_' and '-'")
    }
}

impl std::error::Error for InvalidRequestId {}

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes()).ok_or(InvalidRequestId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn bounds_and_characters() {
        assert_eq!(RequestId::parse(b""), None);
        assert_eq!(RequestId::parse(&[b'a'; 65]), None);
        assert_eq!(RequestId::parse(&[b'a'; 3000]), None);
        assert_eq!(
            RequestId::parse(&[b'a'; 64]).unwrap().as_bytes(),
            [b'a'; 64]
        );
        for byte in 0..=255u8 {
            let good = byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            assert_eq!(RequestId::parse(&[b'x', byte]).is_some(), good, "{byte}");
        }
        assert_eq!("a b".parse::<RequestId>(), Err(InvalidRequestId));
        // The thread-local slot costs no extra word.
        assert_eq!(size_of::<Option<RequestId>>(), 65);
    }

    #[test]
    fn random_ids_are_uuids() {
        let ids: HashSet<_> = (0..1000).map(|_| RequestId::random()).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            let text = id.as_str();
            let parts: Vec<_> = text.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{text}");
            assert_eq!(text.as_bytes()[14], b'4');
            assert!(b"89ab".contains(&text.as_bytes()[19]));
            assert_eq!(RequestId::parse(text.as_bytes()), Some(id));
        }
        assert_eq!(
            RequestId::from_random([0; 16]).as_str(),
            "00000000-0000-4000-8000-000000000000"
        );
    }
}
