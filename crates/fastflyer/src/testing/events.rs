//! [`TestEvents`]: a stream of events, read as a browser reads it.

use crate::{Body, Response};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use std::{collections::VecDeque, time::Duration};

/// One event as the client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestEvent {
    /// The name; empty when it has none.
    pub name: String,
    /// The lines of data, joined by line feeds.
    pub data: String,
    /// The id, if this event sets one.
    pub id: Option<String>,
}

impl TestEvent {
    /// The data as JSON.
    ///
    /// # Panics
    ///
    /// When it is no JSON; the message shows it.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data)
            .unwrap_or_else(|error| panic!("no JSON: {error}: {}", self.data))
    }
}

/// The events of an answer, as they come. Dropping it is what a client does that leaves.
#[derive(Debug)]
pub struct TestEvents {
    headers: HeaderMap,
    body: Body,
    /// What came after the last whole line.
    rest: Vec<u8>,
    unfinished: TestEvent,
    has_data: bool,
    ready: VecDeque<TestEvent>,
    retry: Option<Duration>,
    comments: usize,
}

impl TestEvents {
    pub(super) fn new(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            headers: parts.headers,
            body,
            rest: Vec::new(),
            unfinished: TestEvent::default(),
            has_data: false,
            ready: VecDeque::new(),
            retry: None,
            comments: 0,
        }
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The next event; `None` when the stream has ended.
    ///
    /// # Panics
    ///
    /// When the stream breaks off, or is no UTF-8.
    pub async fn next(&mut self) -> Option<TestEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let frame = self.body.frame().await?.expect("a stream that goes on");
            if let Ok(data) = frame.into_data() {
                self.read(&data);
            }
        }
    }

    /// How long the service last asked to wait before a reconnect.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// How many comments came so far, which is what keeps a silent stream alive.
    pub fn comments(&self) -> usize {
        self.comments
    }

    fn read(&mut self, data: &[u8]) {
        self.rest.extend_from_slice(data);
        // The service ends lines with LF alone.
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = std::str::from_utf8(&line[..end]).expect("a line of UTF-8");
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        let event = &mut self.unfinished;
        match field {
            "" if line.is_empty() => {
                let event = std::mem::take(event);
                if std::mem::take(&mut self.has_data) {
                    self.ready.push_back(event);
                }
            }
            "" => self.comments += 1,
            "event" => value.clone_into(&mut event.name),
            "id" => event.id = Some(value.to_owned()),
            "retry" => self.retry = value.parse().ok().map(Duration::from_millis),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    event.data.push('\n');
                }
                event.data.push_str(value);
            }
            _ => {}
        }
    }
}
