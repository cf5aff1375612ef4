//! The three formats that are built in: [`Standard`], [`Flyer`], [`Problem`].

use super::format::{DataKind, Format, Shape, Slot};
use fastkit::settings::ErrorStatus;

/// `status, code, message, data, error`, as think-response sends it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standard;

/// `code, message, detail, data, pageInfo`, as FastFlyer for Python sends it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flyer;

/// Failures by RFC 9457; what succeeds is as in [`Standard`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Problem;

impl Format for Standard {
    fn success(&self, data: DataKind) -> Shape {
        standard(match data {
            DataKind::Nothing | DataKind::Null => Shape::object(),
            DataKind::Value => Slot::Data.into(),
            DataKind::List => Shape::object().field("data", Slot::Data),
            DataKind::Page => paged(
                counts()
                    .field("current_page", Slot::CurrentPage)
                    .field("total", Slot::Total)
                    .field("total_pages", Slot::TotalPages)
                    .field("links", links().optional("last", Slot::LastLink)),
            ),
            DataKind::CursorPage => paged(
                counts()
                    .optional("next_cursor", Slot::NextCursor)
                    .optional("prev_cursor", Slot::PrevCursor)
                    .field("links", links()),
            ),
        })
    }

    fn failure(&self) -> Shape {
        standard(Slot::Data.into())
    }

    fn failed_reply(&self, data: DataKind) -> Shape {
        self.success(data)
    }
}

fn standard(data: Shape) -> Shape {
    Shape::object()
        .field("status", Slot::Status)
        .field("code", Slot::Code)
        .field("message", Slot::Message)
        .field("data", data)
        .field("error", Slot::Errors)
}

fn paged(pagination: Shape) -> Shape {
    let meta = Shape::object().field("pagination", pagination);
    Shape::object()
        .field("data", Slot::Data)
        .field("meta", meta)
}

fn counts() -> Shape {
    Shape::object()
        .field("count", Slot::Count)
        .field("per_page", Slot::PerPage)
}

fn links() -> Shape {
    Shape::object()
        .optional("first", Slot::FirstLink)
        .optional("prev", Slot::PrevLink)
        .optional("next", Slot::NextLink)
}

impl Format for Flyer {
    fn success(&self, data: DataKind) -> Shape {
        let head = flyer(Slot::Detail);
        match data {
            // Without data there is no such field, as in FastFlyer's `BaseResponse`.
            DataKind::Nothing => head,
            DataKind::Null | DataKind::Value | DataKind::List => head.field("data", Slot::Data),
            DataKind::Page => {
                let page = Shape::object()
                    .field("total", Slot::Total)
                    .field("offset", Slot::Offset)
                    .field("size", Slot::PerPage);
                head.field("pageInfo", page).field("data", Slot::Data)
            }
            DataKind::CursorPage => {
                let page = Shape::object()
                    .field("size", Slot::PerPage)
                    .optional("next", Slot::NextCursor)
                    .optional("prev", Slot::PrevCursor);
                head.field("pageInfo", page).field("data", Slot::Data)
            }
        }
    }

    fn failure(&self) -> Shape {
        flyer(Slot::Explanation)
    }

    fn failed_reply(&self, data: DataKind) -> Shape {
        self.success(data)
    }

    /// FastFlyer's clients look at the code in the body.
    fn error_status(&self) -> ErrorStatus {
        ErrorStatus::Always200
    }

    fn validation_code(&self) -> Option<u32> {
        Some(400)
    }
}

fn flyer(detail: Slot) -> Shape {
    Shape::object()
        .field("code", Slot::Code)
        .field("message", Slot::Message)
        .field("detail", detail)
}

impl Format for Problem {
    fn success(&self, data: DataKind) -> Shape {
        Standard.success(data)
    }

    fn failure(&self) -> Shape {
        Shape::object()
            .field("type", Slot::ProblemType)
            .field("title", Slot::Title)
            .field("status", Slot::HttpStatus)
            .optional("detail", Slot::Occurrence)
            .optional("instance", Slot::Instance)
            .field("code", Slot::Code)
            .optional("errors", Slot::FieldErrors)
            .optional("exception", Slot::Exception)
    }

    fn failed_reply(&self, data: DataKind) -> Shape {
        match data {
            DataKind::Nothing | DataKind::Null => self.failure(),
            _ => self.failure().field("data", Slot::Data),
        }
    }
}
