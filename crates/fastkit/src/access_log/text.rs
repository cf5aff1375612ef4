//! JSON strings: escaping into the line, and turning a rendered value into a string when it has to
//! be cut.
//!
//! Everything a terminal or a line reader could act on is escaped: the C0 and C1 controls, DEL, the
//! line separators U+2028 and U+2029, and the characters that turn the reading direction. Not here:
//! what may be printed at all (`crate::mask`, `body`).

/// What stands in the place of a secret value.
pub(super) const MASKED: &[u8] = br#""***""#;

/// Ends a text of which not all is shown.
pub(super) const ELLIPSIS: &[u8] = "…".as_bytes();

/// Bytes that may start something to be escaped: in UTF-8, 0xC2 begins the C1 controls, 0xD8 and 0xE2
/// the direction characters, 0xE2 the line separators.
static SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 0x20 || matches!(byte as u8, b'"' | b'\\' | 0x7f | 0xc2 | 0xd8 | 0xe2);
        byte += 1;
    }
    table
};

/// Whether a byte of valid UTF-8 may start something that [`push`] would escape.
#[inline]
pub(super) fn is_special(byte: u8) -> bool {
    SPECIAL[usize::from(byte)]
}

/// The high bit of the lowest byte that is not plain printable ASCII is set; those above it may be
/// set wrongly.
#[inline]
pub(super) fn special_bits(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let control = word.wrapping_sub(ONES * 0x20);
    let delete = word.wrapping_add(ONES);
    (word | quote | backslash | control | delete) & (ONES << 7)
}

/// As [`special_bits`], for quotes in ASCII.
#[inline]
pub(super) fn quote_bits(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES) & (ONES << 7)
}

/// Whether the bytes are printable ASCII without backslashes: JSON text in which every quote begins
/// or ends a string. False for what is shorter than a block.
#[inline]
pub(super) fn is_simple(bytes: &[u8]) -> bool {
    bytes.last_chunk::<16>().is_some_and(|last| {
        bytes.as_chunks::<16>().0.iter().all(is_simple_block) && is_simple_block(last)
    })
}

/// Whether the bytes are printable ASCII that needs no escape.
#[inline(always)]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    // Blocks of fixed size, the last one overlapping: no loop over single bytes for most values.
    if let Some(last) = bytes.last_chunk::<16>() {
        bytes.as_chunks::<16>().0.iter().all(is_plain_block) && is_plain_block(last)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        special_bits(u64::from_le_bytes(*first)) | special_bits(u64::from_le_bytes(*last)) == 0
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        special_bits(u64::from(first) | u64::from(last) << 32) == 0
    } else {
        bytes
            .iter()
            .all(|byte| byte.is_ascii() && !is_special(*byte))
    }
}

#[inline]
fn is_plain_block(block: &[u8; 16]) -> bool {
    is_simple_block(block) && !any(block, |byte| byte == b'"')
}

#[inline]
fn is_simple_block(block: &[u8; 16]) -> bool {
    !any(block, |byte| {
        byte.wrapping_sub(0x20) >= 0x5f || byte == b'\\'
    })
}

/// Without a short cut, so that it becomes one vector comparison.
#[inline]
fn any(block: &[u8; 16], test: impl Fn(u8) -> bool) -> bool {
    block.iter().fold(false, |any, byte| any | test(*byte))
}

/// Appends the inside of a JSON string.
#[inline(always)]
pub(super) fn push(out: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        out.extend_from_slice(text);
    } else {
        push_lossy(out, text);
    }
}

/// Appends the inside of a JSON string, with U+FFFD for what is not UTF-8.
#[cold]
fn push_lossy(out: &mut Vec<u8>, text: &[u8]) {
    for chunk in text.utf8_chunks() {
        push_str(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Appends the inside of a JSON string.
pub(super) fn push_str(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| is_special(*byte)) {
        let (run, special) = rest.split_at(at);
        out.extend_from_slice(run);
        let taken = escaped_len(special);
        if taken == 0 {
            out.push(special[0]);
            rest = &special[1..];
        } else {
            push_escape(out, &special[..taken]);
            rest = &special[taken..];
        }
    }
    out.extend_from_slice(rest);
}

/// How many of the first bytes are a character that has to be escaped; 0 where the first is none.
#[inline]
pub(super) fn escaped_len(bytes: &[u8]) -> usize {
    match bytes {
        [0xc2, 0x80..=0x9f, ..] => 2,
        // U+061C
        [0xd8, 0x9c, ..] => 2,
        // U+200E, U+200F, U+2028 to U+202E; U+2066 to U+2069
        [0xe2, 0x80, 0x8e | 0x8f | 0xa8..=0xae, ..] | [0xe2, 0x81, 0xa6..=0xa9, ..] => 3,
        [0..=0x1f | b'"' | b'\\' | 0x7f, ..] => 1,
        _ => 0,
    }
}

/// Appends the escape of one character that [`escaped_len`] found.
pub(super) fn push_escape(out: &mut Vec<u8>, character: &[u8]) {
    let short = match character {
        b"\"" => br#"\""#,
        b"\\" => br"\\",
        b"\n" => br"\n",
        b"\r" => br"\r",
        b"\t" => br"\t",
        _ => {
            let code = match *character {
                [first, middle, last] => {
                    u16::from(first & 0xf) << 12
                        | u16::from(middle & 0x3f) << 6
                        | u16::from(last & 0x3f)
                }
                [first, last] => u16::from(first & 0x1f) << 6 | u16::from(last & 0x3f),
                _ => u16::from(character[0]),
            };
            let [high, low] = code.to_be_bytes();
            let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 15)];
            let digits = [digit(high >> 4), digit(high), digit(low >> 4), digit(low)];
            out.extend_from_slice(br"\u");
            out.extend_from_slice(&digits);
            return;
        }
    };
    out.extend_from_slice(short);
}

/// Appends a JSON string.
#[inline]
pub(super) fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    push(out, text);
    out.push(b'"');
}

/// Makes the rendered JSON text since `start` a JSON string: the way a value that is not shown
/// completely goes out, since a part of a JSON text is no JSON text.
#[cold]
pub(super) fn quote_cut(out: &mut Vec<u8>, start: usize) {
    // Rendered text holds no controls, so only these two change; the rest moves up in place.
    let needs_escape = |byte: &u8| matches!(byte, b'"' | b'\\');
    let mut from = out.len();
    let mut to = from
        + 1
        + out[start..]
            .iter()
            .filter(|byte| needs_escape(byte))
            .count();
    out.resize(to, 0);
    while from > start {
        from -= 1;
        to -= 1;
        out[to] = out[from];
        if needs_escape(&out[to]) {
            to -= 1;
            out[to] = b'\\';
        }
    }
    out[start] = b'"';
    out.push(b'"');
}

/// Limits the rendered JSON text since `start` to `limit` bytes: what is longer is cut between two
/// characters or escapes and quoted by [`quote_cut`].
#[inline]
pub(super) fn limit_rendered(out: &mut Vec<u8>, start: usize, limit: usize) {
    if out.len() - start > limit {
        let kept = whole_units(&out[start..], limit);
        out.truncate(start + kept);
        quote_cut(out, start);
    }
}

/// The length of the longest prefix of rendered JSON of at most `limit` bytes that ends neither in
/// an escape nor in a character.
#[cold]
fn whole_units(rendered: &[u8], limit: usize) -> usize {
    let mut end = 0;
    while end < rendered.len() {
        let unit = match rendered[end..] {
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] | [0xc0..=0xdf, ..] => 2,
            [0xe0..=0xef, ..] => 3,
            [0xf0..=0xff, ..] => 4,
            _ => 1,
        };
        if end + unit > limit {
            break;
        }
        end += unit;
    }
    end
}
