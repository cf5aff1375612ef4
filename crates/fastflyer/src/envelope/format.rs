//! [`Format`]: what bodies look like, as a declaration that is read once at start.
//!
//! A format says which fields stand where; what writes them (`template`), what renames them
//! (`fields`) and what documents them (`schema`) all read the same [`Shape`], so that the document
//! cannot say anything but what is sent. Not here: the HTTP status of an answer, and how the text
//! of a code is found.

use super::Answer;
use fastkit::settings::ErrorStatus;
use serde_json::Value;
use std::{borrow::Cow, fmt, sync::Arc};

/// What the bodies of a service look like.
///
/// Each method gives the shape of one kind of body. They are asked once, when the application is
/// put together: a request costs what the built-in formats cost.
///
/// ```
/// use fastflyer::{
///     format::{DataKind, Format, Shape, Slot},
///     prelude::*,
///     testing::TestClient,
/// };
/// use serde_json::json;
///
/// /// `{"ok": true, "result": ..}` and `{"ok": false, "reason": ..}`.
/// struct Plain;
///
/// impl Format for Plain {
///     fn success(&self, data: DataKind) -> Shape {
///         let body = Shape::object().field("ok", true).field("result", Slot::Data);
///         match data {
///             DataKind::Page => body.field("pages", Slot::TotalPages),
///             _ => body,
///         }
///     }
///
///     fn failure(&self) -> Shape {
///         Shape::object().field("ok", false).field("reason", Slot::Message)
///     }
/// }
///
/// #[get("/primes")]
/// async fn primes() -> Vec<u32> {
///     vec![2, 3, 5]
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let api = FlyerApi::new(Config::new()).include(routes![primes]).format(Plain);
/// let client = TestClient::new(api)?;
/// let answer = client.get("/flyer/primes").send().await;
/// assert_eq!(answer.json(), json!({"ok": true, "result": [2, 3, 5]}));
/// let answer = client.get("/flyer/no-such-path").send().await;
/// assert_eq!(answer.json(), json!({"ok": false, "reason": "资源未找到"}));
/// # Ok::<(), fastflyer::StartError>(())
/// # }).unwrap();
/// ```
pub trait Format: Send + Sync + 'static {
    /// The body of a success whose data is of this kind.
    ///
    /// It has [`Slot::Data`] at most once; without it the data is not sent.
    fn success(&self, data: DataKind) -> Shape;

    /// The body of a failure. [`Slot::Data`] is an empty object there.
    fn failure(&self) -> Shape;

    /// The body of a [`Reply`](crate::Reply) that has data and the code of a failure: as
    /// [`failure`](Self::failure), where [`Slot::Data`] is the data as it is.
    fn failed_reply(&self, data: DataKind) -> Shape {
        let _ = data;
        self.failure()
    }

    /// The HTTP status of failures where `flyer_response_error_status` is not set.
    fn error_status(&self) -> ErrorStatus {
        ErrorStatus::Strict
    }

    /// The code of a request that fails validation, if it is not 400, 415 or 422 by its reason.
    fn validation_code(&self) -> Option<u32> {
        None
    }
}

impl Format for Arc<dyn Format> {
    fn success(&self, data: DataKind) -> Shape {
        self.as_ref().success(data)
    }

    fn failure(&self) -> Shape {
        self.as_ref().failure()
    }

    fn failed_reply(&self, data: DataKind) -> Shape {
        self.as_ref().failed_reply(data)
    }

    fn error_status(&self) -> ErrorStatus {
        self.as_ref().error_status()
    }

    fn validation_code(&self) -> Option<u32> {
        self.as_ref().validation_code()
    }
}

/// What kind of data a body is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataKind {
    /// There is none: the handler returned `()`.
    Nothing,
    /// There could have been some, but it is `null`: an `Option` that is `None`.
    Null,
    /// An object, a text, a number or a truth value.
    Value,
    /// A list.
    List,
    /// A [`Page`](crate::Page): [`Slot::Data`] is the list of its items.
    Page,
    /// A [`CursorPage`](crate::CursorPage): [`Slot::Data`] is the list of its items.
    CursorPage,
}

impl DataKind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Nothing,
        Self::Null,
        Self::Value,
        Self::List,
        Self::Page,
        Self::CursorPage,
    ];
}

/// What an answer can say of itself, to be put at a place of a [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Slot {
    /// `"success"` below code 400, `"error"` for 4xx, `"fail"` from 500 on.
    Status,
    /// The business code as a number, with `flyer_status_code_base` added to failures.
    Code,
    /// The HTTP status that is sent, as a number.
    HttpStatus,
    /// The text of the answer.
    Message,
    /// What the handler added with `.detail(..)`, else an empty text.
    Detail,
    /// Messages by field as an object, with `detail` and, in debug mode, `exception` among them.
    Errors,
    /// Messages by field as an object, and nothing else.
    FieldErrors,
    /// Detail, messages by field and, in debug mode, the causes, as one text.
    Explanation,
    /// The handler's data.
    Data,
    /// The id of the request, a text.
    RequestId,
    /// Items in this page.
    Count,
    /// Items that a full page has.
    PerPage,
    /// The number of this page, from 1.
    CurrentPage,
    /// Items in the whole list.
    Total,
    /// Pages in the whole list.
    TotalPages,
    /// Items before this page.
    Offset,
    /// The URL of the first page.
    FirstLink,
    /// The URL of the page before.
    PrevLink,
    /// The URL of the page after.
    NextLink,
    /// The URL of the last page.
    LastLink,
    /// What asks for the page after.
    NextCursor,
    /// What asks for the page before.
    PrevCursor,
    /// `type` of RFC 9457: a URI of the kind of problem.
    ProblemType,
    /// `title` of RFC 9457: the text of the code, whatever the handler said.
    Title,
    /// `detail` of RFC 9457: what the handler said of this case.
    Occurrence,
    /// `instance` of RFC 9457: a URI of this case.
    Instance,
    /// The causes of a failure, in debug mode only, a text.
    Exception,
}

/// A body, or a part of one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// An object with these fields in this order.
    Object(Vec<Field>),
    /// Something that the answer says of itself.
    Slot(Slot),
    /// The same in every answer.
    Constant(Value),
    /// Worked out for each answer.
    Computed(Computed),
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub(super) name: Cow<'static, str>,
    pub(super) shape: Shape,
    /// Left out where the answer has nothing to say.
    pub(super) optional: bool,
}

/// A value that a format works out from the answer.
#[derive(Clone)]
pub struct Computed {
    pub(super) schema: Value,
    pub(super) value: Arc<ValueOf>,
}

type ValueOf = dyn Fn(&Answer<'_>) -> Value + Send + Sync;

impl Shape {
    /// An object without fields yet.
    pub fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// A value that `value` works out for each answer, and that has the JSON schema `schema`.
    ///
    /// ```
    /// use fastflyer::format::Shape;
    /// use serde_json::json;
    ///
    /// let server_error = Shape::computed(json!({"type": "boolean"}), |answer| {
    ///     json!(answer.code() >= 500)
    /// });
    /// ```
    pub fn computed(
        schema: Value,
        value: impl Fn(&Answer<'_>) -> Value + Send + Sync + 'static,
    ) -> Self {
        let value = Arc::new(value);
        Self::Computed(Computed { schema, value })
    }

    /// The object with one more field. What is no object becomes one.
    #[must_use]
    pub fn field(self, name: impl Into<Cow<'static, str>>, shape: impl Into<Self>) -> Self {
        self.with(name.into(), shape.into(), false)
    }

    /// The object with one more field, which is left out of answers that have nothing to say there:
    /// no errors, no next page, no detail.
    #[must_use]
    pub fn optional(self, name: impl Into<Cow<'static, str>>, slot: Slot) -> Self {
        self.with(name.into(), slot.into(), true)
    }

    fn with(self, name: Cow<'static, str>, shape: Self, optional: bool) -> Self {
        let field = Field {
            name,
            shape,
            optional,
        };
        match self {
            Self::Object(mut fields) => {
                fields.push(field);
                Self::Object(fields)
            }
            _ => Self::Object(vec![field]),
        }
    }
}

impl From<Slot> for Shape {
    fn from(slot: Slot) -> Self {
        Self::Slot(slot)
    }
}

macro_rules! constants {
    ($($type:ty)*) => {
        $(impl From<$type> for Shape {
            fn from(value: $type) -> Self {
                Self::Constant(value.into())
            }
        })*
    };
}

constants! { bool u32 i64 &'static str String Value }

impl PartialEq for Computed {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.value, &other.value)
    }
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Computed({})", self.schema)
    }
}
