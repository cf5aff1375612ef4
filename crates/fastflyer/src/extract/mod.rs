//! Extractors: what a handler may take as an argument.
//!
//! Ours ([`Path`], [`Query`], [`Json`], [`Form`], [`Header`], [`Cookie`], [`Multipart`], [`Pagination`],
//! [`Cursor`], [`State`]) read the [`Context`] directly, document themselves, and reject in the
//! uniform shape with every failing field. Any axum extractor works beside them; a request for such
//! an operation takes the way through axum's router.

mod body;
mod explainers;
mod multipart;
mod pagination;
mod param;
mod parts;
pub(crate) mod plain;
mod state;

pub use crate::language::Language;
pub use body::{Form, Json};
pub(crate) use explainers::Explainers;
pub use multipart::{Field, Multipart};
pub use pagination::{Cursor, Pagination};
#[doc(hidden)]
pub use param::ParamKind;
pub use param::{Cookie, Header, Path, Query};
pub use parts::{ClientIp, RequestId};
#[doc(hidden)]
pub use plain::Constraints;
pub use plain::Parameter;
pub use state::State;
pub(crate) use state::{StateMap, TypeKey};

use crate::{ApiError, Response, context::Context, openapi::Describer, validation::FieldErrors};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// An argument of a handler that is read from the request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an argument that a handler can take",
    label = "not an extractor",
    note = "a path parameter is named in the route: `#[get(\"/x/{{name}}\")]`",
    note = "mark the others: `#[query]`, `#[header]`, `#[cookie]`, `#[form]`, `#[body]`; or use an extractor"
)]
pub trait Extract: Sized + Send {
    /// Reads the argument from the request.
    ///
    /// # Errors
    ///
    /// The fields that do not fit, or an answer for anything else.
    fn extract(cx: &mut Context) -> impl Future<Output = Result<Self, Rejection>> + Send;

    /// Documents the parameters or the body that [`extract`](Self::extract) reads.
    fn describe(describer: &mut Describer<'_>) {
        let _ = describer;
    }
}

/// A type that a body, or all parameters of a kind, can be read into: every `Deserialize` type with a
/// schema.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a request",
    label = "not a type for a body or parameters",
    note = "it needs `#[derive(serde::Deserialize, schemars::JsonSchema)]`, and `garde::Validate` if it has constraints"
)]
pub trait Input: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for T {}

/// The same with the constraints of `garde::Validate` checked. The macros prefer it to [`Extract`]
/// wherever a type has constraints.
pub trait ExtractValid: Extract {
    /// Reads the argument and checks its constraints.
    ///
    /// # Errors
    ///
    /// As [`Extract::extract`], and the fields whose constraints are not met.
    fn extract_valid(cx: &mut Context) -> impl Future<Output = Result<Self, Rejection>> + Send;

    /// As [`Extract::describe`]; the type's constraints are known to be checked.
    fn describe_valid(describer: &mut Describer<'_>);
}

/// Checks the constraints of the extractor inside, in handlers that are registered by hand.
///
/// The attribute macros check constraints by themselves; `Operation::handler` cannot see whether a
/// type has any, so `Valid(Json(user)): Valid<Json<User>>` says so.
#[derive(Clone, Copy, Debug)]
pub struct Valid<E>(pub E);

impl<E: ExtractValid> Extract for Valid<E> {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        E::extract_valid(cx).await.map(Valid)
    }

    fn describe(describer: &mut Describer<'_>) {
        E::describe_valid(describer);
    }
}

/// Why an argument could not be read.
#[derive(Debug)]
pub enum Rejection {
    /// Fields that do not fit; those of all arguments are answered together, as 422.
    Fields(FieldErrors),
    /// Anything else, answered at once.
    Error(ApiError),
    /// The rejection of an axum extractor, answered as it is.
    Response(Box<Response>),
}

impl From<FieldErrors> for Rejection {
    fn from(fields: FieldErrors) -> Self {
        Self::Fields(fields)
    }
}

impl From<ApiError> for Rejection {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

/// Collects what is wrong with the arguments of one call.
#[derive(Debug, Default)]
#[doc(hidden)]
pub struct Failures {
    fields: FieldErrors,
    first: Option<Rejection>,
}

impl Failures {
    /// Nothing is wrong yet. Does not allocate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the argument, or the reason why there is none.
    #[inline]
    pub fn take<T>(&mut self, argument: Result<T, Rejection>) -> Option<T> {
        match argument {
            Ok(value) => Some(value),
            Err(rejection) => {
                self.push(rejection);
                None
            }
        }
    }

    #[cold]
    fn push(&mut self, rejection: Rejection) {
        match rejection {
            Rejection::Fields(fields) => self.fields.merge(fields),
            other => {
                self.first.get_or_insert(other);
            }
        }
    }

    /// The answer: what is wrong with the request as a whole goes before its fields.
    #[cold]
    pub fn respond(self, cx: &Context) -> Response {
        let error = match self.first {
            Some(Rejection::Response(response)) => return *response,
            Some(Rejection::Error(error)) => error,
            Some(Rejection::Fields(fields)) => ApiError::validation(fields),
            None => ApiError::validation(self.fields),
        };
        cx.fail(&error)
    }
}
