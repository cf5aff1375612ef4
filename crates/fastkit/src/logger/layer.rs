//! The layer that turns tracing events into lines for the console and the file.
//!
//! It looks at events only: the request that is being served comes from
//! [`context`], not from spans.

use super::{
    format::{self, Place, escape},
    level::{Directives, Format, Level},
    sink::Sink,
};
use crate::{
    context,
    mask::{MASK, is_secret_name, mask_url},
};
use std::{cell::Cell, error::Error, fmt, io::Write as _};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    subscriber::Interest,
};
use tracing_subscriber::layer::{Context, Filter, Layer};

/// An output: where lines go, from which level on, and whether in colour.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) sink: Sink,
    pub(super) level: Level,
    pub(super) color: bool,
}

/// Which events are of interest to any output. Cached by tracing per place in the code, so that an
/// event that nobody wants costs a load and a branch.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) directives: Directives,
    /// The most verbose of the outputs.
    pub(super) level: LevelFilter,
}

impl Wanted {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level()
            <= self
                .directives
                .level(metadata.target())
                .unwrap_or(self.level)
    }
}

impl<S: Subscriber> Filter<S> for Wanted {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        metadata.is_event() && self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() && self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(
            self.directives
                .max()
                .map_or(self.level, |level| level.max(self.level)),
        )
    }
}

/// Formats each event once per kind of output and hands the line to the sinks.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) format: Format,
    pub(super) directives: Directives,
    pub(super) outputs: Vec<Output>,
}

thread_local! {
    /// The line that is being made. Taken while in use, so that a value whose `Display` logs by
    /// itself finds none and makes its own.
    static SCRATCH: Cell<Option<Scratch>> = const { Cell::new(None) };
}

/// The parts of a line; kept per thread for their memory.
#[derive(Default)]
struct Scratch {
    message: Vec<u8>,
    fields: Vec<u8>,
    line: Vec<u8>,
}

/// What a thread keeps between two lines.
const KEPT_CAPACITY: usize = 16 * 1024;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let by_module = self.directives.level(metadata.target());
        let mut outputs = self
            .outputs
            .iter()
            .filter(|output| {
                *metadata.level() <= by_module.unwrap_or_else(|| output.level.filter())
            })
            .peekable();
        if outputs.peek().is_none() {
            return;
        }
        // A thread that is ending has no slot any more, and may log all the same.
        let mut scratch = SCRATCH
            .try_with(Cell::take)
            .ok()
            .flatten()
            .unwrap_or_default();
        scratch.read(event, self.format);
        let mut plain_is_made = false;
        for output in outputs {
            let colored = output.color && self.format == Format::Text;
            if colored || !plain_is_made {
                scratch.line.clear();
                match self.format {
                    Format::Text => scratch.text(metadata, colored),
                    Format::Json => scratch.json(metadata),
                }
                plain_is_made = !colored;
            }
            output
                .sink
                .line(|buffer| buffer.extend_from_slice(&scratch.line));
            if *metadata.level() <= tracing::Level::WARN {
                output.sink.hasten();
            }
        }
        scratch.clear();
        let _ = SCRATCH.try_with(|slot| slot.set(Some(scratch)));
    }
}

impl Scratch {
    fn clear(&mut self) {
        for part in [&mut self.message, &mut self.fields, &mut self.line] {
            part.clear();
            part.shrink_to(KEPT_CAPACITY);
        }
    }

    fn read(&mut self, event: &Event<'_>, format: Format) {
        match format {
            Format::Text => event.record(&mut TextFields {
                message: &mut self.message,
                fields: &mut self.fields,
            }),
            Format::Json => event.record(&mut JsonFields {
                message: &mut self.message,
                fields: &mut self.fields,
            }),
        }
    }

    /// `2024-01-31 08:00:00.123 | INFO | app::items:12 | message | key=value request_id=...`
    fn text(&mut self, metadata: &Metadata<'_>, color: bool) {
        let out = &mut self.line;
        format::time(out, false);
        out.extend_from_slice(b" | ");
        let name = metadata.level().as_str();
        if color {
            let code = match *metadata.level() {
                tracing::Level::ERROR => "31",
                tracing::Level::WARN => "33",
                tracing::Level::INFO => "32",
                _ => "36",
            };
            let _ = write!(out, "\x1b[{code}m{name}\x1b[0m");
        } else {
            out.extend_from_slice(name.as_bytes());
        }
        out.extend_from_slice(b" | ");
        out.extend_from_slice(module(metadata).as_bytes());
        if let Some(line) = metadata.line() {
            let _ = write!(out, ":{line}");
        }
        out.extend_from_slice(b" | ");
        out.extend_from_slice(&self.message);
        let request = context::current();
        if self.fields.is_empty() && request.is_none() {
            return;
        }
        out.extend_from_slice(b" |");
        out.extend_from_slice(&self.fields);
        if let Some(id) = request {
            out.extend_from_slice(b" request_id=");
            out.extend_from_slice(id.as_bytes());
        }
    }

    fn json(&mut self, metadata: &Metadata<'_>) {
        let out = &mut self.line;
        out.extend_from_slice(b"{\"time\":\"");
        format::time(out, true);
        let _ = write!(out, "\",\"level\":\"{}\",\"module\":\"", metadata.level());
        escape(out, Place::Quotes, module(metadata));
        let _ = write!(
            out,
            "\",\"line\":{},\"message\":\"",
            metadata.line().unwrap_or(0)
        );
        out.extend_from_slice(&self.message);
        out.push(b'"');
        if let Some(id) = context::current() {
            out.extend_from_slice(b",\"request_id\":\"");
            out.extend_from_slice(id.as_bytes());
            out.push(b'"');
        }
        if !self.fields.is_empty() {
            out.extend_from_slice(b",\"fields\":{");
            // Each field brings a comma in front.
            out.extend_from_slice(&self.fields[1..]);
            out.push(b'}');
        }
        out.push(b'}');
    }
}

fn module<'a>(metadata: &Metadata<'a>) -> &'a str {
    metadata.module_path().unwrap_or_else(|| metadata.target())
}

/// An error with its causes, on one line.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

/// Collects the message, and every other field as ` key=value`.
struct TextFields<'a> {
    message: &'a mut Vec<u8>,
    fields: &'a mut Vec<u8>,
}

impl TextFields<'_> {
    /// Where the value of a field goes; `None` when it is a secret and has been masked.
    fn begin(&mut self, field: &Field) -> Option<&mut Vec<u8>> {
        if field.name() == "message" {
            return Some(self.message);
        }
        self.fields.push(b' ');
        self.fields.extend_from_slice(field.name().as_bytes());
        self.fields.push(b'=');
        if is_secret_name(field.name()) {
            self.fields.extend_from_slice(MASK.as_bytes());
            return None;
        }
        Some(self.fields)
    }
}

impl Visit for TextFields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let is_message = field.name() == "message";
        if let Some(out) = self.begin(field) {
            let value = mask_url(value);
            if is_message || is_one_word(&value) {
                let place = if is_message {
                    Place::Message
                } else {
                    Place::Bare
                };
                escape(out, place, &value);
            } else {
                out.push(b'"');
                escape(out, Place::Quotes, &value);
                out.push(b'"');
            }
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_str(field, &Chain(value).to_string());
    }
}

/// Whether a value can stand without quotes and pass for nothing else, another field for instance:
/// it has no blanks, or is the quoted form of a string.
fn is_one_word(value: &str) -> bool {
    let bare = |byte: u8| byte > b' ' && !matches!(byte, b'"' | b'|' | b'=');
    if !value.is_empty() && value.bytes().all(bare) {
        return true;
    }
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return false;
    };
    let mut escaped = false;
    let closed_inside = inner.bytes().any(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    !closed_inside && !escaped
}

/// Collects the message, and every other field as `,"key":value`.
struct JsonFields<'a> {
    message: &'a mut Vec<u8>,
    fields: &'a mut Vec<u8>,
}

impl JsonFields<'_> {
    fn begin(&mut self, field: &Field) -> Option<&mut Vec<u8>> {
        self.fields.extend_from_slice(b",\"");
        escape(self.fields, Place::Quotes, field.name());
        self.fields.extend_from_slice(b"\":");
        if is_secret_name(field.name()) {
            let _ = write!(self.fields, "\"{MASK}\"");
            return None;
        }
        Some(self.fields)
    }

    fn bare(&mut self, field: &Field, value: impl fmt::Display) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value}");
        } else if let Some(out) = self.begin(field) {
            let _ = write!(out, "{value}");
        }
    }

    fn quoted(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            escape(self.message, Place::Quotes, value);
        } else if let Some(out) = self.begin(field) {
            out.push(b'"');
            escape(out, Place::Quotes, value);
            out.push(b'"');
        }
    }
}

impl Visit for JsonFields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.quoted(field, &mask_url(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_str(field, &Chain(value).to_string());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.bare(field, value);
        } else {
            // JSON knows no such numbers.
            self.quoted(field, &value.to_string());
        }
    }
}
