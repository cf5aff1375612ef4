//! Where a request body ends, byte by byte, and whether its chunks are well formed.
//!
//! It only follows the framing; bytes are neither kept nor decoded. Key type: [`BodyScan`].

use crate::{
    ProtocolError,
    head::{Framing, bad, is_token_byte, is_value_byte},
};

/// Most bytes of chunk extensions and of trailer fields in one body, each.
const MOST_EXTRA: u32 = 16 * 1024;

/// The place inside a body.
#[derive(Debug)]
pub(crate) enum BodyScan {
    Length(u64),
    Chunked(Chunked),
}

#[derive(Debug)]
pub(crate) struct Chunked {
    place: Place,
    extensions: u32,
    trailers: u32,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Size { value: u64, digits: u8 },
    Extension { value: u64 },
    SizeLf { value: u64 },
    Data(u64),
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
}

/// What was found in a piece of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Bytes of the piece that belong to the body and its framing.
    pub(crate) taken: usize,
    /// The body ended with them.
    pub(crate) ended: bool,
}

impl BodyScan {
    /// The scan for a body framed like this; `None` when there is no body.
    pub(crate) fn new(framing: Framing) -> Option<Self> {
        match framing {
            Framing::None => None,
            Framing::Length(length) => Some(Self::Length(length)),
            Framing::Chunked => Some(Self::Chunked(Chunked {
                place: Place::Size {
                    value: 0,
                    digits: 0,
                },
                extensions: 0,
                trailers: 0,
            })),
        }
    }

    /// Follows the framing through `piece`.
    ///
    /// # Errors
    /// How many bytes were still good, and what is wrong with the next one.
    pub(crate) fn advance(&mut self, piece: &[u8]) -> Result<Progress, (usize, ProtocolError)> {
        match self {
            Self::Length(left) => {
                let taken = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(piece.len());
                *left -= taken as u64;
                Ok(Progress {
                    taken,
                    ended: *left == 0,
                })
            }
            Self::Chunked(chunked) => chunked.advance(piece),
        }
    }
}

impl Chunked {
    fn advance(&mut self, piece: &[u8]) -> Result<Progress, (usize, ProtocolError)> {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            if let Place::Data(left) = self.place {
                let rest = piece.len() - at;
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest);
                at += taken;
                let left = left - taken as u64;
                self.place = if left == 0 {
                    Place::DataCr
                } else {
                    Place::Data(left)
                };
                continue;
            }
            match self.step(byte) {
                Ok(Some(place)) => {
                    self.place = place;
                    at += 1;
                }
                Ok(None) => {
                    return Ok(Progress {
                        taken: at + 1,
                        ended: true,
                    });
                }
                Err(reason) => return Err((at, bad(reason))),
            }
        }
        Ok(Progress {
            taken: at,
            ended: false,
        })
    }

    /// The place after `byte`, or `None` after the last byte of the body.
    fn step(&mut self, byte: u8) -> Result<Option<Place>, &'static str> {
        const SIZE: &str = "malformed chunk size";
        const TRAILER: &str = "malformed trailer field";
        Ok(Some(match (self.place, byte) {
            (Place::Size { value, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                // 15 digits: no overflow here nor in sums of lengths.
                if digits == 15 {
                    return Err(SIZE);
                }
                let digit = (byte as char).to_digit(16).unwrap_or_default();
                Place::Size {
                    value: value * 16 + u64::from(digit),
                    digits: digits + 1,
                }
            }
            (Place::Size { value, digits: 1.. }, b'\r') => Place::SizeLf { value },
            (Place::Size { value, digits: 1.. }, b';') => Place::Extension { value },
            (Place::Extension { value }, b'\r') => Place::SizeLf { value },
            (Place::Extension { value }, _) if is_value_byte(byte) => {
                self.extensions += 1;
                if self.extensions > MOST_EXTRA {
                    return Err("too many chunk extensions");
                }
                Place::Extension { value }
            }
            (Place::SizeLf { value: 0 }, b'\n') => Place::TrailerStart,
            (Place::SizeLf { value }, b'\n') => Place::Data(value),
            (Place::Size { .. } | Place::Extension { .. } | Place::SizeLf { .. }, _) => {
                return Err(SIZE);
            }
            (Place::DataCr, b'\r') => Place::DataLf,
            (Place::DataLf, b'\n') => Place::Size {
                value: 0,
                digits: 0,
            },
            (Place::DataCr | Place::DataLf | Place::Data(_), _) => {
                return Err("a chunk must end where its size says");
            }
            (Place::TrailerStart, b'\r') => Place::EndLf,
            (Place::EndLf, b'\n') => return Ok(None),
            (Place::TrailerStart | Place::TrailerName, _) if is_token_byte(byte) => {
                self.trailer()?;
                Place::TrailerName
            }
            (Place::TrailerName, b':') => Place::TrailerValue,
            (Place::TrailerValue, b'\r') => Place::TrailerLf,
            (Place::TrailerValue, _) if is_value_byte(byte) => {
                self.trailer()?;
                Place::TrailerValue
            }
            (Place::TrailerLf, b'\n') => Place::TrailerStart,
            _ => return Err(TRAILER),
        }))
    }

    fn trailer(&mut self) -> Result<(), &'static str> {
        self.trailers += 1;
        if self.trailers > MOST_EXTRA {
            Err("the trailer fields are too large")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn end(bytes: &[u8], step: usize) -> Result<Option<usize>, usize> {
        let mut scan = BodyScan::new(Framing::Chunked).unwrap();
        let mut at = 0;
        for piece in bytes.chunks(step) {
            match scan.advance(piece) {
                Ok(Progress { taken, ended: true }) => return Ok(Some(at + taken)),
                Ok(Progress { taken, .. }) => assert_eq!(taken, piece.len()),
                Err((taken, _)) => return Err(at + taken),
            }
            at += piece.len();
        }
        Ok(None)
    }

    #[test]
    fn good_chunks_end_where_they_should() {
        for body in [
            &b"0\r\n\r\n"[..],
            b"3\r\nabc\r\n0\r\n\r\n",
            b"A;x=y\r\n0123456789\r\n000\r\nX-T: 1\r\n\r\n",
        ] {
            let mut more = body.to_vec();
            more.extend_from_slice(b"GET / HTTP/1.1\r\n");
            for step in 1..more.len() {
                assert_eq!(end(&more, step), Ok(Some(body.len())), "{step}");
            }
        }
    }

    #[test]
    fn bad_chunks_are_refused_at_the_bad_byte() {
        for (body, at) in [
            (&b"zz\r\n"[..], 0),
            (b"\r\n", 0),
            (b"3\nabc", 1),
            (b"3 \r\nabc", 1),
            (b"3\r\nabcd", 6),
            (b"3\r\nabc\rx", 7),
            (b"0x3\r\n", 1),
            (b"0\r\n fold: 1\r\n", 3),
            (b"0\r\nname\r\n", 7),
            (b"1111111111111111\r\n", 15),
            (b"3;a\nb", 3),
        ] {
            for step in 1..=body.len() {
                assert_eq!(end(body, step), Err(at), "{body:?} by {step}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same_end(bytes in proptest::collection::vec(prop::sample::select(b"0123abF;\r\n :xX".to_vec()), 0..60), step in 1usize..9) {
            prop_assert_eq!(end(&bytes, step), end(&bytes, bytes.len().max(1)));
        }
    }
}
