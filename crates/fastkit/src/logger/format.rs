//! The bytes of a log line: time, escaping, text and JSON. What is logged is decided elsewhere.
//!
//! Whatever comes from outside is escaped here, so that no value can begin a second line, move the
//! cursor of a terminal or reverse the reading direction, and no message can pass for fields.

use chrono::{DateTime, FixedOffset, Local, Timelike, Utc};
use std::{
    cell::RefCell,
    io::Write,
    sync::atomic::{AtomicI32, Ordering},
};

/// Where a string goes. The number has a bit in [`SUSPICIOUS`].
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Place {
    /// A line of text, where it can pass for nothing else.
    Bare = 1,
    /// The message of a line of text: a bar by itself would begin the fields.
    Message = 2,
    /// Between quotes, as JSON.
    Quotes = 4,
}

/// In which places a byte may be, or begin, a character that has to be escaped: in UTF-8, 0xC2 begins
/// the C1 controls, 0xD8 and 0xE2 the direction characters.
static SUSPICIOUS: [u8; 256] = {
    let mut places = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        places[byte] = match byte as u8 {
            0..0x20 | 0x7f | 0xc2 | 0xd8 | 0xe2 => {
                Place::Bare as u8 | Place::Message as u8 | Place::Quotes as u8
            }
            b'"' | b'\\' => Place::Quotes as u8,
            b'|' => Place::Message as u8,
            _ => 0,
        };
        byte += 1;
    }
    places
};

/// Appends a string without control and direction characters, and without what its place forbids.
pub(super) fn escape(out: &mut Vec<u8>, place: Place, text: &str) {
    let bytes = text.as_bytes();
    let mut plain = 0;
    // Bytes from 0x80 on are looked at only where a character begins that has to be escaped.
    for (at, byte) in bytes.iter().enumerate() {
        if SUSPICIOUS[usize::from(*byte)] & place as u8 == 0 || at < plain {
            continue;
        }
        let Some(character) = text[at..].chars().next() else {
            break;
        };
        if !is_escaped(character) || (*byte == b'|' && !stands_alone(bytes, at)) {
            continue;
        }
        out.extend_from_slice(&bytes[plain..at]);
        push_escape(out, character);
        plain = at + character.len_utf8();
    }
    out.extend_from_slice(&bytes[plain..]);
}

/// Whether no letter is beside the byte.
fn stands_alone(bytes: &[u8], at: usize) -> bool {
    let is_blank = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == b' ');
    is_blank(bytes[..at].last()) && is_blank(bytes.get(at + 1))
}

/// Whether one of the characters that are suspicious, by their first byte or their place, has to be
/// escaped.
fn is_escaped(character: char) -> bool {
    character.is_control()
        || matches!(character, '"' | '\\' | '|')
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push_escape(out: &mut Vec<u8>, character: char) {
    let short = match character {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '"' => "\\\"",
        '\\' => "\\\\",
        other => {
            // All of them are in the basic plane, so that this is valid in JSON, too.
            let _ = write!(out, "\\u{:04x}", u32::from(other));
            return;
        }
    };
    out.extend_from_slice(short.as_bytes());
}

/// A moment, formatted once per second and thread.
struct Clock {
    second: i64,
    /// `2024-01-31 08:00:00`
    text: Vec<u8>,
    /// `+08:00`
    offset: Vec<u8>,
}

thread_local! {
    // chrono keeps the time zone in a slot of the thread, too. Made before this one, it is gone after
    // this one: as long as there is a clock, chrono can be asked.
    static CLOCK: RefCell<Clock> = {
        let _ = Local::now();
        RefCell::new(Clock::new())
    };
}

/// How many seconds local time was ahead of UTC when a thread last asked: for threads that are ending
/// and cannot.
static OFFSET: AtomicI32 = AtomicI32::new(0);

/// Appends the time of now: `2024-01-31 08:00:00.123`, or for JSON `2024-01-31T08:00:00.123+08:00`.
pub(super) fn time(out: &mut Vec<u8>, json: bool) {
    let kept = CLOCK.try_with(|clock| {
        let now = Local::now().fixed_offset();
        clock.borrow_mut().write(out, now, json);
    });
    if kept.is_err() {
        let offset = FixedOffset::east_opt(OFFSET.load(Ordering::Relaxed));
        let now = match offset {
            Some(offset) => Utc::now().with_timezone(&offset),
            None => Utc::now().fixed_offset(),
        };
        Clock::new().write(out, now, json);
    }
}

impl Clock {
    fn new() -> Self {
        Self {
            second: i64::MIN,
            text: Vec::new(),
            offset: Vec::new(),
        }
    }

    fn write(&mut self, out: &mut Vec<u8>, now: DateTime<FixedOffset>, json: bool) {
        if self.second != now.timestamp() {
            self.second = now.timestamp();
            self.text = now.format("%Y-%m-%d %H:%M:%S").to_string().into_bytes();
            self.offset = now.format("%:z").to_string().into_bytes();
            OFFSET.store(now.offset().local_minus_utc(), Ordering::Relaxed);
        }
        let start = out.len();
        out.extend_from_slice(&self.text);
        let millisecond = (now.nanosecond() / 1_000_000).min(999);
        let _ = write!(out, ".{millisecond:03}");
        if json {
            if let Some(blank) = out.get_mut(start + 10) {
                *blank = b'T';
            }
            out.extend_from_slice(&self.offset);
        }
    }
}

/// Tells, as a line of the text format, how many lines were lost.
pub(super) fn text_report(out: &mut Vec<u8>, dropped: u64) {
    time(out, false);
    let _ = write!(
        out,
        " | WARN | fastkit::logger | {dropped} log lines were dropped | dropped={dropped}"
    );
}

/// Tells, as a JSON object, how many lines were lost: for [`SinkBuilder::report`](super::SinkBuilder::report).
///
/// ```
/// let mut line = Vec::new();
/// fastkit::logger::json_report(&mut line, 3);
/// assert!(String::from_utf8(line).unwrap().ends_with(r#""message":"3 log lines were dropped","dropped":3}"#));
/// ```
pub fn json_report(out: &mut Vec<u8>, dropped: u64) {
    out.extend_from_slice(b"{\"time\":\"");
    time(out, true);
    let _ = write!(
        out,
        "\",\"level\":\"WARN\",\"message\":\"{dropped} log lines were dropped\",\"dropped\":{dropped}}}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn escaped(text: &str, place: Place) -> String {
        let mut out = Vec::new();
        escape(&mut out, place, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_begins_a_line_or_commands_a_terminal() {
        assert_eq!(
            escaped("a\r\nb\tc\u{1b}[31m\u{7f}\0", Place::Message),
            "a\\r\\nb\\tc\\u001b[31m\\u007f\\u0000"
        );
        assert_eq!(
            escaped("\u{85}\u{2028}\u{202e}é€中文", Place::Bare),
            "\\u0085\\u2028\\u202eé€中文"
        );
        assert_eq!(
            escaped("\u{61c}\u{200e}\u{200f}سلام\u{200d}", Place::Bare),
            "\\u061c\\u200e\\u200fسلام\u{200d}"
        );
        assert_eq!(escaped("say \"hi\" \\", Place::Message), "say \"hi\" \\");
    }

    #[test]
    fn a_bar_by_itself_is_escaped_in_messages_only() {
        for (text, message) in [
            ("|", "\\u007c"),
            ("| a", "\\u007c a"),
            ("a |", "a \\u007c"),
            ("a | | b", "a \\u007c \\u007c b"),
            ("a|b || c", "a|b || c"),
        ] {
            assert_eq!(escaped(text, Place::Message), message);
            assert_eq!(escaped(text, Place::Quotes), text);
        }
    }

    #[test]
    fn json_strings_come_back_as_they_were() {
        for text in [
            "",
            "a\"b\\c",
            "\u{0}\u{1f}\u{7f}\u{80}\u{9f}\u{2029}",
            "中文 é 😀 \u{2066}",
        ] {
            let json = format!("\"{}\"", escaped(text, Place::Quotes));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            assert!(!json.chars().any(char::is_control));
        }
    }

    #[test]
    fn milliseconds_stand_there_once() {
        let (mut out, mut clock) = (Vec::new(), Clock::new());
        let moment = Local.with_ymd_and_hms(2024, 1, 31, 8, 0, 0).unwrap()
            + chrono::Duration::milliseconds(7);
        clock.write(&mut out, moment.fixed_offset(), false);
        assert_eq!(out, b"2024-01-31 08:00:00.007");
        out.clear();
        clock.write(&mut out, moment.fixed_offset(), true);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(DateTime::parse_from_rfc3339(&text).unwrap(), moment);
    }
}
