//! The table of exceptions: what certain failures are answered with.
//!
//! By the type of an error that a handler returned with `?`, or by the kind of a failure that the
//! framework answers itself. Key types: [`Exception`], [`FailureKind`], [`Exceptions`].

use crate::{
    codes::{Code, CodeSet},
    reply::{ApiError, Inner, Origin, insert_header},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{any::TypeId, borrow::Cow, error::Error, fmt};

/// What a failure is answered with: what is not set stays as it is.
///
/// ```
/// use fastflyer::Exception;
///
/// let gone = Exception::code(404u32).message("数据未找到").header("x-reason", "gone");
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "an exception does nothing until an application has it"]
pub struct Exception {
    pub(super) code: Option<Code>,
    pub(super) message: Option<Cow<'static, str>>,
    pub(super) detail: Option<Cow<'static, str>>,
    pub(super) headers: HeaderMap,
}

impl Exception {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers with this code, which must be that of an error: 400-999 or such a number followed by
    /// more digits.
    pub fn code(code: impl Into<Code>) -> Self {
        Self {
            code: Some(code.into()),
            ..Self::default()
        }
    }

    /// Sets the text that the client sees, instead of the code's own.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Adds an explanation for the client.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a header. A name or value that HTTP does not allow is left out and logged.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        insert_header(&mut self.headers, name, value);
        self
    }

    fn error(&self) -> ApiError {
        let mut error = ApiError::code(self.code.unwrap_or(500.into()));
        if let Some(message) = &self.message {
            error = error.message(message.clone());
        }
        if let Some(detail) = &self.detail {
            error = error.detail(detail.clone());
        }
        for (name, value) in &self.headers {
            error = error.header(name, value);
        }
        error
    }

    fn check(&self, of: &str) -> Result<(), String> {
        match self.code.map(Code::number) {
            Some(code) if super::prefix(code).is_none_or(|prefix| prefix < 400) => Err(format!(
                "the exception of {of} has the code {code}, which is not that of an error: 400-999, or such a number followed by more digits"
            )),
            _ => Ok(()),
        }
    }
}

/// The kinds of failures that the framework answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// Parameters or body do not fit their types or constraints: 422.
    Validation,
    /// The body is no JSON, or no form: 400.
    UnreadableBody,
    /// The body has another content type: 415.
    UnsupportedMediaType,
    /// Credentials are missing or wrong: 401.
    Unauthorized,
    /// There is no such path: 404.
    NotFound,
    /// The path does not know the method: 405.
    MethodNotAllowed,
    /// The body is larger than allowed: 413.
    PayloadTooLarge,
    /// The service cannot take more requests: 503.
    Unavailable,
    /// The handler took longer than `flyer_request_timeout`: 504.
    Timeout,
    /// A handler returned an error that no exception is for: 500.
    Uncaught,
    /// A handler panicked: 500.
    Panic,
}

impl FailureKind {
    fn of(code: u32, origin: Origin, panicked: bool) -> Option<Self> {
        Some(match (origin, code) {
            (Origin::Handler, _) => return None,
            (Origin::Uncaught, _) if panicked => Self::Panic,
            (Origin::Uncaught, _) => Self::Uncaught,
            (Origin::Validation, 400) => Self::UnreadableBody,
            (Origin::Validation, 415) => Self::UnsupportedMediaType,
            (Origin::Validation, _) => Self::Validation,
            (Origin::Framework, 401) => Self::Unauthorized,
            (Origin::Framework, 404) => Self::NotFound,
            (Origin::Framework, 405) => Self::MethodNotAllowed,
            (Origin::Framework, 413) => Self::PayloadTooLarge,
            (Origin::Framework, 503) => Self::Unavailable,
            (Origin::Framework, 504) => Self::Timeout,
            (Origin::Framework, _) => return None,
        })
    }
}

/// A panic of a handler, as the cause of a failure. Its text is for the log.
#[derive(Debug)]
pub(crate) struct Panicked(pub(crate) String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handler panicked: {}", self.0)
    }
}

impl Error for Panicked {}

type Answered = dyn Fn(&(dyn Error + 'static)) -> Option<ApiError> + Send + Sync;

/// All exceptions of an application.
#[derive(Default)]
pub(crate) struct Exceptions {
    kinds: Vec<(FailureKind, Exception)>,
    types: Vec<(TypeId, &'static str, Box<Answered>)>,
    problems: Vec<String>,
    sets: Vec<&'static CodeSet>,
}

impl Exceptions {
    pub(crate) fn add_kind(&mut self, kind: FailureKind, exception: Exception) {
        self.problems
            .extend(exception.check(&format!("{kind:?}")).err());
        self.sets.extend(exception.code.and_then(Code::set));
        self.kinds.retain(|(known, _)| *known != kind);
        self.kinds.push((kind, exception));
    }

    pub(crate) fn add_type<E: Error + 'static>(&mut self, exception: Exception) {
        self.problems
            .extend(exception.check(std::any::type_name::<E>()).err());
        self.sets.extend(exception.code.and_then(Code::set));
        self.add_function(move |_: &E| exception.error());
    }

    pub(crate) fn add_function<E: Error + 'static>(
        &mut self,
        answer: impl Fn(&E) -> ApiError + Send + Sync + 'static,
    ) {
        let name = std::any::type_name::<E>();
        if self
            .types
            .iter()
            .any(|(known, ..)| *known == TypeId::of::<E>())
        {
            self.problems.push(format!(
                "there are two exceptions for the error type {name}, and only one can answer"
            ));
        }
        let answered: Box<Answered> = Box::new(move |error| error.downcast_ref::<E>().map(&answer));
        self.types.push((TypeId::of::<E>(), name, answered));
    }

    /// The enums that the codes of the table are of.
    pub(crate) fn sets(&self) -> &[&'static CodeSet] {
        &self.sets
    }

    /// Why the table cannot be used.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The answer to an error that a handler returned with `?`: the outermost error of the chain
    /// that has an exception decides.
    pub(super) fn answer(&self, error: &ApiError) -> Option<ApiError> {
        if self.types.is_empty() || error.inner().origin != Origin::Uncaught {
            return None;
        }
        let mut next: Option<&(dyn Error + 'static)> = error.source().map(|cause| cause as _);
        while let Some(cause) = next {
            if let Some(answer) = self.types.iter().find_map(|(.., answer)| answer(cause)) {
                return Some(answer);
            }
            next = cause.source();
        }
        None
    }

    /// The exception for a failure of the framework itself.
    pub(super) fn of(&self, inner: &Inner) -> Option<&Exception> {
        let panicked = || {
            inner
                .cause
                .as_ref()
                .is_some_and(|cause| cause.is::<Panicked>())
        };
        if self.kinds.is_empty() {
            return None;
        }
        self.of_kind(FailureKind::of(inner.code, inner.origin, panicked())?)
    }

    /// The exception for a failure that is only documented yet.
    pub(super) fn documented(&self, code: u32, origin: Origin) -> Option<&Exception> {
        self.of_kind(FailureKind::of(code, origin, false)?)
    }

    fn of_kind(&self, kind: FailureKind) -> Option<&Exception> {
        let found = self.kinds.iter().find(|(known, _)| *known == kind);
        found.map(|(_, exception)| exception)
    }
}

impl fmt::Debug for Exceptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<&str> = self.types.iter().map(|(_, name, _)| *name).collect();
        f.debug_struct("Exceptions")
            .field("kinds", &self.kinds)
            .field("types", &types)
            .finish()
    }
}
