//! [`Answer`]: what is known of an answer when its body is written.

use super::format::Slot;
use crate::{
    context::Context,
    reply::{Links, Paging},
    validation::FieldErrors,
};
use fastkit::context::RequestId;
use http::StatusCode;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use std::borrow::Cow;

/// What is known of an answer, but its data.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The code as the handler has it: what it means follows from it.
    pub(super) code: u32,
    /// The code as it is sent.
    pub(super) wire_code: u32,
    pub(super) status: StatusCode,
    pub(super) message: &'a str,
    /// The text of the code.
    pub(super) title: &'a str,
    /// Whether the message is the handler's own.
    pub(super) own_message: bool,
    pub(super) detail: &'a str,
    /// What [`Slot::Explanation`] says where there is no detail.
    pub(super) fallback_detail: &'a str,
    pub(super) errors: Option<&'a FieldErrors>,
    pub(super) exception: Option<&'a str>,
    pub(super) page: Option<Paging<'a>>,
    pub(super) cx: Option<&'a Context>,
    pub(super) request_id: Option<RequestId>,
    /// The page that lists the codes.
    pub(super) codes_url: &'a str,
}

impl<'a> Answer<'a> {
    /// What depends on nothing but the message in an answer that [is usual](Self::is_usual).
    pub(super) const USUAL: [Slot; 4] = [Slot::Status, Slot::Code, Slot::HttpStatus, Slot::Message];

    /// An answer with code 200 and this message.
    pub(super) fn usual(message: &'a str) -> Self {
        Self {
            code: 200,
            wire_code: 200,
            status: StatusCode::OK,
            message,
            title: message,
            own_message: false,
            detail: "",
            fallback_detail: "",
            errors: None,
            exception: None,
            page: None,
            cx: None,
            request_id: None,
            codes_url: "",
        }
    }

    /// Whether it is a plain success with this message.
    pub(super) fn is_usual(&self, message: &str) -> bool {
        self.code == 200
            && self.wire_code == 200
            && self.status == StatusCode::OK
            && self.message == message
    }
}

impl Answer<'_> {
    /// The business code, without `flyer_status_code_base`.
    pub fn code(&self) -> u32 {
        self.code
    }

    /// The HTTP status that is sent.
    pub fn http_status(&self) -> StatusCode {
        self.status
    }

    /// The text of the answer.
    pub fn message(&self) -> &str {
        self.message
    }

    /// What the handler added with `.detail(..)`.
    pub fn detail(&self) -> &str {
        self.detail
    }

    /// The messages by field, if fields failed.
    pub fn field_errors(&self) -> Option<&FieldErrors> {
        self.errors.filter(|errors| !errors.is_empty())
    }

    /// The id of the request; `None` for answers that are made outside of a service.
    pub fn request_id(&self) -> Option<RequestId> {
        self.request_id
    }

    fn succeeds(&self) -> bool {
        super::succeeds(self.code)
    }

    /// Whether the answer has something to say there: optional fields are left out if not.
    pub(super) fn has(&self, slot: Slot) -> bool {
        match slot {
            Slot::Detail => !self.detail.is_empty(),
            Slot::Explanation => !self.explanation().is_empty(),
            Slot::Errors => !self.succeeds() && self.errors().fields().next().is_some(),
            Slot::FieldErrors => self.field_errors().is_some(),
            Slot::Occurrence => self.own_message || !self.detail.is_empty(),
            Slot::Exception => self.exception.is_some(),
            Slot::RequestId | Slot::Instance => self.request_id.is_some(),
            Slot::FirstLink | Slot::PrevLink | Slot::NextLink | Slot::LastLink => {
                self.links().is_some_and(|links| links.has(slot))
            }
            Slot::NextCursor | Slot::PrevCursor => self.cursor(slot).is_some(),
            _ => true,
        }
    }

    /// Appends what the answer says there, as JSON.
    ///
    /// Text and numbers always serialize, so that nothing here can fail.
    pub(super) fn write(&self, slot: Slot, out: &mut Vec<u8>) {
        match slot {
            Slot::Status => text(out, super::status_word(self.code)),
            Slot::Code => number(out, u64::from(self.wire_code)),
            Slot::HttpStatus => number(out, u64::from(self.status.as_u16())),
            Slot::Message => text(out, self.message),
            Slot::Detail => text(out, self.detail),
            // A success has no error whatever its detail says: that is what its schema promises.
            Slot::Errors if self.succeeds() => out.extend_from_slice(b"{}"),
            Slot::Errors => json(out, &self.errors()),
            Slot::FieldErrors => match self.field_errors() {
                Some(errors) => json(out, errors),
                None => out.extend_from_slice(b"{}"),
            },
            Slot::Explanation => text(out, &self.explanation()),
            // Only where there is no data: the template writes the data itself.
            Slot::Data => out.extend_from_slice(b"{}"),
            Slot::RequestId => {
                let id = self.request_id;
                text(out, id.as_ref().map_or("", RequestId::as_str));
            }
            Slot::Count
            | Slot::PerPage
            | Slot::CurrentPage
            | Slot::Total
            | Slot::TotalPages
            | Slot::Offset => number(out, self.page.map_or(0, |page| page.figure(slot))),
            Slot::FirstLink | Slot::PrevLink | Slot::NextLink | Slot::LastLink => {
                let link = self.links().and_then(|links| links.url(slot));
                text_or_null(out, link.as_deref());
            }
            Slot::NextCursor | Slot::PrevCursor => text_or_null(out, self.cursor(slot)),
            Slot::ProblemType => text(out, &self.problem_type()),
            Slot::Title => text(out, self.title()),
            Slot::Occurrence => text(out, &self.occurrence()),
            Slot::Instance => text_or_null(out, self.instance().as_deref()),
            Slot::Exception => text_or_null(out, self.exception),
        }
    }

    fn links(&self) -> Option<Links<'_>> {
        Some(Links {
            page: self.page?,
            cx: self.cx?,
        })
    }

    fn cursor(&self, slot: Slot) -> Option<&str> {
        match self.page? {
            Paging::Cursor(page) if slot == Slot::NextCursor => page.next.as_deref(),
            Paging::Cursor(page) => page.prev.as_deref(),
            Paging::Numbered(_) => None,
        }
    }

    fn errors(&self) -> Errors<'_> {
        Errors(self)
    }

    /// `about:blank` says that the problem is what the HTTP status says (RFC 9457, 4.2.1).
    fn problem_type(&self) -> Cow<'static, str> {
        match self.code {
            100..600 => "about:blank".into(),
            code => format!("{}#{code}", self.codes_url).into(),
        }
    }

    fn title(&self) -> &str {
        match self.title {
            "" => fastkit::status::phrase(u32::from(self.status.as_u16())),
            title => title,
        }
    }

    fn occurrence(&self) -> Cow<'_, str> {
        match (self.own_message, self.detail) {
            (true, "") => self.message.into(),
            (true, detail) if detail != self.message => {
                format!("{}; {detail}", self.message).into()
            }
            (_, detail) => detail.into(),
        }
    }

    /// The request's id: as a URN where it is a UUID (RFC 9562), else as a reference.
    fn instance(&self) -> Option<String> {
        let id = self.request_id?;
        let id = id.as_str();
        let dashes = [8, 13, 18, 23];
        let uuid = id.len() == 36
            && id.bytes().enumerate().all(|(at, byte)| match byte {
                b'-' => dashes.contains(&at),
                byte => byte.is_ascii_hexdigit() && !dashes.contains(&at),
            });
        Some(if uuid {
            format!("urn:uuid:{id}")
        } else {
            format!("#{id}")
        })
    }

    fn explanation(&self) -> String {
        let own = if self.detail.is_empty() {
            self.fallback_detail
        } else {
            self.detail
        };
        let mut text = own.to_owned();
        let mut add = |part: std::fmt::Arguments<'_>| {
            let gap = if text.is_empty() { "" } else { "; " };
            text = format!("{text}{gap}{part}");
        };
        for (field, messages) in self.errors.into_iter().flat_map(FieldErrors::iter) {
            for message in messages {
                add(format_args!("{field}: {message}"));
            }
        }
        if let Some(exception) = self.exception {
            add(format_args!("{exception}"));
        }
        text
    }
}

/// The object of [`Slot::Errors`].
struct Errors<'a>(&'a Answer<'a>);

impl Errors<'_> {
    /// Everything that stands there besides the fields' own messages goes after them.
    fn fields(&self) -> impl Iterator<Item = (&str, Cow<'_, [String]>)> {
        let answer = self.0;
        let errors = answer.errors.into_iter().flat_map(FieldErrors::iter);
        let detail = Some(answer.detail).filter(|text| !text.is_empty());
        let more = detail
            .map(|text| ("detail", text))
            .into_iter()
            .chain(answer.exception.map(|text| ("exception", text)));
        let more = more.map(|(name, text)| (name, Cow::Owned(vec![text.to_owned()])));
        errors
            .map(|(name, messages)| (name, Cow::Borrowed(messages)))
            .chain(more)
    }
}

impl Serialize for Errors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        // A field of the client's that is called like one of ours keeps its place.
        let own = |name: &str| {
            self.0
                .errors
                .is_some_and(|errors| !errors.get(name).is_empty())
        };
        let fields = self.0.errors.map_or(0, FieldErrors::len);
        for (index, (name, messages)) in self.fields().enumerate() {
            if index < fields || !own(name) {
                map.serialize_entry(name, &messages)?;
            }
        }
        map.end()
    }
}

fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn text_or_null(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

fn text(out: &mut Vec<u8>, value: &str) {
    json(out, value);
}

/// Writing text, numbers and maps of them into memory cannot fail.
fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(out, value);
}
