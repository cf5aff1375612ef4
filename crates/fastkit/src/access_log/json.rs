//! JSON bodies: one pass that validates, compacts, masks and copies.
//!
//! Not a parser: nothing is built, and what needs no change is copied in runs as long as possible.
//! The scanner writes only what it has understood, so that a body that turns out broken shows its
//! beginning with the secrets masked, and nothing of the rest: an unbalanced quote could turn a
//! secret into a name. The key function is [`push_value`].

use super::text::{self, MASKED};
use crate::mask::{has_rare_letter, is_secret_name_bytes};

/// How deep containers may nest. With the object around the body, and the line around that, readers
/// that stop at 128 levels, such as serde_json, still read the line.
const MAX_DEPTH: usize = 125;

/// Numbers of up to this many characters are finite as `f64`: `9e99`, but not `9e999`.
const MAX_PLAIN: usize = 4;

/// While nothing is to be written: see [`Cursor::run`].
const MUTED: usize = usize::MAX;

/// Where the scanner is.
#[derive(Clone, Copy)]
struct Cursor {
    /// All before it is understood.
    pos: usize,
    /// Where the bytes begin that are understood and not yet written; [`MUTED`] in the value of a
    /// secret field.
    run: usize,
}

/// Appends the JSON text `input` compacted and with its secrets masked. False if it is not one
/// complete JSON text: then only the part that was understood has been appended, which the caller
/// takes back or quotes.
pub(super) fn push_value(out: &mut Vec<u8>, input: &[u8]) -> bool {
    let mut cursor = Cursor { pos: 0, run: 0 };
    if text::is_simple(input) {
        let whole = scan::<true>(out, input, &mut cursor);
        flush(out, input, cursor);
        return whole && cursor.pos == input.len();
    }
    let valid = match str::from_utf8(input) {
        Ok(_) => input,
        Err(error) => &input[..error.valid_up_to()],
    };
    let whole = scan::<false>(out, valid, &mut cursor);
    flush(out, valid, cursor);
    whole && cursor.pos == input.len()
}

/// Reads one value and the white space around it. One function with its state in local variables,
/// since it takes most of the time that a line takes. `SIMPLE` promises [`text::is_simple`].
#[inline]
fn scan<const SIMPLE: bool>(out: &mut Vec<u8>, input: &[u8], end: &mut Cursor) -> bool {
    let mut at = Cursor { pos: 0, run: 0 };
    // What closes the innermost open container, and those around it.
    let mut closer = 0;
    let mut outer = [0_u8; MAX_DEPTH];
    let mut depth = 0;
    // The depth of the secret field whose value is being skipped.
    let mut secret_depth = 0;

    // The next byte that is no white space; 0, which begins nothing, at the end.
    macro_rules! next {
        () => {{
            let byte = byte_at(input, at.pos);
            if byte > b' ' {
                byte
            } else {
                at = skip_space(out, input, at);
                byte_at(input, at.pos)
            }
        }};
    }
    macro_rules! broken {
        () => {{
            *end = at;
            return false;
        }};
    }
    macro_rules! string {
        () => {{
            let pos = plain_string::<SIMPLE>(input, at.pos + 1);
            let plain = byte_at(input, pos) == b'"';
            if plain {
                at.pos = pos + 1;
            } else {
                at.pos = pos;
                let closed = special_string(out, input, &at);
                at = closed.0;
                if !closed.1 {
                    broken!();
                }
            }
            plain
        }};
    }

    loop {
        if closer == b'}' {
            if next!() != b'"' {
                broken!();
            }
            let start = at.pos + 1;
            let secret = if let Some((length, word)) = short_string::<SIMPLE>(input, start) {
                at.pos = start + length + 1;
                has_rare_letter(word) && is_secret_name_bytes(&input[start..start + length])
            } else {
                let plain = string!();
                let name = input.get(start..at.pos - 1).unwrap_or_default();
                is_secret_name_bytes(name) || (!plain && is_secret_escaped(name))
            };
            if next!() != b':' {
                broken!();
            }
            at.pos += 1;
            if secret && at.run != MUTED {
                flush(out, input, at);
                out.extend_from_slice(MASKED);
                at.run = MUTED;
                secret_depth = depth;
            }
        }
        match next!() {
            b'"' => {
                if let Some((length, _)) = short_string::<SIMPLE>(input, at.pos + 1) {
                    at.pos += length + 2;
                } else {
                    string!();
                }
            }
            open @ (b'{' | b'[') => {
                let Some(slot) = outer.get_mut(depth) else {
                    broken!();
                };
                *slot = closer;
                closer = open + 2;
                depth += 1;
                at.pos += 1;
                if next!() != closer {
                    continue;
                }
            }
            first => {
                let length = match first {
                    b't' => literal(input, at.pos, b"true"),
                    b'f' => literal(input, at.pos, b"false"),
                    b'n' => literal(input, at.pos, b"null"),
                    _ => number(&input[at.pos..]),
                };
                if length == 0 {
                    broken!();
                }
                if length > MAX_PLAIN && first != b'f' {
                    at = long_number(out, input, at, length);
                } else {
                    at.pos += length;
                }
            }
        }
        // After a value: close containers until one goes on.
        loop {
            if at.run == MUTED && depth == secret_depth {
                at.run = at.pos;
            }
            if depth == 0 {
                if at.pos < input.len() {
                    at = skip_space(out, input, at);
                }
                *end = at;
                return true;
            }
            let byte = next!();
            if byte == b',' {
                at.pos += 1;
                break;
            }
            if byte != closer {
                broken!();
            }
            at.pos += 1;
            depth -= 1;
            closer = outer[depth];
        }
    }
}

#[inline]
fn byte_at(input: &[u8], pos: usize) -> u8 {
    input.get(pos).copied().unwrap_or(0)
}

/// Writes what is understood and not yet written.
#[inline]
fn flush(out: &mut Vec<u8>, input: &[u8], at: Cursor) {
    out.extend_from_slice(input.get(at.run..at.pos).unwrap_or_default());
}

/// Skips white space, of which most serializers write a single space or none: then what is before
/// it is mostly shorter than a call of `memcpy`.
#[inline(never)]
fn skip_space(out: &mut Vec<u8>, input: &[u8], at: Cursor) -> Cursor {
    let length = at.pos.wrapping_sub(at.run);
    if length <= 16
        && let Some(block) = input.get(at.run..).and_then(<[u8]>::first_chunk::<16>)
        && byte_at(input, at.pos) == b' '
        && byte_at(input, at.pos + 1) > b' '
    {
        let end = out.len() + length;
        out.extend_from_slice(block);
        out.truncate(end);
        let pos = at.pos + 1;
        return Cursor { pos, run: pos };
    }
    skip_spaces(out, input, at)
}

#[inline(never)]
fn skip_spaces(out: &mut Vec<u8>, input: &[u8], at: Cursor) -> Cursor {
    flush(out, input, at);
    let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
    let rest = input.get(at.pos..).unwrap_or_default();
    let pos = at.pos + rest.iter().take_while(|byte| space(byte)).count();
    let run = at.run.max(pos);
    Cursor { pos, run }
}

/// The length of the string with its content at `pos`, and a word with its letters and no others, if it is plain and
/// has less than eight.
#[inline]
fn short_string<const SIMPLE: bool>(input: &[u8], pos: usize) -> Option<(usize, u64)> {
    let word = u64::from_le_bytes(*input.get(pos..)?.first_chunk::<8>()?);
    let special = special_bits::<SIMPLE>(word);
    let length = (special.trailing_zeros() / 8) as usize;
    let below = (special & special.wrapping_neg()).wrapping_sub(1);
    let is_end = SIMPLE || (word >> ((length * 8) & 63)) & 0xff == u64::from(b'"');
    (special != 0 && is_end).then_some((length, word & below))
}

#[inline]
fn special_bits<const SIMPLE: bool>(word: u64) -> u64 {
    if SIMPLE {
        text::quote_bits(word)
    } else {
        text::special_bits(word)
    }
}

/// Where the string ends that has its content from `pos` on, or where it is not plain.
#[inline]
fn plain_string<const SIMPLE: bool>(input: &[u8], mut pos: usize) -> usize {
    while let Some(chunk) = input.get(pos..).and_then(<[u8]>::first_chunk::<8>) {
        let special = special_bits::<SIMPLE>(u64::from_le_bytes(*chunk));
        if special != 0 {
            return pos + (special.trailing_zeros() / 8) as usize;
        }
        pos += 8;
    }
    while pos < input.len() && !text::is_special(input[pos]) {
        pos += 1;
    }
    pos
}

#[inline(never)]
/// Reads a string on from a byte that may need attention, past its end; false if it is broken.
fn special_string(out: &mut Vec<u8>, input: &[u8], at: &Cursor) -> (Cursor, bool) {
    let mut at = *at;
    loop {
        let rest = &input[at.pos..];
        let plain = rest.iter().position(|byte| text::is_special(*byte));
        // A character is never split: its first byte is special or none of its bytes is.
        at.pos += plain.unwrap_or(rest.len());
        let rest = &input[at.pos..];
        match rest.first() {
            Some(b'"') => {
                at.pos += 1;
                return (at, true);
            }
            Some(b'\\') => match escape(rest) {
                Escape::Broken => return (at, false),
                Escape::Character(length) => at.pos += length,
                // Half a character, which strict readers refuse.
                Escape::LoneSurrogate => at = replace(out, input, at, 6, br"\ufffd"),
            },
            None | Some(0..=0x1f) => return (at, false),
            // Valid in JSON, but not to stand raw in the line.
            _ => match text::escaped_len(rest) {
                0 => at.pos += 1,
                length => {
                    let mut escaped = Vec::new();
                    text::push_escape(&mut escaped, &rest[..length]);
                    at = replace(out, input, at, length, &escaped);
                }
            },
        }
    }
}

/// Writes `instead` for the next `length` bytes.
fn replace(out: &mut Vec<u8>, input: &[u8], at: Cursor, length: usize, instead: &[u8]) -> Cursor {
    let pos = at.pos + length;
    if at.run == MUTED {
        return Cursor { pos, ..at };
    }
    flush(out, input, at);
    out.extend_from_slice(instead);
    Cursor { pos, run: pos }
}

/// What a backslash in a string begins.
enum Escape {
    /// A character of so many bytes.
    Character(usize),
    LoneSurrogate,
    Broken,
}

fn escape(rest: &[u8]) -> Escape {
    match rest.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Escape::Character(2),
        Some(b'u') => match (code_unit(rest), rest.get(6..).and_then(code_unit)) {
            (None, _) => Escape::Broken,
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => Escape::Character(12),
            // The input may end here: better nothing than half a character.
            (Some(0xd800..=0xdbff), None) if rest.len() < 12 => Escape::Broken,
            (Some(0xd800..=0xdfff), _) => Escape::LoneSurrogate,
            _ => Escape::Character(6),
        },
        _ => Escape::Broken,
    }
}

/// The length of `word` if it stands at `pos`, else 0.
#[inline]
fn literal(input: &[u8], pos: usize, word: &[u8]) -> usize {
    if input[pos..].starts_with(word) {
        word.len()
    } else {
        0
    }
}

/// The length of the number that `text` begins with; 0 if it begins with none.
fn number(text: &[u8]) -> usize {
    let sign = usize::from(text.first() == Some(&b'-'));
    let integer = digits(text, sign);
    if integer == 0 || (integer > 1 && text[sign] == b'0') {
        return 0;
    }
    let mut end = sign + integer;
    if text.get(end) == Some(&b'.') {
        let fraction = digits(text, end + 1);
        if fraction == 0 {
            return 0;
        }
        end += 1 + fraction;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(text, end + 1 + sign);
        if exponent == 0 {
            return 0;
        }
        end += 1 + sign + exponent;
    }
    end
}

/// Reads a number that is long enough to be infinite as `f64`: grammatical, but readers refuse the
/// whole line for a number they cannot hold, so it becomes a string.
#[cold]
fn long_number(out: &mut Vec<u8>, input: &[u8], at: Cursor, length: usize) -> Cursor {
    let number = &input[at.pos..at.pos + length];
    let parsed = str::from_utf8(number)
        .ok()
        .and_then(|number| number.parse().ok());
    if parsed.is_some_and(f64::is_finite) {
        return Cursor {
            pos: at.pos + length,
            ..at
        };
    }
    let mut quoted = Vec::with_capacity(length + 2);
    text::push_quoted(&mut quoted, number);
    replace(out, input, at, length, &quoted)
}

/// The number of digits from `start` on.
#[inline]
fn digits(text: &[u8], start: usize) -> usize {
    text[start..]
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len() - start)
}

/// The code unit of the escape `\uXXXX` that `text` starts with.
fn code_unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(br"\u")?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit, digit| {
        Some(unit << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// Whether a name that is written with escapes is secret.
fn is_secret_escaped(name: &[u8]) -> bool {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, code_unit(rest)) {
            (_, Some(unit)) => {
                // Half of a pair stands for a character that is in no secret name.
                let character = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                &rest[6..]
            }
            // An escaped control or punctuation character, which the list ignores.
            (b'\\', None) => after.get(1..).unwrap_or_default(),
            _ => {
                plain.push(*first);
                after
            }
        };
    }
    is_secret_name_bytes(&plain)
}
