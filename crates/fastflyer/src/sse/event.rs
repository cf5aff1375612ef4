//! [`Event`]: one event, and how it is written (the HTML standard, 9.2).
//!
//! A line break inside a field would begin another field. In data it becomes another `data:` line,
//! which clients join again; a name or an id cannot hold one.

use crate::{ApiError, openapi::Schemas, reply::IntoApiError};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::{borrow::Cow, time::Duration};

/// One event of an [`EventStream`](super::EventStream).
///
/// ```
/// use fastflyer::sse::Event;
///
/// let event = Event::new(vec![1, 2]).name("numbers").id(7);
/// let text = Event::text("two\nlines");
/// # let _ = (event, text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an event does nothing until a stream yields it"]
pub struct Event<T> {
    data: T,
    name: Option<Cow<'static, str>>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl<T: EventData> Event<T> {
    /// An event with data, without a name: browsers hand it to `onmessage`.
    pub fn new(data: T) -> Self {
        Self {
            data,
            name: None,
            id: None,
            retry: None,
        }
    }

    /// Sets the name, for which clients listen. One with a line break is left out and logged.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into()).filter(|name| is_one_line("name", name));
        self
    }

    /// Sets the id, which a client sends as `Last-Event-ID` when it reconnects. One with a line break
    /// or NUL is left out and logged.
    pub fn id(mut self, id: impl ToString) -> Self {
        self.id = Some(id.to_string()).filter(|id| is_one_line("id", id));
        self
    }

    /// Sets how long clients wait before they reconnect, in whole milliseconds.
    pub fn retry(mut self, wait: Duration) -> Self {
        self.retry = Some(wait);
        self
    }

    pub(super) fn encode(&self) -> Result<Bytes, ApiError> {
        let mut data = Vec::with_capacity(64);
        self.data
            .write(&mut data)
            .map_err(|error| ApiError::uncaught(format!("the data of an event: {error}")))?;
        let mut out = Vec::with_capacity(data.len() + 64);
        if let Some(name) = &self.name {
            field(&mut out, b"event", name.as_bytes());
        }
        if let Some(id) = &self.id {
            field(&mut out, b"id", id.as_bytes());
        }
        if let Some(wait) = self.retry {
            let wait = wait.as_millis().to_string();
            field(&mut out, b"retry", wait.as_bytes());
        }
        lines(&data).for_each(|line| field(&mut out, b"data", line));
        out.push(b'\n');
        Ok(out.into())
    }
}

impl Event<Text> {
    /// An event whose data is plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Text(text.into()))
    }
}

fn is_one_line(what: &str, text: &str) -> bool {
    let fits = !text.contains(['\r', '\n', '\0']);
    if !fits {
        tracing::warn!(target: "fastflyer", "the {what} of an event was left out: it has a line break or NUL");
    }
    fits
}

fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.push(b'\n');
}

/// The lines of a text as clients see them: CR LF, LF and CR all end one.
fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            return rest.take();
        };
        let width = if text[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = Some(&text[end + width..]);
        Some(&text[..end])
    })
}

/// Data of an event that is text and not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

/// What an event may carry: every `Serialize + JsonSchema` type as JSON, and [`Text`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the data of an event",
    label = "cannot be sent as an event",
    note = "JSON data needs `#[derive(serde::Serialize, schemars::JsonSchema)]`; plain text is `Event::text`"
)]
pub trait EventData: Send + 'static {
    /// Appends the data to `out`.
    ///
    /// # Errors
    ///
    /// When the value's own `Serialize` fails.
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()>;

    /// The JSON schema of what [`write`](Self::write) produces.
    fn schema(schemas: &mut Schemas) -> Value;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + Send + 'static> EventData for T {
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, self)
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.output::<T>()
    }
}

impl EventData for Text {
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(())
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.output::<String>()
    }
}

/// What a stream of events yields: an [`Event`], or a `Result` with one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event with data of type `{T}`",
    label = "not an event",
    note = "wrap the data: `.map(Event::new)`; a stream may also yield `Result<Event<{T}>, E>`"
)]
pub trait IntoEvent<T> {
    /// The event.
    ///
    /// # Errors
    ///
    /// Whatever the stream failed with.
    fn into_event(self) -> Result<Event<T>, ApiError>;
}

impl<T> IntoEvent<T> for Event<T> {
    fn into_event(self) -> Result<Event<T>, ApiError> {
        Ok(self)
    }
}

impl<T, E: IntoApiError> IntoEvent<T> for Result<Event<T>, E> {
    fn into_event(self) -> Result<Event<T>, ApiError> {
        self.map_err(IntoApiError::into_api_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<T: EventData>(event: Event<T>) -> String {
        String::from_utf8(event.encode().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn every_field_stands_on_its_own_line() {
        let event = Event::new(vec![1, 2])
            .name("numbers")
            .id(7)
            .retry(Duration::from_millis(2500));
        let expected = "event: numbers\nid: 7\nretry: 2500\ndata: [1,2]\n\n";
        assert_eq!(written(event), expected);
    }

    #[test]
    fn a_text_of_several_lines_stays_one_event() {
        let expected = "data: a\ndata: b\ndata: c\ndata: \ndata: d\ndata: \n\n";
        assert_eq!(written(Event::text("a\nb\r\nc\r\rd\n")), expected);
        assert_eq!(written(Event::text("")), "data: \n\n");
        // JSON escapes line breaks by itself.
        assert_eq!(
            written(Event::new("a\nb".to_owned())),
            "data: \"a\\nb\"\n\n"
        );
    }

    #[test]
    fn nothing_in_an_event_can_begin_another_field() {
        let text = "x\n\nevent: forged\rid: 9\r\n\r\ndata: y";
        assert!(
            written(Event::text(text))
                .trim_end()
                .lines()
                .all(|line| line.starts_with("data: "))
        );
        for name in ["a\nb", "a\rb", "a\0b"] {
            assert_eq!(written(Event::text("t").name(name).id(name)), "data: t\n\n");
        }
    }
}
