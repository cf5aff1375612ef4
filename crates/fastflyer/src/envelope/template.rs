//! [`Template`]: a [`Shape`] made ready for writing: constant text is one piece, values stand
//! between. Where the shape comes from, and which fields it has, is not known here.

use super::{
    Answer,
    format::{Computed, DataKind, Field, Format, Shape, Slot},
};
use crate::reply::{Data, Paging};
use serde_json::Result;
use std::any::TypeId;

/// One piece of a body.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(Vec<u8>),
    Slot(Slot),
    Computed(Computed),
    /// A field with its key that is left out when there is nothing to say.
    Optional(Vec<u8>, Slot),
    /// Parts a field from those before it, if one was written.
    Comma,
}

/// A body that is ready for writing: what stands before the data and what stands after it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template {
    head: Vec<Piece>,
    /// `None` where the data is not sent.
    tail: Option<Vec<Piece>>,
}

impl Template {
    /// Makes a shape ready.
    ///
    /// # Errors
    ///
    /// When the data would stand there twice, or might be left out.
    pub(super) fn new(shape: &Shape) -> std::result::Result<Self, String> {
        let mut pieces = Vec::new();
        collect(shape, &mut pieces);
        let data = |piece: &Piece| *piece == Piece::Slot(Slot::Data);
        let optional = |piece: &Piece| matches!(piece, Piece::Optional(_, Slot::Data));
        if pieces.iter().filter(|piece| data(piece)).count() > 1 || pieces.iter().any(optional) {
            return Err(
                "a body has Slot::Data in more than one place, or as an optional field".to_owned(),
            );
        }
        let Some(at) = pieces.iter().position(data) else {
            return Ok(Self {
                head: pieces,
                tail: None,
            });
        };
        let tail = pieces.split_off(at + 1);
        pieces.pop();
        Ok(Self {
            head: pieces,
            tail: Some(tail),
        })
    }

    /// Whether the body says something of the request itself.
    pub(super) fn names_request(&self) -> bool {
        let all = self.head.iter().chain(self.tail.iter().flatten());
        all.into_iter().any(|piece| match piece {
            Piece::Slot(slot) | Piece::Optional(_, slot) => {
                matches!(slot, Slot::RequestId | Slot::Instance)
            }
            Piece::Computed(_) => true,
            Piece::Text(_) | Piece::Comma => false,
        })
    }

    /// Writes a body without data.
    pub(super) fn write_bare(&self, out: &mut Vec<u8>, answer: &Answer<'_>) {
        write(&self.head, out, answer);
        if let Some(tail) = &self.tail {
            answer.write(Slot::Data, out);
            write(tail, out, answer);
        }
    }

    fn write_around(&self, out: &mut Vec<u8>, answer: &Answer<'_>, data: &[u8]) {
        write(&self.head, out, answer);
        if let Some(tail) = &self.tail {
            out.extend_from_slice(data);
            write(tail, out, answer);
        }
    }

    fn write<T: Data>(&self, out: &mut Vec<u8>, answer: &Answer<'_>, data: &T) -> Result<()> {
        write(&self.head, out, answer);
        if let Some(tail) = &self.tail {
            data.write(out)?;
            write(tail, out, answer);
        }
        Ok(())
    }

    /// What has to be put between the head of `other` and the data, where the two heads are the same
    /// but for that.
    fn opening(&self, other: &Self) -> Option<Vec<u8>> {
        let (Some(Piece::Text(own)), Some(Piece::Text(others))) =
            (self.head.last(), other.head.last())
        else {
            return None;
        };
        let same = self.head.len() == other.head.len()
            && self.head[..self.head.len() - 1] == other.head[..other.head.len() - 1];
        own.strip_prefix(others.as_slice())
            .filter(|_| same && self.tail.is_some() && other.tail.is_some())
            .map(<[u8]>::to_vec)
    }
}

fn write(pieces: &[Piece], out: &mut Vec<u8>, answer: &Answer<'_>) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Slot(slot) => answer.write(*slot, out),
            Piece::Computed(computed) => {
                // A JSON value always serializes.
                let _ = serde_json::to_writer(&mut *out, &(computed.value)(answer));
            }
            Piece::Optional(key, slot) if answer.has(*slot) => {
                comma(out);
                out.extend_from_slice(key);
                answer.write(*slot, out);
            }
            Piece::Optional(..) => {}
            Piece::Comma => comma(out),
        }
    }
}

/// No value ends with an opening brace, so that one can only be that of the object.
fn comma(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}

fn collect(shape: &Shape, pieces: &mut Vec<Piece>) {
    match shape {
        Shape::Object(fields) => collect_fields(fields, pieces),
        Shape::Slot(slot) => pieces.push(Piece::Slot(*slot)),
        Shape::Constant(value) => push_text(pieces, value.to_string().as_bytes()),
        Shape::Computed(computed) => pieces.push(Piece::Computed(computed.clone())),
    }
}

fn collect_fields(fields: &[Field], pieces: &mut Vec<Piece>) {
    push_text(pieces, b"{");
    // Whether a field was certainly written before.
    let mut certain = false;
    for (index, field) in fields.iter().enumerate() {
        let key = format!("{}:", serde_json::Value::from(field.name.as_ref()));
        if let (true, Shape::Slot(slot)) = (field.optional, &field.shape) {
            pieces.push(Piece::Optional(key.into_bytes(), *slot));
            continue;
        }
        match (certain, index) {
            (true, _) => push_text(pieces, b","),
            (false, 0) => {}
            (false, _) => pieces.push(Piece::Comma),
        }
        push_text(pieces, key.as_bytes());
        collect(&field.shape, pieces);
        certain = true;
    }
    push_text(pieces, b"}");
}

fn push_text(pieces: &mut Vec<Piece>, text: &[u8]) {
    match pieces.last_mut() {
        Some(Piece::Text(known)) => known.extend_from_slice(text),
        _ => pieces.push(Piece::Text(text.to_vec())),
    }
}

/// The bodies of a reply, by what its data turns out to be.
#[derive(Clone, Debug)]
pub(super) struct Templates {
    nothing: Template,
    null: Kind,
    value: Template,
    list: Kind,
    page: Template,
    cursor_page: Template,
    /// How bodies with code 200 and this message begin, written once: nearly all are.
    usual: Vec<(Box<str>, Vec<u8>)>,
}

/// A kind that is known only when the data was written as that of a value.
#[derive(Clone, Debug)]
struct Kind {
    template: Template,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    /// The same body.
    Same,
    /// The same head but for this text before the data.
    Inserted(Vec<u8>),
    /// Another body.
    Anew,
}

impl Kind {
    fn new(template: Template, value: &Template) -> Self {
        let how = match template.opening(value) {
            _ if template == *value => How::Same,
            Some(text) => How::Inserted(text),
            None => How::Anew,
        };
        Self { template, how }
    }
}

impl Templates {
    /// Makes the shapes of all kinds ready.
    ///
    /// # Errors
    ///
    /// As [`Template::new`], for each shape.
    pub(super) fn new(shape: impl Fn(DataKind) -> Shape) -> std::result::Result<Self, String> {
        let template = |kind| Template::new(&shape(kind));
        let value = template(DataKind::Value)?;
        Ok(Self {
            nothing: template(DataKind::Nothing)?,
            null: Kind::new(template(DataKind::Null)?, &value),
            list: Kind::new(template(DataKind::List)?, &value),
            page: template(DataKind::Page)?,
            cursor_page: template(DataKind::CursorPage)?,
            usual: Vec::new(),
            value,
        })
    }

    /// Writes the beginning of bodies with code 200 and one of these messages once and for all, if it
    /// depends on nothing else.
    pub(super) fn prepare<'a>(&mut self, messages: impl IntoIterator<Item = &'a str>) {
        let known = |piece: &Piece| match piece {
            Piece::Text(_) => true,
            Piece::Slot(slot) => Answer::USUAL.contains(slot),
            Piece::Computed(_) | Piece::Optional(..) | Piece::Comma => false,
        };
        if !self.value.head.iter().all(known) {
            return;
        }
        for message in messages {
            let mut head = Vec::new();
            write(&self.value.head, &mut head, &Answer::usual(message));
            self.usual.push((message.into(), head));
        }
    }

    /// Appends the body of a reply.
    ///
    /// # Errors
    ///
    /// When the data cannot be written as JSON.
    pub(super) fn write<T: Data>(
        &self,
        out: &mut Vec<u8>,
        answer: &Answer<'_>,
        data: &T,
    ) -> Result<()> {
        match answer.page {
            Some(Paging::Numbered(_)) => return self.page.write(out, answer, data),
            Some(Paging::Cursor(_)) => return self.cursor_page.write(out, answer, data),
            None => {}
        }
        if TypeId::of::<T>() == TypeId::of::<()>() {
            self.nothing.write_bare(out, answer);
            return Ok(());
        }
        let start = out.len();
        let mut usual = self.usual.iter();
        match usual.find(|(message, _)| answer.is_usual(message)) {
            Some((_, head)) => out.extend_from_slice(head),
            None => write(&self.value.head, out, answer),
        }
        let at = out.len();
        data.write(out)?;
        self.finish(out, answer, start, at);
        Ok(())
    }

    /// Ends a body whose data stands at `at`: only now it is known what that is.
    fn finish(&self, out: &mut Vec<u8>, answer: &Answer<'_>, start: usize, at: usize) {
        let kind = match out.get(at..) {
            Some([b'[', ..]) => &self.list,
            Some(b"null") => &self.null,
            _ => return end(out, answer, start, &self.value),
        };
        match &kind.how {
            How::Same => {}
            How::Inserted(text) => {
                out.extend_from_slice(text);
                let end = out.len() - text.len();
                out.copy_within(at..end, at + text.len());
                out[at..at + text.len()].copy_from_slice(text);
            }
            How::Anew => {
                let data = out.split_off(at);
                out.truncate(start);
                return kind.template.write_around(out, answer, &data);
            }
        }
        end(out, answer, start, &kind.template);
    }
}

fn end(out: &mut Vec<u8>, answer: &Answer<'_>, start: usize, template: &Template) {
    match &template.tail {
        Some(tail) => write(tail, out, answer),
        // The data is hidden: it was written only to learn what it is.
        None => {
            out.truncate(start);
            template.write_around(out, answer, b"");
        }
    }
}

/// The bodies that a format has, ready for writing.
#[derive(Clone, Debug)]
pub(super) struct Bodies {
    pub(super) success: Templates,
    pub(super) failed_reply: Templates,
    pub(super) failure: Template,
}

impl Bodies {
    /// Makes all shapes of a format ready.
    ///
    /// # Errors
    ///
    /// Why the format cannot be used.
    pub(super) fn new(format: &dyn Format) -> std::result::Result<Self, String> {
        Ok(Self {
            success: Templates::new(|kind| format.success(kind))?,
            failed_reply: Templates::new(|kind| match kind {
                DataKind::Nothing => format.failure(),
                kind => format.failed_reply(kind),
            })?,
            failure: Template::new(&format.failure())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::{fields::Renamed, formats::Standard};
    use fastkit::settings::{Config, Settings, Sources};

    /// The pieces that an answer with a list is written from.
    fn pieces(templates: &Templates) -> (usize, bool) {
        let list = &templates.list;
        let count = list.template.head.len() + list.template.tail.as_ref().map_or(0, Vec::len);
        (count, matches!(list.how, How::Inserted(_)))
    }

    #[test]
    fn other_names_cost_nothing() {
        let config = Config::new().response_fields("message=msg,data=result,data.data=data.list");
        let loaded = Settings::load(&config, &Sources::default()).unwrap();
        let renamed = Renamed::new(Standard, &loaded.settings.response_fields);
        let renamed = renamed.unwrap_or_else(|reasons| panic!("{reasons:?}"));
        let plain = pieces(&Bodies::new(&Standard).unwrap().success);
        assert_eq!(plain, pieces(&Bodies::new(&renamed).unwrap().success));
        assert_eq!(plain, (10, true));
    }

    #[test]
    fn data_stands_in_one_place() {
        for shape in [
            Shape::object()
                .field("a", Slot::Data)
                .field("b", Slot::Data),
            Shape::object().optional("a", Slot::Data),
        ] {
            assert!(Template::new(&shape).is_err());
        }
    }
}
