//! Texts as integers, numbers, booleans and characters: the grammar of single values.

use std::num::IntErrorKind;
use std::str::FromStr;

use super::{ValueError, ValueErrorKind};

/// An integer type, with the bounds that an error names.
pub(super) trait Integer: FromStr<Err = std::num::ParseIntError> {
    const MIN: i128;
    const MAX: u128;
}

macro_rules! integers {
    ($($name:ident)*) => {
        $(impl Integer for $name {
            const MIN: i128 = $name::MIN as i128;
            const MAX: u128 = $name::MAX as u128;
        })*

        /// The bounds of the integer type with this name.
        pub(crate) fn range_of(name: &str) -> Option<(i128, u128)> {
            match name {
                $(stringify!($name) => Some((<$name as Integer>::MIN, <$name as Integer>::MAX)),)*
                _ => None,
            }
        }
    };
}

integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

/// Digits with an optional sign; no blanks, no separators, no fraction.
#[inline]
pub(super) fn integer<T: Integer>(text: &str) -> Result<T, ValueError> {
    text.parse()
        .or_else(|error: std::num::ParseIntError| unusual_integer(text, error.kind()))
}

#[cold]
fn unusual_integer<T: Integer>(text: &str, kind: &IntErrorKind) -> Result<T, ValueError> {
    let out_of_range = || {
        ValueError::new(ValueErrorKind::OutOfRange {
            min: T::MIN,
            max: T::MAX,
        })
    };
    match kind {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => Err(out_of_range()),
        // The standard library refuses any minus before an unsigned type as a wrong digit.
        IntErrorKind::InvalidDigit if is_integer(text) => match text.trim_start_matches('-') {
            zeros if zeros.bytes().all(|byte| byte == b'0') => {
                zeros.parse().map_err(|_error| out_of_range())
            }
            _ => Err(out_of_range()),
        },
        _ => Err(ValueError::new(ValueErrorKind::NotInteger)),
    }
}

/// Whether a text is an integer of any size.
pub(super) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A finite number, with fraction and exponent.
#[inline]
pub(super) fn number(text: &str) -> Result<f64, ValueError> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(ValueError::new(ValueErrorKind::NotNumber)),
    }
}

/// As [`number`], for the narrower type: rounding twice could differ from rounding once.
#[inline]
pub(super) fn narrow_number(text: &str) -> Result<f32, ValueError> {
    match text.parse::<f32>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(ValueError::new(ValueErrorKind::NotNumber)),
    }
}

/// The boolean words of FastAPI, in any case.
#[inline]
pub(super) fn boolean(text: &str) -> Result<bool, ValueError> {
    const WORDS: [(&str, bool); 12] = [
        ("true", true),
        ("false", false),
        ("1", true),
        ("0", false),
        ("yes", true),
        ("no", false),
        ("on", true),
        ("off", false),
        ("t", true),
        ("f", false),
        ("y", true),
        ("n", false),
    ];
    WORDS
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(text))
        .map(|&(_, value)| value)
        .ok_or_else(|| ValueError::new(ValueErrorKind::NotBool))
}

/// Exactly one character.
pub(super) fn character(text: &str) -> Result<char, ValueError> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(ValueError::new(ValueErrorKind::NotChar)),
    }
}
